/** 属性表: one layer's rows under the map, by pages; filter, order and choice are those of the map. */
import { ApiError, getJson } from "./api.js";
import { replaceAddress } from "./address.js";
import { drawnLayers, layerById, levelById, may, shown } from "./atlas.js";
import { levelDot } from "./level_marks.js";
import { attribute } from "./attributes.js";
import { byId, el, put } from "./dom.js";
import { filterText } from "./filters.js";
import { number } from "./formats.js";
import { onFilters } from "./map_filters.js";
import { drawOwn, feature } from "./map_drawings.js";
import { map } from "./mapview.js";
import { errorBox, say } from "./panel.js";
import { standStillFor } from "./first_view.js";
import { filterButton, closeFilter } from "./table_filter.js";
import { said, t } from "./texts.js";
import { levelWord } from "./atlas.js";

/** @typedef {import("./atlas.js").Layer} Layer */
/** @typedef {import("./atlas.js").Field} Field */

const ROW_PX = 32;
const PAGE = 200;
const SPARE_ROWS = 8;
const FIXED = 3;
/** Pages that an atlas of ticked rows may have, as the server knows it. */
const MOST_TICKED = 200;

const state = {
  /** @type {Layer|null} */ layer: null,
  sort: "",
  isDescending: false,
  isInView: false,
  isOpen: false,
  nTotal: 0,
  nFound: 0,
  /** What is chosen on the map, of whatever layer. */
  mark: { layer: "", id: "" },
  /** The chosen row is brought into sight as soon as rows are there. */
  isToReveal: false,
  /** Row that had the focus when it went out of sight: it gets it back with its return. */
  left: "",
  /** Whether it was the row's box and not its name. */
  isTickLeft: false,
  /** @type {Set<string>} rows ticked for an atlas, in that order */ ticked: new Set(),
};
/** @type {Field[]} */
let columns = [];
/** @type {Map<number, any[][]>} rows by page */
let pages = new Map();
/** @type {Set<number>} */
let asked = new Set();
let token = 0;
/** @type {(layer: string, id: string) => void} */
let openFeature = () => undefined;

/** @param {(layer: string, id: string) => void} open opens a row's feature on the map */
export function wireTable(open) {
  openFeature = open;
  onFilters(() => state.layer && refresh());
  map.on("moveend", () => { if (state.layer && state.isInView) refresh(); });
}

/** Layers that have a table: objects and risks first. @returns {Layer[]} */
const tabled = () => shown.catalog.layers.filter((layer) => layer.geometry !== "Raster" && layer.n_features > 0 && layer.fields.length);

/** Opens the table of a layer. @param {Layer} layer @param {{focus?: boolean}} [options] */
export async function openTable(layer, { focus = true } = {}) {
  if (state.layer !== layer) Object.assign(state, { sort: "", isDescending: false, nFound: 0, ticked: new Set() });
  state.layer = layer;
  Object.assign(state, { isOpen: true, isToReveal: true });
  replaceAddress({ t: layer.id });
  drawTable();
  const rows = standStillFor(refresh());
  map?.resize();
  await rows;
  if (focus) document.getElementById("table-layer")?.focus();
}

/** Shuts the table; the bar stays. */
export function closeTable() {
  if (!state.isOpen) return false;
  state.isOpen = false;
  closeFilter();
  replaceAddress({ t: null });
  drawOwn("flash", null);
  drawTable();
  map?.resize();
  document.getElementById("table-toggle")?.focus();
  return true;
}

/** The table that the address names. @param {string|undefined} id */
export function tableFromAddress(id) {
  const layer = id ? layerById(id) : undefined;
  if (layer && tabled().includes(layer)) openTable(layer, { focus: false });
}

/** Another edition or language. */
export function redrawTable() {
  state.layer = state.layer ? layerById(state.layer.id) ?? null : null;
  drawTable();
  if (state.layer && state.isOpen) refresh();
}

/** What is chosen on the map is marked in the table, and its row brought into sight. @param {string|null} layer @param {string} id */
export async function markRow(layer, id) {
  Object.assign(state, { mark: { layer: layer ?? "", id }, isToReveal: true });
  if (state.nFound) await reveal();
  drawRows();
}

/** Name of the chosen row; empty where it is of another layer. */
const chosen = () => (state.layer?.id === state.mark.layer ? state.mark.id : "");

/** Whether somebody reads the rows: they stay under the eye that reads them. */
const isRead = () => Boolean(document.getElementById("table-scroll")?.contains(document.activeElement));

/** Brings the chosen row into sight, once. */
async function reveal() {
  const id = chosen();
  state.isToReveal = false;
  if (!id || !state.isOpen || isRead() || document.querySelector(`#table-rows [data-id="${CSS.escape(id)}"]`)) return;
  const found = await getJson(`/api/tables/${state.mark.layer}?${query({ limit: "1", find: id })}`).catch(nothingIfRefused);
  const scroll = document.getElementById("table-scroll");
  if (scroll && found?.found_at !== null && found?.found_at !== undefined && chosen() === id && !isRead()) scroll.scrollTop = Math.max(0, (found.found_at - 2) * ROW_PX);
}

/** @param {unknown} error */
function nothingIfRefused(error) {
  if (!(error instanceof ApiError)) throw error;
  return null;
}

/** @param {Record<string, string>} more */
function query(more) {
  const { layer } = state;
  const made = new URLSearchParams({ ed: String(shown.catalog.edition.edition), ...more });
  if (state.sort) made.set("sort", state.sort);
  if (state.isDescending) made.set("order", "desc");
  const filters = layer ? filterText(shown.filters, layer.id) : "";
  if (filters) made.set("flt", filters);
  if (state.isInView) {
    const box = map.getBounds();
    made.set("bbox", [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((value) => value.toFixed(6)).join(","));
  }
  return made;
}

/** Asks for the first rows anew. */
async function refresh() {
  if (!state.isOpen || !state.layer) return;
  token += 1;
  pages = new Map();
  asked = new Set();
  await fetchPage(0, true);
}

/** @param {number} page @param {boolean} [isFirst] */
async function fetchPage(page, isFirst = false) {
  if (asked.has(page) || !state.layer) return;
  asked.add(page);
  const mine = token;
  try {
    const found = await getJson(`/api/tables/${state.layer.id}?${query({ offset: String(page * PAGE), limit: String(PAGE) })}`);
    if (mine !== token) return;
    pages.set(page, found.rows);
    if (isFirst) take(found);
    else drawRows();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    asked.delete(page);
    if (mine === token) put(byId("table-rows"), el("tr", {}, el("td", { colspan: 99 }, errorBox(error, () => refresh()))));
  }
}

/** @param {any} found */
function take(found) {
  columns = found.columns;
  Object.assign(state, { nTotal: found.n_total, nFound: found.n_found });
  drawBar();
  drawHead();
  byId("table-grid").setAttribute("aria-rowcount", String(found.n_found));
  drawRows();
  if (state.isToReveal) reveal();
  say(t("table_rows", { n: number(found.n_found, 0), of: number(found.n_total, 0) }));
}

/** Draws bar and, where it is open, the table. */
export function drawTable() {
  byId("table").classList.toggle("is-open", state.isOpen);
  document.body.classList.toggle("has-table", state.isOpen);
  drawBar();
  put(byId("table-body"), state.isOpen ? frame() : []);
}

function frame() {
  const scroll = el("div", { id: "table-scroll", class: "table-scroll", tabindex: 0, role: "region", "aria-label": t("table"), on: { scroll: () => drawRows() } },
    el("table", { id: "table-grid", class: "grid" }, el("caption", { class: "unseen" }, state.layer ? said(state.layer) : ""),
      el("thead", { id: "table-head" }), el("tbody", { id: "table-rows" })));
  return [el("div", { id: "table-filter", hidden: true }), scroll];
}

function drawBar() {
  const { layer } = state;
  const list = tabled();
  const choose = (/** @type {any} */ event) => {
    const chosen = layerById(event.target.value);
    if (chosen) openTable(chosen);
  };
  const toggle = () => {
    if (state.isOpen) return closeTable();
    const objects = list.filter((one) => one.group === "objects" && shown.visible.has(one.id) && one.label);
    const first = layer ?? objects.sort((a, b) => b.fields.length - a.fields.length)[0] ?? list[0];
    return first && openTable(first, { focus: false });
  };
  put(byId("table-bar"),
    el("button", { type: "button", id: "table-toggle", class: "button small", "aria-expanded": String(state.isOpen), "aria-controls": "table-body", on: { click: toggle } }, t("table"), state.isOpen ? " ▾" : " ▴"),
    state.isOpen && layer ? [
      el("label", { class: "unseen", for: "table-layer" }, t("layer")),
      el("select", { id: "table-layer", on: { change: choose } }, list.map((one) => el("option", { value: one.id, selected: one === layer }, said(one)))),
      el("span", { class: "table-count" }, state.nFound === state.nTotal ? t("n_rows", { n: number(state.nTotal, 0) }) : t("table_rows", { n: number(state.nFound, 0), of: number(state.nTotal, 0) })),
      el("label", { class: "check" }, el("input", { type: "checkbox", id: "table-in-view", checked: state.isInView, on: { change: inView } }), t("only_in_view")),
      shown.filters.has(layer.id) ? el("button", { type: "button", class: "button small", id: "table-clear", on: { click: clearFilters } }, t("clear_filters")) : null,
      state.ticked.size && may("sheets") ? el("a", { class: "button small", id: "table-atlas", href: atlasHref() }, t("table_atlas", { n: state.ticked.size })) : null,
      el("a", { class: "button small", id: "table-export", href: exportHref(), download: "" }, t("export_excel")),
    ] : el("span", { class: "muted small" }, t("table_hint")));
}

const exportHref = () => `/api/tables/${state.layer?.id}/workbook?${query({ lang: document.documentElement.lang.slice(0, 2) })}`;

/** The page of sheets, with a page of the atlas for each ticked row. */
function atlasHref() {
  const made = new URLSearchParams({ rows: `${state.layer?.id}/${[...state.ticked].join(",")}`, ed: String(shown.catalog.edition.edition), pol: shown.policy,
    l: drawnLayers().filter(({ id }) => shown.visible.has(id)).map(({ id }) => id).join(",") });
  const filters = filterText(shown.filters);
  if (filters) made.set("flt", filters);
  return `/sheets?${made}`;
}

/** @param {HTMLInputElement} box @param {string} id */
function tick(box, id) {
  if (!box.checked) state.ticked.delete(id);
  else if (state.ticked.size < MOST_TICKED) state.ticked.add(id);
  else {
    box.checked = false;
    return say(t("ticks_full", { n: MOST_TICKED }));
  }
  drawBar();
  say(t("table_atlas", { n: state.ticked.size }));
}

/** @param {any} event */
function inView(event) {
  state.isInView = event.target.checked;
  refresh();
}

function clearFilters() {
  if (state.layer) shown.filters.delete(state.layer.id);
  document.dispatchEvent(new CustomEvent("atlas-filters"));
}

function drawHead() {
  const cell = (/** @type {Field} */ column) => {
    const direction = state.sort === column.name ? (state.isDescending ? "descending" : "ascending") : "none";
    const sort = () => {
      state.isDescending = state.sort === column.name && !state.isDescending;
      state.sort = column.name;
      refresh().then(() => document.getElementById(`sort-${column.name}`)?.focus());
    };
    const sign = { ascending: " ▲", descending: " ▼", none: "" }[direction];
    return el("th", { scope: "col", "aria-sort": direction }, el("span", { class: "grid-head" },
      el("button", { type: "button", id: `sort-${column.name}`, class: "link sort", on: { click: sort } }, said(column), column.unit ? ` (${column.unit})` : "", sign),
      state.layer ? filterButton(state.layer, column) : null));
  };
  put(byId("table-head"), el("tr", {}, el("th", { scope: "col", class: "tick" }, el("span", { class: "unseen" }, t("tick_column"))), columns.map(cell)));
}

/** Draws the rows in sight; a row of empty height stands for those above and below. */
function drawRows() {
  const scroll = document.getElementById("table-scroll");
  if (!scroll || !state.isOpen) return;
  const first = Math.max(0, Math.floor(scroll.scrollTop / ROW_PX) - SPARE_ROWS);
  const last = Math.min(state.nFound, first + Math.ceil(scroll.clientHeight / ROW_PX) + 2 * SPARE_ROWS);
  for (let page = Math.floor(first / PAGE); page <= Math.floor(Math.max(first, last - 1) / PAGE); page++) fetchPage(page);
  const rows = [];
  for (let i = first; i < last; i++) rows.push(row(i));
  if (!state.nFound && asked.size && pages.size) rows.push(el("tr", {}, el("td", { colspan: columns.length + 1, class: "muted" }, t("no_rows"))));
  const had = focusedRow();
  put(byId("table-rows"), spacer(first), rows, spacer(state.nFound - last));
  keepFocus(had);
}

/** Row that has the focus, or had it when it went out of sight; empty where the focus is elsewhere. */
function focusedRow() {
  const row = /** @type {HTMLElement|null} */ (document.activeElement?.closest?.("#table-rows [data-id]"));
  if (row?.dataset.id) state.isTickLeft = document.activeElement?.tagName === "INPUT";
  return row?.dataset.id ?? (document.activeElement?.id === "table-scroll" ? state.left : "");
}

/** A row drawn anew keeps the focus; while it is out of sight the list has it, so that the keys go on from there. @param {string} id */
function keepFocus(id) {
  const button = id ? document.querySelector(`#table-rows [data-id="${CSS.escape(id)}"] ${state.isTickLeft ? "input" : "button"}`) : null;
  state.left = button ? "" : id;
  if (id) /** @type {HTMLElement} */ (button ?? byId("table-scroll")).focus({ preventScroll: true });
}

/** @param {number} n rows that are not drawn */
function spacer(n) {
  const node = el("tr", { class: "spacer", "aria-hidden": "true" }, el("td", { colspan: columns.length + 1 }));
  node.style.height = `${Math.max(0, n) * ROW_PX}px`;
  return n > 0 ? node : null;
}

/** @param {number} i */
function row(i) {
  const values = pages.get(Math.floor(i / PAGE))?.[i % PAGE];
  if (!values) return el("tr", { class: "grid-row is-waiting", "aria-rowindex": i + 1 }, el("td", { colspan: columns.length + 1 }, t("loading")));
  const [id, lon, lat] = values;
  const flash = () => drawOwn("flash", lon === null ? null : [feature({ type: "Point", coordinates: [lon, lat] })]);
  const open = () => state.layer && openFeature(state.layer.id, id);
  return el("tr", { class: "grid-row", "data-id": id, "aria-rowindex": i + 1, "aria-selected": String(id === chosen()),
    on: { mouseenter: flash, mouseleave: () => drawOwn("flash", null), focusin: flash, click: open } },
  tickCell(id, values[FIXED] ?? id, lon !== null), columns.map((column, n) => el("td", { class: column.type === "number" || column.type === "integer" ? "number" : null },
    n ? cellValue(column, values[FIXED + n]) : el("button", { type: "button", class: "link" }, values[FIXED] ?? id))));
}

/** @param {string} id @param {string} name @param {boolean} isPlaced what has no position has no page either */
const tickCell = (id, name, isPlaced) => el("td", { class: "tick", on: { click: (/** @type {Event} */ event) => event.stopPropagation() } },
  el("input", { type: "checkbox", checked: state.ticked.has(id), disabled: !isPlaced, "aria-label": t("tick_row", { name }), on: { change: (/** @type {any} */ event) => tick(event.target, id) } }));

/** @param {Field} column @param {any} value */
function cellValue(column, value) {
  if (levelById(value)) return [levelDot(value), " ", levelWord(value)];
  return attribute(column, value);
}
