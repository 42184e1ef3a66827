/** Pages that the server writes (how levels are computed, help): the frame around them, symbols, keys, printing. */
import { levelById } from "./atlas.js";
import { byId, put } from "./dom.js";
import { keyTables } from "./key_list.js";
import { wireRowFilter } from "./row_filter.js";
import { legendCanvas } from "./symbols.js";
import { lang } from "./texts.js";
import { startWorkspace, titlePage, wireKeys } from "./workspace.js";

const workspace = { keys: [], regions: ["search", "page-title"], draw: inOtherLanguage, onEdition: () => location.reload() };
const page = /** @type {HTMLElement} */ (document.querySelector(".page"));

async function start() {
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
  filterRows();
  const values = await startWorkspace(workspace);
  if (!values) return;
  wireKeys(workspace);
  titlePage(byId("page-title").textContent ?? "");
  for (const node of document.querySelectorAll("[data-symbol]")) drawSymbol(/** @type {HTMLElement} */ (node));
  for (const node of document.querySelectorAll("[data-level]")) drawLevel(/** @type {HTMLElement} */ (node));
  const keys = document.getElementById("keys");
  if (keys) put(keys, keyTables());
}

/** The box over a long table; it needs no frame. */
function filterRows() {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById("row-filter"));
  if (field) wireRowFilter({ field, rows: [...document.querySelectorAll(".rule-rows tbody tr")].map((row) => /** @type {HTMLTableRowElement} */ (row)), count: byId("row-count"), none: byId("no-rows") });
}

/** The words are the server's: another language is another page. */
function inOtherLanguage() {
  if (lang() !== page.dataset.writtenIn) location.reload();
}

/** @param {HTMLElement} node */
function drawSymbol(node) {
  put(node, legendCanvas(JSON.parse(node.dataset.symbol ?? "{}")));
}

/** In the colours of the ground that is shown, which the server does not know. @param {HTMLElement} node */
function drawLevel(node) {
  const level = levelById(node.dataset.level);
  if (level) put(node, legendCanvas({ kind: "fill", color: level.fill, outline: level.outline, hatch: level.id }));
}

start();
