"""Commands around a load: load, rollback, refused, history."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from etl.approval import ANYTHING
from etl.commands.differences import Differences
from etl.commands.matching import BY, REASON
from etl.commands.output import AS_JSON, ProgressLine, emit, say
from etl.history import feature_history
from etl.load import SourceResult, load_area_data
from etl.postgis.migrate import migrate
from etl.returned import return_refused
from etl.rollback import rollback_load
from layers.catalog import load_catalog
from layers.store import Place


COUNT_WORDS = {
    "n_read": "读取 read", "n_accepted": "接收 accepted", "n_added": "新增 added", "n_changed": "变更 changed", "n_gone": "消失 gone",
    "n_held": "沿用旧值 held", "n_moved": "移位 moved", "n_merged": "归并 merged", "n_refused": "退回 refused", "n_repaired": "修复 repaired",
    "n_warned": "提醒 warned", "n_unplaced": "未定位 unplaced",
}
STATE_WORDS = {
    "unchanged": "无变化(同一文件已入库) unchanged (this file is loaded)", "absent": "本次未报送 not delivered", "would load": "试算 dry run",
}


def describe_source(result: SourceResult) -> str:
    """One line about a source: enterprises  读取 read 3,300  接收 accepted 3,287 ...; a second one where fields are gained."""
    parts = [STATE_WORDS.get(result.state, "")]
    parts += [f"{words} {result.counts[name]:,}" for name, words in COUNT_WORDS.items() if result.counts.get(name)]
    by_rule = result.refused_by_rule | result.warned_by_rule
    parts += [str(by_rule)] if by_rule else []
    told = f"\n    {result.gained.told()}" if result.gained.n else ""
    return f"  {result.source_id:<26} {'  '.join(filter(None, parts))}  {result.seconds:.1f} s{told}"


@click.command("load")
@click.argument("area_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", "data_dir", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder with the delivered files; default: AREA_DIR/raw.")
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--untrusted", is_flag=True, help="Read every file in a child process with limits of memory and time.")
@click.option("--only", "only", multiple=True, metavar="SOURCE", help="Load this source alone; may be given several times.")
@click.option("--list", "most", default=5, show_default=True, type=click.IntRange(0, 100_000), help="With --dry-run: features to list of each kind of change.")
@click.option("--accept", "accepts", multiple=True, metavar="SOURCE",
              help="Agree that more than a fifth of this source, or all of it, changes or goes, and that its data are older than those held or undated, "
                   "whatever the figures turn out to be: look with --dry-run first; may be given several times.")
@BY
@click.option("--note", default="", help="Why, in words; kept with the load.")
@AS_JSON
@click.pass_obj
def load_command(
    place: Place, area_dir: Path, data_dir: Path | None, dry_run: bool, untrusted: bool, only: tuple[str, ...], most: int,
    accepts: tuple[str, ...], by_name: str, note: str, as_json: bool,
) -> None:
    """Load the delivered files of an area into the register."""
    migrate(place.engine)
    folder = data_dir or area_dir / "raw"
    say(f"入库 load: {folder}")
    line, catalog = ProgressLine(), load_catalog()
    seen = Differences(catalog, most=most)

    def report(result: SourceResult) -> None:
        line.say("\n".join([describe_source(result), *seen.lines(result)]))

    try:
        results = load_area_data(
            place.engine, catalog, area_dir, folder, home=place.home, is_dry_run=dry_run, is_untrusted=untrusted,
            report=report, only=only or None, progress=line, approved_by=f"{by_name}:{note}" if note else by_name,
            accepts=dict.fromkeys(accepts, ANYTHING), **({"inspect": seen.look} if dry_run else {}),
        )
    finally:
        line.clear()
    if as_json:
        emit({"sources": [dataclasses.asdict(result) | seen.by_source.get(result.source_id, {}) for result in results]})


LOADS_QUERY = """
SELECT load_id, delivery_label, as_of, source_id, layer, title_zh, files, n_read, n_accepted, n_added, n_changed, n_gone, n_moved,
    n_unchanged, n_merged, n_refused, n_repaired, n_warned, n_held, n_unplaced, loaded_at, approved_by, rolled_back_at, rolled_back_by,
    rolled_back_reason
FROM ops.loads
WHERE CAST(:source AS text) IS NULL OR source_id = :source
ORDER BY load_id DESC
LIMIT :most
"""


@click.command("loads")
@click.option("--source", "source_id", help="Only those of this source.")
@click.option("--limit", "most", default=30, show_default=True, type=click.IntRange(1, 100_000), help="Newest loads to show.")
@AS_JSON
@click.pass_obj
def loads_command(place: Place, source_id: str | None, most: int, as_json: bool) -> None:
    """The loads, newest first: what each changed, when, by whom, and whether it was taken back."""
    migrate(place.engine)
    with place.engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(sa.text(LOADS_QUERY), {"source": source_id, "most": most}).mappings()]
    if as_json:
        emit({"loads": rows})
        return
    for row in rows:
        click.echo(_load_line(row))


def _load_line(row: dict[str, Any]) -> str:
    changes = f"+{row['n_added']:,} ~{row['n_changed']:,} -{row['n_gone']:,}"
    who = f"  {row['approved_by']}" if row["approved_by"] else ""
    back = (f"  已撤回 taken back {row['rolled_back_at']:%Y-%m-%d %H:%M} {row['rolled_back_by'] or ''} {row['rolled_back_reason'] or ''}".rstrip()
            if row["rolled_back_at"] else "")
    return (f"  {row['load_id']:>5} {row['loaded_at']:%Y-%m-%d %H:%M} {row['delivery_label'] or '':<8} {row['source_id']:<26} "
            f"接收 accepted {row['n_accepted']:,} ({changes})  退回 refused {row['n_refused']:,}{who}{back}")


@click.command("rollback")
@click.argument("load_id", type=int)
@BY
@REASON
@click.pass_obj
def rollback_command(place: Place, load_id: int, by_name: str, reason: str) -> None:
    """Take a load back; refused when later loads touched its features."""
    migrate(place.engine)
    counts = rollback_load(place.engine, load_catalog(), load_id, approved_by=by_name, reason=reason)
    say(f"回滚 rollback: 第 {load_id} 批 load {load_id} {counts}  {by_name}")


@click.command("refused")
@click.argument("load_id", type=int, required=False)
@click.option("--source", "source_id", help="The newest load of this source instead of a load by number.")
@click.option("--file", "file", help="Delivered file whose rows to return, where rows of several were refused.")
@click.option("--all-rows", is_flag=True, help="All rows with the wrong cells marked; default: the refused rows only.")
@click.option("-o", "--output", "target", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Workbook (.xlsx) to write.")
@AS_JSON
@click.pass_obj
def refused_command(
    place: Place, load_id: int | None, source_id: str | None, file: str | None, all_rows: bool, target: Path, as_json: bool
) -> None:
    """Refused rows as the supplier's own table, wrong cells marked and explained, ready to be mended and loaded."""
    if load_id is None and source_id is None:
        raise click.UsageError("give the number of a load, or --source ID")
    migrate(place.engine)
    found = return_refused(place.engine, load_catalog(), place.home, target, load_id=load_id, source_id=source_id,
                           file=file, with_all_rows=all_rows)
    say(f"退回 refused: {found.file} {found.n_refused} 行 rows -> {found.path}")
    if as_json:
        emit(dataclasses.asdict(found))


@click.command("history")
@click.argument("layer_id")
@click.argument("feature_id")
@AS_JSON
@click.pass_obj
def history_command(place: Place, layer_id: str, feature_id: str, as_json: bool) -> None:
    """Every state of a feature: from which file and row, and what changed."""
    migrate(place.engine)
    states = feature_history(place.engine, load_catalog(), layer_id, feature_id)
    if as_json:
        emit(states)
        return
    for state in states:
        until = f"至第 {state['to_load']} 批 until load {state['to_load']}" if state["to_load"] else "现行 in force"
        click.echo(f"  第 {state['from_load']} 批 load {state['from_load']} {state['delivery'] or ''} {until}  {state['file']} 行 row {state['row']}")
        for name, (before, after) in state["changes"].items():
            click.echo(f"    {name}: {before} -> {after}")
