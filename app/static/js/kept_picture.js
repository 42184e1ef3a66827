/** The map as it was last drawn: a picture of it stands at once on the next visit, until the map itself is painted.
 * Shown only where edition, rights, files, view, look, language and window are the same, so that nothing differs but the time. */

/** Where the last view is kept; an address without one begins there. */
const VIEW = "atlas-view";
const PICTURE = "atlas-picture";
/** What the picture shows; written after it and taken away before it. */
const PICTURE_OF = "atlas-picture-of";
const GROUND = "atlas-ground";
/** Keys of addresses that lay something upon the map or take its room. */
const NOT_PLAIN = ["f", "at", "q", "cmp", "t"];
/** So long the map rests before it is kept. */
const REST_MS = 1000;

/** The view that was seen last. */
export const keptView = () => localStorage.getItem(VIEW) ?? undefined;

/** @param {string} view */
export const keepView = (view) => localStorage.setItem(VIEW, view);

/** Everything that the picture depends on, as one text; null where none is kept. */
function stateText() {
  const { dataset: { shown }, lang } = document.documentElement;
  const asked = new URLSearchParams(location.search);
  if (!shown || NOT_PLAIN.some((key) => asked.has(key))) return null;
  const view = asked.get("v") ?? keptView() ?? "";
  const ground = asked.get("bg") ?? sessionStorage.getItem(GROUND) ?? localStorage.getItem(GROUND) ?? "light";
  ["v", "bg", "lang"].forEach((key) => asked.delete(key));
  asked.sort();
  const choices = Object.entries(localStorage).filter(([name]) => name.startsWith("atlas-") && ![VIEW, GROUND, PICTURE, PICTURE_OF].includes(name)).sort();
  return JSON.stringify([shown, lang, view, ground, String(asked), innerWidth, innerHeight, devicePixelRatio, new Date().toDateString(), choices]);
}

/** Shows the kept picture in the map's place, where there is one of what the page is about to show. */
export function showKept() {
  const frame = document.getElementById("map-frame");
  const state = stateText();
  if (!frame || !state || localStorage.getItem(PICTURE_OF) !== state || document.querySelector(".kept-picture")) return;
  const { address, width, height } = JSON.parse(localStorage.getItem(PICTURE) ?? "{}");
  const picture = Object.assign(new Image(width, height), { alt: "", src: address });
  const box = Object.assign(document.createElement("div"), { className: "kept-picture" });
  box.setAttribute("aria-hidden", "true");
  box.append(picture);
  box.addEventListener("click", ({ clientX, clientY }) => Object.assign(box.dataset, { x: clientX, y: clientY }));
  frame.append(box);
  window.addEventListener("resize", () => box.remove(), { once: true });
  const noteSeen = () => { document.documentElement.dataset.mapPictureMs = String(Math.round(performance.now())); };
  picture.decode().then(() => requestAnimationFrame(() => setTimeout(noteSeen)), () => box.remove());
}

/** Takes the picture away; a click upon it is made upon the map as soon as that rests. @param {any} map */
export function dropKept(map) {
  const box = /** @type {HTMLElement|null} */ (document.querySelector(".kept-picture"));
  box?.remove();
  if (!box?.dataset.x) return;
  const place = { clientX: Number(box.dataset.x), clientY: Number(box.dataset.y), bubbles: true };
  map.once("idle", () => ["mousedown", "mouseup", "click"].forEach((kind) => map.getCanvas().dispatchEvent(new MouseEvent(kind, place))));
}

/**
 * Keeps a picture of the map whenever it has rested, and its view.
 * @param {any} map
 * @param {() => boolean} isPlain whether nothing lies on the map that the address does not name
 */
export function keepPictures(map, isPlain) {
  let timer = 0;
  map.on("movestart", () => clearTimeout(timer));
  map.on("idle", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => { if (isPlain()) keep(map.getCanvas()); }, REST_MS);
  });
}

/** @param {HTMLCanvasElement} canvas whose drawing is preserved */
function keep(canvas) {
  const state = stateText();
  if (!state || localStorage.getItem(PICTURE_OF) === state || document.hidden) return;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.toBlob((blob) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => write(state, { address: reader.result, width, height }));
    if (blob) reader.readAsDataURL(blob);
  });
}

/** @param {string} state @param {{address: any, width: number, height: number}} picture */
function write(state, picture) {
  localStorage.removeItem(PICTURE_OF);
  try {
    localStorage.setItem(PICTURE, JSON.stringify(picture));
    localStorage.setItem(PICTURE_OF, state);
  } catch {
    localStorage.removeItem(PICTURE); // too large for what the browser keeps: then there is none
  }
}
