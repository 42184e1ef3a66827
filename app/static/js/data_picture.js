/** A small picture of where features lie in the area: the outline, dots, and what changes; no base map is needed for it. */
import { svg } from "./dom.js";

const WIDTH = 360;
const MARGIN = 8;
/** Half the size of a cross. */
const ARM = 4;

/**
 * @param {any} area `outline` GeoJSON polygon or multipolygon, and `home`, its main part: west, south, east, north, all degrees
 * @param {number[][]} positions longitude and latitude of what is there
 * @param {{kind: string, lon: number|null, lat: number|null}[]} changes drawn above, by kind
 * @param {string} label what the picture says, in words
 * @param {number[][]} [refused] where refused rows lie, as crosses; what lies beyond the picture, far islands too, stands at its edge
 */
export function picture(area, positions, changes, label, refused = []) {
  const outline = area?.outline;
  /** @type {number[][][]} */
  const rings = outline ? (outline.type === "Polygon" ? [outline.coordinates] : outline.coordinates).flat(1) : [];
  const places = changes.filter(({ lon, lat }) => lon !== null && lat !== null).map(({ lon, lat }) => [Number(lon), Number(lat)]);
  const all = frame(area?.home, rings, [...positions, ...places, ...refused]);
  if (!all.length) return null;
  const project = projection(all);
  const inside = (/** @type {number[]} */ point) => within(project.at(point), project.height);
  return svg("svg", { class: "picture", role: "img", "aria-label": label, viewBox: `0 0 ${WIDTH} ${project.height}` },
    rings.map((ring) => svg("polygon", { class: "picture-area", points: ring.map((point) => project.at(point).join(",")).join(" ") })),
    positions.map((point) => dot(inside(point), "picture-there", 1.6)),
    changes.filter(({ lon, lat }) => lon !== null && lat !== null).map(({ kind, lon, lat }) => dot(inside([Number(lon), Number(lat)]), `picture-${kind}`, 3.2)),
    refused.map((point) => cross(inside(point))));
}

/**
 * Points that the picture reaches to: of the main part of the area, so that far islands do not make it a dot.
 * @param {number[]|undefined} home @param {number[][][]} rings @param {number[][]} others
 */
export function frame(home, rings, others) {
  if (home?.length === 4) return [home.slice(0, 2), home.slice(2)];
  return rings.length ? rings.flat(1) : others;
}

/** @param {number[]} at @param {string} kind @param {number} r */
const dot = ([cx, cy], kind, r) => svg("circle", { class: kind, cx, cy, r });

/** @param {number[]} at */
const cross = ([x, y]) => svg("path", { class: "picture-refused", d: `M${x - ARM} ${y - ARM}l${2 * ARM} ${2 * ARM}m0 ${-2 * ARM}l${-2 * ARM} ${2 * ARM}` });

/** @param {number[]} at @param {number} height */
const within = ([x, y], height) => [Math.min(Math.max(x, ARM + 1), WIDTH - ARM - 1), Math.min(Math.max(y, ARM + 1), height - ARM - 1)];

/** @param {number[][]} points */
function projection(points) {
  const [west, east] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))];
  const [south, north] = [Math.min(...points.map(([, y]) => y)), Math.max(...points.map(([, y]) => y))];
  const shrink = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const scale = (WIDTH - 2 * MARGIN) / Math.max((east - west) * shrink, (north - south) * 0.7, 1e-6);
  return {
    height: Math.round((north - south) * scale + 2 * MARGIN),
    at: (/** @type {number[]} */ [x, y]) => [MARGIN + (x - west) * shrink * scale, MARGIN + (north - y) * scale].map((value) => Math.round(value * 10) / 10),
  };
}
