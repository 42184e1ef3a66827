/** The ring of a selection and its name before the map draws them: at once, however long the map's next frame takes. */
import { byId, el } from "./dom.js";
import { map } from "./mapview.js";

/** @type {HTMLElement|null} */
let ring = null;

/** Rings a place until the map has drawn its own ring, or moves. @param {{lng: number, lat: number}} place @param {string} name */
export function ringAtOnce(place, name) {
  unring();
  const { x, y } = map.project(place);
  ring = el("div", { class: "first-ring", "aria-hidden": "true" }, name ? el("span", {}, name) : null);
  ring.style.transform = `translate(${x}px, ${y}px)`;
  byId("map-frame").append(ring);
  map.once("idle", unring);
  map.once("movestart", unring);
}

function unring() {
  ring?.remove();
  ring = null;
}
