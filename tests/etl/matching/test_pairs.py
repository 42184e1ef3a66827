"""Which records become pairs: planted lists without a database, and the real city where its files are."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from etl.matching.alone import joins_rows_of_one_list
from etl.matching.model import comparisons
from etl.matching.names import Names
from etl.matching.pairs import candidate_pairs
from etl.matching.records import comparable_records
from etl.places.grammar import Grammar
from layers.catalog import load_catalog
from tests.benchmarks.matching import city_records, labelled_pairs, labels, quality
from tests.benchmarks.real_city import REAL_CITY

CODE, OTHER_CODE = "91999901MAX900013R", "91999901MAX900021L"
CATALOG = load_catalog()
NAMES, GRAMMAR = Names(["云沧"]), Grammar(["云沧县"], ["双枫镇", "河汇镇"])


def frame(layer: str, rows: list[dict[str, Any]]) -> gpd.GeoDataFrame:
    """A list of one office in metres."""
    names = ["feature_id", "source_id", *CATALOG[layer].identity.field_names]
    table = pd.DataFrame([{"source_id": layer, **row} for row in rows]).reindex(columns=[*names, "at"])
    points = [shapely.Point(place) if isinstance(place, tuple) else None for place in table.pop("at")]
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(points, crs="EPSG:4544"))


def found(own: list[dict[str, Any]], other: list[dict[str, Any]]) -> pd.DataFrame:
    """Pairs between the emergency office's list and another one's."""
    frames = {"enterprises": frame("enterprises", own), "regulated_sources": frame("regulated_sources", other)}
    return candidate_pairs(comparable_records(frames, CATALOG, names=NAMES, grammar=GRAMMAR))


OWN = {"feature_id": "E1", "name": "云沧盛川氯碱化工有限公司", "address": "云沧县双枫镇文化路18号", "credit_code": CODE, "at": (0.0, 0.0)}


def test_equal_valid_code_and_compatible_place_is_certain() -> None:
    pairs = found([OWN], [{**OWN, "feature_id": "W1", "name": "盛川氯碱化工有限责任公司", "at": (60.0, 0.0)}])
    assert list(pairs["band"]) == ["certain"]


def test_equal_code_at_another_place_is_not_certain() -> None:
    far = {**OWN, "feature_id": "W1", "address": "云沧县河汇镇青云路9号", "at": (9000.0, 0.0)}
    assert "certain" not in set(found([OWN], [far])["band"])


def test_another_plant_of_the_firm_is_no_pair_although_the_code_is_equal() -> None:
    second = {**OWN, "feature_id": "W2", "name": "云沧盛川氯碱化工有限公司二厂", "address": "云沧县双枫镇青云路7号", "at": (640.0, 410.0)}
    assert found([OWN], [second]).empty


def test_two_rows_of_one_list_that_fit_one_record_are_left_to_a_person() -> None:
    twice = [{**OWN, "feature_id": number, "name": "盛川氯碱化工有限责任公司"} for number in ("W1", "W2")]
    pairs = found([OWN], twice)
    assert list(pairs["band"]) == ["probable", "probable"]
    assert list(pairs["has_rival"]) == [True, True]


def test_chain_that_leads_back_into_a_list_is_broken_at_its_lightest_link() -> None:
    columns = ["layer_a", "feature_a", "list_a", "layer_b", "feature_b", "list_b", "weight_bits", "band"]
    rows = [
        ("x", "A1", "A", "y", "B1", "B", 30.0, "certain"), ("y", "B1", "B", "z", "C1", "C", 20.0, "certain"),
        ("x", "A2", "A", "z", "C1", "C", 25.0, "certain"), ("x", "A3", "A", "y", "B3", "B", 9.0, "certain"),
        ("x", "A4", "A", "y", "B3", "B", 8.0, "probable"),
    ]
    pairs = pd.DataFrame(rows, columns=columns, index=[7, 3, 5, 1, 2])
    assert list(joins_rows_of_one_list(pairs)) == [False, True, False, False, False]


def test_without_a_code_nothing_is_certain() -> None:
    twin = {**OWN, "feature_id": "W1", "credit_code": None}
    pairs = found([OWN], [twin])
    assert list(pairs["band"]) == ["probable"]
    assert pairs["score"].iloc[0] > 0.99


def test_a_wrong_check_digit_makes_a_code_no_evidence() -> None:
    pairs = found([OWN], [{**OWN, "feature_id": "W1", "credit_code": CODE[:-1] + "0"}])
    assert pairs["code"].iloc[0] is None
    assert list(pairs["band"]) == ["probable"]


def test_different_valid_codes_speak_against_a_pair() -> None:
    same_door = {**OWN, "feature_id": "W1", "credit_code": OTHER_CODE}
    without = {**OWN, "feature_id": "W1", "credit_code": None}
    assert found([OWN], [same_door])["score"].max() < found([OWN], [without])["score"].max()


def test_the_better_partner_keeps_the_worse_one_out() -> None:
    neighbour = {**OWN, "feature_id": "E2", "name": "云沧盛川氯碱化工有限公司储运站", "address": "云沧县双枫镇文化路24号", "credit_code": None, "at": (60.0, 0.0)}
    pairs = found([OWN, neighbour], [{**OWN, "feature_id": "W1", "credit_code": None}])
    assert list(pairs["feature_a"]) == ["E1"]


def test_records_of_one_list_are_never_paired() -> None:
    assert found([OWN, {**OWN, "feature_id": "E9"}], []).empty


def test_a_county_in_which_nobody_fills_in_a_column_is_searched_all_the_same() -> None:
    bare = {"name": "云沧盛川氯碱化工有限公司", "at": (0.0, 0.0)}
    pairs = found([{**bare, "feature_id": "E1"}], [{**bare, "feature_id": "W1"}])
    assert len(pairs) == 1


def test_pairs_have_one_order_and_the_same_result_again() -> None:
    own = [{**OWN, "feature_id": f"E{at}", "name": f"云沧{word}化工有限公司", "credit_code": None} for at, word in enumerate(("盛川", "恒昊", "瑞泽"))]
    other = [{**row, "feature_id": f"W{at}"} for at, row in enumerate(reversed(own))]
    pd.testing.assert_frame_equal(found(own, other), found(own[::-1], other[::-1]))


def test_shares_of_each_comparison_add_up_to_one() -> None:
    for name, levels in comparisons().items():
        assert sum(level.u for level in levels) == pytest.approx(1, abs=2e-3), name
        assert sum(level.m for level in levels) == pytest.approx(1, abs=2e-3), name


@pytest.mark.skipif(not REAL_CITY.exists(), reason="the real city's files are no part of the repository")
def test_linkage_of_a_real_city_is_right_on_hand_labelled_pairs() -> None:
    truth = labels(held_out=True)
    pairs = labelled_pairs(candidate_pairs(city_records()), truth)
    measured = quality(pairs, truth)
    assert measured.n_true > 60
    assert measured.precision >= 0.96
    assert measured.recall >= 0.93
    assert not (pairs["band"] == "certain").any(), "the two lists share no number"
