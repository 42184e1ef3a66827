"""The command: joins the loading side and the server, and owns demo, test and bench.

What a command needs is imported when it is called: whoever asks for help or the status waits for nothing else.
"""

from __future__ import annotations

import gc
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from etl.preparations import PREPARATIONS
from etl.work.extra import EXTRA_TASKS
from layers.errors import AtlasError, SourceFileError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from etl.progress import Progress
    from layers.catalog import Catalog
    from layers.store import Place

HERE = Path(__file__).parent
WRITING = ("demo", "load", "publish", "recognise", "score", "worker")
"""Commands that write files which the server and its worker go on with; none of the others need look through those folders."""
MOST_TEST_PROCESSES = 4
"""Each has a PostGIS and a browser of its own."""
COMMANDS = {
    "db": ("etl.commands.database:db_group", "The private PostGIS: start, stop, status, shell."),
    "diff": ("etl.commands.editions:diff_command", "What changed between two published editions, and why zones changed colour."),
    "export": ("app.cli:export_group", "Write a map sheet or a list of the served edition to a file."),
    "follow-ups": ("etl.commands.follow_ups:follow_ups_group", "The follow-up ledger: open entries by deadline, then those that are closed."),
    "history": ("etl.commands.loading:history_command", "Every state of a feature: from which file and row, and what changed."),
    "jobs": ("etl.commands.work:jobs_group", "The jobs that the pages asked for, newest first."),
    "load": ("etl.commands.loading:load_command", "Load the delivered files of an area into the register."),
    "loads": ("etl.commands.loading:loads_command", "The loads, newest first: what each changed, when, by whom, and whether it was taken back."),
    "match": ("etl.commands.matching:match_command", "Find records of one enterprise in the lists of several offices; without options: search, and propose."),
    "place": ("etl.commands.placing:place_command", "Propose positions for rows without, from the county's own addresses and names; AREA_DIR applies its manifests' policies."),
    "publish": ("etl.commands.editions:publish_command", "Check the newest draft edition, make the map's fonts, and serve it."),
    "read-sites": ("etl.commands.siting:read_sites_command", ""),
    "recognise": ("etl.commands.recognition:recognise_command", "Say what a delivered file is: layer, columns, units, codes, datum, and what only people know."),
    "refused": ("etl.commands.loading:refused_command", "Refused rows as the supplier's own table, wrong cells marked and explained, ready to be mended and loaded."),
    "rollback": ("etl.commands.loading:rollback_command", "Take a load back; refused when later loads touched its features."),
    "rules": ("app.rule_commands:rules_command", "Count the distance rules: how many are assessed, and which give metres but are not, each with its reason."),
    "score": ("etl.commands.editions:score_command", "Fix the register's state and write it with all results as the next draft edition."),
    "serve": ("app.cli:serve_command", "Serve the map and the API until Ctrl+C; started by root, it runs as an unprivileged user."),
    "site": ("app.cli:site_command", "Check every site of a FILE: GeoJSON, or CSV (lon, lat or wkt), GPKG, SHP (zip), DXF, TXT."),
    "status": ("etl.commands.status:status_command", "What is loaded and published, with counts."),
    "verify": ("etl.commands.editions:verify_command", "Compute an edition again and compare it byte for byte."),
    "warnings": ("etl.commands.doubts:warnings_command", "Accepted rows that deserve a second look, by rule; of the newest load of each source, or of load LOAD_ID."),
    "what-if": ("app.cli:what_if_command", "What would change by the edits of a JSON FILE, as POST /api/what-if takes them; nothing is stored."),
    "where": ("app.cli:where_command", "Where in the area a project of PROJECT_TYPE would find nothing against it, and what is against it elsewhere."),
    "worker": ("etl.commands.work:worker_command", "Run the jobs that the pages ask for until Ctrl+C; `serve` starts one beside itself."),
}
"""Commands of both sides: where each stands, and its line in the list (none: hidden), which a test compares with its docstring."""


class CommandsByName(click.Group):
    """A group that imports a command of `COMMANDS` when it is called, and lists all of them without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *(name for name, (_, line) in COMMANDS.items() if line)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands and cmd_name in COMMANDS:
            module, _, attribute = COMMANDS[cmd_name][0].partition(":")
            self.add_command(getattr(importlib.import_module(module), attribute), cmd_name)
        gc.freeze()  # what the imports made stays: no search for cyclic garbage need look at it again
        gc.enable()
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        names = self.list_commands(ctx)
        limit = formatter.width - 6 - max(map(len, names))
        lines = [(name, COMMANDS[name][1] if name in COMMANDS else self.commands[name].get_short_help_str(1000)) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl([(name, click.Command(name, help=line).get_short_help_str(limit)) for name, line in lines])


def place_from(environ: "os._Environ[str] | dict[str, str]") -> Place:
    """Home folder and database of this installation, from ``RISKATLAS_HOME`` and ``RISKATLAS_DATABASE_URL``."""
    from etl.postgis.cluster import cluster_for, home_folder
    from layers.store import Place

    home = home_folder(environ)
    given_url = environ.get("RISKATLAS_DATABASE_URL", "")
    return Place(home, (lambda: given_url) if given_url else cluster_for(home).ensure_running)


def prepare_tiles(engine: sa.Engine, catalog: Catalog, home: Path, edition: int, progress: Progress) -> None:
    """Have the server's tiles of low zooms made while an edition is being published."""
    from app.low_zooms import make_low_zooms
    from etl.progress import Step

    make_low_zooms(
        engine, catalog, home, edition,
        lambda n_done, n_total: progress(Step("发布: 制作低级别瓦片", "publish: tiles of low zooms", n_done, n_total)),
    )  # fmt: skip


def atlas(place: Any, progress: Progress, **asked: Any) -> dict[str, Any]:
    """Have the server's atlas of an edition drawn as a job of the worker (`place`: an `etl.work.tasks.Workplace`)."""
    from app.atlas import atlas_job
    from etl.progress import Step

    return atlas_job(
        place.engine, place.catalog, place.home,
        lambda n_done, n_total: progress(Step("制作图册", "drawing the atlas", n_done, n_total)),
        **asked,
    )  # fmt: skip


def site_batch(place: Any, progress: Progress, **asked: Any) -> dict[str, Any]:
    """Have the server's siting check judge the sites of a file as a job of the worker."""
    from app.site_batch_jobs import batch_job
    from etl.progress import Step

    return batch_job(
        place.engine, place.catalog, place.home,
        lambda n_done, n_total: progress(Step("检查场址", "checking sites", n_done, n_total)),
        **asked,
    )  # fmt: skip


PREPARATIONS.append(prepare_tiles)
EXTRA_TASKS.update(atlas=atlas, site_batch=site_batch)


@click.group(cls=CommandsByName, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Risk Atlas 安全风险一张图: delivered files to a four-colour map, explained to the clause."""
    context.obj = place_from(os.environ)
    if os.geteuid() == 0 and context.invoked_subcommand in WRITING:
        context.call_on_close(lambda: _hand_over(context.obj.home))


def _hand_over(home: Path) -> None:
    from app.home_folders import hand_over

    hand_over(home)


@main.command("demo")
@click.option("--no-serve", is_flag=True, help="Stop after publication instead of serving the map.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with counts and times.")
@click.pass_context
def demo_command(context: click.Context, no_serve: bool, as_json: bool) -> None:
    """Everything, on the synthetic sample county: files, load, score, publish, serve."""
    from app.cli import serve_command
    from data.sample import generate
    from etl.commands.loading import describe_source
    from etl.commands.output import emit, say
    from etl.demo import run_demo

    result = run_demo(context.obj, lambda folder: generate(folder), report=say, describe=describe_source)
    say(f"完成 done: 第 {result['edition']} 版  {result['seconds']}")
    if as_json:
        emit(result)
    if not no_serve:
        context.invoke(serve_command)


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
    at_once = ["-n", str(min(os.cpu_count() or 1, MOST_TEST_PROCESSES)), "--dist", "loadfile", "--no-loadscope-reorder"] if is_whole else []
    at_once += [f"--randomly-seed={seed_of_this_state()}"] if is_whole else []
    sys.exit(pytest.main([*at_once, *(["--long"] if is_long else []), *arguments]))


@main.command("bench")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--scale", default=1.0, show_default=True, help="Share of the full size, where a benchmark makes its own input.")
@click.argument("names", nargs=-1)
@click.pass_obj
def bench_command(place: Place, as_json: bool, scale: float, names: tuple[str, ...]) -> None:
    """Measure: load, county, siting, page and others (all without NAMES). Nothing here passes or fails."""
    from etl.commands.output import emit

    folder = HERE / "tests" / "benchmarks"
    known = sorted(path.stem for path in folder.glob("*.py") if path.stem not in ("__init__", "result", "delivery", "peak", "processor"))
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise click.UsageError(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    for name in names or known:
        run_benchmark = importlib.import_module(f"tests.benchmarks.{name}").run
        is_scaled = "scale" in inspect.signature(run_benchmark).parameters
        for measured in run_benchmark(place, scale) if is_scaled else run_benchmark(place):
            emit(measured.as_dict()) if as_json else click.echo(measured.line())


def run() -> None:
    """Run the command; a known error is one clear line and exit status 1."""
    gc.disable()  # until the command is imported: nothing that imports make is garbage
    try:
        main.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except AtlasError as error:
        click.echo(f"riskatlas: {error}", err=True)
        if isinstance(error, SourceFileError):
            from etl.file_faults import told_zh

            click.echo(told_zh(error), err=True)
        sys.exit(1)
    except Exception as error:  # what is known is told in a line, all else raised as it is: the kinds are imported only now
        from etl.faults import told

        said = told(error)
        if said is None:
            raise
        click.echo(f"riskatlas: {said}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
