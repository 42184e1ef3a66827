/** A passing message over the map. */
import { el } from "./dom.js";

const SHOWN_MS = 6000;

/** @param {string} text */
export function showNotice(text) {
  const note = el("div", { class: "toast", role: "status" }, text);
  document.querySelector(".map-frame")?.append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}
