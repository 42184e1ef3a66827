/**
 * One label for each area in view. Tiles cut an area to pieces, and a label that follows the tiles would stand in
 * each of them; so the label of a style layer with `atlas:once` is placed here, inside what is seen of the area.
 */
import { drawnLayers, shown } from "./atlas.js";

/** @typedef {[number, number]} Position */

const MARGIN_PX = 30;
const LEAST_PIECE_PX2 = 900;

/** @type {Map<string, Position>} where each label stood last: it stays while it can be seen */
const places = new Map();
/** @type {Map<string, string>} what each source holds */
const held = new Map();

/** @param {Record<string, any>} entry a style layer */
export const isOnce = (entry) => Boolean(entry.metadata?.["atlas:once"]);

/** Name of the source that holds the label points of a style layer. @param {Record<string, any>} entry */
export const onceSource = (entry) => `once-${entry.id}`;

/** What the labels' sources hold now, for another map of the same place. @returns {[string, any][]} */
export const heldLabels = () => [...held].map(([id, text]) => [`once-${id}`, JSON.parse(text)]);

/** Places the labels of all areas in view anew. @param {any} map @param {string} [source] whose areas alone are meant */
export function placeAreaLabels(map, source) {
  for (const layer of drawnLayers().filter((one) => shown.visible.has(one.id))) {
    for (const entry of layer.style.filter((one) => isOnce(one) && (!source || one.source === source))) placeLabels(map, entry);
  }
}

/** @param {any} map @param {Record<string, any>} entry */
function placeLabels(map, entry) {
  const zoom = map.getZoom();
  const isShown = zoom >= (entry.minzoom ?? 0) && zoom < (entry.maxzoom ?? 24);
  const features = isShown ? labelled(map, entry) : [];
  const data = { type: "FeatureCollection", features };
  const text = JSON.stringify(data);
  if (held.get(entry.id) === text) return;
  held.set(entry.id, text);
  map.getSource(onceSource(entry))?.setData(data);
}

/** @param {any} map @param {Record<string, any>} entry */
function labelled(map, entry) {
  const { clientWidth, clientHeight } = map.getContainer();
  const frame = { left: MARGIN_PX, top: MARGIN_PX, right: clientWidth - MARGIN_PX, bottom: clientHeight - MARGIN_PX };
  const found = map.querySourceFeatures(entry.source, { sourceLayer: entry["source-layer"], filter: entry.filter, validate: false });
  return [...byId(found)].map(([id, pieces]) => {
    const place = labelPlace(map, `${entry.id}/${id}`, pieces, frame);
    return place && { type: "Feature", geometry: { type: "Point", coordinates: place }, properties: { ...pieces[0].properties } };
  }).filter(Boolean);
}

/** @param {any[]} features @returns {Map<string, any[]>} pieces of each area */
function byId(features) {
  const groups = new Map();
  for (const feature of features) {
    const { id } = feature.properties;
    groups.set(id, [...(groups.get(id) ?? []), feature]);
  }
  return groups;
}

/** @param {any} map @param {string} key @param {any[]} pieces
 *  @param {{left: number, top: number, right: number, bottom: number}} frame @returns {Position|null} */
function labelPlace(map, key, pieces, frame) {
  const rings = pieces.flatMap((piece) => outerRings(piece.geometry)).map((ring) => ring.map((at) => pixel(map, at)));
  const before = places.get(key);
  if (before && isSeen(pixel(map, before), frame, rings)) return before;
  const clipped = rings.map((ring) => clip(ring, frame)).filter((ring) => ring.length > 2);
  const largest = clipped.sort((a, b) => areaOf(b) - areaOf(a))[0];
  if (!largest || areaOf(largest) < LEAST_PIECE_PX2) return null;
  const inside = middleOf(largest);
  const { lng, lat } = map.unproject(inside);
  places.set(key, [lng, lat]);
  return [lng, lat];
}

/** @param {any} geometry @returns {Position[][]} */
function outerRings(geometry) {
  if (geometry.type === "Polygon") return [geometry.coordinates[0]];
  return geometry.type === "MultiPolygon" ? geometry.coordinates.map((/** @type {any} */ part) => part[0]) : [];
}

/** @param {any} map @param {Position} at @returns {Position} */
function pixel(map, at) {
  const { x, y } = map.project(at);
  return [x, y];
}

/** @param {Position} point @param {{left: number, top: number, right: number, bottom: number}} frame @param {Position[][]} rings */
function isSeen([x, y], frame, rings) {
  if (x < frame.left || x > frame.right || y < frame.top || y > frame.bottom) return false;
  return rings.some((ring) => crossings(ring, y).filter((at) => at < x).length % 2 === 1);
}

/** Where a horizontal line crosses a ring, from left to right. @param {Position[]} ring @param {number} y @returns {number[]} */
function crossings(ring, y) {
  return ring.flatMap(([x1, y1], i) => {
    const [x2, y2] = ring[(i + 1) % ring.length];
    return y1 > y === y2 > y ? [] : [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)];
  }).sort((a, b) => a - b);
}

/** The middle of the widest stretch inside a ring, half way up. @param {Position[]} ring @returns {Position} */
function middleOf(ring) {
  const heights = ring.map(([, y]) => y);
  const y = (Math.min(...heights) + Math.max(...heights)) / 2 + 0.01;
  const at = crossings(ring, y);
  let [left, right] = [at[0] ?? ring[0][0], at[1] ?? ring[0][0]];
  for (let i = 0; i + 1 < at.length; i += 2) if (at[i + 1] - at[i] > right - left) [left, right] = [at[i], at[i + 1]];
  return [(left + right) / 2, y];
}

/** @param {Position[]} ring square pixels */
function areaOf(ring) {
  return Math.abs(ring.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = ring[(i + 1) % ring.length];
    return sum + x * nextY - nextX * y;
  }, 0)) / 2;
}

/** The part of a ring inside a frame: cut at one edge after the other (Sutherland and Hodgman).
 *  @param {Position[]} ring @param {{left: number, top: number, right: number, bottom: number}} frame @returns {Position[]} */
function clip(ring, frame) {
  const edges = /** @type {[number, number, number][]} */ ([[0, frame.left, 1], [0, frame.right, -1], [1, frame.top, 1], [1, frame.bottom, -1]]);
  return edges.reduce((kept, [axis, bound, sign]) => cutAt(kept, axis, bound, sign), ring);
}

/** @param {Position[]} ring @param {number} axis @param {number} bound @param {number} sign @returns {Position[]} */
function cutAt(ring, axis, bound, sign) {
  const isIn = (/** @type {Position} */ at) => sign * (at[axis] - bound) >= 0;
  return ring.flatMap((to, i) => {
    const from = ring[(i + ring.length - 1) % ring.length];
    const share = (bound - from[axis]) / (to[axis] - from[axis]);
    const edge = /** @type {Position} */ ([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
    return isIn(from) === isIn(to) ? (isIn(to) ? [to] : []) : isIn(to) ? [edge, to] : [edge];
  });
}
