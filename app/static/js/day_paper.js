/** What the paper of a day needs beside its words: the kept list that its codes open on a phone, and the map as it stands. */
import { postJson } from "./api.js";
import { map } from "./mapview.js";

/** Pixels of the paper's map to one of the screen's: some 250 a inch on A4. */
const FINER = 3;
const PATIENCE_MS = 20_000;

/** @typedef {{picture: string|null, path: string|null}} Paper `picture`: the map as a data address; `path`: the kept list */

/** @type {{key: string, made: {ref: string, path: string}}|null} */
let kept = null;

/**
 * Keeps a list under a number; the same list again has the same number.
 * @param {{list: any[], date: string, start: any}} day
 * @returns {Promise<{ref: string, path: string}>}
 */
export async function keepList({ list, date, start }) {
  const body = { date, places: list.map((place) => place.place), start };
  const key = JSON.stringify(body);
  if (kept?.key !== key) kept = { key, made: await postJson("/api/patrol/lists", body) };
  return kept.made;
}

/** The map as it stands, finer than on the screen; null where there is none or it does not come to rest. @returns {Promise<string|null>} */
export async function mapPicture() {
  if (!map) return null;
  const before = map.getPixelRatio();
  map.setPixelRatio(FINER);
  try {
    return await new Promise((resolve) => {
      const late = setTimeout(() => resolve(null), PATIENCE_MS);
      map.once("idle", () => {
        map.once("render", () => { clearTimeout(late); resolve(map.getCanvas().toDataURL("image/png")); });
        map.triggerRepaint();
      });
      map.triggerRepaint();
    });
  } finally {
    map.setPixelRatio(before);
  }
}

/** Until every picture of a node can be printed; one that cannot be had is left out. @param {HTMLElement} node */
export async function picturesReady(node) {
  const all = [...node.querySelectorAll("img")];
  const states = await Promise.allSettled(all.map((picture) => picture.decode()));
  states.forEach((state, i) => { if (state.status === "rejected") all[i].closest("figure")?.remove(); });
}
