"""Chainage and side along a pipeline: true metres from its start chainage, or between the posts that state it."""

from __future__ import annotations

import re
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

from layers.errors import ChainageError, InputError
from layers.scoring.measure import Floats, Geometries, Integers, line_pieces, local_scale

ON_LINE_M = 0.005
NO_LENGTH_M = 1e-6


@dataclass(frozen=True)
class Knot:
    """A place `true_m` metres from the beginning of a line whose chainage is stated.

    `before_m` is the chainage of who arrives there, `after_m` of who goes on: they differ at a chainage equation.
    """

    true_m: float
    before_m: float
    after_m: float


@dataclass(frozen=True)
class Chainage:
    """Measures along one pipeline, through its parts in the given order.

    Without `knots` they are true metres from the start chainage, and a gap between two parts adds nothing. Between two
    knots the stated difference is spread evenly over the true length; before the first and after the last a metre is a
    metre. `left` and `right` are those of a person walking up the chainage.
    """

    parts: Geometries
    crs: pyproj.CRS
    first_m: float = 0.0
    knots: tuple[Knot, ...] = ()

    @classmethod
    def along(cls, line: BaseGeometry, crs: pyproj.CRS, start_m: float = 0.0) -> Chainage:
        """Chainage of a LineString or MultiLineString in the metric `crs`; `InputError` for anything else."""
        parts = shapely.get_parts(line)
        if not len(parts) or not np.all(shapely.get_type_id(parts) == 1):
            raise InputError(
                "geometry", f"a pipeline needs at least one line, got {line.geom_type if line else line}"
            )
        return cls(parts, crs, start_m)

    def turned(self) -> Chainage:
        """The same line drawn the other way round; what is known of its chainage is not taken along."""
        return Chainage(np.asarray(shapely.reverse(self.parts))[::-1], self.crs)

    @property
    def length_m(self) -> float:
        return float(self._measures[1][-1])

    @property
    def start_m(self) -> float:
        """Chainage at which the line begins."""
        return float(self.segments[0, 2])

    @property
    def end_m(self) -> float:
        """The largest chainage of the line."""
        return float(self.segments[:, 3].max())

    @cached_property
    def segments(self) -> Floats:
        """Stretches of even chainage, shape (n, 4): from and to in true metres, from and to in chainage."""
        length_m = self.length_m
        if not self.knots:
            return np.array([[0.0, length_m, self.first_m, self.first_m + length_m]])
        first, last = self.knots[0], self.knots[-1]
        rows = [(0.0, first.true_m, first.before_m - first.true_m, first.before_m)]
        rows += [(a.true_m, b.true_m, a.after_m, b.before_m) for a, b in zip(self.knots[:-1], self.knots[1:], strict=True)]
        rows += [(last.true_m, length_m, last.after_m, last.after_m + length_m - last.true_m)]
        kept = [row for row in rows if row[1] - row[0] > ON_LINE_M]
        return np.array(kept or rows[:1])

    def of_true(self, true_m: Floats) -> Floats:
        """Chainage of places in true metres from the beginning; at a chainage equation that of who goes on.

        Beyond the ends of the line a metre is a metre.
        """
        true_m = np.asarray(true_m, float)
        rows = self.segments
        low, high, from_m, to_m = rows[np.clip(np.searchsorted(rows[:, 0], true_m, "right") - 1, 0, len(rows) - 1)].T
        within = np.clip(true_m, low, high)
        beyond = true_m - within
        found: Floats = from_m + (within - low) * ((to_m - from_m) / (high - low)) + beyond
        return found

    def true_of(self, chainage_m: float) -> list[float]:
        """Places of a chainage in true metres from the beginning, in their order: two where it stands twice.

        Raises
        ------
        ChainageError
            The line does not reach it, or an equation leaps over it.
        """
        rows = self.segments
        is_on = (rows[:, 2] - ON_LINE_M <= chainage_m) & (chainage_m <= rows[:, 3] + ON_LINE_M)
        if not is_on.any():
            raise self._off_line(chainage_m)
        low, high, from_m, to_m = rows[is_on].T
        share = np.clip((chainage_m - from_m) / (to_m - from_m), 0.0, 1.0)
        found = np.sort(low + share * (high - low))
        is_new = np.concatenate([[True], np.diff(found) > 2 * ON_LINE_M])
        return [float(true_m) for true_m in found[is_new]]

    def _off_line(self, chainage_m: float) -> ChainageError:
        before, after = self.segments[:-1, 3], self.segments[1:, 2]
        leaps = [(low, high) for low, high in zip(before, after, strict=True) if low < chainage_m < high]
        ends = (self.start_m, self.end_m)
        return ChainageError("chainage_m", chainage_m, leaps[0] if leaps else ends, is_leap=bool(leaps))

    def places(self, chainage_m: float) -> list[shapely.Point]:
        """Points of the line with a chainage, see `true_of`."""
        return [self.place_of_true(true_m) for true_m in self.true_of(chainage_m)]

    def place_of_true(self, true_m: float) -> shapely.Point:
        """The point of the line at true metres from its beginning."""
        planar, true = self._measures
        left = float(np.interp(true_m, true, planar))
        for part in self.parts[:-1]:
            if left < part.length:
                return part.interpolate(left)
            left -= part.length
        return self.parts[-1].interpolate(left)

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
        true_m, apart_m = self.nearest_true(points)
        return self.of_true(true_m), apart_m

    def nearest_true(self, points: Geometries) -> tuple[Floats, Floats]:
        """True metres from the beginning of the place on the line nearest to each point, and its distance."""
        pieces, tree, before = self._pieces
        nearest: Integers = tree.nearest(points)
        measure = before[nearest] + shapely.line_locate_point(pieces[nearest], points)
        planar, true = self._measures
        apart: Floats = shapely.distance(pieces[nearest], points)
        scale = local_scale(self.crs, shapely.get_coordinates(points))
        if len(self.parts) > 1:
            # The end of a part before a gap belongs to what was, the beginning of the next to what comes after it.
            ends = np.cumsum(shapely.length(self.parts))
            part = self._part_of_piece[nearest]
            measure = np.clip(measure, np.append(0.0, ends)[part], ends[part] - NO_LENGTH_M)
        return np.interp(measure, planar, true), apart / scale

    @property
    def part_ends_m(self) -> list[float]:
        """True metres from the beginning at which each part ends."""
        last = np.cumsum(shapely.get_num_coordinates(self.parts)) - 1
        return [float(true_m) for true_m in self._measures[1][last]]

    @cached_property
    def _part_of_piece(self) -> Integers:
        _, of_part = line_pieces(self.parts)
        return of_part

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
        """The stretch of line between two chainages, from the first place of the one to the last of the other.

        Raises
        ------
        ChainageError
            A chainage is off the line, or they do not rise. One that an equation leaps over is moved into the stretch.
        """
        for field, chainage_m in (("from_m", from_m), ("to_m", to_m)):
            if not self.start_m - ON_LINE_M <= chainage_m <= self.end_m + ON_LINE_M:
                raise ChainageError(field, chainage_m, (self.start_m, self.end_m))
        rows = self.segments
        is_met = (rows[:, 3] > from_m) & (rows[:, 2] < to_m)
        if not from_m < to_m or not is_met.any():
            raise ChainageError("from_m", from_m, (self.start_m, to_m))
        low, high, begin_m, end_m = rows[is_met].T
        from_true = low + np.clip((from_m - begin_m) / (end_m - begin_m), 0.0, 1.0) * (high - low)
        to_true = low + np.clip((to_m - begin_m) / (end_m - begin_m), 0.0, 1.0) * (high - low)
        return self.between_true(float(from_true.min()), float(to_true.max()))

    def between_true(self, from_m: float, to_m: float) -> BaseGeometry:
        """The stretch between two places in true metres from the beginning."""
        planar, true = self._measures
        low, high = np.interp([from_m, to_m], true, planar)
        stretches, before = [], 0.0
        for part in self.parts:
            length = float(part.length)
            if low < before + length and high > before:
                start, stop = max(low - before, 0.0), min(high - before, length)
                stretches.append(substring(part, start, stop))
            before += length
        return shapely.union_all(stretches) if len(stretches) == 1 else shapely.multilinestrings(stretches)


WRITTEN = re.compile(r"\s*K?\s*(\d{1,4})\s*\+\s*(\d{1,3}(?:\.\d{1,3})?)\s*", re.IGNORECASE)


def read_chainage(text: str) -> float | None:
    """Metres of a chainage as people write it, or as metres; None where it is neither.

    >>> read_chainage("K12+300"), read_chainage("12300.5"), read_chainage("twelve")
    (12300.0, 12300.5, None)
    """
    if match := WRITTEN.fullmatch(text):
        return 1000.0 * int(match[1]) + float(match[2])
    return float(text) if re.fullmatch(r"\d{1,8}(\.\d{1,6})?", text.strip()) else None


def start_of(pipeline: pd.Series[Any]) -> float:
    """Chainage at which a line begins, metres; 0 where none was delivered."""
    start_m = pipeline.get("start_chainage_m")
    return 0.0 if pd.isna(start_m) else float(start_m)


def written_chainage(chainage_m: float) -> str:
    """A chainage as people write it.

    >>> written_chainage(12300), written_chainage(-40.2)
    ('K12+300', '-K0+040')
    """
    kilometre, metres = divmod(abs(round(chainage_m)), 1000)
    return f"{'-' if round(chainage_m) < 0 else ''}K{kilometre}+{metres:03d}"
