"""What tests share: one private PostGIS for the whole run, a database per module copied from a template."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Iterator

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from etl.postgis.cluster import Cluster, cluster_for
from etl.postgis.migrate import migrate
from layers.store import engine_from_url

PROJECT = Path(__file__).parents[1]
REAL_DATA = PROJECT.parent / "shared" / "data" / "real"
SAMPLE_SOURCES = PROJECT / "data" / "sources" / "sample"
ARTEFACTS = Path(os.environ.get("RISKATLAS_TEST_ARTEFACTS") or PROJECT / "build" / "test-artefacts")
"""Where screenshots and papers of the browser tests are kept, a folder a module; not in git."""
NUMBERS = itertools.count(1)
SLOWEST_FIRST = [PROJECT / "tests" / name for name in ("browser", "etl", "app")]
"""Folders of the tests that ask browsers, servers, processes and databases, the slowest first."""

LARGE_ATLASES = {"sample_atlas": "sample", "live_server": "sample", "kaohsiung_atlas": "kaohsiung"}
"""Fixtures that publish a whole county, and which one."""

# A machine that is busy is no failure: no example has a time limit, and slow drawing of examples none either.
settings.register_profile("atlas", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("atlas")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="add the hours-long tests")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest folders first, so that no process is left alone with them at the end; their modules stay shuffled.

    Their tests share the machine with browsers, servers and databases: one that fails is asked once more, and the run
    lists it at its end, for it is unsteady. What computes only is never asked again.
    """
    items.sort(key=place_in_line)
    once_more = pytest.mark.flaky(reruns=1)
    for item in items:
        if place_in_line(item) < len(SLOWEST_FIRST):
            item.add_marker(once_more)


def place_in_line(item: pytest.Item) -> int:
    """Place of a test's folder among the slowest; after them all others."""
    return next((i for i, folder in enumerate(SLOWEST_FIRST) if folder in item.path.parents), len(SLOWEST_FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """A file a process, as `loadfile` has it; files that read one published atlas together, which is then published once."""

    class ByAtlas(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return atlas_or_file(super()._split_scope(nodeid))

    return ByAtlas(config, log)


@cache
def atlas_or_file(file: str) -> str:
    """The large published atlas that a file of tests reads, else the file."""
    text = (PROJECT / file).read_text(encoding="utf-8")
    return next((atlas for fixture, atlas in LARGE_ATLASES.items() if fixture in text), file)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("rerun"):
        terminalreporter.write_line(f"asked once more: {report.nodeid}\n{report.longreprtext[-1500:]}\n")
    if ARTEFACTS.is_dir():
        terminalreporter.write_line(f"screenshots and papers of the browser tests: {ARTEFACTS}")


@pytest.fixture(scope="module")
def artefacts(request: pytest.FixtureRequest) -> Path:
    """Where the module keeps its screenshots."""
    folder = ARTEFACTS / request.module.__name__.rpartition(".")[2]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home folder of the tests' own, gone after the run."""
    folder = Path(tempfile.mkdtemp(prefix="riskatlas-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def forgotten_mappings(home: Path) -> Iterator[None]:
    """Mappings that the tests of a module confirmed are forgotten after it: they would rule the loads of the next."""
    yield
    shutil.rmtree(home / "sources", ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(home: Path) -> Iterator[Cluster]:
    """The tests' private PostGIS; never the one a person works with, never RISKATLAS_DATABASE_URL."""
    server = cluster_for(home, durable=False)
    server.ensure_running()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Name of a migrated database that others are copied from."""
    engine = engine_from_url(cluster.create_database("template_atlas"))
    migrate(engine)
    engine.dispose()
    return "template_atlas"


@pytest.fixture(scope="module")
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """URL of an empty, migrated database of this module."""
    name = f"module_{next(NUMBERS)}"
    yield cluster.create_database(name, template)
    cluster.drop_database(name)


@pytest.fixture(scope="module")
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on this module's database."""
    made = engine_from_url(database_url)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def tiny_sample(home: Path) -> Path:
    """Delivered files of the sample county, reduced."""
    from data.sample import generate

    folder = home / "tiny_sample"
    generate(folder, scale="tiny")
    return folder


def publish_all(engine: sa.Engine, sources: Path, deliveries: list[Path], home: Path) -> None:
    """Load, score and publish deliveries one after the other."""
    from etl.load import load_area_data
    from etl.publish import publish_edition
    from etl.score import score_register
    from layers.catalog import load_catalog

    catalog = load_catalog()
    for delivery in deliveries:
        load_area_data(engine, catalog, sources, delivery, home=home)
        score_register(engine, catalog, home=home)
        publish_edition(engine, catalog, home=home)


@pytest.fixture(scope="session")
def tiny_database(cluster: Cluster, template: str, tiny_sample: Path, home: Path) -> str:
    """Name of a database with the first two deliveries of the reduced sample published; copy it, never change it."""
    engine = engine_from_url(cluster.create_database("template_tiny", template))
    publish_all(engine, SAMPLE_SOURCES, [tiny_sample / "2026Q1", tiny_sample / "2026Q2"], home)
    engine.dispose()
    return "template_tiny"


@pytest.fixture(scope="module")
def atlas_database(cluster: Cluster, tiny_database: str) -> Iterator[str]:
    """URL of a database of this module with the reduced sample published."""
    name = f"atlas_{next(NUMBERS)}"
    yield cluster.create_database(name, tiny_database)
    cluster.drop_database(name)


@pytest.fixture(scope="session")
def sample_atlas(cluster: Cluster, template: str, home: Path) -> str:
    """URL of a database with the first delivery of the whole sample county published."""
    from data.sample import generate

    generate(home / "sample")
    url = cluster.create_database("sample", template)
    engine = engine_from_url(url)
    publish_all(engine, SAMPLE_SOURCES, [home / "sample" / "2026Q1"], home)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def kaohsiung_atlas(cluster: Cluster, template: str, home: Path) -> str:
    """URL of a database with the real city published; the data must be there."""
    url = cluster.create_database("kaohsiung", template)
    engine = engine_from_url(url)
    publish_all(engine, PROJECT / "data" / "sources" / "kaohsiung", [REAL_DATA / "kaohsiung"], home)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def live_server(sample_atlas: str, home: Path) -> Iterator[str]:
    """Address of a real server on the whole sample county."""
    with serving(sample_atlas, home) as address:
        yield address


@contextmanager
def serving(database_url: str, home: Path, *, has_worker: bool = False) -> Iterator[str]:
    """A server of the command itself on a free port, with or without a worker beside it, stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RISKATLAS_DATABASE_URL": database_url, "RISKATLAS_HOME": str(home)}
    log = (home / f"serve-{port}.log").open("w")
    command = [sys.executable, str(PROJECT / "riskatlas.py"), "serve", "--port", str(port)]
    process = subprocess.Popen(
        command if has_worker else [*command, "--no-worker"], env=environment, stdout=log, stderr=log
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(address, process, Path(log.name))
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log.close()


def _wait_until_healthy(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 240
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=30):
                return
        except OSError:
            threading.Event().wait(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
