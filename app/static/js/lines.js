/** Lines with chainages: their words, and the rows that both pages of pipelines read. */
import { getJson } from "./api.js";
import { codeTitle, fieldOf, shown } from "./atlas.js";
import { withEdition } from "./frame.js";

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
