/** Shows and hides style layers. The map library has the worker make all tiles of a source anew when one of its layers is shown or hidden.
 * A tile holds every layer that the worker knew as visible when it made it: among these, hiding and showing again is a matter of drawing alone. */

/** The library's own check reads the whole style for each value; what is set is one of two words. */
const AS_IT_IS = { validate: false };

/** What the worker was told of the visibility of style layers. @type {WeakMap<any, Map<string, string>>} */
const told = new WeakMap();

/** @param {any} map @param {string} id style layer @param {"visible"|"none"} visibility */
export function setVisibility(map, id, visibility) {
  const { style } = map;
  const layer = style.getLayer(id);
  const isMade = toldOf(style).get(id) === "visible" && !style._updatedLayers[id]; // else the worker is about to be told something
  if (!isMade) return map.setLayoutProperty(id, "visibility", visibility, AS_IT_IS);
  if (layer.visibility === visibility) return map;
  layer.setLayoutProperty("visibility", visibility, AS_IT_IS);
  style._serializedLayers = null; // written anew when it is asked for: a map that has lost its graphics is made again from it
  return map._update(true);
}

/** @param {any} style @returns {Map<string, string>} */
function toldOf(style) {
  const kept = told.get(style) ?? new Map(Object.values(style._layers).map((/** @type {any} */ layer) => [layer.id, layer.visibility]));
  if (told.has(style)) return kept;
  const { _updateLayer: update } = style;
  style._updateLayer = (/** @type {any} */ layer) => {
    kept.set(layer.id, layer.visibility);
    update.call(style, layer);
  };
  told.set(style, kept);
  return kept;
}
