/** What a comparison of two records, or a lookup of an address, rests on, in words. */
import { el } from "./dom.js";
import { distance, isMissing } from "./formats.js";
import { said, t } from "./texts.js";

/** Weight from which a comparison speaks strongly for one enterprise, bits. */
const STRONG_BITS = 3;

/**
 * The levels that name, address, distance and number reached, each marked for or against.
 * @param {{comparison: string, level: string|null, zh: string, en: string, weight_bits: number, distance_m?: number}[]} evidence
 */
export function evidenceLine(evidence) {
  return el("p", { class: "proof" }, evidence.filter((entry) => entry.level).map((entry) => {
    const side = entry.weight_bits >= STRONG_BITS ? "for" : entry.weight_bits < 0 ? "against" : "weak";
    const sign = { for: "+", against: "−", weak: "·" }[side];
    const measured = isMissing(entry.distance_m) ? "" : ` (${distance(/** @type {number} */ (entry.distance_m))})`;
    return el("span", { class: `proof-part proof-${side}`, title: t("evidence_weight", { bits: entry.weight_bits.toFixed(1) }) }, `${sign} ${said(entry, "")}${measured}`);
  }));
}
