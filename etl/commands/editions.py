"""Commands around an edition: score, publish, diff, verify."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import click

from etl.commands.matching import BY
from etl.commands.output import AS_JSON, ProgressLine, emit, say
from etl.difference import difference
from etl.postgis.migrate import migrate
from etl.publish import Approval, newest_draft, publish_edition
from etl.score import ScoreResult, score_register
from etl.verify import verify_edition
from etl.workers import shared
from layers.catalog import load_catalog
from layers.store import Place


@click.command("score")
@click.option("--label", default="", help="Name of the edition, such as 2026Q3; default: that of the newest delivery.")
@click.option("--on", "on", type=click.DateTime(["%Y-%m-%d"]), help="Date whose rules are in force; default: date of the data.")
@click.option("--partial", is_flag=True, help="Score although the newest delivery was not loaded to its end.")
@click.option("--full", is_flag=True, help="Compute everything again instead of what changed since the edition before.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes of this machine to share the work.")
@click.option("--scheduler", default="", metavar="ADDRESS", help="Dask scheduler whose workers share the work, such as tcp://10.0.0.5:8786.")
@AS_JSON
@click.pass_obj
def score_command(
    place: Place, label: str, on: Any, partial: bool, full: bool, workers: int, scheduler: str, as_json: bool
) -> None:
    """Fix the register's state and write it with all results as the next draft edition."""
    migrate(place.engine)
    line = ProgressLine()
    try:
        with shared(workers, scheduler) as share:
            result = score_register(place.engine, load_catalog(), home=place.home, label=label, on=on.date() if on else None,
                                    is_partial=partial, is_full=full, share=share, progress=line)
    finally:
        line.clear()
    _tell_score(result)
    if as_json:
        emit(dataclasses.asdict(result))


def _tell_score(result: ScoreResult) -> None:
    if result.is_unchanged:
        say(f"评定 score: 现状库与规则自第 {result.edition} 版以来无变化")
        return
    for stage in result.stages:
        say(_stage_line(stage))
    say(f"评定 score: 第 {result.edition} 版草稿 {result.label}  {result.seconds:.1f} s")


def _stage_line(stage: dict[str, Any]) -> str:
    """One line about a stage: 重算 安全距离 safe distances: enterprises 3 行变更 3 rows changed ..."""
    words = {"new": "重算 computed", "updated": "局部重算 updated", "kept": "沿用 kept"}
    why = "; ".join(_cause(cause) for cause in stage["why"])
    told = f"  [{stage['told']}]" if stage["told"] else ""
    return f"  {words[stage['state']]:<12} {stage['title_zh']} {stage['title_en']}{': ' if why else ''}{why}{told}"


def _cause(cause: dict[str, Any]) -> str:
    words = {"added": "新增", "changed": "变更", "gone": "消失"}
    rows = " ".join(f"{words[name]} {cause[name]}" for name in words if name in cause)
    return f"{cause['name']} {rows}".strip()


@click.command("publish")
@BY
@click.option("--note", default="", help="Why, in words; kept with the edition.")
@AS_JSON
@click.pass_obj
def publish_command(place: Place, by_name: str, note: str, as_json: bool) -> None:
    """Check the newest draft edition, make the map's fonts, and serve it."""
    migrate(place.engine)
    line, draft = ProgressLine(), newest_draft(place.engine)
    approval = None if draft is None else Approval(draft, by_name, note)
    try:
        result = publish_edition(place.engine, load_catalog(), home=place.home, progress=line, approval=approval)
    finally:
        line.clear()
    say(f"发布 publish: 第 {result.edition} 版 {result.label}  {result.seconds:.1f} s")
    if as_json:
        emit(dataclasses.asdict(result))


@click.command("diff")
@click.argument("before", type=int)
@click.argument("after", type=int)
@click.option("--policy", default="", help="Policy whose zones are compared; default: that of the map.")
@AS_JSON
@click.pass_obj
def diff_command(place: Place, before: int, after: int, policy: str, as_json: bool) -> None:
    """What changed between two published editions, and why zones changed colour."""
    migrate(place.engine)
    changes = difference(place.engine, load_catalog(), before, after, home=place.home, policy=policy)
    if as_json:
        emit(changes)
        return
    for row in changes["levels"]:
        click.echo(f"  {row['before'] or '-':<8} -> {row['after'] or '-':<8} {row['name'] or row['point_id']}  {row['reason_zh'] or ''} {row['reason_en'] or ''}".rstrip())
    for row in changes["area_km2"]:
        click.echo(f"  {row['policy']:<22} {row['level']:<8} {row['before']:9.3f} -> {row['after']:9.3f} km²")
    for row in changes["violations"]:
        click.echo(f"  {row['rule_id']:<22} +{row['added']} -{row['gone']}")
    _tell_causes(changes["changes"])


LISTED_CAUSES = 20


def _tell_causes(changes: dict[str, Any]) -> None:
    """Changes of colour by area, then their causes; the areas of both add up to the same."""
    click.echo(f"  变色 changed colour ({changes['policy']}): {changes['area_m2'] / 1e6:.4f} km²  {changes['n_zones']} zones")
    for pair in changes["pairs"]:
        click.echo(f"  {pair['before']:<8} -> {pair['after']:<8} {pair['area_m2'] / 1e6:9.4f} km²  {pair['n_zones']} zones")
    listed, rest = changes["causes"][:LISTED_CAUSES], changes["causes"][LISTED_CAUSES:]
    for cause in listed:
        click.echo(f"  {cause['area_m2'] / 1e6:9.4f} km²  {cause['name'] or ''} {cause['text_zh']} {cause['text_en']}")
    if rest:
        click.echo(f"  {sum(cause['area_m2'] for cause in rest) / 1e6:9.4f} km²  其余 {len(rest)} 项原因 {len(rest)} more causes")
    click.echo(f"  {changes['remainder_m2'] / 1e6:9.4f} km²  未能解释 not explained")


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
