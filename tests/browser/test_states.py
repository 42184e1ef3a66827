"""What is not there is told apart: no permission, part failed, no data, zero; and the phone's bar leads everywhere."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.pages import PHONE, TABLET, OpenPage, answer, broken_rules, wait_for_map

NARROW = {"width": 320, "height": 640}


def test_layer_that_fails_is_named_and_marked_and_asked_for_again(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    refused: set[str] = set()
    page.route("**/tiles/*/*/risk_zones/**", lambda route: once_refused(route, refused))
    page.goto(f"{live_server}/")
    wait_for_map(page)
    banner = page.locator("#part-failed")
    expect(banner).to_contain_text("四色风险区 图层未能加载")
    expect(page.locator('[data-layer="risk_zones"] [data-state="part-failed"]')).to_be_visible()
    expect(page.locator('[data-layer="risk_points"] [data-state]')).to_have_count(0)
    expect(page.locator("#veil")).to_be_hidden()
    banner.get_by_role("button").click()
    expect(banner).to_be_hidden()
    expect(page.locator('[data-layer="risk_zones"] [data-state]')).to_have_count(0)


def test_map_that_waits_for_long_says_for_how_many_layers(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    held: list[Route] = []
    page.route("**/tiles/*/*/risk_zones/**", lambda route: held.append(route))
    page.goto(f"{live_server}/?lang=en")
    progress = page.locator("#progress")
    expect(progress).to_be_visible()
    words = progress.inner_text().split()
    assert words[:3] == ["Loading", "the", "map:"] and int(words[3]) < int(words[5])
    for route in held:
        route.continue_()
    page.unroute("**/tiles/*/*/risk_zones/**")
    wait_for_map(page)
    expect(progress).to_be_hidden()


def once_refused(route: Route, refused: set[str]) -> None:
    """Each tile fails when it is asked for the first time: the page may not count on being refused again."""
    address = route.request.url
    if address in refused:
        route.continue_()
    else:
        refused.add(address)
        route.fulfill(status=500, body="{}")


def test_layer_without_data_and_layer_with_none_read_differently(new_page: OpenPage, live_server: str) -> None:
    catalog = answer(live_server, "/api/layers")
    loaded = next(layer for layer in catalog["layers"] if layer["style"] and layer["kind"] == "loaded" and layer["n_features"] and layer["group"] == "objects")
    derived = next(layer for layer in catalog["layers"] if layer["style"] and layer["kind"] == "derived" and layer["group"] == "risk")
    for layer in (loaded, derived):
        layer |= {"n_features": 0, "n_unplaced": 0, "sources": []}
    page = new_page(live_server)
    page.route("**/api/layers*", lambda route: fulfil(route, catalog))
    page.goto(f"{live_server}/?lang=en")
    wait_for_map(page)
    without, none = (page.locator(f'[data-layer="{layer["id"]}"] .count[data-state]') for layer in (loaded, derived))
    expect(without).to_have_text("—no data: nothing was delivered or recorded")
    expect(none).to_have_text("0zero: delivered or computed, and there is none")
    assert without.evaluate("node => getComputedStyle(node).fontStyle") != none.evaluate("node => getComputedStyle(node).fontStyle")


def fulfil(route: Route, catalog: dict[str, Any]) -> None:
    route.fulfill(json=catalog)


def test_layers_that_one_may_not_see_are_counted_with_their_own_sign(new_page: OpenPage, live_server: str) -> None:
    catalog = answer(live_server, "/api/layers") | {"n_hidden_layers": 3}
    page = new_page(live_server)
    page.route("**/api/layers*", lambda route: fulfil(route, catalog))
    page.goto(f"{live_server}/help")
    expect(page.locator('#status [data-state="no-permission"]')).to_have_text("＊ 3 个图层无权限查看")


def test_map_offers_a_person_without_roles_nothing_that_would_be_refused(new_page: OpenPage, live_server: str) -> None:
    catalog = answer(live_server, "/api/layers")
    line, conflict = (answer(live_server, f"/api/tables/{layer}", limit=1)["rows"][0][0] for layer in ("pipelines", "distance_violations"))
    for roles, coarse in ((catalog["roles"], []), (["view"], ["pipelines"])):
        offered = int("plan" in roles)
        told = catalog | {"roles": roles, "coarse": coarse}
        page = new_page(live_server)
        page.route("**/api/layers*", partial(fulfil, catalog=told))
        page.goto(f"{live_server}/?f=pipelines/{line}")
        wait_for_map(page)
        expect(page.locator(".tool-measure")).to_have_count(1)
        expect(page.locator(".tool-siting, .tool-what_if")).to_have_count(2 * offered)
        expect(page.get_by_role("button", name="复制链接")).to_be_visible()
        expect(page.locator('#result a[href*="/features/"]')).to_have_count(offered)
        expect(page.get_by_role("button", name="查看保护范围冲突")).to_have_count(offered)
        page.goto(f"{live_server}/?f=distance_violations/{conflict}")
        expect(page.get_by_role("button", name="复制链接")).to_be_visible()
        expect(page.locator('#result a[href*="/follow-ups/"]')).to_have_count(offered)
        page.goto(f"{live_server}/sheets")
        expect(page.locator('input[name="sheet-mode"]')).to_have_count(2 + offered)


@pytest.mark.parametrize("path", ["/", "/siting", "/patrol", "/pipelines", "/sheets", "/data/loads"])
def test_edition_that_is_published_meanwhile_is_told_and_nothing_jumps(new_page: OpenPage, live_server: str, path: str) -> None:
    page = new_page(live_server)
    page.goto(f"{live_server}{path}?lang=zh")
    expect(page.locator("#edition option").first).to_be_attached()
    if path == "/":
        wait_for_map(page)
    expect(page.locator("#stale")).to_be_hidden()
    now = answer(live_server, "/api/layers")["edition"]
    later = now | {"edition": now["edition"] + 1, "label": "2099Q4", "is_newest": True}
    page.route("**/api/editions*", lambda route: route.fulfill(json={"editions": [later, now | {"is_newest": False}]}))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#stale")).to_contain_text(f"数据已更新到 2099Q4,本页仍为 {now['label']}")
    assert "ed=" not in page.url
    with page.expect_request(f"**/api/layers?ed={later['edition']}*"):
        page.locator("#stale button").click()


@pytest.mark.parametrize("size", [TABLET, PHONE], ids=["tablet", "phone"])
def test_lost_connection_is_told_beside_an_open_panel(new_page: OpenPage, live_server: str, size: dict[str, int]) -> None:
    line = answer(live_server, "/api/tables/pipelines", limit=1)["rows"][0][0]
    page = new_page(live_server, size)
    page.goto(f"{live_server}/?lang=en&f=pipelines/{line}")
    wait_for_map(page)
    for path in ("api", "tiles", "healthz"):
        page.route(f"**/{path}**", lambda route: route.abort())
    page.fill("#search", "K1")
    box = page.locator("#veil .veil-box")
    expect(box).to_be_visible()
    page.keyboard.press("Escape")
    room, panel = box.bounding_box(), page.locator("#result").bounding_box()
    assert room and panel and room["x"] >= 0
    assert room["x"] + room["width"] <= panel["x"] or room["y"] + room["height"] <= panel["y"]


def test_refused_page_stands_in_the_frame(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server, bypass_csp=True)
    page.goto(f"{live_server}/nothing")
    expect(page.locator("#workspaces a").first).to_be_visible()
    expect(page.locator("#page-title")).to_have_text("没有这个地址")
    assert broken_rules(page) == []
    page.get_by_role("button", name="En", exact=True).click()
    expect(page.locator("#page-title")).to_have_text("There is nothing at this address")


@pytest.mark.parametrize(("path", "leads_to"), [("siting/S2000-0001", "/siting"), ("pipelines/notices/G2000-0001", "/pipelines/notices"), ("features/enterprises/none", "/")])
def test_what_there_is_not_leads_back_and_is_not_asked_for_again(new_page: OpenPage, live_server: str, path: str, leads_to: str) -> None:
    page = new_page(live_server)
    page.goto(f"{live_server}/{path}")
    way = page.locator(".error-box + p a")
    expect(way).to_contain_text("返回")
    assert (way.get_attribute("href") or "").removeprefix(live_server).split("?")[0] == leads_to
    expect(page.locator(".error-box button")).to_have_count(0)
    page.get_by_role("button", name="En", exact=True).click()
    expect(way).to_contain_text("Back to")
    expect(page.locator("#next-step, #notice-form")).to_have_count(0)


def test_page_of_sheets_that_cannot_begin_says_so(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.route("**/api/sheets/towns*", lambda route: route.fulfill(status=500, body="{}"))
    page.goto(f"{live_server}/sheets")
    expect(page.locator("#sheet-form .error-box button")).to_have_text("再试")


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=lambda size: str(size["width"]))
def test_phone_bar_has_four_workspaces_and_a_list_of_the_rest(new_page: OpenPage, live_server: str, size: dict[str, int]) -> None:
    page = new_page(live_server, size)
    page.goto(f"{live_server}/help")
    more = page.get_by_role("button", name="更多")
    expect(more).to_be_visible()
    bar = page.locator("#workspaces > li > a")
    assert bar.count() == 4 and page.locator("#more-list a").first.is_hidden()
    assert all(box["width"] >= 44 and box["height"] >= 44 for box in [bar.nth(i).bounding_box() or {} for i in range(4)])
    more.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#more-list a")).to_have_text(["制图输出", "数据管理", "方法说明", "帮助"])
    expect(page.locator("#more-list a").first).to_be_in_viewport(ratio=1)
    page.keyboard.press("Escape")
    expect(page.locator("#more-list a").first).to_be_hidden()
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="制图输出").click()
    page.wait_for_url(f"{live_server}/sheets*")


def test_wide_bar_shows_every_workspace_and_no_list(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.goto(f"{live_server}/help")
    expect(page.locator("#workspaces a:visible")).to_have_text(["地图", "选址评估", "四色巡查", "管道保护", "制图输出", "数据管理"])
    expect(page.locator("#more")).to_be_hidden()
