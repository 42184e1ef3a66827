/** What lies under the pointer: hover names it, a click selects it, several are listed worst first. */
import { codeTitle, featureName, fieldOf, isGround, layerById, levelRank, levelWord, shortName } from "./atlas.js";
import { byId, put, el } from "./dom.js";
import { clickableStyleLayers, clustersDrawn } from "./map_layers.js";
import { map } from "./mapview.js";
import { said, t } from "./texts.js";

const MOUSE_TOLERANCE_PX = 6;
const TOUCH_TOLERANCE_PX = 12;
/** A click on a number of features goes nearer by so many zooms, at most to where each is drawn singly. */
const NEARER = 1.5;
const SINGLY_FROM_ZOOM = 11;

/**
 * @typedef {{layer: import("./atlas.js").Layer, id: string, name: string, level: string|null, properties: Record<string, any>,
 *   geometry: any}} Hit
 */

/** @param {{x: number, y: number}} point @param {number} tolerance @returns {Hit[]} worst first, areas by policy last */
export function hitsAt(point, tolerance) {
  const box = [[point.x - tolerance, point.y - tolerance], [point.x + tolerance, point.y + tolerance]];
  const found = map.queryRenderedFeatures(box, { layers: clickableStyleLayers() }).map(asHit).filter(Boolean);
  const unique = [...new Map(found.map((/** @type {Hit} */ hit) => [`${hit.layer.id}/${hit.id}`, hit])).values()];
  return withoutRated(unique).sort((a, b) => order(a) - order(b));
}

/** @param {any} rendered @returns {Hit|null} */
export function asHit(rendered) {
  const layer = layerById(rendered.layer.metadata?.["atlas:layer"]);
  const id = rendered.properties.id ?? rendered.id;
  if (!layer || id === undefined) return null;
  const { properties, geometry } = rendered;
  const name = isGround(layer) ? said(layer) : featureName(layer, properties);
  return { layer, id: String(id), name, level: properties.level ?? null, properties, geometry };
}

/** The number of features under the pointer, where no feature is drawn there singly. @param {{x: number, y: number}} point @param {Hit[]} hits */
function clusterAt({ x, y }, hits) {
  if (hits.some((hit) => hit.geometry.type === "Point")) return null;
  return clustersDrawn(null, [[x - 1, y - 1], [x + 1, y + 1]])[0] ?? null;
}

/**
 * Goes nearer to the number of features under the pointer, until each is drawn; whether there was one.
 * @param {{x: number, y: number}} point @param {Hit[]} hits what lies there besides
 */
export function openCluster(point, hits) {
  const found = clusterAt(point, hits);
  if (!found) return false;
  map.easeTo({ center: found.geometry.coordinates, zoom: Math.min(map.getZoom() + NEARER, Math.max(map.getZoom(), SINGLY_FROM_ZOOM)) });
  return true;
}

/** A source that is drawn with its rating is one thing: the rating stands for it. @param {Hit[]} hits */
function withoutRated(hits) {
  const rated = new Set(hits.map(({ properties: p }) => (p.source_layer ? `${p.source_layer}/${p.source_feature_id}` : "")));
  return hits.filter((hit) => !rated.has(`${hit.layer.id}/${hit.id}`));
}

/** @param {Hit} hit small for what is named first */
function order(hit) {
  const isArea = hit.geometry.type.endsWith("Polygon");
  if (isGround(hit.layer)) return 1000 + levelRank(hit.level);
  const shape = isArea ? 200 : hit.geometry.type.endsWith("LineString") ? 60 : 0;
  const isConflict = Boolean(fieldOf(hit.layer, "shortfall_m"));
  return shape + (isConflict ? 25 : 10 * levelRank(hit.level));
}

/** What a hit is called in a list: name and level word, or the titles of its codes. @param {Hit} hit */
export function hitTitle(hit) {
  const word = hit.level ? levelWord(hit.level) : "";
  if (isGround(hit.layer)) return { name: said(hit.layer), note: word };
  const kind = fieldOf(hit.layer, "kind") ?? fieldOf(hit.layer, "category");
  const note = word || codeTitle(kind, hit.properties[kind?.name ?? ""]) || said(hit.layer);
  if (hit.properties.subject_name || hit.properties.object_name) {
    return { name: `${hit.properties.subject_name ?? "?"} – ${hit.properties.object_name ?? "?"}`, note: said(hit.layer) };
  }
  return { name: hit.name, note };
}

/** @param {any} cluster a number of features */
const clusterTitle = ({ properties: p }) => ({ name: t("cluster_of", { n: p.n }), note: t("cluster_worst", { level: levelWord(p.level) }) });

/**
 * Wires hover and click.
 * @param {(hits: Hit[], place: {lng: number, lat: number}) => void} onClick
 * @param {() => boolean} isFree whether no tool has taken the clicks
 */
export function wireIdentify(onClick, isFree) {
  let frame = 0;
  map.on("mousemove", (/** @type {any} */ event) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => (isFree() ? showHover(event) : hideHover()));
  });
  map.on("mouseout", hideHover);
  map.on("movestart", hideHover);
  map.on("click", (/** @type {any} */ event) => {
    if (!isFree()) return;
    hideHover();
    const isTouch = event.originalEvent.pointerType === "touch";
    const hits = hitsAt(event.point, isTouch ? TOUCH_TOLERANCE_PX : MOUSE_TOLERANCE_PX);
    if (!openCluster(event.point, hits)) onClick(hits, event.lngLat);
  });
}

/** @param {any} event */
function showHover(event) {
  const hits = hitsAt(event.point, MOUSE_TOLERANCE_PX);
  const cluster = clusterAt(event.point, hits);
  map.getCanvas().style.cursor = cluster || hits.length ? "pointer" : "";
  if (!cluster && !hits.length) return hideHover();
  const { name, note } = cluster ? clusterTitle(cluster) : hitTitle(hits[0]);
  const box = byId("hover");
  put(box, el("strong", {}, shortName(name)), note && note !== name ? ` ${note}` : "");
  box.hidden = false;
  const { clientWidth, clientHeight } = map.getContainer();
  const left = Math.min(event.point.x + 14, clientWidth - box.offsetWidth - 6);
  const top = Math.min(event.point.y + 16, clientHeight - box.offsetHeight - 6);
  box.style.transform = `translate(${Math.max(4, left)}px, ${Math.max(4, top)}px)`;
}

function hideHover() {
  byId("hover").hidden = true;
}
