/** Scenarios of a hazard unit, followed from the leak to the distance: event, frequency, distance, each with its clause. */
import { codeTitle, fieldOf, shown } from "./atlas.js";
import { el } from "./dom.js";
import { distance, frequency, isMissing, number } from "./formats.js";
import { clauseLine, section } from "./reasons.js";
import { said, t } from "./texts.js";

const LEAKS_SHOWN = 4;

/** Whether a layer lists scenarios: it has events with frequencies. @param {any} layer */
export const listsScenarios = (layer) => Boolean(layer && fieldOf(layer, "event") && fieldOf(layer, "event_frequency_per_year"));

/** @param {string} name @param {any} value */
function word(name, value) {
  const layer = shown.catalog.layers.find(listsScenarios);
  return (layer && codeTitle(fieldOf(layer, name), value)) ?? value;
}

/**
 * The list with what judges the unit above it; without scenarios the method alone, for no list is not no danger.
 * @param {any[]} rows @param {any} method row of the unit's method, null without one
 */
export function scenarioSection(rows, method) {
  if (!rows.length && !method) return null;
  return section(t("scenarios_title"), methodLine(method), rows.length ? scenarioList(rows) : el("p", { class: "muted" }, t("scenarios_none")));
}

/** @param {any} method */
function methodLine(method) {
  if (!method) return null;
  return el("div", {},
    el("p", { class: "small" }, said(method, "reason"), method.has_report ? ` ${t("scenarios_report")}` : "",
      said(method, "not_assessed") ? ` ${t("scenarios_left_out", { what: said(method, "not_assessed") })}` : ""),
    clauseLine(method));
}

/**
 * The leaks that reach farthest first; whole where a printed page needs every leak in the open.
 * @param {any[]} rows @param {{isWhole?: boolean}} [options]
 */
export function scenarioList(rows, { isWhole = false } = {}) {
  const leaks = [...byLeak(rows).values()].sort((a, b) => farthest(b) - farthest(a)).map(leakItem);
  const n = isWhole ? leaks.length : LEAKS_SHOWN;
  const rest = leaks.slice(n);
  return el("div", { class: "scenarios" }, el("ul", { class: "reasons" }, leaks.slice(0, n)),
    rest.length ? el("details", {}, el("summary", {}, t("scenarios_more", { n: rest.length })), el("ul", { class: "reasons" }, rest)) : null,
    el("p", { class: "muted small" }, t(rows.some((row) => row.leak) ? "scenarios_note" : "scenarios_note_blast")));
}

/** @param {any[]} rows */
function byLeak(rows) {
  /** @type {Map<string, any[]>} */
  const found = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.chemical_name, row.equipment, row.leak, row.hole_mm]);
    found.set(key, [...(found.get(key) ?? []), row]);
  }
  return found;
}

/** @param {any[]} rows */
const farthest = (rows) => Math.max(...rows.map((row) => row.distance_m ?? Infinity));

/** @param {any[]} rows one leak, or one blast */
function leakItem(rows) {
  const [first] = rows;
  const name = [first.chemical_name, word("equipment", first.equipment), word("leak", first.leak)].filter((part) => !isMissing(part)).join(" · ");
  return el("li", { class: "reason" }, el("strong", {}, name),
    first.is_assumed ? [" ", el("span", { class: "tag tag-assumed" }, t("assumed"))] : null,
    first.is_reference ? [" ", el("span", { class: "tag" }, t("scenario_reference"))] : null,
    leakLine(first), rows.map(eventLine));
}

/** Source term and frequency with its clause. @param {any} row */
function leakLine(row) {
  if (isMissing(row.leak_frequency_per_year)) return isMissing(row.vessel_t) ? null : el("div", { class: "bar-note" }, t("scenario_tnt", { t: number(row.vessel_t) }));
  const parts = [
    isMissing(row.hole_mm) ? null : t("scenario_hole", { mm: number(row.hole_mm, 0) }),
    isMissing(row.rate_kg_s) ? null : t("scenario_rate", { rate: number(row.rate_kg_s), s: number(row.duration_s, 0) }),
    t("scenario_released", { t: number(row.released_t) }),
    t("scenario_leaks", { f: perYear(row.leak_frequency_per_year) }),
  ];
  return el("div", { class: "bar-note" }, parts.filter(Boolean).join(t("list_comma")), clauseLine({ clause: row.leak_clause, rule_id: row.leak_rule_id }));
}

/** @param {any} row */
function eventLine(row) {
  const often = isMissing(row.event_frequency_per_year) ? t("scenario_no_frequency") :
    t("scenario_often", { p: number(row.probability, 3), f: perYear(row.event_frequency_per_year) });
  return el("div", { class: "scenario-event" },
    el("div", {}, el("span", {}, `${word("event", row.event)}: `), el("span", { class: "muted" }, often),
      row.probability_clause ? el("span", { class: "clause" }, ` ${row.probability_clause}`) : null),
    el("div", {}, reach(row)), clauseLine(row));
}

/** @param {any} row */
function reach(row) {
  if (isMissing(row.distance_m)) return said(row, "criterion");
  if (row.distance_m === 0) return t("scenario_nowhere", { what: said(row, "criterion") });
  return [said(row, "criterion"), ": ", el("strong", {}, distance(row.distance_m)),
    weatherWords(row),
    row.half_death_m ? `; ${t("scenario_half", { distance: distance(row.half_death_m) })}` : ""];
}

/** The weather of the distance, and the distance in the most frequent one where that is another. @param {any} row */
function weatherWords(row) {
  if (!row.weather) return "";
  const worst = t("scenario_worst", { weather: row.weather });
  if (row.weather === row.usual_weather) return ` (${worst})`;
  return ` (${worst}; ${t("scenario_usual", { weather: row.usual_weather, distance: distance(row.usual_distance_m) })})`;
}

/** @param {number} value */
const perYear = (value) => `${frequency(value)}${t("per_year")}`;
