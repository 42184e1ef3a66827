/** Pages that the server writes (how levels are computed, help): the frame around them, symbols, keys, printing. */
import { levelById } from "./atlas.js";
import { byId, put } from "./dom.js";
import { keyTables } from "./key_list.js";
import { legendCanvas } from "./symbols.js";
import { lang } from "./texts.js";
import { startWorkspace, titlePage, wireKeys } from "./workspace.js";

const workspace = { keys: [], regions: ["search", "page-title"], draw: inOtherLanguage, onEdition: () => location.reload() };
const page = /** @type {HTMLElement} */ (document.querySelector(".page"));

async function start() {
  for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
  const values = await startWorkspace(workspace);
  if (!values) return;
  wireKeys(workspace);
  titlePage(byId("page-title").textContent ?? "");
  for (const node of document.querySelectorAll("[data-symbol]")) drawSymbol(/** @type {HTMLElement} */ (node));
  for (const node of document.querySelectorAll("[data-level]")) drawLevel(/** @type {HTMLElement} */ (node));
  const keys = document.getElementById("keys");
  if (keys) put(keys, keyTables());
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
