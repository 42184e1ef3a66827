/** What is always visible: data date, method, handling mark, synthetic and stale notes, scale, coordinates, veil. */
import { onConnection, tryAgain } from "./api.js";
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { coordinates, day, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { map } from "./mapview.js";
import { said, t } from "./texts.js";
import { onPolicy } from "./tree.js";

const EQUATOR_M = 40075016.686;
const TILE_PX = 512;
const CSS_PX_M = 0.0254 / 96;
const BAR_MAX_PX = 110;

/** Ground metres per CSS pixel at the middle of the map. */
const metresPerPixel = () => (EQUATOR_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (TILE_PX * 2 ** map.getZoom());

/** Draws the line under the map and, for an old edition, the bar above it. */
export function drawStatus() {
  const { catalog } = shown;
  const { area, edition } = catalog;
  const method = catalog.policies.find((policy) => policy.id === shown.policy) ?? catalog.method;
  const parts = [
    area.is_synthetic ? el("strong", { class: "synthetic" }, t("synthetic")) : null,
    el("span", {}, t("data_as_of", { date: day(edition.data_as_of) })),
    el("a", { href: withEdition("/method") }, t("method", { version: said(method) || said(method, "") || "—" })),
    el("span", { class: "secrecy" }, secrecyWord(catalog.secrecy)),
    ...limits(catalog),
    isForeign(area) ? el("span", { class: "foreign", title: t("jurisdiction_note") }, t("jurisdiction_short")) : null,
    el("a", { href: withEdition("/help") }, t("help")),
  ];
  put(byId("status"), parts.filter(Boolean).map((part) => el("span", { class: "status-part" }, part)));
}

/** Says how high the line is, for what lies over the map on a phone not to cover it. */
new ResizeObserver(([{ target }]) => document.documentElement.style.setProperty("--status-now", `${/** @type {HTMLElement} */ (target).offsetHeight}px`)).observe(byId("status"));

/** What the person who looks does not see, or not exactly. @param {any} catalog */
const limits = ({ coarse, n_hidden_layers: nHidden, towns_seen: towns }) => [
  coarse?.length ? el("strong", {}, t("positions_coarse", { layers: coarse.map((/** @type {string} */ id) => said(shown.catalog.layers.find((layer) => layer.id === id) ?? {})).join(" ") })) : null,
  nHidden ? el("span", { class: "state-no-permission", "data-state": "no-permission" }, el("span", { class: "state-sign", "aria-hidden": "true" }, "＊"), " ", t("layers_not_for_you", { n: nHidden })) : null,
  towns?.length ? el("span", {}, t("towns_for_you", { towns: towns.join(" ") })) : null,
];

onPolicy(drawStatus);

/** @param {string|undefined} word as the server sets it; the usual mark has a translation */
const secrecyWord = (word) => (!word || word === "内部使用" ? t("internal_use") : word);

/** Whether the rules shown are not the law where the area lies. @param {Record<string, any>} area */
export const isForeign = (area) => Boolean(area.jurisdiction) && !["CN", "cn", "china", "mainland"].includes(area.jurisdiction);

/** The bar that says that an older edition is shown, or that a newer one has been published since. @param {(edition: any) => void} onNewest */
export function drawStale(onNewest) {
  const { edition, editions } = shown.catalog;
  const newest = [...(editions ?? []), ...(shown.newer ? [shown.newer] : [])].reduce((a, b) => (a.edition > b.edition ? a : b), edition);
  const isOld = edition.is_newest === false || newest.edition > edition.edition;
  const bar = byId("stale");
  bar.hidden = !isOld;
  put(bar, isOld ? [edition.is_newest === false ? t("old_edition", { label: edition.label }) : t("newer_edition", { newest: newest.label, label: edition.label }), " ",
    el("button", { type: "button", class: "button small", on: { click: () => onNewest(newest.edition) } }, t("to_newest"))] : []);
}

/** Draws the scale bar, the scale as a number and a place for coordinates. */
export function drawScale() {
  const perPixel = metresPerPixel();
  const length = niceLength(perPixel * BAR_MAX_PX);
  const bar = el("span", { class: "scale-bar", "aria-hidden": "true" });
  bar.style.width = `${length / perPixel}px`;
  const text = length >= 1000 ? `${number(length / 1000)} km` : `${number(length)} m`;
  const denominator = roundedTo2(perPixel / CSS_PX_M);
  put(byId("scale"), el("span", { class: "scale-unit" }, text, bar),
    el("span", {}, t("about_scale", { n: number(denominator, 0).replaceAll(",", " ") })),
    el("span", { id: "pointer", class: "pointer" }));
}

/** The largest 1, 2 or 5 times a power of ten within a length. @param {number} most */
function niceLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
}

/** @param {number} value */
function roundedTo2(value) {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.round(value / power) * power;
}

/** @param {{lng: number, lat: number}} place */
export function showPointer(place) {
  const node = document.getElementById("pointer");
  if (node) node.textContent = `${coordinates(place.lng, place.lat)} ${datum()}`;
}

/** Names of the datums whose degrees an area may store; another shows its code. @type {Record<string, string>} */
const DATUMS = { "EPSG:4490": "CGCS2000", "EPSG:4326": "WGS 84", "EPSG:3824": "TWD97" };

/** The datum of the degrees shown. */
export function datum() {
  const { storage_crs: crs } = shown.catalog.area;
  return DATUMS[crs] ?? crs ?? "";
}

/** Veils the map while the server cannot be reached, and takes the veil off when it is back. @param {() => void} onBack */
export function wireVeil(onBack) {
  const veil = byId("veil");
  onConnection((isLost) => {
    veil.hidden = !isLost;
    put(veil, isLost ? el("div", { class: "veil-box" }, el("p", {}, t("connection_lost")),
      el("button", { type: "button", class: "button", on: { click: () => tryAgain() } }, t("try_now"))) : []);
    if (!isLost) onBack();
  });
}
