/** Kept dig notices, newest first, with verdict and due date; the way to a new one. */
import { getJson } from "./api.js";
import { byId, el, put } from "./dom.js";
import { day, MISSING, number, today } from "./formats.js";
import { withEdition } from "./frame.js";
import { said, t } from "./texts.js";
import { loadInto, startWorkspace, titlePage, wireKeys } from "./workspace.js";

/** @type {any[]} */
let notices = [];

const workspace = { keys: [], regions: ["search", "page-title"], draw: drawAll, onEdition: load };

async function start() {
  if (!(await startWorkspace(workspace))) return;
  wireKeys(workspace);
  await load();
}

function load() {
  return loadInto(byId("found"), async () => {
    notices = (await getJson("/api/dig-notices")).notices;
    drawAll();
  });
}

const COLUMNS = ["notice_number", "applicant", "works_name", "received_on", "due_on", "works_dates", "verdict_word", "n_lines_touched"];

function drawAll() {
  titlePage(t("dig_notices"));
  byId("all-lines").setAttribute("href", withEdition("/pipelines"));
  put(byId("found"),
    el("p", {}, el("a", { class: "button primary", href: withEdition("/pipelines/notices/new") }, t("new_notice"))),
    notices.length ? table() : el("p", { class: "notice" }, t("no_notices")));
}

function table() {
  return el("table", { class: "rows cards", role: "table" }, el("caption", { class: "unseen" }, t("dig_notices")),
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, COLUMNS.map((key) => el("th", { scope: "col", role: "columnheader" }, t(key))))),
    el("tbody", { role: "rowgroup" }, notices.map((notice) => el("tr", { role: "row" }, cells(notice).map((content, i) =>
      el(i ? "td" : "th", { role: i ? "cell" : "rowheader", scope: i ? null : "row", "data-head": t(COLUMNS[i]) }, content))))));
}

/** @param {any} notice */
const cells = (notice) => [
  el("a", { href: withEdition(`/pipelines/notices/${encodeURIComponent(notice.ref)}`) }, notice.ref), notice.applicant, notice.name || MISSING,
  day(notice.received_on), [day(notice.due_on), isOverdue(notice) ? el("span", { class: "sign" }, ` ${t("overdue")}`) : null], `${day(notice.starts_on)} – ${day(notice.ends_on)}`,
  [notice.verdict ? said(notice.verdict) : t("cannot_be_judged"), notice.has_changed ? [" ", el("span", { class: "badge" }, t("outcome_changed"))] : null], number(notice.n_lines),
];

/** @param {any} notice whether the day of reply has passed and the works have not */
const isOverdue = (notice) => notice.due_on && notice.due_on < today() && notice.ends_on >= today();

start();
