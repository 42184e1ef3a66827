/** Numbers, dates and places as ui.md section 10 writes them. A missing value is "—", a zero is "0". */
import { lang, t } from "./texts.js";

export const MISSING = "—";

/** Below this a distance is nought to the decimal shown. */
const SHORTEST_M = 0.05;
const ROUNDING_M = 0.005;

/** @param {any} value */
export const isMissing = (value) => value === null || value === undefined || value === "" || Number.isNaN(value);

/**
 * A number with thousands separators.
 * @param {number} value
 * @param {number} [digits] decimals at most
 */
export function number(value, digits = 2) {
  return isMissing(value) ? MISSING : writer(0, digits).format(Number(value));
}

/** @type {Map<string, Intl.NumberFormat>} making one takes longer than a hundred numbers */
const writers = new Map();

/** What writes numbers with so many decimals. @param {number} least @param {number} most */
function writer(least, most) {
  const key = `${least}-${most}`;
  const made = writers.get(key) ?? new Intl.NumberFormat("en-US", { minimumFractionDigits: least, maximumFractionDigits: most });
  writers.set(key, made);
  return made;
}

/**
 * A number with exactly so many decimals.
 * @param {number} value
 * @param {number} digits
 */
export function fixed(value, digits) {
  return writer(digits, digits).format(Number(value));
}

/**
 * A distance: below 10 m one decimal, below 1000 m whole metres, else kilometres with one decimal.
 * @param {number} metres
 */
export function distance(metres) {
  if (isMissing(metres)) return MISSING;
  if (metres < SHORTEST_M) return "0 m";
  if (metres < 10) return `${Number(metres).toFixed(1)} m`;
  if (metres < 999.5) return `${Math.round(metres)} m`;
  return `${fixed(metres / 1000, 1)} km`;
}

/** What a rule requires, as the standard states it: 17.5 m is not 18 m. @param {number} metres */
export function required(metres) {
  if (isMissing(metres) || Math.abs(metres - Math.round(metres)) < ROUNDING_M) return distance(metres);
  return `${Number(Number(metres).toFixed(2))} m`;
}

/**
 * An area, in hectares with two decimals; from 100 ha on in square kilometres.
 * @param {number} squareMetres
 */
export function area(squareMetres) {
  if (isMissing(squareMetres)) return MISSING;
  if (squareMetres >= 1e6) return `${fixed(squareMetres / 1e6, 2)} km²`;
  return `${fixed(squareMetres / 1e4, 2)} ${t("hectares")}`;
}

/** @param {number} metres position along a line */
export function chainage(metres) {
  if (isMissing(metres)) return MISSING;
  const whole = Math.round(metres);
  return `K${Math.floor(whole / 1000)}+${String(whole % 1000).padStart(3, "0")}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Metres of a text such as K12+300, 12+300 or 12300. @param {string} text @returns {number} NaN where it is none */
export function chainageMetres(text) {
  const match = /^\s*(?:k?\s*(\d{1,4})\s*\+\s*(\d{1,3}(?:\.\d+)?)|(\d{1,8}(?:\.\d+)?))\s*$/i.exec(text);
  if (!match) return NaN;
  return match[3] === undefined ? 1000 * Number(match[1]) + Number(match[2]) : Number(match[3]);
}

/**
 * The day of an ISO date or timestamp.
 * @param {string|null|undefined} iso
 */
export function day(iso) {
  const match = /^(\d{4})-(\d{2})-(\d{2})/.exec(iso ?? "");
  if (!match) return MISSING;
  if (lang() === "zh") return match[0];
  return `${Number(match[3])} ${MONTHS[Number(match[2]) - 1]} ${match[1]}`;
}

/** The time of day of an ISO timestamp, by the clock of the person who reads it. @param {string|null|undefined} iso */
export function clock(iso) {
  const at = new Date(iso ?? "");
  if (Number.isNaN(at.getTime())) return MISSING;
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}`;
}

/**
 * A yearly frequency such as 3×10⁻⁶.
 * @param {number} value
 */
export function frequency(value) {
  if (isMissing(value)) return MISSING;
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(value) + 1e-9);
  const digits = String(exponent).replace("-", "⁻").replace(/\d/g, (d) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(d)]);
  return `${number(value / 10 ** exponent, 1)}×10${digits}`;
}

/** @param {number} lon @param {number} lat */
export const coordinates = (lon, lat) => `${lon.toFixed(6)}, ${lat.toFixed(6)}`;

/**
 * Values rounded so that they add up to their rounded sum: what is shown can be added up by hand.
 * @param {number[]} values
 * @param {number} digits
 * @returns {number[]}
 */
export function roundedToSum(values, digits) {
  const unit = 10 ** digits;
  const floors = values.map((value) => Math.floor(value * unit + 1e-9));
  const total = Math.round(values.reduce((sum, value) => sum + value, 0) * unit);
  const order = values.map((value, i) => ({ i, rest: value * unit - floors[i] })).sort((a, b) => b.rest - a.rest);
  for (let left = total - floors.reduce((sum, value) => sum + value, 0), k = 0; left > 0 && k < order.length; left--, k++) {
    floors[order[k].i] += 1;
  }
  return floors.map((value) => value / unit);
}

/** Today in the person's own time zone, as ISO date. */
export const today = () => localDate(new Date());

/** The date of a moment in the person's own time zone, as ISO date. @param {Date|string} moment */
export function localDate(moment) {
  const now = new Date(moment);
  return [now.getFullYear(), now.getMonth() + 1, now.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
}

/** What is written on a shortest line. @param {any} row */
export function lineLabel(row) {
  return [isMissing(row.actual_m) ? "" : distance(row.actual_m), isMissing(row.required_m) ? "" : required(row.required_m)].filter(Boolean).join(" / ");
}
