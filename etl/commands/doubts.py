"""Command that lists what the recommended checks said of accepted rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
import sqlalchemy as sa

from etl.checks import check_rules
from etl.commands.output import AS_JSON, emit
from etl.postgis.migrate import migrate
from etl.sql import statement
from layers.store import Place

Warned = dict[str, Any]


def warnings_told(
    connection: sa.Connection, *, load_id: int | None = None, source_id: str | None = None, rule_id: str | None = None
) -> list[Warned]:
    """Warnings of the newest load of each source, or of one load, with the rule's words; in rule, source and key order."""
    given = {"load_id": load_id, "source_id": source_id, "rule_id": rule_id}
    types = [sa.bindparam("load_id", type_=sa.Integer()), *(sa.bindparam(name, type_=sa.Text()) for name in ("source_id", "rule_id"))]
    rows = connection.execute(statement(connection, "warnings_told").bindparams(*types), given).mappings()
    rules = check_rules()
    words = ("reason_zh", "reason_en", "advice_zh", "advice_en")
    return [dict(row) | {name: rules.loc[row["rule_id"], name] for name in words} for row in rows]


@click.command("warnings")
@click.argument("load_id", type=int, required=False)
@click.option("--source", "source_id", help="Only those of this source.")
@click.option("--rule", "rule_id", help="Only those of this rule, such as RC13.")
@AS_JSON
@click.pass_obj
def warnings_command(place: Place, load_id: int | None, source_id: str | None, rule_id: str | None, as_json: bool) -> None:
    """Accepted rows that deserve a second look, by rule; of the newest load of each source, or of load LOAD_ID."""
    migrate(place.engine)
    with place.engine.connect() as connection:
        found = warnings_told(connection, load_id=load_id, source_id=source_id, rule_id=rule_id)
    if as_json:
        emit({"warnings": found, "by_rule": dict(sorted(Counter(row["rule_id"] for row in found).items()))})
        return
    heading = None
    for row in found:
        if row["rule_id"] != heading:
            heading = row["rule_id"]
            click.echo(f"{heading} {row['reason_zh']} {row['reason_en']}: {sum(one['rule_id'] == heading for one in found)}")
        told = [row["field"], row["value"], row["detail"]]
        click.echo(f"  {row['source_id']} {row['feature_id']}  {row['file']} 行 row {row['row']}  {'  '.join(str(part) for part in told if part)}")
