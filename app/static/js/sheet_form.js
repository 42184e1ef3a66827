/** The form of the sheets page. */
import { drawnLayers, layerById, may, shown } from "./atlas.js";
import { el } from "./dom.js";
import { SCALES } from "./paper_way.js";
import { MARKS, hasRelief, wishes } from "./sheet_wishes.js";
import { said, t } from "./texts.js";

const BACKGROUNDS = ["light", "dark", "grey", "blank"];
/** @typedef {{onChange: (isShape: boolean) => void, onPreview: () => void, onMake: () => void, onMove: (dx: number, dy: number) => void}} Calls */

/** @param {string[]} towns @param {Calls} calls */
export function sheetForm(towns, calls) {
  const isAtlas = wishes.mode === "atlas", isFigure = wishes.mode === "figure";
  return [
    radios("sheet-mode", t("sheet_mode"), may("sheets") ? ["sheet", "atlas", "figure"] : ["sheet", "figure"], "mode", calls, true),
    isAtlas ? (wishes.rows ? rowList(wishes.rows, calls) : townList(towns, calls)) : null,
    isFigure ? null : el("div", { class: "two" }, select("paper", t("paper"), ["A4", "A3"], (id) => id, calls),
      select("orientation", t("orientation"), ["landscape", "portrait"], t, calls)),
    isAtlas ? el("p", { class: "muted small" }, t("atlas_scale_note")) : [
      el("div", { class: "two" }, scaleField(calls), number("turn", t("sheet_turn"), -180, 180, calls)),
      moveKeys(calls)],
    text("title", t("sheet_title"), 60, calls),
    text("subtitle", t("sheet_subtitle"), 80, calls),
    text("organisation", t("sheet_organisation"), 60, calls), text("date", t("sheet_date"), 10, calls, "date"),
    el("fieldset", {}, el("legend", {}, t("sheet_marks")), el("div", { class: "pair" }, MARKS.map((mark) => markBox(mark, calls)))),
    el("div", { class: "two" }, select("colour", t("sheet_colour"), ["colour", "grey"], (id) => t(`sheet_colour_${id}`), calls, true),
      select("background", t("sheet_background"), BACKGROUNDS, (id) => t(`background_${id}`), calls, true)),
    el("div", { class: "pair" }, flag("hatch", t("sheet_hatch"), calls), flag("watermark", t("sheet_watermark"), calls),
      hasRelief() ? flag("hills", t("hills"), calls) : null),
    wishes.watermark ? text("madeBy", t("sheet_made_by"), 40, calls) : null,
    select("secrecy", t("sheet_secrecy"), ["internal", "public"], (id) => t(`secrecy_${id}`), calls, true),
    wishes.secrecy === "public" ? [text("approval", t("sheet_approval"), 40, calls), el("p", { class: "muted small" }, t("sheet_public_note"))] : null,
    isAtlas ? null : radios("sheet-format", t("file_format"), isFigure ? ["png", "pdf", "svg"] : ["pdf", "png", "svg"], "format", calls),
    layerList(calls),
    el("div", { class: "actions" },
      isAtlas ? null : el("button", { id: "sheet-preview", type: "button", class: "button", on: { click: calls.onPreview } }, t("sheet_preview")),
      el("button", { id: "sheet-make", type: "button", class: "button primary", on: { click: calls.onMake } }, t("make_sheet"))),
  ];
}

/** @typedef {"title"|"subtitle"|"organisation"|"date"|"madeBy"|"approval"} TextWish */

/** @param {TextWish} key @param {string} label @param {number} longest @param {Calls} calls @param {string} [type] */
const text = (key, label, longest, calls, type = "text") => el("div", { class: "field" }, el("label", { for: `sheet-${key}` }, label),
  el("input", { id: `sheet-${key}`, type, maxlength: longest, value: wishes[key], autocomplete: "off",
    on: { input: (/** @type {any} */ event) => { wishes[key] = event.target.value; calls.onChange(false); } } }));

/** @param {"turn"} key @param {string} label @param {number} least @param {number} most @param {Calls} calls */
const number = (key, label, least, most, calls) => el("div", { class: "field" }, el("label", { for: `sheet-${key}` }, label),
  el("input", { id: `sheet-${key}`, type: "number", min: least, max: most, step: 1, value: wishes[key],
    on: { change: (/** @type {any} */ event) => { wishes[key] = Number(event.target.value) || 0; calls.onChange(false); } } }));

/** @typedef {"paper"|"orientation"|"colour"|"background"|"secrecy"} ChoiceWish */

/** @param {ChoiceWish} key @param {string} label @param {string[]} ids @param {(id: string) => string} title @param {Calls} calls @param {boolean} [isShape] */
const select = (key, label, ids, title, calls, isShape = false) => el("div", { class: "field" }, el("label", { for: `sheet-${key}` }, label),
  el("select", { id: `sheet-${key}`, on: { change: (/** @type {any} */ event) => { wishes[key] = event.target.value; calls.onChange(isShape); } } },
    ids.map((id) => el("option", { value: id, selected: id === wishes[key] }, title(id)))));

/** @param {Calls} calls */
const scaleField = (calls) => el("div", { class: "field" }, el("label", { for: "sheet-scale" }, t("sheet_scale")),
  el("select", { id: "sheet-scale", on: { change: (/** @type {any} */ event) => { wishes.scale = Number(event.target.value); calls.onChange(false); } } },
    el("option", { value: 0, selected: !wishes.scale }, t("sheet_scale_auto")),
    SCALES.map((n) => el("option", { value: n, selected: n === wishes.scale }, `1:${n.toLocaleString("en").replaceAll(",", " ")}`))));

/** @param {Calls} calls */
const moveKeys = (calls) => el("div", { class: "frame-keys", role: "group", "aria-label": t("move_frame") },
  el("span", { class: "muted small" }, t("move_frame")),
  /** @type {[string, string, number, number][]} */ ([["move_west", "←", -1, 0], ["move_north", "↑", 0, 1], ["move_south", "↓", 0, -1], ["move_east", "→", 1, 0]])
    .map(([key, sign, dx, dy]) => el("button", { type: "button", class: "tool", "aria-label": t(key), title: t(key), on: { click: () => calls.onMove(dx, dy) } }, sign)));

/** @param {string} name @param {string} label @param {string[]} ids @param {"mode"|"format"} key @param {Calls} calls @param {boolean} [isShape] */
const radios = (name, label, ids, key, calls, isShape = false) => el("fieldset", {}, el("legend", {}, label), el("div", { class: "pair" },
  ids.map((id) => el("label", { class: "check" }, el("input", { type: "radio", name, id: `${name}-${id}`, value: id, checked: wishes[key] === id,
    on: { change: () => { /** @type {any} */ (wishes)[key] = id; if (key === "mode" && id === "figure") wishes.format = "png"; calls.onChange(isShape); } } }),
  key === "format" ? id.toUpperCase() : t(`sheet_mode_${id}`)))));

/** @param {"hatch"|"watermark"|"hills"} key @param {string} label @param {Calls} calls */
const flag = (key, label, calls) => el("label", { class: "check" }, el("input", { id: `sheet-${key}`, type: "checkbox", checked: wishes[key],
  on: { change: (/** @type {any} */ event) => { wishes[key] = event.target.checked; calls.onChange(key === "watermark"); } } }), label);

/** @param {string} mark @param {Calls} calls */
const markBox = (mark, calls) => el("label", { class: "check" }, el("input", { id: `mark-${mark}`, type: "checkbox", checked: wishes.marks.has(mark),
  on: { change: (/** @type {any} */ event) => { event.target.checked ? wishes.marks.add(mark) : wishes.marks.delete(mark); calls.onChange(false); } } }), t(`mark_${mark}`));

/** @param {Calls} calls */
const layerList = (calls) => el("details", { id: "sheet-layers" }, el("summary", {}, t("sheet_layers", { n: wishes.layers.length })),
  [...drawnLayers()].reverse().filter((layer) => layer.n_features || layer.group === "base").map((layer) => el("label", { class: "check wide" },
    el("input", { type: "checkbox", id: `layer-${layer.id}`, checked: wishes.layers.includes(layer.id),
      on: { change: (/** @type {any} */ event) => { wishes.layers = shown.catalog.layers.map((/** @type {any} */ entry) => entry.id)
        .filter((/** @type {string} */ id) => (id === layer.id ? event.target.checked : wishes.layers.includes(id))); calls.onChange(false); } } }), said(layer))));

/** @param {{layer: string, ids: string[]}} rows @param {Calls} calls */
const rowList = ({ layer, ids }, calls) => el("div", { id: "atlas-rows", class: "field" }, el("p", {}, t("atlas_of_rows", { layer: said(layerById(layer), layer), n: ids.length })),
  el("button", { type: "button", id: "atlas-by-towns", class: "button small", on: { click: () => { wishes.rows = null; calls.onChange(true); } } }, t("atlas_by_towns")));

/** @param {string[]} towns @param {Calls} calls */
const townList = (towns, calls) => el("fieldset", {}, el("legend", {}, t("atlas_towns", { n: wishes.towns.length || towns.length })),
  el("div", { class: "pair" }, towns.map((name) => el("label", { class: "check" },
    el("input", { type: "checkbox", id: `town-${name}`, checked: !wishes.towns.length || wishes.towns.includes(name),
      on: { change: (/** @type {any} */ event) => { const all = wishes.towns.length ? wishes.towns : towns;
        wishes.towns = towns.filter((other) => (other === name ? event.target.checked : all.includes(other)));
        if (wishes.towns.length === towns.length) wishes.towns = []; calls.onChange(true); } } }), name))));
