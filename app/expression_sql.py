"""Legend filters as SQL: what a class of the legend holds on the map, the table and the count hold alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg2 import sql

from app.queries import Values
from layers.errors import CatalogError

COMPARISONS = {"==": "IS NOT DISTINCT FROM", "!=": "IS DISTINCT FROM", ">": ">", ">=": ">=", "<": "<", "<=": "<="}
Column = Callable[[str], sql.Composable]
"""Gives the quoted column of an attribute; raises for one that the layer lacks."""


def condition(expression: Any, column: Column, values: Values) -> sql.Composable:
    """A MapLibre filter as an SQL condition; what it compares with is bound.

    Raises
    ------
    CatalogError
        The filter uses an operator that has no counterpart here.
    """
    match expression:
        case ["all" | "any" as joint, *parts]:
            made = [condition(part, column, values) for part in parts]
            return sql.SQL("({})").format(sql.SQL(" AND " if joint == "all" else " OR ").join(made))
        case ["!", part]:
            return sql.SQL("(NOT coalesce({}, false))").format(condition(part, column, values))
        case ["in", value, ["literal", list(among)]]:
            return sql.SQL("({} = ANY({}))").format(_value(value, column, values), values.bind(among))
        case [str(comparison), one, other] if comparison in COMPARISONS:
            words = sql.SQL(COMPARISONS[comparison])
            return sql.SQL("({} {} {})").format(_value(one, column, values), words, _value(other, column, values))
        case ["has", str(name)]:
            return sql.SQL("({} IS NOT NULL)").format(column(name))
    raise CatalogError("legend", f"a filter that SQL does not know: {expression!r}")


def _value(expression: Any, column: Column, values: Values) -> sql.Composable:
    match expression:
        case ["get", str(name)]:
            return column(name)
        case ["coalesce", *parts]:
            return sql.SQL("coalesce({})").format(sql.SQL(", ").join(_value(part, column, values) for part in parts))
        case str() | int() | float() | bool():
            return values.bind(expression)
    raise CatalogError("legend", f"a value that SQL does not know: {expression!r}")
