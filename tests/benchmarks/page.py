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
WARM_UP_MS = 15_000
"""Of a server that has just been started: it compiles its loops and draws pictures of other windows meanwhile."""
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking")
READY = "() => ['mapPaintedMs', 'mapIdleMs', 'toolsMs'].every((name) => document.documentElement.dataset[name] !== undefined)"
FIRST_VIEW = {"first map seen": "mapPictureMs", "map itself painted": "mapPaintedMs", "first view, nothing left to do": "mapIdleMs"}
"""Attributes of the page, milliseconds since it was asked for. Painted: the graphics have drawn the first frame in which every tile,
picture and name of the view stands (a fence of WebGL says so); a frame that lacks some is not drawn. Then the map rests. Seen: until it
is painted a picture stands for it, on a first visit one that the server drew of the same tiles by the same styles, on a second one that the
browser kept of the same map, pixel for pixel; where there is none, when it is painted."""
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
DRAWN_AFTER = """kind => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`no frame after ${kind}`)), 60000);
  document.addEventListener(kind, (event) => {
    const { atlasMap: map } = window, began = event.timeStamp;
    map.on("render", function look() {
      if (!map.loaded()) return;
      map.off("render", look);
      const { gl } = map.painter.context;
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)); // waits until the graphics have drawn it
      resolve(performance.now() - began);
    });
  }, { once: true, capture: true });
})"""
"""Milliseconds from an event to the frame of the map that holds all that it asked for, drawn."""
RESTS_AFTER = """kind => new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`no rest after ${kind}`)), 60000);
  document.addEventListener(kind, (event) => {
    const began = event.timeStamp;
    const look = () => (window.atlasMap.loaded() && performance.now() - began > 50 ? resolve(performance.now() - began) : requestAnimationFrame(look));
    window.atlasMap.once("dataloading", () => requestAnimationFrame(look));
  }, { once: true, capture: true });
})"""
"""Milliseconds from an event to the frame in which every tile that it asked for is drawn."""
MAP = """async () => { window.atlasMap = (await import(document.getElementById("page-script").src)).view.map; }"""
COUNT_FRAMES = """() => {
  const { atlasMap: map } = window, { _render: draw } = map;
  Object.assign(window, { nFrames: 0, scriptMs: 0 });
  map._render = (time) => {
    const began = performance.now();
    draw.call(map, time);
    window.scriptMs += performance.now() - began;
    window.nFrames += 1;
  };
  return performance.now();
}"""
FRAMES = "began => [window.nFrames / (performance.now() - began) * 1000, window.scriptMs / window.nFrames]"
"""Frames a second, and how long scripts take for one: what is left where a graphics card draws it."""
DRAG_STEPS, DRAG_PX = 120, 3
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
        _let_it_get_ready(browser, address)
        pairs = [_first_and_second(browser, address) for _ in range(REPEATS)]
        script_kb = [_script_kb(browser, address) for _ in range(REPEATS)]
        felt = [_felt(browser, address) for _ in range(REPEATS)]
        drawn = [_drawn(browser, address) for _ in range(REPEATS)]
        browser.close()
    for name in FIRST_VIEW:
        for visit, times in zip(("cold", "warm"), zip(*pairs, strict=True), strict=True):
            yield Measured("page", f"{name}, {visit}", 0, REPEATS, median([one[name] for one in times]), "s")
    yield Measured("page", "scripts of the first view, packed", 0, REPEATS, median(script_kb), "kB")
    for name in felt[0]:
        yield Measured("page", name, 0, REPEATS, median([times[name] for times in felt]), "ms")
    for name, unit in DRAWN.items():
        found = [one[name] for one in drawn if name in one]
        if found:
            yield Measured("page", name, 0, len(found), median(found), unit)


def _let_it_get_ready(browser: Browser, address: str) -> None:
    """Until the server has warmed up, and has drawn the picture of this window as it does when it starts and after a publication."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_timeout(WARM_UP_MS)
    page.close()


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


DRAWN = {
    "layer hidden, the map drawn": "ms", "layer shown, the map drawn": "ms", "class filtered, the map drawn": "ms", "verdict upon a site": "ms",
    "edition switched, the map drawn": "ms", "frames while the map is dragged": "1/s", "scripts of such a frame": "ms", "memory of the page then": "MB",
}  # fmt: skip
"""What `_drawn` measures, and its unit; an edition is switched where there are two."""


def _drawn(browser: Browser, address: str) -> dict[str, float]:
    """What a person waits for until the map has been drawn anew; a verdict upon a site that is not kept; memory in the end."""
    page = browser.new_page(viewport={"width": 1440, "height": 900}, base_url=address)
    page.goto("/")
    page.wait_for_function(READY, timeout=60_000)
    page.wait_for_selector(IDLE)
    page.evaluate(MAP)
    box = page.locator("#layer-risk_zones")
    found = {name: _map_after(page, DRAWN_AFTER, "change", box.click) for name in ("layer hidden, the map drawn", "layer shown, the map drawn")}
    legend = page.locator('.class-row:not(.is-absent) [data-class^="risk_points#"]')
    found["class filtered, the map drawn"] = _map_after(page, DRAWN_AFTER, "click", legend.first.click)
    _map_after(page, DRAWN_AFTER, "click", legend.first.click)
    found["verdict upon a site"] = _verdict(page)
    older = page.locator("#edition option:not(:checked)")
    if older.count():
        wanted = str(older.first.get_attribute("value"))
        found["edition switched, the map drawn"] = _map_after(page, RESTS_AFTER, "change", lambda: page.locator("#edition").select_option(wanted))
    found["frames while the map is dragged"], found["scripts of such a frame"] = _frames_a_second(page)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    found["memory of the page then"] = float(session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6
    page.close()
    return found


def _map_after(page: Page, watch: str, kind: str, act: Callable[[], object]) -> float:
    """Milliseconds from an event that an action brings until the map has been drawn, as `watch` tells."""
    page.evaluate(f"kind => {{ window.seen = ({watch})(kind); }}", kind)
    act()
    found = float(page.evaluate("() => window.seen"))
    page.wait_for_selector(IDLE)
    return found


def _verdict(page: Page) -> float:
    """Milliseconds from the wish for a verdict upon a point in the middle of the map until it stands there."""
    page.get_by_role("button", name="选址评估").click()
    page.locator("#draw-point").click()
    area = page.locator("#map-canvas").bounding_box()
    assert area
    page.mouse.click(area["x"] + area["width"] / 2, area["y"] + area["height"] / 2)
    page.locator("#site-form select").first.select_option("school_hospital_elderly")
    found = _after(page, "submit", ".verdict-title", lambda: page.locator("#site-check").click())
    page.locator("#result-close").click()
    page.wait_for_selector(IDLE)
    return found


def _frames_a_second(page: Page) -> tuple[float, float]:
    """Frames of the map a second while it is dragged to and fro, and milliseconds of scripts for each."""
    area = page.locator("#map-canvas").bounding_box()
    assert area
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    began = page.evaluate(COUNT_FRAMES)
    for i in range(DRAG_STEPS):
        page.mouse.move(x + DRAG_PX * (i if i < DRAG_STEPS / 2 else DRAG_STEPS - i), y)
    frames, script_ms = page.evaluate(FRAMES, began)
    page.mouse.up()
    page.wait_for_selector(IDLE)
    return float(frames), float(script_ms)


def _rated_source(page: Page) -> str:
    """Name of a source that has a level: of it the page can say why."""
    hits = page.request.get("/api/search?q=化工&limit=50").json()["results"]
    return next(str(hit["label"]) for hit in hits if hit.get("level") and hit["layer"] == "enterprises")


def _after(page: Page, kind: str, selector: str, act: Callable[[], None]) -> float:
    """Milliseconds from an event that an action brings to what it shows."""
    page.evaluate(f"parts => {{ window.seen = ({WATCH})(parts); }}", [kind, selector])
    act()
    return float(page.evaluate("() => window.seen"))
