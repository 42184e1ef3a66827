"""Explanations for those who may not see every source: the figures still add up, the hidden sources have no name or place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

POINT = "point_id"
KEPT = ("level", "share", "points", "source_layer", "is_assumption")
"""What may be told of a source that may not be seen: enough for the sum, too little for its place."""
HIDDEN_WORD = "＊"


def redacted(answer: Any, visible: Collection[str]) -> Any:
    """A JSON value in which every source that is not among the visible ones keeps its share alone.

    >>> redacted([{"point_id": "R1", "name": "a", "points": 3, "distance_m": 8.0}], {"R2"})
    [{'point_id': None, 'name': '＊', 'points': 3, 'distance_m': None}]
    """
    if isinstance(answer, list):
        return [redacted(entry, visible) for entry in answer]
    if not isinstance(answer, dict):
        return answer
    if isinstance(answer.get(POINT), str) and answer[POINT] not in visible:
        return {key: value if key in KEPT else HIDDEN_WORD if key == "name" else None for key, value in answer.items()}
    return {key: redacted(value, visible) for key, value in answer.items()}
