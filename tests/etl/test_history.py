"""Every state of a feature is kept and told, and a load taken back leaves no trace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import sqlalchemy as sa

from etl.history import feature_history
from etl.load import load_area_data
from etl.rollback import rollback_load
from layers.catalog import load_catalog
from layers.errors import NotFoundError, UnknownLayerError
from tests.etl import small_area
from tests.etl.small_area import GOOD, write_area, write_enterprises

CATALOG = load_catalog()
RELIEF_TOML = """
id = "relief"
layer = "relief"
title_zh = "高程"
supplier = "局"
files = ["dem.tif"]
reader = "raster"
crs = "EPSG:4544"
"""


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        small_area.empty_database(connection)


def snapshot(engine: sa.Engine, table: str) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        schema, name = table.split(".")
        reflected = sa.Table(name, sa.MetaData(), schema=schema, autoload_with=connection)
        columns = [sa.cast(column, sa.Text) if column.name == "geom" else column for column in reflected.columns]
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(*columns[:2]))]


def newest_load(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT max(load_id) FROM ops.loads")).scalar_one())


def test_history_tells_what_changed_and_when(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    for row in (GOOD, GOOD.replace("甲厂", "甲新厂").replace("105.05,", "105.06,")):
        write_enterprises(data, row)
        load_area_data(engine, CATALOG, sources, data, home=home)
    first, second = feature_history(engine, CATALOG, "enterprises", "E1")
    assert (first["to_load"], second["to_load"], first["changes"]) == (second["from_load"], None, {})
    assert second["changes"] == {"name": ["甲厂", "甲新厂"], "position": ["POINT(105.05 29.05)", "POINT(105.06 29.05)"]}
    assert (second["file"], second["row"]) == ("enterprises.csv", 2)


def test_history_of_what_never_was_is_not_found(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    with pytest.raises(NotFoundError):
        feature_history(engine, CATALOG, "enterprises", "E1")
    with pytest.raises(UnknownLayerError):
        feature_history(engine, CATALOG, "nothing", "E1")


def test_load_taken_back_leaves_the_register_as_it_was_row_for_row(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD, "E2,乙厂,一般,3,,105.06,29.06")
    load_area_data(engine, CATALOG, sources, data, home=home)
    tables = ("register.enterprises",)
    before = [snapshot(engine, table) for table in tables]
    write_enterprises(data, GOOD.replace("甲厂", "甲新厂"), "E3,丙厂,一般,-3,,105.06,29.06")
    load_area_data(engine, CATALOG, sources, data, home=home)
    rollback_load(engine, CATALOG, newest_load(engine))
    assert [snapshot(engine, table) for table in tables] == before


def write_relief(path: Path, height_m: float) -> None:
    values = np.full((4, 4), height_m, dtype="float32")
    with rasterio.open(path, "w", driver="GTiff", width=4, height=4, count=1, dtype="float32", crs="EPSG:4544",
                       transform=rasterio.Affine(30, 0, 500_000, 0, -30, 3_210_000)) as sink:
        sink.write(values, 1)


def test_raster_taken_back_returns_the_former_one(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, relief=RELIEF_TOML)
    write_relief(data / "dem.tif", 300.0)
    load_area_data(engine, CATALOG, sources, data, home=home)
    before = snapshot(engine, "register.rasters")
    write_relief(data / "dem.tif", 310.0)
    load_area_data(engine, CATALOG, sources, data, home=home)
    assert len(snapshot(engine, "register.rasters")) == 2
    rollback_load(engine, CATALOG, newest_load(engine))
    assert snapshot(engine, "register.rasters") == before
    assert (home / str(before[0][2])).exists()
