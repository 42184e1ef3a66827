/** 分享: the address of what is shown, a short one, and its QR code, with or without what is selected. */
import { ApiError, postJson } from "./api.js";
import { el, put } from "./dom.js";
import { errorBox, openPanel, say } from "./panel.js";
import { t } from "./texts.js";

/** Keys of the address that tell what is selected. */
const SELECTION = ["f", "at"];

/** @param {boolean} hasSelection @returns {string} the query string of what is shown */
function sharedQuery(hasSelection) {
  const query = location.search.slice(1);
  const parts = query.split("&").filter((part) => part && (hasSelection || !SELECTION.includes(part.split("=", 1)[0])));
  return parts.join("&");
}

/** Opens the panel. */
export function openShare() {
  const opened = sharedQuery(true);
  let hasSelection = SELECTION.some((key) => new URLSearchParams(opened).has(key));
  const mayChoose = hasSelection;
  const result = el("div", { id: "share-result" });
  const field = /** @type {HTMLInputElement} */ (el("input", { id: "share-address", readonly: true }));
  const query = () => opened.split("&").filter((part) => part && (hasSelection || !SELECTION.includes(part.split("=", 1)[0]))).join("&");
  const full = () => `${location.origin}/${query() ? `?${query()}` : ""}`;
  const update = () => {
    field.value = full();
    put(result);
  };
  update();
  openPanel({ title: () => t("share"), body: () => [
    el("p", {}, t("share_hint")),
    mayChoose ? el("label", { class: "check" }, el("input", { type: "checkbox", id: "share-selection", checked: hasSelection, on: { change: (/** @type {any} */ event) => { hasSelection = event.target.checked; update(); } } }), t("share_selection")) : null,
    el("div", { class: "field" }, el("label", { for: "share-address" }, t("address")), field),
    el("div", { class: "actions" },
      el("button", { type: "button", class: "button", on: { click: () => copy(field.value) } }, t("copy_link")),
      el("button", { type: "button", class: "button primary", id: "share-short", on: { click: () => shorten(query(), result) } }, t("make_short"))),
    result,
    el("p", { class: "muted small" }, t("share_rights")),
  ] }, { focus: true });
}

/** @param {string} text */
async function copy(text) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  say(t(navigator.clipboard ? "link_copied" : "copy_by_hand"));
}

/** @param {string} query @param {HTMLElement} result */
async function shorten(query, result) {
  try {
    const link = await postJson("/api/links", { query: query || `lang=${document.documentElement.lang.slice(0, 2)}` });
    const address = `${location.origin}${link.path}`;
    put(result, el("p", {}, el("a", { href: link.path, class: "short-link" }, address)),
      el("button", { type: "button", class: "button small", on: { click: () => copy(address) } }, t("copy_link")),
      el("p", {}, el("img", { class: "qr", src: link.qr, alt: t("qr_of", { address }), width: 164, height: 164 })));
    say(t("short_made", { address }));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(result, errorBox(error, () => shorten(query, result)));
  }
}
