/** The top bar: title, workspaces, edition and language. */
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { day } from "./formats.js";
import { lang, said, t } from "./texts.js";

/** How long the other pages keep to the language chosen, seconds. */
const A_YEAR_S = 31536000;

/** Workspaces in their order; those without an address are still to come. */
const WORKSPACES = [
  { key: "workspace_map", href: "/" },
  { key: "workspace_siting", href: "/siting", role: "plan" },
  { key: "workspace_patrol", href: "/patrol", role: "patrol" },
  { key: "workspace_pipelines", href: "/pipelines", role: "pipeline" },
  { key: "workspace_sheets", href: "/sheets" },
  { key: "workspace_data", href: "/data", role: "admin" },
];

/** Draws everything in the bar that depends on language or edition. */
export function drawFrame() {
  const title = t("page_title", { area: said(shown.catalog.area) });
  byId("area-title").textContent = title;
  document.title = title;
  put(byId("workspaces"), WORKSPACES.filter(({ role }) => !role || shown.catalog.roles.includes(role)).map(workspace));
  drawEditions();
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.language === lang()));
  }
}

/** @param {{key: string, href?: string}} entry */
function workspace({ key, href }) {
  if (href) return el("li", {}, el("a", { href: withEdition(href), "aria-current": isHere(href) ? "page" : null }, t(key)));
  return el("li", {}, el("span", { class: "coming", role: "link", "aria-disabled": "true", title: t("coming") }, t(key)));
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
  put(byId("edition"), list.map((entry) => el("option", { value: entry.edition, selected: entry.edition === edition.edition, title: day(entry.data_as_of) }, entry.label)));
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
