/** When the map draws. Each frame draws every layer, and is long where no graphics card does it: few frames for the first
 * view, and none between a person's wish and the words that answer it. */
import * as maplibregl from "/vendor/maplibre-gl.mjs";

/** A frame that still lacks tiles is drawn at most this often. */
const FRAMES_MS = 500;
/** So long at most the map stands still for an answer that does not come. */
const MOST_STILL_MS = 400;

/** Whether frames are spared: until the first view stands, or a person moves the map. */
let spares = true;
let late = 0;

maplibregl.prewarm(); // the worker starts while the catalog is on its way

/** Notes when the first view stood drawn, in milliseconds since the page was asked for; the benchmark reads it. @param {any} map */
export function noteFirstView(map) {
  map.once("movestart", () => { spares = false; });
  map.once("idle", () => {
    spares = false;
    document.documentElement.dataset.mapIdleMs = String(Math.round(performance.now()));
  });
}

/** What waits until the map may draw again; null while it may. @type {Set<() => void>|null} */
let waiting = null;
let still = 0;

/**
 * Lets an answer come before the map: until it is seen, the map draws no frame and keeps its size.
 * @template T
 * @param {Promise<T>} answer
 */
export function standStillFor(answer) {
  const mine = (still += 1);
  waiting ??= new Set();
  setTimeout(() => goOn(mine), MOST_STILL_MS);
  const seen = () => requestAnimationFrame(() => setTimeout(() => goOn(mine))); // after the frame that shows it
  answer.then(seen, seen);
  return answer;
}

/** Ends the standing still that is the latest. @param {number} mine */
function goOn(mine) {
  if (mine !== still || !waiting) return;
  const due = waiting;
  waiting = null;
  due.forEach((act) => act());
}

/** Does something with the map: at once, or when it may draw again. @param {() => void} act */
export function whenFree(act) {
  if (waiting) waiting.add(act);
  else act();
}

/** A map whose first frames wait for the tiles on their way, and whose later ones for what a person is to read first; neither for long. */
export class FirstViewMap extends maplibregl.Map {
  #draw = () => this.drawNow();
  #resize = () => this.resize();

  triggerRepaint() {
    if (waiting) waiting.add(this.#draw);
    else if (spares && this.style && !this.areTilesLoaded()) {
      late ||= window.setTimeout(() => this.drawNow(), FRAMES_MS);
    } else this.drawNow();
  }

  /** @param {any} [event] */
  resize(event) {
    if (!waiting) return super.resize(event);
    waiting.add(this.#resize);
    return this;
  }

  redraw() {
    if (!waiting) return super.redraw();
    waiting.add(this.#draw);
    return this;
  }

  drawNow() {
    clearTimeout(late);
    late = 0;
    super.triggerRepaint();
  }
}
