/** What an inspector writes down, kept on the device until the server has it: nothing is lost, nothing arrives twice. */
import { ApiError, change, putFile } from "./api.js";

/**
 * @typedef {{key: string, arrived_at: string|null, outcome: string, note: string, photos: ArrayBuffer[]}} Draft
 *   `key`: list and place
 * @typedef {{record_id: string, key: string, body: Record<string, any>, photos: ArrayBuffer[], n_sent: number, sent_at: string|null,
 *   refusal: {message_zh?: string, message_en?: string, code: string}|null}} Kept
 *   `n_sent`: photos that arrived; `refusal`: the server's words where it will never take it as it is
 */

const NAME = "patrol";
const VERSION = 1;
const DRAFTS = "drafts";
const RECORDS = "records";
/** Answers to which the same record may be accepted later. */
const LATER = [0, 401, 403, 408, 429];
const KEPT_DAYS = 30;
const A_DAY_MS = 86_400_000;

/** @type {Promise<IDBDatabase>|null} */
let opened = null;
/** @type {Promise<void>|null} */
let sending = null;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, VERSION);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore(DRAFTS, { keyPath: "key" });
      asked.result.createObjectStore(RECORDS, { keyPath: "record_id" });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

/**
 * Runs deeds in one transaction; resolves once they are on the disk.
 * @template T
 * @param {string[]} stores @param {IDBTransactionMode} mode @param {(transaction: IDBTransaction) => IDBRequest<T>|void} act
 * @returns {Promise<T>}
 */
async function transact(stores, mode, act) {
  const transaction = (await database()).transaction(stores, mode, { durability: "strict" });
  const request = act(transaction);
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(/** @type {T} */ (request?.result));
    transaction.onabort = () => reject(transaction.error);
  });
}

/** @returns {Promise<Draft[]>} */
export const drafts = () => transact([DRAFTS], "readonly", (transaction) => transaction.objectStore(DRAFTS).getAll());

/** @returns {Promise<Kept[]>} */
export const keptRecords = () => transact([RECORDS], "readonly", (transaction) => transaction.objectStore(RECORDS).getAll());

/** @param {Draft} draft */
export const keepDraft = (draft) => transact([DRAFTS], "readwrite", (transaction) => { transaction.objectStore(DRAFTS).put(draft); });

/** @param {Kept} record */
const keepRecord = (record) => transact([RECORDS], "readwrite", (transaction) => { transaction.objectStore(RECORDS).put(record); });

/**
 * A draft becomes a record that waits to be sent, in one step.
 * @param {Draft} draft @param {Record<string, any>} body what is told of it beside the draft
 */
export function finishDraft(draft, body) {
  const { key, arrived_at, outcome, note, photos } = draft;
  /** @type {Kept} */
  const record = {
    record_id: newId(), key, photos, n_sent: 0, sent_at: null, refusal: null,
    body: { ...body, outcome, note, arrived_at, n_photos: photos.length, recorded_at: new Date().toISOString() },
  };
  return transact([DRAFTS, RECORDS], "readwrite", (transaction) => {
    transaction.objectStore(RECORDS).put(record);
    transaction.objectStore(DRAFTS).delete(key);
  });
}

/** A UUID, also where the connection is not secure and `crypto.randomUUID` is missing. */
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * Sends what waits, one record after the other; what the network does not take stays for the next time.
 * @param {() => void} onStep told after every record @param {boolean} [hasRefused] whether refused ones are tried again too; a sending under way leaves them out, so that they follow it
 * @returns {Promise<void>}
 */
export function sendKept(onStep, hasRefused = false) {
  if (sending && hasRefused) return sending.then(() => sendKept(onStep, true));
  sending ??= sendAll(onStep, hasRefused).finally(() => { sending = null; });
  return sending;
}

/** @param {() => void} onStep @param {boolean} hasRefused */
async function sendAll(onStep, hasRefused) {
  const waiting = (await keptRecords()).filter((record) => !record.sent_at && (hasRefused || !record.refusal));
  waiting.sort((a, b) => (a.body.recorded_at < b.body.recorded_at ? -1 : 1));
  for (const record of waiting) {
    try {
      await send(record);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (LATER.includes(error.status) || error.status >= 500) return;
      await keepRecord({ ...record, refusal: { code: error.code, message_zh: error.message_zh, message_en: error.message_en } });
    }
    onStep();
  }
  await forgetOld();
}

/** @param {Kept} record */
async function send(record) {
  const path = `/api/patrol/records/${record.record_id}`;
  await change("PUT", path, record.body);
  for (let i = record.n_sent; i < record.photos.length; i++) {
    await putFile(`${path}/photos/${i + 1}`, new Blob([record.photos[i]], { type: "image/jpeg" }), () => undefined, new AbortController().signal);
    record.n_sent = i + 1;
    await keepRecord(record);
  }
  await keepRecord({ ...record, photos: [], refusal: null, sent_at: new Date().toISOString() });
}

/** Records that the server has had for a month are forgotten here. */
async function forgetOld() {
  const before = new Date(Date.now() - KEPT_DAYS * A_DAY_MS).toISOString();
  const old = (await keptRecords()).filter((record) => record.sent_at && record.sent_at < before);
  await transact([RECORDS], "readwrite", (transaction) => { old.forEach((record) => transaction.objectStore(RECORDS).delete(record.record_id)); });
}
