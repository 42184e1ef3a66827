/** 测量: length, area, bearing and place, on the ellipsoid; results stay on the map as notes until they are removed. */
import { ApiError, postJson } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { Drawing, drawSite } from "./drawing.js";
import { area, coordinates, distance, fixed } from "./formats.js";
import { drawOwn, feature } from "./map_drawings.js";
import { errorText, say } from "./panel.js";
import { datum } from "./status.js";
import { t } from "./texts.js";

/** @typedef {{kind: string, geometry: any, measured: any}} Note */

const KINDS = /** @type {const} */ ([["length", "line"], ["area", "polygon"], ["bearing", "line"], ["place", "point"]]);

/** @type {Note[]} */
let notes = [];
/** @type {Drawing|null} */
let drawing = null;
let kind = "length";
let problem = "";

export const isMeasuring = () => !byId("measure").hidden;
export const isMeasuringPlace = () => drawing !== null;

/** Opens the tool, or shuts it. */
export function toggleMeasure() {
  if (isMeasuring()) return closeMeasure();
  byId("measure").hidden = false;
  begin("length");
  return true;
}

/** Ends the tool; the notes stay. @returns {boolean} whether it was open */
export function closeMeasure() {
  if (!isMeasuring()) return false;
  stop();
  byId("measure").hidden = true;
  return true;
}

function stop() {
  drawing?.stop();
  drawing = null;
  drawSite(null);
}

/** @param {string} wanted */
function begin(wanted) {
  stop();
  kind = wanted;
  problem = "";
  const shape = KINDS.find(([name]) => name === wanted)?.[1] ?? "line";
  drawing = new Drawing(shape, { onChange: drawMeasure, onDone: (geometry) => finish(geometry), onCancel: () => undefined });
  drawing.start();
}

/** Keys while something is drawn. @param {KeyboardEvent} event @param {[number, number]} centre @returns {boolean} whether it was taken */
export function measureKey(event, centre) {
  if (!drawing || /** @type {HTMLElement} */ (event.target).closest("input, select, textarea, button")) return false;
  if (event.key === "Enter" && event.ctrlKey) drawing.finish();
  else if (event.key === "Enter") addAt(centre);
  else if (event.key === "Backspace") drawing.undo();
  else return false;
  event.preventDefault();
  return true;
}

/** @param {[number, number]} place */
function addAt(place) {
  drawing?.add(place);
  if (kind === "bearing" && drawing?.vertices.length === 2) drawing.finish();
}

/** @param {any} geometry */
async function finish(geometry) {
  drawing = null;
  try {
    const asked = kind === "bearing" ? { ...geometry, coordinates: [geometry.coordinates[0], geometry.coordinates.at(-1)] } : geometry;
    const measured = await postJson(`/api/measure?ed=${encodeURIComponent(shown.catalog.edition.edition)}`, { geometry: asked });
    notes.push({ kind, geometry: asked, measured });
    say(noteText(notes[notes.length - 1]));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    problem = errorText(error);
  }
  const said = problem;
  drawNotes();
  if (isMeasuring()) begin(kind);
  problem = said;
  drawMeasure();
}

/** @param {Note} note */
function noteText({ kind: what, geometry, measured }) {
  if (what === "place") return `${coordinates(geometry.coordinates[0], geometry.coordinates[1])} ${datum()}`;
  if (what === "area") return `${area(measured.area_m2)} · ${t("perimeter")} ${distance(measured.length_m)}`;
  if (what === "bearing") return `${fixed(measured.bearing_deg, 1)}° · ${distance(measured.length_m)}`;
  return distance(measured.length_m);
}

/** Where a note stands. @param {any} geometry */
function noteAt(geometry) {
  if (geometry.type === "Point") return geometry.coordinates;
  const line = geometry.type === "Polygon" ? geometry.coordinates[0].slice(0, -1) : geometry.coordinates;
  return geometry.type === "Polygon" ? [0, 1].map((axis) => line.reduce((/** @type {number} */ sum, /** @type {number[]} */ at) => sum + at[axis], 0) / line.length) : line.at(-1);
}

/** Draws the notes on the map and in the tool. */
function drawNotes() {
  drawOwn("measure", notes.flatMap((note, i) => [
    feature(note.geometry), feature({ type: "Point", coordinates: noteAt(note.geometry) }, { label: `(${i + 1}) ${noteText(note)}` })]));
  drawMeasure();
}

/** Draws the tool again, in the language of now. */
export function drawMeasure() {
  const box = byId("measure");
  if (box.hidden) return;
  const choices = KINDS.map(([name]) => el("button", { type: "button", class: "button small", "aria-pressed": String(kind === name), "data-kind": name, on: { click: () => begin(name) } }, t(`measure_${name}`)));
  const remove = (/** @type {number} */ i) => () => {
    notes = notes.filter((_, n) => n !== i);
    drawNotes();
  };
  const active = /** @type {HTMLElement|null} */ (document.activeElement)?.dataset?.kind;
  put(box, el("div", { class: "actions" }, choices,
    drawing && drawing.kind !== "point" ? el("button", { type: "button", class: "button small", disabled: Boolean(drawing.problem()), on: { click: () => drawing?.finish() } }, t("done")) : null,
    el("button", { type: "button", class: "button small", on: { click: closeMeasure } }, t("close"))),
  el("p", { class: "muted small" }, t("measure_hint")),
  problem ? el("p", { class: "strip-problem", role: "alert" }, problem) : null,
  notes.length ? el("ol", { class: "measure-notes" }, notes.map((note, i) => el("li", {}, `(${i + 1}) ${noteText(note)} `, el("button", { type: "button", class: "link", "aria-label": t("remove_note", { n: i + 1 }), on: { click: remove(i) } }, t("remove"))))) : null);
  if (active) /** @type {HTMLElement|null} */ (box.querySelector(`[data-kind="${active}"]`))?.focus();
}
