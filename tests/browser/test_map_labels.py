"""No name is cut on the map: not by its edges, not by the line of a comparison; figures stand above symbols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.pages import PATIENCE_MS, OpenPage, answer, at, wait_for_map
from tests.browser.test_map_page_tools import fake_two_editions

CROSSING = """async ({ isMarked, share }) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { edges: { clearEdges, keepClear } } = await import(document.getElementById("page-script").src);
  const ids = map.getStyle().layers.filter((entry) => entry.layout?.["text-field"]).map((entry) => entry.id);
  const { clientWidth: w, clientHeight: h } = map.getContainer();
  const settled = new Promise((resolve) => map.once("idle", resolve));
  if (isMarked) keepClear(share, [map]); else clearEdges([map]);
  await settled;
  const strips = [[[0, 0], [w, 1]], [[0, h - 1], [w, h]], [[0, 0], [1, h]], [[w - 1, 0], [w, h]]];
  if (share !== null) strips.push([[share * w - 1, 0], [share * w + 1, h]]);
  return strips.flatMap((strip) => map.queryRenderedFeatures(strip, { layers: ids })).length;
}"""


@pytest.fixture(scope="module")
def crowd(live_server: str) -> str:
    """The middle of the sources of the sample, as an address has it: names all around."""
    west, south, east, north = answer(live_server, "/api/tables/risk_points", flt="risk_points.level:red,orange", limit=1, extent=1)["extent"]
    return f"{(south + north) / 2:.5f}/{(west + east) / 2:.5f}"


@pytest.fixture
def page(new_page: OpenPage, live_server: str, faults: list[str]) -> Iterator[Page]:
    yield new_page(live_server)
    assert faults == []


def crossing(page: Page, **arguments: Any) -> int:
    """How many names cross the edges of the map, or the line at a share of its width."""
    return int(page.evaluate(CROSSING, {"share": None, **arguments}))


def test_names_cross_neither_the_edges_nor_the_line_of_a_comparison(page: Page, live_server: str, crowd: str) -> None:
    """Along lines that names cross without marks there are none with them: at rest, at once after the page has come."""
    page.goto(f"{live_server}/?v=12.6/{crowd}")
    wait_for_map(page)
    shares = [None, 0.3, 0.5, 0.7]
    assert sum(crossing(page, isMarked=False, share=share) for share in shares) > 0
    assert [crossing(page, isMarked=True, share=share) for share in shares] == [0] * len(shares)


BARS = """async ({ share, patience }) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { edges: { barPlaces } } = await import(document.getElementById("page-script").src);
  const until = performance.now() + patience;
  for (;;) {
    const { clientWidth: w, clientHeight: h } = map.getContainer();
    const wanted = barPlaces(w, h, share === null ? null : share * w).length;
    const features = (await map.getSource("label-edges").getData()).features.filter((one) => one.properties.is_edge);
    if (features.length === wanted || performance.now() > until) return [features.length, wanted];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}"""


UNDER = """async (places) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { edges: { clearEdges } } = await import(document.getElementById("page-script").src);
  const ids = map.getStyle().layers.filter((entry) => entry.layout?.["text-field"]).map((entry) => entry.id);
  const frame = map.getContainer().getBoundingClientRect(), box = document.getElementById("toolbar").getBoundingClientRect();
  const inner = [[box.left - frame.left + 2, box.top - frame.top + 2], [box.right - frame.left - 2, box.bottom - frame.top - 2]];
  const settled = async (act) => { const idle = new Promise((resolve) => map.once("idle", resolve)); act(); await idle; };
  const found = () => map.queryRenderedFeatures(inner, { layers: ids }).length;
  const counts = [];
  for (const center of places) {
    await settled(() => map.jumpTo({ center, zoom: 13.4 }));
    const marked = found();
    await settled(() => clearEdges([map]));
    counts.push([marked, found()]);
  }
  return counts;
}"""


def test_no_name_lies_under_the_buttons_upon_the_map(page: Page, live_server: str, crowd: str) -> None:
    """Where names lie there without marks, none does with them."""
    lat, lon = map(float, crowd.split("/"))
    page.goto(f"{live_server}/?v=12.6/{crowd}")
    wait_for_map(page)
    counts = page.evaluate(UNDER, [[lon + 0.02 * i, lat - 0.01 * i] for i in range(-2, 3)])
    assert sum(unmarked for _, unmarked in counts) > 0
    assert [marked for marked, _ in counts] == [0] * len(counts)


def test_names_make_room_for_the_handle_of_the_swipe_as_long_as_it_is_there(page: Page, live_server: str, crowd: str) -> None:
    fake_two_editions(page, live_server)
    page.goto(f"{live_server}/?v=12.6/{crowd}&cmp=2026Q0&sw=40")
    wait_for_map(page)
    page.locator("#swipe").wait_for()
    found, wanted = page.evaluate(BARS, {"share": 0.4, "patience": PATIENCE_MS})
    assert found == wanted
    page.locator("#compare-close").click()
    found, wanted_without = page.evaluate(BARS, {"share": None, "patience": PATIENCE_MS})
    assert found == wanted_without < wanted


def test_figures_of_many_lie_above_single_symbols_and_are_counted_once(page: Page, live_server: str) -> None:
    page.goto(f"{live_server}/?l=risk_points")
    wait_for_map(page)
    stack = page.evaluate("""async () => {
      const { view: { map } } = await import(document.getElementById("page-script").src);
      return map.getStyle().layers.map((entry) => entry.id);
    }""")
    assert stack.index("risk_points-cluster") < stack.index("risk_points-symbol") < stack.index("risk_points-cluster-figure")
    drawn, counted = page.evaluate("""async () => {
      const { layers: { clustersDrawn }, view: { map } } = await import(document.getElementById("page-script").src);
      return [map.queryRenderedFeatures({ layers: ["risk_points-cluster"] }).length, clustersDrawn(null).length]; }""")
    assert drawn == counted > 0


SHORTEST = """async () => {
  const { drawings: { drawReasonLines }, view: { map } } = await import(document.getElementById("page-script").src);
  const { x, y } = map.project(map.getCenter());
  const place = (dx, dy) => map.unproject([x + dx, y + dy]).toArray();
  const line = (dx, dy, label) => ({ line: { type: "LineString", coordinates: [place(-dx, -dy), place(dx, dy)] }, label });
  const settled = new Promise((resolve) => map.once("idle", resolve));
  drawReasonLines([line(90, 4, "136 m / 200 m"), line(90, -4, "122 m / 150 m"), line(4, 90, "82 m / 100 m")]);
  await settled;
  const names = map.getStyle().layers.filter((entry) => entry.layout?.["text-field"]).map((entry) => entry.id);
  const labels = map.queryRenderedFeatures({ layers: ["reason-label"] }).map((one) => one.properties.label);
  const pixels = Array.from({ length: 80 * 30 }, (_, i) => [x - 160 + 4 * (i % 80), y - 60 + 4 * Math.floor(i / 80)]);
  const found = pixels.map((pixel) => map.queryRenderedFeatures(pixel, { layers: names })).filter((hits) => hits.some((hit) => hit.layer.id === "reason-label"));
  return { labels: [...new Set(labels)].sort(), pixels: found.length, shared: found.filter((hits) => hits.length > 1).length };
}"""


def test_lengths_of_shortest_lines_lie_neither_on_each_other_nor_on_names(page: Page, live_server: str, crowd: str) -> None:
    """Three lines whose middles are one place, where names stand all around."""
    page.goto(f"{live_server}/?v=14.2/{crowd}")
    wait_for_map(page)
    found = page.evaluate(SHORTEST)
    assert found["labels"] == ["122 m / 150 m", "136 m / 200 m", "82 m / 100 m"]
    assert found["pixels"] > 100
    assert found["shared"] == 0


def test_selected_point_is_named_once(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(f"{at(known_source)}&f={known_source['layer']}/{known_source['id']}")
    stands_back = """async ([layer, id]) => {
      const { view: { map } } = await import(document.getElementById("page-script").src);
      const found = map.queryRenderedFeatures().find((one) => one.source === "atlas-risk_points" && one.properties.source_layer === layer && one.properties.source_feature_id === id);
      const [{ id: label }] = map.getStyle().layers.filter((one) => one.source === found.source && one.layout?.["text-field"] && one.minzoom < map.getZoom());
      const opacity = JSON.stringify(map.getPaintProperty(label, "text-opacity"));
      return opacity.includes("feature-state") && map.getFeatureState({ source: found.source, sourceLayer: found.sourceLayer, id: found.id }).is_selected === true;
    }"""
    key = [known_source["layer"], known_source["id"]]
    page.wait_for_function(f"async (key) => ({stands_back})(key)", arg=key)
    page.keyboard.press("Escape")
    page.wait_for_function(f"async (key) => !(await ({stands_back})(key))", arg=key)
