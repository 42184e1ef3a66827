/** The picture of a delivery reaches as far as the main part of the area. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { frame } from "../../app/static/js/data_picture.js";

const ISLAND = [[114.3, 10.3], [114.4, 10.4], [114.3, 10.3]];
const COUNTY = [[120.2, 22.5], [121.0, 23.4], [120.2, 22.5]];

test("far islands do not make the county a dot", () => {
  assert.deepEqual(frame([120.17, 22.46, 121.05, 23.48], [COUNTY, ISLAND], [[114.3, 10.3]]), [[120.17, 22.46], [121.05, 23.48]]);
});

test("without a main part the outline counts, without an outline what was delivered", () => {
  assert.deepEqual(frame(undefined, [COUNTY], [[1, 2]]), COUNTY);
  assert.deepEqual(frame(undefined, [], [[1, 2]]), [[1, 2]]);
});
