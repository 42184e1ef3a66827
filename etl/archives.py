"""Delivered archives: unpacked into a folder of their own after every member was looked at, or refused whole.

A member may not leave the folder, be a link, be encrypted, or unfold beyond what a county delivers.
"""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from etl.manifest import Manifest
from layers.errors import SourceFileError

ARCHIVE_SUFFIXES = (".zip", ".kmz")
MAX_MEMBERS = 10_000
MAX_TOTAL_BYTES = 4 * 2**30
MAX_RATIO = 200
RATIO_FREE_BYTES = 16 * 2**20
"""Members up to this size may be packed as tightly as they like: empty rasters are."""
MAX_NAME_BYTES = 255
PIECE_BYTES = 2**20
DATASETS = {
    "vector": (".shp", ".gdb", ".gpkg", ".geojson", ".geojsonl", ".geojsons", ".json", ".kml", ".dxf", ".tab", ".mif", ".jsonl", ".ndjson"),
    "esri": (".json",),
    "table": (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".jsonl", ".ndjson"),
    "raster": (".tif", ".tiff"),
}
"""Reader of a manifest -> suffixes that can be what it asks for."""
FIRST_TABLE_OF_GDB = "a00000001.gdbtable"
UTF8_NAME = 0x800
ENCRYPTED = 0x1
XML_DECLARATIONS = (b"<!doctype", b"<!entity")


def member_name(info: zipfile.ZipInfo) -> str:
    """Name of a member; names without the UTF-8 mark are read as GB18030, as Chinese archivers write them."""
    if info.flag_bits & UTF8_NAME:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def _fault_of_name(name: str) -> str | None:
    plain = name.replace("\\", "/")
    parts = PurePosixPath(plain).parts
    if not parts or plain.startswith("/") or ":" in parts[0]:
        return "an absolute path"
    if ".." in parts:
        return "a path that leaves the archive"
    if any(ord(character) < 32 for character in name) or any(len(part.encode()) > MAX_NAME_BYTES for part in parts):
        return "a name no file can have"
    return None


def _fault_of_member(info: zipfile.ZipInfo) -> str | None:
    if info.flag_bits & ENCRYPTED:
        return "an encrypted member"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link"
    if info.file_size > RATIO_FREE_BYTES and info.file_size > MAX_RATIO * max(info.compress_size, 1):
        return f"a member that unfolds {info.file_size // max(info.compress_size, 1)} times"
    return _fault_of_name(member_name(info))


def checked_members(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Members of an archive, every one harmless; raises `SourceFileError` otherwise."""
    members = archive.infolist()
    total = sum(info.file_size for info in members)
    if len(members) > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
        raise SourceFileError(
            path, f"{len(members)} members of {total:,} bytes", f"at most {MAX_MEMBERS} members of {MAX_TOTAL_BYTES:,} bytes"
        )
    for info in members:
        fault = _fault_of_member(info)
        if fault:
            raise SourceFileError(path, f"{fault}: {member_name(info)[:200]!r}", "an archive of plain files")
    return members


def refuse_entities(text: bytes, path: Path) -> None:
    """Raise `SourceFileError` where XML declares a document type or entities: data never needs them."""
    plain = text.replace(b"\x00", b"").lower()
    if any(word in plain for word in XML_DECLARATIONS):
        raise SourceFileError(path, "an XML document type or entity declaration", "plain XML without declarations")


def check_workbook(path: Path) -> None:
    """Look into an .xlsx before anything unfolds it."""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in checked_members(archive, path):
                if info.filename.endswith((".xml", ".rels")):
                    with archive.open(info) as stream:
                        refuse_entities(stream.read(4096), path)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise SourceFileError(path, f"no workbook ({error})", "an .xlsx file") from error


def _unpack(path: Path, folder: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        left = MAX_TOTAL_BYTES
        for info in checked_members(archive, path):
            target = folder.joinpath(*PurePosixPath(member_name(info).replace("\\", "/")).parts)
            if info.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as stream, target.open("wb") as sink:
                while piece := stream.read(PIECE_BYTES):
                    left -= len(piece)
                    if left < 0:
                        raise SourceFileError(path, "more bytes than it states", "an honest archive")
                    sink.write(piece)


def datasets_in(folder: Path, *, reader: str, member: str = "") -> list[Path]:
    """Datasets of an unpacked archive that a reader takes, in name order; the archive itself may be a geodatabase."""
    if (folder / FIRST_TABLE_OF_GDB).exists():
        return [folder] if reader == "vector" else []
    wanted = DATASETS[reader]
    inside = sorted(entry for entry in folder.rglob(member or "*") if entry.suffix.lower() in wanted)
    geodatabases = {entry for entry in inside if entry.suffix.lower() == ".gdb"}
    return [entry for entry in inside if "__MACOSX" not in entry.parts and not geodatabases & set(entry.parents)]


def _dataset(folder: Path, path: Path, manifest: Manifest) -> Path:
    """The one dataset of an unpacked archive that the manifest means."""
    found = datasets_in(folder, reader=manifest.reader, member=manifest.member)
    if len(found) != 1:
        wanted = DATASETS[manifest.reader]
        names = ", ".join(str(entry.relative_to(folder)) for entry in found[:10]) or "nothing the reader knows"
        raise SourceFileError(path, names, f"one dataset ({', '.join(wanted)}); `member` in the manifest chooses among several")
    return found[0]


def is_archive(path: Path) -> bool:
    """Whether a delivered file is an archive of others, by its name."""
    return path.suffix.lower() in ARCHIVE_SUFFIXES and not path.is_dir()


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder of an archive's members while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="riskatlas-archive-") as folder:
        root = Path(folder) / "archive.gdb"
        root.mkdir()
        try:
            _unpack(path, root)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, UnicodeDecodeError) as error:
            raise SourceFileError(path, f"no readable archive ({error})", "a zip archive") from error
        yield root


@contextmanager
def opened(path: Path, manifest: Manifest) -> Iterator[Path]:
    """The file to read: the delivered one, or the dataset inside a delivered archive while the block lasts."""
    if not is_archive(path):
        yield path
        return
    with unpacked(path) as folder:
        try:
            yield _dataset(folder, path, manifest)
        except SourceFileError as error:
            if not (isinstance(error.path, Path) and error.path.is_relative_to(folder)):
                raise
            raise SourceFileError(f"{path} › {error.path.name}", error.found, error.expected) from error
