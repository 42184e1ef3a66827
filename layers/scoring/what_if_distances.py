"""Violations of the sources that a change touches: those that go, those that come; large layers are looked at nearby only."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.scoring.distances import find_violations
from layers.scoring.edits import REPORT_LAYERS, SOURCE_LAYERS, Frames
from layers.scoring.rules import RuleSet

NEAR_M = 10_000.0
"""No distance rule reaches this far; what lies farther from the edited sources is not looked at again."""
THINNED = ("buildings", "protection_targets")
"""Large layers of which only what is near is judged again."""
OWNED_LAYERS = (*SOURCE_LAYERS, *REPORT_LAYERS)
"""Layers whose features fall with their enterprise."""


def changed_violations(
    violations: gpd.GeoDataFrame, frames_before: Frames, frames: Frames, affected: frozenset[str], *, rules: RuleSet,
    on: date, jurisdiction: str,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Violations of the touched enterprises that are gone, and those that come.

    Parameters
    ----------
    violations : rows of `distance_violations` before, all of them
    """
    if not affected:
        return violations.iloc[:0], violations.iloc[:0]
    keys = _keys(frames_before, affected) | _keys(frames, affected)
    report = find_violations(_near(frames_before, frames, affected), rules, on=on, jurisdiction=jurisdiction)
    before, after = _rows_of(violations, keys), _rows_of(report.violations, keys)
    gone = before[~before["violation_id"].isin(after["violation_id"])]
    added = after[~after["violation_id"].isin(before["violation_id"])]
    return gone.reset_index(drop=True), added.reset_index(drop=True)


def _keys(frames: Frames, affected: frozenset[str]) -> set[tuple[str, str]]:
    return {
        (layer, str(name))
        for layer in OWNED_LAYERS
        if layer in frames
        for name in frames[layer].loc[frames[layer]["enterprise_id"].isin(affected), "feature_id"]
    }


def _rows_of(violations: gpd.GeoDataFrame, keys: set[tuple[str, str]]) -> gpd.GeoDataFrame:
    sides = [
        [key in keys for key in zip(violations[f"{side}_layer"], violations[f"{side}_feature_id"].astype(str), strict=True)]
        for side in ("subject", "object")
    ]
    return violations[np.logical_or(*np.array(sides, dtype=bool).reshape(2, -1))]


def _near(frames_before: Frames, frames: Frames, affected: frozenset[str]) -> dict[str, pd.DataFrame]:
    """The frames with large layers cut down to what a rule could reach from the edited sources, before or after."""
    places = [
        geometry
        for source in (frames_before, frames)
        for layer in SOURCE_LAYERS
        for geometry in source[layer].loc[source[layer]["enterprise_id"].isin(affected), "geometry"]
        if isinstance(geometry, BaseGeometry) and not geometry.is_empty
    ]
    boxes = shapely.box(*(shapely.bounds(np.array(places, dtype=object)) + (-NEAR_M, -NEAR_M, NEAR_M, NEAR_M)).T) if places else []
    near = dict(frames)
    for layer in THINNED:
        frame = frames[layer]
        tree = shapely.STRtree(np.asarray(frame["geometry"].to_numpy(), dtype=object))
        rows = np.unique(np.concatenate([tree.query(box) for box in boxes])) if len(boxes) else np.empty(0, int)
        near[layer] = frame.iloc[rows].reset_index(drop=True)
    return near
