"""Honest faults of delivered files: rows that the loader has to refuse or repair, each planted on purpose.

`cases.FAULTS` counts them by source; a fault is an additional row, so that the good rows stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Row = dict[str, Any]
Mend = Callable[[Row], Row]


def with_faulty_rows(
    rows: Sequence[Row], changes: Sequence[Mapping[str, Any] | None], *, id_column: str
) -> list[Row]:
    """Rows with copies of some of them inserted among the rest, each changed as told.

    A change of None is a plain repetition (same number); any other gets a number of its own.
    """
    result = list(rows)
    step = max(len(rows) // (len(changes) + 1), 1)
    for number, change in enumerate(changes, start=1):
        source = rows[min(number * step, len(rows) - 1)]
        copy = (
            dict(source)
            if change is None
            else dict(source) | {id_column: f"{source[id_column]}-E{number}"} | dict(change)
        )
        result.insert(min(number * step + number, len(result)), copy)
    return result


def swapped(row: Mapping[str, Any], x_column: str, y_column: str) -> Row:
    """Change that exchanges two coordinates."""
    return {x_column: row[y_column], y_column: row[x_column]}


def bow_tie(polygon: shapely.Geometry) -> shapely.Polygon:
    """The largest part of a polygon with a small loop that crosses itself, as a slip of the hand draws it."""
    part = max(shapely.get_parts(polygon), key=lambda piece: piece.area)
    ring = shapely.get_coordinates(part.exterior)
    ahead = ring[1] - ring[0]
    across = np.array([-ahead[1], ahead[0]]) / np.hypot(*ahead)
    first, second = ring[0] + 0.3 * ahead, ring[0] + 0.6 * ahead
    loop = np.array(
        [first + across * 2.0, second - across * 2.0, second + across * 2.0, first - across * 2.0]
    )
    return shapely.Polygon(np.vstack([ring[:1], loop, ring[1:]]))


def collapsed(polygon: shapely.Polygon) -> shapely.Polygon:
    """A polygon pressed to a line: nothing can repair it."""
    ring = shapely.get_coordinates(polygon.exterior)
    return shapely.Polygon([ring[0], ring[1], ring[0], ring[1], ring[0]])


def replaced(geometries: NDArray[np.object_], changes: Mapping[int, shapely.Geometry]) -> NDArray[np.object_]:
    """Geometries with some of them replaced, by position."""
    result = geometries.copy()
    for position, geometry in changes.items():
        result[position] = geometry
    return result
