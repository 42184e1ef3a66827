"""What the tests in a real browser share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.pages import BROWSER_ARGUMENTS, CHROMIUM, DESKTOP, PATIENCE_MS, OpenPage, answer, wait_for_map, watch

EXPECTATION_MS = 90_000
"""How long the page may take to come to what is expected: a slow machine is not a fault of the page."""

expect.set_options(timeout=EXPECTATION_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        yield made
        made.close()


@pytest.fixture
def faults() -> list[str]:
    """Console errors, failures and foreign requests of the pages of a test."""
    return []


@pytest.fixture
def windows(browser: Browser) -> Iterator[list[Page]]:
    """Pages that a test opened, each in a window of its own; closed at its end."""
    opened: list[Page] = []
    yield opened
    for page in opened:
        page.context.close()


@pytest.fixture
def new_page(browser: Browser, windows: list[Page], faults: list[str]) -> OpenPage:
    """Makes an empty page whose faults are noted: `new_page(server, size, **options of the window)`."""

    def made(server: str, size: dict[str, int] | None = None, **options: Any) -> Page:
        page = browser.new_context(viewport=size or DESKTOP, **options).new_page()
        page.set_default_timeout(PATIENCE_MS)
        windows.append(page)
        watch(page, server, faults)
        return page

    return made


@pytest.fixture
def pictures(windows: list[Page], artefacts: Path, request: pytest.FixtureRequest) -> Iterator[None]:
    """Keeps a screenshot of the last state of every page of a test."""
    yield
    for number, page in enumerate(windows):
        page.screenshot(path=artefacts / f"{request.node.name}-{number}.png")


@pytest.fixture
def open_page(new_page: OpenPage, live_server: str, pictures: None) -> OpenPage:
    """Opens the map page, `open_page(query, size, **options)`, and waits for the map. A module that looks at other pages has its own."""

    def opened(query: str = "", size: dict[str, int] | None = None, **options: Any) -> Page:
        page = new_page(live_server, size, **options)
        page.goto(f"{live_server}/{query}")
        wait_for_map(page)
        return page

    return opened


@pytest.fixture(scope="module")
def known_source(live_server: str) -> dict[str, Any]:
    """A rated source with a position, the worst that the search finds."""
    levels = ["red", "orange", "yellow", "blue"]
    found = [
        hit
        for text in ("化工", "有限公司")
        for hit in answer(live_server, "/api/search", q=text, limit=50)["results"]
    ]
    rated = [hit for hit in found if hit.get("level") in levels and hit["lon"] is not None]
    return min(rated, key=lambda hit: levels.index(hit["level"]))
