"""Where a project could go: the places that are looked at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import geopandas as gpd
import numpy as np
import shapely

from app.editions import EditionFacts
from app.frames import FrameMemory
from app.site_area import PARCEL_LAYERS, _places


def test_parcels_are_copies_which_may_be_prepared() -> None:
    """What is remembered is read by other answers at the same time."""
    layer = PARCEL_LAYERS[0]
    remembered = gpd.GeoDataFrame({"geometry": shapely.box([0, 200], [0, 0], [100, 300], [100, 100])})
    frames = cast(FrameMemory, SimpleNamespace(within=lambda *asked: {layer: remembered}))
    facts = cast(EditionFacts, SimpleNamespace(ground=SimpleNamespace(cover=lambda parcels: np.array([True, True]))))
    places = _places(cast(Any, None), facts, frames, {"by": layer}, shapely.box(0, 0, 1000, 1000))
    shapely.prepare(places)
    assert shapely.equals(places, remembered["geometry"]).all()
    assert not shapely.is_prepared(remembered["geometry"].to_numpy()).any()
