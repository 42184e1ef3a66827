/** How the chainage of a line comes about: the posts that state it, what they miss, leaps and estimated stretches. */
import { el } from "./dom.js";
import { chainage, isMissing, MISSING, number } from "./formats.js";
import { withEdition } from "./frame.js";
import { t } from "./texts.js";
import { featureHref } from "./workspace.js";

const COLUMNS = ["post", "chainage", "post_back", "post_residual", "post_check", "post_off", "post_use"];

/**
 * The facts as a part that opens; a line without posts says so in one sentence.
 * @param {any} facts the answer's `calibration`
 */
export function calibrationPart(facts) {
  if (!facts) return null;
  const apart = facts.n_gaps ? el("p", { class: "notice", id: "line-gaps" }, t("line_gaps", { n: number(facts.n_parts) })) : null;
  if (!facts.n_posts) return [apart, el("p", { class: "muted small", id: "calibration" }, t("no_posts"))];
  return [apart, el("details", { class: "part", id: "calibration" }, el("summary", {}, t("calibration_title", { n: number(facts.n_used), all: number(facts.n_posts) })),
    el("p", {}, words(facts)), leaps(facts),
    el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("posts")),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
      el("tbody", { role: "rowgroup" }, facts.posts.map((/** @type {any} */ post) => el("tr", { role: "row" }, cells(post).map((content, i) => el("td", { role: "cell", "data-head": t(COLUMNS[i]) }, content)))))),
    el("p", { class: "muted small" }, t("calibration_note")))];
}

/** @param {any} facts */
const words = (facts) => [
  isMissing(facts.largest_m) ? "" : t("largest_residual", { m: number(facts.largest_m, 1) }),
  isMissing(facts.rms_m) ? "" : t("rms_residual", { m: number(facts.rms_m, 1) }),
  facts.is_turned ? t("line_turned") : "",
].filter(Boolean).join(" ");

/** @param {any} facts */
function leaps(facts) {
  const equations = facts.equations.map((/** @type {any} */ leap) => el("li", {}, t("equation_at", { before: chainage(leap.before_m), after: chainage(leap.after_m) })));
  const estimated = facts.estimated.map((/** @type {any} */ part) => el("li", {}, t("estimated_stretch", { from: chainage(part.from_m), to: chainage(part.to_m), m: number(part.difference_m, 0) })));
  return equations.length || estimated.length ? el("ul", {}, equations, estimated) : null;
}

/** @param {any} post */
const cells = (post) => [
  el("a", { href: withEdition(featureHref(post.layer, post.feature_id)), title: t("open_on_map") }, post.name || post.feature_id),
  chainage(post.after_m), post.before_m === post.after_m ? MISSING : chainage(post.before_m),
  signed(post.residual_m), signed(post.check_m), `${number(post.off_m, 1)} m`,
  post.why ? el("span", { class: "tag" }, t(`post_${post.why}`)) : t("post_used"),
];

/** @param {number|null} metres */
const signed = (metres) => (isMissing(metres) ? MISSING : `${Number(metres) > 0 ? "+" : ""}${number(Number(metres), 1)} m`);
