"""What may happen at a hazard unit: event, frequency, distance and the clauses of each, from what the individual risk sums.

A row is one end of the event tree of one leak. Distances are those of the footprints that the individual risk lays on the
grid, so a reader can follow a contour back to its leaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from layers.scoring.consequence.explosions import explosive_distance_m, load_blast_limits
from layers.scoring.consequence.inputs import Floats, assumed, coefficient
from layers.scoring.consequence.properties import Chemical, chemical_properties
from layers.scoring.explosives import Charge, charges, told_largest
from layers.scoring.footprint_grid import RADII_M
from layers.scoring.footprints import Outcome, burns
from layers.scoring.frequencies import (
    LEAK_SOURCES,
    WeatherClass,
    load_ignition,
    load_leak_frequencies,
)
from layers.scoring.leak_ends import outcomes
from layers.scoring.release_scenarios import CONNECTION_LEAKS, KG_PER_T, MM_PER_M, Scenario, outflow
from layers.scoring.rule_tables import RULES_DIR, read_rules, require
from layers.scoring.targets import TARGET_TITLES

EVENTS = ("fireball", "jet_fire", "pool_fire", "flash_fire", "explosion", "toxic", "overpressure")
OVERPRESSURE = EVENTS[-1]
HALF = 0.5
DEATH_ZH, DEATH_EN = "死亡概率1%", "1 % of people outdoors die"


@dataclass(frozen=True)
class HazardEvent:
    """One end of a leak's event tree, or one limit of a blast; SI but for tonnes and the hole's millimetres.

    `leak_frequency_per_year` is that of all such equipment of the unit, `event_frequency_per_year` that times
    `probability`. `distance_m`: farthest place, in the worst `weather` (None where all weather is alike), where the `criterion` is met (0: nowhere; None: not
    known for want of an amount); `usual_distance_m` in the weather that is most frequent; `half_death_m` where half die.
    """

    number: int
    chemical_name: str
    event: str
    criterion_zh: str
    criterion_en: str
    distance_m: float | None
    rule_id: str
    standard_id: str
    clause: str
    source_type: str
    confidence: str
    cas: str | None = None
    equipment: str | None = None
    leak: str | None = None
    hole_mm: float | None = None
    vessel_t: float | None = None
    rate_kg_s: float | None = None
    duration_s: float | None = None
    released_t: float | None = None
    leak_frequency_per_year: float | None = None
    leak_rule_id: str | None = None
    leak_clause: str | None = None
    probability: float | None = None
    probability_clause: str | None = None
    event_frequency_per_year: float | None = None
    weather: str | None = None
    half_death_m: float | None = None
    usual_distance_m: float | None = None
    usual_weather: str | None = None
    threshold_pa: float | None = None
    is_assumed: bool = False


@lru_cache(maxsize=2)
def load_events(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`hazard_events.csv` by event: the clauses of the model that gives its distance."""
    path = folder / "hazard_events.csv"
    table = read_rules(path, texts=("event",), codes={"event": EVENTS})
    require(sorted(table.event) == sorted(EVENTS), path, "each event once")
    return table.set_index("event", drop=False)


def unit_events(scenarios: Sequence[Scenario], weather: Sequence[WeatherClass], terrain: str) -> tuple[HazardEvent, ...]:
    """Every end of every leak of a unit, in the order of its leaks; equipment of one outflow keeps its own row."""
    return tuple(event for number, scenario in enumerate(scenarios, 1) for event in _of_leak(number, scenario, weather, terrain))


def _of_leak(number: int, scenario: Scenario, weather: Sequence[WeatherClass], terrain: str) -> list[HazardEvent]:
    chemical = chemical_properties(scenario.cas)
    ends: dict[str, list[tuple[WeatherClass, Outcome]]] = {}
    for entry in weather:
        for end in outcomes(scenario.leak, chemical, scenario.vessel_kg, entry, terrain, scenario.bore_m):
            if end.probability > 0:
                ends.setdefault(event_of(end, scenario, chemical), []).append((entry, end))
    usual = max(weather, key=lambda entry: entry.share)
    return [_event(number, scenario, chemical, name, found, usual, len(weather)) for name, found in ends.items()]


def event_of(end: Outcome, scenario: Scenario, chemical: Chemical) -> str:
    """What a fire is: a pool of a liquid, else a ball when all is lost at once, else a jet; other ends have their name."""
    if end.kind != "fire":
        return end.kind
    if chemical.state == "liquid":
        return "pool_fire"
    return "fireball" if scenario.release == "instantaneous" else "jet_fire"


def _event(
    number: int, scenario: Scenario, chemical: Chemical, name: str, found: Sequence[tuple[WeatherClass, Outcome]],
    usual: WeatherClass, n_weather: int,
) -> HazardEvent:
    probability = float(sum(entry.share * end.probability for entry, end in found))
    deadly = coefficient("deadly_share")
    reaches = [(reach_m(end.death, deadly), entry) for entry, end in found]
    worst_m, worst = max(reaches, key=lambda pair: pair[0])
    is_same = len({far for far, _ in reaches}) == 1 and len(reaches) == n_weather
    flow = outflow(scenario.leak, chemical, scenario.vessel_kg, scenario.bore_m)
    leak_rule, rule = _leak_rule(scenario.equipment, scenario.leak), load_events().loc[name]
    return HazardEvent(
        number, scenario.chemical_name, name, DEATH_ZH, DEATH_EN, worst_m,
        str(rule.rule_id), str(rule.standard_id), str(rule.clause), str(rule.source_type), str(rule.confidence),
        cas=scenario.cas, equipment=scenario.equipment, leak=scenario.leak, hole_mm=hole_mm(scenario),
        vessel_t=scenario.vessel_kg / KG_PER_T, rate_kg_s=flow.rate_kg_s or None, duration_s=flow.duration_s or None,
        released_t=flow.mass_kg / KG_PER_T, leak_frequency_per_year=scenario.frequency_per_year,
        leak_rule_id=leak_rule[0], leak_clause=leak_rule[1], probability=probability,
        probability_clause=_probability_clause(name, chemical), event_frequency_per_year=scenario.frequency_per_year * probability,
        weather=None if is_same else weather_name(worst), half_death_m=max(reach_m(end.death, HALF) for _, end in found),
        usual_distance_m=next((far for far, entry in reaches if entry == usual), 0.0), usual_weather=None if is_same else weather_name(usual),
        is_assumed=scenario.is_assumed,
    )  # fmt: skip


def reach_m(death: Floats, share: float) -> float:
    """Farthest distance at which the probability of death (radii, angles) reaches a share in any direction; 0 where nowhere.

    Linear between the radii, as the individual risk takes it: the edge of a cloud lies up to one step too far.
    """
    across = death.max(axis=1)
    inside = np.flatnonzero(across >= share)
    if not len(inside):
        return 0.0
    last = int(inside[-1])
    if last == len(RADII_M) - 1:
        return float(RADII_M[last])
    part = (across[last] - share) / (across[last] - across[last + 1])
    return float(RADII_M[last] + part * (RADII_M[last + 1] - RADII_M[last]))


def hole_mm(scenario: Scenario) -> float | None:
    """Diameter of the hole of a leak; None where the whole vessel fails or empties."""
    if scenario.leak == "hole_10_mm":
        return assumed("hole_diameter") * MM_PER_M
    if scenario.leak == "leak_10_pct":
        return min(assumed("leak_diameter_share") * scenario.bore_m, assumed("leak_diameter_max")) * MM_PER_M
    return scenario.bore_m * MM_PER_M if scenario.leak == "full_bore" else None


def weather_name(entry: WeatherClass) -> str:
    """Stability and wind, such as ``F 1.5 m/s``."""
    return f"{entry.stability} {entry.wind_m_s:g} m/s"


@lru_cache(maxsize=1)
def _leak_rules() -> dict[tuple[str, str], tuple[str, str]]:
    """Rule and clause by equipment and leak; of equipment that both sources name, those of the one that is used."""
    table = load_leak_frequencies()
    is_used = (table.standard_id == LEAK_SOURCES[0]).to_numpy(bool)
    rows = pd.concat([table[~is_used], table[is_used]]).itertuples()
    return {(str(row.equipment), CONNECTION_LEAKS.get(str(row.scenario), str(row.scenario))): (str(row.rule_id), str(row.clause)) for row in rows}


def _leak_rule(equipment: str, leak: str) -> tuple[str, str]:
    return _leak_rules()[equipment, leak]


@lru_cache(maxsize=1)
def _ignition_clauses() -> dict[str, str]:
    return {str(row.kind): str(row.clause) for row in load_ignition().itertuples()}


def _probability_clause(event: str, chemical: Chemical) -> str | None:
    """Clauses of the ignition that leads to an end; None for poison of what does not burn, whose probability is 1."""
    if not burns(chemical):
        return None
    kinds = {"flash_fire": ("direct", "delayed", "split"), "explosion": ("direct", "delayed", "split"), "toxic": ("direct", "delayed")}
    return "; ".join(_ignition_clauses()[kind] for kind in kinds.get(event, ("direct",)))


def explosive_events(layers: Mapping[str, pd.DataFrame], on: date | None = None) -> dict[str, tuple[HazardEvent, ...]]:
    """By unit that holds explosives: how far each limit of GB/T 37243 table 1 is exceeded, all of it at once, as TNT by its kind.

    Parameters
    ----------
    layers : ``unit_chemicals``, and ``hazard_units`` with ``enterprises``
        A unit with explosives of unknown amount has one row without an amount: how far the smallest limit of the largest
        store of its kind reaches; zero tonnes have none.
    """
    return {unit_id: _blast(charge, on) for unit_id, charge in charges(layers).items()}


def _blast(charge: Charge, on: date | None) -> tuple[HazardEvent, ...]:
    known = load_events().loc[OVERPRESSURE]
    limits = load_blast_limits(on=on).query("object == 'protection_target'").sort_values("to_pa", kind="stable")
    rows = [row for row in limits.itertuples() if charge.most_t > 0][: 1 if charge.is_missing else None]
    return tuple(
        HazardEvent(
            number, charge.names, OVERPRESSURE, *_blast_words(charge, str(row.subject), float(row.to_pa)),
            explosive_distance_m(float(row.to_pa), charge.most_t * KG_PER_T), str(row.rule_id), str(row.standard_id),
            f"{row.clause}; {known.clause}", str(row.source_type), str(row.confidence),
            vessel_t=None if charge.is_missing else charge.tnt_t, threshold_pa=float(row.to_pa), is_assumed=True,
        )
        for number, row in enumerate(rows, 1)
    )  # fmt: skip


def _blast_words(charge: Charge, classes: str, limit_pa: float) -> tuple[str, str]:
    """The limit; and how an amount was counted, or what bounds it where it is missing."""
    words_zh, words_en = zip(_limit_words(classes, limit_pa), told_largest(charge), (charge.words_zh, charge.words_en), strict=True)
    return "; ".join(filter(None, words_zh)), "; ".join(filter(None, words_en))


def _limit_words(classes: str, limit_pa: float) -> tuple[str, str]:
    titles = [TARGET_TITLES[name] for name in classes.split("|")]
    zh, en = "、".join(zh for zh, _ in titles), ", ".join(en for _, en in titles)
    return f"超压{limit_pa:.0f} Pa({zh}防护目标)", f"overpressure {limit_pa:.0f} Pa ({en} targets)"


EVENT_FIELDS = [name for name in HazardEvent.__dataclass_fields__ if name != "number"]
ROW_FIELDS = ["scenario_id", "unit_id", *EVENT_FIELDS, "is_reference", "feature_id"]


def event_rows(events: Mapping[str, Sequence[HazardEvent]], *, reference: frozenset[str] = frozenset()) -> pd.DataFrame:
    """Rows of the layer `unit_scenarios`: events by unit, in the order of the units.

    Parameters
    ----------
    reference : units whose standard is another one: their distances tell, and decide nothing
    """
    rows = [
        {**{name: getattr(event, name) for name in EVENT_FIELDS}, "unit_id": unit_id, "is_reference": unit_id in reference,
         "scenario_id": f"{unit_id}-{event.number:03d}-{event.event}"}
        for unit_id in sorted(events)
        for event in events[unit_id]
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=ROW_FIELDS)
    return table.assign(feature_id=table.scenario_id)
