"""Districts made by dissolving their statistical areas, because no file of districts is delivered."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import shapely

from etl.jobs import area_population
from etl.jobs.area_population import PERSONS
from etl.manifest import Manifest
from etl.read import FILE, ROW, Batch

TOWN = "TOWN_ID"

read = area_population.read


def prepare(batch: Batch, manifest: Manifest) -> Batch:
    """One row a district: outline of its areas, sum of the persons that are known; the areas count as merged.

    Where no area of a district has a count, the district has none either.
    """
    areas = area_population.prepare(batch, manifest)
    groups = areas.frame.groupby(TOWN, sort=True)
    towns = groups[[FILE, ROW]].first()
    towns[PERSONS] = groups[PERSONS].agg(_known_sum)
    outlines = groups["geometry"].agg(lambda parts: shapely.union_all(shapely.make_valid(parts.to_numpy())))
    frame = gpd.GeoDataFrame(towns.reset_index(), geometry=outlines.to_numpy())
    return replace(areas, frame=frame, n_merged=areas.n_merged + len(areas.frame) - len(frame))


def _known_sum(counts: pd.Series) -> str:
    known = pd.to_numeric(counts[counts != ""])
    return str(int(known.sum())) if len(known) else ""
