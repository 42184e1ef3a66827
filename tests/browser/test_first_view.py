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

SEEN_BEFORE = """
window.seenBefore = {};
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const isPainted = document.documentElement.dataset.mapPaintedMs !== undefined;
  if (document.getElementById("map-area").dataset.state === "idle") window.seenBefore.idle ??= isPainted;
  if ([...document.querySelectorAll("[data-count]")].some((count) => /\\d/.test(count.textContent))) window.seenBefore.count ??= isPainted;
}).observe(document.getElementById("map-area").parentElement, { attributes: true, attributeFilter: ["data-state"], characterData: true, childList: true, subtree: true }));
"""
"""Whether the map was painted when it was first said to rest, and when something in view was first counted."""
FIRST_STYLE = """
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (message, ...others) {
  if (message?.type === "SL") window.firstIds ??= message.data.map((entry) => entry.id);
  return post.call(this, message, ...others);
};
"""
"""Style layers of which the map's worker was told first."""
STYLE_IDS = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  return map.getStyle().layers.map((entry) => entry.id);
}"""
IS_SHOWN = """async (id) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  return map.getLayer(id) ? map.getLayoutProperty(id, "visibility") : null;
}"""


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


def test_what_is_in_view_is_counted_when_the_map_is_seen(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.add_init_script(SEEN_BEFORE)
    page.goto(live_server)
    wait_for_map(page)
    assert page.evaluate("window.seenBefore") == {"idle": True, "count": True}


def test_first_view_does_without_layers_that_are_not_shown_and_the_map_has_them_in_order_then(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    page.add_init_script(FIRST_STYLE)
    page.goto(live_server)
    wait_for_map(page)
    whole = page.evaluate(STYLE_IDS)
    first = page.evaluate("window.firstIds")
    assert {"land", "risk_zones-fill", "towns-label"} < set(first) and not {"substations-symbol", "selection-ring"} & set(first)
    everything = ",".join(layer["id"] for layer in page.request.get(f"{live_server}/api/layers").json()["layers"] if layer["style"])
    page.goto(f"{live_server}/?l={everything}")
    wait_for_map(page)
    assert page.evaluate(STYLE_IDS) == whole and set(first) < set(whole)


def test_layer_that_is_switched_on_before_the_first_view_stands_is_drawn(new_page: OpenPage, live_server: str) -> None:
    page = new_page(live_server)
    held: list[Route] = []
    page.route("**/tiles/*/*/risk_points/**", lambda route: held.append(route))
    with page.expect_request("**/tiles/*/*/risk_points/**"):
        page.goto(live_server)
    page.locator("#layer-power_lines").check()
    assert page.evaluate(IS_SHOWN, "power_lines-line") == "visible"
    assert page.evaluate(IS_SHOWN, "substations-symbol") == "none"
