"""The factory registry of Taiwan, one JSON object a line, with the office's map record nested as `egis`.

The registry lists two-digit classes, often several; the map record has one four-digit class, which in one
case of seven is none of them. Neither is corrected: a factory has all the classes that it is said to have.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from etl.jobs.json_files import cell_text
from etl.manifest import Manifest
from etl.read import ROW
from layers.errors import SourceFileError

MAP_RECORD = "egis"
MAP_COLUMNS = (
    "AddrOrg",
    "FactoryID",
    "FactoryName",
    "IndustryClass",
    "IndustryClass2",
    "material",
    "prodname",
    "web",
    "X",
    "Y",
)
LISTED_CLASS = re.compile(r"^(\d{2})(.+)$")
MAPPED_CLASS = re.compile(r"^(.+)\((\d{4})\)$")


def read(path: Path, manifest: Manifest) -> pd.DataFrame:
    """Registry columns, `egis.` columns (empty where there is no map record), and what is made of them.

    Added: `class_code` and `class_name` (joined by ``;``, the four-digit class first) and `products`
    (the registry's main products, then the map record's products and raw material).
    """
    frame = next(pieces(path, manifest), None)
    if frame is None:
        raise SourceFileError(path, "an empty file", "one factory a line")
    return frame


def pieces(path: Path, manifest: Manifest, *, rows: int | None = None) -> Iterator[pd.DataFrame]:
    """The same, `rows` factories at a time (None: all); every piece has the columns of all of them."""
    names = list(dict.fromkeys(name for _, record in _records(path) for name in _row(record)))
    records = _records(path)
    while piece := [_row(record) | {ROW: number} for number, record in itertools.islice(records, rows)]:
        yield pd.DataFrame(piece, columns=[*names, ROW], dtype=object).fillna("")


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise SourceFileError(path, f"line {number}: {error}", "one JSON object a line") from error
            if not isinstance(record, dict):
                raise SourceFileError(path, f"line {number}: a JSON {type(record).__name__}", "a JSON object")
            yield number, record


def _row(record: dict[str, Any]) -> dict[str, str]:
    mapped = record.get(MAP_RECORD) or {}
    row = {name: cell_text(value) for name, value in record.items() if name != MAP_RECORD}
    row |= {f"{MAP_RECORD}.{name}": cell_text(mapped.get(name)) for name in (*MAP_COLUMNS, *mapped)}
    classes = industry_classes(list(record.get("產業類別") or []), str(mapped.get("IndustryClass") or ""))
    row["class_code"] = ";".join(classes)
    row["class_name"] = ";".join(classes.values())
    row["products"] = _products(row)
    return row


def industry_classes(listed: list[str], mapped: str) -> dict[str, str]:
    """Code -> name of every class of a factory; two digits that the four-digit class refines are left out.

    >>> industry_classes(["18化學材料製造業", "22塑膠製品製造業"], "合成樹脂及塑膠製造業(1841)")
    {'1841': '合成樹脂及塑膠製造業', '22': '塑膠製品製造業'}

    A text in another form is kept whole as its own code, so that nobody loses it unseen.
    """
    classes: dict[str, str] = {}
    if mapped:
        match = MAPPED_CLASS.match(mapped)
        classes |= {match[2]: match[1]} if match else {mapped: mapped}
    for text in listed:
        match = LISTED_CLASS.match(text)
        code, name = (match[1], match[2]) if match else (text, text)
        if not any(known.startswith(code) for known in classes):
            classes[code] = name
    return classes


def _products(row: dict[str, str]) -> str:
    parts = [row.get("主要產品", ""), row["egis.prodname"]]
    if row["egis.material"]:
        parts.append(f"原料:{row['egis.material']}")
    return ";".join(part for part in parts if part)
