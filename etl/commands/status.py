"""The command that says what there is; in a module of its own, for it needs nothing that loads or scores."""

from __future__ import annotations

import click

from etl.commands.output import AS_JSON, emit
from etl.postgis.migrate import migrate
from etl.status import status_of
from layers.catalog import load_catalog
from layers.store import Place


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
