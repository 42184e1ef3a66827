/** What changed since an earlier edition: areas by change of colour, causes that add up to them, places to go to. */
import { getJson } from "./api.js";
import { earlierEditions, editionName, layerById, levelColourWord, levelWord, shown } from "./atlas.js";
import { el } from "./dom.js";
import { area, day } from "./formats.js";
import { levelDot } from "./level_marks.js";
import { drawOwn, feature } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { loadIntoPanel } from "./panel.js";
import { section } from "./reasons.js";
import { said, t } from "./texts.js";

const CAUSES_SHOWN = 10;
const ZONES_SHOWN = 40;
const CAUSES_OF_ZONE = 3;
const NO_COLOUR = "none";

/**
 * Opens the list of changes; what is opened out of it lies on top.
 * @param {(layer: string, id: string) => void} onOpen
 * @param {string|number} from the earlier edition
 * @param {(edition: string) => void} onEdition another edition was chosen to compare with
 */
export function openChanges(onOpen, from, onEdition) {
  const earlier = earlierEditions();
  const before = earlier.find((entry) => String(entry.edition) === String(from)) ?? earlier[0];
  if (!before) return undefined;
  const onClose = () => drawOwn("site", null);
  return loadIntoPanel(() => t("changes_title"), async () => {
    const query = new URLSearchParams({ from: String(before.edition), to: String(shown.catalog.edition.edition), policy: shown.policy });
    const found = await getJson(`/api/changes?${query}`);
    drawOwn("site", found.zones.map((/** @type {any} */ zone) => feature(zone.geometry)));
    return {
      title: () => t("changes_from_to", { from: editionName(found.from), to: editionName(found.to) }), body: () => body(found, onOpen, onEdition), onClose, staysUnder: true,
      announce: () => t("changes_sum", { n: found.n_zones, area: area(found.area_m2) }),
    };
  }, { onClose, staysUnder: true, focus: true });
}

/** @param {any} found @param {(layer: string, id: string) => void} onOpen @param {(edition: string) => void} onEdition */
function body(found, onOpen, onEdition) {
  const byKey = new Map(found.causes.map((/** @type {any} */ cause) => [cause.cause, cause]));
  return [
    chooser(found, onEdition),
    el("p", {}, found.n_zones ? t("changes_sum", { n: found.n_zones, area: area(found.area_m2) }) : t("changes_none")),
    found.is_same_rules ? null : el("p", { class: "notice" }, t("changes_rules")),
    found.pairs.length ? pairs(found) : null,
    found.causes.length ? causes(found, onOpen) : null,
    found.zones.length ? zones(found, byKey) : null,
  ];
}

/** @param {any} found @param {(edition: string) => void} onEdition */
function chooser(found, onEdition) {
  const choose = (/** @type {Event} */ event) => onEdition(/** @type {HTMLSelectElement} */ (event.target).value);
  return el("p", { class: "field" }, el("label", { for: "changes-from" }, t("compare_with")),
    el("select", { id: "changes-from", on: { change: choose } }, earlierEditions().map((entry) =>
      el("option", { value: entry.edition, selected: entry.edition === found.from.edition }, `${editionName(entry)} · ${day(entry.data_as_of)}`))));
}

/** A level of a change, with its word. @param {string} level */
const chip = (level) => (level === NO_COLOUR ? el("span", { class: "muted" }, t("no_colour")) : [levelDot(level), " ", levelColourWord(level)]);

/** @param {any} found */
function pairs(found) {
  const rows = found.pairs.map((/** @type {any} */ pair) => el("tr", {}, el("td", {}, chip(pair.before), " → ", chip(pair.after)),
    el("td", { class: "number" }, area(pair.area_m2)), el("td", { class: "number" }, pair.n_zones)));
  return el("table", { class: "attributes changes-pairs" }, el("caption", { class: "unseen" }, t("changes_by_level")),
    el("thead", {}, el("tr", {}, [t("change"), t("area"), t("zones")].map((word) => el("th", { scope: "col" }, word)))), el("tbody", {}, rows));
}

/** @param {any} found @param {(layer: string, id: string) => void} onOpen */
function causes(found, onOpen) {
  const most = Math.max(...found.causes.map((/** @type {any} */ cause) => cause.area_m2), 1);
  const rows = found.causes.map((/** @type {any} */ cause) => causeRow(cause, most, onOpen));
  const rest = rows.slice(CAUSES_SHOWN);
  return section(t("causes"), el("ol", { class: "bars" }, rows.slice(0, CAUSES_SHOWN)),
    rest.length ? el("details", {}, el("summary", {}, t("more_causes", { n: rest.length })), el("ol", { class: "bars" }, rest)) : null,
    el("p", { class: "bar-sum" }, el("span", {}, t("causes_sum")), el("strong", {}, area(found.area_m2))),
    el("p", { class: "muted small" }, found.remainder_m2 > 0 ? t("remainder", { area: area(found.remainder_m2) }) : t("no_remainder")));
}

/** @param {any} cause @param {number} most @param {(layer: string, id: string) => void} onOpen */
function causeRow(cause, most, onOpen) {
  const bar = el("span", { class: "bar-fill" });
  bar.style.width = `${Math.max(1, (100 * cause.area_m2) / most)}%`;
  const isKnown = cause.layer && layerById(cause.layer) && cause.level_after;
  const name = cause.name || t("cause_whole");
  const origins = [...new Set(cause.inputs.map((/** @type {any} */ input) => (input.file ? `${input.file}${input.load_id ? ` · ${t("load_n", { n: input.load_id })}` : ""}` : null)).filter(Boolean))];
  return el("li", { class: "bar-row" },
    el("div", { class: "bar-head" }, cause.level_before ? levelDot(cause.level_before) : null, cause.level_before && cause.level_after ? "→" : null, cause.level_after ? levelDot(cause.level_after) : null,
      isKnown ? el("button", { type: "button", class: "link", on: { click: () => onOpen(cause.layer, cause.id) } }, name) : el("span", {}, name),
      el("span", { class: "points" }, area(cause.area_m2))),
    el("div", { class: "bar", "aria-hidden": "true" }, bar),
    el("div", { class: "bar-note" }, said(cause, "text")),
    origins.length ? el("div", { class: "bar-note" }, origins.join("; ")) : null);
}

/** @param {any} found @param {Map<string, any>} byKey */
function zones(found, byKey) {
  const rows = found.zones.slice(0, ZONES_SHOWN).map((/** @type {any} */ zone) => {
    const go = () => {
      drawOwn("selection", [feature(zone.geometry)]);
      flyToGeometry(zone.geometry);
    };
    const because = zone.causes.slice(0, CAUSES_OF_ZONE).map((/** @type {any} */ part) => {
      const cause = byKey.get(part.cause);
      return cause?.name || said(cause ?? {}, "text");
    });
    const more = zone.causes.length - CAUSES_OF_ZONE;
    const label = t("zoom_to_change", { before: levelWord(zone.before) || t("no_colour"), after: levelWord(zone.after) || t("no_colour") });
    return el("li", { class: "change-row" }, el("div", {}, chip(zone.before), " → ", chip(zone.after), " ", el("strong", {}, area(zone.area_m2)),
      el("button", { type: "button", class: "button small", "aria-label": label, on: { click: go } }, t("zoom_to"))),
      el("div", { class: "bar-note" }, because.join("; "), more > 0 ? ` +${more}` : ""));
  });
  const left = found.n_zones - Math.min(found.zones.length, ZONES_SHOWN);
  return section(t("changed_zones", { n: found.n_zones }), el("ul", { class: "plain" }, rows), left > 0 ? el("p", { class: "muted small" }, t("more_zones", { n: left })) : null);
}
