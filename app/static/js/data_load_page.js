/** One load: counts, refused rows as a workbook, what it changed, and the way to take it back. */
import { getJson, postJson, ApiError } from "./api.js";
import { byId, el, put } from "./dom.js";
import { changeLists, refusedTable } from "./data_changes.js";
import { ask, countList, keepName, lastName, layerOf, moment, showProblems, startData, table, titleOf } from "./data_frame.js";
import { follow, runJob } from "./data_jobs.js";
import { day, number } from "./formats.js";
import { errorBox } from "./panel.js";
import { said, supplierOf, t } from "./texts.js";
import { loadInto } from "./workspace.js";

const ID = decodeURIComponent(location.pathname.split("/")[3] ?? "");

/** @type {any} */
let load = null;
/** @type {any[]} */
let rows = [];

async function start() {
  if (!(await startData({ title: () => (load ? `${t("data_load_n", { n: load.load_id })} ${said(load)}` : t("data_tab_loads")), draw }))) return;
  await loadInto(byId("content"), async () => {
    await refresh();
    draw();
  });
}

async function refresh() {
  load = await getJson(`/api/loads/${encodeURIComponent(ID)}`);
  rows = load.n_refused && !load.rolled_back_at ? (await getJson(`/api/rejects?load=${load.load_id}`)).rows : [];
}

function draw() {
  if (!load) return;
  byId("page-title").textContent = `${t("data_load_n", { n: load.load_id })} ${said(load)}`;
  const files = [...new Set(rows.map((row) => row.file))];
  put(byId("content"), el("p", {}, el("a", { class: "back", href: "/data/loads" }, t("data_all_loads"))),
    load.rolled_back_at ? el("p", { class: "notice" }, t("data_was_rolled_back", { time: moment(load.rolled_back_at), name: load.rolled_back_by || t("data_by_command"), reason: load.rolled_back_reason || "—" })) : null,
    facts(), countList(load),
    el("section", { "aria-labelledby": "refused-title" }, el("h2", { id: "refused-title" }, t("data_refused_rows", { n: number(load.n_refused) })), files.map(workbookMaker),
      rows.length ? refusedTable(rows, load.n_refused, load.layer) : el("p", { class: "muted" }, load.rolled_back_at && load.n_refused ? t("data_was_rolled_back_rows") : t("data_none_refused"))),
    doubts("warned", t("data_n_warned")), doubts("repaired", t("data_n_repaired")),
    load.changes ? el("section", { "aria-labelledby": "changes-title" }, el("h2", { id: "changes-title" }, t("data_step_difference")), changeLists(load.changes, load.layer)) : null,
    load.rolled_back_at ? null : rollbackForm());
}

function facts() {
  const entries = [[t("data_delivery"), `${load.delivery_label} · ${day(load.as_of)}`], [t("supplier"), supplierOf(load)], [t("data_layer"), titleOf(layerOf(load.layer)) || load.layer], [t("data_source"), load.source_id],
    [t("data_when"), moment(load.loaded_at)], [t("data_approver"), load.approved_by || t("data_by_command")], [t("data_files"), load.files.map((/** @type {any} */ file) => el("div", {}, file.name, " ", el("code", {}, file.sha256.slice(0, 12))))]];
  return el("dl", { class: "facts" }, entries.map(([name, content]) => el("div", {}, el("dt", {}, name), el("dd", {}, content))));
}

/** @param {string} file */
function workbookMaker(file) {
  const node = el("span", {});
  const make = (/** @type {boolean} */ all) => runJob(node, `/api/loads/${load.load_id}/workbook`, { file, with_all_rows: all }, (job) => {
    if (job.state === "done") put(node, el("a", { class: "button workbook", download: true, href: `/api/returned/${job.result.file.split("/").map(encodeURIComponent).join("/")}` }, t("data_workbook", { file, n: number(job.result.n_refused) })));
  });
  return el("div", { class: "pair" }, el("button", { type: "button", class: "button make-workbook", on: { click: () => make(false) } }, t("data_make_workbook", { file })), el("button", { type: "button", class: "link", on: { click: () => make(true) } }, t("data_all_rows")), node);
}

/** @param {"warned"|"repaired"} kind @param {string} title */
const doubts = (kind, title) => (load[kind].length ? el("details", {}, el("summary", {}, `${title} ${number(load[kind].reduce((/** @type {number} */ sum, /** @type {any} */ row) => sum + row.n, 0))}`), table(title, [
  { head: t("rule"), cell: (row) => row.rule_id }, { head: t("how_many"), cell: (row) => number(row.n), isFigure: true }, { head: t("data_detail"), cell: (row) => row.detail },
], load[kind])) : null);

function rollbackForm() {
  const name = /** @type {HTMLInputElement} */ (el("input", { id: "rollback-by", maxlength: 40, value: lastName(), autocomplete: "name" }));
  const reason = /** @type {HTMLInputElement} */ (el("input", { id: "rollback-reason", maxlength: 200 }));
  const problems = el("div", {});
  const node = el("div", {});
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const found = [!name.value.trim() && { text: t("data_wrong_name"), field: "rollback-by" }, !reason.value.trim() && { text: t("data_wrong_reason"), field: "rollback-reason" }].filter(Boolean);
    showProblems(problems, /** @type {any} */ (found));
    if (found.length) return;
    keepName(name.value.trim());
    try {
      const job = await postJson(`/api/loads/${load.load_id}/rollback`, { approved_by: name.value.trim(), reason: reason.value.trim() });
      follow(node, job, async (ended) => {
        if (ended.state !== "done") return;
        await refresh();
        draw();
      });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      put(problems, errorBox(error, null));
    }
  };
  return el("section", { "aria-labelledby": "rollback-title" }, el("h2", { id: "rollback-title" }, t("data_rollback")), el("p", { class: "hint" }, t("data_rollback_hint")),
    el("form", { novalidate: true, on: { submit } }, problems, el("div", { class: "query" }, ask(t("data_approver"), name), ask(t("data_reason"), reason), el("button", { type: "submit", class: "button danger", id: "rollback" }, t("data_rollback"))), node));
}

start();
