/** Puts the filters on the map: by what tiles carry, else by the numbers that the server gives. */
import { ApiError, getJson } from "./api.js";
import { drawnLayers, fieldOf, shown } from "./atlas.js";
import { filterText, tileFilters } from "./filters.js";
import { setLayerFilter } from "./map_layers.js";
import { errorText } from "./panel.js";
import { showNotice } from "./toast.js";

/** @typedef {import("./atlas.js").Layer} Layer */

/** @type {Map<string, {asked: string, ids: string[]}>} numbers that a filter leaves, by layer */
const kept = new Map();
/** @type {(() => void)[]} */
const listeners = [];

/** @param {() => void} listener told when the filters have changed */
export const onFilters = (listener) => listeners.push(listener);

/** Shows what the filters leave, everywhere. */
export async function applyFilters() {
  listeners.forEach((listener) => listener());
  for (const layer of drawnLayers()) applyTo(layer);
  const waiting = shown.catalog.layers.filter((layer) => !tileFilters(layer, shown.filters).isWhole);
  for (const id of kept.keys()) if (!waiting.some((layer) => layer.id === id)) kept.delete(id);
  await Promise.all(waiting.map(fetchIds));
  for (const layer of drawnLayers()) applyTo(layer);
}

/** @param {Layer} layer */
async function fetchIds(layer) {
  const { edition } = shown.catalog.edition;
  const asked = `${edition} ${filterText(shown.filters, layer.id)}`;
  if (kept.get(layer.id)?.asked === asked) return;
  const query = new URLSearchParams({ flt: filterText(shown.filters, layer.id), ed: String(edition) });
  try {
    const { ids } = await getJson(`/api/tables/${layer.id}/ids?${query}`);
    kept.set(layer.id, { asked, ids });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    showNotice(errorText(error));
  }
}

/** @param {Layer} layer */
function applyTo(layer) {
  const { expressions } = tileFilters(layer, shown.filters);
  const own = kept.get(layer.id);
  if (own) expressions.push(["in", ["get", "id"], ["literal", own.ids]]);
  setLayerFilter(layer, [...expressions, ...ofSources(layer)]);
}

/** A rating is drawn in place of its source: what leaves the source out leaves the rating out. @param {Layer} layer */
function ofSources(layer) {
  if (!fieldOf(layer, "source_layer")?.tile || !fieldOf(layer, "source_feature_id")?.tile) return [];
  return [...kept].map(([source, { ids }]) => ["any", ["!=", ["get", "source_layer"], source], ["in", ["get", "source_feature_id"], ["literal", ids]]]);
}
