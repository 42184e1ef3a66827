"""The GB 36894 class of a protection target by its category and size, or the classes it may have.

The sizes stand in ``rules/target_sizes.csv``; they are from knowledge (confidence medium) and to be confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.scoring.rules import TargetSize

Floats = NDArray[np.float64]

TARGET_CLASSES = ("high_sensitive", "important", "general_1", "general_2", "general_3")
"""Strictest first; the first three share one limit of individual risk."""
TARGET_TITLES = {
    "high_sensitive": ("高敏感", "highly sensitive"),
    "important": ("重要", "important"),
    "general_1": ("一般一类", "general 1"),
    "general_2": ("一般二类", "general 2"),
    "general_3": ("一般三类", "general 3"),
}
UNKNOWN = (0, len(TARGET_CLASSES) - 1)


def class_range(
    category: str | None, measures: Mapping[str, float], sizes: Sequence[TargetSize]
) -> tuple[str, str]:
    """Strictest and mildest class a target may have; equal where category and size settle it.

    Parameters
    ----------
    category : value of ``protection_targets.category`` (or of a project), None when unknown
    measures : ``n_persons``, ``n_households``, ``floor_area_m2`` ...; NaN or absent when unknown
    sizes : rows of ``target_sizes.csv``

    Examples
    --------
    >>> from layers.scoring.rules import read_rules
    >>> sizes = read_rules().target_sizes
    >>> class_range("residential", {"n_households": 30}, sizes)
    ('general_1', 'general_1')
    >>> class_range("hotel", {}, sizes)
    ('general_1', 'general_2')
    """
    arrays = {name: np.array([value], float) for name, value in measures.items()}
    strictest, mildest = _ranks(category, arrays, 1, sizes)
    return TARGET_CLASSES[int(strictest[0])], TARGET_CLASSES[int(mildest[0])]


def class_ranks(
    targets: Mapping[str, NDArray[np.object_]] | pd.DataFrame, sizes: Sequence[TargetSize]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Strictest and mildest class of each protection target, as positions in `TARGET_CLASSES`.

    A class that was delivered holds. Where both persons and households are known the stricter class holds.
    """
    category = np.asarray(targets["category"], object)
    strictest, mildest = np.full(len(category), UNKNOWN[0]), np.full(len(category), UNKNOWN[1])
    measures = {
        name: np.asarray(pd.to_numeric(pd.Series(np.asarray(targets[name], object)), errors="coerce"), float)
        for name in ("n_persons", "n_households")
        if name in targets
    }
    if "geometry" in targets:
        area_m2 = np.nan_to_num(shapely.area(np.asarray(targets["geometry"], object)))
        measures["area_m2"] = np.where(area_m2 > 0, area_m2, np.nan)
    for name in {value for value in category if isinstance(value, str)}:
        mask = category == name
        chosen = {key: values[mask] for key, values in measures.items()}
        strictest[mask], mildest[mask] = _ranks(name, chosen, int(mask.sum()), sizes)
    given = np.asarray(targets["target_class"] if "target_class" in targets else [], object)
    for position, name in enumerate(given):
        if isinstance(name, str) and name in TARGET_CLASSES:
            strictest[position] = mildest[position] = TARGET_CLASSES.index(name)
    return strictest, mildest


def _ranks(
    category: str | None, measures: Mapping[str, Floats], n: int, sizes: Sequence[TargetSize]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    rows = [row for row in sizes if row.category == category]
    possible = [TARGET_CLASSES.index(row.target_class) for row in rows] or list(UNKNOWN)
    found = np.full(n, len(TARGET_CLASSES))
    for row in rows:
        rank = TARGET_CLASSES.index(row.target_class)
        if not row.measure:
            found = np.minimum(found, rank)
        elif row.measure in measures:
            value = measures[row.measure]
            low = -np.inf if row.at_least is None else row.at_least
            high = np.inf if row.below is None else row.below
            found = np.where((value >= low) & (value < high), np.minimum(found, rank), found)
    is_known = found < len(TARGET_CLASSES)
    return np.where(is_known, found, min(possible)), np.where(is_known, found, max(possible))


def strictest_classes(targets: gpd.GeoDataFrame, rules: Sequence[TargetSize]) -> gpd.GeoDataFrame:
    """Targets with the strictest GB 36894 class that category and size allow: what is unknown is not mild."""
    strictest, _ = class_ranks(targets, rules)
    return targets.assign(target_class=np.array(TARGET_CLASSES, dtype=object)[strictest])
