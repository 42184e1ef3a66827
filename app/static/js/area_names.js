/**
 * Names of areas that lie within one another, such as the rings of a change: one each, beside a dot that stands on ground of
 * its own. They part as far as there is room, the worst has it first, and none lies on another.
 */
import { boxesUpon } from "./label_edges.js";
import { drawOwn, feature } from "./map_drawings.js";
import { map } from "./mapview.js";
import { namePlaces } from "./name_places.js";

/** @typedef {{geometry: any, fill: string, label: string, rank: number}} Named the least rank matters most */

const MARGIN_PX = 30;

/** @type {Named[]} bottom to top */
let drawn = [];
let isWatching = false;

/** Draws areas with their names, which follow the map; none takes all away. @param {Named[]} areas bottom to top */
export function drawNamed(areas) {
  drawn = areas;
  drawOwn("what-if", areas.map(({ geometry, fill }) => feature(geometry, { fill })));
  if (!isWatching) map?.on("moveend", placeNames);
  isWatching = Boolean(map);
  placeNames();
}

function placeNames() {
  if (!map) return;
  const { clientWidth, clientHeight } = map.getContainer();
  const room = { left: MARGIN_PX, top: MARGIN_PX, right: clientWidth - MARGIN_PX, bottom: clientHeight - MARGIN_PX, upon: boxesUpon(map) };
  const shapes = drawn.map(({ geometry }) => ringsOf(geometry).map((ring) => ring.map(pixel)));
  const places = namePlaces(shapes, drawn.map(({ rank }) => rank), room);
  drawOwn("what-if-names", places.flatMap((at, i) => {
    if (!at) return [];
    const { lng, lat } = map.unproject(at);
    return [feature({ type: "Point", coordinates: [lng, lat] }, { label: drawn[i].label, rank: drawn[i].rank })];
  }));
}

/** @param {number[]} at @returns {[number, number]} */
function pixel(at) {
  const { x, y } = map.project(at);
  return [x, y];
}

/** @param {any} geometry @returns {any[][]} its rings; those of a line that goes around an area too */
function ringsOf(geometry) {
  if (geometry.type === "Point") return [[geometry.coordinates]];
  if (geometry.type === "MultiPolygon") return geometry.coordinates.flat();
  return geometry.type === "LineString" ? [geometry.coordinates] : geometry.coordinates;
}
