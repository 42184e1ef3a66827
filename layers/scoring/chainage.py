"""Chainage and side along a pipeline, from its own start chainage and in true metres."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from layers.errors import InputError
from layers.scoring.measure import Floats, Geometries, Integers, line_pieces, local_scale

ON_LINE_M = 0.005


@dataclass(frozen=True)
class Chainage:
    """Measures along one pipeline, in true metres from its start chainage, through its parts in the given order.

    A gap between two parts adds nothing. `left` and `right` are those of a person walking up the chainage.
    """

    parts: Geometries
    crs: pyproj.CRS
    start_m: float = 0.0

    @classmethod
    def along(cls, line: BaseGeometry, crs: pyproj.CRS, start_m: float = 0.0) -> Chainage:
        """Chainage of a LineString or MultiLineString in the metric `crs`; `InputError` for anything else."""
        parts = shapely.get_parts(line)
        if not len(parts) or not np.all(shapely.get_type_id(parts) == 1):
            raise InputError(
                "geometry", f"a pipeline needs at least one line, got {line.geom_type if line else line}"
            )
        return cls(parts, crs, start_m)

    @property
    def length_m(self) -> float:
        return float(self._measures[1][-1])

    @property
    def end_m(self) -> float:
        return self.start_m + self.length_m

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.parts)

    @cached_property
    def _measures(self) -> tuple[Floats, Floats]:
        """At every vertex, all parts in one row: metres on the map and true metres since the start."""
        planar, true = [], []
        planar_before = true_before = 0.0
        for part in self.parts:
            xy_m = shapely.get_coordinates(part)
            steps = np.hypot(*np.diff(xy_m, axis=0).T)
            scale = local_scale(self.crs, (xy_m[:-1] + xy_m[1:]) / 2)
            planar.append(planar_before + np.concatenate([[0.0], np.cumsum(steps)]))
            true.append(true_before + np.concatenate([[0.0], np.cumsum(steps / scale)]))
            planar_before, true_before = planar[-1][-1], true[-1][-1]
        return np.concatenate(planar), np.concatenate(true)

    def at(self, points: Geometries) -> Floats:
        """Chainage in metres of the place on the line nearest to each point."""
        return self.nearest(points)[0]

    def nearest(self, points: Geometries) -> tuple[Floats, Floats]:
        """Chainage of the place on the line nearest to each point, and its distance in true metres."""
        pieces, tree, before = self._pieces
        nearest: Integers = tree.nearest(points)
        measure = before[nearest] + shapely.line_locate_point(pieces[nearest], points)
        planar, true = self._measures
        apart: Floats = shapely.distance(pieces[nearest], points)
        scale = local_scale(self.crs, shapely.get_coordinates(points))
        return self.start_m + np.interp(measure, planar, true), apart / scale

    @cached_property
    def _pieces(self) -> tuple[Geometries, shapely.STRtree, Floats]:
        """Short pieces of the line, so that a place is sought near by; their tree; metres on the map before each."""
        pieces, _ = line_pieces(self.parts)
        before: Floats = np.concatenate([[0.0], np.cumsum(shapely.length(pieces))[:-1]])
        return pieces, shapely.STRtree(pieces), before

    def side(self, points: Geometries) -> NDArray[np.object_]:
        """``left``, ``right`` or ``on`` (within 5 mm of the line) of each point.

        Beside a bend the mean direction of both arms decides, so that a point outside a sharp bend keeps its side.
        """
        nearest = self._tree.nearest(points)
        parts = self.parts[nearest]
        measure, length = shapely.line_locate_point(parts, points), shapely.length(parts)
        step = np.minimum(0.01, length / 4)
        behind = shapely.get_coordinates(
            shapely.line_interpolate_point(parts, np.maximum(measure - step, 0.0))
        )
        ahead = shapely.get_coordinates(
            shapely.line_interpolate_point(parts, np.minimum(measure + step, length))
        )
        foot = shapely.get_coordinates(shapely.line_interpolate_point(parts, measure))
        away = shapely.get_coordinates(points) - foot
        along = ahead - behind
        turn = along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0]
        sides = np.where(turn > 0, "left", "right").astype(object)
        sides[np.hypot(*away.T) <= ON_LINE_M] = "on"
        return sides

    def stretch(self, from_m: float | None, to_m: float | None) -> BaseGeometry:
        """The line from one chainage to another, open ends meaning the ends of the line."""
        if from_m is None and to_m is None:
            return shapely.multilinestrings(self.parts)
        return self.between(self.start_m if from_m is None else from_m, self.end_m if to_m is None else to_m)

    def between(self, from_m: float, to_m: float) -> BaseGeometry:
        """The stretch of line between two chainages; `InputError` where they are off the line or out of order."""
        if not (self.start_m - ON_LINE_M <= from_m < to_m <= self.end_m + ON_LINE_M):
            raise InputError(
                "from_m", f"{from_m:g} to {to_m:g} must rise within {self.start_m:g} to {self.end_m:g}"
            )
        planar, true = self._measures
        low, high = np.interp([from_m - self.start_m, to_m - self.start_m], true, planar)
        stretches, before = [], 0.0
        for part in self.parts:
            length = float(part.length)
            if low < before + length and high > before:
                start, stop = max(low - before, 0.0), min(high - before, length)
                stretches.append(substring(part, start, stop))
            before += length
        return shapely.union_all(stretches) if len(stretches) == 1 else shapely.multilinestrings(stretches)


def start_of(pipeline: pd.Series[Any]) -> float:
    """Chainage at which a line begins, metres; 0 where none was delivered."""
    start_m = pipeline.get("start_chainage_m")
    return 0.0 if pd.isna(start_m) else float(start_m)
