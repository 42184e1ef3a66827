"""Editions prepared for questions about single places: each is put together once, by the first who asks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from app.editions import EditionFacts
from app.frames import Bounds, FrameMemory
from app.pipeline_conflicts import rules_date
from layers.scoring.nearby import CountyIndex, CountyLayers, NearLayers
from layers.scoring.object_classes import Layers
from layers.scoring.rules import RuleSet
from layers.scoring.siting import search_radii_m

EDITIONS_REMEMBERED = 2
FULL_TABLES = ("unit_chemicals",)
"""Layers without positions that belong to others nearby."""


class LayersWhenAsked(Mapping[str, pd.DataFrame]):
    """Frames of layers, of which some are too large to be held: each of these is read when it is first asked for."""

    def __init__(self, held: Layers, large: frozenset[str], read: Callable[[str], pd.DataFrame]) -> None:
        self._frames, self._large, self._read = dict(held), large, read

    def __getitem__(self, layer_id: str) -> pd.DataFrame:
        if layer_id not in self._frames and layer_id in self._large:
            self._frames[layer_id] = self._read(layer_id)
        return self._frames[layer_id]

    def __contains__(self, layer_id: object) -> bool:
        return layer_id in self._frames or layer_id in self._large

    def __iter__(self) -> Iterator[str]:
        return iter({**dict.fromkeys(self._frames), **dict.fromkeys(self._large)})

    def __len__(self) -> int:
        return len(self._large | self._frames.keys())


class SurroundingsMemory:
    """What lies around a place, taken from an edition that is held in memory; bounded, safe for many threads."""

    def __init__(self, frames: FrameMemory, rules: RuleSet) -> None:
        self.frames, self.rules = frames, rules
        self._held: OrderedDict[object, CountyIndex] = OrderedDict()
        self._reach_of: dict[object, dict[str, float]] = {}
        self._lock = threading.Lock()

    def around(self, connection: sa.Connection, facts: EditionFacts, bounds_m: Bounds, *, margin_m: float = 0.0) -> NearLayers:
        """What a siting check asks for around some ground, and `margin_m` metres farther; larger layers are read when asked for."""
        reaches = self.reaches(facts)
        boxes = _boxes(bounds_m, {reach_m + margin_m for reach_m in reaches.values()})
        wanted = {layer_id: boxes[reach_m + margin_m] for layer_id, reach_m in reaches.items()}
        large = frozenset(layer_id for layer_id in reaches if self.frames.is_large(facts, layer_id))
        return NearLayers(self.county(connection, facts), wanted, large=large, read=partial(self._read, connection, facts))

    def everything(self, connection: sa.Connection, facts: EditionFacts, bounds_m: Bounds) -> Layers:
        """The same of the whole area; larger layers are read when asked for."""
        large = frozenset(layer_id for layer_id in self.reaches(facts) if self.frames.is_large(facts, layer_id))
        index, box = self.county(connection, facts), shapely.box(*bounds_m)
        if not large:
            return CountyLayers(index)
        return LayersWhenAsked(index.layers, large, lambda layer_id: self._read(connection, facts, layer_id, box))

    def county(self, connection: sa.Connection, facts: EditionFacts) -> CountyIndex:
        """The edition as siting checks take it, but for layers that are too large to be held."""
        with self._lock:
            key = facts.edition, rules_date(facts)
            found = self._held.get(key)
            if found is None:
                layers = self.frames.whole(connection, facts, self.reaches(facts))
                found = self._held[key] = CountyIndex(layers, self.rules, crs=facts.metric_crs, on=rules_date(facts))
            self._held.move_to_end(key)
            while len(self._held) > EDITIONS_REMEMBERED:
                self._held.popitem(last=False)
        return found

    def reaches(self, facts: EditionFacts) -> dict[str, float]:
        """How far around a site each layer of the edition is asked for, metres."""
        found = self._reach_of.get(facts.edition)
        if found is None:
            radii_m = search_radii_m(
                self.rules, largest_influence_m=facts.largest_radius_m, largest_accuracy_m=facts.largest_accuracy_m
            )
            reaches = dict.fromkeys(FULL_TABLES, 0.0) | radii_m
            found = {layer_id: reach_m for layer_id, reach_m in reaches.items() if layer_id in facts.counts}
            self._reach_of = {facts.edition: found}
        return found

    def _read(self, connection: sa.Connection, facts: EditionFacts, layer_id: str, box: BaseGeometry) -> pd.DataFrame:
        return self.frames.within(connection, facts, [layer_id], [box.bounds])[layer_id]


def _boxes(bounds_m: Bounds, reaches_m: set[float]) -> Mapping[float, BaseGeometry]:
    reaches = list(reaches_m)
    west, south, east, north = (np.array(bounds_m)[:, None] + np.outer((-1.0, -1.0, 1.0, 1.0), reaches)).tolist()
    return dict(zip(reaches, shapely.box(west, south, east, north), strict=True))
