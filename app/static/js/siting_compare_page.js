/** Alternatives of a project side by side: verdict, parts, reasons. */
import { getJson } from "./api.js";
import { readAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { withEdition } from "./frame.js";
import { countsLine, ground, newest, notAssessedPart, passedPart, reasonItem, verdictHead } from "./siting_words.js";
import { said, t } from "./texts.js";
import { loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

const MOST = 6;
/** @type {any[]} */
let cases = [];
const workspace = { keys: ["refs"], regions: ["search", "page-title"], draw: drawAll, onEdition: load };

async function start() {
  if (!(await startWorkspace(workspace))) return;
  wireKeys(workspace);
  await load();
}

function load() {
  const refs = (readAddress().values.refs ?? "").split(",").filter(Boolean).slice(0, MOST);
  return loadInto(byId("found"), async () => {
    cases = await Promise.all(refs.map((ref) => getJson(`/api/site-checks/${encodeURIComponent(ref)}`)));
    drawAll();
  });
}

function drawAll() {
  titlePage(t("compare_title"));
  byId("page-title").textContent = t("compare_title");
  byId("all-cases").setAttribute("href", withEdition("/siting"));
  put(byId("found"), cases.length ? el("div", { class: "side-by-side" }, cases.map(column)) : el("p", { class: "notice" }, t("compare_nothing")));
}

/** @param {any} kept */
function column(kept) {
  const answer = newest(kept);
  return el("section", { "aria-label": kept.ref },
    el("h2", {}, el("a", { href: withEdition(`/siting/${encodeURIComponent(kept.ref)}`) }, kept.ref), " ", kept.request.name ?? ""),
    verdictHead(answer.verdict),
    el("ul", { class: "plain" }, (answer.parts ?? []).map((/** @type {any} */ part) => el("li", {}, `${t("site_part", { n: part.part + 1 })} ${said(part.project_type)} · ${ground(part.area_m2)} · ${said(part.verdict)}`))),
    el("p", {}, countsLine(answer)),
    answer.reasons.length ? el("h3", {}, t("reasons", { n: answer.reasons.length })) : null,
    el("ol", { class: "reasons" }, answer.reasons.map((/** @type {any} */ reason) => reasonItem(reason, (answer.parts ?? []).length > 1, []))),
    notAssessedPart(answer.not_assessed),
    passedPart(answer.passed));
}

start();
