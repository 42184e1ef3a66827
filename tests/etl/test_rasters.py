"""Rasters are taken in whole, in our unit and CRS, or refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import sqlalchemy as sa
from numpy.typing import NDArray
from rio_cogeo.cogeo import cog_validate

from etl.load import load_area_data
from etl.manifest import FieldSource, Manifest, load_manifest
from etl.raster_load import checked_raster, raster_doubts, write_cog
from etl.work.tasks import _checked
from layers.catalog import load_catalog
from layers.errors import CatalogError, SourceFileError
from tests.etl.small_area import empty_database, write_area

CATALOG = load_catalog()
HEIGHT = CATALOG["relief"].fields[0]
PERSONS = CATALOG["population"].fields[0]
NORTH_UP = rasterio.Affine(100, 0, 500_000, 0, -100, 3_220_000)
RELIEF_TOML = """
id = "relief"
layer = "relief"
title_zh = "高程"
supplier = "局"
files = ["dem.tif"]
reader = "raster"
crs = "EPSG:4544"
"""


def manifest(**given: Any) -> Manifest:
    return Manifest(**{"id": "relief", "layer": "relief", "title_zh": "高程", "supplier": "局", "files": ("dem.tif",),
                       "reader": "raster", "crs": "EPSG:4544", **given})


def raster(path: Path, values: NDArray[Any], *, crs: str | None = "EPSG:4544", transform: rasterio.Affine = NORTH_UP,
           nodata: float | None = -9999, unit: str = "") -> Path:
    bands = values if values.ndim == 3 else values[None]
    with rasterio.open(path, "w", driver="GTiff", count=len(bands), height=bands.shape[1], width=bands.shape[2], dtype=values.dtype,
                       crs=crs, transform=transform, nodata=nodata) as sink:
        sink.write(bands)
        if unit:
            sink.set_band_unit(1, unit)
    return path


@pytest.fixture()
def heights() -> NDArray[np.float32]:
    values = np.linspace(250, 900, 600 * 700, dtype="float32").reshape(600, 700)
    values[:5] = -9999
    return values


def test_kept_raster_is_a_valid_cloud_optimised_one_with_the_same_values(tmp_path: Path, heights: NDArray[np.float32]) -> None:
    path = raster(tmp_path / "dem.tif", heights)
    facts = checked_raster(path, manifest(), HEIGHT)
    assert (facts["min"], facts["max"], facts["nodata"]) == (pytest.approx(heights[5:].min()), pytest.approx(900), -9999)
    assert facts["empty_pct"] == pytest.approx(100 * 5 / 600, abs=0.01)
    write_cog(path, tmp_path / "out" / "a.tif", manifest(), HEIGHT)
    is_valid, errors, _ = cog_validate(tmp_path / "out" / "a.tif", strict=True, quiet=True)
    assert is_valid, errors
    with rasterio.open(tmp_path / "out" / "a.tif") as kept:
        assert kept.crs.to_epsg() == 4544
        assert (kept.read(1) == heights).all()
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["a.tif"]


@pytest.mark.parametrize(("unit_in_file", "stated", "factor"), [("cm", None, 0.01), ("", "ft", 0.3048), ("metre", None, 1.0)])
def test_unit_is_turned_once(tmp_path: Path, heights: NDArray[np.float32], unit_in_file: str, stated: str | None, factor: float) -> None:
    path = raster(tmp_path / "dem.tif", heights, unit=unit_in_file)
    source = manifest(fields={"height_m": FieldSource(column="1", unit=stated)} if stated else {})
    assert checked_raster(path, source, HEIGHT)["max"] == pytest.approx(900 * factor)
    write_cog(path, tmp_path / "a.tif", source, HEIGHT)
    with rasterio.open(tmp_path / "a.tif") as kept:
        values = kept.read(1, masked=True)
    assert values.count() == 595 * 700
    assert values.max() == pytest.approx(900 * factor)


def test_nodata_that_only_the_manifest_states_is_left_out(tmp_path: Path, heights: NDArray[np.float32]) -> None:
    path = raster(tmp_path / "dem.tif", heights, nodata=None)
    with pytest.raises(SourceFileError, match=r"-9999 looks like nodata: state `nodata = -9999`"):
        checked_raster(path, manifest(), HEIGHT)
    write_cog(path, tmp_path / "a.tif", manifest(nodata=-9999.0), HEIGHT)
    with rasterio.open(tmp_path / "a.tif") as kept:
        assert kept.read(1, masked=True).count() == 595 * 700


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another CRS in the file": ({"crs": "EPSG:4545"}, {}, "the file's own CRS EPSG:4545.*expected EPSG:4544"),
    "a shifted grid": ({}, {"crs": "GCJ-02"}, "a raster in GCJ-02"),
    "no place": ({"transform": rasterio.Affine.identity(), "crs": None}, {}, "no place on the ground"),
    "rotated": ({"transform": rasterio.Affine(100, 5, 500_000, 5, -100, 3_220_000)}, {}, "rotated"),
    "another unit than stated": ({"unit": "cm"}, {"fields": {"height_m": FieldSource(column="1", unit="m")}}, "values in cm.*values in m"),
    "an unknown unit": ({"unit": "fathom"}, {}, "values in 'fathom'"),
    "a band that is not there": ({}, {"fields": {"height_m": FieldSource(column="2")}}, "1 bands"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_raster_is_refused_with_the_reason(tmp_path: Path, heights: NDArray[np.float32], case: str) -> None:
    of_file, of_manifest, reason = REFUSED[case]
    path = raster(tmp_path / "dem.tif", heights, **of_file)
    with pytest.raises(SourceFileError, match=reason):
        checked_raster(path, manifest(**of_manifest), HEIGHT)


@pytest.mark.parametrize(
    ("values", "reason"),
    [(np.full((4, 4), -9999, "float32"), "no cell with a value"), (np.full((4, 4), -5, "float32"), "values from -5 to -5"),
     (np.zeros((3, 4, 4), "uint8"), "3 bands")],
)
def test_population_of_no_sense_is_refused(tmp_path: Path, values: NDArray[Any], reason: str) -> None:
    path = raster(tmp_path / "p.tif", values, nodata=None if values.dtype == "uint8" else -9999)
    with pytest.raises(SourceFileError, match=reason):
        checked_raster(path, manifest(layer="population"), PERSONS)


def test_stated_crs_may_overrule_the_file(tmp_path: Path, heights: NDArray[np.float32]) -> None:
    path = raster(tmp_path / "dem.tif", heights, crs="EPSG:4545")
    write_cog(path, tmp_path / "a.tif", manifest(crs_overrides_file=True), HEIGHT)
    with rasterio.open(tmp_path / "a.tif") as kept:
        assert kept.crs.to_epsg() == 4544


def test_raster_of_another_place_is_refused_and_one_of_the_area_told_with_its_cover(
    tmp_path: Path, heights: NDArray[np.float32], engine: sa.Engine, home: Path
) -> None:
    sources, data = write_area(tmp_path, relief=RELIEF_TOML)
    raster(data / "dem.tif", heights, transform=rasterio.Affine(100, 0, 900_000, 0, -100, 3_220_000))
    with pytest.raises(SourceFileError, match="outside the area"):
        load_area_data(engine, CATALOG, sources, data, home=home)
    raster(data / "dem.tif", heights, transform=rasterio.Affine(25, 0, 500_000, 0, -25, 3_222_000))
    load_area_data(engine, CATALOG, sources, data, home=home)
    with engine.connect() as connection:
        path, info = connection.execute(sa.text("SELECT path, info FROM register.rasters WHERE to_load IS NULL")).one()
    found = info if isinstance(info, dict) else json.loads(info)
    assert found["covers_pct"] == pytest.approx(100, abs=0.5)
    assert cog_validate(home / path, quiet=True)[0]


def test_same_raster_read_again_is_unchanged_and_another_one_changed(
    tmp_path: Path, heights: NDArray[np.float32], engine: sa.Engine, home: Path
) -> None:
    with engine.begin() as connection:
        empty_database(connection)
    sources, data = write_area(tmp_path, relief=RELIEF_TOML)
    path, place = data / "dem.tif", rasterio.Affine(25, 0, 500_000, 0, -25, 3_222_000)
    raster(path, heights, transform=place)
    [first] = load_area_data(engine, CATALOG, sources, data, home=home)
    declaration = sources / "relief.toml"
    declaration.write_text("# read again\n" + declaration.read_text(encoding="utf-8"), encoding="utf-8")
    [again] = load_area_data(engine, CATALOG, sources, data, home=home)
    raster(path, np.where(heights > 0, heights + 1, heights), transform=place)
    [other] = load_area_data(engine, CATALOG, sources, data, home=home)
    counted = [{name: n for name, n in result.counts.items() if name not in ("n_read", "n_accepted")} for result in (first, again, other)]
    assert counted == [{"n_added": 1}, {"n_unchanged": 1}, {"n_changed": 1}]
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT to_load IS NULL FROM register.rasters ORDER BY from_load")).scalars().all() == [False, True]


@pytest.mark.parametrize(("is_untrusted", "margin_m"), [(False, 1_000), (True, 1_200)])
def test_cells_beyond_the_area_and_its_margin_are_left_empty(
    tmp_path: Path, heights: NDArray[np.float32], engine: sa.Engine, home: Path, is_untrusted: bool, margin_m: int
) -> None:
    """The area ends 9,740 m east of the raster's west edge."""
    sources, data = write_area(tmp_path, relief=RELIEF_TOML + f"beyond_area_m = {margin_m}\n")
    delivered = raster(data / "dem.tif", heights, transform=rasterio.Affine(25, 0, 500_000, 0, -25, 3_222_000))
    load_area_data(engine, CATALOG, sources, data, home=home, is_untrusted=is_untrusted)
    with engine.connect() as connection:
        path = connection.execute(sa.text("SELECT path FROM register.rasters WHERE to_load IS NULL")).scalar_one()
    with rasterio.open(home / path) as kept, rasterio.open(delivered) as given:
        found, delivered_m = kept.read(1, masked=True), given.read(1, masked=True)
    row = found[300]
    assert row.count() == pytest.approx((9_740 + margin_m) / 25, abs=3)
    assert (row[: row.count()] == delivered_m[300, : row.count()]).all() and row[row.count() :].mask.all()


@pytest.mark.parametrize("amiss", ["-1", "true", '"1 km"', "inf"])
def test_margin_that_is_no_length_is_refused(tmp_path: Path, amiss: str) -> None:
    path = tmp_path / "relief.toml"
    path.write_text(f"{RELIEF_TOML}beyond_area_m = {amiss}\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="beyond_area_m"):
        load_manifest(path, CATALOG)


PEOPLE = CATALOG["population"]


def doubts(path: Path, crs: str = "EPSG:4544") -> list[str]:
    given = manifest(id="people", layer="population", crs=crs)
    checked_raster(path, given, PERSONS)
    return [entry["rule_id"] for entry in raster_doubts(path, given, PEOPLE)]


def test_population_in_another_unit_is_asked_about_and_dense_blocks_are_not(tmp_path: Path) -> None:
    """A tower block counts a million people per square kilometre in its own cell of 30 m: that is no other unit."""
    persons = np.full((400, 500), 9.0, dtype="float32")
    persons[200, 250] = 870.0
    fine = rasterio.Affine(30, 0, 500_000, 0, -30, 3_220_000)
    assert doubts(raster(tmp_path / "a.tif", persons, transform=fine)) == []
    assert doubts(raster(tmp_path / "b.tif", persons * 100 + 20000, transform=fine)) == ["RC29"]
    assert doubts(raster(tmp_path / "c.tif", np.full((40, 50), 2700.0, dtype="float32"), transform=NORTH_UP)) == []  # 270,000 on a square kilometre
    assert doubts(raster(tmp_path / "d.tif", np.full((40, 50), 3300.0, dtype="float32"), transform=NORTH_UP)) == ["RC29"]


def test_population_in_ten_thousands_is_asked_about_and_a_thinly_peopled_county_is_not(tmp_path: Path) -> None:
    persons = np.zeros((40, 50), dtype="float32")
    persons[10:20, 10:20] = 4.0  # 400 on a square kilometre of the county's only town
    assert doubts(raster(tmp_path / "a.tif", persons, transform=NORTH_UP)) == []
    assert doubts(raster(tmp_path / "b.tif", persons / 10_000, transform=NORTH_UP)) == ["RC30"]
    assert doubts(raster(tmp_path / "c.tif", persons / 8, transform=NORTH_UP)) == []  # 50: at the limit
    assert doubts(raster(tmp_path / "d.tif", persons * 0, transform=NORTH_UP)) == ["RC30"]


def test_cells_in_degrees_are_measured_on_the_ground(tmp_path: Path) -> None:
    persons = np.full((60, 60), 2200.0, dtype="float32")
    seconds = rasterio.Affine(1 / 1200, 0, 105.0, 0, -1 / 1200, 29.1)
    assert doubts(raster(tmp_path / "a.tif", persons, crs="EPSG:4490", transform=seconds), "EPSG:4490") == []  # 81 x 92 m
    assert doubts(raster(tmp_path / "b.tif", persons + 200, crs="EPSG:4490", transform=seconds), "EPSG:4490") == ["RC29"]


def test_cells_nowhere_on_the_ground_are_left_to_the_check_of_their_cover(tmp_path: Path) -> None:
    persons = np.full((40, 50), 9.0, dtype="float32")
    path = raster(tmp_path / "a.tif", persons, crs=None, transform=NORTH_UP)  # metres, said to be degrees
    assert [entry["rule_id"] for entry in raster_doubts(path, manifest(id="people", layer="population", crs="EPSG:4326"), PEOPLE)] == ["RC28"]


@pytest.mark.parametrize("is_untrusted", [False, True])
def test_raster_that_names_no_crs_is_taken_with_a_note(engine: sa.Engine, tmp_path: Path, home: Path, is_untrusted: bool) -> None:
    with engine.begin() as connection:
        empty_database(connection)
    sources, data = write_area(tmp_path, relief=RELIEF_TOML)
    raster(data / "dem.tif", np.full((600, 700), 300, dtype="float32"), crs=None)
    result = {entry.source_id: entry for entry in load_area_data(engine, CATALOG, sources, data, home=home, is_untrusted=is_untrusted)}["relief"]
    assert (result.counts["n_warned"], result.warned_by_rule) == (1, {"RC28": 1})
    assert _checked(result, {}, {"relief": RELIEF_TOML})["warned"][0]["reason_en"] == "the raster names no CRS: the manifest's was believed"
    with engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT feature_id, file, rule_id, value FROM ops.warnings")).one()
        info = connection.execute(sa.text("SELECT info FROM register.rasters WHERE to_load IS NULL")).scalar_one()
    assert tuple(kept) == ("relief", "dem.tif", "RC28", "EPSG:4544")
    assert info["crs_found"] is None and "doubts" not in info
