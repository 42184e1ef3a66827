"""Societal risk of hazard units: how often how many people would die (F-N curve), expected deaths, criterion; screening."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from layers.errors import InputError
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.consequence.inputs import Floats, assumed, coefficient, not_negative
from layers.scoring.consequence.properties import chemical_properties
from layers.scoring.footprint_grid import N_ANGLES, RADII_M
from layers.scoring.footprints import Outcome
from layers.scoring.frequencies import (
    LEAK_SOURCES,
    N_SECTORS,
    WeatherClass,
    WindRose,
    checked_weather,
    default_wind_rose,
)
from layers.scoring.leak_ends import outcomes
from layers.scoring.people import RESIDENT, STAFF, People
from layers.scoring.release_scenarios import NotAssessed, UnitScenarios, merged, unit_scenarios
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

BANDS = ("unacceptable", "alarp", "acceptable")
UNRATED = "unrated"
"""Instead of a band, where nobody knows how many people live around."""
CURVE_DEATHS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)
DEATH_DECIMALS = 9
"""Deaths are rounded here before they meet a count: 0.7 + 0.3 is one."""
LINE_TOLERANCE = 1e-9
PERIODS = ("day", "night")
ENTERPRISE_COLUMNS = ["enterprise_id", "n_units", "pll_per_year", "pll_day_per_year", "pll_night_per_year", "most_deaths",
                      "band", "times_limit", "curve", "unknown_pct", "is_incomplete", "rule_id", "clause"]  # fmt: skip


@lru_cache(maxsize=8)
def load_societal_criteria(folder: Path = RULES_DIR, on: date | None = None) -> pd.DataFrame:
    """Anchors of the two lines of GB 36894-2018 figure 1 on a day, straight between them on logarithmic axes."""
    path = folder / "societal_risk_criteria.csv"
    table = read_rules(path, numbers=("n_deaths", "unacceptable_above", "acceptable_below"), on=on)
    require(
        len(table) >= 2 and bool((table.acceptable_below > 0).all()), path, "two anchors above zero or more"
    )
    require(bool((np.diff(table.n_deaths) > 0).all()), path, "anchors must grow in deaths")
    require(bool((table.unacceptable_above > table.acceptable_below).all()), path, "the lines cross")
    falls = np.diff(table[["unacceptable_above", "acceptable_below"]].to_numpy(), axis=0) < 0
    require(bool(falls.all()), path, "a line must fall")
    return table


def societal_limits(n_deaths: Floats, on: date | None = None) -> tuple[Floats, Floats]:
    """Frequencies above which risk is unacceptable and below which it is acceptable; constant beyond the anchors."""
    table = load_societal_criteria(on=on)
    place, anchors = np.log10(n_deaths), np.log10(table.n_deaths.to_numpy())
    lines = [np.log10(table[name].to_numpy()) for name in ("unacceptable_above", "acceptable_below")]
    upper, lower = (10.0 ** np.interp(place, anchors, line) for line in lines)
    return upper, lower


def criterion_band(n_deaths: float, frequency_per_year: float, on: date | None = None) -> str:
    """Band of one point of the curve; both lines belong to ALARP.

    >>> criterion_band(10, 2e-4), criterion_band(10, 5e-5), criterion_band(10, 5e-7)
    ('unacceptable', 'alarp', 'acceptable')
    """
    if not n_deaths >= 1:
        raise InputError("n_deaths", f"{n_deaths} must be 1 or more")
    frequency = float(not_negative("frequency_per_year", frequency_per_year))
    upper, lower = societal_limits(np.array([float(n_deaths)]), on)
    if frequency > upper[0] * (1 + LINE_TOLERANCE):
        return BANDS[0]
    return BANDS[1] if frequency >= lower[0] * (1 - LINE_TOLERANCE) else BANDS[2]


@dataclass(frozen=True)
class SocietalRisk:
    """Societal risk of all units of a call, a screening.

    `curve` has ``n_deaths`` and ``frequency_per_year`` (that many or more); `pll_per_year` the expected deaths a
    year; `units` a row a unit with its share ``pll_per_year``; `band` the worst band over the curve from 1 death on.
    The criterion speaks of one enterprise's installations: `enterprises` has a row each, ``pll_per_year`` with its
    parts ``pll_day_per_year`` and ``pll_night_per_year``, ``n_units``, ``most_deaths``, ``band``, ``times_limit`` (the
    largest share of the upper line that the curve takes), ``curve`` (see `curve_points`), ``unknown_pct`` of the ground in deadly
    reach without a figure for residents, ``is_incomplete`` where that is not none, ``rule_id``, ``clause``;
    `band` of all together is no verdict.
    """

    curve: pd.DataFrame
    pll_per_year: float
    band: str
    units: pd.DataFrame
    enterprises: pd.DataFrame
    not_assessed: tuple[NotAssessed, ...]
    rule_id: str
    standard_id: str
    clause: str
    placed: tuple[UnitScenarios, ...] = ()


def societal_risk(
    layers: Mapping[str, pd.DataFrame],
    *,
    people: People,
    weather: Sequence[WeatherClass] | None = None,
    wind_rose: WindRose | None = None,
    terrain: str = "rural",
    leak_source: str = LEAK_SOURCES[0],
    on: date | None = None,
) -> SocietalRisk:
    """F-N curve and expected deaths of all standing, placed units in scope (CPR 18E 6.3-6.6).

    Parameters
    ----------
    people : residents and staff, metric CRS of the units
        Each place counts as a point, so places should be small against the clouds. The staff of a unit's own
        enterprise is left out.
    on : the day whose criterion holds

    Raises
    ------
    InputError
        What `individual_risk` refuses.
    """
    if terrain not in TERRAINS:
        raise InputError("terrain", f"{terrain!r} must be one of {', '.join(TERRAINS)}")
    if wind_rose is None:
        wind_rose = default_wind_rose()
    classes = checked_weather(weather)
    placed, skipped = unit_scenarios(layers, leak_source=leak_source)
    events = [_events(unit, around(unit, people), classes, wind_rose, terrain) for unit in placed]
    unknown = [_unknown_pct(unit, event, people) for unit, event in zip(placed, events, strict=True)]
    return _summary(placed, events, unknown, tuple(skipped), on)


def _unknown_pct(unit: UnitScenarios, events: Events, people: People) -> float:
    """Share of the ground in reach of a unit's deadly effects where nobody knows who lives there, per cent."""
    if people.coverage is None or events.reach_m <= 0:
        return 0.0
    return people.coverage.unknown_pct(unit.x_m, unit.y_m, events.reach_m)


@dataclass(frozen=True)
class Events:
    """Frequencies per year and deaths of the same events, which happen by day, and how far the farthest kills."""

    frequency: Floats
    deaths: Floats
    is_day: NDArray[np.bool_]
    reach_m: float = 0.0

    @classmethod
    def joined(cls, parts: Sequence[Events]) -> Events:
        return cls(
            np.concatenate([np.empty(0), *(part.frequency for part in parts)]),
            np.concatenate([np.empty(0), *(part.deaths for part in parts)]),
            np.concatenate([np.empty(0, bool), *(part.is_day for part in parts)]),
        )

    def at(self, is_day: bool) -> Events:
        """Those of the day or of the night."""
        chosen = self.is_day == is_day
        return Events(self.frequency[chosen], self.deaths[chosen], self.is_day[chosen])

    @property
    def expected_deaths(self) -> float:
        return float((self.frequency * self.deaths).sum())


def _summary(
    placed: Sequence[UnitScenarios], events: Sequence[Events], unknown_pct: Sequence[float], skipped: tuple[NotAssessed, ...],
    on: date | None,
) -> SocietalRisk:
    rule = load_societal_criteria(on=on).iloc[0]
    units = pd.DataFrame(
        {
            "unit_id": [unit.unit_id for unit in placed],
            "enterprise_id": [unit.enterprise_id for unit in placed],
            "pll_per_year": [event.expected_deaths for event in events],
        }
    )
    by_enterprise: dict[str, list[Events]] = {}
    unknown: dict[str, float] = {}
    for unit, event, part in zip(placed, events, unknown_pct, strict=True):
        by_enterprise.setdefault(unit.enterprise_id, []).append(event)
        unknown[unit.enterprise_id] = max(part, unknown.get(unit.enterprise_id, 0.0))
    rows = [_enterprise_row(name, own, unknown[name], on) for name, own in sorted(by_enterprise.items())]
    together = Events.joined(events)
    return SocietalRisk(
        curve=pd.DataFrame({"n_deaths": CURVE_DEATHS, "frequency_per_year": _at_counts(together)}),
        pll_per_year=together.expected_deaths,
        band=_worst_band(together, on)[0],
        units=units,
        enterprises=pd.DataFrame(rows, columns=ENTERPRISE_COLUMNS),
        not_assessed=skipped,
        rule_id=str(rule.rule_id),
        standard_id=str(rule.standard_id),
        clause=str(rule.clause),
        placed=tuple(placed),
    )


def _enterprise_row(enterprise_id: str, own: Sequence[Events], unknown_pct: float, on: date | None) -> tuple[object, ...]:
    rule = load_societal_criteria(on=on).iloc[0]
    events = Events.joined(own)
    band, times_limit = _worst_band(events, on)
    day, night = events.at(is_day=True), events.at(is_day=False)
    counted = events.deaths[(events.frequency > 0) & (events.deaths >= 1)]
    return (
        enterprise_id,
        len(own),
        events.expected_deaths,
        day.expected_deaths,
        night.expected_deaths,
        float(counted.max(initial=0.0)),
        band,
        times_limit,
        curve_points(events),
        round(unknown_pct, 1),
        unknown_pct > 0,
        str(rule.rule_id),
        str(rule.clause),
    )


def rated_with(enterprises: pd.DataFrame, people: People, *, has_population: bool) -> pd.DataFrame:
    """The rows of enterprises, unrated without any figure for residents: the staff alone can show danger and never safety.

    With figures for a part of the surroundings alone, PLL and curve are lower bounds (``is_incomplete``).
    """
    if has_population or not people.is_staff.all():
        # Where a part of the surroundings is unknown, more people may live there: never "acceptable".
        is_open = enterprises.is_incomplete.astype(bool) & (enterprises.band == BANDS[-1])
        return enterprises.assign(band=enterprises.band.where(~is_open, UNRATED))
    return enterprises.assign(band=enterprises.band.where(enterprises.band == BANDS[0], UNRATED))


def curve_points(events: Events) -> list[dict[str, float]]:
    """The F-N curve at whole counts: ``n``, ``f`` a year, and its parts ``day`` and ``night``; until nobody dies."""
    parts = {"f": events, "day": events.at(is_day=True), "night": events.at(is_day=False)}
    values = {name: _at_counts(part) for name, part in parts.items()}
    return [
        {"n": n, **{name: float(f"{column[place]:.6g}") for name, column in values.items()}}
        for place, n in enumerate(CURVE_DEATHS)
        if values["f"][place] > 0
    ]


def _at_counts(events: Events) -> list[float]:
    at, exceeded = exceedance(events.frequency, events.deaths)
    return [float(exceeded[np.searchsorted(at, n)]) if n <= at.max(initial=0) else 0.0 for n in CURVE_DEATHS]


def _worst_band(events: Events, on: date | None) -> tuple[str, float]:
    """The worst band over the whole curve, and the largest share of the upper line that it takes.

    A step of the curve counts at its right end, where it is worst.
    """
    at, exceeded = exceedance(events.frequency, events.deaths)
    if not len(at):
        return BANDS[-1], 0.0
    upper, lower = societal_limits(at, on)
    times_limit = float((exceeded / upper).max())
    if times_limit > 1 + LINE_TOLERANCE:
        return BANDS[0], times_limit
    return (BANDS[1] if (exceeded >= lower * (1 - LINE_TOLERANCE)).any() else BANDS[2]), times_limit


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


def around(unit: UnitScenarios, people: People) -> Floats:
    """Residents and staff by nearest radius and bearing of the footprints, (2, radii, angles); beyond them nobody."""
    near = people.near(unit.x_m, unit.y_m, float(RADII_M[-1]))
    dx, dy = near.x_m - unit.x_m, near.y_m - unit.y_m
    r = np.hypot(dx, dy)
    edges = (RADII_M[1:] + RADII_M[:-1]) / 2
    ring = np.searchsorted(edges, r)
    bearing = np.rint(np.arctan2(dx, dy) / (2 * np.pi) * N_ANGLES).astype(np.int64) % N_ANGLES
    counted = (r <= RADII_M[-1]) & (near.enterprise_id != unit.enterprise_id)
    table = np.zeros((2, len(RADII_M), N_ANGLES))
    kind = np.where(near.is_staff, STAFF, RESIDENT)
    np.add.at(table, (kind[counted], ring[counted], bearing[counted]), near.persons[counted])
    return table


def _events(
    unit: UnitScenarios, here: Floats, weather: Sequence[WeatherClass], rose: WindRose, terrain: str
) -> Events:
    """Every leak, weather, outcome, time of day and wind sector of one unit."""
    frequencies: list[Floats] = [np.empty(0)]
    deaths: list[Floats] = [np.empty(0)]
    by_day: list[NDArray[np.bool_]] = [np.empty(0, bool)]
    day_share = assumed("day_share")
    present = {period: _present(here, period) for period in PERIODS}
    n_deadly = 0
    for scenario in merged(unit.scenarios):
        chemical = chemical_properties(scenario.cas)
        for entry in weather:
            base = scenario.frequency_per_year * entry.share * rose.of(entry.weather_id)
            for end in outcomes(scenario.leak, chemical, scenario.vessel_kg, entry, terrain, scenario.bore_m):
                n_deadly = max(n_deadly, _n_deadly(end))
                for period, part in zip(PERIODS, (day_share, 1 - day_share), strict=True):
                    frequencies.append(base * end.probability * part)
                    deaths.append(_deaths(present[period], end, period))
                    by_day.append(np.full(N_SECTORS, period == PERIODS[0]))
    reach_m = float(RADII_M[min(n_deadly, len(RADII_M) - 1)]) if n_deadly else 0.0
    return Events(np.concatenate(frequencies), np.concatenate(deaths), np.concatenate(by_day), reach_m)


def _n_deadly(end: Outcome) -> int:
    """Radii up to the last one where at least one in a hundred people out of doors dies."""
    return int(np.flatnonzero(end.outdoors.max(axis=1) >= coefficient("deadly_share")).max(initial=-1)) + 1


def _present(here: Floats, period: str) -> Floats:
    """People there at a time of day."""
    present = assumed(f"presence_{period}") * here[RESIDENT] + assumed(f"staff_presence_{period}") * here[STAFF]
    return np.asarray(present)


def _deaths(present: Floats, end: Outcome, period: str) -> Floats:
    """Deaths for wind from each sector, by the shares of people indoors and outdoors."""
    indoors = assumed(f"indoors_{period}")
    share = indoors * end.indoors + (1 - indoors) * end.outdoors
    found: NDArray[np.float64] = _by_sector(present, share, N_SECTORS)
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
