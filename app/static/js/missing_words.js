/** What a source lacks to be rated, in the language of the page: the server gives both languages in one text. */
import { lang } from "./texts.js";

const OFFICE = ";责任部门: ";
const NOBODY = "未明确";
const CODE = / ?[a-z]+(?:_[a-z]+)+/g;

/**
 * @param {string} text such as ``核定等级 declared_level (a declared level);责任部门: 应急局``
 * @returns {string}
 */
export function missingWords(text) {
  const [what, office] = text.split(OFFICE);
  const [, zh, en] = /^(.*?) \((.*)\)$/.exec(what) ?? [what, what, what];
  if (lang() === "en") return office ? `${en} (office: ${office === NOBODY ? "not stated" : office})` : en;
  return `${zh.replace(CODE, "")}${office ? `(责任部门: ${office})` : ""}`;
}
