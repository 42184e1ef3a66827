"""The history of one feature, for the command."""

from __future__ import annotations

import sqlalchemy as sa

from layers.catalog import Catalog
from layers.errors import NotFoundError
from layers.history import State, feature_states


def feature_history(engine: sa.Engine, catalog: Catalog, layer_id: str, feature_id: str) -> list[State]:
    """Every state of a feature, oldest first, as `feature_states` tells it.

    Raises
    ------
    UnknownLayerError, NotFoundError
        There is no such layer, or no such feature was ever loaded.
    """
    layer = catalog[layer_id]
    with engine.connect() as connection:
        states = feature_states(connection, layer, feature_id)
    if not states:
        raise NotFoundError(f"layer {layer_id} never had a feature {feature_id}")
    return states
