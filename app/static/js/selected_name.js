/** What is selected has its name at the ring: the label that its own layer writes stands back, so that it is not named twice. */
import { drawnLayers, fieldOf } from "./atlas.js";
import { SOURCE_PREFIX } from "./map_style.js";
import { map } from "./mapview.js";

/** @type {{layer: string, id: string}|null} the point that is selected */
let selected = null;
/** @type {Map<string, {source: string, sourceLayer: string, id: string}>} features whose labels stand back */
const silent = new Map();
let isWatching = false;

/** Lets the labels of a point stand back, and those of the one before stand again. @param {{layer: string, id: string}|null} point null where none is selected */
export function nameOnce(point) {
  for (const feature of silent.values()) map.removeFeatureState(feature, "is_selected");
  silent.clear();
  selected = point;
  silence();
  if (point && !isWatching) {
    isWatching = true;
    map.on("idle", silence); // its tiles may come later
  }
}

function silence() {
  if (!selected) return;
  for (const feature of drawnAs(selected)) {
    const key = `${feature.source}/${feature.id}`;
    if (silent.has(key)) continue;
    silent.set(key, feature);
    map.setFeatureState(feature, { is_selected: true });
  }
}

/** The feature itself, and the risk points that stand for it. @param {{layer: string, id: string}} point */
function drawnAs({ layer, id }) {
  const rated = drawnLayers().filter((one) => fieldOf(one, "source_feature_id") && map.getSource(SOURCE_PREFIX + one.id));
  const filter = ["all", ["==", ["get", "source_layer"], layer], ["==", ["get", "source_feature_id"], id]];
  const found = rated.flatMap((one) => map.querySourceFeatures(SOURCE_PREFIX + one.id, { sourceLayer: one.id, filter, validate: false })
    .map((/** @type {any} */ { id: of }) => ({ source: SOURCE_PREFIX + one.id, sourceLayer: one.id, id: of })));
  return map.getSource(SOURCE_PREFIX + layer) ? [{ source: SOURCE_PREFIX + layer, sourceLayer: layer, id }, ...found] : found;
}
