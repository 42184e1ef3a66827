/** The list of a day as paper: a map, and one block a place with why, what to look at, lines to write on and a code for the phone. */
import { levelById, levelColourWord, levelWord, shown } from "./atlas.js";
import { totalM } from "./day_list.js";
import { el, put } from "./dom.js";
import { coordinates, day, distance, isMissing, MISSING } from "./formats.js";
import { datum } from "./status.js";
import { said, t } from "./texts.js";

const REASONS_PRINTED = 3;
const LINES_TO_WRITE = 3;

/**
 * Draws the sheet; it is seen on paper only.
 * @param {HTMLElement} node
 * @param {{list: any[], date: string, start: any}} list
 * @param {import("./day_paper.js").Paper} [paper] the map and the kept list, where they were asked for
 */
export function drawDaySheet(node, { list, date, start }, paper = { picture: null, path: null }) {
  const { area, edition, secrecy } = shown.catalog;
  put(node, list.length ? [
    el("header", { class: "sheet-head" }, el("p", { class: "sheet-title" }, `${said(area)} ${t("day_title")}`),
      el("p", {}, `${day(date)} · ${t("day_total", { n: list.length, length: distance(totalM(list, start)) })}`),
      el("p", {}, `${t("inspectors")} ________________  ${t("edition")} ${edition.label} · ${t("data_as_of", { date: day(edition.data_as_of) })} · ${secrecy === "内部使用" ? t("internal_use") : secrecy ?? ""}${area.is_synthetic ? ` · ${t("synthetic")}` : ""}`)),
    paperMap(paper.picture),
    list.map((place, i) => block(place, i, paper.path)),
    el("p", { class: "sheet-foot" }, t("day_note")),
  ] : []);
}

/** @param {any} place @param {number} i @param {string|null} path of the kept list */
function block(place, i, path) {
  const rank = levelById(place.level)?.rank ?? 9;
  return el("section", { class: "sheet-block" }, paperCode(path, i),
    el("p", { class: "block-title" }, `${i + 1}  ${place.name}  `, el("span", { class: `chip chip-${place.level}` }, `${levelColourWord(place.level)}${rank <= 4 ? ` ${rank}` : ""} · ${levelWord(place.level)}`)),
    el("p", {}, [place.town_name, place.address, place.responsible_office, isMissing(place.lon) ? t("unplaced") : `${coordinates(place.lon, place.lat)} ${datum()}`].filter(Boolean).join(" · ")),
    el("p", { class: "block-head" }, t("why_this_level")),
    el("ol", {}, reasons(place).map((reason) => el("li", {}, reason))),
    el("p", { class: "block-head" }, t("look_at")),
    lookAt(place),
    el("p", { class: "block-head" }, t("findings")),
    Array.from({ length: LINES_TO_WRITE }, () => el("p", { class: "blank-line" })));
}

/** The map of the paper with its words. @param {string|null} picture */
function paperMap(picture) {
  return picture ? el("figure", { class: "sheet-map" }, el("img", { src: picture, alt: t("day_map") }), el("figcaption", {}, t("day_map_note"))) : null;
}

/** The code of a place on the kept list. @param {string|null} path @param {number} i */
function paperCode(path, i) {
  if (!path) return null;
  const page = `${path}?n=${i + 1}`;
  return el("figure", { class: "sheet-code" }, el("img", { src: `/api${path.replace("/patrol/", "/patrol/lists/")}/qr.svg?n=${i + 1}`, alt: t("qr_of", { address: location.origin + page }) }),
    el("figcaption", {}, t("day_code")));
}

/** At most three lines: what made the level, worst first. @param {any} place */
export function reasons(place) {
  const lines = place.reasons.filter((/** @type {any} */ reason) => reason.level === place.level)
    .map((/** @type {any} */ reason) => `${reason.name ? `${reason.name}: ` : ""}${said(reason, "reason") || MISSING}${reason.is_assumption ? ` (${t("assumption")})` : ""}${reason.clause ? ` [${reason.clause}]` : ""}`);
  return [...new Set(lines)].slice(0, REASONS_PRINTED);
}

/** Open hidden dangers and conflicts. @param {any} place */
export function lookAt(place) {
  const dangers = (place.open_dangers ?? []).map((/** @type {any} */ danger) => el("li", {}, `□ ${danger.severity === "major" ? t("major_danger") : t("danger")}: ${danger.description ?? danger.danger_id}`,
    danger.deadline_on ? ` (${t("deadline", { date: day(danger.deadline_on) })}${danger.is_overdue ? `, ${t("overdue")}` : ""})` : ""));
  const conflicts = place.n_conflicts ? el("li", {}, `□ ${t("conflicts_to_see", { n: place.n_conflicts })}`) : null;
  const none = place.open_dangers === null ? t("dangers_no_data") : t("dangers_none");
  return el("ul", {}, dangers.length ? dangers : el("li", {}, none), conflicts);
}
