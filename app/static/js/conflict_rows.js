/** Conflicts of a line as rows of a table: words, filter, counts, and the same as a file. */
import { codeTitle, fieldOf, layerById, shown } from "./atlas.js";
import { el } from "./dom.js";
import { chainage, distance, fixed, isMissing, MISSING, number } from "./formats.js";
import { entryHref, newEntryHref, stateTag, stateWord } from "./follow_up_words.js";
import { sideWord } from "./lines.js";
import { said, t } from "./texts.js";
import { featureHref } from "./workspace.js";
import { withEdition } from "./frame.js";

/** A sign for each verdict, so that none is told by colour alone. @type {Record<string, string>} */
export const VERDICT_SIGNS = { prohibited: "✕", possibly_prohibited: "?", permit_required: "!", see_code: "§", not_assessed: "–", nothing_found: "·" };

/** Fields that hold what kind of thing an object is, best first. */
const KIND_FIELDS = ["category", "use", "kind", "grade", "control"];
const COLUMNS = ["verdict", "chainage", "side", "object", "distance_and_error", "required_distance", "clause", "certainty", "follow_up"];

/** What an object is called; one without a name by its kind and number. @param {any} row */
export const nameOf = (row) => row.object.name || [kindWord(row.object), row.object.id].filter(Boolean).join(" ");

/** @param {{layer: string, category: string|null}} object */
export function kindWord(object) {
  const layer = layerById(object.layer);
  for (const name of KIND_FIELDS) {
    const title = layer && codeTitle(fieldOf(layer, name), object.category);
    if (title) return title;
  }
  return object.category ?? said(layer);
}

/** Whether a distance lies in one of the bands chosen. @param {number} metres @param {number[]} bandsM all, ascending @param {Set<number>} chosen */
export function inBands(metres, bandsM, chosen) {
  const band = bandsM.find((to) => metres <= to) ?? bandsM[bandsM.length - 1];
  return chosen.has(band);
}

/**
 * The table; a row is chosen by its chainage or by a click anywhere in it.
 * @param {any[]} rows
 * @param {number} chosen
 * @param {(index: number) => void} onChoose
 */
export function conflictTable(rows, chosen, onChoose) {
  return el("table", { class: "rows cards conflicts", role: "table" }, el("caption", { class: "unseen" }, t("conflict_list")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, rows.map((row) => tableRow(row, row.index === chosen, () => onChoose(row.index)))));
}

/** @param {any} row @param {boolean} isChosen @param {() => void} choose */
function tableRow(row, isChosen, choose) {
  const onClick = (/** @type {any} */ event) => { if (!event.target.closest("a")) choose(); };
  return el("tr", { role: "row", "aria-current": isChosen ? "true" : null, "data-row": row.index, on: { click: onClick } },
    tableCells(row).map((content, i) => el("td", { role: "cell", "data-head": t(COLUMNS[i]) }, content)));
}

/** @param {any} row */
const tableCells = (row) => [
  el("span", { class: `sign sign-${row.verdict}` }, el("span", { "aria-hidden": "true" }, VERDICT_SIGNS[row.verdict] ?? ""), ` ${said(row, "verdict")}`),
  el("button", { type: "button", class: "link chainage", "data-focus": `row-${row.index}` }, chainage(row.chainage_m)),
  el("span", { class: "short" }, sideWord(row) || MISSING),
  el("a", { href: withEdition(featureHref(row.object.layer, row.object.id)), title: t("open_on_map") }, nameOf(row)),
  el("span", { class: "short" }, `${distance(row.distance_m)}${errorWord(row)}`),
  el("span", { class: "short" }, requiredWord(row)),
  [row.clause ?? MISSING, el("span", { class: "clause rule" }, ` ${row.rule_id ?? ""}`)],
  [row.certainty ? t(row.certainty) : MISSING, row.is_historic ? [" ", el("abbr", { class: "tag", title: t("historic") }, t("historic_short"))] : null],
  ledgerCell(row),
];

/** The entry of the ledger with its state, or the way to a new one. @param {any} row */
function ledgerCell(row) {
  if (row.entry) return [el("a", { href: entryHref(row.entry.ref) }, row.entry.ref), " ", stateTag(row.entry)];
  return row.violation_id ? el("a", { class: "button small", href: newEntryHref(row.violation_id) }, t("enter_in_ledger")) : MISSING;
}

/** Whether a conflict was remedied: its entry in the ledger is closed. @param {any} row */
export const isRemedied = (row) => row.entry?.state === "closed";

/** @param {any} row */
const errorWord = (row) => (isMissing(row.error_m) ? "" : ` ±${fixed(row.error_m, 1)}`);
/** @param {any} row */
const requiredWord = (row) => (isMissing(row.required_m) ? t("see_standard") : `${number(row.required_m)} m`);

/** Numbers by verdict, the worst first, and how many are historic. @param {any[]} rows @param {number} all */
export function countsLine(rows, all) {
  const verdicts = Object.keys(VERDICT_SIGNS).map((id) => rows.filter((row) => row.verdict === id)).filter((some) => some.length);
  const historic = rows.filter((row) => row.is_historic).length;
  const remedied = rows.filter(isRemedied).length;
  return el("p", { class: "tally", id: "counts" },
    el("strong", {}, rows.length === all ? t("n_conflicts", { n: number(all) }) : t("n_of_conflicts", { n: number(rows.length), all: number(all) })),
    verdicts.map((some) => el("span", { class: `tag sign-${some[0].verdict}` }, `${VERDICT_SIGNS[some[0].verdict]} ${said(some[0], "verdict")} ${number(some.length)}`)),
    historic ? el("span", { class: "tag", title: t("historic") }, `${t("historic_short")} ${number(historic)}`) : null,
    remedied ? el("span", { class: "tag" }, t("n_remedied", { n: number(remedied) })) : null);
}

/**
 * The rows as a file has them: first what was asked, then the table with plain numbers.
 * @param {any[]} rows
 * @param {{name: string, asked: string, warning: string}} about
 */
export function csvRows(rows, { name, asked, warning }) {
  const { area, edition } = shown.catalog;
  const made = new Date();
  const stamp = `${made.getFullYear()}-${two(made.getMonth() + 1)}-${two(made.getDate())} ${two(made.getHours())}:${two(made.getMinutes())}`;
  return [
    [t("csv_about", { area: said(area), name, asked, label: edition.label, date: edition.data_as_of ?? MISSING, made: stamp })],
    [warning],
    [t("verdict"), t("chainage"), `${t("chainage")} m`, t("side"), t("object"), t("number_of_object"), t("object_kind"), `${t("distance")} m`, `${t("error")} m`, `${t("required_distance")} m`,
      t("rule"), t("clause"), t("certainty"), t("history"), t("follow_up")],
    ...rows.map((row) => [said(row, "verdict"), chainage(row.chainage_m), fixedOrEmpty(row.chainage_m, 1), sideWord(row), row.object.name ?? "", row.object.id,
      kindWord(row.object), fixedOrEmpty(row.distance_m, 2), fixedOrEmpty(row.error_m, 2), row.required_m ?? "", row.rule_id ?? "", row.clause ?? "", row.certainty ? t(row.certainty) : "",
      row.is_historic ? t("historic_short") : "", row.entry ? `${row.entry.ref} ${stateWord(row.entry)}` : ""]),
  ];
}

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");
/** @param {number|null} value @param {number} digits */
const fixedOrEmpty = (value, digits) => (isMissing(value) ? "" : Number(value).toFixed(digits));
