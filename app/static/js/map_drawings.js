/** The page's own drawings on the map: selection, shortest lines, the site being drawn. */
import { completeStyle, map } from "./mapview.js";
import { ownLayers } from "./own_layers.js";

/**
 * Puts features into one of the page's own sources, and draws them; null empties it. What is empty is not drawn, so that
 * its tiles are not made over and over.
 * @param {"selection"|"reason-lines"|"site"|"what-if"|"what-if-names"|"ground"|"measure"|"flash"|"numbers"} name
 * @param {any[]|null} features
 */
export function drawOwn(name, features) {
  const source = map?.getSource(name);
  if (!source) return;
  if (features?.length) completeStyle();
  for (const { id } of ownLayers().filter((entry) => entry.source === name && map.getLayer(entry.id))) map.setLayoutProperty(id, "visibility", features?.length ? "visible" : "none", { validate: false });
  source.setData({ type: "FeatureCollection", features: features ?? [] });
}

/** @param {any} geometry @param {Record<string, any>} [properties] */
export const feature = (geometry, properties = {}) => ({ type: "Feature", geometry, properties });

/**
 * The parts of a shortest line: the line, the place of its label at the middle, its ends. The label of a line with a ring at
 * its far end (`isRinged`) stands around the ring, which would cover the middle of a short line.
 * @param {any} line @param {string} label @param {Record<string, any>} [properties] of every part
 */
export function reasonParts(line, label, properties = {}) {
  if (line.type !== "LineString") return [feature(line, properties)];
  const point = (/** @type {number[]} */ coordinates, /** @type {Record<string, any>} */ more = {}) => feature({ type: "Point", coordinates }, { ...properties, ...more });
  const [first, last] = [line.coordinates[0], line.coordinates.at(-1)];
  const middle = first.map((/** @type {number} */ value, /** @type {number} */ i) => (value + last[i]) / 2);
  return [feature(line, properties), ...(label ? [point(properties.isRinged ? last : middle, { label })] : []), point(first), point(last)];
}

/**
 * Shortest lines with their lengths, ends marked.
 * @param {{line: any, label: string}[]} lines
 */
export const drawReasonLines = (lines) => drawOwn("reason-lines", lines.flatMap(({ line, label }) => reasonParts(line, label)));
