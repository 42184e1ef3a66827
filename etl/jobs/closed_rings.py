"""Polygons out of a drawing: draughtsmen draw an area as a closed line, and the reader gives the line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely

from etl.manifest import Manifest
from etl.read import Batch

LINE, FEWEST_POINTS = 1, 4


def pick(batch: Batch, manifest: Manifest) -> Batch:
    """Closed lines of four points and more become polygons; open ones stay lines, which the checks refuse."""
    lines = np.asarray(batch.frame["geometry"].to_numpy(), dtype=object)
    is_ring = (
        (shapely.get_type_id(lines) == LINE)
        & shapely.is_closed(lines)
        & (shapely.get_num_points(lines) >= FEWEST_POINTS)
    )
    areas = lines.copy()
    areas[is_ring] = [shapely.Polygon(line) for line in lines[is_ring]]
    return replace(batch, frame=batch.frame.assign(geometry=areas))


prepare = pick
"""Each line is looked at by itself: in pieces or all at once comes to the same."""
