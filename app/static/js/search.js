/** The search box: suggestions as one types, arrow keys, Enter flies there. */
import { ApiError, getJson } from "./api.js";
import { layerById, levelWord, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { errorText, say } from "./panel.js";
import { said, t } from "./texts.js";

const PAUSE_MS = 120;
const LIMIT = 8;

/** @typedef {{layer: string, id: string, label: string, sub?: string, lon?: number|null, lat?: number|null, level?: string,
 *   datum_zh?: string, datum_en?: string, error_m?: number, is_question?: boolean}} Hit */

/** @type {Hit[]} */
let hits = [];
let active = -1;
let asked = "";
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
    if (active < 0 && asked !== input.value.trim()) await suggest(input.value.trim());
    if (hits.length && (active >= 0 || !hits[0].is_question)) choose(hits[Math.max(0, active)], input, onChosen);
    else if (hits.length) say(t("choose_datum"));
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
  asked = "";
  if (!text) return showList(false);
  running = new AbortController();
  const edition = shown.catalog.edition.edition;
  try {
    const query = `q=${encodeURIComponent(text)}&limit=${LIMIT}&ed=${encodeURIComponent(edition)}`;
    const answer = await getJson(`/api/search?${query}`, { signal: running.signal });
    hits = answer.results;
    asked = text;
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
  put(byId("search-hits"), hits.length ? [hits[0].is_question ? el("p", { class: "no-hit" }, t("choose_datum")) : null, grouped()] : noHit(text));
  say(hits.length && hits[0].is_question ? t("choose_datum") : hits.length ? t("n_results", { n: hits.length }) : t("not_found", { text }));
}

/** Hits under the titles of their layers, in the order in which the layers were first met. */
function grouped() {
  const titles = [...new Set(hits.map((hit) => hit.layer))];
  if (titles.length < 2) return hits.map(option);
  hits = titles.flatMap((title) => hits.filter((hit) => hit.layer === title));
  return hits.map((hit, i) => [i && hits[i - 1].layer === hit.layer ? null : el("p", { class: "hit-group", role: "presentation" }, said(layerById(hit.layer)) || t("place")), option(hit, i)]);
}

/** @param {Hit} hit @param {number} index */
function option(hit, index) {
  const layer = layerById(hit.layer);
  const error = hit.error_m ? t("may_be_off", { m: hit.error_m }) : "";
  const sub = [layer ? said(layer) : said(hit, "datum"), error, hit.sub].filter(Boolean).join(" · ");
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
