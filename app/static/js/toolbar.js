/** The buttons over the map: zoom, home, place, measuring, comparing, sharing, what it is drawn upon, size of text. */
import { ApiError } from "./api.js";
import { byId, el, put } from "./dom.js";
import { GROUNDS, changeGround } from "./grounds.js";
import { drawHills, hasHills, isHilly, showHills } from "./hills.js";
import { earlierEditions, may, shown } from "./atlas.js";
import { drawOwn, feature } from "./map_drawings.js";
import { scaled } from "./map_style.js";
import { completeStyle, map } from "./mapview.js";
import { errorText, say } from "./panel.js";
import { showNotice } from "./toast.js";
import { t } from "./texts.js";

const TEXT_SIZES = [100, 150, 200];
const TEXT_KEPT_AS = "atlas-text-size";
const NEAR_ZOOM = 15;
const CIRCLE_STEPS = 48;

/**
 * @typedef {{goHome: () => void, toggleLayers: () => void, measure: () => void, share: () => void, compare: () => void, keys: () => void,
 *   list: () => void, siting: () => void, whatIf: () => void, sheet: () => void, redraw: () => void}} Tools
 */

/** Tells the styles how much room the buttons take, in one row or several: what a tool shows stands below them. */
const room = new ResizeObserver(([{ target }]) => {
  byId("map-frame").style.setProperty("--toolbar-height", `${/** @type {HTMLElement} */ (target).offsetHeight}px`);
});

/** @param {Tools} tools */
export function drawToolbar(tools) {
  const signs = /** @type {[string, string, () => void][]} */ ([
    ["zoom_in", "+", () => map.zoomIn()], ["zoom_out", "−", () => map.zoomOut()], ["home_extent", "⌂", tools.goHome],
    ["locate", "◎", locate], ["layers_and_legend", "☰", tools.toggleLayers], ["keys_title", "?", tools.keys],
  ]);
  const planning = [["siting", tools.siting], ["what_if", tools.whatIf]];
  const words = /** @type {[string, () => void][]} */ ([
    ["measure", tools.measure], ...(may("plan") ? planning : []), ["sheet", tools.sheet],
    ...(earlierEditions().length ? [["compare_previous", tools.compare]] : []), ["list_in_view", tools.list], ["share", tools.share],
  ]);
  put(byId("toolbar"),
    signs.map(([key, sign, act]) => el("button", { type: "button", class: `tool tool-${key}`, "aria-label": t(key), title: t(key), on: { click: act } }, sign)),
    words.map(([key, act]) => el("button", { type: "button", class: `tool tool-word tool-${key}`, on: { click: act } }, t(key))),
    appearance(tools.redraw));
  room.observe(byId("toolbar"));
}

/** What the map is drawn upon, and how large its text is. @param {() => void} redraw */
function appearance(redraw) {
  const ground = async (/** @type {any} */ event) => {
    try {
      await changeGround(event.target.value);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      showNotice(errorText(error));
    }
    drawHills();
    redraw();
    document.getElementById("ground")?.focus();
  };
  const size = (/** @type {any} */ event) => setTextSize(Number(event.target.value));
  return el("details", { class: "appearance" }, el("summary", { class: "tool tool-word" }, t("appearance")), el("div", { class: "appearance-box" },
    el("label", { for: "ground" }, t("ground")), el("select", { id: "ground", on: { change: ground } }, GROUNDS.map((one) => el("option", { value: one, selected: one === shown.ground }, t(`ground_${one}`)))),
    el("label", { for: "text-size" }, t("text_size")), el("select", { id: "text-size", on: { change: size } }, TEXT_SIZES.map((pct) => el("option", { value: pct, selected: pct === textSize() }, `${pct} %`))),
    hasHills() ? el("label", { class: "check" }, el("input", { type: "checkbox", id: "hills", checked: isHilly(), on: { change: (/** @type {any} */ event) => showHills(event.target.checked) } }), t("hills")) : null));
}

const textSize = () => (TEXT_SIZES.includes(Number(localStorage.getItem(TEXT_KEPT_AS))) ? Number(localStorage.getItem(TEXT_KEPT_AS)) : 100);

/** @type {Map<string, any>} designed size of text by style layer */
const sizes = new Map();

/** Text on the map at 100, 150 or 200 %. @param {number} [pct] */
export function setTextSize(pct = textSize()) {
  localStorage.setItem(TEXT_KEPT_AS, String(pct));
  if (pct === 100 && !sizes.size) return;
  completeStyle();
  for (const layer of map.getStyle().layers) {
    if (layer.type !== "symbol" || layer.layout?.["text-field"] === undefined) continue;
    if (!sizes.has(layer.id)) sizes.set(layer.id, layer.layout["text-size"] ?? 16);
    map.setLayoutProperty(layer.id, "text-size", scaled(sizes.get(layer.id), pct / 100), { validate: false });
  }
}

/** Where this telephone is, with a circle as wide as the position is uncertain. */
function locate() {
  if (!navigator.geolocation) return showNotice(t("no_location"));
  const found = (/** @type {GeolocationPosition} */ { coords }) => {
    const { longitude, latitude, accuracy } = coords;
    drawOwn("measure", [feature(circle(longitude, latitude, accuracy)), feature({ type: "Point", coordinates: [longitude, latitude] }, { label: t("you_are_here", { m: Math.round(accuracy) }) })]);
    map.jumpTo({ center: [longitude, latitude], zoom: Math.max(map.getZoom(), NEAR_ZOOM) });
    say(t("you_are_here", { m: Math.round(accuracy) }));
  };
  return navigator.geolocation.getCurrentPosition(found, () => showNotice(t("no_location")), { enableHighAccuracy: true, timeout: 10_000 });
}

/** @param {number} lon @param {number} lat @param {number} radiusM */
function circle(lon, lat, radiusM) {
  const [dy, dx] = [radiusM / 111_320, radiusM / (111_320 * Math.cos((lat * Math.PI) / 180))];
  const at = (/** @type {number} */ i) => [lon + dx * Math.cos((2 * Math.PI * i) / CIRCLE_STEPS), lat + dy * Math.sin((2 * Math.PI * i) / CIRCLE_STEPS)];
  return { type: "Polygon", coordinates: [Array.from({ length: CIRCLE_STEPS + 1 }, (_, i) => at(i % CIRCLE_STEPS))] };
}
