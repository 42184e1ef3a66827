/** Atlases that were asked for: how far they are, their files, once more. */
import { ApiError, getJson, postJson } from "./api.js";
import { editionName, shown } from "./atlas.js";
import { byId, el, put } from "./dom.js";
import { clock, day, localDate } from "./formats.js";
import { errorBox } from "./panel.js";
import { said, t } from "./texts.js";

const LOOK_AGAIN_MS = 1500;
const NAMED_TOWNS = 3;
const UNFINISHED = ["waiting", "running", "cancelling"];
/** @type {() => {ed: any}} */
let present = () => ({ ed: "" });
/** @type {number|undefined} */
let timer;

/** @param {() => {ed: any}} edition what edition the page shows */
export function wireAtlases(edition) {
  present = edition;
}

/** Draws the list, and again while something is under way. */
export async function drawAtlases() {
  window.clearTimeout(timer);
  try {
    const answer = await getJson("/api/atlases");
    put(byId("atlas-jobs"), answer.atlases.length ? answer.atlases.map(row) : el("p", { class: "muted" }, t("no_atlases")),
      el("p", { class: "muted small" }, t("atlases_kept", { n: answer.kept_days })));
    if (answer.atlases.some((/** @type {any} */ job) => UNFINISHED.includes(job.state))) timer = window.setTimeout(drawAtlases, LOOK_AGAIN_MS);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("atlas-jobs"), errorBox(error, drawAtlases));
  }
}

/** When an atlas was asked for, of which edition and what: many have one title. @param {any} job */
function asked(job) {
  const edition = shown.catalog.editions.find((entry) => entry.edition === job.edition);
  const pages = job.towns?.length ? job.towns.slice(0, NAMED_TOWNS).join(" ") + (job.towns.length > NAMED_TOWNS ? " …" : "") : job.rows ? t("atlas_rows", { n: job.rows.ids.length }) : t("atlas_all_towns");
  return [`${day(localDate(job.requested_at))} ${clock(job.requested_at)}`, edition ? editionName(edition) : job.edition, pages].join(" · ");
}

/** @param {any} job */
function row(job) {
  const isOn = UNFINISHED.includes(job.state);
  const step = job.n_total ? `${job.n_done ?? 0}/${job.n_total}` : "";
  return el("div", { class: "job-row" }, el("strong", {}, job.title), el("span", { class: "muted small" }, asked(job)), el("span", {}, `${t(`atlas_${job.state}`)} ${isOn ? step : ""}`),
    isOn && job.n_total ? el("progress", { max: job.n_total, value: job.n_done ?? 0, "aria-label": job.title }) : null,
    job.state === "failed" ? el("span", { class: "notice" }, said({ title_zh: job.error_zh, title_en: job.error_en })) : null,
    job.has_file ? el("a", { class: "button", href: `/api/atlases/${job.job_id}/file` }, t("atlas_download")) : null,
    isOn ? act("atlas_cancel", `/api/atlases/${job.job_id}/cancel`) : null,
    isOn ? null : act(job.state === "done" ? "atlas_again" : "atlas_retry", `/api/atlases/${job.job_id}/again?ed=${present().ed}`));
}

/** @param {string} key @param {string} path */
const act = (key, path) => el("button", { type: "button", class: "button", on: { click: async () => {
  try {
    await postJson(path, {});
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return put(byId("sheet-state"), errorBox(error, null));
  }
  await drawAtlases();
} } }, t(key));

