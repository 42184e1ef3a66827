/** Filters, order and looks of layers: pure parts of the map page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { filterText, knownFilters, legendField, parseFilters, readSpec, setFilter, showClasses, shownClasses, specOfPart, specOfRange, specOfValues, tileFilters } from "../../app/static/js/filters.js";
import { hasLooks, looked } from "../../app/static/js/plain_style.js";
import { entryOrder, isDesigned, moved, places } from "../../app/static/js/stacking.js";

const equal = (/** @type {string} */ value) => ({ filter: ["==", ["get", "level"], value] });
const zones = /** @type {any} */ ({ id: "zones", draw_order: 300, fields: [{ name: "level", type: "text", tile: true }, { name: "area_m2", type: "number", tile: true }, { name: "note", type: "text" }],
  legend: [equal("red"), equal("orange"), equal("blue"), { symbol: {} }], style: [] });
const pipes = /** @type {any} */ ({ id: "pipes", draw_order: 500, fields: [], style: [],
  legend: [{ filter: ["in", ["get", "medium"], ["literal", ["gas"]]] }, { filter: ["==", ["get", "medium"], "oil"] }] });

test("filters of an address are written as they were read", () => {
  const text = "zones.level:red,orange;pipes.class:1;zones.note:~50%25";
  assert.equal(filterText(parseFilters(text)), "zones.level:red,orange;zones.note:~50%25;pipes.class:1");
  assert.equal(filterText(parseFilters(text), "pipes"), "pipes.class:1");
  assert.equal(parseFilters("nonsense;a.b:;c:d").size, 0);
});

test("signs that mean something in an address survive inside a value", () => {
  const values = ["a,b", "c;d", "e:f", "50%", "~g"];
  assert.deepEqual(readSpec(specOfValues(values)).values, values);
  assert.equal(readSpec(specOfPart("a~b,c")).part, "a~b,c");
  assert.deepEqual([readSpec(specOfRange("1", "")).low, readSpec(specOfRange("", "9")).high], ["1", "9"]);
});

test("a value that nobody wrote is taken as it stands", () => assert.deepEqual(readSpec("%ZZ,50%").values, ["%ZZ", "50%"]));

test("classes of a legend over one field are a filter of that field, others are counted", () => {
  assert.equal(legendField(zones), "level");
  assert.equal(legendField(pipes), null);
  const filters = parseFilters("");
  showClasses(zones, filters, new Set([0, 2]));
  showClasses(pipes, filters, new Set([1]));
  assert.equal(filterText(filters), "zones.level:red,blue;pipes.class:2");
  assert.deepEqual([...shownClasses(zones, filters)], [0, 2]);
  assert.deepEqual([...shownClasses(pipes, filters)], [1]);
});

test("all classes are no filter, and none is one that nothing meets", () => {
  const filters = parseFilters("zones.level:red");
  showClasses(zones, filters, new Set([0, 1, 2]));
  assert.equal(filters.size, 0);
  showClasses(zones, filters, new Set());
  assert.deepEqual([...shownClasses(zones, filters)], []);
});

test("what tiles carry is filtered on the map, the rest is asked of the server", () => {
  const filters = parseFilters("zones.level:red;zones.area_m2:10..;zones.note:~x");
  const { expressions, isWhole } = tileFilters(zones, filters);
  assert.equal(isWhole, false);
  assert.deepEqual(expressions[0], ["in", ["to-string", ["coalesce", ["get", "level"], ""]], ["literal", ["red"]]]);
  assert.deepEqual(expressions[1], ["all", ["has", "area_m2"], [">=", ["to-number", ["get", "area_m2"], 0], 10], true]);
  setFilter(filters, "zones", "note", null);
  assert.equal(tileFilters(zones, filters).isWhole, true);
});

test("filters of layers that there are not are left out of an address", () => {
  assert.equal(filterText(knownFilters("zones.level:red;gone.level:blue;pipes.medium:oil", [zones, pipes])), "zones.level:red;pipes.medium:oil");
  assert.equal(knownFilters(null, [zones]).size, 0);
});

test("layers that a person moved take one another's places, labels stay above", () => {
  const layers = /** @type {any[]} */ ([{ id: "a", draw_order: 10 }, { id: "b", draw_order: 20 }, { id: "c", draw_order: 30 }]);
  const at = places(layers, ["c", "a"]);
  assert.deepEqual([...at], [["a", 30], ["b", 20], ["c", 10]]);
  assert.equal(entryOrder(layers[0], { metadata: { "atlas:order": 12 } }, at), 32);
  assert.equal(entryOrder(layers[0], { metadata: { "atlas:order": 940 } }, at), 940);
  assert.deepEqual(moved(["a", "b", "c"], "a", 1), ["b", "a", "c"]);
  assert.deepEqual(moved(["a", "b"], "b", 1), ["a", "b"]);
  assert.ok(isDesigned(layers, ["a", "c"]) && !isDesigned(layers, ["c", "a"]));
});

test("a layer drawn in one colour tells no level any more", () => {
  const style = { layout: { "icon-image": ["concat", "icon?size=14&", "shape=", ["case", true, "diamond", "square"], "&level=", ["get", "level"], "&char=", ["match", ["get", "level"], "red", "1", "-"]] },
    paint: { "text-color": ["match", ["get", "level"], "red", "#C8161D", "#ECEDEE"] } };
  assert.ok(hasLooks({ style: [style] }));
  const one = JSON.stringify(looked(style, "one", { fill: "#111111", line: "#222222", ink: "#333333" }));
  assert.ok(!one.includes('"level"') && one.includes('"circle"') && one.includes("#222222"));
  assert.ok(JSON.stringify(looked(style, "kind", { fill: "#1", line: "#2", ink: "#3" })).includes("diamond"));
  assert.equal(looked(style, "level", { fill: "", line: "", ink: "" }), style);
});
