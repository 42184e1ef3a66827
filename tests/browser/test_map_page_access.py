"""The map page for everybody: rules of WCAG, keys alone, narrow and magnified windows, five levels told apart by every eye."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest
import rasterio.io
from playwright.sync_api import Page, Route, expect

from tests.browser.colour_vision import ciede2000, lab, linear, seen_as
from tests.browser.pages import PHONE, TABLET, OpenPage, answer, at, broken_rules, query_of, wait_for_address, wait_for_map

LEAST_DIFFERENCE = 10.0
"""CIEDE2000 between any two levels as drawn in the legend, for every kind of colour vision."""
SCALE = 3
EDGE_PX = 5
LEAST_LIGHTNESS, MOST_ALIKE = 8.0, 0.7
"""Two levels differ in grey by so much L*, or their hatches are no more alike than this correlation, however shifted."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_rule_of_wcag_is_broken_by_the_whole_area_where_some_layers_wait_for_a_nearer_view(open_page: OpenPage, language: str) -> None:
    page = open_page(f"?lang={language}", bypass_csp=True)
    expect(page.locator("#tree .too-far .row-name").first).to_be_visible()
    assert broken_rules(page) == []


@pytest.mark.parametrize(("language", "ground"), [("zh", "dark"), ("en", "light"), ("en", "dark")])
def test_no_rule_of_wcag_is_broken_with_every_tool_open(
    open_page: OpenPage, known_source: dict[str, Any], language: str, ground: str, faults: list[str]
) -> None:
    layer = known_source["layer"]
    page = open_page(f"{at(known_source)}&lang={language}&bg={ground}&t={layer}&f={layer}/{known_source['id']}", bypass_csp=True)
    expect(page.locator("#result .chip").first).to_be_visible()
    expect(page.locator("#table-rows .grid-row").first).to_be_visible()
    page.locator(f'[data-layer="{layer}"] .icon-button').first.click()
    page.locator(".tool-measure").click()
    page.locator("#filter-level").click()
    assert broken_rules(page, (ground,)) == []
    page.locator(".tool-share").click()
    assert broken_rules(page, (ground,)) == []
    assert faults == []


@pytest.mark.parametrize("path", ["sheets", "siting", "siting/new", "pipelines/notices/new", "patrol/follow-ups", "DOSSIER"])
def test_no_rule_of_wcag_is_broken_upon_dark_ground_in_english(
    new_page: OpenPage, live_server: str, known_source: dict[str, Any], faults: list[str], path: str
) -> None:
    page = new_page(live_server, bypass_csp=True)
    page.goto(f"{live_server}/{path.replace('DOSSIER', 'features/{layer}/{id}'.format(**known_source))}?lang=en&bg=dark")
    expect(page.locator("h1").first).to_have_text(re.compile(r"\S"))
    if page.locator("#map-area").count():
        wait_for_map(page)
    assert broken_rules(page, ("dark",)) == []
    assert faults == []


def test_journey_by_keys_alone_from_search_to_table_to_reasons(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("/")
    page.keyboard.insert_text(known_source["label"])  # at once: letter by letter, a slow page would offer what begins like it
    expect(page.locator(".hit").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#result-title")).to_contain_text("为什么")
    page.keyboard.press("F6")
    for _ in range(5):
        if page.evaluate("document.activeElement.id") == "table-toggle":
            break
        page.keyboard.press("F6")
    page.keyboard.press("Enter")
    expect(page.locator("#table-rows .grid-row button").first).to_be_visible()
    page.locator("#table-scroll").focus()
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#table-rows button')"):
            break
    page.keyboard.press("Enter")
    wait_for_address(page, "f=")
    assert page.evaluate("document.activeElement !== document.body")


@pytest.mark.parametrize(
    ("language", "size"),
    [("zh", {"width": 320, "height": 640}), ("zh", {"width": 720, "height": 450}), ("en", {"width": 1024, "height": 768})],
    ids=["320 px", "200 %", "tablet"],
)
def test_narrow_and_magnified_windows_lose_nothing(open_page: OpenPage, language: str, size: dict[str, int], faults: list[str]) -> None:
    page = open_page(f"?lang={language}", size=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    expect(page.locator(".brand-title")).to_be_visible()
    page.locator(".tool-layers_and_legend").click()
    expect(page.locator("#tree")).to_be_visible()
    page.locator("#layers-close").click()
    page.locator("#table-toggle").click()
    expect(page.locator("#table-rows .grid-row").first).to_be_visible()
    outside = page.locator("button, select, input, a").evaluate_all(
        "(all, width) => all.filter(n => n.offsetParent && !n.closest('.table-scroll, .unseen, .skip') && n.getBoundingClientRect().right > width + 1).map(n => n.outerHTML.slice(0, 90))",
        size["width"],
    )
    assert outside == []
    assert faults == []


def test_panel_over_the_map_leaves_every_button_beside_it(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    layer = known_source["layer"]
    page = open_page(f"{at(known_source)}&lang=en&f={layer}/{known_source['id']}", size=TABLET)
    expect(page.locator("#result .chip").first).to_be_visible()
    box = page.locator("#result").bounding_box()
    assert box
    rights = page.locator("#toolbar button").evaluate_all("all => all.filter(n => n.offsetParent).map(n => n.getBoundingClientRect().right)")
    assert len(rights) > 5 and max(rights) <= box["x"]


def test_form_of_a_notice_is_whole_on_a_phone_and_its_kinds_of_works_have_titles(new_page: OpenPage, live_server: str, faults: list[str]) -> None:
    page = new_page(live_server, PHONE)
    page.goto(f"{live_server}/pipelines/notices/new?lang=en")
    expect(page.locator("#field-activities > fieldset > legend").first).to_have_text(re.compile("Art. 35"))
    assert page.locator("#field-activities > fieldset").count() > 4
    assert page.locator("#notice").evaluate("node => node.scrollHeight - node.clientHeight") <= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert faults == []


def symbols_of_levels(page: Page, server: str) -> dict[str, np.ndarray]:
    """Pixels of the five levels as the legend of the zones draws them, by level."""
    zones = next(layer for layer in answer(server, "/api/layers")["layers"] if layer["visible"] and any(field["name"] == "policy" for field in layer["fields"]) and layer["legend"] and layer["legend"][0]["symbol"].get("hatch"))
    found = {}
    for i, entry in enumerate(zones["legend"]):
        if "filter" in entry:
            shot = page.locator(f'[data-class="{zones["id"]}#{i}"] canvas').screenshot()
            with rasterio.io.MemoryFile(shot) as file, file.open() as picture:
                pixels = np.moveaxis(picture.read([1, 2, 3]), 0, -1)
            found[entry["filter"][2]] = pixels[EDGE_PX * SCALE : -EDGE_PX * SCALE, EDGE_PX * SCALE : -EDGE_PX * SCALE].astype(float)
    return found


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_five_levels_differ_for_every_eye_and_in_grey(open_page: OpenPage, live_server: str) -> None:
    page = open_page("?hx=1", device_scale_factor=SCALE)
    symbols = symbols_of_levels(page, live_server)
    assert list(symbols) == ["red", "orange", "yellow", "blue", "unrated"]
    for kind in ("normal", "protan", "deutan", "tritan"):
        seen = {level: lab(seen_as(np.median(pixels.reshape(-1, 3), axis=0), kind)) for level, pixels in symbols.items()}
        for one, other in itertools.combinations(seen, 2):
            assert ciede2000(seen[one], seen[other]) >= LEAST_DIFFERENCE, (kind, one, other)
    grey = {level: lab(np.repeat((linear(pixels) @ [0.2126, 0.7152, 0.0722])[..., None], 3, axis=-1))[..., 0] for level, pixels in symbols.items()}
    for one, other in itertools.combinations(grey, 2):
        lightness = abs(np.median(grey[one]) - np.median(grey[other]))
        assert lightness >= LEAST_LIGHTNESS or alikeness(grey[one], grey[other]) <= MOST_ALIKE, (one, other, lightness, alikeness(grey[one], grey[other]))


def alikeness(one: np.ndarray, other: np.ndarray) -> float:
    """Largest correlation of two pictures, over every shift of one against the other; of a plain one with a hatched one 0."""
    a, b = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((a**2).sum() * (b**2).sum()))
    if not spread:
        return float(not a.any() and not b.any())
    return float(np.fft.ifft2(np.fft.fft2(a) * np.conj(np.fft.fft2(b))).real.max() / spread)


def refuse(route: Route) -> None:
    route.fulfill(status=503, json={"error": {"code": "too_slow", "message_zh": "查询超时", "message_en": "too slow", "field": None}})


def test_states_of_the_page_are_told_each_in_its_words(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    page.route("**/api/tables/**", refuse)
    page.locator("#table-toggle").click()
    expect(page.locator("#table-rows")).to_contain_text("查询超时")
    expect(page.locator("#table-rows")).to_contain_text("too_slow")
    page.unroute("**/api/tables/**")
    page.locator("#table-rows .error-box button").click()
    expect(page.locator("#table-rows .grid-row").first).to_be_visible()
    page.locator("#table-layer").select_option("enterprises")
    page.locator("#filter-name").click()
    page.locator("#table-filter input").fill("没有这样的名字")
    page.keyboard.press("Enter")
    expect(page.locator("#table-rows")).to_contain_text("没有符合条件的行")
    page.route("**/api/links", refuse)
    page.locator(".tool-share").click()
    page.locator("#share-short").click()
    expect(page.locator("#share-result")).to_contain_text("查询超时")


def test_filter_that_cannot_be_asked_is_told_and_breaks_nothing(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("?flt=enterprises.nothing:1;pipelines.medium:%25ZZ")
    expect(page.locator(".toast").first).to_contain_text("nothing")
    assert [fault for fault in faults if "400" not in fault] == []


def test_skeleton_stands_while_reasons_are_waited_for(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    held: list[Route] = []
    released: list[bool] = []
    page.route("**/api/features/**", lambda route: route.continue_() if released else held.append(route))
    page.locator("#map-canvas").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#result .skeleton")).to_be_visible()
    released.append(True)  # what is asked from now on is answered
    for route in held:
        route.continue_()
    expect(page.locator("#result .skeleton")).to_be_hidden()


def test_page_without_an_edition_says_what_to_do(open_page: OpenPage, live_server: str, browser: Any) -> None:  # noqa: F811
    page = browser.new_page()
    page.route("**/api/layers*", lambda route: route.fulfill(status=503, json={"error": {"code": "no_edition", "message_zh": "还没有发布任何版次", "message_en": "nothing is published", "field": None}}))
    page.goto(live_server)
    expect(page.locator(".no-atlas")).to_contain_text("还没有发布任何版次")
    expect(page.locator(".no-atlas button")).to_be_visible()
    page.close()


def test_sheet_of_a_phone_has_three_stops(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(f"{at(known_source)}&f={known_source['layer']}/{known_source['id']}", size=PHONE, has_touch=True)
    panel = page.locator("#result")
    expect(panel).to_be_visible()
    heights = {}
    for _ in range(3):
        box = panel.bounding_box()
        assert box
        heights[panel.get_attribute("data-stop")] = round(box["height"])
        status = page.locator("#status").bounding_box()
        assert status and box["y"] + box["height"] <= status["y"] + 1, "the line with the data's date is covered"
        page.locator("#result-stop").click()
    assert set(heights) == {"low", "half", "full"}
    assert heights["low"] == 88 and heights["low"] < heights["half"] < heights["full"]
    assert re.search(r"v=16", page.url) or query_of(page)
