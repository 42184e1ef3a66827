/** How a level is marked wherever it is told: hue, word and number. */
import { levelById, levelColourWord, levelWord } from "./atlas.js";
import { el } from "./dom.js";

/** A level as a coloured chip with its rank: hue, word and number. @param {string|null|undefined} id */
export function levelChip(id) {
  const level = levelById(id);
  if (!level) return null;
  const rank = level.rank <= 4 ? ` ${level.rank}` : "";
  return el("span", { class: `chip chip-${level.id}` }, `${levelColourWord(id)}${rank} · ${levelWord(id)}`);
}

/** The small square of a level. @param {string|null|undefined} id */
export const levelDot = (id) => {
  const level = levelById(id);
  return level ? el("span", { class: `dot chip-${level.id}`, title: levelWord(id) }, level.rank <= 4 ? level.rank : "-") : null;
};
