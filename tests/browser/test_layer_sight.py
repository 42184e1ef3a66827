"""Layers shown and hidden, classes filtered: the picture is that of a map that never knew another, and tiles are made anew only where it needs them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.pages import OpenPage, wait_for_map
from tests.browser.test_map_page_tools import fake_two_editions

TOLD = """
window.told = [];
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...others) {
  window.told.push(`${message?.type} ${message?.data?.source ?? ""}`);
  return post.call(this, message, ...others);
};
"""
"""Notes what the map's worker is asked for: LT a tile, RT a tile anew."""
PICTURE = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { gl } = map.painter.context;
  const draw = async () => {
    while (!map.loaded()) await new Promise((rest) => map.once("render", rest));
    map.redraw();
    const pixels = new Uint8Array(4 * gl.drawingBufferWidth * gl.drawingBufferHeight);
    gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
    return [...new Uint8Array(await crypto.subtle.digest("SHA-256", pixels))].join(" ");
  };
  for (let drawn = await draw(), before = ""; ; before = drawn, drawn = await draw()) {
    if (drawn === before) return drawn;
    await new Promise((rest) => setTimeout(rest, 100));
  }
}"""
"""A picture of the map at rest: labels still fade in after everything is loaded."""
PAINTED = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const paint = Object.getPrototypeOf(map.painter).render;
  window.painted = [];
  document.addEventListener("click", (event) => { window.clicked = event.timeStamp; }, { once: true, capture: true });
  Object.getPrototypeOf(map.painter).render = function (...frame) {
    window.painted.push([map.loaded(), performance.now() - window.clicked]);
    return paint.apply(this, frame);
  };
}"""
"""Notes of every frame that is painted after a click whether the map held all that was asked for, and how long after."""
MOST_STILL_MS = 400
STYLES = """async () => {
  const { view } = await import(document.getElementById("page-script").src);
  const views = view.maps().map((map) => JSON.stringify(map.getStyle().layers.filter((one) => one.metadata?.["atlas:layer"])
    .map(({ id, filter, layout }) => [id, filter, { visibility: layout?.visibility ?? "visible" }]).sort()));
  return RETURN;
}"""
"""What each map shows, and of what."""
LOSE = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const lost = map.painter.context.gl.getExtension("WEBGL_lose_context");
  const isBack = new Promise((seen) => map.once("webglcontextrestored", seen));
  lost.loseContext();
  await new Promise((rest) => setTimeout(rest, 300));
  lost.restoreContext();
  await isBack;
}"""
NO_FILTER = """async () => {
  const { layers } = await import(document.getElementById("page-script").src);
  const catalog = await (await fetch("/api/layers")).json();
  layers.setLayerFilter(catalog.layers.find((one) => one.id === "risk_points"), []);
}"""
FIRST_CLASS = '.class-row:not(.is-absent) [data-class^="risk_points#"]'


@pytest.fixture
def page(new_page: OpenPage, live_server: str) -> Page:
    page = new_page(live_server)
    page.add_init_script(TOLD)
    page.goto(live_server)
    wait_for_map(page)
    return page


def picture(page: Page) -> str:
    wait_for_map(page)
    return str(page.evaluate(PICTURE))


def test_layer_is_hidden_and_shown_without_a_tile_made_anew(page: Page) -> None:
    before = picture(page)
    page.evaluate("window.told = []")
    page.locator("#layer-risk_points").uncheck()
    hidden = picture(page)
    page.locator("#layer-risk_points").check()
    assert picture(page) == before != hidden
    assert not [one for one in page.evaluate("window.told") if one.startswith(("LT", "RT"))]


def test_layer_that_is_first_shown_later_has_its_tiles_made(page: Page) -> None:
    box = page.locator("#layer-town_ratings")
    before = picture(page)
    page.evaluate("window.told = []")
    box.check()
    shown = picture(page)
    assert any(one.startswith("LT") and "town_ratings" in one for one in page.evaluate("window.told"))
    box.uncheck()
    assert picture(page) == before
    box.check()
    assert picture(page) == shown


def test_layer_that_is_filtered_while_it_is_hidden_is_right_when_it_is_shown(page: Page) -> None:
    whole = picture(page)
    page.locator(FIRST_CLASS).first.click()
    assert picture(page) != whole
    page.locator("#layer-risk_points").uncheck()
    picture(page)
    page.evaluate(NO_FILTER)
    picture(page)
    page.locator("#layer-risk_points").check()
    assert picture(page) == whole


def test_filter_is_painted_once_it_is_whole(page: Page) -> None:
    picture(page)
    page.evaluate(PAINTED)
    page.locator(FIRST_CLASS).first.click()
    picture(page)
    is_whole, after_ms = page.evaluate("window.painted.find(([, ms]) => ms > 0)")
    assert is_whole or after_ms >= MOST_STILL_MS, "a frame that shows nothing new"


def test_both_maps_of_a_comparison_show_and_filter_alike(page: Page, live_server: str) -> None:
    fake_two_editions(page, live_server)
    page.reload()
    wait_for_map(page)
    page.locator(".tool-compare_previous").click()
    page.wait_for_function(f"async () => ({STYLES.replace('RETURN', 'views.length === 2')})()")
    page.locator(FIRST_CLASS).first.click()
    page.locator("#layer-risk_zones").uncheck()
    page.locator("#layer-pipelines").uncheck()
    page.wait_for_function(f"async () => ({STYLES.replace('RETURN', 'views[0] === views[1]')})()")
    picture(page)
    mine, other = page.evaluate(STYLES.replace("RETURN", "views"))
    assert mine == other and '"visibility":"none"' in mine


def test_map_that_loses_its_graphics_comes_back_as_it_was(page: Page) -> None:
    picture(page)
    page.locator("#layer-risk_points").uncheck()
    hidden = picture(page)
    page.evaluate(LOSE)
    page.wait_for_function(f"async () => (await ({PICTURE})()) === {hidden!r}", timeout=30_000)
    page.locator("#layer-risk_points").check()
    assert picture(page) != hidden


def test_switching_a_layer_leaves_the_rest_of_the_tree_as_it_was(page: Page) -> None:
    page.locator(".own-presets summary").click()
    page.locator("#preset-name").fill("夜班")
    page.locator("#layer-risk_points").uncheck()
    assert page.locator("#preset-name").input_value() == "夜班" and page.locator("#preset-name").is_visible()
    assert page.evaluate("document.activeElement.id") == "layer-risk_points"
    assert page.locator("#preset").input_value() == "", "no preset is shown now"
    page.locator("#layer-risk_points").check()
    assert page.locator("#preset").input_value() != ""
