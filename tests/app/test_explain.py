"""Why a place has its colour: contributions that sum to the index, and honest answers where there is none."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from layers.scoring.policy import load_policy
from tests.app.small_edition import RASTER_PATH, VULNERABILITY


def explained(client: FlaskClient, **query: Any) -> Any:
    return client.get(f"/api/explain?{urlencode(query)}")


def test_contributions_sum_to_the_index(client: FlaskClient) -> None:
    told = explained(client, lon=120.1005, lat=30.1005).json
    assert (told["state"], told["level"]) == ("rated", "red")
    assert [part["source_id"] for part in told["contributions"]] == ["E1"]
    assert sum(part["points"] for part in told["contributions"]) == pytest.approx(told["index"], abs=1e-9)
    assert told["cell"]["V"] == pytest.approx(VULNERABILITY)
    assert told["zone"]["zone_id"] == "Z3"
    assert told["data_as_of"] == "2026-06-30"


def test_index_is_that_of_the_formula(client: FlaskClient) -> None:
    part = explained(client, lon=120.103, lat=30.1).json
    contribution = part["contributions"][0]
    x = contribution["distance_m"] / contribution["radius_m"]
    # standards/default-policy.md: h = S (1 - x²)², I = 100 min(1, H V C); one source, so H = h.
    assert contribution["h"] == pytest.approx(contribution["strength"] * (1 - x * x) ** 2)
    assert part["index"] == pytest.approx(100 * contribution["h"] * VULNERABILITY, rel=1e-6)


def test_grid_maximum_names_the_worst_member(client: FlaskClient) -> None:
    told = explained(client, lon=120.1005, lat=30.1005, policy="grid_maximum_2026A").json
    assert (told["level"], told["index"]) == ("red", None)
    assert told["policy"]["title_zh"] == load_policy("grid_maximum_2026A").title_zh


@pytest.mark.parametrize(
    ("lon", "lat", "state"), [(120.19, 30.19, "no_source"), (121.0, 30.1, "outside"), (-180, -90, "outside")]
)
def test_place_without_a_colour_says_why(client: FlaskClient, lon: float, lat: float, state: str) -> None:
    told = explained(client, lon=lon, lat=lat).json
    assert (told["state"], told["contributions"]) == (state, [])
    assert told["notes_zh"]
    assert told["notes_en"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"lat": 30}, "lon"), ({"lon": "nan", "lat": 30}, "lon"), ({"lon": "inf", "lat": 30}, "lon"),
        ({"lon": 181, "lat": 30}, "lon"), ({"lon": 120, "lat": "30;--"}, "lat"), ({"lon": 120, "lat": -91}, "lat"),
        ({"lon": 120, "lat": 30, "policy": "../x"}, "policy"), ({"lon": "1" * 4000, "lat": 30}, "lon"),
    ],
)  # fmt: skip
def test_wrong_query_is_named(client: FlaskClient, query: dict[str, Any], field: str) -> None:
    answer = explained(client, **query)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


def test_raster_that_is_gone_is_said_not_guessed(client: FlaskClient, tmp_path: Any) -> None:
    (tmp_path / RASTER_PATH).unlink()
    answer = explained(client, lon=120.1005, lat=30.1005)
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "atlas_error")
