"""Brings a database to the schemas this version needs; running it twice changes nothing."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from layers.errors import AtlasError
from layers.store import OPS, REGISTER, STAGING

MIGRATIONS_DIR = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7_218_001
LEAST_POSTGIS = (3, 3)


def _check_postgis(connection: sa.Connection) -> None:
    connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS postgis"))
    found = str(connection.execute(sa.text("SELECT postgis_lib_version()")).scalar_one())
    if tuple(int(part) for part in found.split(".")[:2]) < LEAST_POSTGIS:
        raise AtlasError(f"the database has PostGIS {found}; 3.3 or newer is needed")


def migrate(engine: sa.Engine) -> None:
    """Create or upgrade the schemas; two commands at once wait for each other."""
    with engine.begin() as connection:
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        _check_postgis(connection)
        for schema in (OPS, REGISTER, STAGING):
            connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
        if _revision(connection) != newest_revision():
            _upgrade(connection)


def newest_revision() -> str:
    """Number of the last migration, which the name of its file begins with."""
    return max(path.name for path in (MIGRATIONS_DIR / "versions").glob("*.py")).partition("_")[0]


def _revision(connection: sa.Connection) -> str | None:
    """Number of the last migration that the database had, None for a new one."""
    if connection.execute(sa.text("SELECT to_regclass('ops.alembic_version')")).scalar_one() is None:
        return None
    return connection.execute(sa.text("SELECT version_num FROM ops.alembic_version")).scalar_one_or_none()


def _upgrade(connection: sa.Connection) -> None:
    # Imported here: nearly always there is nothing to do, and alembic takes longer to import than that takes to see.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS_DIR))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
