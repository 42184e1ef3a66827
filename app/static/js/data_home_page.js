/** The start of data management: uploads with where each stands, and the jobs of the worker. */
import { ApiError, getJson, postJson } from "./api.js";
import { byId, el, put } from "./dom.js";
import { ask, drawWorker, isPhone, moment, size, startData, table } from "./data_frame.js";
import { isUnfinished, jobBox } from "./data_jobs.js";
import { errorBox } from "./panel.js";
import { t } from "./texts.js";
import { loadInto } from "./workspace.js";

const REFRESH_MS = 3000;
const JOBS_SHOWN = 15;

/** @type {any[]} */
let uploads = [];
/** @type {any[]} */
let jobs = [];

async function start() {
  if (!(await startData({ title: () => t("data_title"), draw }))) return;
  await loadInto(byId("content"), async () => {
    await refresh();
    draw();
  });
  setInterval(renew, REFRESH_MS);
}

async function refresh() {
  [{ uploads }, { jobs }] = await Promise.all([getJson("/api/uploads"), jobList()]);
}

async function jobList() {
  const answer = await getJson(`/api/jobs?limit=${JOBS_SHOWN}`);
  drawWorker(answer.is_worker_alive);
  return answer;
}

/** Asks again while something runs; what cannot be asked just now stays as it was. */
async function renew() {
  if (!jobs.some(isUnfinished)) return;
  try {
    await refresh();
    drawLists();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

function draw() {
  put(byId("content"), el("p", { class: "intro" }, t("data_intro")), newUpload(),
    el("section", { "aria-labelledby": "uploads-title" }, el("h2", { id: "uploads-title" }, t("data_uploads")), el("div", { id: "uploads" })),
    el("section", { "aria-labelledby": "jobs-title" }, el("h2", { id: "jobs-title" }, t("data_jobs")), el("div", { id: "jobs" })));
  drawLists();
}

function newUpload() {
  if (isPhone()) return el("p", { class: "notice" }, t("data_use_computer"));
  const title = /** @type {HTMLInputElement} */ (el("input", { id: "new-title", maxlength: 80, size: 40, placeholder: t("data_new_hint") }));
  const problem = el("div", {});
  return el("form", { class: "query", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); make(title.value.trim(), problem); } } },
    ask(t("data_new_title"), title), el("button", { type: "submit", class: "button primary", id: "new-upload" }, t("data_new")), problem);
}

/** @param {string} title @param {HTMLElement} problem */
async function make(title, problem) {
  try {
    const { upload_id: id } = await postJson("/api/uploads", { title });
    location.assign(`/data/uploads/${id}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(problem, errorBox(error, null));
  }
}

function drawLists() {
  put(byId("uploads"), uploads.length ? table(t("data_uploads"), [
    { head: t("data_new_title"), cell: (row) => el("a", { href: `/data/uploads/${row.upload_id}` }, row.title || row.files[0] || row.upload_id) },
    { head: t("data_delivery"), cell: (row) => row.label || null },
    { head: t("data_files"), cell: (row) => (row.files.length ? `${row.files.slice(0, 3).join(", ")}${row.files.length > 3 ? " …" : ""} (${size(row.size_bytes)})` : null) },
    { head: t("data_stands"), cell: (row) => (row.last_kind ? `${t(`data_kind_${row.last_kind}`)}: ${t(`data_state_${row.last_state}`)}` : t("data_not_begun")) },
    { head: t("data_when"), cell: (row) => moment(row.created_at) },
  ], uploads) : el("p", { class: "notice" }, t("data_no_uploads")));
  put(byId("jobs"), jobs.length ? table(t("data_jobs"), [
    { head: t("data_job"), cell: (row) => `${row.job_id} ${t(`data_kind_${row.kind}`)}` },
    { head: t("data_stands"), cell: (row) => jobBox(row) },
    { head: t("data_subject"), cell: (row) => (row.upload_id ? el("a", { href: `/data/uploads/${row.upload_id}` }, t("data_open_upload")) : row.args.load_id ? el("a", { href: `/data/loads/${row.args.load_id}` }, t("data_load_n", { n: row.args.load_id })) : null) },
    { head: t("data_who"), cell: (row) => row.requested_by || null },
    { head: t("data_when"), cell: (row) => moment(row.requested_at) },
  ], jobs) : el("p", { class: "notice" }, t("data_no_jobs")));
}

start();
