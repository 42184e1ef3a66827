"""Where the safe distances that official reports state reach: a ring around each installation, while the report is valid."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.scoring.object_classes import Layers, valid_days

ARC_SEGMENTS = 32
"""Segments a quarter circle: at 4,800 m, the farthest that a report may state, an outline departs from the circle by less than 1.5 m."""
TOLD = ("distance_id", "name", "enterprise_id", "kind", "target_group", "distance_m", "measured_from", "institution", "report_number", "valid_until_on")
RING_FIELDS = ("ring_id", *TOLD, "is_estimated", "geometry")


def official_rings(layers: Layers, *, on: date) -> gpd.GeoDataFrame:
    """The ground within the distance of each report that is valid on a day, measured from what the report measures from.

    Parameters
    ----------
    layers : frames in one metric CRS; ``official_distances`` is read
    on : the day; a report that is over, or states no validity, has no ring

    Returns
    -------
    GeoDataFrame of polygons in the CRS of the distances, in the order of ``distance_id``
        ``is_estimated`` where the installation is a mere point and the ring a circle around it.
    """
    frame = layers["official_distances"]
    is_valid = valid_days(frame["valid_until_on"].to_numpy(object), on) & frame.geometry.notna().to_numpy() & (frame["distance_m"] > 0).to_numpy()
    chosen = frame[is_valid].sort_values("distance_id")
    return gpd.GeoDataFrame(_columns(chosen), columns=list(RING_FIELDS), geometry="geometry", crs=frame.crs)


def _columns(chosen: gpd.GeoDataFrame) -> dict[str, Any]:
    places = chosen.geometry.to_numpy()
    grounds = shapely.buffer(places, chosen["distance_m"].to_numpy(float), quad_segs=ARC_SEGMENTS)
    return {name: pd.Series(chosen[name].to_numpy(), dtype=chosen[name].dtype) for name in TOLD if name in chosen} | {
        "ring_id": chosen["distance_id"].to_numpy(object),
        "is_estimated": np.asarray(shapely.get_dimensions(places) == 0, bool),
        "geometry": [shapely.multipolygons([ground]) for ground in grounds],
    }
