/** 为什么是这个颜色: the reasons of a level, from the rule to the bars that add up to the figure shown. */
import { codeTitle, fieldOf, levelById, levelColourWord, levelRank, levelWord, shown } from "./atlas.js";
import { el, svg } from "./dom.js";
import { day, distance, fixed, frequency, isMissing, number, roundedToSum } from "./formats.js";
import { levelChip, levelDot } from "./level_marks.js";
import { missingWords } from "./missing_words.js";
import { said, t } from "./texts.js";

const INDEX_DIGITS = 1;
const BARS_SHOWN = 8;
const DIRECT_SHOWN = 5;

/** @typedef {{onFly: (place: [number, number]) => void, onOpen: (layer: string, id: string) => void}} Links */

/** Marks what rests on an assumption. @param {any} isAssumption */
export const assumptionMark = (isAssumption) =>
  isAssumption ? el("span", { class: "mark-assumed", title: t("assumption_title") }, t("assumption")) : null;

/** The level that a place is drawn in, null where it has no colour. @param {any} why answer of `/api/explain` */
function drawnLevel(why) {
  if (why.state === "unrated") return "unrated";
  return why.state === "rated" ? why.level : null;
}

/** Title of the panel for a place. @param {any} why */
export const placeTitle = (why) => (why.state === "outside" ? t("outside_area") : whyTitle(drawnLevel(why)));

/** Title of the panel for a level. @param {string|null|undefined} level */
export function whyTitle(level) {
  if (!level) return t("why_no_colour");
  return level === "unrated" ? t("why_unrated") : t("why_colour", { colour: levelColourWord(level).toLowerCase() });
}

/**
 * The level of a place, in the order: result, direct rules, contributions, versions.
 * @param {any} why answer of `/api/explain`
 * @param {Links} links
 */
export function placeReasons(why, links) {
  const parts = why.contributions ?? [];
  return [
    el("div", { class: "result-line" }, levelChip(drawnLevel(why)), el("p", { class: "result-sentence" }, resultSentence(why))),
    directRules(why, parts),
    parts.length ? contributions(why, parts, links) : null,
    said(why, "notes") ? notes(said(why, "notes")) : null,
    wouldChange(why),
  ];
}

/** What would change a level: computed, and marked as not official. @param {any} told answer of `/api/explain` */
export function wouldChange(told) {
  const list = told.would_change ?? [];
  if (!list.length) return null;
  return section(t("would_change"), el("ul", { class: "plain would-change" }, list.map((/** @type {any} */ one) => el("li", {}, one.level ? [levelDot(one.level), " "] : null, said(one, "text")))),
    el("p", { class: "muted small" }, t("would_change_note")));
}

/** @param {any} text a sentence or a list of them */
function notes(text) {
  const lines = Array.isArray(text) ? text : [text];
  return el("div", { class: "notice" }, lines.map((line) => el("p", {}, line)));
}

/** @param {any} why */
function resultSentence(why) {
  if (why.state === "outside") return t("sentence_outside");
  if (why.state === "no_source") return t("sentence_no_source");
  if (why.state === "unrated") return t(why.contributions?.length ? "sentence_unrated_below" : "sentence_unrated_near", { n: why.unrated?.length ?? 1 });
  const index = isMissing(why.index) ? null : fixed(why.index, INDEX_DIGITS);
  const level = levelWord(drawnLevel(why)).toLowerCase();
  if (!isMissing(why.risk_per_year)) return t(level ? "sentence_risk" : "sentence_risk_below", { risk: frequency(why.risk_per_year), level });
  if (!level) return t("sentence_below", { index: index ?? "0" });
  return index ? t("sentence_rated", { index, level }) : t("sentence_maximum", { level });
}

/** @param {any} why @param {any[]} parts */
function directRules(why, parts) {
  const direct = parts.filter((part) => part.basis === "statutory" && (said(part, "reason") || part.rule_id)).slice(0, DIRECT_SHOWN);
  const footprint = why.footprint_rule;
  if (!direct.length && !footprint) return null;
  return section(t("direct_rules"), el("ul", { class: "plain" },
    footprint ? el("li", {}, levelDot(footprint.level), " ", footprintText(footprint, parts)) : null,
    direct.map((part) => el("li", {}, levelDot(part.level), " ", part.name, ": ", said(part, "reason"), clauseLine(part)))));
}

/** @param {any} rule the place stands on a source @param {any[]} parts */
function footprintText(rule, parts) {
  const name = parts.find((part) => part.point_id === rule.point_id)?.name ?? rule.point_id;
  return t("footprint_rule", { name, before: fixed(rule.index_before ?? 0, INDEX_DIGITS), from: fixed(rule.index_from ?? 0, INDEX_DIGITS) });
}

/** Rule and clause in small print. @param {any} row */
export function clauseLine(row) {
  const words = [row?.clause, row?.rule_id ? t("rule_number", { id: row.rule_id }) : null].filter(Boolean);
  return words.length ? el("div", { class: "clause" }, words.join(" · ")) : null;
}

/** @param {any} why @param {any[]} parts @param {Links} links */
function contributions(why, parts, links) {
  if (parts.every((part) => isMissing(part.points))) return deciders(parts, links);
  const sorted = [...parts].sort((a, b) => (b.points ?? 0) - (a.points ?? 0));
  const points = roundedToSum(sorted.map((part) => part.points ?? 0), INDEX_DIGITS);
  const most = Math.max(...points, 0.1);
  const rows = sorted.map((part, i) => contribution(part, points[i], most, links));
  const total = points.reduce((sum, value) => sum + value, 0);
  const rest = rows.slice(BARS_SHOWN);
  return section(t("contributions"),
    el("ol", { class: "bars" }, rows.slice(0, BARS_SHOWN)),
    rest.length ? el("details", {}, el("summary", {}, t("more_sources", { n: rest.length, points:
      fixed(points.slice(BARS_SHOWN).reduce((sum, value) => sum + value, 0), INDEX_DIGITS) })), el("ol", { class: "bars" }, rest)) : null,
    el("p", { class: "bar-sum" }, el("span", {}, t("sum_is_index")), el("strong", {}, fixed(total, INDEX_DIGITS))),
    factors(why.cell));
}

/** Where the worst source decides there is nothing to add up: the sources, worst first. @param {any[]} parts @param {Links} links */
function deciders(parts, links) {
  const sorted = [...parts].sort((a, b) => Number(b.is_deciding) - Number(a.is_deciding) || levelRank(a.level) - levelRank(b.level));
  const rows = sorted.map((part) => el("li", { class: "bar-row" }, contributionHead(part, links, part.is_deciding ? t("deciding") : ""), contributionFacts(part)));
  const rest = rows.slice(BARS_SHOWN);
  return section(t("sources_here"), el("ol", { class: "bars" }, rows.slice(0, BARS_SHOWN)),
    rest.length ? el("details", {}, el("summary", {}, t("more_sources_plain", { n: rest.length })), el("ol", { class: "bars" }, rest)) : null);
}

/** @param {any} part @param {number} points @param {number} most @param {Links} links */
function contribution(part, points, most, links) {
  const bar = el("span", { class: "bar-fill" });
  bar.style.width = `${Math.max(1, (100 * points) / most)}%`;
  return el("li", { class: "bar-row" }, contributionHead(part, links, fixed(points, INDEX_DIGITS)),
    el("div", { class: "bar", "aria-hidden": "true" }, bar), contributionFacts(part));
}

/** @param {any} part @param {Links} links @param {string} figure */
function contributionHead(part, links, figure) {
  const open = () => links.onOpen(part.source_layer, part.source_id);
  const name = part.name || part.source_id;
  return el("div", { class: "bar-head" }, levelDot(part.level),
    part.source_id ? el("button", { type: "button", class: "link", on: { click: open } }, name) : el("span", {}, name),
    assumptionMark(part.is_assumption), el("span", { class: "points" }, figure));
}

/** @param {any} part */
function contributionFacts(part) {
  const facts = [
    t("distance_of", { distance: distance(part.distance_m) }),
    isMissing(part.radius_m) ? null : t("radius_of", { distance: distance(part.radius_m) }),
    basisWord(part.basis),
  ].filter(Boolean).join(" · ");
  return [
    el("div", { class: "bar-note" }, facts),
    said(part, "reason") ? el("div", { class: "bar-note" }, said(part, "reason")) : null,
    clauseLine(part),
  ];
}

/** @param {any} cell */
function factors(cell) {
  if (!cell || isMissing(cell.H)) return null;
  return el("p", { class: "muted small" }, t("factors", { H: number(cell.H, 3), V: number(cell.V, 2), C: number(cell.C, 2) }));
}

/** The word of a basis, from the codes of whichever layer declares them. @param {string|null|undefined} basis */
export function basisWord(basis) {
  for (const layer of shown.catalog.layers) {
    const title = codeTitle(fieldOf(layer, "basis"), basis);
    if (title) return title;
  }
  return basis ?? null;
}

/**
 * The level of a source itself: sentence, rule, clause, what is missing, what the other methods say.
 * @param {any} rating properties of the rating
 */
export function ratingReasons(rating) {
  const sentence = said(rating, "reason") || (rating.level === "unrated" ? t("sentence_unrated") : t("sentence_level", { level: levelWord(rating.level).toLowerCase() }));
  return [
    el("div", { class: "result-line" }, levelChip(rating.level), el("p", { class: "result-sentence" }, sentence, " ", assumptionMark(rating.is_assumption))),
    el("div", {}, clauseLine(rating)),
    el("dl", { class: "facts" },
      fact(t("basis"), basisWord(rating.basis)),
      rating.inherent_level ? fact(t("inherent_level"), levelWord(rating.inherent_level)) : null,
      rating.control_level ? fact(t("control_level"), levelWord(rating.control_level)) : null,
      rating.major_hazard_level ? fact(t("major_hazard"), t("major_hazard_level", { n: rating.major_hazard_level })) : null,
      isMissing(rating.s_value) ? null : fact(t("s_value"), number(rating.s_value, 3)),
      isMissing(rating.r_value) ? null : fact(t("r_value"), number(rating.r_value, 2)),
      isMissing(rating.radius_m) ? null : fact(t("influence_radius"), distance(rating.radius_m)),
      rating.responsible_office ? fact(t("office"), rating.responsible_office) : null),
    isMissing(rating.s_value) ? null : el("p", { class: "muted small" }, t("s_and_r_note")),
    rating.is_disputed ? el("p", { class: "notice" }, t("disputed")) : null,
    rating.is_suspected_split ? el("p", { class: "notice" }, t("suspected_split")) : null,
    rating.missing ? el("p", { class: "notice" }, t("missing_data", { what: missingWords(rating.missing) })) : null,
    otherMethods(rating.reasons),
  ];
}

/** @param {any} reasons list of what each method says */
function otherMethods(reasons) {
  const list = Array.isArray(reasons) ? reasons.filter((entry) => entry && typeof entry === "object") : [];
  if (list.length < 2) return null;
  return el("details", {}, el("summary", {}, t("all_methods", { n: list.length })), el("ul", { class: "plain" }, list.map((entry) =>
    el("li", {}, levelDot(entry.result), " ", said(entry, "text") || said(entry, "reason") || basisWord(entry.basis) || "", assumptionMark(entry.inputs?.is_assumption), clauseLine(entry)))));
}

/** @param {string} name @param {any} value */
export const fact = (name, value) => [el("dt", {}, name), el("dd", {}, value)];

/** A part of the panel under its own heading. @param {string} title @param {...any} children */
export function section(title, ...children) {
  return el("section", { class: "part" }, el("h3", {}, title), children);
}

/** Policy, version, source office and date. @param {string} [asOf] */
export function basisSection(asOf) {
  const { catalog } = shown;
  const policy = catalog.policies.find((entry) => entry.id === shown.policy);
  return section(t("rule_and_data"), el("dl", { class: "facts" },
    fact(t("policy"), policy ? said(policy) : shown.policy),
    fact(t("method_version"), [policy?.version, said(policy, "source")].filter(Boolean).join(" · ") || said(catalog.method, "") || "—"),
    fact(t("edition"), catalog.edition.label),
    fact(t("data_date"), day(asOf ?? catalog.edition.data_as_of)),
    fact(t("office"), said(catalog.area, "office") || "—")));
}

/** The mark of a verdict: shape and sign, so that it reads without colour. @param {string} verdict */
export function verdictMark(verdict) {
  const shapes = /** @type {Record<string, [string, string]>} */ ({
    not_met: ["M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9Z", "✕"], not_enough: ["M2 2h20v20H2Z", "?"],
    permit: ["M12 1 23.5 22H.5Z", "!"], nothing_found: ["M12 1a11 11 0 1 1 0 22 11 11 0 0 1 0-22Z", "✓"],
  });
  const [path, sign] = shapes[verdict] ?? shapes.not_enough;
  return svg("svg", { class: "verdict-mark", viewBox: "0 0 24 24", "aria-hidden": "true" },
    svg("path", { d: path }), svg("text", { x: 12, y: verdict === "permit" ? 19 : 17, "text-anchor": "middle" }, sign));
}
