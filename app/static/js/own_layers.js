/** Style layers of the page's own drawings: selection, shortest lines, the site being drawn, measures. They lie above all data. */
import { colour } from "./colours.js";

/** The lowest of them: layers of data lie below it. */
export const FIRST_OWN = "what-if-fill";

/** All of them, bottom to top, in the colours of the present ground. @returns {any[]} */
export function ownLayers() {
  const azure = colour("selection.line");
  const white = colour("selection.casing");
  const conflict = colour("conflict.line");
  const isPoint = ["==", ["geometry-type"], "Point"];
  const round = { "line-cap": "round", "line-join": "round" };
  const bold = ["Atlas Sans SC Bold", "Noto Sans CJK SC", "Microsoft YaHei", "sans-serif"];
  return [
    { id: "ground-fill", type: "fill", source: "ground", paint: { "fill-color": ["to-color", ["get", "fill"], white], "fill-opacity": 0.6, "fill-antialias": false } },
    { id: "what-if-fill", type: "fill", source: "what-if",
      paint: { "fill-color": ["case", ["==", ["get", "fill"], ""], white, ["to-color", ["get", "fill"], white]], "fill-opacity": 0.85 } },
    { id: "what-if-casing", type: "line", source: "what-if", layout: round, paint: { "line-color": white, "line-width": 4.5 } },
    { id: "what-if-line", type: "line", source: "what-if", layout: round, paint: { "line-color": azure, "line-width": 2 } },
    // The worst of several is placed first; a dot tells which area is meant, and has its name or is not there.
    { id: "what-if-label", type: "symbol", source: "what-if-names",
      layout: { "text-field": ["get", "label"], "text-font": bold, "text-size": 12, "text-max-width": 20, "symbol-sort-key": ["get", "rank"],
        "icon-image": `icon?shape=disc&size=8&fill=${azure}&line=${azure}`, "icon-padding": 0,
        "text-variable-anchor": ["left", "right", "bottom", "top", "bottom-left", "bottom-right", "top-left", "top-right"], "text-radial-offset": 0.7, "text-justify": "auto" },
      paint: { "text-color": azure, "text-halo-color": white, "text-halo-width": 1.6 } },
    { id: "site-fill", type: "fill", source: "site", filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": azure, "fill-opacity": 0.1 } },
    { id: "site-casing", type: "line", source: "site", filter: ["!", isPoint], layout: round,
      paint: { "line-color": white, "line-width": 5 } },
    { id: "site-line", type: "line", source: "site", filter: ["!", isPoint],
      paint: { "line-color": azure, "line-width": 2.5, "line-dasharray": [4, 2] } },
    { id: "site-vertex", type: "circle", source: "site", filter: isPoint,
      paint: { "circle-radius": 5, "circle-color": white, "circle-stroke-color": azure, "circle-stroke-width": 2.5 } },
    { id: "reason-casing", type: "line", source: "reason-lines", filter: ["!", isPoint],
      paint: { "line-color": conflict, "line-width": 7, "line-opacity": 0.25 } },
    { id: "reason-line", type: "line", source: "reason-lines", filter: ["!", isPoint], layout: round,
      paint: { "line-color": conflict, "line-width": 3 } },
    { id: "reason-end", type: "circle", source: "reason-lines", filter: ["all", isPoint, ["!", ["has", "label"]]],
      paint: { "circle-radius": 5, "circle-color": white, "circle-stroke-color": conflict, "circle-stroke-width": 2.5 } },
    // Beside the middle of its line, where none of the others lies; one without room waits for a closer look.
    { id: "reason-label", type: "symbol", source: "reason-lines", filter: ["has", "label"],
      layout: { "text-field": ["get", "label"], "text-font": bold, "text-size": 13, "text-max-width": 30, "text-padding": 1,
        "text-variable-anchor": ["bottom", "top", "left", "right", "bottom-left", "bottom-right", "top-left", "top-right"], "text-radial-offset": ["case", ["has", "isRinged"], 2, 1.1], "text-justify": "auto" },
      paint: { "text-color": conflict, "text-halo-color": white, "text-halo-width": 1.6 } },
    { id: "selection-area", type: "line", source: "selection", filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "line-color": azure, "line-width": 3 } },
    { id: "selection-line-casing", type: "line", source: "selection", filter: ["==", ["geometry-type"], "LineString"],
      layout: round, paint: { "line-color": azure, "line-width": 12, "line-opacity": 0.35 } },
    { id: "selection-line", type: "line", source: "selection", filter: ["==", ["geometry-type"], "LineString"],
      paint: { "line-color": azure, "line-width": 3 } },
    { id: "selection-ring-casing", type: "circle", source: "selection", filter: isPoint,
      paint: { "circle-radius": 15, "circle-opacity": 0, "circle-stroke-color": white, "circle-stroke-width": 7 } },
    { id: "selection-ring", type: "circle", source: "selection", filter: isPoint,
      paint: { "circle-radius": 17, "circle-opacity": 0, "circle-stroke-color": azure, "circle-stroke-width": 3 } },
    { id: "flash", type: "circle", source: "flash",
      paint: { "circle-radius": 20, "circle-color": azure, "circle-opacity": 0.25, "circle-stroke-color": azure, "circle-stroke-width": 2 } },
    { id: "measure-area", type: "fill", source: "measure", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": azure, "fill-opacity": 0.08 } },
    { id: "measure-casing", type: "line", source: "measure", filter: ["!", isPoint], layout: round, paint: { "line-color": white, "line-width": 5 } },
    { id: "measure-line", type: "line", source: "measure", filter: ["!", isPoint], layout: round, paint: { "line-color": azure, "line-width": 2.5 } },
    { id: "measure-vertex", type: "circle", source: "measure", filter: isPoint,
      paint: { "circle-radius": 4, "circle-color": white, "circle-stroke-color": azure, "circle-stroke-width": 2 } },
    { id: "measure-label", type: "symbol", source: "measure", filter: ["has", "label"],
      layout: { "text-field": ["get", "label"], "text-font": bold, "text-size": 13, "text-anchor": "top", "text-offset": [0, 0.7], "text-max-width": 14, "text-allow-overlap": true },
      paint: { "text-color": azure, "text-halo-color": white, "text-halo-width": 1.6 } },
    { id: "numbers-casing", type: "line", source: "numbers", filter: ["!", isPoint], paint: { "line-color": white, "line-width": 4 } },
    { id: "numbers-line", type: "line", source: "numbers", filter: ["!", isPoint], paint: { "line-color": azure, "line-width": 1.5 } },
    { id: "numbers-disc", type: "circle", source: "numbers", filter: isPoint,
      paint: { "circle-radius": 10, "circle-color": white, "circle-stroke-color": azure, "circle-stroke-width": 1.5 } },
    { id: "numbers-label", type: "symbol", source: "numbers", filter: isPoint,
      layout: { "text-field": ["get", "label"], "text-font": bold, "text-size": 13, "text-allow-overlap": true, "text-ignore-placement": true },
      paint: { "text-color": azure } },
    { id: "selection-label", type: "symbol", source: "selection", filter: isPoint,
      layout: { "text-field": ["coalesce", ["get", "label"], ""], "text-font": bold, "text-size": 13, "text-anchor": "top",
        "text-offset": [0, 1.7], "text-max-width": 9, "text-allow-overlap": true },
      paint: { "text-color": azure, "text-halo-color": white, "text-halo-width": 1.6 } },
  ];
}
