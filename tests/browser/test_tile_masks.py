"""One mask for all layers with the same tiles: fewer are drawn, and the picture is the same."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.pages import OpenPage, wait_for_map

FRAME = """async (isMaskedAnew) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  const { painter } = map, { gl } = painter.context;
  let frame = null;
  painter.renderLayer = (...drawn) => { frame = drawn[4]; delete painter.renderLayer; painter.renderLayer(...drawn); };
  map.redraw();
  const frames = Object.getPrototypeOf(frame);
  const { renderTileMasks, renderTileClippingMasks } = frames;
  const masks = [];
  frames.renderTileMasks = function (refs, tiles, hasBorders) { masks.push(tiles.map((tile) => tile.key).join(" ")); return renderTileMasks.call(this, refs, tiles, hasBorders); };
  if (isMaskedAnew) frames.renderTileClippingMasks = function (layer, tiles) { this.invalidateTileClippingMasks(); return renderTileClippingMasks.call(this, layer, tiles); };
  map.redraw();
  Object.assign(frames, { renderTileMasks, renderTileClippingMasks });
  const pixels = new Uint8Array(4 * gl.drawingBufferWidth * gl.drawingBufferHeight);
  gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  const picture = new Uint8Array(await crypto.subtle.digest("SHA-256", pixels));
  return { masks, picture: [...picture].join(" "), colours: new Set(new Uint32Array(pixels.buffer)).size };
}"""
"""Draws a frame; with a mask of its own for every layer where that is asked for."""
NEARER = """async (n) => {
  const { view: { map } } = await import(document.getElementById("page-script").src);
  map.jumpTo({ zoom: map.getZoom() + n });
  await map.once("idle");
}"""


@pytest.mark.parametrize("nearer", [0, 2.5])
def test_layers_with_the_same_tiles_share_a_mask_and_look_the_same(new_page: OpenPage, live_server: str, nearer: float) -> None:
    page = new_page(live_server)
    page.goto(live_server)
    wait_for_map(page)
    if nearer:
        page.evaluate(NEARER, nearer)
    shared, anew = _frames(page)
    assert shared["picture"] == anew["picture"]
    assert shared["colours"] > 20, "something is drawn"
    assert len(anew["masks"]) > 10
    assert all(one != other for one, other in zip(shared["masks"], shared["masks"][1:])), "two masks of the same tiles in a row"
    assert len(shared["masks"]) < len(anew["masks"]) / 3


def _frames(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """A frame as people see it, and one with a mask for every layer: drawn between two equal ones, as labels still fade in after the map is idle."""
    for _ in range(20):
        before, shared, anew = (page.evaluate(FRAME, is_masked_anew) for is_masked_anew in (True, False, True))
        if before["picture"] == anew["picture"]:
            return shared, anew
        page.wait_for_timeout(100)
    raise AssertionError("the picture does not come to rest")
