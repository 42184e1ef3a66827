/** The order in which layers lie above one another: as designed, unless a person moved some. */

/** @typedef {import("./atlas.js").Layer} Layer */

/** From here on style layers are labels: they stay above all symbols, wherever their layer lies. */
const LABELS_FROM = 890;

/**
 * The place of each layer: those that a person ordered take one another's places, the rest stays.
 * @param {Layer[]} layers in designed order
 * @param {string[]} wanted ids, bottom to top
 * @returns {Map<string, number>} place by layer
 */
export function places(layers, wanted) {
  const order = new Map(layers.map((layer) => [layer.id, layer.draw_order]));
  const ids = wanted.filter((id) => order.has(id));
  const slots = ids.map((id) => order.get(id) ?? 0).sort((a, b) => a - b);
  ids.forEach((id, i) => order.set(id, slots[i]));
  return order;
}

/** Where a style layer lies: with its layer, a label above everything. @param {Layer} layer @param {any} entry @param {Map<string, number>} at */
export function entryOrder(layer, entry, at) {
  const own = entry.metadata?.["atlas:order"] ?? layer.draw_order;
  return own >= LABELS_FROM ? own : (at.get(layer.id) ?? layer.draw_order) + own - layer.draw_order;
}

/** A list with one entry moved by one place; the same list where it cannot move. @param {string[]} ids @param {string} id @param {number} by */
export function moved(ids, id, by) {
  const from = ids.indexOf(id);
  const to = from + by;
  if (from < 0 || to < 0 || to >= ids.length) return ids;
  const made = [...ids];
  [made[from], made[to]] = [made[to], made[from]];
  return made;
}

/** Whether ids stand in designed order. @param {Layer[]} layers @param {string[]} ids */
export function isDesigned(layers, ids) {
  const designed = layers.map((layer) => layer.id).filter((id) => ids.includes(id));
  return designed.every((id, i) => id === ids[i]);
}
