"""What occurred before in a source that comes in batches: its keys, and values and shapes that only one feature should have.

Texts are remembered by two 64-bit hashes, 64 bytes each at most, so that millions of rows fit where a set of texts would not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from etl.packing import Hashes, text_hashes

FIRST_SLOTS = 1024
LARGEST_SHARE = 0.75
"""Of the slots that may be taken; a fuller table is searched too long."""
MOVED_AT_ONCE = 2**17
"""Slots that go into a larger table together: copies of them all would be the most memory of a large load."""
STEP_WHILE_SMALL = 8
"""How much larger the next table is while tables are small: every step moves all that is there."""
NOBODY = -1


class FirstPlaces:
    """Which pair of hashes was taken in at which place first; places count from 0."""

    def __init__(self) -> None:
        self._slots = np.zeros((FIRST_SLOTS, 2), dtype="uint64")
        self._places = np.full(FIRST_SLOTS, NOBODY, dtype="int64")
        self._n_slots_taken = 0
        self.n_places = 0

    def add(self, hashes: Hashes) -> NDArray[np.int64]:
        """Take pairs in (rows x 2), each at the next place; the place where each occurred first, its own where it is new."""
        while (self._n_slots_taken + len(hashes)) > LARGEST_SHARE * len(self._slots):
            self._grow()
        own = np.arange(self.n_places, self.n_places + len(hashes), dtype="int64")
        first = np.empty(len(hashes), dtype="int64")
        self._n_slots_taken += _take(self._slots, self._places, np.ascontiguousarray(hashes), own, first)
        self.n_places += len(hashes)
        return first

    def is_new(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Take pairs in; True for those that were not there yet, an earlier row of `hashes` included."""
        before = self.n_places
        return np.asarray(self.add(hashes) == np.arange(before, self.n_places))

    def has(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Which pairs are there already; takes nothing in."""
        first = np.empty(len(hashes), dtype="int64")
        _take(self._slots, self._places, np.ascontiguousarray(hashes), np.full(len(hashes), NOBODY, dtype="int64"), first)
        return np.asarray(first != NOBODY)

    def _grow(self) -> None:
        slots, places = self._slots, self._places
        n_slots = len(slots) * (STEP_WHILE_SMALL if len(slots) < MOVED_AT_ONCE else 2)
        self._slots = np.zeros((n_slots, 2), dtype="uint64")
        self._places = np.full(n_slots, NOBODY, dtype="int64")
        for first in range(0, len(slots), MOVED_AT_ONCE):
            piece = slice(first, first + MOVED_AT_ONCE)
            is_taken = places[piece] != NOBODY
            _take(self._slots, self._places, slots[piece][is_taken], places[piece][is_taken], np.empty(int(is_taken.sum()), dtype="int64"))


@njit(cache=True, nogil=True)
def _take(slots, places, hashes, own, first):  # type: ignore[no-untyped-def]
    """Look each pair up by open addressing; where it is new and `own` is a place, keep it. The number kept."""
    n_new = 0
    last = np.uint64(len(slots) - 1)
    one = np.uint64(1)
    for row in range(len(hashes)):
        slot = hashes[row, 0] & last
        while places[slot] >= 0 and (slots[slot, 0] != hashes[row, 0] or slots[slot, 1] != hashes[row, 1]):
            slot = (slot + one) & last
        if places[slot] < 0 and own[row] >= 0:
            slots[slot, 0], slots[slot, 1] = hashes[row, 0], hashes[row, 1]
            places[slot] = own[row]
            n_new += 1
        first[row] = places[slot]
    return n_new


class FirstHolders:
    """The feature that held a value first, over all batches of a source."""

    def __init__(self) -> None:
        self._values = FirstPlaces()
        self._ids: list[pd.Series] = []
        self._begins: list[int] = []

    def others(self, hashes: Hashes, feature_ids: pd.Series) -> pd.Series:
        """For each row the number of the feature that held its value first, None where that is the row's own."""
        begin = self._values.n_places
        self._ids.append(feature_ids.astype("str").reset_index(drop=True))
        self._begins.append(begin)
        first = self._values.add(hashes)
        others = pd.Series(None, index=feature_ids.index, dtype=object)
        for row in np.flatnonzero(first != np.arange(begin, begin + len(first))):
            batch = int(np.searchsorted(self._begins, first[row], side="right")) - 1
            others.iloc[row] = str(self._ids[batch].iloc[first[row] - self._begins[batch]])
        return others


@dataclass
class Repeats:
    """The keys of a source so far, of good rows and of faulty ones."""

    _good: FirstPlaces = field(default_factory=FirstPlaces)
    _faulty: FirstPlaces = field(default_factory=FirstPlaces)
    _contents: FirstPlaces = field(default_factory=FirstPlaces)
    _alone: list[pd.DataFrame] = field(default_factory=list)

    def repeated_contents(self, keys: pd.Series, contents: Hashes) -> NDArray[np.bool_]:
        """Good rows that say what an earlier good row says, key included."""
        return ~self._contents.is_new(text_hashes(keys) ^ contents[:, None])

    def repeated_keys(self, rows: pd.DataFrame, is_faulty: NDArray[np.bool_], *, with_faulty: bool) -> NDArray[np.bool_]:
        """Rows whose key is another row's: the first good row keeps its key, every other one repeats it.

        A faulty row that stands alone so far is remembered: `late` tells whether a good one with its key came after it.

        Parameters
        ----------
        rows : ``feature_id`` (None: never a repeat), ``source_file``, ``source_row``.
        with_faulty : whether faulty rows are looked at too; they hold a key against other faulty ones only.
        """
        hashes = text_hashes(rows["feature_id"])
        has_key = rows["feature_id"].notna().to_numpy()
        good, faulty = np.flatnonzero(has_key & ~is_faulty), np.flatnonzero(has_key & is_faulty)
        is_repeat = np.zeros(len(rows), dtype=bool)
        is_repeat[good] = ~self._good.is_new(hashes[good])
        if with_faulty and len(faulty):
            is_repeat[faulty] = self._good.has(hashes[faulty]) | ~self._faulty.is_new(hashes[faulty])
            alone = faulty[~is_repeat[faulty]]
            self._alone.append(rows.iloc[alone].assign(first=hashes[alone, 0], second=hashes[alone, 1]))
        return is_repeat

    def late(self) -> pd.DataFrame:
        """Faulty rows whose key a good row of a later batch holds: ``feature_id``, ``source_file``, ``source_row``."""
        if not self._alone:
            return pd.DataFrame(columns=["feature_id", "source_file", "source_row"])
        alone = pd.concat(self._alone, ignore_index=True)
        is_repeat = self._good.has(alone[["first", "second"]].to_numpy(dtype="uint64"))
        return alone.loc[is_repeat, ["feature_id", "source_file", "source_row"]]
