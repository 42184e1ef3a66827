/** From the register to the map: scoring writes a draft, a person looks at its effects and has it published. */
import { ApiError, getJson, postJson } from "./api.js";
import { levelColourWord, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { ask, keepName, lastName, moment, showProblems, table } from "./data_frame.js";
import { follow, isUnfinished, jobBox, runJob } from "./data_jobs.js";
import { MISSING, day, fixed, number } from "./formats.js";
import { errorBox, say } from "./panel.js";
import { said, t } from "./texts.js";
import { loadInto } from "./workspace.js";

/** What two decimals can show. */
const LEAST_KM2 = 0.005;

/**
 * Scoring, or publication of the newest draft.
 * @param {() => void} goToPublish
 * @param {"score"|"publish"} part
 */
export function draftStep(goToPublish, part) {
  const node = el("div", {});
  const draw = () => loadInto(node, async () => {
    const [{ editions }, { jobs }] = await Promise.all([getJson("/api/data/editions"), getJson("/api/jobs?limit=100")]);
    put(node, part === "score" ? scorePart(editions, jobs, draw, goToPublish) : publishPart(editions, jobs, draw));
  });
  queueMicrotask(draw);
  return node;
}

/** @param {any[]} editions @param {any[]} jobs @param {() => void} draw @param {() => void} goToPublish */
function scorePart(editions, jobs, draw, goToPublish) {
  const draft = newestDraft(editions);
  const isScoring = isUnfinished(jobs.find((job) => job.kind === "score"));
  return [scoreForm(jobs, draw), draft && !isScoring ? [el("h3", {}, t("data_draft", { label: draft.label, n: draft.edition })), effects(draft), el("div", { class: "step-foot" }, el("button", { type: "button", class: "button primary", id: "to-publish", on: { click: goToPublish } }, t("data_next", { step: t("data_step_publish") })))] : null];
}

/** The draft that can be published: newer than what is served. @param {any[]} editions newest first */
export const newestDraft = (editions) => (editions[0]?.status === "draft" ? editions[0] : undefined);

/** The form that asks for a new draft. @param {any[]} jobs @param {() => void} draw */
export function scoreForm(jobs, draw) {
  const last = jobs.find((job) => job.kind === "score");
  const node = el("div", {});
  if (isUnfinished(last)) queueMicrotask(() => follow(node, last, draw));
  const label = /** @type {HTMLInputElement} */ (el("input", { id: "draft-label", maxlength: 40, placeholder: "2026Q3" }));
  const partial = /** @type {HTMLInputElement} */ (el("input", { id: "is-partial", type: "checkbox" }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    runJob(node, "/api/data/editions", { label: label.value.trim(), is_partial: partial.checked }, (job) => {
      say(t(`data_state_${job.state}`));
      draw();
    });
    hideDraft();
  };
  return el("form", { class: "score-form", on: { submit } }, el("p", { class: "hint" }, t("data_score_hint")),
    el("div", { class: "query" }, ask(t("data_draft_label"), label, t("data_draft_label_hint")), el("label", { class: "check" }, partial, t("data_partial")),
      el("button", { type: "submit", class: "button primary", id: "run-score", disabled: isUnfinished(last) }, t("data_score_now"))), last?.state === "failed" ? jobBox(last) : null, node);
}

/** @param {any[]} editions @param {any[]} jobs @param {() => void} draw */
function publishPart(editions, jobs, draw) {
  const draft = newestDraft(editions);
  const served = editions.find((edition) => edition.status === "published");
  const last = jobs.find((job) => job.kind === "publish");
  const node = el("div", {});
  if (isUnfinished(last)) queueMicrotask(() => follow(node, last, draw));
  const now = served ? el("p", { class: served && !draft ? "notice done" : "muted" }, t("data_served", { label: served.label, n: served.edition, time: moment(served.published_at), name: served.published_by || MISSING }), " ", el("a", { href: "/" }, t("data_see_map"))) : null;
  if (!draft) return [now, el("p", { class: "notice" }, t("data_no_draft")), node];
  return [now, effects(draft), last?.state === "failed" && last.args.edition === draft.edition ? jobBox(last) : null,
    el("div", { class: "step-foot" }, el("button", { type: "button", class: "button primary", id: "publish", disabled: isUnfinished(last), on: { click: () => askToPublish(draft, node, draw) } }, t("data_publish_draft", { label: draft.label }))), node];
}

/** While a new draft is being made, the one before is no longer what would be published. */
function hideDraft() {
  for (const node of document.querySelectorAll(".effects, #to-publish, #publish")) node.remove();
}

/** What a draft changes on the map. @param {any} edition */
export function effects(edition) {
  const found = edition.effects;
  if (!found) return el("p", { class: "muted" }, t("data_no_effects"));
  if (found.before === null) return el("p", { class: "notice" }, t("data_first_edition"));
  if (found.before === found.after) return el("p", { class: "notice" }, t("data_nothing_new"));
  const areas = found.area_km2.filter((/** @type {any} */ row) => Math.abs(row.after - row.before) >= LEAST_KM2);
  return el("div", { class: "effects" }, el("p", {}, el("strong", {}, t("data_effects", { n: number(found.n_levels) }))),
    areas.length ? table(t("data_area_by_level"), [
      { head: t("policy"), cell: (row) => said(shown.catalog.policies.find((policy) => policy.id === row.policy)) || row.policy }, { head: t("level"), cell: (row) => levelColourWord(row.level) || row.level }, { head: t("data_before"), cell: (row) => `${fixed(row.before, 2)} km²`, isFigure: true },
      { head: t("data_after"), cell: (row) => `${fixed(row.after, 2)} km²`, isFigure: true }, { head: t("data_by"), cell: (row) => `${row.after >= row.before ? "+" : "−"}${fixed(Math.abs(row.after - row.before), 2)} km²`, isFigure: true },
    ], areas) : null,
    found.levels.length ? el("details", {}, el("summary", {}, t("data_levels_changed", { n: number(found.n_levels) })), table(t("data_levels_changed", { n: number(found.n_levels) }), [
      { head: t("name"), cell: (row) => row.name ?? row.point_id }, { head: t("data_before"), cell: (row) => levelColourWord(row.before) || MISSING }, { head: t("data_after"), cell: (row) => levelColourWord(row.after) || MISSING },
      { head: t("town"), cell: (row) => row.town_name }, { head: t("reason"), cell: (row) => said(row, "reason") },
    ], found.levels)) : null,
    found.violations.length ? el("details", {}, el("summary", {}, t("data_violations_changed")), table(t("data_violations_changed"), [{ head: t("rule"), cell: (row) => row.rule_id }, { head: t("data_added"), cell: (row) => number(row.added), isFigure: true }, { head: t("data_gone"), cell: (row) => number(row.gone), isFigure: true }], found.violations)) : null);
}

/**
 * Publication is asked about once more: everybody sees what comes of it.
 * @param {any} draft @param {HTMLElement} node where its job is shown @param {() => void} draw
 */
export function askToPublish(draft, node, draw) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));
  const name = /** @type {HTMLInputElement} */ (el("input", { id: "publisher", maxlength: 40, value: lastName(), autocomplete: "name" }));
  const note = /** @type {HTMLInputElement} */ (el("input", { id: "publication-note", maxlength: 200 }));
  const typed = /** @type {HTMLInputElement} */ (el("input", { id: "typed-label", maxlength: 40, autocomplete: "off" }));
  const problems = el("div", {});
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const found = [!name.value.trim() && { text: t("data_wrong_name"), field: "publisher" }, typed.value.trim() !== draft.label && { text: t("data_wrong_label", { label: draft.label }), field: "typed-label" }].filter(Boolean);
    showProblems(problems, /** @type {any} */ (found));
    if (found.length) return;
    keepName(name.value.trim());
    try {
      const job = await postJson(`/api/data/editions/${draft.edition}/publication`, { approved_by: name.value.trim(), note: note.value.trim(), created_at: draft.created_at });
      dialog.close();
      follow(node, job, draw);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      put(problems, errorBox(error, null));
    }
  };
  put(dialog, el("form", { novalidate: true, on: { submit } }, el("h2", { id: "dialog-title" }, t("data_publish_asked", { label: draft.label, n: draft.edition })), problems,
    el("p", {}, draft.effects && draft.effects.before !== null ? t("data_effects", { n: number(draft.effects.n_levels) }) : t("data_no_effects")), el("p", {}, t("data_publish_means", { date: day(draft.data_as_of) })),
    ask(t("data_approver"), name), ask(t("data_note"), note), ask(t("data_type_label", { label: draft.label }), typed),
    el("div", { class: "dialog-foot" }, el("button", { type: "button", class: "button", on: { click: () => dialog.close() } }, t("cancel")), el("button", { type: "submit", class: "button primary", id: "confirm-publish" }, t("data_publish")))));
  dialog.showModal();
}
