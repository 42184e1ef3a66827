/** Tables as CSV files that a spreadsheet opens with its characters right. */
import { el } from "./dom.js";

const BYTE_ORDER_MARK = "\uFEFF";
/** A cell that begins like this would be run as a formula by a spreadsheet. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/**
 * Rows of cells as CSV.
 * @param {any[][]} rows
 */
export const csvText = (rows) => BYTE_ORDER_MARK + rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

/** @param {any} value */
function cell(value) {
  const text = String(value ?? "");
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * Has the browser keep rows as a file.
 * @param {string} name
 * @param {any[][]} rows
 */
export function saveCsv(name, rows) {
  const href = URL.createObjectURL(new Blob([csvText(rows)], { type: "text/csv;charset=utf-8" }));
  el("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
