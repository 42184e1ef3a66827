/** Colours of the page's own drawings, from the palette's CSS properties. */

/**
 * @param {string} name as in the palette, e.g. `selection.line`
 * @returns {string}
 */
export function colour(name) {
  const property = `--${name.replaceAll(".", "-").replaceAll("_", "-")}`;
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}
