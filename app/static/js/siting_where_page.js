/** Where could it go: the free ground of the area for a kind of project, and the causes that close the rest. */
import { getJson, postJson } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { area, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { drawOwn, feature } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { map } from "./mapview.js";
import { errorBox, say } from "./panel.js";
import { notAssessedPart } from "./siting_words.js";
import { said, t } from "./texts.js";
import { loadInto, startMap, startWorkspace, titlePage, wireKeys } from "./workspace.js";
import { ApiError } from "./api.js";

const CELLS = [50, 100, 200, 500];
const form = { project_type: "", n_persons: "", min_area_m2: "", cell_m: 100, construction: "new" };
const state = {
  /** @type {any[]} */ types: [],
  /** @type {any} */ answer: null,
  isBusy: false,
  /** @type {any} */ error: null,
  chosen: -1,
};
const workspace = {
  keys: [], regions: ["search", "page-title", "case", "map-canvas"], draw: drawAll, onEdition: load, isShown: (/** @type {any} */ layer) => layer.group !== "risk", goHome,
};

async function start() {
  if (!(await startWorkspace(workspace))) return;
  await Promise.all([startMap(workspace), load()]);
  wireKeys(workspace);
}

function load() {
  return loadInto(byId("case"), async () => {
    state.types = (await getJson("/api/project-types")).project_types;
    state.answer = null;
    drawAll();
  });
}

function goHome() {
  const [west, south, east, north] = shown.catalog.area.home;
  map.fitBounds([[west, south], [east, north]], { padding: 20 });
}

function drawAll() {
  titlePage(t("where_title"));
  byId("page-title").textContent = t("where_title");
  byId("all-cases").setAttribute("href", withEdition("/siting"));
  put(byId("case"), el("p", { class: "muted" }, t("where_intro")), question(), state.error ? errorBox(state.error, ask) : null,
    state.isBusy ? el("p", { class: "notice", role: "status" }, t("where_busy")) : null, state.answer && !state.isBusy ? found(state.answer) : null);
}

function question() {
  const keep = (/** @type {string} */ name) => (/** @type {any} */ event) => { /** @type {any} */ (form)[name] = event.target.value; };
  const field = (/** @type {string} */ id, /** @type {string} */ key, /** @type {any} */ control) => el("div", { class: "field" }, el("label", { for: id }, t(key)), control);
  return el("form", { id: "where-form", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); ask(); } } },
    field("where-type", "project_type", el("select", { id: "where-type", required: true, on: { change: keep("project_type") } }, el("option", { value: "" }, t("choose")),
      state.types.map((type) => el("option", { value: type.id, selected: type.id === form.project_type }, said(type))))),
    el("div", { class: "two" },
      field("where-persons", "most_persons", el("input", { id: "where-persons", type: "number", min: 0, max: 1000000, step: 1, value: form.n_persons, on: { input: keep("n_persons") } })),
      field("where-area", "least_area", el("input", { id: "where-area", type: "number", min: 0, max: 1000, step: "any", value: form.min_area_m2, on: { input: keep("min_area_m2") } })),
      field("where-cell", "cell_size", el("select", { id: "where-cell", on: { change: keep("cell_m") } }, CELLS.map((size) => el("option", { value: size, selected: Number(form.cell_m) === size }, `${size} m`))))),
    el("button", { type: "submit", class: "button primary", disabled: state.isBusy }, t("where_ask")));
}

async function ask() {
  if (!form.project_type) return byId("where-type").focus();
  Object.assign(state, { isBusy: true, error: null, chosen: -1 });
  drawAll();
  const body = { project_type: form.project_type, cell_m: Number(form.cell_m), min_area_m2: Number(form.min_area_m2 || 0) * 1e4, ...(form.n_persons === "" ? {} : { n_persons: Number(form.n_persons) }) };
  try {
    state.answer = await postJson(`/api/site-areas?ed=${encodeURIComponent(shown.catalog.edition.edition)}`, body);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.error = error;
  }
  state.isBusy = false;
  drawAll();
  if (state.answer) {
    drawGround();
    say(t("where_found", { area: area(state.answer.free_area_m2), n: number(state.answer.n_free) }));
  }
}

/** Free ground green; the rest by its gravest cause, or only the cause chosen in the list. */
function drawGround() {
  const paint = (/** @type {string} */ name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const inks = ["", "--verdict-not-met", "--verdict-not-enough", "--verdict-permit", "--verdict-nothing-found"].map((name) => (name ? paint(name) : ""));
  const { free, closed } = state.answer;
  const rest = closed.features.filter((/** @type {any} */ one) => state.chosen < 0 || one.properties.cause === state.chosen);
  drawOwn("ground", [...rest.map((/** @type {any} */ one) => feature(one.geometry, { fill: inks[one.properties.rank], label: "" })),
    ...(state.chosen < 0 ? free.features.map((/** @type {any} */ one) => feature(one.geometry, { fill: inks[4], label: "" })) : [])]);
}

/** @param {any} answer */
function found(answer) {
  return [
    el("h2", {}, t("where_found", { area: area(answer.free_area_m2), n: number(answer.n_free) })),
    el("p", { class: "muted small" }, t("where_basis", { edition: answer.edition_label, cell: answer.cell_m, n: number(answer.n_cells) })),
    el("table", { class: "rows causes" }, el("caption", { class: "unseen" }, t("verdict_word")), el("tbody", {}, answer.verdicts.map((/** @type {any} */ verdict) =>
      el("tr", {}, el("th", { scope: "row" }, el("span", { class: `key-square key-${verdict.rank}`, "aria-hidden": "true" }), said(verdict)), el("td", { class: "figure" }, area(verdict.area_m2)))))),
    el("h3", {}, t("where_causes")),
    el("table", { class: "rows causes" }, el("thead", {}, el("tr", {}, ["cause", "clause", "area_word", "show"].map((key) => el("th", { scope: "col" }, t(key))))),
      el("tbody", {}, answer.causes.map(causeRow))),
    answer.free.features.length ? [el("h3", {}, t("where_largest")), el("ol", { class: "plain" }, answer.free.features.slice(0, 20).map((/** @type {any} */ one) => el("li", {},
      area(one.properties.area_m2), " ", el("button", { type: "button", class: "link", on: { click: () => flyToGeometry(one.geometry) } }, t("zoom_to")))))] : null,
    notAssessedPart(answer.not_assessed),
    el("p", { class: "notice" }, said(answer, "note"), answer.n_unplaced ? ` ${t("where_unplaced", { n: number(answer.n_unplaced) })}` : ""),
  ];
}

/** @param {any} cause @param {number} number_ */
function causeRow(cause, number_) {
  const hasGround = state.answer.closed.features.some((/** @type {any} */ one) => one.properties.cause === number_);
  const show = () => { state.chosen = state.chosen === number_ ? -1 : number_; drawAll(); drawGround(); };
  return el("tr", {}, el("th", { scope: "row" }, el("span", { class: `key-square key-${cause.gravity}`, "aria-hidden": "true" }), said(cause)), el("td", {}, cause.clause ?? MISSING), el("td", { class: "figure" }, area(cause.area_m2)),
    el("td", {}, hasGround ? el("button", { type: "button", class: "link", id: `cause-${number_}`, "aria-pressed": String(state.chosen === number_), on: { click: show } }, t("show_cause")) : MISSING));
}

start();
