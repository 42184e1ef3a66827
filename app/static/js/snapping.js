/** Snapping: a corner drawn near a corner or an edge of what the map shows is put exactly on it. */

export const SNAP_PX = 12;

/** @typedef {{x: number, y: number}} Pixel */

/**
 * The nearest corner within the reach; where there is none, the nearest place on an edge; null where nothing is near.
 * @param {Pixel} at @param {Pixel[][]} lines rings and lines on the screen @param {number} [reach] pixels
 * @returns {Pixel|null}
 */
export function nearest(at, lines, reach = SNAP_PX) {
  return closest(at, lines.flat(), reach) ?? closest(at, lines.flatMap((line) => line.slice(1).map((to, i) => onEdge(at, line[i], to))), reach);
}

/** @param {Pixel} at @param {Pixel[]} places @param {number} reach @returns {Pixel|null} */
function closest(at, places, reach) {
  let found = null;
  let least = reach;
  for (const place of places) {
    const away = Math.hypot(place.x - at.x, place.y - at.y);
    if (away <= least) [found, least] = [place, away];
  }
  return found;
}

/** The place of an edge that is nearest to another. @param {Pixel} at @param {Pixel} from @param {Pixel} to @returns {Pixel} */
function onEdge(at, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length2 = dx * dx + dy * dy;
  const share = length2 ? Math.min(1, Math.max(0, ((at.x - from.x) * dx + (at.y - from.y) * dy) / length2)) : 0;
  return { x: from.x + share * dx, y: from.y + share * dy };
}

/**
 * Rings and lines of a geometry; points are left out.
 * @param {any} geometry GeoJSON @returns {[number, number][][]}
 */
export function linesOf({ type, coordinates }) {
  if (type === "LineString") return [coordinates];
  if (type === "Polygon" || type === "MultiLineString") return coordinates;
  return type === "MultiPolygon" ? coordinates.flat() : [];
}
