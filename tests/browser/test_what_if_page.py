"""The what-if panel in a real browser: changes are put together, computed, drawn, taken back."""

from __future__ import annotations

import math

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import AXE, DESKTOP, PHONE, OpenPage

WAIT_MS = 180_000
DRAWN = "() => document.querySelector('#result-body #what-if-levels') !== null"


def ask_for_a_new_unit(page: Page) -> None:
    """Opens the tool and adds 60 t of chlorine in the middle of the county."""
    page.locator(".tool-what_if").click()
    page.wait_for_selector("#what-if-form", timeout=WAIT_MS)
    page.select_option("#what-if-action", "add")
    for name, value in (("new", "氯"), ("amount", "60"), ("lon", "105.3075"), ("lat", "29.2258")):
        page.fill(f"#what-if-{name}", value)
    page.click("#what-if-add")


def test_new_unit_is_computed_drawn_and_taken_back(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("?lang=zh", DESKTOP)
    ask_for_a_new_unit(page)
    expect(page.locator("#what-if-edits li")).to_have_count(1)
    page.click("#what-if-run")
    page.wait_for_function(DRAWN, timeout=WAIT_MS)
    expect(page.locator("#what-if-levels tbody tr")).to_have_count(5, timeout=WAIT_MS)
    expect(page.locator("#what-if-levels tbody")).to_contain_text("→")
    for language in ("中文", "En"):
        page.get_by_role("button", name=language, exact=True).click()
        heights = page.locator("#what-if-levels td").evaluate_all("cells => cells.map(cell => cell.querySelectorAll('.whole').length && cell.clientHeight)")
        assert len(heights) == 10 and 0 < min(heights) <= max(heights) <= 50, "a figure takes more than two lines"
    page.get_by_role("button", name="中文", exact=True).click()
    expect(page.locator("table.what-if-societal tbody tr").first).to_contain_text("PLL", timeout=WAIT_MS)
    page.click("#what-if-undo")
    expect(page.locator("#what-if-edits")).to_have_count(0)
    expect(page.locator("#what-if-run")).to_be_disabled()
    assert faults == []


def test_change_is_put_together_by_keys_alone(open_page: OpenPage) -> None:
    page = open_page("?lang=zh", DESKTOP)
    page.locator(".tool-what_if").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#what-if-form", timeout=WAIT_MS)
    page.locator("#what-if-action").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#what-if-action")).to_be_focused()
    expect(page.locator("#what-if-action")).to_have_value("add")
    for name, value in (("new", "氯"), ("amount", "60"), ("lon", "105.3075"), ("lat", "29.2258")):
        for _ in range(8):
            if page.evaluate("document.activeElement.id") == f"what-if-{name}":
                break
            page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect(page.locator("#what-if-edits li")).to_have_count(1)
    page.locator("#what-if-undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#result-title")).to_be_focused()


def test_missing_values_are_told_and_nothing_is_added(open_page: OpenPage) -> None:
    page = open_page("?lang=en", DESKTOP)
    page.locator(".tool-what_if").click()
    page.wait_for_selector("#what-if-form", timeout=WAIT_MS)
    page.select_option("#what-if-action", "add")
    page.click("#what-if-add")
    expect(page.locator("#what-if-form [role=alert] li")).to_have_count(3)
    expect(page.locator("#what-if-edits")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_panel_is_accessible_in_english_and_says_all_in_english(open_page: OpenPage, size: dict[str, int]) -> None:
    page = open_page("?lang=en", size, bypass_csp=True)
    ask_for_a_new_unit(page)
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run('#result', { runOnly: ['wcag2a', 'wcag2aa'] })")
    assert [entry["id"] for entry in found["violations"]] == []
    labels = page.locator("#what-if-form label, #what-if-form button, #result h3").all_inner_texts()
    assert labels and not any(word for text in labels for word in [character for character in text if "\u3400" <= character <= "\u9fff"])


RINGS_M = {"red": (0, 120), "orange": (120, 400), "yellow": (400, 650), "blue": (650, 900)}
"""Radii within which a change makes a level of what had no colour, metres."""
CENTRE = (105.3075, 29.2258)


def ring(inner_m: float, outer_m: float) -> list[list[list[float]]]:
    """Outline and hole around the middle, in degrees."""
    turns = [math.tau * i / 72 for i in range(73)]
    per_m = (1 / (111_320 * math.cos(math.radians(CENTRE[1]))), 1 / 110_850)
    return [
        [[CENTRE[0] + radius * per_m[0] * math.cos(turn), CENTRE[1] + radius * per_m[1] * math.sin(turn)] for turn in turns]
        for radius in (outer_m, inner_m) if radius
    ]  # fmt: skip


def rings_instead(route: Route) -> None:
    """The answer of the server, its changes replaced by rings around one place."""
    answered = route.fetch(timeout=WAIT_MS)
    rows = [
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [ring(*radii)]},
         "properties": {"level_before": "none", "level_after": level, "area_m2": math.pi * (radii[1] ** 2 - radii[0] ** 2)}}
        for level, radii in RINGS_M.items()
    ]  # fmt: skip
    route.fulfill(response=answered, json=answered.json() | {"changes": {"type": "FeatureCollection", "features": rows}})


NAMES = """async ({ centre, zoom }) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const idle = new Promise((resolve) => map.once("idle", resolve));
  map.jumpTo({ center: centre, zoom });
  await idle;
  const names = map.getStyle().layers.filter((entry) => entry.layout?.["text-field"]).map((entry) => entry.id);
  const drawn = map.queryRenderedFeatures({ layers: ["what-if-label"] });
  const around = drawn.flatMap((hit) => {
    const { x, y } = map.project(hit.geometry.coordinates);
    return Array.from({ length: 80 * 12 }, (_, i) => [x - 160 + 4 * (i % 80), y - 24 + 4 * Math.floor(i / 80)]);
  });
  const hits = around.map((pixel) => map.queryRenderedFeatures(pixel, { layers: names })).filter((found) => found.some((hit) => hit.layer.id === "what-if-label"));
  const perM = [1 / (111320 * Math.cos((centre[1] * Math.PI) / 180)), 1 / 110850];
  const radius = ([lon, lat]) => Math.hypot((lon - centre[0]) / perM[0], (lat - centre[1]) / perM[1]);
  return { labels: drawn.map((hit) => hit.properties.label), radii: drawn.map((hit) => radius(hit.geometry.coordinates)), pixels: hits.length, shared: hits.filter((found) => found.length > 1).length };
}"""


def test_names_of_rings_stand_each_on_its_ring_and_none_on_another(open_page: OpenPage) -> None:
    """At every zoom: no two share a pixel, each is there once, its dot on the ring that it names; what has no room is in the list."""
    page = open_page("?lang=en", DESKTOP)
    page.route("**/api/what-if?*", rings_instead)
    ask_for_a_new_unit(page)
    page.click("#what-if-run")
    page.wait_for_function(DRAWN, timeout=WAIT_MS)
    words = {"no colour → Major": "red", "no colour → High": "orange", "no colour → Moderate": "yellow", "no colour → Low": "blue"}
    listed = page.locator("#result-body section").filter(has_text="Changes of level: 4").locator("li")
    expect(listed).to_have_count(4)
    for zoom, n_names in ((15.2, 4), (14.2, 4), (12.5, 1)):
        found = page.evaluate(NAMES, {"centre": CENTRE, "zoom": zoom})
        assert len(found["labels"]) == len(set(found["labels"])) >= n_names and found["labels"] and found["shared"] == 0 and found["pixels"] > 50
        for label, radius in zip(found["labels"], found["radii"], strict=True):
            inner, outer = RINGS_M[words[label]]
            assert inner <= radius <= outer, (zoom, label)
    page.locator("#what-if-change").click()
    assert page.evaluate(NAMES, {"centre": CENTRE, "zoom": 14.2})["labels"] == []
