/** How paper is held for an area. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { heldFor } from "../../app/static/js/paper_way.js";

test("paper stands upright for an area that is higher than wide upon the ground, not in degrees", () => {
  assert.equal(heldFor([120.17, 22.46, 121.05, 23.48]), "portrait");
  assert.equal(heldFor([105.01, 29.16, 105.41, 29.45]), "landscape");
  assert.equal(heldFor([10, 60, 11, 60.6]), "portrait");
});
