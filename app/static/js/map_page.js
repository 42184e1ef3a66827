/** The map page: what the bundle of its scripts is made of. Parts that tests and measurements look into stand under names. */
export * as drawings from "./map_drawings.js";
export * as edges from "./label_edges.js";
export * as layers from "./map_layers.js";
export * as view from "./mapview.js";
import "./main.js";
