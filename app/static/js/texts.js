/** Words of the page in both languages. Names and titles of layers are data and come from the server. */
import { EN } from "./texts_en.js";
import { ZH } from "./texts_zh.js";

const CATALOGS = { zh: ZH, en: EN };
let language = "zh";

/** @returns {"zh"|"en"} */
export const lang = () => /** @type {"zh"|"en"} */ (language);

/**
 * Changes the language and rewrites everything in the page that carries a text key.
 * @param {string} wanted
 */
export function setLanguage(wanted) {
  language = wanted === "en" ? "en" : "zh";
  document.documentElement.lang = language === "en" ? "en" : "zh-CN";
  translate(document);
}

/**
 * The text of a key, `{name}` replaced by values; a missing key shows itself in brackets, a test looks for them.
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = CATALOGS[lang()][key];
  if (text === undefined) return `[${key}]`;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * The text of an object that carries `<key>_zh` and `<key>_en`; English falls back to Chinese.
 * @param {Record<string, any>|null|undefined} record
 * @param {string} [key]
 * @returns {string}
 */
export function said(record, key = "title") {
  if (!record) return "";
  const [zh, en] = key ? [`${key}_zh`, `${key}_en`] : ["zh", "en"];
  return (lang() === "en" ? record[en] || record[zh] : record[zh] || record[en]) ?? "";
}

/** @param {ParentNode} root */
function translate(root) {
  const places = { text: null, label: "aria-label", title: "title", placeholder: "placeholder" };
  for (const [name, attribute] of Object.entries(places)) {
    for (const node of root.querySelectorAll(`[data-${name}]`)) {
      const text = t(/** @type {HTMLElement} */ (node).dataset[name] ?? "");
      if (attribute) node.setAttribute(attribute, text);
      else node.textContent = text;
    }
  }
}
