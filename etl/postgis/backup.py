"""Backup and restore: one file with the database and every file it names, and the way back."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import sqlalchemy as sa

from etl.postgis.cluster import ClusterError
from etl.postgis.installation import installations
from layers.errors import AtlasError

DUMP = "database.dump"
FOLDERS = ("files", "rasters", "fonts", "sources")
SCHEMAS = ("ops", "register", "staging", "edition_*")


def _program(name: str) -> str:
    there = installations()
    if not there:
        raise ClusterError("no PostgreSQL programs under /usr/lib/postgresql; ./riskatlas installs them")
    return str(there[max(there)].program(name))


def _libpq_url(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AtlasError(f"{Path(command[0]).name} failed: {done.stderr.strip()[-1500:]}")


def backup(url: str, home: Path, target: Path) -> int:
    """Write database and kept files to one tar archive; it appears whole or not at all. Returns its bytes."""
    part = target.with_name(target.name + ".part")
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        dump = Path(folder) / DUMP
        schemas = [f"--schema={schema}" for schema in SCHEMAS]
        _run([_program("pg_dump"), "--format=custom", *schemas, f"--file={dump}", f"--dbname={_libpq_url(url)}"])
        with tarfile.open(part, "w") as archive:
            archive.add(dump, DUMP)
            for name in FOLDERS:
                if (home / name).exists():
                    archive.add(home / name, name)
    part.replace(target)
    return target.stat().st_size


def restore(url: str, home: Path, source: Path) -> None:
    """Bring a backup back into an installation that holds nothing yet; raises `AtlasError` where it holds data."""
    _require_empty(url)
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        try:
            with tarfile.open(source) as archive:
                _require_plain(archive, source)
                archive.extractall(folder)
        except (tarfile.TarError, OSError) as error:
            raise AtlasError(f"{source}: no backup of the atlas ({error})") from error
        dump = Path(folder) / DUMP
        if not dump.exists():
            raise AtlasError(f"{source}: no backup of the atlas (it lacks {DUMP})")
        for name in FOLDERS:
            if (Path(folder) / name).exists():
                shutil.copytree(Path(folder) / name, home / name, dirs_exist_ok=True)
        _drop_schemas(url)
        command = [_program("pg_restore"), "--exit-on-error", "--single-transaction", "--no-owner"]
        _run([*command, f"--dbname={_libpq_url(url)}", str(dump)])


def _require_plain(archive: tarfile.TarFile, source: Path) -> None:
    """Files and folders below the archive's own root, nothing else: no links, no way out."""
    for member in archive.getmembers():
        parts = Path(member.name).parts
        if not (member.isfile() or member.isdir()) or member.name.startswith("/") or ".." in parts:
            raise AtlasError(f"{source}: no backup of the atlas (it holds {member.name!r})")


def _require_empty(url: str) -> None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        if sa.inspect(connection).has_table("area", schema="ops"):
            held = connection.execute(sa.text("SELECT id FROM ops.area")).scalar_one_or_none()
            if held is not None:
                raise AtlasError(f"this database holds the area {held!r}; restore into an empty one (RISKATLAS_HOME)")
    engine.dispose()


def _drop_schemas(url: str) -> None:
    """Empty schemas that a first command made would be in the way."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for schema in ("staging", "register", "ops"):
            connection.execute(sa.schema.DropSchema(schema, cascade=True, if_exists=True))
    engine.dispose()
