"""Many sites at once: one verdict a row, nothing kept; the same check as for a single site."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import sqlalchemy as sa
from openpyxl import Workbook

from app.editions import EditionFacts
from app.errors import RequestError
from app.parameters import plain_text
from app.site_checks import site_check
from app.site_requests import CONSTRUCTION_WORDS, read_site_request
from app.surroundings import SurroundingsMemory
from app.texts import DataText, Text, TextIn
from layers.errors import InputError
from layers.scoring.rules import RuleSet

MOST_AT_ONCE = 200
MOST_ROWS = 20_000
GIVEN = ("name", "project_type", "construction", "is_new", "applicant", "starts_on", "ends_on", "n_persons")
FLAGS = {"true": True, "false": False}
COLUMNS = ("row", "name", "project_type", "verdict", "n_reasons", "reason", "clause", "error_field", "error")
HEADS = (
    TextIn("table head", "行"), Text("名称"), Text("部件类型"), Text("结论"), Text("原因数"), Text("首要原因"), Text("条款"), Text("出错字段"), Text("错误"),
)  # fmt: skip
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def batch_body(site: dict[str, Any], project_type: str, rules: RuleSet) -> dict[str, Any]:
    """The request that a row of a file stands for: kinds by code or name, whole numbers and flags as tables write them."""
    given = {key: value.strip() if isinstance(value, str) else value for key, value in (site.get("properties") or {}).items()}
    body: dict[str, Any] = {key: given[key] for key in GIVEN if given.get(key) not in (None, "")}
    for key, known in (("project_type", _project_types(rules)), ("construction", _constructions()), ("is_new", FLAGS)):
        if isinstance(body.get(key), str):
            body[key] = known.get(body[key].casefold(), body[key])
    if "n_persons" in body:
        body["n_persons"] = _whole_number(body["n_persons"])
    return {"project_type": project_type, **body, "geometry": site.get("geometry")}


def _project_types(rules: RuleSet) -> dict[str, str]:
    """Codes of development types by how people write them."""
    return {name.casefold(): kind.id for kind in rules.project_types.values() for name in (kind.title_zh, kind.title_en, kind.id)}


def _constructions() -> dict[str, str]:
    return {name.casefold(): code for code, words in CONSTRUCTION_WORDS.items() for name in (words.zh, words.en, code)}


def _whole_number(value: Any) -> Any:
    """A number of a cell, which spreadsheets write as 300.0, as a whole one; anything else as it is."""
    try:
        number = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        return value
    return int(number) if number.is_integer() else value


def require_place(site: dict[str, Any]) -> None:
    """Raise `RequestError` for a row that the reader of its file found without a usable place."""
    fault = site.get("fault")
    if isinstance(fault, dict):
        field, zh, en = (plain_text("fault", fault.get(key) or "") for key in ("field", "zh", "en"))
        raise RequestError(field or "geometry", DataText(zh, en))


def batch_rows(
    connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, sites: Sequence[Any], project_type: str
) -> list[dict[str, Any]]:
    """One row a site; a site that cannot be judged has the field at fault and the words of the error."""
    return [_row(connection, facts, surroundings, site, project_type) for site in sites]


def _row(connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, site: Any, project_type: str) -> dict[str, Any]:
    if not isinstance(site, dict) or not isinstance(site.get("properties") or {}, dict):
        raise RequestError("sites", Text("应为含 geometry 和 properties 的对象"))
    body = batch_body(site, project_type, surroundings.rules)
    told: dict[str, Any] = dict.fromkeys(COLUMNS)
    told |= {"row": site.get("row"), "name": str(body.get("name") or ""), "project_type": str(body["project_type"])}
    try:
        require_place(site)
        asked = read_site_request(body, facts, surroundings.rules)
    except InputError as error:
        return told | {"error_field": error.field, "error_zh": getattr(error, "message_zh", str(error)), "error_en": str(error)}
    answer = site_check(connection, facts, surroundings, asked=asked)
    first = answer["reasons"][0] if answer["reasons"] else {}
    return told | {
        "verdict": answer["verdict"], "n_reasons": len(answer["reasons"]), "reason_zh": first.get("text_zh"), "reason_en": first.get("text_en"),
        "title_zh": first.get("title_zh"), "title_en": first.get("title_en"), "clause": first.get("clause"), "geometry": body["geometry"],
    }  # fmt: skip


def batch_workbook(rows: Sequence[Any], lang: str) -> bytes:
    """The rows as a workbook; text that a spreadsheet would take for a formula stays text."""
    if not all(isinstance(row, dict) for row in rows):
        raise RequestError("rows", Text("应为对象的列表"))
    book = Workbook(write_only=True)
    sheet = book.create_sheet("sites")
    for cells in table_lines(rows, lang):
        sheet.append(cells)
    made = BytesIO()
    book.save(made)
    return made.getvalue()


def table_lines(rows: Sequence[dict[str, Any]], lang: str) -> list[list[Any]]:
    """The head of a table in a language, then its rows."""
    return [[head[lang] for head in HEADS], *(table_cells(row, lang) for row in rows)]


def table_cells(row: dict[str, Any], lang: str) -> list[Any]:
    """What a table says of a row."""
    verdict = row.get("verdict") if isinstance(row.get("verdict"), dict) else {}
    reason = " · ".join(str(row[key]) for key in (f"title_{lang}", f"reason_{lang}") if row.get(key))
    cells = [row.get("row"), row.get("name"), row.get("project_type"), (verdict or {}).get(f"title_{lang}"), row.get("n_reasons"), reason,
             row.get("clause"), row.get("error_field"), row.get(f"error_{lang}")]  # fmt: skip
    return [_plain(value) for value in cells]


def _plain(value: Any) -> Any:
    if isinstance(value, int | float | None):
        return value
    text = "".join(character for character in str(value) if character >= " ")[:2000]
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
