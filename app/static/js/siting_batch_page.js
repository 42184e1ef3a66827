/** Many sites from a file: read, checked some at a time with progress, told as a table and as Excel. */
import { ApiError, getJson, postForFile, postJson } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { isMissing, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { errorText, say } from "./panel.js";
import { verdictWord } from "./siting_words.js";
import { lang, said, t } from "./texts.js";
import { keepingFocus, loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const AT_ONCE = 40;
const MOST_SHOWN = 500;
const HEADS = ["batch_row", "project_name", "project_type", "verdict_word", "n_reasons_word", "batch_first_reason", "clause"];
const state = {
  /** @type {any[]} */ types: [],
  type: "", total: 0,
  /** @type {any[]} */ rows: [],
  phase: "idle", isStopped: false,
  /** @type {ApiError|null} */ error: null,
};
const workspace = { keys: [], regions: ["search", "page-title"], draw: () => keepingFocus(drawAll), onEdition: load };

async function start() {
  if (!(await startWorkspace(workspace))) return;
  wireKeys(workspace);
  await load();
}

function load() {
  return loadInto(byId("found"), async () => {
    state.types = (await getJson("/api/project-types")).project_types;
    drawAll();
  });
}

function drawAll() {
  titlePage(t("batch_upload"));
  byId("page-title").textContent = t("batch_upload");
  byId("all-cases").setAttribute("href", withEdition("/siting"));
  put(byId("found"), el("p", { class: "muted" }, t("batch_intro")), el("p", { class: "notice computer-only" }, t("draw_on_computer_only")), question(),
    state.error ? el("p", { id: "batch-error", class: "notice error-box", role: "alert", tabindex: -1 }, errorText(state.error)) : null, progress(), state.rows.length ? table() : null);
}

function question() {
  return el("form", { class: "filters draw-tools", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); run(); } } },
    el("label", {}, t("batch_file"), el("input", { id: "batch-file", type: "file", required: true, accept: ".csv,.geojson,.json,.gpkg,.zip,.dxf,.txt" })),
    el("label", {}, t("project_type"), el("select", { id: "batch-type", on: { change: (/** @type {any} */ event) => { state.type = event.target.value; } } }, el("option", { value: "" }, t("choose")),
      state.types.map((type) => el("option", { value: type.id, selected: type.id === state.type }, said(type))))),
    el("button", { type: "submit", class: "button primary", disabled: state.phase === "busy" }, t("batch_run")));
}

function progress() {
  const done = state.rows.length;
  if (state.phase === "idle") return null;
  if (state.phase === "busy") {
    return el("div", { class: "notice", role: "status" }, state.total ? [t("batch_progress", { done: number(done), total: number(state.total) }), " ", el("progress", { value: done, max: state.total }), " ",
      el("button", { type: "button", class: "button small", on: { click: () => { state.isStopped = true; } } }, t("batch_cancel"))] : t("batch_reading"));
  }
  return el("div", { class: "notice" }, t(state.isStopped ? "batch_stopped" : "batch_done", { n: number(done) }), " ", el("button", { type: "button", class: "button small", on: { click: save } }, t("batch_excel")));
}

async function run() {
  const file = /** @type {HTMLInputElement} */ (byId("batch-file")).files?.[0];
  if (!file) return;
  Object.assign(state, { rows: [], total: 0, phase: "busy", isStopped: false, error: null });
  const form = byId("batch-file").closest("form");
  drawAll();
  byId("found").querySelector("form")?.replaceWith(/** @type {HTMLElement} */ (form));
  try {
    await judge(await read(file));
    state.phase = "done";
    say(t("batch_done", { n: number(state.rows.length) }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    Object.assign(state, { error, phase: state.rows.length ? "done" : "idle" });
  }
  drawAll();
}

/** @param {File} file @returns {Promise<any[]>} */
async function read(file) {
  const answer = await fetch(`/api/site-geometries?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
  const found = await answer.json();
  if (!answer.ok) throw new ApiError(answer.status, found.error ?? {});
  return found.sites;
}

/** @param {any[]} sites */
async function judge(sites) {
  state.total = sites.length;
  const at = `/api/site-batches?ed=${encodeURIComponent(shown.catalog.edition.edition)}`;
  for (let i = 0; i < sites.length && !state.isStopped; i += AT_ONCE) {
    state.rows.push(...(await postJson(at, { sites: sites.slice(i, i + AT_ONCE), ...(state.type ? { project_type: state.type } : {}) })).rows);
    drawAll();
  }
}

async function save() {
  const rows = state.rows.map(({ geometry, ...row }) => row);
  const link = el("a", { href: URL.createObjectURL(await postForFile("/api/site-batches/workbook", { rows, lang: lang() })), download: "sites.xlsx" });
  link.click();
}

function table() {
  return [el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("batch_upload")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, HEADS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, state.rows.slice(0, MOST_SHOWN).map((row) => el("tr", { role: "row" }, cells(row).map((content, i) => el("td", { role: "cell", "data-head": t(HEADS[i]) }, content)))))),
  state.rows.length > MOST_SHOWN ? el("p", { class: "muted" }, `… ${number(state.rows.length)}`) : null];
}

/** @param {any} row */
function cells(row) {
  const type = state.types.find((one) => one.id === row.project_type);
  const verdict = row.verdict ? verdictWord(row.verdict) : el("span", { class: "badge" }, t("batch_error"), " ", row.error_field ?? "");
  const why = row.verdict ? [said(row), said(row, "reason")].filter(Boolean).join(" · ") : said(row, "error");
  return [number(row.row), row.name || MISSING, type ? said(type) : row.project_type, verdict, isMissing(row.n_reasons) ? MISSING : number(row.n_reasons), why || MISSING, row.clause ?? MISSING];
}

start();
