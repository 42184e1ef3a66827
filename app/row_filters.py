"""Filters of the map and the table, as they stand in an address: ``enterprises.kind:mine,general;pipelines.name:~燃气``.

One filter a layer and field: some values (``a,b``), a part of a text (``~part``), or two bounds (``10..50``, either may
be missing). ``class`` in place of a field means classes of the layer's legend, counted from 1. Signs that mean something
here are written as ``%XX`` inside a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote

from psycopg2 import sql

from app import styles
from app.errors import RequestError
from app.expression_sql import condition
from app.parameters import number, whole_number
from app.queries import Values
from app.texts import Text
from layers.catalog import Layer

CLASS = "class"
MOST_FILTERS = 40
MOST_VALUES = 200
LONGEST = 2000
ORDERED_TYPES = ("integer", "number", "date", "timestamp")
TEXT_TYPES = ("text",)


@dataclass(frozen=True)
class RowFilter:
    """One filter as it was written."""

    layer: str
    field: str
    spec: str


@dataclass(frozen=True)
class FilteredColumn:
    """A column that may be filtered: its type by `Field.type` and what stands for it in SQL."""

    type: str
    expression: sql.Composable


def read_filters(text: str) -> list[RowFilter]:
    """The filters of an address; raises `RequestError` for one that cannot be read."""
    if len(text) > LONGEST:
        raise RequestError("flt", Text("最多 {longest} 个字符", longest=LONGEST))
    parts = [part for part in text.split(";") if part]
    if len(parts) > MOST_FILTERS:
        raise RequestError("flt", Text("最多 {most} 个条件", most=MOST_FILTERS))
    return [_read(part) for part in parts]


def _read(part: str) -> RowFilter:
    place, colon, spec = part.partition(":")
    layer, dot, field = place.partition(".")
    if not (colon and dot and layer and field and spec):
        raise RequestError("flt", Text("应为 图层.字段:条件"))
    return RowFilter(layer, field, spec)


def conditions(filters: list[RowFilter], layer: Layer, columns: Mapping[str, FilteredColumn], values: Values) -> list[sql.Composable]:
    """SQL conditions of the filters that name a layer; others are passed over."""
    return [_condition(entry, layer, columns, values) for entry in filters if entry.layer == layer.id]


def _condition(entry: RowFilter, layer: Layer, columns: Mapping[str, FilteredColumn], values: Values) -> sql.Composable:
    if entry.field == CLASS:
        return _of_classes(entry, layer, columns, values)
    column = columns.get(entry.field)
    if column is None:
        known = ", ".join(columns)
        raise RequestError("flt", Text("{layer_id} 没有字段 {field}", layer_id=layer.id, field=entry.field, known=known))
    if entry.spec.startswith("~"):
        like = "%" + _escaped(unquote(entry.spec[1:])) + "%"
        return sql.SQL("({}::text ILIKE {})").format(column.expression, values.bind(like))
    if ".." in entry.spec and column.type in ORDERED_TYPES:
        return _between(entry, column, values)
    wanted = [unquote(value) for value in entry.spec.split(",")]
    if len(wanted) > MOST_VALUES:
        raise RequestError("flt", Text("最多 {most} 个值", most=MOST_VALUES))
    return sql.SQL("({}::text = ANY({}))").format(column.expression, values.bind(wanted))


def _between(entry: RowFilter, column: FilteredColumn, values: Values) -> sql.Composable:
    low, high = entry.spec.split("..", 1)
    parts: list[sql.Composable] = [sql.SQL("true")]
    for bound, sign in ((low, ">="), (high, "<=")):
        if bound:
            parts.append(sql.SQL("{} {} {}").format(column.expression, sql.SQL(sign), values.bind(_bound(bound, column.type))))
    return sql.SQL("({})").format(sql.SQL(" AND ").join(parts))


def _bound(text: str, kind: str) -> Any:
    if kind in ("integer", "number"):
        return number("flt", unquote(text), least=-1e15, most=1e15)
    try:
        return date.fromisoformat(unquote(text))
    except ValueError as error:
        raise RequestError("flt", Text("日期应为 2026-09-30 的形式")) from error


def _of_classes(entry: RowFilter, layer: Layer, columns: Mapping[str, FilteredColumn], values: Values) -> sql.Composable:
    legend = styles.legend(layer)

    def column(name: str) -> sql.Composable:
        return columns[name].expression if name in columns else sql.SQL("NULL")

    wanted = [whole_number("flt", text, least=1, most=max(len(legend), 1)) for text in entry.spec.split(",")]
    made = [condition(legend[n - 1]["filter"], column, values) for n in wanted if "filter" in legend[n - 1]]
    return sql.SQL("({})").format(sql.SQL(" OR ").join(made)) if made else sql.SQL("false")


def _escaped(text: str) -> str:
    """A text that LIKE takes literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
