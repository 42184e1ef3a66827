"""The pages of a siting case in a real browser: every way to give a site, what cannot be finished and why, what snaps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import DESKTOP, PHONE, OpenPage, answer, broken_rules, chinese_words, wait_for_map

SIDE_PX = 50


@pytest.fixture(scope="module")
def middle(live_server: str) -> tuple[float, float]:
    """Longitude and latitude of the middle of a park, the first."""
    park = answer(live_server, "/api/search", q="园区", limit=5)["results"][0]
    return park["lon"], park["lat"]


@pytest.fixture
def open_page(new_page: OpenPage, live_server: str, pictures: None) -> OpenPage:
    """Opens a new case, at its first step; a screenshot of the last state is kept."""

    def opened(size: dict[str, int] | None = None, choices: dict[str, Any] | None = None, **options: Any) -> Page:
        page = new_page(live_server, size, **options)
        if choices:
            page.route("**/api/site-checks/choices*", lambda route: more_choices(route, choices))
        page.goto(f"{live_server}/siting/new")
        page.wait_for_selector("#place")
        wait_for_map(page)
        return page

    return opened


def more_choices(route: Route, choices: dict[str, Any]) -> None:
    route.fulfill(json=route.fetch().json() | choices)


def go_to(page: Page, middle: tuple[float, float]) -> tuple[float, float]:
    """Type coordinates and go there; the pixel of the map's middle."""
    page.fill("#place", f"{middle[0]:.6f},{middle[1]:.6f}")
    page.keyboard.press("Enter")
    page.locator("#places button").first.wait_for()
    if page.locator("#places button").count() > 1:
        page.locator("#places button").first.click()
    expect(page.locator("#map-canvas")).to_be_focused()
    wait_for_map(page)
    box = page.locator("#map-canvas").bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def finish(page: Page) -> Any:
    return page.locator("#tool-strip .primary")


def test_site_cannot_be_finished_before_it_is_one_and_says_why(open_page: OpenPage, middle: tuple[float, float]) -> None:
    page = open_page()
    x, y = go_to(page, middle)
    page.click("#draw-polygon")
    expect(finish(page)).to_be_disabled()
    expect(page.locator("#tool-strip")).to_contain_text("至少三个点")
    for dx, dy in ((-1, -1), (1, 1), (1, -1), (-1, 1)):
        page.keyboard.down("Alt")
        page.mouse.click(x + SIDE_PX * dx, y + SIDE_PX * dy)
        page.keyboard.up("Alt")
    expect(finish(page)).to_be_disabled()
    expect(page.locator("#tool-strip")).to_contain_text("自相交")
    page.keyboard.press("Backspace")
    expect(finish(page)).to_be_enabled()
    expect(page.locator("#tool-strip")).to_contain_text("公顷")
    finish(page).click()
    expect(page.locator("section.part")).to_have_count(1)


def test_site_beyond_the_county_cannot_be_finished_and_no_parcels_are_offered_where_there_are_none(open_page: OpenPage, live_server: str) -> None:
    west, south = answer(live_server, "/api/layers")["area"]["home"][:2]
    page = open_page(choices={"parcel_layers": []})
    expect(page.locator("#pick-parcel")).to_have_count(0)
    x, y = go_to(page, (west - 0.01, south - 0.01))
    page.click("#draw-polygon")
    for dx, dy in ((-1, -1), (1, -1), (1, 1)):
        page.mouse.click(x + SIDE_PX * dx, y + SIDE_PX * dy)
    expect(page.locator("#tool-strip")).to_contain_text("辖区以外")
    expect(finish(page)).to_be_disabled()


def test_uploaded_site_becomes_a_part_and_another_file_is_refused_in_words(open_page: OpenPage, middle: tuple[float, float]) -> None:
    page = open_page()
    lon, lat = middle
    ring = [[lon, lat], [lon + 0.001, lat], [lon + 0.001, lat + 0.001], [lon, lat]]
    site = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    page.set_input_files("#site-file", {"name": "site.geojson", "mimeType": "application/geo+json", "buffer": json.dumps(site).encode()})
    expect(page.locator("section.part")).to_contain_text("公顷")
    page.set_input_files("#site-file", {"name": "site.geojson", "mimeType": "application/geo+json", "buffer": b"{"})
    expect(page.locator("#form-errors")).to_be_visible()
    expect(page.locator("section.part")).to_have_count(1)


def drawn_corners(page: Page, at: list[tuple[float, float]], key: str | None) -> list[list[float]]:
    """Corners as the draft keeps them, of clicks with a key held."""
    page.click("#draw-polygon")
    if key:
        page.keyboard.down(key)
    for x, y in at:
        page.mouse.click(x, y)
    if key:
        page.keyboard.up(key)
    with page.expect_response(lambda response: "/api/site-drafts/" in response.url and response.request.method == "PUT") as kept:
        finish(page).click()
    part = kept.value.request.post_data_json["form"]["parts"][-1]
    corners: list[list[float]] = part["geometry"]["coordinates"][0]
    return corners


def test_last_corner_snaps_to_the_first_within_twelve_pixels_but_not_with_alt(open_page: OpenPage, middle: tuple[float, float]) -> None:
    page = open_page()
    x, y = go_to(page, middle)
    at = [(x - 60, y - 60), (x + 60, y - 60), (x + 60, y + 60), (x - 55, y - 52)]
    snapped = drawn_corners(page, at, None)
    assert snapped[3] == pytest.approx(snapped[0], abs=1e-9)
    free = drawn_corners(page, at, "Alt")
    assert free[3] != pytest.approx(free[0], abs=1e-6)


def test_parcel_is_picked_as_the_site(open_page: OpenPage, live_server: str, middle: tuple[float, float]) -> None:
    layer = next(layer for layer in answer(live_server, "/api/layers")["layers"] if layer["id"] == "park_boundaries")
    page = open_page(choices={"parcel_layers": [layer["id"]]})
    x, y = go_to(page, middle)
    page.click("#pick-parcel")
    wait_for_map(page)
    page.mouse.click(x + 7, y + 7)
    expect(page.locator("section.part").first).to_contain_text("km²")
    expect(page.locator("#pick-parcel")).to_have_attribute("aria-pressed", "false")


def test_drawing_is_left_to_computers_and_a_magnified_window_is_one(open_page: OpenPage, faults: list[str]) -> None:
    magnified = open_page({"width": 720, "height": 450})
    expect(magnified.locator(".draw-tools").first).to_be_visible()
    expect(magnified.locator(".computer-only")).to_be_hidden()
    assert magnified.evaluate("document.documentElement.scrollWidth") <= 720
    phone = open_page(PHONE, has_touch=True, is_mobile=True)
    expect(phone.locator(".draw-tools").first).to_be_hidden()
    expect(phone.locator(".computer-only")).to_be_visible()
    assert faults == []


def test_project_step_says_what_is_missing_in_english_fits_and_meets_wcag(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page(bypass_csp=True)
    page.get_by_role("button", name="En", exact=True).click()
    page.click("#next-step")
    page.click("#next-step")
    page.click("#judge")
    expect(page.locator("#form-errors")).to_be_focused()
    expect(page.locator("#form-errors li")).to_have_count(2)
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert chinese_words(page, "#case, .steps") == []
    assert broken_rules(page) == []
    assert faults == []
