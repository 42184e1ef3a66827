"""A child that reads files of strangers has no rights: it reads what it is given and writes into its own folder only."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from etl.beside import second_process
from etl.fonts import fonts_folder, make_fonts
from etl.manifest import Manifest
from etl.read_child import read_in_child
from etl.unprivileged import without_rights
from layers.errors import AtlasError
from tests.conftest import PROJECT

PROBE = """
import json, os, sys
import numpy, shapely, etl.read
def may(name, mode):
    try:
        open(name, mode).close()
        return True
    except OSError:
        return False
given, own, secret, code = sys.argv[1:]
print(json.dumps([os.getuid(), may(given, "rb"), may(own + "/made", "wb"), may(secret, "rb"), may(code, "ab")]))
"""
def python_of_a_server(monkeypatch: pytest.MonkeyPatch) -> int:
    """Name the Python as the server of root does, by a folder that is held open; the handle is the caller's to close."""
    handle = os.open(sys.base_prefix, os.O_PATH | os.O_DIRECTORY)
    os.set_inheritable(handle, True)
    interpreter = os.path.relpath(os.path.realpath(sys.executable), os.path.realpath(sys.base_prefix))
    monkeypatch.setattr(sys, "executable", f"/proc/self/fd/{handle}/{interpreter}")
    monkeypatch.setenv("PYTHONPATH", f"{PROJECT}:{sysconfig.get_path('purelib')}")
    return handle


def test_worker_of_a_server_of_root_starts_its_helpers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    handle = python_of_a_server(monkeypatch)
    try:
        name = make_fonts(tmp_path, {"图"})
        assert (fonts_folder(tmp_path) / f"AtlasSansSC-Regular.{name}.woff2").stat().st_size > 0
        with second_process() as helper:
            assert helper is not None or len(os.sched_getaffinity(0)) == 1
    finally:
        os.close(handle)


is_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has rights to give up")


def probe(path: Path, secret: Path) -> list[object]:
    with tempfile.TemporaryDirectory() as name, without_rights(PROJECT, path, Path(name)) as start:
        command = [start.python, "-P", "-c", PROBE, str(start.path), str(start.folder), str(secret), str(PROJECT / "setup.cfg")]
        done = subprocess.run(command, env=os.environ | start.environment, close_fds=False, capture_output=True, text=True, **start.options)
        assert done.returncode == 0, done.stderr
        found: list[object] = json.loads(done.stdout)
        return found


@is_root
@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_child_of_root_reads_what_it_is_given_and_nothing_else(tmp_path: Path, mode: int) -> None:
    secret, given = tmp_path / "secret", tmp_path / "a.csv"
    for path in (secret, given):
        path.write_text("a,b\n1,2\n", encoding="utf-8")
        path.chmod(0o600)
    given.chmod(mode)
    assert probe(given, secret) == [pwd.getpwnam("nobody").pw_uid, True, True, False, False]


@is_root
def test_file_that_only_root_may_read_is_read_without_rights(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    path.chmod(0o600)
    frame = read_in_child(path, Manifest("x", "enterprises", "企业", "局", ("a.csv",), "table"))
    assert frame[["a", "b"]].to_numpy().tolist() == [["1", "2"]]


@is_root
def test_code_that_only_root_may_read_is_refused_with_advice(tmp_path: Path) -> None:
    closed = tmp_path / "code"
    closed.mkdir(mode=0o700)
    with pytest.raises(AtlasError, match="chmod"), without_rights(closed, tmp_path / "a.csv", tmp_path):
        pass
