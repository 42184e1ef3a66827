/** What there is: the answer of `/api/layers`, and what of it is shown. Layers are known by their fields only. */
import { getJson } from "./api.js";
import { said } from "./texts.js";

/**
 * @typedef {{name: string, type: string, title_zh: string, title_en: string, unit?: string|null, panel?: boolean, tile?: boolean,
 *   codes?: {code: string, zh: string, en: string}[], names_layer?: boolean}} Field
 * @typedef {{label_zh: string, label_en: string, symbol: Record<string, any>, filter?: any[]}} LegendEntry
 * @typedef {{id: string, title_zh: string, title_en: string, group: string, geometry: string, draw_order: number,
 *   kind?: string, min_zoom: number, max_zoom: number, visible: boolean, label?: string|null, n_features: number, n_unplaced: number,
 *   fields: Field[], style: Record<string, any>[], legend: LegendEntry[],
 *   sources?: {source_id: string, title_zh: string, title_en?: string, supplier?: string, supplier_en?: string, as_of?: string}[]}} Layer
 * @typedef {{id: string, zh: string, en: string, colour_zh?: string, colour_en?: string, rank: number, fill: string,
 *   outline: string, chip_text: string, text: string, hatch_ink: string, hatch?: Record<string, any>}} Level
 * @typedef {{area: Record<string, any>, edition: Record<string, any>, editions: Record<string, any>[], levels: Level[],
 *   groups: {id: string, title_zh: string, title_en: string}[],
 *   presets?: {id: string, title_zh: string, title_en: string, layers: string[], ground: string}[], layers: Layer[], policy: string,
 *   background?: {id: string, hides: string[]}, relief?: Record<string, any>|null,
 *   policies: {id: string, title_zh: string, title_en: string, version?: string}[], method?: Record<string, any>, secrecy?: string, roles: string[], coarse?: string[], view: string}} Catalog
 */

/** What the person chose; `opacity` in per cent of the designed opacity. */
export const shown = {
  /** @type {Catalog} */ catalog: /** @type {any} */ (null),
  /** @type {Map<string, number>} */ opacity: new Map(),
  /** @type {Set<string>} */ visible: new Set(),
  /** @type {string[]} ids in the order a person gave them, bottom to top; empty: as designed */ order: [],
  /** @type {import("./filters.js").Filters} */ filters: new Map(),
  /** @type {Map<string, import("./plain_style.js").Look>} */ looks: new Map(),
  ground: "light",
  /** @type {any} the newest edition, as the server told while the page stood */
  newer: null,
  policy: "",
  strongHatch: false,
};

/** @param {string|null|undefined} edition */
export async function loadCatalog(edition) {
  const query = new URLSearchParams(edition ? { ed: edition } : {});
  if (shown.ground !== "light") query.set("bg", shown.ground);
  shown.catalog = await getJson(`/api/layers${query.size ? "?" : ""}${query}`);
  return shown.catalog;
}

/** Editions older than the one shown, newest first. */
export const earlierEditions = () => shown.catalog.editions.filter((entry) => entry.edition < shown.catalog.edition.edition).sort((a, b) => b.edition - a.edition);

/** Whether the person who looks holds one of some roles. @param {string[]} roles */
export const may = (...roles) => roles.some((role) => shown.catalog.roles.includes(role));

/** Whether the person sees the positions of a layer only roughly, and nothing that needs them. @param {string} layer */
export const isCoarse = (layer) => Boolean(shown.catalog.coarse?.includes(layer));

/** Whether several editions go by the label of one: data that were mended are published under it again. @param {Record<string, any>} edition */
export const isLabelRepeated = (edition) => (shown.catalog.editions ?? []).filter((entry) => entry.label === edition.label).length > 1;

/** The label of an edition, with its number where others have the same. @param {Record<string, any>} edition @returns {string} */
export const editionName = (edition) => (isLabelRepeated(edition) ? `${edition.label} (${edition.edition})` : edition.label);

/** @param {string} id @returns {Layer|undefined} */
export const layerById = (id) => shown.catalog.layers.find((layer) => layer.id === id);

/** Layers that the map can draw, in drawing order. @returns {Layer[]} */
export const drawnLayers = () => shown.catalog.layers.filter((layer) => layer.style?.length);

/** @param {Layer} layer @param {string} name @returns {Field|undefined} */
export const fieldOf = (layer, name) => layer.fields.find((field) => field.name === name);

/** Whether a layer's features are areas of one assessment policy each, so that only one policy may be shown. */
export const isByPolicy = (/** @type {Layer} */ layer) => Boolean(fieldOf(layer, "policy"));

/** Whether a layer colours the ground: its areas have no names, a place in them is asked for its reasons. */
export const isGround = (/** @type {Layer} */ layer) => isByPolicy(layer) && !layer.label;

/** @param {string|null|undefined} id @returns {Level|undefined} */
export const levelById = (id) => shown.catalog.levels.find((level) => level.id === id);

/** 1 for the worst level, 9 where there is none. @param {string|null|undefined} id */
export const levelRank = (id) => levelById(id)?.rank ?? 9;

/** @param {string|null|undefined} id the level's word */
export const levelWord = (id) => said(levelById(id), "");

/** @param {string|null|undefined} id the level's colour as a word */
export const levelColourWord = (id) => {
  const level = levelById(id);
  return said(level, "colour") || said(level, "");
};

/** @param {Field|undefined} field @param {any} value @returns {string|null} title of a code, null if it is none */
export function codeTitle(field, value) {
  const code = field?.codes?.find((entry) => entry.code === value);
  return code ? said(code, "") : null;
}

/** Suffixes that say no more than that a name is a company's; dropped on the map, never in a panel. */
const COMPANY_SUFFIX = /(股份有限公司|有限责任公司|有限公司|股份)$/;

/**
 * The name to show for a feature: its layer's label field, else its id.
 * @param {Layer|undefined} layer
 * @param {Record<string, any>} properties
 */
export function featureName(layer, properties) {
  const value = layer?.label ? properties[layer.label] : null;
  return String(value ?? properties.name ?? properties.id ?? properties.feature_id ?? "");
}

/** @param {string} name */
export const shortName = (name) => name.replace(COMPANY_SUFFIX, "");

/** The smallest zoom at which something of a layer is drawn. @param {Layer} layer */
export const shownFromZoom = (layer) => Math.min(...layer.style.map((entry) => entry.minzoom ?? layer.min_zoom));
