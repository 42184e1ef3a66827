"""The map page on the real city: it opens, says what it is, and draws, without a fault or a foreign request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import sync_playwright

from tests.conftest import REAL_DATA, serving

pytestmark = pytest.mark.skipif(not REAL_DATA.exists(), reason="no real data beside the checkout")
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking"]
DRAWN = "() => document.documentElement.dataset.mapIdleMs !== undefined"


@pytest.fixture(scope="module")
def address(kaohsiung_atlas: str, home: Path) -> Iterator[str]:
    with serving(kaohsiung_atlas, home) as served:
        yield served


def test_real_city_opens_and_says_that_it_is_a_screening(address: str) -> None:
    faults: list[str] = []
    hosts: set[str | None] = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: hosts.add(urlparse(request.url).hostname))
        page.goto(f"{address}/?v=13/22.72/120.30")
        page.wait_for_function(DRAWN, timeout=180_000)
        title, status = page.title(), page.locator("#status").inner_text()
        browser.close()
    assert "高雄市" in title
    assert "非当地法律" in status
    assert faults == []
    assert hosts <= {"127.0.0.1", None, ""}
