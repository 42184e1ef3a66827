/** Records of different lists that may be one enterprise's place: side by side, with why, to be linked or told apart. */
import { el } from "./dom.js";
import { evidenceLine } from "./evidence.js";
import { isMissing } from "./formats.js";
import { littleMap, sideBySide, startQueue } from "./queue.js";
import { t } from "./texts.js";

/** @param {any} record */
const key = (record) => ({ layer: record.layer, id: record.id });

/** @param {any} entry */
function body(entry) {
  const places = [entry.a, entry.b].map((record, i) => ({ lon: record.lon, lat: record.lat, kind: i ? "b" : "a" })).filter((place) => !isMissing(place.lon));
  return [evidenceLine(entry.evidence), el("div", { class: "entry-body" }, sideBySide([entry.a, entry.b]), littleMap(/** @type {any} */ (places)))];
}

startQueue({
  api: "/api/matches", list: "pairs", states: ["open", "certain", "accepted", "rejected", "all"],
  title: () => t("data_tab_matches"), about: () => t("matches_about"), body,
  words: (entry) => `${entry.a.label} – ${entry.b.label}`,
  decision: (entry) => ({ a: key(entry.a), b: key(entry.b) }),
});
