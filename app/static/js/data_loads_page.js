/** Every load: what it brought, who approved it, and whether it was taken back. */
import { getJson } from "./api.js";
import { readAddress, replaceAddress } from "./address.js";
import { byId, el, put } from "./dom.js";
import { ask, moment, startData, table } from "./data_frame.js";
import { number } from "./formats.js";
import { said, t } from "./texts.js";
import { loadInto } from "./workspace.js";

/** @type {any[]} */
let loads = [];
let wanted = "";

async function start() {
  const values = await startData({ title: () => t("data_tab_loads"), keys: ["source"], draw });
  if (!values) return;
  wanted = readAddress().values.source ?? "";
  await loadInto(byId("content"), async () => {
    ({ loads } = await getJson("/api/loads"));
    draw();
  });
}

function draw() {
  if (!loads.length) return put(byId("content"), el("p", { class: "notice" }, t("data_no_loads"), " ", el("a", { class: "button small", href: "/data" }, t("data_tab_uploads"))));
  const sources = [...new Map(loads.map((load) => [load.source_id, said(load)]))].sort();
  const choose = (/** @type {any} */ event) => { wanted = event.target.value; replaceAddress({ source: wanted }); draw(); byId("source-filter").focus(); };
  const rows = loads.filter((load) => !wanted || load.source_id === wanted);
  put(byId("content"), el("div", { class: "query" }, ask(t("data_source"), el("select", { id: "source-filter", on: { change: choose } }, el("option", { value: "" }, t("all")), sources.map(([id, title]) => el("option", { value: id, selected: id === wanted }, `${title} (${id})`))))),
    table(t("data_tab_loads"), [
      { head: t("data_load"), cell: (row) => el("a", { href: `/data/loads/${row.load_id}` }, t("data_load_n", { n: row.load_id })), isShort: true }, { head: t("data_delivery"), cell: (row) => row.delivery_label, isShort: true },
      { head: t("data_source"), cell: (row) => said(row) }, { head: t("data_n_accepted"), cell: (row) => number(row.n_accepted), isFigure: true }, { head: t("data_n_refused"), cell: (row) => number(row.n_refused), isFigure: true },
      { head: t("data_added"), cell: (row) => number(row.n_added), isFigure: true }, { head: t("data_changed"), cell: (row) => number(row.n_changed), isFigure: true }, { head: t("data_gone"), cell: (row) => number(row.n_gone), isFigure: true }, { head: t("data_held"), cell: (row) => number(row.n_held), isFigure: true },
      { head: t("data_approver"), cell: (row) => row.approved_by || t("data_by_command") }, { head: t("data_when"), cell: (row) => moment(row.loaded_at), isShort: true },
      { head: t("data_stands"), cell: (row) => (row.rolled_back_at ? el("span", { class: "tag tag-assumed" }, t("data_rolled_back")) : el("span", { class: "tag" }, t("data_in_force"))) },
    ], rows));
}

start();
