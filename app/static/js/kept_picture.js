/** The map as it was last drawn: a picture of it stands at once on the next visit, until the map itself is painted.
 * Shown only where edition, rights, files, view, look, language and window are the same, so that nothing differs but the time. */

const PICTURES = ".kept-picture, .served-picture";
const VIEW = "atlas-view";
export const PICTURE = "atlas-picture";
/** What the picture shows; written after it and taken away before it. */
export const PICTURE_OF = "atlas-picture-of";
const GROUND = "atlas-ground";
/** Keys of addresses that lay something upon the map or take its room. */
const NOT_PLAIN = ["f", "at", "q", "cmp", "t"];
/** So long the map rests before it is kept. */
const REST_MS = 1000;
/** So long at most a picture stands for the map. */
export const MOST_MS = 10_000;
/** What is larger is not kept: a browser keeps some five million letters for all pages together. */
const MOST_LETTERS = 2_000_000;
const MOST_PIXELS = 3_000_000;

/** A view as the address writes it. @param {string} exact */
function rounded(exact) {
  const [zoom, lat, lon] = exact.split("/").map(Number);
  return `${zoom.toFixed(2)}/${lat.toFixed(5)}/${lon.toFixed(5)}`;
}

/** The view that a page begins with: the address's, or the one seen last, which the address rounds. @param {string|null|undefined} asked */
export function firstView(asked) {
  const kept = localStorage.getItem(VIEW);
  return kept && (!asked || asked === rounded(kept)) ? kept : asked ?? undefined;
}

/** What the map shows: empty for the whole area, null where no next visit begins. @type {string|null} */
let view = firstView(new URLSearchParams(globalThis.location?.search).get("v")) ?? "";

/** Keeps where the map is now. @param {{zoom: number, lat: number, lon: number}|null} place null where no next visit shall begin */
export function keepView(place) {
  view = place && `${place.zoom.toFixed(6)}/${place.lat.toFixed(8)}/${place.lon.toFixed(8)}`;
  try {
    if (view) localStorage.setItem(VIEW, view);
    else localStorage.removeItem(VIEW);
  } catch {
    localStorage.removeItem(PICTURE); // it may have taken all the room there is
  }
}

/** The view that is kept is of no use here: the page begins with the whole area. */
export function forgetView() {
  localStorage.removeItem(VIEW);
  removeKept();
  view = "";
}

/** Everything that the picture depends on, as one text; null where none is kept. */
function stateText() {
  const { dataset: { shown }, lang } = document.documentElement;
  const asked = new URLSearchParams(location.search);
  if (!shown || view === null || NOT_PLAIN.some((key) => asked.has(key))) return null;
  const ground = asked.get("bg") ?? sessionStorage.getItem(GROUND) ?? localStorage.getItem(GROUND) ?? "light";
  ["v", "bg", "lang"].forEach((key) => asked.delete(key));
  asked.sort();
  const choices = Object.entries(localStorage).filter(([name]) => name.startsWith("atlas-") && ![VIEW, GROUND, PICTURE, PICTURE_OF].includes(name)).sort();
  return JSON.stringify([shown, lang, view, ground, String(asked), innerWidth, innerHeight, devicePixelRatio, new Date().toDateString(), choices]);
}

/** Takes the picture away, and keeps one that is still on its way from coming. */
export function removeKept() {
  document.documentElement.dataset.pictureOver = "1";
  document.querySelector(PICTURES)?.remove();
}

/** Shows the kept picture in the map's place, where there is one of what the page is about to show. */
export function showKept() {
  const frame = document.getElementById("map-frame");
  const state = stateText();
  if (!frame || !state || localStorage.getItem(PICTURE_OF) !== state || document.querySelector(".kept-picture")) return;
  const { address, place } = JSON.parse(localStorage.getItem(PICTURE) ?? "{}");
  const picture = Object.assign(new Image(place.width, place.height), { alt: "", src: address });
  const box = Object.assign(document.createElement("div"), { className: "kept-picture" });
  box.setAttribute("aria-hidden", "true");
  box.dataset.place = JSON.stringify(place);
  box.append(picture);
  box.addEventListener("click", ({ clientX, clientY }) => { box.dataset.click = JSON.stringify([clientX, clientY]); });
  frame.append(box);
  window.addEventListener("resize", removeKept, { once: true });
  setTimeout(() => box.remove(), MOST_MS);
  const noteSeen = () => { document.documentElement.dataset.mapPictureMs = String(Math.round(performance.now())); };
  picture.decode().then(() => requestAnimationFrame(() => setTimeout(noteSeen)), () => box.remove());
}

/**
 * Takes the picture away for the map that has just been painted. A click upon it is made upon the map as soon as that rests,
 * if the map lies exactly where the picture lay and nobody has moved it.
 * @param {any} map
 */
export function dropKept(map) {
  firstPlace = JSON.stringify(placeOf(map));
  const box = /** @type {HTMLElement|null} */ (document.querySelector(PICTURES));
  removeKept();
  if (!box?.dataset.click || box.dataset.place !== firstPlace) return;
  const [clientX, clientY] = JSON.parse(box.dataset.click);
  const click = () => ["mousedown", "mouseup", "click"].forEach((kind) => map.getCanvas().dispatchEvent(new MouseEvent(kind, { clientX, clientY, bubbles: true })));
  map.once("idle", click);
  map.once("movestart", () => map.off("idle", click));
}

/** Where the map lies on the page and what it shows. @param {any} map */
function placeOf(map) {
  const { left, top, width, height } = map.getCanvas().getBoundingClientRect();
  const { lng, lat } = map.getCenter();
  return { left, top, width, height, view: [map.getZoom().toFixed(3), lng.toFixed(5), lat.toFixed(5)] };
}

/** Where the map lay at its first painting: there, and so large, it will lie on the next visit. */
let firstPlace = "{}";

/**
 * Keeps a picture of the map whenever it has rested.
 * @param {any} map
 * @param {() => boolean} isPlain whether nothing lies on the map that the address does not name
 */
export function keepPictures(map, isPlain) {
  let timer = 0;
  map.on("movestart", () => clearTimeout(timer));
  map.on("idle", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => { if (isPlain()) keep(map); }, REST_MS);
  });
}

/** @param {any} map whose canvas preserves its drawing */
function keep(map) {
  const state = stateText();
  const place = placeOf(map);
  const first = JSON.parse(firstPlace);
  const isAsFirst = ["left", "top", "width", "height"].every((name) => place[/** @type {"left"} */ (name)] === first[name]);
  const canvas = map.getCanvas();
  if (!state || !isAsFirst || document.hidden || canvas.width * canvas.height > MOST_PIXELS || localStorage.getItem(PICTURE_OF) === state) return;
  canvas.toBlob((/** @type {Blob|null} */ blob) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => write(state, { address: reader.result, place }));
    if (blob) reader.readAsDataURL(blob);
  });
}

/** @param {string} state @param {{address: any, place: any}} picture */
function write(state, picture) {
  const text = JSON.stringify(picture);
  localStorage.removeItem(PICTURE_OF);
  try {
    if (text.length > MOST_LETTERS) throw new RangeError("too large to leave room for what else is kept");
    localStorage.setItem(PICTURE, text);
    localStorage.setItem(PICTURE_OF, state);
  } catch {
    localStorage.removeItem(PICTURE);
  }
}
