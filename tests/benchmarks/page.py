"""First view of the map in a real browser: from the address to a map that has drawn its tiles."""

from __future__ import annotations

from typing import Iterator

from playwright.sync_api import Browser, sync_playwright

from layers.store import Place
from tests.benchmarks.result import Measured, median
from tests.conftest import serving

REPEATS = 5
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking")
READY = "() => document.documentElement.dataset.mapIdleMs !== undefined"


def run(place: Place) -> Iterator[Measured]:
    """Cold: a fresh browser profile each time; warm: a second visit with the same one."""
    with serving(place.open_url(), place.home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        pairs = [_first_and_second(browser, address) for _ in range(REPEATS)]
        browser.close()
    for name, values in (("first view, cold", [a for a, _ in pairs]), ("first view, warm", [b for _, b in pairs])):
        yield Measured("page", name, 0, REPEATS, median(values), "s")


def _first_and_second(browser: Browser, address: str) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    times = []
    for _ in range(2):
        page = context.new_page()
        page.goto(address)
        page.wait_for_function(READY, timeout=60_000)
        times.append(float(page.evaluate("() => Number(document.documentElement.dataset.mapIdleMs)")) / 1000)
        page.close()
    context.close()
    return times[0], times[1]
