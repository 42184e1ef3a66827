"""Tables of the register grow with their declarations: new fields are added, anything else is refused with advice."""

from __future__ import annotations

import dataclasses
from datetime import datetime

import pytest
import sqlalchemy as sa

from layers.catalog import Field, Layer, load_catalog
from layers.errors import CatalogError
from layers.tables import ensure_register

WELLS = dataclasses.replace(
    load_catalog()["mileposts"], id="wells", fields=(Field("post_id", "text", "井号", "Number"), Field("depth_m", "number", "井深", "Depth", unit="m"))
)


@pytest.fixture
def connection(engine: sa.Engine) -> sa.Connection:
    with engine.connect() as opened, opened.begin() as transaction:
        ensure_register(opened, WELLS, 4490)
        yield opened
        transaction.rollback()


def with_fields(*fields: Field) -> Layer:
    return dataclasses.replace(WELLS, fields=fields)


def test_new_field_becomes_a_column(connection: sa.Connection) -> None:
    ensure_register(connection, with_fields(*WELLS.fields, Field("operator", "text", "单位", "Operator")), 4490)
    columns = {column["name"] for column in sa.inspect(connection).get_columns("wells", schema="register")}
    assert {"operator", "depth_m", "geom", "from_load"} <= columns


def test_dropped_field_is_refused_because_columns_with_data_are_never_dropped(connection: sa.Connection) -> None:
    with pytest.raises(CatalogError, match="still has depth_m"):
        ensure_register(connection, with_fields(WELLS.fields[0]), 4490)


def test_changed_type_is_refused(connection: sa.Connection) -> None:
    with pytest.raises(CatalogError, match="depth_m is DOUBLE PRECISION"):
        ensure_register(connection, with_fields(WELLS.fields[0], Field("depth_m", "text", "井深", "Depth")), 4490)


def test_times_of_a_former_version_stay_on_their_day_in_every_zone(connection: sa.Connection) -> None:
    """They stood as if they were of Greenwich: 23:50 of the last day of a year was the next year for who asked from China."""
    timed = with_fields(*WELLS.fields, Field("seen_at", "timestamp", "时间", "Seen at"))
    connection.execute(sa.text("ALTER TABLE register.wells ADD COLUMN seen_at timestamptz"))
    connection.execute(sa.text("SET LOCAL timezone = 'UTC'"))
    connection.execute(sa.text(
        "INSERT INTO register.wells (feature_id, content_hash, from_load, seen_at) VALUES ('a', 1, 1, '2025-12-31 23:50'), ('b', 2, 1, NULL)"
    ))
    connection.execute(sa.text("SET LOCAL timezone = 'Asia/Shanghai'"))
    ask = sa.text("SELECT seen_at, to_jsonb(w) ->> 'seen_at', extract(year FROM seen_at)::int FROM register.wells AS w ORDER BY feature_id")
    assert connection.execute(ask).first()[2] == 2026
    for _ in range(2):
        table = ensure_register(connection, timed, 4490)
        assert table.c.seen_at.type.timezone is False
        assert connection.execute(ask).all() == [(datetime(2025, 12, 31, 23, 50), "2025-12-31T23:50:00", 2025), (None, None, None)]
