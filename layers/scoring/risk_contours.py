"""Contours of our individual risk at the values of GB 36894, and the limits of that standard; screening (筛查)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.errors import InputError
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import RiskField
from layers.scoring.outlines import region_outlines
from layers.scoring.rule_tables import RULES_DIR, read_rules, require
from layers.scoring.targets import TARGET_CLASSES, TARGET_TITLES

SOURCE = "screening"
"""Kind of source of our contours, against the reports of institutions."""
CONTOUR_COLUMNS = ["contour_id", "installation", "risk_per_year", "holds_for_zh", "holds_for_en", "source", "institution",
                   "area_km2", "n_units", "n_not_assessed", "rule_id", "standard_id", "clause", "feature_id",
                   "geometry"]  # fmt: skip
INSTALLATIONS = ("in_service", "new")
SMOOTHED_CELLS = 0.6
"""Contours keep no stairs of their cells: labels do not stand on stairs."""


@lru_cache(maxsize=8)
def load_individual_criteria(folder: Path = RULES_DIR, on: date | None = None) -> pd.DataFrame:
    """`individual_risk_criteria.csv` of a day: limits per year by target class, for new installations and those in service."""
    path = folder / "individual_risk_criteria.csv"
    table = read_rules(path, texts=("target_class",), numbers=("new_per_year", "in_service_per_year"), on=on)
    require(sorted(table.target_class) == sorted(TARGET_CLASSES), path, "each protection target class once")
    require(bool((table.new_per_year > 0).all()), path, "a limit must be above zero")
    require(
        bool((table.new_per_year < table.in_service_per_year).all()),
        path,
        "new must be stricter than in service",
    )
    order = table.set_index("target_class").loc[list(TARGET_CLASSES), ["new_per_year", "in_service_per_year"]]
    require(bool((order.diff().dropna() >= 0).all().all()), path, "a milder class has a stricter limit")
    return table


def contour_values(on: date | None = None) -> tuple[float, ...]:
    """The values of GB 36894-2018 table 2 on a day, the highest first.

    >>> contour_values()
    (3e-05, 1e-05, 3e-06, 3e-07)
    """
    table = load_individual_criteria(on=on)
    return tuple(sorted({*table.new_per_year, *table.in_service_per_year}, reverse=True))


def risk_contours(risk: RiskField, *, installation: str = INSTALLATIONS[0], on: date | None = None) -> gpd.GeoDataFrame:
    """Ground where the individual risk reaches each value of GB 36894: rows of the layer `individual_risk`.

    Parameters
    ----------
    installation : ``in_service`` or ``new``, whose limits hold for it
    on : the day whose values are drawn

    Returns
    -------
    GeoDataFrame in the CRS of the units
        The highest value first; values that no cell reaches have no row. ``holds_for_zh`` names the classes of
        protection targets whose limit it is; ``source`` is screening, ``institution`` None.
    """
    rows = []
    for value in contour_values(on):
        polygons = _outlines_of(risk.risk_per_year >= value, risk.grid)
        if not len(polygons):
            continue
        shape = shapely.simplify(shapely.union_all(polygons), SMOOTHED_CELLS * risk.grid.cell_m)
        shape = shape if isinstance(shape, shapely.MultiPolygon) else shapely.MultiPolygon([shape])
        name = f"IR-{installation}-{value:.0e}"
        counts = (round(shape.area / 1e6, 4), len(risk.units), len(risk.not_assessed))
        rows.append((name, installation, value, *_holds_for(value, on), SOURCE, None, *counts, *_rule_of(value, on), name, shape))
    return gpd.GeoDataFrame(rows, columns=CONTOUR_COLUMNS, geometry="geometry", crs=risk.crs)


def _outlines_of(is_inside: NDArray[np.bool_], grid: Grid) -> NDArray[np.object_]:
    """Outlines of some cells, looked for only where they lie."""
    rows, cols = np.flatnonzero(is_inside.any(axis=1)), np.flatnonzero(is_inside.any(axis=0))
    if not len(rows):
        return np.empty(0, object)
    top, left = max(0, int(rows[0]) - 1), max(0, int(cols[0]) - 1)
    bottom, right = min(grid.rows, int(rows[-1]) + 2), min(grid.cols, int(cols[-1]) + 2)
    part = grid.window(top, left, bottom - top, right - left)
    return region_outlines(is_inside[top:bottom, left:right].astype(np.int32), 1, part)[0]


def _rule_of(value: float, on: date | None) -> tuple[str, str, str]:
    table = load_individual_criteria(on=on)
    row = table[(table.new_per_year == value) | (table.in_service_per_year == value)].iloc[0]
    return str(row.rule_id), str(row.standard_id), str(row.clause)


def _holds_for(value: float, on: date | None) -> tuple[str, str]:
    """Whose limit a value is: classes of targets beside new installations and those in service."""
    table = load_individual_criteria(on=on)
    zh, en = [], []
    for column, title_zh, title_en in (("in_service_per_year", "在役", "in service"), ("new_per_year", "新建", "new")):
        classes = table.target_class[table[column] == value]
        if len(classes):
            zh.append(f"{title_zh}: {'、'.join(TARGET_TITLES[name][0] for name in classes)}")
            en.append(f"{title_en}: {', '.join(TARGET_TITLES[name][1] for name in classes)}")
    return "; ".join(zh), "; ".join(en)


def criterion_limit(target_class: str, *, is_new: bool, on: date | None = None) -> float:
    """Individual risk per year that a protection target's class may meet; new means the installation.

    >>> criterion_limit("high_sensitive", is_new=True), criterion_limit("general_3", is_new=False)
    (3e-07, 3e-05)
    """
    rows = load_individual_criteria(on=on).set_index("target_class")
    if target_class not in rows.index:
        raise InputError("target_class", f"{target_class!r} must be one of {', '.join(TARGET_CLASSES)}")
    return float(rows.loc[target_class, "new_per_year" if is_new else "in_service_per_year"])
