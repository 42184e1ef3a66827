"""The ends of a leak as they are remembered: without what lies beyond their reach."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from layers.scoring.consequence.inputs import Floats
from layers.scoring.consequence.properties import Chemical
from layers.scoring.footprint_grid import N_HALF, RADII_M
from layers.scoring.footprints import Outcome, ends_of_leak
from layers.scoring.frequencies import WeatherClass

KEPT_LEAKS = 2048
"""Leaks under one weather whose ends are remembered: those of a county. One takes some 40 kB."""


def outcomes(
    leak: str, chemical: Chemical, vessel_kg: float, weather: WeatherClass, terrain: str, bore_m: float = 0.0
) -> tuple[Outcome, ...]:
    """Every end of the event tree of a leak: fire, flash fire, explosion, poison.

    Remembered: the individual risk, the list of leaks and the societal risk ask for the same ends (`footprints.ends_of_leak`).
    """
    return tuple(end.whole() for end in _kept_outcomes(leak, chemical, vessel_kg, weather, terrain, bore_m))


@dataclass(frozen=True)
class _KeptOutcome:
    """An `Outcome` without the radii beyond its reach, and with one column where all angles are alike."""

    kind: str
    probability: float
    parts: tuple[Floats, ...]
    use: tuple[int, int, int]

    def whole(self) -> Outcome:
        spread = [_unpacked(part) for part in self.parts]
        return Outcome(self.kind, self.probability, *(spread[place] for place in self.use))


def _unpacked(part: Floats) -> Floats:
    shape = (len(RADII_M), N_HALF)
    if part.shape == shape:
        return part
    if part.shape[1] == 1:
        column = np.zeros((shape[0], 1))
        column[: len(part)] = part
        return np.broadcast_to(column, shape)
    found = np.zeros(shape)
    found[: len(part)] = part
    return found


def _packed(values: Floats) -> Floats:
    columns = values[:, :1] if values.strides[1] == 0 else values
    n_used = int(np.flatnonzero(columns.any(axis=1)).max(initial=-1)) + 1
    return columns[:n_used].copy()


@lru_cache(maxsize=KEPT_LEAKS)
def _kept_outcomes(
    leak: str, chemical: Chemical, vessel_kg: float, weather: WeatherClass, terrain: str, bore_m: float
) -> tuple[_KeptOutcome, ...]:
    found = []
    for end in ends_of_leak(leak, chemical, vessel_kg, weather, terrain, bore_m):
        arrays = (end.death, end.outdoors, end.indoors)
        first = [next(place for place, other in enumerate(arrays) if other is array) for array in arrays]
        own = sorted(set(first))
        use = (own.index(first[0]), own.index(first[1]), own.index(first[2]))
        found.append(_KeptOutcome(end.kind, end.probability, tuple(_packed(arrays[place]) for place in own), use))
    return tuple(found)
