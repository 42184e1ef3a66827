"""Scenarios of every unit of a county, listed: those behind the individual risk, those a report stands for, blasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from layers.scoring.assessment_scope import covered
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.frequencies import WeatherClass, WindRose, checked_weather, default_wind_rose
from layers.scoring.hazard_events import EVENT_FIELDS, HazardEvent, event_rows, explosive_events, unit_events
from layers.scoring.individual_risk import stamp_of
from layers.scoring.release_scenarios import NOT_SOURCES, UnitScenarios, unit_scenarios
from layers.scoring.sharing import Share, alone
from layers.scoring.unit_risk import UNIT_LAYERS, Assessment

Events = tuple[HazardEvent, ...]
KEPT_FIELDS = ["stamp", "number", *EVENT_FIELDS]


def scenario_rows(
    found: Assessment, layers: Mapping[str, pd.DataFrame], *, weather: tuple[WeatherClass, ...] | None, rose: WindRose | None,
    terrain: str = TERRAINS[0], kept: pd.DataFrame | None = None, share: Share = alone,
    on: date | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the layer `unit_scenarios`, and the events by stamp that a later edition may take over.

    Units that quantitative risk judges, planned ones too; where a report holds, the same screening beside it. Explosives of
    any unit by their overpressure, for reference where another standard judges the store. Units of other methods have no row.

    Parameters
    ----------
    found, layers, weather, rose, terrain : the assessment and what it was made from
    on : the day whose limits of overpressure hold
    kept : what an earlier edition kept, made by the same code and rules
    """
    known = _by_stamp(kept)
    units: dict[str, tuple[str, Events]] = {}
    for field in found.fields.values():
        for table in field.tables:
            events = table.events if table.events is not None else known[table.stamp]
            units.setdefault(table.unit.unit_id, (table.stamp, events))
    units |= _reported(found, layers, checked_weather(weather), rose or default_wind_rose(), terrain, known, share)
    by_unit: dict[str, Sequence[HazardEvent]] = {unit: events for unit, (_, events) in units.items()}
    for unit, blasts in _explosives(layers, on).items():
        by_unit[unit] = (*by_unit.get(unit, ()), *blasts)
    methods = found.methods
    elsewhere = frozenset(methods.unit_id[methods.method == "out_of_scope"])
    return event_rows(by_unit, reference=elsewhere), _kept(list(units.values()))


def _reported(
    found: Assessment, layers: Mapping[str, pd.DataFrame], weather: tuple[WeatherClass, ...], rose: WindRose, terrain: str,
    known: Mapping[str, Events], share: Share,
) -> dict[str, tuple[str, Events]]:
    """Units under a report's contours, which the individual risk does not compute."""
    units = layers["hazard_units"]
    drawn = set(found.official["enterprise_id"].dropna().astype(str))
    theirs = {name: layers[name] for name in UNIT_LAYERS} | {"hazard_units": units[units["enterprise_id"].astype(str).isin(drawn)]}
    placed, _ = unit_scenarios(covered(theirs, found.methods)[0])
    stamps = [stamp_of(unit, weather, rose, terrain) for unit in placed]
    new = [unit for unit, stamp in zip(placed, stamps, strict=True) if stamp not in known]
    made = dict(zip((unit.unit_id for unit in new), share(_events_of, new, weather, terrain), strict=True))
    return {
        unit.unit_id: (stamp, made[unit.unit_id] if unit.unit_id in made else known[stamp])
        for unit, stamp in zip(placed, stamps, strict=True)
    }


def _events_of(unit: UnitScenarios, weather: tuple[WeatherClass, ...], terrain: str) -> Events:
    return unit_events(unit.scenarios, weather, terrain)


def _explosives(layers: Mapping[str, pd.DataFrame], on: date | None) -> dict[str, Events]:
    """Blasts of units that are not closed."""
    units = layers["hazard_units"]
    if units.empty:
        return {}
    there = set(units["unit_id"][units["status"] != NOT_SOURCES[1]].astype(str))
    return {unit: events for unit, events in explosive_events(layers, on).items() if unit in there}


def _kept(units: Sequence[tuple[str, Events]]) -> pd.DataFrame:
    """Events once a stamp, in a form that is kept with the edition."""
    by_stamp = dict(units)
    rows = [
        {"stamp": stamp, **{name: getattr(event, name) for name in KEPT_FIELDS[1:]}}
        for stamp in sorted(by_stamp)
        for event in by_stamp[stamp]
    ]
    return pd.DataFrame(rows, columns=KEPT_FIELDS)


def _by_stamp(kept: pd.DataFrame | None) -> dict[str, Events]:
    if kept is None:
        return {}
    plain = kept.astype(object).where(kept.notna(), None)
    return {
        str(stamp): tuple(HazardEvent(**row) for row in part.drop(columns="stamp").to_dict("records"))
        for stamp, part in plain.groupby("stamp", sort=True)
    }
