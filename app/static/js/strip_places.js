/** Where signs of a strip are put so that none covers another, each as near to its own place as there is room. */

export const SIGN_PX = 18;
/** From the middle of a sign to that of the next, at least: the discs and their rims. */
const RINGS = 8;
/** So many signs away at most; where even there is no room, a sign stays at its own place. */

/**
 * @typedef {{x: number, y: number}} Place in pixels
 * @typedef {{left: number, right: number, top: number, bottom: number}} Room
 */

/**
 * A place for each sign, in the order given; who comes first stays nearest to its own.
 * @param {Place[]} wanted
 * @param {Room} room what holds the middles of signs that were moved
 * @returns {Place[]}
 */
export function spread(wanted, room) {
  /** @type {Map<string, Place[]>} */
  const taken = new Map();
  return wanted.map((own) => {
    const place = ring(own).find((at) => (at === own || isInside(at, room)) && isFree(at, taken)) ?? own;
    const key = cell(place.x, place.y);
    taken.set(key, [...(taken.get(key) ?? []), place]);
    return place;
  });
}

/** Its own place, then others around it, the nearest first; beside it before above or below, for the distance tells more. @param {Place} own @returns {Place[]} */
function ring(own) {
  const places = [];
  for (let dx = -RINGS; dx <= RINGS; dx++) {
    for (let dy = -2; dy <= 2; dy++) places.push({ place: { x: own.x + dx * SIGN_PX, y: own.y + dy * SIGN_PX }, far: Math.abs(dx) + 1.5 * Math.abs(dy) + (dx < 0 ? 0.1 : 0) + (dy < 0 ? 0.05 : 0) });
  }
  places.sort((a, b) => a.far - b.far);
  return [own, ...places.slice(1).map(({ place }) => place)];
}

/** @param {Place} at @param {Room} room */
const isInside = (at, room) => at.x >= room.left && at.x <= room.right && at.y >= room.top && at.y <= room.bottom;

/** @param {number} x @param {number} y */
const cell = (x, y) => `${Math.floor(x / SIGN_PX)} ${Math.floor(y / SIGN_PX)}`;

/** @param {Place} at @param {Map<string, Place[]>} taken */
function isFree(at, taken) {
  for (const dx of [-SIGN_PX, 0, SIGN_PX]) {
    for (const dy of [-SIGN_PX, 0, SIGN_PX]) {
      const others = taken.get(cell(at.x + dx, at.y + dy)) ?? [];
      if (others.some((other) => Math.hypot(other.x - at.x, other.y - at.y) < SIGN_PX - 0.01)) return false;
    }
  }
  return true;
}
