"""The private PostGIS starts wherever it is asked to, survives what machines do to it, and leaves nothing behind."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from etl.postgis.cluster import Cluster, ClusterError, cluster_for, home_folder

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="riskatlas-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def new_cluster() -> Iterator[Callable[..., Cluster]]:
    """Makes clusters and removes them after the test."""
    made: list[Cluster] = []

    def make(home: Path, durable: bool = False) -> Cluster:
        made.append(cluster_for(home, durable=durable))
        return made[-1]

    yield make
    for cluster in made:
        cluster.remove()


@pytest.fixture(scope="module")
def cluster(open_folder: Path) -> Iterator[Cluster]:
    """One cluster that the tests of this module share; each leaves it able to start."""
    shared = cluster_for(open_folder / "shared", durable=False)
    yield shared
    shared.remove()


def answer(url: str, question: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            return connection.execute(text(question)).scalar()
    finally:
        engine.dispose()


def running_pid(cluster: Cluster) -> int:
    pid = cluster.status().pid
    assert pid is not None
    return pid


def kill(pid: int) -> None:
    watched = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([watched], [], [], 30)
    os.close(watched)


def test_home_that_the_server_user_cannot_reach(tmp_path: Path, new_cluster: Callable[..., Cluster]) -> None:
    (tmp_path / "private").mkdir(mode=0o700)
    cluster = new_cluster(tmp_path / "private" / "home")
    assert "POSTGIS" in str(answer(cluster.ensure_running(), "SELECT postgis_full_version()"))
    assert cluster.data_folder.stat().st_uid == cluster.server_user.pw_uid != 0


def test_new_home_made_under_a_private_umask(open_folder: Path, new_cluster: Callable[..., Cluster]) -> None:
    cluster = new_cluster(open_folder / "above" / "home")
    umask_before = os.umask(0o077)
    try:
        url = cluster.ensure_running()
    finally:
        os.umask(umask_before)
    assert answer(url, "SELECT 1") == 1
    assert cluster.folder.stat().st_mode & 0o777 == 0o700


def test_home_with_a_long_and_awkward_path(open_folder: Path, new_cluster: Callable[..., Cluster]) -> None:
    home = open_folder / "风险 'atlas' \"$HOME\", 100%" / ("h" * 200)
    cluster = new_cluster(home)
    assert answer(cluster.ensure_running(), "SELECT 1") == 1
    assert cluster.data_folder.is_relative_to(home)
    assert cluster.socket_folder.stat().st_mode & 0o777 == 0o700


def test_socket_folder_made_by_somebody_else_is_refused(
    open_folder: Path, new_cluster: Callable[..., Cluster]
) -> None:
    cluster = new_cluster(open_folder / ("s" * 200))
    cluster.socket_folder.mkdir()
    cluster.socket_folder.chmod(0o777)
    with pytest.raises(ClusterError, match="0700"):
        cluster.ensure_running()


def test_caller_that_captures_output_is_not_held_up(cluster: Cluster) -> None:
    cluster.ensure_running()
    cluster.stop()
    program = "import sys; from pathlib import Path; from etl.postgis.cluster import cluster_for\n"
    program += "print(cluster_for(Path(sys.argv[1]), durable=False).ensure_running())"
    command = [sys.executable, "-c", program, str(cluster.home)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=CHECKOUT)
    assert said.stdout.strip() == cluster.url()
    assert cluster.status().is_running


def test_many_asking_at_once_make_one_server(open_folder: Path, new_cluster: Callable[..., Cluster]) -> None:
    clusters = [new_cluster(open_folder / "asked at once") for _ in range(4)]
    with ThreadPoolExecutor(len(clusters)) as pool:
        urls = set(pool.map(Cluster.ensure_running, clusters))
    assert len(urls) == 1
    assert len({running_pid(cluster) for cluster in clusters}) == 1


def test_ensure_running_leaves_a_running_server_alone(cluster: Cluster) -> None:
    cluster.ensure_running()
    before = running_pid(cluster)
    cluster.ensure_running()
    assert running_pid(cluster) == before


def test_killed_server_starts_again_with_what_was_committed(
    open_folder: Path, new_cluster: Callable[..., Cluster]
) -> None:
    cluster = new_cluster(open_folder / "killed", durable=True)
    answer(cluster.ensure_running(), "CREATE TABLE kept (n integer); INSERT INTO kept VALUES (7) RETURNING n")
    kill(running_pid(cluster))
    assert answer(cluster.ensure_running(), "SELECT n FROM kept") == 7


def test_pid_file_that_names_another_process_by_now(cluster: Cluster) -> None:
    cluster.ensure_running()
    pid_file = cluster.data_folder / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    cluster.stop()
    user = {"user": cluster.server_user.pw_uid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], cwd="/", **user) as other:
        pid_file.write_text("".join([f"{other.pid}\n", *lines[1:]]))
        assert not cluster.status().is_running
        assert answer(cluster.ensure_running(), "SELECT 1") == 1
        other.terminate()


def test_socket_folder_wiped_while_it_runs(cluster: Cluster) -> None:
    cluster.ensure_running()
    shutil.rmtree(cluster.socket_folder)
    assert answer(cluster.ensure_running(), "SELECT 1") == 1


def test_interrupted_making_is_made_anew(open_folder: Path, new_cluster: Callable[..., Cluster]) -> None:
    cluster = new_cluster(open_folder / "interrupted")
    (cluster.folder / "data.new" / "base").mkdir(parents=True)
    assert answer(cluster.ensure_running(), "SELECT 1") == 1


def test_stop_says_whether_there_was_something_to_stop(cluster: Cluster) -> None:
    cluster.ensure_running()
    assert cluster.stop() is True
    assert cluster.status().is_running is False
    assert cluster.stop() is False


def test_data_of_another_major_version_are_named_with_advice(
    open_folder: Path, new_cluster: Callable[..., Cluster]
) -> None:
    cluster = new_cluster(open_folder / "old")
    user = cluster.server_user
    cluster.data_folder.mkdir(parents=True)
    (cluster.data_folder / "PG_VERSION").write_text("9\n")
    shutil.chown(cluster.data_folder, user.pw_uid)
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 9.*postgresql-9-postgis-3"):
        cluster.ensure_running()


def test_asking_for_the_status_makes_nothing(tmp_path: Path) -> None:
    status = cluster_for(tmp_path / "home").status()
    assert (status.is_running, status.postgresql_major) == (False, None)
    assert not (tmp_path / "home").exists()


def test_server_listens_on_no_network(cluster: Cluster) -> None:
    assert answer(cluster.ensure_running(), "SHOW listen_addresses") == ""


def test_atlas_works_without_superuser_rights(cluster: Cluster) -> None:
    question = "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    assert answer(cluster.ensure_running(), question) is False


def test_databases_are_copied_with_their_tables_and_dropped_while_in_use(cluster: Cluster) -> None:
    original = cluster.create_database("original")
    answer(original, "CREATE TABLE marks (n integer); INSERT INTO marks VALUES (3) RETURNING n")
    engine = create_engine(cluster.create_database('the "copy"', template="original"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT ST_SRID(ST_Point(n, n, 4490)) + n FROM marks")).scalar() == 4493
        cluster.drop_database('the "copy"')
        connection.invalidate()
    engine.dispose()
    cluster.drop_database("original")
    cluster.drop_database("original")
    assert answer(cluster.url(), "SELECT count(*) FROM pg_database WHERE datname ~ 'copy|original'") == 0


def test_psql_runs_on_the_database(cluster: Cluster, capfd: pytest.CaptureFixture[str]) -> None:
    assert cluster.shell("-A", "-t", "-c", "SELECT current_database()") == 0
    assert capfd.readouterr().out.strip() == "riskatlas"


def test_home_is_beside_the_code_unless_set() -> None:
    assert home_folder({}) == CHECKOUT / ".riskatlas"
    assert home_folder({"RISKATLAS_HOME": "/srv/atlas"}) == Path("/srv/atlas")
