/** One mask for all layers whose tiles are the same. A layer is clipped to its tiles by a mask over the whole window, and the map library
 * draws one for each source in every frame; nearly all of ours have the same tiles, and without a graphics card each mask takes a millisecond. */

let isShared = false;

/** Draws the masks of a map, and of those after it, only where the tiles differ from those of the mask that stands. @param {any} map */
export function shareMasks({ painter }) {
  if (isShared) return;
  painter.renderLayer = (/** @type {any[]} */ ...drawn) => {
    delete painter.renderLayer; // once: what a frame knows is made by the library itself
    share(Object.getPrototypeOf(drawn[4]));
    painter.renderLayer(...drawn);
  };
}

/** @param {any} frames what all frames are made of */
function share(frames) {
  const draw = frames.renderTileClippingMasks;
  if (isShared || !draw) return;
  isShared = true;
  frames.renderTileClippingMasks = function drawUnlessThere(/** @type {any} */ layer, /** @type {any[]} */ tiles) {
    const stands = this.currentStencilSource !== undefined; // else nothing is masked yet, or something else was drawn there
    if (stands && layer.isTileClipped() && areSame(this.maskedTiles, tiles)) {
      this.currentStencilSource = layer.source;
      return;
    }
    const before = this.currentStencilSource;
    draw.call(this, layer, tiles);
    if (this.currentStencilSource !== before) this.maskedTiles = tiles;
  };
}

/**
 * Whether tiles are the same, in the same order: where they overlap while others come, the later one covers the earlier.
 * @param {any[]|undefined} masked @param {any[]|undefined} tiles
 */
const areSame = (masked, tiles) => Boolean(tiles?.length) && masked?.length === tiles?.length && (masked ?? []).every((tile, i) => tile.key === tiles?.[i].key);
