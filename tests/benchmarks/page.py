"""The map page in a real browser: first view, and what a person waits for on it (ui.md section 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from playwright.sync_api import Browser, Page, sync_playwright

from layers.store import Place
from tests.benchmarks.result import Measured, median
from tests.conftest import serving

REPEATS = 5
WINDOW_MS = 500
"""The browser draws the opening of a window in some 250 ms, with the same processor as the page."""
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking")
READY = "() => ['mapPaintedMs', 'mapIdleMs', 'toolsMs'].every((name) => document.documentElement.dataset[name] !== undefined)"
FIRST_VIEW = {"first map seen": "mapPictureMs", "map itself painted": "mapPaintedMs", "first view, nothing left to do": "mapIdleMs"}
"""Attributes of the page, milliseconds since it was asked for. Painted: the graphics have drawn the first frame in which every tile,
picture and name of the view stands (a fence of WebGL says so); a frame that lacks some is not drawn. Then the map rests. Seen: on a
second visit the picture that the browser kept of the same map, pixel for pixel, until it is painted; else when it is painted."""
KEPT = "() => localStorage.getItem('atlas-picture-of') !== null"
SCRIPT_BYTES = """() => performance.getEntriesByType("resource")
  .filter((one) => /\\.m?js($|\\?)/.test(one.name) && one.startTime < Number(document.documentElement.dataset.mapIdleMs))
  .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
IDLE = '#map-area[data-state="idle"]'
WATCH = """([kind, selector]) => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`nothing new at ${selector} after ${kind}`)), 60000);
  document.addEventListener(kind, (event) => {
    const began = event.timeStamp;
    const before = new Set(document.querySelectorAll(selector));
    const look = () => ([...document.querySelectorAll(selector)].some((node) => !before.has(node) && node.getClientRects().length)
      ? resolve(performance.now() - began) : requestAnimationFrame(look));
    requestAnimationFrame(look);
  }, { once: true, capture: true });
})"""
"""Milliseconds from an event, as the browser stamped it, to the first frame in which something new is seen."""
RATED_POINT = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { width, height, left, top } = map.getContainer().getBoundingClientRect();
  const away = ({ x, y }) => Math.hypot(x - width / 2, y - height / 2);
  const drawn = (holds) => map.queryRenderedFeatures().filter((found) => found.geometry.type === "Point" && holds(found))
    .map((found) => map.project(found.geometry.coordinates)).sort((a, b) => away(a) - away(b));
  let points = drawn((found) => found.properties.source_feature_id);
  for (let closer = 0; !points.length && closer < 6; closer += 1) {
    const [disc] = drawn((found) => found.properties.n);
    map.jumpTo({ center: disc ? map.unproject(disc) : map.getCenter(), zoom: map.getZoom() + 1 });
    await map.once("idle");
    await new Promise((rest) => setTimeout(rest, 1000)); // what follows a move, such as counting what is in view
    points = drawn((found) => found.properties.source_feature_id);
  }
  return [points[0].x + left, points[0].y + top];
}"""
"""Where on the page the drawn source with a level stands that is nearest to the middle of the map; where all are gathered in discs, nearer by."""


def run(place: Place) -> Iterator[Measured]:
    """Cold: a fresh browser profile each time; warm: a second visit with the same one; then the tools, on a warm page."""
    with serving(place.open_url(), place.home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        pairs = [_first_and_second(browser, address) for _ in range(REPEATS)]
        script_kb = [_script_kb(browser, address) for _ in range(REPEATS)]
        felt = [_felt(browser, address) for _ in range(REPEATS)]
        browser.close()
    for name in FIRST_VIEW:
        for visit, times in zip(("cold", "warm"), zip(*pairs, strict=True), strict=True):
            yield Measured("page", f"{name}, {visit}", 0, REPEATS, median([one[name] for one in times]), "s")
    yield Measured("page", "scripts of the first view, packed", 0, REPEATS, median(script_kb), "kB")
    for name in felt[0]:
        yield Measured("page", name, 0, REPEATS, median([times[name] for times in felt]), "ms")


def _first_and_second(browser: Browser, address: str) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by name of `FIRST_VIEW` of two visits; each page opens only when the window that it gets is drawn."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    times = []
    for _ in range(2):
        page = context.new_page()
        page.wait_for_timeout(WINDOW_MS)
        page.goto(address)
        page.wait_for_function(READY, timeout=60_000)
        marks = page.evaluate("() => ({ ...document.documentElement.dataset })")
        marks.setdefault("mapPictureMs", marks["mapPaintedMs"])
        times.append({name: float(marks[mark]) / 1000 for name, mark in FIRST_VIEW.items()})
        page.wait_for_function(KEPT, timeout=60_000)
        page.close()
    context.close()
    return times[0], times[1]


def _script_kb(browser: Browser, address: str) -> float:
    """Thousands of bytes of scripts that went over the line until the first view stood: ours, the map library, its worker."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    page.wait_for_function(READY, timeout=60_000)
    found = float(page.evaluate(SCRIPT_BYTES)) / 1000
    page.close()
    return found


def _felt(browser: Browser, address: str) -> dict[str, float]:
    """Milliseconds until each tool shows what was asked for."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=address)
    page.goto("/")
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_selector(IDLE)
    ring, why = _click(page)
    search = _after(page, "input", ".hit", lambda: page.locator("#search").fill(_rated_source(page)))
    reasons = _after(page, "keydown", ".result-line", lambda: page.keyboard.press("Enter"))
    page.wait_for_selector(IDLE)
    table = _after(page, "click", "#table-rows .grid-row button", lambda: page.locator("#table-toggle").click())
    page.wait_for_selector(IDLE)
    sort = _after(page, "click", "th[aria-sort='ascending'], th[aria-sort='descending']", lambda: page.locator(".sort").nth(1).click())
    page.close()
    return {"click to ring and name": ring, "click to its reasons": why, "search suggestion, its pause included": search, "search hit to its reasons": reasons, "table opens": table, "table sorts": sort}


def _click(page: Page) -> tuple[float, float]:
    """Milliseconds from a click upon a source on the map to its ring and name, and to the sentence and the reasons of its level."""
    x, y = page.evaluate(RATED_POINT)
    page.mouse.move(x, y)
    for name, selector in (("ring", ".first-ring span"), ("why", ".result-line")):
        page.evaluate(f"parts => {{ window.seen_{name} = ({WATCH})(parts); }}", ["click", selector])
    page.mouse.click(x, y)
    found = float(page.evaluate("() => window.seen_ring")), float(page.evaluate("() => window.seen_why"))
    page.wait_for_selector(IDLE)
    return found


def _rated_source(page: Page) -> str:
    """Name of a source that has a level: of it the page can say why."""
    hits = page.request.get("/api/search?q=化工&limit=50").json()["results"]
    return next(str(hit["label"]) for hit in hits if hit.get("level") and hit["layer"] == "enterprises")


def _after(page: Page, kind: str, selector: str, act: Callable[[], None]) -> float:
    """Milliseconds from an event that an action brings to what it shows."""
    page.evaluate(f"parts => {{ window.seen = ({WATCH})(parts); }}", [kind, selector])
    act()
    return float(page.evaluate("() => window.seen"))
