/** The part of a what-if answer on individual risk: contours before and after, targets that cross a criterion. */
import { drawNamed } from "./area_names.js";
import { levelById } from "./atlas.js";
import { el } from "./dom.js";
import { fixed, isMissing } from "./formats.js";
import { flyToGeometry } from "./map_sight.js";
import { section } from "./reasons.js";
import { said, t } from "./texts.js";

const ROWS_SHOWN = 20;

/** @param {number|null} value a year @returns {string} such as 3×10⁻⁶ */
export function perYear(value) {
  if (isMissing(value)) return "—";
  const [digits, exponent] = Number(value).toExponential(1).split("e");
  const raised = [...exponent.replace("+", "")].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");
  return `${digits.replace(/\.0$/, "")}×10${raised}`;
}

/** @param {any} risk of a what-if answer, null where nothing was edited */
export function riskPart(risk) {
  if (!risk) return null;
  return section(t("what_if_risk"),
    risk.contours.length ? contourTable(risk.contours) : el("p", { class: "muted" }, t("what_if_risk_none")),
    risk.crossed.length
      ? [el("p", {}, t("what_if_crossed", { n: risk.crossed.length })), el("ul", { class: "plain", id: "what-if-crossed" },
        risk.crossed.slice(0, ROWS_SHOWN).map((/** @type {any} */ row) => el("li", {}, crossedRow(row)))),
      risk.crossed.length > ROWS_SHOWN ? el("p", { class: "muted small" }, t("what_if_more", { n: risk.crossed.length - ROWS_SHOWN })) : null]
      : el("p", { class: "muted" }, t("what_if_crossed_none")),
    risk.not_assessed.map((/** @type {any} */ row) => el("p", { class: "notice" }, `${row.unit_id} ${row.chemical_name}: ${said(row, "reason")}`)),
    risk.set_aside.length ? el("p", { class: "notice" }, t("what_if_set_aside", { ids: risk.set_aside.join(", ") })) : null,
    el("p", { class: "muted small" }, said(risk, "note")));
}

/** @param {any[]} contours */
function contourTable(contours) {
  const show = (/** @type {"before"|"after"} */ side) => () => drawContours(contours, side);
  return [el("table", { id: "what-if-contours", class: "what-if-table" },
    el("thead", {}, el("tr", {}, ["what_if_risk_value", "what_if_area"].map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, contours.map((row) => el("tr", {},
      el("th", { scope: "row", title: said(row, "holds_for") }, `${perYear(row.risk_per_year)} ${t(`what_if_${row.installation}`)}`),
      el("td", {}, `${fixed(row.area_before_km2, 2)} → ${fixed(row.area_after_km2, 2)}`))))),
  el("div", { class: "actions" },
    el("button", { type: "button", class: "button small", on: { click: show("before") } }, t("what_if_contours_before")),
    el("button", { type: "button", class: "button small", on: { click: show("after") } }, t("what_if_contours_after")))];
}

/** Contours of one side on the map, the widest below. @param {any[]} contours @param {"before"|"after"} side */
function drawContours(contours, side) {
  drawNamed(contours.filter((row) => row[side]).toReversed().map((row) => ({
    geometry: row[side],
    fill: levelById(row.level)?.fill ?? "",
    label: `${perYear(row.risk_per_year)} ${t(`what_if_${row.installation}`)}`,
    rank: -Math.log10(row.risk_per_year),
  })));
}

/** @param {any} row */
function crossedRow(row) {
  const words = t(row.is_above ? "what_if_crossed_above" : "what_if_crossed_below");
  return [el("button", { type: "button", class: "link", on: { click: () => flyToGeometry(row.geometry) } }, row.target_name ?? row.target_id),
    ` ${words}: ${perYear(row.risk_before)} → ${perYear(row.risk_after)}`,
    el("p", { class: "muted small" }, `${t("what_if_limit", { limit: perYear(row.limit_per_year) })} (${t(`what_if_${row.installation}`)}) · ${row.clause}`)];
}
