"""The real server under Granian, as root too, and from folders that other users cannot enter."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
import shapely
from click.testing import CliRunner

from app.cli import serve_command
from app.config import CODE_DIR
from app.serving import REHEARSED_PLACES, rehearsed_places, server_user
from layers.store import Place

PROGRAM = """
import sys
from pathlib import Path
from app.serving import Listening, serve
serve(Listening("127.0.0.1", int(sys.argv[1]), 1, 4), home=Path(sys.argv[2]), database_url=sys.argv[3])
"""
START_TIMEOUT_S = 240


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=240) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def wait_until_it_answers(url: str, process: subprocess.Popen[str]) -> None:
    ends_at = time.monotonic() + START_TIMEOUT_S
    while True:
        assert process.poll() is None, process.communicate()
        try:
            get(url + "healthz")
            return
        except urllib.error.URLError:
            assert time.monotonic() < ends_at
            time.sleep(0.1)


Start = Callable[[Path], tuple[str, subprocess.Popen[str]]]


@pytest.fixture
def start(database_url: str) -> Iterator[Start]:
    """Starts the server with a home folder; ends it after the test."""
    started = []

    def begin(home: Path) -> tuple[str, subprocess.Popen[str]]:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(port), str(home), database_url], cwd=CODE_DIR, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        started.append(process)
        url = f"http://127.0.0.1:{port}/"
        wait_until_it_answers(url, process)
        return url, process

    yield begin
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=240)


def test_server_answers_without_rights_from_a_home_closed_to_others(start: Start, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = closed / "home"
    home.mkdir(mode=0o755)
    url, process = start(home)
    assert json.loads(get(url + "healthz")[1]) == {"status": "ok", "edition": 1}
    status, tile = get(url + "tiles/1/all/towns/9/426/211.mvt")
    assert status in (200, 204)
    assert get(url + "api/layers")[0] == 200
    assert get(url + "vendor/maplibre-gl.mjs")[0] == 200
    assert get(url + "%2e%2e/etc/passwd")[0] == 404
    kept = [path for path in home.rglob("211.mvt.gz") if path.parts[-4:-1] == ("towns", "9", "426")]
    assert [gzip.decompress(path.read_bytes()) for path in kept] == [tile]
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for pid in [str(process.pid), *children]:
        uids = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:"))
        assert "0" not in uids.split()[1:] or os.geteuid() != 0


def test_body_without_a_stated_length_is_read_up_to_the_limit(start: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    url, _ = start(tmp_path)
    site = {"geometry": {"type": "Point", "coordinates": [120.03, 30.0502]}, "project_type": "residential"}

    def sent_in_chunks(body: bytes) -> int | None:
        """Status of the answer; None where the server closed the connection before it could be read."""
        chunks = (body[i : i + 10_000] for i in range(0, len(body), 10_000))
        with closing(http.client.HTTPConnection(url.split("/")[2], timeout=240)) as connection:
            try:
                connection.request("POST", "/api/site-checks", chunks, encode_chunked=True)
            except (BrokenPipeError, ConnectionResetError):
                return None
            with connection.getresponse() as answer:
                answer.read()
                return answer.status

    assert sent_in_chunks(json.dumps(site).encode()) == 200
    assert sent_in_chunks(json.dumps(site).encode() + b" " * 3_000_000) in (413, None)


def test_server_says_where_it_listens_and_ends_on_a_signal(start: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    url, process = start(tmp_path)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=240)
    assert url in out
    assert process.returncode == 0
    assert "Traceback" not in err


def _answering(process: subprocess.Popen[str]) -> set[int]:
    """Processes that answer requests: forks of the server, with its own command line."""
    own = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return {int(child) for child in children if Path(f"/proc/{child}/cmdline").read_bytes() == own}


def _kill_and_wait(url: str, process: subprocess.Popen[str]) -> set[int]:
    """Kill the process that answers, and wait until one that replaces it answers; the numbers of those."""
    (killed,) = _answering(process)
    os.kill(killed, signal.SIGKILL)
    ends_at = time.monotonic() + START_TIMEOUT_S
    while not _answering(process) - {killed}:
        assert process.poll() is None and time.monotonic() < ends_at
        time.sleep(0.1)
    wait_until_it_answers(url, process)
    return _answering(process) - {killed}


def test_process_that_dies_is_replaced(start: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    url, process = start(tmp_path)
    before = _answering(process)
    assert len(_kill_and_wait(url, process)) == 1
    assert not _answering(process) & before
    assert get(url + "healthz")[0] == 200


def test_scripts_of_a_page_outlast_their_folder_and_the_process_that_read_them(start: Start, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    url, process = start(tmp_path)
    shutil.rmtree(tmp_path / "scripts")  # as newer versions below the same home would

    def statuses() -> set[int]:
        named = re.findall(r'<link rel="modulepreload" href="/(static/at/[^"]+/bundle/[^"]+)"', get(url)[1].decode())
        return {get(url + address)[0] for address in named}

    assert statuses() == {200}
    _kill_and_wait(url, process)
    assert statuses() == {200}


def test_rehearsal_asks_of_places_inside_an_area_whose_middle_is_outside() -> None:
    horseshoe = shapely.box(120, 30, 121, 31).difference(shapely.box(120.2, 30.2, 120.9, 31))
    facts = SimpleNamespace(boundary=horseshoe, area={"home": [120, 30, 121, 31]})
    places = rehearsed_places(facts)  # type: ignore[arg-type]
    assert len(places) == REHEARSED_PLACES and shapely.covers(horseshoe, places).all()
    assert not shapely.covers(horseshoe, shapely.Point(120.5, 30.5))


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = CliRunner().invoke(
            serve_command, ["--port", str(port)], obj=Place(tmp_path, lambda: "postgresql://nowhere/none")
        )
    assert answer.exit_code == 1
    assert f"port {port}" in str(answer.exception)


def test_server_runs_as_nobody_for_a_database_elsewhere() -> None:
    assert server_user("postgresql://somewhere/atlas").pw_name == "nobody"
