/** The fields of a siting case: steps 2 and 3, and what of the form is still missing. */
import { el } from "./dom.js";
import { isMissing } from "./formats.js";
import { ground, partLine } from "./siting_words.js";
import { said, t } from "./texts.js";

export const CONSTRUCTIONS = ["new", "extension", "temporary"];

/** @typedef {{geometry: any, area_m2: number, project_type: string, n_persons: string, height_m: string, installation: string, chemicals: {chemical: string, amount_t: string}[]}} Part */
/** @typedef {{name: string, applicant: string, note: string, construction: string, starts_on: string, ends_on: string, parts: Part[]}} Form */

/** @returns {Form} */
export const emptyForm = () => ({ name: "", applicant: "", note: "", construction: "new", starts_on: "", ends_on: "", parts: [] });

/** @param {any} geometry @param {number} area_m2 @returns {Part} */
export const newPart = (geometry, area_m2) => ({ geometry, area_m2, project_type: "", n_persons: "", height_m: "", installation: "", chemicals: [] });

/** @param {any[]} types @param {Part} part */
const typeOf = (types, part) => types.find((type) => type.id === part.project_type);

/**
 * What is missing or wrong: text key, values, and the control it concerns.
 * @param {Form} form @param {any[]} types @returns {{key: string, values: Record<string, any>, id: string, step: number}[]}
 */
export function missing(form, types) {
  /** @type {any[]} */
  const wanted = [];
  const need = (/** @type {boolean} */ isWrong, /** @type {string} */ key, /** @type {string} */ id, step = 2, n = 0) => { if (isWrong) wanted.push({ key, values: { n }, id, step }); };
  need(!form.parts.length, "missing_geometry", "draw-polygon", 1);
  need(!form.name.trim(), "missing_name", "field-name");
  if (form.construction === "temporary") for (const day of ["starts_on", "ends_on"]) need(!(/** @type {any} */ (form)[day]), "missing_dates", `field-${day}`);
  form.parts.forEach((part, i) => {
    need(!part.project_type, "missing_part_type", `part-${i}-type`, 2, i + 1);
    need(!/^\d{1,7}$/.test(part.n_persons), "missing_persons", `part-${i}-persons`, 2, i + 1);
    need(part.height_m !== "" && !isAmount(part.height_m), "wrong_height", `part-${i}-height`, 2, i + 1);
    if (!typeOf(types, part)?.is_hazardous) return;
    need(!part.chemicals.length, "missing_chemicals", `part-${i}-add`, 2, i + 1);
    part.chemicals.forEach((row, k) => need(!row.chemical.trim() || !isAmount(row.amount_t), "wrong_chemical", `part-${i}-chemical-${k}`, 2, i + 1));
  });
  return wanted;
}

/** @param {string} text */
const isAmount = (text) => /^\d+(\.\d+)?$/.test(text.trim());

/** The request that a form makes. @param {Form} form @param {any[]} types */
export function requestOf(form, types) {
  const parts = form.parts.map((part) => {
    const isHazardous = Boolean(typeOf(types, part)?.is_hazardous);
    return {
      geometry: part.geometry, project_type: part.project_type, n_persons: Number(part.n_persons), ...(part.height_m === "" ? {} : { height_m: Number(part.height_m) }),
      ...(isHazardous ? { chemicals: part.chemicals.map((row) => ({ chemical: row.chemical.trim(), amount_t: Number(row.amount_t) })) } : {}), ...(isHazardous && part.installation ? { installation: part.installation } : {}),
    };
  });
  const dates = form.construction === "temporary" ? { starts_on: form.starts_on, ends_on: form.ends_on } : {};
  return { name: form.name.trim(), applicant: form.applicant.trim(), note: form.note.trim(), construction: form.construction, ...dates, parts };
}

/**
 * Step 2.
 * @param {Form} form @param {any} choices @param {{keep: () => void, redraw: () => void}} calls `keep` after a key, `redraw` where fields come or go
 */
export function projectFields(form, choices, calls) {
  const text = (/** @type {string} */ name, /** @type {string} */ key, isNeeded = false, type = "text") => field(`field-${name}`, t(key) + (isNeeded ? " *" : ""),
    el("input", { id: `field-${name}`, type, maxlength: 200, required: isNeeded, autocomplete: "off", value: /** @type {any} */ (form)[name], on: { input: set(form, name, calls.keep) } }));
  return [
    text("name", "project_name", true), text("applicant", "site_applicant"),
    field("field-construction", `${t("project_kind")} *`, el("select", { id: "field-construction", on: { change: set(form, "construction", calls.redraw) } },
      CONSTRUCTIONS.map((id) => el("option", { value: id, selected: form.construction === id }, t(`construction_${id}`))))),
    form.construction === "temporary" ? el("div", { class: "two" }, text("starts_on", "starts_on", true, "date"), text("ends_on", "ends_on", true, "date")) : null,
    form.parts.map((part, i) => partFields(part, i, choices, calls)),
    field("field-note", t("site_note"), el("textarea", { id: "field-note", maxlength: 1000, on: { input: set(form, "note", calls.keep) } }, form.note)),
    el("datalist", { id: "chemical-names" }, choices.chemicals.map((/** @type {any} */ row) => el("option", { value: row.name }, row.cas ?? ""))),
  ];
}

/** @param {any} record @param {string} name @param {() => void} then */
const set = (record, name, then) => (/** @type {any} */ event) => { record[name] = event.target.value; then(); };

/** @param {string} id @param {string} label @param {any} control @param {string} [hint] */
function field(id, label, control, hint) {
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return el("div", { class: "field" }, el("label", { for: id }, label), hint ? el("p", { id: `${id}-hint`, class: "muted small" }, hint) : null, control);
}

/** @param {Part} part @param {number} i @param {any} choices @param {{keep: () => void, redraw: () => void}} calls */
function partFields(part, i, choices, calls) {
  const types = choices.project_types;
  const isHazardous = Boolean(typeOf(types, part)?.is_hazardous);
  return el("fieldset", { class: "part" }, el("legend", {}, `${t("site_part", { n: i + 1 })} · ${ground(part.area_m2)}`),
    field(`part-${i}-type`, `${t("project_type")} *`, el("select", { id: `part-${i}-type`, required: true, on: { change: set(part, "project_type", calls.redraw) } },
      el("option", { value: "" }, t("choose")), types.map((/** @type {any} */ type) => el("option", { value: type.id, selected: type.id === part.project_type }, said(type))))),
    el("div", { class: "two" },
      field(`part-${i}-persons`, `${t("most_persons")} *`, el("input", { id: `part-${i}-persons`, type: "text", inputmode: "numeric", maxlength: 7, value: part.n_persons, on: { input: set(part, "n_persons", calls.keep) } }), t("persons_example")),
      field(`part-${i}-height`, t("building_height"), el("input", { id: `part-${i}-height`, type: "text", inputmode: "decimal", maxlength: 6, value: part.height_m, on: { input: set(part, "height_m", calls.keep) } }), t("height_hint"))),
    isHazardous ? dangerFields(part, i, choices, calls) : null);
}

/** @param {Part} part @param {number} i @param {any} choices @param {{keep: () => void, redraw: () => void}} calls */
function dangerFields(part, i, choices, calls) {
  const drop = (/** @type {number} */ k) => () => { part.chemicals.splice(k, 1); calls.redraw(); };
  return [
    field(`part-${i}-installation`, t("installation_kind"), el("select", { id: `part-${i}-installation`, on: { change: set(part, "installation", calls.keep) } }, el("option", { value: "" }, t("choose")),
      choices.installations.map((/** @type {string} */ id) => el("option", { value: id, selected: id === part.installation }, t(`installation_${id}`))))),
    el("p", {}, `${t("chemicals_and_amounts")} *`),
    part.chemicals.map((row, k) => el("div", { class: "chemical-row" },
      el("input", { id: `part-${i}-chemical-${k}`, type: "text", maxlength: 100, list: "chemical-names", autocomplete: "off", "aria-label": t("what_if_chemical"), placeholder: t("chemical_or_cas"), value: row.chemical, on: { input: set(row, "chemical", calls.keep) } }),
      el("input", { id: `part-${i}-amount-${k}`, type: "text", inputmode: "decimal", maxlength: 12, "aria-label": t("what_if_amount"), placeholder: "t", value: row.amount_t, on: { input: set(row, "amount_t", calls.keep) } }),
      el("button", { type: "button", class: "button small", "aria-label": t("remove_chemical", { n: k + 1 }), on: { click: drop(k) } }, "×"))),
    el("button", { type: "button", class: "button small", id: `part-${i}-add`, on: { click: () => { part.chemicals.push({ chemical: "", amount_t: "" }); calls.redraw(); } } }, t("add_chemical")),
  ];
}

/**
 * Step 3: everything once more, with ways to change it, and the checks that will run.
 * @param {Form} form @param {any[]} types @param {(step: number) => void} go
 */
export function summary(form, types, go) {
  const row = (/** @type {string} */ key, /** @type {any} */ value, /** @type {number} */ step) => el("tr", {}, el("th", { scope: "row" }, t(key)), el("td", {}, isMissing(value) ? "—" : value),
    el("td", {}, el("button", { type: "button", class: "link", "aria-label": `${t("change_it")} ${t(key)}`, on: { click: () => go(step) } }, t("change_it"))));
  const dates = form.construction === "temporary" ? ` ${form.starts_on} – ${form.ends_on}` : "";
  return [
    el("table", { class: "summary" }, el("caption", { class: "unseen" }, t("step_check")), el("tbody", {},
      row("project_name", form.name, 2), row("site_applicant", form.applicant, 2), row("project_kind", t(`construction_${form.construction}`) + dates, 2),
      form.parts.map((part, i) => [row("site_ground", `${t("site_part", { n: i + 1 })} · ${ground(part.area_m2)}`, 1), row("site_use", partLine(part, typeOf(types, part)), 2)]), row("site_note", form.note, 2))),
    el("details", { class: "part" }, el("summary", {}, t("checks_to_run")), el("ul", { class: "plain" }, CHECKS.map((key) => el("li", {}, t(key))))),
  ];
}

const CHECKS = ["check_pipelines", "check_roads", "check_power", "check_distances", "check_contours", "check_zones", "check_sources", "check_parks", "check_rivers", "check_fire", "check_access", "check_own"];
