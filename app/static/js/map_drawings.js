/** The page's own drawings on the map: selection, shortest lines, the site being drawn. */
import { map } from "./mapview.js";
import { ownLayers } from "./own_layers.js";

/**
 * Puts features into one of the page's own sources, and draws them; null empties it. What is empty is not drawn, so that
 * its tiles are not made over and over.
 * @param {"selection"|"reason-lines"|"site"|"what-if"|"ground"|"measure"|"flash"|"numbers"} name
 * @param {any[]|null} features
 */
export function drawOwn(name, features) {
  const source = map?.getSource(name);
  if (!source) return;
  for (const { id } of ownLayers().filter((entry) => entry.source === name)) map.setLayoutProperty(id, "visibility", features?.length ? "visible" : "none");
  source.setData({ type: "FeatureCollection", features: features ?? [] });
}

/** @param {any} geometry @param {Record<string, any>} [properties] */
export const feature = (geometry, properties = {}) => ({ type: "Feature", geometry, properties });

/**
 * Shortest lines with their lengths, ends marked.
 * @param {{line: any, label: string}[]} lines
 */
export function drawReasonLines(lines) {
  const ends = (/** @type {any} */ line) =>
    line.type === "LineString" ? [line.coordinates[0], line.coordinates.at(-1)] : line.type === "Point" ? [line.coordinates] : [];
  const made = lines.flatMap(({ line, label }) => [
    ...(line.type === "Point" ? [] : [feature(line, { label })]),
    ...ends(line).map((/** @type {number[]} */ at) => feature({ type: "Point", coordinates: at })),
  ]);
  drawOwn("reason-lines", made);
}
