"""What is printed is what was on the screen: layers, relief, rows of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import TABLET, OpenPage, wait_for_map


@pytest.fixture(autouse=True)
def nothing_failed(faults: list[str]) -> Iterator[None]:
    yield
    assert faults == []


def hilly(page: Page) -> None:
    page.locator(".appearance summary").click()
    with page.expect_response("**/relief/hillshade/**"):
        page.locator("#hills").check()


def test_hills_of_the_screen_are_on_its_sheet_and_on_the_page_of_sheets(open_page: OpenPage, live_server: str) -> None:
    page = open_page("?l=towns,risk_zones")
    hilly(page)
    with page.expect_request("**/api/sheets/check*") as asked:
        page.locator(".tool-sheet").click()
    assert asked.value.post_data_json["relief"] is True
    with page.expect_response("**/relief/hillshade/**"):
        page.goto(f"{live_server}/sheets?l=towns,risk_zones")
    expect(page.locator("#sheet-hills")).to_be_checked()
    with page.expect_request("**/api/sheets?*") as made:
        page.locator("#sheet-preview").click()
    assert made.value.post_data_json["relief"] is True
    with page.expect_request(lambda request: "/api/sheets/check" in request.url and request.post_data_json["relief"] is False):
        page.locator("#sheet-colour").select_option("grey")
    expect(page.locator("#sheet-hills")).to_have_count(0)


def test_map_of_the_page_of_sheets_shows_the_layers_of_its_address(open_page: OpenPage) -> None:
    tiles: list[str] = []
    page = open_page()
    page.on("request", lambda request: tiles.append(request.url) if "/tiles/" in request.url else None)
    page.goto(f"{page.url.split('?')[0]}sheets?l=towns,road_black_spots")
    wait_for_map(page)
    assert {layer for layer in ("towns", "road_black_spots", "risk_zones", "risk_points") if any(f"/{layer}/" in url for url in tiles)} <= {
        "towns", "road_black_spots"}  # fmt: skip
    page.locator("#sheet-layers summary").click()
    with page.expect_request("**/tiles/**/risk_zones/**"):
        page.locator("#layer-risk_zones").check()
    expect(page).to_have_url(re.compile("l=[^&]*risk_zones"))


def test_page_of_sheets_opens_with_the_view_of_its_address(open_page: OpenPage, live_server: str) -> None:
    page = open_page()
    with page.expect_request("**/api/sheets/check*") as asked:
        page.goto(f"{live_server}/sheets?v=12.60/29.22580/105.30750&l=towns")
    assert asked.value.post_data_json["center"] == [105.3075, 29.2258] and asked.value.post_data_json["scale"] == 50_000
    expect(page.locator("#sheet-scale")).to_have_value("50000")
    expect(page.locator("#sheet-hidden")).to_contain_text("1:50 000")


def test_preview_comes_into_sight_where_it_lies_below_the_form(open_page: OpenPage) -> None:
    page = open_page("?lang=en", TABLET)
    page.goto(f"{page.url.split('?')[0]}sheets?lang=en")
    wait_for_map(page)
    page.locator("#sheet-preview").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#preview img")).to_be_in_viewport(ratio=0.4)
    expect(page.locator("#sheet-preview")).to_be_focused()
    expect(page.locator(".bar")).to_be_in_viewport(ratio=1)


def test_atlases_are_told_apart_and_no_scale_of_a_single_sheet_is_told_of_them(open_page: OpenPage) -> None:
    job = {"job_id": 7, "state": "done", "n_done": 1, "n_total": 1, "requested_at": "2026-11-23T05:46:00+00:00", "edition": 0, "title": "四色图", "rows": None, "has_file": True}
    page = open_page("?lang=en")
    page.route("**/api/atlases", lambda route: route.fulfill(json={"atlases": [job | {"towns": ["甲", "乙", "丙", "丁"]}, job | {"towns": None}], "kept_days": 30}))
    page.goto(f"{page.url.split('?')[0]}sheets?lang=en")
    expect(page.locator("#sheet-hidden")).to_contain_text("1:")
    page.locator("#sheet-mode-atlas").check()
    expect(page.locator("#sheet-hidden")).not_to_contain_text("1:")
    rows = page.locator("#atlas-jobs .job-row")
    expect(rows.nth(0)).to_contain_text(re.compile(r"23 Nov 2026 \d\d:46 · 0 · 甲 乙 丙 …"))
    expect(rows.nth(1)).to_contain_text("every town")


def test_rows_ticked_by_keyboard_become_pages_of_an_atlas(open_page: OpenPage) -> None:
    page = open_page("?t=enterprises")
    boxes = page.locator("#table-rows .tick input:enabled")
    expect(boxes.nth(2)).to_be_visible()
    ids = [boxes.nth(i).evaluate("node => node.closest('tr').dataset.id") for i in (0, 2)]
    for i in (0, 2):
        boxes.nth(i).focus()
        page.keyboard.press("Space")
        expect(boxes.nth(i)).to_be_checked()
    page.locator("#table-atlas").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sheets?*")
    wait_for_map(page)
    expect(page.locator("#atlas-rows")).to_contain_text("2 个对象")
    with page.expect_request(lambda request: request.method == "POST" and "/api/atlases?" in request.url) as asked:
        page.locator("#sheet-make").click()
    assert asked.value.post_data_json["rows"] == {"layer": "enterprises", "ids": ids}
    expect(page.locator("#sheet-state")).to_contain_text("6")
    page.locator("#atlas-by-towns").click()
    expect(page.locator("#atlas-rows")).to_have_count(0)
