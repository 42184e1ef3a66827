"""A whole county prepared once, and what of it lies around one place: for many small questions about one edition.

Arrays, trees and classes of all features are made once; a question takes its rows of them and makes nothing anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from layers.scoring.columns import Columns
from layers.scoring.measure import Geometries, Integers
from layers.scoring.object_classes import (
    ClassIndex,
    Layers,
    Members,
    chosen_rows,
    has_values,
    joined,
    meets,
    members_of,
    no_members,
)
from layers.scoring.rules import ClassMember, RuleSet
from layers.scoring.shared_shapes import SharedShapes

Choice = Callable[[Columns], NDArray[np.bool_]]
LARGE_SHAPES = (
    "fire_cover", "individual_risk", "risk_zones", "park_boundaries", "roads", "pipelines", "power_lines", "water", "railways",
    "water_source_zones", "nature_areas", "planned_prohibitions", "active_faults", "flood_areas", "geological_hazard_areas", "built_up_areas",
    "yellow_river_ranges",
)  # fmt: skip
"""Layers whose features may be long: each line is indexed once, so that its distance from a place is found fast."""
MOST_KEPT = 2000
FAR_M = 1e9
"""Farther than anything of an area lies from anything else of it."""


class CountyIndex(ClassIndex):
    """All features of some layers, with what `NearIndex` takes rows of.

    Safe for many threads: what two of them make at once is equal, and one of the two is kept.
    """

    def __init__(self, layers: Layers, rules: RuleSet, *, crs: pyproj.CRS, on: date | None = None) -> None:
        super().__init__(layers, rules, crs=crs, on=on)
        self._trees: dict[str, shapely.STRtree] = {}
        self._at: dict[tuple[str, str], tuple[Members, Integers]] = {}
        self._of_class: dict[ClassMember, NDArray[np.bool_]] = {}
        self._grounds: dict[tuple[str, tuple[int, ...]], BaseGeometry] = {}
        self._shared: dict[str, SharedShapes] = {}
        self._lock = threading.Lock()
        for layer in LARGE_SHAPES:
            if layer in layers:
                self._tables[layer] = _with_indexed_lines(self.table(layer))

    def rows_in(self, layer: str, box: BaseGeometry) -> Integers:
        """Rows whose box meets a box, in their order."""
        tree = self._trees.get(layer)
        if tree is None:
            tree = self._trees[layer] = shapely.STRtree(self.table(layer)["geometry"])
        found: Integers = np.sort(tree.query(box))
        return found

    def shared(self, layer: str) -> SharedShapes:
        """The shapes of a layer, to be asked by many threads what they meet."""
        if layer not in self._shared:
            self._shared[layer] = SharedShapes(self.table(layer)["geometry"])
        return self._shared[layer]

    def placed(self, layer: str, name: str, choose: Choice) -> tuple[Members, Integers]:
        """As `chosen`, and where each row of the layer stands among the members, -1 where it is none."""
        key = layer, name
        if key not in self._at:
            table = self.table(layer)
            self._at[key] = self._located(layer, table, chosen_rows(table, choose))
        return self._at[key]

    def placed_standing(self, layer: str) -> tuple[Members, Integers]:
        """As `placed`, of what stands."""
        key = layer, ""
        if key not in self._at:
            table = self.table(layer)
            self._at[key] = self._located(layer, table, self.standing_rows(layer))
        return self._at[key]

    def is_of_class(self, member: ClassMember) -> NDArray[np.bool_]:
        """Which standing features of a layer meet the conditions of a class."""
        if member not in self._of_class:
            table = self.table(member.layer).rows(self.standing_rows(member.layer))
            mask = np.ones(table.n, bool)
            for name, values in member.conditions:
                mask &= meets(table, name, values)
            self._of_class[member] = mask
        return self._of_class[member]

    def possible_members(self, class_id: str) -> Members:
        """Members of a class near some place at least: an enterprise also where one of its units is shown instead of it elsewhere."""
        declared = [member for member in self.rules.classes[class_id].members if member.layer in self.layers]
        return joined([self.placed_standing(member.layer)[0].take(self.is_of_class(member)) for member in declared])

    def ground(self, layer: str, rows: Integers, join: Callable[[Geometries], BaseGeometry]) -> BaseGeometry:
        """What `join` makes of the geometries of some rows, kept for the next site beside the same features."""
        key = f"{layer} {join.__name__}", tuple(rows.tolist())
        found = self._grounds.get(key)
        if found is None:
            found = join(self.table(layer)["geometry"][rows])
            with self._lock:
                if len(self._grounds) >= MOST_KEPT:
                    self._grounds.clear()
                self._grounds[key] = found
        return found

    def _located(self, layer: str, table: Columns, mask: NDArray[np.bool_]) -> tuple[Members, Integers]:
        at = np.full(table.n, -1, np.intp)
        at[mask] = np.arange(int(mask.sum()))
        return members_of(layer, table.rows(mask), self.rules), at


def _with_indexed_lines(table: Columns) -> Columns:
    """The columns with copies of the lines, each indexed for distances, and each index used once: GEOS makes it at first use, which must not happen in two threads.

    Copies, for others read the same frames: a prepared shape may not be asked by two threads what it meets (see `SharedShapes`).
    Areas are left alone.
    """
    if "geometry" not in table:
        return table
    shapes = table["geometry"].copy()
    is_line = shapely.get_dimensions(shapes) == 1
    lines = shapely.force_2d(shapes[is_line])
    shapely.prepare(lines)
    west, south, _, _ = shapely.bounds(lines).T
    shapely.dwithin(lines, shapely.points(west - 1.0, south - 1.0), FAR_M)
    shapes[is_line] = lines
    return table.with_column("geometry", shapes)


class CountyLayers(dict[str, pd.DataFrame]):
    """Frames of all features of a county, with the index that is kept of them."""

    def __init__(self, index: CountyIndex) -> None:
        super().__init__(index.layers)
        self.index = index


class NearLayers(Mapping[str, pd.DataFrame]):
    """Frames of what lies around a place, made only when one is asked for.

    Parameters
    ----------
    county : the whole layers
    boxes : for each layer the box that its features must meet
    read : gives the frame of a layer that is too large to be held whole; `large` are their names
    """

    def __init__(
        self, county: CountyIndex, boxes: Mapping[str, BaseGeometry], *, large: frozenset[str] = frozenset(),
        read: Callable[[str, BaseGeometry], pd.DataFrame] | None = None,
    ) -> None:  # fmt: skip
        self.county = county
        self.large = large
        self._boxes, self._read = boxes, read
        self._frames: dict[str, pd.DataFrame] = {}
        self._rows: dict[str, Integers] = {}

    def __getitem__(self, layer: str) -> pd.DataFrame:
        if layer not in self:
            raise KeyError(layer)
        if layer not in self._frames:
            self._frames[layer] = self._frame(layer)
        return self._frames[layer]

    def __contains__(self, layer: object) -> bool:
        return layer in self._boxes and (layer in self.large or layer in self.county.layers)

    def __iter__(self) -> Iterator[str]:
        return (layer for layer in self._boxes if layer in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def is_held(self, layer: str) -> bool:
        """Whether rows of the county are taken; the frame of a larger layer is read."""
        return layer in self._boxes and layer in self.county.layers

    def rows(self, layer: str) -> Integers:
        """Rows of a layer of the county that lie near; all rows of a layer without geometry."""
        if layer not in self._rows:
            table = self.county.table(layer)
            has_places = "geometry" in table
            self._rows[layer] = self.county.rows_in(layer, self._boxes[layer]) if has_places else np.arange(table.n)
        return self._rows[layer]

    def _frame(self, layer: str) -> pd.DataFrame:
        if layer in self.large and self._read is not None:
            return self._read(layer, self._boxes[layer])
        frame: pd.DataFrame = self.county.layers[layer].iloc[self.rows(layer)]
        return frame


class NearIndex(ClassIndex):
    """The classes of what lies around a place, taken from those of the county."""

    def __init__(self, near: NearLayers, rules: RuleSet) -> None:
        super().__init__(near, rules, crs=near.county.crs, on=near.county.on)
        self.near_layers = near
        self._standing: dict[str, tuple[Members, Integers]] = {}

    @property
    def whole(self) -> ClassIndex:
        return self.near_layers.county

    def rows(self, layer: str) -> Integers | None:
        return self.near_layers.rows(layer) if self.near_layers.is_held(layer) else None

    def chosen(self, layer: str, name: str, choose: Choice) -> Members:
        if not self.near_layers.is_held(layer):
            return super().chosen(layer, name, choose)
        key = layer, name
        if key not in self._chosen:
            members, at = self.near_layers.county.placed(layer, name, choose)
            self._chosen[key] = _taken(members, at[self.near_layers.rows(layer)])
        return self._chosen[key]

    def standing(self, layer: str) -> Members:
        if not self.near_layers.is_held(layer):
            return super().standing(layer)
        return self._near_standing(layer)[0]

    def ground(self, layer: str, rows: Integers, join: Callable[[Geometries], BaseGeometry]) -> BaseGeometry:
        if not self.near_layers.is_held(layer):
            return super().ground(layer, rows, join)
        return self.near_layers.county.ground(layer, self.near_layers.rows(layer)[rows], join)

    def meeting(self, layer: str, place: BaseGeometry, rows: Any = slice(None)) -> NDArray[np.bool_]:
        if not self.near_layers.is_held(layer):
            return super().meeting(layer, place, rows)
        return self.near_layers.county.shared(layer).meet(place, self.near_layers.rows(layer)[rows])

    def _table(self, layer: str) -> Columns:
        if not self.near_layers.is_held(layer):
            return super()._table(layer)
        return self.near_layers.county.table(layer).rows(self.near_layers.rows(layer))

    def _of(self, member: ClassMember, *, with_units: bool) -> Members:
        if not self.near_layers.is_held(member.layer):
            return super()._of(member, with_units=with_units)
        members, places = self._near_standing(member.layer)
        mask = self.near_layers.county.is_of_class(member)[places] if len(places) else np.empty(0, bool)
        if member.layer == "enterprises" and with_units and mask.any() and self.enterprises_with_units:
            mask &= ~has_values(members.enterprise_id, self.enterprises_with_units)
        return members if mask.all() else members.take(mask) if mask.any() else NOBODY

    def _near_standing(self, layer: str) -> tuple[Members, Integers]:
        if layer not in self._standing:
            members, at = self.near_layers.county.placed_standing(layer)
            places = at[self.near_layers.rows(layer)]
            self._standing[layer] = _taken(members, places), places[places >= 0]
        return self._standing[layer]

    def _joined(self, parts: list[Members]) -> Members:
        filled = [part for part in parts if len(part)]
        return joined(filled) if filled else NOBODY


NOBODY = no_members()


def _taken(members: Members, places: Integers) -> Members:
    places = places[places >= 0]
    return members.take(places) if len(places) else NOBODY


def index_of(layers: Any, rules: RuleSet, crs: pyproj.CRS, on: date) -> ClassIndex:
    """A new index of what a question about a day has at hand."""
    if isinstance(layers, NearLayers) and layers.county.on == on:
        return NearIndex(layers, rules)
    return ClassIndex(layers, rules, crs=crs, on=on)
