/** A box that leaves the rows of a table that hold every word asked for, and tells how many there are. */

/** @param {{ field: HTMLInputElement, rows: HTMLTableRowElement[], count: HTMLElement, none: HTMLElement }} parts */
export function wireRowFilter({ field, rows, count, none }) {
  const texts = rows.map((row) => wholeText(row));
  const draw = () => {
    const asked = plain(field.value).split(/\s+/).filter(Boolean);
    const isShown = texts.map((text) => asked.every((word) => text.includes(word)));
    rows.forEach((row, i) => { row.hidden = !isShown[i]; });
    const n = isShown.filter(Boolean).length;
    count.textContent = (count.dataset.words ?? "").replace("{n}", String(n)).replace("{all}", String(rows.length));
    none.hidden = n > 0;
  };
  field.addEventListener("input", draw);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !field.value) return;
    event.stopPropagation();
    field.value = "";
    draw();
  });
  draw();
}

/** What a row says, with the titles of standards, as words are compared. @param {HTMLTableRowElement} row */
function wholeText(row) {
  const titles = [...row.querySelectorAll("[title]")].map((node) => node.getAttribute("title"));
  return plain([...[...row.cells].map((cell) => cell.textContent ?? ""), ...titles].join(" "));
}

/** @param {string} text */
const plain = (text) => text.normalize("NFKC").toLowerCase();
