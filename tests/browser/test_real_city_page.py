"""The map page on the real city: it opens, says what it is, and draws, without a fault or a foreign request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.pages import OpenPage, wait_for_map
from tests.conftest import REAL_DATA, serving

pytestmark = pytest.mark.skipif(not REAL_DATA.exists(), reason="no real data beside the checkout")


@pytest.fixture(scope="module")
def address(kaohsiung_atlas: str, home: Path) -> Iterator[str]:
    with serving(kaohsiung_atlas, home) as served:
        yield served


def test_real_city_opens_and_says_that_it_is_a_screening(new_page: OpenPage, address: str, faults: list[str], pictures: None) -> None:
    page = new_page(address)
    page.set_default_timeout(180_000)
    page.goto(f"{address}/?v=13/22.72/120.30")
    wait_for_map(page)
    assert "高雄市" in page.title()
    assert "非当地法律" in page.locator("#status").inner_text()
    assert faults == []
