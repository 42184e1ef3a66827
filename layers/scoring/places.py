"""In which town a thing lies."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely


def town_names(frame: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> pd.Series[str]:
    """Name of the town in which a representative point of each feature lies; None outside every town."""
    names = pd.Series(None, index=frame.index, dtype=object)
    geometry = np.asarray(frame.geometry.to_numpy(), dtype=object)
    if not len(frame) or not len(towns):
        return names
    tree = shapely.STRtree(towns.geometry.to_numpy())
    row, town = tree.query(shapely.point_on_surface(geometry), predicate="intersects")
    first, where = np.unique(row, return_index=True)
    names.iloc[first] = towns["name"].to_numpy()[town[where]]
    return names
