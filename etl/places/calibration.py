"""How far off proposed positions are: measured on the county's own placed rows, each held out in its turn."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from etl.places.gazetteer import Gazetteer
from etl.places.placing import METHODS, Guess, Wanted, guesses

CONFIDENCE = 0.9
"""Share of positions that are to lie within their stated accuracy."""
MARGIN = 0.02
"""Added to it, so that a sample of some hundred rows still reaches it."""
GOOD_M = 250.0
"""A score is the probability that the position lies within this distance, metres."""
LEAST_HELD_OUT = 25
"""Below so many held-out rows a way is not measured but assumed."""
ASSUMED_FACTOR = 2.5
OFFSET_M = 10.0
LEAST_M = 5.0
MOST_HELD_OUT = 3000
OUTSIDE_TOWN_FACTOR = 0.5
"""What is left of a score where the position lies outside the town that the address names."""

Way = tuple[str, str, bool]
"""Method, list that knew the place, whether it is the row's own list."""


class HeldOut(NamedTuple):
    """A placed row: what is asked, and where it really is (metric CRS)."""

    wanted: Wanted
    x_m: float
    y_m: float


Ratios = dict[Way, NDArray[np.float64]]
"""Errors of held-out rows by way, each divided by the spread that the guess told of itself, sorted."""


@dataclass(frozen=True)
class Calibration:
    """What held-out rows taught: `choosing` of every guess, `stating` of those guesses that would have been chosen.

    The second table makes up for the choice: a guess that looks best is a little worse than it looks.
    """

    choosing: Ratios = field(default_factory=dict)
    stating: Ratios = field(default_factory=dict)

    def accuracy_m(self, guess: Guess) -> float:
        """The distance within which nine in ten such guesses lie, metres.

        What is read off known positions cannot be better than they are: their own accuracy comes on top.
        """
        return _accuracy_m(guess, self._ratios(guess))

    def score(self, guess: Guess) -> float:
        """The probability that the position is better than `GOOD_M`, halved where it lies outside the stated town."""
        ratios = self._ratios(guess)
        if ratios is None:
            found = METHODS[guess.method].assumed_score
        else:
            found = float(np.searchsorted(ratios, GOOD_M / (guess.raw_m + OFFSET_M), side="right") / (len(ratios) + 1))
        return round(found * (OUTSIDE_TOWN_FACTOR if guess.is_in_town is False else 1.0), 3)

    def is_measured(self, guess: Guess) -> bool:
        """Whether enough rows of this county were placed in the same way to tell its error."""
        return self._ratios(guess) is not None

    def best(self, found: Sequence[Guess]) -> Guess | None:
        """The guess that promises most: inside its town, then the smallest accuracy."""

        def order(guess: Guess) -> tuple[bool, float, str, str]:
            accuracy_m = _accuracy_m(guess, self.choosing.get(way_of(guess)))
            return (guess.is_in_town is False, accuracy_m, guess.method, guess.known_list)

        return min(found, key=order, default=None)

    def _ratios(self, guess: Guess) -> NDArray[np.float64] | None:
        way = way_of(guess)
        return self.stating.get(way, self.choosing.get(way))


def _accuracy_m(guess: Guess, ratios: NDArray[np.float64] | None) -> float:
    factor = ASSUMED_FACTOR if ratios is None else upper_quantile(ratios)
    return math.hypot(factor * (guess.raw_m + OFFSET_M), guess.known_accuracy_m, LEAST_M)


def way_of(guess: Guess) -> Way:
    """The way a guess came about, by which its error is measured."""
    return guess.method, guess.known_list, guess.is_own


def upper_quantile(ratios: NDArray[np.float64]) -> float:
    """The ratio that nine in ten do not exceed, with the rank rounded up (split conformal); `ratios` are sorted."""
    rank = math.ceil((len(ratios) + 1) * (CONFIDENCE + MARGIN))
    return float(ratios[min(rank, len(ratios)) - 1])


def calibrate(gazetteer: Gazetteer, rows: Sequence[HeldOut], *, seed: int = 1) -> Calibration:
    """Place rows whose position is known without their own help, and read off how far nine in ten are.

    At most `MOST_HELD_OUT` rows are tried, drawn with a fixed seed, and as many public places, which are few beside the rest.
    """
    order = np.random.default_rng(seed).permutation(len(rows))
    public = [at for at in order if rows[at].wanted.public]
    drawn = sorted({*order[:MOST_HELD_OUT].tolist(), *map(int, public[:MOST_HELD_OUT])})
    found = [(rows[at], guesses(gazetteer, rows[at].wanted)) for at in drawn]
    choosing = Calibration(_ratios([(row, guess) for row, candidates in found for guess in candidates]))
    chosen = [(row, choosing.best(candidates)) for row, candidates in found]
    return Calibration(choosing.choosing, _ratios([(row, guess) for row, guess in chosen if guess is not None]))


def _ratios(pairs: Sequence[tuple[HeldOut, Guess]]) -> Ratios:
    by_way: dict[Way, list[float]] = defaultdict(list)
    for row, guess in pairs:
        error_m = math.hypot(guess.x_m - row.x_m, guess.y_m - row.y_m)
        by_way[way_of(guess)].append(error_m / (guess.raw_m + OFFSET_M))
    return {way: np.sort(values) for way, values in sorted(by_way.items()) if len(values) >= LEAST_HELD_OUT}
