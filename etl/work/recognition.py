"""Recognises uploaded files in a process of its own, with little memory and time: nobody vouches for them.

Run as ``python -m etl.work.recognition FOLDER``, where FOLDER holds the request; the answer is written beside it.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.area import declared_area
from etl.read_child import ENVIRONMENT
from etl.work.uploads import ConfirmedSource, Upload, known_manifests
from layers.catalog import Catalog, load_catalog
from layers.errors import AtlasError, SourceFileError
from layers.store import engine_from_url

MEMORY_BYTES = 3 * 2**30
WALL_SECONDS = 90
FILE_BYTES = 4 * 2**30
OPEN_FILES = 256
PROJECT = Path(__file__).parents[2]
REQUEST, ANSWER = "request.json", "answer.json"


def recognised(engine: sa.Engine, catalog: Catalog, home: Path, path: Path) -> dict[str, Any]:
    """What a file is, as `etl.recognise` says; a file that cannot be read is told as such, beside the others."""
    try:
        return _asked(engine, home, path, {"kind": "recognise"})
    except SourceFileError as error:
        return {"file": path.name, "reader": None, "datasets": [], "warnings": [], "error": str(error)}


def manifest_of(engine: sa.Engine, catalog: Catalog, home: Path, upload: Upload, source: ConfirmedSource) -> str:
    """The manifest of a dataset as a person confirmed it, in TOML; raises `SourceFileError` for a file beyond reading."""
    request = {"kind": "manifest", "dataset": source.dataset, "decisions": {**source.decisions, "id": source.source_id}}
    return str(_asked(engine, home, upload.folder / source.file, request)["manifest"])


def _asked(engine: sa.Engine, home: Path, path: Path, request: dict[str, Any]) -> dict[str, Any]:
    """The child's answer; the error that it stands for is raised."""
    with tempfile.TemporaryDirectory(prefix="riskatlas-recognise-") as name:
        folder = Path(name)
        address = engine.url.render_as_string(hide_password=False)
        request |= {"path": str(path.absolute()), "home": str(home.absolute()), "database_url": address}
        (folder / REQUEST).write_text(json.dumps(request, ensure_ascii=False, default=str), encoding="utf-8")
        status = _run(folder, path)
        if status != 0 or not (folder / ANSWER).exists():
            how = f"signal {-status}" if status < 0 else f"status {status}"
            raise SourceFileError(path.name, f"a file that the reader does not survive ({how})", "an undamaged file of a usual size")
        answer: dict[str, Any] = json.loads((folder / ANSWER).read_text(encoding="utf-8"))
    if "error" in answer:
        raise (SourceFileError(path.name, answer["error"], "a file that can be read") if answer["is_file"] else AtlasError(answer["error"]))
    return answer


def _run(folder: Path, path: Path) -> int:
    process = subprocess.Popen(
        [sys.executable, "-m", "etl.work.recognition", str(folder)], cwd=PROJECT, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=(folder / "stderr").open("wb"), start_new_session=True, close_fds=False,
        env=os.environ | ENVIRONMENT | {"TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        return process.wait(WALL_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise SourceFileError(path.name, f"a file that takes more than {WALL_SECONDS} s to recognise", "a file of a usual size") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _limit() -> None:
    limits = ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CPU, WALL_SECONDS), (resource.RLIMIT_FSIZE, FILE_BYTES),
              (resource.RLIMIT_NOFILE, OPEN_FILES), (resource.RLIMIT_CORE, 0))  # fmt: skip
    for kind, limit in limits:
        hard = resource.getrlimit(kind)[1]
        lower = limit if hard == resource.RLIM_INFINITY or limit <= hard else hard
        resource.setrlimit(kind, (lower, lower))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    from etl.recognise import manifest_text, recognise

    engine, catalog = engine_from_url(request["database_url"], pool_size=1), load_catalog()
    with engine.connect() as connection:
        area, _ = declared_area(connection)
        manifests = known_manifests(connection, Path(request["home"]), area.id, catalog)
    found = recognise(Path(request["path"]), area=area, catalog=catalog, manifests=manifests, engine=engine)
    if request["kind"] == "recognise":
        answer: dict[str, Any] = found.as_dict()
        return answer
    return {"manifest": manifest_text(found, request["dataset"], request["decisions"])}


def main(folder: Path) -> None:
    """Answer the request in a folder; what is refused is an answer too."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    _limit()
    try:
        answer = _answer(request)
    except SourceFileError as error:
        answer = {"error": str(error).removeprefix(f"{request['path']}: "), "is_file": True}
    except AtlasError as error:
        answer = {"error": str(error), "is_file": False}
    except MemoryError:
        answer = {"error": f"a file that takes more than {MEMORY_BYTES // 2**20} MB to read", "is_file": True}
    (folder / ANSWER).write_text(json.dumps(answer, ensure_ascii=False, default=str), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
