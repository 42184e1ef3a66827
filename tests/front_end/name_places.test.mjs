import assert from "node:assert/strict";
import { test } from "node:test";
import { namePlaces } from "../../app/static/js/name_places.js";

const FRAME = { left: 30, top: 30, right: 770, bottom: 770, upon: [] };
const disc = (radius, x = 400, y = 400) => Array.from({ length: 180 }, (_, i) => [x + radius * Math.cos((i * Math.PI) / 90), y + radius * Math.sin((i * Math.PI) / 90)]);
const away = ([x, y], [toX, toY] = [400, 400]) => Math.hypot(x - toX, y - toY);
const least = (places) => Math.min(...places.flatMap((one, i) => places.slice(i + 1).map((other) => away(one, other))));

test("names of rings stand each in its own ring, and far from one another", () => {
  const rings = [[disc(300), disc(240)], [disc(240), disc(160)], [disc(160)]];
  const places = namePlaces(rings, [3, 2, 1], FRAME);
  const radii = places.map((place) => away(place));
  assert.ok(radii[0] > 240 && radii[0] < 300 && radii[1] > 160 && radii[1] < 240 && radii[2] < 160, String(radii));
  assert.ok(least(places) > 150);
});

test("the name of a disc beneath others stands on what is seen of it", () => {
  const places = namePlaces([[disc(300)], [disc(200)], [disc(100)]], [2, 1, 0], FRAME);
  const radii = places.map((place) => away(place));
  assert.ok(radii[0] > 200 && radii[0] < 300 && radii[1] > 100 && radii[1] < 200 && radii[2] < 100, String(radii));
});

test("what leaves the frame is named where it is seen", () => {
  const [place] = namePlaces([[disc(300, 700, 400)]], [1], { ...FRAME, right: 500 });
  assert.ok(away(place, [700, 400]) < 300 && place[0] <= 500 && place[0] >= 400);
});

test("what is out of sight, covered or narrower than its dot has no name", () => {
  assert.deepEqual(namePlaces([[disc(50, -200, 400)]], [1], FRAME), [null]);
  assert.deepEqual(namePlaces([[disc(50)], [disc(60)]], [1, 2], FRAME)[0], null);
  assert.deepEqual(namePlaces([[disc(2)]], [1], FRAME), [null]);
});

test("of many parts the widest is named, once", () => {
  const [place] = namePlaces([[disc(20, 100, 100), disc(90, 600, 600), disc(20, 700, 100)]], [1], FRAME);
  assert.ok(away(place, [600, 600]) < 90);
});

test("a dot stands within its area, not on its edge, and beside what lies upon the map", () => {
  const box = { left: 300, top: 60, right: 500, bottom: 400 };
  const square = [[[350, 350], [450, 350], [450, 450], [350, 450]]];
  const [, place] = namePlaces([[disc(300)], square], [1, 2], FRAME);
  assert.ok(Math.max(Math.abs(place[0] - 400), Math.abs(place[1] - 400)) < 44, String(place));
  const [beside] = namePlaces([square], [1], { ...FRAME, upon: [box] });
  assert.ok(beside[1] >= 412 && beside[1] < 450, String(beside));
});
