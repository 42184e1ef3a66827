/** One upload, step by step: files, what they are, columns, check, difference, approval, scoring, publication. */
import { ApiError, change, getJson, putFile } from "./api.js";
import { readAddress, replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { approvalStep, checkStep, differenceStep } from "./data_check.js";
import { draftStep } from "./data_drafts.js";
import { ask, isPhone, showInRow, size, startData, state } from "./data_frame.js";
import { follow, isUnfinished, runJob } from "./data_jobs.js";
import { datasetsOf, mappingStep } from "./data_mapping.js";
import { number } from "./formats.js";
import { errorBox, errorText, say } from "./panel.js";
import { said, t } from "./texts.js";
import { keepingFocus, loadInto } from "./workspace.js";

const STEPS = ["files", "recognise", "map", "check", "difference", "approve", "score", "publish"];
const ID = decodeURIComponent(location.pathname.split("/")[3] ?? "");
const ADDRESS = `/api/uploads/${encodeURIComponent(ID)}`;

/** @type {any} */
let upload = null;
let step = "";

async function start() {
  const values = await startData({ title, keys: ["step"], draw });
  if (!values) return;
  await loadInto(byId("content"), async () => {
    await refresh();
    step = STEPS.includes(values.step) ? values.step : firstOpen();
    draw();
  });
  window.addEventListener("popstate", () => goTo(readAddress().values.step ?? "files"));
}

const title = () => (upload ? t("data_upload_title", { name: upload.title || upload.upload_id }) : t("data_tab_uploads"));

async function refresh() {
  upload = await getJson(ADDRESS);
}

/** Asks for the upload again and draws what is shown. */
async function renew() {
  await refresh();
  keepingFocus(draw);
}

/** What has been done, step by step. @returns {Record<string, boolean>} */
function done() {
  const { jobs, files, sources } = upload;
  const isCheckFresh = jobs.check?.state === "done" && [...files.map((/** @type {any} */ file) => file.uploaded_at), ...sources.map((/** @type {any} */ source) => source.confirmed_at)].every((at) => at <= jobs.check.requested_at);
  const isLoaded = jobs.load?.state === "done" && isCheckFresh;
  return {
    files: files.length > 0 && Boolean(upload.label && upload.as_of), recognise: jobs.recognise?.state === "done", map: sources.some((/** @type {any} */ source) => source.manifest),
    check: isCheckFresh, difference: isCheckFresh, approve: isLoaded, score: false, publish: false,
  };
}

function firstOpen() {
  const ready = done();
  return STEPS.find((name) => !ready[name]) ?? "files";
}

/** @param {string} wanted */
function goTo(wanted) {
  step = STEPS.includes(wanted) ? wanted : "files";
  replaceAddress({ step });
  draw();
  byId("step-title").focus();
}

function draw() {
  if (!upload) return;
  byId("page-title").textContent = title();
  const ready = done();
  const body = el("div", { id: "step-body" });
  put(byId("content"),
    el("nav", { "aria-label": t("data_steps") }, el("ol", { class: "steps" }, STEPS.map((name, i) => el("li", { class: ready[name] ? "is-done" : null },
      el("button", { type: "button", "data-focus": `step-${name}`, "aria-current": name === step ? "step" : null, on: { click: () => goTo(name) } },
        el("span", { class: "step-number", "aria-hidden": "true" }, ready[name] ? "✓" : String(i + 1)), t(`data_step_${name}`), ready[name] ? el("span", { class: "unseen" }, ` ${t("data_done")}`) : null))))),
    el("section", { class: "step", "aria-labelledby": "step-title" }, el("h2", { id: "step-title", tabindex: "-1" }, t(`data_step_${step}`)), body));
  const context = { upload, address: ADDRESS, renew, goTo };
  /** @type {Record<string, () => any>} */
  const bodies = {
    files: filesStep, recognise: recogniseStep, map: () => mappingStep(context), check: () => checkStep(context),
    difference: () => differenceStep(context), approve: () => approvalStep(context), score: () => draftStep(() => goTo("publish"), "score"),
    publish: () => draftStep(() => goTo("publish"), "publish"),
  };
  put(body, bodies[step]());
  showInRow(byId("content").querySelector(".steps"));
}

// --- files ---------------------------------------------------------------------------------------------------------

function filesStep() {
  return [
    words(), isPhone() ? el("p", { class: "notice" }, t("data_use_computer")) : dropZone(), el("div", { id: "sending" }), fileList(),
    el("div", { class: "step-foot" },
      el("button", { type: "button", class: "button primary", id: "to-recognise", disabled: !done().files, on: { click: () => goTo("recognise") } }, t("data_next", { step: t("data_step_recognise") })),
      !upload.label || !upload.as_of ? el("span", { class: "hint" }, t("data_label_missing")) : null,
      el("button", { type: "button", class: "button", on: { click: askToDelete } }, t("data_delete_upload"))),
  ];
}

function words() {
  const field = (/** @type {string} */ name, /** @type {Record<string, any>} */ attributes) => el("input", { id: `upload-${name}`, value: upload[name] ?? "", ...attributes,
    on: { change: (/** @type {any} */ event) => describe({ [name]: event.target.value.trim() || (name === "as_of" ? null : "") }) } });
  return el("div", { class: "query" }, ask(t("data_new_title"), field("title", { maxlength: 80 })),
    ask(t("data_delivery_asked"), field("label", { maxlength: 40, placeholder: "2026Q3", required: true })), ask(t("data_until"), field("as_of", { type: "date", required: true })), el("div", { id: "words-problem" }));
}

/** @param {object} body */
async function describe(body) {
  try {
    upload = await change("PATCH", ADDRESS, body);
    keepingFocus(draw);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("words-problem"), errorBox(error, null));
  }
}

function dropZone() {
  const input = /** @type {HTMLInputElement} */ (el("input", { id: "file-input", type: "file", multiple: true, class: "unseen", accept: state.limits.suffixes.join(","), tabindex: "-1", "aria-label": t("data_choose_files"),
    on: { change: () => send([...(input.files ?? [])]) } }));
  const zone = el("div", { class: "drop", on: {
    dragover: (/** @type {DragEvent} */ event) => { event.preventDefault(); zone.classList.add("is-over"); },
    dragleave: () => zone.classList.remove("is-over"),
    drop: (/** @type {DragEvent} */ event) => { event.preventDefault(); zone.classList.remove("is-over"); send([...(event.dataTransfer?.files ?? [])]); },
  } }, el("p", {}, t("data_drop_here")), el("button", { type: "button", class: "button", id: "choose-files", on: { click: () => input.click() } }, t("data_choose_files")), input,
    el("p", { class: "hint" }, t("data_limits", { size: size(state.limits.most_bytes), n: state.limits.most_files })));
  return zone;
}

/** Sends files one after the other. @param {File[]} files */
async function send(files) {
  const node = byId("sending");
  put(node, []);
  for (const file of files) await sendOne(node, file);
  await renew();
  say(t("data_n_files", { n: upload.files.length }));
}

/** @param {HTMLElement} node @param {File} file */
async function sendOne(node, file) {
  const stop = new AbortController();
  const bar = /** @type {HTMLProgressElement} */ (el("progress", { max: 1, value: 0, "aria-label": t("data_sending", { name: file.name }) }));
  const line = el("p", { class: "sending" }, el("span", {}, t("data_sending", { name: file.name })), bar, el("button", { type: "button", class: "button small", on: { click: () => stop.abort() } }, t("cancel")));
  node.append(line);
  const tooLarge = file.size > state.limits.most_bytes;
  try {
    if (tooLarge) throw new ApiError(413, { code: "too_large", message_zh: t("data_too_large", { size: size(state.limits.most_bytes) }), message_en: t("data_too_large", { size: size(state.limits.most_bytes) }) });
    await putFile(`${ADDRESS}/files/${encodeURIComponent(file.name)}`, file, (share) => { bar.value = share; }, stop.signal);
    line.remove();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(line, error.code === "E-CANCELLED" ? t("data_sending_cancelled", { name: file.name }) : `${file.name}: ${errorText(error)}`);
    line.classList.add("is-failed");
    line.setAttribute("role", "alert");
    kept.push(line);
  }
}

/** Lines about files that were not taken; they outlive a drawing of the step. @type {HTMLElement[]} */
const kept = [];

function fileList() {
  const failed = el("div", {}, kept.splice(0));
  if (!upload.files.length) return [failed, el("p", { class: "muted" }, t("data_no_files"))];
  return [failed, el("ul", { class: "files" }, upload.files.map((/** @type {any} */ file) => el("li", {}, el("span", { class: "file-name" }, file.name), el("span", { class: "muted" }, size(file.size_bytes)),
    el("button", { type: "button", class: "link", "aria-label": t("data_take_out_named", { name: file.name }), on: { click: () => takeOut(file.name) } }, t("data_take_out")))))];
}

/** @param {string} name */
async function takeOut(name) {
  try {
    upload = await change("DELETE", `${ADDRESS}/files/${encodeURIComponent(name)}`);
    draw();
    byId("step-title").focus();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("sending"), errorBox(error, null));
  }
}

/** One of the few questions that stop everything: deleting cannot be taken back. */
function askToDelete() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("dialog"));
  put(dialog, el("h2", { id: "dialog-title" }, t("data_delete_upload")), el("p", {}, t("data_delete_asked", { n: upload.files.length })), el("div", { id: "dialog-problem" }),
    el("div", { class: "dialog-foot" }, el("button", { type: "button", class: "button", on: { click: () => dialog.close() } }, t("data_keep")),
      el("button", { type: "button", class: "button danger", on: { click: remove } }, t("data_delete"))));
  dialog.showModal();
}

async function remove() {
  try {
    await change("DELETE", ADDRESS);
    location.assign("/data");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    put(byId("dialog-problem"), errorBox(error, null));
  }
}

// --- what the files are --------------------------------------------------------------------------------------------

function recogniseStep() {
  const job = upload.jobs.recognise;
  const node = el("div", { id: "recognise-job" });
  const run = () => runJob(node, `${ADDRESS}/recognition`, {}, renew);
  if (isUnfinished(job)) queueMicrotask(() => follow(node, job, renew));
  else if (!job && upload.files.length) queueMicrotask(run);
  const isDone = job?.state === "done";
  return [
    el("p", { class: "hint" }, t("data_recognise_hint")), node, job?.state === "failed" ? failed(node, job) : null,
    isDone ? job.result.files.map(recognisedFile) : null,
    el("div", { class: "step-foot" }, isDone ? el("button", { type: "button", class: "button primary", id: "to-map", disabled: !datasetsOf(upload).length, on: { click: () => goTo("map") } }, t("data_next", { step: t("data_step_map") })) : null,
      job && !isUnfinished(job) ? el("button", { type: "button", class: "button", on: { click: run } }, t("data_recognise_again")) : null),
  ];
}

/** @param {HTMLElement} node @param {any} job */
function failed(node, job) {
  queueMicrotask(() => follow(node, job, () => undefined));
  return null;
}

/** @param {any} file */
function recognisedFile(file) {
  if (file.error) return el("div", { class: "notice error-box" }, el("strong", {}, file.file), el("p", {}, t("data_unreadable")), el("p", {}, said(file, "error") || file.error));
  return el("div", { class: "card" }, el("h3", {}, file.file),
    el("p", { class: "muted" }, [t(`data_reader_${file.reader}`), file.encoding && t("data_encoding", { name: file.encoding }), file.separator && t("data_separator", { sign: file.separator === "\t" ? "Tab" : file.separator })].filter(Boolean).join(" · ")),
    file.warnings.map((/** @type {any} */ warning) => el("p", { class: "notice" }, said(warning, ""))),
    el("ul", { class: "datasets" }, file.datasets.map((/** @type {any} */ dataset) => el("li", {}, el("strong", {}, dataset.name), ` ${t("data_n_rows", { n: number(dataset.n_rows), columns: dataset.columns.length })} `,
      dataset.known_source ? el("span", { class: "tag" }, t("data_known_as", { id: dataset.known_source })) : el("span", { class: "tag tag-assumed" }, t("data_new_source")), " ",
      dataset.layers[0] ? el("span", {}, t("data_looks_like", { layer: said(dataset.layers[0]) })) : el("span", {}, t("data_no_layer")),
      dataset.warnings.map((/** @type {any} */ warning) => el("p", { class: "notice" }, said(warning, "")))))));
}

start();
