"""Individual risk of hazard units on the grid and its contours at the GB 36894 values; screening (筛查), README.md.

``IR(x, y) = Σ f_S P_M P_φ P_i v(x, y)`` (CPR 18E 6.1, 6.2): each unit's risk is worked out once by distance and
bearing and laid on the grid. Units add up in the order of their ids, cell centres come from whole numbers, so any
tiling gives the same bits.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyproj
from numba import njit

from layers.errors import InputError
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.consequence.inputs import Floats, assumed, coefficient
from layers.scoring.consequence.properties import chemical_properties
from layers.scoring.footprint_grid import N_ANGLES, N_HALF, RADII_M
from layers.scoring.footprints import Outcome, burns
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
from layers.scoring.hazard_events import HazardEvent, unit_events
from layers.scoring.leak_ends import outcomes
from layers.scoring.release_scenarios import (
    NotAssessed,
    Scenario,
    UnitScenarios,
    merged,
    outflow,
    unit_scenarios,
)
from layers.scoring.sharing import Share, alone

METHOD_ZH = "筛查"
Window = tuple[int, int, int, int]
CUTOFF_PER_YEAR = 1e-12
"""Risk of a unit below this counts as none, which ends its reach."""
ANGLES_PER_SECTOR = N_ANGLES // N_SECTORS
JUST_BELOW = 1 - 1e-9
RATE_LEAKS = ("hole_10_mm", "full_bore", "leak_10_pct")
"""Leaks whose outflow does not follow from what the vessel holds."""


@dataclass(frozen=True)
class RiskField:
    """Individual risk per year of a person outdoors all the time, a screening.

    `risk_per_year` is (rows, cols) float64 on `grid`, 0 where no unit reaches; it says nothing where a unit is
    in `not_assessed`. `units` has a row a unit: ids, ``x_m``, ``y_m``, ``n_scenarios``, ``reach_m``.
    """

    grid: Grid
    risk_per_year: Floats
    units: pd.DataFrame
    not_assessed: tuple[NotAssessed, ...]
    crs: pyproj.CRS | None
    parameters: Mapping[str, object] = field(default_factory=dict)
    tables: tuple[UnitTable, ...] = ()


def individual_risk(
    layers: Mapping[str, pd.DataFrame],
    *,
    grid: Grid,
    weather: Sequence[WeatherClass] | None = None,
    wind_rose: WindRose | None = None,
    terrain: str = "rural",
    leak_source: str = LEAK_SOURCES[0],
    known: Mapping[str, Floats] | None = None,
    share: Share = alone,
    before: RiskField | None = None,
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
    known : tables by their stamp, of an earlier call of the same code; units they hold are not computed again
    share : who computes the tables, unit by unit
    before : a field of other data by the same code: only cells that a changed unit reaches are summed again, to the same bits

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
    tables = share(_unit_table, placed, chosen_weather, rose, terrain, known or {})
    risk = lay_on(grid, tables) if before is None or before.grid != grid else relaid(before, tables)
    parameters = {
        "method": METHOD_ZH,
        "terrain": terrain,
        "leak_source": leak_source,
        "weather": [entry.weather_id for entry in chosen_weather],
        "is_default_weather": weather is None,
        "is_default_wind_rose": wind_rose is None,
    }
    frame_crs = getattr(layers.get("hazard_units"), "crs", None)
    return RiskField(
        grid, risk, _unit_rows(tables), tuple(skipped), frame_crs, parameters, tuple(tables)
    )


@dataclass(frozen=True)
class UnitTable:
    """A unit and its risk by radius and bearing: all that a tile or a what-if needs of it.

    `events`: the leaks behind it with their distances, None where the table was taken over or read back.
    """

    unit: UnitScenarios
    table: Floats
    stamp: str = ""
    events: tuple[HazardEvent, ...] | None = None

    @property
    def n_used(self) -> int:
        """Radii up to the last one with any risk."""
        return int(np.flatnonzero((self.table > 0).any(axis=1)).max(initial=-1)) + 1

    @property
    def reach_m(self) -> float:
        """Distance from which on there is no risk."""
        return float(RADII_M[min(self.n_used, len(RADII_M) - 1)]) if self.n_used else 0.0


def _unit_table(
    unit: UnitScenarios, weather: Sequence[WeatherClass], rose: WindRose, terrain: str, known: Mapping[str, Floats]
) -> UnitTable:
    """A unit's table, taken over where one of the same leaks under the same weather is known."""
    stamp = stamp_of(unit, weather, rose, terrain)
    found = known.get(stamp)
    if found is not None:
        return UnitTable(unit, found, stamp)
    table = risk_table(unit.scenarios, weather, rose, terrain)
    return UnitTable(unit, table, stamp, unit_events(unit.scenarios, weather, terrain))


def stamp_of(unit: UnitScenarios, weather: Sequence[WeatherClass], rose: WindRose, terrain: str) -> str:
    """What a unit's table follows from, as one word: its leaks, the weather, the rose and the terrain."""
    leaks = [dataclasses.replace(scenario, unit_id="") for scenario in unit.scenarios]
    text = repr((leaks, weather, rose.weather_ids, terrain)).encode() + rose.shares.tobytes()
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def lay_on(grid: Grid, tables: Sequence[UnitTable]) -> Floats:
    """Risk per year on the cells of a grid or of a tile of it: the sum over the units in the order given."""
    risk = np.zeros(grid.shape)
    frame = (grid.cell_m, grid.west_cell, grid.north_cell)
    for entry in tables:
        _add_unit(risk, frame, entry.unit.x_m, entry.unit.y_m, RADII_M, entry.table, entry.n_used)
    return risk


def relaid(before: RiskField, tables: Sequence[UnitTable]) -> Floats:
    """What `lay_on` gives on the grid of a field, bit for bit: only cells within reach of a unit that changed are summed."""
    found = before.risk_per_year
    for rows, cols, part in _changed_parts(before, tables):
        if found is before.risk_per_year:
            found = found.copy()
        found[rows, cols] = lay_on(part, tables)
    return found


def _changed_parts(before: RiskField, tables: Sequence[UnitTable]) -> Iterator[tuple[slice, slice, Grid]]:
    """Windows that hold the ground of every unit that only one side has, or has elsewhere or with other leaks; none overlap."""
    grid = before.grid
    sides = [{(one.unit.unit_id, one.stamp, one.unit.x_m, one.unit.y_m): one for one in side if one.n_used} for side in (before.tables, tables)]
    windows = []
    for key in sorted(set(sides[0]) ^ set(sides[1])):
        one = sides[0].get(key) or sides[1][key]
        x_m, y_m, reach_m = one.unit.x_m, one.unit.y_m, one.reach_m + grid.cell_m
        (top, left), (bottom, right) = grid.cell_of(x_m - reach_m, y_m + reach_m), grid.cell_of(x_m + reach_m, y_m - reach_m)
        windows.append((max(0, top), max(0, left), min(grid.rows, bottom + 1), min(grid.cols, right + 1)))
    for top, left, bottom, right in _apart([one for one in windows if one[0] < one[2] and one[1] < one[3]]):
        yield slice(top, bottom), slice(left, right), grid.window(top, left, bottom - top, right - left)


def _apart(windows: list[Window]) -> list[Window]:
    """Windows (top, left, bottom, right) that overlap, as the one that holds them."""
    found: list[Window] = []
    for window in windows:
        while True:
            other = next((one for one in found if _overlap(one, window)), None)
            if other is None:
                break
            found.remove(other)
            window = (min(other[0], window[0]), min(other[1], window[1]), max(other[2], window[2]), max(other[3], window[3]))
        found.append(window)
    return found


def _overlap(one: Window, two: Window) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def risk_at(table: UnitTable, x_m: Floats, y_m: Floats) -> Floats:
    """Risk per year of one unit at places, metres of the metric CRS."""
    unit = table.unit
    return np.asarray(_at_places(np.asarray(x_m, float), np.asarray(y_m, float), unit.x_m, unit.y_m, RADII_M, table.table, table.n_used))


@njit(cache=True)
def _at_places(xs, ys, x, y, radii, table, n_used):  # type: ignore[no-untyped-def]
    """Value of one unit's table at each place; none beyond its reach."""
    out = np.zeros(len(xs))
    if n_used == 0:
        return out
    reach = radii[min(n_used, len(radii) - 1)]
    for i in range(len(xs)):
        dx, dy = xs[i] - x, ys[i] - y
        r = math.sqrt(dx * dx + dy * dy)
        if r < reach:
            out[i] = at_bearing(radii, table, r, math.atan2(dx, dy))
    return out


def _unit_rows(tables: Sequence[UnitTable]) -> pd.DataFrame:
    units = [entry.unit for entry in tables]
    return pd.DataFrame(
        {
            "unit_id": [unit.unit_id for unit in units],
            "enterprise_id": [unit.enterprise_id for unit in units],
            "x_m": [unit.x_m for unit in units],
            "y_m": [unit.y_m for unit in units],
            "n_scenarios": [len(unit.scenarios) for unit in units],
            "reach_m": [entry.reach_m for entry in tables],
        }
    )


def risk_table(
    scenarios: Sequence[Scenario], weather: Sequence[WeatherClass], rose: WindRose, terrain: str
) -> Floats:
    """Risk per year of one unit by radius (`RADII_M`) and bearing from it (`STEP_DEG` clockwise from north)."""
    total = np.zeros((len(RADII_M), N_ANGLES))
    for entry in weather:
        total += entry.share * turned(off_wind_risk(scenarios, entry, terrain), rose.of(entry.weather_id))
    total[total < CUTOFF_PER_YEAR] = 0.0
    return total


def off_wind_risk(scenarios: Sequence[Scenario], weather: WeatherClass, terrain: str) -> Floats:
    """Risk per year under one weather by radius and angle off the wind (radii, `N_HALF`), were it to blow one way always."""
    total = np.zeros((len(RADII_M), N_HALF))
    for scenario in merged(scenarios):
        total += scenario.frequency_per_year * _largest_death(scenario, weather, terrain)
    return total


def _largest_death(scenario: Scenario, weather: WeatherClass, terrain: str) -> Floats:
    """Probability of death given the leak, never lower than that of a smaller vessel.

    Direct ignition steps up with the amount, which takes clouds away from the far field; a bigger vessel is given no
    credit for it: the worst of its own footprint and those just below each step counts, point by point.
    """
    chemical = chemical_properties(scenario.cas)
    worst = np.zeros((len(RADII_M), N_HALF))
    for vessel_kg in _amounts_kg(scenario):
        ends = outcomes(scenario.leak, chemical, vessel_kg, weather, terrain, scenario.bore_m)
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
    if scenario.leak in RATE_LEAKS or not burns(chemical_properties(scenario.cas)):
        return [scenario.vessel_kg]
    steps = list(band_ends(scenario.release))
    if scenario.release == "continuous":
        steps = [step * assumed("emptying_time") for step in steps]
    else:
        airborne = outflow(scenario.leak, chemical_properties(scenario.cas), scenario.vessel_kg).airborne
        steps += [coefficient("fireball_large_from") / airborne] if airborne > 0 else []
    return [
        scenario.vessel_kg,
        *(step * JUST_BELOW for step in steps if step * JUST_BELOW < scenario.vessel_kg),
    ]


def turned(off_wind: Floats, shares: Floats) -> Floats:
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
