"""The machine fails in the middle of a load: nothing half-done is visible, the words say what helps, the next run goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
import sqlalchemy as sa

from etl.faults import NO_DATABASE, NO_ROOM, told
from etl.load import load_area_data
from etl.postgis.cluster import Cluster, cluster_for
from etl.postgis.migrate import migrate
from etl.progress import Step
from layers.catalog import load_catalog
from layers.store import engine_from_url
from tests.conftest import PROJECT
from tests.etl.small_area import write_area, write_enterprises

CATALOG = load_catalog()
N_ROWS = 300
Fault = Callable[[Cluster, sa.Engine], None]


@pytest.fixture(scope="module")
def own_cluster(home: Path) -> Iterator[Cluster]:
    """A PostGIS that may be killed: nobody else's, and kept on disk at each commit as a county's is."""
    server = cluster_for(home / "faults", durable=True)
    server.ensure_running()
    yield server
    server.remove()


@pytest.fixture
def own_engine(own_cluster: Cluster) -> Iterator[sa.Engine]:
    own_cluster.ensure_running()
    own_cluster.drop_database("faults")
    made = engine_from_url(own_cluster.create_database("faults"))
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def delivery(tmp_path: Path) -> tuple[Path, Path]:
    sources, data = write_area(tmp_path)
    write_enterprises(data, *(f"E{number},厂{number},一般,1,,105.05,29.05" for number in range(N_ROWS)))
    return sources, data


def others(engine: sa.Engine) -> list[int]:
    """Backends that are in a transaction of this database."""
    with engine.connect() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
        return list(connection.execute(sa.text(query)).scalars())


def end_connection(cluster: Cluster, engine: sa.Engine) -> None:
    for pid in others(engine):
        with engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


def kill_backend(cluster: Cluster, engine: sa.Engine) -> None:
    for pid in others(engine):
        os.kill(pid, signal.SIGKILL)


def kill_postmaster(cluster: Cluster, engine: sa.Engine) -> None:
    pid = cluster.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def accepted(engine: sa.Engine) -> tuple[int, int]:
    """Loads in the ledger, and features of the register."""
    with engine.connect() as connection:
        n_loads = connection.execute(sa.text("SELECT count(*) FROM ops.loads")).scalar_one()
        is_there = connection.execute(sa.text("SELECT to_regclass('register.enterprises')")).scalar_one()
        n_rows = connection.execute(sa.text("SELECT count(*) FROM register.enterprises")).scalar_one() if is_there else 0
        return int(n_loads), int(n_rows)


@pytest.mark.parametrize("fault", [end_connection, kill_backend, kill_postmaster])
@pytest.mark.parametrize("at", ["plausibility", "merging"])
def test_lost_database_leaves_nothing_and_the_next_run_goes_on(
    own_cluster: Cluster, own_engine: sa.Engine, delivery: tuple[Path, Path], home: Path, fault: Fault, at: str
) -> None:
    sources, data = delivery
    happened: list[str] = []

    def fail(step: Step) -> None:
        if at in step.en and not happened:
            happened.append(step.en)
            fault(own_cluster, own_engine)

    said = ""
    try:
        load_area_data(own_engine, CATALOG, sources, data, home=home, progress=fail)
    except sa.exc.DBAPIError as error:
        said = str(told(error))
    assert happened
    # The backend of a killed postmaster may end its work, commit with it, before it notices: whole or nothing.
    is_whole = [(1, N_ROWS)] if fault is kill_postmaster else []
    assert NO_DATABASE in said or is_whole and not said
    own_engine.dispose()
    own_cluster.ensure_running()
    left = wait_for(own_engine)
    assert left in ([(0, 0), *is_whole] if said else is_whole)
    again = load_area_data(own_engine, CATALOG, sources, data, home=home)[0]
    assert again.state == ("unchanged" if left[0] else "loaded")
    assert accepted(own_engine) == (1, N_ROWS)


def wait_for(engine: sa.Engine) -> tuple[int, int]:
    """What is accepted, once the server has recovered."""
    for _ in range(100):
        try:
            return accepted(engine)
        except sa.exc.OperationalError:
            subprocess.run(["sleep", "0.1"], check=True)
    return accepted(engine)


def test_two_loads_at_once_both_finish_and_one_finds_nothing_to_do(
    own_engine: sa.Engine, delivery: tuple[Path, Path], home: Path
) -> None:
    sources, data = delivery
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = [pool.submit(load_area_data, own_engine, CATALOG, sources, data, home=home) for _ in range(2)]
        states = sorted(run.result()[0].state for run in runs)
    assert states == ["loaded", "unchanged"]
    assert accepted(own_engine) == (1, N_ROWS)


def test_two_commands_at_once_both_end_well_and_one_finds_nothing_to_do(
    own_cluster: Cluster, own_engine: sa.Engine, delivery: tuple[Path, Path], home: Path
) -> None:
    sources, data = delivery
    url = own_engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = {**os.environ, "RISKATLAS_HOME": str(home / "at_once"), "RISKATLAS_DATABASE_URL": url}
    command = [sys.executable, str(PROJECT / "riskatlas.py"), "load", str(sources), "--data", str(data), "--json"]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(json.loads(out)["sources"][0]["state"] for out, _ in said) == ["loaded", "unchanged"]
    assert accepted(own_engine) == (1, N_ROWS)


@contextmanager
def small_disk(folder: Path, size_mb: int) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m,mode=0755", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, *, left_mb: int) -> Path:
    """A file that leaves so much room."""
    ballast = folder / "ballast"
    size = shutil.disk_usage(folder).free - left_mb * 2**20
    with ballast.open("wb") as sink:
        os.posix_fallocate(sink.fileno(), 0, size)
    return ballast


def test_full_disk_of_the_database_leaves_nothing_and_room_mends_it(tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    dice = random.Random(1)
    write_enterprises(data, *(f"E{number},{dice.randbytes(2000).hex()},一般,1,,105.05,29.05" for number in range(4000)))
    tmp_path.chmod(0o755)
    with small_disk(home / "small", 400) as disk:
        server = cluster_for(disk, durable=False)
        engine = engine_from_url(server.ensure_running())
        migrate(engine)
        ballast = fill(disk, left_mb=3)
        with pytest.raises(sa.exc.DBAPIError) as raised:
            load_area_data(engine, CATALOG, sources, data, home=home)
        assert NO_ROOM in str(told(raised.value)) or NO_DATABASE in str(told(raised.value))
        ballast.unlink()
        engine.dispose()
        server.ensure_running()
        assert wait_for(engine) == (0, 0)
        assert load_area_data(engine, CATALOG, sources, data, home=home)[0].counts["n_added"] == 4000
        engine.dispose()
        server.remove()


def test_full_disk_of_the_kept_files_leaves_nothing_and_room_mends_it(
    own_engine: sa.Engine, delivery: tuple[Path, Path], home: Path
) -> None:
    sources, data = delivery
    with small_disk(home / "kept", 1) as disk:
        ballast = fill(disk, left_mb=0)
        with pytest.raises(OSError) as raised:
            load_area_data(own_engine, CATALOG, sources, data, home=disk)
        assert NO_ROOM in str(told(raised.value))
        assert accepted(own_engine) == (0, 0)
        assert [path for path in disk.rglob("*") if path.suffix == ".part"] == []
        ballast.unlink()
        assert load_area_data(own_engine, CATALOG, sources, data, home=disk)[0].counts["n_added"] == N_ROWS


def test_command_without_a_database_says_what_helps_and_fails(delivery: tuple[Path, Path], home: Path) -> None:
    sources, data = delivery
    environment = {**os.environ, "RISKATLAS_HOME": str(home), "RISKATLAS_DATABASE_URL": "postgresql:///nothing?host=/nonexistent"}
    done = subprocess.run(
        [sys.executable, str(PROJECT / "riskatlas.py"), "load", str(sources), "--data", str(data)],
        env=environment, capture_output=True, text=True,
    )
    assert done.returncode == 1
    assert NO_DATABASE in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("error", [psycopg2.ProgrammingError("no such column"), ValueError("x"), FileNotFoundError(2, "gone", "a")])
def test_fault_of_the_program_is_not_explained_away(error: Exception) -> None:
    assert told(error) is None
