"""The map page is driven as through a morning's work and keeps its memory: some rounds always, half an hour with ``--long``."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.pages import OpenPage, answer, wait_for_address

LONG_S = 30 * 60
FEW_ROUNDS = 3
MOST_HEAP_MB = 500
"""Memory that the page may hold after half an hour (ui.md section 12)."""
MOST_NODES_TIMES = 3
"""The document may have so many times the nodes it had after the first round: a panel more, not one a round."""
MOVE = """async ([lon, lat, zoom]) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const settled = new Promise((resolve) => map.once("idle", resolve));
  map.easeTo({ center: [lon, lat], zoom, duration: 300 });
  await settled;
}"""


def held(session: CDPSession) -> dict[str, float]:
    """What the page holds once its garbage is collected: ``heap_mb`` and ``nodes``."""
    session.send("HeapProfiler.collectGarbage")
    found = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    return {"heap_mb": found["JSHeapUsedSize"] / 1e6, "nodes": found["Nodes"]}


def drive(page: Page, box: list[float], turn: int, source: dict[str, Any]) -> None:
    """One round: four places at four zooms, a source opened and let go, the table, a layer off and on."""
    west, south, east, north = box
    for i, zoom in enumerate((9.5, 11.2, 13.4, 15.1)):
        share = ((turn * 4 + i) * 0.382) % 1
        page.evaluate(MOVE, [west + share * (east - west), south + (1 - share) * (north - south), zoom])
    page.locator("#search").fill(source["label"])
    page.locator(".hit").first.click()
    wait_for_address(page, "f=")
    page.keyboard.press("Escape")
    page.locator("#table-toggle").click()
    expect(page.locator("#table-rows .grid-row[data-id]").first).to_be_visible()
    page.locator("#table-toggle").click()
    for _ in range(2):
        page.locator("#tree input[type=checkbox]").first.click()


def test_page_keeps_its_memory_however_long_it_is_driven(
    open_page: OpenPage, live_server: str, known_source: dict[str, Any], pytestconfig: pytest.Config
) -> None:
    is_long = pytestconfig.getoption("--long")
    page = open_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    box = answer(live_server, "/api/layers")["area"]["home"]
    drive(page, box, 0, known_source)
    at_first = held(session)
    until = time.monotonic() + LONG_S
    for turn in itertools.count(1):
        drive(page, box, turn, known_source)
        if time.monotonic() > until if is_long else turn >= FEW_ROUNDS:
            break
    at_last = held(session)
    print(f"{turn} rounds: heap {at_first['heap_mb']:.0f} -> {at_last['heap_mb']:.0f} MB, nodes {at_first['nodes']:.0f} -> {at_last['nodes']:.0f}")
    assert at_last["heap_mb"] < MOST_HEAP_MB
    assert at_last["nodes"] < MOST_NODES_TIMES * at_first["nodes"]
