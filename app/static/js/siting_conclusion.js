/** The conclusion of a siting case: verdict first, reasons with shortest lines, trials, what passed and what was not looked at. */
import { ApiError, getJson } from "./api.js";
import { drawNamed } from "./area_names.js";
import { byId, el, put } from "./dom.js";
import { distance, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { drawReasonLines } from "./map_drawings.js";
import { flyToGeometry } from "./map_sight.js";
import { errorBox } from "./panel.js";
import { section } from "./reasons.js";
import { countsLine, ground, lineLabel, newest, notAssessedPart, partLine, passedPart, reasonItem, share, verdictHead, verdictWord } from "./siting_words.js";
import { lang, said, t } from "./texts.js";
import { endangersPart, forgetEndangers } from "./what_if.js";
import { featureHref } from "./workspace.js";

const LINES_SHOWN = 12;
/** @type {any[]} the ground that was asked about */
let asked = [];

/** Takes trial and dangers off the map. */
export const forgetTrial = () => forgetEndangers();

/**
 * @param {any} kept @param {any} choices @param {{copy: () => void, show: () => void}} calls
 */
export function conclusion(kept, choices, calls) {
  const answer = newest(kept);
  const last = kept.checks.at(-1);
  asked = (kept.request.parts ?? [kept.request]).map((/** @type {any} */ part) => part.geometry);
  const hasParts = (answer.parts ?? []).length > 1;
  drawReasonLines(answer.reasons.filter((/** @type {any} */ reason) => reason.line).slice(0, LINES_SHOWN).map(asLine));
  return [
    verdictHead(answer.verdict),
    el("p", {}, countsLine(answer)),
    el("p", { class: "muted small" }, t("verdict_basis", { edition: answer.edition_label, rules: String(answer.rules_version).slice(0, 8), ref: kept.ref })),
    last ? el("p", { class: `notice${last.has_changed ? " error-box" : ""}` }, t(last.has_changed ? "case_changed" : "case_same", { edition: answer.edition_label, first: kept.edition_label })) : null,
    last?.answer.error ? el("p", { class: "notice error-box" }, said(last.answer.error, "message")) : null,
    actions(kept, calls),
    partTable(kept, answer, choices),
    answer.reasons.length ? section(t("reasons", { n: answer.reasons.length }), el("ol", { class: "reasons" }, answer.reasons.map((/** @type {any} */ reason) => reasonItem(reason, hasParts, reasonButtons(reason))))) : null,
    answer.reasons.length ? el("section", { class: "trial", id: "trial" }, el("button", { type: "button", class: "button", on: { click: () => trial(kept) } }, t("try_shift"))) : null,
    answer.endangers ? endangersPart(answer.endangers) : null,
    notAssessedPart(answer.not_assessed),
    passedPart(answer.passed),
    said(answer, "legal_note") ? el("p", { class: "notice" }, said(answer, "legal_note")) : null,
    el("p", { class: "notice disclaimer" }, said(answer, "disclaimer")),
  ];
}

/** @param {any} kept @param {{copy: () => void, show: () => void}} calls */
const actions = (kept, calls) => el("div", { class: "actions" },
  el("a", { class: "button primary", href: `/siting/${encodeURIComponent(kept.ref)}/letter?lang=${lang()}` }, t("make_letter")),
  el("a", { class: "button", id: "case-map", href: `/siting/${encodeURIComponent(kept.ref)}/map.pdf?lang=${lang()}` }, t("make_case_map")),
  el("button", { type: "button", class: "button", on: { click: calls.copy } }, t("copy_case")),
  (kept.alternatives ?? []).length > 1 ? el("a", { class: "button", href: withEdition(`/siting/compare?refs=${kept.alternatives.join(",")}`) }, t("compare_alternatives", { n: kept.alternatives.length })) : null,
  el("button", { type: "button", class: "button", on: { click: calls.show } }, t("zoom_to")));

/** @param {any} kept @param {any} answer @param {any} choices */
function partTable(kept, answer, choices) {
  const sent = kept.request.parts ?? [kept.request];
  return el("table", { class: "summary parts", role: "table" }, el("caption", { class: "unseen" }, t("site_ground")), el("tbody", { role: "rowgroup" }, (answer.parts ?? []).map((/** @type {any} */ part) => el("tr", { role: "row" },
    el("th", { scope: "row", role: "rowheader" }, `${t("site_part", { n: part.part + 1 })} · ${ground(part.area_m2)}`),
    el("td", { role: "cell" }, partLine(sent[part.part], choices.project_types.find((/** @type {any} */ type) => type.id === part.project_type.id))),
    el("td", { role: "cell" }, verdictWord(part.verdict), part.share_of_area === null ? "" : ` ${t("share_of_site", { share: share(part.share_of_area) })}`)))));
}

/** @param {any} reason */
const asLine = (reason) => ({ line: reason.line, label: lineLabel(reason) });

/** @param {any} reason */
function reasonButtons(reason) {
  const show = () => { drawReasonLines([asLine(reason)]); flyToGeometry(reason.line); };
  return el("div", { class: "actions" }, reason.line ? el("button", { type: "button", class: "button small", on: { click: show } }, t("show_line")) : null,
    reason.object?.id ? el("a", { class: "button small", href: withEdition(featureHref(reason.object.layer, reason.object.id)) }, t("open_on_map")) : null);
}

/** The smallest shifts, asked for when a person wants them. @param {any} kept */
async function trial(kept) {
  const box = byId("trial");
  put(box, el("p", { role: "status" }, t("trying_shift")));
  try {
    const told = await getJson(`/api/site-checks/${encodeURIComponent(kept.ref)}/shifts`);
    put(box, el("h3", {}, t("trial_title")), togetherPart(told), el("ul", { class: "plain" }, told.shifts.map(shiftItem)), el("p", { class: "muted small" }, said(told, "note")));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(box, errorBox(error, () => trial(kept)));
  }
}

/** @param {any} told */
function togetherPart(told) {
  if (!told.together) return el("p", {}, t("no_shift_together"));
  return el("p", {}, el("strong", {}, t("shift_together", moved(told.together))), " ", showButton(told.together), told.left.length ? el("span", {}, " ", t("shift_left", { n: told.left.length, names: told.left.map((/** @type {any} */ one) => said(one)).join("; ") })) : null);
}

/** @param {any} shift */
const moved = (shift) => ({ way: t(`way_${Math.round(shift.bearing_deg / 45) % 8}`), metres: distance(shift.metres), bearing: number(shift.bearing_deg, 0) });

/** @param {any} one */
const shiftItem = (one) => el("li", {}, said(one), one.object?.name ? ` (${one.object.name})` : "", ": ", one.shift ? [t("shift_one", moved(one.shift)), " ", showButton(one.shift)] : t("no_shift"));

/** The shifted site in outline beside the one that was asked about. @param {any} shift */
const showButton = (shift) => el("button", { type: "button", class: "link", on: { click: () => {
  drawNamed(shift.parts.map((/** @type {any} */ geometry) => ({ geometry: outline(geometry), fill: "", label: t("trial_word"), rank: 0 })));
  flyToGeometry({ type: "GeometryCollection", geometries: [...shift.parts, ...asked] });
} } }, t("show_shift"));

/** @param {any} geometry a polygon as the lines around it */
function outline(geometry) {
  if (geometry.type === "Point") return geometry;
  return { type: "MultiLineString", coordinates: geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat() };
}
