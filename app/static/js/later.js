/** Parts of a page that it does not need for its first view: fetched once that stands, or when they are first used. */
import { ApiError, serverGone } from "./api.js";

/**
 * A part that comes later.
 * @template T
 * @param {() => Promise<T>} fetchPart
 */
export function later(fetchPart) {
  /** @type {T|null} */
  let part = null;
  /** @type {Promise<T>|null} */
  let coming = null;
  /** The part, fetched once; where the server cannot give it an `ApiError` says so, and the next use asks again. */
  async function fetched() {
    coming ??= fetchPart();
    try {
      part = await coming;
      return part;
    } catch (error) {
      coming = null;
      if (!(error instanceof TypeError)) throw error; // what a browser says of a script that cannot be fetched
      serverGone();
      throw new ApiError(0, { code: "E-OFFLINE" });
    }
  }
  return {
    /** The part where it is there, else null: what has not come has nothing to draw and nothing to end. */
    now: () => part,
    fetched,
    /** Does something with the part: at once where it is there, else when it has come. @param {(part: T) => void} act */
    use(act) {
      if (part) return act(part);
      fetched().then(act, toldAlready);
    },
    /** Fetches the part so that its first use need not wait; while the server is gone that changes nothing. */
    prepare: () => fetched().then(() => undefined, toldAlready),
  };
}

/** The page says already that the server is gone. @param {unknown} error */
function toldAlready(error) {
  if (!(error instanceof ApiError)) throw error;
}
