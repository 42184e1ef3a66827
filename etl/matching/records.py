"""Records of enterprises from every list, in the comparable form that the linkage works on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from etl.matching.identifiers import legal_number
from etl.matching.names import Names
from etl.places.grammar import Address, Grammar
from layers.catalog import Catalog, Identity

COLUMNS = (
    "layer", "feature_id", "list_id", "code", "core", "form", "plant", "plant_number", "grams", "town", "village", "street",
    "house", "sub_house", "houses", "x_m", "y_m",
)  # fmt: skip


def comparable_records(
    frames: Mapping[str, pd.DataFrame], catalog: Catalog, *, names: Names, grammar: Grammar
) -> pd.DataFrame:
    """One row for each enterprise of each list.

    Parameters
    ----------
    frames : layer id -> frame in the metric CRS with the layer's fields, ``feature_id``, ``source_id``, ``geometry``.

    Returns
    -------
    DataFrame
        `COLUMNS` and ``unique_id``, the row's number. `list_id` is the layer and source: records of one list are
        never compared. ``x_m``, ``y_m`` in the metric CRS, NaN where unplaced; texts folded, None where missing.
    """
    parts = [
        _records(frame, layer_id, catalog[layer_id].identity, names=names, grammar=grammar)
        for layer_id, frame in sorted(frames.items())
        if len(frame)
    ]
    joined = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    joined = joined.sort_values(["layer", "feature_id"], ignore_index=True)
    return joined.assign(unique_id=np.arange(len(joined)))


def _records(frame: pd.DataFrame, layer_id: str, identity: Identity, *, names: Names, grammar: Grammar) -> pd.DataFrame:
    who = [names.parse(value) for value in _texts(frame, identity.name)]
    where = [grammar.parse(value) for value in _texts(frame, identity.address)]
    # A town field of its own is what the office says now; addresses may name the town of other times.
    towns = [grammar.parse(value).town or parsed.town for value, parsed in zip(_texts(frame, identity.town), where, strict=True)]
    points = frame.geometry.centroid
    return pd.DataFrame({
        "layer": layer_id,
        "feature_id": frame["feature_id"].to_numpy(),
        "list_id": [f"{layer_id}/{source}" for source in frame["source_id"]],
        "code": _codes(frame, identity),
        "core": [name.core or None for name in who],
        "form": [name.form or None for name in who],
        "plant": [name.plant for name in who],
        "plant_number": pd.array([name.plant_number for name in who], dtype="Int64"),
        "grams": [name.grams for name in who],
        "town": [town or None for town in towns],
        "village": [address.village or None for address in where],
        "street": [address.street or None for address in where],
        "house": pd.array([address.number for address in where], dtype="Int64"),
        "sub_house": pd.array([address.sub_number or 0 for address in where], dtype="Int64"),
        "houses": [_houses(address) for address in where],
        "x_m": points.x.to_numpy(),
        "y_m": points.y.to_numpy(),
    })  # fmt: skip


def _houses(address: Address) -> list[int]:
    return [] if address.number is None else sorted({address.number, *address.other_numbers})


def _texts(frame: pd.DataFrame, field: str) -> list[str | None]:
    if not field:
        return [None] * len(frame)
    return [value if isinstance(value, str) else None for value in frame[field]]


def _codes(frame: pd.DataFrame, identity: Identity) -> list[str | None]:
    """The first valid number of each row, in the order that the layer names its fields."""
    codes: list[str | None] = [None] * len(frame)
    for field in identity.numbers:
        codes = [known or legal_number(value) for known, value in zip(codes, _texts(frame, field), strict=True)]
    return codes
