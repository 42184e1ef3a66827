/** The map as the server drew it: on a first visit it stands where the map will be, until the map itself is painted.
 * Shown only where nothing in address or browser makes the first view another one than everybody's. */
import { MOST_MS, PICTURE, PICTURE_OF, removeKept } from "./kept_picture.js";

const PADDING_PX = 24;
/** What the panel of a first visit takes from the map, in windows that have room for it beside the map. */
const PANEL = "(min-width: 1200px)";
const TILE_PX = 512;
/** So many widths or heights of the home extent the map shows at most (`wider` of `mapview.js`). */
const MOST_HOMES = 3;
/** What a person may have chosen that does not change the map. */
const HARMLESS = [PICTURE, PICTURE_OF, "atlas-single-keys", "atlas-closed-groups", "atlas-presets"];
/** Choices that are the same as none. @type {Record<string, string>} */
const USUAL = { "atlas-ground": "light", "atlas-hatch": "0", "atlas-hills": "0", "atlas-text-size": "100" };

/** @typedef {{address: string, home: [number, number, number, number], steps: [number, number], a_zoom: number}} Offer */

/** Shows the served picture, where there is one of what the page is about to show. */
export function showServed() {
  const frame = document.getElementById("map-frame");
  const told = frame?.dataset.firstPicture;
  if (!frame || !told || !isFirstLook() || document.querySelector(".kept-picture")) return;
  const box = Object.assign(document.createElement("div"), { className: "served-picture" });
  box.setAttribute("aria-hidden", "true");
  box.addEventListener("click", ({ clientX, clientY }) => { box.dataset.click = JSON.stringify([clientX, clientY]); });
  box.addEventListener("dragstart", (event) => event.preventDefault()); // what is moved is the map
  const lay = () => layUpon(box, frame, JSON.parse(told));
  lay();
  const watch = new ResizeObserver(() => (isOver() ? watch.disconnect() : lay()));
  watch.observe(frame);
  setTimeout(removeKept, MOST_MS);
}

/** Whether no picture is wanted any more: the map itself is there, or cannot be made. */
const isOver = () => document.documentElement.dataset.pictureOver !== undefined;

/** Whether address and browser ask for nothing but the language. */
function isFirstLook() {
  const choices = Object.entries(localStorage).filter(([name, value]) => name.startsWith("atlas-") && !HARMLESS.includes(name) && USUAL[name] !== value);
  const ground = sessionStorage.getItem("atlas-ground") ?? "light";
  return !choices.length && ground === "light" && [...new URLSearchParams(location.search).keys()].every((key) => key === "lang");
}

/** Whether the panel of a first visit has been there: closed then, it takes no room. */
let wasOpen = false;

/** The room of the map once the panel of a first visit stands beside it, in pixels. @param {HTMLElement} frame */
function room(frame) {
  const panel = document.getElementById("result");
  wasOpen ||= !panel?.hidden;
  const waits = panel && !wasOpen && matchMedia(PANEL).matches ? parseFloat(getComputedStyle(panel).width) || 0 : 0;
  const { width, height } = frame.getBoundingClientRect();
  return { width: width - waits, height };
}

/**
 * The view that the map will have in a room: its zoom, its middle, and the step of the picture for it; null where there is none.
 * @param {Offer} offer @param {{width: number, height: number}} room
 */
export function choice({ home: [west, south, east, north], steps, a_zoom: aZoom }, { width, height }) {
  const [bottom, top] = [south, north].map(northing);
  const zoom = Math.log2(Math.min((width - 2 * PADDING_PX) / ((east - west) / 360), (height - 2 * PADDING_PX) / (top - bottom)) / TILE_PX);
  const step = stepOf(zoom, aZoom);
  const home = [(east - west) / 360, top - bottom].map((share) => share * TILE_PX * 2 ** zoom);
  const isHeld = width > MOST_HOMES * home[0] || height > MOST_HOMES * home[1]; // the map goes nearer: it shows no more than that
  if (isHeld || !(step >= steps[0] && step <= steps[1])) return null;
  const middle = (bottom + top) / 2;
  return { zoom, step, lng: (west + east) / 2, lat: (Math.atan(Math.sinh(middle * 2 * Math.PI)) * 180) / Math.PI };
}

/** The step of the picture nearest to a zoom, of those that are drawn from tiles of the same whole zoom. @param {number} zoom @param {number} aZoom */
const stepOf = (zoom, aZoom) => Math.min(Math.round(zoom * aZoom), (Math.floor(zoom) + 1) * aZoom - 1);

/** Shares of the world's height north of the equator, as the web map has them. @param {number} lat */
const northing = (lat) => Math.asinh(Math.tan((lat * Math.PI) / 180)) / (2 * Math.PI);

/** Lays the picture where the map will be, as large as it will show what the picture shows. @param {HTMLElement} box @param {HTMLElement} frame @param {Offer} offer */
function layUpon(box, frame, offer) {
  const { left, top } = frame.getBoundingClientRect();
  const { width, height } = room(frame);
  const chosen = choice(offer, { width, height });
  const place = chosen && JSON.stringify({ left, top, width, height, view: [chosen.zoom.toFixed(3), chosen.lng.toFixed(5), chosen.lat.toFixed(5)] });
  if (place !== box.dataset.place) delete box.dataset.click; // it was made upon another place
  const step = String(chosen?.step ?? "");
  const isOther = step !== box.dataset.step;
  Object.assign(box.dataset, { step, place: place ?? "" });
  if (isOther) box.remove(); // it shows another zoom
  if (!chosen) return;
  Object.assign(box.style, { width: `${width}px`, height: `${height}px` });
  box.style.setProperty("--scale", String(2 ** (chosen.zoom - chosen.step / offer.a_zoom)));
  if (isOther) fetchPicture(box, frame, offer.address, step);
}

/** Puts a picture into the box as soon as it is there, and the box upon the frame, unless the map was faster or has more room than the picture.
 *  @param {HTMLElement} box @param {HTMLElement} frame @param {string} address @param {string} step */
function fetchPicture(box, frame, address, step) {
  const picture = Object.assign(new Image(), { alt: "", src: `${address}${step}.png` });
  picture.decode().then(() => {
    const scale = Number(box.style.getPropertyValue("--scale"));
    const covers = picture.naturalWidth * scale >= parseFloat(box.style.width) - 1 && picture.naturalHeight * scale >= parseFloat(box.style.height) - 1;
    if (step !== box.dataset.step || !covers || isOver()) return;
    box.replaceChildren(picture);
    frame.append(box);
    requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.mapPictureMs ??= String(Math.round(performance.now())); }));
  }, () => {}); // there is none: the map comes as it does
}
