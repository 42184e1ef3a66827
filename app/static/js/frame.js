/** The top bar: title, workspaces, edition and language. */
import { editionName, may, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { day } from "./formats.js";
import { lang, said, t } from "./texts.js";

/** How long the other pages keep to the language chosen, seconds. */
const A_YEAR_S = 31536000;

/** Workspaces in their order. */
const WORKSPACES = [
  { key: "workspace_map", href: "/" },
  { key: "workspace_siting", href: "/siting", role: "plan" },
  { key: "workspace_patrol", href: "/patrol", role: "patrol" },
  { key: "workspace_pipelines", href: "/pipelines", role: "pipeline" },
  { key: "workspace_sheets", href: "/sheets" },
  { key: "workspace_data", href: "/data", role: "admin" },
];

/** Workspaces that a phone's bar has room for beside 更多. */
const IN_PHONE_BAR = 4;
/** What stands in 更多 besides the workspaces that have no room. */
const PAGES_TO_READ = [{ key: "method_page", href: "/method" }, { key: "help", href: "/help" }];

/** Draws everything in the bar that depends on language or edition. */
export function drawFrame() {
  const title = t("page_title", { area: said(shown.catalog.area) });
  byId("area-title").textContent = title;
  document.title = title;
  drawWorkspaces(WORKSPACES.filter(({ role }) => !role || may(role)));
  drawEditions();
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.language === lang()));
  }
}

/** @param {{key: string, href: string}[]} entries */
function drawWorkspaces(entries) {
  const [first, rest] = [entries.slice(0, IN_PHONE_BAR), entries.slice(IN_PHONE_BAR)];
  put(byId("workspaces"), first.map((entry) => workspace(entry)), more(rest));
}

/** @param {{key: string, href: string}} entry @param {string|null} [name] class of the entry */
const workspace = ({ key, href }, name = null) => el("li", { class: name }, el("a", { href: withEdition(href), "aria-current": isHere(href) ? "page" : null }, t(key)));

/**
 * What has no room in a phone's bar: there a button that opens a list; in wide windows these entries stand beside the others.
 * @param {{key: string, href: string}[]} rest
 */
function more(rest) {
  const list = el("ul", { id: "more-list", class: "more-list", "data-open": "false" }, rest.map((entry) => workspace(entry)), PAGES_TO_READ.map((entry) => workspace(entry, "phone-only")));
  const isOpen = () => list.dataset.open === "true";
  const button = el("button", { id: "more", type: "button", class: "more-button", "aria-expanded": "false", "aria-controls": "more-list",
    "data-is-here": String([...rest, ...PAGES_TO_READ].some(({ href }) => isHere(href))), on: { click: () => setMore(!isOpen()) } }, t("more_places"));
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    event.stopPropagation();
    setMore(false);
    button.focus();
  };
  return el("li", { class: "more", on: { keydown: onKey, focusout: leaveMore } }, button, list);
}

/** @param {boolean} isOpen */
function setMore(isOpen) {
  byId("more-list").dataset.open = String(isOpen);
  byId("more").setAttribute("aria-expanded", String(isOpen));
}

/** The list closes when the keyboard leaves it. @param {FocusEvent} event */
function leaveMore(event) {
  const li = /** @type {HTMLElement} */ (event.currentTarget);
  if (event.relatedTarget && !li.contains(/** @type {Node} */ (event.relatedTarget))) setMore(false);
}

/** @param {string} href whether the present page is this one or below it */
const isHere = (href) => location.pathname === href || (href !== "/" && location.pathname.startsWith(`${href}/`));

/** An address of this server that keeps the edition shown, where that is not the newest. @param {string} href */
export function withEdition(href) {
  const { edition } = shown.catalog;
  if (edition.is_newest) return href;
  return `${href}${href.includes("?") ? "&" : "?"}ed=${encodeURIComponent(edition.edition)}`;
}

function drawEditions() {
  const { edition, editions } = shown.catalog;
  const list = editions?.length ? [...editions].sort((a, b) => b.edition - a.edition) : [edition];
  put(byId("edition"), list.map((entry) => el("option", { value: entry.edition, selected: entry.edition === edition.edition, title: day(entry.data_as_of) }, editionName(entry))));
}

/**
 * @param {{onEdition: (edition: string) => void, onLanguage: (language: string) => void}} calls
 */
export function wireFrame({ onEdition, onLanguage }) {
  byId("edition").addEventListener("change", (event) => onEdition(/** @type {HTMLSelectElement} */ (event.target).value));
  byId("language").addEventListener("click", (event) => {
    const wanted = /** @type {HTMLElement} */ (event.target).closest("[data-language]");
    if (!wanted) return;
    const chosen = /** @type {HTMLElement} */ (wanted).dataset.language ?? "zh";
    document.cookie = `lang=${chosen}; path=/; max-age=${A_YEAR_S}; samesite=lax`;
    onLanguage(chosen);
  });
}
