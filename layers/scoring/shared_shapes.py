"""Shapes that many threads ask about at once, prepared so that each answer is fast."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Geometries = NDArray[np.object_]


class SharedShapes:
    """Which of some shapes meet or cover a place, asked by any number of threads.

    A prepared shape of GEOS (3.14) works in memory of its own while it compares edges: two threads that ask the same
    one end the process, also when all its indexes are made. The prepared copies therefore never leave this class, and
    one thread at a time asks them.
    """

    def __init__(self, shapes: Geometries) -> None:
        self._shapes = shapely.force_2d(shapes)  # copies: the shapes that were given stay as they are
        shapely.prepare(self._shapes)
        self._lock = threading.Lock()

    def meet(self, place: Any, rows: Any = slice(None)) -> NDArray[np.bool_]:
        """Which shapes, or those of some rows, have a point in common with a place."""
        with self._lock:
            found: NDArray[np.bool_] = shapely.intersects(self._shapes[rows], place)
        return found

    def cover(self, places: Any) -> NDArray[np.bool_]:
        """Which shapes hold a place, edge included; of one shape, which of many places it holds."""
        with self._lock:
            found: NDArray[np.bool_] = shapely.covers(self._shapes, places)
        return found
