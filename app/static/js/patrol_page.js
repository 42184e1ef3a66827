/** Levels by town, the worst places, and the list of a day: on the screen, on the map and on paper. */
import { ApiError, getJson } from "./api.js";
import { replaceAddress } from "./address.js";
import { levelWord, shown } from "./atlas.js";
import { hasRested, moved, nearestFirst, nextWorkingDay, totalM } from "./day_list.js";
import { keepList, mapPicture, picturesReady } from "./day_paper.js";
import { drawDaySheet } from "./day_sheet.js";
import { numberSpots } from "./day_numbers.js";
import { boxesUpon } from "./label_edges.js";
import { byId, el, put } from "./dom.js";
import { day, distance, isMissing, localDate, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { wireIdentify } from "./identify.js";
import { levelDot } from "./level_marks.js";
import { drawOwn, feature } from "./map_drawings.js";
import { uponLight } from "./light_print.js";
import { flyToGeometry } from "./map_sight.js";
import { map } from "./mapview.js";
import { errorBox, say } from "./panel.js";
import { said, t } from "./texts.js";
import { featureHref, keepingFocus, loadInto, startMap, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const DEFAULT_LEVELS = ["red", "orange"];
const MOST_PLACES = 1000;
const ROWS_SHOWN = 300;
const MOST_OF_A_DAY = 40;
const MOST_REST_DAYS = 365;

const state = {
  /** @type {any[]} */ places: [],
  /** @type {any[]} */ counts: [], nFound: 0,
  town: "", levels: new Set(DEFAULT_LEVELS),
  /** @type {any[]} places of the day's list, in order */ list: [],
  date: nextWorkingDay(new Date()), n: 8, restDays: 30, order: "level",
  /** @type {{lon: number, lat: number, label: string|null}|null} `label` is a town's name; null for a place clicked */ start: null,
  isPicking: false, chosen: "",
};

const workspace = {
  keys: ["town", "level"], regions: ["search", "page-title", "worst-title", "day-title", "map-canvas"], draw: drawAll, onEdition: load,
  goHome: showList, onEscape: () => { state.isPicking = false; drawForm(); },
};

async function start() {
  const values = await startWorkspace(workspace);
  if (!values) return;
  state.town = values.town ?? "";
  const levels = (values.level ?? "").split(",").filter((id) => shown.catalog.levels.some((level) => level.id === id));
  if (levels.length) state.levels = new Set(levels);
  await Promise.all([startMap(workspace).then(wireMap), load()]);
  drawMap();
  wireKeys(workspace);
}

function load() {
  return loadInto(byId("worst"), async () => {
    const query = new URLSearchParams({ ed: shown.catalog.edition.edition, level: [...state.levels].join(","), limit: String(MOST_PLACES) });
    if (state.town) query.set("town", state.town);
    const answer = await getJson(`/api/patrol?${query}`);
    Object.assign(state, { places: answer.sources, counts: answer.towns, nFound: answer.n_found });
    state.list = state.list.map((place) => state.places.find((other) => other.place === place.place)).filter(Boolean);
    state.start ??= startIn(state.town || state.counts.find((town) => !isMissing(town.lon))?.town_name);
    keepingFocus(drawAll);
    say(t("n_results", { n: answer.n_found }));
  });
}

/** @param {string|undefined} name of a town */
function startIn(name) {
  const town = state.counts.find((entry) => entry.town_name === name && !isMissing(entry.lon));
  return town ? { lon: town.lon, lat: town.lat, label: town.town_name } : null;
}

function drawAll() {
  titlePage(t("workspace_patrol"));
  drawTowns();
  drawWorst();
  drawForm();
  drawDay();
}

/* Overview */

function drawTowns() {
  const levels = shown.catalog.levels;
  const most = Math.max(1, ...state.counts.map((town) => rated(town)));
  const head = [t("town"), ...levels.map((level) => [levelDot(level.id), ` ${levelWord(level.id)}`]), t("share_of_levels")];
  put(byId("town-list"), state.counts.length ? null : el("p", { class: "notice" }, t("no_data")),
    el("table", { class: "rows towns" }, el("caption", { class: "muted" }, t("towns_note")),
      el("thead", {}, el("tr", {}, head.map((content, i) => el("th", { scope: "col", class: i && i <= levels.length ? "figure" : null }, content)))),
      el("tbody", {}, state.counts.map((town) => townRow(town, most)))));
}

/** How many places of a town are rated and worse than the lowest level. @param {any} town */
const rated = (town) => barLevels().reduce((sum, level) => sum + town.counts[level.id], 0);

/** Levels that the bars show: the many of the lowest level and the unrated would leave nothing to see of the others. */
const barLevels = () => shown.catalog.levels.filter((level) => level.rank <= 3);

/** @param {any} town @param {number} most */
function townRow(town, most) {
  const name = town.town_name ?? t("no_town");
  const choice = town.town_name ? el("button", { type: "button", class: "link", "data-focus": `town-${town.town_name}`, "aria-pressed": String(state.town === town.town_name), on: { click: () => setTown(state.town === town.town_name ? "" : town.town_name) } }, name) : name;
  const bar = el("span", { class: "town-bar", "aria-hidden": "true" }, barLevels().map((level) => {
    const part = el("span", { class: `bar-part chip-${level.id}` });
    part.style.width = `${(100 * town.counts[level.id]) / most}%`;
    return town.counts[level.id] ? part : null;
  }));
  return el("tr", { "aria-current": state.town && state.town === town.town_name ? "true" : null }, el("th", { scope: "row" }, choice),
    shown.catalog.levels.map((level) => el("td", { class: "figure" }, number(town.counts[level.id]))), el("td", {}, bar));
}

/** @param {string} town */
function setTown(town) {
  state.town = town;
  if (town) state.start = startIn(town) ?? state.start;
  replaceAddress({ town });
  load();
}

/* The worst places */

const COLUMNS = ["on_list", "level", "name", "reason", "conflicts", "open_dangers", "last_visit", "town"];

function drawWorst() {
  const rows = state.places.slice(0, ROWS_SHOWN);
  const levels = shown.catalog.levels.filter((level) => level.rank <= 4).map((level) => el("label", { class: "check" },
    el("input", { type: "checkbox", id: `level-${level.id}`, value: level.id, checked: state.levels.has(level.id), on: { change: onLevel } }), levelDot(level.id), levelWord(level.id)));
  put(byId("worst"), el("div", { class: "pair" }, levels, state.town ? el("button", { type: "button", class: "button small", on: { click: () => setTown("") } }, `${state.town} ✕`) : null),
    el("p", { class: "muted", id: "n-places" }, t("n_places", { n: number(state.nFound), town: state.town || t("all_towns") })),
    rows.length ? worstTable(rows) : el("div", { class: "notice", id: "nothing" }, el("p", {}, t("no_places")), el("p", {}, t("unrated_is_not_low"))),
    state.nFound > rows.length ? el("p", { class: "notice" }, t("first_rows", { shown: number(rows.length), n: number(state.nFound) })) : null);
}

/** @param {any} event */
function onLevel(event) {
  if (event.target.checked) state.levels.add(event.target.value);
  else state.levels.delete(event.target.value);
  if (!state.levels.size) state.levels = new Set(DEFAULT_LEVELS);
  const inOrder = shown.catalog.levels.map((level) => level.id).filter((id) => state.levels.has(id));
  state.levels = new Set(inOrder);
  replaceAddress({ level: String(inOrder) === String(DEFAULT_LEVELS) ? null : inOrder.join(",") });
  load();
}

/** @param {any[]} rows */
function worstTable(rows) {
  return el("table", { class: "rows cards worst", role: "table" }, el("caption", { class: "unseen" }, t("worst_title")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, rows.map((place) => el("tr", { role: "row", "data-place": place.place, "aria-current": place.place === state.chosen ? "true" : null },
      worstCells(place).map((content, i) => el("td", { role: "cell", "data-head": t(COLUMNS[i]) }, content))))));
}

/** @param {any} place */
const worstCells = (place) => [
  el("label", { class: "check" }, el("input", { type: "checkbox", checked: state.list.includes(place), "aria-label": t("put_on_list", { name: place.name }), on: { change: () => toggle(place) } })),
  el("span", { class: "short" }, levelDot(place.level), ` ${levelWord(place.level)}`),
  [el("a", { href: withEdition(featureHref(place.layer, place.id)), title: t("open_on_map") }, place.name ?? place.id), place.n_sources > 1 ? el("span", { class: "muted" }, ` ${t("n_sources", { n: number(place.n_sources) })}`) : null],
  [said(place, "reason") || MISSING, place.reasons[0]?.is_assumption ? [" ", el("span", { class: "mark-assumed", title: t("assumption_title") }, t("assumption"))] : null],
  isMissing(place.n_conflicts) ? noData() : number(place.n_conflicts),
  place.open_dangers === null ? noData() : dangerCount(place.open_dangers),
  place.last_visit ? [el("span", { class: "short" }, day(localDate(place.last_visit.at))), " ", t(`outcome_${place.last_visit.outcome}`)] : el("span", { class: "muted" }, t("never_visited")),
  place.town_name ?? t("no_town"),
];

const noData = () => el("span", { title: t("no_data") }, MISSING);

/** @param {any[]} dangers */
function dangerCount(dangers) {
  const overdue = dangers.filter((danger) => danger.is_overdue).length;
  return [number(dangers.length), overdue ? el("span", { class: "muted" }, ` ${t("n_overdue", { n: overdue })}`) : null];
}

/** @param {any} place */
function toggle(place) {
  state.list = state.list.includes(place) ? state.list.filter((other) => other !== place) : [...state.list, place];
  drawDay();
}

/* The list of a day */

function drawForm() {
  const townOption = (/** @type {any} */ town) => el("option", { value: town.town_name, selected: state.start?.label === town.town_name }, town.town_name);
  put(byId("day-form"),
    ask("day-date", t("date"), el("input", { id: "day-date", type: "date", value: state.date, on: { change: (/** @type {any} */ event) => { state.date = event.target.value || state.date; } } })),
    ask("day-n", t("how_many"), el("input", { id: "day-n", type: "number", min: 1, max: MOST_OF_A_DAY, value: state.n, on: { change: (/** @type {any} */ event) => { state.n = Math.min(MOST_OF_A_DAY, Math.max(1, Math.round(Number(event.target.value)) || state.n)); } } })),
    ask("day-rest", t("day_rest"), el("input", { id: "day-rest", type: "number", min: 0, max: MOST_REST_DAYS, value: state.restDays, on: { change: (/** @type {any} */ event) => { state.restDays = Math.min(MOST_REST_DAYS, Math.max(0, Math.round(Number(event.target.value)) || 0)); } } })),
    ask("day-order", t("order"), el("select", { id: "day-order", on: { change: (/** @type {any} */ event) => { state.order = event.target.value; } } },
      ["level", "near"].map((id) => el("option", { value: id, selected: state.order === id }, t(`order_${id}`))))),
    ask("day-start", t("start"), el("select", { id: "day-start", on: { change: onStart } }, state.counts.filter((town) => !isMissing(town.lon)).map(townOption),
      el("option", { value: "", selected: state.start?.label === null }, state.isPicking ? t("start_click") : t("start_on_map")))),
    el("button", { type: "submit", class: "button primary", id: "day-make" }, t("day_make")));
  byId("day-form").onsubmit = (event) => { event.preventDefault(); make(); };
  map?.getCanvas().classList.toggle("is-drawing", state.isPicking);
}

/** @param {string} id @param {string} label @param {HTMLElement} field */
const ask = (id, label, field) => el("label", { class: "ask", for: id }, el("span", {}, label), field);

/** @param {any} event */
function onStart(event) {
  state.isPicking = !event.target.value;
  if (state.isPicking) {
    if (state.start) state.start = { ...state.start, label: null };
    say(t("start_click"));
  } else state.start = startIn(event.target.value);
  keepingFocus(drawForm);
  drawDay();
}

/** The worst places of the town and levels chosen, in the order wished. */
function make() {
  const { places, start, n, order, date, restDays } = state;
  const worst = places.filter((place) => hasRested(place, date, restDays)).slice(0, n);
  state.list = order === "near" && start ? nearestFirst(worst, start) : worst;
  drawWorst();
  drawDay();
  showList();
  say(t("n_results", { n: state.list.length }));
}

function drawDay() {
  const { list, start } = state;
  const unplaced = list.filter((place) => place.lon === null).length;
  put(byId("day-list"), list.length ? [
    el("p", { id: "day-total" }, t("day_total", { n: number(list.length), length: distance(totalM(list, start)) }), unplaced ? ` ${t("day_unplaced", { n: unplaced })}` : ""),
    el("ol", { class: "stops" }, list.map(stop)),
    el("div", { class: "actions" }, el("button", { type: "button", class: "button primary", id: "day-print", on: { click: print } }, t("day_print")),
      el("button", { type: "button", class: "button", id: "day-phone", on: { click: onPhone } }, t("day_phone")),
      el("button", { type: "button", class: "button", on: { click: () => { state.list = []; drawWorst(); drawDay(); } } }, t("day_clear"))),
    el("div", { id: "day-problem" }),
  ] : el("p", { class: "muted" }, t("day_empty")));
  drawDaySheet(byId("day-sheet"), state);
  drawMap();
}

/** Keeps the list under a number and opens it place by place. */
async function onPhone() {
  try {
    location.assign(withEdition((await keepList(state)).path));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("day-problem"), errorBox(error, onPhone));
  }
}

/** @param {any} place @param {number} i */
function stop(place, i) {
  const tool = (/** @type {string} */ key, /** @type {string} */ sign, /** @type {() => void} */ act, /** @type {boolean} */ isOff) =>
    el("button", { type: "button", class: "icon-button", disabled: isOff, "data-tool": `${key}-${i}`, "aria-label": `${t(key)} ${place.name}`, title: t(key), on: { click: act } }, sign);
  return el("li", { class: "stop" }, el("span", { class: "stop-number" }, i + 1), levelDot(place.level), el("span", { class: "stop-name" }, place.name, el("span", { class: "muted" }, ` ${place.town_name ?? ""}`)),
    tool("move_up", "↑", () => move(i, -1), i === 0), tool("move_down", "↓", () => move(i, 1), i === state.list.length - 1), tool("take_off", "✕", () => { toggle(place); drawWorst(); }, false));
}

/** @param {number} i @param {number} by */
function move(i, by) {
  state.list = moved(state.list, i, by);
  drawDay();
  const key = by < 0 ? "move_up" : "move_down";
  const again = /** @type {HTMLButtonElement|null} */ (document.querySelector(`[data-tool="${key}-${i + by}"]`));
  (again?.disabled ? /** @type {HTMLElement|null} */ (again.parentElement?.querySelector("button:enabled")) : again)?.focus();
  say(t("stop_moved", { name: state.list[i + by].name, n: i + by + 1 }));
}

/* The map */

function wireMap() {
  map.on("moveend", () => { if (state.list.length) drawNumbers(); });
  wireIdentify((hits, place) => {
    if (state.isPicking) return takeStart(place);
    const numbers = new Set(hits.flatMap((hit) => [hit.id, hit.properties.source_feature_id]));
    const found = state.places.find((entry) => entry.reasons.some((/** @type {any} */ reason) => numbers.has(reason.id)));
    state.chosen = found?.place ?? "";
    drawWorst();
    document.querySelector(`[data-place="${CSS.escape(state.chosen)}"]`)?.scrollIntoView({ block: "nearest" });
  }, () => true);
}

/** @param {{lng: number, lat: number}} place */
function takeStart({ lng, lat }) {
  Object.assign(state, { start: { lon: lng, lat, label: null }, isPicking: false });
  drawForm();
  drawDay();
}

function drawMap() {
  if (!map?.getSource("site")) return;
  const { list, start } = state;
  const placed = list.filter((place) => place.lon !== null);
  const at = (/** @type {any} */ place) => [place.lon, place.lat];
  const way = [start, ...placed].filter(Boolean).map(at);
  const begin = start ? [feature({ type: "Point", coordinates: at(start) })] : [];
  drawOwn("site", [...(placed.length && way.length > 1 ? [feature({ type: "LineString", coordinates: way })] : []), ...begin]);
  drawOwn("selection", placed.map((place) => feature({ type: "Point", coordinates: at(place) }, { label: "" })));
  drawNumbers();
}

/** The numbers beside their places, as they lie on the map now. */
function drawNumbers() {
  const placed = state.list.filter((place) => place.lon !== null);
  const spots = numberSpots(placed.map((place) => map.project([place.lon, place.lat])), map.getContainer().getBoundingClientRect(), boxesUpon(map));
  drawOwn("numbers", placed.flatMap((place, i) => {
    const end = map.unproject([spots[i].x, spots[i].y]).toArray();
    return [feature({ type: "LineString", coordinates: [[place.lon, place.lat], end] }), feature({ type: "Point", coordinates: end }, { label: `${state.list.indexOf(place) + 1}` })];
  }));
}

/** The whole of the day's list, else of the area. */
function showList() {
  const placed = [state.start, ...state.list].filter((stop) => stop && stop.lon !== null);
  const [west, south, east, north] = shown.catalog.area.home;
  const coordinates = state.list.length && placed.length > 1 ? placed.map((stop) => [stop?.lon, stop?.lat]) : [[west, south], [east, north]];
  if (map) flyToGeometry({ type: "LineString", coordinates });
}

/** Keeps the list, so that its codes lead somewhere, takes the map, and prints; what cannot be had is told and left out. */
async function print() {
  const button = /** @type {HTMLButtonElement} */ (byId("day-print"));
  button.disabled = true;
  put(byId("day-problem"), el("p", { class: "muted" }, t("day_preparing")));
  const path = await keepList(state).then((made) => made.path, whyNotKept);
  const picture = await uponLight(mapPicture).catch(whyNotKept);
  if (!byId("day-problem").querySelector(".error-box")) put(byId("day-problem"));
  drawDaySheet(byId("day-sheet"), state, { picture, path });
  await picturesReady(byId("day-sheet"));
  document.title = `${t("day_title")} ${day(state.date)}`;
  window.print();
  titlePage(t("workspace_patrol"));
  button.disabled = false;
}

/** @param {unknown} error */
function whyNotKept(error) {
  if (!(error instanceof ApiError)) throw error;
  put(byId("day-problem"), errorBox(error, print));
  return null;
}

start();
