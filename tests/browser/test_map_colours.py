"""The five states on the map itself: fills and hatches read from the pixels of a screenshot, seen by every eye and in grey."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import rasterio.io
import shapely
from playwright.sync_api import Page

from tests.browser.colour_vision import ciede2000, lab, linear, seen_as
from tests.browser.pages import OpenPage, answer
from tests.browser.test_map_page_access import LEAST_LIGHTNESS, MOST_ALIKE, alikeness

LEVELS = ("red", "orange", "yellow", "blue", "unrated")
LEAST_DIFFERENCES = {"normal": 18.5, "protan": 16.8, "deutan": 13.7, "tritan": 16.4}
"""Least CIEDE2000 between any two of the five over land at 0.80 (ui.md 7)."""
TOLERANCE = 0.5
"""For pixels of whole numbers and the rounding of the figures above."""
PATCH_PX, SCALE = 16, 2
ZOOM = 11.9
"""Below 12, where the words of zones begin."""
ZONES = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  return map.queryRenderedFeatures({ layers: ["risk_zones-fill"] }).map((found) => [found.properties.level, JSON.stringify(found.geometry)]);
}"""
UNRATED_PICTURES = """async () => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const names = map.listImages().filter((name) => name.startsWith("icon?") && name.includes("level=unrated") && !name.includes("char="));
  return names.map((name) => {
    const { data } = map.getImage(name).data;
    let white = 0;
    for (let i = 0; i < data.length; i += 4) white += data[i] > 250 && data[i + 1] > 250 && data[i + 2] > 250 && data[i + 3] > 250;
    return white;
  });
}"""
GO = """async ([lon, lat, zoom]) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  await new Promise((done) => { map.once("idle", done); map.jumpTo({ center: [lon, lat], zoom }); map.triggerRepaint(); });
}"""


def roomiest_places(page: Page) -> dict[str, tuple[float, float]]:
    """Longitude and latitude of the place of each level that lies farthest from any other."""
    pieces: dict[str, list[Any]] = {}
    for level, geometry in page.evaluate(ZONES):
        pieces.setdefault(level, []).append(shapely.make_valid(shapely.from_geojson(geometry)))
    zones = {level: shapely.union_all(found) for level, found in pieces.items()}
    places = {}
    for level, zone in zones.items():
        alone = shapely.difference(zone, shapely.union_all([other for name, other in zones.items() if name != level]))
        middle = shapely.get_point(shapely.maximum_inscribed_circle(alone, tolerance=1e-4), 0)
        places[level] = (middle.x, middle.y)
    return places


def patch(page: Page) -> np.ndarray:
    """Colours in the middle of the map, rows x columns x 3."""
    box = page.locator("#map-canvas").bounding_box()
    assert box
    clip = {"x": round(box["x"] + (box["width"] - PATCH_PX) / 2), "y": round(box["y"] + (box["height"] - PATCH_PX) / 2), "width": PATCH_PX, "height": PATCH_PX}
    with rasterio.io.MemoryFile(page.screenshot(clip=clip)) as file, file.open() as picture:
        return np.moveaxis(picture.read([1, 2, 3]), 0, -1).astype(float)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize("hatch", ["0", "1"], ids=["faint hatch", "strong hatch"])
def test_zones_of_the_map_differ_for_every_eye_and_in_grey(open_page: OpenPage, live_server: str, hatch: str, faults: list[str]) -> None:  # noqa: F811
    west, south, east, north = answer(live_server, "/api/layers")["area"]["home"]
    page = open_page(f"?v=10/{(south + north) / 2:.5f}/{(west + east) / 2:.5f}&l=risk_zones&bg=light&hx={hatch}", device_scale_factor=SCALE)
    patches = {}
    for level, (lon, lat) in roomiest_places(page).items():
        page.evaluate(GO, [lon, lat, ZOOM])
        patches[level] = patch(page)
    assert set(patches) == set(LEVELS)
    for kind, least in LEAST_DIFFERENCES.items():
        seen = {level: lab(seen_as(np.median(pixels.reshape(-1, 3), axis=0), kind)) for level, pixels in patches.items()}
        for one, other in itertools.combinations(LEVELS, 2):
            assert ciede2000(seen[one], seen[other]) >= least - TOLERANCE, (kind, one, other, ciede2000(seen[one], seen[other]))
    grey = {level: lab(np.repeat((linear(pixels) @ [0.2126, 0.7152, 0.0722])[..., None], 3, axis=-1))[..., 0] for level, pixels in patches.items()}
    for one, other in itertools.combinations(LEVELS, 2):
        lightness = abs(np.median(grey[one]) - np.median(grey[other]))
        assert lightness >= LEAST_LIGHTNESS or alikeness(grey[one], grey[other]) <= MOST_ALIKE, (one, other, lightness)
    assert faults == []


@pytest.mark.parametrize(("ground", "has_white"), [("dark", False), ("light", True)])
def test_what_is_not_rated_does_not_outshine_the_levels_on_the_dark_ground(open_page: OpenPage, live_server: str, ground: str, has_white: bool) -> None:  # noqa: F811
    west, south, east, north = answer(live_server, "/api/layers")["area"]["home"]
    page = open_page(f"?v=11.5/{(south + north) / 2:.5f}/{(west + east) / 2:.5f}&bg={ground}")
    found = page.evaluate(UNRATED_PICTURES)
    assert found and all((n > 0) == has_white for n in found)
