/** What a line crosses, below its conflicts: chainage, object and angle, each shown on the map by a click. */
import { layerById } from "./atlas.js";
import { el } from "./dom.js";
import { chainage, distance, isMissing, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { kindWord, nameOf } from "./conflict_rows.js";
import { said, t } from "./texts.js";
import { featureHref } from "./workspace.js";

const COLUMNS = ["chainage", "object", "object_kind", "crossing_angle", "crossing_width", "position_error"];

/**
 * The table as a part that opens; nothing where the crossings are not known.
 * @param {any[]|null} rows those of the stretch
 * @param {(row: any) => void} show
 */
export function crossingsPart(rows, show) {
  if (!rows) return null;
  return el("details", { class: "part", id: "crossings" }, el("summary", {}, t("crossings_title", { n: number(rows.length) })),
    rows.length ? el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("crossings_title", { n: number(rows.length) })),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
      el("tbody", { role: "rowgroup" }, rows.map((row) => el("tr", { role: "row" }, cells(row, show).map((content, i) => el("td", { role: "cell", "data-head": t(COLUMNS[i]) }, content)))))) :
      el("p", { class: "muted" }, t("no_crossings")),
    el("p", { class: "muted small" }, t("crossing_note")));
}

/** @param {any} row @param {(row: any) => void} show */
const cells = (row, show) => [
  el("button", { type: "button", class: "link chainage", on: { click: () => show(row) } }, chainage(row.chainage_m)),
  el("a", { href: withEdition(featureHref(row.object.layer, row.object.id)), title: t("open_on_map") }, nameOf(row)),
  [said(layerById(row.object.layer)), kindWord(row.object)].filter((word, i, words) => word && words.indexOf(word) === i).join(" · "),
  isMissing(row.angle_deg) ? MISSING : `${number(row.angle_deg, 0)}°`,
  isMissing(row.to_chainage_m) ? MISSING : distance(row.to_chainage_m - row.chainage_m),
  `±${number(row.error_m, 0)} m`,
];
