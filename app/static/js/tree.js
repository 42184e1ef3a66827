/** The left panel: layer tree and legend in one, drawn from the catalog. */
import { drawnLayers, isByPolicy, shown, shownFromZoom, fieldOf } from "./atlas.js";
import { replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { number } from "./formats.js";
import { applyClassFilter, map, setLayerOpacity, setLayerVisible, setMapState } from "./mapview.js";
import { say } from "./panel.js";
import { legendCanvas } from "./symbols.js";
import { lang, said, t } from "./texts.js";

/** @typedef {import("./atlas.js").Layer} Layer */

/** @type {Map<string, number>} features in view by `layer#legend index` */
let inView = new Map();
/** @type {Set<string>} */
const closedGroups = new Set(JSON.parse(localStorage.getItem("atlas-closed-groups") ?? '["base"]'));
/** @type {string|null} layer whose row menu is open */
let menuOf = null;
/** A legend of more classes lists only those in view; levels are always listed. */
const MANY_CLASSES = 6;
/** @type {(() => void)[]} */
const policyListeners = [];

/** @param {() => void} listener told when another policy is shown */
export const onPolicy = (listener) => policyListeners.push(listener);

/** Draws the whole tree. */
export function drawTree() {
  const groups = shown.catalog.groups.map((group) => groupSection(group));
  put(byId("tree"), groups, areaNotes());
  updateZoomState();
}

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
    menuOf === layer.id ? rowMenu(layer) : null,
    isOn ? zoomHint(layer) : null,
    isOn && isFirstByPolicy(layer) ? policyChoice() : null,
    isOn && !single ? classes(layer) : null,
    isOn && hasHatch(layer) ? hatchChoice() : null,
    isOn && isByPolicy(layer) ? el("p", { class: "legend-note" }, noFillSymbol(), t("no_fill")) : null);
}

function noFillSymbol() {
  return el("span", { class: "no-fill", "aria-hidden": "true" });
}

/** @param {Layer} layer */
function rowCount(layer) {
  const unplaced = layer.n_unplaced ? t("unplaced_count", { n: number(layer.n_unplaced) }) : null;
  return el("span", { class: "count", title: unplaced ?? t("feature_count") }, number(layer.n_features ?? 0, 0), unplaced ? "*" : "");
}

/** @param {Layer} layer */
function toggleLayer(layer) {
  const isOn = !shown.visible.has(layer.id);
  if (isOn) shown.visible.add(layer.id);
  else shown.visible.delete(layer.id);
  setLayerVisible(layer, isOn);
  rememberLayers();
  drawTree();
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
  const isDesigned = layers.every((layer) => layer.visible === shown.visible.has(layer.id) && opacityOf(layer) === 100);
  const parts = layers.filter((layer) => shown.visible.has(layer.id))
    .map((layer) => (opacityOf(layer) === 100 ? layer.id : `${layer.id}:${opacityOf(layer)}`));
  replaceAddress({ l: isDesigned ? null : parts.join(",") || "," });
}

const opacityOf = (/** @type {Layer} */ layer) => shown.opacity.get(layer.id) ?? 100;

/** @param {Layer} layer */
function rowMenu(layer) {
  const id = `opacity-${layer.id}`;
  const value = el("output", { for: id }, `${opacityOf(layer)} %`);
  const change = (/** @type {any} */ event) => {
    shown.opacity.set(layer.id, Number(event.target.value));
    value.textContent = `${opacityOf(layer)} %`;
    setLayerOpacity(layer, opacityOf(layer));
    rememberLayers();
  };
  const slider = el("input", { id, type: "range", min: 10, max: 100, step: 10, value: opacityOf(layer), on: { input: change } });
  return el("div", { class: "row-menu" },
    el("label", { for: id }, t("opacity")), slider, value,
    layer.n_unplaced ? el("p", { class: "legend-note" }, t("unplaced_count", { n: number(layer.n_unplaced) })) : null,
    el("p", { class: "legend-note" }, t("drawn_from_zoom", { zoom: number(shownFromZoom(layer), 1) })));
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

/** @param {Layer} layer */
function classes(layer) {
  const rows = layer.legend.map((entry, i) => ({ entry, row: () => classRow(layer, entry, i) }));
  const explained = rows.filter(({ entry }) => !entry.filter);
  return [
    el("ul", { class: rows.length > MANY_CLASSES && !fieldOf(layer, "level") ? "classes is-many" : "classes" }, rows.filter(({ entry }) => entry.filter || !hasClasses(layer)).map(({ row: make }) => make())),
    explained.length && hasClasses(layer) ? el("details", { class: "classes" }, el("summary", {}, t("shapes")), el("ul", {}, explained.map(({ row: make }) => make()))) : null,
  ];
}

/** Whether a legend tells classes apart; what stands beside these only explains shapes. @param {Layer} layer */
const hasClasses = (layer) => layer.legend.some((entry) => entry.filter);

/** @param {Layer} layer @param {import("./atlas.js").LegendEntry} entry @param {number} i */
function classRow(layer, entry, i) {
  const key = `${layer.id}#${i}`;
  const text = [legendCanvas(entry.symbol), el("span", { class: "row-name" }, said(entry, "label"))];
  if (!entry.filter) return el("li", { class: "class-row" }, text);
  const isOff = shown.hiddenClasses.has(key);
  const toggle = () => {
    if (!shown.hiddenClasses.delete(key)) shown.hiddenClasses.add(key);
    applyClassFilter(layer);
    drawTree();
    /** @type {HTMLElement|null} */ (document.querySelector(`[data-class="${key}"]`))?.focus();
  };
  const title = t(isOff ? "show_class" : "hide_class");
  return el("li", { class: `class-row${isOff ? " is-off" : ""}` },
    el("button", { type: "button", class: "class-button", "data-class": key, "aria-pressed": String(!isOff), title,
      on: { click: toggle } }, text, el("span", { class: "count", "data-count": key }, countText(key))));
}

/** Below this zoom tiles leave small and mild features out: a count is a least one, and none seen is not none. */
const WHOLE_FROM_ZOOM = 12;

/** @param {string} key */
function countText(key) {
  if (!inView.has(key)) return "";
  const n = inView.get(key) ?? 0;
  if (map && map.getZoom() < WHOLE_FROM_ZOOM) return n ? `≥ ${number(n, 0)}` : "—";
  return number(n, 0);
}

/** Counts the features in view of every class of the visible layers, and writes the numbers into the legend. */
export function countInView() {
  if (!map) return;
  inView = new Map();
  for (const layer of drawnLayers()) {
    if (shown.visible.has(layer.id) && layer.group !== "base" && layer.legend.length > 1) countLayer(layer);
  }
  for (const node of document.querySelectorAll("[data-count]")) {
    const key = /** @type {HTMLElement} */ (node).dataset.count ?? "";
    node.textContent = countText(key);
    const isAbsent = node.closest(".is-many") && inView.get(key) === 0;
    node.closest(".class-row")?.classList.toggle("is-absent", Boolean(isAbsent));
  }
}

/** @param {Layer} layer */
function countLayer(layer) {
  const ids = layer.style.map((entry) => entry.id).filter((id) => map.getLayer(id));
  layer.legend.forEach((entry, i) => {
    if (!entry.filter || shown.hiddenClasses.has(`${layer.id}#${i}`)) return;
    const found = map.queryRenderedFeatures({ layers: ids, filter: entry.filter });
    inView.set(`${layer.id}#${i}`, new Set(found.map((/** @type {any} */ f) => f.properties.id ?? f.id)).size);
  });
}

/** One sentence on what is in view: counts by level; the map's description for a screen reader. */
export function viewSummary() {
  const layer = drawnLayers().filter((l) => fieldOf(l, "level") && !isByPolicy(l) && shown.visible.has(l.id)).at(-1);
  if (!layer) return "";
  const parts = layer.legend.map((entry, i) => ({ entry, n: inView.get(`${layer.id}#${i}`) ?? 0 })).filter(({ n }) => n);
  const list = parts.map(({ entry, n }) => `${said(entry, "label")} ${n}`).join(lang() === "en" ? ", " : "、");
  return list ? t("in_view", { name: said(layer), list }) : "";
}

function areaNotes() {
  const { area } = shown.catalog;
  return el("section", { class: "area-notes" },
    said(area, "note") ? el("p", {}, said(area, "note")) : null,
    el("p", {}, t("unrated_is_not_low")));
}
