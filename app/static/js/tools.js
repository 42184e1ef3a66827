/** The tools of the map page, in one piece: fetched after the first view, none of which needs them. */
export { closeCompare, drawCompare, openCompare, renewCompare, wireCompare } from "./compare.js";
export { openInView } from "./in_view.js";
export { openKeyList } from "./key_list.js";
export { wirePrint } from "./light_print.js";
export { closeMeasure, drawMeasure, isMeasuringPlace, measureKey, toggleMeasure } from "./measure.js";
export { wireNewer } from "./newer_edition.js";
export { openShare } from "./share.js";
export { openSheet } from "./sheet.js";
export { cancelDrawing, drawingKey, isDrawing, openSiting, wireSiting } from "./siting.js";
export { cancelPlacing, isPlacing, openWhatIf, wireWhatIf } from "./what_if.js";
