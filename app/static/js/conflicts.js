/** Conflicts in the protection zones of one pipeline, in the order of chainage. */
import { getJson } from "./api.js";
import { shown } from "./atlas.js";
import { el } from "./dom.js";
import { chainage, distance, isMissing, lineLabel, number } from "./formats.js";
import { sideWord } from "./lines.js";
import { drawReasonLines } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { loadIntoPanel } from "./panel.js";
import { clauseLine } from "./reasons.js";
import { said, t } from "./texts.js";

const BANDS_M = [5, 50, 200];
const ROWS_SHOWN = 200;

/**
 * Asks for the conflicts of a pipeline and lists them.
 * @param {string} pipelineId
 * @param {(layer: string, id: string) => void} onOpen
 * @param {number} [bufferM]
 */
export function openConflicts(pipelineId, onOpen, bufferM = 200) {
  const query = `buffer_m=${bufferM}&ed=${encodeURIComponent(shown.catalog.edition.edition)}`;
  const onClose = () => drawReasonLines([]);
  return loadIntoPanel(() => t("pipeline_conflicts"), async () => {
    const answer = await getJson(`/api/pipelines/${encodeURIComponent(pipelineId)}/conflicts?${query}`);
    const body = () => list(answer, pipelineId, bufferM, onOpen);
    return { title: () => t("pipeline_conflicts"), body, onClose, staysUnder: true, announce: () => t("n_conflicts", { n: answer.conflicts.length }) };
  }, { focus: true, onClose, staysUnder: true });
}

/** @param {any} answer @param {string} pipelineId @param {number} bufferM @param {(layer: string, id: string) => void} onOpen */
function list(answer, pipelineId, bufferM, onOpen) {
  const rows = answer.conflicts ?? [];
  const bands = BANDS_M.map((band) => el("button", { type: "button", class: "button small", "aria-pressed": String(band === bufferM),
    on: { click: () => openConflicts(pipelineId, onOpen, band) } }, `${band} m`));
  return [
    el("div", { class: "subject" }, el("strong", {}, answer.pipeline?.name ?? pipelineId), " ",
      el("span", { class: "muted" }, isMissing(answer.length_m) ? "" : t("length_of", { length: distance(answer.length_m) }))),
    el("div", { class: "actions" }, el("span", {}, t("distance_band")), bands),
    counts(rows),
    rows.length ? el("ol", { class: "reasons" }, rows.slice(0, ROWS_SHOWN).map((/** @type {any} */ row) => conflict(row, onOpen))) :
      el("p", {}, t("no_conflicts", { band: bufferM })),
    rows.length > ROWS_SHOWN ? el("p", { class: "notice" }, t("first_rows", { shown: ROWS_SHOWN, n: number(rows.length) })) : null,
    el("p", { class: "notice disclaimer" }, said(answer, "warning") || t("dig_warning")),
  ];
}

/** @param {any[]} rows numbers by verdict */
function counts(rows) {
  const tally = new Map();
  for (const row of rows) tally.set(said(row, "verdict"), (tally.get(said(row, "verdict")) ?? 0) + 1);
  return el("p", { class: "tally" }, [...tally].map(([verdict, n]) => el("span", { class: "tag" }, `${verdict} ${number(n)}`)));
}

/** @param {any} row @param {(layer: string, id: string) => void} onOpen */
function conflict(row, onOpen) {
  const show = () => {
    drawReasonLines([{ line: row.line, label: lineLabel({ actual_m: row.distance_m }) }]);
    flyToGeometry(row.line);
  };
  const error = isMissing(row.error_m) ? "" : ` ±${number(row.error_m, 1)}`;
  return el("li", { class: "reason" },
    el("div", { class: "reason-title" }, el("span", { class: "chainage" }, chainage(row.chainage_m)), " ", sideWord(row), " ",
      el("span", { class: `tag tag-${row.certainty ?? "none"}` }, said(row, "verdict"))),
    el("button", { type: "button", class: "link", on: { click: () => onOpen(row.object.layer, row.object.id) } }, row.object?.name || row.object?.id),
    el("span", { class: "numbers" }, ` ${distance(row.distance_m)}${error}`),
    row.is_historic ? el("span", { class: "tag" }, t("historic")) : null,
    clauseLine(row),
    row.line ? el("button", { type: "button", class: "button small", on: { click: show } }, t("show_line")) : null);
}
