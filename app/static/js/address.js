/** The state of the map in the address: short readable keys, unknown ones ignored with a notice. */

/** Keys of the present page, in the order in which they stand in the address; at first those of the map. */
let keys = ["v", "l", "bg", "ed", "cmp", "sw", "f", "at", "flt", "t", "hx", "lang", "q", "pol"];
const REPLACE_AFTER_MS = 300;

/** @typedef {Record<string, string|null|undefined>} Address values by key; null or undefined leaves a key out */

let timer = 0;
/** @type {Address} */
let pending = {};

/** Makes the keys of another page the known ones. @param {string[]} wanted */
export function useKeys(wanted) {
  keys = wanted;
}

/** @returns {{values: Record<string, string>, unknown: string[]}} */
export function readAddress() {
  const values = Object.fromEntries(new URLSearchParams(location.search));
  const unknown = Object.keys(values).filter((key) => !keys.includes(key));
  return { values, unknown };
}

/**
 * The query string of some values, in the order of the keys; `/`, `,` and `:` stay readable.
 * @param {Address} values
 */
export function queryString(values) {
  const parts = keys.filter((key) => values[key]).map((key) => `${key}=${readable(String(values[key]))}`);
  return parts.length ? `?${parts.join("&")}` : location.pathname;
}

/** @param {string} text */
function readable(text) {
  return encodeURIComponent(text).replace(/%2F/g, "/").replace(/%2C/g, ",").replace(/%3A/g, ":").replace(/%3B/g, ";");
}

/**
 * Writes some keys into the address, 300 ms after the last change, without a new entry in the history.
 * @param {Address} changes
 */
export function replaceAddress(changes) {
  pending = { ...pending, ...changes };
  clearTimeout(timer);
  timer = window.setTimeout(flush, REPLACE_AFTER_MS);
}

/**
 * Writes some keys as a new entry in the history, so that Back returns to what was shown before.
 * @param {Address} changes
 */
export function pushAddress(changes) {
  flush();
  const values = { ...readAddress().values, ...changes };
  history.pushState(null, "", queryString(values));
}

/** Writes what is waiting. */
function flush() {
  clearTimeout(timer);
  const values = { ...readAddress().values, ...pending };
  pending = {};
  const address = queryString(values);
  if (address !== location.search) history.replaceState(null, "", address);
}

/**
 * @param {string|undefined} text `zoom/lat/lon`
 * @returns {{zoom: number, center: [number, number]}|null}
 */
export function parseView(text) {
  const [zoom, lat, lon] = (text ?? "").split("/").map(Number);
  if (![zoom, lat, lon].every(Number.isFinite) || Math.abs(lat) > 85 || Math.abs(lon) > 180) return null;
  return { zoom, center: [lon, lat] };
}

/** @param {number} zoom @param {{lng: number, lat: number}} center */
export const viewText = (zoom, center) => `${zoom.toFixed(2)}/${center.lat.toFixed(5)}/${center.lng.toFixed(5)}`;

/**
 * @param {string|undefined} text `layer:opacity,layer`
 * @returns {Map<string, number>|null} layers that are on, with their opacity in per cent
 */
export function parseLayers(text) {
  if (text === undefined) return null;
  const entries = text.split(",").filter(Boolean).map((part) => part.split(":"));
  return new Map(entries.map(([id, opacity]) => [id, clampPct(opacity)]));
}

/** @param {string|undefined} text */
function clampPct(text) {
  const value = Number(text ?? 100);
  return Number.isFinite(value) ? Math.min(100, Math.max(0, Math.round(value))) : 100;
}
