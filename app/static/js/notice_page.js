/** A dig notice: the form with a drawing, then the reply with lines, stretches, rules and due date. */
import { ApiError, getJson, postJson } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { Drawing, drawSite, lineLength, measured } from "./drawing.js";
import { area, chainage, chainageMetres, day, distance, isMissing, MISSING, number, required, today } from "./formats.js";
import { withEdition } from "./frame.js";
import { wireIdentify } from "./identify.js";
import { lineHref, lineLayer, loadLines } from "./lines.js";
import { drawReasonLines } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { map } from "./mapview.js";
import { drawnRows, fewOf, groups, openForPrint } from "./notice_groups.js";
import { errorBox, errorText, say } from "./panel.js";
import { lang, said, t } from "./texts.js";
import { featureHref, loadInto, startMap, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const NEW = "new";
const ref = decodeURIComponent(location.pathname.split("/").pop() ?? "");
/** So many kinds of things without data are told in one sentence. */
const MOST_KINDS = 4;
const GRADES = ["prohibited", "possibly_prohibited", "permit_required", "see_code", "not_assessed", "nothing_found"];

/** What was entered; kept when the language changes, never in the address. */
const form = {
  applicant: "", phone: "", name: "", received_on: "", starts_on: "", ends_on: "", width_m: "", line: "", from: "", to: "",
  /** @type {Set<string>} */ activities: new Set(),
  /** @type {any} */ geometry: null, place: "draw",
};
const state = {
  /** @type {any} the kept notice */ notice: null,
  /** @type {any[]} */ kinds: [],
  /** @type {any[]} groups of kinds of works */ groups: [],
  /** @type {any[]} */ lines: [],
  /** @type {Drawing|null} */ drawing: null,
  /** @type {ApiError|null} */ refused: null,
};

const workspace = {
  keys: [], regions: ["search", "page-title", "notice", "map-canvas"], draw: drawAll, onEdition: load,
  isShown: (/** @type {any} */ layer) => layer.group !== "risk", goHome: showWorks, onEscape: () => state.drawing?.cancel(),
};

async function start() {
  if (!(await startWorkspace(workspace))) return;
  form.received_on = today();
  await Promise.all([startMap(workspace).then(() => wireIdentify(openFirst, () => !state.drawing)), load()]);
  document.addEventListener("keydown", drawingKey);
  wireKeys(workspace);
  showWorks();
}

/** What is clicked on the map opens where everything is told of it. @param {import("./identify.js").Hit[]} hits */
function openFirst(hits) {
  if (hits.length) location.assign(withEdition(featureHref(hits[0].layer.id, hits[0].id)));
}

function load() {
  return loadInto(byId("notice"), async () => {
    if (ref === NEW) [{ activities: state.kinds, groups: state.groups }, state.lines] = await Promise.all([getJson("/api/activities"), lineLayer() ? loadLines() : []]);
    else state.notice = await getJson(`/api/dig-notices/${encodeURIComponent(ref)}`);
    drawAll();
    if (state.notice) showWorks();
  });
}

function drawAll() {
  const title = state.notice ? t("notice_title", { ref: state.notice.ref }) : t("new_notice");
  byId("page-title").textContent = title;
  titlePage(title);
  byId("all-notices").setAttribute("href", withEdition("/pipelines/notices"));
  if (state.notice) put(byId("notice"), reply(state.notice));
  else if (state.kinds.length) put(byId("notice"), formParts());
}

/* The form */

function formParts() {
  return el("form", { id: "notice-form", novalidate: true, on: { submit: onSubmit } },
    state.refused ? problem(state.refused) : null,
    el("div", { class: "two" }, text("applicant", true), text("phone", true)), text("name", false, "works_name"),
    el("div", { class: "two" }, date("received_on"), el("span", {}), date("starts_on"), date("ends_on")),
    el("fieldset", { class: "groups", id: "field-activities" }, el("legend", {}, t("kinds_of_works"), " *"), state.groups.map(kindGroup)),
    place(),
    el("div", { class: "actions" }, el("button", { type: "submit", class: "button primary" }, t("register_and_check")),
      el("a", { class: "button", href: withEdition("/pipelines/notices") }, t("cancel"))));
}

/** @param {ApiError} error */
function problem(error) {
  const name = (error.field ?? "").split(".")[0];
  const target = document.getElementById(`field-${name}`) ?? null;
  return el("div", { id: "form-errors", class: "notice error-box", role: "alert", tabindex: -1 }, el("p", {}, errorText(error)),
    name in form || target ? el("a", { href: `#field-${name}`, on: { click: (/** @type {Event} */ event) => { event.preventDefault(); document.getElementById(`field-${name}`)?.focus(); } } }, t("go_to_field")) : null);
}

/** @param {"applicant"|"phone"|"name"} name @param {boolean} isNeeded @param {string} [key] */
function text(name, isNeeded, key = name) {
  return el("div", { class: "field" }, el("label", { for: `field-${name}` }, t(key), isNeeded ? " *" : ""),
    el("input", { id: `field-${name}`, type: name === "phone" ? "tel" : "text", maxlength: 200, required: isNeeded, autocomplete: "off", value: form[name], on: { input: keep(name) } }));
}

/** @param {"received_on"|"starts_on"|"ends_on"} name */
function date(name) {
  return el("div", { class: "field" }, el("label", { for: `field-${name}` }, t(name), " *"),
    el("input", { id: `field-${name}`, type: "date", required: true, value: form[name], on: { input: keep(name) } }));
}

/** The kinds of works of a group, under its title. @param {any} group */
const kindGroup = (group) => el("fieldset", { class: "choices", "data-group": group.id }, el("legend", {}, said(group)), state.kinds.filter((kind) => kind.group === group.id).map(kindBox));

/** @param {any} kind */
const kindBox = (kind) => el("label", { class: "check" }, el("input", { type: "checkbox", value: kind.id, checked: form.activities.has(kind.id), on: { change: onKind } }), said(kind));

/** @param {string} name */
const keep = (name) => (/** @type {any} */ event) => { /** @type {any} */ (form)[name] = event.target.value; };

/** @param {any} event */
function onKind(event) {
  if (event.target.checked) form.activities.add(event.target.value);
  else form.activities.delete(event.target.value);
}

/** Where the works are: drawn on the map, or a stretch of a line; a width makes a strip of a line. */
function place() {
  const way = (/** @type {string} */ value, /** @type {string} */ key) => el("label", { class: "check" },
    el("input", { type: "radio", name: "place", value, checked: form.place === value, on: { change: () => { form.place = value; drawAll(); } } }), t(key));
  return el("div", { id: "field-geometry", tabindex: -1 }, el("h2", {}, t("works_place"), " *"),
    el("div", { class: "pair" }, way("draw", "place_drawn"), state.lines.length ? way("along", "place_along") : null),
    form.place === "draw" ? drawnPlace() : alongPlace(),
    el("div", { class: "field" }, el("label", { for: "field-width_m" }, t("works_width")), el("input", { id: "field-width_m", type: "number", min: 0, max: 2000, step: "any", value: form.width_m, on: { input: keep("width_m") } })));
}

function drawnPlace() {
  const button = (/** @type {"polygon"|"line"|"point"} */ kind, /** @type {string} */ key) =>
    el("button", { type: "button", class: "button small", id: `draw-${kind}`, "aria-pressed": String(state.drawing?.kind === kind), on: { click: () => startDrawing(kind) } }, t(key));
  return [el("div", { class: "actions" }, button("polygon", "draw_area"), button("line", "draw_line"), button("point", "draw_point")),
    el("p", { class: form.geometry ? "" : "muted" }, form.geometry ? t("works_drawn", { size: sizeText() }) : t("draw_hint"))];
}

function alongPlace() {
  return el("div", { id: "field-along", tabindex: -1 }, el("div", { class: "field" }, el("label", { for: "along-line" }, t("line")), el("select", { id: "along-line", on: { change: keep("line") } },
    el("option", { value: "" }, t("choose")), state.lines.map((line) => el("option", { value: line.id, selected: line.id === form.line }, line.name ?? line.id)))),
  el("div", { class: "two" }, chainageField("from", "chainage_from"), chainageField("to", "chainage_to")));
}

/** @param {"from"|"to"} name @param {string} key */
const chainageField = (name, key) => el("div", { class: "field" }, el("label", { for: `along-${name}` }, t(key)),
  el("input", { id: `along-${name}`, type: "text", maxlength: 14, autocomplete: "off", placeholder: "K12+300", value: form[name], on: { input: keep(name) } }));

/** @param {"polygon"|"line"|"point"} kind */
function startDrawing(kind) {
  stopDrawing();
  form.geometry = null;
  state.drawing = new Drawing(kind, { onChange: drawTools, onDone: (geometry) => { form.geometry = geometry; stopDrawing(); drawAll(); say(t("works_drawn", { size: sizeText() })); }, onCancel: () => { stopDrawing(); drawAll(); } });
  state.drawing.start();
  drawAll();
  map.getCanvas().focus();
}

function stopDrawing() {
  state.drawing?.stop();
  state.drawing = null;
  byId("tool-strip").hidden = true;
}

/** @param {Drawing} drawing */
function drawTools(drawing) {
  const strip = byId("tool-strip");
  strip.hidden = false;
  const wrong = drawing.problem();
  const act = (/** @type {string} */ key, /** @type {() => void} */ click, /** @type {boolean} */ isOff) => el("button", { type: "button", class: "button small", disabled: isOff, on: { click } }, t(key));
  put(strip, el("span", {}, wrong ? t(wrong) : t("draw_ready")), act("undo_point", () => drawing.undo(), !drawing.vertices.length),
    act("finish", () => drawing.finish(), Boolean(wrong)), act("cancel", () => drawing.cancel(), false));
}

/** @param {KeyboardEvent} event */
function drawingKey(event) {
  if (!state.drawing || /** @type {HTMLElement} */ (event.target).closest("input, select, button")) return;
  const { lng, lat } = map.getCenter();
  if (event.key === " ") state.drawing.add([lng, lat]);
  else if (event.key === "Enter") state.drawing.finish();
  else if (event.key === "Backspace") state.drawing.undo();
  else return;
  event.preventDefault();
}

function sizeText() {
  const { type, coordinates } = /** @type {any} */ (form.geometry);
  if (type === "Point") return t("one_point");
  return type === "LineString" ? distance(lineLength(coordinates)) : area(measured(coordinates[0].slice(0, -1)).area_m2);
}

/** @param {Event} event */
async function onSubmit(event) {
  event.preventDefault();
  stopDrawing();
  try {
    const made = await postJson(`/api/dig-notices?ed=${encodeURIComponent(shown.catalog.edition.edition)}`, request());
    location.assign(withEdition(`/pipelines/notices/${encodeURIComponent(made.ref)}`));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.refused = error;
    drawAll();
    byId("form-errors").focus();
  }
}

function request() {
  const { applicant, phone, name, received_on, starts_on, ends_on, geometry, width_m } = form;
  const along = { pipeline_id: form.line, from_m: chainageMetres(form.from), to_m: chainageMetres(form.to) };
  const where = form.place === "along" ? { along } : geometry ? { geometry } : {};
  return { applicant, phone, name, received_on, starts_on, ends_on, activities: [...form.activities], ...where, ...(width_m === "" ? {} : { width_m: Number(width_m) }) };
}

/* The reply */

/** The newest judgement; the first answer where no later edition judged it. @param {any} notice */
const newest = (notice) => notice.checks.at(-1)?.answer ?? notice;

/** @param {any} notice */
function reply(notice) {
  const answer = newest(notice);
  const asked = notice.request;
  const check = notice.checks.at(-1);
  return [
    check ? el("p", { class: `notice${check.has_changed ? " error-box" : ""}` }, t(check.has_changed ? "notice_changed" : "notice_same", { edition: answer.edition_label ?? check.edition, first: notice.edition_label })) : null,
    answer.error ? el("p", { class: "notice error-box" }, said(answer.error, "message")) : verdictPart(answer),
    el("dl", { class: "facts" }, facts(asked, notice).flatMap(([key, value]) => [el("dt", {}, t(key)), el("dd", {}, value)])),
    el("p", { class: "notice warning" }, said(notice, "warning")),
    el("div", { class: "actions" }, el("a", { class: "button primary", href: `/pipelines/notices/${encodeURIComponent(notice.ref)}/reply.docx?lang=${lang()}` }, t("make_reply")),
      el("button", { type: "button", class: "button", on: { click: showWorks } }, t("zoom_to"))),
    answer.is_calendar_final === false ? el("p", { class: "notice" }, t("calendar_open")) : null,
    answer.error ? null : linesPart(answer), answer.error ? null : rulesPart(answer),
    answer.not_shown?.length ? notShown(answer.not_shown) : null,
    answer.n_unplaced_pipelines ? el("p", { class: "notice" }, t("unplaced_lines", { n: number(answer.n_unplaced_pipelines) })) : null,
    said(answer, "legal_note") ? el("p", { class: "notice" }, said(answer, "legal_note")) : null,
  ];
}

/** @param {any} answer */
const verdictPart = (answer) => el("p", { class: `notice-verdict sign-${answer.verdict.id}` }, said(answer.verdict));

/** @param {any} asked @param {any} notice @returns {[string, any][]} */
const facts = (asked, notice) => [
  ["applicant", asked.applicant], ["phone", asked.phone], ["works_name", asked.name || MISSING], ["kinds_of_works", /** @type {any} */ (said(notice, "activities")).join(" · ")],
  ["works_dates", `${day(asked.starts_on)} – ${day(asked.ends_on)}`], ["received_on", day(asked.received_on)],
  ["due_on", t("due_in", { day: day(notice.due_on), n: notice.reply_days })], ["reply_office", said(notice, "office")],
];

/** @param {any} answer */
function linesPart(answer) {
  if (!answer.lines.length) return el("p", {}, t("no_line_touched"));
  return [el("h2", {}, t("lines_touched", { n: answer.lines.length })), groups(answer.lines, (/** @type {any} */ line) => `${line.layer} ${line.verdict} ${said(line, "verdict")}`).map((lines) => fewOf(lines, lineItem, lines[0].layer))];
}

/** @param {any} line */
const lineItem = (line) => el("li", {},
  el("a", { href: line.layer === lineLayer()?.id ? lineHref(line.id) : withEdition(featureHref(line.layer, line.id)) }, line.name ?? line.id), " ",
  isMissing(line.from_m) ? "" : `${chainage(line.from_m)} – ${chainage(line.to_m)} · `, t("least_distance", { d: distance(line.distance_m), e: number(line.error_m, 0) }), " · ",
  el("span", { class: `sign sign-${line.verdict}` }, said(line, "verdict")), whomToAsk(line));

/** Only lines have an operator to ask; houses, bridges and towers have none. @param {any} line */
function whomToAsk(line) {
  if (line.operator) return ` · ${t("ask_operator", { operator: line.operator })}`;
  return line.layer === lineLayer()?.id ? ` · ${t("operator_unknown")}` : "";
}

/** @param {any} answer */
function rulesPart(answer) {
  const headings = GRADES.flatMap((grade) => {
    const words = answer.touched.filter((/** @type {any} */ row) => row.verdict === grade).map((/** @type {any} */ row) => said(row, "verdict"));
    return [...new Set(words)].map((word) => [grade, word]);
  });
  return headings.map(([grade, word]) => {
    const rows = answer.touched.filter((/** @type {any} */ row) => row.verdict === grade && said(row, "verdict") === word);
    const alike = groups(rows, (/** @type {any} */ row) => `${row.subject.layer} ${row.clause}`);
    return [el("h2", { class: `sign-${grade}` }, said(rows[0], "verdict")), alike.map((some) => fewOf(some, ruleItem, some[0].subject.layer))];
  });
}

/** @param {any} row */
const ruleItem = (row) => el("li", {},
  row.subject.name ?? row.subject.id, " · ", distance(row.distance_m), isMissing(row.required_m) ? "" : ` / ${required(row.required_m)}`, " · ", row.clause ?? t("no_rule_short"), " · ", row.certainty ? t(row.certainty) : "",
  row.line ? [" ", el("button", { type: "button", class: "link", on: { click: () => { drawReasonLines([{ line: row.line, label: distance(row.distance_m) }]); flyToGeometry(row.line); } } }, t("show_line"))] : null);

/** What nothing is said of: many classes open behind their number. @param {any[]} kinds */
function notShown(kinds) {
  if (kinds.length <= MOST_KINDS) return el("p", { class: "notice" }, t("not_shown", { titles: kinds.map((kind) => said(kind)).join(t("list_comma")) }));
  return el("details", { class: "notice" }, el("summary", {}, t("not_shown_n", { n: kinds.length })), el("ul", {}, kinds.map((kind) => el("li", {}, said(kind)))));
}

function showWorks() {
  if (!map || !state.notice) return;
  drawSite(state.notice.works);
  drawReasonLines((newest(state.notice).lines ?? []).length ? shortest(newest(state.notice)) : []);
  flyToGeometry(state.notice.works);
}

/** Shortest lines with their lengths: of many things of a kind the nearest and the governing one. @param {any} answer */
const shortest = (answer) => drawnRows(answer.touched).map((/** @type {any} */ row) => ({ line: row.line, label: distance(row.distance_m) }));

openForPrint();
start();
