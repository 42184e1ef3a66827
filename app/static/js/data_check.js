/** What the check of an upload found, what would change, and the approval by a person who has seen both. */
import { el } from "./dom.js";
import { CHANGES, changeLists, fieldWords, refusedTable, ruleCounts } from "./data_changes.js";
import { ask, countList, keepName, lastName, showProblems, state, table, titleOf, layerOf } from "./data_frame.js";
import { follow, isUnfinished, jobBox, runJob } from "./data_jobs.js";
import { picture } from "./data_picture.js";
import { number } from "./formats.js";
import { said, t } from "./texts.js";

/** @typedef {{upload: any, address: string, renew: () => Promise<void>, goTo: (step: string) => void}} Context */

/** @param {Context} context */
export function checkStep({ upload, address, renew, goTo }) {
  const job = upload.jobs.check;
  const node = el("div", {});
  const run = () => runJob(node, `${address}/check`, {}, renew);
  if (isUnfinished(job)) queueMicrotask(() => follow(node, job, renew));
  const isDone = job?.state === "done";
  return [
    el("p", { class: "hint" }, t("data_check_hint")),
    el("div", { class: "step-foot" }, el("button", { type: "button", class: isDone ? "button" : "button primary", id: "run-check", disabled: isUnfinished(job), on: { click: run } }, isDone ? t("data_check_again") : t("data_check_now")),
      isDone ? el("button", { type: "button", class: "button primary", id: "to-difference", on: { click: () => goTo("difference") } }, t("data_next", { step: t("data_step_difference") })) : null),
    job?.state === "failed" ? jobBox(job) : null, node, isDone ? job.result.sources.map(checkedSource) : null,
  ];
}

/** @param {any} source */
const sourceHead = (source) => el("h3", {}, `${said(source)} `, el("span", { class: "muted" }, `${source.source_id} · ${titleOf(layerOf(source.layer))}`));

/** @param {any} source */
function checkedSource(source) {
  if (source.state === "unchanged") return el("div", { class: "card" }, sourceHead(source), el("p", { class: "notice" }, t("data_unchanged")));
  if (!source.changes) return el("div", { class: "card" }, sourceHead(source), countList(source.counts), ruleCounts(source.warned_by_rule ?? {}, source.warned ?? []));
  const refusedAt = source.refused_positions ?? [];
  return el("div", { class: "card" }, sourceHead(source),
    source.is_blocked ? el("p", { class: "notice error-box loud" }, t("data_blocked", { share: number(source.refused_pct, 1), most: number(source.max_refused_pct, 1) })) : null,
    el("div", { class: "beside" }, el("div", {}, countList(source.counts), ruleCounts({ ...source.refused_by_rule, ...source.repaired_by_rule, ...source.warned_by_rule }, source.refused), source.counts.n_refused ? el("h4", {}, t("data_refused_rows", { n: number(source.counts.n_refused) })) : el("p", { class: "notice" }, t("data_none_refused")),
      (source.workbooks ?? []).map(workbookLink)), el("div", {}, picture(state.area, source.positions, [], t("data_picture_checked", { n: number(source.positions.length), refused: number(refusedAt.length) }), refusedAt), pictureKey(source, refusedAt.length))),
    source.refused.length ? refusedTable(source.refused, source.counts.n_refused, source.layer) : null, warnings(source));
}

/** What dots and crosses mean, and how many refused rows have no place on the picture. @param {any} source @param {number} nCrosses */
function pictureKey(source, nCrosses) {
  const [nPlaced, nRefused] = [source.n_refused_placed ?? 0, source.counts.n_refused];
  return !source.positions.length && !nCrosses ? null : el("ul", { class: "picture-key" }, el("li", {}, el("span", { class: "key-there", "aria-hidden": "true" }), t("data_n_accepted")),
    nCrosses ? el("li", {}, el("b", { class: "key-refused", "aria-hidden": "true" }, "×"), t("data_refused_here", { n: number(nPlaced) })) : null,
    nRefused > nPlaced ? el("li", { class: "muted" }, t("data_refused_nowhere", { n: number(nRefused - nPlaced) })) : null);
}

/** @param {any} workbook */
export const workbookLink = (workbook) => (workbook.path ? el("p", {}, el("a", { class: "button workbook", href: `/api/returned/${workbook.path.split("/").map(encodeURIComponent).join("/")}`, download: true }, t("data_workbook", { file: workbook.file, n: number(workbook.n_refused) })))
  : el("p", { class: "notice" }, t("data_no_workbook", { file: workbook.file }), " ", el("span", { class: "muted" }, workbook.problem)));

/** @param {any} source */
function warnings(source) {
  if (!source.warned.length && !source.repaired.length) return null;
  return el("details", {}, el("summary", {}, t("data_warnings", { n: number(source.counts.n_warned + (source.counts.n_held ?? 0)), repaired: number(source.counts.n_repaired) })), table(t("data_n_warned"), [
    { head: t("data_row"), cell: (row) => row.source_row, isFigure: true }, { head: t("number_of_object"), cell: (row) => row.feature_id }, { head: t("data_field"), cell: (row) => fieldWords(source.layer, row.field) },
    { head: t("data_value"), cell: (row) => row.value ?? null }, { head: t("rule"), cell: (row) => row.rule_id }, { head: t("data_detail"), cell: (row) => row.detail ?? null },
  ], [...source.warned, ...source.repaired]));
}

/** @param {Context} context */
export function differenceStep({ upload, goTo }) {
  const job = upload.jobs.check;
  if (job?.state !== "done") return notYet(goTo);
  return [el("p", { class: "hint" }, t("data_difference_hint")), job.result.sources.map(differenceCard),
    el("div", { class: "step-foot" }, el("button", { type: "button", class: "button primary", id: "to-approve", on: { click: () => goTo("approve") } }, t("data_next", { step: t("data_step_approve") })))];
}

/** @param {(step: string) => void} goTo */
const notYet = (goTo) => el("p", { class: "notice" }, t("data_check_first"), " ", el("button", { type: "button", class: "button small", on: { click: () => goTo("check") } }, t("data_step_check")));

/** @param {any} source */
function differenceCard(source) {
  if (!source.changes) return el("div", { class: "card" }, sourceHead(source), el("p", { class: "notice" }, source.state === "unchanged" ? t("data_unchanged") : t("data_no_difference")), lossNotice(source.loss), olderNotice(source));
  const changes = CHANGES.flatMap((kind) => source.changes[kind].features.map((/** @type {any} */ feature) => ({ kind, lon: feature.lon, lat: feature.lat })));
  return el("div", { class: "card" }, sourceHead(source), lossNotice(source.loss), olderNotice(source),
    el("p", { class: "muted" }, t("data_stays", { n: number(source.counts.n_unchanged) })),
    el("div", { class: "beside" }, el("div", {}, changeLists(source.changes, source.layer)), el("div", {}, picture(state.area, source.positions, changes, t("data_picture_changes", { n: number(changes.length) })),
      el("ul", { class: "picture-key" }, CHANGES.map((kind) => el("li", {}, el("span", { class: `key-${kind}`, "aria-hidden": "true" }), t(`data_${kind}`)))))));
}

/** @param {any} loss */
const lossNotice = (loss) => (loss?.is_large ? el("p", { class: "notice error-box loud" }, el("strong", {}, t("data_large_loss", { n: number(loss.n_lost), all: number(loss.n_before), share: number(loss.share_pct, 1) }))) : null);

/** @param {any} source */
const olderNotice = (source) => (source.newer_held ? el("p", { class: "notice error-box loud" }, el("strong", {}, t("data_older", { source: said(source), held: source.newer_held }))) : null);

/** @param {Context} context */
export function approvalStep({ upload, address, renew, goTo }) {
  const check = upload.jobs.check;
  const load = upload.jobs.load;
  if (check?.state !== "done") return notYet(goTo);
  const node = el("div", {});
  if (isUnfinished(load)) queueMicrotask(() => follow(node, load, renew));
  const isLoaded = load?.state === "done" && load.requested_at > check.requested_at;
  return [isLoaded ? loaded(load, goTo) : approvalForm(upload, address, renew, node), load?.state === "failed" && !isUnfinished(load) ? jobBox(load) : null, node];
}

/** @param {any} upload @param {string} address @param {() => Promise<void>} renew @param {HTMLElement} node */
function approvalForm(upload, address, renew, node) {
  const { job_id: seen, result: { sources } } = upload.jobs.check;
  const large = sources.filter((/** @type {any} */ source) => source.loss?.is_large);
  const asked = sources.filter((/** @type {any} */ source) => source.loss?.is_large || source.newer_held);
  const name = /** @type {HTMLInputElement} */ (el("input", { id: "approved-by", maxlength: 40, value: lastName(), required: true, autocomplete: "name" }));
  const note = /** @type {HTMLInputElement} */ (el("input", { id: "approval-note", maxlength: 200 }));
  const agreement = !large.length ? "data_accept_older" : asked.some((/** @type {any} */ source) => source.newer_held) ? "data_accept_both" : "data_accept_losses";
  const accepts = /** @type {HTMLInputElement} */ (el("input", { id: "accepts-losses", type: "checkbox" }));
  const problems = el("div", {});
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const found = [!name.value.trim() && { text: t("data_wrong_name"), field: "approved-by" }, asked.length && !accepts.checked && { text: t(large.length ? "data_wrong_losses" : "data_wrong_older"), field: "accepts-losses" }].filter(Boolean);
    showProblems(problems, /** @type {any} */ (found));
    if (found.length) return;
    keepName(name.value.trim());
    runJob(node, `${address}/load`, { approved_by: name.value.trim(), note: note.value.trim(), accepts_losses: accepts.checked, check_job_id: seen }, renew);
  };
  return el("form", { novalidate: true, on: { submit } }, problems, el("p", { class: "hint" }, t("data_approve_hint")),
    table(t("data_step_difference"), [
      { head: t("data_source"), cell: (row) => said(row) }, { head: t("data_n_accepted"), cell: (row) => number(row.counts.n_accepted), isFigure: true }, { head: t("data_n_refused"), cell: (row) => number(row.counts.n_refused), isFigure: true },
      ...CHANGES.map((kind) => ({ head: t(`data_${kind}`), cell: (/** @type {any} */ row) => (row.changes ? number(row.changes[kind].n) : "—"), isFigure: true })),
    ], sources), large.map((/** @type {any} */ source) => lossNotice(source.loss)), asked.map(olderNotice), asked.length ? el("label", { class: "check wrap" }, accepts, t(agreement)) : null,
    el("div", { class: "query" }, ask(t("data_approver"), name), ask(t("data_note"), note), el("button", { type: "submit", class: "button primary", id: "approve" }, t("data_approve_now"))));
}

/** @param {any} job @param {(step: string) => void} goTo */
function loaded(job, goTo) {
  return el("div", {}, el("p", { class: "notice done" }, t("data_loaded_by", { name: job.args.approved_by })), el("ul", {}, job.result.sources.map((/** @type {any} */ source) => el("li", {}, source.load_id ? el("a", { href: `/data/loads/${source.load_id}` }, t("data_load_n", { n: source.load_id })) : null, ` ${said(source)}`))),
    el("div", { class: "step-foot" }, el("button", { type: "button", class: "button primary", id: "to-score", on: { click: () => goTo("score") } }, t("data_next", { step: t("data_step_score") }))));
}
