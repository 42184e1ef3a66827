/** One line: what stands beside it, as a strip, a list and a map that share one stretch, one filter and one choice. */
import { ApiError, getJson } from "./api.js";
import { replaceAddress } from "./address.js";
import { fieldOf, layerById, codeTitle, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { conflictTable, countsLine, csvRows, inBands, isRemedied, kindWord } from "./conflict_rows.js";
import { calibrationPart } from "./calibration.js";
import { crossingsPart } from "./crossings.js";
import { saveCsv } from "./csv.js";
import { chainage, chainageMetres, distance, isMissing, lineLabel, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { wireIdentify } from "./identify.js";
import { lineHref, lineLayer, lineWord, loadLines } from "./lines.js";
import { drawOwn, feature, reasonParts } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { map } from "./mapview.js";
import { errorText, say } from "./panel.js";
import { drawStrip, stripKey } from "./strip.js";
import { lang, said, t } from "./texts.js";
import { keepingFocus, loadInto, startMap, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const BANDS_M = [5, 50, 200];
const FARTHEST_M = 1000;
const ROWS_SHOWN = 500;
const NEAR_PX = 8;
const LABELLED_LINES = 40;

/** The line's number, as the address has it. */
const lineId = decodeURIComponent(location.pathname.replace(/^\/[^/]+\//, ""));

const state = {
  /** @type {any[]} every line, to choose another */ lines: [],
  /** @type {any} */ line: null,
  /** @type {any} the line as the map has it */ placed: null,
  /** @type {any} */ answer: null,
  /** @type {any[]|null} what the line crosses; null while not known */ crossings: null,
  /** @type {any[]} conflicts, each with its index */ rows: [],
  bandsM: BANDS_M, chosenBands: new Set(BANDS_M), kind: "", isOpenOnly: false,
  /** @type {number|null} */ fromM: null,
  /** @type {number|null} */ toM: null, chosen: -1,
};

const workspace = {
  keys: ["k", "band"], regions: ["search", "page-title", "strip-title", "list-title", "map-canvas"], draw: drawAll, onEdition: loadAnew,
  isShown: (/** @type {any} */ layer) => layer.group !== "risk", goHome: showWhole, onEscape: () => choose(-1),
};

async function start() {
  const values = await startWorkspace(workspace);
  if (!values) return;
  takeAddress(values);
  await Promise.all([startMap(workspace).then(wireMap), load()]);
  drawMap();
  showWhole();
  wireKeys(workspace);
  new ResizeObserver(() => state.answer && drawStripPart()).observe(byId("strip-body"));
}

/** @param {Record<string, string>} values */
function takeAddress({ k, band }) {
  const [from, to] = (k ?? "").split("-").map(Number);
  if (k && Number.isFinite(from) && to > from) [state.fromM, state.toM] = [from, to];
  const chosen = (band ?? "").split(",").map(Number).filter((value) => value > 0 && value <= FARTHEST_M);
  if (!chosen.length) return;
  const own = chosen.filter((value) => value > BANDS_M[2]);
  state.bandsM = [...BANDS_M, ...own.slice(0, 1)];
  state.chosenBands = new Set(state.bandsM.filter((value) => chosen.includes(value)));
}

/** Another edition: nothing of the former stays. */
function loadAnew() {
  put(byId("strip-body"));
  put(byId("list-head"));
  state.rows = [];
  return load();
}

function load() {
  state.answer = null;
  byId("page-title").textContent = lineId;
  return loadInto(byId("list-body"), async () => {
    const edition = encodeURIComponent(shown.catalog.edition.edition);
    [state.lines] = await Promise.all([loadLines(), loadPlaced(edition)]);
    state.line = state.lines.find((line) => line.id === lineId) ?? { id: lineId };
    drawHead();
    await Promise.all([loadConflicts(edition), loadCrossings(edition)]);
    drawAll();
    say(t("n_conflicts", { n: state.rows.length }));
  });
}

/** The line and the features that refer to it. @param {string} edition */
async function loadPlaced(edition) {
  const layer = lineLayer();
  if (layer) state.placed = await getJson(`/api/features/${layer.id}/${lineId.split("/").map(encodeURIComponent).join("/")}?ed=${edition}`);
}

/** @param {string} edition */
async function loadCrossings(edition) {
  state.crossings = (await getJson(`/api/pipelines/${encodeURIComponent(lineId)}/crossings?ed=${edition}`)).crossings;
}

/** @param {string} edition */
async function loadConflicts(edition) {
  const buffer = state.bandsM[state.bandsM.length - 1];
  state.answer = null;
  state.rows = [];
  try {
    state.answer = await getJson(`/api/pipelines/${encodeURIComponent(lineId)}/conflicts?buffer_m=${buffer}&ed=${edition}`);
    const { follow_ups: entries } = await getJson(`/api/follow-ups?pipeline_id=${encodeURIComponent(lineId)}`);
    const entryOf = (/** @type {any} */ row) => entries.find((/** @type {any} */ entry) => row.violation_id && entry.violation_id === row.violation_id);
    state.rows = state.answer.conflicts.map((/** @type {any} */ row, /** @type {number} */ index) => ({ ...row, index, entry: entryOf(row) }));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 422) throw error;
    state.answer = { refused: error };
  }
  const { fromM, toM, answer } = state;
  if (fromM !== null && (fromM >= answer.end_chainage_m || (toM ?? 0) <= answer.start_chainage_m)) [state.fromM, state.toM] = [null, null];
}

/* What is shown */

const ends = () => ({ startM: state.answer.start_chainage_m, endM: state.answer.end_chainage_m });
const stretch = () => ({ fromM: Math.max(state.fromM ?? -Infinity, ends().startM), toM: Math.min(state.toM ?? Infinity, ends().endM) });

/** Rows of the chosen bands and kinds, anywhere along the line. */
const beside = () => state.rows.filter((row) => !(state.isOpenOnly && isRemedied(row)) && inBands(row.distance_m, state.bandsM, state.chosenBands) && (!state.kind || kindKey(row) === state.kind || row.object.layer === state.kind));

/** The same within the stretch that is brushed. */
function filtered() {
  const { fromM, toM } = stretch();
  return beside().filter((row) => row.chainage_m >= fromM && row.chainage_m <= toM);
}

/** @param {any} row */
const kindKey = (row) => `${row.object.layer}/${row.object.category ?? ""}`;

function drawAll() {
  drawHead();
  drawResults();
}

const drawResults = () => keepingFocus(drawParts);

function drawParts() {
  if (!state.answer) return;
  if (state.answer.refused) drawRefused(state.answer.refused);
  else {
    drawStripPart();
    drawList();
  }
  drawMap();
}

function drawHead() {
  const { line } = state;
  if (!line) return;
  byId("page-title").textContent = line.name ?? line.id;
  titlePage(line.name ?? line.id);
  byId("all-lines").setAttribute("href", withEdition("/pipelines"));
  put(byId("query"), lineChoice(), chainageFields(), bandChoice(), kindChoice(), openChoice(),
    el("button", { type: "submit", class: "button primary" }, t("ask")),
    el("p", { class: "line-facts" }, factsOf(line)));
  byId("query").onsubmit = onAsk;
  byId("warning").textContent = said(state.answer, "warning") || t("dig_warning");
}

/** @param {any} line */
function factsOf(line) {
  const facts = [line.id, lineWord(line, "kind"), lineWord(line, "medium"), isMissing(line.diameter_mm) ? "" : `DN ${number(line.diameter_mm, 0)} mm`, isMissing(line.pressure_mpa) ? "" : `${number(line.pressure_mpa)} MPa`,
    isMissing(line.length_m) ? "" : t("length_of", { length: distance(line.length_m) }), line.operator, lineWord(line, "status")];
  return facts.filter(Boolean).join(" · ").replace("DN ", "⌀ ");
}

function lineChoice() {
  const kinds = [...new Set(state.lines.map((line) => line.kind))];
  const option = (/** @type {any} */ line) => el("option", { value: line.id, selected: line.id === lineId }, line.name ?? line.id);
  return el("label", { class: "ask ask-line" }, el("span", {}, t("line")), el("select", { id: "line" },
    kinds.map((kind) => el("optgroup", { label: lineWord({ kind }, "kind") || t("no_data") }, state.lines.filter((line) => line.kind === kind).map(option)))));
}

function chainageFields() {
  const { fromM, toM } = state.answer && !state.answer.refused ? stretch() : { fromM: state.line.start_chainage_m, toM: state.line.end_chainage_m };
  const field = (/** @type {string} */ id, /** @type {string} */ label, /** @type {number} */ value) =>
    el("input", { id, class: "chainage-field", type: "text", value: chainage(value), "aria-label": label, autocomplete: "off", maxlength: 14, on: { change: takeFields } });
  return el("div", { class: "ask", role: "group", "aria-label": t("chainages") }, el("span", {}, t("chainages")), el("span", { class: "pair" }, field("from", t("chainage_from"), fromM), " – ", field("to", t("chainage_to"), toM),
    el("button", { type: "button", class: "button small", id: "whole-line", hidden: state.fromM === null, on: { click: () => brush(null, null, true) } }, t("whole_line"))),
    el("span", { id: "chainage-error", class: "field-error", role: "alert" }));
}

function bandChoice() {
  const box = (/** @type {number} */ band, /** @type {number} */ i) => el("label", { class: "check" },
    el("input", { type: "checkbox", value: band, checked: state.chosenBands.has(band), on: { change: onBand } }), `${state.bandsM[i - 1] ?? 0}–${band}`);
  const own = state.bandsM[3] ?? "";
  return el("fieldset", { class: "ask", id: "bands" }, el("legend", {}, `${t("distance_band")} m`), el("span", { class: "pair" }, state.bandsM.map(box),
    el("label", { class: "check" }, t("farther_to"), " ", el("input", { id: "own-band", type: "number", min: BANDS_M[2] + 1, max: FARTHEST_M, step: 1, value: own, on: { change: onOwnBand } }))));
}

function kindChoice() {
  const layers = [...new Set(state.rows.map((row) => row.object.layer))];
  const kinds = (/** @type {string} */ layer) => [...new Map(state.rows.filter((row) => row.object.layer === layer).map((row) => [kindKey(row), row.object])).entries()];
  const option = (/** @type {string} */ value, /** @type {string} */ word) => el("option", { value, selected: state.kind === value }, word);
  return el("label", { class: "ask" }, el("span", {}, t("objects")), el("select", { id: "kind", on: { change: (/** @type {any} */ event) => { state.kind = event.target.value; drawResults(); } } },
    option("", t("all")), layers.map((layer) => el("optgroup", { label: said(layerById(layer)) }, kinds(layer).map(([key, object]) => option(key, kindWord(object)))))));
}

const openChoice = () => el("label", { class: "check" }, el("input", { type: "checkbox", id: "open-only", checked: state.isOpenOnly, on: { change: (/** @type {any} */ event) => { state.isOpenOnly = event.target.checked; drawResults(); } } }), t("open_only"));

function drawStripPart() {
  if (!state.answer || state.answer.refused) return;
  const { thick, absent } = highConsequence();
  const picture = el("div", { class: "strip-holder" });
  const old = byId("strip-body").querySelector(".strip-holder") ?? picture;
  if (old === picture) put(byId("strip-body"), picture, el("div", { id: "strip-key" }));
  drawStrip(/** @type {HTMLElement} */ (old), { ...ends(), ...stretch(), bandsM: state.bandsM, rows: beside(), chosen: state.chosen, thick, medium: state.line.medium, leaps: state.answer.calibration?.equations ?? [] }, { onChoose: choose, onBrush: brush });
  put(byId("strip-key"), stripKey(filtered(), thick, absent), el("p", { class: "muted small" }, t("brush_hint")));
}

/** Stretches of the line that another layer grades; known by their fields. */
function highConsequence() {
  const isGraded = (/** @type {any} */ layer) => Boolean(layer && fieldOf(layer, "from_m") && fieldOf(layer, "to_m") && fieldOf(layer, "grade"));
  const layer = shown.catalog.layers.find(isGraded);
  if (!layer?.n_features) return { thick: [], absent: layer ? t("hca_not_made") : null };
  const found = state.placed?.properties.related?.find((/** @type {any} */ entry) => isGraded(layerById(entry.layer)))?.features ?? [];
  const thick = found.map((/** @type {any} */ entry) => ({ ...entry, title: `${said(layer)} ${codeTitle(fieldOf(layer, "grade"), entry.grade) ?? ""}` }));
  return { thick, absent: t("hca_none") };
}

function drawList() {
  const rows = filtered();
  const listed = rows.slice(0, ROWS_SHOWN);
  put(byId("list-head"), countsLine(rows, state.rows.length),
    el("span", { class: "paper-links" }, el("button", { type: "button", class: "button small", id: "save-csv", disabled: !rows.length, on: { click: save } }, t("save_csv")),
      paperLink("docx", "export_word"), paperLink("xlsx", "export_excel")));
  if (!rows.length) return put(byId("list-body"), nothingFound(), crossed());
  put(byId("list-body"), conflictTable(listed, state.chosen, choose),
    rows.length > listed.length ? el("p", { class: "notice" }, t("first_rows", { shown: ROWS_SHOWN, n: number(rows.length) })) : null, crossed());
}

/** The list as it is filtered, as a file that the server makes. @param {string} format @param {string} key */
function paperLink(format, key) {
  const { fromM, toM } = stretch();
  /** @type {Record<string, string>} */
  const query = { format, lang: lang(), bands: [...state.chosenBands].join(","), kind: state.kind, open: state.isOpenOnly ? "1" : "0", ed: String(shown.catalog.edition.edition) };
  if (state.fromM !== null) Object.assign(query, { from_m: String(fromM), to_m: String(toM) });
  return el("a", { class: "button small", id: `export-${format}`, download: "", href: `/api/pipelines/${encodeURIComponent(lineId)}/conflict-list?${new URLSearchParams(query)}` }, t(key));
}

/** Crossings of the stretch that is brushed, and how its chainage comes about. */
function crossed() {
  const { fromM, toM } = stretch();
  const rows = state.crossings?.filter((row) => (row.to_chainage_m ?? row.chainage_m) >= fromM && row.chainage_m <= toM) ?? null;
  return [crossingsPart(rows, (row) => flyToGeometry(row.line)), calibrationPart(state.answer.calibration)];
}

function nothingFound() {
  const isFiltered = state.rows.length > 0;
  const words = isFiltered ? t("none_of_filter", { n: number(state.rows.length) }) : t("nothing_beside", { band: state.answer.buffer_m });
  return el("div", { class: "notice", id: "nothing" }, el("p", {}, words), el("p", {}, t("not_found_not_safe")),
    isFiltered ? el("button", { type: "button", class: "button", on: { click: forget } }, t("show_all")) : null);
}

/** No rule covers the line: that is told, and nothing is judged. @param {ApiError} error */
function drawRefused(error) {
  put(byId("strip-body"), el("p", { class: "muted" }, t("strip_not_drawn")));
  put(byId("list-head"));
  put(byId("list-body"), el("div", { class: "notice", id: "no-rule" }, el("p", {}, el("strong", {}, errorText(error))),
    el("p", {}, t("no_rule_for_line")), el("p", { class: "muted" }, t("error_code", { code: error.code }))));
}

/* The map */

function wireMap() {
  wireIdentify((hits, place) => {
    const at = map.project(place);
    const box = [[at.x - NEAR_PX, at.y - NEAR_PX], [at.x + NEAR_PX, at.y + NEAR_PX]];
    const own = map.queryRenderedFeatures(box, { layers: ["reason-line", "reason-end", "reason-casing"] })[0];
    const rows = filtered();
    const row = own ? rows.find((one) => one.index === own.properties.index) : rows.find((one) => hits.some((hit) => hit.layer.id === one.object.layer && hit.id === one.object.id));
    if (row) choose(row.index, false);
  }, () => true);
}

function drawMap() {
  if (!map?.getSource("selection")) return;
  const rows = state.answer && !state.answer.refused ? filtered().filter((row) => row.line) : [];
  const isLabelled = rows.length <= LABELLED_LINES;
  drawOwn("reason-lines", rows.flatMap((row) => reasonParts(row.line, isLabelled || row.index === state.chosen ? lineLabel({ actual_m: row.distance_m }) : "", row.index === state.chosen ? { index: row.index, isRinged: true } : { index: row.index })));
  const chosen = rows.find((row) => row.index === state.chosen);
  const ring = chosen && feature({ type: "Point", coordinates: chosen.line.type === "Point" ? chosen.line.coordinates : chosen.line.coordinates.at(-1) }, { label: "" });
  drawOwn("selection", [...lineParts().map((part) => feature({ type: "LineString", coordinates: part })), ring].filter(Boolean));
}

/** The parts of the line, each a list of positions. @returns {number[][][]} */
function lineParts() {
  const geometry = state.placed?.geometry;
  if (!geometry) return [];
  return geometry.type === "LineString" ? [geometry.coordinates] : geometry.coordinates;
}

function showWhole() {
  if (map && state.placed?.geometry) flyToGeometry(state.placed.geometry);
}

/* What the person does */

/** @param {number} index -1 for none @param {boolean} [fly] */
function choose(index, fly = true) {
  state.chosen = index === state.chosen && !fly ? -1 : index;
  drawResults();
  const row = state.rows.find((one) => one.index === state.chosen);
  if (!row) return;
  document.querySelector(`[data-row="${row.index}"]`)?.scrollIntoView({ block: "nearest" });
  if (fly && row.line && map) flyToGeometry(row.line);
}

/** The stretch to which strip, list and map are narrowed; null is the line's end. @param {number|null} fromM @param {number|null} toM
 *  @param {boolean} isFinal false while a drag goes on */
function brush(fromM, toM, isFinal) {
  const { startM, endM } = ends();
  const isWhole = fromM === null || (Math.round(fromM) <= Math.round(startM) && Math.round(toM ?? endM) >= Math.round(endM));
  [state.fromM, state.toM] = isWhole ? [null, null] : [Math.round(fromM), Math.round(toM ?? endM)];
  if (!isFinal) return showFields();
  state.chosen = filtered().some((row) => row.index === state.chosen) ? state.chosen : -1;
  replaceAddress({ k: isWhole ? null : `${state.fromM}-${state.toM}` });
  showFields();
  drawResults();
  say(t("n_of_conflicts", { n: filtered().length, all: state.rows.length }));
}

function showFields() {
  const { fromM, toM } = stretch();
  /** @type {HTMLInputElement} */ (byId("from")).value = chainage(fromM);
  /** @type {HTMLInputElement} */ (byId("to")).value = chainage(toM);
  byId("whole-line").hidden = state.fromM === null;
  byId("chainage-error").textContent = "";
}

function takeFields() {
  if (!state.answer || state.answer.refused) return;
  const [from, to] = ["from", "to"].map((id) => chainageMetres(/** @type {HTMLInputElement} */ (byId(id)).value));
  const { startM, endM } = ends();
  if (from < to && from < endM && to > startM) return brush(Math.max(from, startM), Math.min(to, endM), true);
  byId("chainage-error").textContent = t("wrong_chainages", { from: chainage(startM), to: chainage(endM) });
}

/** @param {Event} event */
function onAsk(event) {
  event.preventDefault();
  const wanted = /** @type {HTMLSelectElement} */ (byId("line")).value;
  if (wanted !== lineId) location.assign(lineHref(wanted));
  else takeFields();
}

/** @param {any} event */
function onBand(event) {
  const band = Number(event.target.value);
  if (event.target.checked) state.chosenBands.add(band);
  else state.chosenBands.delete(band);
  noteBands();
  drawResults();
}

/** A band of the person's own, farther than those of the law. @param {any} event */
function onOwnBand(event) {
  const wanted = Math.round(Number(event.target.value));
  const isMeant = wanted > BANDS_M[2] && wanted <= FARTHEST_M;
  state.bandsM = isMeant ? [...BANDS_M, wanted] : BANDS_M;
  state.chosenBands = new Set([...state.chosenBands].filter((band) => BANDS_M.includes(band)));
  if (isMeant) state.chosenBands.add(wanted);
  noteBands();
  load();
}

function noteBands() {
  const chosen = state.bandsM.filter((band) => state.chosenBands.has(band));
  replaceAddress({ band: String(chosen) === String(BANDS_M) ? null : chosen.join(",") });
}

function forget() {
  Object.assign(state, { kind: "", isOpenOnly: false, chosenBands: new Set(state.bandsM), fromM: null, toM: null });
  noteBands();
  drawHead();
  brush(null, null, true);
}

/** The rows that are listed, as a file. */
function save() {
  const { fromM, toM } = stretch();
  const bands = state.bandsM.filter((band) => state.chosenBands.has(band)).map((band) => `${state.bandsM[state.bandsM.indexOf(band) - 1] ?? 0}–${band}`);
  const asked = `${chainage(fromM)}–${chainage(toM)}, ${bands.join(", ")} m${state.kind ? `, ${kindTitle()}` : ""}`;
  const name = state.line.name ?? lineId;
  saveCsv(`${name}_${shown.catalog.edition.label}.csv`, csvRows(filtered(), { name: `${name} (${lineId})`, asked, warning: said(state.answer, "warning") }));
}

const kindTitle = () => kindWord((state.rows.find((row) => kindKey(row) === state.kind) ?? state.rows[0]).object);

start();
