/** 假设分析 on the map: change an amount, remove, move or add a unit, change the policy; see what the map would be. */
import { ApiError, getJson, postJson } from "./api.js";
import { drawNamed } from "./area_names.js";
import { levelById, levelRank, levelWord, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { Drawing, drawSite } from "./drawing.js";
import { area, fixed, number } from "./formats.js";
import { drawReasonLines } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { drawPanel, errorText, loadIntoPanel, openPanel, say } from "./panel.js";
import { section } from "./reasons.js";
import { said, t } from "./texts.js";
import { levelTable, marked, word } from "./what_if_levels.js";
import { riskPart } from "./what_if_risk.js";
import { societalPart } from "./what_if_societal.js";

const ACTIONS = ["amount", "remove", "move", "add"];
const VIEWS = ["changes", "before", "after"];
const PAUSE_MS = 200;
const ROWS_SHOWN = 20;

/** @typedef {Record<string, any>} Edit an edit as the API takes it, with `text`: a function that says it in words */

/** What the person is about to add. */
const draft = {
  action: "amount",
  /** @type {any} */ source: null,
  unit: "", chemical: "", amount: "", name: "", lon: "", lat: "",
};
/** @type {Edit[]} */
let edits = [];
let policyBefore = "";
let policyAfter = "";
/** @type {any} */
let offered = null;
/** @type {any} the last answer, while it is shown */
let answer = null;
let view = VIEWS[0];
/** @type {Drawing|null} */
let placing = null;
/** @type {string[]} */
let problems = [];
/** @type {(layer: string, id: string) => void} */
let openFeature = () => undefined;
let timer = 0;

export const isPlacing = () => placing !== null;

/** @param {(layer: string, id: string) => void} open */
export function wireWhatIf(open) {
  openFeature = open;
}

/** Opens the tool; the server puts the edition into memory meanwhile. */
export async function openWhatIf() {
  await loadIntoPanel(() => t("what_if"), async () => {
    offered = await getJson(`/api/what-if?ed=${edition()}`);
    const known = offered.policies.map((/** @type {any} */ policy) => policy.id);
    policyBefore = known.includes(shown.policy) ? shown.policy : known[0];
    policyAfter = policyBefore;
    return content();
  }, { focus: true, onClose: end, staysUnder: true });
}

const edition = () => encodeURIComponent(shown.catalog.edition.edition);

function content() {
  return { title: () => t("what_if"), body: () => (answer ? result() : form()), onClose: end, staysUnder: true };
}

/** Leaves nothing of the tool on the map. */
function end() {
  stopPlacing();
  answer = null;
  drawSite(null);
  drawNamed([]);
}

/** Gives up the placing; true if there was one. */
export function cancelPlacing() {
  if (!placing) return false;
  placing.cancel();
  return true;
}

function stopPlacing() {
  placing?.stop();
  placing = null;
  byId("tool-strip").hidden = true;
}

/* The form */

function form() {
  const needsSource = draft.action !== "add";
  const needsPlace = draft.action === "move" || draft.action === "add";
  return [
    el("p", { class: "muted" }, t("what_if_intro")),
    el("form", { id: "what-if-form", novalidate: true, on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); addEdit(); } } },
      section(t("what_if_change"),
        field("what-if-action", t("what_if_action"), select("what-if-action", ACTIONS.map((id) => [id, t(`what_if_do_${id}`)]), draft.action, (value) => { draft.action = value; problems = []; drawPanel(); })),
        needsSource ? sourceFields() : newFields(),
        needsPlace ? placeFields() : null,
        problems.length ? el("div", { class: "notice error-box", role: "alert" }, el("ul", {}, problems.map((key) => el("li", {}, t(key))))) : null,
        el("div", { class: "actions" }, el("button", { id: "what-if-add", type: "submit", class: "button" }, t("what_if_add"))))),
    editList(),
    policyFields(),
    el("button", { id: "what-if-run", type: "button", class: "button primary wide", disabled: !edits.length && policyAfter === policyBefore, on: { click: run } }, t("what_if_run")),
  ];
}

/** @param {string} id @param {string} label @param {...any} controls */
function field(id, label, ...controls) {
  return el("div", { class: "field" }, el("label", { for: id }, label), controls);
}

/** @param {string} id @param {string[][]} choices @param {string} chosen @param {(value: string) => void} change */
function select(id, choices, chosen, change) {
  return el("select", { id, on: { change: (/** @type {any} */ event) => change(event.target.value) } },
    choices.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
}

/** @param {string} id @param {"amount"|"name"|"chemical"|"lon"|"lat"} key @param {Record<string, any>} [more] */
function input(id, key, more = {}) {
  return el("input", { id, type: "text", autocomplete: "off", maxlength: 100, value: draft[key], ...more,
    on: { input: (/** @type {any} */ event) => { draft[key] = event.target.value; } } });
}

/** The source that changes: searched for, then its unit and chemical. */
function sourceFields() {
  const { source } = draft;
  const unit = source?.units.find((/** @type {any} */ entry) => entry.id === draft.unit);
  return [
    field("what-if-source", t("what_if_source"),
      el("input", { id: "what-if-source", type: "search", autocomplete: "off", placeholder: t("what_if_source_hint"), value: source?.name ?? "",
        on: { input: (/** @type {any} */ event) => searchSoon(event.target.value.trim()) } }),
      el("div", { id: "what-if-hits", class: "what-if-hits", role: "status" })),
    source ? field("what-if-unit", t("what_if_unit"), select("what-if-unit", unitChoices(source), draft.unit, (value) => chooseUnit(value))) : null,
    source && draft.action === "amount" && unit ? [
      field("what-if-chemical", t("what_if_chemical"), select("what-if-chemical", unit.chemicals.map((/** @type {any} */ row) => [row.name, `${row.name} · ${t("what_if_now", { amount: number(row.amount_t) })}`]), draft.chemical, (value) => { draft.chemical = value; })),
      amountField(),
    ] : null,
  ];
}

const amountField = () => field("what-if-amount", t("what_if_amount"), input("what-if-amount", "amount", { inputmode: "decimal" }));

/** @param {any} source @returns {string[][]} */
function unitChoices(source) {
  const units = source.units.map((/** @type {any} */ unit) => [unit.id, unit.name || unit.id]);
  const whole = source.is_plant && draft.action !== "amount" ? [["", t("what_if_whole")]] : [];
  return [...whole, ...units];
}

/** @param {string} id */
function chooseUnit(id) {
  draft.unit = id;
  const unit = draft.source?.units.find((/** @type {any} */ entry) => entry.id === id);
  draft.chemical = unit?.chemicals[0]?.name ?? "";
  drawPanel();
}

/** @param {string} text */
function searchSoon(text) {
  clearTimeout(timer);
  draft.source = null;
  timer = window.setTimeout(() => search(text), PAUSE_MS);
}

/** @param {string} text */
async function search(text) {
  const list = document.getElementById("what-if-hits");
  if (!list) return;
  if (!text) return put(list);
  try {
    const found = await getJson(`/api/search?q=${encodeURIComponent(text)}&limit=20&ed=${edition()}`);
    const hits = found.results.filter((/** @type {any} */ hit) => offered.source_layers.includes(hit.layer));
    put(list, hits.length ? hits.map((/** @type {any} */ hit) => el("button", { type: "button", class: "hit-button", on: { click: () => choose(hit) } },
      el("span", {}, hit.label), el("span", { class: "muted" }, hit.sub ?? ""))) : el("p", { class: "muted" }, t("not_found", { text })));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(list, el("p", { class: "field-error" }, errorText(error)));
  }
}

/** @param {any} hit */
async function choose(hit) {
  draft.source = await getJson(`/api/what-if/${hit.layer}/${encodeURIComponent(hit.id)}?ed=${edition()}`);
  problems = [];
  chooseUnit(unitChoices(draft.source)[0]?.[0] ?? "");
  (document.getElementById("what-if-unit") ?? byId("what-if-source")).focus();
}

/** A unit that is not there yet. */
function newFields() {
  return [
    field("what-if-new", t("what_if_chemical"), input("what-if-new", "chemical", { list: "what-if-chemicals" }),
      el("datalist", { id: "what-if-chemicals" }, offered.chemicals.map((/** @type {any} */ row) => el("option", { value: row.name }, row.cas ?? "")))),
    amountField(),
    field("what-if-name", t("what_if_name"), input("what-if-name", "name")),
  ];
}

function placeFields() {
  return el("div", { class: "field" }, el("span", {}, t("what_if_place")),
    el("div", { class: "actions" },
      el("button", { id: "what-if-pick", type: "button", class: "button", "aria-pressed": String(isPlacing()), on: { click: startPlacing } }, t("what_if_pick"))),
    el("div", { class: "what-if-place" },
      el("label", { for: "what-if-lon" }, t("what_if_lon")), input("what-if-lon", "lon", { inputmode: "decimal" }),
      el("label", { for: "what-if-lat" }, t("what_if_lat")), input("what-if-lat", "lat", { inputmode: "decimal" })));
}

function startPlacing() {
  stopPlacing();
  placing = new Drawing("point", {
    onChange: () => {
      const strip = byId("tool-strip");
      strip.hidden = false;
      put(strip, el("span", {}, t("draw_point_hint")), el("button", { type: "button", class: "button small", on: { click: () => placing?.cancel() } }, t("cancel")));
    },
    onDone: (geometry) => {
      [draft.lon, draft.lat] = geometry.coordinates.map((/** @type {number} */ value) => value.toFixed(6));
      stopPlacing();
      drawPanel();
      byId("what-if-add").focus();
    },
    onCancel: () => { stopPlacing(); drawPanel(); },
  });
  placing.start();
  drawPanel();
}

/** What is still missing, as text keys. */
function missing() {
  const wanted = [];
  const isNumber = (/** @type {string} */ text) => /^-?\d+(\.\d+)?$/.test(text.trim());
  if (draft.action !== "add" && !draft.source) wanted.push("what_if_need_source");
  if (["amount", "add"].includes(draft.action) && (!isNumber(draft.amount) || Number(draft.amount) < 0)) wanted.push("what_if_need_amount");
  if (["amount", "add"].includes(draft.action) && !draft.chemical) wanted.push("what_if_need_chemical");
  if (["move", "add"].includes(draft.action) && !(isNumber(draft.lon) && isNumber(draft.lat))) wanted.push("what_if_need_place");
  return wanted;
}

function addEdit() {
  problems = missing();
  if (!problems.length) {
    edits.push(asEdit());
    Object.assign(draft, { source: null, unit: "", chemical: "", amount: "", name: "", lon: "", lat: "" });
    drawSite(null);
    say(t("what_if_list", { n: edits.length }));
  }
  drawPanel();
}

/** The draft as an edit, with words for the list. @returns {Edit} */
function asEdit() {
  const { action, source } = draft;
  const place = { lon: Number(draft.lon), lat: Number(draft.lat) };
  if (action === "add") {
    const edit = { action, chemical: draft.chemical, amount_t: Number(draft.amount), name: draft.name, ...place };
    return { edit, text: () => t("what_if_text_add", { chemical: edit.chemical, amount: number(edit.amount_t) }) };
  }
  const isWhole = !draft.unit;
  const unit = source.units.find((/** @type {any} */ entry) => entry.id === draft.unit);
  const name = isWhole ? source.name : `${source.name} ${unit?.name === source.name ? "" : (unit?.name ?? "")}`.trim();
  const target = { action, layer: isWhole ? source.layer : unit.layer, id: isWhole ? source.id : draft.unit };
  if (action === "amount") {
    const edit = { ...target, chemical: draft.chemical, amount_t: Number(draft.amount) };
    return { edit, text: () => t("what_if_text_amount", { name, chemical: edit.chemical, amount: number(edit.amount_t) }) };
  }
  const edit = action === "move" ? { ...target, ...place } : target;
  return { edit, text: () => t(`what_if_text_${action}`, { name }) };
}

function editList() {
  if (!edits.length) return null;
  const undo = () => { edits = edits.slice(0, -1); answer = null; drawNamed([]); drawPanel(); };
  const clear = () => { edits = []; answer = null; policyAfter = policyBefore; drawNamed([]); drawPanel(); };
  return section(t("what_if_list", { n: edits.length }), el("ol", { id: "what-if-edits" }, edits.map((entry) => el("li", {}, entry.text()))),
    el("div", { class: "actions" },
      el("button", { id: "what-if-undo", type: "button", class: "button small", on: { click: undo } }, t("what_if_undo")),
      el("button", { id: "what-if-clear", type: "button", class: "button small", on: { click: clear } }, t("what_if_clear"))));
}

function policyFields() {
  const choices = offered.policies.map((/** @type {any} */ policy) => [policy.id, said(policy)]);
  const refresh = () => { byId("what-if-run").toggleAttribute("disabled", !edits.length && policyAfter === policyBefore); };
  return section(t("policy"),
    field("what-if-before", t("what_if_policy_before"), select("what-if-before", choices, policyBefore, (value) => { policyBefore = value; refresh(); })),
    field("what-if-after", t("what_if_policy_after"), select("what-if-after", choices, policyAfter, (value) => { policyAfter = value; refresh(); })));
}

/* The answer */

async function run() {
  stopPlacing();
  const body = { edits: edits.map((entry) => entry.edit), policy: policyBefore, policy_after: policyAfter };
  await loadIntoPanel(() => t("what_if"), async () => {
    answer = await postJson(`/api/what-if?ed=${edition()}`, body);
    view = VIEWS[0];
    drawAnswer();
    return { ...content(), announce: () => t("what_if_result") };
  }, { focus: true, onClose: end, staysUnder: true });
}

/** The difference on the map: level after (or before) as colour, both as words. */
function drawAnswer() {
  drawRows(view === "changes" ? answer.changes.features : answer.zones[view].features);
}

/** @param {any[]} rows areas with a level, or with one before and after */
function drawRows(rows) {
  drawNamed(rows.map((/** @type {any} */ row) => {
    const { level_before: before, level_after: after, level } = row.properties;
    const label = level ? levelWord(level) : `${word(before)} → ${word(after)}`;
    return { geometry: row.geometry, fill: levelById(level ?? after)?.fill ?? "", label, rank: Math.min(levelRank(level ?? after), levelRank(before)) };
  }));
}

function result() {
  const back = () => { answer = null; drawNamed([]); openPanel(content(), { focus: true }); };
  const features = answer.changes.features;
  const fly = () => flyToGeometry({ type: "GeometryCollection", geometries: features.map((/** @type {any} */ row) => row.geometry) });
  return [
    editList(),
    el("div", { class: "actions", role: "group", "aria-label": t("what_if_show") }, el("span", { class: "muted" }, t("what_if_show")),
      VIEWS.map((id) => el("button", { id: `what-if-show-${id}`, type: "button", class: "button small", "aria-pressed": String(view === id), on: { click: () => { view = id; drawAnswer(); drawPanel(); } } }, t(`what_if_show_${id}`)))),
    verdict(features, answer.sources),
    section(t("what_if_levels"), levelTable(answer.levels)),
    changesPart(features),
    rowList("what_if_sources_title", answer.sources, sourceRow),
    rowList("what_if_targets_title", answer.targets, targetRow),
    riskPart(answer.risk),
    societalPart(answer.societal),
    rowList("what_if_added", answer.violations.added, conflictRow),
    rowList("what_if_gone", answer.violations.gone, conflictRow),
    el("p", { class: "muted small" }, said(answer, "note"), " ", t("what_if_cells", { n: number(answer.cells.computed), all: number(answer.cells.all) })),
    el("div", { class: "actions" },
      features.length ? el("button", { type: "button", class: "button", on: { click: fly } }, t("zoom_to")) : null,
      el("button", { id: "what-if-change", type: "button", class: "button", on: { click: back } }, t("what_if_back"))),
  ];
}

/** What a hazardous project would endanger: drawn on the map, and told. @param {any} endangers */
export function endangersPart(endangers) {
  drawRows(endangers.changes.features);
  return [
    section(t("siting_endangers"), verdict(endangers.changes.features, endangers.sources), levelTable(endangers.levels)),
    changesPart(endangers.changes.features),
    rowList("what_if_sources_title", endangers.sources, sourceRow),
    rowList("what_if_targets_title", endangers.targets, targetRow),
    riskPart(endangers.risk ?? null),
    societalPart(endangers.societal ?? null),
    rowList("what_if_added", endangers.violations.added, conflictRow),
    el("p", { class: "muted small" }, said(endangers, "note")),
  ];
}

/**
 * In words what the map alone cannot say: nothing changes, or a source without a level leaves it open.
 * @param {any[]} features @param {any[]} sources
 */
function verdict(features, sources) {
  if (sources.some((row) => row.after?.level === "unrated")) return el("p", { class: "notice" }, t("what_if_unrated"));
  return features.length ? null : el("p", { class: "notice" }, t("what_if_same"));
}

/** Takes what a project would endanger off the map. */
export const forgetEndangers = () => drawNamed([]);

/** @param {string} key @param {any[]} rows @param {(row: any) => any} draw */
function rowList(key, rows, draw) {
  if (!rows.length) return null;
  const more = rows.length > ROWS_SHOWN ? el("p", { class: "muted small" }, t("what_if_more", { n: rows.length - ROWS_SHOWN })) : null;
  return section(t(key, { n: rows.length }), el("ul", { class: "plain" }, rows.slice(0, ROWS_SHOWN).map((row) => el("li", {}, draw(row)))), more);
}

/** Every change that the map draws, the worst first: one whose name finds no room there has it here. @param {any[]} features */
function changesPart(features) {
  const worst = (/** @type {any} */ { properties }) => Math.min(levelRank(properties.level_after), levelRank(properties.level_before));
  return rowList("what_if_changes_title", features.toSorted((a, b) => worst(a) - worst(b)), changeRow);
}

/** @param {any} row */
function changeRow({ geometry, properties }) {
  return [el("button", { type: "button", class: "link", on: { click: () => flyToGeometry(geometry) } }, marked(properties.level_before), " → ", marked(properties.level_after)),
    " ", el("span", { class: "muted" }, area(properties.area_m2))];
}

/** @param {any} row */
function sourceRow(row) {
  const open = row.before ? el("button", { type: "button", class: "link", on: { click: () => openFeature(row.layer, row.id) } }, row.name) : el("strong", {}, row.name);
  return [open, " ", marked(row.before?.level), " → ", row.after ? marked(row.after.level) : t("what_if_removed"),
    el("p", { class: "muted small" }, said(row.after ?? row.before, "reason"))];
}

/** @param {any} row */
function targetRow(row) {
  return [el("button", { type: "button", class: "link", on: { click: () => { drawReasonLines([]); flyToGeometry(row.geometry); } } }, row.name ?? row.target_id),
    " ", marked(row.level_before), " → ", marked(row.level_after)];
}

/** @param {any} row */
function conflictRow(row) {
  const show = () => { drawReasonLines([{ line: row.line, label: "" }]); flyToGeometry(row.line); };
  return [row.subject_name, " — ", row.object_name ?? row.object_feature_id, " ",
    el("span", { class: "muted" }, `${row.clause} · ${fixed(row.actual_m, 1)} / ${fixed(row.required_m, 1)} m`), " ",
    row.line ? el("button", { type: "button", class: "link", on: { click: show } }, t("show_line")) : null];
}
