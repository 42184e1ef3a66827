/** 选址评估 on the map: draw a site, choose the kind of project, read the verdict with its reasons. */
import { getJson, postJson } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { Drawing, drawSite, measured } from "./drawing.js";
import { area, distance, isMissing, lineLabel, number } from "./formats.js";
import { drawReasonLines } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { map } from "./mapview.js";
import { closePanel, drawPanel, loadIntoPanel, openPanel, say } from "./panel.js";
import { conflictNumbers, verifiedLine, withClause } from "./feature_panel.js";
import { assumptionMark, clauseLine, section, verdictMark } from "./reasons.js";
import { said, t } from "./texts.js";
import { endangersPart, forgetEndangers } from "./what_if.js";

const LINES_SHOWN = 12;

/** What the person entered; kept while the page is open, never in the address. */
const site = {
  /** @type {any} */ geometry: null,
  projectType: "",
  isNew: true,
  nPersons: "",
  name: "",
  chemical: "",
  amount: "",
};
/** @type {any[]|null} */
let projectTypes = null;
/** @type {Drawing|null} */
let drawing = null;
/** @type {(layer: string, id: string) => void} */
let openFeature = () => undefined;

export const isDrawing = () => drawing !== null;

/** @param {(layer: string, id: string) => void} open */
export function wireSiting(open) {
  openFeature = open;
}

/** Opens the tool: the form, with a drawing to begin. */
export async function openSiting() {
  await loadIntoPanel(() => t("siting"), async () => {
    projectTypes ??= await loadProjectTypes();
    return { title: () => t("siting"), body: () => form(), onClose: endSiting, staysUnder: true };
  }, { focus: true, onClose: endSiting, staysUnder: true });
}

async function loadProjectTypes() {
  const answer = await getJson("/api/project-types");
  return Array.isArray(answer) ? answer : (answer.project_types ?? answer.types ?? []);
}

/** Leaves nothing of the tool on the map. */
function endSiting() {
  stopDrawing();
  drawSite(null);
  drawReasonLines([]);
  forgetEndangers();
}

function stopDrawing() {
  drawing?.stop();
  drawing = null;
  byId("tool-strip").hidden = true;
}

/** Gives up the drawing; true if there was one. */
export function cancelDrawing() {
  if (!drawing) return false;
  drawing.cancel();
  return true;
}

/** @param {"point"|"polygon"} kind */
function startDrawing(kind) {
  stopDrawing();
  drawReasonLines([]);
  site.geometry = null;
  drawing = new Drawing(kind, {
    onChange: drawStrip,
    onDone: (geometry) => {
      site.geometry = geometry;
      stopDrawing();
      drawPanel();
      say(t("site_drawn", { size: sizeText() }));
      byId("site-check").focus();
    },
    onCancel: () => { stopDrawing(); drawPanel(); },
  });
  drawing.start();
  drawPanel();
  map.getCanvas().focus();
}

/** @param {Drawing} current */
function drawStrip(current) {
  const strip = byId("tool-strip");
  const problem = current.problem();
  const size = current.kind === "polygon" && current.vertices.length > 2 ? measured(current.vertices) : null;
  strip.hidden = false;
  put(strip,
    el("span", { class: problem === "draw_crosses" ? "strip-problem" : "" }, problem ? t(problem) : t("draw_ready")),
    size ? el("span", {}, t("live_size", { area: area(size.area_m2), perimeter: distance(size.perimeter_m) })) : null,
    current.kind === "polygon" ? el("button", { type: "button", class: "button small", disabled: !current.vertices.length,
      on: { click: () => current.undo() } }, t("undo_point")) : null,
    current.kind === "polygon" ? el("button", { type: "button", class: "button small primary", disabled: Boolean(problem),
      on: { click: () => current.finish() } }, t("finish")) : null,
    el("button", { type: "button", class: "button small", on: { click: () => current.cancel() } }, t("cancel")));
}

/** Keys while drawing: Space adds at the middle of the map, Enter finishes, Backspace takes back, Escape gives up.
 *  @param {KeyboardEvent} event @returns {boolean} whether the key was used */
export function drawingKey(event) {
  if (!drawing) return false;
  const target = /** @type {HTMLElement} */ (event.target);
  if (target.closest("input, select, textarea, button") && event.key !== "Escape") return false;
  const { lng, lat } = map.getCenter();
  if (event.key === " ") drawing.add([lng, lat]);
  else if (event.key === "Enter") drawing.finish();
  else if (event.key === "Backspace") drawing.undo();
  else if (event.key === "Escape") drawing.cancel();
  else return false;
  event.preventDefault();
  return true;
}

function sizeText() {
  const { geometry } = site;
  if (!geometry) return "";
  if (geometry.type === "Point") return t("one_point");
  const size = measured(geometry.coordinates[0].slice(0, -1));
  return `${area(size.area_m2)} · ${distance(size.perimeter_m)}`;
}

/** @param {any} [problem] */
function form(problem) {
  return [
    el("p", { class: "muted" }, t("siting_intro")),
    problem ?? null,
    section(t("step_place"),
      el("div", { class: "actions" },
        el("button", { id: "draw-polygon", type: "button", class: "button", "aria-pressed": String(drawing?.kind === "polygon"),
          on: { click: () => startDrawing("polygon") } }, t("draw_area")),
        el("button", { id: "draw-point", type: "button", class: "button", "aria-pressed": String(drawing?.kind === "point"),
          on: { click: () => startDrawing("point") } }, t("draw_point"))),
      el("p", { id: "site-size", class: site.geometry ? "" : "muted" }, site.geometry ? t("site_drawn", { size: sizeText() }) : t("draw_hint")),
      el("p", { class: "muted small phone-only" }, t("draw_on_computer"))),
    el("form", { id: "site-form", novalidate: true, on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); check(); } } },
      section(t("step_project"), projectFields()),
      el("button", { id: "site-check", type: "submit", class: "button primary wide" }, t("check_site"))),
  ];
}

function projectFields() {
  const types = (projectTypes ?? []).map((type) => el("option", { value: type.id, selected: type.id === site.projectType }, said(type)));
  const placeholder = el("option", { value: "", selected: !site.projectType }, t("choose"));
  const keep = (/** @type {keyof typeof site} */ key) => (/** @type {any} */ event) => { /** @type {any} */ (site)[key] = event.target.value; };
  return [
    field("site-type", t("project_type"), el("select", { id: "site-type", required: true, on: { change: (/** @type {any} */ e) => { site.projectType = e.target.value; drawPanel(); byId("site-type").focus(); } } }, placeholder, types)),
    field("site-kind", t("project_kind"), el("select", { id: "site-kind", on: { change: (/** @type {any} */ e) => { site.isNew = e.target.value === "new"; } } },
      el("option", { value: "new", selected: site.isNew }, t("new_project")), el("option", { value: "existing", selected: !site.isNew }, t("existing_project")))),
    field("site-persons", t("most_persons"), el("input", { id: "site-persons", type: "number", min: 0, max: 1000000, step: 1, inputmode: "numeric",
      value: site.nPersons, on: { input: keep("nPersons") } }), t("most_persons_hint")),
    isHazardous() ? [
      field("site-chemical", t("what_if_chemical"), el("input", { id: "site-chemical", type: "text", maxlength: 100, autocomplete: "off", value: site.chemical, on: { input: keep("chemical") } }), t("siting_chemical_hint")),
      field("site-amount", t("what_if_amount"), el("input", { id: "site-amount", type: "text", inputmode: "decimal", maxlength: 20, autocomplete: "off", value: site.amount, on: { input: keep("amount") } })),
    ] : null,
    field("site-name", t("project_name"), el("input", { id: "site-name", type: "text", maxlength: 100, autocomplete: "off", value: site.name, on: { input: keep("name") } })),
  ];
}

/** Whether the chosen kind of project is itself a danger. */
const isHazardous = () => Boolean((projectTypes ?? []).find((type) => type.id === site.projectType)?.is_hazardous);

/** @param {string} id @param {string} label @param {HTMLElement} control @param {string} [hint] */
function field(id, label, control, hint) {
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return el("div", { class: "field" }, el("label", { for: id }, label), control, hint ? el("p", { id: `${id}-hint`, class: "muted small" }, hint) : null);
}

/** What is still missing, as text key and the control it concerns. */
function missing() {
  const wanted = [];
  if (!site.geometry) wanted.push(["missing_geometry", "draw-polygon"]);
  if (!site.projectType) wanted.push(["missing_type", "site-type"]);
  if (site.nPersons !== "" && !/^\d{1,7}$/.test(site.nPersons)) wanted.push(["wrong_persons", "site-persons"]);
  if (isHazardous() && site.chemical && !/^\d+(\.\d+)?$/.test(site.amount.trim())) wanted.push(["what_if_need_amount", "site-amount"]);
  return wanted;
}

/** @param {string[][]} wanted */
function showMissing(wanted) {
  const go = (/** @type {string} */ id) => (/** @type {Event} */ event) => { event.preventDefault(); byId(id).focus(); };
  const summary = el("div", { id: "form-errors", class: "notice error-box", role: "alert", tabindex: -1 }, el("p", {}, t("form_errors")),
    el("ul", {}, wanted.map(([key, id]) => el("li", {}, el("a", { href: `#${id}`, on: { click: go(id) } }, t(key))))));
  openPanel({ title: () => t("siting"), body: () => form(summary), onClose: endSiting, staysUnder: true });
  drawSite(site.geometry);
  for (const [key, id] of wanted) byId(id).after(el("p", { class: "field-error" }, t(key)));
  byId("form-errors").focus();
}

async function check() {
  stopDrawing();
  const wanted = missing();
  if (wanted.length) return showMissing(wanted);
  await loadIntoPanel(() => t("checking"), async () => verdictContent(await ask()), { focus: true, onClose: endSiting, staysUnder: true });
}

function ask() {
  const body = {
    geometry: site.geometry, project_type: site.projectType, is_new: site.isNew,
    n_persons: site.nPersons === "" ? null : Number(site.nPersons), name: site.name || null,
    chemical: (isHazardous() && site.chemical.trim()) || null, amount_t: isHazardous() && site.chemical.trim() ? Number(site.amount) : null,
  };
  return postJson(`/api/site-checks?ed=${encodeURIComponent(shown.catalog.edition.edition)}`, Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)));
}

/** @param {any} answer */
function verdictContent(answer) {
  return {
    title: () => t("siting_result"),
    announce: () => said(answer.verdict),
    onClose: endSiting,
    staysUnder: true,
    body: () => {
      markOnMap(answer);
      return verdict(answer);
    },
  };
}

/** The site and the shortest lines; drawn again when one comes back to the verdict. @param {any} answer */
function markOnMap(answer) {
  drawSite(site.geometry);
  drawReasonLines((answer.reasons ?? []).filter((/** @type {any} */ reason) => reason.line).slice(0, LINES_SHOWN).map(asLine));
}

/** @param {any} reason */
const asLine = (reason) => ({ line: reason.line, label: lineLabel(reason) });

/** @param {any} answer */
function verdict(answer) {
  const { reasons = [] } = answer;
  return [
    el("div", { class: `verdict verdict-${answer.verdict.id}` }, verdictMark(answer.verdict.id), el("p", { class: "verdict-title" }, said(answer.verdict))),
    el("p", { class: "muted small" }, t("verdict_basis", { edition: shown.catalog.edition.label, rules: shortHash(answer.rules_version), ref: answer.ref ?? "—" })),
    reasons.length ? section(t("reasons", { n: reasons.length }), el("ol", { class: "reasons" }, reasons.map(reasonItem))) : null,
    answer.endangers ? endangersPart(answer.endangers) : null,
    listPart("no_rule_title", answer.no_rule),
    listPart("not_assessed_title", answer.not_assessed),
    passed(answer.passed ?? []),
    el("p", { class: "notice disclaimer" }, said(answer, "disclaimer")),
    el("div", { class: "actions" },
      el("button", { type: "button", class: "button", on: { click: () => flyToGeometry(site.geometry) } }, t("zoom_to")),
      el("button", { type: "button", class: "button", on: { click: () => change() } }, t("change_site")),
      el("button", { type: "button", class: "button", on: { click: () => closePanel() } }, t("close"))),
  ];
}

/** @param {any} text */
const shortHash = (text) => (/^[0-9a-f]{12,}$/.test(String(text)) ? String(text).slice(0, 8) : (text ?? "—"));

function change() {
  drawReasonLines([]);
  forgetEndangers();
  openPanel({ title: () => t("siting"), body: () => form(), onClose: endSiting, staysUnder: true }, { focus: true });
  drawSite(site.geometry);
}

/** @param {any} reason */
function reasonItem(reason) {
  const { object } = reason;
  const show = () => {
    drawReasonLines([asLine(reason)]);
    flyToGeometry({ type: "GeometryCollection", geometries: [reason.line, site.geometry] });
  };
  return el("li", { class: "reason" },
    el("div", { class: "reason-title" }, el("span", { class: "gravity" }, gravitySign(reason)), said(reason)),
    object?.id && object?.layer ? el("button", { type: "button", class: "link", on: { click: () => openFeature(object.layer, object.id) } }, object.name || object.id) :
      object?.name ? el("span", {}, object.name) : null,
    isMissing(reason.actual_m) && isMissing(reason.required_m) ? null : conflictNumbers(reason),
    said(reason, "text") ? el("p", { class: "reason-text" }, said(reason, "text"), " ", assumptionMark(reason.is_assumption)) : null,
    clauseLine(withClause(reason)),
    verifiedLine(reason.source_type),
    reason.line ? el("button", { type: "button", class: "button small", on: { click: show } }, t("show_line")) : null);
}

/** Signs of the verdicts by their rank. */
const SIGNS = ["", "✕", "?", "!", "✓"];

/** @param {any} reason its gravity is the rank of the verdict that it alone would bring */
const gravitySign = (reason) => SIGNS[reason.gravity] ?? "!";

/** @param {string} key @param {any[]|undefined} rows */
function listPart(key, rows) {
  if (!rows?.length) return null;
  const text = (/** @type {any} */ row) => (typeof row === "string" ? row : said(row, "") || said(row, "text") || said(row) || row.topic || "");
  return section(t(key, { n: rows.length }), el("ul", { class: "plain" }, rows.map((row) => el("li", {}, "? ", text(row)))));
}

/** @param {any[]} rows */
function passed(rows) {
  if (!rows.length) return null;
  const text = (/** @type {any} */ row) => (typeof row === "string" ? row : said(row, "text") || said(row) || said(row, "") || row.rule_id || "");
  return el("details", { class: "part" }, el("summary", {}, t("passed_title", { n: number(rows.length) })),
    el("ul", { class: "plain" }, rows.map((row) => el("li", {}, "✓ ", text(row), clauseLine(row)))));
}
