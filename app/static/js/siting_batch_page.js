/** Many sites from a file: checked by the worker with progress, told as a table, kept to be fetched as Excel or CSV. */
import { ApiError, getJson, postJson } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { isMissing, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { errorText, say } from "./panel.js";
import { verdictWord } from "./siting_words.js";
import { lang, said, t } from "./texts.js";
import { keepingFocus, loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const LOOK_AGAIN_MS = 1000;
const UNFINISHED = ["waiting", "running", "cancelling"];
const HEADS = ["batch_row", "project_name", "project_type", "verdict_word", "n_reasons_word", "batch_first_reason", "clause"];
const state = {
  /** @type {any[]} */ types: [], type: "",
  /** @type {any[]} */ batches: [], hasWorker: true, keptDays: 0, timer: 0, isSending: false,
  /** @type {any} the batch whose rows are shown */ open: null,
  /** @type {any[]} */ rows: [], total: 0,
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
    await lookAgain();
    drawAll();
  });
}

/** Reads the batches, and again while one is under way; one that the page waits for is opened when it is done. */
async function lookAgain() {
  clearTimeout(state.timer);
  const waited = state.batches.filter((batch) => UNFINISHED.includes(batch.state)).map((batch) => batch.job_id);
  const answer = await getJson("/api/site-batches/jobs");
  Object.assign(state, { batches: answer.batches, hasWorker: answer.has_worker, keptDays: answer.kept_days });
  const ended = state.batches.find((batch) => batch.state === "done" && waited.includes(batch.job_id));
  if (ended) await openBatch(ended);
  if (state.batches.some((batch) => UNFINISHED.includes(batch.state))) state.timer = window.setTimeout(watch, LOOK_AGAIN_MS);
}

const watch = () => attempt(lookAgain);

/** Does what may fail, tells the failure on the page. @param {() => Promise<void>} deed */
async function attempt(deed) {
  state.error = null;
  try {
    await deed();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.error = error;
  }
  keepingFocus(drawFound);
}

function drawAll() {
  titlePage(t("batch_upload"));
  byId("page-title").textContent = t("batch_upload");
  byId("all-cases").setAttribute("href", withEdition("/siting"));
  put(byId("found"), el("p", { class: "muted" }, t("batch_intro")), el("p", { class: "notice computer-only" }, t("draw_on_computer_only")), question(), el("div", { id: "batches" }));
  drawFound();
}

/** Everything below the form, whose chosen file stays. */
function drawFound() {
  put(byId("batches"), state.error ? el("p", { id: "batch-error", class: "notice error-box", role: "alert", tabindex: -1 }, errorText(state.error)) : null,
    state.isSending ? el("p", { class: "notice", role: "status" }, t("batch_reading")) : null, list(), state.open ? result() : null);
  const button = /** @type {HTMLButtonElement|null} */ (document.getElementById("batch-run"));
  if (button) button.disabled = state.isSending;
}

function question() {
  return el("form", { class: "filters draw-tools", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); run(); } } },
    el("label", {}, t("batch_file"), el("input", { id: "batch-file", type: "file", required: true, accept: ".csv,.geojson,.json,.gpkg,.zip,.dxf,.txt" })),
    el("label", {}, t("project_type"), el("select", { id: "batch-type", on: { change: (/** @type {any} */ event) => { state.type = event.target.value; } } }, el("option", { value: "" }, t("choose")),
      state.types.map((type) => el("option", { value: type.id, selected: type.id === state.type }, said(type))))),
    el("button", { id: "batch-run", type: "submit", class: "button primary" }, t("batch_run")));
}

/** Batches asked for, newest first. */
function list() {
  if (!state.batches.length) return null;
  return el("section", { "aria-label": t("batch_list") }, el("h2", {}, t("batch_list")), state.batches.map(batchRow),
    el("p", { class: "muted small" }, t("batches_kept", { n: state.keptDays })));
}

/** @param {any} batch */
function batchRow(batch) {
  const isOn = UNFINISHED.includes(batch.state);
  const done = batch.n_done ?? 0;
  return el("div", { class: "job-row", "data-state": batch.state }, el("strong", {}, batch.title || `#${batch.job_id}`),
    el("span", { role: "status" }, batch.state === "running" && batch.n_total ? t("batch_progress", { done: number(done), total: number(batch.n_total) }) : t(`batch_${batch.state}`, { n: number(batch.n ?? 0) })),
    batch.state === "done" && batch.n_refused ? el("span", { class: "badge" }, t("batch_refused", { n: number(batch.n_refused) })) : null,
    isOn && batch.n_total ? el("progress", { max: batch.n_total, value: done, "aria-label": batch.title }) : null,
    isOn && !state.hasWorker ? el("span", { class: "notice" }, t("batch_without_worker")) : null,
    batch.state === "failed" ? el("span", { class: "notice" }, said({ title_zh: batch.error_zh, title_en: batch.error_en })) : null,
    isOn ? el("button", { type: "button", class: "button small", on: { click: () => attempt(() => cancel(batch)) } }, t("batch_cancel")) : null,
    batch.state === "done" ? [el("button", { type: "button", class: "button small", "aria-pressed": String(state.open?.job_id === batch.job_id), on: { click: () => attempt(() => openBatch(batch)) } }, t("batch_show")),
      download(batch, "xlsx", "batch_excel"), download(batch, "csv", "batch_csv")] : null);
}

/** @param {any} batch @param {string} format @param {string} key */
const download = (batch, format, key) => el("a", { class: "button small", href: `/api/site-batches/jobs/${batch.job_id}/file?format=${format}&lang=${lang()}` }, t(key));

/** @param {any} batch */
async function cancel(batch) {
  await postJson(`/api/site-batches/jobs/${batch.job_id}/cancel`, {});
  await lookAgain();
}

/** @param {any} batch */
async function openBatch(batch) {
  const answer = await getJson(`/api/site-batches/jobs/${batch.job_id}/rows`);
  Object.assign(state, { open: batch, rows: answer.rows, total: answer.n });
  say(t("batch_done", { n: number(answer.n) }));
}

function run() {
  const file = /** @type {HTMLInputElement} */ (byId("batch-file")).files?.[0];
  if (!file) return;
  Object.assign(state, { isSending: true, open: null, rows: [] });
  const sent = attempt(async () => {
    try {
      await send(file);
    } finally {
      state.isSending = false;
    }
    await lookAgain();
  });
  drawFound();
  return sent;
}

/** @param {File} file */
async function send(file) {
  const asked = new URLSearchParams({ name: file.name, ed: String(shown.catalog.edition.edition), ...(state.type ? { project_type: state.type } : {}) });
  const answer = await fetch(`/api/site-batches/jobs?${asked}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
  const found = await answer.json();
  if (!answer.ok) throw new ApiError(answer.status, found.error ?? {});
  state.batches = [found, ...state.batches];
}

function result() {
  return el("section", { id: "batch-result" }, el("h2", {}, state.open.title || `#${state.open.job_id}`), table());
}

function table() {
  return [el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("batch_upload")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, HEADS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, state.rows.map((row) => el("tr", { role: "row" }, cells(row).map((content, i) => el("td", { role: "cell", "data-head": t(HEADS[i]) }, content)))))),
  state.total > state.rows.length ? el("p", { class: "muted" }, t("batch_first_rows", { n: number(state.rows.length), total: number(state.total) })) : null];
}

/** @param {any} row */
function cells(row) {
  const type = state.types.find((one) => one.id === row.project_type);
  const verdict = row.verdict ? verdictWord(row.verdict) : el("span", { class: "badge" }, t("batch_error"), " ", row.error_field ?? "");
  const why = row.verdict ? [said(row), said(row, "reason")].filter(Boolean).join(" · ") : said(row, "error");
  return [number(row.row), row.name || MISSING, type ? said(type) : row.project_type, verdict, isMissing(row.n_reasons) ? MISSING : number(row.n_reasons), why || MISSING, row.clause ?? MISSING];
}

start();
