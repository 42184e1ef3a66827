"""Editions: what verify recomputes is what was published, and a difference names its cause."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from etl.difference import difference
from etl.score import score_register
from etl.status import status_of
from etl.verify import verify_edition
from layers.catalog import load_catalog
from layers.errors import EditionError
from layers.store import engine_from_url


@pytest.fixture(scope="module")
def atlas(atlas_database: str) -> Iterator[sa.Engine]:
    made = engine_from_url(atlas_database)
    yield made
    made.dispose()


def test_edition_recomputed_gives_the_same_bytes(atlas: sa.Engine, home: Path) -> None:
    found = verify_edition(atlas, load_catalog(), 1, home=home)
    assert found["is_same"] and found["is_same_code"]
    assert set(found["differences"].values()) == {0} and set(found["rasters"].values()) == {True}


def test_tampered_edition_is_found(atlas: sa.Engine, home: Path) -> None:
    with atlas.begin() as connection:
        point = connection.execute(sa.text("SELECT min(feature_id) FROM edition_2.risk_points WHERE level = 'red'")).scalar_one()
        update = sa.text("UPDATE edition_2.risk_points SET level = :level WHERE feature_id = :point")
        connection.execute(update, {"level": "blue", "point": point})
    found = verify_edition(atlas, load_catalog(), 2, home=home)
    with atlas.begin() as connection:
        connection.execute(update, {"level": "red", "point": point})
    assert not found["is_same"] and found["differences"]["risk_points"] == 2


def test_rectified_plant_goes_from_red_to_orange_between_deliveries(atlas: sa.Engine) -> None:
    changes = {row["point_id"]: (row["before"], row["after"]) for row in difference(atlas, load_catalog(), 1, 2)["levels"]}
    assert changes["enterprises:YC000013"] == ("red", "orange")


def test_scoring_again_without_a_change_makes_no_edition(atlas: sa.Engine, home: Path) -> None:
    again = score_register(atlas, load_catalog(), home=home)
    assert again.is_unchanged and again.edition == 2


def test_status_counts_levels_of_the_shown_policy_and_violations_by_rule(atlas: sa.Engine) -> None:
    status = status_of(atlas, load_catalog())
    assert (status["edition"], status["editions"]) == (2, [1, 2])
    assert status["levels"]["red"]["area_km2"] > 0
    assert status["rules"]["PIPE-L30-3"]["violations"] >= 1
    assert status["layers"]["enterprises"]["refused"] > 0


@pytest.mark.parametrize("edition", [0, 99])
def test_unknown_edition_is_a_clear_error(atlas: sa.Engine, home: Path, edition: int) -> None:
    with pytest.raises(EditionError, match="missing"):
        verify_edition(atlas, load_catalog(), edition, home=home)
