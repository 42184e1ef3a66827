/** Where a feature comes from: delivery, conversions, checks, decisions, and what became of it since. */
import { getJson } from "./api.js";
import { fieldOf, isCoarse, shown } from "./atlas.js";
import { attribute } from "./attributes.js";
import { el, put } from "./dom.js";
import { MISSING, day, distance, isMissing, number } from "./formats.js";
import { fact } from "./reasons.js";
import { lang, said, supplierOf, t } from "./texts.js";

/** Whether the block was opened last: it stays so from feature to feature. */
const opened = { origin: false, history: false };

/**
 * The block of a feature's origin; null where it was neither delivered nor computed.
 * @param {import("./atlas.js").Layer} layer
 * @param {string} id
 * @param {any} origin
 */
export function provenance(layer, id, origin) {
  if (!origin) return null;
  if (!(origin.source_id || origin.file)) return origin.positioned === "derived" ? computed() : null;
  const block = el("details", { class: "part origin", open: opened.origin },
    el("summary", {}, t("provenance"), " ", el("span", { class: "muted" }, origin.delivery ?? ""), marks(origin.checks)),
    facts(origin),
    list(t("conversions"), origin.conversions?.map((/** @type {any} */ row) => said(row, "text")), t("no_conversions")),
    list(t("checks_said"), origin.checks?.map((/** @type {any} */ row) => finding(layer, row)), t("no_checks")),
    origin.decisions?.length ? list(t("decisions"), origin.decisions.map(decision)) : null,
    isCoarse(layer.id) ? null : history(layer, id));
  block.addEventListener("toggle", () => (opened.origin = /** @type {HTMLDetailsElement} */ (block).open));
  return block;
}

/** A result has no delivery. */
function computed() {
  return el("section", { class: "part" }, el("h3", {}, t("provenance")), el("p", { class: "muted" }, t("computed_not_delivered")));
}

/** How many warnings and repairs. @param {any[]|undefined} checks */
function marks(checks) {
  const count = (/** @type {boolean} */ isRepair) => (checks ?? []).filter((row) => (row.severity === "repair") === isRepair).length;
  const tag = (/** @type {"n_warnings"|"n_repairs"} */ key, /** @type {number} */ n) => (n ? el("span", { class: "tag tag-assumed" }, key === "n_warnings" ? t("n_warnings", { n }) : t("n_repairs", { n })) : null);
  return [" ", tag("n_warnings", count(false)), " ", tag("n_repairs", count(true))];
}

/** @param {any} origin */
function facts(origin) {
  const { confirmed } = origin;
  return el("dl", { class: "facts" },
    fact(t("source"), said(origin) || origin.source_id),
    fact(t("supplier"), supplierOf(origin) || MISSING),
    fact(t("file_and_row"), `${origin.file ?? MISSING}${isMissing(origin.row) ? "" : ` · ${t("row_n", { n: origin.row })}`}`),
    origin.sha256 ? fact(t("fingerprint"), el("code", {}, origin.sha256)) : null,
    isMissing(origin.load_id) ? null : fact(t("load"), [t("load_n", { n: origin.load_id }), origin.delivery, origin.loaded_at && day(origin.loaded_at)].filter(Boolean).join(" · ")),
    origin.approved_by ? fact(t("approved_by"), origin.approved_by) : null,
    confirmed ? fact(t("confirmed"), [t("load_n", { n: confirmed.load_id }), confirmed.delivery].filter(Boolean).join(" · ")) : null,
    fact(t("data_date"), day(confirmed?.as_of ?? origin.as_of)),
    fact(t("accuracy"), isMissing(origin.accuracy_m) ? MISSING : `±${number(origin.accuracy_m, 1)} m`),
    origin.positioned === "unplaced" ? fact(t("position"), t("unplaced")) : null,
    origin.positioned === "gazetteer" ? fact(t("position"), t("placed_by_gazetteer")) : null);
}

/** @param {string} title @param {any[]|null|undefined} rows @param {string} [none] words where there are no rows; null rows are not known */
function list(title, rows, none = "") {
  const body = rows?.length ? el("ul", { class: "plain" }, rows.map((row) => el("li", {}, row))) : el("p", { class: "muted" }, rows ? none : t("not_kept"));
  return el("div", { class: "origin-part" }, el("h4", {}, title), body);
}

/** @param {import("./atlas.js").Layer} layer @param {any} row */
function finding(layer, row) {
  const names = [...new Set((row.field ?? "").split(",").filter(Boolean).map((/** @type {string} */ name) => title(layer, name)))];
  const value = row.field === "geometry" || isMissing(row.value) ? "" : row.value;
  const about = [names.join(lang() === "en" ? ", " : "、"), value, row.detail].filter(Boolean).join(" · ");
  return [el("div", {}, el("span", { class: "tag" }, row.rule_id), " ", said(row, "reason")),
    about ? el("div", {}, about) : null, el("div", { class: "bar-note" }, said(row, "advice"))];
}

/** @param {any} row */
function decision(row) {
  return [el("div", {}, said(row, "reason")), el("div", { class: "bar-note" }, [row.by_name, day(row.at)].filter(Boolean).join(" · "))];
}

/** What a field is called; the position and the number are no declared fields. @param {import("./atlas.js").Layer} layer @param {string} name */
function title(layer, name) {
  if (name === "accuracy_m") return t("accuracy");
  return said(fieldOf(layer, name), "") || t(name === "feature_id" ? "number" : "position");
}

/** States from delivery to delivery, asked for when they are wanted. @param {import("./atlas.js").Layer} layer @param {string} id */
function history(layer, id) {
  const rows = el("div", {}, el("p", { class: "muted" }, t("loading")));
  const block = /** @type {HTMLDetailsElement} */ (el("details", { class: "origin-part", open: opened.history }, el("summary", {}, t("feature_history")), rows));
  let isAsked = false;
  const ask = async () => {
    opened.history = block.open;
    if (!block.open || isAsked) return;
    isAsked = true;
    const path = `/api/features/${encodeURIComponent(layer.id)}/${encodeURIComponent(id)}/history`;
    try {
      const { states } = await getJson(`${path}?ed=${encodeURIComponent(shown.catalog.edition.edition)}`);
      put(rows, el("ol", { class: "plain" }, states.map((/** @type {any} */ state, /** @type {number} */ n) => stateRow(layer, state, n, states.length)).reverse()));
    } catch {
      isAsked = false;
      put(rows, el("p", { class: "notice" }, t("history_failed")));
    }
  };
  block.addEventListener("toggle", ask);
  if (block.open) ask();
  return block;
}

/** @param {import("./atlas.js").Layer} layer @param {any} state @param {number} n @param {number} count */
function stateRow(layer, state, n, count) {
  const isGone = n === count - 1 && !isMissing(state.to_load);
  const head = [state.delivery, t("load_n", { n: state.from_load }), n === 0 ? t("history_first") : ""].filter(Boolean).join(" · ");
  return el("li", {},
    isGone ? el("div", {}, t("history_gone", { n: state.to_load })) : null,
    el("strong", {}, head),
    el("div", { class: "bar-note" }, [said(state), state.file, isMissing(state.row) ? "" : t("row_n", { n: state.row })].filter(Boolean).join(" · ")),
    Object.entries(state.changes).map(([name, [before, after]]) => change(layer, state, name, before, after)));
}

/** @param {import("./atlas.js").Layer} layer @param {any} state @param {string} name @param {any} before @param {any} after */
function change(layer, state, name, before, after) {
  const colon = lang() === "en" ? ": " : ":";
  if (name === "positioned") return null;
  if (name === "position") return el("div", {}, t("position"), colon, moved(state, before, after));
  const field = fieldOf(layer, name);
  const shownAs = (/** @type {any} */ value) => (field ? attribute(field, value) : isMissing(value) ? MISSING : number(value, 1));
  return el("div", {}, title(layer, name), colon, shownAs(before), " → ", el("strong", {}, shownAs(after)));
}

/** @param {any} state @param {any} before @param {any} after */
function moved(state, before, after) {
  if (isMissing(state.moved_m)) return t(isMissing(before) ? "position_came" : isMissing(after) ? "position_went" : "outline_changed");
  return state.moved_m < 0.05 ? t("outline_changed") : t("moved_by", { d: distance(state.moved_m) });
}
