/** Editions: a new draft from the register, its publication, and which of them are kept. */
import { ApiError, change, getJson } from "./api.js";
import { byId, el, put } from "./dom.js";
import { moment, startData, table } from "./data_frame.js";
import { askToPublish, effects, newestDraft, scoreForm } from "./data_drafts.js";
import { follow, isUnfinished, jobBox } from "./data_jobs.js";
import { day } from "./formats.js";
import { errorBox } from "./panel.js";
import { t } from "./texts.js";
import { keepingFocus, loadInto } from "./workspace.js";

/** @type {any[]} */
let editions = [];
/** @type {any[]} */
let jobs = [];

async function start() {
  if (!(await startData({ title: () => t("data_tab_editions"), draw }))) return;
  await loadInto(byId("content"), renew);
}

async function renew() {
  [{ editions }, { jobs }] = await Promise.all([getJson("/api/data/editions"), getJson("/api/jobs?limit=100")]);
  keepingFocus(draw);
}

function draw() {
  const draft = newestDraft(editions);
  const node = el("div", {});
  const publishing = jobs.find((job) => job.kind === "publish");
  if (isUnfinished(publishing)) queueMicrotask(() => follow(node, publishing, renew));
  else if (draft && publishing?.state === "failed" && publishing.args.edition === draft.edition) node.append(jobBox(publishing));
  put(byId("content"), el("section", { "aria-labelledby": "score-title" }, el("h2", { id: "score-title" }, t("data_step_score")), scoreForm(jobs, renew)),
    draft ? el("section", { "aria-labelledby": "draft-title" }, el("h2", { id: "draft-title" }, t("data_draft", { label: draft.label, n: draft.edition })), effects(draft), el("button", { type: "button", class: "button primary", id: "publish", on: { click: () => askToPublish(draft, node, renew) } }, t("data_publish_draft", { label: draft.label }))) : null,
    node, el("section", { "aria-labelledby": "editions-title" }, el("h2", { id: "editions-title" }, t("data_tab_editions")), el("div", { id: "pin-problem" }), editions.length ? list() : el("p", { class: "notice" }, t("data_no_editions"))));
}

function list() {
  const newest = editions.find((edition) => edition.status === "published");
  return table(t("data_tab_editions"), [
    { head: t("edition"), cell: (row) => (row.status === "published" ? el("a", { href: row === newest ? "/" : `/?ed=${row.edition}` }, row.label) : row.label) }, { head: t("data_number"), cell: (row) => row.edition, isFigure: true },
    { head: t("data_stands"), cell: (row) => el("span", { class: row === newest ? "tag tag-done" : "tag" }, row === newest ? t("data_served_now") : t(`data_edition_${row.status}`)) }, { head: t("data_date"), cell: (row) => day(row.data_as_of) },
    { head: t("data_published_at"), cell: (row) => moment(row.published_at) }, { head: t("data_approver"), cell: (row) => row.published_by || null }, { head: t("data_note"), cell: (row) => row.publication_note || null },
    { head: t("data_pinned"), cell: (row) => el("label", { class: "check" }, el("input", { type: "checkbox", checked: row.is_pinned, "data-focus": `pin-${row.edition}`, "aria-label": t("data_pin", { label: row.label }), on: { change: (/** @type {any} */ event) => pin(row, event.target.checked) } }), t("data_keep")) },
  ], editions);
}

/** @param {any} edition @param {boolean} isPinned */
async function pin(edition, isPinned) {
  try {
    await change("PUT", `/api/data/editions/${edition.edition}/pin`, { is_pinned: isPinned });
    await renew();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("pin-problem"), errorBox(error, null));
  }
}

start();
