/**
 * Draws symbols and hatches to canvas from their own names, for the map and the legend alike.
 *
 * A name says everything: `icon?shape=diamond&size=18&level=red&char=1&ring=1` or
 * `icon?shape=disc&size=18&fill=#FFFFFF&line=#0B5A6B&ink=#0B5A6B&char=文`, `cluster?size=30&level=red&char=28`, `figure?size=30&char=28` or
 * `hatch?level=red`.
 */
import { shown } from "./atlas.js";
import { colour } from "./colours.js";
import { barPicture } from "./label_edges.js";
import { lang } from "./texts.js";

const HATCH_PX = 16;
const FONT = '"Atlas Sans SC Bold", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif';

/** The ring of a number of features, and the disc of its letter. */
const RING_PX = 4;
const BADGE_PX = 6.5;
const FIGURE_PX = 12;
const FIGURE_CASING_PX = 2;
/** What the picture of each kind is wider than its size. */
const MARGIN_PX = { icon: 8, cluster: 14, figure: 0 };
const CLUSTER_INK = "#1D2329";
const CLUSTER_IN_LEGEND = 0.85;

/** Outlines in a square of side 2 around the origin. @type {Record<string, [number, number][]>} */
const POLYGONS = {
  diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
  square: [[-0.82, -0.82], [0.82, -0.82], [0.82, 0.82], [-0.82, 0.82]],
  pentagon: [[0, 1], [-0.95, 0.31], [-0.59, -0.81], [0.59, -0.81], [0.95, 0.31]],
  triangle: [[0, -0.95], [1, 0.8], [-1, 0.8]],
  house: [[0, -1], [0.92, -0.25], [0.92, 0.9], [-0.92, 0.9], [-0.92, -0.25]],
};

/**
 * @param {string} name
 * @returns {{kind: string, values: Record<string, string>}}
 */
export function parseName(name) {
  const [kind, query = ""] = name.split("?", 2);
  const values = Object.fromEntries(query.split("&").filter(Boolean).map((part) => splitOnce(part)));
  return { kind, values };
}

/** @param {string} part @returns {[string, string]} */
function splitOnce(part) {
  const at = part.indexOf("=");
  return at < 0 ? [part, ""] : [part.slice(0, at), part.slice(at + 1)];
}

/**
 * The picture of a name, as pixels for the map.
 * @param {string} name
 * @param {number} ratio device pixels per CSS pixel; hatches always have 2, so that they are 32 by 32
 * @returns {{image: ImageData, pixelRatio: number}|null} null for a name that is none of ours
 */
export function picture(name, ratio) {
  const { kind, values } = parseName(name);
  if (kind === "hatch") return pixels(HATCH_PX, 2, (pen) => drawHatch(pen, values.level, HATCH_PX));
  if (kind === "bar") return barPicture(values);
  if (kind === "icon" || kind === "cluster" || kind === "figure") {
    const side = Number(values.size) + MARGIN_PX[kind];
    return pixels(side, ratio, (pen) => drawKind(kind)(pen, values, side / 2));
  }
  return null;
}

/** The sheet on which pictures for the map are drawn one after the other: each new one would cost more than its drawing. @type {CanvasRenderingContext2D|null} */
let sheet = null;

/** @param {number} side @param {number} ratio @param {(pen: CanvasRenderingContext2D) => void} draw */
function pixels(side, ratio, draw) {
  const size = Math.round(side * ratio);
  sheet ??= context(document.createElement("canvas"), 1);
  if (sheet.canvas.width < size) sheet.canvas.width = sheet.canvas.height = size;
  sheet.save();
  sheet.clearRect(0, 0, size, size);
  sheet.scale(ratio, ratio);
  draw(sheet);
  sheet.restore();
  return { image: sheet.getImageData(0, 0, size, size), pixelRatio: ratio };
}

/** @param {HTMLCanvasElement} canvas @param {number} ratio */
function context(canvas, ratio) {
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  pen.scale(ratio, ratio);
  return pen;
}

/** @param {string|undefined} id */
const levelOf = (id) => shown.catalog.levels.find((level) => level.id === id);

/** Whether the fill of what is not rated is that of the dark ground: white around it would outshine every level. @param {string} fill */
const isDarkFill = (fill) => parseInt(fill.slice(1, 3), 16) < 128;

/**
 * One symbol around the middle of the pen's square; the white casing lies outside `size`.
 * @param {CanvasRenderingContext2D} pen
 * @param {Record<string, string>} values
 * @param {number} middle
 */
function drawIcon(pen, values, middle) {
  const level = levelOf(values.level);
  const fill = values.fill ?? level?.fill ?? "transparent";
  const line = values.line ?? level?.outline ?? fill;
  const ink = values.ink ?? level?.chip_text ?? line;
  const radius = Number(values.size) / 2;
  pen.translate(middle, middle);
  pen.lineJoin = "round";
  const casing = values.level === "unrated" && isDarkFill(fill) ? colour("interface.page") : "white";
  if (values.ring === "1") strokeShape(pen, values.shape, radius + 2.2, casing, 4);
  strokeShape(pen, values.shape, radius - 0.75, casing, 4.5);
  fillShape(pen, values.shape, radius - 0.75, fill);
  if (values.dash) pen.setLineDash([3, 2]);
  else if (values.level === "unrated") pen.setLineDash([3, 1.8]);
  strokeShape(pen, values.shape, radius - 0.75, line, values.shape === "disc" ? 2 : 1.5);
  if (values.ring === "1") strokeShape(pen, values.shape, radius + 2.2, line, 1.4);
  pen.setLineDash([]);
  if (values.mark === "cross") drawCross(pen, radius * 0.5, ink);
  if (values.char) drawCharacter(pen, values, radius, ink);
}

/** @param {string} kind */
const drawKind = (kind) => ({ cluster: drawCluster, figure: drawFigure }[kind] ?? drawIcon);

/**
 * A number of features: a white disc, a ring in the colour of the worst level, that level's letter beside the ring.
 * @param {CanvasRenderingContext2D} pen
 * @param {Record<string, string>} values
 * @param {number} middle
 */
function drawCluster(pen, values, middle) {
  const level = levelOf(values.level);
  const radius = Number(values.size) / 2;
  pen.translate(middle, middle);
  fillShape(pen, "disc", radius + 1, "white");
  strokeShape(pen, "disc", radius - RING_PX / 2, level?.fill ?? "transparent", RING_PX);
  if (values.level === "unrated") pen.setLineDash([3, 1.8]);
  strokeShape(pen, "disc", radius - 0.5, level?.outline ?? "transparent", 1);
  strokeShape(pen, "disc", radius - RING_PX, level?.outline ?? "transparent", 1);
  pen.setLineDash([]);
  write(pen, values.char, FIGURE_PX, CLUSTER_INK);
  const word = (values.lang === "en" ? level?.colour_en : level?.colour_zh) ?? "";
  pen.translate(radius * 0.78, -radius * 0.78);
  fillShape(pen, "disc", BADGE_PX, level?.fill ?? "white");
  strokeShape(pen, "disc", BADGE_PX, level?.outline ?? "transparent", 1);
  write(pen, word.slice(0, 1), BADGE_PX * 1.45, level?.chip_text ?? CLUSTER_INK);
}

/** The figure of a number of features alone, to lie above the symbols that cover its disc. @param {CanvasRenderingContext2D} pen
 *  @param {Record<string, string>} values @param {number} middle */
function drawFigure(pen, values, middle) {
  pen.translate(middle, middle);
  pen.lineJoin = "round";
  pen.strokeStyle = "white";
  pen.lineWidth = FIGURE_CASING_PX * 2;
  write(pen, values.char, FIGURE_PX, CLUSTER_INK, true);
}

/** Text around the pen's place. @param {CanvasRenderingContext2D} pen @param {string} text @param {number} px @param {string} ink
 *  @param {boolean} [hasCasing] */
function write(pen, text, px, ink, hasCasing = false) {
  pen.fillStyle = ink;
  pen.font = `700 ${px}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "alphabetic";
  const box = pen.measureText(text);
  const baseline = (box.actualBoundingBoxAscent - box.actualBoundingBoxDescent) / 2;
  if (hasCasing) pen.strokeText(text, 0, baseline);
  pen.fillText(text, 0, baseline);
}

/** @param {CanvasRenderingContext2D} pen @param {string} shape @param {number} radius */
function tracePath(pen, shape, radius) {
  pen.beginPath();
  const corners = POLYGONS[shape];
  if (corners) {
    corners.forEach(([x, y]) => pen.lineTo(x * radius, y * radius));
    pen.closePath();
  } else if (shape === "rounded") pen.roundRect(-0.85 * radius, -0.85 * radius, 1.7 * radius, 1.7 * radius, radius * 0.45);
  else if (shape === "tick") pen.roundRect(-radius, -radius, 2 * radius, 2 * radius, 2);
  else pen.arc(0, 0, radius, 0, 2 * Math.PI);
}

/** @param {CanvasRenderingContext2D} pen @param {string} shape @param {number} radius @param {string} colour */
function fillShape(pen, shape, radius, colour) {
  tracePath(pen, shape, radius);
  pen.fillStyle = colour;
  pen.fill();
}

/** @param {CanvasRenderingContext2D} pen @param {string} shape @param {number} radius @param {string} colour
 *  @param {number} width */
function strokeShape(pen, shape, radius, colour, width) {
  tracePath(pen, shape, radius);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {number} arm @param {string} colour */
function drawCross(pen, arm, colour) {
  const half = arm * 0.36;
  pen.fillStyle = colour;
  pen.fillRect(-half, -arm, 2 * half, 2 * arm);
  pen.fillRect(-arm, -half, 2 * arm, 2 * half);
}

/** @param {CanvasRenderingContext2D} pen @param {Record<string, string>} values @param {number} radius @param {string} ink */
function drawCharacter(pen, values, radius, ink) {
  const drop = { triangle: 0.28, house: 0.2, pentagon: -0.05 }[values.shape] ?? 0;
  const share = { diamond: 1.05, triangle: 1.05, tick: 1.5 }[values.shape] ?? 1.18;
  pen.fillStyle = values.shape === "tick" ? "white" : ink;
  pen.font = `700 ${Math.max(7, radius * share)}px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "alphabetic";
  const box = pen.measureText(values.char);
  const up = (box.actualBoundingBoxAscent - box.actualBoundingBoxDescent) / 2;
  pen.fillText(values.char, 0, up + drop * radius);
}

/**
 * The hatch of a level, repeating every `side` pixels in both directions.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} levelId
 * @param {number} side
 */
function drawHatch(pen, levelId, side) {
  const level = levelOf(levelId);
  const hatch = level?.hatch ?? { pattern: "none" };
  const step = hatch.step_px ?? 8;
  pen.strokeStyle = pen.fillStyle = level?.hatch_ink ?? "transparent";
  pen.lineWidth = hatch.width_px ?? 1.2;
  const draw = /** @type {Record<string, typeof crossed>} */ ({ crossed, diagonal, dots, dashes })[hatch.pattern];
  draw?.(pen, side, step);
}

/** @param {CanvasRenderingContext2D} pen @param {number} side @param {number} step */
function diagonal(pen, side, step) {
  pen.beginPath();
  for (let x = -side; x <= 2 * side; x += step) {
    pen.moveTo(x - 2, side + 2);
    pen.lineTo(x + side + 2, -2);
  }
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {number} side @param {number} step */
function crossed(pen, side, step) {
  diagonal(pen, side, step);
  pen.beginPath();
  for (let x = -side; x <= 2 * side; x += step) {
    pen.moveTo(x - 2, -2);
    pen.lineTo(x + side + 2, side + 2);
  }
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {number} side @param {number} step */
function dots(pen, side, step) {
  const radius = pen.lineWidth / 2;
  for (let row = 0; row * step <= side; row++) {
    for (let x = row % 2 ? step / 2 : 0; x <= side; x += step) {
      pen.beginPath();
      pen.arc(x, row * step + step / 4, radius, 0, 2 * Math.PI);
      pen.fill();
    }
  }
}

/** @param {CanvasRenderingContext2D} pen @param {number} side @param {number} step */
function dashes(pen, side, step) {
  pen.beginPath();
  for (let row = 0; row * step < side; row++) {
    const y = row * step + step / 2;
    const start = row % 2 ? step : 0;
    pen.moveTo(start, y);
    pen.lineTo(start + step, y);
  }
  pen.stroke();
}

/**
 * A legend symbol, `width` by 20 CSS pixels.
 * @param {Record<string, any>} symbol as `app/styles.py` describes it
 * @param {number} [width]
 * @returns {HTMLCanvasElement}
 */
export function legendCanvas(symbol, width = 30) {
  const height = symbol.kind === "icon" ? 26 : 20;
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  const canvas = document.createElement("canvas");
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  canvas.className = "symbol";
  canvas.setAttribute("aria-hidden", "true");
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = context(canvas, ratio);
  if (symbol.kind === "icon") iconSample(pen, symbol, width, height);
  else if (symbol.kind === "line") lineSample(pen, symbol, width, height);
  else fillSample(pen, symbol, width, height);
  return canvas;
}

/** @param {CanvasRenderingContext2D} pen @param {Record<string, any>} symbol @param {number} width @param {number} height */
function iconSample(pen, symbol, width, height) {
  const { kind, values } = parseName(symbol.image);
  pen.translate(width / 2, height / 2);
  if (kind === "cluster") pen.scale(CLUSTER_IN_LEGEND, CLUSTER_IN_LEGEND);
  drawKind(kind)(pen, kind === "cluster" ? { lang: lang(), ...values } : values, 0);
}

/** @param {CanvasRenderingContext2D} pen @param {Record<string, any>} symbol @param {number} width @param {number} height */
function lineSample(pen, symbol, width, height) {
  const y = height / 2;
  /** @param {string} colour @param {number} size @param {number[]} [dash] @param {number} [at] */
  const stroke = (colour, size, dash = [], at = y) => {
    pen.beginPath();
    pen.setLineDash(dash);
    pen.moveTo(2, at);
    pen.lineTo(width - 2, at);
    pen.strokeStyle = colour;
    pen.lineWidth = size;
    pen.stroke();
    pen.setLineDash([]);
  };
  if (symbol.band) {
    pen.globalAlpha = 0.2;
    stroke(symbol.band, 6, [], y + 4);
    pen.globalAlpha = 1;
  }
  if (symbol.casing) stroke(symbol.casing, symbol.width + 2.4);
  stroke(symbol.color, symbol.width, symbol.dash);
  if (symbol.bars) {
    pen.fillStyle = symbol.color;
    pen.fillRect(1, y - 4, 2, 8);
    pen.fillRect(width - 3, y - 4, 2, 8);
  }
  if (symbol.mark) iconSample(pen, { image: symbol.mark }, width, height);
}

/** @param {CanvasRenderingContext2D} pen @param {Record<string, any>} symbol @param {number} width @param {number} height */
function fillSample(pen, symbol, width, height) {
  const box = /** @type {[number, number, number, number]} */ ([3, 3, width - 6, height - 6]);
  pen.globalAlpha = symbol.opacity ?? 1;
  pen.fillStyle = symbol.color;
  pen.fillRect(...box);
  pen.globalAlpha = 1;
  pen.save();
  pen.beginPath();
  pen.rect(...box);
  pen.clip();
  if (symbol.hatch) drawHatch(pen, symbol.hatch, Math.max(width, height) + 8);
  pen.restore();
  if (symbol.outline) {
    pen.strokeStyle = symbol.outline;
    pen.lineWidth = 1.5;
    if (symbol.hatch === "unrated") pen.setLineDash([4, 3]);
    pen.strokeRect(...box);
  }
}
