"""Commands around positions for addresses: search, list, decide."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from etl.commands.matching import BY, REASON, record_of
from etl.commands.output import AS_JSON, ProgressLine, emit, say
from etl.manifest import load_manifests
from etl.places.search import place_counts, place_register, placing_policies
from etl.postgis.migrate import migrate
from layers.catalog import load_catalog
from layers.links import Decision, decide_place
from layers.store import Place

LIST_QUERY = """
SELECT p.layer, p.feature_id, p.basis, p.lon, p.lat, p.score, p.accuracy_m, p.method, d.decision, d.by_name, p.evidence
FROM ops.place_proposals AS p
LEFT JOIN (
    SELECT DISTINCT ON (layer, feature_id) * FROM ops.place_decisions ORDER BY layer, feature_id, decision_id DESC
) AS d USING (layer, feature_id)
WHERE :all OR d.decision IS NULL OR d.decision = 'undo'
ORDER BY p.score DESC, p.layer, p.feature_id
"""


@click.command("place")
@click.argument("area_dir", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--list", "is_list", is_flag=True, help="List the positions that wait for a decision.")
@click.option("--all", "is_all", is_flag=True, help="With --list: the decided ones too.")
@click.option("--accept", metavar="RECORD", help="Take the proposed position of a feature, written layer/id.")
@click.option("--reject", metavar="RECORD", help="Leave a feature without position.")
@click.option("--undo", metavar="RECORD", help="Take the newest decision on a feature back.")
@BY
@REASON
@AS_JSON
@click.pass_obj
def place_command(
    place: Place, area_dir: Path | None, is_list: bool, is_all: bool, accept: str | None, reject: str | None, undo: str | None,
    by_name: str, reason: str, as_json: bool,
) -> None:
    """Propose positions for rows without, from the county's own addresses and names; AREA_DIR applies its manifests' policies."""
    migrate(place.engine)
    decided = [(word, record) for word, record in (("accept", accept), ("reject", reject), ("undo", undo)) if record]
    if len(decided) + is_list > 1:
        raise click.UsageError("one of --list, --accept, --reject and --undo at a time")
    if decided:
        word, record = decided[0]
        with place.engine.begin() as connection:
            decide_place(connection, record_of(record), Decision(word, by_name, reason))
        say(f"定位 place: {word} {record}  {by_name}")
    elif is_list:
        _list(place, is_all=is_all, as_json=as_json)
    else:
        _search(place, area_dir, as_json=as_json)


def _search(place: Place, area_dir: Path | None, *, as_json: bool) -> None:
    line, catalog = ProgressLine(), load_catalog()
    result = place_register(place.engine, catalog, policies=_policies(area_dir, place.home), progress=line)
    line.clear()
    say(f"定位 place: {'无变化 unchanged  ' if result.is_unchanged else ''}{result.counts}")
    if as_json:
        emit(dataclasses.asdict(result))


def _policies(area_dir: Path | None, home: Path) -> dict[str, float]:
    """Least score by source, of the manifests that place rows without asking."""
    if area_dir is None:
        return {}
    _, manifests = load_manifests(area_dir, load_catalog(), home=home)
    return placing_policies(manifests)


def _list(place: Place, *, is_all: bool, as_json: bool) -> None:
    with place.engine.connect() as connection:
        rows: list[dict[str, Any]] = [dict(row) for row in connection.execute(sa.text(LIST_QUERY), {"all": is_all}).mappings()]
        if as_json:
            emit({"counts": place_counts(connection), "places": rows})
            return
    for row in rows:
        known = "; ".join(entry["words"] for entry in row["evidence"]["known"])
        click.echo(f"  {row['score']:.3f} ±{row['accuracy_m']:,.0f} m {row['decision'] or '':<7} {row['layer']}/{row['feature_id']}  "
                   f"{row['basis']}  {row['evidence']['zh']} {row['evidence']['en']}: {known}")
