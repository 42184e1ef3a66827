"""High consequence areas of one gas line of 500 km beside 40,000 houses: the true sliding window over all of it."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import shapely

from layers.crs import metric_crs
from layers.scoring.high_consequence import high_consequence_areas
from layers.scoring.rules import read_rules
from layers.store import Place
from tests.benchmarks.result import Measured, median, seconds_of

LENGTH_M, N_VERTICES, N_HOUSES, REPEATS = 500_000.0, 10_001, 40_000, 3
CRS = metric_crs(120.585, 31.298)
CENTRE_M = 500_000.0


def run(place: Place) -> Iterator[Measured]:
    """Median of some runs, layers in memory."""
    layers, rules = county(), read_rules()
    high_consequence_areas(layers, rules)
    seconds = median(seconds_of(lambda: high_consequence_areas(layers, rules), REPEATS))
    yield Measured("high_consequence", f"{LENGTH_M / 1000:.0f} km, {N_HOUSES:,} houses", N_HOUSES, REPEATS, seconds, "s")


def county() -> dict[str, gpd.GeoDataFrame]:
    """The line and the houses, the same at every run."""
    dice = np.random.default_rng(1)
    x = np.linspace(0, LENGTH_M, N_VERTICES)
    xy = np.column_stack([x - LENGTH_M / 2, 300 * np.sin(x / 900)]) + CENTRE_M
    line = shapely.multilinestrings([shapely.linestrings(xy)])
    pipe = {"feature_id": "P1", "pipeline_id": "P1", "name": "line", "kind": "transmission", "medium": "natural_gas",
            "diameter_mm": 813.0, "pressure_mpa": 10.0, "status": "operating", "start_chainage_m": 0.0, "accuracy_m": 1.0}  # fmt: skip
    east, north = dice.uniform(-LENGTH_M / 2, LENGTH_M / 2, N_HOUSES), dice.uniform(-600, 600, N_HOUSES)
    houses = gpd.GeoDataFrame(
        {"feature_id": [f"B{i}" for i in range(N_HOUSES)], "use": "residential", "n_households": 3, "built_year": 2015,
         "built_on": None, "n_storeys": 2, "accuracy_m": 1.0},
        geometry=shapely.box(CENTRE_M + east, CENTRE_M + north, CENTRE_M + east + 10, CENTRE_M + north + 10), crs=CRS,
    )  # fmt: skip
    return {"pipelines": gpd.GeoDataFrame([pipe], geometry=[line], crs=CRS), "buildings": houses}
