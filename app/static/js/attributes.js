/** Values of attributes as a person reads them. */
import { codeTitle, layerById } from "./atlas.js";
import { el } from "./dom.js";
import { MISSING, area, chainage, day, frequency, isMissing, number } from "./formats.js";
import { said, t } from "./texts.js";

/**
 * A value as a person reads it: title of a code or a layer, unit, date; "—" where there is none.
 * @param {import("./atlas.js").Field} field
 * @param {any} value
 */
export function attribute(field, value) {
  if (isMissing(value)) return el("span", { class: "missing", title: t("no_data") }, MISSING);
  const title = codeTitle(field, value);
  if (title) return title;
  const layer = field.names_layer ? layerById(String(value)) : undefined;
  if (layer) return said(layer);
  if (field.type === "boolean") return t(value ? "yes" : "no");
  if (field.type === "date") return day(String(value));
  if (field.type === "timestamp") return `${day(String(value))} ${String(value).slice(11, 16)}`;
  if (field.type === "integer" || field.type === "number") return quantity(field, Number(value));
  return String(value);
}

/** @param {import("./atlas.js").Field} field @param {number} value */
function quantity(field, value) {
  if (field.name.endsWith("chainage_m")) return chainage(value);
  if (field.unit === "m²") return area(value);
  if (field.unit === "/a") return `${frequency(value)}${t("per_year")}`;
  if (field.name.endsWith("_year")) return String(value);
  return field.unit ? `${number(value)} ${field.unit}` : number(value);
}
