/** How paper is held, and the scale at which it shows what a map showed. */
const RAD = Math.PI / 180;
/** Denominators that a sheet may be asked for. */
export const SCALES = [1000, 2000, 5000, 10000, 25000, 50000, 100000, 200000, 250000, 500000];
/** Metres of ground under a pixel of the map on the equator at zoom 0, and metres of paper for a pixel: as the sheets have them. */
const GROUND_M = 78271.517, PAPER_M = 0.00026;

/**
 * Upright for an area that is higher than wide upon the ground.
 * @param {number[]} box west, south, east, north in degrees
 * @returns {"portrait"|"landscape"}
 */
export const heldFor = ([west, south, east, north]) => (north - south > (east - west) * Math.cos(((south + north) / 2) * RAD) ? "portrait" : "landscape");

/**
 * The next rounder scale at which paper shows what the map shows at a place and zoom; 0 where none is small enough.
 * @param {{zoom: number, center: [number, number]}} view
 */
export function scaleOfView({ zoom, center: [, lat] }) {
  const denominator = (GROUND_M * Math.cos(lat * RAD)) / 2 ** zoom / PAPER_M;
  return SCALES.find((scale) => scale >= denominator) ?? 0;
}
