/** What the panel tells of a selection, in one piece: fetched after the first view, or with the first selection. */
export { openConflicts } from "./conflicts.js";
export { featureContent, loadFeature, loadWhy } from "./feature_panel.js";
export { basisSection, placeReasons, placeTitle } from "./reasons.js";
