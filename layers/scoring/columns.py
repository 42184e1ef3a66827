"""Columns of a layer as plain arrays, each made when it is first asked for: what many small questions read fast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Floats = NDArray[np.float64]


class Columns(Mapping[str, Texts]):
    """Columns by name as arrays of objects of one length, missing values as None; geometry included.

    Parameters
    ----------
    names : of all columns
    make : gives the column of a name; called once a name
    n : rows
    """

    def __init__(self, names: tuple[str, ...], make: Callable[[str], Texts], n: int) -> None:
        self._names, self._make, self.n = names, make, n
        self._made: dict[str, Texts] = {}

    def __getitem__(self, name: str) -> Texts:
        found = self._made.get(name)
        if found is None:
            if name not in self._names:
                raise KeyError(name)
            found = self._made[name] = self._make(name)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def rows(self, chosen: Any) -> Columns:
        """The same columns at positions or under a mask."""
        n = int(chosen.sum()) if chosen.dtype == bool else len(chosen)
        return Columns(self._names, lambda name: self[name][chosen], n)

    def with_column(self, name: str, values: Texts) -> Columns:
        """The same columns with one put in."""
        names = self._names if name in self._names else (*self._names, name)
        return Columns(names, lambda wanted: values if wanted == name else self[wanted], self.n)


def columns_of(frame: pd.DataFrame) -> Columns:
    """The columns of a frame; the frame must not be changed afterwards."""
    plain = pd.DataFrame(frame, copy=False)

    def make(name: str) -> Texts:
        column: Texts = plain[name].to_numpy(object)
        is_missing = pd.isna(column)
        if is_missing.any():
            column = column.copy()
            column[is_missing] = None
        return column

    return Columns(tuple(str(name) for name in plain.columns), make, len(plain))


NO_COLUMNS = Columns(("feature_id",), lambda _: np.empty(0, object), 0)
"""Of a layer that is not there."""


def numbers(table: Mapping[str, Texts], name: str) -> Floats:
    """A column as numbers, NaN where there is none; all NaN where the layer has no such column."""
    if name not in table:
        return np.full(len(table["feature_id"]), np.nan)
    found: Floats = table[name].astype(float)
    return found


def texts(table: Mapping[str, Texts], name: str) -> Texts:
    """A column as it is; all None where the layer has no such column."""
    return table[name] if name in table else np.full(len(table["feature_id"]), None, object)
