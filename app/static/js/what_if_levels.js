/** Levels of a what-if answer in words and as a table of areas and people, before and after. */
import { levelWord } from "./atlas.js";
import { el } from "./dom.js";
import { fixed, isMissing, number } from "./formats.js";
import { levelDot } from "./level_marks.js";
import { t } from "./texts.js";

/** @param {string} level */
export const word = (level) => (level === "none" ? t("what_if_none") : levelWord(level));

/** @param {string|null|undefined} level */
export const marked = (level) => el("span", { class: "what-if-level" }, level && level !== "none" ? levelDot(level) : null, " ", level ? word(level) : "—");

/** From one figure to another: a line may end behind the arrow, nowhere else. @param {string} before @param {string} after */
const step = (before, after) => [el("span", { class: "whole" }, `${before} →`), " ", el("span", { class: "whole" }, after)];

/** @param {any[]} levels */
export function levelTable(levels) {
  const people = (/** @type {number|null} */ value) => (isMissing(value) ? "—" : number(Math.round(Number(value))));
  return el("table", { id: "what-if-levels", class: "what-if-table" },
    el("thead", {}, el("tr", {}, ["what_if_level", "what_if_area", "what_if_persons"].map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, levels.map((/** @type {any} */ row) => el("tr", {},
      el("th", { scope: "row" }, marked(row.level), row.level === "unrated" ? el("span", { class: "muted small" }, " ", t("what_if_open")) : null),
      el("td", {}, step(fixed(row.area_before_km2, 2), fixed(row.area_after_km2, 2))),
      el("td", {}, step(people(row.persons_before), people(row.persons_after)))))));
}
