/** When the map draws. Each frame draws every layer, and is long where no graphics card does it: few frames for the first
 * view, and none between a person's wish and the words that answer it. */
import * as maplibregl from "/vendor/maplibre-gl.mjs";
import { dropKept } from "./kept_picture.js";

/** So long the first picture waits for its tiles and names; then what has come is drawn. */
const WHOLE_MS = 1500;
/** So often a frame is drawn that still lacks tiles. */
const FRAMES_MS = 500;
/** So long at most the map stands still for an answer that does not come. */
const MOST_STILL_MS = 400;
/** How often the graphics are asked whether the first whole picture is drawn. */
const ASK_MS = 4;

/** Whether frames are spared: until the first view stands, or a person moves the map. */
let spares = true;
let late = 0;
/** A map that gets another size is not moved by a person, though it tells of a move. */
let isResizing = false;

/** @type {() => void} */
let noteStanding = () => {};
/** When the first view has been drawn: what it did without need not take its time. @type {Promise<void>} */
export const firstViewStands = new Promise((resolve) => { noteStanding = resolve; });

maplibregl.prewarm(); // the worker starts while the catalog is on its way

/**
 * Paints the first view once and whole: while tiles, pictures and names are on their way a frame asks for them, as every
 * frame does, and leaves the canvas alone. Notes when the whole picture was drawn and when nothing was left to do, in
 * milliseconds since the page was asked for; the benchmark reads both.
 * @param {any} map
 * @param {(source?: string) => void} placeNames told when all tiles are there, before the first painting, and earlier whenever all of a source are:
 *   names that wait for nothing else are then made while other tiles come
 */
export function paintFirstView(map, placeNames) {
  const { painter } = map;
  map.once("style.load", () => { map.style.sky.getEvaluated = () => null; }); // seen from above there is none: its program need not be made
  const paint = painter.render;
  const until = performance.now() + WHOLE_MS;
  let isNamed = false;
  painter.render = (/** @type {any[]} */ ...frame) => {
    isBeginning = false;
    if (spares && map.loaded() && !isNamed) {
      isNamed = true;
      placeNames();
    }
    const isWhole = map.loaded() && isNamed && !map.style.placement?.stale; // stale: the next frame places names anew
    if (spares && !isWhole && performance.now() < until) return;
    paint.apply(painter, frame);
    if (!isWhole && spares) return;
    delete painter.render;
    spares = false;
    dropKept(map);
    whenDrawn(painter.context.gl, () => {
      if (isWhole) noteTime("mapPaintedMs");
      noteStanding();
    });
  };
  setTimeout(() => { if (spares) map.drawNow(); }, WHOLE_MS); // nothing else asks for a frame while a slow tile is waited for
  map.on("movestart", () => { if (!isResizing) spares = false; });
  map.on("sourcedata", (/** @type {any} */ { tile, sourceId }) => { if (spares && tile && map.isSourceLoaded(sourceId)) placeNames(sourceId); });
  map.once("idle", () => noteTime("mapIdleMs"));
}

/**
 * Lets the map stay as it is until tiles that are about to be made anew are all there, and paints them at once; not for long, and not once
 * it is moved or gets another size. Frames between would show nothing new, and take their time from the making of the tiles.
 * @param {any} map
 */
export function paintOnceWhole(map) {
  const { painter } = map;
  const isMadeAnew = Object.keys(map.style._updatedSources).length > 0;
  if (spares || !isMadeAnew || map.isEmpty || Object.hasOwn(painter, "render")) return;
  const { render: paint } = painter;
  let isDue = map.isMoving();
  const end = () => {
    isDue = true;
    map.triggerRepaint();
  };
  const late = setTimeout(end, MOST_STILL_MS);
  map.once("move", end);
  painter.render = (/** @type {any[]} */ ...frame) => {
    if (!isDue && !map.loaded()) return;
    clearTimeout(late);
    map.off("move", end);
    delete painter.render;
    paint.apply(painter, frame);
  };
}

/** Does something when the graphics have drawn what they were told to. @param {WebGL2RenderingContext} gl @param {() => void} act */
function whenDrawn(gl, act) {
  const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
  gl.flush();
  const ask = () => {
    if (fence && !gl.isContextLost() && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) return setTimeout(ask, ASK_MS);
    gl.deleteSync(fence);
    act();
  };
  setTimeout(ask);
}

/** @param {string} name */
function noteTime(name) {
  document.documentElement.dataset[name] = String(Math.round(performance.now()));
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

/** Whether the map has asked for no tile yet. */
let isBeginning = true;

/** What stands for the window until then: style, sources and the first look at what is in view each wait for a frame of the browser,
 * and each of these is long while the page around the map is drawn. */
const soon = {
  requestAnimationFrame: (/** @type {(time: number) => void} */ act) => window.setTimeout(() => act(performance.now())),
  cancelAnimationFrame: (/** @type {number} */ step) => clearTimeout(step),
  addEventListener: window.addEventListener.bind(window),
  removeEventListener: window.removeEventListener.bind(window),
  ResizeObserver,
};

/** A map whose first frames wait for the tiles on their way, and whose later ones for what a person is to read first; neither for long. */
export class FirstViewMap extends maplibregl.Map {
  #draw = () => this.drawNow();
  #resize = () => this.resize();
  /** Whether nothing has been drawn since the map got its size: the canvas is empty then. */
  isEmpty = true;

  /** The window in whose frames the map takes its steps. @returns {any} */
  get _ownerWindow() {
    return isBeginning ? soon : window;
  }

  triggerRepaint() {
    if (waiting) waiting.add(this.#draw);
    else if (spares && this.style && !this.areTilesLoaded()) {
      late ||= window.setTimeout(() => this.drawNow(), FRAMES_MS);
    } else this.drawNow();
  }

  /** @param {any} [event] */
  resize(event) {
    if (waiting) {
      waiting.add(this.#resize);
      return this;
    }
    isResizing = true;
    this.isEmpty = true;
    this.once("render", () => { this.isEmpty = false; });
    try {
      return super.resize(event);
    } finally {
      isResizing = false;
    }
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
