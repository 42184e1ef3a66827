/** Says when a newer edition was published while the page stood; nothing on it changes by itself. */
import { ApiError, getJson } from "./api.js";
import { shown } from "./atlas.js";

const LOOK_AGAIN_MS = 300_000;

/** Looks every five minutes, and when somebody comes back to the page. @param {() => void} onNewer */
export function wireNewer(onNewer) {
  const look = async () => {
    if (document.hidden) return;
    try {
      const { editions } = await getJson("/api/editions");
      shown.newer = editions.find((/** @type {any} */ entry) => entry.is_newest) ?? null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return;
    }
    onNewer();
  };
  window.setInterval(look, LOOK_AGAIN_MS);
  document.addEventListener("visibilitychange", look);
}
