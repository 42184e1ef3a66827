/** 出图: the present view as a sheet of paper. */
import { ApiError, postForFile, postJson } from "./api.js";
import { drawnLayers, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { filterText } from "./filters.js";
import { number } from "./formats.js";
import { drawsHills } from "./hills.js";
import { map } from "./mapview.js";
import { errorBox, openPanel, say } from "./panel.js";
import { lang, said, t } from "./texts.js";

const wishes = { paper: "A4", orientation: "landscape", format: "pdf", title: "", subtitle: "" };

/** Opens the form. */
export function openSheet() {
  openPanel({ title: () => t("sheet"), body: form }, { focus: true });
  tellDifferences();
}

const defaultTitle = () => t("sheet_default_title", { area: said(shown.catalog.area) });

function form() {
  const keep = (/** @type {keyof typeof wishes} */ key) => (/** @type {any} */ event) => {
    wishes[key] = event.target.value;
    if (key === "paper" || key === "orientation") tellDifferences();
  };
  return [
    el("p", { class: "muted" }, t("sheet_intro")),
    el("form", { on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); make(); } } },
      text("sheet-title", t("sheet_title"), wishes.title || defaultTitle(), keep("title")),
      text("sheet-subtitle", t("sheet_subtitle"), wishes.subtitle || shown.catalog.edition.label, keep("subtitle")),
      choice("sheet-paper", t("paper"), ["A4", "A3"], (id) => id, wishes.paper, keep("paper")),
      choice("sheet-orientation", t("orientation"), ["landscape", "portrait"], t, wishes.orientation, keep("orientation")),
      choice("sheet-format", t("file_format"), ["pdf", "png"], (id) => id.toUpperCase(), wishes.format, keep("format")),
      el("button", { id: "sheet-make", type: "submit", class: "button primary wide" }, t("make_sheet"))),
    el("div", { id: "sheet-differs", role: "status" }),
    el("div", { id: "sheet-state", role: "status" }),
  ];
}

/** What the sheet will show otherwise than the screen does, before it is made. */
async function tellDifferences() {
  try {
    const found = await postJson(`/api/sheets/check?ed=${encodeURIComponent(shown.catalog.edition.edition)}`, request());
    const place = document.getElementById("sheet-differs");
    if (place) put(place, differences(found));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("sheet-differs"), errorBox(error, tellDifferences));
  }
}

/** @param {any} found the answer of the check */
function differences(found) {
  const names = (/** @type {any[]} */ layers) => layers.map((layer) => said(layer)).join(" ");
  const faded = drawnLayers().filter(({ id }) => shown.visible.has(id) && ((shown.opacity.get(id) ?? 100) !== 100 || shown.looks.has(id)));
  const rows = [
    found.hidden.length ? t("differs_hidden", { layers: names(found.hidden) }) : null,
    found.gathered.length ? t("differs_gathered", { layers: names(found.gathered) }) : null,
    faded.length ? t("differs_faded", { layers: names(faded) }) : null,
    shown.order.length ? t("differs_order") : null,
    shown.ground === "light" ? null : t("differs_ground"),
  ].filter(Boolean);
  return [
    el("p", { class: "muted" }, t("sheet_scale_is", { n: number(found.scale) })),
    found.filter ? el("p", {}, t("same_filter", { filter: found.filter })) : null,
    rows.length ? el("div", { class: "notice" }, el("p", {}, t("differs_title")), el("ul", { class: "differs" }, rows.map((row) => el("li", {}, row)))) : el("p", { class: "muted" }, t("differs_nothing")),
  ];
}

/** @param {string} id @param {string} label @param {string} value @param {(event: any) => void} onInput */
const text = (id, label, value, onInput) => el("div", { class: "field" }, el("label", { for: id }, label),
  el("input", { id, type: "text", maxlength: 60, value, autocomplete: "off", on: { input: onInput } }));

/** @param {string} id @param {string} label @param {string[]} ids @param {(id: string) => string} title @param {string} value
 *  @param {(event: any) => void} onChange */
const choice = (id, label, ids, title, value, onChange) => el("div", { class: "field" }, el("label", { for: id }, label),
  el("select", { id, on: { change: onChange } }, ids.map((entry) => el("option", { value: entry, selected: entry === value }, title(entry)))));

/** What is on the screen is what is printed: the same layers, filter, extent, edition and policy. */
function request() {
  const box = map.getBounds();
  return {
    title: wishes.title || defaultTitle(), subtitle: wishes.subtitle || shown.catalog.edition.label,
    layers: drawnLayers().filter((layer) => shown.visible.has(layer.id)).map((layer) => layer.id),
    extent: [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()],
    paper: wishes.paper, orientation: wishes.orientation, format: wishes.format, lang: lang(), policy: shown.policy, flt: filterText(shown.filters),
    relief: drawsHills(),
  };
}

async function make() {
  const state = byId("sheet-state");
  const button = /** @type {HTMLButtonElement} */ (byId("sheet-make"));
  button.disabled = true;
  put(state, t("making_sheet"));
  try {
    const file = await postForFile(`/api/sheets?ed=${encodeURIComponent(shown.catalog.edition.edition)}`, request());
    const href = URL.createObjectURL(file);
    const name = `${wishes.title || defaultTitle()}.${wishes.format}`;
    const link = el("a", { href, download: name, class: "button" }, t("save_file", { name }));
    put(state, el("p", {}, t("sheet_ready")), link);
    link.click();
    say(t("sheet_ready"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(state, errorBox(error, null));
  } finally {
    button.disabled = false;
  }
}
