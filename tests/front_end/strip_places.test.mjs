import assert from "node:assert/strict";
import { test } from "node:test";
import { SIGN_PX, spread } from "../../app/static/js/strip_places.js";

const ROOM = { left: 0, right: 1000, top: 0, bottom: 200 };
const least = (places) => Math.min(...places.flatMap((one, i) => places.slice(i + 1).map((other) => Math.hypot(one.x - other.x, one.y - other.y))));

test("signs far apart stay where they are", () => {
  const wanted = [{ x: 100, y: 50 }, { x: 118, y: 50 }, { x: 100, y: 68 }];
  assert.deepEqual(spread(wanted, ROOM), wanted);
});

test("two things at one chainage and distance do not cover each other, and the first stays", () => {
  const [first, second] = spread([{ x: 100, y: 50 }, { x: 100, y: 50 }], ROOM);
  assert.deepEqual(first, { x: 100, y: 50 });
  assert.deepEqual(second, { x: 100 + SIGN_PX, y: 50 });
});

test("twenty at one place are all apart and all inside", () => {
  const places = spread(Array.from({ length: 20 }, () => ({ x: 3, y: 4 })), ROOM);
  assert.ok(least(places) >= SIGN_PX - 0.01);
  assert.ok(places.every(({ x, y }) => x >= 0 && y >= 0));
});

test("where there is no room a sign stays at its own place, and none is lost", () => {
  const places = spread(Array.from({ length: 200 }, () => ({ x: 500, y: 100 })), ROOM);
  assert.equal(places.length, 200);
  assert.deepEqual(places.at(-1), { x: 500, y: 100 });
});
