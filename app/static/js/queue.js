/** What both review queues share: states, who decides, entries that keys walk through, decisions that can be taken back. */
import { getJson, postJson } from "./api.js";
import { readAddress, replaceAddress } from "./address.js";
import { attribute } from "./attributes.js";
import { byId, el, put, svg } from "./dom.js";
import { ask, keepName, lastName, moment, startData } from "./data_frame.js";
import { coordinates, day, distance, isMissing, number } from "./formats.js";
import { errorBox, say } from "./panel.js";
import { said, supplierOf, t } from "./texts.js";
import { loadInto } from "./workspace.js";

const PAGE_ROWS = 50;
const SVG_WIDTH = 200;
const SVG_HEIGHT = 140;
const MARGIN_PX = 22;
const METRES_PER_DEGREE = 111320;
/** Smallest half width of a little map, metres. */
const LEAST_HALF_M = 60;

/**
 * @typedef {{api: string, list: string, states: string[], title: () => string, about: () => string, body: (entry: any) => any,
 *   words: (entry: any) => string, decision: (entry: any) => object}} Queue
 *   `list` names the entries in the answer; `words` tells one of them shortly; `decision` says of which record a decision is
 */

/** @type {any} */
let answer = null;
let wanted = "open";
/** @type {Queue} */
let queue;
let shownRows = PAGE_ROWS;

/** @param {Queue} made */
export async function startQueue(made) {
  queue = made;
  const values = await startData({ title: queue.title, keys: ["state"], draw });
  if (!values) return;
  const asked = readAddress().values.state ?? "";
  wanted = queue.states.includes(asked) ? asked : "open";
  document.addEventListener("keydown", onKey);
  await load();
}

function load() {
  return loadInto(byId("content"), async () => {
    answer = await getJson(`${queue.api}?state=${wanted}&limit=${shownRows}`);
    draw();
    say(t("n_results", { n: answer.n_found }));
  });
}

function draw() {
  if (!answer) return;
  const entries = answer[queue.list];
  put(byId("content"), el("p", { class: "intro" }, queue.about()), head(),
    entries.length ? entries.map(entryBlock) : el("p", { class: "notice", id: "nothing" }, t(answer.counts.all ? "queue_empty_state" : "queue_never_searched")),
    answer.n_found > entries.length ? el("button", { type: "button", class: "button", id: "more", on: { click: more } }, t("queue_more", { n: number(answer.n_found - entries.length) })) : null);
}

function more() {
  shownRows += PAGE_ROWS;
  load();
}

function head() {
  const states = queue.states.map((state) => el("button", { type: "button", class: "button small", id: `state-${state}`, "aria-pressed": String(state === wanted), on: { click: () => choose(state) } }, `${t(`queue_${state}`)} ${number(answer.counts[state])}`));
  const name = el("input", { id: "by-name", type: "text", maxlength: 40, autocomplete: "name", value: lastName(), on: { change: (/** @type {any} */ event) => keepName(event.target.value.trim()) } });
  return [el("div", { class: "queue-head" }, el("div", { class: "states", role: "group", "aria-label": t("queue_states") }, states), ask(t("queue_by"), name)),
    el("p", { class: "hint no-touch" }, t("queue_keys")), el("div", { id: "queue-problem" })];
}

/** @param {string} state */
function choose(state) {
  wanted = state;
  shownRows = PAGE_ROWS;
  replaceAddress({ state: state === "open" ? null : state });
  load();
}

/** @param {any} entry @param {number} i */
function entryBlock(entry, i) {
  const isDecided = Boolean(entry.decision);
  const buttons = isDecided ? [button(entry, i, "undo", "queue_undo")] : [button(entry, i, "accept", "queue_accept", "primary"), button(entry, i, "reject", "queue_reject")];
  return el("article", { class: "entry", tabindex: "0", id: `entry-${i}`, "data-entry": String(i), "aria-label": queue.words(entry) },
    el("div", { class: "entry-head" }, el("span", { class: "entry-score", title: t("queue_score_title") }, entry.score.toFixed(3)), el("span", { class: "tag" }, t(`queue_${entry.state}`)),
      entry.contradicts ? el("span", { class: "tag tag-assumed" }, t("queue_contradicts")) : null,
      isDecided ? el("span", { class: "muted" }, `${entry.decision.by_name} · ${moment(entry.decision.decided_at)}${entry.decision.reason ? ` · ${entry.decision.reason}` : ""}`) : null),
    queue.body(entry),
    el("div", { class: "entry-foot" }, buttons, isDecided ? null : el("input", { class: "reason-field", id: `reason-${i}`, type: "text", maxlength: 500, "aria-label": t("queue_reason"), placeholder: t("queue_reason") })));
}

/** @param {any} entry @param {number} i @param {string} decision @param {string} key @param {string} [extra] */
const button = (entry, i, decision, key, extra = "") =>
  el("button", { type: "button", class: `button small ${extra}`, "data-decision": decision, on: { click: () => decide(entry, i, decision) } }, t(key));

/** @param {any} entry @param {number} i @param {string} decision */
async function decide(entry, i, decision) {
  const name = /** @type {HTMLInputElement} */ (byId("by-name")).value.trim();
  if (!name) return problem(t("queue_name_first"), "by-name");
  keepName(name);
  const reason = /** @type {HTMLInputElement|null} */ (document.getElementById(`reason-${i}`))?.value.trim() ?? "";
  const block = byId(`entry-${i}`);
  block.classList.add("is-busy");
  try {
    await postJson(`${queue.api}/decisions`, { ...queue.decision(entry), decision, by_name: name, reason });
  } catch (error) {
    block.classList.remove("is-busy");
    put(byId("queue-problem"), errorBox(/** @type {any} */ (error), () => decide(entry, i, decision)));
    byId("queue-problem").scrollIntoView({ block: "nearest" });
    return;
  }
  say(`${t(`queue_said_${decision}`)} ${queue.words(entry)}`);
  await load();
  document.getElementById(`entry-${Math.min(i, answer[queue.list].length - 1)}`)?.focus();
}

/** @param {string} text @param {string} field */
function problem(text, field) {
  put(byId("queue-problem"), el("p", { class: "notice", role: "alert" }, text));
  byId(field).focus();
}

/** J and K walk, A accepts, R rejects, U takes back, where an entry has the keyboard. @param {KeyboardEvent} event */
function onKey(event) {
  const at = /** @type {HTMLElement|null} */ (/** @type {HTMLElement|null} */ (document.activeElement)?.closest("[data-entry]"));
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { j: 1, k: -1 }[event.key];
  if (step) {
    const next = at ? Number(at.dataset.entry) + step : 0;
    document.getElementById(`entry-${next}`)?.focus();
    return event.preventDefault();
  }
  const wish = { a: "accept", r: "reject", u: "undo" }[event.key];
  const chosen = wish && at ? /** @type {HTMLElement|null} */ (at.querySelector(`[data-decision="${wish}"]`)) : null;
  chosen?.click();
}

/* What entries are made of */

/** Records side by side: office, date, then their fields; what differs is marked. @param {any[]} records */
export function sideBySide(records) {
  const names = [...new Map(records.flatMap((record) => record.fields.map((/** @type {any} */ field) => [field.name, field]))).values()];
  const valueOf = (/** @type {any} */ record, /** @type {string} */ name) => record.fields.find((/** @type {any} */ field) => field.name === name)?.value;
  const rows = names.filter((field) => records.some((record) => !isMissing(valueOf(record, field.name))));
  return el("table", { class: "side-by-side" }, el("caption", { class: "unseen" }, t("dossier_values")),
    el("thead", {}, el("tr", {}, el("td", {}), records.map((record) => el("th", { scope: "col" }, recordHead(record))))),
    el("tbody", {}, rows.map((field) => {
      const values = records.map((record) => valueOf(record, field.name));
      const isDifferent = new Set(values.filter((value) => !isMissing(value)).map((value) => String(value).normalize("NFKC").replace(/\s/g, ""))).size > 1;
      return el("tr", { class: isDifferent ? "differs" : null }, el("th", { scope: "row" }, said(field), isDifferent ? " ≠" : ""), values.map((value) => el("td", {}, attribute(field, value))));
    }), el("tr", {}, el("th", { scope: "row" }, t("position")), records.map((record) => el("td", {}, isMissing(record.lon) ? t("unplaced") : coordinates(record.lon, record.lat))))));
}

/** @param {any} record */
const recordHead = (record) => [
  el("a", { href: `/features/${encodeURIComponent(record.layer)}/${record.id.split("/").map(encodeURIComponent).join("/")}` }, el("strong", {}, record.label)), el("br"),
  el("span", { class: "little-note" }, [supplierOf(record), said(record), record.as_of ? day(record.as_of) : null].filter(Boolean).join(" · ") || said(record, "layer")),
  record.is_present ? null : el("span", { class: "tag tag-assumed" }, t("queue_gone")),
];

/**
 * A little map without a basemap: places to scale, north up, with a ring of the accuracy.
 * @param {{lon: number, lat: number, kind: "a"|"b", ring_m?: number}[]} places
 */
export function littleMap(places) {
  if (!places.length) return el("p", { class: "little-note" }, t("queue_no_place"));
  const middle = { lon: mean(places.map((place) => place.lon)), lat: mean(places.map((place) => place.lat)) };
  const across = METRES_PER_DEGREE * Math.cos((middle.lat * Math.PI) / 180);
  const points = places.map((place) => ({ ...place, east: (place.lon - middle.lon) * across, north: (place.lat - middle.lat) * METRES_PER_DEGREE }));
  const half = Math.max(LEAST_HALF_M, ...points.map((point) => Math.max(Math.abs(point.east), Math.abs(point.north)) + (point.ring_m ?? 0)));
  const scale = (SVG_HEIGHT / 2 - MARGIN_PX) / half;
  const at = (/** @type {{east: number, north: number}} */ point) => [SVG_WIDTH / 2 + point.east * scale, SVG_HEIGHT / 2 - MARGIN_PX / 3 - point.north * scale];
  const length = niceLength((SVG_WIDTH / 3) / scale);
  return svg("svg", { class: "little-map", viewBox: `0 0 ${SVG_WIDTH} ${SVG_HEIGHT}`, role: "img", "aria-label": t("queue_map") },
    points.filter((point) => point.ring_m).map((point) => svg("circle", { class: "ring", cx: at(point)[0], cy: at(point)[1], r: Math.max(3, (point.ring_m ?? 0) * scale) })),
    points.length === 2 ? svg("line", { class: "join", x1: at(points[0])[0], y1: at(points[0])[1], x2: at(points[1])[0], y2: at(points[1])[1] }) : null,
    points.map((point) => svg("circle", { class: `spot-${point.kind}`, cx: at(point)[0], cy: at(point)[1], r: point.kind === "a" ? 6 : 4 })),
    svg("line", { class: "join", x1: 8, y1: SVG_HEIGHT - 8, x2: 8 + length * scale, y2: SVG_HEIGHT - 8 }),
    svg("text", { x: 8, y: SVG_HEIGHT - 13 }, distance(length)));
}

/** @param {number[]} values */
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The largest of 1, 2, 5 times a power of ten below a length. @param {number} most */
function niceLength(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([5, 2, 1].find((step) => step * power <= most) ?? 1);
}

