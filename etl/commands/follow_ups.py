"""Commands of the follow-up ledger: follow-ups, follow-ups export."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from openpyxl import Workbook

from etl.commands.output import AS_JSON, emit, say
from etl.postgis.migrate import migrate
from layers.store import Place

STATES = ("open", "overdue", "closed")
WORDS = {"open": "整改中", "overdue": "逾期", "closed": "已销号", "violation": "安全距离不足", "occupation": "占压"}
COLUMNS = {
    "ref": "编号", "kind": "类型", "subject_name": "风险源或管道", "object_name": "对象", "rule_id": "规则号", "actual_m": "实际_m",
    "required_m": "规定_m", "office": "责任单位", "person": "责任人", "opened_on": "立账日期", "due_on": "整改期限", "state": "状态",
    "closed_on": "销号日期", "closed_reason": "销号理由", "checked": "最新版次复核", "town_name": "乡镇",
}  # fmt: skip
QUERY = sa.text(
    "SELECT entry.ref, entry.kind, coalesce(entry.subject_name, entry.subject_feature_id) AS subject_name, "
    "coalesce(entry.object_name, entry.object_feature_id) AS object_name, entry.rule_id, "
    "(entry.evidence ->> 'actual_m')::float8 AS actual_m, (entry.evidence ->> 'required_m')::float8 AS required_m, "
    "entry.office, entry.person, entry.opened_on, entry.due_on, "
    "CASE WHEN entry.closed_on IS NOT NULL THEN 'closed' WHEN entry.due_on < :today THEN 'overdue' ELSE 'open' END AS state, "
    "entry.closed_on, entry.closed_reason, (SELECT checks.edition || ' ' || checks.state FROM ops.follow_up_checks AS checks "
    "WHERE checks.ref = entry.ref ORDER BY checks.edition DESC LIMIT 1) AS checked, entry.town_name "
    "FROM ops.follow_ups AS entry ORDER BY entry.closed_on IS NOT NULL, entry.due_on, entry.ref"
)


@click.group("follow-ups", invoke_without_command=True)
@click.option("--state", type=click.Choice(STATES), help="Only entries in this state today.")
@click.option("--office", default="", help="Only entries of this office.")
@AS_JSON
@click.pass_context
def follow_ups_group(context: click.Context, state: str | None, office: str, as_json: bool) -> None:
    """The follow-up ledger: open entries by deadline, then those that are closed."""
    context.obj = (context.obj, state, office)
    if context.invoked_subcommand is not None:
        return
    found = _entries(*context.obj)
    if as_json:
        emit({"follow_ups": found})
        return
    for entry in found:
        click.echo(f"  {entry['ref']:<11} {WORDS[entry['state']]} {entry['state']:<8} {entry['due_on']}  {WORDS[entry['kind']]} {entry['kind']}  "
                   f"{entry['subject_name']} – {entry['object_name']}  {entry['office']} {entry['person']}")
    say(f"台账 follow-ups: {len(found)}")


@follow_ups_group.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_context
def export_command(context: click.Context, file: Path) -> None:
    """Write the entries to FILE, a .csv or .xlsx."""
    if file.suffix.lower() not in (".csv", ".xlsx"):
        raise click.UsageError("FILE must end in .csv or .xlsx")
    found = _entries(*context.obj)
    rows = [[_cell(entry[name]) for name in COLUMNS] for entry in found]
    if file.suffix.lower() == ".csv":
        with file.open("w", encoding="utf-8-sig", newline="") as target:
            csv.writer(target).writerows([list(COLUMNS.values()), *rows])
    else:
        book = Workbook()
        sheet = book.active
        for row in [list(COLUMNS.values()), *rows]:
            sheet.append(row)
        book.save(file)
    say(f"台账 follow-ups: {len(found)} -> {file}")


def _entries(place: Place, state: str | None, office: str) -> list[dict[str, Any]]:
    migrate(place.engine)
    with place.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(QUERY, {"today": date.today()}).mappings()]
    plain = [{name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()} for row in rows]
    return [row for row in plain if (not state or row["state"] == state) and (not office or row["office"] == office)]


def _cell(value: Any) -> Any:
    """A value that no spreadsheet runs as a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return WORDS.get(value, value) if isinstance(value, str) else value
