/** 专题: layers shown together; a person's own are kept in this browser. */
import { drawnLayers, shown } from "./atlas.js";
import { parseLayers } from "./address.js";
import { el } from "./dom.js";
import { changeGround } from "./grounds.js";
import { restack, setLayerOpacity, setLayerVisible } from "./map_layers.js";
import { orderShown, opacityOf } from "./row_menu.js";
import { say } from "./panel.js";
import { said, t } from "./texts.js";

const KEPT_AS = "atlas-presets";
const OWN = "own:";
const MOST_OWN = 20;
const LONGEST_NAME = 20;

/** @typedef {{name: string, layers: string, ground: string}} OwnPreset */

/** @returns {OwnPreset[]} */
function ownPresets() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT_AS) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one) => typeof one?.name === "string" && typeof one?.layers === "string") : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** @param {OwnPreset[]} presets */
const keep = (presets) => localStorage.setItem(KEPT_AS, JSON.stringify(presets));

/** Visible layers with their opacity, bottom to top, as the address writes them. */
export const layersText = () => orderShown().map((id) => {
  const layer = drawnLayers().find((one) => one.id === id);
  const pct = layer ? opacityOf(layer) : 100;
  return pct === 100 ? id : `${id}:${pct}`;
}).join(",");

/** The choice of layers shown together, and the keeping of own ones. @param {() => void} onChange told when other layers are shown */
export function presetChoice(onChange) {
  const own = ownPresets();
  return el("div", { class: "presets" }, el("label", { for: "preset" }, t("preset")), presetSelect(onChange),
    el("details", { class: "own-presets" }, el("summary", {}, t("save_preset")), saveForm(onChange), own.length ? ownList(own, onChange) : null));
}

/** @param {() => void} onChange told when other layers are shown */
export function presetSelect(onChange) {
  const own = ownPresets();
  const choose = (/** @type {any} */ event) => take(event.target.value, onChange);
  const options = [
    el("option", { value: "" }, t("choose_preset")),
    ...(shown.catalog.presets ?? []).map((preset) => el("option", { value: preset.id, selected: isShown(preset) }, said(preset))),
    own.length ? el("optgroup", { label: t("own_presets") }, own.map((preset) => el("option", { value: OWN + preset.name }, preset.name))) : null,
  ];
  return el("select", { id: "preset", on: { change: choose } }, options);
}

/** Layers of a preset with their opacity; one without any shows what a first visit shows. @param {{layers: string[], isOwn?: boolean}} preset */
const wantedLayers = (preset) => (preset.layers.length || preset.isOwn ? parseLayers(preset.layers.join(",")) ?? new Map()
  : new Map(drawnLayers().filter((layer) => layer.visible).map((layer) => [layer.id, 100])));

/** Whether the map shows just what a preset asks for. @param {{layers: string[], ground: string}} preset */
function isShown(preset) {
  const wanted = wantedLayers(preset);
  const isGround = preset.ground === shown.ground || (preset.ground === "light" && shown.ground !== "blank");
  return isGround && drawnLayers().every((layer) => shown.visible.has(layer.id) === wanted.has(layer.id) && (!wanted.has(layer.id) || opacityOf(layer) === (wanted.get(layer.id) ?? 100)));
}

/** @param {() => void} onChange */
function saveForm(onChange) {
  const input = /** @type {HTMLInputElement} */ (el("input", { id: "preset-name", maxlength: LONGEST_NAME }));
  const save = (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = input.value.trim();
    if (!name) return input.focus();
    keep([{ name, layers: layersText(), ground: shown.ground }, ...ownPresets().filter((one) => one.name !== name)].slice(0, MOST_OWN));
    say(t("preset_saved", { name }));
    return onChange();
  };
  return el("form", { class: "preset-form", on: { submit: save } }, el("label", { for: "preset-name" }, t("preset_name")), input,
    el("button", { type: "submit", class: "button small" }, t("save")));
}

/** @param {OwnPreset[]} own @param {() => void} onChange */
function ownList(own, onChange) {
  const remove = (/** @type {string} */ name) => () => {
    keep(ownPresets().filter((one) => one.name !== name));
    onChange();
  };
  return el("ul", {}, own.map(({ name }) => el("li", {}, name, " ", el("button", { type: "button", class: "link", "aria-label": t("remove_preset", { name }), on: { click: remove(name) } }, t("remove")))));
}

/** @param {string} id @param {() => void} onChange */
async function take(id, onChange) {
  const own = id.startsWith(OWN) ? ownPresets().find((one) => OWN + one.name === id) : null;
  const preset = own ? { layers: own.layers.split(",").filter(Boolean), ground: own.ground, isOwn: true } : (shown.catalog.presets ?? []).find((one) => one.id === id);
  if (!preset) return;
  const wanted = wantedLayers(preset);
  shown.order = [];
  for (const layer of drawnLayers()) {
    const pct = wanted.get(layer.id);
    if (pct === undefined) shown.visible.delete(layer.id);
    else shown.visible.add(layer.id);
    shown.opacity.set(layer.id, pct ?? 100);
    setLayerOpacity(layer, pct ?? 100);
    setLayerVisible(layer, pct !== undefined);
  }
  if (own) shown.order = [...wanted.keys()];
  restack();
  if (preset.ground !== shown.ground && (preset.ground !== "light" || shown.ground === "blank")) await changeGround(preset.ground);
  onChange();
}
