"""The command that reads the sites of a file for the server, in a process that may be ended."""

from __future__ import annotations

import json
from pathlib import Path

import click

from etl.sites import sites_in


@click.command("read-sites", hidden=True)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--target", required=True, help="Geographic CRS of the answer.")
@click.option("--crs", default="", help="CRS or shifted datum of the file, where it states none.")
def read_sites_command(file: Path, target: str, crs: str) -> None:
    """Print the sites of a FILE as one JSON object."""
    click.echo(json.dumps({"sites": sites_in(file, target=target, crs=crs)}, ensure_ascii=False))
