"""What a stage of scoring is: one step from loaded layers and earlier results to new results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.catalog import Area
from layers.crs import transform_geometry
from layers.errors import CatalogError
from layers.scoring.grid import Grid
from layers.scoring.places import town_names
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.sharing import Share

__all__ = ["ALL_RULES", "Frames", "Given", "Stage", "joined", "town_names"]
ALL_RULES = ("**/*",)


class Frames(Mapping[str, gpd.GeoDataFrame]):
    """Frames of the declared layers by layer id, each read when it is first asked for.

    Asking for a layer that was not declared raises `CatalogError`: a result must not rest on what nobody compares.
    """

    def __init__(self, declared: Iterable[str], read: Callable[[str], gpd.GeoDataFrame], given: Mapping[str, Any] | None = None) -> None:
        self._declared, self._read, self._given = tuple(declared), read, dict(given or {})

    def __getitem__(self, layer_id: str) -> gpd.GeoDataFrame:
        if layer_id in self._given:
            return self._given[layer_id]
        if layer_id not in self._declared:
            raise CatalogError("etl/stages", f"a stage looks at {layer_id} and declares {', '.join(self._declared)} only")
        return self._read(layer_id)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._declared, *self._given)))

    def __len__(self) -> int:
        return len({*self._declared, *self._given})

    def plus(self, **given: Any) -> Frames:
        """The same and more: results of earlier stages under the names of layers."""
        return Frames(self._declared, self._read, {**self._given, **given})


@dataclass(frozen=True)
class Given:
    """What a stage may look at: its declared layers and results, and nothing else.

    `frames`: layer id -> frame in the metric CRS. `results`: name -> what an earlier stage gave. `rasters`: layer id
    -> file, absent where none is loaded. `on`: the date whose rules are in force. `outline`: of the area, storage CRS.
    `before`: results of an earlier edition that the stage asked for, made by the same code and rules for the same area;
    empty where there are none. Data and date may have changed since. `share`: several processes that do work in parts; None
    where there are none.
    """

    area: Area
    outline: BaseGeometry
    on: date
    frames: Frames
    results: Mapping[str, Any]
    rasters: Mapping[str, Path]
    before: Mapping[str, Any] = field(default_factory=dict)
    share: Share | None = None

    @cached_property
    def rules(self) -> RuleSet:
        """The tables of separation rules and classes."""
        return read_rules()

    @cached_property
    def metric_outline(self) -> BaseGeometry:
        """The outline of the area in the metric CRS."""
        return self._measured(self.outline)

    @cached_property
    def home_part(self) -> BaseGeometry:
        """The part of the area within its home extent, metric CRS: where the grid lies."""
        return self._measured(shapely.intersection(self.outline, shapely.box(*self.area.home)))

    def _measured(self, geometry: BaseGeometry) -> BaseGeometry:
        return transform_geometry(np.array([geometry], dtype=object), self.area.storage_crs, self.area.metric_crs)[0]

    @cached_property
    def grid(self) -> Grid:
        """The grid of the area's risk surfaces."""
        return Grid.for_area(self.home_part, self.area.cell_m)


@dataclass(frozen=True)
class Stage:
    """One step of scoring.

    Attributes
    ----------
    run : from what the stage is given to its results by name: all names of `results`, and ``told`` (a text: what was
        computed again) where it updated the results of an earlier edition
    results : a name that is a derived layer's becomes its table; a name in `notes` goes into the edition's meta
    layers : loaded layers, rasters included, that `run` looks at
    after : results of earlier stages that `run` looks at
    before : results of an earlier edition that `run` can start from
    rules : patterns of the files below ``layers/scoring/rules`` that `run` reads; the code that it imports is found
    is_dated : whether the date of the rules matters
    dated_rules : names of rule tables whose rows of the day matter, where nothing else of the date does
    """

    name: str
    title_zh: str
    title_en: str
    run: Callable[[Given], Mapping[str, Any]]
    results: tuple[str, ...]
    layers: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    rules: tuple[str, ...] = ALL_RULES
    notes: tuple[str, ...] = ()
    is_dated: bool = False
    dated_rules: tuple[str, ...] = ()


def joined(frames: list[gpd.GeoDataFrame], area: Area) -> gpd.GeoDataFrame:
    """Frames of one kind below each other, in the metric CRS."""
    filled = [frame for frame in frames if len(frame)]
    return gpd.GeoDataFrame(pd.concat(filled or frames[:1], ignore_index=True), crs=area.metric_crs)
