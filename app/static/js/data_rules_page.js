/** The rule tables: every number behind a check and a colour, with its clause and how far it was verified. */
import { getJson } from "./api.js";
import { readAddress, replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { ask, startData } from "./data_frame.js";
import { number } from "./formats.js";
import { say } from "./panel.js";
import { lang, said, t } from "./texts.js";
import { loadInto } from "./workspace.js";

const FIRST = "check_rules";
const MOST_ROWS = 300;
const CONFIDENCES = ["high", "medium", "low"];

/** @type {any[]} */
let tables = [];
/** @type {any} */
let shown = null;
let text = "";

async function start() {
  const values = await startData({ title: () => t("data_tab_rules"), keys: ["table"], draw });
  if (!values) return;
  await loadInto(byId("content"), async () => {
    ({ tables } = await getJson("/api/data/rules"));
    await choose(readAddress().values.table ?? FIRST);
    draw();
  });
}

/** @param {string} name */
async function choose(name) {
  shown = await getJson(`/api/data/rules/${encodeURIComponent(name)}`);
}

function draw() {
  const change = (/** @type {any} */ event) => {
    replaceAddress({ table: event.target.value });
    loadInto(byId("rules"), async () => {
      await choose(event.target.value);
      drawTable();
    });
  };
  put(byId("content"), el("p", { class: "intro" }, t("data_rules_intro")), el("div", { class: "query" },
    ask(t("data_rule_table"), el("select", { id: "table-choice", on: { change } }, tables.map((table) => el("option", { value: table.name, selected: table.name === shown?.name, title: table.name }, `${said(table)} (${number(table.n_rows)})`)))),
    ask(t("data_words"), el("input", { id: "rule-text", type: "search", value: text, maxlength: 80, on: { input: (/** @type {any} */ event) => { text = event.target.value.trim().toLowerCase(); drawTable(); say(t("n_results", { n: wanted().length })); } } }))),
    el("div", { id: "marks" }), el("div", { id: "rules" }));
  drawTable();
}

/** A line of a cell: its text, or what more is known of it. @typedef {string | { text: string, lang?: string, standard_id?: string }} Line */
/** The table as it is read in the language of the page. @returns {{ columns: { title: string, names: string[], size: string, is_brief: boolean }[], rows: Line[][][] }} */
const told = () => shown.told[lang()];

/** Rows that hold the text asked for, in words or as they stand in the file. @returns {Line[][][]} */
const wanted = () => told().rows.filter((row, at) => !text || [...shown.rows[at], ...row.flat().map(textOf)].join("\n").toLowerCase().includes(text));

/** @param {Line} line */
const textOf = (line) => (typeof line === "string" ? line : line.text);

function drawTable() {
  if (!shown) return;
  const rows = wanted();
  const { columns } = told();
  const marks = tables.find(({ name }) => name === shown.name)?.confidence ?? {};
  put(byId("marks"), Object.keys(marks).length ? el("p", { class: "muted" }, t("data_verified"), " ", CONFIDENCES.filter((level) => marks[level]).map((level) => el("span", { class: `tag confidence-${level}` }, `${t(`data_confidence_${level}`)} ${number(marks[level])}`))) : null);
  if (!rows.length) return put(byId("rules"), el("p", { class: "notice" }, t("data_no_rules")));
  put(byId("rules"), rows.length > MOST_ROWS ? el("p", { class: "muted" }, t("first_rows", { shown: number(MOST_ROWS), n: number(rows.length) })) : null,
    el("div", { class: "table-holder table-whole", role: "group", "aria-label": said(shown) }, el("table", { class: "rows rule-rows" }, el("caption", { class: "unseen" }, said(shown)),
      el("thead", {}, el("tr", {}, columns.map(({ title, names, size }) => el("th", { scope: "col", class: `size-${size}`, title: names.join(" ") }, title)))),
      el("tbody", {}, rows.slice(0, MOST_ROWS).map((row) => el("tr", {}, columns.map((column, i) => cell(column, row[i], i === 0))))))));
}

/** @param {{ title: string, size: string, is_brief: boolean }} column @param {Line[]} lines @param {boolean} isHead */
function cell({ title, size, is_brief: isBrief }, lines, isHead) {
  const kinds = [`size-${size}`, isBrief ? "brief" : "", lines.length ? "" : "none"].filter(Boolean).join(" ");
  const content = lines.length > 1 ? el("div", {}, lines.map((line) => el("p", { lang: langOf(line) }, ...written(line)))) : lines.length ? el("span", { lang: langOf(lines[0]) }, ...written(lines[0])) : "—";
  return el(isHead ? "th" : "td", { scope: isHead ? "row" : null, class: kinds, "data-head": title }, content);
}

/** @param {Line} line */
const langOf = (line) => (typeof line === "string" ? null : line.lang ?? null);

/** A line, standards with their title. @param {Line} line @returns {any[]} */
function written(line) {
  const standard = typeof line === "string" ? null : shown.standards[line.standard_id ?? ""];
  return [standard ? el("abbr", { title: said(standard) }, textOf(line)) : textOf(line)];
}

start();
