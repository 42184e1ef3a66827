/** The style of the map: sources and style layers out of the catalog, as they are shown now. */
import { isOnce, onceSource } from "./area_labels.js";
import { drawnLayers, shown } from "./atlas.js";
import { colour } from "./colours.js";
import { EDGES, edgeLayer } from "./label_edges.js";
import { ownLayers } from "./own_layers.js";
import { looked } from "./plain_style.js";
import { entryOrder, places } from "./stacking.js";
import { lang } from "./texts.js";

const TILE_MAX_ZOOM = 16;
const OPACITY_OF = {
  fill: ["fill-opacity"],
  line: ["line-opacity"],
  circle: ["circle-opacity", "circle-stroke-opacity"],
  symbol: ["icon-opacity", "text-opacity"],
};
/** What the name of a layer's source begins with. */
export const SOURCE_PREFIX = "atlas-";
const EMPTY = { type: "FeatureCollection", features: [] };

/** @type {Map<string, any>} designed filter of each style layer */
export const designed = new Map();

/** @param {import("./atlas.js").Layer} layer @param {number} edition */
export const tileAddress = (layer, edition) => `${location.origin}/tiles/${edition}/${shown.catalog.view}/${layer.id}/{z}/{x}/{y}.mvt`;

/** @param {import("./atlas.js").Layer} layer @param {number} edition */
function source(layer, edition) {
  const maxzoom = Math.max(layer.min_zoom, Math.min(layer.max_zoom, TILE_MAX_ZOOM));
  return { type: "vector", tiles: [tileAddress(layer, edition)], minzoom: layer.min_zoom, maxzoom, promoteId: "id" };
}

/** The style of what is seen first: layers that are not shown and our own drawings come when it is (`completeStyle`). */
export function firstStyle() {
  const whole = wholeStyle();
  return { ...whole, layers: whole.layers.filter((/** @type {any} */ entry) => entry.layout?.visibility !== "none" || entry.id === EDGES) };
}

/** The style of everything: data at the bottom, in the order that each style layer states, then our own drawings. */
export function wholeStyle(edition = shown.catalog.edition.edition) {
  const layers = drawnLayers();
  const entries = layers.flatMap((layer) => layer.style.map((entry) => prepared(layer, entry)));
  const order = stack();
  entries.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  return {
    version: 8,
    sources: { ...Object.fromEntries(layers.map((layer) => [`${SOURCE_PREFIX}${layer.id}`, source(layer, edition)])), ...ownSources(layers) },
    state: {
      policy: { default: shown.policy },
      lang: { default: lang() },
      strong_hatch: { default: shown.strongHatch },
      own_prefix: { default: ownPrefix() },
    },
    layers: [{ id: "land", type: "background", paint: { "background-color": colour("base.land") } }, ...entries.toSpliced(firstFigure(entries), 0, areaName()),
      ...[...ownLayers(), edgeLayer].map((entry) => ({ ...entry, layout: { ...entry.layout, visibility: "none" } }))],
  };
}

/** Where the figures of gatherings begin: what lies below gives way to them. @param {any[]} entries */
function firstFigure(entries) {
  const at = entries.findIndex((entry) => entry.metadata?.["atlas:figure"]);
  return at < 0 ? entries.length : at;
}

/** The name of the area where its towns have none yet (below zoom 9), where figures leave room. */
export const areaName = () => ({
  id: "area-name", type: "symbol", source: "area-name", maxzoom: 9,
  layout: {
    "text-field": ["case", ["==", ["global-state", "lang"], "en"], ["get", "en"], ["get", "zh"]], "text-font": ["Atlas Sans SC Bold", "Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"],
    "text-size": 16, "text-padding": 4, "text-variable-anchor": ["center", "bottom", "top", "left", "right"], "text-radial-offset": 1.5,
  },
  paint: { "text-color": colour("base.label"), "text-halo-color": colour("base.halo"), "text-halo-width": 1.6 },
});

/** Where it stands: in the middle of the home extent. */
function areaPlace() {
  const { home: [west, south, east, north], title_zh: zh, title_en: en } = shown.catalog.area;
  return { type: "Feature", geometry: { type: "Point", coordinates: [(west + east) / 2, (south + north) / 2] }, properties: { zh, en: en || zh } };
}

/** Where each style layer lies. @returns {Map<string, number>} */
export function stack() {
  const layers = drawnLayers();
  const at = places(layers, shown.order);
  return new Map(layers.flatMap((layer) => layer.style.map((entry) => [entry.id, entryOrder(layer, entry, at)])));
}

/** The area's name without its kind: labels on the map leave it out where a name begins with it. */
const ownPrefix = () => String(shown.catalog.area.title_zh ?? "").replace(/[县縣市区區旗]$/, "");

/** Whether a layer is drawn: chosen, and not left out upon the present ground. @param {import("./atlas.js").Layer} layer */
export const isSeen = (layer) => shown.visible.has(layer.id) && !shown.catalog.background?.hides.includes(layer.id);

/** @param {import("./atlas.js").Layer} layer @param {Record<string, any>} entry */
export function prepared(layer, entry) {
  entry = namedOnce(layer, inLook(layer, entry));
  const visibility = isSeen(layer) ? "visible" : "none";
  designed.set(entry.id, { filter: entry.filter, paint: { ...entry.paint } });
  const share = (shown.opacity.get(layer.id) ?? 100) / 100;
  const made = { ...entry, layout: { ...entry.layout, visibility }, paint: { ...entry.paint, ...opacities(entry, share) } };
  if (!isOnce(entry)) return made;
  const { "source-layer": _, ...own } = /** @type {any} */ (made);
  return { ...own, source: onceSource(entry) };
}

/** The name of a point that is selected stands at its ring alone (`selected_name.js`). @param {import("./atlas.js").Layer} layer @param {Record<string, any>} entry */
function namedOnce(layer, entry) {
  const writesName = layer.label && !isOnce(entry) && !entry.layout?.["symbol-placement"] && JSON.stringify(entry.layout?.["text-field"] ?? "").includes(`["get","${layer.label}"]`);
  if (!writesName) return entry;
  return { ...entry, paint: { ...entry.paint, "text-opacity": ["case", ["boolean", ["feature-state", "is_selected"], false], 0, entry.paint?.["text-opacity"] ?? 1] } };
}

/** @param {import("./atlas.js").Layer} layer @param {Record<string, any>} entry */
const inLook = (layer, entry) => looked(entry, shown.looks.get(layer.id), { fill: colour("object.soft"), line: colour("object.line"), ink: colour("object.disc") });

/** @param {Record<string, any>} entry @param {number} share */
export function opacities(entry, share) {
  const names = OPACITY_OF[/** @type {keyof typeof OPACITY_OF} */ (entry.type)] ?? [];
  const paint = designed.get(entry.id)?.paint ?? {};
  return Object.fromEntries(names.map((name) => [name, scaled(paint[name] ?? 1, share)]));
}

/** A value, or the values of a zoom expression, times a share. @param {any} value @param {number} share @returns {any} */
export function scaled(value, share) {
  if (share === 1) return value;
  if (typeof value === "number") return value * share;
  if (value[0] === "interpolate") return value.map((/** @type {any} */ part, /** @type {number} */ i) => (i > 2 && i % 2 === 0 ? scaled(part, share) : part));
  if (value[0] === "step") return value.map((/** @type {any} */ part, /** @type {number} */ i) => (i > 1 && i % 2 === 0 ? scaled(part, share) : part));
  return ["*", value, share];
}

/** Whether a style layer draws numbers of features, as tiles hold them beside the features. @param {import("./atlas.js").Layer} layer @param {Record<string, any>} entry */
export const isClusters = (layer, entry) => entry["source-layer"] !== layer.id;

/** @param {import("./atlas.js").Layer[]} layers */
function ownSources(layers) {
  const onces = layers.flatMap((layer) => layer.style.filter(isOnce).map(onceSource));
  const names = ["selection", "reason-lines", "site", "what-if", "what-if-names", "ground", "measure", "flash", "numbers", EDGES, ...onces];
  const empty = Object.fromEntries(names.map((name) => [name, { type: "geojson", data: EMPTY }]));
  return { ...empty, "area-name": { type: "geojson", data: areaPlace() } };
}

/** A box as the map library writes it. @param {number[]} box west, south, east, north @returns {[[number, number], [number, number]]} */
export const bounds = ([west, south, east, north]) => [[west, south], [east, north]];
