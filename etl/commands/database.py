"""Commands of the private PostGIS: db start, stop, status, backup, restore, shell."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click

from etl.commands.output import AS_JSON, emit, say
from etl.postgis.backup import backup, restore
from etl.postgis.cluster import cluster_for
from layers.store import Place


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
