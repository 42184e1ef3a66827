/** Sheets, figures and atlases: what is wished, the frame on the map, the page as it will be printed. */
import { ApiError, getJson, postForFile, postJson } from "./api.js";
import { parseLayers, parseView, replaceAddress } from "./address.js";
import { drawnLayers, may, shown } from "./atlas.js";
import { drawAtlases, wireAtlases } from "./atlas_jobs.js";
import { byId, el, put } from "./dom.js";
import { knownFilters } from "./filters.js";
import { drawHills, isHilly } from "./hills.js";
import { applyFilters } from "./map_filters.js";
import { drawOwn, feature } from "./map_drawings.js";
import { setLayerVisible } from "./map_layers.js";
import { map } from "./mapview.js";
import { heldFor, scaleOfView } from "./paper_way.js";
import { errorBox, say } from "./panel.js";
import { sheetForm } from "./sheet_form.js";
import { said, t } from "./texts.js";
import { body, checkBody, wishes } from "./sheet_wishes.js";
import { keepingFocus, startMap, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const PREVIEW_DPI = 72;
const CHECK_AFTER_MS = 250;
/** Part of the frame's width that a button moves it. */
const STEP_SHARE = 0.2;

const state = {
  /** @type {any} */ checked: null,
  /** @type {any[]} */ towns: [],
  /** @type {number|undefined} */ timer: undefined,
  /** @type {{from: {lng: number, lat: number}, centre: [number, number]}|null} */ drag: null,
  picture: "",
};

const workspace = {
  keys: ["v", "l", "pol", "of", "rows", "flt"], regions: ["search", "sheet-form", "map-canvas", "preview-title", "jobs-title"], draw: drawAll,
  onEdition: () => { forgetPreview(); loadTowns().then(drawAll); if (shown.filters.size) applyFilters(); drawHills(); check(); }, goHome: showFrame, isShown: () => false,
};

async function start() {
  const values = await startWorkspace(workspace);
  if (!values) return;
  takeAddress(values);
  try {
    await loadTowns();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    titlePage(t("workspace_sheets"));
    return put(byId("sheet-form"), errorBox(error, () => location.reload()));
  }
  drawAll();
  wireAtlases(() => ({ ed: shown.catalog.edition.edition }));
  await startMap(workspace);
  drawHills();
  if (shown.filters.size) applyFilters();
  wireFrame();
  wireKeys(workspace);
  await check();
  showFrame();
}

/** The view, layers, filters and towns that another page sent along. @param {Record<string, string>} values */
function takeAddress(values) {
  const layers = parseLayers(values.l);
  wishes.layers = drawnLayers().filter((layer) => (layers ? layers.has(layer.id) : layer.visible)).map((layer) => layer.id);
  shown.visible = new Set(wishes.layers);
  shown.filters = knownFilters(values.flt, shown.catalog.layers);
  wishes.hills = isHilly();
  wishes.policy = values.pol || shown.catalog.policy;
  const view = parseView(values.v);
  wishes.scale = view ? scaleOfView(view) : 0;
  wishes.center = view && wishes.scale ? view.center : null;
  wishes.orientation = heldFor(shown.catalog.area.home);
  takeWords();
  wishes.subtitle = shown.catalog.edition.label;
  if (!may("sheets")) return;
  const [layer, ids] = splitOnce(values.rows ?? "");
  if (layer && ids) Object.assign(wishes, { mode: "atlas", rows: { layer, ids: ids.split(",") } });
  else if (values.of) Object.assign(wishes, { mode: "atlas", towns: values.of.split(",") });
}

/** What the words were before anybody wrote others. */
const given = { title: "", organisation: "" };

/** Title and office in the language of the page, where nobody wrote others; a preview in the other language is gone. */
function takeWords() {
  const words = { title: t("sheet_default_title", { area: said(shown.catalog.area) }), organisation: said({ title_zh: shown.catalog.area.office_zh, title_en: shown.catalog.area.office_en }) };
  for (const key of /** @type {("title"|"organisation")[]} */ (["title", "organisation"])) if (wishes[key] === given[key]) wishes[key] = words[key];
  if (given.title && given.title !== words.title) forgetPreview();
  Object.assign(given, words);
}

/** The name of a layer and what follows it. @param {string} text */
const splitOnce = (text) => [text.slice(0, Math.max(0, text.indexOf("/"))), text.slice(text.indexOf("/") + 1)];

async function loadTowns() {
  state.towns = (await getJson(`/api/sheets/towns?${edition()}`)).towns;
}

function drawAll() {
  takeWords();
  titlePage(t("workspace_sheets"));
  byId("page-title").textContent = t("workspace_sheets");
  put(byId("sheet-form"), sheetForm(state.towns, { onChange: changed, onPreview: preview, onMake: make, onMove: moveFrame }));
  drawHidden();
  drawAtlases();
}

/** The map shows the layers that will be printed. */
function showWishes() {
  const wanted = new Set(wishes.layers);
  const changes = drawnLayers().filter((layer) => shown.visible.has(layer.id) !== wanted.has(layer.id));
  if (!changes.length) return;
  shown.visible = wanted;
  for (const layer of changes) setLayerVisible(layer, wanted.has(layer.id));
  replaceAddress({ l: wishes.layers.join(",") });
}

/** A wish was changed: the preview is of something else now. @param {boolean} isShape whether the form looks different too */
function changed(isShape) {
  byId("preview").classList.add("is-old");
  showWishes();
  if (isShape) keepingFocus(drawAll);
  window.clearTimeout(state.timer);
  state.timer = window.setTimeout(check, CHECK_AFTER_MS);
}

const edition = () => `ed=${encodeURIComponent(shown.catalog.edition.edition)}`;

/** Asks what would be printed: scale, frame, layers left out. */
async function check() {
  try {
    state.checked = await postJson(`/api/sheets/check?${edition()}`, checkBody());
    wishes.scaleNow = state.checked.scale;
    put(byId("sheet-state"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.checked = null;
    put(byId("sheet-state"), errorBox(error, null));
  }
  drawHidden();
  drawFrameOnMap();
}

/** Before anything is printed: what will not be on the paper. */
function drawHidden() {
  const { checked } = state;
  const isAtlas = wishes.mode === "atlas"; // its pages have scales of their own
  const list = (/** @type {string} */ key, /** @type {any[]} */ layers) => (layers.length
    ? el("details", { class: "notice" }, el("summary", {}, t(key, { n: layers.length })), el("ul", {}, layers.map((layer) => el("li", {}, said(layer))))) : null);
  put(byId("sheet-hidden"), checked && [
    isAtlas ? null : el("p", { class: "muted" }, t("sheet_scale_now", { n: checked.scale.toLocaleString("en").replaceAll(",", " ") })),
    checked.filter ? el("p", { id: "sheet-filter" }, t("same_filter", { filter: checked.filter }), " ",
      el("button", { id: "sheet-unfilter", type: "button", class: "button", on: { click: dropFilters } }, t("clear_filters"))) : null,
    isAtlas ? null : list("sheet_hidden", checked.hidden), isAtlas ? null : list("sheet_gathered", checked.gathered), list("sheet_not_public", checked.not_public),
  ]);
}

/** Everything is printed again, and shown. */
function dropFilters() {
  shown.filters.clear();
  replaceAddress({ flt: null });
  applyFilters();
  byId("preview-title").focus();
  changed(false);
}

/* The frame on the map */

function drawFrameOnMap() {
  const isAtlas = wishes.mode === "atlas";
  drawOwn("selection", state.checked && !isAtlas ? [feature(state.checked.frame)] : null);
}

function showFrame() {
  const ring = state.checked?.frame.coordinates[0];
  if (!ring) return;
  const lons = ring.map((/** @type {number[]} */ at) => at[0]), lats = ring.map((/** @type {number[]} */ at) => at[1]);
  map.fitBounds([[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]], { padding: 30, animate: false });
}

/** Middle of the frame, in degrees. @returns {[number, number]} */
function centre() {
  const ring = state.checked.frame.coordinates[0].slice(0, -1);
  const mean = (/** @type {number} */ i) => ring.reduce((/** @type {number} */ sum, /** @type {number[]} */ at) => sum + at[i], 0) / ring.length;
  return [mean(0), mean(1)];
}

/** @param {number} dx part of its width to the east @param {number} dy to the north */
function moveFrame(dx, dy) {
  if (!state.checked) return;
  const ring = state.checked.frame.coordinates[0];
  const size = (/** @type {number} */ i) => Math.max(...ring.map((/** @type {number[]} */ at) => at[i])) - Math.min(...ring.map((/** @type {number[]} */ at) => at[i]));
  const [lon, lat] = centre();
  placeFrame([lon + dx * STEP_SHARE * size(0), lat + dy * STEP_SHARE * size(1)]);
}

/** The scale stays as it is when the frame moves. @param {[number, number]} place */
function placeFrame(place) {
  wishes.center = place;
  if (!wishes.scale) wishes.scale = state.checked.scale;
  changed(false);
}

function wireFrame() {
  map.on("mousedown", (/** @type {any} */ event) => {
    if (!state.checked || wishes.mode === "atlas" || !isWithin(event.lngLat)) return;
    event.preventDefault();
    state.drag = { from: event.lngLat, centre: centre() };
  });
  map.on("mousemove", (/** @type {any} */ event) => {
    map.getCanvas().style.cursor = state.drag ? "grabbing" : state.checked && isWithin(event.lngLat) ? "grab" : "";
    if (!state.drag) return;
    const [dx, dy] = [event.lngLat.lng - state.drag.from.lng, event.lngLat.lat - state.drag.from.lat];
    const shifted = state.checked.frame.coordinates[0].map((/** @type {number[]} */ [lon, lat]) => [lon + dx, lat + dy]);
    drawOwn("selection", [feature({ type: "Polygon", coordinates: [shifted] })]);
  });
  map.on("mouseup", (/** @type {any} */ event) => {
    if (!state.drag) return;
    const { from, centre: before } = state.drag;
    state.drag = null;
    placeFrame([before[0] + event.lngLat.lng - from.lng, before[1] + event.lngLat.lat - from.lat]);
  });
}

/** @param {{lng: number, lat: number}} place */
function isWithin({ lng, lat }) {
  const ring = state.checked.frame.coordinates[0];
  let isIn = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i], [xj, yj] = ring[j];
    if (yi > lat !== yj > lat && lng < ((xj - xi) * (lat - yi)) / (yj - yi) + xi) isIn = !isIn;
  }
  return isIn;
}

/* Preview and file */

function forgetPreview() {
  if (state.picture) URL.revokeObjectURL(state.picture);
  state.picture = "";
  put(byId("preview"));
}

/** The page as it will be printed, coarser. */
function preview() {
  return busy("making_preview", async () => {
    const picture = await postForFile(`/api/sheets?${edition()}`, { ...body(), format: "png", dpi: PREVIEW_DPI });
    forgetPreview();
    state.picture = URL.createObjectURL(picture);
    put(byId("preview"), el("img", { src: state.picture, alt: t("sheet_preview_of", { title: wishes.title }) }));
    byId("preview").classList.remove("is-old");
    put(byId("sheet-state"));
    await byId("preview").querySelector("img")?.decode();
    if (byId("preview").getBoundingClientRect().bottom > innerHeight) byId("preview-title").scrollIntoView({ block: "start" });
  });
}

function make() {
  if (wishes.mode === "atlas") return makeAtlas();
  return busy("making_sheet", async () => {
    const file = await postForFile(`/api/sheets?${edition()}`, body());
    const name = `${wishes.title}.${wishes.format}`;
    const link = el("a", { href: URL.createObjectURL(file), download: name, class: "button" }, t("save_file", { name }));
    const copy = wishes.mode === "figure" && wishes.format === "png" && window.ClipboardItem
      ? el("button", { type: "button", class: "button", on: { click: () => copyPicture(file) } }, t("copy_picture")) : null;
    const caption = wishes.mode === "figure" ? el("p", {}, state.checked?.caption) : null;
    put(byId("sheet-state"), el("p", {}, t("sheet_ready")), caption, el("div", { class: "actions" }, link, copy));
    link.click();
    say(t("sheet_ready"));
  });
}

/** @param {Blob} file */
async function copyPicture(file) {
  await navigator.clipboard.write([new ClipboardItem({ "image/png": file })]);
  say(t("picture_copied"));
}

function makeAtlas() {
  return busy("asking_atlas", async () => {
    const job = await postJson(`/api/atlases?${edition()}`, body());
    put(byId("sheet-state"), el("p", {}, t(job.has_worker ? "atlas_asked" : "atlas_without_worker", { n: job.n_pages })));
    say(t("atlas_asked", { n: job.n_pages }));
    await drawAtlases();
  });
}

/** @param {string} words @param {() => Promise<void>} work */
async function busy(words, work) {
  const buttons = [...byId("sheet-form").querySelectorAll("button")];
  const held = /** @type {HTMLElement|null} */ (document.activeElement);
  for (const button of buttons) button.disabled = true;
  put(byId("sheet-state"), el("p", { class: "muted" }, t(words)));
  byId("sheet-state").scrollIntoView({ block: "nearest" });
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("sheet-state"), errorBox(error, null));
  } finally {
    for (const button of buttons) button.disabled = false;
    if (document.activeElement === document.body) held?.focus({ preventScroll: true });
  }
}

wishes.date = new Date().toISOString().slice(0, 10);
start();
