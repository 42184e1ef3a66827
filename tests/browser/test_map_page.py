"""The map page in a real browser, on a real server with a published edition."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.browser.pages import (
    DESKTOP,
    PHONE,
    TABLET,
    OpenPage,
    answer,
    at,
    broken_rules,
    chinese_words,
    click_middle,
    pixels,
    query_of,
    wait_for_address,
    wait_for_map,
)

NOTE_RINGS = """() => {
  window.rings = [];
  new MutationObserver((changes) => {
    for (const node of changes.flatMap((change) => [...change.addedNodes])) {
      if (node.className === "first-ring") window.rings.push([node.getClientRects().length > 0, node.innerText.length > 0]);
    }
  }).observe(document.getElementById("map-frame"), { childList: true });
}"""
"""Keeps of each ring whether it was seen and had a name."""


NOTE_FIRST_PICTURE = """document.addEventListener("DOMContentLoaded", async () => {
  const { view: part } = await import(document.getElementById("page-script").src);
  const name = (found) => `${found.source}/${found.layer.id}/${found.properties.id ?? found.id}`;
  window.drawnNow = () => [...new Set(part.map.queryRenderedFeatures().map(name))].sort();
  new MutationObserver((_, observer) => {
    if (document.documentElement.dataset.mapPaintedMs === undefined) return;
    observer.disconnect();
    window.drawnFirst = window.drawnNow();
  }).observe(document.documentElement, { attributes: true });
});"""
"""Keeps what stood on the map when the page said that its first picture was painted."""


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_page_draws_a_map_without_errors_or_foreign_requests(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page()
    colours = np.unique(pixels(page, "#map-canvas").reshape(-1, 3), axis=0)
    assert len(colours) > 50
    assert faults == []


def test_first_picture_of_the_map_has_everything_that_stands_on_it_at_rest(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.add_init_script(NOTE_FIRST_PICTURE)
    page.goto(live_server)
    wait_for_map(page)
    page.wait_for_selector("html[data-map-painted-ms]", state="attached")
    first = page.evaluate("() => window.drawnFirst")
    assert first == page.evaluate("() => window.drawnNow()")
    assert {"atlas-risk_zones", "atlas-risk_points", "once-towns-label"} <= {name.split("/")[0] for name in first}


COUNT_DRAWINGS = """const draw = WebGL2RenderingContext.prototype.drawElements;
let drawings = 0;
WebGL2RenderingContext.prototype.drawElements = function (...all) {
  drawings += 1;
  if (drawings > 20) document.documentElement.dataset.drawings = String(drawings);
  return draw.apply(this, all);
};"""
"""Marks the page as soon as the map has drawn more than a background."""


def test_map_is_drawn_though_a_layer_never_answers(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.add_init_script(COUNT_DRAWINGS)
    page.route("**/tiles/*/*/towns/**", lambda route: None)
    page.goto(live_server)
    page.wait_for_selector("html[data-drawings]", state="attached")
    assert not page.locator("html[data-map-painted-ms]").count(), "the picture is not whole"


def test_levels_stand_in_the_legend_worst_first_with_words(open_page: OpenPage) -> None:
    page = open_page()
    words = page.locator("[data-class$='#0'] .row-name, [data-class$='#1'] .row-name").all_inner_texts()
    assert "重大" in words and "较大" in words
    assert page.get_by_text("无色:未登记风险源,不等于低风险").count() == 1


def test_status_line_says_date_method_handling_and_synthetic(open_page: OpenPage, live_server: str) -> None:
    catalog = answer(live_server, "/api/layers")
    text = open_page().locator("#status").inner_text()
    assert catalog["edition"]["data_as_of"] in text
    assert catalog["method"]["zh"] in text
    assert "内部使用" in text
    assert ("合成示例数据" in text) == catalog["area"]["is_synthetic"]


@pytest.mark.parametrize("width_px", [1024, 1280])
def test_status_line_is_cut_nowhere_in_english(open_page: OpenPage, width_px: int) -> None:
    page = open_page("?lang=en")
    page.set_viewport_size({"width": width_px, "height": 768})
    parts = page.locator("#status .status-part")
    expect(parts.first).to_be_visible()
    assert parts.evaluate_all("all => all.filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.textContent)") == []
    foot = page.locator("#status").bounding_box()
    assert foot and foot["y"] + foot["height"] <= 768


def test_click_on_a_source_shows_why_it_has_its_colour(
    open_page: OpenPage, faults: list[str], known_source: dict[str, Any]
) -> None:
    page = open_page(at(known_source))
    click_middle(page)
    expect(page.locator("#result-title")).to_contain_text("为什么是")
    expect(page.locator("#result .chip").first).to_be_visible()
    expect(page.locator("#result")).to_contain_text("规则与数据")
    wait_for_address(page, "f=")
    assert faults == []


def test_contributions_add_up_to_the_index_that_is_shown(
    open_page: OpenPage, known_source: dict[str, Any]
) -> None:
    page = open_page(f"{at(known_source)}&at={known_source['lon']:.6f},{known_source['lat']:.6f}")
    total = float(page.locator(".bar-sum strong").inner_text())
    page.locator("#result details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    points = [float(text) for text in page.locator("#result .bars .points").all_inner_texts()]
    assert sum(points) == pytest.approx(total, abs=1e-6)
    assert points == sorted(points, reverse=True)
    assert f"{total:.1f}" in page.locator(".result-sentence").first.inner_text()


def test_search_by_name_works_with_keys_alone(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page()
    page.locator("#map-canvas").focus()
    page.keyboard.press("/")
    page.keyboard.insert_text(known_source["label"])  # at once: letter by letter, a slow page would offer what begins like it
    expect(page.locator(".hit").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#result-title")).to_contain_text("为什么")
    wait_for_address(page, "v=1")
    zoom, lat, lon = map(float, query_of(page)["v"].split("/"))
    assert zoom >= 14 and abs(lat - known_source["lat"]) < 0.01 and abs(lon - known_source["lon"]) < 0.01


def test_search_without_a_hit_says_so_and_helps(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#search").fill("不存在的企业甲乙丙")
    expect(page.locator("#search-hits")).to_contain_text("未找到“不存在的企业甲乙丙”")
    expect(page.locator("#search-hits li")).to_have_count(3)


def test_ring_stands_where_one_clicked_until_the_map_has_drawn_its_own(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    page.evaluate(NOTE_RINGS)
    click_middle(page)
    expect(page.locator("#result-title")).to_contain_text("为什么")
    assert page.evaluate("() => window.rings") == [[True, True]]
    expect(page.locator(".first-ring")).to_have_count(0)


def test_map_that_let_an_answer_come_first_fills_its_room_again(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    page.locator("#table-toggle").click()
    expect(page.locator("#table-rows .grid-row button").first).to_be_visible()
    click_middle(page)
    expect(page.locator("#result-title")).to_contain_text("为什么")
    map_box = page.locator("#map")
    for side in ("clientWidth", "clientHeight"):
        expect(page.locator("#map-canvas")).to_have_js_property(side, map_box.evaluate(f"node => node.{side}"))


def test_english_page_has_no_chinese_but_names(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page()
    page.get_by_role("button", name="En", exact=True).click()
    wait_for_address(page, "lang=en")
    assert page.locator("html").get_attribute("lang") == "en"
    assert chinese_words(page, "body") == []
    page.locator("#search").fill(known_source["label"])
    page.keyboard.press("Enter")
    expect(page.locator("#result-title")).to_contain_text("Why")
    assert (
        chinese_words(
            page, "#result h2, #result h3, #result dt, #result th, #result .button, #result summary"
        )
        == []
    )


def test_language_switch_keeps_what_is_selected(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    click_middle(page)
    wait_for_address(page, "f=")
    before = query_of(page)["f"]
    page.get_by_role("button", name="En", exact=True).click()
    expect(page.locator("#result-title")).to_contain_text("Why is this")
    assert query_of(page)["f"] == before


def test_drawn_site_gets_a_verdict_as_the_largest_text(
    open_page: OpenPage, faults: list[str], known_source: dict[str, Any]
) -> None:
    page = open_page(at(known_source))
    draw_site(page)
    page.locator("#site-type").select_option(index=1)
    page.locator("#site-check").click()
    title = page.locator(".verdict-title")
    expect(title).to_be_visible(timeout=90_000)  # a server just installed compiles its loops first
    sizes = page.locator("#result *").evaluate_all(
        "all => all.filter(n => n.textContent.trim()).map(n => parseFloat(getComputedStyle(n).fontSize))"
    )
    assert float(title.evaluate("n => parseFloat(getComputedStyle(n).fontSize)")) == max(sizes)
    expect(page.locator(".verdict-mark")).to_be_visible()
    expect(page.locator(".disclaimer")).to_contain_text("不属于安全评价")
    assert "site" not in page.url and "geometry" not in page.url
    assert faults == []


def draw_site(page: Page) -> None:
    """Draw a square south-east of the middle of the map."""
    page.locator(".tool-siting").click()
    page.locator("#draw-polygon").click()
    box = page.locator("#map-canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for dx, dy in ((40, 40), (120, 40), (120, 110), (40, 110)):
        page.mouse.click(x + dx, y + dy)
    page.keyboard.press("Enter")
    expect(page.locator("#site-size")).to_contain_text("公顷")


def test_site_that_crosses_itself_cannot_be_finished(open_page: OpenPage) -> None:
    page = open_page()
    page.locator(".tool-siting").click()
    page.locator("#draw-polygon").click()
    box = page.locator("#map-canvas").bounding_box()
    assert box
    for dx, dy in ((300, 300), (400, 300), (300, 400), (400, 400)):
        page.mouse.click(box["x"] + dx, box["y"] + dy)
    page.mouse.move(box["x"] + 400, box["y"] + 400)
    expect(page.locator("#tool-strip")).to_contain_text("自相交")
    expect(page.locator("#tool-strip .primary")).to_be_disabled()
    page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    expect(page.locator("#tool-strip")).to_be_hidden()


def test_siting_form_says_what_is_missing(open_page: OpenPage) -> None:
    page = open_page()
    page.locator(".tool-siting").click()
    page.locator("#site-check").click()
    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("#form-errors li")).to_have_count(2)


def test_layer_switch_and_policy_stand_in_the_address(open_page: OpenPage, live_server: str) -> None:
    catalog = answer(live_server, "/api/layers")
    page = open_page()
    row = next(
        layer
        for layer in catalog["layers"]
        if layer["visible"] and layer["style"] and layer["group"] == "objects"
    )
    page.locator(f"#layer-{row['id']}").uncheck()
    wait_for_address(page, "l=")
    assert row["id"] not in query_of(page)["l"].split(",")
    other = next(policy["id"] for policy in catalog["policies"] if policy["id"] != catalog["policy"])
    page.locator("#policy").select_option(other)
    wait_for_address(page, f"pol={other}")
    page.reload()
    wait_for_map(page)
    expect(page.locator(f"#layer-{row['id']}")).not_to_be_checked()
    expect(page.locator("#policy")).to_have_value(other)


def test_back_returns_to_what_was_shown_before(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    click_middle(page)
    wait_for_address(page, "f=")
    page.go_back()
    page.wait_for_function("() => !location.search.includes('f=')")
    expect(page.locator("#result")).to_be_hidden()
    page.go_forward()
    expect(page.locator("#result-title")).to_contain_text("为什么")


def test_address_opens_the_same_feature_again(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(f"?f={known_source['layer']}/{urllib.parse.quote(known_source['id'])}")
    expect(page.locator("#result")).to_contain_text(known_source["label"])


def test_origin_of_a_feature_unfolds_to_row_conversions_checks_and_history(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("?f=pipelines/GY-HG01-025")
    origin = page.locator("details.origin")
    expect(origin.locator("> summary")).to_contain_text("提醒 1")
    origin.locator("> summary").click()
    for words in ("管道企业/工业管道.shp · 第 26 行", "EPSG:4523", "RC13", "GY-HG01-001: 291 m", "请核对是否重复绘制"):
        expect(origin).to_contain_text(words)
    expect(origin.locator("code")).to_have_text(re.compile(r"^[0-9a-f]{64}$"))  # whole: a finger has no hover, nor has paper
    origin.locator("details > summary").click()
    expect(origin).to_contain_text("首次报送")
    assert faults == []


def test_unknown_key_in_the_address_is_told(open_page: OpenPage) -> None:
    expect(open_page("?zoom=3").locator(".toast")).to_contain_text("zoom")


def press_until(page: Page, key: str, condition: str, value: float) -> None:
    """Press a key until the address says so: what it said before may have been written before the key was pressed."""
    for _ in range(8):
        page.keyboard.press(key)
        try:
            page.wait_for_function(condition, arg=value, timeout=15_000)
            return
        except PlaywrightTimeoutError:
            continue
    raise AssertionError(f"{key} does not bring {condition}")


def test_map_moves_and_zooms_with_keys(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#map-canvas").focus()
    page.keyboard.press("ArrowLeft")
    wait_for_address(page, "v=")
    zoom, _, lon = map(float, query_of(page)["v"].split("/"))
    part = "Number(new URLSearchParams(location.search).get('v').split('/')[{}])"
    press_until(page, "ArrowRight", f"lon => {part.format(2)} > lon", lon)
    press_until(page, "+", f"zoom => {part.format(0)} > zoom", zoom)
    press_until(page, "-", f"zoom => {part.format(0)} < zoom", zoom)


def test_phone_is_usable(open_page: OpenPage, faults: list[str], known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source), size=PHONE, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    box = page.locator("#map-canvas").bounding_box()
    assert box
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#result-title")).to_contain_text("为什么")
    panel = page.locator("#result").bounding_box()
    assert panel and panel["width"] == PHONE["width"] and panel["y"] > PHONE["height"] * 0.3
    page.locator("#result-stop").click()
    expect(page.locator("#result")).to_have_attribute("data-stop", "full")
    page.locator("#result-close").click()
    page.locator(".tool-layers_and_legend").click()
    expect(page.locator("#tree")).to_be_visible()
    page.locator("#layers-close").click()
    expect(page.locator("#tree")).to_be_hidden()
    assert faults == []


@pytest.mark.parametrize("size", [DESKTOP, TABLET, PHONE], ids=lambda size: str(size["width"]))
def test_nothing_is_cut_at_any_width(open_page: OpenPage, size: dict[str, int]) -> None:
    page = open_page("?lang=zh", size=size)
    for language, tag in (("zh", "zh-CN"), ("en", "en")):
        page.locator(f'[data-language="{language}"]').click()
        expect(page.locator("html")).to_have_attribute("lang", tag)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        cut = page.locator("button, .row-name, .tool, h2, label").evaluate_all(
            "all => all.filter(n => n.offsetParent && n.scrollWidth > n.clientWidth + 1 && n.clientWidth > 0).map(n => n.textContent)"
        )
        assert cut == [], language


def test_lost_server_veils_the_map_and_its_return_unveils_it(open_page: OpenPage) -> None:
    page = open_page()
    # The page tries again by itself after 5 s, perhaps before the button is pressed: here only the button may.
    page.evaluate("() => { const later = window.setTimeout; window.setTimeout = (act, ms, ...rest) => (ms >= 5000 ? 0 : later(act, ms, ...rest)); }")
    page.context.set_offline(True)
    page.locator("#search").fill("化工")
    expect(page.locator("#veil")).to_contain_text("与服务器的连接中断")
    page.context.set_offline(False)
    page.locator("#veil button").click()
    expect(page.locator("#veil")).to_be_hidden()


def test_refusal_is_shown_with_its_words_code_and_a_retry(open_page: OpenPage) -> None:
    page = open_page()
    error = {"error": {"code": "E-1042", "message_zh": "没有找到", "message_en": "not found", "field": None}}

    def refuse(route: Route) -> None:
        route.fulfill(status=500, json=error)

    reasons = re.compile(r"/api/(explain|features/)")
    page.route(reasons, refuse)
    click_middle(page)
    expect(page.locator("#result")).to_contain_text("代码 E-1042")
    page.unroute(reasons)
    page.get_by_role("button", name="再试").click()
    expect(page.locator("#result-title")).to_contain_text(re.compile("为什么|辖区以外"))


def test_old_edition_is_told_and_left_with_one_button(open_page: OpenPage, live_server: str) -> None:
    def as_old(route: Route) -> None:
        catalog = answer(live_server, "/api/layers")
        catalog["edition"]["is_newest"] = "ed=" in route.request.url
        route.fulfill(json=catalog)

    page = open_page()
    expect(page.locator("#stale")).to_be_hidden()
    page.route("**/api/layers*", as_old)
    page.reload()
    wait_for_map(page)
    expect(page.locator("#stale")).to_contain_text("非最新")
    page.locator("#stale button").click()
    expect(page.locator("#stale")).to_be_hidden()


def test_pipeline_lists_its_conflicts_by_chainage_and_shows_their_lines(
    open_page: OpenPage, live_server: str
) -> None:
    pipeline, conflicts = pipeline_with_conflicts(live_server)
    page = open_page()
    page.locator("#search").fill(pipeline)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="查看保护范围冲突").click()
    rows = page.locator("#result .reasons > li")
    expect(rows).to_have_count(len(conflicts))
    expect(rows.first).to_contain_text(conflicts[0]["verdict_zh"])
    expect(page.locator("#result .disclaimer")).to_contain_text("不代替现场探测")
    rows.first.get_by_role("button", name="看线").click()
    page.wait_for_function("() => Number(new URLSearchParams(location.search).get('v')?.split('/')[0]) > 13")


def pipeline_with_conflicts(server: str) -> tuple[str, list[dict[str, Any]]]:
    """Number of a transmission pipeline with conflicts, and these."""
    for pipeline in answer(server, "/api/pipelines")["pipelines"]:
        if pipeline["kind"] == "transmission":
            path = f"/api/pipelines/{urllib.parse.quote(pipeline['id'], safe='')}/conflicts"
            conflicts = answer(server, path, buffer_m=200)["conflicts"]
            if conflicts and conflicts[0]["line"]:
                return pipeline["id"], conflicts
    raise AssertionError("the sample has no transmission pipeline with conflicts")


def test_sheet_of_the_view_is_a_file(open_page: OpenPage) -> None:
    page = open_page()
    page.locator(".tool-sheet").click()
    with page.expect_download() as download:
        page.locator("#sheet-make").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_page_meets_wcag_rules_that_a_machine_can_test(
    open_page: OpenPage, known_source: dict[str, Any]
) -> None:
    page = open_page(at(known_source), bypass_csp=True)
    click_middle(page)
    wait_for_address(page, "f=")
    assert broken_rules(page) == []
