"""The map as it was last drawn stands at once on the next visit, and the view is where it was left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.pages import (
    DESKTOP,
    OpenPage,
    at,
    pixels,
    query_of,
    wait_for_map,
)

BARE = slice(70, 700)
"""Rows of the map that no button and no scale cover."""
KEPT = "() => localStorage.getItem('atlas-picture-of')"


@pytest.fixture
def visited(new_page: OpenPage, live_server: str) -> Page:
    """The map page of a browser that keeps a picture of it."""
    page = new_page(live_server, DESKTOP)
    page.goto(live_server)
    wait_for_map(page)
    wait_for_picture(page)
    return page


def wait_for_picture(page: Page, after: str | None = None) -> None:
    """Until a picture is kept that is another than one before."""
    page.evaluate("""before => new Promise((done) => {
      const look = () => { const now = localStorage.getItem('atlas-picture-of'); if (now && now !== before) done(now); else setTimeout(look, 50); };
      look();
    })""", after)


def hold_tiles(context: BrowserContext, held: list[Route]) -> None:
    """Lets the tiles of the map wait."""
    context.route("**/tiles/**", lambda route: held.append(route))  # the library cannot wrap a method of a list


def let_go(context: BrowserContext, held: list[Route]) -> None:
    """Lets what waits go on, and what comes later."""
    for route in held:
        route.continue_()
    context.unroute("**/tiles/**")


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_second_visit_shows_the_map_while_its_tiles_are_awaited(visited: Page, live_server: str) -> None:
    live = pixels(visited, "#map-canvas")
    held: list[Route] = []
    hold_tiles(visited.context, held)
    visited.goto(live_server)
    visited.wait_for_selector("html[data-map-picture-ms]", state="attached")
    assert visited.get_attribute("html", "data-map-painted-ms") is None
    kept = pixels(visited, ".kept-picture img")
    assert kept.shape == live.shape and np.array_equal(kept[BARE], live[BARE])
    assert visited.get_attribute(".kept-picture", "aria-hidden") == "true"
    let_go(visited.context, held)
    wait_for_map(visited)
    expect(visited.locator(".kept-picture")).to_have_count(0)
    assert np.array_equal(pixels(visited, "#map-canvas")[BARE], live[BARE])


def test_click_upon_the_picture_is_answered_for_its_place(new_page: OpenPage, live_server: str, known_source: dict[str, Any]) -> None:
    page = new_page(live_server, DESKTOP)
    page.goto(f"{live_server}/{at(known_source)}")
    wait_for_map(page)
    wait_for_picture(page)
    held: list[Route] = []
    hold_tiles(page.context, held)
    page.goto(f"{live_server}/{at(known_source)}")
    page.wait_for_selector("html[data-map-picture-ms]", state="attached")
    expect(page.locator("#result-title")).not_to_be_empty()
    box = page.locator(".kept-picture").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "f=" not in page.url
    let_go(page.context, held)
    expect(page.locator("#result-body")).to_contain_text(str(known_source["label"]))


def test_map_of_another_size_than_it_will_have_again_is_not_kept(visited: Page) -> None:
    before = visited.evaluate(KEPT)
    visited.locator("#result-close").click()
    visited.locator("#map-canvas").focus()
    visited.keyboard.press("+")
    wait_for_map(visited)
    visited.wait_for_timeout(1800)  # longer than the map rests before it is kept
    assert visited.evaluate(KEPT) == before


def test_picture_gives_way_to_what_went_wrong(visited: Page, live_server: str) -> None:
    visited.context.route("**/api/layers*", lambda route: route.fulfill(status=500, body="{}"))
    visited.goto(live_server)
    expect(visited.locator(".no-atlas")).to_be_visible()
    expect(visited.locator(".kept-picture")).to_have_count(0)
    visited.locator(".no-atlas button").click(trial=True)


@pytest.mark.parametrize("query", ["?lang=en", "?bg=dark", "?l=towns", "?pol=grid_max", "?v=12/30.1/120.2", "?ed=1"])
def test_what_was_drawn_otherwise_is_not_shown(visited: Page, live_server: str, query: str) -> None:
    hold_tiles(visited.context, [])
    visited.goto(f"{live_server}/{query}")
    visited.wait_for_selector("#tree .tree-row, #tree input", state="attached")
    expect(visited.locator(".kept-picture")).to_have_count(0)


def test_another_window_or_the_rights_of_another_show_no_picture(visited: Page, live_server: str) -> None:
    hold_tiles(visited.context, [])
    visited.set_viewport_size({"width": 1280, "height": 800})
    visited.goto(live_server)
    visited.wait_for_selector("#tree input", state="attached")
    expect(visited.locator(".kept-picture")).to_have_count(0)
    visited.set_viewport_size(DESKTOP)
    visited.context.route(live_server + "/", lambda route: route.fulfill(body=route.fetch().text().replace("/all/", "/limited/")))
    visited.goto(live_server)
    visited.wait_for_selector("#tree input", state="attached")
    expect(visited.locator(".kept-picture")).to_have_count(0)


def test_map_is_where_it_was_left(visited: Page, live_server: str) -> None:
    before = str(visited.evaluate(KEPT))
    visited.locator("#map-canvas").focus()
    visited.keyboard.press("+")
    wait_for_map(visited)
    wait_for_picture(visited, before)
    left = query_of(visited)["v"]
    visited.goto(live_server)
    visited.wait_for_selector("html[data-map-picture-ms]", state="attached")
    wait_for_map(visited)
    visited.wait_for_url(lambda url: "v=" in url)
    assert query_of(visited)["v"] == left


def test_view_far_from_the_area_is_not_begun_with(visited: Page, live_server: str) -> None:
    visited.evaluate("() => localStorage.setItem('atlas-view', '9.000000/10.00000000/20.00000000')")
    visited.goto(live_server)
    wait_for_map(visited)
    assert visited.evaluate("() => localStorage.getItem('atlas-view')") is None
    assert "v=" not in visited.url


def test_drawing_of_a_tool_is_not_kept(visited: Page) -> None:
    before = visited.evaluate(KEPT)
    visited.get_by_role("button", name="测量").click()
    visited.locator("#map-canvas").focus()
    visited.keyboard.press("+")
    wait_for_map(visited)
    visited.wait_for_timeout(1800)  # longer than the map rests before it is kept
    assert visited.evaluate(KEPT) == before
