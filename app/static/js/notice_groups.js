/** Rows of a reply by what they are about: many of one kind are told by the nearest, the others opened; the map draws the nearest and the governing one. */
import { layerById } from "./atlas.js";
import { el } from "./dom.js";
import { distance, number } from "./formats.js";
import { said, t } from "./texts.js";

/** So many of a kind are told at once. */
const FEW = 3;
/** Layers of pipelines and of what belongs to them: every row is told, for each line has its own operator to ask. */
const IS_PIPE = /^pipeline/;

/** Rows that share a key, in the order in which the keys come. @template T @param {T[]} rows @param {(row: T) => string} keyOf @returns {T[][]} */
export function groups(rows, keyOf) {
  /** @type {Map<string, T[]>} */
  const found = new Map();
  for (const row of rows) found.set(keyOf(row), [...(found.get(keyOf(row)) ?? []), row]);
  return [...found.values()];
}

/** A list of rows of one kind and verdict: the first few, the others behind how many they are, how near and their verdict. @param {any[]} rows @param {(row: any) => any} item @param {string} layerId */
export function fewOf(rows, item, layerId) {
  const list = (/** @type {any[]} */ some) => el("ul", { class: "plain" }, some.map(item));
  const others = rows.slice(FEW);
  if (others.length < 2 || IS_PIPE.test(layerId)) return list(rows);
  const nearest = Math.min(...others.map((row) => row.distance_m));
  return [list(rows.slice(0, FEW)), el("details", { class: "more-alike" },
    el("summary", {}, t("more_alike", { n: number(others.length), kind: said(layerById(layerId)), d: distance(nearest) }), " · ",
      el("span", { class: `sign sign-${rows[0].verdict}` }, said(rows[0], "verdict"))), list(others))];
}

/** What is folded stands on paper too: it is opened before printing and closed again after it. */
export function openForPrint() {
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details")].filter((part) => !part.open);
    for (const part of opened) part.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const part of opened) part.open = false;
  });
}

/** The rows whose shortest lines the map draws: each of a few things; of many of one layer the nearest, and the nearest of the worst verdict. @param {any[]} touched worst first, then by distance */
export function drawnRows(touched) {
  const firsts = groups(touched.filter((row) => row.line), (row) => `${row.subject.layer} ${row.subject.id}`).map(([first]) => first);
  return groups(firsts, (row) => row.subject.layer).flatMap((rows) => {
    if (rows.length <= FEW) return rows;
    const nearest = rows.reduce((best, row) => (row.distance_m < best.distance_m ? row : best));
    return [...new Set([rows[0], nearest])];
  });
}
