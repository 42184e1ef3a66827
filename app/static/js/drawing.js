/** Drawing a site or works by clicks or keys: vertices, live area and perimeter, no polygon that crosses itself. */
import { drawOwn, feature } from "./map_drawings.js";
import { map } from "./mapview.js";

const WGS84_A_M = 6378137;
const WGS84_E2 = 0.00669437999014;

/** @typedef {[number, number]} Position */

export class Drawing {
  /**
   * @param {"point"|"line"|"polygon"} kind
   * @param {{onChange: (drawing: Drawing) => void, onDone: (geometry: any) => void, onCancel: () => void, snap?: (at: Position, own: Position[]) => Position}} calls
   *   `snap` puts a corner on what lies near it; not while Alt is held
   */
  constructor(kind, calls) {
    this.kind = kind;
    this.calls = calls;
    /** @type {Position[]} */
    this.vertices = [];
    /** @type {Position|null} */
    this.pointer = null;
    this.listeners = { click: this.onClick.bind(this), mousemove: this.onMove.bind(this), dblclick: this.onDouble.bind(this) };
  }

  /** Takes the map's clicks until the drawing is finished or given up. */
  start() {
    for (const [name, listener] of Object.entries(this.listeners)) map.on(name, listener);
    map.doubleClickZoom.disable();
    map.getCanvas().classList.add("is-drawing");
    this.changed();
  }

  /** Gives the clicks back. */
  stop() {
    for (const [name, listener] of Object.entries(this.listeners)) map.off(name, listener);
    map.getCanvas().classList.remove("is-drawing");
    setTimeout(() => map.doubleClickZoom.enable(), 300);
  }

  /** @param {any} event */
  onClick(event) {
    if (event.originalEvent.detail > 1) return;
    this.add([event.lngLat.lng, event.lngLat.lat], !event.originalEvent.altKey);
  }

  /** @param {any} event */
  onMove(event) {
    if (this.kind === "point" || !this.vertices.length) return;
    this.pointer = [event.lngLat.lng, event.lngLat.lat];
    this.changed();
  }

  /** @param {any} event */
  onDouble(event) {
    event.preventDefault();
    this.finish();
  }

  /** @param {Position} position @param {boolean} [snaps] whether it may be moved onto what lies near */
  add(position, snaps = true) {
    const at = snaps ? this.calls.snap?.(position, this.vertices) ?? position : position;
    if (!this.closes(at)) this.vertices.push(at);
    if (this.kind === "point") this.finish();
    else this.changed();
  }

  /** Whether a corner is the first one again: the ring is closed without it. @param {Position} at */
  closes(at) {
    const [first] = this.vertices;
    return this.kind === "polygon" && this.vertices.length > 2 && at[0] === first[0] && at[1] === first[1];
  }

  /** Takes the last vertex back. */
  undo() {
    this.vertices.pop();
    this.pointer = null;
    this.changed();
  }

  /** Why the site cannot be finished: a text key, or null when it can. @returns {string|null} */
  problem() {
    if (this.kind === "point") return this.vertices.length ? null : "draw_point_hint";
    if (this.kind === "line") return this.vertices.length < 2 ? "draw_two_points" : null;
    if (this.vertices.length < 3) return "draw_three_points";
    return crossesItself(this.vertices) ? "draw_crosses" : null;
  }

  /** Hands the geometry over, if it can be finished. */
  finish() {
    if (this.problem()) return this.changed();
    this.stop();
    const geometry = this.geometry();
    drawSite(geometry);
    this.calls.onDone(geometry);
  }

  /** Gives the drawing up. */
  cancel() {
    this.stop();
    drawSite(null);
    this.calls.onCancel();
  }

  geometry() {
    if (this.kind === "point") return { type: "Point", coordinates: this.vertices[0] };
    if (this.kind === "line") return { type: "LineString", coordinates: this.vertices };
    return { type: "Polygon", coordinates: [closed(this.vertices)] };
  }

  changed() {
    const corners = this.pointer ? [...this.vertices, this.pointer] : this.vertices;
    const shape = corners.length > 2 && this.kind === "polygon" ? [feature({ type: "Polygon", coordinates: [closed(corners)] })] :
      corners.length > 1 ? [feature({ type: "LineString", coordinates: corners })] : [];
    drawOwn("site", [...shape, ...this.vertices.map((at) => feature({ type: "Point", coordinates: at }))]);
    this.calls.onChange(this);
  }
}

/** Shows a finished site. @param {any|null} geometry */
export const drawSite = (geometry) => drawOwn("site", geometry ? [feature(geometry)] : null);

/** @param {Position[]} corners @returns {Position[]} */
const closed = (corners) => [...corners, corners[0]];

/** Whether the ring through some corners crosses itself. @param {Position[]} corners */
export function crossesItself(corners) {
  const n = corners.length;
  for (let i = 0; i < n; i++) {
    for (let j = i + 2; j < n; j++) {
      if (i === 0 && j === n - 1) continue;
      if (cross(corners[i], corners[(i + 1) % n], corners[j], corners[(j + 1) % n])) return true;
    }
  }
  return false;
}

/** @param {Position} a @param {Position} b @param {Position} c @param {Position} d whether ab and cd cross */
function cross(a, b, c, d) {
  const side = (/** @type {Position} */ p, /** @type {Position} */ q, /** @type {Position} */ r) =>
    Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

/** Corners in metres east and north of the first, on the ellipsoid's tangent plane: exact to 1e-5 within 20 km.
 *  @param {Position[]} corners @returns {Position[]} */
function inMetres(corners) {
  const lat = (corners[0][1] * Math.PI) / 180;
  const w = 1 - WGS84_E2 * Math.sin(lat) ** 2;
  const east = ((WGS84_A_M / Math.sqrt(w)) * Math.cos(lat) * Math.PI) / 180;
  const north = ((WGS84_A_M * (1 - WGS84_E2)) / w ** 1.5) * (Math.PI / 180);
  return corners.map(([x, y]) => [(x - corners[0][0]) * east, (y - corners[0][1]) * north]);
}

/** @param {Position[]} corners @returns {{area_m2: number, perimeter_m: number}} */
export function measured(corners) {
  const ring = inMetres(corners);
  let [twice, perimeter] = [0, 0];
  ring.forEach(([x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length];
    twice += x * nextY - nextX * y;
    perimeter += Math.hypot(nextX - x, nextY - y);
  });
  return { area_m2: Math.abs(twice) / 2, perimeter_m: perimeter };
}

/** @param {Position[]} vertices @returns {number} metres along a line */
export function lineLength(vertices) {
  const steps = vertices.slice(1).map((at, i) => Math.hypot(...inMetres([vertices[i], at])[1]));
  return steps.reduce((sum, step) => sum + step, 0);
}
