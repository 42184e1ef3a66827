/** Snapping of drawn corners, and the list of a day. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hasRested, nearestFirst } from "../../app/static/js/day_list.js";
import { linesOf, nearest } from "../../app/static/js/snapping.js";

const edge = [{ x: 0, y: 0 }, { x: 100, y: 0 }];

test("a corner within twelve pixels is taken before a nearer edge", () => {
  assert.deepEqual(nearest({ x: 10, y: 3 }, [edge]), { x: 0, y: 0 });
});

test("where no corner is near the nearest place of an edge is taken", () => {
  assert.deepEqual(nearest({ x: 50, y: 12 }, [edge]), { x: 50, y: 0 });
});

test("what is farther than twelve pixels moves nothing", () => {
  assert.equal(nearest({ x: 50, y: 12.1 }, [edge]), null);
  assert.equal(nearest({ x: 50, y: 5 }, []), null);
});

test("rings and lines are taken of every geometry but points", () => {
  const ring = [[0, 0], [1, 0], [1, 1], [0, 0]];
  assert.deepEqual(linesOf({ type: "MultiPolygon", coordinates: [[ring]] }), [ring]);
  assert.deepEqual(linesOf({ type: "Polygon", coordinates: [ring] }), [ring]);
  assert.deepEqual(linesOf({ type: "Point", coordinates: [0, 0] }), []);
});

test("a place rests thirty days after its visit, and always where none was recorded", () => {
  const visited = { last_visit: { at: "2026-11-01T12:00:00+08:00" } };
  assert.equal(hasRested(visited, "2026-11-30", 30), false);
  assert.equal(hasRested(visited, "2026-12-02", 30), true);
  assert.equal(hasRested({ last_visit: null }, "2026-11-30", 30), true);
});

test("the way goes to the nearest place next and to those without a position last", () => {
  const [far, near, nowhere] = [{ lon: 2, lat: 0 }, { lon: 1, lat: 0 }, { lon: null, lat: null }];
  assert.deepEqual(nearestFirst([far, nowhere, near], { lon: 0, lat: 0 }), [near, far, nowhere]);
});
