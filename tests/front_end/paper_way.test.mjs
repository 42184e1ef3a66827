/** How paper is held for an area, and at which scale it shows a view. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SCALES, heldFor, scaleOfView } from "../../app/static/js/paper_way.js";

test("paper stands upright for an area that is higher than wide upon the ground, not in degrees", () => {
  assert.equal(heldFor([120.17, 22.46, 121.05, 23.48]), "portrait");
  assert.equal(heldFor([105.01, 29.16, 105.41, 29.45]), "landscape");
  assert.equal(heldFor([10, 60, 11, 60.6]), "portrait");
});

test("paper shows what the map shows at the next rounder scale, as the sheets reckon zoom and scale", () => {
  // zoom_of_scale(50_000, 30.0) of the sheets is 12.35
  assert.equal(scaleOfView({ zoom: 12.36, center: [105, 30] }), 50000);
  assert.equal(scaleOfView({ zoom: 12.3, center: [105, 30] }), 100000);
  assert.equal(scaleOfView({ zoom: 18, center: [105, 0] }), 2000);
});

test("a view wider than the least scale has none", () => {
  assert.equal(scaleOfView({ zoom: 7, center: [105, 0] }), 0);
  assert.equal(scaleOfView({ zoom: 9.3, center: [105, 0] }), SCALES.at(-1));
});
