/**
 * Filters of map, legend and table alike, as they stand in the address: `layer.field:a,b`, `layer.field:~part`,
 * `layer.field:10..50`, `layer.class:1,3` (classes of the legend, counted from 1); several are joined with `;`.
 */

/** @typedef {import("./atlas.js").Layer} Layer */
/** @typedef {Map<string, Map<string, string>>} Filters by layer and field */

export const CLASS = "class";
const ORDERED = ["integer", "number", "date", "timestamp"];
const SIGNS = /[%,;:~]/g;

/** @param {string|null|undefined} text @returns {Filters} */
export function parseFilters(text) {
  /** @type {Filters} */
  const filters = new Map();
  for (const part of (text ?? "").split(";")) {
    const match = /^([a-z_0-9]+)\.([a-z_0-9]+):(.+)$/i.exec(part);
    if (match) setFilter(filters, match[1], match[2], match[3]);
  }
  return filters;
}

/** The filters of an address, but those of layers that there are not. @param {string|null|undefined} text @param {{id: string}[]} layers */
export function knownFilters(text, layers) {
  const filters = parseFilters(text);
  for (const id of filters.keys()) if (!layers.some((layer) => layer.id === id)) filters.delete(id);
  return filters;
}

/** @param {Filters} filters @param {string} [onlyLayer] @returns {string} empty when there is none */
export function filterText(filters, onlyLayer) {
  const chosen = [...filters].filter(([layer]) => !onlyLayer || layer === onlyLayer);
  return chosen.flatMap(([layer, fields]) => [...fields].map(([field, spec]) => `${layer}.${field}:${spec}`)).join(";");
}

/** Sets a filter; an empty one takes it off. @param {Filters} filters @param {string} layer @param {string} field @param {string|null} spec */
export function setFilter(filters, layer, field, spec) {
  const fields = filters.get(layer) ?? new Map();
  if (spec) fields.set(field, spec);
  else fields.delete(field);
  if (fields.size) filters.set(layer, fields);
  else filters.delete(layer);
}

/** @param {string} value */
const encoded = (value) => value.replace(SIGNS, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** @param {string[]} values */
export const specOfValues = (values) => values.map(encoded).join(",");

/** @param {string} text */
export const specOfPart = (text) => (text ? `~${encoded(text)}` : "");

/** @param {string} low @param {string} high */
export const specOfRange = (low, high) => (low || high ? `${low}..${high}` : "");

/** A value as it was before it was written; one that nobody wrote that way stays as it is. @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

/** @param {string|undefined} spec */
export function readSpec(spec) {
  if (!spec) return { values: [], part: "", low: "", high: "" };
  if (spec.startsWith("~")) return { values: [], part: decoded(spec.slice(1)), low: "", high: "" };
  const values = spec.split(",").map(decoded);
  const [low, high] = spec.includes("..") ? spec.split("..", 2) : ["", ""];
  return { values, part: "", low, high };
}

/** Places in the legend that are classes, not explanations. @param {Layer} layer @returns {number[]} */
export const classesOf = (layer) => layer.legend.flatMap((entry, i) => (entry.filter ? [i] : []));

/** The field by which a legend tells its classes apart, one value each; null where it does so otherwise. @param {Layer} layer */
export function legendField(layer) {
  const filters = classesOf(layer).map((i) => layer.legend[i].filter ?? []);
  const field = filters[0]?.[1]?.[1];
  const isPlain = filters.every((filter) => filter[0] === "==" && filter[1]?.[0] === "get" && filter[1][1] === field && typeof filter[2] === "string");
  return filters.length && isPlain ? String(field) : null;
}

/** Classes of the legend that are shown; all where none is filtered. @param {Layer} layer @param {Filters} filters @returns {Set<number>} */
export function shownClasses(layer, filters) {
  const all = classesOf(layer);
  const fields = filters.get(layer.id);
  const field = legendField(layer);
  const own = fields?.get(CLASS);
  if (own) return new Set(own.split(",").map((text) => Number(text) - 1).filter((i) => all.includes(i)));
  const spec = field ? fields?.get(field) : undefined;
  if (!spec || spec.startsWith("~")) return new Set(all);
  const { values } = readSpec(spec);
  return new Set(all.filter((i) => values.includes(String(layer.legend[i].filter?.[2]))));
}

/** Shows some classes of a legend only. @param {Layer} layer @param {Filters} filters @param {Set<number>} kept */
export function showClasses(layer, filters, kept) {
  const all = classesOf(layer);
  const field = legendField(layer);
  const chosen = all.filter((i) => kept.has(i));
  const isAll = chosen.length === all.length;
  const spec = field ? specOfValues(chosen.map((i) => String(layer.legend[i].filter?.[2]))) : chosen.map((i) => i + 1).join(",");
  setFilter(filters, layer.id, field ?? CLASS, isAll ? null : spec || NOTHING);
}

/** A value that no feature has: everything is switched off. */
const NOTHING = "-";

/**
 * The filters of a layer that its tiles can answer, as MapLibre expressions, and whether others are left.
 * @param {Layer} layer @param {Filters} filters
 * @returns {{expressions: any[], isWhole: boolean}}
 */
export function tileFilters(layer, filters) {
  const expressions = [];
  let isWhole = true;
  for (const [name, spec] of filters.get(layer.id) ?? []) {
    const field = layer.fields.find((entry) => entry.name === name && entry.tile);
    if (name === CLASS) expressions.push(["any", false, ...[...shownClasses(layer, filters)].map((i) => layer.legend[i].filter)]);
    else if (field) expressions.push(expression(field, spec));
    else isWhole = false;
  }
  return { expressions, isWhole };
}

/** @param {import("./atlas.js").Field} field @param {string} spec */
function expression(field, spec) {
  const { values, part, low, high } = readSpec(spec);
  const text = ["to-string", ["coalesce", ["get", field.name], ""]];
  if (part) return ["in", part.toLowerCase(), ["downcase", text]];
  if (!spec.includes("..") || !ORDERED.includes(field.type)) return ["in", text, ["literal", values]];
  const isNumber = field.type === "integer" || field.type === "number";
  const value = isNumber ? ["to-number", ["get", field.name], 0] : text;
  const bound = (/** @type {string} */ one) => (isNumber ? Number(one) : one);
  return ["all", ["has", field.name], low ? [">=", value, bound(low)] : true, high ? ["<=", value, bound(high)] : true];
}
