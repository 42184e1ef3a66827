/** What every workspace page does: language, catalog, bar, search, status line, edition, keys. */
import { ApiError } from "./api.js";
import { readAddress, replaceAddress, useKeys } from "./address.js";
import { drawnLayers, loadCatalog, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { drawFrame, wireFrame, withEdition } from "./frame.js";
import { takeGround } from "./grounds.js";
import { wireKeyboard } from "./keyboard.js";
import { wirePrint } from "./light_print.js";
import { setMapState, useEdition } from "./map_layers.js";
import { makeMap, map } from "./mapview.js";
import { wireNewer } from "./newer_edition.js";
import { errorBox } from "./panel.js";
import { wireSearch } from "./search.js";
import { drawScale, drawStale, drawStatus, wireVeil } from "./status.js";
import { lang, setLanguage, t } from "./texts.js";

/**
 * @typedef {{keys: string[], regions: string[], draw: () => void, onEdition: () => void, isShown?: (layer: any) => boolean,
 *   onEscape?: () => void, goHome?: () => void, withoutEdition?: () => Promise<any>}} Workspace
 *   `draw` draws everything again, in another language; `onEdition` asks for everything again; `isShown` says which
 *   layers the page's map draws; `withoutEdition` gives what stands for the catalog before anything is published
 */

/**
 * Starts a workspace page; null where there is no atlas to show, which the page then says.
 * @param {Workspace} workspace
 * @returns {Promise<Record<string, string>|null>} values of the address
 */
export async function startWorkspace(workspace) {
  useKeys(["ed", "lang", "bg", ...workspace.keys]);
  const { values } = readAddress();
  await setLanguage(values.lang ?? document.documentElement.lang.slice(0, 2));
  takeGround(values.bg);
  try {
    await loadCatalog(values.ed);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== "no_edition" || !workspace.withoutEdition) {
      put(byId("page-title").parentElement ?? document.body, errorBox(error, () => location.reload()));
      return null;
    }
    shown.catalog = await workspace.withoutEdition();
  }
  shown.policy = shown.catalog.policy;
  wireFrame({
    onLanguage: (wanted) => changeLanguage(wanted, workspace),
    onEdition: (wanted) => changeEdition(wanted, workspace),
  });
  wireSearch(openOnMap);
  drawBar(workspace);
  wireNewer(() => drawEditionBar(workspace));
  return values;
}

/** Makes the page's map, with the layers that it shows. @param {Workspace} workspace */
export async function startMap(workspace) {
  for (const layer of drawnLayers()) if (layer.visible && (workspace.isShown?.(layer) ?? true)) shown.visible.add(layer.id);
  await makeMap(byId("map"), null);
  const area = byId("map-area");
  map.getCanvas().id = "map-canvas";
  map.getCanvas().setAttribute("aria-label", t("map_title"));
  map.on("idle", () => { if (map.loaded()) area.dataset.state = "idle"; });
  map.on("movestart", () => { area.dataset.state = "moving"; });
  map.on("dataloading", () => { area.dataset.state = "loading"; });
  map.on("move", drawScale);
  wireVeil(useEdition);
  wirePrint();
  drawScale();
  drawTools(workspace);
}

/** Keys of the page; call it once the map, if there is one, stands. @param {Workspace} workspace */
export function wireKeys(workspace) {
  const nothing = () => undefined;
  wireKeyboard({ goHome: workspace.goHome ?? nothing, step: nothing, escape: workspace.onEscape ?? nothing, selectCentre: nothing, regions: workspace.regions });
}

/** @param {Workspace} workspace */
function drawTools(workspace) {
  const tools = [
    ["zoom_in", "+", () => map.zoomIn()],
    ["zoom_out", "−", () => map.zoomOut()],
    ["whole_subject", "⌂", () => workspace.goHome?.()],
  ];
  put(byId("toolbar"), tools.map(([key, sign, act]) => el("button", { type: "button", class: "tool", "aria-label": t(String(key)), title: t(String(key)), on: { click: act } }, String(sign))));
}

/** @param {Workspace} workspace */
function drawBar(workspace) {
  drawFrame();
  drawStatus();
  drawEditionBar(workspace);
}

/** @param {Workspace} workspace */
function drawEditionBar(workspace) {
  drawStale((newest) => changeEdition(newest, workspace));
}

/** @param {string} wanted @param {Workspace} workspace */
async function changeLanguage(wanted, workspace) {
  await setLanguage(wanted);
  replaceAddress({ lang: lang() });
  drawBar(workspace);
  if (map) {
    setMapState("lang", lang());
    map.getCanvas().setAttribute("aria-label", t("map_title"));
    drawScale();
    drawTools(workspace);
  }
  if (askAgain) return askAgain();
  keepingFocus(workspace.draw);
}

/** @type {(() => Promise<void>)|null} while the page's subject does not exist: there is nothing to draw, its words are asked for anew */
let askAgain = null;

/** @param {any} wanted @param {Workspace} workspace */
async function changeEdition(wanted, workspace) {
  try {
    await loadCatalog(String(wanted));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return put(byId("stale"), errorBox(error, () => changeEdition(wanted, workspace)));
  }
  replaceAddress({ ed: shown.catalog.edition.is_newest ? null : String(wanted) });
  if (map) useEdition();
  drawBar(workspace);
  workspace.onEdition();
}

/** The title of the browser's tab: what is shown, then where. @param {string} text */
export function titlePage(text) {
  document.title = `${text} – ${byId("area-title").textContent}`;
}

/** What the search finds is shown where everything is: on the map page. @param {import("./search.js").Hit} hit */
function openOnMap(hit) {
  const at = hit.lon == null ? "" : `?at=${hit.lon.toFixed(6)},${hit.lat?.toFixed(6)}`;
  location.assign(withEdition(hit.layer && hit.id ? featureHref(hit.layer, hit.id) : `/${at}`));
}

/** Address of a feature on the map page. @param {string} layer @param {string} id */
export const featureHref = (layer, id) => `/?f=${encodeURIComponent(layer)}/${encodeURIComponent(id)}`;

/** Draws something anew and gives the keyboard back to what it was on. @param {() => void} draw */
export function keepingFocus(draw) {
  const node = /** @type {HTMLElement|null} */ (document.activeElement);
  const name = node?.id ? `#${CSS.escape(node.id)}` : node?.dataset.focus ? `[data-focus="${CSS.escape(node.dataset.focus)}"]` : null;
  draw();
  if (name && document.activeElement !== node) /** @type {HTMLElement|null} */ (document.querySelector(name))?.focus({ preventScroll: true });
}

const SKELETON_AFTER_MS = 300;
const NOT_FOUND = 404;

/**
 * Shows what a request answers in a node: nothing for 300 ms, then a skeleton, then the answer or the error with a retry;
 * of what there is not, the way back to its list.
 * @param {HTMLElement} node
 * @param {() => Promise<void>} load asks and draws
 */
export async function loadInto(node, load) {
  const waiting = setTimeout(() => put(node, skeleton()), SKELETON_AFTER_MS);
  askAgain = null;
  try {
    await load();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    clearTimeout(waiting);
    if (error.status === NOT_FOUND) askAgain = () => loadInto(node, load);
    put(node, error.status === NOT_FOUND ? [errorBox(error, null), wayBack()] : errorBox(error, () => loadInto(node, load)));
  } finally {
    clearTimeout(waiting);
  }
}

/** What does not exist cannot be asked for again: the way to the list it would stand in, else to the map. */
function wayBack() {
  const list = /** @type {HTMLAnchorElement|null} */ (document.querySelector("a.back:not([hidden]), #tabs a[aria-current]"));
  return el("p", {}, el("a", { class: "button", href: list?.href ?? withEdition("/") }, t("back_to", { page: list?.textContent ?? t("workspace_map") })));
}

function skeleton() {
  const bars = ["wide", "middle", "wide", "short"];
  return el("div", { class: "skeleton", role: "status", "aria-label": t("loading") }, bars.map((width) => el("div", { class: `bone ${width}` })));
}
