/** Every line of the edition in a table: search by name, number or operator, narrow by kind and operator. */
import { shown } from "./atlas.js";
import { readAddress, replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { chainage, distance, isMissing, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { lineHref, lineWord, loadLines } from "./lines.js";
import { say } from "./panel.js";
import { t } from "./texts.js";
import { loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

/** @type {any[]} */
let lines = [];
const wishes = { q: "", kind: "", operator: "" };

const workspace = { keys: ["q", "kind", "operator"], regions: ["search", "page-title"], draw: drawAll, onEdition: load };

async function start() {
  const values = await startWorkspace(workspace);
  if (!values) return;
  wireKeys(workspace);
  for (const name of /** @type {("q"|"kind"|"operator")[]} */ (Object.keys(wishes))) wishes[name] = values[name] ?? "";
  await load();
}

function load() {
  return loadInto(byId("found"), async () => {
    lines = await loadLines();
    drawAll();
  });
}

function drawAll() {
  titlePage(t("workspace_pipelines"));
  drawFilters();
  drawFound();
}

function drawFilters() {
  const kinds = unique(lines.map((line) => line.kind)).map((kind) => [kind, lineWord({ kind }, "kind")]);
  const operators = unique(lines.map((line) => line.operator)).map((operator) => [operator, operator]);
  put(byId("filters"),
    el("label", { class: "ask" }, el("span", {}, t("find_line")),
      el("input", { id: "find-line", type: "search", value: wishes.q, maxlength: 80, autocomplete: "off", placeholder: t("find_line_hint"), on: { input: (/** @type {any} */ event) => wish("q", event.target.value.trim()) } })),
    choice("kind", t("line_kind"), kinds),
    choice("operator", t("operator"), operators),
    el("a", { class: "button", href: withEdition("/pipelines/notices") }, t("dig_notices")),
    el("a", { class: "button primary", href: withEdition("/pipelines/notices/new") }, t("new_notice")));
}

/** @param {"kind"|"operator"} name @param {string} label @param {string[][]} options value and word */
function choice(name, label, options) {
  return el("label", { class: "ask" }, el("span", {}, label), el("select", { id: `find-${name}`, on: { change: (/** @type {any} */ event) => wish(name, event.target.value) } },
    el("option", { value: "" }, t("all")), options.map(([value, word]) => el("option", { value, selected: wishes[name] === value }, word))));
}

/** @param {"q"|"kind"|"operator"} name @param {string} value */
function wish(name, value) {
  wishes[name] = value;
  replaceAddress({ [name]: value });
  drawFound();
  say(t("n_results", { n: found().length }));
}

/** @param {(string|null)[]} values @returns {string[]} */
const unique = (values) => /** @type {string[]} */ ([...new Set(values)].filter(Boolean)).sort();

function found() {
  const text = wishes.q.toLowerCase();
  const holds = (/** @type {any} */ line) => [line.name, line.id, line.operator].some((value) => value?.toLowerCase().includes(text));
  return lines.filter((line) => (!wishes.kind || line.kind === wishes.kind) && (!wishes.operator || line.operator === wishes.operator) && (!text || holds(line)));
}

const COLUMNS = ["name", "number_of_line", "line_kind", "medium", "size_and_pressure", "length", "chainages", "operator", "line_status"];

function drawFound() {
  const rows = found();
  if (!lines.length) return put(byId("found"), el("p", { class: "notice" }, t("no_lines", { label: shown.catalog.edition.label })));
  put(byId("found"),
    el("p", { class: "muted", id: "n-lines" }, t("n_of_lines", { n: number(rows.length), all: number(lines.length), length: distance(rows.reduce((sum, line) => sum + (line.length_m ?? 0), 0)) })),
    rows.length ? table(rows) : el("p", { class: "notice" }, t("no_line_found"), " ", el("button", { type: "button", class: "button small", on: { click: forget } }, t("show_all"))));
}

function forget() {
  Object.assign(wishes, { q: "", kind: "", operator: "" });
  replaceAddress(wishes);
  drawAll();
  byId("find-line").focus();
}

/** @param {any[]} rows */
function table(rows) {
  return el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("workspace_pipelines")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, rows.map((line) => el("tr", { role: "row" }, cells(line).map((content, i) => el(i ? "td" : "th", { role: i ? "cell" : "rowheader", scope: i ? null : "row", "data-head": t(COLUMNS[i]) }, content))))));
}

/** @param {any} line */
const cells = (line) => [
  el("a", { href: lineHref(line.id) }, line.name ?? line.id), line.id, lineWord(line, "kind") || MISSING, lineWord(line, "medium") || MISSING,
  sizeWord(line), distance(line.length_m), isMissing(line.length_m) ? MISSING : [`${chainage(line.start_chainage_m)} – ${chainage(line.end_chainage_m)}`, line.n_posts ? el("span", { class: "tag", title: t("by_posts_about", { n: number(line.n_posts) }) }, t("by_posts")) : null],
  line.operator ?? MISSING, lineWord(line, "status") || MISSING,
];

/** @param {any} line */
function sizeWord(line) {
  const parts = [isMissing(line.diameter_mm) ? null : `${number(line.diameter_mm, 0)} mm`, isMissing(line.pressure_mpa) ? null : `${number(line.pressure_mpa, 2)} MPa`];
  return parts.filter(Boolean).join(" · ") || MISSING;
}

start();
