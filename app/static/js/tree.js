/** The left panel: layer tree and legend in one, drawn from the catalog. */
import { drawnLayers, isByPolicy, shown, shownFromZoom } from "./atlas.js";
import { replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { filterText } from "./filters.js";
import { isFailed } from "./failed_layers.js";
import { MISSING, number } from "./formats.js";
import { classes } from "./legend.js";
import { applyFilters } from "./map_filters.js";
import { setLayerVisible, setMapState } from "./map_layers.js";
import { map } from "./mapview.js";
import { say } from "./panel.js";
import { layersText, presetChoice, presetSelect } from "./presets.js";
import { opacityOf, rowMenu } from "./row_menu.js";
import { legendCanvas } from "./symbols.js";
import { said, t } from "./texts.js";

/** @typedef {import("./atlas.js").Layer} Layer */

/** @type {Set<string>} */
const closedGroups = new Set(JSON.parse(localStorage.getItem("atlas-closed-groups") ?? '["base"]'));
/** @type {string|null} layer whose row menu is open */
let menuOf = null;
/** @type {(() => void)[]} */
const policyListeners = [];
/** @type {(layer: Layer) => void} */
let openTable = () => undefined;

/** @param {(layer: Layer) => void} open opens a layer's table */
export const onTable = (open) => { openTable = open; };

/** @param {() => void} listener told when another policy is shown */
export const onPolicy = (listener) => policyListeners.push(listener);

/** Draws the whole tree. */
export function drawTree() {
  const groups = shown.catalog.groups.map((group) => groupSection(group));
  put(byId("tree"), presetChoice(onPreset), groups, areaNotes());
  updateZoomState();
}

/** Draws the rows of some layers anew, and what the choice of layers is called. @param {Layer[]} layers */
function redrawRows(layers) {
  for (const layer of layers) rowOf(layer)?.replaceWith(row(layer));
  byId("preset").replaceWith(presetSelect(onPreset));
  updateZoomState();
}

/** @param {Layer} layer */
const rowOf = (layer) => document.querySelector(`#tree .row[data-layer="${layer.id}"]`);

/** Other layers are shown. */
function onPreset() {
  rememberLayers();
  drawTree();
}

/** Writes the filters into the address. */
export const rememberFilters = () => replaceAddress({ flt: filterText(shown.filters) || null });

/** @param {{id: string, title_zh: string, title_en: string}} group */
function groupSection(group) {
  const layers = drawnLayers().filter((layer) => layer.group === group.id).reverse();
  if (!layers.length) return null;
  const isClosed = closedGroups.has(group.id);
  const toggle = () => {
    if (!closedGroups.delete(group.id)) closedGroups.add(group.id);
    localStorage.setItem("atlas-closed-groups", JSON.stringify([...closedGroups]));
    drawTree();
    byId(`group-${group.id}`).focus();
  };
  const head = el("h3", {}, el("button", { id: `group-${group.id}`, type: "button", class: "group-head",
    "aria-expanded": String(!isClosed), on: { click: toggle } }, said(group)));
  return el("section", { class: "group" }, head, isClosed ? null : el("ul", { class: "rows" }, layers.map(row)));
}

/** @param {Layer} layer */
function row(layer) {
  const isOn = shown.visible.has(layer.id);
  const single = layer.legend.length === 1 ? layer.legend[0] : null;
  const boxId = `layer-${layer.id}`;
  const box = el("input", { id: boxId, type: "checkbox", checked: isOn, on: { change: () => toggleLayer(layer) } });
  const label = el("label", { for: boxId },
    single ? legendCanvas(single.symbol) : null, el("span", { class: "row-name" }, said(layer)));
  const menu = el("button", { type: "button", class: "icon-button", "aria-expanded": String(menuOf === layer.id),
    "aria-label": t("layer_menu", { name: said(layer) }), title: t("layer_menu", { name: said(layer) }),
    on: { click: () => toggleMenu(layer) } }, "⋯");
  return el("li", { class: "row", "data-layer": layer.id },
    el("div", { class: "row-head" }, box, label, rowCount(layer), menu),
    menuOf === layer.id ? rowMenu(layer, { onChange: rememberLayers, onTable: openTable, redraw: drawTree }) : null,
    isOn ? zoomHint(layer) : null,
    isOn && isFirstByPolicy(layer) ? policyChoice() : null,
    isOn && !single ? classes(layer, () => onClasses(layer)) : null,
    isOn && shown.filters.has(layer.id) ? filterNote(layer) : null,
    isOn && hasHatch(layer) ? hatchChoice() : null,
    isOn && isByPolicy(layer) ? el("p", { class: "legend-note" }, noFillSymbol(), t("no_fill")) : null);
}

/** That a filter leaves something out, and a way to take it off. @param {Layer} layer */
function filterNote(layer) {
  const clear = () => {
    shown.filters.delete(layer.id);
    onClasses(layer);
  };
  return el("p", { class: "legend-note filter-note" }, t("is_filtered"), " ", el("button", { type: "button", class: "link", on: { click: clear } }, t("show_all")));
}

function noFillSymbol() {
  return el("span", { class: "no-fill", "aria-hidden": "true" });
}

/** What a layer says instead of a number of features: its tiles failed, nothing was delivered, or there is none. @param {Layer} layer */
function stateOf(layer) {
  if (isFailed(layer.id)) return { name: "part-failed", sign: "!", word: "state_failed" };
  if (layer.n_features) return null;
  return layer.kind === "loaded" && !layer.sources?.length ? { name: "no-data", sign: MISSING, word: "state_no_data" } : { name: "zero", sign: "0", word: "state_zero" };
}

/** @param {Layer} layer */
function rowCount(layer) {
  const state = stateOf(layer);
  if (state) return el("span", { class: `count state-${state.name}`, title: t(state.word), "data-state": state.name }, state.sign, el("span", { class: "unseen" }, t(state.word)));
  const unplaced = layer.n_unplaced ? t("unplaced_count", { n: number(layer.n_unplaced) }) : null;
  return el("span", { class: "count", title: unplaced ?? t("feature_count") }, number(layer.n_features ?? 0, 0), unplaced ? "*" : "");
}

/** @param {Layer} layer */
function toggleLayer(layer) {
  const isOn = !shown.visible.has(layer.id);
  if (isOn) shown.visible.add(layer.id);
  else shown.visible.delete(layer.id);
  setLayerVisible(layer, isOn);
  byId("map-area").dataset.state = "loading"; // until what is in view has been counted again, after a frame that changes nothing too
  map?.triggerRepaint();
  rememberLayers();
  redrawRows(drawnLayers().filter((one) => one === layer || one.id === menuOf || (isByPolicy(one) && isByPolicy(layer)))); // those whose order or choice of policy changes
  byId(`layer-${layer.id}`).focus();
  say(t(isOn ? "layer_on" : "layer_off", { name: said(layer) }));
}

/** @param {Layer} layer */
function toggleMenu(layer) {
  menuOf = menuOf === layer.id ? null : layer.id;
  drawTree();
}

/** Writes the visible layers into the address, bottom to top; the designed choice needs no words there. */
export function rememberLayers() {
  const layers = drawnLayers();
  const isAsDesigned = !shown.order.length && layers.every((layer) => layer.visible === shown.visible.has(layer.id) && opacityOf(layer) === 100);
  replaceAddress({ l: isAsDesigned ? null : layersText() || "," });
}

/** The filters of a layer were changed in its legend. @param {Layer} layer */
function onClasses(layer) {
  rememberFilters();
  redrawRows([layer]);
  applyFilters();
}

/** @param {Layer} layer */
function zoomHint(layer) {
  const from = shownFromZoom(layer);
  const nearer = () => map.easeTo({ zoom: from + 0.1 });
  return el("div", { class: "zoom-hint", "data-from": from, hidden: !map || map.getZoom() >= from },
    el("span", {}, t("visible_when_nearer")), el("button", { type: "button", class: "link", on: { click: nearer } }, t("zoom_in_there")));
}

/** Greys the rows that draw nothing at the present zoom. */
export function updateZoomState() {
  if (!map) return;
  for (const hint of document.querySelectorAll(".zoom-hint")) {
    const isTooFar = map.getZoom() < Number(/** @type {HTMLElement} */ (hint).dataset.from);
    /** @type {HTMLElement} */ (hint).hidden = !isTooFar;
    hint.closest(".row")?.classList.toggle("too-far", isTooFar);
  }
}

/** @param {Layer} layer */
const isFirstByPolicy = (layer) => drawnLayers().filter((l) => isByPolicy(l) && shown.visible.has(l.id)).at(-1) === layer;

function policyChoice() {
  const { policies } = shown.catalog;
  const choose = (/** @type {any} */ event) => {
    shown.policy = event.target.value;
    setMapState("policy", shown.policy);
    replaceAddress({ pol: shown.policy === shown.catalog.policy ? null : shown.policy });
    policyListeners.forEach((listener) => listener());
  };
  const options = policies.map((policy) => el("option", { value: policy.id, selected: policy.id === shown.policy }, said(policy)));
  return el("div", { class: "policy" }, el("label", { for: "policy" }, t("policy")),
    el("select", { id: "policy", on: { change: choose } }, options));
}

/** @param {Layer} layer */
const hasHatch = (layer) => layer.legend.some((entry) => entry.symbol.hatch);

function hatchChoice() {
  const change = (/** @type {any} */ event) => {
    shown.strongHatch = event.target.checked;
    setMapState("strong_hatch", shown.strongHatch);
    localStorage.setItem("atlas-hatch", shown.strongHatch ? "1" : "0");
    replaceAddress({ hx: shown.strongHatch ? "1" : null });
  };
  return el("label", { class: "hatch-choice" },
    el("input", { type: "checkbox", checked: shown.strongHatch, on: { change } }), t("strong_hatch"));
}

function areaNotes() {
  const { area } = shown.catalog;
  return el("section", { class: "area-notes" },
    said(area, "note") ? el("p", {}, said(area, "note")) : null,
    el("p", {}, t("unrated_is_not_low")));
}
