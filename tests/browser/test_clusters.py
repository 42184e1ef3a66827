"""Numbers of features on the map: they are what the legend counts, a click goes nearer, a filter draws singly."""

from __future__ import annotations

import math
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.app.vector_tile import places
from tests.browser.pages import OpenPage, answer, wait_for_map

LAYERS = "l=towns,risk_points"
RING_PX = 4
FIGURE_REACH = """async ([name, empty]) => {
  const [{ loadCatalog }, { picture }] = await Promise.all([import("/static/js/atlas.js"), import("/static/js/symbols.js")]);
  await loadCatalog(null);
  await document.fonts.load('700 12px "Atlas Sans SC Bold"');
  const [image, blank] = [name, empty].map((each) => picture(each, 4).image);
  let reach = 0, top = image.height, bottom = 0;
  for (let i = 0; i < image.data.length; i += 4) {
    if ([0, 1, 2, 3].every((k) => Math.abs(image.data[i + k] - blank.data[i + k]) < 64)) continue;
    const x = (i / 4) % image.width, y = Math.floor(i / 4 / image.width);
    reach = Math.max(reach, Math.hypot(x + 0.5 - image.width / 2, y + 0.5 - image.height / 2) / 4);
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  }
  return { reach, height: (bottom - top) / 4 };
}"""
"""How far a figure reaches from the middle of its disc, and how high it is, CSS pixels."""


@pytest.fixture(scope="module")
def middle(live_server: str) -> str:
    """The middle of the county as an address has it."""
    west, south, east, north = answer(live_server, "/api/layers")["area"]["home"]
    return f"{(south + north) / 2:.5f}/{(west + east) / 2:.5f}"


def test_legend_counts_what_is_drawn_and_what_is_gathered(open_page: OpenPage, live_server: str, middle: str, faults: list[str]) -> None:
    page = open_page(f"?v=9.6/{middle}&{LAYERS}")
    counts = [page.locator(f'[data-count="risk_points#{i}"]') for i in range(5)]
    for count, level in zip(counts, ("red", "orange", "yellow", "blue", "unrated"), strict=True):
        rows = answer(live_server, "/api/tables/risk_points", flt=f"risk_points.level:{level}", limit=1)
        expect(count).not_to_have_text("")
        shown = int(count.inner_text().replace(",", ""))
        assert 0 < shown <= rows["n_found"], level
    assert faults == []


def place_of_a_number(server: str, middle: str, zoom: int) -> str:
    """Where a number of features stands, as an address has it."""
    lat, lon = map(float, middle.split("/"))
    x, y = int((lon + 180) / 360 * 2**zoom), int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom)
    catalog = answer(server, "/api/layers")
    address = f"{server}/tiles/{catalog['edition']['edition']}/{catalog['view']}/risk_points/{zoom}/{x}/{y}.mvt"
    with urllib.request.urlopen(address, timeout=30) as tile:
        east, south = places(tile.read(), "risk_points_clusters")[0]
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + south) / 2**zoom))))
    return f"{lat:.5f}/{(x + east) / 2**zoom * 360 - 180:.5f}"


def test_number_under_the_crosshair_is_entered_by_key_and_by_click(open_page: OpenPage, live_server: str, middle: str) -> None:
    place = place_of_a_number(live_server, middle, 8)
    page = open_page(f"?v=8.2/{place}&l=risk_points")
    page.locator("#map-canvas").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: float(zoom_of(url)) > 9)
    page.goto(f"{live_server}/?v=8.2/{place}&l=risk_points")
    wait_for_map(page)
    box = page.locator("#map-canvas").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url(lambda url: float(zoom_of(url)) > 9)


def zoom_of(url: str) -> str:
    return urllib.parse.unquote(url).split("v=")[1].split("/")[0]


def test_filter_draws_what_it_leaves_singly(open_page: OpenPage, live_server: str, middle: str) -> None:
    wanted = answer(live_server, "/api/tables/risk_points", flt="risk_points.level:yellow", limit=1)["n_found"]
    page = open_page(f"?v=9.6/{middle}&{LAYERS}&flt=risk_points.level:yellow")
    page.locator("#map-canvas").focus()
    page.keyboard.press("l")
    part = page.locator("#result-body summary", has_text="(")
    expect(part.first).to_be_visible()
    assert page.locator("#result-body .notice").count() == 0
    assert 0 < int(part.first.inner_text().rsplit("(", 1)[1].rstrip(")")) <= wanted


def test_sheet_of_a_filtered_view_is_filtered_and_says_what_differs(open_page: OpenPage, middle: str) -> None:
    page = open_page(f"?v=9.6/{middle}&{LAYERS},buildings&flt=risk_points.level:red")
    with page.expect_request("**/api/sheets/check*") as asked:
        page.locator(".tool-sheet").click()
    assert asked.value.post_data_json["flt"] == "risk_points.level:red"
    expect(page.locator("#sheet-differs")).to_contain_text("与屏幕相同的筛选:风险点 风险等级=重大")
    expect(page.locator("#sheet-differs .differs")).to_contain_text("建筑物")
    with page.expect_request("**/api/sheets?*") as made:
        page.locator("#sheet-make").click()
    assert made.value.post_data_json["flt"] == "risk_points.level:red"


def test_page_of_sheets_takes_the_filter_of_its_address_and_lets_it_go(open_page: OpenPage, live_server: str, faults: list[str]) -> None:
    page = open_page(f"sheets?{LAYERS}&flt=risk_points.level:red;nothing.level:red")
    expect(page.locator("#sheet-filter")).to_contain_text("与屏幕相同的筛选:风险点 风险等级=重大")
    with page.expect_request("**/api/sheets?*") as made:
        page.locator("#sheet-preview").click()
    assert made.value.post_data_json["flt"] == "risk_points.level:red"
    with page.expect_request("**/api/sheets/check*") as asked:
        page.locator("#sheet-unfilter").click()
    assert asked.value.post_data_json["flt"] == ""
    expect(page.locator("#sheet-filter")).to_have_count(0)
    assert "flt" not in page.url
    assert faults == []


@pytest.mark.parametrize("n", [8, 88, 888, 8888, 88888])
def test_figure_of_any_length_is_twelve_pixels_high_type_within_its_ring(open_page: OpenPage, live_server: str, n: int) -> None:
    page = open_page(f"?{LAYERS}")
    [layer] = [each for each in answer(live_server, "/api/layers")["layers"] if each["id"] == "risk_points"]
    [style] = [each for each in layer["style"] if each["id"] == "risk_points-cluster"]
    _, (_, _, first, *steps) = style["layout"]["icon-image"][2]
    size = next((disc for least, disc in reversed(list(zip(steps[::2], steps[1::2], strict=True))) if n >= least), first)
    name = f"cluster?size={size}&level=blue&lang=zh&char="
    found = page.evaluate(FIGURE_REACH, [f"{name}{n}", name])
    assert found["reach"] <= size / 2 - RING_PX and found["height"] >= 8.5
