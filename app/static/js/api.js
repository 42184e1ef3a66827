/** Requests to our own server; a server that is gone is told apart from one that says no. */

/** What the server answered when it refused a request. */
export class ApiError extends Error {
  /**
   * @param {number} status HTTP status; 0 when the server could not be reached
   * @param {{code?: string, message_zh?: string, message_en?: string, field?: string|null}} detail
   */
  constructor(status, detail) {
    super(detail.message_en || detail.code || `HTTP ${status}`);
    this.status = status;
    this.code = detail.code || `HTTP-${status}`;
    this.message_zh = detail.message_zh;
    this.message_en = detail.message_en;
    this.field = detail.field ?? null;
  }
}

const connection = new EventTarget();
const RETRY_S = [5, 10, 30];
let lost = false;

/** @param {(isLost: boolean) => void} listener told when the server goes and when it is back */
export function onConnection(listener) {
  connection.addEventListener("change", () => listener(lost));
}

/** Notes that a request did not reach the server, and tries again after 5, 10 and then every 30 seconds. */
export function serverGone() {
  if (lost) return;
  setLost(true);
  retry(0);
}

/** @param {number} attempt */
function retry(attempt) {
  const wait = RETRY_S[Math.min(attempt, RETRY_S.length - 1)];
  setTimeout(async () => {
    if (lost && !(await tryAgain())) retry(attempt + 1);
  }, wait * 1000);
}

/** Asks once whether the server is there; where it is not, it counts as gone and is tried again. */
export async function reach() {
  if (await tryAgain()) return true;
  serverGone();
  return false;
}

/** Asks once whether the server is back. */
export async function tryAgain() {
  const isThere = await answers();
  if (isThere) setLost(false);
  return isThere;
}

async function answers() {
  try {
    return (await fetch("/healthz", { cache: "no-store" })).status < 502;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return false;
  }
}

/** @param {boolean} value */
function setLost(value) {
  if (lost === value) return;
  lost = value;
  connection.dispatchEvent(new Event("change"));
}

/**
 * The JSON that an address answers.
 * @param {string} path
 * @param {{signal?: AbortSignal}} [options]
 */
export async function getJson(path, options = {}) {
  return (await ask(path, { signal: options.signal })).json();
}

/** @param {string} path @param {object} body */
export async function postJson(path, body) {
  return (await post(path, body)).json();
}

/** Sends a file as the body; what the address answers. @param {string} path @param {Blob} file */
export async function postFile(path, file) {
  return (await ask(path, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file })).json();
}

/** @param {string} path @param {object} body @returns {Promise<Blob>} */
export async function postForFile(path, body) {
  return (await post(path, body)).blob();
}

/** Changes what stands at an address. @param {"PUT"|"PATCH"|"DELETE"} method @param {string} path @param {object} [body] */
export async function change(method, path, body) {
  return (await ask(path, { method, headers: body && { "Content-Type": "application/json" }, body: body && JSON.stringify(body) })).json();
}

/** @param {string} path @param {object} body */
function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
async function ask(path, init) {
  let answer;
  try {
    answer = await fetch(path, init);
  } catch (error) {
    if (error instanceof TypeError) {
      serverGone();
      throw new ApiError(0, { code: "E-OFFLINE" });
    }
    throw error;
  }
  if (!answer.ok) throw new ApiError(answer.status, await refusal(answer));
  return answer;
}

/** @param {Response} answer */
async function refusal(answer) {
  if (!(answer.headers.get("Content-Type") ?? "").includes("json")) return {};
  return (await answer.json()).error ?? {};
}

/**
 * Sends a file to an address, telling how much of it has gone.
 * @param {string} path @param {Blob} file @param {(share: number) => void} onProgress share from 0 to 1
 * @param {AbortSignal} signal
 * @returns {Promise<any>}
 */
export function putFile(path, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    sending.open("PUT", path);
    sending.setRequestHeader("Content-Type", "application/octet-stream");
    sending.upload.addEventListener("progress", (event) => onProgress(event.total ? event.loaded / event.total : 0));
    sending.addEventListener("load", () => {
      const answer = answered(sending);
      if (sending.status < 400) resolve(answer);
      else reject(new ApiError(sending.status, answer.error ?? {}));
    });
    sending.addEventListener("error", () => {
      serverGone();
      reject(new ApiError(0, { code: "E-OFFLINE" }));
    });
    sending.addEventListener("abort", () => reject(new ApiError(0, { code: "E-CANCELLED" })));
    signal.addEventListener("abort", () => sending.abort());
    sending.send(file);
  });
}

/** @param {XMLHttpRequest} sending */
function answered(sending) {
  if (!(sending.getResponseHeader("Content-Type") ?? "").includes("json")) return {};
  return JSON.parse(sending.responseText);
}
