/** Where the map looks: extents, and what must not lie beneath the panel. */
import { bounds } from "./map_style.js";
import { map } from "./mapview.js";

const SIGHT_MARGIN_PX = 40;
const FIT_MARGIN_PX = 40;

/** West, south, east, north of a geometry. @param {any} geometry @returns {[number, number, number, number]|null} */
export function extentOf(geometry) {
  const box = /** @type {[number, number, number, number]} */ ([Infinity, Infinity, -Infinity, -Infinity]);
  const visit = (/** @type {any} */ part) => {
    if (typeof part[0] === "number") {
      box[0] = Math.min(box[0], part[0]); box[2] = Math.max(box[2], part[0]);
      box[1] = Math.min(box[1], part[1]); box[3] = Math.max(box[3], part[1]);
    } else part.forEach(visit);
  };
  const parts = geometry?.type === "GeometryCollection" ? geometry.geometries : [geometry];
  for (const part of parts) if (part?.coordinates?.length) visit(part.coordinates);
  return Number.isFinite(box[0]) ? box : null;
}

/** Pixels of the map's edges that a panel lies over. */
function coveredEdges() {
  const frame = map.getContainer().getBoundingClientRect();
  const panel = document.getElementById("result");
  const none = { top: 0, bottom: 0, left: 0, right: 0 };
  if (!panel || panel.hidden) return none;
  const box = panel.getBoundingClientRect();
  if (box.left >= frame.right - 1 || box.top >= frame.bottom - 1) return none;
  return box.width >= frame.width - 1 ? { ...none, bottom: Math.max(0, frame.bottom - box.top) } : { ...none, right: Math.max(0, frame.right - box.left) };
}

/** @param {{top: number, bottom: number, left: number, right: number}} edges */
const fitPadding = (edges) => Object.fromEntries(Object.entries(edges).map(([side, covered]) => [side, covered + FIT_MARGIN_PX]));

/** Moves the map just so far that a place is not under the panel. @param {[number, number]} place */
export function keepInSight(place) {
  const edges = coveredEdges();
  const { clientWidth, clientHeight } = map.getContainer();
  const at = map.project(place);
  const most = { x: clientWidth - edges.right - SIGHT_MARGIN_PX, y: clientHeight - edges.bottom - SIGHT_MARGIN_PX };
  const over = [Math.max(0, at.x - most.x), Math.max(0, at.y - most.y)];
  if (over[0] < clientWidth && over[1] < clientHeight && (over[0] || over[1])) map.panBy(over, { duration: 250 });
}

/** Goes to a geometry: to a point at zoom 15 or nearer, to anything else so that it fits. @param {any} geometry */
export function flyToGeometry(geometry) {
  const box = extentOf(geometry);
  if (!box) return;
  const isPoint = box[0] === box[2] && box[1] === box[3];
  const edges = coveredEdges();
  const offset = [-edges.right / 2, -edges.bottom / 2];
  if (isPoint) map.flyTo({ center: [box[0], box[1]], zoom: Math.max(15, map.getZoom()), speed: 2.4, offset });
  else map.fitBounds(bounds(box), { padding: fitPadding(edges), maxZoom: 17, speed: 2.4 });
}
