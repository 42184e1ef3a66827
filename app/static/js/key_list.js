/** The list of keys (`?`), the switch that turns single keys off, and the size of text on the map. */
import { el } from "./dom.js";
import { openPanel, say } from "./panel.js";
import { t } from "./texts.js";

const KEPT_AS = "atlas-single-keys";
const KEYS = /** @type {const} */ ([
  ["keys_anywhere", [["/", "key_search"], ["?", "key_list"], ["F6", "key_regions"], ["Esc", "key_escape"]]],
  ["keys_map", [["← ↑ → ↓", "key_pan"], ["Shift + ←", "key_pan_fine"], ["+ −", "key_zoom"], ["Shift + −", "key_zoom_fine"], ["Enter", "key_select"],
    ["N  P", "key_hits"], ["L", "key_in_view"], ["H", "key_home"]]],
  ["keys_drawing", [["Enter", "key_vertex"], ["Backspace", "key_undo"], ["Ctrl + Enter", "key_finish"]]],
  ["keys_compare", [["← →", "key_swipe"]]],
]);

/** Whether single keys do something. */
export const hasSingleKeys = () => localStorage.getItem(KEPT_AS) !== "off";

/** The keys as tables. */
export const keyTables = () => KEYS.map(([title, rows]) => el("table", { class: "attributes keys" }, el("caption", {}, t(title)),
  el("tbody", {}, rows.map(([key, word]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, t(word)))))));

/** Opens the list. */
export function openKeyList() {
  const change = (/** @type {any} */ event) => {
    localStorage.setItem(KEPT_AS, event.target.checked ? "on" : "off");
    say(t(event.target.checked ? "single_keys_on" : "single_keys_off"));
  };
  openPanel({ title: () => t("keys_title"), body: () => [
    ...keyTables(),
    el("label", { class: "check" }, el("input", { type: "checkbox", id: "single-keys", checked: hasSingleKeys(), on: { change } }), t("single_keys")),
  ] }, { focus: true });
}
