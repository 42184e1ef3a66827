/** What is shown of the layers: visible or not, how strong, filtered, in which order, of which edition; and what of them is drawn now. */
import { drawnLayers, isByPolicy, shown } from "./atlas.js";
import { colour } from "./colours.js";
import { paintOnceWhole } from "./first_view.js";
import { setVisibility } from "./layer_sight.js";
import { SOURCE_PREFIX, areaName, designed, isClusters, isSeen, opacities, prepared, stack, tileAddress } from "./map_style.js";
import { completeStyle, map, maps } from "./mapview.js";
import { FIRST_OWN, ownLayers } from "./own_layers.js";
import { picture } from "./symbols.js";

/** Styles are validated by the tests, and what is set here is made of them: the library's own check reads the whole style for each value. */
const AS_IT_IS = { validate: false };

/** Puts the style layers into the order that is wanted now. */
export function restack() {
  completeStyle();
  const order = stack();
  const ids = [...order.keys()].filter((id) => map.getLayer(id)).sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  for (const id of ids) map.moveLayer(id, FIRST_OWN);
}

/** @param {import("./atlas.js").Layer} layer @param {boolean} isVisible */
export function setLayerVisible(layer, isVisible) {
  completeStyle();
  for (const one of maps()) for (const entry of layer.style) setVisibility(one, entry.id, isVisible && isSeen(layer) ? "visible" : "none");
}

/** @param {import("./atlas.js").Layer} layer @param {number} pct */
export function setLayerOpacity(layer, pct) {
  completeStyle();
  for (const entry of layer.style) {
    for (const [name, value] of Object.entries(opacities(entry, pct / 100))) for (const one of maps()) one.setPaintProperty(entry.id, name, value, AS_IT_IS);
  }
}

/**
 * Leaves out what some conditions do not hold for. A number of features knows no conditions: what these leave is drawn
 * singly then, at every zoom.
 * @param {import("./atlas.js").Layer} layer @param {any[]} conditions */
export function setLayerFilter(layer, conditions) {
  completeStyle();
  for (const entry of layer.style) {
    const singly = conditions.length ? entry.metadata?.["atlas:singly"] : null;
    const isNone = conditions.length > 0 && isClusters(layer, entry);
    const own = isNone ? ["literal", false] : singly ?? designed.get(entry.id)?.filter;
    const parts = isNone ? [own] : [own, ...conditions].filter(Boolean);
    for (const one of maps()) one.setFilter(entry.id, parts.length > 1 ? ["all", ...parts] : (parts[0] ?? null), AS_IT_IS);
  }
  maps().forEach(paintOnceWhole);
}

/** Gives every style layer the colours and looks that hold now. */
export function restyle() {
  completeStyle();
  map.setPaintProperty("land", "background-color", colour("base.land"), AS_IT_IS);
  for (const layer of drawnLayers()) {
    for (const entry of layer.style.map((one) => prepared(layer, one))) {
      for (const [name, value] of Object.entries(entry.paint ?? {})) map.setPaintProperty(entry.id, name, value, AS_IT_IS);
      for (const [name, value] of Object.entries(entry.layout ?? {})) map.setLayoutProperty(entry.id, name, value, AS_IT_IS);
    }
  }
  for (const entry of [areaName(), ...ownLayers()]) {
    for (const [name, value] of Object.entries(entry.paint)) map.setPaintProperty(entry.id, name, value, AS_IT_IS);
  }
  for (const name of map.listImages()) {
    const made = picture(name, Math.max(1, window.devicePixelRatio || 1));
    if (made) map.updateImage(name, made.image);
  }
}

/** @param {string} name @param {any} value one of the style's `state` values */
export const setMapState = (name, value) => maps().forEach((one) => one.setGlobalStateProperty(name, value));

/** Points every source at the tiles of the edition that is now shown. */
export function useEdition() {
  for (const layer of drawnLayers()) map.getSource(`${SOURCE_PREFIX}${layer.id}`)?.setTiles([tileAddress(layer, shown.catalog.edition.edition)]);
}

/** Style layers that answer a click, topmost first. @returns {string[]} */
export function clickableStyleLayers() {
  const known = new Set(drawnLayers().filter((layer) => layer.group !== "base").flatMap((l) => l.style.filter((s) => !isClusters(l, s)).map((s) => s.id)));
  return map.getLayersOrder().filter((/** @type {string} */ id) => known.has(id));
}

/**
 * Numbers of features that are drawn now, of one layer or of all, topmost first.
 * @param {import("./atlas.js").Layer|null} layer @param {any} [box] pixels; the whole map where none is given
 */
export function clustersDrawn(layer, box) {
  const layers = layer ? [layer] : drawnLayers();
  const ids = layers.flatMap((l) => l.style.filter((entry) => isClusters(l, entry) && !entry.metadata["atlas:figure"]).map((entry) => entry.id)).filter((id) => map.getLayer(id));
  if (!ids.length) return [];
  return box ? map.queryRenderedFeatures(box, { layers: ids }) : map.queryRenderedFeatures({ layers: ids });
}

/** The layer with areas by policy that is drawn now, if any. */
export const policyLayer = () => drawnLayers().find((layer) => isByPolicy(layer) && shown.visible.has(layer.id));
