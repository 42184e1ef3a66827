/** Classes of a layer in the tree: what is in view, counted; a click filters, a long press or Shift shows one class only. */
import { drawnLayers, fieldOf, isByPolicy, layerById, shown } from "./atlas.js";
import { el } from "./dom.js";
import { classesOf, legendField, showClasses, shownClasses } from "./filters.js";
import { number } from "./formats.js";
import { isClusters } from "./map_style.js";
import { map } from "./mapview.js";
import { legendCanvas } from "./symbols.js";
import { lang, said, t } from "./texts.js";

/** @typedef {import("./atlas.js").Layer} Layer */

/** A legend of more classes leaves out those of which nothing is seen, even where tiles may have left small ones out. */
const MANY_CLASSES = 6;
const LONG_PRESS_MS = 550;
/** Below this zoom tiles leave small and mild features out: a count is a least one, and none seen is not none. */
const WHOLE_FROM_ZOOM = 12;
/** From here on tiles of layers with clusters draw or count every point. */
const CLUSTERS_FROM_ZOOM = 8;

/** @type {Map<string, number>} features in view by `layer#legend index`, and by `layer` */
let inView = new Map();
/** @type {Set<string>} layers whose classes are all listed, in view or not */
const listedWhole = new Set();
/** @type {Set<string>} keys of `inView` whose number is whole at any zoom: tiles count what they do not draw singly */
let counted = new Set();

/** @param {Layer} layer @param {() => void} onChange told when classes were switched */
export function classes(layer, onChange) {
  const rows = layer.legend.map((entry, i) => ({ entry, row: () => classRow(layer, entry, i, onChange) }));
  const explained = rows.filter(({ entry }) => !entry.filter);
  return [
    el("ul", { class: listedWhole.has(layer.id) ? "classes is-whole" : "classes", "data-classes": layer.id }, rows.filter(({ entry }) => entry.filter || !hasClasses(layer)).map(({ row: make }) => make())),
    hasClasses(layer) ? wholeButton(layer, onChange) : null,
    explained.length && hasClasses(layer) ? el("details", { class: "classes" }, el("summary", {}, t("shapes")), el("ul", {}, explained.map(({ row: make }) => make()))) : null,
  ];
}

/** Lists the classes that are not in view too, or leaves them out again. @param {Layer} layer @param {() => void} onChange */
function wholeButton(layer, onChange) {
  const toggle = () => {
    if (!listedWhole.delete(layer.id)) listedWhole.add(layer.id);
    onChange();
    /** @type {HTMLElement|null} */ (document.querySelector(`[data-whole="${layer.id}"]`))?.focus();
  };
  const n = layer.legend.filter((entry, i) => entry.filter && isAbsent(layer, i)).length;
  return el("button", { type: "button", class: "link legend-whole", "data-whole": layer.id, "aria-expanded": String(listedWhole.has(layer.id)), hidden: !n, on: { click: toggle } }, wholeText(layer, n));
}

/** @param {Layer} layer @param {number} n classes that are not in view */
const wholeText = (layer, n) => t(listedWhole.has(layer.id) ? "classes_in_view" : "classes_all", { n });

/** Whether nothing of a class is in view, as far as tiles can tell. @param {Layer} layer @param {number} i */
function isAbsent(layer, i) {
  const key = `${layer.id}#${i}`;
  const isMany = layer.legend.length > MANY_CLASSES && !fieldOf(layer, "level");
  return inView.get(key) === 0 && (isMany || counted.has(key) || (map && map.getZoom() >= WHOLE_FROM_ZOOM));
}

/** Whether a legend tells classes apart; what stands beside these only explains shapes. @param {Layer} layer */
const hasClasses = (layer) => layer.legend.some((entry) => entry.filter);

/** @param {Layer} layer @param {import("./atlas.js").LegendEntry} entry @param {number} i @param {() => void} onChange */
function classRow(layer, entry, i, onChange) {
  const key = `${layer.id}#${i}`;
  const text = [legendCanvas(entry.symbol), el("span", { class: "row-name" }, said(entry, "label"))];
  if (!entry.filter) return el("li", { class: "class-row" }, text);
  const isOn = shownClasses(layer, shown.filters).has(i);
  const button = el("button", { type: "button", class: "class-button", "data-class": key, "aria-pressed": String(isOn), title: t(isOn ? "hide_class" : "show_class") },
    text, el("span", { class: "count", "data-count": key }, countText(key)));
  wirePress(button, (isOnly) => {
    switchClass(layer, i, isOnly);
    onChange();
    /** @type {HTMLElement|null} */ (document.querySelector(`[data-class="${key}"]`))?.focus();
  });
  return el("li", { class: `class-row${isOn ? "" : " is-off"}${isAbsent(layer, i) ? " is-absent" : ""}` }, button);
}

/** A click, or a press that lasts (Shift with a click does the same). @param {HTMLElement} button @param {(isOnly: boolean) => void} act */
function wirePress(button, act) {
  let timer = 0;
  let isLong = false;
  button.addEventListener("pointerdown", () => {
    isLong = false;
    timer = window.setTimeout(() => { isLong = true; act(true); }, LONG_PRESS_MS);
  });
  for (const end of ["pointerup", "pointerleave", "pointercancel"]) button.addEventListener(end, () => clearTimeout(timer));
  button.addEventListener("contextmenu", (event) => event.preventDefault());
  button.addEventListener("click", (event) => {
    if (!isLong) act(event.shiftKey);
  });
}

/** @param {Layer} layer @param {number} i @param {boolean} isOnly shows this class alone; all again where it was alone */
function switchClass(layer, i, isOnly) {
  const kept = shownClasses(layer, shown.filters);
  if (isOnly) return showClasses(layer, shown.filters, new Set(kept.size === 1 && kept.has(i) ? classesOf(layer) : [i]));
  if (!kept.delete(i)) kept.add(i);
  return showClasses(layer, shown.filters, kept);
}

/** @param {string} key */
function countText(key) {
  if (!inView.has(key)) return "";
  const n = inView.get(key) ?? 0;
  if (map && map.getZoom() < WHOLE_FROM_ZOOM && !counted.has(key)) return n ? `≥ ${number(n, 0)}` : "—";
  return number(n, 0);
}

/** Counts the features in view of every class of the visible layers, and writes the numbers into the legend. */
export function countInView() {
  if (!map) return;
  inView = new Map();
  counted = new Set();
  const layers = drawnLayers().filter((layer) => shown.visible.has(layer.id) && layer.group !== "base" && layer.legend.length > 1);
  const drawn = drawnNow(layers);
  for (const layer of layers) countLayer(layer, drawn);
  for (const node of document.querySelectorAll("[data-count]")) {
    const key = /** @type {HTMLElement} */ (node).dataset.count ?? "";
    node.textContent = countText(key);
  }
  for (const list of document.querySelectorAll("[data-classes]")) leaveOutAbsent(/** @type {HTMLElement} */ (list));
}

/** @param {HTMLElement} list the classes of a layer */
function leaveOutAbsent(list) {
  const layer = layerById(list.dataset.classes ?? "");
  if (!layer) return;
  let n = 0;
  layer.legend.forEach((entry, i) => {
    const absent = Boolean(entry.filter && isAbsent(layer, i));
    list.querySelector(`[data-class="${layer.id}#${i}"]`)?.closest(".class-row")?.classList.toggle("is-absent", absent);
    n += Number(absent);
  });
  const button = /** @type {HTMLElement|null} */ (document.querySelector(`[data-whole="${layer.id}"]`));
  if (!button) return;
  button.hidden = !n;
  button.textContent = wholeText(layer, n);
}

/**
 * What the style layers of some layers draw now. The map is asked once for all of them: each time it goes through every symbol in view.
 * @param {Layer[]} layers @returns {Map<string, any[]>} by style layer
 */
function drawnNow(layers) {
  const found = new Map(layers.flatMap((layer) => layer.style.filter((entry) => !entry.metadata?.["atlas:figure"] && map.getLayer(entry.id)).map((entry) => [entry.id, /** @type {any[]} */ ([])])));
  if (found.size) for (const one of map.queryRenderedFeatures({ layers: [...found.keys()] })) found.get(one.layer.id)?.push(one);
  return found;
}

/** @param {Layer} layer @param {Map<string, any[]>} drawn by style layer */
function countLayer(layer, drawn) {
  const on = shownClasses(layer, shown.filters);
  const gathered = layer.style.filter((entry) => isClusters(layer, entry)).flatMap((entry) => drawn.get(entry.id) ?? []);
  const isWhole = hasClusters(layer) && map.getZoom() >= CLUSTERS_FROM_ZOOM;
  const ids = idsByClass(layer, drawn);
  layer.legend.forEach((entry, i) => {
    if (!entry.filter || !on.has(i)) return;
    const n = ids(entry).size;
    const key = `${layer.id}#${i}`;
    inView.set(key, n + gathered.reduce((/** @type {number} */ sum, /** @type {any} */ f) => sum + Number(f.properties[`n_${entry.filter?.[2]}`] ?? 0), 0));
    if (isWhole) counted.add(key);
  });
}

/**
 * Numbers of the features of a class that are drawn singly.
 * @param {Layer} layer @param {Map<string, any[]>} drawn by style layer @returns {(entry: import("./atlas.js").LegendEntry) => Set<string>}
 */
function idsByClass(layer, drawn) {
  const idsOf = (/** @type {any[]} */ found) => new Set(found.map((one) => one.properties.id ?? one.id));
  const styles = layer.style.filter((entry) => !isClusters(layer, entry) && drawn.has(entry.id)).map((entry) => entry.id);
  const field = legendField(layer);
  if (!field) return (entry) => idsOf(map.queryRenderedFeatures({ layers: styles, filter: entry.filter, validate: false }));
  const found = styles.flatMap((id) => drawn.get(id) ?? []);
  return (entry) => idsOf(found.filter((one) => one.properties[field] === entry.filter?.[2]));
}

/** @param {Layer} layer */
const hasClusters = (layer) => layer.style.some((entry) => isClusters(layer, entry));

/** One sentence on what is in view: counts by level; the map's description for a screen reader. */
export function viewSummary() {
  const layer = drawnLayers().filter((l) => fieldOf(l, "level") && !isByPolicy(l) && shown.visible.has(l.id)).at(-1);
  if (!layer) return "";
  const parts = layer.legend.map((entry, i) => ({ entry, n: inView.get(`${layer.id}#${i}`) ?? 0 })).filter(({ n }) => n);
  const list = parts.map(({ entry, n }) => `${said(entry, "label")} ${n}`).join(lang() === "en" ? ", " : "、");
  return list ? t("in_view", { name: said(layer), list }) : "";
}
