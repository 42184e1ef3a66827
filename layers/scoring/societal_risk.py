"""Societal risk of hazard units: how often how many people would die (F-N curve), expected deaths, criterion; screening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from layers.errors import InputError
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.consequence.inputs import Floats, assumed, not_negative
from layers.scoring.consequence.properties import chemical_properties
from layers.scoring.footprints import N_ANGLES, RADII_M, Outcome, outcomes
from layers.scoring.frequencies import (
    LEAK_SOURCES,
    N_SECTORS,
    WeatherClass,
    WindRose,
    checked_weather,
    default_wind_rose,
)
from layers.scoring.grid import Grid
from layers.scoring.release_scenarios import NotAssessed, UnitScenarios, unit_scenarios
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

BANDS = ("unacceptable", "alarp", "acceptable")
CURVE_DEATHS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)
DEATH_DECIMALS = 9
"""Deaths are rounded here before they meet a count: 0.7 + 0.3 is one."""
LINE_TOLERANCE = 1e-9
PERIODS = ("day", "night")


@lru_cache(maxsize=2)
def load_societal_criteria(folder: Path = RULES_DIR) -> pd.DataFrame:
    """Anchors of the two lines of GB 36894-2018 figure 1, straight between them on logarithmic axes."""
    path = folder / "societal_risk_criteria.csv"
    table = read_rules(path, numbers=("n_deaths", "unacceptable_above", "acceptable_below"))
    require(
        len(table) >= 2 and bool((table.acceptable_below > 0).all()), path, "two anchors above zero or more"
    )
    require(bool((np.diff(table.n_deaths) > 0).all()), path, "anchors must grow in deaths")
    require(bool((table.unacceptable_above > table.acceptable_below).all()), path, "the lines cross")
    falls = np.diff(table[["unacceptable_above", "acceptable_below"]].to_numpy(), axis=0) < 0
    require(bool(falls.all()), path, "a line must fall")
    return table


def societal_limits(n_deaths: Floats) -> tuple[Floats, Floats]:
    """Frequencies above which risk is unacceptable and below which it is acceptable; constant beyond the anchors."""
    table = load_societal_criteria()
    place, anchors = np.log10(n_deaths), np.log10(table.n_deaths.to_numpy())
    lines = [np.log10(table[name].to_numpy()) for name in ("unacceptable_above", "acceptable_below")]
    upper, lower = (10.0 ** np.interp(place, anchors, line) for line in lines)
    return upper, lower


def criterion_band(n_deaths: float, frequency_per_year: float) -> str:
    """Band of one point of the curve; both lines belong to ALARP.

    >>> criterion_band(10, 2e-4), criterion_band(10, 5e-5), criterion_band(10, 5e-7)
    ('unacceptable', 'alarp', 'acceptable')
    """
    if not n_deaths >= 1:
        raise InputError("n_deaths", f"{n_deaths} must be 1 or more")
    frequency = float(not_negative("frequency_per_year", frequency_per_year))
    upper, lower = societal_limits(np.array([float(n_deaths)]))
    if frequency > upper[0] * (1 + LINE_TOLERANCE):
        return BANDS[0]
    return BANDS[1] if frequency >= lower[0] * (1 - LINE_TOLERANCE) else BANDS[2]


@dataclass(frozen=True)
class SocietalRisk:
    """Societal risk of all units of a call, a screening.

    `curve` has ``n_deaths`` and ``frequency_per_year`` (that many or more); `pll_per_year` the expected deaths a
    year; `units` a row a unit with its share ``pll_per_year``; `band` the worst band over the curve from 1 death on.
    The criterion speaks of one enterprise's installations: `enterprises` has ``pll_per_year``, ``band``,
    ``rule_id`` and ``clause`` of each; `band` of all together is no verdict.
    """

    curve: pd.DataFrame
    pll_per_year: float
    band: str
    units: pd.DataFrame
    enterprises: pd.DataFrame
    not_assessed: tuple[NotAssessed, ...]
    rule_id: str
    clause: str


def societal_risk(
    layers: Mapping[str, pd.DataFrame],
    *,
    persons: Floats,
    persons_grid: Grid,
    weather: Sequence[WeatherClass] | None = None,
    wind_rose: WindRose | None = None,
    terrain: str = "rural",
    leak_source: str = LEAK_SOURCES[0],
) -> SocietalRisk:
    """F-N curve and expected deaths of all standing, placed units in scope (CPR 18E 6.3-6.6).

    Parameters
    ----------
    persons : (rows, cols) of `persons_grid`
        Residents of each cell; 0 where nobody lives. Each cell counts at its centre, so cells should be small
        against the clouds (100 m). People at work on the unit's own site belong not in it.

    Raises
    ------
    InputError
        A cell is NaN or negative (row and column are named), or what `individual_risk` refuses.
    """
    if terrain not in TERRAINS:
        raise InputError("terrain", f"{terrain!r} must be one of {', '.join(TERRAINS)}")
    if wind_rose is None:
        wind_rose = default_wind_rose()
    classes = checked_weather(weather)
    x, y, people = _inhabited(persons, persons_grid)
    placed, skipped = unit_scenarios(layers, leak_source=leak_source)
    events = []
    for unit in placed:
        around = _around(unit, x, y, people)
        events.append(_events(unit, around, classes, wind_rose, terrain))
    return _summary(placed, events, tuple(skipped))


Events = tuple[Floats, Floats]
"""Frequencies per year and deaths of the same events."""


def _summary(
    placed: Sequence[UnitScenarios], events: Sequence[Events], skipped: tuple[NotAssessed, ...]
) -> SocietalRisk:
    rule = load_societal_criteria().iloc[0]
    units = pd.DataFrame(
        {
            "unit_id": [unit.unit_id for unit in placed],
            "enterprise_id": [unit.enterprise_id for unit in placed],
            "pll_per_year": [_expected_deaths([event]) for event in events],
        }
    )
    by_enterprise: dict[str, list[Events]] = {}
    for unit, event in zip(placed, events, strict=True):
        by_enterprise.setdefault(unit.enterprise_id, []).append(event)
    rows = [
        (enterprise, _expected_deaths(own), _worst_band(own), str(rule.rule_id), str(rule.clause))
        for enterprise, own in sorted(by_enterprise.items())
    ]
    at, exceeded = _exceedance_of(events)
    curve = [float(exceeded[np.searchsorted(at, n)]) if n <= at.max(initial=0) else 0.0 for n in CURVE_DEATHS]
    return SocietalRisk(
        curve=pd.DataFrame({"n_deaths": CURVE_DEATHS, "frequency_per_year": curve}),
        pll_per_year=_expected_deaths(events),
        band=_worst_band(events),
        units=units,
        enterprises=pd.DataFrame(
            rows, columns=["enterprise_id", "pll_per_year", "band", "rule_id", "clause"]
        ),
        not_assessed=skipped,
        rule_id=str(rule.rule_id),
        clause=str(rule.clause),
    )


def _expected_deaths(events: Sequence[Events]) -> float:
    return float(sum(float((frequency * deaths).sum()) for frequency, deaths in events))


def _exceedance_of(events: Sequence[Events]) -> tuple[Floats, Floats]:
    frequency = np.concatenate([np.empty(0), *(one for one, _ in events)])
    return exceedance(frequency, np.concatenate([np.empty(0), *(two for _, two in events)]))


def _worst_band(events: Sequence[Events]) -> str:
    """The worst band over the whole curve; a step of the curve counts at its right end, where it is worst."""
    at, exceeded = _exceedance_of(events)
    if not len(at):
        return BANDS[-1]
    upper, lower = societal_limits(at)
    if (exceeded > upper * (1 + LINE_TOLERANCE)).any():
        return BANDS[0]
    return BANDS[1] if (exceeded >= lower * (1 - LINE_TOLERANCE)).any() else BANDS[2]


def exceedance(frequency_per_year: Floats, deaths: Floats) -> tuple[Floats, Floats]:
    """Each number of deaths (1 or more) that events have, rising, and how often that many or more die.

    >>> n, f = exceedance(np.array([1e-5, 2e-6, 1e-3]), np.array([3.0, 20.0, 0.5]))
    >>> n.tolist(), f.round(9).tolist()
    ([3.0, 20.0], [1.2e-05, 2e-06])
    """
    counted = np.round(deaths, DEATH_DECIMALS)
    is_one = (counted >= 1) & (frequency_per_year > 0)
    at, place = np.unique(counted[is_one], return_inverse=True)
    per_count = np.bincount(place, weights=frequency_per_year[is_one], minlength=len(at))
    return at, np.asarray(np.cumsum(per_count[::-1])[::-1], np.float64)


def _inhabited(persons: Floats, grid: Grid) -> tuple[Floats, Floats, Floats]:
    """Places and people of the cells where someone lives."""
    values = np.asarray(persons, dtype=np.float64)
    if values.shape != grid.shape:
        raise InputError("persons", f"shape {values.shape} differs from the grid's {grid.shape}")
    wrong = np.argwhere(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        row, col = wrong[0]
        raise InputError(f"persons row {row} column {col}", f"{values[row, col]} must be zero or more")
    rows, cols = np.nonzero(values)
    x = (grid.west_cell + cols + 0.5) * grid.cell_m
    y = (grid.north_cell - rows - 0.5) * grid.cell_m
    return np.asarray(x, np.float64), np.asarray(y, np.float64), values[rows, cols]


def _around(unit: UnitScenarios, x: Floats, y: Floats, people: Floats) -> Floats:
    """Persons by nearest radius and bearing of the footprints; beyond the last radius nobody."""
    dx, dy = x - unit.x_m, y - unit.y_m
    r = np.hypot(dx, dy)
    edges = (RADII_M[1:] + RADII_M[:-1]) / 2
    ring = np.searchsorted(edges, r)
    bearing = np.rint(np.arctan2(dx, dy) / (2 * np.pi) * N_ANGLES).astype(np.int64) % N_ANGLES
    table = np.zeros((len(RADII_M), N_ANGLES))
    near = r <= RADII_M[-1]
    np.add.at(table, (ring[near], bearing[near]), people[near])
    return table


def _events(
    unit: UnitScenarios, around: Floats, weather: Sequence[WeatherClass], rose: WindRose, terrain: str
) -> tuple[Floats, Floats]:
    """Frequency and deaths of every leak, weather, outcome, time of day and wind sector of one unit."""
    frequencies: list[Floats] = [np.empty(0)]
    deaths: list[Floats] = [np.empty(0)]
    day = assumed("day_share")
    for scenario in unit.scenarios:
        chemical = chemical_properties(scenario.cas)
        for entry in weather:
            base = scenario.frequency_per_year * entry.share * rose.of(entry.weather_id)
            for end in outcomes(scenario.leak, chemical, scenario.vessel_kg, entry, terrain):
                for period, part in zip(PERIODS, (day, 1 - day), strict=True):
                    frequencies.append(base * end.probability * part)
                    deaths.append(_deaths(around, end, period))
    return np.concatenate(frequencies), np.concatenate(deaths)


def _deaths(around: Floats, end: Outcome, period: str) -> Floats:
    """Deaths for wind from each sector: presence, and the shares of people indoors and outdoors."""
    indoors = assumed(f"indoors_{period}")
    share = assumed(f"presence_{period}") * (indoors * end.indoors + (1 - indoors) * end.outdoors)
    found: NDArray[np.float64] = _by_sector(around, share, N_SECTORS)
    return found


@njit(cache=True)
def _by_sector(around, share, n_sectors):  # type: ignore[no-untyped-def]
    """Sum of persons times share with the footprint turned away from each sector that the wind comes from."""
    n_angles = around.shape[1]
    step = n_angles // n_sectors
    total = np.zeros(n_sectors)
    for i in range(around.shape[0]):
        if share[i].max() <= 0.0:
            continue
        for j in range(n_angles):
            if around[i, j] <= 0.0:
                continue
            for sector in range(n_sectors):
                off = (j - sector * step - n_angles // 2) % n_angles
                total[sector] += around[i, j] * share[i, min(off, n_angles - off)]
    return total
