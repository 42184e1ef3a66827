"""Individual risk of a county: 50 units, every leak, six weather classes, 16 directions, cells of 25 m.

The peer is the same sum in plain numpy and scipy: for every unit, weather and direction each cell looks its value up by
distance and angle off the wind. It runs on cells of 800 m, for on 25 m it would take hours; ours runs there too, and both must
give the same figures.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from http import HTTPStatus

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from flask.testing import FlaskClient
from scipy.ndimage import map_coordinates

from app import create_app
from layers.errors import AtlasError
from layers.scoring.consequence.inputs import Floats
from layers.scoring.footprint_grid import N_ANGLES, N_HALF, RADII_M
from layers.scoring.frequencies import N_SECTORS, WeatherClass, WindRose, default_weather
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import CUTOFF_PER_YEAR, UnitTable, individual_risk, lay_on, off_wind_risk, turned
from layers.scoring.people import residents_in_cells
from layers.scoring.release_scenarios import UnitScenarios, unit_scenarios
from layers.scoring.societal_risk import societal_risk
from layers.store import Place, edition_schema
from tests.benchmarks.county import published
from tests.benchmarks.result import Measured, median, seconds_of

N_UNITS = 50
COUNTY_M = (37_000.0, 30_000.0)
CELL_M, COARSE_M, PEOPLE_M = 25.0, 800.0, 100.0
REPEATS = 3
N_QUESTIONS = 6
SEED = 20261122
CHEMICALS = (("氯", "7782-50-5"), ("氨", "7664-41-7"), ("液化石油气", None), ("环氧乙烷", "75-21-8"), ("正己烷", "110-54-3"),
             ("二氧化硫", "7446-09-5"), ("氢", "1333-74-0"))  # fmt: skip
KINDS = ("tank_farm", "production", "warehouse")


def run(place: Place) -> Iterator[Measured]:
    """A county's field, the same sum beside the peer, societal risk, cost an update; then the sample county scored whole, and what-if."""
    layers, rose, weather = county(), uneven_rose(), default_weather()
    grid = Grid.for_area((0.0, 0.0, *COUNTY_M), CELL_M)
    small = Grid.for_area((0.0, 0.0, 400.0, 400.0), CELL_M)
    individual_risk(layers, grid=small, weather=weather, wind_rose=rose)  # compiles the loops and reads the library
    taken = seconds_of(lambda: individual_risk(layers, grid=grid, weather=weather, wind_rose=rose), REPEATS)
    yield Measured("risk", f"individual risk, {N_UNITS} units, 25 m cells", grid.rows * grid.cols, REPEATS, median(taken), "s")
    yield beside_peer(layers, weather, rose)
    persons = np.random.default_rng(SEED).gamma(0.3, 10.0, Grid.for_area((0.0, 0.0, *COUNTY_M), PEOPLE_M).shape)
    people = residents_in_cells(persons, Grid.for_area((0.0, 0.0, *COUNTY_M), PEOPLE_M))
    taken = seconds_of(lambda: societal_risk(layers, people=people, weather=weather, wind_rose=rose), 1)
    yield Measured("risk", f"societal risk, {N_UNITS} units, 100 m cells", persons.size, 1, median(taken), "s")
    yield from cost_of_updates()
    yield from whole_county()


def cost_of_updates() -> Iterator[Measured]:
    """Nanoseconds a cell update of one unit's table laid on 25 m and on 12.5 m cells: the same where cost is linear."""
    for cell_m in (CELL_M, CELL_M / 2):
        grid = Grid.for_area((0.0, 0.0, *COUNTY_M), cell_m)
        tables = individual_risk(county(), grid=Grid.for_area((0.0, 0.0, 400.0, 400.0), cell_m)).tables
        n_updates = float(sum(np.pi * _reach_m(table) ** 2 for table in tables)) / cell_m**2
        seconds = min(seconds_of(lambda grid=grid, tables=tables: lay_on(grid, tables), REPEATS))  # type: ignore[misc]
        yield Measured("risk", f"a cell update, {cell_m:g} m cells", int(n_updates), REPEATS, seconds / n_updates * 1e9, "ns")


def _reach_m(table: UnitTable) -> float:
    """Distance beyond which a unit adds nothing."""
    rings = np.flatnonzero(table.table.max(axis=1) > 0)
    return float(RADII_M[rings[-1]]) if len(rings) else 0.0


def whole_county() -> Iterator[Measured]:
    """The sample county: all of `score`, and a changed amount asked of the server, first and again."""
    with published() as (own, seconds, n_rows):
        yield Measured("risk", "whole scoring of the sample county", n_rows, 1, seconds["score"], "s")
        client = create_app({"HOME": own.home, "DATABASE_URL": own.open_url(), "TESTING": True}).test_client()
        with own.engine.connect() as connection:
            names = ("unit_id", "chemical_name", "amount_t", "feature_id")
            held = sa.table("unit_chemicals", *(sa.column(name) for name in names), schema=edition_schema(1))
            query = sa.select(held).where(held.c.amount_t > 0, held.c.chemical_name.is_not(None))
            chosen = connection.execute(query.order_by(sa.func.md5(held.c.feature_id)).limit(N_QUESTIONS)).all()
        [opened] = seconds_of(lambda: client.get("/api/what-if").get_data(), 1)
        yield Measured("risk", "what-if, the county read into memory", n_rows, 1, opened, "s")
        times = [_asked(client, row.unit_id, row.chemical_name, row.amount_t) for row in chosen]
        yield Measured("risk", "what-if, another amount, first", n_rows, 1, times[0], "s")
        yield Measured("risk", "what-if, another amount, again", n_rows, len(times) - 1, median(times[1:]), "s")


def _asked(client: FlaskClient, unit_id: str, chemical: str, amount_t: float) -> float:
    """Seconds of one question; raises `AtlasError` where it is not answered."""
    body = {"edits": [{"action": "amount", "id": unit_id, "chemical": chemical, "amount_t": 2 * amount_t}]}
    started = time.perf_counter()
    answer = client.post("/api/what-if", json=body)
    taken = time.perf_counter() - started
    if answer.status_code != HTTPStatus.OK:
        raise AtlasError(f"what-if was not answered: {answer.get_data(as_text=True)[:200]}")
    return taken


def beside_peer(layers: dict[str, pd.DataFrame], weather: Sequence[WeatherClass], rose: WindRose) -> Measured:
    """The sum over weather, directions and cells, both from the same footprints."""
    grid = Grid.for_area((0.0, 0.0, *COUNTY_M), COARSE_M)
    units, _ = unit_scenarios(layers)
    fields = [[off_wind_risk(unit.scenarios, entry, "rural") for entry in weather] for unit in units]
    ours, theirs = np.zeros(grid.shape), np.zeros(grid.shape)

    def by_us() -> None:
        ours[:] = lay_on(grid, [UnitTable(unit, _table(own, weather, rose)) for unit, own in zip(units, fields, strict=True)])

    def by_peer() -> None:
        theirs[:] = sum(_looked_up(unit, own, weather, rose, grid) for unit, own in zip(units, fields, strict=True))

    mine, peer = median(seconds_of(by_us, REPEATS)), median(seconds_of(by_peer, 1))
    is_same = bool(np.allclose(ours, theirs, rtol=1e-6, atol=N_UNITS * CUTOFF_PER_YEAR))
    case = f"sum over weather and directions, {COARSE_M:g} m cells"
    return Measured("risk", case, grid.rows * grid.cols, REPEATS, mine, "s", "numpy, scipy", peer, peer / mine, is_same)


def _table(own: Sequence[Floats], weather: Sequence[WeatherClass], rose: WindRose) -> Floats:
    total = sum(entry.share * turned(field, rose.of(entry.weather_id)) for entry, field in zip(weather, own, strict=True))
    return np.where(total < CUTOFF_PER_YEAR, 0.0, total)


def _looked_up(unit: UnitScenarios, own: Sequence[Floats], weather: Sequence[WeatherClass], rose: WindRose, grid: Grid) -> Floats:
    """One unit's risk at every cell: each of the 16 sectors blows evenly from 9 directions 2.5 degrees apart."""
    west, south, east, north = grid.bounds
    x = np.linspace(west, east, grid.cols, endpoint=False) + grid.cell_m / 2 - unit.x_m
    y = np.linspace(north, south, grid.rows, endpoint=False) - grid.cell_m / 2 - unit.y_m
    dx, dy = np.meshgrid(x, y)
    ring = np.interp(np.hypot(dx, dy), RADII_M, np.arange(len(RADII_M)), right=np.nan)
    is_near = np.isfinite(ring)
    bearing = np.arctan2(dx, dy)[is_near] / (2 * np.pi) * N_ANGLES
    total, per_sector = np.zeros(is_near.sum()), N_ANGLES // N_SECTORS
    for entry, field in zip(weather, own, strict=True):
        for sector, share in enumerate(rose.of(entry.weather_id)):
            for shift in range(-(per_sector // 2), per_sector // 2 + 1):
                off = np.abs((bearing - sector * per_sector - shift) % N_ANGLES - N_ANGLES // 2)
                value = map_coordinates(field, [ring[is_near], np.minimum(off, N_HALF - 1)], order=1, mode="nearest")
                total += entry.share * share / per_sector * value
    found = np.zeros(grid.shape)
    found[is_near] = total
    return found


def county() -> dict[str, pd.DataFrame]:
    """Fifty units from a fixed seed, scattered over the county; metres of a transverse Mercator."""
    rng = np.random.default_rng(SEED)
    names = [f"U{n:02d}" for n in range(N_UNITS)]
    places = shapely.points(rng.uniform(0.1, 0.9, (N_UNITS, 2)) * COUNTY_M)
    units = pd.DataFrame(
        {"unit_id": names, "enterprise_id": names, "name": names, "kind": rng.choice(KINDS, N_UNITS), "n_persons_500m": 10,
         "status": "operating"}
    )  # fmt: skip
    chosen = rng.integers(len(CHEMICALS), size=N_UNITS)
    chemicals = pd.DataFrame(
        {"unit_id": names, "chemical_name": [CHEMICALS[k][0] for k in chosen], "cas": [CHEMICALS[k][1] for k in chosen],
         "category_symbol": None, "amount_t": np.round(10 ** rng.uniform(0.7, 3.3, N_UNITS), 1)}
    )  # fmt: skip
    enterprises = pd.DataFrame({"enterprise_id": names, "kind": "hazchem_producer", "status": "operating"})
    return {"hazard_units": gpd.GeoDataFrame(units, geometry=places, crs="EPSG:4523"), "unit_chemicals": chemicals, "enterprises": enterprises}


def uneven_rose() -> WindRose:
    """Wind twice as often from the north as from the south."""
    weights = 1.5 + 0.5 * np.cos(np.arange(N_SECTORS) * 2 * np.pi / N_SECTORS)
    return WindRose((weights / weights.sum())[None, :])
