/** Refused rows of every source, narrowed by source, rule and words; each leads to the workbook for its supplier. */
import { getJson } from "./api.js";
import { readAddress, replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { fieldWords } from "./data_changes.js";
import { ask, moreRows, startData, table } from "./data_frame.js";
import { number } from "./formats.js";
import { say } from "./panel.js";
import { said, t } from "./texts.js";
import { loadInto } from "./workspace.js";

const PAUSE_MS = 300;
const KEYS = ["source", "rule", "text", "all"];

/** @type {Record<string, string>} */
const wishes = {};
/** @type {{rows: any[], counts: any[]}} */
let found = { rows: [], counts: [] };
let timer = 0;

async function start() {
  const values = await startData({ title: () => t("data_tab_rejects"), keys: KEYS, draw });
  if (!values) return;
  for (const key of KEYS) wishes[key] = readAddress().values[key] ?? "";
  await loadInto(byId("content"), async () => {
    await refresh();
    draw();
  });
}

async function refresh() {
  const query = new URLSearchParams(Object.entries(wishes).filter(([, value]) => value));
  found = await getJson(`/api/rejects?${query}`);
}

/** @param {string} key @param {string} value */
function wish(key, value) {
  wishes[key] = value;
  replaceAddress({ [key]: value });
  clearTimeout(timer);
  timer = window.setTimeout(() => loadInto(byId("rows"), async () => {
    await refresh();
    drawRows();
    say(t("n_results", { n: found.rows.length }));
  }), PAUSE_MS);
}

function draw() {
  put(byId("content"), el("p", { class: "intro" }, t("data_rejects_intro")), filters(), el("div", { id: "rows" }));
  drawRows();
}

function filters() {
  const option = (/** @type {string} */ key, /** @type {string[][]} */ options) => el("select", { id: `filter-${key}`, on: { change: (/** @type {any} */ event) => wish(key, event.target.value) } }, el("option", { value: "" }, t("all")), options.map(([value, word]) => el("option", { value, selected: wishes[key] === value }, word)));
  const sources = [...new Map(found.counts.map((row) => [row.source_id, said(row)]))];
  const rules = [...new Map(found.counts.map((row) => [row.rule_id, `${row.rule_id} ${said(row, "reason")}`]))].sort();
  return el("div", { class: "query" }, ask(t("data_source"), option("source", sources.map(([id, title]) => [id, `${title} (${id})`]))), ask(t("rule"), option("rule", rules)),
    ask(t("data_words"), el("input", { id: "filter-text", type: "search", value: wishes.text, maxlength: 80, on: { input: (/** @type {any} */ event) => wish("text", event.target.value.trim()) } })),
    el("label", { class: "check" }, el("input", { type: "checkbox", id: "filter-all", checked: wishes.all === "1", on: { change: (/** @type {any} */ event) => wish("all", event.target.checked ? "1" : "") } }), t("data_older_loads")));
}

/** A path that may go on in another line behind each of its folders. @param {string|null} path */
const breakable = (path) => path?.split("/").map((part, i) => (i ? ["/", el("wbr"), part] : part));

function drawRows() {
  const isFiltered = wishes.source || wishes.rule || wishes.text;
  const n = found.counts.filter((row) => (!wishes.source || row.source_id === wishes.source) && (!wishes.rule || row.rule_id === wishes.rule)).reduce((sum, row) => sum + row.n, 0);
  if (!found.rows.length) return put(byId("rows"), el("p", { class: "notice" }, isFiltered ? t("data_no_such_rejects") : t("data_no_rejects")));
  put(byId("rows"), wishes.text ? null : el("p", { class: "muted" }, t("data_refused_rows", { n: number(n) })), wishes.text ? null : moreRows(found.rows.length, n), table(t("data_tab_rejects"), [
    { head: t("data_source"), cell: (row) => said(row) }, { head: t("data_file"), cell: (row) => breakable(row.file) }, { head: t("data_row"), cell: (row) => row.source_row, isFigure: true }, { head: t("data_field"), cell: (row) => fieldWords(row.layer, row.field) },
    { head: t("data_value"), cell: (row) => (row.value ? el("span", { class: "given" }, row.value) : null) }, { head: t("rule"), cell: (row) => row.rule_id }, { head: t("reason"), cell: (row) => said(row, "reason") },
    { head: t("data_advice"), cell: (row) => said(row, "advice") || null }, { head: t("data_load"), cell: (row) => el("a", { href: `/data/loads/${row.load_id}` }, t("data_load_n", { n: row.load_id })), isShort: true },
  ], found.rows));
}

start();
