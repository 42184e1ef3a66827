/** What the siting page takes from its map: corners that snap, and parcels that are picked. */
import { getJson } from "./api.js";
import { isGround, shown } from "./atlas.js";
import { asHit } from "./identify.js";
import { setLayerVisible } from "./map_layers.js";
import { map } from "./mapview.js";
import { linesOf, nearest, SNAP_PX } from "./snapping.js";

/** Pixels within which two places are one. */
const SAME_PX = 0.01;

/**
 * A place moved onto what is drawn within 12 px of it: its own first corner, pipelines, roads, parcels; never a coloured zone.
 * @param {[number, number]} position @param {[number, number][]} own corners drawn so far
 * @returns {[number, number]}
 */
export function snapped(position, own) {
  const at = map.project(position);
  const box = [[at.x - SNAP_PX, at.y - SNAP_PX], [at.x + SNAP_PX, at.y + SNAP_PX]];
  const near = map.queryRenderedFeatures(box).filter((/** @type {any} */ found) => isFirm(found)).flatMap((/** @type {any} */ found) => linesOf(found.geometry));
  const lines = [...near, own].map((/** @type {[number, number][]} */ line) => line.map((place) => map.project(place)));
  const found = nearest(at, lines.filter((line) => line.length));
  if (!found) return position;
  // The very corner, not its place on the screen turned back: a ring that ends beside its start crosses itself.
  const corner = own.find((place) => Math.hypot(map.project(place).x - found.x, map.project(place).y - found.y) < SAME_PX);
  if (corner) return corner;
  const { lng, lat } = map.unproject([found.x, found.y]);
  return [lng, lat];
}

/** @param {any} rendered */
function isFirm(rendered) {
  const hit = rendered.layer.type === "symbol" ? null : asHit(rendered);
  return hit !== null && !isGround(hit.layer);
}

/** Layers of parcels that the edition has. @param {string[]} ids @returns {import("./atlas.js").Layer[]} */
export const parcelLayers = (ids) => shown.catalog.layers.filter((layer) => ids.includes(layer.id) && layer.n_features > 0 && layer.style?.length);

/** Shows the parcels, to be picked. @param {import("./atlas.js").Layer[]} layers */
export function showParcels(layers) {
  for (const layer of layers) {
    shown.visible.add(layer.id);
    setLayerVisible(layer, true);
  }
}

/**
 * The whole ground of the parcel at a place of the map; null where there is none.
 * @param {{x: number, y: number}} at pixel @param {import("./atlas.js").Layer[]} layers
 * @returns {Promise<any|null>} GeoJSON
 */
export async function parcelAt(at, layers) {
  const styles = layers.flatMap((layer) => layer.style.map((entry) => entry.id));
  const [hit] = map.queryRenderedFeatures([at.x, at.y], { layers: styles }).map(asHit).filter((/** @type {any} */ found) => found?.geometry.type.endsWith("Polygon"));
  if (!hit) return null;
  const edition = encodeURIComponent(shown.catalog.edition.edition);
  return (await getJson(`/api/features/${encodeURIComponent(hit.layer.id)}/${hit.id.split("/").map(encodeURIComponent).join("/")}?ed=${edition}`)).geometry;
}

/** Whether a place lies within an outline; holes do not count, the server has the last word. @param {[number, number]} at @param {any} outline GeoJSON */
export function liesIn(at, outline) {
  const polygons = outline.type === "Polygon" ? [outline.coordinates] : outline.coordinates;
  return polygons.some((/** @type {any} */ rings) => within(at, rings[0]));
}

/** @param {[number, number]} at @param {[number, number][]} ring */
function within([x, y], ring) {
  let inside = false;
  ring.forEach(([x1, y1], i) => {
    const [x2, y2] = ring[(i + 1) % ring.length];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}
