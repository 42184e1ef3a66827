/** The map: sources and style layers out of the catalog, what is visible, and the page's own drawings above them. */
import * as maplibregl from "/vendor/maplibre-gl.mjs";
import { serverGone } from "./api.js";
import { heldLabels, isOnce, onceSource, placeAreaLabels } from "./area_labels.js";
import { drawnLayers, isByPolicy, shown } from "./atlas.js";
import { colour } from "./colours.js";
import { FirstViewMap, noteFirstView } from "./first_view.js";
import { FIRST_OWN, ownLayers } from "./own_layers.js";
import { EDGES, clearEdges, edgeLayer, keepClear, markEdges } from "./label_edges.js";
import { looked } from "./plain_style.js";
import { entryOrder, places } from "./stacking.js";
import { picture } from "./symbols.js";
import { lang, t } from "./texts.js";

const FONTS = ["Atlas Sans SC", "Atlas Sans SC Bold"];
const FONT_WAIT_MS = 3000;
const TILE_MAX_ZOOM = 16;
/** What a proxy says while the server behind it is gone; 0 is a request that never got there. */
const GATEWAY_FAULTS = [0, 502, 503, 504];
const SIGHT_MARGIN_PX = 40;
const FIT_MARGIN_PX = 40;
const OPACITY_OF = {
  fill: ["fill-opacity"],
  line: ["line-opacity"],
  circle: ["circle-opacity", "circle-stroke-opacity"],
  symbol: ["icon-opacity", "text-opacity"],
};
const SOURCE_PREFIX = "atlas-";
const EMPTY = { type: "FeatureCollection", features: [] };

/** @type {any} the MapLibre map, once it is made */
export let map = null;
/** @type {any} the map of another edition, while two are compared */
let mapBefore = null;
/** Every map that shows what the page shows. */
const maps = () => [map, mapBefore].filter((one) => one?.isStyleLoaded() || one === map);

/** Every map there is, drawn or not. */
const everyMap = () => [map, mapBefore].filter(Boolean);

/** @type {Map<string, any>} designed filter of each style layer */
const designed = new Map();

/** Loads the served faces first: MapLibre draws each character from them, and does not draw again later. */
async function loadFonts() {
  const faces = FONTS.map((family) => document.fonts.load(`24px "${family}"`, "安 Aa"));
  const late = new Promise((resolve) => setTimeout(resolve, FONT_WAIT_MS));
  await Promise.race([Promise.allSettled(faces), late]);
}

/**
 * Makes the map.
 * @param {HTMLElement} container
 * @param {{zoom: number, center: [number, number]}|null} view null shows the area's home extent
 */
export async function makeMap(container, view) {
  await loadFonts();
  const { home } = shown.catalog.area;
  const place = view ?? { bounds: bounds(home), fitBoundsOptions: { padding: 24 } };
  map = new FirstViewMap({
    container,
    style: /** @type {any} */ (wholeStyle()),
    validateStyle: false,
    ...place,
    minZoom: 7,
    maxZoom: 18.9,
    maxBounds: wider(home),
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    keyboard: false,
    renderWorldCopies: false,
    fadeDuration: 0,
    clickTolerance: 6,
    locale: { "Map.Title": t("map_title") },
  });
  map.touchZoomRotate.disableRotation();
  map.setMissingStyleImageResolver((/** @type {string} */ name) => addPicture(name));
  map.on("idle", () => placeAreaLabels(map));
  map.on("error", (/** @type {any} */ event) => noteError(event.error, event.sourceId));
  noteFirstView(map);
  map.once("idle", () => markEdges(everyMap()));
  await new Promise((resolve) => map.once("load", resolve));
  map.on("movestart", () => clearEdges(everyMap()));
  map.on("moveend", () => markEdges(everyMap()));
  return map;
}

/**
 * A map of another edition, drawn like the first one, that is moved by it alone.
 * @param {HTMLElement} container @param {number} edition
 */
export function makeMapBefore(container, edition) {
  const made = new maplibregl.Map({
    container, style: /** @type {any} */ (wholeStyle(edition)), validateStyle: false, center: map.getCenter(), zoom: map.getZoom(), minZoom: 7, maxZoom: 18.9,
    attributionControl: false, interactive: false, renderWorldCopies: false, fadeDuration: 0, locale: { "Map.Title": t("map_before") },
  });
  made.setMissingStyleImageResolver((/** @type {string} */ name) => {
    const image = picture(name, Math.max(1, window.devicePixelRatio || 1));
    if (image && !made.hasImage(name)) made.addImage(name, image.image, { pixelRatio: image.pixelRatio });
  });
  made.on("error", (/** @type {any} */ event) => noteError(event.error));
  made.on("idle", () => copyLabels(made));
  made.on("load", () => {
    made.getCanvas().tabIndex = -1;
    for (const layer of drawnLayers()) for (const entry of layer.style) made.setFilter(entry.id, map.getFilter(entry.id) ?? null);
    markEdges([made]);
  });
  mapBefore = made;
  return made;
}

/** Takes the other edition's map away. */
export function removeMapBefore() {
  mapBefore?.remove();
  mapBefore = null;
}

/** Keeps labels clear of the line at which the other map ends; null where none is cut. @param {number|null} share of the width */
export const keepLabelsClear = (share) => keepClear(share, everyMap());

/** The labels of areas stand where the first map has them. @param {any} other */
function copyLabels(other) {
  const text = JSON.stringify(heldLabels());
  if (other.labelsHeld === text) return;
  other.labelsHeld = text;
  for (const [id, data] of heldLabels()) other.getSource(id)?.setData(data);
}

/** @type {((layerId: string) => void)[]} told of a layer whose tiles the server could not give */
const failureListeners = [];

/** @param {(layerId: string) => void} listener */
export const onLayerFailure = (listener) => failureListeners.push(listener);

/** @param {Error & {status?: number}} error @param {string} [sourceId] */
function noteError(error, sourceId = "") {
  const isUnreached = error instanceof TypeError && /fetch|network|load failed/i.test(error.message);
  if (isUnreached || GATEWAY_FAULTS.includes(error?.status ?? 200)) return serverGone();
  const layerId = sourceId.startsWith(SOURCE_PREFIX) ? sourceId.slice(SOURCE_PREFIX.length) : "";
  if (!layerId || !error?.status) return console.error(error);
  failureListeners.forEach((listener) => listener(layerId));
}

/** Asks for the tiles of a layer again. @param {import("./atlas.js").Layer} layer */
export function askAgain(layer) {
  map.getSource(`${SOURCE_PREFIX}${layer.id}`)?.setTiles([tileAddress(layer, shown.catalog.edition.edition)]);
}

/** @param {string} name */
function addPicture(name) {
  const made = picture(name, Math.max(1, window.devicePixelRatio || 1));
  if (made && !map.hasImage(name)) map.addImage(name, made.image, { pixelRatio: made.pixelRatio });
}

/** @param {number[]} box west, south, east, north @returns {[[number, number], [number, number]]} */
export const bounds = ([west, south, east, north]) => [[west, south], [east, north]];

/** Three times the extent in each direction: far enough to look around, near enough not to get lost. */
function wider(/** @type {number[]} */ [west, south, east, north]) {
  const [dx, dy] = [east - west, north - south];
  return bounds([west - dx, south - dy, east + dx, north + dy]);
}

/** @param {import("./atlas.js").Layer} layer @param {number} edition */
const tileAddress = (layer, edition) => `${location.origin}/tiles/${edition}/${shown.catalog.view}/${layer.id}/{z}/{x}/{y}.mvt`;

/** @param {import("./atlas.js").Layer} layer @param {number} edition */
function source(layer, edition) {
  const maxzoom = Math.max(layer.min_zoom, Math.min(layer.max_zoom, TILE_MAX_ZOOM));
  return { type: "vector", tiles: [tileAddress(layer, edition)], minzoom: layer.min_zoom, maxzoom, promoteId: "id" };
}

/** The style of everything: data at the bottom, in the order that each style layer states, then our own drawings. */
function wholeStyle(edition = shown.catalog.edition.edition) {
  const layers = drawnLayers();
  const entries = layers.flatMap((layer) => layer.style.map((entry) => prepared(layer, entry)));
  const order = stack();
  entries.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  return {
    version: 8,
    sources: { ...Object.fromEntries(layers.map((layer) => [`atlas-${layer.id}`, source(layer, edition)])), ...ownSources(layers) },
    state: {
      policy: { default: shown.policy },
      lang: { default: lang() },
      strong_hatch: { default: shown.strongHatch },
      own_prefix: { default: ownPrefix() },
    },
    layers: [{ id: "land", type: "background", paint: { "background-color": colour("base.land") } }, ...entries,
      ...[...ownLayers(), edgeLayer].map((entry) => ({ ...entry, layout: { ...entry.layout, visibility: "none" } }))],
  };
}

/** Where each style layer lies. @returns {Map<string, number>} */
function stack() {
  const layers = drawnLayers();
  const at = places(layers, shown.order);
  return new Map(layers.flatMap((layer) => layer.style.map((entry) => [entry.id, entryOrder(layer, entry, at)])));
}

/** Puts the style layers into the order that is wanted now. */
export function restack() {
  const order = stack();
  const ids = [...order.keys()].filter((id) => map.getLayer(id)).sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));
  for (const id of ids) map.moveLayer(id, FIRST_OWN);
}

/** The area's name without its kind: labels on the map leave it out where a name begins with it. */
const ownPrefix = () => String(shown.catalog.area.title_zh ?? "").replace(/[县縣市区區旗]$/, "");

/** Whether a layer is drawn: chosen, and not left out upon the present ground. @param {import("./atlas.js").Layer} layer */
const isSeen = (layer) => shown.visible.has(layer.id) && !shown.catalog.background?.hides.includes(layer.id);

/** @param {import("./atlas.js").Layer} layer @param {Record<string, any>} entry */
function prepared(layer, entry) {
  entry = inLook(layer, entry);
  const visibility = isSeen(layer) ? "visible" : "none";
  designed.set(entry.id, { filter: entry.filter, paint: { ...entry.paint } });
  const share = (shown.opacity.get(layer.id) ?? 100) / 100;
  const made = { ...entry, layout: { ...entry.layout, visibility }, paint: { ...entry.paint, ...opacities(entry, share) } };
  if (!isOnce(entry)) return made;
  const { "source-layer": _, ...own } = /** @type {any} */ (made);
  return { ...own, source: onceSource(entry) };
}

/** @param {import("./atlas.js").Layer} layer @param {Record<string, any>} entry */
const inLook = (layer, entry) => looked(entry, shown.looks.get(layer.id), { fill: colour("object.soft"), line: colour("object.line"), ink: colour("object.disc") });

/** @param {Record<string, any>} entry @param {number} share */
function opacities(entry, share) {
  const names = OPACITY_OF[/** @type {keyof typeof OPACITY_OF} */ (entry.type)] ?? [];
  const paint = designed.get(entry.id)?.paint ?? {};
  return Object.fromEntries(names.map((name) => [name, faded(paint[name] ?? 1, share)]));
}

/** @param {any} value @param {number} share */
const faded = (value, share) => (share === 1 ? value : typeof value === "number" ? value * share : ["*", value, share]);

/** @param {import("./atlas.js").Layer} layer @param {boolean} isVisible */
export function setLayerVisible(layer, isVisible) {
  for (const one of maps()) for (const entry of layer.style) one.setLayoutProperty(entry.id, "visibility", isVisible && isSeen(layer) ? "visible" : "none");
}

/** @param {import("./atlas.js").Layer} layer @param {number} pct */
export function setLayerOpacity(layer, pct) {
  for (const entry of layer.style) {
    for (const [name, value] of Object.entries(opacities(entry, pct / 100))) for (const one of maps()) one.setPaintProperty(entry.id, name, value);
  }
}

/** Whether a style layer draws numbers of features, as tiles hold them beside the features. @param {import("./atlas.js").Layer} layer @param {Record<string, any>} entry */
export const isClusters = (layer, entry) => entry["source-layer"] !== layer.id;

/**
 * Leaves out what some conditions do not hold for. A number of features knows no conditions: what these leave is drawn
 * singly then, at every zoom.
 * @param {import("./atlas.js").Layer} layer @param {any[]} conditions */
export function setLayerFilter(layer, conditions) {
  for (const entry of layer.style) {
    const singly = conditions.length ? entry.metadata?.["atlas:singly"] : null;
    const isNone = conditions.length > 0 && isClusters(layer, entry);
    const own = isNone ? ["literal", false] : singly ?? designed.get(entry.id)?.filter;
    const parts = isNone ? [own] : [own, ...conditions].filter(Boolean);
    for (const one of maps()) one.setFilter(entry.id, parts.length > 1 ? ["all", ...parts] : (parts[0] ?? null));
  }
}

/** Gives every style layer the colours and looks that hold now. */
export function restyle() {
  map.setPaintProperty("land", "background-color", colour("base.land"));
  for (const layer of drawnLayers()) {
    for (const entry of layer.style.map((one) => prepared(layer, one))) {
      for (const [name, value] of Object.entries(entry.paint ?? {})) map.setPaintProperty(entry.id, name, value);
      for (const [name, value] of Object.entries(entry.layout ?? {})) map.setLayoutProperty(entry.id, name, value);
    }
  }
  for (const entry of ownLayers()) {
    for (const [name, value] of Object.entries(entry.paint)) map.setPaintProperty(entry.id, name, value);
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
  for (const layer of drawnLayers()) map.getSource(`atlas-${layer.id}`)?.setTiles([tileAddress(layer, shown.catalog.edition.edition)]);
}

/** Style layers that answer a click, topmost first. @returns {string[]} */
export function clickableStyleLayers() {
  const known = new Set(drawnLayers().filter((layer) => layer.group !== "base").flatMap((l) => l.style.filter((s) => !isClusters(l, s)).map((s) => s.id)));
  return map.getStyle().layers.map((/** @type {any} */ entry) => entry.id).filter((/** @type {string} */ id) => known.has(id));
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

/* The page's own drawings: selection, shortest lines, the site being drawn. */

/** @param {import("./atlas.js").Layer[]} layers */
function ownSources(layers) {
  const onces = layers.flatMap((layer) => layer.style.filter(isOnce).map(onceSource));
  const names = ["selection", "reason-lines", "site", "what-if", "ground", "measure", "flash", "numbers", EDGES, ...onces];
  return Object.fromEntries(names.map((name) => [name, { type: "geojson", data: EMPTY }]));
}

/**
 * Puts features into one of the page's own sources, and draws them; null empties it. What is empty is not drawn, so that
 * its tiles are not made over and over.
 * @param {"selection"|"reason-lines"|"site"|"what-if"|"ground"|"measure"|"flash"|"numbers"} name
 * @param {any[]|null} features
 */
export function drawOwn(name, features) {
  const source = map?.getSource(name);
  if (!source) return;
  for (const { id } of ownLayers().filter((entry) => entry.source === name)) map.setLayoutProperty(id, "visibility", features?.length ? "visible" : "none");
  source.setData({ type: "FeatureCollection", features: features ?? [] });
}

/** @param {any} geometry @param {Record<string, any>} [properties] */
export const feature = (geometry, properties = {}) => ({ type: "Feature", geometry, properties });

/**
 * Shortest lines with their lengths, ends marked.
 * @param {{line: any, label: string}[]} lines
 */
export function drawReasonLines(lines) {
  const ends = (/** @type {any} */ line) =>
    line.type === "LineString" ? [line.coordinates[0], line.coordinates.at(-1)] : line.type === "Point" ? [line.coordinates] : [];
  const made = lines.flatMap(({ line, label }) => [
    ...(line.type === "Point" ? [] : [feature(line, { label })]),
    ...ends(line).map((/** @type {number[]} */ at) => feature({ type: "Point", coordinates: at })),
  ]);
  drawOwn("reason-lines", made);
}

/** West, south, east, north of a geometry. @param {any} geometry @returns {[number, number, number, number]|null} */
export function extentOf(geometry) {
  const box = /** @type {[number, number, number, number]} */ ([Infinity, Infinity, -Infinity, -Infinity]);
  const visit = (/** @type {any} */ part) => {
    if (typeof part[0] === "number") {
      box[0] = Math.min(box[0], part[0]); box[2] = Math.max(box[2], part[0]);
      box[1] = Math.min(box[1], part[1]); box[3] = Math.max(box[3], part[1]);
    } else part.forEach(visit);
  };
  const parts = geometry?.type === "GeometryCollection" ? geometry.geometries : [geometry];
  for (const part of parts) if (part?.coordinates?.length) visit(part.coordinates);
  return Number.isFinite(box[0]) ? box : null;
}

/** Pixels of the map's edges that a panel lies over. */
function coveredEdges() {
  const frame = map.getContainer().getBoundingClientRect();
  const panel = document.getElementById("result");
  const none = { top: 0, bottom: 0, left: 0, right: 0 };
  if (!panel || panel.hidden) return none;
  const box = panel.getBoundingClientRect();
  if (box.left >= frame.right - 1 || box.top >= frame.bottom - 1) return none;
  return box.width >= frame.width - 1 ? { ...none, bottom: Math.max(0, frame.bottom - box.top) } : { ...none, right: Math.max(0, frame.right - box.left) };
}

/** @param {{top: number, bottom: number, left: number, right: number}} edges */
const fitPadding = (edges) => Object.fromEntries(Object.entries(edges).map(([side, covered]) => [side, covered + FIT_MARGIN_PX]));

/** Moves the map just so far that a place is not under the panel. @param {[number, number]} place */
export function keepInSight(place) {
  const edges = coveredEdges();
  const { clientWidth, clientHeight } = map.getContainer();
  const at = map.project(place);
  const most = { x: clientWidth - edges.right - SIGHT_MARGIN_PX, y: clientHeight - edges.bottom - SIGHT_MARGIN_PX };
  const over = [Math.max(0, at.x - most.x), Math.max(0, at.y - most.y)];
  if (over[0] < clientWidth && over[1] < clientHeight && (over[0] || over[1])) map.panBy(over, { duration: 250 });
}

/** Goes to a geometry: to a point at zoom 15 or nearer, to anything else so that it fits. @param {any} geometry */
export function flyToGeometry(geometry) {
  const box = extentOf(geometry);
  if (!box) return;
  const isPoint = box[0] === box[2] && box[1] === box[3];
  const edges = coveredEdges();
  const offset = [-edges.right / 2, -edges.bottom / 2];
  if (isPoint) map.flyTo({ center: [box[0], box[1]], zoom: Math.max(15, map.getZoom()), speed: 2.4, offset });
  else map.fitBounds(bounds(box), { padding: fitPadding(edges), maxZoom: 17, speed: 2.4 });
}
