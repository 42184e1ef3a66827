/** Which column is which field: everything is proposed with its reason, and a person confirms table by table. */
import { picture } from "./data_picture.js";
import { ask, isPhone, keepName, lastName, layerOf, showProblems, state, titleOf } from "./data_frame.js";
import { follow, isUnfinished, jobBox } from "./data_jobs.js";
import { ApiError, change } from "./api.js";
import { el, put } from "./dom.js";
import { distance, number } from "./formats.js";
import { errorBox } from "./panel.js";
import { lang, said, t } from "./texts.js";

const POSITIONS = ["x", "y", "wkt"];
const PERCENT = 100;
const MOST_OPEN = 12;
const SOURCE_ID = /^[a-z][a-z0-9_]{0,59}$/;
const REFUSE = "~";

/** What a person has chosen for a table and not confirmed yet, by table. @type {Map<string, any>} */
const drafts = new Map();

/** Every table of an upload's files. @param {any} upload */
export const datasetsOf = (upload) => (upload.jobs.recognise?.result?.files ?? []).flatMap((/** @type {any} */ file) => file.datasets.map((/** @type {any} */ dataset) => ({ file, dataset, key: `${file.file}|${dataset.name}` })));

/** @param {{upload: any, address: string, renew: () => Promise<void>, goTo: (step: string) => void}} context */
export function mappingStep(context) {
  const { upload } = context;
  const entries = datasetsOf(upload);
  if (!entries.length) return el("p", { class: "notice" }, t("data_recognise_first"), " ", el("button", { type: "button", class: "button small", on: { click: () => context.goTo("recognise") } }, t("data_step_recognise")));
  const isOne = upload.sources.some((/** @type {any} */ source) => source.manifest);
  return [el("p", { class: "hint" }, t("data_map_hint")), isPhone() ? el("p", { class: "notice" }, t("data_use_computer_map")) : null,
    entries.map((/** @type {any} */ entry) => tableCard(context, entry)),
    el("div", { class: "step-foot" }, el("button", { type: "button", class: "button primary", id: "to-check", disabled: !isOne, on: { click: () => context.goTo("check") } }, t("data_next", { step: t("data_step_check") })))];
}

/** @param {any} context @param {{file: any, dataset: any, key: string}} entry */
function tableCard(context, entry) {
  const { upload } = context;
  const confirmed = upload.sources.find((/** @type {any} */ source) => source.file === entry.file.file && source.dataset === entry.dataset.name);
  const card = el("div", { class: "card" });
  const draw = () => put(card, head(entry, confirmed), confirmed?.manifest && !drafts.get(entry.key)?.isOpen ? summary(context, entry, confirmed, draw) : form(context, entry, confirmed, draw));
  draw();
  return card;
}

/** @param {any} entry @param {any} confirmed */
const head = (entry, confirmed) => el("h3", {}, `${entry.file.file} · ${entry.dataset.name} `, confirmed?.manifest ? el("span", { class: "tag tag-done" }, t("data_confirmed_by", { name: confirmed.confirmed_by })) : el("span", { class: "tag tag-assumed" }, t("data_to_confirm")));

/** @param {any} context @param {any} entry @param {any} confirmed @param {() => void} draw */
function summary(context, entry, confirmed, draw) {
  return el("div", {}, el("details", {}, el("summary", {}, t("data_manifest", { id: confirmed.source_id })), el("pre", { class: "manifest", tabindex: "0" }, confirmed.manifest)),
    el("button", { type: "button", class: "button small", on: { click: () => { draftOf(entry).isOpen = true; draw(); } } }, t("data_change_mapping")));
}

/** What is proposed for a table, which the person then changes. @param {{file: any, dataset: any, key: string}} entry */
function draftOf({ dataset, key }) {
  const held = drafts.get(key);
  if (held) return held;
  const known = dataset.known_source;
  const draft = {
    isOpen: false, isKnown: Boolean(known), id: known ?? "", title_zh: "", supplier: "", layer: dataset.layers[0]?.layer ?? "", crs: "", ownCrs: "",
    /** @type {Record<string, string>} column -> field */ fields: Object.fromEntries(dataset.mapping.map((/** @type {any} */ row) => [row.column, row.field])),
    /** @type {Record<string, string>} */ units: Object.fromEntries(dataset.mapping.filter((/** @type {any} */ row) => row.unit).map((/** @type {any} */ row) => [row.column, row.unit])),
    /** @type {Record<string, Record<string, string|null>>} */ codes: Object.fromEntries(dataset.mapping.filter((/** @type {any} */ row) => Object.keys(row.codes ?? {}).length).map((/** @type {any} */ row) => [row.column, { ...row.codes }])),
    /** @type {Set<string>} fields that the person changed */ touched: new Set(),
  };
  drafts.set(key, draft);
  return draft;
}

/** @param {any} context @param {any} entry @param {any} confirmed @param {() => void} draw */
function form(context, entry, confirmed, draw) {
  const draft = draftOf(entry);
  const problems = el("div", {});
  const jobNode = el("div", {});
  const job = context.upload.jobs.confirm;
  const isOwn = job && confirmed && job.args.source_id === confirmed.source_id;
  if (isOwn && isUnfinished(job)) queueMicrotask(() => follow(jobNode, job, context.renew));
  return el("form", { novalidate: true, on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); confirm(context, entry, problems, jobNode); } } },
    problems, isOwn && job.state === "failed" ? jobBox(job) : null,
    questions(entry.dataset), sourcePart(entry, draft, draw), datumPart(entry, draft, draw), columnTable(entry, draft, draw), missingPart(entry, draft), jobNode,
    el("div", { class: "step-foot" }, ask(t("data_who_confirms"), el("input", { name: "confirmed_by", id: `who-${slug(entry.key)}`, value: lastName(), maxlength: 40, required: true, autocomplete: "name" })),
      el("button", { type: "submit", class: "button primary confirm-table" }, t("data_confirm_table"))));
}

/** @param {string} key a part of an id @returns {string} */
const slug = (key) => key.replace(/[^\w一-鿿]+/g, "-");

/** @param {any} dataset */
function questions(dataset) {
  if (!dataset.questions.length) return null;
  return el("details", { class: "questions", open: dataset.questions.length <= MOST_OPEN }, el("summary", {}, t("data_questions", { n: dataset.questions.length })), el("ul", {}, dataset.questions.map((/** @type {any} */ question) => el("li", {}, said(question, "")))));
}

/** @param {any} entry @param {any} draft @param {() => void} draw */
function sourcePart(entry, draft, draw) {
  const { dataset, key } = entry;
  const layers = [...dataset.layers.map((/** @type {any} */ layer) => layer.layer), ...state.layers.map((layer) => layer.id)];
  const choose = (/** @type {any} */ event) => { draft.layer = event.target.value; draft.touched.add("*"); draw(); };
  return el("fieldset", { class: "part" }, el("legend", {}, t("data_source")),
    dataset.known_source ? el("div", { class: "pair" },
      radio(`known-${slug(key)}`, draft.isKnown, t("data_is_known", { id: dataset.known_source, fit: t(`data_fit_${(dataset.known_fit ?? "exact").replace(" ", "_")}`) }), () => { draft.isKnown = true; draft.id = dataset.known_source; draw(); }),
      radio(`known-${slug(key)}`, !draft.isKnown, t("data_is_new"), () => { draft.isKnown = false; draft.id = ""; draw(); })) : null,
    draft.isKnown ? null : el("div", { class: "query" },
      ask(t("data_layer"), el("select", { id: `layer-${slug(key)}`, on: { change: choose } }, el("option", { value: "" }, t("choose")), [...new Set(layers)].map((id) => el("option", { value: id, selected: id === draft.layer }, titleOf(layerOf(id)) + score(dataset.layers.find((/** @type {any} */ layer) => layer.layer === id)))))),
      ask(t("data_source_id"), input(draft, "id", `id-${slug(key)}`, 60), t("data_source_id_hint")), ask(t("data_source_title"), input(draft, "title_zh", `title-${slug(key)}`, 60)), ask(t("supplier"), input(draft, "supplier", `supplier-${slug(key)}`, 60))));
}

/** @param {any} proposal */
const score = (proposal) => (proposal ? ` (${number(proposal.score * PERCENT, 0)} %)` : "");

/** @param {any} draft @param {string} name @param {string} id @param {number} longest */
const input = (draft, name, id, longest) => el("input", { id, value: draft[name], maxlength: longest, on: { input: (/** @type {any} */ event) => { draft[name] = event.target.value.trim(); } } });

/** @param {string} name @param {boolean} isChosen @param {any} label @param {() => void} choose */
const radio = (name, isChosen, label, choose) => el("label", { class: "check" }, el("input", { type: "radio", name, checked: isChosen, "data-focus": `${name}-${label.slice?.(0, 12)}`, on: { change: choose } }), " ", label);

/** A datum by code and name; parameters of its own stand below its evidence. @param {any} proposal */
const datumLabel = (proposal) => (proposal.crs.startsWith("+") || said(proposal, "name").startsWith(proposal.crs) ? said(proposal, "name") : `${proposal.crs} ${said(proposal, "name")}`);

/** The datum: proposals with their evidence; none is chosen unless the source is known. @param {any} entry @param {any} draft @param {() => void} draw */
function datumPart(entry, draft, draw) {
  const layer = layerOf(draft.layer);
  if (!layer || layer.geometry === "None") return null;
  const { dataset, key } = entry;
  const name = `crs-${slug(key)}`;
  const choose = (/** @type {string} */ crs) => () => { draft.crs = crs; draw(); };
  return el("fieldset", { class: "part", id: name }, el("legend", {}, t("data_datum")), el("p", { class: "hint" }, t("data_datum_hint")),
    draft.isKnown ? radio(name, draft.crs === "", t("data_datum_known"), choose("")) : null,
    dataset.crs_found ? el("p", { class: "muted" }, t("data_crs_found", { crs: dataset.crs_found })) : null,
    dataset.datums.length ? el("div", { class: "beside" }, el("ul", { class: "datums" }, dataset.datums.map((/** @type {any} */ proposal) => datumRow(proposal, radio(name, draft.crs === proposal.crs, datumLabel(proposal), choose(proposal.crs))))),
      datumPicture(dataset.datums.find((/** @type {any} */ proposal) => proposal.crs === draft.crs) ?? dataset.datums[0])) : el("p", { class: "muted" }, t("data_no_datums")),
    el("div", { class: "pair" }, radio(name, draft.crs === "*", t("data_datum_other"), choose("*")), draft.crs === "*" ? el("input", { id: `${name}-own`, value: draft.ownCrs, maxlength: 200, placeholder: "EPSG:4490", "aria-label": t("data_datum_other"), on: { input: (/** @type {any} */ event) => { draft.ownCrs = event.target.value.trim(); } } }) : null));
}

/** A datum with what speaks for it. @param {any} proposal @param {any} choice its button */
const datumRow = (proposal, choice) => el("li", {}, choice, " ",
  el("span", { class: "tag" }, t("data_score", { n: number(proposal.score * PERCENT, 0) })), " ", proposal.median_distance_m === null ? null : el("span", { class: "muted" }, t("data_median", { distance: distance(proposal.median_distance_m), n: number(proposal.n_compared) })),
  el("span", { class: "evidence" }, said(proposal, "evidence")), proposal.crs.startsWith("+") ? el("span", { class: "evidence" }, el("code", {}, proposal.crs)) : null);

/** Where a datum puts the delivery in the area: of the chosen one, else of the first proposal. @param {any} proposal */
function datumPicture(proposal) {
  const places = proposal.places ?? [];
  const drawn = places.length ? picture(state.area, places, [], t("data_picture_datum", { crs: datumLabel(proposal), n: number(places.length) })) : null;
  return drawn && el("figure", { class: "datum-picture" }, drawn, el("figcaption", { class: "muted small" }, t("data_picture_datum", { crs: datumLabel(proposal), n: number(places.length) })));
}

/** @param {any} entry @param {any} draft @param {() => void} draw */
function columnTable(entry, draft, draw) {
  const { dataset, key } = entry;
  const layer = layerOf(draft.layer);
  const proposals = Object.fromEntries(dataset.mapping.map((/** @type {any} */ row) => [row.column, row]));
  return el("div", { class: "table-holder", tabindex: "0", role: "group", "aria-label": t("data_columns") }, el("table", { class: "rows cards mapping", role: "table" }, el("caption", { class: "unseen" }, t("data_columns")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ["data_column", "data_samples", "data_field", "data_unit", "data_why"].map((word) => el("th", { scope: "col", role: "columnheader" }, t(word))))),
    el("tbody", { role: "rowgroup" }, dataset.columns.map((/** @type {any} */ column, /** @type {number} */ i) => columnRow(column, proposals[column.name], layer, draft, draw, `${slug(key)}-${i}`)))));
}

/** @param {any} column @param {any} proposal @param {any} layer @param {any} draft @param {() => void} draw @param {string} id */
function columnRow(column, proposal, layer, draft, draw, id) {
  const field = draft.fields[column.name] ?? "";
  const declared = layer?.fields.find((/** @type {any} */ entry) => entry.name === field);
  const choose = (/** @type {any} */ event) => {
    const wanted = event.target.value;
    draft.touched.add(column.name);
    if (wanted) draft.fields[column.name] = wanted;
    else delete draft.fields[column.name];
    delete draft.codes[column.name];
    draw();
    document.getElementById(`field-${id}`)?.focus();
  };
  return el("tr", { role: "row", class: field ? null : "is-unused" },
    el("th", { role: "rowheader", scope: "row", "data-head": t("data_column") }, column.name),
    el("td", { role: "cell", "data-head": t("data_samples"), class: "samples" }, column.samples.slice(0, 3).join(lang() === "zh" ? "、" : ", ") || "—"),
    el("td", { role: "cell", "data-head": t("data_field") }, el("select", { id: `field-${id}`, "aria-label": t("data_field_of", { column: column.name }), on: { change: choose } },
      el("option", { value: "" }, t("data_not_used")), POSITIONS.map((name) => el("option", { value: name, selected: name === field }, t(`data_position_${name}`))),
      (layer?.fields ?? []).map((/** @type {any} */ entry) => el("option", { value: entry.name, selected: entry.name === field }, `${titleOf(entry)}${entry.required ? " *" : ""}`))), codesPart(column, declared, draft, proposal)),
    el("td", { role: "cell", "data-head": t("data_unit") }, declared?.unit ? el("input", { class: "unit-field", value: draft.units[column.name] ?? "", maxlength: 20, placeholder: declared.unit, "aria-label": t("data_unit_of", { column: column.name }), on: { input: (/** @type {any} */ event) => { draft.units[column.name] = event.target.value.trim(); draft.touched.add(column.name); } } }) : "—"),
    el("td", { role: "cell", "data-head": t("data_why"), class: "muted" }, proposal && proposal.field === field ? `${number(proposal.score * PERCENT, 0)} % ${said(proposal, "reason")}` : field ? t("data_chosen") : t("data_ignored")));
}

/** The closed list of a field: each delivered value is one code, or its rows are refused. @param {any} column @param {any} declared @param {any} draft @param {any} proposal */
function codesPart(column, declared, draft, proposal) {
  if (!declared?.codes.length) return null;
  const held = (draft.codes[column.name] ??= proposal?.field === declared.name ? { ...proposal.codes } : Object.fromEntries(column.samples.map((/** @type {string} */ value) => [value, null])));
  const open = Object.values(held).filter((code) => code === null).length;
  return el("details", { class: "codes", open: open > 0 }, el("summary", {}, open ? t("data_codes_open", { n: open }) : t("data_codes", { n: Object.keys(held).length })), el("ul", {}, Object.keys(held).map((value) => el("li", {}, el("label", {}, el("span", { class: "given" }, value), " ",
    el("select", { on: { change: (/** @type {any} */ event) => { held[value] = event.target.value || null; draft.touched.add(column.name); } } }, el("option", { value: "" }, t("choose")), declared.codes.map((/** @type {any} */ code) => el("option", { value: code.code, selected: held[value] === code.code }, said(code, ""))),
      el("option", { value: REFUSE, selected: held[value] === REFUSE }, t("data_refuse_value"))))))));
}

/** @param {any} entry @param {any} draft */
function missingPart(entry, draft) {
  const layer = layerOf(draft.layer);
  const filled = new Set(Object.values(draft.fields));
  const missing = (layer?.fields ?? []).filter((/** @type {any} */ field) => field.required && !filled.has(field.name) && !(draft.isKnown && !entry.dataset.missing_fields.includes(field.name)));
  return missing.length ? el("p", { class: "notice" }, t("data_missing_fields", { names: missing.map(titleOf).join(lang() === "zh" ? "、" : ", ") })) : null;
}

/** @param {any} context @param {any} entry @param {HTMLElement} problems @param {HTMLElement} jobNode */
async function confirm(context, entry, problems, jobNode) {
  const draft = draftOf(entry);
  const who = /** @type {HTMLInputElement} */ (document.getElementById(`who-${slug(entry.key)}`)).value.trim();
  const found = wrong(entry, draft, who);
  showProblems(problems, found);
  if (found.length) return;
  keepName(who);
  const body = { file: entry.file.file, dataset: entry.dataset.name, decisions: decisions(entry.dataset, draft), confirmed_by: who };
  try {
    const job = await change("PUT", `${context.address}/sources/${encodeURIComponent(draft.id)}`, body);
    draft.isOpen = false;
    follow(jobNode, job, context.renew);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(problems, errorBox(error, null));
  }
}

/** What keeps a table from being confirmed. @param {any} entry @param {any} draft @param {string} who */
function wrong(entry, draft, who) {
  const key = slug(entry.key);
  const layer = layerOf(draft.layer);
  const open = Object.entries(draft.codes).filter(([column, codes]) => draft.fields[column] && Object.values(/** @type {any} */ (codes)).includes(null)).map(([column]) => column);
  const uses = Object.values(draft.fields);
  const twice = uses.filter((field, i) => uses.indexOf(field) !== i);
  return [
    !layer && { text: t("data_wrong_layer"), field: `layer-${key}` },
    !draft.isKnown && !SOURCE_ID.test(draft.id) && { text: t("data_wrong_id"), field: `id-${key}` },
    !draft.isKnown && !draft.title_zh && { text: t("data_wrong_title"), field: `title-${key}` },
    !draft.isKnown && !draft.supplier && { text: t("data_wrong_supplier"), field: `supplier-${key}` },
    !draft.isKnown && layer && layer.geometry !== "None" && !(draft.crs === "*" ? draft.ownCrs : draft.crs) && { text: t("data_wrong_datum"), field: `crs-${key}` },
    ...open.map((column) => ({ text: t("data_wrong_codes", { column }) })), ...[...new Set(twice)].map((name) => ({ text: t("data_wrong_twice", { field: titleOf(layer?.fields.find((/** @type {any} */ field) => field.name === name)) || String(name) }) })),
    !who && { text: t("data_wrong_name"), field: `who-${key}` },
  ].filter(Boolean).map((problem) => /** @type {{text: string, field?: string}} */ (problem));
}

/** What a person decided, as the loading side takes it; of a known source only what departs from it. @param {any} dataset @param {any} draft */
function decisions(dataset, draft) {
  const crs = draft.crs === "*" ? draft.ownCrs : draft.crs;
  const ignore = dataset.columns.map((/** @type {any} */ column) => column.name).filter((/** @type {string} */ name) => !draft.fields[name] && (!draft.isKnown || dataset.unmapped_columns.includes(name) || draft.touched.has(name)));
  const positions = Object.fromEntries(Object.entries(draft.fields).filter(([column, field]) => POSITIONS.includes(field) && (!draft.isKnown || draft.touched.has(column))).map(([column, field]) => [field, column]));
  return {
    known_source: draft.isKnown ? draft.id : "", ...(draft.isKnown ? {} : { layer: draft.layer, title_zh: draft.title_zh, supplier: draft.supplier }), ...(crs ? { crs } : {}),
    ignore, ...positions, ...fieldDecisions(dataset, draft),
  };
}

/** @param {any} dataset @param {any} draft */
function fieldDecisions(dataset, draft) {
  const proposals = Object.fromEntries(dataset.mapping.map((/** @type {any} */ row) => [row.column, row]));
  /** @type {Record<string, any>} */
  const fields = {};
  /** @type {Record<string, any>} */
  const codes = {};
  if (draft.isKnown) for (const row of dataset.mapping) if (draft.touched.has(row.column) && !POSITIONS.includes(row.field) && draft.fields[row.column] !== row.field) fields[row.field] = null;
  for (const [column, field] of Object.entries(draft.fields)) {
    if (POSITIONS.includes(field)) continue;
    const answers = Object.fromEntries(Object.entries(draft.codes[column] ?? {}).map(([value, code]) => [value, code === REFUSE ? null : code]));
    if (Object.keys(answers).length) codes[field] = answers;
    if (!draft.isKnown || draft.touched.has(column)) {
      const format = proposals[column]?.field === field ? proposals[column].format : null;
      fields[field] = { column, ...(draft.units[column] ? { unit: draft.units[column] } : {}), ...(format ? { format } : {}) };
    }
  }
  if (draft.isKnown && !Object.keys(fields).length) return Object.keys(codes).length && draft.touched.size ? { codes } : openCodes(dataset, codes);
  return { fields, codes };
}

/** Of an untouched known source only the codes that were open. @param {any} dataset @param {Record<string, any>} codes */
function openCodes(dataset, codes) {
  const open = dataset.mapping.filter((/** @type {any} */ row) => Object.values(row.codes ?? {}).includes(null)).map((/** @type {any} */ row) => row.field);
  const answers = Object.fromEntries(Object.entries(codes).filter(([field]) => open.includes(field)));
  return Object.keys(answers).length ? { codes: answers } : {};
}
