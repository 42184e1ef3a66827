/**
 * No label is cut: marks that nobody sees lie along the map's edges and along the line of a comparison, and claim the
 * room there, so that MapLibre places a name beside them or leaves it out. While the map moves there are none.
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
    const places = barPlaces(clientWidth, clientHeight, lineShare === null ? null : lineShare * clientWidth);
    if (map.getLayer(EDGES)) map.setLayoutProperty(EDGES, "visibility", "visible");
    map.getSource(EDGES)?.setData({ type: "FeatureCollection", features: places.map(({ x, y, way }) => {
      const { lng, lat } = map.unproject([x, y]);
      return { type: "Feature", properties: { bar: `bar?way=${way}` }, geometry: { type: "Point", coordinates: [lng, lat] } };
    }) });
  }
}

/** @param {any[]} maps */
export function clearEdges(maps) {
  for (const map of maps) map.getSource(EDGES)?.setData({ type: "FeatureCollection", features: [] });
}
