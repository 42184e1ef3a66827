"""What of a line's conflicts a person asked for, and the list of it on paper in both languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from app.export.conflict_list import ConflictList
from layers.scoring.chainage import written_chainage
from layers.scoring.pipelines import VERDICTS

MISSING = "—"
WORDS = {
    "zh": {
        "title": "管道冲突清单", "line": "管线", "stretch": "桩号", "bands": "距离带", "edition": "版次", "as_of": "资料截至", "made": "制表",
        "left": "左", "right": "右", "on": "线上", "certain": "确定", "possible": "可能", "historic": "2010-10-01 前", "see": "见规范",
        "open": "整改中", "overdue": "逾期未整改", "closed": "已销号", "n": "共 {n} 条", "sign": "经办:            复核:            会签:            日期:",
        "columns": ("序号", "桩号", "侧别", "对象", "类别", "距离 m", "误差 ± m", "规定 m", "条款", "判定", "确定性", "建成时间", "整改情况"),
    },
    "en": {
        "title": "Conflicts of a pipeline", "line": "Line", "stretch": "Chainage", "bands": "Bands", "edition": "Edition", "as_of": "Data as of", "made": "Made",
        "left": "left", "right": "right", "on": "on it", "certain": "certain", "possible": "possible", "historic": "before 2010-10-01", "see": "see the code",
        "open": "open", "overdue": "overdue", "closed": "closed", "n": "{n} in all", "sign": "By:            Checked:            Agreed:            Date:",
        "columns": ("No.", "Chainage", "Side", "Object", "Kind", "Distance m", "Error ± m", "Required m", "Clause", "Verdict", "Certainty", "Built", "Follow-up"),
    },
}  # fmt: skip
WIDE = (3, 8)


def chosen_rows(
    rows: Collection[dict[str, Any]], *, bands_m: tuple[float, ...], chosen_m: Collection[float], kind: str, is_open_only: bool,
    entries: Mapping[str, Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Rows in the chosen bands and of the chosen kind, each with its entry of the ledger, in the order of chainage.

    Parameters
    ----------
    bands_m : outer edges of all bands, ascending; a row lies in the first band that reaches it
    kind : a layer, a layer with a category (``layer/category``), or empty for all
    entries : newest entry of the ledger by violation
    """
    found = []
    for row in rows:
        band = next((edge for edge in bands_m if row["distance_m"] <= edge), bands_m[-1])
        layer, category = row["object"]["layer"], row["object"]["category"] or ""
        entry = entries.get(str(row.get("violation_id")))
        is_remedied = entry is not None and entry["state"] == "closed"
        if band in chosen_m and kind in ("", layer, f"{layer}/{category}") and not (is_open_only and is_remedied):
            found.append(row | {"entry": entry})
    return found


def conflict_list(answer: Mapping[str, Any], rows: Collection[dict[str, Any]], *, asked: str, edition: str, as_of: str, lang: str) -> ConflictList:
    """The list of some rows of an answer of ``/conflicts``; `asked` tells the stretch and the bands."""
    words = WORDS[lang]
    line = answer["pipeline"]
    counts = Counter(row["verdict"] for row in rows)
    told = [f"{VERDICTS[word][lang == 'en']} {counts[word]}" for word in VERDICTS if counts[word]]
    head = (
        f"{words['line']}: {line['name']} ({line['id']})    {words['stretch']}, {words['bands']}: {asked}",
        f"{words['edition']}: {edition}    {words['as_of']}: {as_of}    {words['made']}: {datetime.now():%Y-%m-%d %H:%M}",
        "    ".join([str(words["n"]).format(n=len(rows)), *told]),
    )
    table = tuple(_row(number, row, words, lang) for number, row in enumerate(rows, start=1))
    return ConflictList(str(words["title"]), head, tuple(words["columns"]), table, answer[f"warning_{lang}"], (str(words["sign"]),), WIDE)


def _row(number: int, row: Mapping[str, Any], words: Mapping[str, Any], lang: str) -> tuple[str | float | int, ...]:
    thing, entry = row["object"], row["entry"]
    return (
        number, written_chainage(row["chainage_m"]), words.get(row["side"], MISSING), thing["name"] or thing["id"], thing["category"] or MISSING,
        round(row["distance_m"], 2), MISSING if row["error_m"] is None else round(row["error_m"], 2),
        words["see"] if row["required_m"] is None else row["required_m"], f"{row['clause'] or MISSING} {row['rule_id'] or ''}".strip(),
        row[f"verdict_{lang}"], words.get(row["certainty"], MISSING), words["historic"] if row["is_historic"] else MISSING,
        f"{entry['ref']} {words[entry['state']]}" if entry else MISSING,
    )  # fmt: skip
