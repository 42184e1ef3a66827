/** What is wished of a sheet, and the request that says it. */
import { shown } from "./atlas.js";
import { filterText } from "./filters.js";
import { hasHills } from "./hills.js";
import { lang } from "./texts.js";

export const MARKS = ["legend", "north", "scale", "locator", "table", "crs", "qr", "graticule"];

export const wishes = {
  /** @type {"sheet"|"atlas"|"figure"} */ mode: "sheet",
  paper: "A4", orientation: "landscape", scale: 0, scaleNow: 0, turn: 0, title: "", subtitle: "", organisation: "", date: "", madeBy: "",
  marks: new Set(MARKS.filter((mark) => mark !== "graticule")), colour: "colour", hatch: true, hills: false, background: "light",
  secrecy: "internal", approval: "", format: "pdf", watermark: true, policy: "",
  /** @type {string[]} */ layers: [],
  /** @type {string[]} none: all */ towns: [],
  /** @type {{layer: string, ids: string[]}|null} things with a page of the atlas each, instead of towns */ rows: null,
  /** @type {[number, number]|null} longitude, latitude; null: the whole area */ center: null,
};

/** Words of the handling mark as the server knows them. */
const SECRECY = { internal: "内部使用", public: "公开" };

/** Whether the ground can be shaded on this sheet: never in black and white, nor upon a blank ground. */
export const hasRelief = () => hasHills() && wishes.colour !== "grey" && wishes.background !== "blank";

/** What all kinds share. */
function looks() {
  return {
    title: wishes.title, subtitle: wishes.subtitle, layers: wishes.layers, lang: lang(), policy: wishes.policy,
    paper: wishes.paper, orientation: wishes.orientation, organisation: wishes.organisation, marks: [...wishes.marks],
    background: wishes.background, colour: wishes.colour, hatch: wishes.hatch, relief: hasRelief() && wishes.hills, watermark: wishes.watermark, made_by: wishes.madeBy, flt: filterText(shown.filters),
    secrecy: SECRECY[/** @type {"internal"|"public"} */ (wishes.secrecy)], approval_number: wishes.approval,
    ...(wishes.date ? { date: wishes.date } : {}),
  };
}

function place() {
  const scale = wishes.scale ? { scale: wishes.scale } : {};
  if (wishes.center && wishes.scale) return { center: wishes.center, ...scale };
  return { extent: shown.catalog.area.home, ...scale };
}

/** The request for a file. */
export function body() {
  if (wishes.mode === "atlas" && wishes.rows) return { ...looks(), rows: wishes.rows };
  if (wishes.mode === "atlas") return { ...looks(), ...(wishes.towns.length ? { towns: wishes.towns } : {}) };
  return { ...looks(), ...place(), turn_deg: wishes.turn, kind: wishes.mode === "figure" ? "figure" : "sheet", format: wishes.format };
}

/** The request that asks what would be printed. */
export const checkBody = () => ({ ...looks(), ...place(), turn_deg: wishes.turn, kind: wishes.mode === "figure" ? "figure" : "sheet" });
