/** The list of a day: which places, in which order, how far; no page in it. */
import { localDate } from "./formats.js";

const EARTH_RADIUS_M = 6371008.8;
const SATURDAY = 6;
const A_DAY_MS = 86_400_000;

/** @typedef {{lon: number|null, lat: number|null}} Placed */

/**
 * Great-circle distance; off by less than 0.5 % from the ellipsoid's.
 * @param {Placed} a
 * @param {Placed} b
 * @returns {number} metres, NaN where one has no position
 */
export function straightM(a, b) {
  if (a.lon === null || b.lon === null || a.lat === null || b.lat === null) return NaN;
  const rad = Math.PI / 180;
  const [dLat, dLon] = [(b.lat - a.lat) * rad, (b.lon - a.lon) * rad];
  const h = Math.sin(dLat / 2) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(h));
}

/**
 * From the start always to the nearest place not yet visited; places without a position come last.
 * @template {Placed} P
 * @param {P[]} places
 * @param {Placed} start
 * @returns {P[]}
 */
export function nearestFirst(places, start) {
  const left = places.filter((place) => place.lon !== null);
  /** @type {P[]} */
  const order = [];
  let at = start;
  while (left.length) {
    const next = left.reduce((best, place) => (straightM(at, place) < straightM(at, best) ? place : best));
    left.splice(left.indexOf(next), 1);
    order.push(next);
    at = next;
  }
  return [...order, ...places.filter((place) => place.lon === null)];
}

/**
 * The sum of the straight lines from the start through all places that have a position, metres.
 * @param {Placed[]} places
 * @param {Placed|null} start
 */
export function totalM(places, start) {
  const stops = [start, ...places].filter((stop) => stop && stop.lon !== null);
  return stops.slice(1).reduce((sum, stop, i) => sum + straightM(/** @type {Placed} */ (stops[i]), /** @type {Placed} */ (stop)), 0);
}

/**
 * Whether enough days lie between the last visit and a day; a place that nobody recorded has rested.
 * @param {{last_visit?: {at: string}|null}} place
 * @param {string} date ISO
 * @param {number} days
 */
export function hasRested({ last_visit: visit }, date, days) {
  if (!visit) return true;
  return Math.floor((Date.parse(date) - Date.parse(localDate(visit.at))) / A_DAY_MS) >= days;
}

/** The day after that is neither Saturday nor Sunday, as ISO; public holidays are not known. @param {Date} today */
export function nextWorkingDay(today) {
  const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() + 1);
  while (day.getDay() % SATURDAY === 0) day.setDate(day.getDate() + 1);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, "0")}-${String(day.getDate()).padStart(2, "0")}`;
}

/** A list with one entry a place further up or down. @template T @param {T[]} list @param {number} index @param {number} by */
export function moved(list, index, by) {
  const made = [...list];
  const [entry] = made.splice(index, 1);
  made.splice(Math.min(made.length, Math.max(0, index + by)), 0, entry);
  return made;
}
