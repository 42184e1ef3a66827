/** What a source lacks is told in one language. */
import assert from "node:assert/strict";
import { test } from "node:test";

const GIVEN = "核定等级 declared_level (a declared level);责任部门: 未明确";
const page = (/** @type {string} */ lang) => { globalThis.document = /** @type {any} */ ({ documentElement: { lang } }); };

test("an English page says in English what a source lacks", async () => {
  page("en");
  const { missingWords } = await import("../../app/static/js/missing_words.js");
  assert.equal(missingWords(GIVEN), "a declared level (office: not stated)");
  assert.equal(missingWords("核定等级 (a declared level);责任部门: 应急局"), "a declared level (office: 应急局)");
  assert.equal(missingWords("核定等级 (a declared level);责任部门: 应急局 (一科)"), "a declared level (office: 应急局 (一科))");
  assert.equal(missingWords("位置"), "位置");
});
