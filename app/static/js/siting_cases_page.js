/** Siting cases and drafts: filters, the badge of a changed outcome, the ways to a new one. */
import { change, getJson, postJson } from "./api.js";
import { byId, el, put } from "./dom.js";
import { day, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { say } from "./panel.js";
import { ground, verdictWord } from "./siting_words.js";
import { said, t } from "./texts.js";
import { keepingFocus, loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const VERDICTS = ["not_met", "not_enough", "permit", "nothing_found"];
const COLUMNS = ["case_number", "project_name", "project_type", "site_area", "verdict_word", "created_on", "choose_case"];
const state = {
  /** @type {any} */ list: null,
  filter: { verdict: "", text: "", changed: false },
  /** @type {Set<string>} */ chosen: new Set(),
  left: 0,
};
const workspace = { keys: [], regions: ["search", "page-title"], draw: () => keepingFocus(drawAll), onEdition: load };

async function start() {
  if (!(await startWorkspace(workspace))) return;
  wireKeys(workspace);
  await load();
  if (state.list?.n_stale) await recheck();
}

function load() {
  return loadInto(byId("found"), async () => {
    state.list = await getJson("/api/site-checks");
    drawAll();
  });
}

/** Has cases of earlier editions judged by the newest one, some at a time. */
async function recheck() {
  state.left = state.list.n_stale;
  while (state.left) {
    drawAll();
    state.left = (await postJson("/api/site-checks/recheck", {})).n_left;
  }
  await load();
  say(t("rechecked"));
}

function drawAll() {
  titlePage(t("siting_cases"));
  byId("page-title").textContent = t("siting_cases");
  if (!state.list) return;
  const { cases, drafts } = state.list;
  put(byId("found"),
    el("div", { class: "actions" }, el("a", { class: "button primary", href: withEdition("/siting/new") }, t("new_assessment")),
      el("a", { class: "button", href: withEdition("/siting/where") }, t("where_title")),
      el("a", { class: "button", href: withEdition("/siting/batch") }, t("batch_upload")),
      state.chosen.size > 1 ? el("a", { class: "button", href: withEdition(`/siting/compare?refs=${[...state.chosen].join(",")}`) }, t("compare_chosen", { n: state.chosen.size })) : null),
    state.left ? el("p", { class: "notice", role: "status" }, t("rechecking", { n: number(state.left) })) : null,
    drafts.length ? draftList(drafts) : null,
    cases.length ? [filters(), table(cases.filter(isWanted))] : el("p", { class: "notice" }, t("no_cases")));
}

/** @param {any[]} drafts */
const draftList = (drafts) => el("section", {}, el("h2", {}, t("drafts", { n: drafts.length })), el("ul", { class: "plain" }, drafts.map((draft) =>
  el("li", {}, el("a", { href: withEdition(`/siting/${encodeURIComponent(draft.ref)}`) }, draft.ref), " ", draft.name || t("unnamed"), " · ", t("saved_on", { day: day(draft.saved_at) }), " ",
    el("button", { type: "button", class: "link", "aria-label": `${t("delete_part")} ${draft.ref}`, on: { click: () => drop(draft.ref) } }, t("delete_part"))))));

/** @param {string} ref */
async function drop(ref) {
  await change("DELETE", `/api/site-drafts/${encodeURIComponent(ref)}`);
  await load();
}

function filters() {
  const onChange = (/** @type {(value: any) => void} */ keep) => (/** @type {any} */ event) => { keep(event.target); workspace.draw(); };
  return el("div", { class: "filters", role: "group", "aria-label": t("filters") },
    el("label", {}, t("verdict_word"), el("select", { id: "filter-verdict", on: { change: onChange((target) => { state.filter.verdict = target.value; }) } },
      el("option", { value: "" }, t("all")), VERDICTS.map((id) => el("option", { value: id, selected: state.filter.verdict === id }, t(`verdict_${id}`))))),
    el("label", {}, t("name_or_number"), el("input", { id: "filter-text", type: "search", maxlength: 60, value: state.filter.text, on: { input: onChange((target) => { state.filter.text = target.value; }) } })),
    el("label", { class: "check" }, el("span", {}, el("input", { id: "filter-changed", type: "checkbox", checked: state.filter.changed, on: { change: onChange((target) => { state.filter.changed = target.checked; }) } }), " ", t("only_changed"))));
}

/** @param {any} row */
function isWanted(row) {
  const { verdict, text, changed } = state.filter;
  const words = `${row.ref} ${row.name} ${row.applicant}`.toLowerCase();
  return (!verdict || row.verdict?.id === verdict) && (!changed || row.has_changed) && words.includes(text.trim().toLowerCase());
}

/** @param {any[]} rows */
function table(rows) {
  if (!rows.length) return el("p", { class: "notice" }, t("no_case_fits", { n: state.list.cases.length }));
  return el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("siting_cases")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, rows.map((row) => el("tr", { role: "row" }, cells(row).map((content, i) =>
      el(i ? "td" : "th", { role: i ? "cell" : "rowheader", scope: i ? null : "row", "data-head": t(COLUMNS[i]) }, content))))));
}

/** @param {any} row */
const cells = (row) => [
  el("a", { href: withEdition(`/siting/${encodeURIComponent(row.ref)}`) }, row.ref), row.name || MISSING,
  row.project_types.map((/** @type {any} */ kind) => said(kind)).join(" · ") || MISSING, ground(row.area_m2),
  [verdictWord(row.verdict), row.has_changed ? [" ", el("span", { class: "badge", title: t("needs_review_hint") }, t("needs_review"))] : null], day(row.created_at),
  el("input", { type: "checkbox", id: `choose-${row.ref}`, "aria-label": t("choose_case_of", { ref: row.ref }), checked: state.chosen.has(row.ref), on: { change: (/** @type {any} */ event) => choose(row.ref, event.target.checked) } }),
];

/** @param {string} ref @param {boolean} isChosen */
function choose(ref, isChosen) {
  if (isChosen) state.chosen.add(ref);
  else state.chosen.delete(ref);
  workspace.draw();
}

start();
