/** What the map still waits for, told when that takes more than two seconds: how many of its layers are there. */
import { drawnLayers } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { SOURCE_PREFIX, isSeen } from "./map_style.js";
import { map } from "./mapview.js";
import { t } from "./texts.js";

const PATIENCE_MS = 2000;
const AGAIN_MS = 500;
let timer = 0;

/** Watches the map from now on. */
export function wireProgress() {
  if (!map.loaded()) wait();
  map.on("dataloading", wait);
  map.on("idle", () => {
    clearTimeout(timer);
    timer = 0;
    byId("progress").hidden = true;
    put(byId("progress")); // its words are of the language that was
  });
}

function wait() {
  timer ||= window.setTimeout(tell, PATIENCE_MS);
}

function tell() {
  const ids = drawnLayers().filter(isSeen).map((layer) => `${SOURCE_PREFIX}${layer.id}`).filter((id) => map.getSource(id));
  const n = ids.filter((id) => map.isSourceLoaded(id)).length;
  const words = t("map_progress", { n, all: ids.length });
  put(byId("progress"), el("progress", { max: ids.length, value: n, "aria-label": words }), el("span", {}, words));
  byId("progress").hidden = n === ids.length;
  timer = window.setTimeout(tell, AGAIN_MS);
}
