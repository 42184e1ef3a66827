/** What may be done with a layer: opacity, order, zoom to it, its table, how it is drawn, where it comes from. */
import { getJson } from "./api.js";
import { drawnLayers, shown, shownFromZoom } from "./atlas.js";
import { el } from "./dom.js";
import { filterText } from "./filters.js";
import { day, number } from "./formats.js";
import { restack, restyle, setLayerOpacity } from "./map_layers.js";
import { bounds } from "./map_style.js";
import { map } from "./mapview.js";
import { say } from "./panel.js";
import { LOOKS, hasLooks } from "./plain_style.js";
import { isDesigned, moved } from "./stacking.js";
import { said, supplierOf, t } from "./texts.js";

/** @typedef {import("./atlas.js").Layer} Layer */

/** @param {Layer} layer */
export const opacityOf = (layer) => shown.opacity.get(layer.id) ?? 100;

/** Visible layers, bottom to top, as they lie now. @returns {string[]} */
export function orderShown() {
  const designed = drawnLayers().map((layer) => layer.id).filter((id) => shown.visible.has(id));
  const rank = new Map(shown.order.map((id, i) => [id, i]));
  return shown.order.length ? designed.sort((a, b) => (rank.get(a) ?? -1) - (rank.get(b) ?? -1)) : designed;
}

/**
 * @param {Layer} layer
 * @param {{onChange: () => void, onTable: (layer: Layer) => void, redraw: () => void}} calls `onChange` remembers the state
 */
export function rowMenu(layer, calls) {
  return el("div", { class: "row-menu" },
    opacitySlider(layer, calls.onChange),
    el("div", { class: "actions" },
      moveButton(layer, 1, calls), moveButton(layer, -1, calls),
      el("button", { type: "button", class: "button small", on: { click: () => zoomTo(layer) } }, t("zoom_to")),
      el("button", { type: "button", class: "button small", "data-focus": `table-of-${layer.id}`, on: { click: () => calls.onTable(layer) } }, t("table"))),
    hasLooks(layer) ? lookChoice(layer) : null,
    sources(layer),
    layer.n_unplaced ? el("p", { class: "legend-note" }, t("unplaced_count", { n: number(layer.n_unplaced) })) : null,
    el("p", { class: "legend-note" }, t("drawn_from_zoom", { zoom: number(shownFromZoom(layer), 1) })));
}

/** @param {Layer} layer @param {() => void} onChange */
function opacitySlider(layer, onChange) {
  const id = `opacity-${layer.id}`;
  const value = el("output", { for: id }, `${opacityOf(layer)} %`);
  const change = (/** @type {any} */ event) => {
    shown.opacity.set(layer.id, Number(event.target.value));
    value.textContent = `${opacityOf(layer)} %`;
    setLayerOpacity(layer, opacityOf(layer));
    onChange();
  };
  const slider = el("input", { id, type: "range", min: 10, max: 100, step: 10, value: opacityOf(layer), on: { input: change } });
  return el("div", { class: "row-opacity" }, el("label", { for: id }, t("opacity")), slider, value);
}

/** @param {Layer} layer @param {number} by one place up or down @param {{onChange: () => void, redraw: () => void}} calls */
function moveButton(layer, by, calls) {
  const ids = orderShown();
  const made = moved(ids, layer.id, by);
  const key = by > 0 ? "move_up" : "move_down";
  const act = () => {
    shown.order = isDesigned(drawnLayers(), made) ? [] : made;
    restack();
    calls.onChange();
    calls.redraw();
    say(t("moved_layer", { name: said(layer), n: made.length - made.indexOf(layer.id), of: made.length }));
    /** @type {HTMLElement|null} */ (document.querySelector(`[data-focus="${key}-${layer.id}"]`))?.focus();
  };
  return el("button", { type: "button", class: "button small", "data-focus": `${key}-${layer.id}`, "aria-label": t(key), title: t(key),
    "aria-disabled": String(made === ids), on: { click: act } }, by > 0 ? "↑" : "↓");
}

/** @param {Layer} layer */
async function zoomTo(layer) {
  const query = new URLSearchParams({ ed: String(shown.catalog.edition.edition), extent: "1", limit: "1", flt: filterText(shown.filters, layer.id) });
  const { extent } = await getJson(`/api/tables/${layer.id}?${query}`);
  if (!extent) return say(t("nothing_placed"));
  map.fitBounds(bounds(extent), { padding: 40, maxZoom: 17, speed: 2.4 });
  return say(t("moved_to", { place: said(layer) }));
}

/** @param {Layer} layer */
function lookChoice(layer) {
  const id = `look-${layer.id}`;
  const choose = (/** @type {any} */ event) => {
    shown.looks.set(layer.id, event.target.value);
    restyle();
  };
  return el("div", { class: "policy" }, el("label", { for: id }, t("look")), el("select", { id, on: { change: choose } },
    LOOKS.map((look) => el("option", { value: look, selected: look === (shown.looks.get(layer.id) ?? "level") }, t(`look_${look}`)))));
}

/** @param {Layer} layer */
function sources(layer) {
  const rows = (layer.sources ?? []).map((source) => el("li", {}, [said(source), supplierOf(source), day(source.as_of)].filter(Boolean).join(" · ")));
  return el("div", { class: "legend-note" }, rows.length ? [t("sources_of_layer"), el("ul", {}, rows)] : t("computed_layer", { date: day(shown.catalog.edition.data_as_of) }));
}
