/** The filter of a column: values of a code list, a part of a text, or two bounds. It filters map and legend too. */
import { shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { readSpec, setFilter, specOfPart, specOfRange, specOfValues } from "./filters.js";
import { said, t } from "./texts.js";

/** @typedef {import("./atlas.js").Layer} Layer */
/** @typedef {import("./atlas.js").Field} Field */

let opened = "";

/** @param {Layer} layer @param {Field} column */
export function filterButton(layer, column) {
  const isSet = shown.filters.get(layer.id)?.has(column.name);
  return el("button", { type: "button", id: `filter-${column.name}`, class: `icon-button filter${isSet ? " is-set" : ""}`, "aria-pressed": String(Boolean(isSet)),
    "aria-label": t("filter_column", { name: said(column) }), title: t("filter_column", { name: said(column) }), on: { click: () => toggle(layer, column) } }, "▽");
}

/** Shuts the filter that is open. */
export function closeFilter() {
  opened = "";
  const box = document.getElementById("table-filter");
  if (box) box.hidden = true;
}

/** @param {Layer} layer @param {Field} column */
function toggle(layer, column) {
  if (opened === column.name) return closeFilter();
  opened = column.name;
  const box = byId("table-filter");
  put(box, form(layer, column));
  box.hidden = false;
  /** @type {HTMLElement|null} */ (box.querySelector("input"))?.focus();
}

/** @param {Layer} layer @param {Field} column */
function form(layer, column) {
  const spec = shown.filters.get(layer.id)?.get(column.name);
  const fields = column.codes?.length ? codes(column, spec) : ["integer", "number", "date", "timestamp"].includes(column.type) ? range(column, spec) :
    column.type === "boolean" ? booleans(spec) : part(spec);
  const done = (/** @type {string|null} */ wanted) => {
    setFilter(shown.filters, layer.id, column.name, wanted);
    closeFilter();
    document.dispatchEvent(new CustomEvent("atlas-filters"));
    document.getElementById(`filter-${column.name}`)?.focus();
  };
  const submit = (/** @type {any} */ event) => {
    event.preventDefault();
    done(specOf(event.target, column));
  };
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    closeFilter();
    document.getElementById(`filter-${column.name}`)?.focus();
  };
  return el("form", { class: "column-filter", "aria-label": t("filter_column", { name: said(column) }), on: { submit, keydown: escape } },
    el("strong", {}, said(column)), fields,
    el("button", { type: "submit", class: "button small primary" }, t("apply")),
    el("button", { type: "button", class: "button small", on: { click: () => done(null) } }, t("clear")));
}

/** @param {HTMLFormElement} made @param {Field} column */
function specOf(made, column) {
  const data = new FormData(made);
  const text = (/** @type {string} */ name) => String(data.get(name) ?? "").trim();
  if (data.has("part")) return specOfPart(text("part"));
  if (data.has("low")) return specOfRange(text("low"), text("high"));
  const values = data.getAll("value").map(String);
  return values.length === (column.codes?.length ?? 2) ? null : specOfValues(values);
}

/** @param {Field} column @param {string|undefined} spec */
function codes(column, spec) {
  const { values } = readSpec(spec);
  return (column.codes ?? []).map((code) => check(code.code, said(code, ""), !spec || values.includes(code.code)));
}

/** @param {string|undefined} spec */
function booleans(spec) {
  const { values } = readSpec(spec);
  return ["true", "false"].map((value) => check(value, t(value === "true" ? "yes" : "no"), !spec || values.includes(value)));
}

/** @param {string} value @param {string} words @param {boolean} isOn */
const check = (value, words, isOn) => el("label", { class: "check" }, el("input", { type: "checkbox", name: "value", value, checked: isOn }), words);

/** @param {string|undefined} spec */
const part = (spec) => el("label", {}, t("contains"), " ", el("input", { name: "part", maxlength: 60, value: readSpec(spec).part }));

/** @param {Field} column @param {string|undefined} spec */
function range(column, spec) {
  const { low, high } = readSpec(spec);
  const type = column.type === "integer" || column.type === "number" ? "number" : "date";
  return [el("label", {}, t("from_value"), " ", el("input", { name: "low", type, step: "any", value: low })), el("label", {}, t("to_value"), " ", el("input", { name: "high", type, step: "any", value: high }))];
}
