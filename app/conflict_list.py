"""What of a line's conflicts a person asked for, and the list of it on paper in both languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from app.export.conflict_list import ConflictList
from app.texts import Text, TextIn, in_language
from layers.scoring.chainage import written_chainage
from layers.scoring.pipelines import VERDICTS

MISSING = "—"
WORDS = {
    "title": Text("管道冲突清单"), "line": Text("管线"), "stretch": Text("桩号"), "bands": Text("距离带"), "edition": Text("版次"), "as_of": TextIn("list head", "资料截至"),
    "made": Text("制表"), "left": Text("左"), "right": Text("右"), "on": Text("线上"), "in_doubt": Text("{side}(存疑)"), "certain": Text("确定"), "possible": Text("可能"), "historic": Text("2010-10-01 前"),
    "see": Text("见规范"), "open": Text("整改中"), "overdue": Text("逾期未整改"), "closed": Text("已销号"), "n": Text("共 {n} 条"),
    "sign": Text("经办:            复核:            会签:            日期:"),
}  # fmt: skip
COLUMNS = (
    Text("序号"), Text("桩号"), Text("侧别"), Text("对象"), Text("类别"), Text("距离 m"), Text("误差 ± m"),
    Text("规定 m"), Text("条款"), Text("判定"), Text("确定性"), Text("建成时间"), Text("整改情况"),
)  # fmt: skip
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
    words = in_language(WORDS, lang)
    line = answer["pipeline"]
    counts = Counter(row["verdict"] for row in rows)
    told = [f"{VERDICTS[word][lang == 'en']} {counts[word]}" for word in VERDICTS if counts[word]]
    head = (
        f"{words['line']}: {line['name']} ({line['id']})    {words['stretch']}, {words['bands']}: {asked}",
        f"{words['edition']}: {edition}    {words['as_of']}: {as_of}    {words['made']}: {datetime.now():%Y-%m-%d %H:%M}",
        "    ".join([words["n"].format(n=len(rows)), *told]),
    )
    table = tuple(_row(number, row, words, lang) for number, row in enumerate(rows, start=1))
    return ConflictList(words["title"], head, tuple(column[lang] for column in COLUMNS), table, answer[f"warning_{lang}"], (words["sign"],), WIDE)


def _side(row: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """Left or right of the line; in doubt where the positions may be wrong by more than the thing is away."""
    side = words.get(row["side"], MISSING)
    is_in_doubt = row["side"] in ("left", "right") and row["error_m"] is not None and row["error_m"] >= row["distance_m"]
    return words["in_doubt"].format(side=side) if is_in_doubt else side


def _row(number: int, row: Mapping[str, Any], words: Mapping[str, str], lang: str) -> tuple[str | float | int, ...]:
    thing, entry = row["object"], row["entry"]
    return (
        number, written_chainage(row["chainage_m"]), _side(row, words), thing["name"] or thing["id"], thing["category"] or MISSING,
        round(row["distance_m"], 2), MISSING if row["error_m"] is None else round(row["error_m"], 2),
        words["see"] if row["required_m"] is None else row["required_m"], f"{row['clause'] or MISSING} {row['rule_id'] or ''}".strip(),
        row[f"verdict_{lang}"], words.get(row["certainty"], MISSING), words["historic"] if row["is_historic"] else MISSING,
        f"{entry['ref']} {words[entry['state']]}" if entry else MISSING,
    )  # fmt: skip
