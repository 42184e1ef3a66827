"""The command: joins the loading side and the server, and owns demo, test and bench."""

from __future__ import annotations

import gc
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

import app.cli
import etl.cli
from app.low_zooms import make_low_zooms
from data.sample import generate
from etl.commands.loading import describe_source
from etl.commands.output import emit, say
from etl.demo import run_demo
from etl.faults import told
from etl.postgis.cluster import cluster_for, home_folder
from etl.progress import Progress, Step
from etl.publish import PREPARATIONS
from etl.work.extra import EXTRA_TASKS
from layers.catalog import Catalog
from layers.errors import AtlasError
from layers.store import Place

HERE = Path(__file__).parent
MOST_TEST_PROCESSES = 4
"""Each has a PostGIS and a browser of its own."""


def place_from(environ: "os._Environ[str] | dict[str, str]") -> Place:
    """Home folder and database of this installation, from ``RISKATLAS_HOME`` and ``RISKATLAS_DATABASE_URL``."""
    home = home_folder(environ)
    given_url = environ.get("RISKATLAS_DATABASE_URL", "")
    return Place(home, (lambda: given_url) if given_url else cluster_for(home).ensure_running)


def prepare_tiles(engine: sa.Engine, catalog: Catalog, home: Path, edition: int, progress: Progress) -> None:
    """Have the server's tiles of low zooms made while an edition is being published."""
    make_low_zooms(
        engine, catalog, home, edition,
        lambda n_done, n_total: progress(Step("发布: 制作低级别瓦片", "publish: tiles of low zooms", n_done, n_total)),
    )  # fmt: skip


def atlas(place: Any, progress: Progress, **asked: Any) -> dict[str, Any]:
    """Have the server's atlas of an edition drawn as a job of the worker (`place`: an `etl.work.tasks.Workplace`)."""
    from app.atlas import atlas_job  # imported here: no other command needs what draws

    return atlas_job(
        place.engine, place.catalog, place.home,
        lambda n_done, n_total: progress(Step("制作图册", "drawing the atlas", n_done, n_total)),
        **asked,
    )  # fmt: skip


def site_batch(place: Any, progress: Progress, **asked: Any) -> dict[str, Any]:
    """Have the server's siting check judge the sites of a file as a job of the worker."""
    from app.site_batch_jobs import batch_job  # imported here: no other command needs it

    return batch_job(
        place.engine, place.catalog, place.home,
        lambda n_done, n_total: progress(Step("检查场址", "checking sites", n_done, n_total)),
        **asked,
    )  # fmt: skip


PREPARATIONS.append(prepare_tiles)
EXTRA_TASKS.update(atlas=atlas, site_batch=site_batch)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Risk Atlas 安全风险一张图: delivered files to a four-colour map, explained to the clause."""
    context.obj = place_from(os.environ)


@main.command("demo")
@click.option("--no-serve", is_flag=True, help="Stop after publication instead of serving the map.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with counts and times.")
@click.pass_context
def demo_command(context: click.Context, no_serve: bool, as_json: bool) -> None:
    """Everything, on the synthetic sample county: files, load, score, publish, serve."""
    result = run_demo(context.obj, lambda folder: generate(folder), report=say, describe=describe_source)
    say(f"完成 done: 第 {result['edition']} 版  {result['seconds']}")
    if as_json:
        emit(result)
    if not no_serve:
        context.invoke(app.cli.serve_command)


def seed_of_this_state() -> int:
    """Number that shuffles the tests: of the committed tree, so that whoever has these files can repeat the same order."""
    asked = ["git", "-C", str(HERE), "rev-parse", "HEAD^{tree}"]
    try:
        return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout[:8], 16)
    except (OSError, subprocess.CalledProcessError):
        return 1


@main.command("test", context_settings={"ignore_unknown_options": True})
@click.option("--long", "is_long", is_flag=True, help="Add the hours-long tests.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test_command(is_long: bool, arguments: tuple[str, ...]) -> None:
    """Run every test, a module a process at a time; with names of tests only those, in one process."""
    import pytest

    os.chdir(HERE)
    is_whole = all(argument.startswith("-") for argument in arguments)
    at_once = ["-n", str(min(os.cpu_count() or 1, MOST_TEST_PROCESSES)), "--dist", "loadfile"] if is_whole else []
    at_once += [f"--randomly-seed={seed_of_this_state()}"] if is_whole else []
    sys.exit(pytest.main([*at_once, *(["--long"] if is_long else []), *arguments]))


@main.command("bench")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--scale", default=1.0, show_default=True, help="Share of the full size, where a benchmark makes its own input.")
@click.argument("names", nargs=-1)
@click.pass_obj
def bench_command(place: Place, as_json: bool, scale: float, names: tuple[str, ...]) -> None:
    """Measure: load, county, siting, page and others (all without NAMES). Nothing here passes or fails."""
    folder = HERE / "tests" / "benchmarks"
    known = sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "result", "delivery"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise click.UsageError(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names or known:
        run_benchmark = importlib.import_module(f"tests.benchmarks.{name}").run
        is_scaled = "scale" in inspect.signature(run_benchmark).parameters
        for measured in run_benchmark(place, scale) if is_scaled else run_benchmark(place):
            emit(measured.as_dict()) if as_json else click.echo(measured.line())


for command in (*etl.cli.commands, *app.cli.commands):
    main.add_command(command)


def run() -> None:
    """Run the command; a known error is one clear line and exit status 1."""
    gc.freeze()  # what the imports made stays: no search for cyclic garbage need look at it again
    try:
        main.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except AtlasError as error:
        click.echo(f"riskatlas: {error}", err=True)
        sys.exit(1)
    except (sa.exc.DBAPIError, OSError, MemoryError) as error:
        said = told(error)
        if said is None:
            raise
        click.echo(f"riskatlas: {said}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
