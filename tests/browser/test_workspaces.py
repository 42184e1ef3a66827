"""The workspaces of pipelines and of inspection in a real browser, on a real server with a published edition."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from data.sample.cases import CASES
from tests.browser.pages import DESKTOP, PHONE, TABLET, OpenPage, answer, broken_rules, chinese_words, query_of, wait_for_address, wait_for_map

CASE = CASES["houses_on_pipe_after_2010"]
LINE = f"pipelines/{CASE['pipeline_id']}"
PAGES = ["pipelines", LINE, "patrol"]
READY = "#found table, #list-body table, #worst table"

DARK, LIGHT = "#1E2328", "#F5F5F2"
LAND = """async () => {
  const { map } = await import("/static/js/mapview.js");
  return map.getPaintProperty("land", "background-color");
}"""


def ground_of(page: Page) -> str:
    """The colour of land that the page's style sheets have now."""
    return str(page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--base-land').trim()")).upper()


def land_of(page: Page) -> str:
    """The colour of land upon the page's map."""
    return str(page.evaluate(LAND)).upper()


@pytest.fixture
def open_page(new_page: OpenPage, live_server: str) -> OpenPage:
    """Opens a workspace page and waits until its list and its map, if it has one, stand."""

    def opened(path: str, size: dict[str, int] | None = None, **options: Any) -> Page:
        page = new_page(live_server, size, **options)
        page.goto(f"{live_server}/{path}")
        page.wait_for_selector(READY)
        if page.locator("#map-area").count():
            wait_for_map(page)
        return page

    return opened


@pytest.fixture(scope="module")
def conflicts(live_server: str) -> list[dict[str, Any]]:
    """The conflicts of the line, as the API has them."""
    found: list[dict[str, Any]] = answer(live_server, f"/api/{LINE}/conflicts", buffer_m=200)["conflicts"]
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [1200, 1280, 1440])
def test_list_of_conflicts_shows_every_column_without_scrolling(open_page: OpenPage, width: int, lang: str) -> None:
    page = open_page(f"{LINE}?lang={lang}", {"width": width, "height": 900})
    expect(page.locator("#list-body .conflicts tbody tr").first).to_be_visible()
    widths = page.locator("#list-body").evaluate("(body) => [body.scrollWidth, body.clientWidth]")
    assert widths[0] <= widths[1]


def chainage(metres: float) -> str:
    return f"K{round(metres) // 1000}+{round(metres) % 1000:03d}"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("sizes", [(DESKTOP, TABLET), (PHONE,)], ids=["wide", "phone"])
def test_page_fits_and_is_without_errors_or_foreign_requests(
    open_page: OpenPage, faults: list[str], path: str, sizes: tuple[ViewportSize, ...]
) -> None:
    page = open_page(path, size=sizes[0])
    for size in sizes:
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.locator(".page").evaluate("node => node.scrollWidth - node.clientWidth") <= 0
        assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0, "a search of the browser would scroll the bar away"
        expect(page.locator(".workspaces a[aria-current='page']")).to_be_visible()
    assert faults == []


def test_dossier_says_what_figures_of_accidents_nearby_count(open_page: OpenPage, live_server: str, new_page: OpenPage) -> None:
    ids = [row[0] for row in answer(live_server, "/api/tables/enterprises", limit=40)["rows"]]
    near = next(one for one in ids if any(group["layer"] == "road_accidents" and group["n"] for group in answer(live_server, f"/api/dossiers/enterprises/{one}")["near"]))
    page = new_page(live_server)
    page.goto(f"{live_server}/features/enterprises/{near}?lang=en")
    expect(page.locator(".near li").filter(has_text=re.compile(r"· Deaths \d+ · Injured \d+")).first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0


@pytest.mark.parametrize("path", PAGES)
def test_page_meets_wcag_rules_that_a_machine_can_test(open_page: OpenPage, path: str) -> None:
    page = open_page(path, bypass_csp=True)
    assert broken_rules(page) == []
    page.get_by_role("button", name="En", exact=True).click()
    expect(page.locator(".workspaces a[aria-current='page']")).to_have_text(re.compile("[A-Z]"))
    assert broken_rules(page, ("dark",)) == []


@pytest.mark.parametrize("path", PAGES)
def test_english_has_no_chinese_but_names(open_page: OpenPage, path: str) -> None:
    page = open_page(path)
    page.get_by_role("button", name="En", exact=True).click()
    wait_for_address(page, "lang=en")
    assert chinese_words(page, ".workspaces, h2, thead, .query label > span, .query button, .query legend, .tick-name") == []
    page.goto(page.url.replace("lang=en", ""))
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_ground_of_the_address_holds_in_this_workspace_and_in_the_next_and_not_on_paper(open_page: OpenPage) -> None:
    page = open_page(f"{LINE}?bg=dark")
    assert (ground_of(page), land_of(page)) == (DARK, DARK)
    page.locator(".workspaces a[href^='/patrol']").click()
    page.wait_for_selector(READY)
    assert ground_of(page) == DARK
    wait_for_address(page, "bg=dark")
    page.emulate_media(media="print")
    assert ground_of(page) == LIGHT


SHARES = """async (grounds) => {
  const picture = document.querySelector(".sheet-map img");
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.naturalWidth, picture.naturalHeight), pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height).data, counts = grounds.map(() => 0);
  for (let i = 0; i < pixels.length; i += 400) grounds.forEach((rgb, k) => { counts[k] += rgb.every((value, c) => Math.abs(pixels[i + c] - value) < 3); });
  return counts.map((count) => count / (pixels.length / 400));
}"""


def test_list_of_a_day_is_printed_upon_light_ground_where_the_screen_is_dark(open_page: OpenPage) -> None:
    page = open_page("patrol?bg=dark")
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1; }; }")
    page.locator("#day-make").click()
    page.locator(".stop").first.wait_for()
    page.locator("#day-print").click()
    page.wait_for_function("() => window.printed === 1")
    light, dark = page.evaluate(SHARES, [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (LIGHT, DARK)])
    assert light > 0.2 and dark < 0.01
    assert (ground_of(page), land_of(page), query_of(page)["bg"]) == (DARK, DARK, "dark")


@pytest.mark.parametrize("path", ["", LINE], ids=["map page", "workspace"])
def test_print_key_prints_the_map_upon_light_ground_and_leaves_the_screen_dark(new_page: OpenPage, live_server: str, path: str) -> None:
    page = new_page(live_server)
    page.goto(f"{live_server}/{path}?bg=dark")
    wait_for_map(page)
    page.evaluate("() => { window.lands = []; window.print = () => window.lands.push(getComputedStyle(document.documentElement).getPropertyValue('--base-land').trim()); }")
    page.keyboard.press("Control+p")
    page.wait_for_function("() => window.lands.length === 1")
    assert page.evaluate("window.lands[0]").upper() == LIGHT
    expect(page.locator("html")).to_have_attribute("data-ground", "dark")
    assert (ground_of(page), query_of(page)["bg"]) == (DARK, "dark")
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    expect(page.locator("#print-note")).to_be_visible()
    expect(page.locator("#map")).to_be_hidden()


def test_ground_chosen_on_the_map_page_holds_in_the_workspaces(open_page: OpenPage, live_server: str) -> None:
    page = open_page("pipelines")
    page.evaluate("localStorage.setItem('atlas-ground', 'dark'); sessionStorage.clear()")
    page.goto(f"{live_server}/{LINE}")
    page.wait_for_selector(READY)
    wait_for_map(page)
    assert (ground_of(page), land_of(page)) == (DARK, DARK)


def test_lines_are_found_by_name_and_kind(open_page: OpenPage, live_server: str) -> None:
    lines = answer(live_server, "/api/pipelines")["pipelines"]
    page = open_page("pipelines")
    expect(page.locator("#found tbody tr")).to_have_count(len(lines))
    page.locator("#find-kind").select_option("transmission")
    expect(page.locator("#found tbody tr")).to_have_count(sum(line["kind"] == "transmission" for line in lines))
    page.locator("#find-line").fill(CASE["pipeline_id"])
    page.locator("#found tbody a").click()
    expect(page.locator("#list-body .conflicts tbody tr").first).to_be_visible()
    assert page.url.endswith(f"/{LINE}")


def test_houses_on_the_pipe_are_prohibited_at_their_chainage(
    open_page: OpenPage, conflicts: list[dict[str, Any]]
) -> None:
    page = open_page(LINE)
    expect(page.locator("#list-body .conflicts tbody tr")).to_have_count(len(conflicts))
    for number in CASE["building_ids"]:
        conflict = next(entry for entry in conflicts if entry["object"]["id"] == number)
        row = page.locator("#list-body .conflicts tbody tr", has_text=number)
        expect(row).to_contain_text("禁止")
        expect(row).to_contain_text(chainage(conflict["chainage_m"]))
        expect(row).not_to_contain_text("历史")
        assert page.locator(f".mark[aria-label*='{number}']").get_attribute("aria-label").startswith("禁止")
    old = page.locator("#list-body .conflicts tbody tr", has_text=CASES["houses_on_pipe_before_2010"]["building_ids"][0])
    expect(old).to_contain_text("历史")
    expect(page.locator("#warning")).to_contain_text("不代替现场探测")


def stretch_of(conflicts: list[dict[str, Any]]) -> tuple[int, int]:
    """A stretch that holds the first two conflicts only."""
    at = [entry["chainage_m"] for entry in conflicts]
    return int(at[0]) - 50, int((at[1] + at[2]) / 2)


def test_stretch_by_fields_narrows_list_strip_and_address(
    open_page: OpenPage, conflicts: list[dict[str, Any]]
) -> None:
    page = open_page(LINE)
    low, high = stretch_of(conflicts)
    page.locator("#from").fill(chainage(low))
    page.locator("#to").fill(str(high))
    page.keyboard.press("Enter")
    expect(page.locator("#list-body .conflicts tbody tr")).to_have_count(2)
    expect(page.locator(".mark")).to_have_count(2)
    wait_for_address(page, "k=")
    assert query_of(page)["k"] == f"{low}-{high}"
    page.locator("#whole-line").click()
    expect(page.locator("#list-body .conflicts tbody tr")).to_have_count(len(conflicts))


def test_stretch_by_drag_and_by_keys(open_page: OpenPage, conflicts: list[dict[str, Any]]) -> None:
    page = open_page(LINE)
    first, third = (page.locator(".mark").nth(i).bounding_box() for i in (0, 2))
    top = page.locator(".strip-picture").bounding_box()
    assert first and third and top
    y = top["y"] + 40
    page.mouse.move(first["x"] - 12, y)
    page.mouse.down()
    page.mouse.move(third["x"] - 30, y, steps=4)
    page.mouse.move(third["x"] - 12, y)
    page.mouse.up()
    expect(page.locator("#list-body .conflicts tbody tr")).to_have_count(2)
    page.locator("[data-end='to']").focus()
    page.keyboard.press("End")
    expect(page.locator("#list-body .conflicts tbody tr")).to_have_count(len(conflicts))
    expect(page.locator("[data-end='to']")).to_be_focused()


def test_choice_is_one_in_strip_and_list(open_page: OpenPage) -> None:
    page = open_page(LINE)
    page.locator("#list-body .conflicts tbody tr").nth(1).locator("button").click()
    expect(page.locator("#list-body .conflicts tbody tr").nth(1).locator("button")).to_be_focused()
    expect(page.locator(".mark").nth(1)).to_have_attribute("aria-pressed", "true")
    page.locator(".mark").nth(0).click()
    expect(page.locator("#list-body .conflicts tbody tr").nth(0)).to_have_attribute("aria-current", "true")


def test_file_holds_what_is_listed(open_page: OpenPage, conflicts: list[dict[str, Any]]) -> None:
    low, high = stretch_of(conflicts)
    page = open_page(f"{LINE}?k={low}-{high}")
    with page.expect_download() as download:
        page.locator("#save-csv").click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert CASE["pipeline_id"] in rows[0][0] and "不代替现场探测" in rows[1][0]
    assert [row[1] for row in rows[3:]] == [chainage(entry["chainage_m"]) for entry in conflicts[:2]]


def test_nothing_found_is_not_called_safe(open_page: OpenPage) -> None:
    page = open_page(LINE)
    page.locator("#from").fill("K9+000")
    page.locator("#to").fill("K9+100")
    page.keyboard.press("Enter")
    expect(page.locator("#nothing")).to_contain_text("不等于安全")


def test_line_without_a_rule_is_not_judged(open_page: OpenPage, live_server: str) -> None:
    lines = answer(live_server, "/api/pipelines")["pipelines"]
    industrial = next(line["id"] for line in lines if line["kind"] == "industrial")
    page = open_page("pipelines")
    page.goto(f"{live_server}/pipelines/{industrial}")
    expect(page.locator("#no-rule")).to_contain_text("没有结论不等于没有冲突")
    expect(page.locator(".mark")).to_have_count(0)


def test_refusal_is_told_with_a_retry(open_page: OpenPage, live_server: str) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"error": {"code": "busy", "message_zh": "服务器繁忙", "message_en": "busy"}})

    page = open_page("pipelines")
    page.route("**/conflicts*", refuse)
    page.goto(f"{live_server}/{LINE}")
    expect(page.locator(".error-box")).to_contain_text("服务器繁忙")
    page.unroute("**/conflicts*")
    page.get_by_role("button", name="再试").click()
    expect(page.locator("#list-body .conflicts tbody tr").first).to_be_visible()


def test_worst_list_begins_with_red(open_page: OpenPage, live_server: str) -> None:
    told = answer(live_server, "/api/patrol")
    page = open_page("patrol")
    rows = page.locator("#worst tbody tr")
    expect(rows.first).to_contain_text("重大")
    expect(rows.first).to_contain_text(told["sources"][0]["name"])
    levels = [source["level"] for source in told["sources"]]
    assert levels == sorted(levels, key=["red", "orange"].index)
    assert sum(town["counts"]["red"] for town in told["towns"]) == levels.count("red")


def test_town_narrows_the_list_and_stands_in_the_address(open_page: OpenPage, live_server: str) -> None:
    town = answer(live_server, "/api/patrol")["towns"][0]
    page = open_page("patrol")
    page.locator("#town-list").get_by_role("button", name=town["town_name"]).click()
    expect(page.locator("#worst tbody tr")).to_have_count(town["counts"]["red"] + town["counts"]["orange"])
    wait_for_address(page, "town=")


def test_list_that_the_server_does_not_keep_is_printed_without_codes_and_says_why(open_page: OpenPage) -> None:
    page = open_page("patrol")
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1; }; }")
    page.route("**/api/patrol/lists*", lambda route: route.fulfill(status=403, json={"error": {"code": "forbidden", "message_zh": "无权保存", "message_en": "not yours to keep"}}))
    page.locator("#day-n").fill("2")
    page.locator("#day-make").click()
    page.locator("#day-print").click()
    page.wait_for_function("() => window.printed === 1")
    expect(page.locator("#day-problem")).to_contain_text("无权保存")
    expect(page.locator(".sheet-code")).to_have_count(0)
    expect(page.locator(".sheet-map img")).to_have_count(1)


def test_list_of_a_day_is_ordered_edited_and_printed(open_page: OpenPage) -> None:
    page = open_page("patrol")
    page.locator("#day-n").fill("4")
    page.locator("#day-order").select_option("near")
    page.locator("#day-make").click()
    stops = page.locator(".stop-name")
    expect(stops).to_have_count(4)
    expect(page.locator("#day-total")).to_contain_text("直线")
    names = stops.all_inner_texts()
    page.locator("[data-tool='move_down-0']").click()
    expect(stops).to_have_text([names[1], names[0], *names[2:]])
    numbers = "async (n) => (await import('/static/js/mapview.js')).map.queryRenderedFeatures({ layers: ['numbers-label'] }).length === n"
    page.wait_for_function(numbers, arg=4)
    page.locator("[data-tool='take_off-3']").click()
    page.wait_for_function(numbers, arg=3)
    expect(stops).to_have_count(3)
    page.emulate_media(media="print")
    expect(page.locator(".sheet-block")).to_have_count(3)
    expect(page.locator(".sheet-block").first).to_be_visible()
    expect(page.locator(".bar").first).to_be_hidden()
