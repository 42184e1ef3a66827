/** Where the names of areas that lie within one another stand: each on ground of its own, as far from the others as there is room. */

/** @typedef {[number, number]} Position pixels */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Frame */
/** @typedef {Frame & {upon: Frame[]}} Room what is seen of the map, with what lies upon it */
/** @typedef {{at: Position, width: number}} Stretch across ground that is an area's own: its middle, and its width in pixels */

const N_LINES = 60;
/** What is narrower than its dot has no name: the list has it. */
const LEAST_PX = 6;
/** Around the middle of a dot so much is its area's own, where the area is that large. */
const DOT_PX = 6;
/** Free space between a dot and what lies upon the map. */
const CLEAR_PX = 12;
/** A stretch of this share of the widest is as good as it: the one farthest from other names is taken. */
const NEARLY = 0.6;

/**
 * Where the name of each area stands, or null where nothing of its own is seen.
 * @param {Position[][][]} shapes rings of each area in pixels, bottom to top @param {number[]} ranks
 * @param {Room} room @returns {(Position|null)[]}
 */
export function namePlaces(shapes, ranks, room) {
  /** @type {(Position|null)[]} */
  const places = shapes.map(() => null);
  const order = shapes.map((_, i) => i).sort((a, b) => ranks[a] - ranks[b]);
  for (const i of order) places[i] = farthest(stretches(shapes[i], shapes.slice(i + 1), room), places.filter((at) => at !== null));
  return places;
}

/** @param {Stretch[]} found @param {Position[]} others @returns {Position|null} */
function farthest(found, others) {
  const enough = Math.max(LEAST_PX, ...found.map(({ width }) => NEARLY * width));
  const good = found.filter(({ width }) => width >= enough).sort((a, b) => b.width - a.width);
  const away = (/** @type {Position} */ [x, y]) => Math.min(...others.map(([otherX, otherY]) => Math.hypot(x - otherX, y - otherY)));
  return good.sort((a, b) => (others.length ? away(b.at) - away(a.at) : 0))[0]?.at ?? null;
}

/**
 * Stretches of level lines across what is seen of an area and lies under no other; where there are such, those that are its
 * own above and below their middle too.
 * @param {Position[][]} rings @param {Position[][][]} above @param {Room} room @returns {Stretch[]}
 */
function stretches(rings, above, room) {
  if (rings.length === 1 && rings[0].length === 1) return isIn(rings[0][0], room) ? [{ at: rings[0][0], width: LEAST_PX }] : [];
  const heights = rings.flat().map(([, y]) => y);
  const top = Math.max(room.top, heights.reduce((a, b) => Math.min(a, b), Infinity));
  const bottom = Math.min(room.bottom, heights.reduce((a, b) => Math.max(a, b), -Infinity));
  if (!(top < bottom)) return [];
  const lines = Array.from({ length: N_LINES }, (_, i) => top + ((i + 0.5) * (bottom - top)) / N_LINES);
  const seen = (/** @type {number} */ y) => own(spans(rings, y), [...above.flatMap((other) => spans(other, y)), ...spansUpon(room, y)], room);
  const found = lines.flatMap((y) => seen(y).map(([from, to]) => ({ at: /** @type {Position} */ ([(from + to) / 2, y]), width: to - from })));
  const roomy = found.filter(({ at: [x, y] }) => [y - DOT_PX, y + DOT_PX].every((line) => seen(line).some(([from, to]) => from < x && x < to)));
  return roomy.length ? roomy : found;
}

/** What lies upon the map along a level line. @param {Room} room @param {number} y @returns {Position[]} */
const spansUpon = ({ upon }, y) => upon.filter(({ top, bottom }) => y > top - CLEAR_PX && y < bottom + CLEAR_PX).map(({ left, right }) => [left - CLEAR_PX, right + CLEAR_PX]);

/** @param {Position} at @param {Frame} frame */
const isIn = ([x, y], { left, top, right, bottom }) => x >= left && x <= right && y >= top && y <= bottom;

/** Where a level line lies within rings, holes left out. @param {Position[][]} rings @param {number} y @returns {Position[]} */
function spans(rings, y) {
  const at = rings.flatMap((ring) => ring.flatMap(([x1, y1], i) => {
    const [x2, y2] = ring[(i + 1) % ring.length];
    return y1 > y === y2 > y ? [] : [x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)];
  })).sort((a, b) => a - b);
  return Array.from({ length: at.length >> 1 }, (_, i) => [at[2 * i], at[2 * i + 1]]);
}

/** Spans without what others cover, within a frame. @param {Position[]} mine @param {Position[]} others
 *  @param {Frame} frame @returns {Position[]} */
function own(mine, others, { left, right }) {
  const seen = mine.map(([from, to]) => /** @type {Position} */ ([Math.max(from, left), Math.min(to, right)]));
  return others.reduce((kept, [start, end]) => kept.flatMap(([from, to]) => /** @type {Position[]} */ (
    end <= from || start >= to ? [[from, to]] : [[from, start], [end, to]])).filter(([from, to]) => to > from), seen.filter(([from, to]) => to > from));
}
