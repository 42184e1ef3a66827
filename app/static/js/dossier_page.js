/** 一企一档: every office's values side by side, level and reasons, parts, conflicts, history; prints on A4. */
import { getJson } from "./api.js";
import { fieldOf, layerById, levelWord, shown } from "./atlas.js";
import { attribute } from "./attributes.js";
import { byId, el, put } from "./dom.js";
import { evidenceLine } from "./evidence.js";
import { conflictNumbers, withClause } from "./feature_panel.js";
import { clock, coordinates, day, distance, isMissing, localDate, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { levelChip } from "./level_marks.js";
import { missingWords } from "./missing_words.js";
import { assumptionMark, clauseLine } from "./reasons.js";
import { listsScenarios, scenarioList } from "./scenarios.js";
import { datum } from "./status.js";
import { lang, said, supplierOf, t } from "./texts.js";
import { featureHref, loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const NEAR_SHOWN = 8;
/** Fields beside each other; what has more is told line by line. */
const MOST_COLUMNS = 7;
const HISTORY_KEYS = { delivered: "positioned_delivered", gazetteer: "positioned_gazetteer", unplaced: "unplaced", derived: "positioned_derived" };

/** @type {any} */
let dossier = null;

const workspace = { keys: [], regions: ["search", "page-title"], draw: drawAll, onEdition: load };

async function start() {
  if (!(await startWorkspace(workspace))) return;
  wireKeys(workspace);
  await load();
}

/** Layer and id that the address names. */
function wanted() {
  const [layer, ...rest] = location.pathname.split("/").slice(2);
  return { layer: decodeURIComponent(layer), id: rest.map(decodeURIComponent).join("/") };
}

function load() {
  return loadInto(byId("content"), async () => {
    const { layer, id } = wanted();
    dossier = await getJson(`/api/dossiers/${encodeURIComponent(layer)}/${id.split("/").map(encodeURIComponent).join("/")}?ed=${encodeURIComponent(shown.catalog.edition.edition)}`);
    drawAll();
  });
}

function drawAll() {
  if (!dossier) return;
  byId("page-title").textContent = dossier.title;
  titlePage(dossier.title);
  put(byId("summary"), summary());
  put(byId("content"), comparison(), linkSection(), levelSection(), [...dossier.parts].sort((a, b) => Number(isRich(b)) - Number(isRich(a))).map(partSection), conflictSection(), visitSection(), dossier.near.map(nearSection),
    historySection(), originSection(), el("p", { class: "dossier-foot muted" }, footLine()));
}

function summary() {
  const { records } = dossier;
  const first = records[0];
  return [
    el("p", { class: "dossier-line" }, levelChip(dossier.level) ?? el("span", { class: "muted" }, t("dossier_not_rated")), " ",
      records.length > 1 ? t("dossier_offices", { n: records.length }) : t("dossier_one_office"), " · ", placeLine(first)),
    el("div", { class: "actions no-print" },
      el("a", { class: "button", href: withEdition(featureHref(dossier.layer, dossier.id)) }, t("open_on_map")),
      el("button", { type: "button", class: "button", id: "print", on: { click: () => window.print() } }, t("print"))),
  ];
}

/** @param {any} record */
function placeLine(record) {
  if (!record.geometry) return t(record.provenance.positioned === "unplaced" ? "unplaced" : "dossier_area");
  const [lon, lat] = record.geometry.coordinates;
  return [`${coordinates(lon, lat)} ${datum()} `, positionedMark(record.provenance)];
}

/** How a position came about, with its accuracy. @param {any} provenance */
function positionedMark({ positioned, accuracy_m: accuracy }) {
  const key = HISTORY_KEYS[/** @type {keyof typeof HISTORY_KEYS} */ (positioned)];
  const error = isMissing(accuracy) ? "" : ` ±${number(accuracy, 0)} m`;
  return el("span", { class: positioned === "gazetteer" ? "tag tag-assumed" : "tag" }, `${key ? t(key) : positioned ?? MISSING}${error}`);
}

/** @param {string} title @param {...any} content */
const part = (title, ...content) => el("section", { class: "dossier-part" }, el("h2", {}, title), ...content);

/* Values side by side */

function comparison() {
  const { records } = dossier;
  const isTold = (/** @type {any} */ row) => row.values.some((/** @type {any} */ value) => !isMissing(value));
  const rows = dossier.comparison.filter(isTold);
  const empty = dossier.comparison.filter((/** @type {any} */ row) => !isTold(row)).map((/** @type {any} */ row) => said(row));
  const n = rows.filter((/** @type {any} */ row) => row.differs).length;
  return part(t("dossier_values"),
    records.length > 1 ? el("p", { class: n ? "notice" : "muted" }, n ? t("dossier_n_differ", { n }) : t("dossier_all_agree")) : null,
    el("div", { class: "wide-table" }, el("table", { class: "rows values" }, el("caption", { class: "unseen" }, t("dossier_values")),
      el("thead", {}, el("tr", {}, el("td", {}), records.map((/** @type {any} */ record) => el("th", { scope: "col" }, officeHead(record))))),
      el("tbody", {}, rows.map((/** @type {any} */ row) => el("tr", { class: row.differs ? "differs" : null },
        el("th", { scope: "row" }, said(row), row.differs ? el("span", { class: "differ-mark", title: t("dossier_differs") }, " ≠") : null),
        row.values.map((/** @type {any} */ value, /** @type {number} */ i) => el("td", {}, row.is_held[i] ? attribute(row, value) : el("span", { class: "missing", title: t("dossier_no_field") }, t("dossier_not_asked"))))))))),
    empty.length ? el("p", { class: "muted" }, t("dossier_empty_fields", { names: empty.join(t("list_comma")) })) : null);
}

/** @param {any} record */
const officeHead = ({ provenance, ...record }) => [
  el("strong", {}, supplierOf(provenance) || said(record, "layer")), el("br"),
  el("span", { class: "office-line" }, [said(provenance), day(provenance.as_of)].filter((word) => word && word !== MISSING).join(" · ")), el("br"),
  el("span", { class: "office-line" }, `${said(record, "layer")} ${record.id}`),
];

/* Links */

function linkSection() {
  if (!dossier.links.length) return null;
  const name = (/** @type {string} */ layer, /** @type {string} */ id) => {
    const record = dossier.records.find((/** @type {any} */ entry) => entry.layer === layer && entry.id === id);
    return `${record?.label ?? id} (${record ? said(record, "layer") : layer} ${id})`;
  };
  return part(t("dossier_links"), el("ul", { class: "links" }, dossier.links.map((/** @type {any} */ link) => el("li", {},
    el("p", {}, name(link.layer_a, link.feature_a), " = ", name(link.layer_b, link.feature_b)),
    evidenceLine(link.evidence),
    el("p", { class: "muted" }, link.basis === "certain" ? t("link_certain") : t("link_accepted", { name: link.by_name, date: day(link.linked_at) }), link.reason ? `: ${link.reason}` : "")))));
}

/* Level with reasons */

function levelSection() {
  const rated = dossier.records.filter((/** @type {any} */ record) => record.risk_point);
  if (!rated.length) return null;
  return part(t("dossier_level"), rated.map((/** @type {any} */ record) => levelBlock(record.risk_point, said(record, "layer"))),
    el("p", { class: "no-print" }, el("a", { href: withEdition(featureHref(dossier.layer, dossier.id)) }, t("dossier_why"))));
}

/** @param {any} point @param {string} name */
function levelBlock(point, name) {
  return el("div", { class: "level-block" },
    el("p", {}, levelChip(point.level), " ", el("strong", {}, name), " ", said(point, "reason") || (point.missing ? t("missing_data", { what: missingWords(point.missing) }) : ""), " ", assumptionMark(point.is_assumption)),
    clauseLine(point), hazardLine(point),
    point.is_disputed ? el("p", { class: "notice" }, t("disputed")) : null);
}

/** S, R and level of GB 18218 where they are known. @param {any} point */
function hazardLine(point) {
  if (!point || isMissing(point.s_value)) return null;
  const words = [`${t("s_value")} ${number(point.s_value, 3)}`, isMissing(point.r_value) ? null : `${t("r_value")} ${number(point.r_value, 1)}`,
    point.major_hazard_level ? t("major_hazard_level", { n: point.major_hazard_level }) : t("no_major_hazard")];
  return [el("p", { class: "hazard-line" }, words.filter(Boolean).join(" · ")), el("p", { class: "muted small" }, t("s_and_r_note"))];
}

/* What refers to the records: units with their chemicals, hidden dangers, declared levels ... */

/** Rows with parts of their own, such as units with what they hold, come before plain lists. @param {any} group */
const isRich = (group) => group.features.some((/** @type {any} */ row) => row.related?.length || row.risk_point);

/** @param {any} group */
function partSection(group) {
  const layer = layerById(group.layer);
  if (!layer) return null;
  const title = t("related", { name: said(group, "layer"), n: group.features.length });
  if (listsScenarios(layer)) return part(said(group, "layer"), scenarioList(group.features, { isWhole: true }));
  const fields = toldFields(layer, group.features, group.of_id);
  const isWide = fields.length > MOST_COLUMNS;
  return part(title, isRich(group) || isWide ? group.features.map((/** @type {any} */ row) => unitBlock(layer, row, group.of_id)) : featureTable(fields, said(layer), group.features));
}

/** @param {any} layer @param {any} row @param {string} ofId */
function unitBlock(layer, row, ofId) {
  const told = toldFields(layer, [row], ofId).filter((/** @type {any} */ field) => field.name !== layer.label);
  return el("div", { class: "unit-block" },
    el("h3", {}, row[layer.label ?? ""] ?? row.id, " ", row.risk_point ? levelChip(row.risk_point.level) : null),
    hazardLine(row.risk_point),
    el("p", { class: "unit-facts" }, told.map((/** @type {any} */ field) => el("span", { class: "unit-fact" }, el("span", { class: "muted" }, `${said(field)} `), attribute(field, row[field.name])))),
    (row.related ?? []).map((/** @type {any} */ inner) => {
      const innerLayer = layerById(inner.layer);
      if (listsScenarios(innerLayer)) return [el("p", { class: "muted" }, said(inner, "layer")), scenarioList(inner.features, { isWhole: true })];
      return innerLayer ? [el("p", { class: "muted" }, t("related", { name: said(inner, "layer"), n: inner.features.length })), innerRows(innerLayer, inner, row.id)] : null;
    }));
}

/** @param {any} layer @param {any} group @param {string} ofId */
function innerRows(layer, group, ofId) {
  const fields = toldFields(layer, group.features, ofId);
  if (fields.length <= MOST_COLUMNS) return featureTable(fields, said(group, "layer"), group.features);
  return group.features.map((/** @type {any} */ row) => unitFacts(layer, row, ofId));
}

/** @param {any} layer @param {any} row @param {string} ofId */
const unitFacts = (layer, row, ofId) => el("p", { class: "unit-facts" }, toldFields(layer, [row], ofId).map((/** @type {any} */ field) => el("span", { class: "unit-fact" }, el("span", { class: "muted" }, `${said(field)} `), attribute(field, row[field.name]))));

/**
 * Fields that at least one row fills in, in the language shown; the number of what the rows belong to stands above them.
 * @param {any} layer @param {any[]} rows @param {string} [ofId]
 */
const toldFields = (layer, rows, ofId) => layer.fields.filter((/** @type {any} */ field) => field.panel !== false && field.type !== "json" && !isOtherLanguage(layer, field.name)
  && rows.some((row) => !isMissing(row[field.name])) && !(ofId && rows.every((row) => row[field.name] === ofId)));

/** Whether a field is the twin of one in the language shown. @param {any} layer @param {string} name */
function isOtherLanguage(layer, name) {
  const other = lang() === "en" ? "_zh" : "_en";
  return name.endsWith(other) && Boolean(fieldOf(layer, name.replace(other, lang() === "en" ? "_en" : "_zh")));
}

/** @param {any[]} fields @param {string} caption @param {any[]} rows */
function featureTable(fields, caption, rows) {
  return el("div", { class: "wide-table" }, el("table", { class: "rows cards" }, el("caption", { class: "unseen" }, caption),
    el("thead", {}, el("tr", {}, fields.map((/** @type {any} */ field) => el("th", { scope: "col" }, said(field))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, fields.map((/** @type {any} */ field) => el("td", { "data-head": said(field) }, attribute(field, row[field.name]))))))));
}

/* Conflicts, events near, history, origin */

function conflictSection() {
  const rows = dossier.violations;
  const isOwn = (/** @type {string} */ layer, /** @type {string} */ id) => dossier.records.some((/** @type {any} */ record) => record.layer === layer && record.id === id);
  return part(t("conflicts_title", { n: rows.length }), rows.length ? el("ul", { class: "reasons" }, rows.map((/** @type {any} */ row) => {
    const other = isOwn(row.subject_layer, row.subject_feature_id) ? [row.object_layer, row.object_feature_id, row.object_name] : [row.subject_layer, row.subject_feature_id, row.subject_name];
    return el("li", { class: "reason" }, el("a", { href: withEdition(featureHref(other[0], other[1])) }, other[2] || other[1]), conflictNumbers(row), clauseLine(withClause(row)));
  })) : el("p", { class: "muted" }, t("dossier_no_conflicts")));
}

/** What inspectors recorded here, the newest first. */
function visitSection() {
  const visits = dossier.patrol_records;
  if (!visits) return part(t("patrol_visits"), el("p", { class: "muted" }, t("patrol_visits_hidden")));
  return part(t("patrol_visits"), visits.length ? [el("ul", { class: "history", id: "visits" }, visits.map(visit)), el("p", { class: "muted" }, t("visits_note"))] : el("p", { class: "muted" }, t("patrol_visits_none")));
}

/** @param {any} record */
function visit(record) {
  const photos = record.photos.map((/** @type {number} */ n) => {
    const href = `/api/patrol/records/${record.record_id}/photos/${n}`;
    return el("a", { href }, el("img", { class: "photo", src: href, alt: t("photo_n", { n }), height: 120, loading: "lazy" }));
  });
  return el("li", {}, el("strong", {}, day(localDate(record.recorded_at))), ` ${clock(record.recorded_at)} ${t(`outcome_${record.outcome}`)}`, record.list_ref ? [" · ", el("a", { href: `/patrol/${record.list_ref}` }, record.list_ref)] : null,
    record.note ? el("p", { class: "visit-note" }, record.note) : null, photos.length ? el("div", { class: "photos" }, photos) : null,
    record.photos.length < record.n_photos ? el("p", { class: "muted" }, t("photos_to_come", { n: record.n_photos - record.photos.length })) : null);
}

/** @param {any} group */
function nearSection(group) {
  const layer = layerById(group.layer);
  if (!layer) return null;
  const title = t("dossier_near", { name: said(group, "layer"), distance: distance(group.within_m), n: number(group.n) });
  const rows = group.features.slice(0, NEAR_SHOWN);
  return part(title, rows.length ? el("ul", { class: "near" }, rows.map((/** @type {any} */ row) => el("li", {}, el("span", { class: "near-distance" }, distance(row.distance_m)), " ", nearWords(layer, row)))) : el("p", { class: "muted" }, t("none")),
    group.n > rows.length && rows.length ? el("p", { class: "muted" }, t("first_rows", { shown: rows.length, n: number(group.n) })) : null);
}

/** @param {any} layer @param {any} row */
function nearWords(layer, row) {
  const fields = toldFields(layer, [row]).filter((/** @type {any} */ field) => !field.name.endsWith("_id"));
  const isFigure = (/** @type {any} */ field) => field.type === "integer" || field.type === "number";
  return fields.map((/** @type {any} */ field, /** @type {number} */ i) => [i ? " · " : "", isFigure(field) ? `${said(field)} ` : "", attribute(field, row[field.name])]);
}

function historySection() {
  return part(t("dossier_history"), dossier.history.map((/** @type {any} */ history) => {
    const record = dossier.records.find((/** @type {any} */ entry) => entry.layer === history.layer && entry.id === history.id);
    return [dossier.history.length > 1 ? el("h3", {}, `${supplierOf(record.provenance) || said(record, "layer")} · ${record.id}`) : null,
      el("ul", { class: "history" }, history.states.map((/** @type {any} */ state) => historyState(history.layer, state)))];
  }));
}

/** @param {string} layerId @param {any} state */
function historyState(layerId, state) {
  const layer = layerById(layerId);
  const value = (/** @type {string} */ name, /** @type {any} */ given) => {
    const field = layer ? fieldOf(layer, name) : undefined;
    const key = HISTORY_KEYS[/** @type {keyof typeof HISTORY_KEYS} */ (given)];
    return field ? attribute(field, given) : key ? t(key) : String(given ?? MISSING);
  };
  return el("li", {}, el("strong", {}, `${t("edition")} ${state.label}`), ` (${t("data_as_of", { date: day(state.data_as_of) })}) `,
    state.is_first ? t("dossier_first") : state.changes.map((/** @type {any} */ change, /** @type {number} */ i) => [i ? "; " : "", said(change), " ", value(change.name, change.before), " → ", value(change.name, change.after)]));
}

function originSection() {
  const columns = ["source", "supplier", "file_and_row", "data_date", "position", "load"];
  return part(t("provenance"), el("div", { class: "wide-table" }, el("table", { class: "rows cards" }, el("caption", { class: "unseen" }, t("provenance")),
    el("thead", {}, el("tr", {}, columns.map((key) => el("th", { scope: "col" }, t(key))))),
    el("tbody", {}, dossier.records.map((/** @type {any} */ { provenance: origin }) => el("tr", {}, [
      said(origin) || (origin.source_id ?? MISSING), supplierOf(origin) || MISSING,
      [`${origin.file ?? MISSING}${isMissing(origin.row) ? "" : ` · ${t("row_n", { n: origin.row })}`}`, origin.sha256 ? el("div", { class: "hash" }, `sha256 ${origin.sha256.slice(0, 16)}…`) : null],
      day(origin.as_of), positionedMark(origin), isMissing(origin.load_id) ? MISSING : String(origin.load_id),
    ].map((content, i) => el("td", { "data-head": t(columns[i]) }, content))))))));
}

function footLine() {
  const { area, edition, method } = shown.catalog;
  return [said(area), `${t("edition")} ${edition.label}`, t("data_as_of", { date: day(edition.data_as_of) }), t("method", { version: said(method, "") || MISSING }),
    dossier.level ? levelWord(dossier.level) : null, area.is_synthetic ? t("synthetic") : null].filter(Boolean).join(" · ");
}

start();
