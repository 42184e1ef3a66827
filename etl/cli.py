"""Commands of the loading side: load, score, publish and what goes with them."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import click

from etl.difference import difference
from etl.history import feature_history
from etl.load import SourceResult, load_area_data
from etl.postgis.backup import backup, restore
from etl.postgis.cluster import cluster_for
from etl.postgis.migrate import migrate
from etl.publish import publish_edition
from etl.returned import return_refused
from etl.rollback import rollback_load
from etl.score import ScoreResult, score_register
from etl.status import status_of
from etl.verify import verify_edition
from layers.catalog import load_catalog
from layers.store import Place

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for a program to read.")


def say(text: str) -> None:
    """Progress for people; stdout belongs to results."""
    click.echo(text, err=True)


def emit(value: Any) -> None:
    """A result for programs, one line of JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


def describe_source(result: SourceResult) -> str:
    """One line about a source: 企业名录 enterprises: 3300 read, 3287 accepted ..."""
    words = {"n_read": "读取", "n_accepted": "接收", "n_added": "新增", "n_changed": "变更", "n_gone": "消失",
             "n_moved": "移位", "n_merged": "归并", "n_refused": "退回", "n_repaired": "修复", "n_warned": "提醒", "n_unplaced": "未定位"}
    states = {"unchanged": "无变化(同一文件已入库)", "absent": "本次未报送", "would load": "试算"}
    counts = "  ".join(f"{words[name]} {result.counts[name]}" for name in words if result.counts.get(name))
    by_rule = result.refused_by_rule | result.warned_by_rule
    rules = f"  {by_rule}" if by_rule else ""
    return f"  {result.source_id:<26} {states.get(result.state, '')} {counts}{rules}  {result.seconds:.1f} s"


@click.command("load")
@click.argument("area_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", "data_dir", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Folder with the delivered files; default: AREA_DIR/raw.")
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--untrusted", is_flag=True, help="Read every file in a child process with limits of memory and time.")
@AS_JSON
@click.pass_obj
def load_command(
    place: Place, area_dir: Path, data_dir: Path | None, dry_run: bool, untrusted: bool, as_json: bool
) -> None:
    """Load the delivered files of an area into the register."""
    migrate(place.engine)
    folder = data_dir or area_dir / "raw"
    say(f"入库 load: {folder}")
    results = load_area_data(
        place.engine, load_catalog(), area_dir, folder, home=place.home, is_dry_run=dry_run, is_untrusted=untrusted,
        report=lambda result: say(describe_source(result)),
    )
    if as_json:
        emit({"sources": [dataclasses.asdict(result) for result in results]})


@click.command("score")
@click.option("--label", default="", help="Name of the edition, such as 2026Q3; default: that of the newest delivery.")
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="Date whose rules are in force; default: date of the data.")
@click.option("--partial", is_flag=True, help="Score although the newest delivery was not loaded to its end.")
@AS_JSON
@click.pass_obj
def score_command(place: Place, label: str, on: Any, partial: bool, as_json: bool) -> None:
    """Fix the register's state and write it with all results as the next draft edition."""
    migrate(place.engine)
    result = score_register(place.engine, load_catalog(), home=place.home, label=label,
                            on=on.date() if on else None, is_partial=partial, report=say)
    _tell_score(result)
    if as_json:
        emit(dataclasses.asdict(result))


def _tell_score(result: ScoreResult) -> None:
    if result.is_unchanged:
        say(f"评定 score: 现状库与规则自第 {result.edition} 版以来无变化")
        return
    say(f"评定 score: 第 {result.edition} 版草稿 {result.label}  {result.seconds:.1f} s")


@click.command("publish")
@AS_JSON
@click.pass_obj
def publish_command(place: Place, as_json: bool) -> None:
    """Check the newest draft edition, make the map's fonts, and serve it."""
    migrate(place.engine)
    result = publish_edition(place.engine, load_catalog(), home=place.home, report=say)
    say(f"发布 publish: 第 {result.edition} 版 {result.label}  {result.seconds:.1f} s")
    if as_json:
        emit(dataclasses.asdict(result))


@click.command("status")
@AS_JSON
@click.pass_obj
def status_command(place: Place, as_json: bool) -> None:
    """What is loaded and published, with counts."""
    migrate(place.engine)
    status = status_of(place.engine, load_catalog())
    if as_json:
        emit(status)
        return
    click.echo(f"辖区 area: {status['area']}  版次 edition: {status['edition']}  {status['editions']}")
    for layer, counts in status["layers"].items():
        click.echo(f"  {layer:<22} " + "  ".join(f"{name} {n}" for name, n in counts.items()))
    for level, sums in status["levels"].items():
        click.echo(f"  {level:<22} zones {sums['zones']}  {sums['area_km2']:.2f} km²")
    for rule, sums in status["rules"].items():
        click.echo(f"  {rule:<22} violations {sums['violations']}")


@click.command("diff")
@click.argument("before", type=int)
@click.argument("after", type=int)
@AS_JSON
@click.pass_obj
def diff_command(place: Place, before: int, after: int, as_json: bool) -> None:
    """What changed between two published editions."""
    migrate(place.engine)
    changes = difference(place.engine, load_catalog(), before, after)
    if as_json:
        emit(changes)
        return
    for row in changes["levels"]:
        click.echo(f"  {row['before'] or '-':<8} -> {row['after'] or '-':<8} {row['name'] or row['point_id']}  {row['reason_zh'] or ''}")
    for row in changes["area_km2"]:
        click.echo(f"  {row['policy']:<22} {row['level']:<8} {row['before']:9.3f} -> {row['after']:9.3f} km²")
    for row in changes["violations"]:
        click.echo(f"  {row['rule_id']:<22} +{row['added']} -{row['gone']}")


@click.command("verify")
@click.argument("edition", type=int)
@AS_JSON
@click.pass_obj
def verify_command(place: Place, edition: int, as_json: bool) -> None:
    """Compute an edition again and compare it byte for byte."""
    migrate(place.engine)
    found = verify_edition(place.engine, load_catalog(), edition, home=place.home)
    emit(found) if as_json else click.echo(
        f"  第 {edition} 版 edition {edition}: {'一致 same' if found['is_same'] else '不一致 differs'}  {found['differences']}  {found['rasters']}"
    )
    if not found["is_same"]:
        sys.exit(1)


@click.command("rollback")
@click.argument("load_id", type=int)
@click.pass_obj
def rollback_command(place: Place, load_id: int) -> None:
    """Take a load back; refused when later loads touched its features."""
    migrate(place.engine)
    counts = rollback_load(place.engine, load_catalog(), load_id)
    say(f"回滚 rollback: 第 {load_id} 批 {counts}")


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
    say(f"退回 refused: {found.file} {found.n_refused} 行 -> {found.path}")
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
        until = f"至第 {state['to_load']} 批" if state["to_load"] else "现行"
        click.echo(f"  第 {state['from_load']} 批 {state['delivery'] or ''} {until}  {state['file']} 行 {state['row']}")
        for name, (before, after) in state["changes"].items():
            click.echo(f"    {name}: {before} -> {after}")


@click.group("db")
def db_group() -> None:
    """The private PostGIS: start, stop, status, shell."""


@db_group.command("start")
@click.pass_obj
def db_start(place: Place) -> None:
    """Start the private PostGIS; it stays until `db stop`."""
    place.open_url()
    say("数据库已启动 database running")


@db_group.command("stop")
@click.pass_obj
def db_stop(place: Place) -> None:
    """Stop the private PostGIS."""
    stopped = cluster_for(place.home).stop()
    say("数据库已停止 database stopped" if stopped else "数据库未在运行 database was not running")


@db_group.command("status")
@AS_JSON
@click.pass_obj
def db_status(place: Place, as_json: bool) -> None:
    """Whether the private PostGIS runs, and where its data and log lie."""
    status = dataclasses.asdict(cluster_for(place.home).status())
    if as_json:
        emit(status)
    else:
        for name, value in status.items():
            click.echo(f"  {name:<16} {value}")


@db_group.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def db_backup(place: Place, file: Path) -> None:
    """Write database and kept files to one FILE."""
    say(f"备份 backup: {file}  {backup(place.open_url(), place.home, file)} bytes")


@db_group.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def db_restore(place: Place, file: Path) -> None:
    """Bring a backup back into an installation that holds nothing yet."""
    restore(place.open_url(), place.home, file)
    say(f"恢复 restore: {file}")


@db_group.command("shell", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def db_shell(place: Place, arguments: tuple[str, ...]) -> None:
    """Open psql on the private PostGIS."""
    cluster = cluster_for(place.home)
    cluster.ensure_running()
    sys.exit(cluster.shell(*arguments))


commands: list[click.Command] = [
    load_command, score_command, publish_command, status_command, diff_command, verify_command, rollback_command,
    refused_command, history_command, db_group,
]
