/** Where the numbers of a day's stops stand: beside their places, clear of one another, of other places and of what lies on the map. */

/** @typedef {{x: number, y: number}} Pixel @typedef {{left: number, top: number, right: number, bottom: number}} Box */

/** Pixels: half a number's disc, half the ring of a stop, and the room that is left between them. */
const DISC_PX = 11;
const RING_PX = 19;
const ROOM_PX = 3;
/** How far from its place a number may stand, nearest first, and in how many directions. */
const DISTANCES_PX = [33, 48, 66, 88];
const DIRECTIONS = 12;

/** Candidates around a place: below first, then round about, near before far. @param {Pixel} at @returns {Pixel[]} */
function around({ x, y }) {
  return DISTANCES_PX.flatMap((far) => Array.from({ length: DIRECTIONS }, (_, i) => {
    const turn = Math.PI / 2 + ((i % 2 ? 1 : -1) * Math.ceil(i / 2) * 2 * Math.PI) / DIRECTIONS;
    return { x: x + far * Math.cos(turn), y: y + far * Math.sin(turn) };
  }));
}

/** @param {Pixel} a @param {Pixel} b */
const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** @param {Pixel} at @param {Box} box */
const isOver = ({ x, y }, box) => x > box.left - DISC_PX && x < box.right + DISC_PX && y > box.top - DISC_PX && y < box.bottom + DISC_PX;

/**
 * A spot for each number, in the order of the places; where everything is taken, the one with the most room.
 * @param {Pixel[]} places @param {{width: number, height: number}} frame @param {Box[]} [taken] scale bar and buttons, in pixels of the frame
 * @returns {Pixel[]}
 */
export function numberSpots(places, { width, height }, taken = []) {
  /** @type {Pixel[]} */
  const spots = [];
  for (const place of places) {
    const room = (/** @type {Pixel} */ spot) => Math.min(
      ...spots.map((other) => apart(spot, other) - 2 * DISC_PX), ...places.map((other) => (other === place ? Infinity : apart(spot, other) - DISC_PX - RING_PX)));
    const inside = around(place).filter((spot) => spot.x > DISC_PX && spot.x < width - DISC_PX && spot.y > DISC_PX && spot.y < height - DISC_PX && !taken.some((box) => isOver(spot, box)));
    const free = inside.length ? inside : around(place);
    spots.push(free.find((spot) => room(spot) >= ROOM_PX) ?? free.reduce((best, spot) => (room(spot) > room(best) ? spot : best)));
  }
  return spots;
}
