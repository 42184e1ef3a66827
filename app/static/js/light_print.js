/** What is printed stands upon light ground, whatever the screen stands upon: the map is drawn upon it before, and as it was after. */
import { loadCatalog, shown } from "./atlas.js";
import { ApiError } from "./api.js";
import { byId, el } from "./dom.js";
import { restyle } from "./map_layers.js";
import { map } from "./mapview.js";
import { say } from "./panel.js";
import { t } from "./texts.js";

const LIGHT = "light";
const PATIENCE_MS = 20_000;
/** Whether the map stands upon light ground for the time of a printing. */
let isPreparing = false;

const isDark = () => Boolean(map) && document.documentElement.dataset.ground === "dark";

/**
 * Does something while the map stands upon light ground; neither the address nor what the device keeps takes note of it.
 * @template T
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
export async function uponLight(act) {
  if (!isDark() || isPreparing) return act();
  const { ground, catalog } = shown;
  isPreparing = true;
  try {
    shown.ground = LIGHT;
    await loadCatalog(String(catalog.edition.edition));
    wear(LIGHT);
    await atRest();
    return await act();
  } finally {
    Object.assign(shown, { ground, catalog });
    wear(ground);
    isPreparing = false;
  }
}

/** @param {string} ground */
function wear(ground) {
  document.documentElement.dataset.ground = ground;
  restyle();
}

/** Until the map has drawn everything, or the patience is at its end. */
function atRest() {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, PATIENCE_MS);
    map.once("idle", () => { clearTimeout(late); resolve(undefined); });
    map.triggerRepaint();
  });
}

/** The print key draws the map upon light ground first; the browser's menu cannot wait for that: its paper says so in the map's place. */
export function wirePrint() {
  document.addEventListener("keydown", async (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "p" || !isDark()) return;
    event.preventDefault();
    try {
      await uponLight(async () => window.print());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      say(t("print_not_light"));
      window.print();
    }
  });
  window.addEventListener("beforeprint", () => {
    if (isDark()) byId("map-area").append(el("p", { class: "print-note", id: "print-note" }, t("print_by_key")));
  });
  window.addEventListener("afterprint", () => document.getElementById("print-note")?.remove());
}
