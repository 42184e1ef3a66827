/** One colour for many: county, towns with completeness, parks, industries; then what offices have to settle or supply. */
import { getJson } from "./api.js";
import { replaceAddress } from "./address.js";
import { levelColourWord, levelWord, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { MISSING, fixed, isMissing, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { levelDot } from "./level_marks.js";
import { clauseLine } from "./reasons.js";
import { lang, said, t } from "./texts.js";
import { featureHref, loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";
import { wordOf } from "./why.js";

/** @typedef {string|{figure: string}} Head the heading of a column; of one of figures it stands at the right */

const ROWS_SHOWN = 60;
const RATED = ["red", "orange", "yellow", "blue", "unrated"];
const state = { policy: "", /** @type {any} */ ratings: null, /** @type {any[]|null} */ disagreements: null, /** @type {any[]|null} */ missing: null };
const workspace = { keys: ["pol"], regions: ["search", "page-title"], draw, onEdition: load };

async function start() {
  const values = await startWorkspace(workspace);
  if (!values) return;
  state.policy = shown.catalog.policies.some((policy) => policy.id === values.pol) ? values.pol : shown.catalog.policy;
  await load();
  wireKeys(workspace);
}

function load() {
  return loadInto(byId("found"), async () => {
    const ed = `ed=${encodeURIComponent(shown.catalog.edition.edition)}`;
    const [ratings, disagreements, missing] = await Promise.all([
      getJson(`/api/ratings?policy=${encodeURIComponent(state.policy)}&${ed}`), getJson(`/api/disagreements?${ed}`), getJson(`/api/missing?${ed}`),
    ]);
    Object.assign(state, { ratings, disagreements: disagreements.disagreements, missing: missing.missing });
    draw();
  });
}

function draw() {
  if (!state.ratings) return;
  titlePage(t("ratings_title"));
  byId("to-patrol").setAttribute("href", withEdition("/patrol"));
  const { county, towns, parks, industries } = state.ratings;
  put(byId("found"), chooser(), links(),
    part("whole", t("rating_county"), county, groupHead(), (row) => groupRow(row)),
    part("by-town", t("towns_completeness"), towns, townHead(), townRow),
    part("by-park", t("rating_parks"), parks, parkHead(), parkRow),
    part("by-industry", t("rating_industries"), industries, groupHead(), (row) => groupRow(row)),
    part("differences", t("disagreements_title"), state.disagreements, disagreementHead(), disagreementRow),
    part("gaps", t("missing_title"), state.missing, missingHead(), missingRow));
}

function chooser() {
  const choose = async (/** @type {Event} */ event) => {
    state.policy = /** @type {HTMLSelectElement} */ (event.target).value;
    replaceAddress({ pol: state.policy === shown.catalog.policy ? null : state.policy });
    await load();
  };
  return el("p", { class: "query" }, el("label", { class: "ask" }, el("span", {}, t("policy")), el("select", { id: "policy", on: { change: choose } },
    shown.catalog.policies.map((policy) => el("option", { value: policy.id, selected: policy.id === state.policy }, said(policy))))));
}

const SECTIONS = /** @type {[string, string][]} */ ([["by-town", "towns_completeness"], ["by-park", "rating_parks"], ["by-industry", "rating_industries"],
  ["differences", "disagreements_title"], ["gaps", "missing_title"]]);

/** Buttons and no anchors: an anchor would scroll the frame away with the page. */
const links = () => el("nav", { class: "ratings-nav", "aria-label": t("ratings_title") }, SECTIONS.map(([id, key]) => el("button", { type: "button", class: "link", on: { click: () => goTo(id) } }, t(key))));

/** @param {string} id */
function goTo(id) {
  const node = byId(`part-${id}`);
  const page = /** @type {HTMLElement} */ (node.closest(".page"));
  page.scrollTo({ top: node.offsetTop - page.offsetTop - 8 });
  byId(`title-${id}`).focus({ preventScroll: true });
}

/**
 * A table under its heading; what an old edition does not have is said.
 * @param {string} id @param {string} title @param {any[]|null} rows @param {Head[]} head @param {(row: any) => HTMLElement} row
 */
function part(id, title, rows, head, row) {
  const list = rows ?? [];
  const body = list.slice(0, ROWS_SHOWN).map(row);
  const rest = list.slice(ROWS_SHOWN);
  const tbody = el("tbody", {}, body);
  const more = rest.length ? el("button", { type: "button", class: "button small", on: { click: (/** @type {Event} */ event) => {
    tbody.append(...rest.map(row));
    /** @type {HTMLElement} */ (event.target).remove();
  } } }, t("show_more", { n: rest.length })) : null;
  return el("section", { class: "ratings", id: `part-${id}`, "aria-labelledby": `title-${id}` }, el("h2", { id: `title-${id}`, tabindex: "-1" }, `${title} ${rows ? `(${number(list.length)})` : ""}`),
    rows === null ? el("p", { class: "muted" }, t("not_in_edition")) : list.length ? [el("div", { class: "scroll" }, el("table", {}, el("caption", { class: "unseen" }, title),
      el("thead", {}, el("tr", {}, head.map((word) => (typeof word === "string" ? el("th", { scope: "col" }, word) : el("th", { scope: "col", class: "number" }, word.figure))))), tbody)), more] : el("p", { class: "muted" }, t("nothing_here")));
}

/** @param {string|null} level */
const levelCell = (level) => el("td", { class: "small-level" }, level ? [levelDot(level), " ", levelColourWord(level) === levelWord(level) ? levelWord(level) : `${levelColourWord(level)} ${levelWord(level)}`] : MISSING);
/** @param {any} row */
const counts = (row) => RATED.map((level) => el("td", { class: "number" }, number(row[`n_${level}`] ?? 0)));
/** @param {string} key @returns {Head} */
const ofFigures = (key) => ({ figure: t(key) });
/** @returns {Head[]} */
const countHead = () => RATED.map((level) => ({ figure: levelColourWord(level) }));
/** @param {any} row */
const unratedCell = (row) => el("td", { class: row.is_data_short ? "number short" : "number" }, isMissing(row.unrated_pct) ? MISSING : `${fixed(row.unrated_pct, 1)} %`,
  row.is_data_short ? el("div", { class: "small" }, t("data_short_word")) : null);
/** @param {string} layer @param {string} id @param {any} name */
const place = (layer, id, name) => el("a", { href: withEdition(featureHref(layer, id)) }, name);
/** @param {any} value */
const figure = (value) => el("td", { class: "number" }, isMissing(value) ? MISSING : fixed(value, 1));

const groupHead = () => [t("name"), t("level"), ...countHead(), ofFigures("unrated_share"), ofFigures("index"), t("because")];
const townHead = () => [t("name"), t("level"), ...countHead(), ...["unrated_share", "without_place", "assumed", "disputed_short", "index"].map(ofFigures)];
const parkHead = () => [t("name"), t("level"), t("park_grade"), t("level_of_members"), ...countHead(), ofFigures("unrated_share"), t("because")];

/** A text that editions keep in Chinese, in the language of the page where it is known. @param {any} row @param {string} name */
const inLanguage = (row, name) => (lang() === "en" && row[`${name}_en`]) || row[name];

/** @param {any} row */
function groupRow(row) {
  return el("tr", {}, el("th", { scope: "row" }, (lang() === "en" && row.name_en) || row.name || row.group_id), levelCell(row.level), counts(row), unratedCell(row), figure(row.index_p95),
    el("td", { class: "words" }, said(row, "reason"), clauseLine({ clause: `${inLanguage(row, "aggregation")} · ${inLanguage(row, "clause")}` })));
}

/** @param {any} row */
function townRow(row) {
  const [layer] = shown.catalog.layers.filter((entry) => entry.fields.some((field) => field.name === "town_code") && entry.group === "base").map((entry) => entry.id);
  return el("tr", {}, el("th", { scope: "row" }, place(layer, row.town_code, row.name)), levelCell(row.level), counts(row), unratedCell(row),
    [row.n_unplaced, row.n_assumed, row.n_disputed].map((n) => el("td", { class: "number" }, isMissing(n) ? MISSING : number(n))), figure(row.index_p95));
}

/** @param {any} row */
function parkRow(row) {
  const [layer] = shown.catalog.layers.filter((entry) => entry.fields.some((field) => field.name === "member_level")).map((entry) => entry.id);
  return el("tr", {}, el("th", { scope: "row" }, place(layer, row.rating_id, row.name)), levelCell(row.level), el("td", {}, row.grade ?? MISSING), levelCell(row.member_level), counts(row), unratedCell(row),
    el("td", { class: "words" }, said(row, "reason"), row.is_disputed ? el("div", { class: "short" }, t("disputed_short")) : null, clauseLine({ clause: inLanguage(row, "clause"), rule_id: row.rule_id })));
}

const disagreementHead = () => [t("name"), t("disagreement_kind"), t("one_side"), "", t("other_side"), "", t("used_level"), t("office")];

/** @param {any} row */
function disagreementRow(row) {
  return el("tr", {}, el("th", { scope: "row" }, place(row.source_layer, row.source_feature_id, row.name ?? row.source_feature_id), row.town_name ? el("div", { class: "muted small" }, row.town_name) : null),
    el("td", {}, wordOf("kind", row.kind), lang() === "en" && row.one_side ? el("div", { class: "muted small" }, said(row, "text")) : null), el("td", { class: "words" }, row.one_side ?? said(row, "text")), levelCell(row.one_level), el("td", {}, row.other_side ?? MISSING), levelCell(row.other_level), levelCell(row.level),
    el("td", {}, row.responsible_office ?? MISSING));
}

const missingHead = () => [t("missing_what"), t("office"), t("town"), ofFigures("n_sources_short"), t("for_example")];

/** @param {any} row */
function missingRow(row) {
  return el("tr", {}, el("th", { scope: "row" }, said(row, "what"), row.is_unrated ? "" : el("div", { class: "muted small" }, t("at_least_level"))), el("td", {}, row.responsible_office ?? MISSING), el("td", {}, row.town_name ?? MISSING),
    el("td", { class: "number" }, number(row.n_sources)), el("td", {}, row.sources.map((/** @type {any} */ source, /** @type {number} */ i) => [i ? ", " : "", place(source.layer, source.id, source.name ?? source.id)])));
}

start();
