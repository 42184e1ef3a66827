/** Keys: `/` anywhere; arrows, + and - and single letters only while the map has the focus. */
import { byId } from "./dom.js";
import { map } from "./mapview.js";
import { hasSingleKeys } from "./key_list.js";

const PAN_PX = 100;
const FINE_PAN_PX = 10;
const FINE_ZOOM = 0.1;
const REGIONS = ["search", "layers-title", "map-canvas", "result-title", "table-toggle"];

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {{goHome: () => void, step: (by: number) => void, escape: () => void, selectCentre: () => void,
 *   regions?: string[], openKeyList?: () => void, openInView?: () => void, onKey?: (event: KeyboardEvent, centre: [number, number]) => boolean}} calls `regions`: ids of what F6 goes round, when it is not the map page; `onKey` takes a key before all else
 */
export function wireKeyboard(calls) {
  document.addEventListener("keydown", (event) => {
    if (map && calls.onKey?.(event, map.getCenter().toArray())) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "F6") return nextRegion(event, calls.regions ?? REGIONS);
    if (event.key === "Escape") return calls.escape();
    const isTyping = /** @type {HTMLElement} */ (event.target).closest("input, select, textarea");
    if (event.key === "/" && !isTyping && hasSingleKeys()) {
      event.preventDefault();
      byId("search").focus();
    } else if (event.key === "?" && !isTyping && hasSingleKeys() && calls.openKeyList) {
      event.preventDefault();
      calls.openKeyList();
    } else if (map && event.target === map.getCanvas()) mapKey(event, calls);
  });
  if (map) wireCrosshair();
}

/** The crosshair stands while keys move the map. */
function wireCrosshair() {
  const cross = byId("crosshair");
  map.getCanvas().addEventListener("focus", () => { cross.hidden = !map.getCanvas().matches(":focus-visible"); });
  map.getCanvas().addEventListener("blur", () => { cross.hidden = true; });
}

/** @param {KeyboardEvent} event @param {Parameters<typeof wireKeyboard>[0]} calls */
function mapKey(event, calls) {
  const arrow = ARROWS[event.key];
  const zoom = { "+": 1, "=": 1, "-": -1, _: -1 }[event.key];
  if (arrow) {
    const by = event.shiftKey ? FINE_PAN_PX : PAN_PX;
    map.panBy([arrow[0] * by, arrow[1] * by], { duration: 120 });
  } else if (zoom) map.zoomTo(map.getZoom() + zoom * (event.shiftKey && event.key !== "+" ? FINE_ZOOM : 1), { duration: 160 });
  else if (event.key === "Enter") calls.selectCentre();
  else if (!hasSingleKeys()) return;
  else if (event.key === "l" || event.key === "L") calls.openInView?.();
  else if (event.key === "h" || event.key === "H") calls.goHome();
  else if (event.key === "n" || event.key === "N") calls.step(1);
  else if (event.key === "p" || event.key === "P") calls.step(-1);
  else return;
  event.preventDefault();
}

/** F6 goes round the regions of the page. @param {KeyboardEvent} event @param {string[]} ids */
function nextRegion(event, ids) {
  event.preventDefault();
  const regions = ids.map((id) => document.getElementById(id)).filter((node) => node?.offsetParent);
  const at = regions.findIndex((node) => node === document.activeElement || node?.closest(".panel, header, section")?.contains(document.activeElement));
  const next = regions[(at + (event.shiftKey ? -1 : 1) + regions.length) % regions.length];
  if (next && next.tabIndex < 0) next.tabIndex = -1;
  next?.focus();
}
