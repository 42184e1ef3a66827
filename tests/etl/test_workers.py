"""Sharing the work changes no bit: any tiles, real Dask workers, one of them killed in the middle."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.workers import shared
from layers.errors import WorkersError
from layers.scoring.distances import find_violations
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import individual_risk
from layers.scoring.policy import load_policy
from layers.scoring.rules import read_rules
from layers.scoring.tiling import Tile, tile_surface, tiled_surface
from layers.scoring.zoning import RiskSurface, risk_index
from tests.etl.dask_cluster import CONNECT_S, patient_connections, running_cluster, wait_for_workers
from tests.layers.scoring.risk_cases import (
    CHLORINE,
    PROPANE,
    chemical,
    plant,
    square,
    unit,
)

METRIC = "EPSG:32648"
POLICY = load_policy("weighted_index_2026A")
GRID = Grid(50.0, west_cell=-3, north_cell=150, rows=150, cols=170)


def sources(seed: int, n: int = 60) -> gpd.GeoDataFrame:
    """Points, lines in two parts and polygons over a grid of about 8 km."""
    dice = np.random.default_rng(seed)
    xy = dice.uniform(-500, 8800, (n, 2))
    shapes = [shapely.Point(*place) for place in xy]
    for i in range(0, n, 5):
        shapes[i] = shapely.LineString([xy[i], xy[i] + dice.uniform(-3000, 3000, 2)])
    for i in range(1, n, 7):
        shapes[i] = shapely.box(*xy[i], *(xy[i] + dice.uniform(50, 600, 2)))
    names = [f"s:{i:04d}" for i in range(n)]
    names[5] = names[0] + ":hca"
    columns = {"point_id": names, "strength": dice.uniform(0.2, 0.9, n), "radius_m": dice.uniform(80, 1500, n),
               "help_factor": 1.0, "level": "orange"}  # fmt: skip
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=METRIC)


def same_bits(one: RiskSurface, two: RiskSurface) -> bool:
    bands = [(getattr(one, name), getattr(two, name)) for name in ("index", "hazard", "level")]
    return all(a.tobytes() == b.tobytes() for a, b in bands)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), tile_cells=st.integers(7, 200))
def test_any_tiling_gives_the_same_bits(seed: int, tile_cells: int) -> None:
    points = sources(seed)
    v = np.random.default_rng(seed).uniform(0.7, 1.2, GRID.shape).astype(np.float32)
    mask = np.random.default_rng(seed + 1).uniform(size=GRID.shape) < 0.9
    whole = risk_index(points, GRID, POLICY, vulnerability=v, mask=mask)
    assert same_bits(tiled_surface(points, GRID, POLICY, vulnerability=v, mask=mask, tile_cells=tile_cells), whole)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("etl.workers.CONNECT_S", CONNECT_S)
    with patient_connections():
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, list["subprocess.Popen[bytes]"]]]:
    """One cluster for the tests that leave it as it was."""
    with running_cluster() as running:
        yield running


def slow_tile(tile: Tile, policy: object, seconds: float) -> object:
    """A tile that takes a while, so that a worker can be killed in the middle of the work."""
    time.sleep(seconds)
    return tile_surface(tile, policy)  # type: ignore[arg-type]


def test_two_workers_measure_and_colour_as_one_process(cluster: tuple[str, list["subprocess.Popen[bytes]"]]) -> None:
    address, _ = cluster
    wait_for_workers(address, 2)
    layers = houses_beside_a_line()
    points, rules, on = sources(3), read_rules(), date(2026, 6, 30)
    with shared(scheduler=address) as share:
        assert share is not None
        tiled = tiled_surface(points, GRID, POLICY, tile_cells=40, share=share)
        report = find_violations(layers, rules, on=on, share=share)
    alone = find_violations(layers, rules, on=on)
    assert same_bits(tiled, risk_index(points, GRID, POLICY))
    assert len(alone.violations) and report.violations.equals(alone.violations)
    assert report.unassessed.equals(alone.unassessed)


def test_own_workers_start_where_the_port_that_dask_prefers_is_taken() -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # somebody else has it: just as well
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        with shared(workers=2) as share:
            assert share is not None


def test_workers_compute_the_very_tables_of_units(cluster: tuple[str, list["subprocess.Popen[bytes]"]]) -> None:
    layers = plant(chemical(CHLORINE, 20.0), chemical(PROPANE, 100.0, unit_id="U2"), units=(unit("U1"), unit("U2", x=400.0)))
    alone = individual_risk(layers, grid=square(1000.0))
    with shared(scheduler=cluster[0]) as share:
        assert share is not None
        found = individual_risk(layers, grid=square(1000.0), share=share)
    assert len(alone.tables) == 2 and alone.tables[0].table.max() > 0
    assert [entry.table.tobytes() for entry in found.tables] == [entry.table.tobytes() for entry in alone.tables]


def test_worker_killed_in_the_middle_changes_nothing() -> None:
    points = sources(4)
    with running_cluster() as (address, workers):
        wait_for_workers(address, 2)
        killer = threading.Timer(1.0, lambda: workers[0].send_signal(signal.SIGKILL))
        with shared(scheduler=address) as share:
            assert share is not None
            killer.start()
            tiled = tiled_surface(
                points, GRID, POLICY, tile_cells=40, share=lambda function, items, *common: share(slow_tile, items, *common, 0.3)
            )
        killer.join()
        assert workers[0].wait(timeout=120) == -signal.SIGKILL
    assert same_bits(tiled, risk_index(points, GRID, POLICY))


def test_worker_lost_while_it_is_given_its_data_changes_nothing(
    cluster: tuple[str, list["subprocess.Popen[bytes]"]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Client
    from distributed.comm import CommClosedError

    scatter, asked = Client.scatter, []

    def breaks_once(client: Client, *given: object, **options: object) -> object:
        asked.append(given)
        if len(asked) == 2:
            raise CommClosedError("the worker is gone")
        return scatter(client, *given, **options)

    monkeypatch.setattr(Client, "scatter", breaks_once)
    with shared(scheduler=cluster[0]) as share:
        assert share is not None
        assert share(divided, [1, 2, 4]) == [1.0, 0.5, 0.25]
    assert len(asked) == 2 + 3


def test_error_of_a_part_is_told_and_not_tried_again(cluster: tuple[str, list["subprocess.Popen[bytes]"]]) -> None:
    with shared(scheduler=cluster[0]) as share, pytest.raises(ZeroDivisionError):
        assert share is not None
        share(divided, [1, 0])


def divided(number: int) -> float:
    return 1 / number


def test_scheduler_that_is_not_there_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.workers.CONNECT_S", 1)
    with pytest.raises(WorkersError, match="no Dask scheduler answers"), shared(scheduler="tcp://127.0.0.1:9"):
        pass


def test_scheduler_without_this_code_is_a_clear_error(tmp_path: Path) -> None:
    """It reads what it hands on; before, a trace of Dask came in the middle of the scoring."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
    scheduler = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with pytest.raises(WorkersError, match="PYTHONPATH"), shared(scheduler=f"tcp://127.0.0.1:{port}"):
            pass
    finally:
        scheduler.kill()
        scheduler.wait(timeout=120)


def houses_beside_a_line() -> dict[str, gpd.GeoDataFrame]:
    """A transmission line with houses on both sides, some too near."""
    line = shapely.LineString([(500_000, 3_200_000), (504_000, 3_200_000)])
    pipelines = gpd.GeoDataFrame(
        {"feature_id": ["P1"], "pipeline_id": ["P1"], "name": ["线"], "kind": ["transmission"], "medium": ["natural_gas"],
         "diameter_mm": [500.0], "pressure_mpa": [6.3], "start_chainage_m": [0.0], "status": ["operating"], "accuracy_m": [1.0]},
        geometry=[line], crs=METRIC,
    )  # fmt: skip
    places = [(500_100 + 300 * i, 3_200_000 + (-1) ** i * (2.0 + 3.0 * i)) for i in range(12)]
    houses = gpd.GeoDataFrame(
        {"feature_id": [f"B{i:02d}" for i in range(12)], "use": "residential", "built_year": 2015, "accuracy_m": 0.5},
        geometry=[shapely.box(x, y, x + 8, y + (1 if y > 3_200_000 else -1) * 8) for x, y in places], crs=METRIC,
    )  # fmt: skip
    return {"pipelines": pipelines, "buildings": houses}
