/** The strip diagram of a line: its length from left to right, what stands beside it by distance, and the brush. */
import { el, put, svg } from "./dom.js";
import { chainage, distance, number } from "./formats.js";
import { sideWord } from "./lines.js";
import { spread } from "./strip_places.js";
import { said, t } from "./texts.js";
import { VERDICT_SIGNS, nameOf } from "./conflict_rows.js";

const LEFT_PX = 62;
const RIGHT_PX = 18;
const FIRST_LANE_PX = 16;
const LANE_PX = 34;
const AXIS_PX = 26;
const TOP_PX = 20;
const HIT_PX = 12;
const TICK_GAP_PX = 64;
const STEPS_M = [50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];
const CLICK_PX = 4;
const KEY_STEP_M = 100;

/**
 * @typedef {{startM: number, endM: number, bandsM: number[], rows: any[], chosen: number, fromM: number, toM: number,
 *   thick: {from_m: number, to_m: number, grade: string, title: string}[], medium: string|null,
 *   leaps: {before_m: number, after_m: number}[]}} Drawn
 *   `rows` have `index`; `thick` are the stretches drawn thick; `leaps` are chainage equations and gaps
 * @typedef {{onChoose: (index: number) => void, onBrush: (fromM: number, toM: number, isFinal: boolean) => void}} Calls
 */

/** Where things stand in the drawing. */
class Scales {
  /** @param {Drawn} drawn @param {number} width */
  constructor(drawn, width) {
    this.width = width;
    this.bandsM = drawn.bandsM;
    this.startM = drawn.startM;
    this.perM = (width - LEFT_PX - RIGHT_PX) / Math.max(1, drawn.endM - drawn.startM);
    this.halfPx = FIRST_LANE_PX + LANE_PX * (drawn.bandsM.length - 1) + HIT_PX;
    this.middle = TOP_PX + this.halfPx;
    this.height = this.middle + this.halfPx + AXIS_PX;
  }

  /** @param {number} chainageM */
  x(chainageM) {
    return LEFT_PX + (chainageM - this.startM) * this.perM;
  }

  /** @param {number} x @returns {number} chainage, metres */
  chainageAt(x) {
    return this.startM + (x - LEFT_PX) / this.perM;
  }

  /** Distance from the line's middle, pixels: each band has a lane, and within it distances are in proportion. @param {number} metres */
  off(metres) {
    let [from, px] = [0, 0];
    for (const [i, to] of this.bandsM.entries()) {
      const lane = i ? LANE_PX : FIRST_LANE_PX;
      if (metres <= to) return px + (lane * (metres - from)) / (to - from);
      [from, px] = [to, px + lane];
    }
    return px + HIT_PX / 2;
  }

  /** What holds the middles of signs. */
  get room() {
    return { left: LEFT_PX, right: this.width - RIGHT_PX, top: TOP_PX, bottom: this.height - AXIS_PX };
  }

  /** @param {any} row */
  y(row) {
    const sign = { left: -1, right: 1 }[/** @type {"left"|"right"} */ (row.side)] ?? 0;
    return this.middle + sign * this.off(row.distance_m);
  }
}

/**
 * Draws the strip into a node.
 * @param {HTMLElement} node
 * @param {Drawn} drawn
 * @param {Calls} calls
 */
export function drawStrip(node, drawn, calls) {
  const scales = new Scales(drawn, Math.max(280, node.clientWidth));
  const picture = svg("svg", { class: "strip-picture", width: scales.width, height: scales.height, role: "group", "aria-label": t("strip_about", { n: drawn.rows.length, from: chainage(drawn.startM), to: chainage(drawn.endM) }) },
    lanes(scales), axis(drawn, scales), line(drawn, scales), brush(drawn, scales), marks(drawn, scales, calls), handles(drawn, scales, calls));
  wireDrag(picture, drawn, scales, calls);
  put(node, picture);
}

/** @param {Scales} scales */
function lanes(scales) {
  const rows = [-1, 1].flatMap((sign) => scales.bandsM.map((band, i) => {
    const y = scales.middle + sign * scales.off(band);
    const side = t(sign < 0 ? "side_left" : "side_right");
    return [
      svg("line", { class: "lane", x1: LEFT_PX, x2: scales.width - RIGHT_PX, y1: y, y2: y }),
      svg("text", { class: "lane-name", x: LEFT_PX - 6, y: y + 4, "text-anchor": "end" }, i || scales.bandsM.length === 1 ? `${side} ${band}` : `${band}`),
    ];
  }));
  return svg("g", { "aria-hidden": "true" }, rows.flat());
}

/** @param {Drawn} drawn @param {Scales} scales */
function axis(drawn, scales) {
  const step = STEPS_M.find((size) => size * scales.perM >= TICK_GAP_PX) ?? STEPS_M[STEPS_M.length - 1];
  const ticks = [];
  for (let at = Math.ceil(drawn.startM / step) * step; at <= drawn.endM; at += step) ticks.push(at);
  const y = scales.height - AXIS_PX + 6;
  return svg("g", { "aria-hidden": "true" }, ticks.map((at) => [
    svg("line", { class: "tick", x1: scales.x(at), x2: scales.x(at), y1: scales.middle - 6, y2: scales.middle + 6 }),
    svg("line", { class: "tick faint", x1: scales.x(at), x2: scales.x(at), y1: scales.middle + 6, y2: y }),
    svg("text", { class: "tick-name", x: scales.x(at), y: y + 14, "text-anchor": "middle" }, step % 1000 ? chainage(at) : `K${at / 1000}`),
  ]));
}

/** The line, thick where it is a high consequence area. @param {Drawn} drawn @param {Scales} scales */
function line(drawn, scales) {
  const part = (/** @type {string} */ name, /** @type {number} */ from, /** @type {number} */ to, /** @type {any} */ title) =>
    svg("line", { class: name, x1: scales.x(Math.max(from, drawn.startM)), x2: scales.x(Math.min(to, drawn.endM)), y1: scales.middle, y2: scales.middle }, title && svg("title", {}, title));
  return svg("g", { class: `pipe pipe-${drawn.medium ?? "other"}` },
    part("pipe-line", drawn.startM, drawn.endM, null),
    drawn.thick.map((stretch) => part("pipe-thick", stretch.from_m, stretch.to_m, `${stretch.title} ${chainage(stretch.from_m)} – ${chainage(stretch.to_m)}`)),
    drawn.leaps.map((leap) => svg("g", { class: "leap" }, svg("title", {}, t("equation_at", { before: chainage(leap.before_m), after: chainage(leap.after_m) })),
      svg("rect", { x: scales.x(Math.min(leap.before_m, leap.after_m)), y: scales.middle - 7, width: Math.max(3, Math.abs(leap.after_m - leap.before_m) * scales.perM), height: 14 }))));
}

/** What the brush leaves out is veiled. @param {Drawn} drawn @param {Scales} scales */
function brush(drawn, scales) {
  const veil = () => svg("rect", { class: "left-out", y: TOP_PX, height: scales.height - TOP_PX - AXIS_PX + 6 });
  const group = svg("g", { class: "brush", "aria-hidden": "true" }, veil(), veil());
  veilOutside(group, drawn, scales, drawn.fromM, drawn.toM);
  return group;
}

/** @param {Element} group @param {Drawn} drawn @param {Scales} scales @param {number} fromM @param {number} toM */
function veilOutside(group, drawn, scales, fromM, toM) {
  for (const [i, [from, to]] of [[drawn.startM, fromM], [toM, drawn.endM]].entries()) {
    group.children[i].setAttribute("x", String(scales.x(from)));
    group.children[i].setAttribute("width", String(Math.max(0, scales.x(to) - scales.x(from))));
  }
}

/** Follows a drag in the drawing that is there, which a touch must not lose. @param {SVGElement} picture @param {Drawn} drawn
 *  @param {Scales} scales @param {[number, number]} stretch */
function follow(picture, drawn, scales, [fromM, toM]) {
  const group = picture.querySelector(".brush");
  if (group) veilOutside(group, drawn, scales, fromM, toM);
  picture.querySelector('[data-end="from"]')?.setAttribute("transform", `translate(${scales.x(fromM)} 0)`);
  picture.querySelector('[data-end="to"]')?.setAttribute("transform", `translate(${scales.x(toM)} 0)`);
}

/** @param {Drawn} drawn @param {Scales} scales @param {Calls} calls */
function marks(drawn, scales, calls) {
  const rows = drawn.rows.filter((row) => row.chainage_m >= drawn.fromM && row.chainage_m <= drawn.toM);
  const entry = rows.find((row) => row.index === drawn.chosen) ?? rows[0];
  const step = (/** @type {any} */ row, /** @type {number} */ by) => rows[(rows.indexOf(row) + by + rows.length) % rows.length];
  const onKey = (/** @type {any} */ row) => (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
    if (!by && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    const next = by ? step(row, by) : row;
    calls.onChoose(next.index);
    /** @type {SVGElement|null} */ (document.querySelector(`[data-mark="${next.index}"]`))?.focus();
  };
  const wanted = rows.map((row) => ({ x: scales.x(row.chainage_m), y: scales.y(row) }));
  const places = spread(wanted, scales.room);
  return [
    svg("g", { class: "stems", "aria-hidden": "true" }, wanted.map((own, i) => stem(own, places[i]))),
    svg("g", {}, rows.map((row, i) => mark(row, places[i], row.index === drawn.chosen, row === entry, () => calls.onChoose(row.index), onKey(row)))),
  ];
}

/** From where a thing stands to its sign, which another one moved. @param {{x: number, y: number}} own @param {{x: number, y: number}} place */
const stem = (own, place) => (own === place ? null : svg("g", {}, svg("line", { class: "stem", x1: own.x, y1: own.y, x2: place.x, y2: place.y }), svg("circle", { class: "stem-foot", cx: own.x, cy: own.y, r: 2 })));

/** @param {any} row @param {{x: number, y: number}} place @param {boolean} isChosen @param {boolean} isEntry @param {() => void} onClick
 *  @param {(event: KeyboardEvent) => void} onKey */
function mark(row, place, isChosen, isEntry, onClick, onKey) {
  const words = `${said(row, "verdict")} ${chainage(row.chainage_m)} ${sideWord(row)} ${nameOf(row)} ${distance(row.distance_m)}`;
  return svg("g", { class: `mark mark-${row.verdict}${isChosen ? " is-chosen" : ""}`, transform: `translate(${place.x} ${place.y})`,
    role: "button", tabindex: isEntry ? 0 : -1, "aria-label": words, "aria-pressed": String(isChosen), "data-mark": row.index, "data-focus": `mark-${row.index}`, on: { click: onClick, keydown: onKey } },
    svg("title", {}, words),
    svg("circle", { class: "mark-hit", r: HIT_PX }),
    svg("circle", { class: "mark-disc", r: 8 }),
    svg("text", { class: "mark-sign", y: 5, "text-anchor": "middle" }, VERDICT_SIGNS[row.verdict] ?? "·"));
}

/** Both ends of the brush, to be moved by keys or dragged. @param {Drawn} drawn @param {Scales} scales @param {Calls} calls */
function handles(drawn, scales, calls) {
  const ends = [
    { name: "from", at: drawn.fromM, label: t("chainage_from"), least: drawn.startM, most: drawn.toM },
    { name: "to", at: drawn.toM, label: t("chainage_to"), least: drawn.fromM, most: drawn.endM },
  ];
  return svg("g", {}, ends.map(({ name, at, label, least, most }) => svg("g", {
    class: "handle", role: "slider", tabindex: 0, transform: `translate(${scales.x(at)} 0)`, "data-end": name, "data-focus": name, "aria-label": label,
    "aria-valuemin": Math.round(least), "aria-valuemax": Math.round(most), "aria-valuenow": Math.round(at), "aria-valuetext": chainage(at),
    on: { keydown: (/** @type {KeyboardEvent} */ event) => onHandleKey(event, name, drawn, calls) },
  }, svg("line", { class: "handle-line", y1: 10, y2: scales.height - AXIS_PX + 6 }), svg("rect", { class: "handle-hit", x: -HIT_PX, y: 0, width: 2 * HIT_PX, height: 24 }), svg("path", { class: "handle-grip", d: "M-7 1h14v9l-7 8-7-8z" }))));
}

/** @param {KeyboardEvent} event @param {string} name @param {Drawn} drawn @param {Calls} calls */
function onHandleKey(event, name, drawn, calls) {
  const step = KEY_STEP_M * (event.shiftKey ? 10 : 1);
  const by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -10 * step, PageUp: 10 * step, Home: -Infinity, End: Infinity }[event.key];
  if (by === undefined) return;
  event.preventDefault();
  const within = (/** @type {number} */ value, /** @type {number} */ least, /** @type {number} */ most) => Math.min(most, Math.max(least, value));
  if (name === "from") calls.onBrush(within(drawn.fromM + by, drawn.startM, drawn.toM), drawn.toM, true);
  else calls.onBrush(drawn.fromM, within(drawn.toM + by, drawn.fromM, drawn.endM), true);
  /** @type {SVGElement|null} */ (document.querySelector(`[data-end="${name}"]`))?.focus();
}

/** A drag over the ground makes a new stretch, a drag of a handle moves that end. @param {SVGElement} picture @param {Drawn} drawn
 *  @param {Scales} scales @param {Calls} calls */
function wireDrag(picture, drawn, scales, calls) {
  const within = (/** @type {number} */ value) => Math.min(drawn.endM, Math.max(drawn.startM, value));
  const at = (/** @type {PointerEvent} */ event) => within(scales.chainageAt(event.clientX - left));
  let left = 0;
  picture.addEventListener("pointerdown", (event) => {
    const target = /** @type {Element} */ (event.target);
    if (event.button || target.closest(".mark")) return;
    left = picture.getBoundingClientRect().left;
    const end = /** @type {HTMLElement|null} */ (target.closest("[data-end]"))?.dataset.end;
    const fixed = end === "from" ? drawn.toM : end === "to" ? drawn.fromM : at(event);
    const stretch = (/** @type {PointerEvent} */ moved) => /** @type {[number, number]} */ ([Math.min(fixed, at(moved)), Math.max(fixed, at(moved))]);
    let isDrag = false;
    const move = (/** @type {PointerEvent} */ moved) => {
      isDrag ||= Math.abs(moved.clientX - event.clientX) > CLICK_PX;
      if (!isDrag) return;
      follow(picture, drawn, scales, stretch(moved));
      calls.onBrush(...stretch(moved), false);
    };
    const stop = (/** @type {PointerEvent} */ last) => {
      window.removeEventListener("pointermove", move);
      if (isDrag) calls.onBrush(...stretch(last), true);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop, { once: true });
    window.addEventListener("pointercancel", () => window.removeEventListener("pointermove", move), { once: true });
  });
}

/** What the signs and the thick stretches mean. @param {any[]} rows @param {Drawn["thick"]} thick @param {string|null} absent why
 *  nothing is drawn thick */
export function stripKey(rows, thick, absent) {
  const verdicts = [...new Map(rows.map((row) => [row.verdict, row])).values()];
  return el("ul", { class: "strip-key" },
    verdicts.map((row) => el("li", {}, el("span", { class: `sign sign-${row.verdict}`, "aria-hidden": "true" }, VERDICT_SIGNS[row.verdict] ?? "·"), ` ${said(row, "verdict")} ${number(rows.filter((other) => other.verdict === row.verdict).length)}`)),
    thick.length ? el("li", {}, el("span", { class: "key-thick", "aria-hidden": "true" }), ` ${t("hca_thick")}`) : null,
    !thick.length && absent ? el("li", { class: "muted" }, absent) : null);
}
