"""Small made-up enterprises, units, chemicals and lines, and their levels: shared by the tests of levels."""

from datetime import date

import geopandas as gpd
import pandas as pd
from shapely import LineString, Point

from layers.crs import metric_crs
from layers.scoring.levels import rate_sources

CRS = metric_crs(105.0, 30.0)
ON = date(2026, 9, 30)


def placed(*rows):
    defaults = [{"geometry": Point(1000, 1000), **row} for row in rows]
    return gpd.GeoDataFrame(defaults, geometry="geometry", crs=CRS) if rows else gpd.GeoDataFrame()


def enterprise(key="e1", kind="general", **fields):
    return {"enterprise_id": key, "name": f"企业{key}", "kind": kind, "status": "operating", **fields}


def unit(key="u1", owner="e1", **fields):
    return {
        "unit_id": key,
        "enterprise_id": owner,
        "name": f"罐区{key}",
        "status": "operating",
        "n_persons_500m": 10,
        **fields,
    }


def chemical(owner="u1", name="液氨", cas="7664-41-7", amount_t=20.0, category=None):
    return {
        "unit_id": owner,
        "chemical_name": name,
        "cas": cas,
        "category_symbol": category,
        "amount_t": amount_t,
    }


def danger(owner="e1", deadline=date(2026, 9, 1), severity="major", status="open", key="h1"):
    return {
        "danger_id": key,
        "enterprise_id": owner,
        "severity": severity,
        "status": status,
        "deadline_on": deadline,
    }


def rated(enterprises=(), units=(), chemicals=(), declared=(), dangers=(), pipelines=(), spots=(), **options):
    layers = {
        "enterprises": placed(*enterprises),
        "hazard_units": placed(*units),
        "unit_chemicals": pd.DataFrame(chemicals),
        "declared_levels": pd.DataFrame(declared),
        "hidden_dangers": pd.DataFrame(dangers),
        "pipelines": placed(*pipelines),
        "road_black_spots": placed(*spots),
    }
    return rate_sources(layers, on=ON, **options).set_index("point_id", drop=False)


def one(**layers):
    return rated(**layers).iloc[0]


def declared_as(level, kind="general", **fields):
    return enterprise(kind=kind, declared_level=level, declared_by="局", **fields)


def line(key="p1", **fields):
    return {
        "pipeline_id": key,
        "name": key,
        "kind": "transmission",
        "status": "operating",
        "geometry": LineString([(0, 0), (1000, 0)]),
        **fields,
    }
