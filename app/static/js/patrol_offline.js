/**
 * The service worker of the lists of a day: it answers from what was kept on the device when the network does not.
 * A page tells it what it needs; that is kept whole or not at all, so that old and new files never mix.
 */

const worker = /** @type {any} */ (self);
const PREFIX = "patrol-list-";
const MOST_LISTS = 5;
/** How long the network may take where there is something kept to show. */
const PATIENCE_MS = 8000;
/** From here on the server is gone, as a proxy before it says. */
const GONE = 502;
const LIST_PAGE = /^\/patrol\/(X\d{4}-\d{4,9})$/;

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("message", (/** @type {any} */ event) => {
  const { ref, addresses } = event.data;
  const tell = (/** @type {boolean} */ isKept) => event.ports[0].postMessage({ isKept });
  event.waitUntil(keep(ref, addresses).then(() => tell(true), () => tell(false)));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === worker.location.origin) event.respondWith(answer(event));
});

/** Fetches everything, then puts it in place of what was kept for the list. @param {string} ref @param {string[]} addresses */
async function keep(ref, addresses) {
  const answers = await Promise.all(addresses.map(async (address) => {
    const found = await fetch(address, { cache: "no-cache" });
    if (!found.ok) throw new Error(`${address}: ${found.status}`);
    return found;
  }));
  await caches.delete(PREFIX + ref);
  const store = await caches.open(PREFIX + ref);
  await Promise.all(answers.map((found, i) => store.put(addresses[i], found)));
  const kept = (await caches.keys()).filter((name) => name.startsWith(PREFIX));
  await Promise.all(kept.slice(0, -MOST_LISTS).map((name) => caches.delete(name)));
}

/** The network's answer; where it does not come, what was kept for the page that asks. @param {any} event */
async function answer({ request, clientId }) {
  const kept = await keptAnswer(request, clientId);
  if (!kept) return fetch(request);
  try {
    const found = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return found.status >= GONE ? kept : found;
  } catch {
    return kept;
  }
}

/** @param {any} request @param {string} clientId */
async function keptAnswer(request, clientId) {
  const isPage = request.mode === "navigate";
  const asking = isPage ? request.url : (await worker.clients.get(clientId))?.url;
  const ref = asking && LIST_PAGE.exec(new URL(asking).pathname)?.[1];
  if (!ref || !(await caches.has(PREFIX + ref))) return undefined;
  return (await caches.open(PREFIX + ref)).match(request, { ignoreSearch: isPage, ignoreVary: true });
}
