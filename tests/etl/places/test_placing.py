"""Positions read off neighbours: planted streets, and the real city with its positions hidden where its files are."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from etl.matching.names import Names
from etl.places.calibration import CONFIDENCE, calibrate
from etl.places.gazetteer import Gazetteer, build_gazetteer
from etl.places.grammar import Grammar
from etl.places.placing import Guess, Wanted, guesses
from etl.places.search import held_out_rows, wanted_rows
from layers.catalog import load_catalog
from tests.benchmarks.places import coverage, hidden_rows
from tests.benchmarks.real_city import REAL_CITY

CATALOG = load_catalog()
NAMES, GRAMMAR = Names(["云沧"]), Grammar(["云沧县"], ["双枫镇", "河汇镇"])
CRS = "EPSG:4544"
TOWNS = gpd.GeoDataFrame(
    {"feature_id": ["1", "2"], "source_id": "towns", "accuracy_m": 5.0, "positioned": "delivered", "name": ["双枫镇", "河汇镇"]},
    geometry=[shapely.box(0, 0, 5000, 5000), shapely.box(5000, 0, 10000, 5000)], crs=CRS,
)  # fmt: skip


def enterprises(rows: list[tuple[str, tuple[float, float] | None]], **given: Any) -> gpd.GeoDataFrame:
    """Enterprises with an address each; unplaced where no position is given."""
    table = pd.DataFrame({"feature_id": [f"E{at}" for at in range(len(rows))], "address": [address for address, _ in rows]})
    table = table.assign(source_id="enterprises", accuracy_m=0.0, positioned=["delivered" if at else "unplaced" for _, at in rows],
                         name=[f"第{at}号企业" for at in range(len(rows))], town_name=None, credit_code=None, remark=None, **given)  # fmt: skip
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([shapely.Point(at) if at else None for _, at in rows], crs=CRS))


STREET = [(f"云沧县双枫镇文化路{number}号", (10.0 * number, 100.0)) for number in range(1, 200, 6)]


def gazetteer(rows: list[tuple[str, tuple[float, float] | None]]) -> Gazetteer:
    return build_gazetteer({"towns": TOWNS, "enterprises": enterprises(rows)}, CATALOG, grammar=GRAMMAR, names=NAMES)


def best(known: Gazetteer, address: str, **given: Any) -> dict[str, Guess]:
    """Guesses by method for an address of the enterprises' own list."""
    wanted = Wanted(GRAMMAR.parse(address), list_id="enterprises/enterprises", **given)
    return {guess.method: guess for guess in guesses(known, wanted)}


def test_the_same_number_is_found_at_its_place() -> None:
    found = best(gazetteer(STREET), "双枫镇文化路7号")["number"]
    assert (found.x_m, found.y_m) == (70.0, 100.0)


def test_a_number_between_two_known_ones_is_interpolated() -> None:
    found = best(gazetteer(STREET), "双枫镇文化路9号")["interpolated"]
    assert (found.x_m, found.y_m) == pytest.approx((90.0, 100.0))
    assert found.evidence["between"] == [7, 13]


def test_the_same_side_of_the_street_comes_first() -> None:
    rows = [("双枫镇文化路2号", (20.0, 120.0)), ("双枫镇文化路8号", (80.0, 120.0)), ("双枫镇文化路3号", (30.0, 80.0)), ("双枫镇文化路5号", (50.0, 80.0))]
    assert best(gazetteer(rows), "双枫镇文化路4号")["interpolated"].y_m == 120.0


def test_a_street_of_the_same_name_in_another_town_does_not_help() -> None:
    assert set(best(gazetteer(STREET), "河汇镇文化路9号")) == {"town"}


def test_a_row_never_places_itself() -> None:
    known = gazetteer([("双枫镇文化路9号", (90.0, 100.0))])
    assert "number" not in best(known, "双枫镇文化路9号", record=("enterprises", "E0"))


def test_confirmed_guesses_do_not_breed_further_ones() -> None:
    frame = enterprises(STREET).assign(positioned="gazetteer")
    known = build_gazetteer({"towns": TOWNS, "enterprises": frame}, CATALOG, grammar=GRAMMAR, names=NAMES)
    assert known.n_known() == 0


def test_a_position_outside_the_stated_town_is_worth_half() -> None:
    known = gazetteer([("双枫镇文化路9号", (9000.0, 100.0))])
    calibration = calibrate(known, [])
    outside = best(known, "双枫镇文化路9号")["number"]
    inside = Guess(**{**outside.__dict__, "is_in_town": True})
    assert outside.is_in_town is False
    assert calibration.score(outside) == pytest.approx(calibration.score(inside) / 2, abs=1e-3)


def test_nothing_is_proposed_for_words_that_are_unknown() -> None:
    assert best(gazetteer(STREET), "某省某市无名路5号") == {}


@pytest.mark.parametrize("noise_m", [3.0, 40.0])
def test_nine_in_ten_rows_lie_within_the_stated_accuracy(noise_m: float) -> None:
    dice = np.random.default_rng(3)
    rows = [
        (f"云沧县双枫镇第{street}大道{number}号", (20.0 * number + dice.normal(0, noise_m), 200.0 * street + dice.normal(0, noise_m)))
        for street in range(1, 20) for number in sorted(dice.choice(np.arange(1, 220), 30, replace=False))
    ]  # fmt: skip
    is_hidden = dice.random(len(rows)) < 0.3
    frame = enterprises([(address, None if hidden else at) for (address, at), hidden in zip(rows, is_hidden, strict=True)])
    frames = {"towns": TOWNS, "enterprises": frame}
    known = build_gazetteer(frames, CATALOG, grammar=GRAMMAR, names=NAMES)
    calibration = calibrate(known, held_out_rows(known, frames, CATALOG))
    inside = []
    for wanted, (_, at), hidden in zip(wanted_rows(known, frame, CATALOG["enterprises"]), rows, is_hidden, strict=True):
        guess = calibration.best(guesses(known, wanted)) if hidden else None
        if guess is not None:
            assert calibration.is_measured(guess)
            inside.append(math.hypot(guess.x_m - at[0], guess.y_m - at[1]) <= calibration.accuracy_m(guess))
    assert len(inside) == is_hidden.sum()
    assert np.mean(inside) >= CONFIDENCE - 0.03


@pytest.mark.skipif(not REAL_CITY.exists(), reason="the real city's files are no part of the repository")
def test_hidden_rows_of_a_real_city_are_placed_within_what_is_stated() -> None:
    n_hidden, placed = hidden_rows()
    assert len(placed) >= 0.98 * n_hidden
    assert coverage(placed) >= CONFIDENCE
    assert np.median([row.error_m for row in placed]) < 60
    sure = [row.error_m for row in placed if row.score >= 0.9]
    assert np.mean(np.array(sure) <= 250) >= 0.93
