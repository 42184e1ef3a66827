"""What the derived layers say of the cases planted in the sample county."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import rasterio.features
import sqlalchemy as sa

from data.sample.cases import CASES
from etl.area import declared_area
from etl.edition import raster_table
from layers.scoring.policy import LEVEL_CODES
from layers.store import engine_from_url

LEVEL_BAND = 4


@pytest.fixture(scope="module")
def connection(sample_atlas: str) -> Iterator[sa.Connection]:
    engine = engine_from_url(sample_atlas)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def rows(connection: sa.Connection, layer: str, where: str = "true", **values: Any) -> list[Any]:
    """Rows of a layer of the first edition."""
    return list(
        connection.execute(sa.text(f"SELECT * FROM edition_1.{layer} WHERE {where}"), values).mappings()
    )


def test_planted_school_makes_a_high_consequence_area(connection: sa.Connection) -> None:
    case = CASES["high_consequence_area"]
    areas = rows(connection, "high_consequence_areas", "pipeline_id = :id", id=case["pipeline_id"])
    [area] = [
        area for area in areas
        if any("protection_targets:FH-XX001" in reason["objects"] for reason in area["reasons"])
    ]  # fmt: skip
    assert (area["grade"], area["location_class"]) == ("II", 3)
    assert area["n_households"] >= case["least_households"]
    assert {"HCA-GAS-B", "HCA-GAS-C"} <= set(area["rule_ids"].split())


def test_areas_lie_on_their_lines_and_say_what_was_not_assessed(connection: sa.Connection) -> None:
    areas = rows(connection, "high_consequence_areas")
    assert areas and all(area["to_m"] > area["from_m"] for area in areas)
    # The sample has every layer that an oil line asks for; what no layer shows is asked for gas lines only.
    assert {area["medium_kind"]: "须人工核定" in area["not_assessed_zh"] for area in areas} == {"gas": True, "oil": False}
    off_line = connection.execute(
        sa.text(
            "SELECT count(*) FROM edition_1.high_consequence_areas a JOIN edition_1.pipelines p USING (pipeline_id) "
            "WHERE ST_HausdorffDistance(ST_Intersection(a.geom, ST_Buffer(p.geom, 1e-7)), a.geom) > 1e-6"
        )
    )
    assert off_line.scalar_one() == 0
    assert {area["pipeline_id"] for area in areas}.isdisjoint({"GD-SQ01-03"})


def test_computed_black_spots_are_the_seven_true_ones(connection: sa.Connection) -> None:
    case = CASES["true_black_spots"]
    spots = rows(connection, "black_spots", "spot_kind = 'point' AND status IN ('matched', 'computed_only')")
    assert len(spots) == len(case["lon_lats"])
    for lon, lat in case["lon_lats"]:
        near = rows(
            connection, "black_spots",
            "spot_kind = 'point' AND n_accidents > 0 AND "
            "ST_DWithin(geom::geography, ST_SetSRID(ST_Point(:lon, :lat), 4490)::geography, 100)", lon=lon, lat=lat,
        )  # fmt: skip
        assert len(near) == 1 and near[0]["n_years"] == 5
    assert sum(spot["status"] == "matched" for spot in spots) == len(case["on_police_list"])
    assert {spot["confidence"] for spot in rows(connection, "black_spots")} == {"low"}


def test_every_accident_is_accounted_for(connection: sa.Connection) -> None:
    counts = connection.execute(
        sa.text("SELECT value FROM edition_1.meta WHERE key = 'accidents'")
    ).scalar_one()
    assert counts["casualty"] == counts["used"] + counts["unplaced"] + counts["no_road"]
    assert counts["casualty"] + counts["damage"] == len(rows(connection, "road_accidents"))


def test_bands_of_the_fire_brigade_do_not_overlap(connection: sa.Connection) -> None:
    bands = rows(connection, "fire_cover")
    assert [band["minutes_to"] for band in sorted(bands, key=lambda band: band["band"])] == [
        5,
        10,
        15,
        30,
        None,
    ]
    overlap = connection.execute(
        sa.text(
            "SELECT sum(ST_Area(ST_Intersection(a.geom, b.geom)::geography)) FROM edition_1.fire_cover a "
            "JOIN edition_1.fire_cover b ON a.band < b.band"
        )
    )
    assert overlap.scalar_one() == pytest.approx(0, abs=1.0)


def test_standing_stations_lie_in_the_first_band_and_planned_ones_do_not_count(
    connection: sa.Connection,
) -> None:
    first = {
        row["station_id"]
        for row in connection.execute(
            sa.text(
                "SELECT s.station_id FROM edition_1.fire_stations s JOIN edition_1.fire_cover c ON c.band = '1' "
                "AND ST_DWithin(s.geom::geography, c.geom::geography, 100) WHERE s.status = 'existing'"
            )
        ).mappings()
    }
    assert first == {row["station_id"] for row in rows(connection, "fire_stations", "status = 'existing'")}


def test_only_fires_that_help_reaches_late_count_for_more(connection: sa.Connection) -> None:
    points = rows(connection, "risk_points")
    assert {point["help_factor"] for point in points} == {1.0, 1.05, 1.1}
    for point in points:
        is_late = point["is_fire"] and (point["help_minutes"] or 0) > 15
        assert (point["help_factor"] > 1) == is_late


@pytest.mark.parametrize("policy", ["weighted_index_2026A", "grid_maximum_2026A", "individual_risk_2026A"])
def test_published_zones_hold_the_cells_of_the_stored_raster_level_by_level(connection: sa.Connection, home: Path, policy: str) -> None:
    table = raster_table(1)
    stored = connection.execute(sa.select(table).where(table.c.layer == "risk_index", table.c.policy == policy)).one()
    area, _ = declared_area(connection)
    query = sa.text("SELECT level, area_m2, geom FROM edition_1.risk_zones WHERE policy = :policy AND level <> 'unrated'")
    zones = gpd.read_postgis(query, connection, geom_col="geom", params={"policy": policy}).to_crs(area.metric_crs)
    with rasterio.open(home / stored.path) as raster:
        level, transform = np.nan_to_num(raster.read(LEVEL_BAND)).astype(np.uint8), raster.transform
    shapes = [(row.geom, LEVEL_CODES[row.level]) for row in zones.itertuples()]
    drawn = rasterio.features.rasterize(shapes, out_shape=level.shape, transform=transform, dtype="uint8")
    assert np.array_equal(drawn, level), "the centre of every cell lies in a zone of its own level, and no other cell in any"
    for name, code in LEVEL_CODES.items():
        cells_m2 = (level == code).sum() * abs(transform.a * transform.e)
        mine = zones[zones.level == name]
        assert cells_m2 > 0 and mine.geometry.area.sum() == pytest.approx(cells_m2, rel=0.005)
        assert mine.area_m2.sum() == pytest.approx(mine.geometry.area.sum(), rel=1e-4)
