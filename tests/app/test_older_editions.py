"""An edition made before a field was declared is still served: the field has no value there."""

from __future__ import annotations

import pytest
from psycopg2 import sql
from flask.testing import FlaskClient

from layers.store import engine_from_url

SITE = {"geometry": {"type": "Point", "coordinates": [120.101, 30.1]}, "project_type": "residential"}


@pytest.fixture(scope="module", autouse=True)
def older_edition(database_url: str) -> None:
    """The edition as a version wrote it that knew fewer fields."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        for table, column in (
            ("risk_points", "is_disputed"),
            ("risk_points", "reach_m"),
            ("enterprises", "short_name"),
            ("enterprises", "remark"),
        ):
            words = sql.SQL("ALTER TABLE {} DROP COLUMN {}").format(sql.Identifier("edition_1", table), sql.Identifier(column))
            connection.exec_driver_sql(words.as_string(connection.connection.dbapi_connection))
    engine.dispose()


@pytest.mark.parametrize(
    "address",
    [
        "/api/layers",
        "/api/features/enterprises/E1",
        "/api/explain?lon=120.1&lat=30.1",
        "/api/search?q=红星",
        "/tiles/1/all/risk_points/12/3414/1691.mvt",
        "/tiles/1/all/enterprises/12/3414/1691.mvt",
    ],
)
def test_older_edition_answers(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code in (200, 204)


def test_field_of_later_has_no_value(client: FlaskClient) -> None:
    assert client.get("/api/features/enterprises/E1").get_json()["properties"]["short_name"] is None


def test_site_is_checked_against_an_older_edition(client: FlaskClient) -> None:
    assert client.post("/api/site-checks", json=SITE).status_code in (200, 201)
