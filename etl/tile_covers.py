"""Notes with an edition which tiles hold anything of each layer, so that the server answers the others at once."""

from __future__ import annotations

import numpy as np
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray

from etl.sql import statement
from layers.catalog import Catalog, Layer
from layers.store import TILE_COVER, edition_schema
from layers.tables import edition_table
from layers.tile_cover import TileCover, covered_cells


def write_tile_covers(connection: sa.Connection, catalog: Catalog, edition: int) -> None:
    """Write the covers of an edition's drawn layers into its table `TILE_COVER`, whatever stood there before."""
    columns = (sa.Column("layer", sa.Text, primary_key=True), sa.Column("cells", sa.LargeBinary, nullable=False))
    covers = sa.Table(TILE_COVER, sa.MetaData(), *columns, schema=edition_schema(edition))
    covers.drop(connection, checkfirst=True)
    covers.create(connection)
    for layer in catalog:
        if layer.is_drawn:
            cells = TileCover(_cells(connection, layer, edition)).packed()
            connection.execute(covers.insert(), {"layer": layer.id, "cells": cells})


def _cells(connection: sa.Connection, layer: Layer, edition: int) -> NDArray[np.int64]:
    table = edition_table(layer, 0, schema=edition_schema(edition))
    found = connection.execute(statement(connection, "feature_bounds", table=table)).scalar_one()
    bounds = np.frombuffer(found or b"", dtype=">f8").astype(float).reshape(-1, 4)

    def shapes_of(places: NDArray[np.intp]) -> NDArray[np.object_]:
        wanted = {"places": places.tolist()}
        found = connection.execute(statement(connection, "feature_shapes", table=table), wanted).scalars()
        return np.asarray(shapely.from_wkb([bytes(wkb) for wkb in found]), dtype=object)

    return covered_cells(bounds, shapes_of)
