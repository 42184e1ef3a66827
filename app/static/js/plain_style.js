/** Other ways to draw a layer of levels: by kind (shapes without levels), or in one colour (one shape). */

/** @typedef {"level"|"kind"|"one"} Look */

export const LOOKS = /** @type {Look[]} */ (["level", "kind", "one"]);
const LEVEL_PART = "&level=";
const SHAPE_PART = "shape=";
const CHARACTER_PART = "&char=";

/** Whether a layer's symbols tell levels, so that they may be drawn without. @param {{style: Record<string, any>[]}} layer */
export const hasLooks = (layer) => JSON.stringify(layer.style).includes(`"${LEVEL_PART}"`);

/**
 * A style layer drawn in another look.
 * @param {Record<string, any>} entry @param {Look|undefined} look @param {{fill: string, line: string, ink: string}} colours
 */
export function looked(entry, look, colours) {
  if (!look || look === "level") return entry;
  return { ...entry, layout: plain(entry.layout ?? {}, look, colours), paint: plain(entry.paint ?? {}, look, colours) };
}

/** @param {any} value @param {Look} look @param {{fill: string, line: string, ink: string}} colours @returns {any} */
function plain(value, look, colours) {
  if (Array.isArray(value)) {
    if (isColourOfLevel(value)) return colours.line;
    return value.map((part, i) => {
      const before = value[i - 1];
      if (before === LEVEL_PART || before === CHARACTER_PART) return "";
      if (before === SHAPE_PART && look === "one") return "circle";
      if (part === LEVEL_PART) return `&fill=${colours.fill}&line=${colours.line}&ink=${colours.ink}${LEVEL_PART}`;
      return plain(part, look, colours);
    });
  }
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part, look, colours)]));
  return value;
}

/** @param {any[]} value a `match` over levels that gives colours */
const isColourOfLevel = (value) => value[0] === "match" && value[1]?.[0] === "get" && value[1][1] === "level" && String(value[3]).startsWith("#");
