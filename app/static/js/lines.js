/** Lines with chainages: their words, and the rows that both pages of pipelines read. */
import { getJson } from "./api.js";
import { codeTitle, fieldOf, shown } from "./atlas.js";
import { isMissing } from "./formats.js";
import { withEdition } from "./frame.js";
import { t } from "./texts.js";

/** The layer of lines that have a chainage at their start. */
export const lineLayer = () => shown.catalog.layers.find((layer) => fieldOf(layer, "start_chainage_m"));

/** The title of a line's code. @param {any} line @param {string} name of the field */
export function lineWord(line, name) {
  const layer = lineLayer();
  return (layer && codeTitle(fieldOf(layer, name), line[name])) ?? line[name] ?? "";
}

/** Every line of the edition shown, by kind in the order of its codes, the longest first. @returns {Promise<any[]>} */
export async function loadLines() {
  const { pipelines } = await getJson(`/api/pipelines?ed=${encodeURIComponent(shown.catalog.edition.edition)}`);
  const layer = lineLayer();
  const codes = (layer && fieldOf(layer, "kind")?.codes?.map((code) => code.code)) ?? [];
  const rank = (/** @type {any} */ line) => (codes.includes(line.kind) ? codes.indexOf(line.kind) : codes.length);
  return pipelines.sort((/** @type {any} */ a, /** @type {any} */ b) => rank(a) - rank(b) || (b.length_m ?? 0) - (a.length_m ?? 0));
}

/** Address of a line's page. @param {string} id */
export const lineHref = (id) => withEdition(`/pipelines/${id.split("/").map(encodeURIComponent).join("/")}`);

/** On which side of its line a thing lies; in doubt where the positions may be wrong by more than it is away. @param {any} row */
export function sideWord(row) {
  if (!row.side) return "";
  const side = t(`side_${row.side}`);
  return row.side !== "on" && !isMissing(row.error_m) && row.error_m >= row.distance_m ? t("side_in_doubt", { side }) : side;
}
