/** The right panel: one content at a time, drawn again when the language changes. */
import { ApiError } from "./api.js";
import { byId, el, put } from "./dom.js";
import { said, t } from "./texts.js";

/**
 * @typedef {{title: () => string, body: () => any[], onClose?: () => void, announce?: () => string, staysUnder?: boolean}} Content
 *   `staysUnder`: what is opened out of this content lies on top of it, with a way back
 */

const SKELETON_AFTER_MS = 300;
const STOPS = ["low", "half", "full"];

/** @type {Content|null} */
let current = null;
/** @type {Content|null} content to which the way back leads */
let under = null;
let token = 0;

/** @type {(() => void)[]} told when the panel opens or closes */
const listeners = [];

/** @param {() => void} listener */
export const onPanelChange = (listener) => listeners.push(listener);

export const isPanelOpen = () => !byId("result").hidden;

/**
 * Shows a content in place of the present one.
 * @param {Content} content
 * @param {{focus?: boolean}} [options] `focus` puts the keyboard into the panel
 */
export function openPanel(content, { focus = false } = {}) {
  leave(content);
  current = content;
  token += 1;
  drawPanel();
  setOpen(true);
  byId("result-body").scrollTop = 0;
  if (content.announce) say(content.announce());
  if (focus) byId("result-title").focus();
}

/** Ends the present content, unless it is to wait under the next. @param {Content} next */
function leave(next) {
  if (!current || current === next) return;
  if (next === under) under = null;
  else if (current.staysUnder && !next.staysUnder) {
    under = current;
    return;
  } else if (next.staysUnder && under) {
    under.onClose?.();
    under = null;
  }
  current.onClose?.();
}

/** Draws the present content again, after a change of language or of its own state. */
export function drawPanel() {
  if (!current) return;
  byId("result-title").textContent = current.title();
  const waiting = under;
  const back = waiting && el("button", { type: "button", class: "link back", on: { click: () => openPanel(waiting, { focus: true }) } }, `‹ ${waiting.title()}`);
  const body = byId("result-body");
  const held = body.contains(document.activeElement) ? /** @type {Element} */ (document.activeElement) : null;
  put(body, back, current.body());
  if (held) (document.getElementById(held.id) ?? byId("result-title")).focus({ preventScroll: true }); // a keyboard goes on where it was
}

/** Closes the panel and tells its content. */
export function closePanel() {
  const left = [current, under];
  current = under = null;
  token += 1;
  setOpen(false);
  left.forEach((content) => content?.onClose?.());
}

/** @param {boolean} isOpen */
function setOpen(isOpen) {
  const panel = byId("result");
  panel.hidden = !isOpen;
  document.body.classList.toggle("has-result", isOpen);
  if (isOpen && !panel.dataset.stop) panel.dataset.stop = "half";
  listeners.forEach((listener) => listener());
}

/**
 * Shows what a request answers: nothing for 300 ms, then a skeleton, then the content or the error with a retry.
 * @param {() => string} title
 * @param {() => Promise<Content>} load
 * @param {{focus?: boolean, onClose?: () => void, staysUnder?: boolean}} [options] `staysUnder` as the content will have it
 */
export async function loadIntoPanel(title, load, options = {}) {
  const mine = (token += 1);
  const waiting = setTimeout(() => {
    if (mine === token) openAs(mine, { title, body: skeleton, onClose: options.onClose, staysUnder: options.staysUnder }, options);
  }, SKELETON_AFTER_MS);
  try {
    const content = await load();
    if (mine === token) openAs(mine, content, options);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const retry = () => loadIntoPanel(title, load, options);
    if (mine === token) openAs(mine, { ...failure(title, error, retry), onClose: options.onClose, staysUnder: options.staysUnder }, options);
  } finally {
    clearTimeout(waiting);
  }
}

/** Shows a content of a running request without ending that request. @param {number} mine @param {Content} content
 *  @param {{focus?: boolean}} options */
function openAs(mine, content, options) {
  const before = current;
  if (before && before.onClose === content.onClose) before.onClose = undefined;
  openPanel(content, options);
  token = mine;
}

function skeleton() {
  const bars = ["wide", "middle", "wide", "short", "wide", "middle"];
  return [el("div", { class: "skeleton", role: "status", "aria-label": t("loading") }, bars.map((w) => el("div", { class: `bone ${w}` })))];
}

/** @param {() => string} title @param {ApiError} error @param {() => void} retry @returns {Content} */
function failure(title, error, retry) {
  return { title, announce: () => errorText(error), body: () => [errorBox(error, retry)] };
}

/** What went wrong in words. @param {ApiError} error */
export function errorText(error) {
  return said(error, "message") || (error.status === 0 ? t("error_offline") : t("error_server"));
}

/**
 * An error with its code to quote and, where it helps, a button to try again.
 * @param {ApiError} error
 * @param {(() => void)|null} retry
 */
export function errorBox(error, retry) {
  return el("div", { class: "notice error-box" },
    el("p", {}, errorText(error)),
    el("p", { class: "muted" }, t("error_code", { code: error.code })),
    retry && el("button", { type: "button", class: "button", on: { click: retry } }, t("try_again")));
}

/** Tells a screen reader. @param {string} text */
export function say(text) {
  byId("live").textContent = text;
}

/** Wires the panel's head: close, and on a phone the three heights of the sheet. */
export function wirePanel() {
  byId("result-close").addEventListener("click", () => closePanel());
  const handle = byId("result-stop");
  handle.addEventListener("click", () => cycleStop());
  let startY = 0;
  handle.addEventListener("pointerdown", (event) => { startY = event.clientY; });
  handle.addEventListener("pointerup", (event) => {
    if (Math.abs(event.clientY - startY) > 24) cycleStop(event.clientY < startY ? 1 : -1, true);
  });
}

let dragged = false;

/** @param {number} [by] @param {boolean} [isDrag] a drag is followed by a click, which must not count again */
function cycleStop(by = 1, isDrag = false) {
  if (!isDrag && dragged) {
    dragged = false;
    return;
  }
  dragged = isDrag;
  const panel = byId("result");
  const at = STOPS.indexOf(panel.dataset.stop ?? "half");
  const next = isDrag ? Math.min(2, Math.max(0, at + by)) : (at + 1) % STOPS.length;
  panel.dataset.stop = STOPS[next];
  if (isDrag) setTimeout(() => { dragged = false; }, 50);
}
