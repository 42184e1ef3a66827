"""Small made-up sources on a small grid, shared by the tests of zones, explanations and towns."""

import geopandas as gpd
import numpy as np
import shapely

from layers.crs import metric_crs
from layers.scoring.grid import Grid
from layers.scoring.policy import load_policy

WEIGHTED, MAXIMUM = load_policy("weighted_index_2026A"), load_policy("grid_maximum_2026A")
CRS = metric_crs(105.0, 30.0)
GRID = Grid(50.0, 0, 40, 40, 40)
STRENGTHS = {"red": 0.85, "orange": 0.55, "yellow": 0.35, "blue": 0.15}


def source(geometry, *, level="orange", strength=None, radius_m=300.0, name="a", assumed=False, owner=None):
    if not isinstance(geometry, shapely.Geometry):
        geometry = shapely.Point(geometry)
    strength = STRENGTHS.get(level) if strength is None else strength
    return {
        "point_id": name,
        "geometry": geometry,
        "level": level,
        "strength": strength,
        "radius_m": radius_m,
        "is_assumption": assumed,
        "enterprise_id": owner,
        "source_layer": "enterprises",
        "source_feature_id": name,
        "name": name,
        "kind": "other_enterprise",
        "basis": "declared",
        "reason_zh": None,
        "reason_en": None,
        "rule_id": None,
        "clause": None,
        "responsible_office": None,
        "town_name": None,
    }


def frame(*rows):
    return gpd.GeoDataFrame(list(rows), geometry="geometry", crs=CRS)


def random_sources(seed, n, *, side_m=2000.0):
    """Points, lines and polygons (one with a hole) of all levels, some beyond the grid."""
    rng = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        x, y = rng.uniform(-200, side_m + 200, 2)
        shapes = [
            shapely.Point(x, y),
            shapely.LineString(rng.uniform(0, side_m, (4, 2))),
            shapely.Point(x, y).buffer(rng.uniform(5, 160), quad_segs=4),
            shapely.Point(x, y).buffer(220).difference(shapely.Point(x, y).buffer(140)),
            shapely.MultiPoint([(x, y), (x + 130, y)]),
        ]
        level = str(rng.choice(list(STRENGTHS)))
        rows.append(
            source(shapes[i % 5], level=level, radius_m=float(rng.uniform(60, 500)), name=f"s{i:04d}")
        )
    return frame(*rows)
