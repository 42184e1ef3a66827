"""On a first visit a picture that the server drew stands where the map will be, and the map takes its place without a jump."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from app import styles
from tests.browser.pages import (
    DESKTOP,
    PHONE,
    TABLET,
    OpenPage,
    pixels,
    wait_for_map,
)

SEEN = "html[data-map-picture-ms]"
PLACE_OF_MAP = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { left, top, width, height } = map.getCanvas().getBoundingClientRect();
  const { lng, lat } = map.getCenter();
  return { left, top, width, height, view: [map.getZoom().toFixed(3), lng.toFixed(5), lat.toFixed(5)] };
}"""
SOURCE_NEAR_THE_MIDDLE = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { width, height, left, top } = map.getContainer().getBoundingClientRect();
  const found = map.queryRenderedFeatures({ layers: ["risk_points-symbol"] }).map((one) => ({ id: one.properties.source_feature_id, ...map.project(one.geometry.coordinates) }));
  const alone = found.filter((one) => found.every((other) => other.id === one.id || Math.hypot(other.x - one.x, other.y - one.y) > 30));
  const [nearest] = alone.sort((a, b) => Math.hypot(a.x - width / 2, a.y - height / 2) - Math.hypot(b.x - width / 2, b.y - height / 2));
  return { id: nearest.id, x: nearest.x + left, y: nearest.y + top };
}"""
WIDE = {"width": 1920, "height": 969}
STRONG = 60
"""Colours that differ by more, of 255, are others for the eye."""
SAME, SOFT = 24, 70
"""Nearness to the colour of a level: the colour itself, and an edge that is softer where a picture is shown a little larger or smaller than drawn."""


DRAWN = """async () => {
  const frame = document.getElementById("map-frame");
  const offer = JSON.parse(frame.dataset.firstPicture);
  const { choice } = await import(document.querySelector('script[src*="first_picture"]').src.replace("first_", "served_"));
  const { step } = choice(offer, frame.getBoundingClientRect());
  while ((await fetch(`${offer.address}${step}.png`, { cache: "no-store" })).status !== 200) await new Promise((later) => setTimeout(later, 100));
}"""
"""Done when the server has drawn the picture of the window: while it draws another one there is none."""


@pytest.fixture
def drawn(new_page: OpenPage, live_server: str) -> Callable[..., None]:
    """Has the server draw the pictures of a window, with the panel of a first visit and without."""

    def done(size: dict[str, int], query: str = "") -> None:
        page = new_page(live_server, size)
        page.goto(f"{live_server}/{query}")
        wait_for_map(page)
        page.evaluate(DRAWN)
        if page.locator("#result-close").is_visible():
            page.locator("#result-close").click()
            page.evaluate(DRAWN)
        page.close()

    return done


@pytest.fixture
def asked() -> list[str]:
    """Addresses of the pictures that the page of `first_look` has asked for."""
    return []


@pytest.fixture
def first_look(new_page: OpenPage, live_server: str, asked: list[str]) -> Any:
    """Opens the map for the first time, in a browser to which no tile comes yet; gives the page and what lets tiles go."""

    def opened(size: dict[str, int], query: str = "") -> tuple[Page, Any]:
        page = new_page(live_server, size)
        page.on("request", lambda request: asked.append(request.url) if "/pictures/" in request.url else None)
        held: list[Route] = []
        page.context.route("**/tiles/**", lambda route: held.append(route))  # the library cannot wrap a method of a list
        page.goto(f"{live_server}/{query}")

        def let_go() -> None:
            for route in held:
                route.continue_()
            page.context.unroute("**/tiles/**")

        return page, let_go

    return opened


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(("size", "query"), [(DESKTOP, ""), (DESKTOP, "?lang=en"), (WIDE, ""), (TABLET, "?lang=en"), (PHONE, "")])
def test_picture_shows_what_the_map_shows_and_lies_where_the_map_lies(drawn: Any, first_look: Any, size: dict[str, int], query: str) -> None:
    drawn(size, query)
    page, let_go = first_look(size, query)
    page.wait_for_selector(SEEN, state="attached")
    expect(page.locator("#status a").first).to_be_visible()  # what stands around the map has taken its room
    expect(page.locator("#tree input").first).to_be_attached()
    page.wait_for_timeout(200)
    assert page.get_attribute("html", "data-map-painted-ms") is None
    place = json.loads(page.get_attribute(".served-picture", "data-place") or "{}")
    assert page.get_attribute(".served-picture", "aria-hidden") == "true"
    told = pixels(page, "#map-frame").astype(int)
    let_go()
    wait_for_map(page)
    expect(page.locator(".served-picture")).to_have_count(0)
    assert page.evaluate(PLACE_OF_MAP) == place
    live = pixels(page, "#map-frame").astype(int)
    assert told.shape == live.shape
    differs = np.abs(told - live).max(axis=-1) > STRONG
    assert differs.mean() < 0.035, "edges, and a name or two"
    for level in ("red", "orange", "yellow", "blue"):
        colour = np.array([int(styles.palette()["level"][level]["fill"][i : i + 2], 16) for i in (1, 3, 5)])
        told_of, live_of = (shades(one, colour, SAME) for one in (told, live))
        assert live_of.sum() > 20, f"{level} is seen at all"
        assert (grown(shades(told, colour, SOFT)) & live_of).sum() / live_of.sum() > 0.9, f"{level} stands where the map has it"
        assert (grown(shades(live, colour, SOFT)) & told_of).sum() / told_of.sum() > 0.9, f"{level} stands nowhere else"


def shades(picture: np.ndarray, colour: np.ndarray, within: int) -> np.ndarray:
    return np.abs(picture - colour).max(axis=-1) < within


def grown(mask: np.ndarray) -> np.ndarray:
    """A mask with what lies within two pixels of it: a picture shown a little larger than it was drawn has softer edges."""
    found = mask.copy()
    for down in range(-2, 3):
        for right in range(-2, 3):
            found |= np.roll(mask, (down, right), axis=(0, 1))
    return found


def test_click_upon_the_picture_is_answered_for_its_place(new_page: OpenPage, live_server: str, first_look: Any) -> None:
    page = new_page(live_server, DESKTOP)
    page.goto(live_server)
    wait_for_map(page)
    source = page.evaluate(SOURCE_NEAR_THE_MIDDLE)
    page.evaluate(DRAWN)
    page, let_go = first_look(DESKTOP)
    page.wait_for_selector(SEEN, state="attached")
    expect(page.locator("#result-title")).not_to_be_empty()
    page.mouse.click(source["x"], source["y"])
    assert "f=" not in page.url
    let_go()
    page.wait_for_function("id => decodeURIComponent(location.search).includes(id)", arg=source["id"])


def test_picture_that_comes_after_the_map_is_not_shown(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server, DESKTOP)
    held: list[Route] = []
    page.route("**/pictures/**", lambda route: held.append(route))
    page.goto(live_server, wait_until="commit")  # the picture is a part of what has loaded
    wait_for_map(page)
    assert held, "it was asked for"
    with page.expect_response("**/pictures/**"):
        for route in held:
            route.continue_()
    page.wait_for_timeout(300)
    expect(page.locator(".served-picture")).to_have_count(0)
    assert page.get_attribute("html", "data-map-picture-ms") is None


def test_map_comes_as_it_does_where_there_is_no_picture(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server, DESKTOP)
    page.route("**/pictures/**", lambda route: route.fulfill(status=204))
    page.goto(live_server)
    wait_for_map(page)
    assert page.get_attribute("html", "data-map-picture-ms") is None


def test_picture_gives_way_to_what_went_wrong(new_page: OpenPage, live_server: str, drawn: Any, faults: list[str]) -> None:
    drawn(DESKTOP)
    page = new_page(live_server, DESKTOP)
    held: list[Route] = []
    page.route("**/api/layers*", lambda route: held.append(route))
    page.goto(live_server)
    page.wait_for_selector(SEEN, state="attached")
    assert page.locator(".served-picture").count() == 1
    for route in held:
        route.fulfill(status=500, body="{}")
    expect(page.locator(".no-atlas")).to_be_visible()
    assert page.locator(".served-picture").count() == 0
    page.locator(".no-atlas button").click(trial=True)
    faults.clear()


def test_window_with_more_room_than_the_picture_has_none(first_look: Any) -> None:
    page, let_go = first_look({"width": 2700, "height": 700})
    page.wait_for_selector("#tree input", state="attached")
    page.wait_for_timeout(500)  # what comes meanwhile is too small
    assert page.locator(".served-picture").count() == 0
    let_go()
    wait_for_map(page)
    assert page.get_attribute("html", "data-map-picture-ms") is None


def test_picture_follows_its_window_and_forgets_a_click_upon_another_place(drawn: Any, first_look: Any) -> None:
    smaller = {"width": 1300, "height": 760}
    for size in (DESKTOP, smaller):
        drawn(size)
    page, _ = first_look(DESKTOP)
    page.wait_for_selector(SEEN, state="attached")
    expect(page.locator("#result-title")).not_to_be_empty()
    page.mouse.click(700, 500)
    assert page.get_attribute(".served-picture", "data-click")
    before = int(page.get_attribute(".served-picture", "data-step") or 0)
    page.set_viewport_size(smaller)
    page.wait_for_function(f"() => Number(document.querySelector('.served-picture')?.dataset.step ?? {before}) < {before}")
    assert page.get_attribute(".served-picture", "data-click") is None
    assert page.locator(".served-picture img").get_attribute("src") == page.evaluate(
        "() => JSON.parse(document.getElementById('map-frame').dataset.firstPicture).address + document.querySelector('.served-picture').dataset.step + '.png'"
    )


def test_picture_has_the_room_of_a_panel_that_is_closed_early(drawn: Any, first_look: Any) -> None:
    drawn(DESKTOP)
    page, _ = first_look(DESKTOP)
    page.wait_for_selector(SEEN, state="attached")
    page.locator("#result-close").click()
    page.wait_for_function("() => document.querySelector('.served-picture')?.clientWidth === document.getElementById('map-frame').clientWidth")
    assert page.locator("#map-frame").evaluate("frame => frame.clientWidth") == DESKTOP["width"] - 300


def test_picture_of_an_edition_that_another_has_followed_is_taken_away(new_page: OpenPage, live_server: str, drawn: Any) -> None:
    drawn(DESKTOP)
    page = new_page(live_server, DESKTOP)
    page.context.route("**/tiles/**", lambda route: None)
    page.route(live_server + "/", lambda route: route.fulfill(body=route.fetch().text().replace('data-shown="', 'data-shown="9')))
    held: list[Route] = []
    page.route("**/api/layers*", lambda route: held.append(route))
    page.goto(live_server)
    page.wait_for_selector(SEEN, state="attached")
    assert page.locator(".served-picture").count() == 1
    for route in held:
        route.continue_()
    page.wait_for_selector("#tree input", state="attached")
    assert page.locator(".served-picture").count() == 0


@pytest.mark.parametrize("query", ["?v=12/29.3/105.2", "?l=towns", "?bg=dark", "?ed=1", "?pol=grid_maximum_2026A", "?f=towns/1", "?t=enterprises", "?hx=1"])
def test_page_that_begins_otherwise_shows_none(first_look: Any, asked: list[str], query: str) -> None:
    page, _ = first_look(DESKTOP, query)
    page.wait_for_selector("#tree input", state="attached")
    assert not asked and page.locator(".served-picture").count() == 0


@pytest.mark.parametrize(("name", "value", "n_shown"), [
    ("atlas-hatch", "1", 0), ("atlas-hills", "1", 0), ("atlas-text-size", "150", 0), ("atlas-ground", "dark", 0),
    ("atlas-text-size", "100", 1), ("atlas-ground", "light", 1), ("atlas-closed-groups", "[]", 1), ("atlas-single-keys", "0", 1),
])  # fmt: skip
def test_choices_that_change_the_map_leave_the_picture_out(new_page: OpenPage, live_server: str, drawn: Any, name: str, value: str, n_shown: int) -> None:
    if n_shown:
        drawn(DESKTOP)
    page, asked = new_page(live_server, DESKTOP), []
    page.on("request", lambda request: asked.append(request.url) if "/pictures/" in request.url else None)
    page.add_init_script(f"localStorage.setItem({json.dumps(name)}, {json.dumps(value)})")
    page.context.route("**/tiles/**", lambda route: None)
    page.goto(live_server)
    page.wait_for_selector("#tree input", state="attached")
    if n_shown:
        page.wait_for_selector(SEEN, state="attached")
    assert page.locator(".served-picture").count() == n_shown == min(len(asked), 1)
