/** Shaded relief under the data, where the edition has heights: switched on and kept by each person. */
import { shown } from "./atlas.js";
import { completeStyle, map } from "./mapview.js";

const KEPT_AS = "atlas-hills";

/** Whether the edition has heights that may be shaded upon the present ground. */
export const hasHills = () => Boolean(shown.catalog.relief);

/** Whether the shading lies on the map: the edition has heights, and the person wants them. */
export const drawsHills = () => hasHills() && isHilly();

export const isHilly = () => localStorage.getItem(KEPT_AS) === "1";

/** Switches the shading on or off. @param {boolean} isOn */
export function showHills(isOn) {
  localStorage.setItem(KEPT_AS, isOn ? "1" : "0");
  drawHills();
}

/** Draws or removes the shading as the person, the edition and the ground want it. */
export function drawHills() {
  const told = shown.catalog.relief;
  const id = drawnAs;
  if (id && map.getLayer(id.layer)) map.removeLayer(id.layer);
  if (id && map.getSource(id.source)) map.removeSource(id.source);
  drawnAs = null;
  if (!told || !isHilly()) return;
  completeStyle();
  drawnAs = { layer: told.layer.id, source: told.layer.source };
  const tiles = told.hillshade.tiles.map((/** @type {string} */ address) => `${location.origin}${address}`);
  map.addSource(told.layer.source, { ...told.hillshade, tiles });
  map.addLayer(told.layer, above(told.layer.metadata["atlas:order"]));
}

/** @type {{layer: string, source: string}|null} */
let drawnAs = null;

/** The lowest style layer that lies above an order. @param {number} order */
function above(order) {
  return map.getStyle().layers.find((/** @type {any} */ entry) => (entry.metadata?.["atlas:order"] ?? -1) > order)?.id;
}
