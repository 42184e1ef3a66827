"""Who lives where: households by building, and by village where the buildings do not tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.scoring.measure import Floats, Geometries
from layers.scoring.object_classes import ClassIndex, standing

VILLAGE_POINT_M = 200.0
"""Buildings within so many metres of a village without an outline are taken for its own."""


@dataclass(frozen=True)
class Dwellings:
    """Places with households, one entry a place; `n_households` and `n_storeys` are NaN where unknown.

    `is_estimated`: the households are those of a whole village, whose buildings do not tell.
    """

    feature_id: NDArray[np.object_]
    name: NDArray[np.object_]
    geometry: Geometries
    n_households: Floats
    n_storeys: Floats
    is_estimated: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.feature_id)

    def take(self, chosen: Any) -> Dwellings:
        """The places at positions or under a mask."""
        return Dwellings(
            self.feature_id[chosen],
            self.name[chosen],
            self.geometry[chosen],
            self.n_households[chosen],
            self.n_storeys[chosen],
            self.is_estimated[chosen],
        )


def dwellings_of(index: ClassIndex) -> Dwellings:
    """Buildings with households and dwellings whose number is unknown; villages where no building of theirs tells."""
    buildings = _buildings(index)
    villages = _villages(index)
    n_counted, _ = _households_inside(villages, buildings)
    return _joined(buildings, villages.take((n_counted == 0) & ~np.isnan(villages.n_households)))


def settlements_of(index: ClassIndex, houses: Dwellings) -> Dwellings:
    """Villages and housing areas with the households of their buildings, or their own number where that is larger."""
    villages = _villages(index)
    _, inside = _households_inside(villages, houses.take(~houses.is_estimated))
    return Dwellings(
        villages.feature_id,
        villages.name,
        villages.geometry,
        np.fmax(villages.n_households, inside),
        villages.n_storeys,
        np.nan_to_num(villages.n_households) > inside,
    )


def _buildings(index: ClassIndex) -> Dwellings:
    table = index.table("buildings")
    n = len(table["feature_id"])
    if not n:
        return _from(table, np.zeros(0, bool), is_estimated=False)
    households = pd.to_numeric(pd.Series(table["n_households"]), errors="coerce").to_numpy(float)
    is_unknown_home = np.isnan(households) & (table["use"] == "residential")
    return _from(table, standing(table) & ((households > 0) | is_unknown_home), is_estimated=False)


def _villages(index: ClassIndex) -> Dwellings:
    table = index.table("protection_targets")
    if not len(table["feature_id"]):
        return _from(table, np.zeros(0, bool), is_estimated=True)
    is_village = np.isin(table["category"].astype(str), ["village", "residential"])
    return _from(table, standing(table) & is_village, is_estimated=True)


def _from(table: Mapping[str, NDArray[np.object_]], mask: NDArray[np.bool_], *, is_estimated: bool) -> Dwellings:
    n = int(mask.sum())
    none = np.full(len(mask), None, object)

    def column(name: str) -> NDArray[np.object_]:
        return table.get(name, none)[mask]

    def numbers(name: str) -> Floats:
        values: Floats = pd.to_numeric(pd.Series(column(name), dtype=object), errors="coerce").to_numpy(float)
        return values

    return Dwellings(
        column("feature_id"),
        column("name"),
        column("geometry"),
        numbers("n_households"),
        numbers("n_storeys"),
        np.full(n, is_estimated),
    )


def _households_inside(villages: Dwellings, houses: Dwellings) -> tuple[NDArray[np.intp], Floats]:
    """Per village: how many buildings with a known number stand in it, and their households."""
    known = houses.take(~np.isnan(houses.n_households))
    n_counted, inside = np.zeros(len(villages), np.intp), np.zeros(len(villages))
    if len(known) and len(villages):
        is_point = shapely.get_type_id(villages.geometry) == 0
        reach = np.where(is_point, VILLAGE_POINT_M, 0.0)
        village, house = shapely.STRtree(known.geometry).query(villages.geometry, "dwithin", distance=reach)
        np.add.at(n_counted, village, 1)
        np.add.at(inside, village, known.n_households[house])
    return n_counted, inside


def _joined(first: Dwellings, second: Dwellings) -> Dwellings:
    names = ("feature_id", "name", "geometry", "n_households", "n_storeys", "is_estimated")
    return Dwellings(*(np.concatenate([getattr(first, name), getattr(second, name)]) for name in names))
