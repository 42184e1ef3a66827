/** The list of a day on the phone: one place at a time, with or without a network. */
import { getJson, onConnection, reach } from "./api.js";
import { readAddress, replaceAddress } from "./address.js";
import { shown } from "./atlas.js";
import { straightM, totalM } from "./day_list.js";
import { lookAt, reasons } from "./day_sheet.js";
import { byId, el, put } from "./dom.js";
import { clock, coordinates, day, distance, isMissing, localDate, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { levelChip } from "./level_marks.js";
import { drafts, finishDraft, keepDraft, keptRecords, sendKept } from "./outbox.js";
import { say } from "./panel.js";
import { readPhoto } from "./photos.js";
import { datum } from "./status.js";
import { readyOtherLanguage, said, t } from "./texts.js";
import { featureHref, keepingFocus, loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const OUTCOMES = ["remedied", "not_remedied", "no_access"];
const MOST_PHOTOS = 3;
const LONGEST_NOTE = 1000;
/** What is asked for anew every time, or tells whether there is a network. */
const NOT_KEPT = ["/healthz", "/api/patrol/records/"];
const ref = decodeURIComponent(location.pathname.split("/")[2] ?? "");

const state = {
  /** @type {any} */ list: null,
  at: 0,
  isOnline: true,
  /** @type {"" | "kept" | "insecure" | "failed"} whether the page works without a network */ offline: "",
  /** @type {Map<string, import("./outbox.js").Draft>} */ drafts: new Map(),
  /** @type {import("./outbox.js").Kept[]} */ records: [],
  problem: "",
  /** @type {string[]} addresses of the thumbnails shown */ pictures: [],
};

const workspace = { keys: ["n"], regions: ["search", "page-title", "card-title"], draw: drawAll, onEdition: load };

async function start() {
  const values = await startWorkspace(workspace);
  if (!values) return;
  state.at = Math.max(0, (Number(values.n) || 1) - 1);
  wireKeys(workspace);
  onConnection((isLost) => { state.isOnline = !isLost; drawState(); if (!isLost) sendNow().then(keepForOffline); });
  window.addEventListener("online", reach);
  state.drafts = new Map((await drafts()).map((draft) => [draft.key, draft]));
  await readRecords();
  await load();
  state.isOnline = await reach();
  drawState();
  await sendNow();
  await keepForOffline();
}

function load() {
  return loadInto(byId("card"), async () => {
    state.list = await getJson(`/api/patrol/lists/${encodeURIComponent(ref)}?${new URLSearchParams({ ed: shown.catalog.edition.edition })}`);
    state.at = Math.min(state.at, state.list.sources.length - 1);
    drawAll();
  });
}

/** Drafts are read once, at the start: from then on what stands here is newer than what the device has taken down. */
async function readRecords() {
  state.records = await keptRecords();
}

/** Sends what waits; also what was refused before, when asked for. @param {boolean} [hasRefused] */
async function sendNow(hasRefused = false) {
  await sendKept(async () => { await readRecords(); drawState(); drawStops(); }, hasRefused);
  await readRecords();
  if (state.list) keepingFocus(document.getElementById("record-form") ? drawAround : drawAll);
}

/** Has the service worker keep everything that this page has asked for. */
async function keepForOffline() {
  if (!navigator.serviceWorker) return setOffline("insecure");
  if (!state.isOnline) return undefined;
  await readyOtherLanguage();
  await navigator.serviceWorker.register("/patrol/offline.js", { scope: "/patrol/" });
  const { active } = await navigator.serviceWorker.ready;
  const channel = new MessageChannel();
  channel.port1.onmessage = (event) => setOffline(event.data.isKept ? "kept" : "failed");
  active?.postMessage({ ref, addresses: neededAddresses() }, [channel.port2]);
  return undefined;
}

/** @param {"kept" | "insecure" | "failed"} word */
function setOffline(word) {
  state.offline = word;
  drawState();
}

/** This page and everything that it has asked the server for. */
function neededAddresses() {
  const asked = performance.getEntriesByType("resource").map((entry) => new URL(entry.name)).filter((url) => url.origin === location.origin);
  const paths = asked.map((url) => url.pathname + url.search).filter((path) => !NOT_KEPT.some((beginning) => path.startsWith(beginning)));
  return [...new Set([location.pathname, ...paths])];
}

/* Drawing */

function drawAll() {
  if (!state.list) return;
  drawAround();
  drawCard();
}

/** All but the card: nobody's words are taken from under the hands that write them. */
function drawAround() {
  const { list } = state;
  byId("page-title").textContent = `${t("day_title")} ${list.ref}`;
  titlePage(`${t("day_title")} ${list.ref}`);
  put(byId("round-facts"), el("p", { class: "muted" }, [day(list.on_date), t("day_total", { n: number(list.sources.length), length: distance(totalM(list.sources, list.start)) })].join(" · ")),
    list.missing.length ? el("p", { class: "notice" }, t("round_missing", { n: number(list.missing.length) })) : null,
    el("p", { class: "round-code" }, t("round_open_on_phone"), el("br"), el("img", { class: "qr", src: `/api/patrol/lists/${encodeURIComponent(ref)}/qr.svg`, alt: t("qr_of", { address: location.origin + location.pathname }), width: 132, height: 132 })));
  drawState();
  drawStops();
}

/** Whether there is a network, what is kept, and what still has to be sent. */
function drawState() {
  if (!state.list) return;
  const refused = state.records.filter((record) => record.refusal);
  const waiting = state.records.filter((record) => !record.sent_at && !record.refusal);
  const told = clock(state.list.told_at);
  put(byId("round-state"),
    state.isOnline ? null : el("p", { class: "notice", id: "no-network" }, t("round_no_network", { time: told })),
    state.isOnline && state.offline ? el("p", { class: state.offline === "kept" ? "muted" : "notice", id: "offline-state", "data-state": state.offline }, t(`round_${state.offline}`, { time: told })) : null,
    waiting.length ? el("p", { class: "notice", id: "waiting" }, t("round_waiting", { n: number(waiting.length) }), " ", el("button", { type: "button", class: "button small", id: "send-now", on: { click: onSend } }, t("round_send"))) : null,
    refused.length ? el("div", { class: "notice error-box", id: "refused" }, refused.map((record) => el("p", {}, `${record.body.name ?? record.body.place}: ${said(/** @type {any} */ (record.refusal), "message") || record.refusal?.code}`)), el("p", {}, t("round_refused")),
      el("button", { type: "button", class: "button small", on: { click: onSend } }, t("try_again"))) : null,
    !waiting.length && !refused.length && state.records.length ? el("p", { class: "muted", id: "all-sent" }, t("round_all_sent")) : null);
}

async function onSend() {
  state.isOnline = await reach();
  await sendNow(true);
}

function drawStops() {
  put(byId("stops"), el("ol", {}, state.list.sources.map((/** @type {any} */ place, /** @type {number} */ i) => {
    const word = t(`round_${progress(place)}`);
    return el("li", {}, el("button", { type: "button", class: `stop-button is-${progress(place)}`, "data-focus": `stop-${i}`, "aria-current": i === state.at ? "step" : null, "aria-label": `${i + 1} ${place.name}, ${word}`, title: `${place.name} · ${word}`, on: { click: () => go(i) } },
      `${i + 1}${progress(place) === "recorded" ? " ✓" : progress(place) === "arrived" ? " ·" : ""}`));
  })));
}

/** @param {any} place */
const keyOf = (place) => `${ref} ${place.place}`;

/** What was recorded of a place on this list: on this device, else elsewhere. @param {any} place @returns {any[]} newest first */
function recordsOf(place) {
  const own = state.records.filter((record) => record.key === keyOf(place));
  const ids = new Set(own.map((record) => record.record_id));
  const others = state.list.records.filter((/** @type {any} */ record) => record.place === place.place && !ids.has(record.record_id));
  const told = own.map((record) => ({ ...record.body, sent_at: record.sent_at, n_sent: record.n_sent }));
  return [...told, ...others.map((/** @type {any} */ record) => ({ ...record, sent_at: record.received_at }))].sort((a, b) => (a.recorded_at < b.recorded_at ? 1 : -1));
}

/** @param {any} place @returns {"recorded" | "arrived" | "ahead"} */
const progress = (place) => (recordsOf(place).length ? "recorded" : state.drafts.get(keyOf(place))?.arrived_at ? "arrived" : "ahead");

function drawCard() {
  state.pictures.splice(0).forEach((address) => URL.revokeObjectURL(address));
  const { sources, start } = state.list;
  const place = sources[state.at];
  const before = state.at ? sources[state.at - 1] : start;
  const way = before ? straightM(before, place) : NaN;
  const draft = state.drafts.get(keyOf(place));
  put(byId("card"), el("article", { class: "round-card", "aria-labelledby": "card-title" },
    el("p", { class: "muted" }, t("round_position", { n: state.at + 1, all: sources.length }), Number.isFinite(way) ? ` · ${t(state.at ? "round_from_last" : "round_from_start", { length: distance(way) })}` : ""),
    el("h2", { id: "card-title", tabindex: "-1" }, place.name), el("p", {}, levelChip(place.level)),
    el("p", {}, [place.town_name, place.address, place.responsible_office].filter(Boolean).join(" · ")),
    el("p", { class: "muted" }, isMissing(place.lon) ? t("unplaced") : `${coordinates(place.lon, place.lat)} ${datum()} `, state.isOnline ? el("a", { href: withEdition(featureHref(place.layer, place.id)) }, t("open_on_map")) : null),
    el("h3", {}, t("why_this_level")), el("ol", { class: "numbered" }, reasons(place).map((reason) => el("li", {}, reason))),
    el("h3", {}, t("look_at")), lookAt(place),
    el("h3", {}, t("last_visit")), el("p", { id: "last-visit" }, visitWord(place)),
    recordsOf(place).map(recordLine),
    draft?.arrived_at ? recordForm(place, draft) : el("button", { type: "button", class: "button primary wide", id: "arrive", on: { click: () => arrive(place) } }, t(recordsOf(place).length ? "round_again" : "round_arrive")),
    el("div", { class: "round-ways" },
      el("button", { type: "button", class: "button", id: "previous-place", disabled: state.at === 0, on: { click: () => go(state.at - 1) } }, t("round_previous")),
      el("button", { type: "button", class: "button", id: "next-place", disabled: state.at === sources.length - 1, on: { click: () => go(state.at + 1) } }, t("round_next")))));
}

/** @param {any} place */
const visitWord = ({ last_visit: visit }) => (visit ? `${day(localDate(visit.at))} · ${t(`outcome_${visit.outcome}`)}` : t("never_visited"));

/** @param {any} record */
function recordLine(record) {
  const photos = record.n_photos ? ` · ${t("round_photos", { n: record.n_photos })}` : "";
  return el("p", { class: "round-record" }, el("strong", {}, t(`outcome_${record.outcome}`)), ` ${day(localDate(record.recorded_at))} ${clock(record.recorded_at)}${photos} · ${t(record.sent_at ? "round_sent" : "round_unsent")}`,
    record.note ? el("span", { class: "round-note" }, record.note) : null);
}

/* What a person does */

/** @param {number} i */
function go(i) {
  state.at = i;
  state.problem = "";
  replaceAddress({ n: i ? String(i + 1) : null });
  drawStops();
  drawCard();
  byId("card-title").focus();
}

/** @param {any} place */
async function arrive(place) {
  await changeDraft(place, { arrived_at: new Date().toISOString() });
  drawStops();
  drawCard();
  byId("outcome-remedied").focus();
  say(t("round_arrived"));
}

/** @param {any} place @param {Partial<import("./outbox.js").Draft>} changes */
function changeDraft(place, changes) {
  const key = keyOf(place);
  const draft = { key, arrived_at: null, outcome: "", note: "", photos: [], ...state.drafts.get(key), ...changes };
  state.drafts.set(key, draft);
  return keepDraft(draft);
}

/** @param {any} place @param {import("./outbox.js").Draft} draft */
function recordForm(place, draft) {
  return el("form", { id: "record-form", class: "round-form", novalidate: true, on: { submit: (/** @type {Event} */ event) => { event.preventDefault(); record(place); } } },
    el("p", { class: "muted", id: "arrived-at" }, t("round_arrived_at", { time: clock(draft.arrived_at) })),
    state.problem ? el("p", { class: "notice error-box", id: "problem", role: "alert", tabindex: "-1" }, state.problem) : null,
    el("fieldset", {}, el("legend", {}, `${t("round_outcome")} *`), OUTCOMES.map((word) => el("label", { class: "check" },
      el("input", { type: "radio", name: "outcome", id: `outcome-${word}`, value: word, checked: draft.outcome === word, on: { change: () => changeDraft(place, { outcome: word }) } }), t(`outcome_${word}`)))),
    el("div", { class: "field" }, el("label", { for: "note" }, t("round_note")), el("textarea", { id: "note", rows: 3, maxlength: LONGEST_NOTE, on: { input: (/** @type {any} */ event) => changeDraft(place, { note: event.target.value }) } }, draft.note)),
    photoField(place, draft),
    el("button", { type: "submit", class: "button primary wide", id: "record" }, t("round_record")));
}

/** @param {any} place @param {import("./outbox.js").Draft} draft */
function photoField(place, draft) {
  const thumbs = draft.photos.map((photo, i) => {
    state.pictures.push(URL.createObjectURL(new Blob([photo], { type: "image/jpeg" })));
    return el("li", {}, el("img", { src: state.pictures[i], alt: t("photo_n", { n: i + 1 }), width: 88, height: 88 }),
      el("button", { type: "button", class: "icon-button", "aria-label": t("remove_photo", { n: i + 1 }), on: { click: () => removePhoto(place, draft, i) } }, "✕"));
  });
  return el("div", { class: "field" }, el("p", { id: "photos-title" }, t("round_photos_of", { n: draft.photos.length, most: MOST_PHOTOS })),
    thumbs.length ? el("ul", { class: "round-photos", "aria-labelledby": "photos-title" }, thumbs) : null,
    draft.photos.length < MOST_PHOTOS ? el("label", { class: "button photo-button" }, t("round_add_photo"), el("input", { type: "file", id: "photo", class: "unseen", accept: "image/jpeg,image/png,image/webp", capture: "environment", on: { change: (/** @type {any} */ event) => addPhoto(place, event.target.files[0]) } })) : null);
}

/** @param {any} place @param {File|undefined} file */
async function addPhoto(place, file) {
  if (!file) return;
  const photo = await readPhoto(file);
  state.problem = photo ? "" : t("round_no_photo", { name: file.name });
  const photos = state.drafts.get(keyOf(place))?.photos ?? [];
  if (photo && photos.length < MOST_PHOTOS) await changeDraft(place, { photos: [...photos, photo] });
  drawCard();
  say(state.problem || t("round_photos_of", { n: photos.length + 1, most: MOST_PHOTOS }));
  document.getElementById(state.problem ? "problem" : "photo")?.focus();
}

/** @param {any} place @param {import("./outbox.js").Draft} draft @param {number} i */
async function removePhoto(place, draft, i) {
  await changeDraft(place, { photos: draft.photos.filter((_, k) => k !== i) });
  drawCard();
  byId("photo").focus();
}

/** @param {string} words what is in the way of recording */
function tellProblem(words) {
  state.problem = words;
  drawCard();
  byId("problem").focus();
}

/** Keeps what is written on the device first, then sends it. @param {any} place */
async function record(place) {
  const draft = state.drafts.get(keyOf(place));
  if (!draft) return;
  if (!draft.outcome) return tellProblem(t("round_choose_outcome"));
  state.problem = "";
  state.drafts.delete(draft.key); // a second press has nothing left to record
  try {
    await finishDraft(draft, { place: place.place, edition: state.list.edition, list_ref: ref });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    state.drafts.set(draft.key, draft);
    return tellProblem(t("round_not_kept"));
  }
  await readRecords();
  drawAll();
  say(t("round_kept_here"));
  document.getElementById(state.at < state.list.sources.length - 1 ? "next-place" : "card-title")?.focus();
  return sendNow();
}

start();
