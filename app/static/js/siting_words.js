/** Words and parts that the pages of siting share: verdict, reasons, numbers of a site. */
import { el } from "./dom.js";
import { area, distance, isMissing, number, required } from "./formats.js";
import { conflictNumbers, verifiedLine, withClause } from "./feature_panel.js";
import { clauseLine, section, verdictMark } from "./reasons.js";
import { said, t } from "./texts.js";

/** Signs of the verdicts by their rank. */
export const SIGNS = ["", "✕", "?", "!", "✓"];

/** @param {any} verdict */
export const verdictWord = (verdict) => (verdict ? el("span", { class: `verdict-word verdict-${verdict.id}` }, SIGNS[verdict.rank], " ", said(verdict)) : t("cannot_be_judged"));

/** @param {any} verdict */
export const verdictHead = (verdict) => el("div", { class: `verdict verdict-${verdict.id}` }, verdictMark(verdict.id), el("p", { class: "verdict-title" }, said(verdict)));

/** The newest judgement of a kept case that could be made; the first answer where there is none. @param {any} kept */
export const newest = (kept) => kept.checks.filter((/** @type {any} */ check) => !check.answer.error).at(-1)?.answer ?? kept;

/** What is written on a shortest line. @param {any} row */
export const lineLabel = (row) => [isMissing(row.actual_m) ? "" : distance(row.actual_m), isMissing(row.required_m) ? "" : required(row.required_m)].filter(Boolean).join(" / ");

/**
 * One reason: sign, object, numbers, clause, and buttons that the page gives it.
 * @param {any} reason @param {boolean} hasParts @param {any} buttons
 */
export function reasonItem(reason, hasParts, buttons) {
  const { object } = reason;
  return el("li", { class: "reason" },
    el("div", { class: "reason-title" }, el("span", { class: "gravity" }, SIGNS[reason.gravity]), hasParts ? `${t("site_part", { n: reason.part + 1 })} · ` : "", said(reason)),
    object?.name || object?.id ? el("span", {}, object.name || object.id) : null,
    isMissing(reason.actual_m) && isMissing(reason.required_m) ? null : conflictNumbers(reason),
    said(reason, "text") ? el("p", { class: "reason-text" }, said(reason, "text")) : null,
    isMissing(reason.share_of_area) ? null : el("p", { class: "muted small" }, t("share_of_site", { share: share(reason.share_of_area) })),
    clauseLine(withClause(reason)), verifiedLine(reason.source_type), buttons);
}

/** @param {number} value */
export const share = (value) => `${(100 * value).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %`;

/** What a part is, in one line. @param {any} part as it was sent @param {any} type */
export function partLine(part, type) {
  return [type ? said(type) : "", isMissing(part.n_persons) ? "" : t("n_persons", { n: part.n_persons }), isMissing(part.height_m) ? "" : `${part.height_m} m`,
    ...(part.chemicals ?? []).map((/** @type {any} */ row) => `${row.chemical} ${row.amount_t} t`)].filter(Boolean).join(" · ");
}

/** @param {number|null|undefined} value */
export const ground = (value) => (value ? area(value) : t("one_point"));

/** How many checks found what, and how many passed. @param {any} answer */
export function countsLine(answer) {
  const of = (/** @type {number} */ rank) => number(answer.reasons.filter((/** @type {any} */ reason) => reason.gravity === rank).length);
  return t("verdict_counts", { broken: of(1), unknown: of(2), permit: of(3), passed: number(answer.passed.length) });
}

/** What was not looked at. @param {any[]} rows */
export const notAssessedPart = (rows) => (rows?.length ? section(t("not_assessed_title", { n: rows.length }), el("ul", { class: "plain" }, rows.map((row) => el("li", {}, `? ${said(row, "")}`)))) : null);

/** Checks that found nothing, behind their number. @param {any[]} rows */
export const passedPart = (rows) => (rows.length ? el("details", { class: "part" }, el("summary", {}, t("passed_title", { n: number(rows.length) })), el("ul", { class: "plain" }, rows.map((row) => el("li", {}, "✓ ", said(row), " ", el("span", { class: "muted small" }, row.rule_id))))) : null);
