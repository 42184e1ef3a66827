/** The list of everything in view: whatever the map shows can be read and opened without it. */
import { drawnLayers, fieldOf, isGround, levelRank, shown } from "./atlas.js";
import { el } from "./dom.js";
import { hitTitle, asHit } from "./identify.js";
import { levelDot } from "./level_marks.js";
import { clickableStyleLayers, clustersDrawn } from "./map_layers.js";
import { map } from "./mapview.js";
import { openPanel } from "./panel.js";
import { said, t } from "./texts.js";

const MOST_OF_A_LAYER = 100;

/** @typedef {import("./identify.js").Hit} Hit */

/** @returns {Map<string, Hit[]>} what is drawn now, by layer, worst first */
function hitsInView() {
  const groups = new Map();
  const seen = new Set();
  for (const found of map.queryRenderedFeatures({ layers: clickableStyleLayers() })) {
    const hit = asHit(found);
    if (!hit || isGround(hit.layer) || seen.has(`${hit.layer.id}/${hit.id}`)) continue;
    seen.add(`${hit.layer.id}/${hit.id}`);
    groups.set(hit.layer.id, [...(groups.get(hit.layer.id) ?? []), hit]);
  }
  for (const hits of groups.values()) hits.sort((/** @type {Hit} */ a, /** @type {Hit} */ b) => levelRank(a.level) - levelRank(b.level) || a.name.localeCompare(b.name, "zh"));
  return groups;
}

/** @param {(layer: string, id: string) => void} onOpen */
export function openInView(onOpen) {
  const groups = hitsInView();
  const gathered = clustersDrawn(null).reduce((/** @type {number} */ sum, /** @type {any} */ found) => sum + found.properties.n, 0);
  const layers = drawnLayers().filter((layer) => groups.has(layer.id) && shown.visible.has(layer.id)).reverse();
  layers.sort((a, b) => Number(Boolean(fieldOf(b, "level"))) - Number(Boolean(fieldOf(a, "level"))));
  openPanel({ title: () => t("list_in_view"), announce: () => t("n_results", { n: [...groups.values()].flat().length }), body: () => [
    layers.length || gathered ? null : el("p", {}, t("nothing_in_view")),
    gathered ? el("p", { class: "notice" }, t("gathered_in_view", { n: gathered })) : null,
    ...layers.map((layer, i) => part(layer, groups.get(layer.id) ?? [], i === 0, onOpen)),
  ] }, { focus: true });
}

/** @param {import("./atlas.js").Layer} layer @param {Hit[]} hits @param {boolean} isOpen @param {(layer: string, id: string) => void} onOpen */
function part(layer, hits, isOpen, onOpen) {
  const rows = hits.slice(0, MOST_OF_A_LAYER).map((hit) => {
    const { name, note } = hitTitle(hit);
    const { source_layer: source, source_feature_id: id } = hit.properties;
    return el("li", {}, el("button", { type: "button", class: "hit-button", on: { click: () => (source && id ? onOpen(source, id) : onOpen(hit.layer.id, hit.id)) } },
      levelDot(hit.level), el("span", {}, name), el("span", { class: "muted" }, note === name ? "" : note)));
  });
  return el("details", { class: "part", open: isOpen }, el("summary", {}, `${said(layer)} (${hits.length})`), el("ol", {}, rows),
    hits.length > MOST_OF_A_LAYER ? el("p", { class: "muted small" }, t("more_in_table", { n: hits.length - MOST_OF_A_LAYER })) : null);
}
