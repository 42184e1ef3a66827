/** How paper is held. */
const RAD = Math.PI / 180;

/**
 * Upright for an area that is higher than wide upon the ground.
 * @param {number[]} box west, south, east, north in degrees
 * @returns {"portrait"|"landscape"}
 */
export const heldFor = ([west, south, east, north]) => (north - south > (east - west) * Math.cos(((south + north) / 2) * RAD) ? "portrait" : "landscape");
