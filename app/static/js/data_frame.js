/** What the pages of data management share: their tabs, whether the worker is there, tables, and who decides. */
import { getJson, onConnection, tryAgain } from "./api.js";
import { byId, el, put } from "./dom.js";
import { MISSING, day, number } from "./formats.js";
import { addWords, lang, t } from "./texts.js";
import { startWorkspace, titlePage, wireKeys } from "./workspace.js";

await addWords({ zh: async () => (await import("./texts_data_zh.js")).ZH, en: async () => (await import("./texts_data_en.js")).EN });

/** @typedef {{role: string, roles: string[], area: any, is_worker_alive: boolean, layers: any[], limits: {most_bytes: number, most_files: number, suffixes: string[]}}} DataState */

const TABS = [
  { key: "data_tab_uploads", href: "/data", below: "/data/uploads/" },
  { key: "data_tab_loads", href: "/data/loads" },
  { key: "data_tab_rejects", href: "/data/rejects" },
  { key: "data_tab_matches", href: "/data/matches" },
  { key: "data_tab_places", href: "/data/places" },
  { key: "data_tab_editions", href: "/data/editions" },
  { key: "data_tab_rules", href: "/data/rules" },
];
const NAME_KEY = "riskatlas-name";
const DECIMAL_UNIT = 1000;

/** @type {DataState} */
export let state = /** @type {any} */ (null);

/**
 * Starts a page of data management; null where it cannot be shown, which the page then says.
 * @param {{title: () => string, keys?: string[], draw: () => void}} page `draw` draws everything again, in another language
 * @returns {Promise<Record<string, string>|null>} values of the address
 */
export async function startData(page) {
  const drawAll = () => {
    drawHead(page.title());
    page.draw();
  };
  const values = await startWorkspace({ keys: page.keys ?? [], regions: ["search", "page-title"], draw: drawAll, onEdition: drawAll, withoutEdition: nothingPublished });
  if (!values) return null;
  state = state ?? (await getJson("/api/data"));
  wireKeys({ keys: [], regions: ["search", "page-title"], draw: drawAll, onEdition: drawAll });
  onConnection(drawLost);
  drawHead(page.title());
  return values;
}

/** What stands for the catalog before the first edition. */
async function nothingPublished() {
  state = await getJson("/api/data");
  const area = state.area ?? { title_zh: t("data_no_area"), title_en: t("data_no_area") };
  return {
    area: { zh: area.title_zh, en: area.title_en, ...area }, edition: { edition: "", label: MISSING, is_newest: true, data_as_of: null },
    editions: [], levels: [], groups: [], layers: [], policies: [], policy: "", roles: state.roles,
  };
}

/** @param {string} title */
export function drawHead(title) {
  byId("page-title").textContent = title;
  titlePage(title);
  put(byId("tabs"), TABS.map(({ key, href, below }) => el("li", {}, el("a", { href, "aria-current": location.pathname === href ? "page" : location.pathname.startsWith(below ?? `${href}/`) ? "true" : null }, t(key)))));
  showInRow(byId("tabs").parentElement);
  drawWorker(state.is_worker_alive);
}

/** Brings what is current of a row, a tab or a step, into sight where not all have room. @param {Element|null} row */
export function showInRow(row) {
  const current = row?.querySelector("[aria-current]");
  if (!row || !current) return;
  const [around, box] = [row.getBoundingClientRect(), current.getBoundingClientRect()];
  row.scrollLeft += (box.left + box.right - around.left - around.right) / 2;
}

/** Says when nobody is there to run jobs. @param {boolean} isAlive */
export function drawWorker(isAlive) {
  put(byId("notices"), isAlive ? [] : el("p", { class: "notice" }, t("data_no_worker")));
}

/** @param {boolean} isLost */
function drawLost(isLost) {
  const bar = byId("lost");
  bar.hidden = !isLost;
  put(bar, isLost ? [t("connection_lost"), " ", el("button", { type: "button", class: "button small", on: { click: () => tryAgain() } }, t("try_now"))] : []);
}

/** Whether the page stands on a phone, where files are not uploaded; a narrow window with a mouse is a computer's, magnified. */
export const isPhone = () => matchMedia("(max-width: 767px) and (pointer: coarse)").matches;

/**
 * A table that becomes cards on a phone.
 * @param {string} caption
 * @param {{head: string, cell: (row: any) => any, isFigure?: boolean, isShort?: boolean}[]} columns the first one heads its row
 * @param {any[]} rows
 */
export function table(caption, columns, rows) {
  return el("div", { class: "table-holder", tabindex: "0", role: "group", "aria-label": caption },
    el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, columns.map(({ head, isFigure }) => el("th", { scope: "col", role: "columnheader", class: isFigure ? "figure" : null }, head)))),
      el("tbody", { role: "rowgroup" }, rows.map((row) => el("tr", { role: "row" }, columns.map(({ head, cell, isFigure, isShort }, i) => el(i ? "td" : "th",
        { role: i ? "cell" : "rowheader", scope: i ? null : "row", "data-head": head, class: isFigure ? "figure" : isShort ? "short" : null }, cell(row) ?? MISSING)))))));
}

/** The first of a long list, and how many there are. @param {number} nShown @param {number} nAll */
export const moreRows = (nShown, nAll) => (nShown < nAll ? el("p", { class: "muted" }, t("first_rows", { shown: number(nShown), n: number(nAll) })) : null);

/** A day with its time. @param {string|null|undefined} iso */
export function moment(iso) {
  if (!iso) return MISSING;
  const at = new Date(iso);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString();
  return `${day(local)} ${local.slice(11, 16)}`;
}

/** A size in words. @param {number} bytes */
export function size(bytes) {
  if (bytes < DECIMAL_UNIT) return `${bytes} B`;
  const isSmall = bytes < DECIMAL_UNIT ** 2;
  return `${number(bytes / (isSmall ? DECIMAL_UNIT : DECIMAL_UNIT ** 2), 1)} ${isSmall ? "kB" : "MB"}`;
}

/** Count words in the order in which they are shown: total, then what became of it. */
const COUNTS = ["n_read", "n_accepted", "n_refused", "n_repaired", "n_warned", "n_unplaced", "n_merged", "n_held"];

/** Counts of a load, one beside the other. @param {Record<string, number>} counts */
export const countList = (counts) => el("dl", { class: "counts" }, COUNTS.filter((name) => name in counts).map((name) => el("div", { class: `count-${name}` }, el("dt", {}, t(`data_${name}`)), el("dd", {}, number(counts[name])))));

/** What people sign with; the last one is offered again. */
export const lastName = () => localStorage.getItem(NAME_KEY) ?? "";

/** @param {string} name */
export const keepName = (name) => localStorage.setItem(NAME_KEY, name);

/**
 * A labelled field of a form.
 * @param {string} label @param {HTMLElement} field @param {string} [hint]
 */
export const ask = (label, field, hint) => el("label", { class: "ask" }, el("span", {}, label), field, hint ? el("span", { class: "hint" }, hint) : null);

/** A title of a layer or field. @param {{title_zh: string, title_en: string}|undefined} entry */
export const titleOf = (entry) => (entry ? (lang() === "en" ? entry.title_en : entry.title_zh) : "");

/** @param {string} id @returns {any} */
export const layerOf = (id) => state.layers.find((layer) => layer.id === id);

/**
 * What is wrong with a form, on top of it, with links; the keyboard goes there.
 * @param {HTMLElement} node @param {{text: string, field?: string}[]} problems
 */
export function showProblems(node, problems) {
  put(node, problems.length ? el("div", { class: "notice error-box", tabindex: "-1", role: "alert" }, el("p", {}, t("form_errors")),
    el("ul", {}, problems.map(({ text, field }) => el("li", {}, field ? el("a", { href: `#${field}` }, text) : text)))) : []);
  /** @type {HTMLElement|null} */ (node.querySelector(".error-box"))?.focus();
}
