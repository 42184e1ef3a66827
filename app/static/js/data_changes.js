/** What a load refuses, warns of and changes, drawn alike for a check and for a load that has been made. */
import { el } from "./dom.js";
import { layerOf, moreRows, table, titleOf } from "./data_frame.js";
import { distance, number } from "./formats.js";
import { said, t } from "./texts.js";

/** The numbered rule that tells of a feature kept as it was. */
const HELD = "RC25";

/** Kinds of changes, in the order in which they matter. */
export const CHANGES = ["gone", "moved", "held", "changed", "added"];

/**
 * The lists of a load's changes; *held* are features whose new row was refused.
 * @param {Record<string, {n: number, features: any[]}>} changes @param {string} layerId
 */
export function changeLists(changes, layerId) {
  const layer = layerOf(layerId);
  return CHANGES.map((kind) => {
    const { n, features } = changes[kind];
    return el("details", { class: `changes changes-${kind}` },
      el("summary", {}, el("span", { class: `sign-${kind}` }, t(`data_${kind}`)), " ", el("strong", {}, number(n))),
      kind === "held" && n ? el("p", { class: "hint" }, t("data_held_hint")) : null,
      n ? [moreRows(features.length, n), table(t(`data_${kind}`), columns(kind, layer), features)] : el("p", { class: "muted" }, t("data_none")));
  });
}

/** @param {string} kind @param {any} layer */
function columns(kind, layer) {
  const named = [
    { head: t("name"), cell: (/** @type {any} */ row) => row.name ?? row.feature_id },
    { head: t("number_of_object"), cell: (/** @type {any} */ row) => row.feature_id },
  ];
  if (kind === "held") named.push({ head: t("data_refused_row"), cell: (row) => row.source_row });
  if (kind === "moved") named.push({ head: t("distance"), cell: (row) => distance(row.moved_m) });
  if (kind === "changed" || kind === "moved") named.push({ head: t("data_what_changed"), cell: (row) => /** @type {any} */ (fieldChanges(row.fields, layer)) });
  named.push({ head: t("position"), cell: (row) => /** @type {any} */ (placeLink(row)) });
  return named;
}

/** @param {Record<string, any[]>|null} fields @param {any} layer */
function fieldChanges(fields, layer) {
  const names = Object.keys(fields ?? {});
  if (!names.length) return t("position");
  return el("ul", { class: "field-changes" }, names.map((name) => el("li", {}, `${titleOf(layer?.fields.find((/** @type {any} */ field) => field.name === name)) || name}: `,
    el("del", {}, value(fields?.[name][0])), " → ", el("ins", {}, value(fields?.[name][1])))));
}

/** @param {any} given */
const value = (given) => (given === null || given === undefined ? "—" : typeof given === "object" ? JSON.stringify(given) : String(given));

/** @param {any} row */
const placeLink = (row) => (row.lon === null || row.lon === undefined ? t("unplaced") : el("a", { href: `/?at=${row.lon.toFixed(6)},${row.lat.toFixed(6)}` }, t("data_on_map")));

/**
 * What the fields of a finding are called; the position and the number are no declared fields.
 * @param {string} layerId @param {string|null|undefined} names several with commas
 */
export function fieldWords(layerId, names) {
  const layer = layerOf(layerId);
  const own = /** @type {Record<string, string>} */ ({ geometry: t("position"), feature_id: t("number_of_object") });
  const words = (names ?? "").split(",").filter(Boolean).map((name) => own[name] ?? (titleOf(layer?.fields.find((/** @type {any} */ field) => field.name === name)) || name));
  return words.length ? [...new Set(words)].join(t("list_comma")) : null;
}

/**
 * Refused rows with what would be right.
 * @param {any[]} rows @param {number} n how many there are in all @param {string} layerId
 */
export function refusedTable(rows, n, layerId) {
  return el("div", {}, moreRows(rows.length, n), table(t("data_n_refused"), [
    { head: t("data_row"), cell: (row) => row.source_row, isFigure: true },
    { head: t("data_field"), cell: (row) => fieldWords(layerId, row.field) },
    { head: t("data_value"), cell: (row) => (row.value ? el("span", { class: "given" }, row.value) : null) },
    { head: t("reason"), cell: (row) => said(row, "reason") },
    { head: t("data_advice"), cell: (row) => said(row, "advice") || null },
    { head: t("rule"), cell: (row) => row.rule_id },
    { head: t("data_file"), cell: (row) => row.file },
  ], rows));
}

/**
 * Counts by rule as a line of marks.
 * @param {Record<string, number>} byRule @param {any[]} rows refused rows, which say what each rule means
 */
export function ruleCounts(byRule, rows) {
  const words = Object.fromEntries(rows.map((row) => [row.rule_id, said(row, "reason")]));
  return el("ul", { class: "marks" }, Object.entries(byRule).map(([rule, n]) => el("li", { class: "tag" }, `${rule} ${words[rule] ?? (rule === HELD ? t("data_held") : "")} × ${number(n)}`)));
}
