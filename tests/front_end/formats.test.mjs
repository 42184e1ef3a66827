/** Figures as the interface writes them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { area, chainage, chainageMetres, day, distance, frequency, required, roundedToSum } from "../../app/static/js/formats.js";
import { parseLayers, parseView, viewText } from "../../app/static/js/address.js";

test("what a rule requires is written as the standard states it", () => {
  assert.deepEqual([17.5, 0.75, 15, 5, 1000].map(required), ["17.5 m", "0.75 m", "15 m", "5.0 m", "1.0 km"]);
  assert.equal(required(/** @type {any} */ (null)), "—");
});

test("a distance has one decimal below ten metres and kilometres from a thousand on", () => {
  assert.deepEqual([0.01, 9.94, 82.4, 999.6, 12345].map(distance), ["0 m", "9.9 m", "82 m", "1.0 km", "12.3 km"]);
});

test("an area is told in hectares, from a hundred on in square kilometres", () => {
  assert.match(area(34200), /^3\.42 /);
  assert.equal(area(2_500_000), "2.50 km²");
});

test("what is missing is a dash and never nought", () => {
  assert.deepEqual([distance(NaN), area(/** @type {any} */ (null)), chainage(NaN), day(null)], ["—", "—", "—", "—"]);
});

test("a chainage is written and read back", () => {
  assert.equal(chainage(12300), "K12+300");
  assert.deepEqual(["K12+300", "12+300", "12300"].map(chainageMetres), [12300, 12300, 12300]);
  assert.ok(Number.isNaN(chainageMetres("twelve")));
});

test("a frequency has a power of ten", () => assert.equal(frequency(3e-6), "3×10⁻⁶"));

test("contributions that are shown add up to the figure that is shown", () => {
  const parts = roundedToSum([33.333, 33.333, 33.334], 1);
  assert.equal(Math.round(parts.reduce((sum, part) => sum + part, 0) * 10) / 10, 100);
});

test("the view of an address comes back as it was written", () => {
  const view = parseView(viewText(11.42, { lat: 31.2984, lng: 120.5853 }));
  assert.deepEqual(view, { zoom: 11.42, center: [120.5853, 31.2984] });
  assert.equal(parseView("11/95/120"), null);
});

test("layers of an address carry their opacity, within bounds", () => {
  assert.deepEqual([...(parseLayers("zones:80,points,x:900") ?? [])], [["zones", 80], ["points", 100], ["x", 100]]);
  assert.equal(parseLayers(undefined), null);
});
