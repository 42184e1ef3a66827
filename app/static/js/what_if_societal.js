/** The part of a what-if answer on societal risk: F-N curve, expected deaths and band of each changed enterprise, before and after. */
import { el } from "./dom.js";
import { isMissing } from "./formats.js";
import { section } from "./reasons.js";
import { said, t } from "./texts.js";
import { perYear } from "./what_if_risk.js";

/** @typedef {{ n_deaths: number, unacceptable_above: number, acceptable_below: number }} Anchor */

/** @param {any} societal of a what-if answer, null where nothing was edited */
export function societalPart(societal) {
  if (!societal) return null;
  return section(t("what_if_societal"),
    societal.enterprises.length ? societal.enterprises.map((/** @type {any} */ row) => enterprisePart(row, societal.limits)) : el("p", { class: "muted" }, t("what_if_societal_none")),
    societal.not_judged.map((/** @type {any} */ row) => el("p", { class: "notice" }, `${row.unit_id}: ${said(row, "reason")}`)),
    el("p", { class: "muted small" }, said(societal, "note")));
}

/** @param {any} row @param {Anchor[]} limits */
function enterprisePart(row, limits) {
  const known = row.after ?? row.before;
  return [el("p", { class: "what-if-societal-name" }, el("strong", {}, row.name ?? row.enterprise_id), ` ${bandWord(row.before)} → ${bandWord(row.after)}`),
    row.is_crossed && (row.is_above || (row.before && row.after)) ? el("p", { class: "notice" }, t(row.is_above ? "what_if_societal_above" : "what_if_societal_crossed")) : null,
    el("table", { class: "what-if-table what-if-societal" },
      el("thead", {}, el("tr", {}, ["what_if_societal_figure", "what_if_show_before", "what_if_show_after", "what_if_societal_limit"].map((key) => el("th", { scope: "col" }, t(key))))),
      el("tbody", {}, figure(t("what_if_societal_pll"), row.before?.pll_per_year, row.after?.pll_per_year, null),
        counts(row, limits).map((n) => figure(t("what_if_societal_n", { n }), frequencyAt(row.before, n), frequencyAt(row.after, n), limitAt(limits, n))))),
    el("p", { class: "muted small" }, known.is_incomplete ? t("what_if_societal_incomplete", { pct: known.unknown_pct }) : "", " ", known.clause)];
}

/** Numbers of deaths that are told: the anchors of the criterion, and those the curves reach. @param {any} row @param {Anchor[]} limits */
function counts(row, limits) {
  const reached = [row.before, row.after].flatMap((side) => side?.curve?.map((/** @type {any} */ one) => one.n) ?? []);
  return limits.map((anchor) => anchor.n_deaths).filter((n) => reached.some((one) => one >= n));
}

/** @param {string} title @param {number|null|undefined} before @param {number|null|undefined} after @param {number|null} limit */
const figure = (title, before, after, limit) => el("tr", {}, el("th", { scope: "row" }, title), [before, after, limit].map((value) => el("td", {}, value === 0 ? "0" : perYear(value ?? null))));

/** @param {any} side @param {number} n */
const frequencyAt = (side, n) => (side ? side.curve.find((/** @type {any} */ one) => one.n === n)?.f ?? 0 : null);

/** @param {Anchor[]} limits @param {number} n */
const limitAt = (limits, n) => limits.find((anchor) => anchor.n_deaths === n)?.unacceptable_above ?? null;

/** @param {any} side @returns {string} */
const bandWord = (side) => (isMissing(side?.band) ? t("what_if_societal_no") : t(`band_${side.band}`));
