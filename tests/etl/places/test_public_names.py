"""A school with nothing but a name is looked for by it: land named for it, its neighbours, its village, its town."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from etl.matching.names import Names
from etl.places.calibration import Calibration
from etl.places.gazetteer import Gazetteer, build_gazetteer
from etl.places.grammar import Grammar
from etl.places.placing import Guess, guesses
from etl.places.public_names import PublicName, public_names, town_called
from etl.places.search import wanted_rows
from layers.catalog import load_catalog

CATALOG, CRS = load_catalog(), "EPSG:4544"
TOWNS = ["双枫镇", "河汇镇"]
PLACED = {
    "zones": [("云沧规划 学校用地(中庄国小)", (1000.0, 1000.0)), ("河汇规划 学校用地(中正国小)", (8000.0, 1000.0)), ("双枫规划 学校用地(中正国小)", (2000.0, 4000.0))],
    "police": [("中庄派出所", (1400.0, 1000.0)), ("松山派出所", (3000.0, 3000.0)), ("和平派出所", (500.0, 500.0))],
    "fire": [("和平分队", (9000.0, 4500.0))],
}


def targets(rows: list[tuple[str, tuple[float, float] | None]], source_id: str) -> gpd.GeoDataFrame:
    table = pd.DataFrame({"feature_id": [f"{source_id}-{at}" for at in range(len(rows))], "name": [name for name, _ in rows]})
    table = table.assign(source_id=source_id, address=None, accuracy_m=5.0, positioned=["delivered" if at else "unplaced" for _, at in rows])
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries([shapely.Point(at) if at else None for _, at in rows], crs=CRS))


@pytest.fixture(scope="module")
def known() -> Gazetteer:
    towns = gpd.GeoDataFrame(
        {"feature_id": ["1", "2"], "source_id": "towns", "accuracy_m": 5.0, "positioned": "delivered", "name": TOWNS},
        geometry=[shapely.box(0, 0, 5000, 5000), shapely.box(5000, 0, 10000, 5000)], crs=CRS)
    villages = gpd.GeoDataFrame(
        {"feature_id": ["v"], "source_id": "areas", "accuracy_m": 5.0, "positioned": "delivered", "town_name": ["河汇镇"], "village_name": ["竹寮里"]},
        geometry=[shapely.box(6000, 2000, 7000, 3000)], crs=CRS)
    placed = pd.concat([targets(rows, source_id) for source_id, rows in PLACED.items()], ignore_index=True)
    frames = {"towns": towns, "statistical_areas": villages, "protection_targets": gpd.GeoDataFrame(placed, crs=CRS)}
    return build_gazetteer(frames, CATALOG, grammar=Grammar(["云沧县"], TOWNS), names=Names(["云沧"]))


def found(known: Gazetteer, name: str, source_id: str = "schools") -> dict[str, Guess]:
    wanted = next(wanted_rows(known, targets([(name, None)], source_id), CATALOG["protection_targets"]))
    return {guess.method: guess for guess in guesses(known, wanted)}


def test_land_named_for_a_school_is_its_place(known: Gazetteer) -> None:
    given = found(known, "市立中庄國小")
    assert (given["institution"].x_m, given["institution"].y_m) == (1000.0, 1000.0)
    assert given["institution"].evidence["known"][0]["words"] == "云沧规划 学校用地(中庄国小)"
    assert Calibration().best(list(given.values())) == given["institution"]


def test_neighbours_called_after_the_same_locality_are_a_wider_place(known: Gazetteer) -> None:
    given = found(known, "市立松山国中")
    assert set(given) == {"locality"} and given["locality"].raw_m >= 1000.0


def test_a_town_in_the_name_tells_schools_of_one_name_apart(known: Gazetteer) -> None:
    assert found(known, "县立双枫镇中正国小")["institution"].x_m == 2000.0
    assert found(known, "县立河汇镇中正国小")["institution"].x_m == 8000.0
    assert "institution" not in found(known, "县立中正国小")  # two of them, kilometres apart


def test_a_town_in_the_name_is_known_in_either_script(known: Gazetteer) -> None:
    traditional = replace(known, grammar=Grammar(["雲滄縣"], ["雙楓鎮", "河匯鎮"]))
    assert found(traditional, "縣立雙楓鎮中正國小")["institution"].x_m == 2000.0
    assert found(traditional, "私立河匯鎮育才國小")["town_of_name"].x_m == 7500.0


def test_localities_of_one_name_far_apart_tell_nothing(known: Gazetteer) -> None:
    assert found(known, "市立和平国小") == {}


def test_village_and_town_of_the_name_are_places(known: Gazetteer) -> None:
    assert (found(known, "市立竹寮国小")["village_of_name"].x_m, found(known, "市立竹寮国小")["village_of_name"].raw_m) == (6500.0, 1000.0)
    assert found(known, "私立河汇镇育才国小")["town_of_name"].x_m == 7500.0
    assert set(found(known, "市立双枫国中")) == {"town_of_name"}


def test_a_list_does_not_place_its_own_rows(known: Gazetteer) -> None:
    assert "institution" not in found(known, "中庄国小", "zones")


@pytest.mark.parametrize("name", ["国小", "云沧化工有限公司", "", "(〈)", "市立小学"])
def test_other_names_say_nothing(name: str) -> None:
    assert public_names(name, TOWNS) == []


def test_a_town_is_called_by_its_name_without_ending_only_where_that_is_one() -> None:
    assert town_called("凤山", ["凤山区", "旗山区"]) == "凤山区"
    assert town_called("凤山", ["凤山区", "凤山镇"]) == ""
    assert public_names("公立東路國民小學", []) == [PublicName("东路", "primary_school")]
