"""The real city, from its delivered files to a published edition: every row counted, nothing invented."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rasterio
import sqlalchemy as sa

from etl.load import load_area_data
from etl.status import status_of
from layers.catalog import load_catalog
from layers.store import engine_from_url
from tests.conftest import PROJECT, REAL_DATA

pytestmark = pytest.mark.skipif(not REAL_DATA.exists(), reason="no real data beside the checkout")


@pytest.fixture(scope="module")
def city(kaohsiung_atlas: str) -> Iterator[sa.Engine]:
    made = engine_from_url(kaohsiung_atlas)
    yield made
    made.dispose()


def scalar(city: sa.Engine, query: str) -> object:
    with city.connect() as connection:
        return connection.execute(sa.text(query)).scalar_one()


def test_every_row_read_is_accepted_merged_or_refused(city: sa.Engine) -> None:
    query = "SELECT count(*) FROM ops.loads WHERE n_read <> n_accepted + n_refused + n_merged"
    assert scalar(city, "SELECT count(*) FROM ops.loads") == 23
    assert scalar(city, query) == 0


def test_every_refused_row_has_its_reason_and_advice(city: sa.Engine) -> None:
    refused = scalar(city, "SELECT sum(n_refused) FROM ops.loads")
    assert refused == scalar(city, "SELECT count(*) FROM ops.refused WHERE reason_zh <> '' AND advice_zh <> '' AND source_row > 0")


def test_factories_without_a_position_are_accepted_unplaced(city: sa.Engine) -> None:
    assert scalar(city, "SELECT count(*) FROM edition_1.enterprises") == 7537
    assert scalar(city, "SELECT count(*) FROM edition_1.enterprises WHERE positioned = 'unplaced' AND geom IS NULL") == 2161


def test_what_the_data_lack_is_unrated_or_a_named_assumption(city: sa.Engine) -> None:
    rated = "level <> 'unrated' AND source_layer = 'enterprises'"
    assert scalar(city, f"SELECT count(*) FROM edition_1.risk_points WHERE {rated} AND (NOT is_assumption OR basis <> 'screening')") == 0
    assert scalar(city, f"SELECT count(*) FROM edition_1.risk_points WHERE {rated}") > 500
    assert scalar(city, "SELECT count(*) FROM edition_1.pipelines WHERE pressure_mpa IS NOT NULL OR diameter_mm IS NOT NULL") == 0
    assert scalar(city, "SELECT count(*) FROM edition_1.risk_points WHERE level = 'blue' AND basis = 'screening'") == 0


def test_coarse_routes_colour_nothing(city: sa.Engine) -> None:
    query = (
        "SELECT count(*) FROM edition_1.risk_points r JOIN edition_1.pipelines p ON p.feature_id = r.source_feature_id "
        "WHERE p.accuracy_m > 1000 AND r.radius_m IS NOT NULL"
    )
    assert scalar(city, query) == 0


def test_outlying_islands_do_not_blow_up_the_grid(city: sa.Engine, home: object) -> None:
    path = scalar(city, "SELECT path FROM edition_1.rasters WHERE layer = 'risk_index' AND policy = 'weighted_index_2026A'")
    with rasterio.open(home / str(path)) as raster:  # type: ignore[operator]
        assert raster.width * raster.height < 4_500_000
        assert raster.width * 50 < 100_000


def test_local_crs_is_the_storage_crs(city: sa.Engine) -> None:
    assert scalar(city, "SELECT ST_SRID(geom) FROM edition_1.pipelines LIMIT 1") == 3824
    x = scalar(city, "SELECT ST_X(geom) FROM edition_1.fire_stations ORDER BY feature_id LIMIT 1")
    assert 120.1 < float(str(x)) < 121.1


def test_second_load_changes_nothing(city: sa.Engine, home: object) -> None:
    sources, data = PROJECT / "data" / "sources" / "kaohsiung", REAL_DATA / "kaohsiung"
    results = load_area_data(city, load_catalog(), sources, data, home=home)  # type: ignore[arg-type]
    assert {result.state for result in results} == {"unchanged"}


def test_what_could_not_be_judged_is_listed_not_silent(city: sa.Engine) -> None:
    with city.connect() as connection:
        unassessed = connection.execute(sa.text("SELECT value FROM edition_1.meta WHERE key = 'unassessed'")).scalar_one()
    assert {row["rule_id"] for row in unassessed} >= {"PIPE-L31-1"}
    assert status_of(city, load_catalog())["rules"] == {}
