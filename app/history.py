"""What became of a feature from delivery to delivery, as far as an edition knows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from app.editions import EditionFacts
from app.errors import MissingError
from app.plain import plain
from app.texts import Text
from layers.catalog import Layer
from layers.history import feature_states


def history(connection: sa.Connection, facts: EditionFacts, layer: Layer, feature_id: str) -> dict[str, Any]:
    """Every state of a feature up to the loads that the edition was made from, oldest first.

    Raises
    ------
    MissingError
        No delivery up to that edition had such a feature; a computed one has no history of its own.
    """
    newest_load = max((source["load_id"] for source in facts.meta.get("sources", []) if source.get("load_id")), default=0)
    states = feature_states(connection, layer, feature_id, until_load=newest_load) if layer.kind == "loaded" and layer.has_table else []
    if not states:
        raise MissingError(
            Text("到版次 {edition_label} 为止,没有报送过图层 {layer_id} 的要素 {feature_id}", edition_label=facts.edition.label, layer_id=layer.id, feature_id=feature_id),
        )
    return {"layer": layer.id, "id": feature_id, "states": plain(states)}
