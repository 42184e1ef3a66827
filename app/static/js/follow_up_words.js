/** Words of the follow-up ledger that its list, its entry and other pages share. */
import { may } from "./atlas.js";
import { el } from "./dom.js";
import { distance, isMissing, MISSING, required } from "./formats.js";
import { withEdition } from "./frame.js";
import { t } from "./texts.js";

/** Whether the person who looks may open the ledger. */
export const mayFollowUp = () => may("patrol", "pipeline");

/** Address of an entry. @param {string} ref */
export const entryHref = (ref) => withEdition(`/patrol/follow-ups/${encodeURIComponent(ref)}`);

/** Address of the form for a violation. @param {string} violationId */
export const newEntryHref = (violationId) => withEdition(`/patrol/follow-ups/new?violation=${encodeURIComponent(violationId)}`);

/** The state in a word; overdue ones by how many days. @param {any} entry */
export const stateWord = (entry) => (entry.state === "overdue" ? t("follow_up_overdue", { n: entry.days_over }) : t(`follow_up_${entry.state}`));

/** @param {any} entry */
export const stateTag = (entry) => el("span", { class: `tag${entry.state === "overdue" ? " sign-prohibited" : ""}` }, stateWord(entry));

/** Both sides of the violation by name. @param {any} entry */
export const sidesWord = (entry) => `${entry.subject_name || entry.subject_feature_id} – ${entry.object_name || entry.object_feature_id}`;

/** Actual and required metres. @param {any} figures */
export const figuresWord = (figures) => (!figures || isMissing(figures.actual_m) ? MISSING : `${distance(figures.actual_m)} / ${required(figures.required_m)}`);

/** What the newest edition says. @param {any} check */
export const checkWord = (check) => (check ? t(`check_${check.state}`, { n: check.edition }) : MISSING);
