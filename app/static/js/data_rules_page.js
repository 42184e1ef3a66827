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
const LONG_TEXT = 24;
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

/** @returns {string[][]} */
const wanted = () => shown.rows.filter((/** @type {string[]} */ row) => !text || row.some((value, i) => `${value} ${inWords(shown.columns[i], value)}`.toLowerCase().includes(text)));

/** Numbers of the columns that say something: any value in these rows, and of words in two languages the page's. @param {string[][]} rows */
function usedColumns(rows) {
  /** @type {string[]} */
  const names = shown.columns;
  const other = lang() === "zh" ? "en" : "zh";
  const isTwin = (/** @type {string} */ name) => name.endsWith(`_${other}`) && names.includes(name.replace(/_(zh|en)$/, `_${lang()}`));
  return names.map((_, i) => i).filter((i) => !isTwin(names[i]) && rows.some((row) => row[i]));
}

function drawTable() {
  if (!shown) return;
  const rows = wanted();
  const used = usedColumns(rows);
  const marks = tables.find(({ name }) => name === shown.name)?.confidence ?? {};
  put(byId("marks"), Object.keys(marks).length ? el("p", { class: "muted" }, t("data_verified"), " ", CONFIDENCES.filter((level) => marks[level]).map((level) => el("span", { class: `tag confidence-${level}` }, `${t(`data_confidence_${level}`)} ${number(marks[level])}`))) : null);
  if (!rows.length) return put(byId("rules"), el("p", { class: "notice" }, t("data_no_rules")));
  put(byId("rules"), rows.length > MOST_ROWS ? el("p", { class: "muted" }, t("first_rows", { shown: number(MOST_ROWS), n: number(rows.length) })) : null,
    el("div", { class: "table-holder tall", tabindex: "0", role: "group", "aria-label": said(shown) }, el("table", { class: "rows rule-rows" }, el("caption", { class: "unseen" }, said(shown)),
      el("thead", {}, el("tr", {}, used.map((i) => el("th", { scope: "col", title: shown.columns[i] }, said(shown.titles[i], ""))))),
      el("tbody", {}, rows.slice(0, MOST_ROWS).map((row) => el("tr", {}, used.map((i) => el(i ? "td" : "th", { scope: i ? null : "row", class: row[i].length > LONG_TEXT ? "long" : null }, cell(shown.columns[i], row[i])))))))));
}

/** @param {string} column @param {string} value */
function cell(column, value) {
  if (column === "confidence" && CONFIDENCES.includes(value)) return el("span", { class: `tag confidence-${value}` }, t(`data_confidence_${value}`));
  if (column === "standard_id" && shown.standards[value]) return el("abbr", { title: said(shown.standards[value]) }, shown.standards[value].number || value);
  return inWords(column, value) || "—";
}

/** A value in the words that the server has for it, in the language of the page. @param {string} column @param {string} value */
function inWords(column, value) {
  const words = shown.words[column]?.[value];
  return words ? said(words, "") : value;
}

start();
