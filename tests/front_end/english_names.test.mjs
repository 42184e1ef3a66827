/** What an English page calls a source and its supplier. */
import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = /** @type {any} */ ({ documentElement: { lang: "en" } });
const { said, supplierOf } = await import("../../app/static/js/texts.js");

test("an English page names a source in English where its manifest does, else in Chinese", () => {
  const stated = { title_zh: "企业台账", title_en: "Enterprise ledger", supplier: "应急局", supplier_en: "Emergency office" };
  assert.deepEqual([said(stated), supplierOf(stated)], ["Enterprise ledger", "Emergency office"]);
  const silent = { title_zh: "企业台账", title_en: null, supplier: "应急局", supplier_en: "" };
  assert.deepEqual([said(silent), supplierOf(silent)], ["企业台账", "应急局"]);
  assert.equal(supplierOf({ supplier: null }), "");
});
