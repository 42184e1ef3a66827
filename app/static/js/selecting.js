/** What is selected: by a click, a key, a search or the address; its ring on the map, its reasons in the panel. */
import { pushAddress, readAddress } from "./address.js";
import { featureName, isGround, layerById, shown } from "./atlas.js";
import { el } from "./dom.js";
import { ringAtOnce } from "./first_ring.js";
import { standStillFor } from "./first_view.js";
import { coordinates, lineLabel } from "./formats.js";
import { hitTitle, hitsAt, openCluster } from "./identify.js";
import { later } from "./later.js";
import { levelDot } from "./level_marks.js";
import { drawOwn, drawReasonLines, feature } from "./map_drawings.js";
import { flyToGeometry, keepInSight } from "./map_sight.js";
import { map } from "./mapview.js";
import { closePanel, loadIntoPanel, say } from "./panel.js";
import { nameOnce } from "./selected_name.js";
import { datum, isForeign } from "./status.js";
import { markRow } from "./table.js";
import { said, t } from "./texts.js";
import { showNotice } from "./toast.js";

/** @typedef {import("./identify.js").Hit} Hit */

/** What the panel tells of a selection. */
export const details = later(() => import("./details.js"));

/** What is selected, so that language, policy and history can show it again. @type {{f?: string, at?: string}} */
let selected = {};
/** @type {Hit[]} */
let hits = [];
let hitIndex = 0;
/** What the panel that is being opened tells of. @type {{geometry: any, fly: boolean}|null} */
let shownAt = null;

/** @param {Hit[]} found @param {{lng: number, lat: number}} place */
export function onClick(found, place) {
  hits = found;
  hitIndex = 0;
  const first = found[0];
  if (!first || isGround(first.layer)) return openPlace(place.lng, place.lat);
  ring(first.geometry, first.name, place);
  openHit(first);
}

/** The ring appears at once, from what the tile says; the panel follows. @param {any} geometry @param {string} name
 *  @param {{lng: number, lat: number}|null} place */
function ring(geometry, name, place) {
  const at = geometry?.type === "Point" ? geometry : place ? { type: "Point", coordinates: [place.lng, place.lat] } : null;
  const isPoint = geometry?.type === "Point";
  if (at && isPoint) ringAtOnce({ lng: at.coordinates[0], lat: at.coordinates[1] }, name);
  drawOwn("selection", [geometry && !isPoint ? feature(geometry) : null, isPoint || !geometry ? at && feature(at, { label: name }) : null].filter(Boolean));
}

/** A rated source answers with its own feature; the rating comes along with it. @param {Hit} hit */
function openHit(hit) {
  const { source_layer: layer, source_feature_id: id } = hit.properties;
  if (layer && id && layerById(layer)) openFeature(layer, id);
  else openFeature(hit.layer.id, hit.id);
}

/** @param {string} layerId @param {string} id @param {{isHistory?: boolean, fly?: boolean}} [options] */
export function openFeature(layerId, id, { isHistory = false, fly = false } = {}) {
  const layer = layerById(layerId);
  if (!layer) return;
  selected = { f: `${layerId}/${id}` };
  if (!isHistory) pushAddress({ f: selected.f, at: null });
  drawReasonLines([]);
  markRow(layerId, id);
  return standStillFor(loadIntoPanel(() => said(layer), async () => {
    const part = await details.fetched();
    const loaded = await part.loadFeature(layer, id);
    const { geometry } = loaded.feature;
    const name = featureName(layer, { ...loaded.feature.properties, id });
    drawOwn("selection", geometry ? [feature(geometry, { label: name })] : null);
    nameOnce(geometry?.type === "Point" ? { layer: layerId, id } : null);
    shownAt = { geometry, fly };
    const content = part.featureContent(loaded, panelActions());
    return { ...content, body: () => [hitList(), content.body()] };
  }));
}

/** Why a place has its colour. @param {number} lon @param {number} lat @param {{isHistory?: boolean}} [options] */
function openPlace(lon, lat, { isHistory = false } = {}) {
  selected = { at: `${lon.toFixed(6)},${lat.toFixed(6)}` };
  if (!isHistory) pushAddress({ at: selected.at, f: null });
  drawReasonLines([]);
  nameOnce(null);
  ringAtOnce({ lng: lon, lat }, "");
  drawOwn("selection", [feature({ type: "Point", coordinates: [lon, lat] }, { label: "" })]);
  return standStillFor(loadIntoPanel(() => t("why_here"), async () => {
    const part = await details.fetched();
    const why = await part.loadWhy(lon, lat);
    shownAt = { geometry: { type: "Point", coordinates: [lon, lat] }, fly: false };
    return { title: () => part.placeTitle(why), announce: () => part.placeTitle(why), body: () => placeBody(part, why, lon, lat) };
  }));
}

/** @param {typeof import("./details.js")} part @param {any} why @param {number} lon @param {number} lat */
function placeBody({ basisSection, placeReasons }, why, lon, lat) {
  return [
    hitList(),
    el("p", { class: "muted" }, `${coordinates(lon, lat)} ${datum()}`),
    placeReasons(why, { onFly: () => undefined, onOpen: (layer, id) => openFeature(layer, id, { fly: true }) }),
    basisSection(why.data_as_of),
    isForeign(shown.catalog.area) ? el("p", { class: "notice" }, t("jurisdiction_note")) : null,
    el("div", { class: "actions" },
      el("button", { type: "button", class: "button", on: { click: () => flyToGeometry({ type: "Point", coordinates: [lon, lat] }) } }, t("zoom_to")),
      el("button", { type: "button", class: "button", on: { click: copyLink } }, t("copy_link"))),
  ];
}

function panelActions() {
  return {
    onFly: flyToGeometry,
    onOpen: (/** @type {string} */ layer, /** @type {string} */ id) => openFeature(layer, id, { fly: true }),
    onLine: showLine,
    onConflicts: (/** @type {string} */ id) => details.use(({ openConflicts }) => openConflicts(id, (layer, featureId) => openFeature(layer, featureId, { fly: true }))),
    onCopy: copyLink,
  };
}

/** @param {any} row a conflict with its shortest line */
function showLine(row) {
  if (!row.line) return;
  drawReasonLines([{ line: row.line, label: lineLabel(row) }]);
  flyToGeometry(row.line);
}

/** The other things at the place that was clicked, worst first. */
function hitList() {
  if (hits.length < 2) return null;
  const open = (/** @type {number} */ i) => () => step(i - hitIndex);
  return el("nav", { class: "hits", "aria-label": t("hits_here") }, el("p", { class: "muted small" }, t("n_hits", { n: hits.length })),
    el("ol", {}, hits.map((hit, i) => {
      const { name, note } = hitTitle(hit);
      return el("li", {}, el("button", { type: "button", class: "hit-button", "aria-current": i === hitIndex ? "true" : null, on: { click: open(i) } },
        levelDot(hit.level), el("span", {}, name), el("span", { class: "muted" }, note === name ? "" : note)));
    })));
}

/** Steps through the hits of the last click. @param {number} by */
export function step(by) {
  if (hits.length < 2) return;
  hitIndex = (hitIndex + by + hits.length) % hits.length;
  const hit = hits[hitIndex];
  if (isGround(hit.layer)) {
    const { lng, lat } = map.getCenter();
    const at = selected.at?.split(",").map(Number) ?? [lng, lat];
    openPlace(at[0], at[1]);
  } else {
    ring(hit.geometry, hit.name, null);
    openHit(hit);
  }
}

/** Selects what lies at the middle of the map. */
export function selectCentre() {
  const { clientWidth, clientHeight } = map.getContainer();
  const middle = { x: clientWidth / 2, y: clientHeight / 2 };
  const found = hitsAt(middle, 6);
  if (!openCluster(middle, found)) onClick(found, map.getCenter());
}

/** Whether something is selected. */
export const isSelected = () => Boolean(selected.f || selected.at);

/** Lets go of what is selected. */
export function clearSelection() {
  if (!selected.f && !selected.at) return;
  selected = {};
  hits = [];
  drawOwn("selection", null);
  nameOnce(null);
  drawReasonLines([]);
  markRow(null, "");
  pushAddress({ f: null, at: null });
}

async function copyLink() {
  const text = location.href;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  say(t("link_copied"));
  showNotice(navigator.clipboard ? t("link_copied") : text);
}

/** @param {import("./search.js").Hit} hit */
export function onSearchHit(hit) {
  hits = [];
  if (hit.layer && hit.id) openFeature(hit.layer, hit.id);
  else if (hit.lon != null && hit.lat != null) openPlace(hit.lon, hit.lat);
  if (hit.lon != null && hit.lat != null) map.jumpTo({ center: [hit.lon, hit.lat], zoom: Math.max(map.getZoom(), 15) });
  say(t("moved_to", { place: hit.label }));
}

/** Once the panel stands, what it tells of must not lie beneath it. */
export function bringIntoSight() {
  if (!shownAt) return;
  const { geometry, fly } = shownAt;
  shownAt = null;
  if (fly && geometry) flyToGeometry(geometry);
  else if (geometry?.type === "Point") keepInSight(geometry.coordinates);
}

/** @param {Record<string, string>} values @returns {boolean} whether something was opened */
export function openFromAddress(values) {
  const [layer, ...id] = (values.f ?? "").split("/");
  const [lon, lat] = (values.at ?? "").split(",").map(Number);
  if (values.f && layerById(layer) && id.length) openFeature(layer, id.join("/"), { isHistory: true, fly: !values.v });
  else if (values.at && Number.isFinite(lon) && Number.isFinite(lat)) openPlace(lon, lat, { isHistory: true });
  else return false;
  return true;
}

/** Back and forward: the selection follows the address. @param {Record<string, string>} values */
export function followSelection(values) {
  hits = [];
  if (openFromAddress(values)) return;
  selected = {};
  drawOwn("selection", null);
  nameOnce(null);
  closePanel();
}

/** Shows again what is selected, by another policy, edition or language. */
export function reopen() {
  if (selected.f || selected.at) openFromAddress({ ...readAddress().values, ...selected });
}

