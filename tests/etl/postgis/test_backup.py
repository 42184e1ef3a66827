"""A backup brings everything back, and never over data."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from etl.postgis.backup import backup, restore
from etl.postgis.cluster import Cluster
from etl.status import status_of
from etl.verify import verify_edition
from layers.catalog import load_catalog
from layers.errors import AtlasError
from layers.store import engine_from_url


def status(url: str) -> dict[str, object]:
    engine = engine_from_url(url)
    found = status_of(engine, load_catalog())
    engine.dispose()
    return found


def test_backup_restores_every_edition_byte_for_byte(cluster: Cluster, atlas_database: str, home: Path, tmp_path: Path) -> None:
    assert backup(atlas_database, home, tmp_path / "atlas.tar") > 100_000
    url = cluster.create_database("restored")
    restore(url, tmp_path / "home", tmp_path / "atlas.tar")
    assert status(url) == status(atlas_database)
    engine = engine_from_url(url)
    assert verify_edition(engine, load_catalog(), 1, home=tmp_path / "home")["is_same"]
    engine.dispose()
    cluster.drop_database("restored")


def test_restore_over_data_is_refused(atlas_database: str, home: Path, tmp_path: Path) -> None:
    backup(atlas_database, home, tmp_path / "atlas.tar")
    with pytest.raises(AtlasError, match="holds the area 'sample'"):
        restore(atlas_database, home, tmp_path / "atlas.tar")


def test_file_that_is_no_backup_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.create_database("empty_for_restore")
    (tmp_path / "x.tar").write_bytes(b"%PDF-1.7" * 100)
    with pytest.raises(AtlasError, match="no backup"):
        restore(url, tmp_path, tmp_path / "x.tar")
    engine = engine_from_url(url)
    assert "ops" not in sa.inspect(engine).get_schema_names()
    engine.dispose()
    cluster.drop_database("empty_for_restore")


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt"])
def test_archive_that_leaves_its_folder_is_refused(cluster: Cluster, tmp_path: Path, name: str) -> None:
    url = cluster.create_database("hostile_restore")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with pytest.raises(AtlasError, match="no backup"):
        restore(url, tmp_path / "home", tmp_path / "x.tar")
    cluster.drop_database("hostile_restore")
