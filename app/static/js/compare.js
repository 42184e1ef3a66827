/** 对比版次: another edition beside the one shown, by swipe, side by side or blinking, with the list of what changed. */
import { replaceAddress } from "./address.js";
import { earlierEditions, editionName, isLabelRepeated, shown } from "./atlas.js";
import { openChanges } from "./changes.js";
import { byId, el, put } from "./dom.js";
import { day } from "./formats.js";
import { keepLabelsClear, makeMapBefore, map, removeMapBefore } from "./mapview.js";
import { closePanel, say } from "./panel.js";
import { t } from "./texts.js";

/** @typedef {"swipe"|"side"|"blink"} Mode */

const MODES = /** @type {Mode[]} */ (["swipe", "side", "blink"]);
const STEP_PCT = 2;
const HALF_PCT = 50;
const EDGE_PCT = 4;
const BLINK_MS = 1200;
/** Labels make room for the handle once it rests so long. */
const REST_MS = 150;

const state = {
  /** @type {any} the other edition */
  before: null,
  /** @type {Mode} */
  mode: "swipe",
  pct: HALF_PCT,
  isBeforeSeen: true,
};
/** @type {any} */
let mapBefore = null;
let blinking = 0;
let resting = 0;
/** @type {(layer: string, id: string) => void} */
let openFeature = () => undefined;

/** @param {(layer: string, id: string) => void} open opens a feature named in the list */
export function wireCompare(open) {
  openFeature = open;
}

export const isComparing = () => state.before !== null;

/**
 * Opens the comparison.
 * @param {{from?: string|null, sw?: string|null, hasList?: boolean}} [options] `from` the other edition, `sw` as in the address
 */
export async function openCompare({ from = null, sw = null, hasList = true } = {}) {
  const earlier = earlierEditions();
  const before = earlier.find((entry) => [String(entry.edition), entry.label].includes(String(from))) ?? earlier[0];
  if (!before) return;
  takeSwipe(sw);
  state.before = before;
  byId("map-frame").classList.add("is-comparing");
  removeMapBefore();
  mapBefore = makeMapBefore(byId("map-before"), before.edition);
  map.on("move", follow);
  draw();
  remember();
  say(t("comparing", { before: editionName(before), after: editionName(shown.catalog.edition) }));
  if (hasList) await openChanges(openFeature, before.edition, (/** @type {string} */ wanted) => openCompare({ from: wanted, sw: swipeText() }));
}

/** @param {string|null} sw */
function takeSwipe(sw) {
  if (MODES.includes(/** @type {Mode} */ (sw))) state.mode = /** @type {Mode} */ (sw);
  else {
    state.mode = "swipe";
    const pct = Number(sw ?? HALF_PCT);
    state.pct = Number.isFinite(pct) && sw !== "" ? Math.min(100, Math.max(0, pct)) : HALF_PCT;
  }
}

const swipeText = () => (state.mode === "swipe" ? String(Math.round(state.pct)) : state.mode);

function remember() {
  const { before } = state;
  replaceAddress({ cmp: before && (isLabelRepeated(before) ? String(before.edition) : before.label ?? String(before.edition)), sw: state.before ? swipeText() : null });
}

/** Ends the comparison. @returns {boolean} whether there was one */
export function closeCompare() {
  if (!isComparing()) return false;
  const hadKeyboard = [byId("compare"), byId("swipe")].some((part) => part.contains(document.activeElement));
  state.before = null;
  clearInterval(blinking);
  clearTimeout(resting);
  map.off("move", follow);
  removeMapBefore();
  mapBefore = null;
  byId("map-frame").classList.remove("is-comparing", "is-side");
  byId("map-before").style.clipPath = "";
  byId("compare").hidden = true;
  byId("swipe").hidden = true;
  map.resize();
  keepLabelsClear(null);
  remember();
  if (hadKeyboard) /** @type {HTMLElement|null} */ (document.querySelector(".tool-compare_previous"))?.focus();
  return true;
}

/** Another edition is shown: the comparison begins anew, or ends where nothing is earlier. */
export function renewCompare() {
  if (!isComparing()) return;
  const { edition } = state.before;
  closeCompare();
  if (edition < shown.catalog.edition.edition) openCompare({ from: String(edition), hasList: false });
}

/** Both maps show the same place. */
function follow() {
  mapBefore?.jumpTo({ center: map.getCenter(), zoom: map.getZoom() });
}

/** Draws bar, labels and handle in the language of now. */
export function drawCompare() {
  if (isComparing()) draw();
}

function draw() {
  byId("map-frame").classList.toggle("is-side", state.mode === "side");
  map.resize();
  mapBefore?.resize();
  follow();
  drawBar();
  drawHandle();
  clearInterval(blinking);
  state.isBeforeSeen = true;
  if (state.mode === "blink" && !window.matchMedia("(prefers-reduced-motion: reduce)").matches) blinking = window.setInterval(blink, BLINK_MS);
  place();
}

function blink() {
  state.isBeforeSeen = !state.isBeforeSeen;
  place();
}

/** Cuts the other map to what is to be seen of it. */
function place() {
  const { mode, pct, isBeforeSeen } = state;
  const right = mode === "swipe" ? 100 - pct : mode === "side" || isBeforeSeen ? 0 : 100;
  byId("map-before").style.clipPath = `inset(0 ${right}% 0 0)`;
  const handle = byId("swipe");
  handle.hidden = mode !== "swipe";
  handle.style.left = `${pct}%`;
  handle.setAttribute("aria-valuenow", String(Math.round(pct)));
  clearTimeout(resting);
  resting = window.setTimeout(() => keepLabelsClear(mode === "swipe" ? pct / 100 : null), REST_MS);
  byId("compare-left").hidden = mode === "blink" && !isBeforeSeen;
  byId("compare-right").hidden = mode === "blink" && isBeforeSeen;
}

function drawBar() {
  const { before, mode } = state;
  const now = shown.catalog.edition;
  const set = (/** @type {Mode} */ wanted) => () => {
    state.mode = wanted;
    draw();
    remember();
    /** @type {HTMLElement|null} */ (document.querySelector(`[data-mode="${wanted}"]`))?.focus();
  };
  const jump = (/** @type {number} */ pct) => () => {
    state.pct = pct;
    place();
    remember();
  };
  const label = (/** @type {string} */ id, /** @type {any} */ edition) => el("strong", { id, class: "compare-label" }, `${editionName(edition)} · ${day(edition.data_as_of)}`);
  byId("compare").hidden = false;
  put(byId("compare"),
    label("compare-left", before),
    el("span", { class: "compare-tools", role: "group", "aria-label": t("compare") },
      MODES.map((one) => el("button", { type: "button", class: "button small", "data-mode": one, "aria-pressed": String(one === mode), on: { click: set(one) } }, t(`compare_${one}`))),
      mode === "swipe" ? [["left", EDGE_PCT], ["both", HALF_PCT], ["right", 100 - EDGE_PCT]].map(([word, pct]) =>
        el("button", { type: "button", class: "button small", on: { click: jump(Number(pct)) } }, t(`swipe_${word}`))) : null,
      mode === "blink" ? el("button", { type: "button", class: "button small", id: "blink-now", on: { click: () => { clearInterval(blinking); blink(); } } }, t("blink_now")) : null,
      el("button", { type: "button", class: "button small", on: { click: () => openCompare({ from: String(before.edition), sw: swipeText() }) } }, t("changes_title")),
      el("button", { type: "button", class: "button small", id: "compare-close", on: { click: () => { closePanel(); closeCompare(); } } }, t("close"))),
    label("compare-right", now));
}

function drawHandle() {
  const handle = byId("swipe");
  handle.setAttribute("aria-label", t("swipe_handle"));
  handle.onkeydown = (event) => {
    const by = { ArrowLeft: -STEP_PCT, ArrowRight: STEP_PCT }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    move(state.pct + by);
  };
  handle.onpointerdown = (event) => {
    handle.setPointerCapture(event.pointerId);
    handle.onpointermove = (/** @type {PointerEvent} */ at) => {
      const box = byId("map-frame").getBoundingClientRect();
      move((100 * (at.clientX - box.left)) / box.width);
    };
  };
  handle.onpointerup = handle.onpointercancel = () => { handle.onpointermove = null; };
}

/** @param {number} pct */
function move(pct) {
  state.pct = Math.min(100, Math.max(0, pct));
  place();
  remember();
}
