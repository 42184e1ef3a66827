"""Files that people upload: streamed to disk under harmless names, never opened here; the worker reads them in a child."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from app import queries
from app.errors import ConflictError, MissingError, RequestError
from app.texts import Text, listed

SUFFIXES = (
    ".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".jsonl", ".ndjson", ".shp", ".dbf", ".shx", ".prj", ".cpg", ".gpkg", ".geojson",
    ".geojsonl", ".geojsons", ".json", ".kml", ".kmz", ".dxf", ".tab", ".dat", ".map", ".id", ".ind", ".mif", ".mid", ".tif", ".tiff", ".tfw", ".zip",
)
"""What a reader takes, and the files that are part of another one."""
MOST_FILES = 60
MOST_LISTED = 200
LONGEST_NAME = 120
PIECE_BYTES = 2**20
UPLOAD_ID = re.compile(r"[0-9]{8}-[0-9a-f]{10}", re.ASCII)
FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f\x7f]')
INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Cn")
"""Categories of characters that a name does not need: controls, changes of direction, unassigned."""


class Stream(Protocol):
    """A body that is read piece by piece."""

    def read(self, size: int, /) -> bytes: ...


def uploads_folder(home: Path) -> Path:
    """Where the files of all uploads lie, one folder an upload."""
    return home / "uploads"


def new_upload(connection: sa.Connection, home: Path, title: str) -> str:
    """Make room for an upload; its number, which nobody can guess."""
    upload_id = f"{date.today():%Y%m%d}-{secrets.token_hex(5)}"
    (uploads_folder(home) / upload_id).mkdir(parents=True)
    queries.run(connection, "new_upload", {"upload_id": upload_id, "title": title})
    return upload_id


def require_upload(connection: sa.Connection, upload_id: str) -> dict[str, Any]:
    """The upload of a number; raises `MissingError`."""
    row = queries.run(connection, "upload", {"upload_id": upload_id}).mappings().one_or_none() if UPLOAD_ID.fullmatch(upload_id) else None
    if row is None:
        raise MissingError(Text("没有上传 {upload_id}", upload_id=upload_id[:40]))
    return plain(row)


def harmless_name(given: str) -> str:
    """The name under which a file is kept: no folder, nothing invisible, a suffix that some reader takes.

    >>> harmless_name("../../etc/企业 台账.CSV")
    '企业 台账.CSV'
    >>> harmless_name("C:\\\\数据\\\\管线?.shp")
    '管线_.shp'
    """
    last = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(character for character in last if unicodedata.category(character) not in INVISIBLE)
    name = FORBIDDEN.sub("_", seen).strip(" .")
    suffix = Path(name).suffix
    if suffix.lower() not in SUFFIXES:
        raise RequestError("name", Text("不接受这种文件;可上传:{known}", known=listed(SUFFIXES)))
    stem = name[: len(name) - len(suffix)][: LONGEST_NAME - len(suffix)].rstrip(" .")
    while len((stem + suffix).encode()) > 250:  # what a file system takes
        stem = stem[:-1]
    if not stem:
        raise RequestError("name", Text("文件名为空"))
    return stem + suffix


def keep_file(
    connection: sa.Connection, home: Path, upload_id: str, name: str, stream: Stream, *, n_bytes: int, most_bytes: int,
    require_rest: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Write a body to the folder of its upload, whole or not at all; it is hashed on the way and never held in memory.

    `require_rest` is asked once the body is there: a job may have begun to read the upload while it came in.
    """
    held = queries.run(connection, "upload_files", {"upload_id": upload_id}).mappings().all()
    others = [row for row in held if row["name"] != name]
    if len(others) >= MOST_FILES:
        raise ConflictError(Text("一次最多上传 {most} 个文件", most=MOST_FILES))
    if n_bytes + sum(row["size_bytes"] for row in others) > most_bytes:
        raise ConflictError(Text("一次上传合计不超过 {most_bytes} MB", most_bytes=most_bytes // 10 ** 6))
    room = shutil.disk_usage(uploads_folder(home)).free
    if n_bytes > room // 2:
        raise ConflictError(Text("服务器磁盘空间不足,请联系管理员"))
    sha256 = _write(uploads_folder(home) / upload_id / name, stream, n_bytes, require_rest)
    queries.run(connection, "keep_upload_file", {"upload_id": upload_id, "name": name, "size_bytes": n_bytes, "sha256": sha256})
    return {"name": name, "size_bytes": n_bytes, "sha256": sha256}


def _write(target: Path, stream: Stream, n_bytes: int, require_rest: Callable[[], None]) -> str:
    parts = target.parents[1] / ".parts"
    parts.mkdir(exist_ok=True)
    part = parts / secrets.token_hex(8)
    digest, n_written = hashlib.sha256(), 0
    try:
        with part.open("xb") as file:
            for piece in _pieces(stream, n_bytes):
                file.write(piece)
                digest.update(piece)
                n_written += len(piece)
        if n_written != n_bytes:
            raise RequestError("body", Text("文件没有传完,请重新上传"))
        require_rest()
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    return digest.hexdigest()


def _pieces(stream: Stream, n_bytes: int) -> Iterator[bytes]:
    left = n_bytes
    while left > 0 and (piece := stream.read(min(PIECE_BYTES, left))):
        left -= len(piece)
        yield piece


def drop_file(connection: sa.Connection, home: Path, upload_id: str, name: str) -> None:
    """Delete a file of an upload; raises `MissingError`."""
    gone = queries.run(connection, "forget_upload_file", {"upload_id": upload_id, "name": name}).rowcount
    if not gone:
        raise MissingError(Text("没有文件 {name}", name=name))
    (uploads_folder(home) / upload_id / name).unlink(missing_ok=True)


def drop_upload(connection: sa.Connection, home: Path, upload_id: str) -> None:
    """Delete an upload with its files; what was loaded from it stays."""
    queries.run(connection, "forget_upload", {"upload_id": upload_id})
    for folder in (uploads_folder(home) / upload_id, home / "returned" / upload_id):
        shutil.rmtree(folder, ignore_errors=True)


def upload_list(connection: sa.Connection) -> list[dict[str, Any]]:
    """Uploads, newest first."""
    return [plain(row) for row in queries.run(connection, "uploads", {"most": MOST_LISTED}).mappings()]


def whole_upload(connection: sa.Connection, upload_id: str) -> dict[str, Any]:
    """An upload with its files, what was confirmed of them, and the newest job of each kind."""
    upload = require_upload(connection, upload_id)
    jobs: dict[str, Any] = {}
    for row in queries.run(connection, "jobs", {"upload": upload_id, "most": MOST_LISTED}).mappings():
        jobs.setdefault(row["kind"], plain(row))
    return {
        **upload,
        "files": [plain(row) for row in queries.run(connection, "upload_files", {"upload_id": upload_id}).mappings()],
        "sources": [plain(row) for row in queries.run(connection, "upload_sources", {"upload_id": upload_id}).mappings()],
        "jobs": jobs,
    }


def confirm_source(connection: sa.Connection, upload_id: str, source_id: str, body: dict[str, Any]) -> None:
    """Keep what a person decided about one table of an upload."""
    files = {row.name for row in queries.run(connection, "upload_files", {"upload_id": upload_id})}
    if body["file"] not in files:
        raise MissingError(Text("没有文件 {file}", file=body["file"]))
    queries.run(connection, "keep_upload_source", {
        "upload_id": upload_id, "source_id": source_id, "file": body["file"], "dataset": body["dataset"],
        "decisions": json.dumps(body["decisions"], ensure_ascii=False), "confirmed_by": body["confirmed_by"],
    })  # fmt: skip


def plain(row: Any) -> dict[str, Any]:
    """A row as JSON has it: dates as ISO text."""
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
