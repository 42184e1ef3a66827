/** The map page: puts the parts together and keeps them in step with the address. */
import { ApiError } from "./api.js";
import { parseLayers, parseView, pushAddress, readAddress, replaceAddress, viewText } from "./address.js";
import { drawnLayers, featureName, isGround, layerById, levelColourWord, levelWord, loadCatalog, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { featureContent, loadFeature, loadWhy } from "./feature_panel.js";
import { coordinates, day } from "./formats.js";
import { wireFrame, drawFrame } from "./frame.js";
import { hitTitle, wireIdentify } from "./identify.js";
import { wireKeyboard } from "./keyboard.js";
import { bounds, drawOwn, drawReasonLines, feature, flyToGeometry, keepInSight, makeMap, map, setMapState, useEdition } from "./mapview.js";
import { earlierEditions, openChanges } from "./changes.js";
import { openConflicts } from "./conflicts.js";
import { closePanel, drawPanel, errorBox, isPanelOpen, loadIntoPanel, onPanelChange, openPanel, say, wirePanel } from "./panel.js";
import { basisSection, levelDot, placeReasons, placeTitle } from "./reasons.js";
import { searchFor, wireSearch } from "./search.js";
import { openSheet } from "./sheet.js";
import { cancelDrawing, isDrawing, lineLabel, openSiting, wireSiting } from "./siting.js";
import { datum, drawScale, drawStale, drawStatus, isForeign, showPointer, wireVeil } from "./status.js";
import { lang, said, setLanguage, t } from "./texts.js";
import { countInView, drawTree, onPolicy, updateZoomState, viewSummary } from "./tree.js";
import { cancelPlacing, isPlacing, openWhatIf, wireWhatIf } from "./what_if.js";

/** @typedef {import("./identify.js").Hit} Hit */

/** What is selected, so that language, policy and history can show it again. @type {{f?: string, at?: string}} */
let selected = {};
/** @type {Hit[]} */
let hits = [];
let hitIndex = 0;
/** What the panel that is being opened tells of. @type {{geometry: any, fly: boolean}|null} */
let shownAt = null;

async function start() {
  const { values, unknown } = readAddress();
  setLanguage(values.lang ?? document.documentElement.lang.slice(0, 2));
  wirePanel();
  try {
    await loadCatalog(values.ed);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return showNoAtlas(error);
  }
  takeAddress(values);
  wireFrame({ onEdition: changeEdition, onLanguage: changeLanguage });
  drawAll();
  const area = byId("map-area");
  await makeMap(byId("map"), parseView(values.v));
  wireMap(area);
  if (unknown.length) showNotice(t("unknown_keys", { keys: unknown.join(", ") }));
  if (values.q) await searchFor(values.q);
  if (values.cmp && earlierEditions().length) showChanges(values.cmp);
  else if (!openFromAddress(values)) welcome();
}

/** While nothing is published, or the server refuses: what happened and a button. @param {ApiError} error */
function showNoAtlas(error) {
  put(byId("map"), el("div", { class: "no-atlas" }, errorBox(error, () => location.reload())));
  byId("map-area").dataset.state = "failed";
}

/** Chooses layers, policy and hatch as the address, else the catalog, says. @param {Record<string, string>} values */
function takeAddress(values) {
  const { catalog } = shown;
  const layers = parseLayers(values.l);
  for (const layer of drawnLayers()) {
    if (layers ? layers.has(layer.id) : layer.visible) shown.visible.add(layer.id);
    if (layers?.has(layer.id)) shown.opacity.set(layer.id, layers.get(layer.id) ?? 100);
  }
  shown.policy = catalog.policies.some((policy) => policy.id === values.pol) ? values.pol : catalog.policy;
  shown.strongHatch = (values.hx ?? localStorage.getItem("atlas-hatch")) === "1";
}

/** Everything outside the map canvas. */
function drawAll() {
  drawFrame();
  drawTree();
  drawStatus();
  drawStale(changeEdition);
  drawToolbar();
  drawPanel();
  if (!map) return;
  drawScale();
  describeMap();
}

/** What a screen reader says of the map: its name and the levels in view. */
function describeMap() {
  map.getCanvas().setAttribute("aria-label", `${t("map_title")}. ${viewSummary()}`);
}

function drawToolbar() {
  const tools = [
    ["zoom_in", "+", () => map.zoomIn()],
    ["zoom_out", "−", () => map.zoomOut()],
    ["home_extent", "⌂", () => goHome()],
    ["layers_and_legend", "☰", () => toggleLayers()],
  ];
  const words = [["siting", () => openTool(openSiting)], ["what_if", () => openTool(openWhatIf)], ["sheet", () => openTool(openSheet)]];
  if (earlierEditions().length) words.push(["compare_previous", () => openTool(showChanges)]);
  put(byId("toolbar"),
    tools.map(([key, sign, act]) => el("button", { type: "button", class: `tool tool-${key}`, "aria-label": t(String(key)), title: t(String(key)), on: { click: act } }, String(sign))),
    words.map(([key, act]) => el("button", { type: "button", class: `tool tool-word tool-${key}`, on: { click: act } }, t(String(key)))));
}

/** A tool takes the panel; what was selected is let go. @param {() => void} open */
function openTool(open) {
  clearSelection();
  open();
}

/** @param {string} [from] the earlier edition */
function showChanges(from) {
  return openChanges((layer, id) => openFeature(layer, id, { fly: true }), from);
}

function goHome() {
  map.fitBounds(bounds(shown.catalog.area.home), { padding: 24 });
}

/** Shows or hides the left panel. @param {boolean} [open] */
function toggleLayers(open) {
  const isNarrow = window.matchMedia("(max-width: 1199px)").matches;
  const name = isNarrow ? "show-layers" : "hide-layers";
  const isShown = isNarrow ? document.body.classList.contains(name) : !document.body.classList.contains(name);
  const wanted = open ?? !isShown;
  document.body.classList.toggle(name, isNarrow ? wanted : !wanted);
  if (isNarrow && wanted && isPanelOpen()) byId("result").classList.add("is-behind");
  else byId("result").classList.remove("is-behind");
  map?.resize();
}

/** @param {HTMLElement} area */
function wireMap(area) {
  const settle = () => {
    area.dataset.state = "idle";
    countInView();
    describeMap();
  };
  map.getCanvas().id = "map-canvas";
  map.on("idle", settle);
  map.on("movestart", () => { area.dataset.state = "moving"; });
  map.on("dataloading", () => { area.dataset.state = "loading"; });
  map.on("move", () => { drawScale(); updateZoomState(); });
  map.on("moveend", () => replaceAddress({ v: viewText(map.getZoom(), map.getCenter()) }));
  map.on("mousemove", (/** @type {any} */ event) => showPointer(event.lngLat));
  wireIdentify(onClick, () => !isDrawing() && !isPlacing());
  wireSearch(onSearchHit);
  wireSiting(openFeature);
  wireWhatIf(openFeature);
  wireVeil(useEdition);
  wireKeyboard({ goHome, step, escape, selectCentre });
  onPolicy(() => reopen());
  onPanelChange(() => {
    map.resize();
    if (isPanelOpen()) bringIntoSight();
    else clearSelection();
  });
  byId("layers-close").addEventListener("click", () => toggleLayers(false));
  window.addEventListener("popstate", () => followAddress());
  drawScale();
  updateZoomState();
  map.triggerRepaint(); // the first idle may have passed before this listened for it
}

/* Selecting */

/** @param {Hit[]} found @param {{lng: number, lat: number}} place */
function onClick(found, place) {
  hits = found;
  hitIndex = 0;
  const first = found[0];
  if (!first || isGround(first.layer)) return openPlace(place.lng, place.lat);
  ring(first.geometry, first.name, place);
  openHit(first);
}

/** The ring appears at once, from what the tile says; the panel follows. @param {any} geometry @param {string} name
 *  @param {{lng: number, lat: number}|null} place */
function ring(geometry, name, place) {
  const at = geometry?.type === "Point" ? geometry : place ? { type: "Point", coordinates: [place.lng, place.lat] } : null;
  const isPoint = geometry?.type === "Point";
  drawOwn("selection", [geometry && !isPoint ? feature(geometry) : null, isPoint || !geometry ? at && feature(at, { label: name }) : null].filter(Boolean));
}

/** A rated source answers with its own feature; the rating comes along with it. @param {Hit} hit */
function openHit(hit) {
  const { source_layer: layer, source_feature_id: id } = hit.properties;
  if (layer && id && layerById(layer)) openFeature(layer, id);
  else openFeature(hit.layer.id, hit.id);
}

/** @param {string} layerId @param {string} id @param {{isHistory?: boolean, fly?: boolean}} [options] */
function openFeature(layerId, id, { isHistory = false, fly = false } = {}) {
  const layer = layerById(layerId);
  if (!layer) return;
  selected = { f: `${layerId}/${id}` };
  if (!isHistory) pushAddress({ f: selected.f, at: null });
  drawReasonLines([]);
  return loadIntoPanel(() => said(layer), async () => {
    const loaded = await loadFeature(layer, id);
    const { geometry } = loaded.feature;
    const name = featureName(layer, { ...loaded.feature.properties, id });
    drawOwn("selection", geometry ? [feature(geometry, { label: name })] : null);
    shownAt = { geometry, fly };
    const content = featureContent(loaded, panelActions());
    return { ...content, body: () => [hitList(), content.body()] };
  });
}

/** Why a place has its colour. @param {number} lon @param {number} lat @param {{isHistory?: boolean}} [options] */
function openPlace(lon, lat, { isHistory = false } = {}) {
  selected = { at: `${lon.toFixed(6)},${lat.toFixed(6)}` };
  if (!isHistory) pushAddress({ at: selected.at, f: null });
  drawReasonLines([]);
  drawOwn("selection", [feature({ type: "Point", coordinates: [lon, lat] }, { label: "" })]);
  return loadIntoPanel(() => t("why_here"), async () => {
    const why = await loadWhy(lon, lat);
    shownAt = { geometry: { type: "Point", coordinates: [lon, lat] }, fly: false };
    return { title: () => placeTitle(why), announce: () => placeTitle(why), body: () => placeBody(why, lon, lat) };
  });
}

/** @param {any} why @param {number} lon @param {number} lat */
function placeBody(why, lon, lat) {
  return [
    hitList(),
    el("p", { class: "muted" }, `${coordinates(lon, lat)} ${datum()}`),
    placeReasons(why, { onFly: () => undefined, onOpen: (layer, id) => openFeature(layer, id, { fly: true }) }),
    basisSection(why.data_as_of),
    isForeign(shown.catalog.area) ? el("p", { class: "notice" }, t("jurisdiction_note")) : null,
    el("div", { class: "actions" },
      el("button", { type: "button", class: "button", on: { click: () => flyToGeometry({ type: "Point", coordinates: [lon, lat] }) } }, t("zoom_to")),
      el("button", { type: "button", class: "button", on: { click: copyLink } }, t("copy_link"))),
  ];
}

function panelActions() {
  return {
    onFly: flyToGeometry,
    onOpen: (/** @type {string} */ layer, /** @type {string} */ id) => openFeature(layer, id, { fly: true }),
    onLine: showLine,
    onConflicts: (/** @type {string} */ id) => openConflicts(id, (layer, featureId) => openFeature(layer, featureId, { fly: true })),
    onCopy: copyLink,
  };
}

/** @param {any} row a conflict with its shortest line */
function showLine(row) {
  if (!row.line) return;
  drawReasonLines([{ line: row.line, label: lineLabel(row) }]);
  flyToGeometry(row.line);
}

/** The other things at the place that was clicked, worst first. */
function hitList() {
  if (hits.length < 2) return null;
  const open = (/** @type {number} */ i) => () => step(i - hitIndex);
  return el("nav", { class: "hits", "aria-label": t("hits_here") }, el("p", { class: "muted small" }, t("n_hits", { n: hits.length })),
    el("ol", {}, hits.map((hit, i) => {
      const { name, note } = hitTitle(hit);
      return el("li", {}, el("button", { type: "button", class: "hit-button", "aria-current": i === hitIndex ? "true" : null, on: { click: open(i) } },
        levelDot(hit.level), el("span", {}, name), el("span", { class: "muted" }, note === name ? "" : note)));
    })));
}

/** Steps through the hits of the last click. @param {number} by */
function step(by) {
  if (hits.length < 2) return;
  hitIndex = (hitIndex + by + hits.length) % hits.length;
  const hit = hits[hitIndex];
  if (isGround(hit.layer)) {
    const { lng, lat } = map.getCenter();
    const at = selected.at?.split(",").map(Number) ?? [lng, lat];
    openPlace(at[0], at[1]);
  } else {
    ring(hit.geometry, hit.name, null);
    openHit(hit);
  }
}

/** Selects what lies at the middle of the map. */
async function selectCentre() {
  const { clientWidth, clientHeight } = map.getContainer();
  const { hitsAt } = await import("./identify.js");
  onClick(hitsAt({ x: clientWidth / 2, y: clientHeight / 2 }, 6), map.getCenter());
}

/** Escape closes the nearest thing. */
function escape() {
  if (cancelDrawing() || cancelPlacing()) return;
  if (isPanelOpen()) closePanel();
}

function clearSelection() {
  if (!selected.f && !selected.at) return;
  selected = {};
  hits = [];
  drawOwn("selection", null);
  drawReasonLines([]);
  pushAddress({ f: null, at: null });
}

async function copyLink() {
  const text = location.href;
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  say(t("link_copied"));
  showNotice(navigator.clipboard ? t("link_copied") : text);
}

/** @param {import("./search.js").Hit} hit */
function onSearchHit(hit) {
  hits = [];
  if (hit.lon != null && hit.lat != null) map.jumpTo({ center: [hit.lon, hit.lat], zoom: Math.max(map.getZoom(), 15) });
  if (hit.layer && hit.id) openFeature(hit.layer, hit.id);
  else if (hit.lon != null && hit.lat != null) openPlace(hit.lon, hit.lat);
  say(t("moved_to", { place: hit.label }));
}

/* The address */

/** Once the panel stands, what it tells of must not lie beneath it. */
function bringIntoSight() {
  if (!shownAt) return;
  const { geometry, fly } = shownAt;
  shownAt = null;
  if (fly && geometry) flyToGeometry(geometry);
  else if (geometry?.type === "Point") keepInSight(geometry.coordinates);
}

/** @param {Record<string, string>} values @returns {boolean} whether something was opened */
function openFromAddress(values) {
  const [layer, ...id] = (values.f ?? "").split("/");
  const [lon, lat] = (values.at ?? "").split(",").map(Number);
  if (values.f && layerById(layer) && id.length) openFeature(layer, id.join("/"), { isHistory: true, fly: !values.v });
  else if (values.at && Number.isFinite(lon) && Number.isFinite(lat)) openPlace(lon, lat, { isHistory: true });
  else return false;
  return true;
}

/** Back and forward: the selection follows the address, the view stays. */
function followAddress() {
  const { values } = readAddress();
  hits = [];
  if (values.lang && values.lang !== lang()) changeLanguage(values.lang);
  if (openFromAddress(values)) return;
  selected = {};
  drawOwn("selection", null);
  closePanel();
}

function reopen() {
  if (selected.f || selected.at) openFromAddress({ ...readAddress().values, ...selected });
}

/** @param {string} wanted */
function changeLanguage(wanted) {
  setLanguage(wanted);
  replaceAddress({ lang: wanted });
  if (map) setMapState("lang", lang());
  drawAll();
}

/** @param {number|string} wanted */
async function changeEdition(wanted) {
  try {
    await loadCatalog(String(wanted));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return openPanel({ title: () => t("edition"), body: () => [errorBox(error, () => changeEdition(wanted))] });
  }
  replaceAddress({ ed: shown.catalog.edition.is_newest ? null : String(wanted) });
  useEdition();
  drawAll();
  reopen();
  say(t("edition_shown", { label: shown.catalog.edition.label, date: day(shown.catalog.edition.data_as_of) }));
}

/** First visit: what to do. */
function welcome() {
  if (window.matchMedia("(max-width: 1199px)").matches) return;
  openPanel({ title: () => t("why_here"), body: () => [
    el("p", {}, t("click_hint")),
    isForeign(shown.catalog.area) ? el("p", { class: "notice" }, t("jurisdiction_note")) : null,
    el("h3", {}, t("levels_title")),
    el("ul", { class: "level-list" }, shown.catalog.levels.map((level) => el("li", {}, levelDot(level.id), " ", levelColourWord(level.id), levelColourWord(level.id) === levelWord(level.id) ? "" : ` – ${levelWord(level.id)}`,
      level.id === "unrated" ? el("span", { class: "muted" }, ` ${t("not_low")}`) : null))),
    el("p", { class: "muted" }, t("keys_hint")),
  ] });
}

/** A passing message over the map. @param {string} text */
function showNotice(text) {
  const note = el("div", { class: "toast", role: "status" }, text);
  document.querySelector(".map-frame")?.append(note);
  setTimeout(() => note.remove(), 6000);
}

start();
