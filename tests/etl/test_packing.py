"""What is packed for a binary COPY arrives as it was, and its hashes tell every difference."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from geoalchemy2 import Geometry
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.copy import copy_frame
from etl.packing import pack_frame, row_hashes
from layers.catalog import load_catalog
from layers.tables import SQL_TYPES

COLUMN_TYPES: dict[str, sa.types.TypeEngine[object]] = {**SQL_TYPES, "row": sa.Integer()}
HASHES_OF_THE_FRAME = [10173515833893291079, 3398739220901564803, 2913274796299830504, 1352867429362987348]
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20))


def columns() -> list[sa.Column[object]]:
    return [sa.Column(name, kind) for name, kind in COLUMN_TYPES.items()]


def frame() -> pd.DataFrame:
    return pd.DataFrame({
        "text": pd.Series(["逗号,引号\"换行\n", "", None, "𠮷\\N\t"], dtype=object),
        "integer": pd.Series([2**62, -1, None, 0], dtype="Int64"),
        "number": [0.1, -1e300, np.nan, 5e-324],
        "boolean": pd.Series([True, False, None, True], dtype="boolean"),
        "date": pd.Series([date(1949, 10, 1), date(2026, 11, 21), None, date(1, 1, 1)], dtype=object),
        "timestamp": pd.to_datetime(pd.Series(["1949-10-01 08:00:00.000001", "2026-11-21", None, "2000-01-01"]), format="mixed"),
        "json": pd.Series(['{"甲": 1}', "[]", None, '"x"'], dtype=object),
        "row": [1, 2, 3, 4],
    })


def test_every_type_arrives_as_it_was(engine: sa.Engine) -> None:
    table = sa.Table("packed", sa.MetaData(), *columns(), schema="staging")
    with engine.connect() as connection:
        table.create(connection)
        assert copy_frame(connection, table, frame(), srid=4490) == 4
        rows = [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c.row))]
        connection.rollback()
    at = datetime(1949, 10, 1, 8, 0, 0, 1)
    assert rows[0] == ("逗号,引号\"换行\n", 2**62, 0.1, True, date(1949, 10, 1), at, {"甲": 1}, 1)
    assert rows[1][:5] == ("", -1, -1e300, False, date(2026, 11, 21))
    assert rows[2] == (None, None, None, None, None, None, None, 3)
    assert rows[3][0] == "𠮷\\N\t" and rows[3][2] == 5e-324 and rows[3][4] == date(1, 1, 1)


@pytest.mark.parametrize("wkt", [
    "POINT (105.1 29.2)", "LINESTRING (0 0, 1 1)", "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))", "MULTIPOINT (0 0, 1 1)",
    "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))", "POLYGON ((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1))",
])
def test_geometry_arrives_with_its_srid(engine: sa.Engine, wkt: str) -> None:
    table = sa.Table("packed", sa.MetaData(), sa.Column("geom", Geometry("GEOMETRY", srid=4490, spatial_index=False)), schema="staging")
    geometries = np.array([shapely.from_wkt(wkt), None], dtype=object)
    with engine.connect() as connection:
        table.create(connection)
        copy_frame(connection, table, pd.DataFrame({"geometry": geometries}), srid=4490)
        rows = connection.execute(sa.text("SELECT ST_AsBinary(geom) AS wkb, ST_SRID(geom) AS srid FROM staging.packed")).all()
        connection.rollback()
    assert (bytes(rows[0].wkb), rows[0].srid, rows[1].wkb) == (shapely.to_wkb(geometries[0]), 4490, None)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=20))
def test_rows_have_one_hash_exactly_when_they_are_equal(rows: list[tuple[str | None, str | None]]) -> None:
    texts = [sa.Column("a", sa.Text()), sa.Column("b", sa.Text())]
    packed = pack_frame(pd.DataFrame(rows, columns=["a", "b"], dtype=object), texts, srid=0)
    hashes = row_hashes(packed.values()).tolist()
    for one, its_hash in zip(rows, hashes, strict=True):
        assert [other == one for other in rows] == [other_hash == its_hash for other_hash in hashes]


def test_hash_is_the_same_for_ever() -> None:
    packed = pack_frame(frame(), columns(), srid=0)
    assert row_hashes(packed.values()).tolist() == HASHES_OF_THE_FRAME


def test_characters_that_no_database_takes_arrive_as_the_mark_of_lost_text(engine: sa.Engine) -> None:
    table = sa.Table("packed", sa.MetaData(), sa.Column("text", sa.Text()), schema="staging")
    with engine.connect() as connection:
        table.create(connection)
        copy_frame(connection, table, pd.DataFrame({"text": pd.Series(["甲\ud800乙", None], dtype=object)}), srid=0)
        copy_frame(connection, table, pd.DataFrame({"text": pd.Series(["甲\x00乙"], dtype=object)}), srid=0)
        found = connection.execute(sa.select(table)).scalars().all()
        connection.rollback()
    assert found == ["甲\ufffd乙", None, "甲\ufffd乙"]


def test_every_column_of_every_layer_can_be_packed() -> None:
    kinds = {entry.type for layer in load_catalog() for entry in layer.fields}
    assert kinds <= set(SQL_TYPES)


def test_single_geometries_arrive_as_multi_ones_where_the_column_holds_these(engine: sa.Engine) -> None:
    wkts = ["POLYGON ((0 0, 9 0, 9 9, 0 0))", "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))", "POLYGON ((1 1, 2 1, 2 2, 1 1))"]
    kind = Geometry("MULTIPOLYGON", srid=4490, spatial_index=False)
    table = sa.Table("packed", sa.MetaData(), sa.Column("geom", kind), schema="staging")
    with engine.connect() as connection:
        table.create(connection)
        copy_frame(connection, table, pd.DataFrame({"geometry": shapely.from_wkt(wkts)}), srid=4490)
        found = connection.execute(sa.text("SELECT ST_AsText(geom) FROM staging.packed")).scalars().all()
        connection.rollback()
    assert found[0] == "MULTIPOLYGON(((0 0,9 0,9 9,0 0)))"
    assert [shapely.from_wkt(text).equals(shapely.from_wkt(wkt)) for text, wkt in zip(found, wkts, strict=True)] == [True] * 3
