"""What a reader must be told to read a sheet rightly: stands on a plate in a corner of the map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.export.map_drawing import MapContent
from app.export.spec import SheetSpec
from app.export.words import sheet_words
from layers.catalog import Layer

VERIFIED = ("law_text", "official_text")
"""Values of `source_type` that need no remark: the figure was read in the standard or law itself."""


def sheet_notes(spec: SheetSpec, content: MapContent, layers: Sequence[Layer]) -> list[str]:
    """What a reader must know to read the map rightly, most important first."""
    words = sheet_words(spec.lang)
    hidden = [layer for layer in layers if _is_hidden(content, layer.id)]
    titles = words["separator"].join(
        layer.title_zh if spec.lang == "zh" else layer.title_en for layer in hidden
    )
    candidates = {
        words["synthetic"]: spec.is_synthetic,
        words["screening"]: True,
        words["unrated"]: _any_drawn(content, "level", "unrated"),
        words["assumption"]: _any_drawn(content, "is_assumption", True),
        words["unverified"]: _any_drawn(content, "is_estimated", True) or _any_unverified(content),
        words["dots"]: content.has_dots,
        words["hidden"].format(layers=titles): bool(hidden),
    }
    return [*(note for note, is_due in candidates.items() if is_due), *spec.notes]


def _is_hidden(content: MapContent, layer_id: str) -> bool:
    return bool(len(content.features[layer_id])) and not content.drawn.get(layer_id, np.zeros(1, bool)).any()


def _drawn_values(content: MapContent, column: str) -> list[Any]:
    """Values of a column among the features that are visible."""
    drawn = [(features.rows, content.drawn.get(layer_id)) for layer_id, features in content.features.items()]
    return [
        value
        for rows, seen in drawn
        if seen is not None and column in rows
        for value in rows.loc[seen, column]
    ]


def _any_drawn(content: MapContent, column: str, wanted: Any) -> bool:
    return any(value == wanted for value in _drawn_values(content, column))


def _any_unverified(content: MapContent) -> bool:
    return any(
        isinstance(value, str) and value not in VERIFIED for value in _drawn_values(content, "source_type")
    )
