import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.localStorage = { getItem: () => null, setItem: () => {}, removeItem: () => {} };
const { choice } = await import("../../app/static/js/served_picture.js");

const OFFER = { address: "", home: [105.01, 29.16, 105.41, 29.45], steps: [112, 191], a_zoom: 16 };

test("the view is that of the map library, which shows the home extent with a padding", () => {
  const { zoom, step, lng, lat } = choice(OFFER, { width: 780, height: 782 });
  assert.equal(zoom.toFixed(6), "10.329481"); // read off the map itself
  assert.deepEqual([step, lng.toFixed(5), lat.toFixed(6)], [165, "105.21000", "29.305103"]);
});

test("a picture is never drawn from tiles of another whole zoom than the map's", () => {
  for (let width = 300; width < 1800; width += 7) {
    const found = choice(OFFER, { width, height: width });
    if (!found) continue;
    assert.equal(Math.floor(found.step / 16), Math.floor(found.zoom));
    assert.ok(Math.abs(found.zoom - found.step / 16) < 1 / 16, String(width));
  }
});

test("there is none beyond the zooms on offer, for a map without room, nor for one that shows less than its room would hold", () => {
  assert.equal(choice({ ...OFFER, steps: [112, 160] }, { width: 780, height: 782 }), null);
  assert.equal(choice(OFFER, { width: 40, height: 40 }), null);
  assert.equal(choice(OFFER, { width: 3000, height: 300 }), null);
  assert.ok(choice(OFFER, { width: 800, height: 300 }));
});
