/** The search box: suggestions as one types, arrow keys, Enter flies there. */
import { ApiError, getJson } from "./api.js";
import { layerById, levelWord, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { errorText, say } from "./panel.js";
import { said, t } from "./texts.js";

const PAUSE_MS = 180;
const LIMIT = 8;

/** @typedef {{layer: string, id: string, label: string, sub?: string, lon?: number|null, lat?: number|null, level?: string}} Hit */

/** @type {Hit[]} */
let hits = [];
let active = -1;
let timer = 0;
/** @type {AbortController|null} */
let running = null;

/**
 * Wires the search box.
 * @param {(hit: Hit) => void} onChosen
 */
export function wireSearch(onChosen) {
  const input = /** @type {HTMLInputElement} */ (byId("search"));
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => suggest(input.value.trim()), PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => onKey(event, input, onChosen));
  input.addEventListener("focus", () => { if (hits.length) showList(true); });
  byId("search-hits").addEventListener("mousedown", (event) => event.preventDefault());
  byId("search-hits").addEventListener("click", (event) => {
    const option = /** @type {HTMLElement} */ (event.target).closest("[data-index]");
    if (option) choose(hits[Number(/** @type {HTMLElement} */ (option).dataset.index)], input, onChosen);
  });
  input.addEventListener("blur", () => showList(false));
}

/** Looks for a text that came with the address. @param {string} text */
export function searchFor(text) {
  /** @type {HTMLInputElement} */ (byId("search")).value = text;
  return suggest(text);
}

/** @param {KeyboardEvent} event @param {HTMLInputElement} input @param {(hit: Hit) => void} onChosen */
async function onKey(event, input, onChosen) {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (hits.length) activate((active + (event.key === "ArrowDown" ? 1 : -1) + hits.length) % hits.length);
  } else if (event.key === "Enter") {
    event.preventDefault();
    clearTimeout(timer);
    if (active < 0) await suggest(input.value.trim());
    if (hits.length) choose(hits[Math.max(0, active)], input, onChosen);
  } else if (event.key === "Escape") {
    event.stopPropagation();
    if (byId("search-hits").hidden) input.blur();
    showList(false);
  }
}

/** @param {Hit} hit @param {HTMLInputElement} input @param {(hit: Hit) => void} onChosen */
function choose(hit, input, onChosen) {
  input.value = hit.label;
  hits = [];
  showList(false);
  input.blur();
  onChosen(hit);
}

/** @param {string} text */
async function suggest(text) {
  running?.abort();
  hits = [];
  active = -1;
  if (!text) return showList(false);
  running = new AbortController();
  const edition = shown.catalog.edition.edition;
  try {
    const query = `q=${encodeURIComponent(text)}&limit=${LIMIT}&ed=${encodeURIComponent(edition)}`;
    const answer = await getJson(`/api/search?${query}`, { signal: running.signal });
    hits = answer.results;
    drawList(text);
  } catch (error) {
    if (error instanceof ApiError) put(byId("search-hits"), el("p", { class: "no-hit" }, errorText(error)));
    else if (!(error instanceof DOMException && error.name === "AbortError")) throw error;
    else return;
  }
  showList(true);
}

/** @param {string} text */
function drawList(text) {
  put(byId("search-hits"), hits.length ? hits.map(option) : noHit(text));
  say(hits.length ? t("n_results", { n: hits.length }) : t("not_found", { text }));
}

/** @param {Hit} hit @param {number} index */
function option(hit, index) {
  const layer = layerById(hit.layer);
  const sub = [layer ? said(layer) : "", hit.sub].filter(Boolean).join(" · ");
  return el("div", { class: "hit", role: "option", id: `hit-${index}`, "data-index": index, "aria-selected": "false" },
    el("span", { class: "hit-label" }, hit.label),
    el("span", { class: "hit-sub" }, sub, hit.level ? ` · ${levelWord(hit.level)}` : "", hit.lon == null ? ` · ${t("unplaced")}` : ""));
}

/** @param {string} text */
function noHit(text) {
  const hints = ["hint_spelling", "hint_edition", "hint_hidden"].map((key) => el("li", {}, t(key)));
  return el("div", { class: "no-hit" }, el("p", {}, t("not_found", { text })), el("ul", {}, hints));
}

/** @param {number} index */
function activate(index) {
  active = index;
  const input = byId("search");
  input.setAttribute("aria-activedescendant", `hit-${index}`);
  document.querySelectorAll(".hit").forEach((node, i) => {
    node.setAttribute("aria-selected", String(i === index));
    if (i === index) node.scrollIntoView({ block: "nearest" });
  });
}

/** @param {boolean} isOpen */
function showList(isOpen) {
  byId("search-hits").hidden = !isOpen;
  byId("search").setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) byId("search").removeAttribute("aria-activedescendant");
}
