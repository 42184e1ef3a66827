/** What a source lacks to be rated, in the language of the page: the server gives both languages in one text. */
import { lang, t } from "./texts.js";

/** What, its English in brackets, and the office that has it. */
const PARTS = /^(.*?) \((.*?)\)(?:;[^:]*: (.*))?$/;
const NOBODY = "\u672a\u660e\u786e";
const CODE = / ?[a-z]+(?:_[a-z]+)+/g;

/**
 * @param {string} text as `_missing_text` of `layers/scoring/levels.py` writes it
 * @returns {string}
 */
export function missingWords(text) {
  const [, zh, en, office] = PARTS.exec(text) ?? [text, text, text, ""];
  if (lang() === "en") return office ? `${en} (office: ${office === NOBODY ? "not stated" : office})` : en;
  return `${zh.replace(CODE, "")}${office ? `(${t("office")}: ${office})` : ""}`;
}
