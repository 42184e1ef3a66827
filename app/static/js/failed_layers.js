/** Layers whose tiles the server could not give: named above the map and marked in the legend until they are there. */
import { drawnLayers, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { askAgain, onLayerFailure } from "./mapview.js";
import { say } from "./panel.js";
import { lang, said, t } from "./texts.js";

/** @type {Set<string>} */
const failed = new Set();
/** @type {(() => void)[]} */
const listeners = [];

/** @param {string} layerId */
export const isFailed = (layerId) => failed.has(layerId);

/** @param {() => void} listener told when what failed has changed */
export const onFailures = (listener) => listeners.push(listener);

/** Begins to listen; call it once the map stands. */
export function wireFailures() {
  onLayerFailure((layerId) => {
    if (failed.has(layerId) || !shown.visible.has(layerId)) return;
    failed.add(layerId);
    changed();
    say(words());
  });
}

function changed() {
  drawFailures();
  listeners.forEach((listener) => listener());
}

function words() {
  const names = drawnLayers().filter((layer) => failed.has(layer.id)).map((layer) => said(layer));
  return t("layers_failed", { layers: names.join(lang() === "en" ? ", " : "、") });
}

/** What stays is shown; the banner names what is missing. */
export function drawFailures() {
  const bar = byId("part-failed");
  bar.hidden = !failed.size;
  put(bar, failed.size ? [el("span", { class: "state-sign", "aria-hidden": "true" }, "!"), " ", words(), " ",
    el("button", { type: "button", class: "button small", on: { click: retry } }, t("try_again"))] : []);
}

function retry() {
  const again = drawnLayers().filter((layer) => failed.has(layer.id));
  failed.clear();
  changed();
  again.forEach(askAgain);
}
