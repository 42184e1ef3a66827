"""Work in parts that several processes may do: what a part needs is given to it, and parts come back in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Share(Protocol):
    """Does a function on every item, each time with the same common values after it; results in the order of the items.

    Function and values must be such that another process can have them: plain functions of modules, arrays, frames.
    """

    def __call__(self, function: Callable[..., Any], items: Sequence[Any], *common: Any) -> list[Any]: ...


def alone(function: Callable[..., Any], items: Sequence[Any], *common: Any) -> list[Any]:
    """Every part here, one after the other."""
    return [function(item, *common) for item in items]
