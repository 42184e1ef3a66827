/** Words of the page in the language shown; those of the other are fetched when it is asked for. Names and titles of layers are data and come from the server. */
import { serverGone } from "./api.js";

const CATALOGS = /** @type {Record<string, Record<string, string>>} */ ({});
/** @typedef {() => Promise<Record<string, string>>} Fetch */
/** @type {Record<"zh"|"en", Fetch[]>} what gives the words of a language: those of every page, and more where a page has some of its own */
const FETCHED = { zh: [async () => (await import("./texts_zh.js")).ZH], en: [async () => (await import("./texts_en.js")).EN] };

/** All words of a language. @param {"zh"|"en"} wanted */
const fetched = async (wanted) => Object.assign({}, ...await Promise.all(FETCHED[wanted].map((fetchWords) => fetchWords())));

/** @param {string|undefined} wanted @returns {"zh"|"en"} */
const known = (wanted) => (wanted?.startsWith("en") ? "en" : "zh");

let language = known(globalThis.document?.documentElement.lang);
let asked = language;
CATALOGS[language] = await fetched(language); // before any script that imports this one runs

/** @returns {"zh"|"en"} */
export const lang = () => language;

/**
 * Changes the language and rewrites everything in the page that carries a text key; a language that the server cannot
 * give any more changes nothing, and of two asked for at once the later stands.
 * @param {string} wanted
 */
export async function setLanguage(wanted) {
  asked = known(wanted);
  if (!(await hasWords(asked)) || !CATALOGS[asked]) return;
  language = asked;
  document.documentElement.lang = language === "en" ? "en" : "zh-CN";
  translate(document);
}

/** Whether the words of a language are there, fetched where they are not. @param {"zh"|"en"} wanted */
async function hasWords(wanted) {
  try {
    CATALOGS[wanted] ??= await fetched(wanted);
    return true;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // what a browser says of a script that cannot be fetched
    serverGone();
    return false;
  }
}

/** Words that only some pages need: awaited at the top of a script that all of these import. @param {Record<"zh"|"en", Fetch>} more */
export async function addWords(more) {
  FETCHED.zh.push(more.zh);
  FETCHED.en.push(more.en);
  CATALOGS[language] = { ...CATALOGS[language], ...await more[language]() };
}

/** Fetches the words of the other language, so that it stands ready. */
export const readyOtherLanguage = () => hasWords(language === "en" ? "zh" : "en");

/**
 * The text of a key, `{name}` replaced by values; a missing key shows itself in brackets, a test looks for them.
 * @param {string} key
 * @param {Record<string, string|number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const text = CATALOGS[language][key];
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
  return (language === "en" ? record[en] || record[zh] : record[zh] || record[en]) ?? "";
}

/**
 * Who supplied data; English falls back to Chinese.
 * @param {{supplier?: string|null, supplier_en?: string|null}} record
 * @returns {string}
 */
export const supplierOf = (record) => (language === "en" && record.supplier_en) || (record.supplier ?? "");

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
