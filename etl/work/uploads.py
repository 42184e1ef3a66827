"""Uploaded files as a delivery: their folder, the sources that a person confirmed for them, and the area's declaration."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from etl.manifest import Manifest, declared, home_sources, load_manifest
from layers.catalog import Catalog
from layers.errors import AtlasError, CatalogError, NotFoundError

SOURCE_ID = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
MANIFEST_SUFFIX = ".toml"


@dataclass(frozen=True)
class Upload:
    """What was uploaded together and what it is called; `files` are names and SHA-256 below `folder`."""

    upload_id: str
    folder: Path
    label: str
    as_of: date | None
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ConfirmedSource:
    """One dataset of an upload with what a person decided about it; see `etl.recognise.manifest_text`."""

    source_id: str
    file: str
    dataset: str
    decisions: dict[str, Any]
    confirmed_by: str
    manifest: str


def upload_of(connection: sa.Connection, home: Path, upload_id: str) -> Upload:
    """An upload as the page left it; raises `NotFoundError` where there is none or its folder is gone."""
    row = connection.execute(
        sa.text("SELECT label, as_of FROM ops.uploads WHERE upload_id = :id"), {"id": upload_id}
    ).one_or_none()
    folder = home / "uploads" / upload_id
    if row is None or not folder.is_dir():
        raise NotFoundError(f"no upload {upload_id}")
    files = connection.execute(
        sa.text("SELECT name, sha256 FROM ops.upload_files WHERE upload_id = :id ORDER BY name"), {"id": upload_id}
    )
    return Upload(upload_id, folder, row.label, row.as_of, tuple((entry.name, entry.sha256) for entry in files))


def confirmed_sources(connection: sa.Connection, upload_id: str) -> list[ConfirmedSource]:
    """What a person confirmed about an upload, in the order of source ids; raises `AtlasError` where it is nothing."""
    rows = connection.execute(
        sa.text("SELECT source_id, file, dataset, decisions, confirmed_by, manifest FROM ops.upload_sources "
                "WHERE upload_id = :id ORDER BY source_id"), {"id": upload_id},
    ).all()
    if not rows:
        raise AtlasError("还没有确认任何数据表的对应关系 (no table of this upload has been confirmed yet)")
    found = [ConfirmedSource(row.source_id, row.file, row.dataset, row.decisions, row.confirmed_by, row.manifest) for row in rows]
    for source in found:
        if not SOURCE_ID.fullmatch(source.source_id):
            raise CatalogError(source.source_id, "the id of a source has lower-case letters, digits and underscores")
    return found


def keep_text(connection: sa.Connection, upload_id: str, source: ConfirmedSource, manifest: str) -> None:
    """Keep the manifest made from what a person confirmed, unless it was confirmed anew meanwhile."""
    connection.execute(
        sa.text("UPDATE ops.upload_sources SET manifest = :manifest WHERE upload_id = :upload AND source_id = :source "
                "AND decisions = CAST(:decisions AS jsonb)"),
        {"manifest": manifest, "upload": upload_id, "source": source.source_id,
         "decisions": json.dumps(source.decisions, ensure_ascii=False)},
    )


def known_manifests(connection: sa.Connection, home: Path, area_id: str, catalog: Catalog) -> list[Manifest]:
    """The manifest of every source loaded so far, as its newest load had it; one confirmed on the page goes before."""
    rows = connection.execute(sa.text(
        "SELECT DISTINCT ON (source_id) notes FROM ops.loads_in_force "
        "WHERE notes ? 'manifest' ORDER BY source_id, load_id DESC"
    )).scalars()
    found = {manifest.id: manifest for manifest in map(_declared, rows) if manifest is not None}
    for path in sorted(home_sources(home, area_id).glob(f"*{MANIFEST_SUFFIX}")):
        if path.name != "area.toml":
            found[path.stem] = load_manifest(path, catalog)
    return [found[name] for name in sorted(found)]


def _declared(notes: dict[str, Any]) -> Manifest | None:
    try:
        return declared(notes["manifest"])
    except CatalogError:  # kept by a version with other keys: the source is then recognised anew
        return None


def write_area(connection: sa.Connection, folder: Path) -> str:
    """Write the declaration of the database's area as `area.toml`; its id."""
    declaration = connection.execute(sa.text("SELECT declaration FROM ops.area")).scalar_one_or_none()
    if declaration is None:
        raise AtlasError("还没有入库任何数据,请先用命令行入库一次 (nothing is loaded yet: run `riskatlas load AREA_DIR` first)")
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "area.toml", area_toml(declaration))
    return str(declaration["id"])


def area_toml(declaration: dict[str, Any]) -> str:
    """An area's declaration in TOML; what is not declared is left out.

    >>> area_toml({"id": "a", "cell_m": 50.0, "delivery_on": None, "boundary": {"file": "界.shp"}}).splitlines()
    ['id = "a"', 'cell_m = 50.0', '[boundary]', 'file = "界.shp"']
    """
    plain = {key: value for key, value in declaration.items() if key != "boundary" and value is not None}
    lines = [_line(key, value) for key, value in plain.items()]
    return "\n".join([*lines, "[boundary]", *(_line(*entry) for entry in declaration["boundary"].items())]) + "\n"


def _line(key: str, value: Any) -> str:
    is_date = key == "delivery_on"
    return f"{key} = {value if is_date else json.dumps(value, ensure_ascii=False)}"


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that readers see the old or the new one."""
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def write_delivery(upload: Upload) -> None:
    """Say in the upload's folder what delivery its files belong to."""
    lines = [f"label = {json.dumps(upload.label, ensure_ascii=False)}"]
    lines += [f"as_of = {upload.as_of.isoformat()}"] if upload.as_of else []
    write_whole(upload.folder / "delivery.toml", "\n".join(lines) + "\n")


@contextmanager
def sources_folder(connection: sa.Connection, manifests: dict[str, str]) -> Iterator[Path]:
    """A folder with the area's declaration and some manifests (TOML by source id), while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="riskatlas-sources-") as name:
        folder = Path(name)
        write_area(connection, folder)
        for source_id, text in manifests.items():
            (folder / f"{source_id}{MANIFEST_SUFFIX}").write_text(text, encoding="utf-8")
        yield folder
