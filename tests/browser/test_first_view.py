"""What the first view of the map waits for, and what waits for it."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.pages import OpenPage, wait_for_map

NO_FRAMES = "window.requestAnimationFrame = () => 0;"
"""A browser that draws no frame, as while it has much else to draw."""
TOWN_NAMES = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const names = map?.getSource("once-towns-label") ? map.querySourceFeatures("once-towns-label") : [];
  document.documentElement.dataset.names = String(names.length);
}"""
TOOLS_ASKED_MS = """() => performance.getEntriesByType("resource").find((one) => /\\/tools\\b[^/]*\\.js$/.test(one.name)).startTime"""


def test_tiles_are_asked_for_though_the_browser_draws_no_frame(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.add_init_script(NO_FRAMES)
    with page.expect_request("**/tiles/*/*/risk_points/**"):
        page.goto(live_server)


def test_names_of_towns_are_placed_while_other_tiles_are_on_their_way(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    held: list[Route] = []
    page.route("**/tiles/*/*/risk_points/**", lambda route: held.append(route))  # the library cannot wrap a method of a list
    with page.expect_request("**/tiles/*/*/risk_points/**"):
        page.goto(live_server)
    expect(page.locator("#tree li").first).to_be_visible()
    page.wait_for_function(f"async () => {{ await ({TOWN_NAMES})(); return Number(document.documentElement.dataset.names) > 0; }}")
    assert not page.locator("html[data-map-painted-ms]").count(), "a layer is still waited for"


def test_tools_are_fetched_when_the_map_is_painted(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.goto(live_server)
    wait_for_map(page)
    painted_ms = float(page.locator("html").get_attribute("data-map-painted-ms") or "inf")
    assert page.evaluate(TOOLS_ASKED_MS) >= painted_ms - 1, "rounded to a millisecond"
