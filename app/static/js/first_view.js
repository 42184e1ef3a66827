/** The first view of the map, drawn in few frames: each draws every layer, whatever has come meanwhile. */
import * as maplibregl from "/vendor/maplibre-gl.mjs";

/** A frame that still lacks tiles is drawn at most this often. */
const FRAMES_MS = 500;

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

/** A map whose first frames wait for the tiles on their way, though not for long. */
export class FirstViewMap extends maplibregl.Map {
  triggerRepaint() {
    if (spares && this.style && !this.areTilesLoaded()) {
      late ||= window.setTimeout(() => this.drawNow(), FRAMES_MS);
    } else this.drawNow();
  }

  drawNow() {
    clearTimeout(late);
    late = 0;
    super.triggerRepaint();
  }
}
