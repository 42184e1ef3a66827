"""Commands around records of one enterprise in several lists: search, list, decide."""

from __future__ import annotations

import dataclasses
import getpass
import os
from typing import Any

import click
import sqlalchemy as sa

from etl.commands.output import AS_JSON, ProgressLine, emit, say
from etl.matching.search import match_contradictions, match_counts, match_register
from etl.postgis.migrate import migrate
from layers.catalog import load_catalog
from layers.errors import InputError
from layers.links import Decision, Pair, decide_pair
from layers.store import Place


def user_of_machine() -> str:
    """Name of the user who runs a command; the number where the machine has no name for it, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return f"uid {os.getuid()}"


BY = click.option("--by", "by_name", default=user_of_machine, help="Who decides; default: the user of this machine.")
REASON = click.option("--reason", default="", help="Why, in words; kept with the decision.")
LIST_QUERY = """
SELECT p.layer_a, p.feature_a, p.layer_b, p.feature_b, p.score, p.band, d.decision, d.by_name, d.reason, p.evidence
FROM ops.match_pairs AS p
LEFT JOIN ops.match_decisions_in_force AS d USING (layer_a, feature_a, layer_b, feature_b)
WHERE :all OR (p.band = 'probable' AND d.decision_id IS NULL)
ORDER BY p.score DESC, p.layer_a, p.feature_a, p.layer_b, p.feature_b
"""


def record_of(text: str) -> tuple[str, str]:
    """Layer and id of a record written as ``layer/id``."""
    layer, _, feature_id = text.partition("/")
    if not layer or not feature_id:
        raise InputError("record", f"{text!r} should be written layer/id")
    return layer, feature_id


@click.command("match")
@click.option("--list", "is_list", is_flag=True, help="List the pairs that wait for a decision.")
@click.option("--all", "is_all", is_flag=True, help="With --list: the certain and the decided ones too.")
@click.option("--accept", nargs=2, metavar="A B", help="Link two records, each written layer/id.")
@click.option("--reject", nargs=2, metavar="A B", help="Tell two records apart.")
@click.option("--undo", nargs=2, metavar="A B", help="Take the newest decision on two records back.")
@BY
@REASON
@AS_JSON
@click.pass_obj
def match_command(
    place: Place, is_list: bool, is_all: bool, accept: tuple[str, str], reject: tuple[str, str], undo: tuple[str, str],
    by_name: str, reason: str, as_json: bool,
) -> None:
    """Find records of one enterprise in the lists of several offices; without options: search, and propose."""
    migrate(place.engine)
    given = {"accept": accept, "reject": reject, "undo": undo}
    decided = [(word, pair) for word, pair in given.items() if pair]
    if len(decided) + is_list > 1:
        raise click.UsageError("one of --list, --accept, --reject and --undo at a time")
    if decided:
        word, (one, other) = decided[0]
        with place.engine.begin() as connection:
            decide_pair(connection, Pair.of(record_of(one), record_of(other)), Decision(word, by_name, reason))
        say(f"比对 match: {word} {one} {other}  {by_name}")
    elif is_list:
        _list(place, is_all=is_all, as_json=as_json)
    else:
        _search(place, as_json=as_json)


def _search(place: Place, *, as_json: bool) -> None:
    line = ProgressLine()
    result = match_register(place.engine, load_catalog(), progress=line)
    line.clear()
    say(f"比对 match: {'无变化 unchanged  ' if result.is_unchanged else ''}{result.counts}")
    if as_json:
        emit(dataclasses.asdict(result))


def _list(place: Place, *, is_all: bool, as_json: bool) -> None:
    with place.engine.connect() as connection:
        rows: list[dict[str, Any]] = [dict(row) for row in connection.execute(sa.text(LIST_QUERY), {"all": is_all}).mappings()]
        if as_json:
            emit({"counts": match_counts(connection), "pairs": rows, "contradictions": match_contradictions(connection)})
            return
    for row in rows:
        told = " ".join(f"{part['comparison']}:{part['zh']} {part['en']}({part['weight_bits']:+.1f})" for part in row["evidence"] if part["level"])
        click.echo(f"  {row['score']:.3f} {row['decision'] or row['band']:<8} {row['layer_a']}/{row['feature_a']} = "
                   f"{row['layer_b']}/{row['feature_b']}  {told}")
