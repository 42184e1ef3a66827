"""Coordinates as people write them: read where certain, refused with a rule where not."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from etl.batch import Batch
from etl.coordinates import degrees, metres, misfits, parsed
from etl.manifest import FieldSource, Manifest
from etl.normalise import normalise
from layers.catalog import Area, Boundary, load_catalog

EAST_DEG = 105 + 3 / 60 + 20.5 / 3600
AREA = Area("a", "", "", "999901", "EPSG:4490", "EPSG:4523", "", (105.0, 29.0, 105.1, 29.1), Boundary("x", "EPSG:4490"), "CN", "", "")


@pytest.mark.parametrize(
    "text",
    ["105°03′20.5″", "105°03'20.5\"", "105-03-20.5", "105:03:20.5", "105 03 20.5", "105d3m20.5s", "105度3分20.5秒", "东经105°03′20.5″",
     "105°03′20.5″E", "E105°03′20.5″", "１０５°０３′２０．５″"],
)
def test_degrees_minutes_and_seconds_are_read(text: str) -> None:
    assert degrees(text)[0] == pytest.approx(EAST_DEG, abs=1e-12)


@pytest.mark.parametrize("text", ["105.05", "105.05°", "105.05°E", "E105.05", "东经105.05度", " １０５．０５ "])
def test_decimal_degrees_are_read(text: str) -> None:
    assert degrees(text)[0] == 105.05


@pytest.mark.parametrize("text", ["105-61-00", "105-03-75", "105°3.5′20″", "1e2", "0x69", "东经", "-105.05W", "9" * 1000, "105,05"])
def test_doubtful_degrees_stay_unread(text: str) -> None:
    assert np.isnan(degrees(text)[0])


def test_metres_are_read_with_their_unit_only() -> None:
    assert metres("35410449.425m") == metres("３５４１０４４９．４２５ 米") == 35410449.425
    assert np.isnan(metres("41 里")) and np.isnan(metres("41 km²"))


def test_kilometres_are_read_where_the_text_or_the_heading_says_so() -> None:
    assert metres("178.12公里") == metres("178.12 km") == metres("１７８．１２千米") == 178120.0
    bare = pd.Series(["178.120123", "178.120123km", "178120.123 米", None], name="横坐标(km)")
    assert parsed(bare, "EPSG:3826", axis=0).numbers[:3].tolist() == [178120.123] * 3
    assert parsed(bare.rename("横坐标"), "EPSG:3826", axis=0).numbers[:3].tolist() == [178.120123, 178120.123, 178120.123]
    assert parsed(pd.Series(["120.3"], name="经度(km)"), "EPSG:4490", axis=0).numbers.tolist() == [120.3], "degrees are no lengths"
    in_km = "+proj=tmerc +lon_0=121 +k=0.9999 +x_0=250000 +ellps=GRS80 +units=km"
    assert parsed(pd.Series(["310.5", "３１０．５"], name="X(km)"), in_km, axis=0).numbers.tolist() == [310.5, 310.5], "the CRS counts in kilometres itself"


@pytest.mark.parametrize(
    ("crs", "easting_m", "verdict"),
    [
        ("EPSG:4523", 35410449.425, "fits"), ("EPSG:4523", 36410449.425, "other zone"), ("EPSG:4523", 410449.425, "other zone"),
        ("EPSG:4523", 3383928.088, "northing"), ("EPSG:4544", 410449.425, "fits"), ("EPSG:4544", 35410449.425, "other zone"),
        ("EPSG:4496", 18410449.425, "fits"), ("EPSG:4490", 105.05, "fits"),
    ],
)
def test_zone_prefix_must_fit_the_stated_crs(crs: str, easting_m: float, verdict: str) -> None:
    is_other, is_northing = misfits(crs, np.array([easting_m]))
    assert (is_other[0], is_northing[0]) == {"fits": (False, False), "other zone": (True, False), "northing": (False, True)}[verdict]


def placed(xs: list[str], ys: list[str], crs: str, **given: str) -> tuple[gpd.GeoDataFrame, list[tuple[int, str]]]:
    """Rows through the normalising step: the frame, and (row, rule) of what is wrong."""
    frame = pd.DataFrame({"no": [f"E{n}" for n in range(len(xs))], "x": xs, "y": ys, "_row": range(2, 2 + len(xs)), "_file": "f.csv"})
    manifest = Manifest("s", "enterprises", "", "", ("f.csv",), "table", {"enterprise_id": FieldSource("no")}, crs=crs, x="x", y="y",
                        path=Path("s.toml"), **given)
    result, problems = normalise(Batch(frame, len(frame)), manifest, load_catalog()["enterprises"], AREA)
    table = problems.table.drop_duplicates("at")
    return result, list(zip(table["at"].tolist(), table["rule_id"].tolist(), strict=True))


def test_latitude_in_the_longitude_column_is_told_as_swapped() -> None:
    _, wrong = placed(["29°3′N", "105°3′E"], ["105°3′E", "29°3′N"], "EPSG:4490")
    assert wrong == [(0, "RQ10")]


def test_prefix_of_another_zone_refuses_the_row() -> None:
    frame, wrong = placed(["35410449.425", "36410449.425", "410449.425米"], ["3383928.088"] * 3, "EPSG:4523")
    assert wrong == [(1, "RQ17"), (2, "RQ17")]
    assert shapely.get_coordinates(frame.geometry.iloc[0]).round(6).tolist() == [[104.0665, 30.5723]]


def test_axis_order_of_the_manifest_is_turned_once() -> None:
    frame, wrong = placed(["29.05"], ["105.05"], "EPSG:4490", axis_order="yx")
    assert not wrong
    assert frame.geometry.iloc[0].x == 105.05
