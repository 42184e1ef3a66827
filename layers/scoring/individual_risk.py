"""Individual risk of hazard units on the grid and its contours at the GB 36894 values; screening (筛查), README.md.

``IR(x, y) = Σ f_S P_M P_φ P_i v(x, y)`` (CPR 18E 6.1, 6.2): each unit's risk is worked out once by distance and
bearing and laid on the grid. Units add up in the order of their ids, cell centres come from whole numbers, so any
tiling gives the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numba import njit
from numpy.typing import NDArray

from layers.crs import require_metric
from layers.errors import InputError
from layers.scoring.assessment_scope import assessment_methods
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.consequence.inputs import Floats, assumed
from layers.scoring.consequence.properties import chemical_properties
from layers.scoring.footprints import (
    N_ANGLES,
    N_HALF,
    RADII_M,
    Outcome,
    outcomes,
)
from layers.scoring.frequencies import (
    LEAK_SOURCES,
    N_SECTORS,
    WeatherClass,
    WindRose,
    band_ends,
    checked_weather,
    default_wind_rose,
)
from layers.scoring.grid import Grid
from layers.scoring.outlines import region_outlines
from layers.scoring.release_scenarios import (
    NotAssessed,
    Scenario,
    UnitScenarios,
    outflow,
    unit_scenarios,
)
from layers.scoring.rule_tables import RULES_DIR, read_rules, require
from layers.scoring.rules import read_rules as read_target_rules
from layers.scoring.targets import TARGET_CLASSES, class_ranks

METHOD_ZH = "筛查"
SOURCE = "screening"
"""Kind of source of our contours, against the reports of institutions."""
CONFIRM_ZH = "须核定"
CONFIRM_COLUMNS = [
    "target_id",
    "target_class",
    "risk_per_year",
    "limit_per_year",
    "is_certain",
    "result_zh",
    "rule_id",
    "clause",
]
CUTOFF_PER_YEAR = 1e-12
"""Risk of a unit below this counts as none, which ends its reach."""
ANGLES_PER_SECTOR = N_ANGLES // N_SECTORS
FIREBALL_STEP_KG = 30_000.0
JUST_BELOW = 1 - 1e-9


@lru_cache(maxsize=2)
def load_individual_criteria(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`individual_risk_criteria.csv`: limits per year by target class, for new installations and those in service."""
    path = folder / "individual_risk_criteria.csv"
    table = read_rules(path, texts=("target_class",), numbers=("new_per_year", "in_service_per_year"))
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


def contour_values() -> tuple[float, ...]:
    """The values of GB 36894-2018 table 2, the highest first.

    >>> contour_values()
    (3e-05, 1e-05, 3e-06, 3e-07)
    """
    table = load_individual_criteria()
    return tuple(sorted({*table.new_per_year, *table.in_service_per_year}, reverse=True))


@dataclass(frozen=True)
class RiskField:
    """Individual risk per year of a person outdoors all the time, a screening.

    `risk_per_year` is (rows, cols) float64 on `grid`, 0 where no unit reaches; it says nothing where a unit is
    in `not_assessed`. `units` has a row a unit: ids, ``x_m``, ``y_m``, ``n_scenarios``, ``reach_m``, ``method``
    (what GB/T 37243 asks for), ``rule_id``.
    """

    grid: Grid
    risk_per_year: Floats
    units: pd.DataFrame
    not_assessed: tuple[NotAssessed, ...]
    crs: pyproj.CRS | None
    parameters: Mapping[str, object] = field(default_factory=dict)


def individual_risk(
    layers: Mapping[str, pd.DataFrame],
    *,
    grid: Grid,
    weather: Sequence[WeatherClass] | None = None,
    wind_rose: WindRose | None = None,
    terrain: str = "rural",
    leak_source: str = LEAK_SOURCES[0],
) -> RiskField:
    """Individual risk of all standing, placed units in the scope of GB/T 37243 on the cells of `grid`.

    Parameters
    ----------
    layers : layer id -> frame
        ``hazard_units`` in the metric CRS of the grid, ``unit_chemicals``, ``enterprises``.
    grid : Grid
        25 m cells where contours are drawn; a tile gives the very bits of the whole.
    weather, wind_rose
        Of the county's station; without them the rule tables' (uniform rose), which the field's `parameters` say.

    Raises
    ------
    InputError
        An amount, the terrain or the rose cannot be; `field` names the row.
    CrsMismatchError
        The units are not in a metric CRS.
    """
    if terrain not in TERRAINS:
        raise InputError("terrain", f"{terrain!r} must be one of {', '.join(TERRAINS)}")
    chosen_weather = checked_weather(weather)
    rose = wind_rose if wind_rose is not None else default_wind_rose()
    placed, skipped = unit_scenarios(layers, leak_source=leak_source)
    tables = [UnitTable(unit, risk_table(unit.scenarios, chosen_weather, rose, terrain)) for unit in placed]
    risk = lay_on(grid, tables)
    parameters = {
        "method": METHOD_ZH,
        "terrain": terrain,
        "leak_source": leak_source,
        "weather": [entry.weather_id for entry in chosen_weather],
        "is_default_weather": weather is None,
        "is_default_wind_rose": wind_rose is None,
    }
    frame_crs = getattr(layers.get("hazard_units"), "crs", None)
    return RiskField(grid, risk, _unit_rows(layers, tables), tuple(skipped), frame_crs, parameters)


@dataclass(frozen=True)
class UnitTable:
    """A unit and its risk by radius and bearing: all that a tile or a what-if needs of it."""

    unit: UnitScenarios
    table: Floats

    @property
    def n_used(self) -> int:
        """Radii up to the last one with any risk."""
        return int(np.flatnonzero((self.table > 0).any(axis=1)).max(initial=-1)) + 1

    @property
    def reach_m(self) -> float:
        """Distance from which on there is no risk."""
        return float(RADII_M[min(self.n_used, len(RADII_M) - 1)]) if self.n_used else 0.0


def lay_on(grid: Grid, tables: Sequence[UnitTable]) -> Floats:
    """Risk per year on the cells of a grid or of a tile of it: the sum over the units in the order given."""
    risk = np.zeros(grid.shape)
    frame = (grid.cell_m, grid.west_cell, grid.north_cell)
    for entry in tables:
        _add_unit(risk, frame, entry.unit.x_m, entry.unit.y_m, RADII_M, entry.table, entry.n_used)
    return risk


def _unit_rows(layers: Mapping[str, pd.DataFrame], tables: Sequence[UnitTable]) -> pd.DataFrame:
    units = [entry.unit for entry in tables]
    rows = pd.DataFrame(
        {
            "unit_id": [unit.unit_id for unit in units],
            "enterprise_id": [unit.enterprise_id for unit in units],
            "x_m": [unit.x_m for unit in units],
            "y_m": [unit.y_m for unit in units],
            "n_scenarios": [len(unit.scenarios) for unit in units],
            "reach_m": [entry.reach_m for entry in tables],
        }
    )
    methods = assessment_methods(layers).set_index("unit_id")
    for column in ("method", "rule_id"):
        rows[column] = rows.unit_id.map(methods[column])
    return rows


def risk_table(
    scenarios: Sequence[Scenario], weather: Sequence[WeatherClass], rose: WindRose, terrain: str
) -> Floats:
    """Risk per year of one unit by radius (`RADII_M`) and bearing from it (`STEP_DEG` clockwise from north)."""
    total = np.zeros((len(RADII_M), N_ANGLES))
    for entry in weather:
        off_wind = np.zeros((len(RADII_M), N_HALF))
        for scenario in scenarios:
            off_wind += scenario.frequency_per_year * _largest_death(scenario, entry, terrain)
        total += entry.share * _turned(off_wind, rose.of(entry.weather_id))
    total[total < CUTOFF_PER_YEAR] = 0.0
    return total


def _largest_death(scenario: Scenario, weather: WeatherClass, terrain: str) -> Floats:
    """Probability of death given the leak, never lower than that of a smaller vessel.

    Direct ignition steps up with the amount, which takes clouds away from the far field; a bigger vessel is given no
    credit for it: the worst of its own footprint and those just below each step counts, point by point.
    """
    chemical = chemical_properties(scenario.cas)
    worst = np.zeros((len(RADII_M), N_HALF))
    for vessel_kg in _amounts_kg(scenario):
        ends = outcomes(scenario.leak, chemical, vessel_kg, weather, terrain)
        np.maximum(worst, expected_death(ends), out=worst)
    return worst


def expected_death(ends: Sequence[Outcome]) -> Floats:
    """Sum of probability times death over the ends of an event tree."""
    total = np.zeros((len(RADII_M), N_HALF))
    for end in ends:
        total += end.probability * end.death
    return total


def _amounts_kg(scenario: Scenario) -> list[float]:
    """The vessel's content and the amounts just below each step that it has passed."""
    if scenario.leak == "hole_10_mm":
        return [scenario.vessel_kg]
    steps = list(band_ends(scenario.release))
    if scenario.release == "continuous":
        steps = [step * assumed("emptying_time") for step in steps]
    else:
        airborne = outflow(scenario.leak, chemical_properties(scenario.cas), scenario.vessel_kg).airborne
        steps += [FIREBALL_STEP_KG / airborne] if airborne > 0 else []
    return [
        scenario.vessel_kg,
        *(step * JUST_BELOW for step in steps if step * JUST_BELOW < scenario.vessel_kg),
    ]


def _turned(off_wind: Floats, shares: Floats) -> Floats:
    """By bearing: every sector blows evenly over its 22.5 degrees, away from where the wind comes."""
    around = np.concatenate([off_wind, off_wind[:, -2:0:-1]], axis=1)
    half = ANGLES_PER_SECTOR // 2
    spread = np.zeros_like(around)
    for shift in range(-half, half + 1):
        spread += np.roll(around, shift, axis=1)
    spread /= ANGLES_PER_SECTOR
    total = np.zeros_like(around)
    for sector in range(N_SECTORS):
        toward = (sector * ANGLES_PER_SECTOR + N_ANGLES // 2) % N_ANGLES
        total += shares[sector] * np.roll(spread, toward, axis=1)
    return total


@njit(cache=True)
def _add_unit(risk, frame, x, y, radii, table, n_used):  # type: ignore[no-untyped-def]
    """Add one unit's risk to every cell in reach: linear between radii and bearings."""
    if n_used == 0:
        return
    cell, west_cell, north_cell = frame
    rows, cols = risk.shape
    end = min(n_used, len(radii) - 1)
    reach = radii[end]
    top = max(0, north_cell - 1 - math.floor((y + reach) / cell))
    bottom = min(rows - 1, north_cell - 1 - math.floor((y - reach) / cell))
    left = max(0, math.floor((x - reach) / cell) - west_cell)
    right = min(cols - 1, math.floor((x + reach) / cell) - west_cell)
    for i in range(top, bottom + 1):
        dy = (north_cell - i - 0.5) * cell - y
        for j in range(left, right + 1):
            dx = (west_cell + j + 0.5) * cell - x
            r = math.sqrt(dx * dx + dy * dy)
            if r < reach:
                risk[i, j] += at_bearing(radii, table, r, math.atan2(dx, dy))


@njit(cache=True)
def at_bearing(radii, table, r, bearing):  # type: ignore[no-untyped-def]
    """Value of a table of radii and bearings at a distance and a bearing in radians, clockwise from north."""
    low, high = 0, len(radii) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if radii[middle] <= r:
            low = middle
        else:
            high = middle
    part = (r - radii[low]) / (radii[high] - radii[low])
    n = table.shape[1]
    place = bearing / (2.0 * math.pi) * n
    first = math.floor(place)
    turn = place - first
    a, b = first % n, (first + 1) % n
    inner = table[low, a] + turn * (table[low, b] - table[low, a])
    outer = table[high, a] + turn * (table[high, b] - table[high, a])
    return inner + part * (outer - inner)


def risk_contours(risk: RiskField) -> gpd.GeoDataFrame:
    """Ground where the individual risk reaches each value of GB 36894: rows of the layer `individual_risk`.

    Returns
    -------
    GeoDataFrame in the CRS of the units
        ``contour_id``, ``risk_per_year``, ``source`` (screening), ``institution`` (None), ``area_km2``,
        ``n_units``, ``n_not_assessed``, ``rule_id``, ``clause``, ``feature_id`` and ``geometry``
        (MultiPolygon), the highest value first; values that no cell reaches have no row.
    """
    table = load_individual_criteria()
    rows = []
    for value in contour_values():
        level = (risk.risk_per_year >= value).astype(np.int32)
        polygons, _ = region_outlines(level, 1, risk.grid)
        if not len(polygons):
            continue
        holds = table[(table.new_per_year == value) | (table.in_service_per_year == value)].iloc[0]
        shape = shapely.union_all(polygons)
        shape = shape if isinstance(shape, shapely.MultiPolygon) else shapely.MultiPolygon([shape])
        rows.append(
            {
                "contour_id": f"IR-{value:.0e}",
                "risk_per_year": value,
                "source": SOURCE,
                "institution": None,
                "area_km2": round(shape.area / 1e6, 4),
                "n_units": len(risk.units),
                "n_not_assessed": len(risk.not_assessed),
                "rule_id": holds.rule_id,
                "clause": holds.clause,
                "feature_id": f"IR-{value:.0e}",
                "geometry": shape,
            }
        )
    columns = [
        "contour_id",
        "risk_per_year",
        "source",
        "institution",
        "area_km2",
        "n_units",
        "n_not_assessed",
        "rule_id",
        "clause",
        "feature_id",
        "geometry",
    ]
    return gpd.GeoDataFrame(rows, columns=columns, geometry="geometry", crs=risk.crs)


def targets_to_confirm(risk: RiskField, targets: gpd.GeoDataFrame) -> pd.DataFrame:
    """Protection targets where our risk exceeds their class's limit for installations in service (须核定).

    The largest cell under a target counts: its inside point, and its outline at every cell's length. A target
    whose size leaves the class open is *certain* where even its mildest class's limit is exceeded, else *possible*.
    A screening is no violation; only official contours are.

    Parameters
    ----------
    targets : frame of `protection_targets` in the metric CRS; unplaced ones are left out

    Returns
    -------
    DataFrame, the highest risk first
        ``target_id``, ``target_class`` (mildest), ``risk_per_year``, ``limit_per_year``, ``is_certain``,
        ``result_zh`` (须核定), ``rule_id``, ``clause``.
    """
    if targets.empty:
        return pd.DataFrame(columns=CONFIRM_COLUMNS)
    require_metric(targets)
    placed = targets[targets.geometry.notna() & ~targets.geometry.is_empty]
    strictest, mildest = class_ranks(placed, read_target_rules().target_sizes)
    criteria = load_individual_criteria().set_index("target_class").loc[list(TARGET_CLASSES)]
    limits = criteria.in_service_per_year.to_numpy()
    found = placed[["target_id"]].copy()
    found["target_class"] = np.array(TARGET_CLASSES, object)[mildest]
    found["risk_per_year"] = _largest_under(risk, np.asarray(placed.geometry, object))
    found["is_certain"] = found.risk_per_year > limits[mildest]
    found["limit_per_year"] = np.where(found.is_certain, limits[mildest], limits[strictest])
    found["result_zh"] = CONFIRM_ZH
    rank = np.where(found.is_certain, mildest, strictest)
    found["rule_id"], found["clause"] = criteria.rule_id.to_numpy()[rank], criteria.clause.to_numpy()[rank]
    above = found[found.risk_per_year > found.limit_per_year]
    order = above.sort_values(["risk_per_year", "target_id"], ascending=[False, True], kind="stable")
    return order[CONFIRM_COLUMNS].reset_index(drop=True)


def _largest_under(risk: RiskField, shapes: NDArray[np.object_]) -> Floats:
    """Largest risk of the cells under each shape's outline and inside point; 0 outside the grid."""
    outline = shapely.segmentize(shapes, risk.grid.cell_m)
    points, owner = shapely.get_coordinates(outline, return_index=True)
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    places, owners = np.concatenate([points, inside]), np.concatenate([owner, np.arange(len(shapes))])
    rows, cols = risk.grid.cells_of(places[:, 0], places[:, 1])
    is_on = (rows >= 0) & (rows < risk.grid.rows) & (cols >= 0) & (cols < risk.grid.cols)
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, owners[is_on], risk.risk_per_year[rows[is_on], cols[is_on]])
    return largest


def criterion_limit(target_class: str, *, is_new: bool) -> float:
    """Individual risk per year that a protection target's class may meet; new means the installation.

    >>> criterion_limit("high_sensitive", is_new=True), criterion_limit("general_3", is_new=False)
    (3e-07, 3e-05)
    """
    rows = load_individual_criteria().set_index("target_class")
    if target_class not in rows.index:
        raise InputError("target_class", f"{target_class!r} must be one of {', '.join(TARGET_CLASSES)}")
    return float(rows.loc[target_class, "new_per_year" if is_new else "in_service_per_year"])
