"""The local shift of an old datum, searched by evidence: which move of a delivery brings its places to roads and buildings.

No parameters of Xi'an 80 and Beijing 54 are published. Over a county the shift to CGCS2000 is nearly one move of all places,
so that it can be tried: it is fitted on one half of the places, judged on the other, and told only where no other move does
nearly as well. What is found is a proposal, written as a PROJ string with ``+towgs84`` that a person may confirm.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from layers.catalog import Area
from layers.crs import transform_geometry

Floats = NDArray[np.float64]
REACH_M = 160.0
"""Farther than any shift reported of the two datums (`layers.crs.OLD_DATUM_ACCURACY_M`)."""
STEPS_M = (12.0, 4.0, 1.0)
"""Steps of the search, each around the best place of the one before."""
CAP_M = 40.0
"""A place farther from everything known speaks for nothing."""
MOST_PLACES, LEAST_PLACES = 160, 40
N_OTHERS = 6
LEAST_SHIFT_M = 15.0
HALVES_AGREE_M = 12.0
OTHER_PEAK_M = 48.0
CLEARLY_WORSE = 1.25
"""Least ratio of what the best other move leaves to what the best one leaves."""
SURE_Z = 3.0


@dataclass(frozen=True)
class LocalShift:
    """A move of all places in the metric CRS, metres; `before_m` and `after_m` are medians of places it was not fitted on."""

    east_m: float
    north_m: float
    before_m: float
    after_m: float
    n_judged: int
    error_m: float
    """How far apart the fits of the two halves are: what the shift itself may err by."""


def local_shift(places: Floats, references: Mapping[str, NDArray[np.object_]]) -> LocalShift | None:
    """The one move that brings places to the features they stand near; None where none is told by them.

    Parameters
    ----------
    places : in the metric CRS, NaN where there are none.
    references : features that places stand near, by name.
    """
    given = places[np.isfinite(places).all(axis=1)]
    trees = [shapely.STRtree(shapes) for shapes in references.values() if len(shapes)]
    if len(given) < LEAST_PLACES or not trees:
        return None
    given = given[:: -(-len(given) // MOST_PLACES)]
    halves, moves = (given[::2], given[1::2]), _around(np.zeros(2), REACH_M, STEPS_M[0])
    coarse = [_left(half, moves, trees) for half in halves]
    fits = [_refined(half, moves[np.argmin(left)], trees) for half, left in zip(halves, coarse, strict=True)]
    error_m, move = float(np.hypot(*(fits[0] - fits[1]))), (fits[0] + fits[1]) / 2
    if error_m > HALVES_AGREE_M or not _is_alone(given, move, moves, coarse[0] + coarse[1], trees):
        return None
    before = np.concatenate([_nearest(half, trees, cap_m=np.inf) for half in halves])
    after = np.concatenate([_nearest(half + fit, trees, cap_m=np.inf) for half, fit in zip(halves, reversed(fits), strict=True)])
    if not _is_sure(before - after):
        return None
    return LocalShift(*(round(float(value), 1) for value in (*move, np.median(before), np.median(after))), len(given), round(error_m, 1))


def _is_sure(gain: Floats) -> bool:
    """Sign test: whether the move brings clearly more places nearer than it takes away."""
    gain = gain[np.abs(gain) > 0.5]
    return len(gain) >= LEAST_PLACES // 2 and (np.mean(gain > 0) - 0.5) / np.sqrt(0.25 / len(gain)) > SURE_Z


def _is_alone(places: Floats, move: Floats, moves: Floats, left: Floats, trees: list[shapely.STRtree]) -> bool:
    """Whether every move far from the best one leaves the places clearly farther from what is known.

    `left` is what each of the coarse `moves` leaves; the best of the far ones are looked at closely.
    """
    is_far = np.hypot(*(moves - move).T) > OTHER_PEAK_M
    starts = moves[is_far][np.argsort(left[is_far])[:N_OTHERS]]
    others = [_left(places, _refined(places, start, trees)[None, :], trees)[0] for start in starts]
    best = _left(places, move[None, :], trees)[0]
    return bool((min(others) + 1.0) / (best + 1.0) > CLEARLY_WORSE)


def _refined(places: Floats, start: Floats, trees: list[shapely.STRtree]) -> Floats:
    """The best move around a coarse one, to a metre."""
    best = start
    for reach_m, step_m in itertools.pairwise(STEPS_M):
        moves = _around(best, reach_m, step_m)
        best = moves[np.argmin(_left(places, moves, trees))]
    return best


def _around(middle: Floats, reach_m: float, step_m: float) -> Floats:
    """Moves on a square grid around one, the middle among them."""
    steps = np.arange(-np.floor(reach_m / step_m), np.floor(reach_m / step_m) + 1) * step_m
    return np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) + middle


def _left(places: Floats, moves: Floats, trees: list[shapely.STRtree]) -> Floats:
    """Mean distance that each move leaves, metres, at most `CAP_M` a place."""
    moved = (places[None, :, :] + moves[:, None, :]).reshape(-1, 2)
    return np.asarray(_nearest(moved, trees).reshape(len(moves), len(places)).mean(axis=1))


def _nearest(places: Floats, trees: list[shapely.STRtree], *, cap_m: float = CAP_M) -> Floats:
    """Distance of each place to the nearest feature of each reference, at most `cap_m`; their mean over references."""
    points, total = shapely.points(places), np.zeros(len(places))
    for tree in trees:
        distances = np.full(len(places), cap_m)
        limit = {"max_distance": cap_m} if np.isfinite(cap_m) else {}
        found, near = tree.query_nearest(points, return_distance=True, all_matches=False, **limit)
        distances[found[0]] = near
        total += distances
    return total / len(trees)


def shifted_crs(crs: str, east_m: float, north_m: float, area: Area) -> str:
    """An old CRS with the translation (``+towgs84``) that moves places by so many metres in the middle of the area."""
    west, south, east, north = area.home
    middle = np.array([shapely.Point((west + east) / 2, (south + north) / 2)], dtype=object)
    metric = shapely.get_coordinates(transform_geometry(middle, area.storage_crs, area.metric_crs))[0]
    points = shapely.points(np.array([metric, metric + (east_m, north_m)]))
    (lon, lat), (to_lon, to_lat) = shapely.get_coordinates(transform_geometry(points, area.metric_crs, area.storage_crs))
    old = pyproj.CRS.from_user_input(crs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyproj warns that PROJ strings lose the name
        plain = old.to_proj4().replace(" +no_defs", "").replace(" +type=crs", "")
    ellipsoid = old.ellipsoid
    if ellipsoid is None:
        raise ValueError(f"{crs} has no ellipsoid")
    own = f"+a={ellipsoid.semi_major_metre} +rf={ellipsoid.inverse_flattening}"
    translation = np.array(_geocentric(to_lon, to_lat, "+ellps=WGS84")) - np.array(_geocentric(lon, lat, own))
    return f"{plain} +towgs84={','.join(f'{value:.2f}' for value in translation)} +no_defs +type=crs"


def _geocentric(lon_deg: float, lat_deg: float, ellipsoid: str) -> tuple[float, float, float]:
    turn = pyproj.Transformer.from_pipeline(f"+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=cart {ellipsoid}")
    x, y, z = turn.transform(lon_deg, lat_deg, 0.0)
    return float(x), float(y), float(z)
