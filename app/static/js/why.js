/** Why a feature has its level: the figure with the parts that add up to it, rules, members, data, what would change it. */
import { codeTitle, fieldOf, levelById, levelWord, shown } from "./atlas.js";
import { el } from "./dom.js";
import { MISSING, area, day, distance, fixed, frequency, isMissing, number, roundedToSum } from "./formats.js";
import { levelDot } from "./level_marks.js";
import { missingWords } from "./missing_words.js";
import { clauseLine, section, wouldChange } from "./reasons.js";
import { scenarioSection } from "./scenarios.js";
import { said, supplierOf, t } from "./texts.js";

const PARTS_SHOWN = 8;
const MEMBERS_SHOWN = 10;
/** A figure told as so many a year: parts of a millionth have no digits after a point. */
const RISK = "risk_per_year";
const DIGITS = /** @type {Record<string, number>} */ ({ index: 1, r_value: 2, s_value: 3, points_lost: 1 });

/**
 * The sections of an explanation, in the order: figure, rules (of a group), members, what would change it, data.
 * @param {any} told answer of `/api/explain`
 * @param {{onOpen: (layer: string, id: string) => void}} links
 * @param {{isGroup?: boolean}} [options] a group has no reasons of its own above
 */
export function explained(told, links, { isGroup = false } = {}) {
  return [
    isGroup ? groupHead(told) : null,
    figure(told, links),
    scenarioSection(told.scenarios ?? [], told.method ?? null),
    members(told, links),
    wouldChange(told),
    data(told),
  ];
}

/** Sentence, rule and counts of a group. @param {any} told */
function groupHead(told) {
  const counts = Object.entries(told.counts ?? {}).filter(([, n]) => n);
  return el("div", {},
    said(told, "reason") ? el("p", {}, said(told, "reason")) : null,
    told.rules?.[0] ? clauseLine(told.rules[0]) : null,
    counts.length ? el("p", { class: "level-counts" }, counts.map(([level, n]) => el("span", { class: "count" }, levelDot(level), " ", number(Number(n))))) : null,
    told.values?.is_data_short ? el("p", { class: "notice" }, t("data_short", { pct: fixed(told.values.unrated_pct ?? 0, 1) })) : null,
    told.values?.is_disputed ? el("p", { class: "notice" }, t("disputed")) : null);
}

/** @param {any} told @param {{onOpen: (layer: string, id: string) => void}} links */
function figure(told, links) {
  const parts = (told.contributions ?? []).filter((/** @type {any} */ part) => !isMissing(part.value));
  if (!told.figure || !parts.length) return null;
  const isRisk = told.figure.id === RISK;
  const digits = DIGITS[told.figure.id] ?? 1;
  const given = parts.map((/** @type {any} */ part) => part.value);
  const values = isRisk ? given : roundedToSum(given, digits);
  const most = Math.max(...values, isRisk ? 0 : 10 ** -digits);
  const written = (/** @type {number} */ value) => (isRisk ? `${frequency(value)}${t("per_year")}` : fixed(value, digits));
  const rows = parts.map((/** @type {any} */ part, /** @type {number} */ i) => figureRow(part, values[i], most, written, links));
  const total = isRisk ? told.figure.value : values.reduce((/** @type {number} */ sum, /** @type {number} */ value) => sum + value, 0);
  const rest = rows.slice(PARTS_SHOWN);
  return section(told.place ? t("worst_place") : t("parts_of", { figure: said(told.figure) }),
    told.place ? el("p", { class: "muted small" }, t(isRisk ? "worst_place_risk_hint" : "worst_place_hint")) : null,
    el("ol", { class: "bars" }, rows.slice(0, PARTS_SHOWN)),
    rest.length ? el("details", {}, el("summary", {}, t("more_sources_plain", { n: rest.length })), el("ol", { class: "bars" }, rest)) : null,
    el("p", { class: "bar-sum" }, el("span", {}, said(told.figure)), el("strong", {}, written(total))));
}

/** @param {any} part @param {number} value @param {number} most @param {(value: number) => string} written @param {{onOpen: (layer: string, id: string) => void}} links */
function figureRow(part, value, most, written, links) {
  const bar = el("span", { class: "bar-fill" });
  bar.style.width = `${Math.max(1, (100 * value) / most)}%`;
  const name = part.source_id ? part.name || part.source_id : said(part, "name") || part.name;
  const open = () => links.onOpen(part.source_layer, part.source_id);
  return el("li", { class: "bar-row" },
    el("div", { class: "bar-head" }, part.level ? levelDot(part.level) : null,
      part.source_id ? el("button", { type: "button", class: "link", on: { click: open } }, name) : el("span", {}, name),
      el("span", { class: "points" }, written(value))),
    el("div", { class: "bar", "aria-hidden": "true" }, bar),
    said(part, "detail") ? el("div", { class: "bar-note" }, said(part, "detail")) : null,
    isMissing(part.distance_m) ? null : el("div", { class: "bar-note" }, t("distance_of", { distance: distance(part.distance_m) })));
}

/** @param {any} told @param {{onOpen: (layer: string, id: string) => void}} links */
function members(told, links) {
  const list = told.members ?? [];
  if (!list.length) return null;
  const rows = list.map((/** @type {any} */ member) => {
    const open = () => links.onOpen(member.source_layer, member.source_feature_id);
    return el("li", {}, levelDot(member.level), " ", el("button", { type: "button", class: "link", on: { click: open } }, member.name || member.source_feature_id),
      isMissing(member.area_m2) ? null : el("span", { class: "muted" }, ` ${area(member.area_m2)}`),
      member.missing ? el("div", { class: "bar-note" }, t("missing_data", { what: missingWords(member.missing) })) : el("div", { class: "bar-note" }, said(member, "reason")));
  });
  const title = isMissing(list[0].area_m2) ? t("members_red") : t("members_zone", { n: told.n_members });
  const rest = rows.slice(MEMBERS_SHOWN);
  return section(told.level === "unrated" ? t("members_unrated", { n: told.n_members }) : title, el("ul", { class: "plain" }, rows.slice(0, MEMBERS_SHOWN)),
    rest.length ? el("details", {}, el("summary", {}, t("more_sources_plain", { n: rest.length })), el("ul", { class: "plain" }, rest)) : null,
    told.is_sampled ? el("p", { class: "muted small" }, t("zone_sampled")) : null);
}

/** Delivered sources with their dates, folded away. @param {any} told */
export function data(told) {
  const list = told.data ?? [];
  if (!list.length) return null;
  return el("details", { class: "part" }, el("summary", {}, t("data_behind", { n: list.length })),
    el("ul", { class: "plain" }, list.map((/** @type {any} */ entry) => el("li", {}, said(entry) || entry.source_id, el("div", { class: "bar-note" }, `${supplierOf(entry) || MISSING} · ${day(entry.as_of)}`)))));
}

/** The word of a code of some layer's field. @param {string} field @param {any} value */
export function wordOf(field, value) {
  if (levelById(value)) return levelWord(value);
  for (const layer of shown.catalog.layers) {
    const title = codeTitle(fieldOf(layer, field), value);
    if (title) return title;
  }
  return value ?? MISSING;
}
