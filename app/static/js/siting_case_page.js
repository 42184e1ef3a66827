/** One siting case: place, project, check, conclusion; a draft is saved while it is filled in, a judged case is read only. */
import { ApiError, change, getJson, postJson } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { crossesItself, Drawing, measured } from "./drawing.js";
import { area, distance } from "./formats.js";
import { withEdition } from "./frame.js";
import { drawOwn, drawReasonLines, feature } from "./map_drawings.js";
import { extentOf, flyToGeometry } from "./map_sight.js";
import { map } from "./mapview.js";
import { errorBox, errorText, say } from "./panel.js";
import { liesIn, parcelAt, parcelLayers, showParcels, snapped } from "./site_map.js";
import { conclusion, forgetTrial } from "./siting_conclusion.js";
import { emptyForm, missing, newPart, projectFields, requestOf, summary } from "./siting_form.js";
import { ground } from "./siting_words.js";
import { said, t } from "./texts.js";
import { keepingFocus, loadInto, startMap, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const NEW = "new";
const SAVE_AFTER_MS = 2000;
const LEAST_SIDE_DEG = 0.0015;
const STEPS = ["site_step_place", "site_step_project", "step_check", "step_conclusion"];
const state = {
  ref: decodeURIComponent(location.pathname.split("/").pop() ?? ""), step: 1,
  /** @type {any} */ choices: null,
  form: emptyForm(),
  /** @type {any} */ kept: null,
  /** @type {Drawing|null} */ drawing: null, redrawn: -1,
  /** @type {string} */ saved: "", timer: 0,
  /** @type {Promise<void>|null} */ begun: null,
  /** @type {ApiError|null} */ error: null,
  /** @type {any[]} */ wanted: [], isBusy: false,
  /** @type {any[]} */ hits: [], isPicking: false,
};
const workspace = {
  keys: [], regions: ["search", "page-title", "case", "map-canvas"], draw: () => keepingFocus(drawAll), onEdition: load, goHome: showSite,
  onEscape: () => (state.isPicking ? endPicking() : state.drawing?.cancel()),
};

async function start() {
  if (!(await startWorkspace(workspace))) return;
  await Promise.all([startMap(workspace), load()]);
  document.addEventListener("keydown", drawingKey);
  wireKeys(workspace);
  showSite();
}

function load() {
  return loadInto(byId("case"), async () => {
    drawTitle();
    state.choices ??= await getJson("/api/site-checks/choices");
    if (state.ref !== NEW) await readCase();
    drawAll();
  });
}

/** @param {Record<string, any>} more a form that is copied, and from which case */
async function beginDraft(more) {
  const draft = await postJson("/api/site-drafts", { form: state.form, ...more });
  state.ref = draft.ref;
  state.saved = draft.saved_at;
  history.replaceState(null, "", withEdition(`/siting/${encodeURIComponent(draft.ref)}`));
}

/** The draft of a new case: made at the first thing that is entered, and once. */
function ensureDraft() {
  if (state.ref !== NEW) return Promise.resolve();
  state.begun ??= beginDraft({}).then(drawTitle).finally(() => { state.begun = null; });
  return state.begun;
}

/** A judged case, else a draft. */
async function readCase() {
  const told = await getJson(`/api/site-checks/${encodeURIComponent(state.ref)}?draft=1`);
  if (told.draft) {
    state.form = { ...emptyForm(), ...told.draft.form };
    state.saved = told.draft.saved_at;
  } else {
    state.kept = told;
    state.step = 4;
  }
}

/* Drawing the page */

function drawTitle() {
  const title = state.ref === NEW ? t("new_assessment") : t("case_title", { ref: state.ref, name: state.kept?.request.name ?? state.form.name });
  byId("page-title").textContent = title;
  titlePage(title);
}

function drawAll() {
  drawTitle();
  byId("all-cases").setAttribute("href", withEdition("/siting"));
  put(byId("steps"), steps(), savedLine());
  put(byId("case"), state.kept ? conclusion(state.kept, state.choices, { copy: copyCase, show: showSite }) : draftStep());
  showParts();
}

function steps() {
  return el("ol", { class: "steps" }, STEPS.map((key, i) => el("li", {}, el("button", {
    type: "button", "aria-current": state.step === i + 1 ? "step" : null, disabled: Boolean(state.kept) || i === 3, on: { click: () => go(i + 1) } }, `${i + 1} ${t(key)}`))));
}

function savedLine() {
  if (state.kept || !state.saved) return null;
  return el("span", { class: "saved", id: "saved", role: "status" }, t("draft_saved", { time: new Date(state.saved).toTimeString().slice(0, 5) }));
}

/** @param {number} step */
function go(step) {
  if (state.isPicking) endPicking();
  stopDrawing();
  state.step = step;
  state.error = null;
  drawAll();
  byId("page-title").focus();
}

function draftStep() {
  const next = (/** @type {number} */ step, /** @type {string} */ key) => el("button", { type: "button", class: "button primary", id: "next-step", on: { click: () => go(step) } }, t(key));
  const back = (/** @type {number} */ step) => el("button", { type: "button", class: "button", on: { click: () => go(step) } }, t("step_back"));
  if (state.step === 1) return [placeStep(), el("div", { class: "actions" }, next(2, "next_step"))];
  if (state.step === 2) return [el("div", { id: "problems" }, problems()), projectFields(state.form, state.choices, { keep: changed, redraw: () => { changed(); workspace.draw(); } }), el("div", { class: "actions" }, back(1), next(3, "next_step"))];
  return [state.error ? errorPart(state.error) : null, problems(), summary(state.form, state.choices.project_types, go),
    el("div", { class: "actions" }, back(2), el("button", { type: "button", class: "button primary", id: "judge", disabled: state.isBusy, on: { click: judge } }, t(state.isBusy ? "checking" : "check_site")))];
}

/** @param {ApiError} error */
const errorPart = (error) => el("div", { id: "form-errors", class: "notice error-box", role: "alert", tabindex: -1 }, el("p", {}, errorText(error)), el("p", { class: "muted small" }, t("kept_on_page", { code: error.code })));

function problems() {
  if (!state.wanted.length) return null;
  const focus = (/** @type {any} */ one) => (/** @type {Event} */ event) => { event.preventDefault(); go(one.step); document.getElementById(one.id)?.focus(); };
  return el("div", { id: "form-errors", class: "notice error-box", role: "alert", tabindex: -1 }, el("p", {}, t("form_errors")),
    el("ul", {}, state.wanted.map((one) => el("li", {}, el("a", { href: `#${one.id}`, on: { click: focus(one) } }, t(one.key, one.values))))));
}

/* Step 1 */

function placeStep() {
  const tool = (/** @type {"polygon"|"point"} */ kind, /** @type {string} */ key) => el("button", { id: `draw-${kind}`, type: "button", class: "button", "aria-pressed": String(state.drawing?.kind === kind), on: { click: () => startDrawing(kind, -1) } }, t(key));
  return [
    el("p", { class: "muted" }, t("siting_steps_intro")),
    el("form", { class: "field", role: "search", on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); findPlace(); } } }, el("label", { for: "place" }, t("find_place")),
      el("input", { id: "place", type: "search", maxlength: 80, autocomplete: "off", placeholder: t("find_place_hint") }),
      el("ul", { class: "places", id: "places" }, state.hits.map(hitItem))),
    el("div", { class: "actions draw-tools" }, tool("polygon", state.form.parts.length ? "add_part" : "draw_area"), tool("point", "draw_point"), parcelButton(), uploadButton()),
    el("p", { class: "notice computer-only" }, t("draw_on_computer_only")),
    el("p", { class: "muted small draw-tools" }, t("draw_keys"), " ", t("draw_snaps")),
    state.error ? errorPart(state.error) : null,
    state.form.parts.map(partBox),
  ];
}

/** Picking a parcel of the plan, where the edition has such. */
function parcelButton() {
  if (!parcelLayers(state.choices.parcel_layers).length) return null;
  return el("button", { id: "pick-parcel", type: "button", class: "button", "aria-pressed": String(state.isPicking), on: { click: () => (state.isPicking ? endPicking() : startPicking()) } }, t("pick_parcel"));
}

function startPicking() {
  stopDrawing();
  state.isPicking = true;
  showParcels(parcelLayers(state.choices.parcel_layers));
  map.on("click", pick);
  byId("crosshair").hidden = false;
  drawAll();
  say(t("pick_parcel_hint"));
  map.getCanvas().focus();
}

function endPicking() {
  state.isPicking = false;
  map.off("click", pick);
  byId("crosshair").hidden = true;
  drawAll();
}

/** Takes the parcel at a place as a part of the site. @param {{point: {x: number, y: number}}} event */
async function pick({ point }) {
  try {
    const geometry = await parcelAt(point, parcelLayers(state.choices.parcel_layers));
    if (!geometry) return say(t("pick_parcel_none"));
    for (const one of single(geometry)) state.form.parts.push(newPart(one, sizeOf(one)));
    state.error = null;
    changed();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.error = error;
  }
  endPicking();
}

function uploadButton() {
  const pick = el("input", { id: "site-file", type: "file", hidden: true, accept: ".geojson,.json,.zip,.dxf,.txt", on: { change: (/** @type {any} */ event) => upload(event.target.files[0]) } });
  return [el("button", { type: "button", class: "button", on: { click: () => pick.click() } }, t("upload_site")), pick];
}

/** @param {File|undefined} file */
async function upload(file) {
  if (!file) return;
  try {
    const answer = await fetch(`/api/site-geometries?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
    const found = await answer.json();
    if (!answer.ok) throw new ApiError(answer.status, found.error ?? {});
    state.error = null;
    for (const one of found.sites) for (const geometry of single(one.geometry)) state.form.parts.push(newPart(geometry, sizeOf(geometry)));
    changed();
    say(t("sites_read", { n: found.sites.length }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.error = error;
  }
  drawAll();
  showSite();
}

/** @param {any} geometry polygons apart @returns {any[]} */
const single = (geometry) => (geometry.type === "MultiPolygon" ? geometry.coordinates.map((/** @type {any} */ coordinates) => ({ type: "Polygon", coordinates })) : [geometry]);

/** @param {any} geometry */
const sizeOf = (geometry) => (geometry.type === "Polygon" ? measured(geometry.coordinates[0].slice(0, -1)).area_m2 : 0);

/** @param {any} part @param {number} i */
function partBox(part, i) {
  const drop = () => { state.form.parts.splice(i, 1); changed(); drawAll(); };
  const size = part.geometry.type === "Polygon" ? `${area(part.area_m2)} · ${t("site_perimeter", { d: distance(measured(part.geometry.coordinates[0].slice(0, -1)).perimeter_m) })}` : ground(0);
  return el("section", { class: "part" }, el("h3", {}, t("site_part", { n: i + 1 }), " · ", size), el("div", { class: "actions" },
    el("button", { type: "button", class: "button small", on: { click: () => flyToGeometry(part.geometry) } }, t("zoom_to")),
    el("button", { type: "button", class: "button small draw-tools", on: { click: () => startDrawing("polygon", i) } }, t("draw_again")),
    el("button", { type: "button", class: "button small", on: { click: drop } }, t("delete_part"))));
}

async function findPlace() {
  const text = /** @type {HTMLInputElement} */ (byId("place")).value.trim();
  if (!text) return;
  state.hits = (await getJson(`/api/search?q=${encodeURIComponent(text)}&limit=8`)).results.filter((/** @type {any} */ hit) => hit.lon != null);
  put(byId("places"), state.hits.length ? state.hits.map(hitItem) : el("li", {}, t("place_not_found", { text })));
  if (state.hits.length === 1) goTo(state.hits[0]);
}

/** A place that was found; of coordinates the datum that they would be in. @param {any} hit */
const hitItem = (hit) => el("li", {}, el("button", { type: "button", class: "link", on: { click: () => goTo(hit) } }, [hit.label, hit.sub, said(hit, "datum")].filter(Boolean).join(" · ")));

/** @param {any} hit */
function goTo(hit) {
  map.flyTo({ center: [hit.lon, hit.lat], zoom: Math.max(15, map.getZoom()), speed: 3 });
  map.getCanvas().focus();
}

/** @param {"polygon"|"point"} kind @param {number} redrawn the part that is drawn again, -1 for another one */
function startDrawing(kind, redrawn) {
  if (state.isPicking) endPicking();
  stopDrawing();
  state.redrawn = redrawn;
  const drawing = state.drawing = new Drawing(kind, { onChange: drawTools, onDone: keepPart, snap: snapped, onCancel: () => { stopDrawing(); drawAll(); } });
  const problem = drawing.problem.bind(drawing);
  drawing.problem = () => (drawing.vertices.some((at) => !liesIn(at, state.choices.outline)) ? "draw_outside" : problem());
  drawing.start();
  byId("crosshair").hidden = false;
  drawAll();
  map.getCanvas().focus();
}

/** @param {any} geometry */
function keepPart(geometry) {
  const part = newPart(geometry, sizeOf(geometry));
  if (state.redrawn < 0) state.form.parts.push(part);
  else Object.assign(state.form.parts[state.redrawn], { geometry, area_m2: part.area_m2 });
  stopDrawing();
  changed();
  drawAll();
  say(t("site_drawn", { size: ground(part.area_m2) }));
}

function stopDrawing() {
  state.drawing?.stop();
  state.drawing = null;
  byId("tool-strip").hidden = true;
  byId("crosshair").hidden = true;
}

/** @param {Drawing} drawing */
function drawTools(drawing) {
  const strip = byId("tool-strip");
  strip.hidden = false;
  const wrong = drawing.problem();
  const corners = drawing.vertices;
  const size = corners.length > 2 && !crossesItself(corners) ? measured(corners) : null;
  const act = (/** @type {string} */ key, /** @type {() => void} */ click, isOff = false, style = "") => el("button", { type: "button", class: `button small ${style}`, disabled: isOff, on: { click } }, t(key));
  put(strip, el("span", { class: wrong === "draw_crosses" || wrong === "draw_outside" ? "strip-problem" : "" }, t(wrong ?? "draw_can_finish")),
    size ? el("span", {}, t("live_size", { area: area(size.area_m2), perimeter: distance(size.perimeter_m) })) : null,
    act("undo_point", () => drawing.undo(), !corners.length), act("finish", () => drawing.finish(), Boolean(wrong), "primary"), act("cancel", () => drawing.cancel()));
}

/** Enter or Space adds at the crosshair, Backspace takes back, Ctrl+Enter finishes. @param {KeyboardEvent} event */
function drawingKey(event) {
  if ((!state.drawing && !state.isPicking) || /** @type {HTMLElement} */ (event.target).closest("input, select, textarea, button")) return;
  const { lng, lat } = map.getCenter();
  if (state.isPicking) {
    if (event.key === "Enter") pick({ point: map.project([lng, lat]) });
    return;
  }
  if (!state.drawing) return;
  if (event.key === "Enter" && event.ctrlKey) state.drawing.finish();
  else if (event.key === "Enter" || event.key === " ") state.drawing.add([lng, lat]);
  else if (event.key === "Backspace") state.drawing.undo();
  else return;
  event.preventDefault();
}

/** The parts on the map, but for what is being drawn. */
function showParts() {
  if (!map || state.drawing) return;
  const grounds = state.kept ? sentParts(state.kept.request) : state.form.parts;
  drawOwn("site", grounds.length ? grounds.map((/** @type {any} */ part) => feature(part.geometry)) : null);
}

/** @param {any} request */
const sentParts = (request) => request.parts ?? [request];

function showSite() {
  const grounds = state.kept ? sentParts(state.kept.request) : state.form.parts;
  if (!map) return;
  showParts();
  if (grounds.length) return flyToGeometry(withSurroundings({ type: "GeometryCollection", geometries: grounds.map((/** @type {any} */ part) => part.geometry) }));
  const [west, south, east, north] = shown.catalog.area.home;
  map.fitBounds([[west, south], [east, north]], { padding: 20, animate: false });
}

/** A box around the site that shows what lies beside it. @param {any} site */
function withSurroundings(site) {
  const box = extentOf(site);
  if (!box) return site;
  const [dx, dy] = [Math.max(LEAST_SIDE_DEG, (box[2] - box[0]) * 0.6), Math.max(LEAST_SIDE_DEG, (box[3] - box[1]) * 0.6)];
  return { type: "LineString", coordinates: [[box[0] - dx, box[1] - dy], [box[2] + dx, box[3] + dy]] };
}

/* Keeping and judging */

function changed() {
  clearTimeout(state.timer);
  state.wanted = state.wanted.length ? missing(state.form, state.choices.project_types) : [];
  const told = document.getElementById("problems");
  if (told) put(told, problems());
  state.timer = window.setTimeout(save, state.ref === NEW ? 0 : SAVE_AFTER_MS);
}

async function save() {
  clearTimeout(state.timer);
  try {
    await ensureDraft();
    state.saved = (await change("PUT", `/api/site-drafts/${encodeURIComponent(state.ref)}`, { form: state.form })).saved_at;
    put(byId("steps"), steps(), savedLine());
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("steps"), steps(), el("span", { class: "saved strip-problem", role: "alert" }, t("not_saved", { code: error.code }), " ", el("button", { type: "button", class: "link", on: { click: save } }, t("retry"))));
  }
}

async function judge() {
  state.wanted = missing(state.form, state.choices.project_types);
  state.error = null;
  if (state.wanted.length) {
    drawAll();
    return byId("form-errors").focus();
  }
  state.isBusy = true;
  drawAll();
  try {
    await ensureDraft();
    await save();
    await postJson(`/api/site-checks?ed=${encodeURIComponent(shown.catalog.edition.edition)}`, { ...requestOf(state.form, state.choices.project_types), draft: state.ref });
    await readCase();
    say(said(state.kept.verdict));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.error = error;
  }
  state.isBusy = false;
  drawAll();
  if (state.kept) showSite();
  byId(state.error ? "form-errors" : "page-title").focus();
}

/** Another alternative of a judged case: its form in a new draft. */
async function copyCase() {
  const { request, ref } = state.kept;
  const text = (/** @type {any} */ value) => (value === null || value === undefined ? "" : String(value));
  state.form = { ...emptyForm(), name: request.name ?? "", applicant: request.applicant ?? "", note: request.note ?? "", construction: request.construction ?? (request.is_new === false ? "extension" : "new"), starts_on: request.starts_on ?? "", ends_on: request.ends_on ?? "",
    parts: sentParts(request).map((/** @type {any} */ part) => ({ ...newPart(part.geometry, sizeOf(part.geometry)), project_type: part.project_type, n_persons: text(part.n_persons), height_m: text(part.height_m), installation: part.installation ?? "",
      chemicals: (part.chemicals ?? []).map((/** @type {any} */ row) => ({ chemical: row.chemical, amount_t: text(row.amount_t) })) })) };
  try {
    await beginDraft({ copied_from: ref });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return put(byId("case"), errorBox(error, copyCase));
  }
  Object.assign(state, { kept: null, step: 1 });
  drawReasonLines([]);
  forgetTrial();
  drawAll();
}

start();
