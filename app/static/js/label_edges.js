/**
 * No label is cut: marks that nobody sees lie along the map's edges, along the line of a comparison and under the buttons
 * and the scale bar, and claim the room there, so that MapLibre places a name beside them or leaves it out. While the map moves there are none.
 */
export const EDGES = "label-edges";
const BAR = { long: 64, thin: 4 };
/** Bars overlap a little, so that nothing slips between them. */
const STEP_PX = 56;

export const edgeLayer = { id: EDGES, type: "symbol", source: EDGES, layout: {
  "icon-image": ["get", "bar"], "icon-allow-overlap": true, "icon-ignore-placement": false, "icon-padding": 0,
} };

/** The picture of a bar: nothing to be seen. @param {Record<string, string>} values */
export const barPicture = (values) => ({
  image: new ImageData(values.way === "across" ? BAR.long : BAR.thin, values.way === "across" ? BAR.thin : BAR.long), pixelRatio: 1,
});

/**
 * Where bars stand so that a label may not cross the edges of a frame, nor an upright line within it.
 * @param {number} width pixels @param {number} height @param {number|null} line distance from the left, or none
 * @returns {{x: number, y: number, way: "across"|"down"}[]}
 */
export function barPlaces(width, height, line) {
  const along = (/** @type {number} */ length) => Array.from({ length: Math.ceil(length / STEP_PX) + 1 }, (_, i) => Math.min(i * STEP_PX, length));
  const across = [0, height].flatMap((y) => along(width).map((x) => ({ x, y, way: /** @type {const} */ ("across") })));
  const uprights = [0, width, ...(line === null || line <= 0 || line >= width ? [] : [line])];
  return [...across, ...uprights.flatMap((x) => along(height).map((y) => ({ x, y, way: /** @type {const} */ ("down") })))];
}

/** Rows of bars so close that no line of a name lies between two. */
const ROW_PX = 10;

/**
 * Where bars stand so that no label lies under a box upon the map.
 * @param {{left: number, top: number, right: number, bottom: number}} box pixels of the map
 * @returns {{x: number, y: number, way: "across"}[]}
 */
export function boxPlaces({ left, top, right, bottom }) {
  const middle = (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ half) => (to - from < 2 * half ? [(from + to) / 2] : [from + half, to - half]);
  const [first, last] = middle(left, right, BAR.long / 2);
  const n = last === undefined ? 0 : Math.ceil((last - first) / STEP_PX);
  const xs = Array.from({ length: n + 1 }, (_, i) => (n ? first + ((last - first) * i) / n : first));
  const rows = Math.max(1, Math.ceil((bottom - top) / ROW_PX));
  return Array.from({ length: rows }, (_, i) => top + ((i + 0.5) * (bottom - top)) / rows).flatMap((y) => xs.map((x) => ({ x, y, way: /** @type {const} */ ("across") })));
}

/** What lies upon a map and would hide a name: its buttons and its scale bar, in pixels of the map. @param {any} map */
export function boxesUpon(map) {
  const frame = map.getContainer().getBoundingClientRect();
  return ["toolbar", "scale"].map((id) => document.getElementById(id)?.getBoundingClientRect()).filter((box) => box && box.width && box.height)
    .map((box) => /** @type {DOMRect} */ (box)).map((box) => ({ left: box.left - frame.left, top: box.top - frame.top, right: box.right - frame.left, bottom: box.bottom - frame.top }));
}

/** Share of the width at which the map of another edition ends. @type {number|null} */
let lineShare = null;

/** Keeps labels clear of the line of a comparison. @param {number|null} share of the width from the left @param {any[]} maps */
export function keepClear(share, maps) {
  lineShare = share;
  markEdges(maps);
}

/** @param {any[]} maps */
export function markEdges(maps) {
  for (const map of maps) {
    const { clientWidth, clientHeight } = map.getContainer();
    const edges = barPlaces(clientWidth, clientHeight, lineShare === null ? null : lineShare * clientWidth);
    const places = [...edges, ...boxesUpon(map).flatMap(boxPlaces)];
    if (map.getLayer(EDGES)) map.setLayoutProperty(EDGES, "visibility", "visible");
    map.getSource(EDGES)?.setData({ type: "FeatureCollection", features: places.map(({ x, y, way }, i) => {
      const { lng, lat } = map.unproject([x, y]);
      return { type: "Feature", properties: { bar: `bar?way=${way}`, is_edge: i < edges.length }, geometry: { type: "Point", coordinates: [lng, lat] } };
    }) });
  }
}

/** @param {any[]} maps */
export function clearEdges(maps) {
  for (const map of maps) map.getSource(EDGES)?.setData({ type: "FeatureCollection", features: [] });
}
