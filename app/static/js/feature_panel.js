/** The panel of one feature: level and reasons first, then attributes, conflicts, origin. */
import { getJson } from "./api.js";
import { codeTitle, featureName, fieldOf, isCoarse, layerById, levelById, may, shown } from "./atlas.js";
import { attribute } from "./attributes.js";
import { el } from "./dom.js";
import { day, distance, isMissing, number, required } from "./formats.js";
import { entryHref, mayFollowUp, newEntryHref, stateTag } from "./follow_up_words.js";
import { withEdition } from "./frame.js";
import { levelChip } from "./level_marks.js";
import { provenance } from "./provenance.js";
import { assumptionMark, basisSection, clauseLine, fact, placeReasons, ratingReasons, section, whyTitle } from "./reasons.js";
import { listsScenarios } from "./scenarios.js";
import { lang, said, t } from "./texts.js";
import { explained } from "./why.js";

/** Fields that the reasons above the attributes already tell. */
const TOLD_ABOVE = new Set(["level", "reason_zh", "reason_en", "clause", "rule_id", "is_assumption", "reasons"]);
/** The same for a conflict, which begins with its two sides and its distances. */
const TOLD_OF_CONFLICT = new Set(["subject_layer", "subject_feature_id", "subject_name", "object_layer", "object_feature_id", "object_name",
  "required_m", "actual_m", "shortfall_m", "error_m", "certainty", "is_historic", "is_estimated", "standard_id", "source_type"]);

/**
 * @typedef {{layer: import("./atlas.js").Layer, id: string, feature: any, why: any|null, told: any|null}} Loaded
 * @typedef {{onFly: (geometry: any) => void, onOpen: (layer: string, id: string) => void, onLine: (row: any) => void,
 *   onConflicts: (pipelineId: string) => void, onCopy: () => void}} Actions
 */

/**
 * A feature with the reasons of the colour where it stands.
 * @param {import("./atlas.js").Layer} layer
 * @param {string} id
 * @returns {Promise<Loaded>}
 */
export async function loadFeature(layer, id) {
  const path = `/api/features/${encodeURIComponent(layer.id)}/${encodeURIComponent(id)}`;
  const { reasons, ...feature } = await getJson(`${path}?${new URLSearchParams({ ed: String(shown.catalog.edition.edition), reasons: shown.policy })}`);
  return { layer, id, feature, why: reasons.place, told: reasons.feature };
}

/** Why a place has its colour, by the policy shown. @param {number} lon @param {number} lat */
export function loadWhy(lon, lat) {
  const { edition } = shown.catalog.edition;
  const query = `lon=${lon.toFixed(7)}&lat=${lat.toFixed(7)}&policy=${encodeURIComponent(shown.policy)}`;
  return getJson(`/api/explain?${query}&ed=${encodeURIComponent(edition)}`);
}

/** The rating of a feature: its own level with a basis, or that of its risk point. @param {Loaded} loaded */
function rating({ feature }) {
  const { properties } = feature;
  if (properties.risk_point) return properties.risk_point;
  return levelById(properties.level) && "basis" in properties ? properties : null;
}

/**
 * The panel's content for a loaded feature.
 * @param {Loaded} loaded
 * @param {Actions} actions
 */
export function featureContent(loaded, actions) {
  const rated = rating(loaded);
  const name = panelName(loaded);
  return {
    title: () => (rated ? whyTitle(rated.level) : name),
    announce: () => `${name} ${rated ? whyTitle(rated.level) : ""}`,
    body: () => body(loaded, rated, name, actions),
  };
}

/** A conflict is called by its two sides, anything else by its own name. @param {Loaded} loaded */
function panelName({ layer, id, feature }) {
  const { properties } = feature;
  if (!isConflict(layer)) return featureName(layer, { ...properties, id });
  return `${properties.subject_name || properties.subject_feature_id} – ${properties.object_name || properties.object_feature_id}`;
}

/** @param {Loaded} loaded @param {any} rated @param {string} name @param {Actions} actions */
function body(loaded, rated, name, actions) {
  const { layer, feature, why, told } = loaded;
  const { properties } = feature;
  return [
    el("div", { class: "subject" }, el("strong", {}, rated ? name : said(layer)), " ", el("span", { class: "muted" }, subjectKind(layer, properties))),
    feature.geometry ? null : el("p", { class: "notice" }, t("unplaced_note")),
    rated ? ratingReasons(rated) : plainLevel(told?.level ? { ...properties, level: told.level } : properties),
    told ? explained(told, actions, { isGroup: !rated || Boolean(told.counts) }) : null,
    isConflict(layer) ? conflictFacts(properties, actions) : null,
    entryToday(layer, properties),
    why ? el("section", { class: "part" }, el("h3", {}, t("ground_here")), placeReasons(why, actionsForPlace(actions))) : null,
    violations(properties.violations ?? [], loaded, actions),
    rated || why ? basisSection(why?.data_as_of) : null,
    actionRow(loaded, actions),
    diagrams(properties.diagrams ?? []),
    attributes(layer, properties),
    related(properties.related ?? [], actions),
    provenance(layer, loaded.id, properties.provenance),
  ];
}

/** The state of a ledger's entry today; where the edition was scored on another, why the state of control still follows that. @param {import("./atlas.js").Layer} layer @param {any} entry */
function entryToday(layer, { ref, state, state_today: now, judged_on: judgedOn }) {
  if (!now) return null;
  const before = codeTitle(fieldOf(layer, "state"), state) ?? "";
  return el("div", { id: "entry-today" },
    el("p", {}, t("follow_up_today", { day: day(now.on) }), " ", stateTag(now)),
    now.state === state ? null : el("p", { class: "notice" }, t("follow_up_of_edition", { day: day(judgedOn), state: before })),
    mayFollowUp() ? el("a", { class: "button small", href: entryHref(ref) }, t("follow_up_title", { ref })) : null);
}

/** Pictures that belong to a feature, in the language shown. @param {{href: string}[]} pictures */
const diagrams = (pictures) => pictures.map((picture) => section(said(picture),
  el("img", { class: "diagram", src: `${picture.href}&lang=${lang()}`, alt: said(picture), loading: "lazy" })));

/** @param {Actions} actions */
const actionsForPlace = (actions) => ({ onOpen: actions.onOpen, onFly: () => undefined });

/** @param {any} properties */
function plainLevel(properties) {
  if (!levelById(properties.level)) return null;
  return el("div", { class: "result-line" }, levelChip(properties.level), assumptionMark(properties.is_assumption));
}

/** @param {import("./atlas.js").Layer} layer @param {any} properties */
function subjectKind(layer, properties) {
  const field = fieldOf(layer, "kind") ?? fieldOf(layer, "category") ?? fieldOf(layer, "station_class");
  return codeTitle(field, properties[field?.name ?? ""]) ?? "";
}

/** @param {import("./atlas.js").Layer} layer */
const isConflict = (layer) => Boolean(fieldOf(layer, "shortfall_m") && fieldOf(layer, "required_m"));

/** @param {any} row @param {Actions} actions */
function conflictFacts(row, actions) {
  const side = (/** @type {string} */ layer, /** @type {string} */ id, /** @type {string|null} */ name) =>
    el("button", { type: "button", class: "link", on: { click: () => actions.onOpen(layer, id) } }, name || id);
  return el("div", {},
    el("p", {}, side(row.subject_layer, row.subject_feature_id, row.subject_name), " – ", side(row.object_layer, row.object_feature_id, row.object_name)),
    conflictNumbers(row), clauseLine(withClause(row)), verifiedLine(row.source_type),
    row.violation_id && mayFollowUp() ? el("a", { class: "button small", href: newEntryHref(row.violation_id) }, t("enter_in_ledger")) : null);
}

/** The clause names its standard already; the standard alone stands in where there is none. @param {any} row */
export const withClause = (row) => ({ clause: row.clause || row.standard_id, rule_id: row.rule_id });

/** A permit rule names a zone within which to ask, not a distance to keep. @param {any} row */
const isPermit = (row) => (row.rule_kind ?? row.kind) === "permit_required";

/** A place inside a contour it may not be in: no distance is asked for, it is to be outside. @param {any} row */
const isInside = (row) => row.required_m === 0 && row.shortfall_m > 0;

/** Actual, required and shortfall of a row. @param {any} row */
function lengths(row) {
  const error = isMissing(row.error_m) ? "" : ` ±${number(row.error_m, 1)} m`;
  if (isInside(row)) {
    return [el("span", { class: "shortfall" }, t("inside_contour"), " ", el("strong", {}, distance(row.shortfall_m)), error)];
  }
  return [
    isMissing(row.actual_m) ? null : el("span", {}, t("actual"), " ", el("strong", {}, distance(row.actual_m)), error),
    isMissing(row.required_m) ? null : el("span", {}, t("required"), " ", el("strong", {}, `${isPermit(row) ? "" : "≥ "}${required(row.required_m)}`)),
    isMissing(row.shortfall_m) ? null : el("span", { class: "shortfall" }, t("shortfall"), " ", el("strong", {}, distance(row.shortfall_m))),
  ];
}

/** Actual, required and shortfall on one line, with certainty and marks. @param {any} row */
export function conflictNumbers(row) {
  return el("div", { class: "conflict-numbers" },
    ...lengths(row),
    row.certainty ? el("span", { class: `tag tag-${row.certainty}` }, t(row.certainty === "possible" ? "possible" : "certain")) : null,
    row.is_historic ? el("span", { class: "tag" }, t("historic")) : null,
    row.is_estimated ? el("span", { class: "tag tag-assumed" }, t("estimated")) : null);
}

/** @param {any[]} rows @param {Loaded} loaded @param {Actions} actions */
function violations(rows, loaded, actions) {
  if (!rows.length) return null;
  return section(t("conflicts_title", { n: rows.length }), el("ul", { class: "reasons" }, rows.map((row) => {
    const isSubject = row.subject_feature_id === loaded.id;
    const other = isSubject ? { layer: row.object_layer, id: row.object_feature_id, name: row.object_name } :
      { layer: row.subject_layer, id: row.subject_feature_id, name: row.subject_name };
    return el("li", { class: "reason" },
      el("button", { type: "button", class: "link", on: { click: () => actions.onOpen(other.layer, other.id) } }, other.name || other.id),
      conflictNumbers(row), clauseLine(withClause(row)),
      verifiedLine(row.source_type),
      el("button", { type: "button", class: "button small", on: { click: () => actions.onLine(row) } }, t("show_line")), " ",
      mayFollowUp() ? el("a", { class: "button small", href: newEntryHref(row.violation_id) }, t("enter_in_ledger")) : null);
  })));
}

/** How far the rule's text was verified, in words. @param {string|null|undefined} sourceType */
export function verifiedLine(sourceType) {
  if (!sourceType || sourceType === "law_text") return null;
  return el("div", { class: "clause unverified" }, t("unverified"));
}

/** Address of everything known of a place, in the edition shown. @param {string} layer @param {string} id */
export const dossierHref = (layer, id) => withEdition(`/features/${encodeURIComponent(layer)}/${id.split("/").map(encodeURIComponent).join("/")}`);

/** @param {Loaded} loaded @param {Actions} actions */
function actionRow({ layer, id, feature }, actions) {
  const { properties, geometry } = feature;
  return el("div", { class: "actions" },
    isCoarse(layer.id) ? null : el("a", { class: "button", href: dossierHref(layer.id, id) }, t("dossier")),
    geometry ? el("button", { type: "button", class: "button", on: { click: () => actions.onFly(geometry) } }, t("zoom_to")) : null,
    properties.pipeline_id && may("pipeline") ? el("button", { type: "button", class: "button", on: { click: () => actions.onConflicts(properties.pipeline_id) } }, t("pipeline_conflicts")) : null,
    el("button", { type: "button", class: "button", on: { click: actions.onCopy } }, t("copy_link")));
}

/** @param {import("./atlas.js").Layer} layer @param {any} properties */
function attributes(layer, properties) {
  const isTold = (/** @type {string} */ name) => TOLD_ABOVE.has(name) || (isConflict(layer) && TOLD_OF_CONFLICT.has(name));
  const fields = layer.fields.filter((field) => field.panel !== false && field.type !== "json" && !isTold(field.name));
  const rows = fields.map((field) => el("tr", {}, el("th", { scope: "row" }, said(field)), el("td", {}, attribute(field, properties[field.name]))));
  return section(t("attributes"), el("table", { class: "attributes" }, el("caption", { class: "unseen" }, t("attributes")), el("tbody", {}, rows)));
}

/** @param {{layer: string, features: any[]}[]} groups @param {Actions} actions */
function related(groups, actions) {
  return groups.map((group) => {
    const layer = layerById(group.layer);
    if (!layer || !group.features.length || listsScenarios(layer)) return null; // told above with its method
    return el("details", { class: "part" },
      el("summary", {}, t("related", { name: said(layer), n: group.features.length })),
      el("ul", { class: "plain" }, group.features.map((row) => relatedRow(layer, row, actions))));
  });
}

/** @param {import("./atlas.js").Layer} layer @param {any} row @param {Actions} actions */
function relatedRow(layer, row, actions) {
  const told = layer.fields.filter((field) => field.panel !== false && !isMissing(row[field.name]) && field.name !== layer.label && !field.name.endsWith("_id"));
  const facts = told.map((field) => [said(field), lang() === "en" ? ": " : ":", attribute(field, row[field.name]), " "]);
  const name = featureName(layer, row);
  return el("li", {}, layer.style?.length ? el("button", { type: "button", class: "link", on: { click: () => actions.onOpen(layer.id, row.id) } }, name) :
    layer.label ? el("strong", {}, name) : null, el("div", { class: "bar-note" }, facts));
}
