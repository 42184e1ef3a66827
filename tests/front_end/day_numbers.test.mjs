import assert from "node:assert/strict";
import test from "node:test";
import { numberSpots } from "../../app/static/js/day_numbers.js";

const FRAME = { width: 700, height: 500 };
const apart = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

test("a number alone stands below its place", () => {
  const [spot] = numberSpots([{ x: 100, y: 100 }], FRAME);
  assert.deepEqual([Math.round(spot.x), Math.round(spot.y)], [100, 133]);
});

test("numbers of eight places in a heap keep clear of one another and of other places", () => {
  const places = Array.from({ length: 8 }, (_, i) => ({ x: 300 + (i % 3) * 9, y: 250 + Math.floor(i / 3) * 8 }));
  const spots = numberSpots(places, FRAME);
  spots.forEach((one, i) => spots.slice(i + 1).forEach((other) => assert.ok(apart(one, other) >= 22)));
  spots.forEach((spot, i) => places.forEach((place, k) => assert.ok(i === k || apart(spot, place) >= 30)));
});

test("a number stands neither beyond the frame nor under the scale bar", () => {
  const scale = { left: 500, top: 460, right: 700, bottom: 500 };
  for (const place of [{ x: 600, y: 450 }, { x: 690, y: 440 }, { x: 5, y: 490 }]) {
    const [spot] = numberSpots([place], FRAME, [scale]);
    assert.ok(spot.x > 11 && spot.x < 689 && spot.y > 11 && spot.y < 489);
    assert.ok(spot.x < 489 || spot.y < 449);
  }
});
