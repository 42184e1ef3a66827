/** The map page: puts the parts together and keeps them in step with the address. */
import { ApiError } from "./api.js";
import { parseLayers, parseView, readAddress, replaceAddress, viewText } from "./address.js";
import { drawnLayers, earlierEditions, levelColourWord, levelWord, loadCatalog, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { drawFailures, onFailures, wireFailures } from "./failed_layers.js";
import { knownFilters } from "./filters.js";
import { firstViewStands, whenFree } from "./first_view.js";
import { day } from "./formats.js";
import { wireFrame, drawFrame } from "./frame.js";
import { takeGround } from "./grounds.js";
import { drawHills } from "./hills.js";
import { wireIdentify } from "./identify.js";
import { firstView, forgetView, keepPictures, keepView, removeKept } from "./kept_picture.js";
import { wireKeyboard } from "./keyboard.js";
import { later } from "./later.js";
import { countInView, viewSummary } from "./legend.js";
import { levelDot } from "./level_marks.js";
import { applyFilters } from "./map_filters.js";
import { setMapState, useEdition } from "./map_layers.js";
import { wireProgress } from "./map_progress.js";
import { bounds } from "./map_style.js";
import { completeStyle, makeMap, map } from "./mapview.js";
import { closePanel, drawPanel, errorBox, isPanelOpen, onPanelChange, openPanel, say, wirePanel } from "./panel.js";
import { searchFor, wireSearch } from "./search.js";
import { bringIntoSight, clearSelection, details, followSelection, isSelected, onClick, onSearchHit, openFeature, openFromAddress, reopen, selectCentre, step } from "./selecting.js";
import { drawScale, drawStale, drawStatus, isForeign, showPointer, wireVeil } from "./status.js";
import { closeTable, drawTable, openTable, redrawTable, tableFromAddress, wireTable } from "./table.js";
import { lang, readyOtherLanguage, setLanguage, t } from "./texts.js";
import { showNotice } from "./toast.js";
import { drawToolbar, setTextSize } from "./toolbar.js";
import { drawTree, onPolicy, onTable, rememberFilters, updateZoomState } from "./tree.js";

/** The tools, ready for use once they have come. */
const tools = later(async () => {
  const part = await import("./tools.js");
  part.wireNewer(() => drawStale(changeEdition));
  part.wireSiting(openFeature);
  part.wireWhatIf(openFeature);
  part.wirePrint();
  part.wireCompare((layer, id) => openFeature(layer, id, { fly: true }));
  return part;
});

async function start() {
  const { values, unknown } = readAddress();
  if (values.f || values.at) details.prepare();
  await setLanguage(values.lang ?? document.documentElement.lang.slice(0, 2));
  takeGround(values.bg);
  wirePanel();
  try {
    await loadCatalog(values.ed);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return showNoAtlas(error);
  }
  if (!document.documentElement.dataset.shown?.startsWith(`${shown.catalog.edition.edition}/`)) removeKept(); // published in between
  takeAddress(values);
  wireFrame({ onEdition: changeEdition, onLanguage: changeLanguage });
  const isFirstVisit = !["f", "at", "q", "cmp"].some((key) => values[key]);
  if (isFirstVisit) welcome(); // before the map, which would be drawn again in the room that is left
  drawAround();
  const standing = makeMap(byId("map"), startView(values.v, isFirstVisit)); // its tiles are on their way while the rest is drawn
  drawWithin();
  wireFailures();
  onFailures(drawTree);
  await standing;
  wireMap(byId("map-area"));
  if (unknown.length) showNotice(t("unknown_keys", { keys: unknown.join(", ") }));
  if (shown.filters.size) applyFilters();
  setTextSize();
  drawHills();
  tableFromAddress(values.t);
  if (values.q) await searchFor(values.q);
  if (values.cmp && earlierEditions().length) {
    const hasList = !openFromAddress(values);
    tools.use(({ openCompare }) => openCompare({ from: values.cmp, sw: values.sw, hasList }));
  }
  else if (!openFromAddress(values) && !isFirstVisit) welcome();
}

/** What the first view did without, fetched before somebody asks for it; when it was there is noted like the first view. */
async function prepareRest() {
  await Promise.all([details.prepare(), tools.prepare(), readyOtherLanguage()]);
  document.documentElement.dataset.toolsMs = String(Math.round(performance.now()));
}

/** While nothing is published, or the server refuses: what happened and a button. @param {ApiError} error */
function showNoAtlas(error) {
  removeKept();
  put(byId("map"), el("div", { class: "no-atlas" }, errorBox(error, () => location.reload())));
  byId("map-area").dataset.state = "failed";
}

/** Chooses layers, filters, policy and hatch as the address, else the catalog, says. @param {Record<string, string>} values */
function takeAddress(values) {
  const { catalog } = shown;
  const layers = parseLayers(values.l);
  for (const layer of drawnLayers()) {
    if (layers ? layers.has(layer.id) : layer.visible) shown.visible.add(layer.id);
    if (layers?.has(layer.id)) shown.opacity.set(layer.id, layers.get(layer.id) ?? 100);
  }
  const designed = drawnLayers().map((layer) => layer.id).filter((id) => layers?.has(id));
  const wanted = [...(layers?.keys() ?? [])].filter((id) => designed.includes(id));
  shown.order = wanted.some((id, i) => id !== designed[i]) ? wanted : [];
  shown.filters = knownFilters(values.flt, catalog.layers);
  shown.policy = catalog.policies.some((policy) => policy.id === values.pol) ? values.pol : catalog.policy;
  shown.strongHatch = (values.hx ?? localStorage.getItem("atlas-hatch")) === "1";
}

/** What the address asks for, else where the person left the map; the address then tells it to whom it is sent. @param {string|undefined} asked @param {boolean} isFirstVisit */
function startView(asked, isFirstVisit) {
  const view = parseView(isFirstVisit ? firstView(asked) : asked);
  if (asked || !view) return view;
  if (!isAtHome(view.center)) {
    forgetView();
    return null;
  }
  const [lng, lat] = view.center;
  replaceAddress({ v: viewText(view.zoom, { lng, lat }) });
  return view;
}

/** Whether a place lies in the area's home extent. @param {number[]} place */
function isAtHome([lon, lat]) {
  const [west, south, east, north] = shown.catalog.area.home;
  return lon >= west && lon <= east && lat >= south && lat <= north;
}

/** Everything outside the map canvas. */
function drawAll() {
  drawAround();
  drawWithin();
}

/** What the map's room depends on. */
function drawAround() {
  drawFrame();
  drawStatus();
  drawStale(changeEdition);
  drawFailures();
  drawTable();
}

/** What lies upon the map or in panels of a fixed width. */
function drawWithin() {
  drawTree();
  drawToolbar({
    goHome, toggleLayers: () => toggleLayers(), measure: () => useTool((part) => part.toggleMeasure()), share: () => tools.use((part) => part.openShare()),
    keys: openKeyList, redraw: drawAll, list: openInView, compare: () => openTool((part) => part.openCompare()), siting: () => openTool((part) => part.openSiting()),
    whatIf: () => openTool((part) => part.openWhatIf()), sheet: () => openTool((part) => part.openSheet()),
  });
  drawPanel();
  tools.now()?.drawMeasure();
  if (!map) return;
  drawScale();
  describeMap();
}

/** What a screen reader says of the map: its name and the levels in view. */
function describeMap() {
  map.getCanvas().setAttribute("aria-label", `${t("map_title")}. ${viewSummary()}`);
}

/** Whether a tool has been used: it may have left a drawing on the map. */
let hasUsedTool = false;

/** @param {(part: typeof import("./tools.js")) => void} act */
function useTool(act) {
  hasUsedTool = true;
  return tools.use(act);
}

/** A tool takes the panel; what was selected is let go. @param {(part: typeof import("./tools.js")) => void} open */
const openTool = (open) => useTool((part) => {
  clearSelection();
  open(part);
});

const openKeyList = () => tools.use((part) => part.openKeyList());
const openInView = () => tools.use((part) => part.openInView(openFeature));

/** Whether a tool has taken the clicks on the map. */
function isTaken() {
  const part = tools.now();
  return Boolean(part && (part.isDrawing() || part.isPlacing() || part.isMeasuringPlace()));
}

/** Keys that a tool takes before all else. @param {KeyboardEvent} event @param {[number, number]} centre @returns {boolean} whether it did */
function toolKey(event, centre) {
  const part = tools.now();
  if (!part) return false;
  const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if ((isPlain || (event.ctrlKey && event.key === "Enter")) && part.drawingKey(event)) return true;
  return part.measureKey(event, centre);
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
    if (!map.loaded() || map.isMoving()) return; // what another listener has just put on the map, or a person wants, is still to come
    area.dataset.state = "idle";
    countInView();
    describeMap();
  };
  map.getCanvas().id = "map-canvas";
  firstViewStands.then(completeStyle);
  map.on("idle", () => setTimeout(() => firstViewStands.then(settle))); // counting what is in view is long: the picture is seen first
  map.once("idle", () => firstViewStands.then(prepareRest));
  map.on("movestart", () => { area.dataset.state = "moving"; });
  map.on("dataloading", () => { area.dataset.state = "loading"; });
  map.on("move", () => { drawScale(); updateZoomState(); });
  map.on("moveend", () => {
    const [zoom, { lng: lon, lat }] = [map.getZoom(), map.getCenter()];
    replaceAddress({ v: viewText(zoom, { lng: lon, lat }) });
    keepView(isAtHome([lon, lat]) ? { zoom, lat, lon } : null);
  });
  keepPictures(map, () => !hasUsedTool && map.loaded() && byId("part-failed").hidden && byId("veil").hidden);
  map.on("mousemove", (/** @type {any} */ event) => showPointer(event.lngLat));
  wireIdentify(onClick, () => !isTaken());
  wireSearch(onSearchHit);
  wireTable((layer, id) => openFeature(layer, id, { fly: true }));
  onTable((layer) => openTable(layer));
  wireVeil(useEdition);
  wireProgress();
  wireKeyboard({ goHome, step, escape, selectCentre, openKeyList, openInView, onKey: toolKey });
  document.addEventListener("atlas-filters", () => { rememberFilters(); drawTree(); applyFilters(); });
  onPolicy(() => reopen());
  onPanelChange(() => {
    if (!isPanelOpen()) clearSelection();
    whenFree(() => {
      map.resize();
      if (isPanelOpen()) bringIntoSight();
    });
  });
  byId("layers-close").addEventListener("click", () => toggleLayers(false));
  window.addEventListener("popstate", () => followAddress());
  drawScale();
  updateZoomState();
}

/** Escape closes the nearest thing. */
function escape() {
  const part = tools.now();
  if (part && (part.cancelDrawing() || part.cancelPlacing() || part.closeMeasure())) return;
  if (isPanelOpen()) closePanel();
  else if (!closeTable()) part?.closeCompare();
}

/** Back and forward: the selection follows the address, the view stays. */
function followAddress() {
  const { values } = readAddress();
  if (values.lang && values.lang !== lang()) changeLanguage(values.lang);
  followSelection(values);
}

/** @param {string} wanted */
async function changeLanguage(wanted) {
  await setLanguage(wanted);
  replaceAddress({ lang: lang() });
  if (map) setMapState("lang", lang());
  drawAll();
  tools.now()?.drawCompare();
  redrawTable();
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
  drawHills();
  drawAll();
  redrawTable();
  tools.now()?.renewCompare();
  if (shown.filters.size) applyFilters();
  if (isSelected()) reopen();
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

start().catch((error) => {
  removeKept(); // a picture never stands for a map that cannot be made
  throw error;
});
