/** Jobs of the worker: how far they are, how they are cancelled, and what to do where they failed. */
import { ApiError, getJson, postJson } from "./api.js";
import { el, put } from "./dom.js";
import { drawWorker } from "./data_frame.js";
import { number } from "./formats.js";
import { errorBox, say } from "./panel.js";
import { said, t } from "./texts.js";

/** @typedef {{job_id: number, kind: string, state: string, step_zh: string|null, step_en: string|null, n_done: number|null, n_total: number|null,
 *   result?: any, error_zh: string|null, error_en: string|null, attempts: number, started_at: string|null, requested_at: string}} Job */

const POLL_MS = 700;
const AWAY_MS = 5000;

/** @param {Job|null|undefined} job */
export const isUnfinished = (job) => Boolean(job) && ["waiting", "running", "cancelling"].includes(/** @type {Job} */ (job).state);

/**
 * Shows a job in a node until it ends; then `onEnd` is told. A server that is gone is waited for.
 * @param {HTMLElement} node
 * @param {Job} job
 * @param {(job: Job) => void} onEnd
 */
export function follow(node, job, onEnd) {
  const mine = String(job.job_id);
  node.dataset.job = mine;
  /** @param {Job} now */
  const step = async (now) => {
    if (node.dataset.job !== mine || !node.isConnected) return;
    drawJob(node, now);
    if (!isUnfinished(now)) return onEnd(now);
    setTimeout(() => ask(now), POLL_MS);
  };
  /** @param {Job} before */
  const ask = async (before) => {
    try {
      const now = await getJson(`/api/jobs/${mine}`);
      drawWorker(now.is_worker_alive);
      await step(now);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setTimeout(() => ask(before), AWAY_MS);
    }
  };
  step(job);
}

/** @param {HTMLElement} node @param {Job} job */
function drawJob(node, job) {
  const focus = document.activeElement?.closest("[data-job]") === node;
  put(node, jobBox(job, () => cancel(node, job)));
  if (focus) /** @type {HTMLElement|null} */ (node.querySelector("button"))?.focus();
}

/**
 * A job in words: a bar while it runs, what to do when it failed.
 * @param {Job} job
 * @param {(() => void)|null} onCancel
 */
export function jobBox(job, onCancel = null) {
  const runs = isUnfinished(job);
  const counted = job.n_total ? t("data_n_of", { n: number(job.n_done ?? 0), all: number(job.n_total) }) : job.n_done ? number(job.n_done) : "";
  return el("div", { class: `job job-${job.state}`, role: job.state === "failed" ? "alert" : null },
    el("p", { class: "job-line" }, el("strong", {}, t(`data_state_${job.state}`)), " ", runs ? said(job, "step") : "", " ", runs ? counted : "",
      job.attempts > 0 && runs ? el("span", { class: "muted" }, " ", t("data_resumed")) : null),
    runs ? el("progress", { max: job.n_total || null, value: job.n_total ? job.n_done ?? 0 : null, "aria-label": t("data_progress") }) : null,
    job.state === "failed" ? el("p", {}, said(job, "error")) : null,
    job.state === "failed" ? el("p", { class: "muted" }, t("data_job_number", { n: job.job_id })) : null,
    runs && onCancel ? el("button", { type: "button", class: "button small", disabled: job.state === "cancelling", on: { click: onCancel } }, t("cancel")) : null);
}

/** @param {HTMLElement} node @param {Job} job */
async function cancel(node, job) {
  try {
    await postJson(`/api/jobs/${job.job_id}/cancel`, {});
    say(t("data_state_cancelling"));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(node, errorBox(error, null));
  }
}

/**
 * Asks for a job and follows it; a refusal is shown with its reason.
 * @param {HTMLElement} node @param {string} path @param {object} body @param {(job: Job) => void} onEnd
 */
export async function runJob(node, path, body, onEnd) {
  try {
    follow(node, await postJson(path, body), onEnd);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(node, errorBox(error, error.status === 0 ? () => runJob(node, path, body, onEnd) : null));
  }
}
