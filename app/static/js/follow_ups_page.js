/** The follow-up ledger: open entries by deadline, narrowed by state, office and text. */
import { getJson } from "./api.js";
import { replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { saveCsv } from "./csv.js";
import { day, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { checkWord, entryHref, figuresWord, sidesWord, stateTag, stateWord } from "./follow_up_words.js";
import { say } from "./panel.js";
import { t } from "./texts.js";
import { loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const COLUMNS = ["follow_up_number", "follow_up_kind", "follow_up_what", "actual_required", "follow_up_office", "person", "remedy_by", "state", "newest_check"];
const STATES = ["open", "overdue", "closed"];
/** @type {any[]} */
let entries = [];
/** @type {Record<string, string>} */
const wishes = { state: "", office: "", q: "" };

const workspace = { keys: Object.keys(wishes), regions: ["search", "page-title"], draw: drawAll, onEdition: load };

async function start() {
  const values = await startWorkspace(workspace);
  if (!values) return;
  wireKeys(workspace);
  for (const name of Object.keys(wishes)) wishes[name] = values[name] ?? "";
  await load();
}

function load() {
  return loadInto(byId("found"), async () => {
    entries = (await getJson("/api/follow-ups")).follow_ups;
    drawAll();
  });
}

function drawAll() {
  titlePage(t("follow_up_ledger"));
  byId("all-patrol").setAttribute("href", withEdition("/patrol"));
  drawFilters();
  drawFound();
}

function drawFilters() {
  const offices = [...new Set(entries.map((entry) => entry.office))].sort();
  put(byId("filters"),
    el("label", { class: "ask" }, el("span", {}, t("find")), el("input", { id: "find-text", type: "search", maxlength: 80, value: wishes.q, on: { input: (/** @type {any} */ event) => wish("q", event.target.value.trim()) } })),
    choice("state", t("state"), STATES.map((state) => [state, t(`follow_up_${state}_all`, { n: entries.filter((entry) => entry.state === state).length })])),
    choice("office", t("follow_up_office"), offices.map((office) => [office, office])),
    el("button", { type: "button", class: "button", id: "save-csv", on: { click: save } }, t("save_csv")));
}

/** @param {string} name @param {string} label @param {string[][]} options */
function choice(name, label, options) {
  return el("label", { class: "ask" }, el("span", {}, label), el("select", { id: `find-${name}`, on: { change: (/** @type {any} */ event) => wish(name, event.target.value) } },
    el("option", { value: "" }, t("all")), options.map(([value, word]) => el("option", { value, selected: wishes[name] === value }, word))));
}

/** @param {string} name @param {string} value */
function wish(name, value) {
  wishes[name] = value;
  replaceAddress({ [name]: value });
  drawFound();
  say(t("n_results", { n: found().length }));
}

function found() {
  const text = wishes.q.toLowerCase();
  const holds = (/** @type {any} */ entry) => [entry.ref, entry.subject_name, entry.object_name, entry.person, entry.town_name].some((value) => value?.toLowerCase().includes(text));
  return entries.filter((entry) => (!wishes.state || entry.state === wishes.state) && (!wishes.office || entry.office === wishes.office) && (!text || holds(entry)));
}

function drawFound() {
  const rows = found();
  put(byId("found"), el("p", { class: "muted", id: "n-entries" }, t("n_follow_ups", { n: number(rows.length), all: number(entries.length) })),
    rows.length ? table(rows) : el("p", { class: "notice" }, entries.length ? t("no_follow_up_found") : t("no_follow_ups")));
}

/** @param {any[]} rows */
function table(rows) {
  return el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("follow_up_ledger")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, rows.map((entry) => el("tr", { role: "row" }, cells(entry).map((content, i) =>
      el(i ? "td" : "th", { role: i ? "cell" : "rowheader", scope: i ? null : "row", "data-head": t(COLUMNS[i]) }, content))))));
}

/** @param {any} entry */
const cells = (entry) => [
  el("a", { href: entryHref(entry.ref) }, entry.ref), t(`kind_${entry.kind}`), sidesWord(entry), figuresWord(entry.evidence), entry.office, entry.person,
  day(entry.due_on), stateTag(entry), checkWord(entry.check),
];

/** The rows that are listed, as a file. */
function save() {
  const rows = found().map((entry) => [entry.ref, t(`kind_${entry.kind}`), entry.subject_name ?? entry.subject_feature_id, entry.object_name ?? entry.object_feature_id, entry.rule_id,
    entry.evidence.actual_m, entry.evidence.required_m, entry.office, entry.person, entry.opened_on, entry.due_on, stateWord(entry), entry.closed_on ?? "", checkWord(entry.check)]);
  saveCsv(`${t("follow_up_ledger")}.csv`, [[t("follow_up_number"), t("follow_up_kind"), t("follow_up_subject"), t("object"), t("rule"), `${t("actual")} m`, `${t("required")} m`, t("follow_up_office"), t("person"),
    t("opened_on"), t("remedy_by"), t("state"), t("closed_on"), t("newest_check")], ...rows]);
}

start();
