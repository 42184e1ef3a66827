"""Small plants for the tests of individual and societal risk; positions by metres from the centre of `frames`."""

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.scoring.frequencies import WindRose
from layers.scoring.grid import Grid
from tests.layers.scoring.frames import CRS, X, Y, point

CHLORINE = ("氯", "7782-50-5")
PROPANE = ("液化石油气", "68476-85-7")
HEXANE = ("正己烷", "110-54-3")
OXIRANE = ("环氧乙烷", "75-21-8")
HYDROGEN = ("氢", "1333-74-0")
AMMONIA = ("氨", "7664-41-7")
CARBON_MONOXIDE = ("一氧化碳", "630-08-0")
NORTH_WIND = WindRose(np.eye(1, 16))
UNEVEN = WindRose(np.array([np.arange(1.0, 17.0)]) / 136)


NO_CONNECTIONS = {"pipe_length_m": 0.0, "pipe_diameter_mm": 80.0, "n_pumps": 0, "loading_hours_per_year": 0.0}
"""A unit that states that it has vessels alone: figures by hand are about one thing."""


def unit(unit_id="U1", x=0.0, y=0.0, **fields):
    return {
        "unit_id": unit_id,
        "enterprise_id": "E1",
        "name": "unit",
        "kind": "tank_farm",
        "n_persons_500m": 10,
        "status": "operating",
        "geometry": point(x, y),
    } | NO_CONNECTIONS | fields


def chemical(substance=CHLORINE, amount_t=10.0, unit_id="U1", **fields):
    name, cas = substance
    return {
        "unit_id": unit_id,
        "chemical_name": name,
        "cas": cas,
        "category_symbol": None,
        "amount_t": amount_t,
    } | fields


def plant(*chemicals, units=(), enterprise_kind="hazchem_producer"):
    return {
        "hazard_units": gpd.GeoDataFrame(list(units) or [unit()], geometry="geometry", crs=CRS),
        "unit_chemicals": pd.DataFrame(list(chemicals)),
        "enterprises": pd.DataFrame(
            [{"enterprise_id": "E1", "kind": enterprise_kind, "status": "operating"}]
        ),
    }


def square(half_m, cell_m=25.0):
    return Grid.for_area((X - half_m, Y - half_m, X + half_m, Y + half_m), cell_m)
