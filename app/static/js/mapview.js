/** The map itself, and that of another edition while two are compared: made, taken away, and what their sources say of failures. */
import * as maplibregl from "/vendor/maplibre-gl.mjs";
import { serverGone } from "./api.js";
import { heldLabels, placeAreaLabels } from "./area_labels.js";
import { drawnLayers, shown } from "./atlas.js";
import { FirstViewMap, paintFirstView } from "./first_view.js";
import { clearEdges, keepClear, markEdges } from "./label_edges.js";
import { SOURCE_PREFIX, bounds, firstStyle, tileAddress, wholeStyle } from "./map_style.js";
import { picture } from "./symbols.js";
import { t } from "./texts.js";
import { shareMasks } from "./tile_masks.js";

const FONTS = ["Atlas Sans SC", "Atlas Sans SC Bold"];
const FONT_WAIT_MS = 3000;
/** What a proxy says while the server behind it is gone; 0 is a request that never got there. */
const GATEWAY_FAULTS = [0, 502, 503, 504];

/** @type {any} the MapLibre map, once it is made */
export let map = null;
/** @type {any} the map of another edition, while two are compared */
let mapBefore = null;
/** Every map that shows what the page shows and has its style: the other one is made of what is shown then. */
export const maps = () => [map, mapBefore].filter((one) => one?.style?._loaded || one === map); // isStyleLoaded() is false while tiles come, too

/** Every map there is, drawn or not. */
const everyMap = () => [map, mapBefore].filter(Boolean);

/** Loads the served faces first: MapLibre draws each character from them, and does not draw again later. */
async function loadFonts() {
  const faces = FONTS.map((family) => document.fonts.load(`24px "${family}"`, "安 Aa"));
  const late = new Promise((resolve) => setTimeout(resolve, FONT_WAIT_MS));
  await Promise.race([Promise.allSettled(faces), late]);
}

/** @type {Promise<void>|null} null once the faces are there */
let fonts = loadFonts().then(() => { fonts = null; });

/**
 * Makes the map: at once where the faces are there, and done once its style stands.
 * @param {HTMLElement} container
 * @param {{zoom: number, center: [number, number]}|null} view null shows the area's home extent
 */
export async function makeMap(container, view) {
  if (fonts) await fonts;
  const { home } = shown.catalog.area;
  const place = view ?? { bounds: bounds(home), fitBoundsOptions: { padding: 24 } };
  map = new FirstViewMap({
    container,
    style: /** @type {any} */ (firstStyle()),
    validateStyle: false,
    ...place,
    minZoom: 7,
    maxZoom: 18.9,
    maxBounds: wider(home),
    attributionControl: false,
    canvasContextAttributes: { preserveDrawingBuffer: true }, // a picture of it is kept without drawing it again
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    keyboard: false,
    renderWorldCopies: false,
    fadeDuration: 0,
    clickTolerance: 6,
    locale: { "Map.Title": t("map_title") },
  });
  shareMasks(map);
  map.touchZoomRotate.disableRotation();
  map.setMissingStyleImageResolver((/** @type {string} */ name) => addPicture(name));
  map.on("idle", () => placeAreaLabels(map));
  map.on("error", (/** @type {any} */ event) => noteError(event.error, event.sourceId));
  paintFirstView(map, (source) => placeAreaLabels(map, source));
  await new Promise((resolve) => map.once("style.load", resolve));
  markEdges(everyMap());
  map.on("movestart", () => clearEdges(everyMap()));
  map.on("moveend", () => markEdges(everyMap()));
  return map;
}

/** Whether the map has every style layer, seen or not. */
let isComplete = false;

/**
 * Gives the map the style layers that its first view does without: to be called before any of them is changed. Their sources have
 * no tiles yet, so that none is read again.
 */
export function completeStyle() {
  if (isComplete || !map) return;
  const { layers } = wholeStyle();
  layers.toReversed().forEach((entry, i, all) => {
    if (!map.getLayer(entry.id)) map.style.addLayer(entry, all[i - 1]?.id, { validate: false });
  });
  map._update(true);
  isComplete = true;
}

/**
 * A map of another edition, drawn like the first one, that is moved by it alone.
 * @param {HTMLElement} container @param {number} edition
 */
export function makeMapBefore(container, edition) {
  completeStyle();
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
  made.on("style.load", () => {
    for (const layer of drawnLayers()) for (const entry of layer.style) made.setFilter(entry.id, map.getFilter(entry.id) ?? null, { validate: false });
  });
  made.on("load", () => {
    made.getCanvas().tabIndex = -1;
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

/** Three times the extent in each direction: far enough to look around, near enough not to get lost. */
function wider(/** @type {number[]} */ [west, south, east, north]) {
  const [dx, dy] = [east - west, north - south];
  return bounds([west - dx, south - dy, east + dx, north + dy]);
}

/** @param {string} name */
function addPicture(name) {
  const made = picture(name, Math.max(1, window.devicePixelRatio || 1));
  if (made && !map.hasImage(name)) map.addImage(name, made.image, { pixelRatio: made.pixelRatio });
}
