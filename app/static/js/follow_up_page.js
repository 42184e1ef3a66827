/** One entry of the follow-up ledger: evidence, whose it is, what happened, photos; or the form of a new one. */
import { ApiError, getJson, postFile, postJson } from "./api.js";
import { fieldOf, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { day, MISSING, number, today } from "./formats.js";
import { withEdition } from "./frame.js";
import { checkWord, entryHref, figuresWord, sidesWord, stateTag } from "./follow_up_words.js";
import { conflictNumbers } from "./feature_panel.js";
import { errorText, say } from "./panel.js";
import { clauseLine } from "./reasons.js";
import { t } from "./texts.js";
import { featureHref, loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const NEW = "new";
const ref = decodeURIComponent(location.pathname.split("/").pop() ?? "");
const violationId = new URLSearchParams(location.search).get("violation") ?? "";
const DEFAULT_DAYS = 20;
/** Words of fields that are called otherwise elsewhere. @type {Record<string, string>} */
const LABELS = { office: "follow_up_office" };

const state = {
  /** @type {any} the entry */ entry: null,
  /** @type {any} the violation of a new entry */ violation: null,
  /** @type {ApiError|null} */ refused: null,
};
/** What was entered; kept when the page is drawn again. @type {Record<string, string>} */
const form = { office: "", person: "", n_days: String(DEFAULT_DAYS), due_on: "", note: "", kind: "recheck", on: today(), outcome: "remedied", reason: "remedied" };

const workspace = { keys: ["violation"], regions: ["search", "page-title", "entry"], draw: drawAll, onEdition: load };

async function start() {
  if (!(await startWorkspace(workspace))) return;
  wireKeys(workspace);
  await load();
}

function load() {
  return loadInto(byId("entry"), async () => {
    if (ref === NEW) await loadNew();
    else state.entry = await getJson(`/api/follow-ups/${encodeURIComponent(ref)}`);
    drawAll();
  });
}

/** A violation that has an open entry leads to it. */
async function loadNew() {
  const { follow_ups: same } = await getJson(`/api/follow-ups?violation_id=${encodeURIComponent(violationId)}`);
  const open = same.find((/** @type {any} */ entry) => entry.state !== "closed");
  if (open) location.replace(entryHref(open.ref));
  const layer = shown.catalog.layers.find((one) => fieldOf(one, "shortfall_m") && fieldOf(one, "required_m"));
  if (layer) state.violation = (await getJson(withEdition(`/api/features/${layer.id}/${encodeURIComponent(violationId)}`))).properties;
}

function drawAll() {
  const title = ref === NEW ? t("new_follow_up") : t("follow_up_title", { ref });
  byId("page-title").textContent = title;
  titlePage(title);
  byId("all-follow-ups").setAttribute("href", withEdition("/patrol/follow-ups"));
  if (state.entry) put(byId("entry"), entryParts(state.entry));
  else if (state.violation) put(byId("entry"), newParts(state.violation));
}

/* A new entry */

/** @param {any} violation */
function newParts(violation) {
  return [el("p", {}, el("strong", {}, sidesWord(violation))), conflictNumbers(violation), clauseLine(violation),
    el("form", { id: "new-entry", novalidate: true, on: { submit: onNew } }, problem(),
      el("div", { class: "two" }, text("office", true), text("person", true)), dueFields(), text("note", false),
      el("div", { class: "actions" }, el("button", { type: "submit", class: "button primary" }, t("enter_in_ledger"))))];
}

/** @param {Event} event */
function onNew(event) {
  event.preventDefault();
  return send(async () => {
    const made = await postJson(withEdition("/api/follow-ups"), { violation_id: violationId, office: form.office, person: form.person, note: form.note, ...due() });
    location.assign(entryHref(made.ref));
  });
}

/** The deadline as it was given: a date goes before working days. */
const due = () => (form.due_on ? { due_on: form.due_on } : { n_days: Number(form.n_days) });

/** @param {() => Promise<void>} work */
async function send(work) {
  state.refused = null;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.refused = error;
    drawAll();
    document.getElementById("form-errors")?.focus();
  }
}

const problem = () => (state.refused ? el("div", { id: "form-errors", class: "notice error-box", role: "alert", tabindex: -1 }, el("p", {}, errorText(state.refused))) : null);

/** @param {string} name @param {boolean} isNeeded */
const text = (name, isNeeded) => el("div", { class: "field" }, el("label", { for: `field-${name}` }, t(LABELS[name] ?? name), isNeeded ? " *" : ""),
  el("input", { id: `field-${name}`, type: "text", maxlength: 1000, required: isNeeded, autocomplete: "off", value: form[name], on: { input: keep(name) } }));

/** @param {string} name */
const keep = (name) => (/** @type {any} */ event) => { form[name] = event.target.value; };

const dueFields = () => el("div", { class: "two" },
  el("div", { class: "field" }, el("label", { for: "field-n_days" }, t("within_working_days")), el("input", { id: "field-n_days", type: "number", min: 1, max: 250, value: form.n_days, on: { input: keep("n_days") } })),
  el("div", { class: "field" }, el("label", { for: "field-due_on" }, t("or_deadline")), el("input", { id: "field-due_on", type: "date", min: today(), value: form.due_on, on: { input: keep("due_on") } })));

/* An entry */

/** @param {any} entry */
function entryParts(entry) {
  return [
    el("p", {}, el("strong", {}, sidesWord(entry)), " ", stateTag(entry)), clauseLine(entry.evidence),
    el("dl", { class: "facts" }, facts(entry).flatMap(([key, value]) => [el("dt", {}, t(key)), el("dd", {}, value)])),
    el("h2", {}, t("evidence")), el("p", { class: "muted small" }, t("evidence_note", { label: entry.evidence.edition_label, day: day(entry.evidence.data_as_of) })), conflictNumbers(entry.evidence),
    el("h2", {}, t("checks_by_editions")), checks(entry),
    el("h2", {}, t("photos")), photos(entry),
    el("h2", {}, t("what_happened")), events(entry),
    el("h2", {}, t("record_event")), eventForm(entry),
  ];
}

/** @param {any} entry @returns {[string, any][]} */
const facts = (entry) => [
  ["follow_up_kind", t(`kind_${entry.kind}`)], ["follow_up_office", entry.office], ["person", entry.person], ["opened_on", day(entry.opened_on)], ["remedy_by", day(entry.due_on)],
  ["closed_on", entry.closed_on ? `${day(entry.closed_on)} · ${t(`reason_${entry.closed_reason}`)}` : MISSING],
  ["follow_up_subject", side(entry, "subject")], ["object", side(entry, "object")],
];

/** @param {any} entry @param {"subject"|"object"} which */
const side = (entry, which) => el("a", { href: withEdition(featureHref(entry[`${which}_layer`], entry[`${which}_feature_id`])) }, entry[`${which}_name`] || entry[`${which}_feature_id`]);

/** @param {any} entry */
const checks = (entry) => (entry.checks.length ? el("ul", { class: "plain" }, entry.checks.map((/** @type {any} */ check) => el("li", {}, checkWord(check), check.figures ? ` · ${figuresWord(check.figures)}` : ""))) : el("p", { class: "muted" }, MISSING));

/** @param {any} entry */
const photos = (entry) => el("div", {}, el("div", { class: "photos" }, entry.photos.map((/** @type {any} */ photo) => {
  const href = `/api/follow-ups/${encodeURIComponent(ref)}/photos/${photo.sha256}`;
  return el("a", { href }, el("img", { class: "photo", src: href, alt: photo.name, width: Math.round((photo.width_px * 160) / photo.height_px), height: 160, loading: "lazy" }));
})), el("label", { class: "ask" }, el("span", {}, t("add_photo")), el("input", { id: "photo", type: "file", accept: "image/jpeg,image/png,image/webp", on: { change: onPhoto } })));

/** @param {any} event */
function onPhoto(event) {
  const [file] = event.target.files;
  if (!file) return undefined;
  return send(async () => {
    state.entry = await postFile(`/api/follow-ups/${encodeURIComponent(ref)}/photos?name=${encodeURIComponent(file.name.slice(-100))}`, file);
    drawAll();
    say(t("photo_kept"));
  });
}

/** @param {any} entry */
const events = (entry) => el("ol", { class: "plain" }, entry.events.map((/** @type {any} */ event) => el("li", {}, el("strong", {}, `${day(event.at.slice(0, 10))} ${t(`event_${event.kind}`)}`), " ",
  [event.outcome && t(`outcome_${event.outcome}`), event.reason && t(`reason_${event.reason}`), event.office, event.person, event.due_on && `${t("remedy_by")} ${day(event.due_on)}`, event.note].filter(Boolean).join(" · "))));

/** @param {any} entry */
function eventForm(entry) {
  const kinds = entry.state === "closed" ? ["reopen", "note"] : ["recheck", "move", "assign", "close", "note"];
  if (!kinds.includes(form.kind)) form.kind = kinds[0];
  const kind = form.kind;
  return el("form", { id: "new-event", novalidate: true, on: { submit: onEvent } }, problem(),
    select("kind", kinds, (word) => t(`event_${word}`), true),
    kind === "recheck" ? el("div", { class: "two" }, select("outcome", ["remedied", "not_remedied", "no_access"], (word) => t(`outcome_${word}`)),
      el("div", { class: "field" }, el("label", { for: "field-on" }, t("recheck_on")), el("input", { id: "field-on", type: "date", max: today(), value: form.on, on: { input: keep("on") } }))) : null,
    kind === "close" ? select("reason", ["remedied", "removed", "corrected", "exempted"], (word) => t(`reason_${word}`)) : null,
    kind === "assign" ? el("div", { class: "two" }, text("office", true), text("person", true)) : null,
    kind === "move" || kind === "reopen" ? dueFields() : null, text("note", true),
    el("div", { class: "actions" }, el("button", { type: "submit", class: "button primary" }, t("record"))));
}

/** @param {string} name @param {string[]} words @param {(word: string) => string} title @param {boolean} [draws] whether the form changes with it */
const select = (name, words, title, draws = false) => el("div", { class: "field" }, el("label", { for: `field-${name}` }, t(`field_${name}`)),
  el("select", { id: `field-${name}`, on: { change: (/** @type {any} */ event) => { form[name] = event.target.value; if (draws) drawAll(); } } }, words.map((word) => el("option", { value: word, selected: form[name] === word }, title(word)))));

/** @param {Event} event */
function onEvent(event) {
  event.preventDefault();
  /** @type {Record<string, any>} */
  const own = { recheck: { outcome: form.outcome, on: form.on }, close: { reason: form.reason }, assign: { office: form.office, person: form.person }, move: due(), reopen: due(), note: {} };
  return send(async () => {
    state.entry = await postJson(`/api/follow-ups/${encodeURIComponent(ref)}/events`, { kind: form.kind, note: form.note, ...own[form.kind] });
    form.note = "";
    drawAll();
    say(t("event_recorded"));
  });
}

start();
