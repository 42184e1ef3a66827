"""The map page's tools in a real browser: legend filters, presets, order, table, comparison, measuring, sharing, grounds."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import (
    DESKTOP,
    PHONE,
    TABLET,
    OpenPage,
    answer,
    at,
    query_of,
    wait_for_address,
    wait_for_map,
)


def rated_layer(server: str) -> dict[str, Any]:
    """The layer of symbols whose legend tells the five levels."""
    layers = answer(server, "/api/layers")["layers"]
    found: dict[str, Any] = next(layer for layer in layers if layer["visible"] and layer["legend"] and any(f["name"] == "source_layer" for f in layer["fields"])
                                 and any(f["name"] == "level" for f in layer["fields"]))  # fmt: skip
    return found


def test_class_of_the_legend_filters_map_address_and_table_alike(open_page: OpenPage, live_server: str, faults: list[str]) -> None:
    layer = rated_layer(live_server)
    page = open_page()
    page.locator(f'[data-class="{layer["id"]}#0"]').click(modifiers=["Shift"])
    wait_for_address(page, f"flt={layer['id']}.level:red")
    expect(page.locator(f'[data-count="{layer["id"]}#1"]')).to_have_text("")
    expect(page.locator(f'[data-count="{layer["id"]}#0"]')).to_have_text(re.compile("[1-9]"))
    page.locator("#table-toggle").click()
    page.locator("#table-layer").select_option(layer["id"])
    told = answer(live_server, f"/api/tables/{layer['id']}", flt=f"{layer['id']}.level:red")
    expect(page.locator(".table-count")).to_contain_text(str(told["n_found"]))
    page.locator("#table-clear").click()
    page.wait_for_function("() => !location.search.includes('flt=')")
    assert faults == []


def test_legend_lists_what_is_in_view_and_the_rest_when_asked(open_page: OpenPage, known_source: dict[str, Any], live_server: str) -> None:
    layer = rated_layer(live_server)
    page = open_page(at(known_source, 17))
    rows = page.locator(f'[data-classes="{layer["id"]}"] .class-row:visible')
    whole = page.locator(f'[data-whole="{layer["id"]}"]')
    expect(whole).to_contain_text("类不在视野内")
    expect(page.locator(f'[data-classes="{layer["id"]}"] .class-row:visible', has_text=re.compile("0$"))).to_have_count(0)
    whole.click()
    expect(rows).to_have_count(sum("filter" in entry for entry in layer["legend"]))
    expect(whole).to_be_focused()
    whole.click()
    expect(rows.first).to_be_visible()
    expect(page.locator(f'[data-classes="{layer["id"]}"] .class-row.is-absent').first).to_be_hidden()


def test_address_brings_back_layers_order_filter_ground_and_table(open_page: OpenPage, live_server: str) -> None:
    layer = rated_layer(live_server)
    page = open_page(f"?l=towns,{layer['id']}:60,roads&bg=dark&flt={layer['id']}.level:red,orange&t={layer['id']}&hx=1")
    expect(page.locator("html")).to_have_attribute("data-ground", "dark")
    expect(page.locator(f"#layer-{layer['id']}")).to_be_checked()
    assert page.locator('[id^="layer-"]:checked').evaluate_all("all => all.map(node => node.id)") == [f"layer-{layer['id']}"]
    off = page.locator(f'[data-class^="{layer["id"]}#"][aria-pressed="false"]')
    expect(off).to_have_count(3)
    expect(page.locator("#table-rows .grid-row").first).to_be_visible()
    page.locator(f'[data-layer="{layer["id"]}"] .icon-button').click()
    expect(page.locator(f"#opacity-{layer['id']}")).to_have_value("60")


def test_layer_moves_up_by_a_button_and_the_address_keeps_it(open_page: OpenPage, live_server: str) -> None:
    layer = rated_layer(live_server)
    page = open_page()
    page.locator(f'[data-layer="{layer["id"]}"] .icon-button').click()
    page.locator(f'[data-focus="move_down-{layer["id"]}"]').click()
    wait_for_address(page, "l=")
    order = query_of(page)["l"].split(",")
    assert order.index(layer["id"]) == len(order) - 2
    expect(page.locator(f'[data-focus="move_down-{layer["id"]}"]')).to_be_focused()


def test_preset_shows_its_layers_and_an_own_one_is_kept(open_page: OpenPage, live_server: str, faults: list[str]) -> None:
    presets = {preset["id"]: preset for preset in answer(live_server, "/api/layers")["presets"]}
    page = open_page()
    page.locator("#preset").select_option("pipelines")
    wait_for_address(page, "l=")
    assert {part.split(":")[0] for part in query_of(page)["l"].split(",")} == {part.split(":")[0] for part in presets["pipelines"]["layers"]}
    page.locator(".own-presets summary").click()
    page.locator("#preset-name").fill("我的管道")
    page.locator(".preset-form button").click()
    page.locator("#preset").select_option("four_colours")
    page.wait_for_function("() => !location.search.includes('l=')")
    page.locator("#preset").select_option("own:我的管道")
    wait_for_address(page, "l=")
    page.locator("#preset").select_option("blank")
    wait_for_address(page, "bg=blank")
    assert faults == []


def test_table_of_thousands_of_rows_scrolls_sorts_and_opens(open_page: OpenPage, live_server: str, faults: list[str]) -> None:
    page = open_page("?t=enterprises")
    expect(page.locator("#table-rows .grid-row").first).to_be_visible()
    assert page.locator("#table-rows .grid-row").count() < 80
    page.locator("#sort-level").click()
    expect(page.locator("th[aria-sort='ascending']")).to_have_count(1)
    expect(page.locator("#table-rows .grid-row").first).to_contain_text("重大")
    total = answer(live_server, "/api/tables/enterprises", limit=1)["n_total"]
    page.locator("#table-scroll").evaluate("node => { node.scrollTop = node.scrollHeight; }")
    last = page.locator(f'#table-rows .grid-row[aria-rowindex="{total}"]:not(.is-waiting)')
    expect(last).to_be_visible()
    page.locator("#table-scroll").evaluate("node => { node.scrollTop = 0; }")
    row = page.locator('#table-rows .grid-row[data-id][aria-rowindex="1"]')
    name = row.locator("button").inner_text()
    row.locator("button").click()
    wait_for_address(page, "f=enterprises")
    expect(page.locator("#result")).to_contain_text(name)
    expect(page.locator('#table-rows [aria-selected="true"]')).to_have_count(1)
    assert faults == []


def test_choice_on_the_map_is_brought_into_sight_in_the_table(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(f"?t={known_source['layer']}&f={known_source['layer']}/{known_source['id']}")
    expect(page.locator(f'#table-rows [data-id="{known_source["id"]}"][aria-selected="true"]')).to_be_visible()


def test_column_filter_narrows_map_and_table_and_the_workbook(open_page: OpenPage, live_server: str) -> None:
    page = open_page("?t=enterprises")
    page.locator("#filter-level").click()
    for code in ("yellow", "blue", "unrated"):
        page.locator(f'#table-filter input[value="{code}"]').uncheck()
    page.locator("#table-filter .primary").click()
    wait_for_address(page, "flt=enterprises.level:red,orange")
    told = answer(live_server, "/api/tables/enterprises", flt="enterprises.level:red,orange")
    expect(page.locator(".table-count")).to_contain_text(f"{told['n_found']:,}")
    with page.expect_download() as download:
        page.locator("#table-export").click()
    sheet = openpyxl.load_workbook(BytesIO(Path(download.value.path()).read_bytes())).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    head = next(i for i, row in enumerate(rows) if row[0] == "编号")
    assert len(rows) - head - 1 == told["n_found"]
    assert any("筛选" in str(row[0]) for row in rows[:head])


def test_table_of_what_is_in_view_follows_the_map(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(f"{at(known_source, 15)}&t={known_source['layer']}")
    page.locator("#table-in-view").check()
    expect(page.locator(".table-count")).to_contain_text("共")
    few = page.locator(".table-count").inner_text()
    page.locator(".tool-home_extent").click()
    expect(page.locator(".table-count")).not_to_have_text(few)


def test_comparison_swipes_by_keys_stands_in_the_address_and_ends(open_page: OpenPage, live_server: str, faults: list[str]) -> None:
    fake_two_editions(page := open_page("?lang=zh"), live_server)
    page.reload()
    wait_for_map(page)
    page.locator(".tool-compare_previous").click()
    handle = page.locator("#swipe")
    expect(handle).to_have_attribute("aria-valuenow", "50")
    box = handle.bounding_box()
    assert box and box["width"] >= 24
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect(handle).to_have_attribute("aria-valuenow", "52")
    wait_for_address(page, "sw=52")
    assert query_of(page)["cmp"] == "2026Q0"
    expect(page.locator("#compare-left")).to_contain_text("2026Q0")
    page.locator('[data-mode="side"]').click()
    wait_for_address(page, "sw=side")
    expect(handle).to_be_hidden()
    page.locator('[data-mode="blink"]').click()
    wait_for_address(page, "sw=blink")
    page.locator("#compare-close").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".tool-compare_previous")).to_be_focused()
    page.wait_for_function("() => !location.search.includes('cmp=')")
    expect(page.locator("#compare")).to_be_hidden()


@pytest.mark.parametrize(("size", "lang"), [(TABLET, "en"), (PHONE, "en"), (DESKTOP, "zh")], ids=["tablet", "phone", "desktop"])
def test_buttons_of_a_comparison_lie_below_the_tools_and_beside_the_panel(open_page: OpenPage, live_server: str, size: dict[str, int], lang: str) -> None:
    fake_two_editions(page := open_page(f"?lang={lang}", size=size), live_server)
    page.reload()
    wait_for_map(page)
    page.locator(".tool-compare_previous").click()
    expect(page.locator("#compare-close")).to_be_visible()
    expect(page.locator("#result")).to_be_visible()
    page.wait_for_function("() => document.getElementById('compare').getBoundingClientRect().top >= document.getElementById('toolbar').getBoundingClientRect().bottom")
    panel = page.locator("#result").bounding_box()
    assert panel
    expect(page.locator(".tool-measure")).to_be_visible(visible=size != PHONE)
    if size == TABLET:
        frame = page.locator("#map-frame").bounding_box()
        assert frame and frame["x"] + frame["width"] <= panel["x"] + 1, "part of the comparison lies beneath the panel"
        page.wait_for_function("() => document.querySelector('#map canvas').clientWidth === document.getElementById('map').clientWidth")
    for part in page.locator("#compare button, #compare strong").all():
        room = part.bounding_box()
        assert room and room["x"] >= 0 and (room["x"] + room["width"] <= panel["x"] or room["y"] + room["height"] <= panel["y"])


def test_editions_of_one_label_are_told_apart_by_their_number(open_page: OpenPage, live_server: str) -> None:
    label = answer(live_server, "/api/layers")["edition"]["label"]
    fake_two_editions(page := open_page("?lang=en"), live_server, label=label)
    page.reload()
    wait_for_map(page)
    names = page.locator("#edition option").all_inner_texts()
    assert len(set(names)) == 2 and f"{label} (0)" in names
    page.locator(".tool-compare_previous").click()
    expect(page.locator("#compare-left")).to_contain_text(f"{label} (0)")
    wait_for_address(page, "cmp=0")


def fake_two_editions(page: Page, server: str, label: str = "2026Q0") -> None:
    """The edition served stands as two: what is compared is the page's part, not the data."""

    def catalog(route: Route) -> None:
        told = answer(server, "/api/layers")
        told["editions"] = [told["edition"], told["edition"] | {"edition": 0, "label": label, "is_newest": False}]
        route.fulfill(json=told)

    report = {"from": {"edition": 0, "label": "2026Q0", "data_as_of": None}, "to": {"edition": 1, "label": "2026Q1", "data_as_of": None}, "n_zones": 0, "area_m2": 0,
              "pairs": [], "causes": [], "zones": [], "is_same_rules": True, "remainder_m2": 0}  # fmt: skip
    page.route("**/api/layers*", catalog)
    page.route("**/api/changes*", lambda route: route.fulfill(json=report))
    page.route("**/tiles/0/**", lambda route: route.fulfill(status=204))


@pytest.mark.parametrize(("size", "lang"), [(TABLET, "en"), (PHONE, "en"), (DESKTOP, "zh")], ids=["tablet", "phone", "desktop"])
def test_what_a_tool_shows_lies_below_the_buttons_and_beside_the_panel(open_page: OpenPage, size: dict[str, int], lang: str) -> None:
    page = open_page(f"?lang={lang}", size=size)
    page.locator(".tool-measure").click()
    strip, buttons = page.locator("#measure"), page.locator("#toolbar")
    expect(strip).to_be_visible()
    page.wait_for_function("() => document.getElementById('measure').getBoundingClientRect().top >= document.getElementById('toolbar').getBoundingClientRect().bottom")
    room = strip.bounding_box()
    assert room and buttons.bounding_box()
    panel = page.locator("#result").bounding_box()
    if panel and panel["y"] <= room["y"]:
        assert room["x"] >= 0 and room["x"] + room["width"] <= panel["x"]


def test_measures_stay_as_notes_until_they_are_removed(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page()
    page.locator(".tool-measure").click()
    page.locator("#map-canvas").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    wait_for_map(page)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Enter")
    notes = page.locator(".measure-notes li")
    expect(notes).to_have_count(1)
    expect(notes.first).to_contain_text(re.compile(r"^\(1\) \d+(\.\d)? (m|km)"))
    page.locator('[data-kind="place"]').click()
    page.locator("#map-canvas").focus()
    page.keyboard.press("Enter")
    expect(notes).to_have_count(2)
    expect(notes.nth(1)).to_contain_text("CGCS2000")
    notes.first.locator("button").click()
    expect(notes).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#measure")).to_be_hidden()
    assert faults == []


def test_shared_link_opens_the_same_view_with_or_without_the_choice(open_page: OpenPage, known_source: dict[str, Any], live_server: str, faults: list[str]) -> None:
    page = open_page(f"{at(known_source)}&f={known_source['layer']}/{known_source['id']}")
    expect(page.locator("#result")).to_contain_text(known_source["label"])
    page.locator(".tool-share").click()
    expect(page.locator("#share-address")).to_have_value(re.compile("f="))
    page.locator("#share-selection").uncheck()
    expect(page.locator("#share-address")).not_to_have_value(re.compile("f="))
    page.locator("#share-short").click()
    expect(page.locator(".qr")).to_be_visible()
    assert page.locator(".qr").evaluate("node => node.decode().then(() => node.naturalWidth > 20)")
    assert len(set(page.locator(".short-link, .status a").evaluate_all("all => all.map(node => getComputedStyle(node).color)"))) == 1
    path = page.locator(".short-link").get_attribute("href")
    page.goto(f"{live_server}{path}")
    wait_for_map(page)
    assert query_of(page)["v"].startswith("16")
    assert faults == []


def test_coordinates_ask_for_their_datum_and_are_never_taken_unasked(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page()
    page.locator("#search").fill(f"{known_source['lon']:.5f}, {known_source['lat']:.5f}")
    expect(page.locator("#search-hits")).to_contain_text("请选择这组数字的坐标系")
    page.keyboard.press("Enter")
    expect(page.locator("#search-hits")).to_be_visible()
    assert not {"at", "f"} & set(query_of(page))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    wait_for_address(page, "at=")
    lon, lat = map(float, query_of(page)["at"].split(","))
    assert abs(lon - known_source["lon"]) < 1e-4 and abs(lat - known_source["lat"]) < 1e-4


def test_ground_changes_without_losing_anything(open_page: OpenPage, known_source: dict[str, Any], faults: list[str]) -> None:
    page = open_page(f"{at(known_source)}&f={known_source['layer']}/{known_source['id']}")
    expect(page.locator("#result")).to_contain_text(known_source["label"])
    page.locator(".appearance summary").click()
    page.locator("#ground").select_option("dark")
    wait_for_address(page, "bg=dark")
    expect(page.locator(".panel-left")).to_have_css("background-color", "rgb(35, 41, 47)")
    expect(page.locator("#result")).to_contain_text(known_source["label"])
    page.locator(".appearance summary").click()
    page.locator("#text-size").select_option("200")
    wait_for_map(page)
    assert faults == []


def test_list_of_keys_opens_by_its_key_and_switches_single_keys_off(open_page: OpenPage) -> None:
    page = open_page()
    page.locator("#map-canvas").focus()
    page.keyboard.press("?")
    expect(page.locator("#result-title")).to_have_text("按键清单")
    page.locator("#single-keys").uncheck()
    page.locator("#map-canvas").focus()
    page.keyboard.press("/")
    expect(page.locator("#search")).not_to_be_focused()


def test_everything_in_view_can_be_listed_and_opened_by_keys(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    page.locator("#map-canvas").focus()
    page.keyboard.press("l")
    expect(page.locator("#result-title")).to_have_text("列表")
    page.locator("#result .hit-button").first.press("Enter")
    wait_for_address(page, "f=")


def test_f6_goes_round_the_regions(open_page: OpenPage) -> None:
    page = open_page()
    seen = set()
    for _ in range(6):
        page.keyboard.press("F6")
        seen.add(page.evaluate("document.activeElement.id"))
    assert {"search", "layers-title", "map-canvas", "table-toggle"} <= seen


def test_tools_fit_a_phone(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("?t=enterprises", size=PHONE, has_touch=True)
    expect(page.locator("#table-rows .grid-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small = page.locator("#table-bar button, #table-bar select, .tool").evaluate_all("all => all.filter(n => n.offsetParent && n.getBoundingClientRect().height < 24).map(n => n.outerHTML)")
    assert small == []
    assert faults == []
