"""Positions for addresses on a real city: rows whose position is hidden are placed, and the errors compared with what was stated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from etl.places.calibration import GOOD_M, calibrate
from etl.places.gazetteer import build_gazetteer
from etl.places.placing import guesses
from etl.places.search import held_out_rows, wanted_rows
from layers.catalog import load_catalog
from layers.store import Place
from tests.benchmarks.real_city import REAL_CITY, city_frames, city_grammar
from tests.benchmarks.result import Measured, percentile

LISTS = ("factories", "regulated_sources", "fire_stations", "police_stations", "towns")
HIDDEN_SHARE = 0.2


@dataclass(frozen=True)
class Placed:
    """One hidden row: how it was placed, how far off, what was stated."""

    method: str
    error_m: float
    accuracy_m: float
    score: float


def hidden_rows(*, seed: int = 7) -> tuple[int, list[Placed]]:
    """How many rows of the factory registry were hidden, and what became of those that got a position."""
    catalog = load_catalog()
    area, frames = city_frames(LISTS)
    frames = {layer_id: frame.assign(positioned=np.where(shapely.is_missing(frame.geometry.to_numpy()), "unplaced", "delivered")) for layer_id, frame in frames.items()}
    factories = frames["enterprises"]
    known = np.flatnonzero(~shapely.is_missing(factories.geometry.to_numpy()))
    hidden = np.random.default_rng(seed).permutation(known)[: int(len(known) * HIDDEN_SHARE)]
    frames["enterprises"] = _without(factories, hidden)
    grammar, names = city_grammar(area, frames)
    gazetteer = build_gazetteer(frames, catalog, grammar=grammar, names=names)
    calibration = calibrate(gazetteer, held_out_rows(gazetteer, frames, catalog))
    rows = factories.iloc[hidden].reset_index(drop=True)
    placed = []
    for wanted, truth in zip(wanted_rows(gazetteer, rows, catalog["enterprises"]), rows.geometry, strict=True):
        guess = calibration.best(guesses(gazetteer, wanted))
        if guess is not None:
            error_m = math.hypot(guess.x_m - truth.x, guess.y_m - truth.y)
            placed.append(Placed(guess.method, error_m, calibration.accuracy_m(guess), calibration.score(guess)))
    return len(hidden), placed


def _without(frame: gpd.GeoDataFrame, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> gpd.GeoDataFrame:
    geometry = frame.geometry.to_numpy().copy()
    geometry[rows] = None
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs))


def coverage(placed: list[Placed]) -> float:
    """Share of positions within their stated accuracy."""
    return sum(row.error_m <= row.accuracy_m for row in placed) / max(len(placed), 1)


def run(place: Place) -> Iterator[Measured]:
    """Share placed, median and 90 % error, share within the stated accuracy; in all and by way."""
    if not REAL_CITY.exists():
        return
    n_hidden, placed = hidden_rows()
    yield Measured("places", "share of hidden rows placed", n_hidden, 1, len(placed) / n_hidden, "share")
    for method in ["", *sorted({row.method for row in placed})]:
        rows = [row for row in placed if not method or row.method == method]
        errors = [row.error_m for row in rows]
        title = method or "all ways"
        yield Measured("places", f"median error, {title}", len(rows), 1, percentile(errors, 50), "m")
        yield Measured("places", f"90 % error, {title}", len(rows), 1, percentile(errors, 90), "m")
        yield Measured("places", f"within stated accuracy, {title}", len(rows), 1, coverage(rows), "share")
    for low, high in ((0.9, 1.01), (0.7, 0.9), (0.5, 0.7), (0.0, 0.5)):
        rows = [row for row in placed if low <= row.score < high]
        good = sum(row.error_m <= GOOD_M for row in rows) / max(len(rows), 1)
        yield Measured("places", f"within {GOOD_M:g} m where the score is {low:g} to {min(high, 1):g}", len(rows), 1, good, "share")
