"""Evaluates the MapLibre expressions of the layers' styles: one file draws the sheet and the screen.

Only what a style of ours may use is here; an operator that paper does not know raises `CatalogError`, it
never draws something else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from layers.errors import CatalogError

Properties = Mapping[str, Any]

GEOMETRY_TYPE = "$geometry-type"
"""Key under which the properties hold Point, LineString or Polygon."""
ID_FIELD = {"id": "feature_id"}
"""Attributes that tiles rename."""


@dataclass(frozen=True)
class View:
    """What a style may ask besides the feature: the zoom, and the state the page sets (`policy`, `lang`)."""

    zoom: float
    state: Mapping[str, Any] = field(default_factory=dict)


def _compare(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda a, b: a is not None and b is not None and test(a, b)


def _number(value: Any, *others: Any) -> float:
    for candidate in (value, *others):
        try:
            return float(candidate)
        except (TypeError, ValueError):
            continue
    return 0.0


def _string(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _number_format(value: Any, options: Mapping[str, Any]) -> str:
    digits = options.get("max-fraction-digits", 3)
    text = f"{_number(value):,.{digits}f}"
    least = options.get("min-fraction-digits", 0)
    if "." in text and not least:
        text = text.rstrip("0").rstrip(".")
    return text


def _in(needle: Any, haystack: Any) -> bool:
    return haystack is not None and needle is not None and needle in haystack


PLAIN: dict[str, Callable[..., Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": _compare(lambda a, b: a < b),
    "<=": _compare(lambda a, b: a <= b),
    ">": _compare(lambda a, b: a > b),
    ">=": _compare(lambda a, b: a >= b),
    "!": lambda a: not a,
    "in": _in,
    "concat": lambda *parts: "".join(map(_string, parts)),
    "to-string": _string,
    "to-number": _number,
    "to-boolean": bool,
    "to-color": lambda *colours: next((colour for colour in colours if colour), None),
    "string": lambda *values: next((value for value in values if isinstance(value, str)), ""),
    "number": lambda *values: next((value for value in values if isinstance(value, int | float)), 0),
    "boolean": lambda *values: next((value for value in values if isinstance(value, bool)), False),
    "number-format": _number_format,
    "image": lambda name: name,
    "join": lambda parts, separator: separator.join(parts),
    "split": lambda text, separator: text.split(separator),
    "length": len,
    "slice": lambda value, start, end=None: value[int(start) : None if end is None else int(end)],
    "upcase": lambda text: text.upper(),
    "downcase": lambda text: text.lower(),
    "+": lambda *terms: sum(terms),
    "*": lambda *factors: math.prod(factors),
    "-": lambda a, b=None: -a if b is None else a - b,
    "/": lambda a, b: a / b if b else math.nan,
    "%": math.fmod,
    "^": lambda a, b: a**b,
    "min": min,
    "max": max,
    "abs": abs,
    "round": lambda value: None if value is None else math.floor(value + 0.5),
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "log10": math.log10,
    "ln": math.log,
}
"""Operators whose arguments are all evaluated first."""


def evaluate(expression: Any, properties: Properties, view: View) -> Any:
    """The value of a style expression for one feature.

    Parameters
    ----------
    expression : JSON value of a style's paint, layout or filter; anything but a list is itself
    properties : attributes of the feature; `GEOMETRY_TYPE` for its type
    view : zoom that corresponds to the sheet's scale, and the state the style asks for

    Examples
    --------
    >>> evaluate(["match", ["get", "level"], ["red", "orange"], 3, 1], {"level": "red"}, View(12))
    3
    >>> evaluate(["interpolate", ["linear"], ["zoom"], 10, 2, 14, 4], {}, View(12))
    3.0
    """
    if not isinstance(expression, list):
        return expression
    if not expression or not isinstance(expression[0], str):
        return expression
    operator, arguments = expression[0], expression[1:]
    if operator in SPECIAL:
        return SPECIAL[operator](arguments, properties, view)
    if operator in PLAIN:
        return PLAIN[operator](*(evaluate(argument, properties, view) for argument in arguments))
    raise CatalogError("style.json", f"paper does not know the expression operator {operator!r}")


def _get(arguments: list[Any], properties: Properties, view: View) -> Any:
    name = evaluate(arguments[0], properties, view)
    return properties.get(ID_FIELD.get(name, name))


def _match(arguments: list[Any], properties: Properties, view: View) -> Any:
    value = evaluate(arguments[0], properties, view)
    for label, result in zip(arguments[1:-1:2], arguments[2:-1:2], strict=True):
        if value in label if isinstance(label, list) else value == label:
            return evaluate(result, properties, view)
    return evaluate(arguments[-1], properties, view)


def _case(arguments: list[Any], properties: Properties, view: View) -> Any:
    for condition, result in zip(arguments[:-1:2], arguments[1:-1:2], strict=True):
        if evaluate(condition, properties, view):
            return evaluate(result, properties, view)
    return evaluate(arguments[-1], properties, view)


def _coalesce(arguments: list[Any], properties: Properties, view: View) -> Any:
    values = (evaluate(argument, properties, view) for argument in arguments)
    return next((value for value in values if value is not None), None)


def _step(arguments: list[Any], properties: Properties, view: View) -> Any:
    value = _number(evaluate(arguments[0], properties, view))
    chosen = arguments[1]
    for stop, result in zip(arguments[2::2], arguments[3::2], strict=True):
        if value >= stop:
            chosen = result
    return evaluate(chosen, properties, view)


def _interpolate(arguments: list[Any], properties: Properties, view: View) -> Any:
    value = _number(evaluate(arguments[1], properties, view))
    base = arguments[0][1] if arguments[0][0] == "exponential" else 1.0
    stops = list(zip(arguments[2::2], arguments[3::2], strict=True))
    if value <= stops[0][0]:
        return evaluate(stops[0][1], properties, view)
    for (low, before), (high, after) in pairwise(stops):
        if value < high:
            share = _share(value, low, high, base)
            return _mix(evaluate(before, properties, view), evaluate(after, properties, view), share)
    return evaluate(stops[-1][1], properties, view)


def _share(value: float, low: float, high: float, base: float) -> float:
    if base == 1.0:
        return (value - low) / (high - low)
    return (base ** (value - low) - 1) / (base ** (high - low) - 1)


def _mix(before: Any, after: Any, share: float) -> Any:
    """Between two numbers or lists of numbers; of two colours or words the nearer one."""
    if isinstance(before, list):
        return [_mix(a, b, share) for a, b in zip(before, after, strict=True)]
    if isinstance(before, int | float):
        return before + (after - before) * share
    return before if share < 0.5 else after


def _let(arguments: list[Any], properties: Properties, view: View) -> Any:
    named = dict(zip(arguments[:-1:2], arguments[1:-1:2], strict=True))
    bound = {f"$var-{name}": evaluate(value, properties, view) for name, value in named.items()}
    return evaluate(arguments[-1], {**properties, **bound}, view)


def _format(arguments: list[Any], properties: Properties, view: View) -> str:
    return "".join(
        _string(evaluate(part, properties, view)) for part in arguments if not isinstance(part, dict)
    )


SPECIAL: dict[str, Callable[[list[Any], Properties, float], Any]] = {
    "literal": lambda arguments, properties, view: arguments[0],
    "get": _get,
    "has": lambda arguments, properties, view: _get(arguments, properties, view) is not None,
    "id": lambda arguments, properties, view: properties.get("feature_id"),
    "zoom": lambda arguments, properties, view: view.zoom,
    "geometry-type": lambda arguments, properties, view: properties.get(GEOMETRY_TYPE),
    "global-state": lambda arguments, properties, view: view.state.get(arguments[0]),
    "feature-state": lambda arguments, properties, view: None,
    "all": lambda arguments, properties, view: all(evaluate(part, properties, view) for part in arguments),
    "any": lambda arguments, properties, view: any(evaluate(part, properties, view) for part in arguments),
    "none": lambda arguments, properties, view: (
        not any(evaluate(part, properties, view) for part in arguments)
    ),
    "match": _match,
    "case": _case,
    "coalesce": _coalesce,
    "step": _step,
    "interpolate": _interpolate,
    "let": _let,
    "var": lambda arguments, properties, view: properties.get(f"$var-{arguments[0]}"),
    "format": _format,
}
"""Operators that choose which of their arguments to evaluate."""


def fields_of(expression: Any) -> set[str]:
    """The attributes an expression asks for, so that it is evaluated once for each combination of them."""
    if isinstance(expression, dict):
        return set().union(*map(fields_of, expression.values())) if expression else set()
    if not isinstance(expression, list) or not expression:
        return set()
    if expression[0] in ("get", "has") and isinstance(expression[1], str):
        return {ID_FIELD.get(expression[1], expression[1])}
    if expression[0] == "geometry-type":
        return {GEOMETRY_TYPE}
    if expression[0] == "id":
        return {"feature_id"}
    return set().union(*map(fields_of, expression))


def plain_value(value: Any) -> Any:
    """A cell of a frame as a style sees it: missing is None, numpy numbers are Python's, dates are text."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else float(value)
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, date):
        return value.isoformat()
    return value


def evaluate_rows(expression: Any, rows: pd.DataFrame, view: View) -> list[Any]:
    """The value of an expression for every row, in order; columns that a frame lacks count as missing."""
    names = sorted(fields_of(expression))
    if not names:
        return [evaluate(expression, {}, view)] * len(rows)
    columns = [rows[name].tolist() if name in rows.columns else [None] * len(rows) for name in names]
    known: dict[tuple[Any, ...], Any] = {}
    values = []
    for cells in zip(*columns, strict=True):
        key = tuple(map(plain_value, cells))
        if key not in known:
            known[key] = evaluate(expression, dict(zip(names, key, strict=True)), view)
        values.append(known[key])
    return values
