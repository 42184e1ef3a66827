/** Positions proposed for rows that came without: the words looked up, what they were found by, how far off they may be. */
import { el } from "./dom.js";
import { coordinates, number } from "./formats.js";
import { littleMap, sideBySide, startQueue } from "./queue.js";
import { said, t } from "./texts.js";

/** @param {any} entry */
function body(entry) {
  const { evidence } = entry;
  return [
    el("p", { class: "proof" }, el("span", { class: "proof-part proof-for" }, said(evidence, "")), el("span", { class: "proof-part" }, t("place_accuracy", { n: number(entry.accuracy_m, 0) })),
      evidence.is_in_town === false ? el("span", { class: "proof-part proof-against" }, t("place_outside_town")) : null,
      evidence.is_measured ? null : el("span", { class: "proof-part proof-against" }, t("place_assumed"))),
    el("p", { class: "little-note" }, t("place_known", { n: number(evidence.n_known), words: evidence.known.map((/** @type {any} */ known) => known.words).join(t("list_comma")) })),
    el("div", { class: "entry-body" }, el("div", {}, sideBySide([entry.record]), el("p", { class: "little-note" }, t("place_proposed", { at: coordinates(entry.lon, entry.lat) }), " ",
      el("a", { href: `/?at=${entry.lon.toFixed(6)},${entry.lat.toFixed(6)}` }, t("open_on_map")))),
    littleMap([{ lon: entry.lon, lat: entry.lat, kind: "a", ring_m: entry.accuracy_m }])),
  ];
}

startQueue({
  api: "/api/places", list: "places", states: ["open", "accepted", "rejected", "all"],
  title: () => t("data_tab_places"), about: () => t("places_about"), body,
  words: (entry) => entry.record.label,
  decision: (entry) => ({ record: { layer: entry.record.layer, id: entry.record.id }, lon: entry.lon, lat: entry.lat }),
});
