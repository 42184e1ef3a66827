"""属性表: a layer's rows with the level and the conflicts of each, filtered and sorted as the page asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from app.errors import RequestError
from app.row_filters import FilteredColumn, RowFilter, conditions
from app.texts import Text
from layers.catalog import LEVELS, Catalog, Code, Field, Layer

MOST_ROWS = 500
MOST_IDS = 20_000
MOST_EXPORTED = 200_000
RATED_LAYER, CONFLICT_LAYER = "risk_points", "distance_violations"
LEVEL_JOIN = """
LEFT JOIN (
    SELECT DISTINCT ON (source_feature_id) source_feature_id, level
    FROM {rated}
    WHERE source_layer = {layer}
    ORDER BY source_feature_id, array_position({levels}, level)
) AS rating ON rating.source_feature_id = feature.feature_id
"""
CONFLICT_JOIN = """
LEFT JOIN (
    SELECT id, count(*) AS n_conflicts, min(actual_m) AS nearest_conflict_m
    FROM (
        SELECT subject_feature_id AS id, actual_m FROM {conflicts} WHERE subject_layer = {layer}
        UNION ALL
        SELECT object_feature_id, actual_m FROM {conflicts} WHERE object_layer = {layer}
    ) AS party
    GROUP BY id
) AS conflict ON conflict.id = feature.feature_id
"""
ORDERED = ("table_rows", "table_place")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Column:
    """A column of the table: a field, or what is known of the feature besides its own fields."""

    field: Field
    expression: sql.Composable


@dataclass(frozen=True)
class Rows:
    """What is asked of a table: filters, an extent in degrees of the storage CRS, an order."""

    filters: list[RowFilter] = field(default_factory=list)
    box: Box | None = None
    sort: str = ""
    is_descending: bool = False


class AttributeTable:
    """The table of one layer of one edition."""

    def __init__(self, connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer) -> None:
        self._connection, self._facts, self._catalog, self.layer = connection, facts, catalog, layer

    @cached_property
    def columns(self) -> list[Column]:
        """Level and conflicts first, where the layer has any, then the fields that its panel shows."""
        fields = [entry for entry in self._facts.held_fields(self.layer) if entry.panel and entry.type != "json"]
        own = [Column(entry, sql.Identifier("feature", entry.name)) for entry in fields]
        own.sort(key=lambda column: column.field.name != self.layer.label)
        return own[:1] + self._known_besides() + own[1:] if self.layer.label else self._known_besides() + own

    def _known_besides(self) -> list[Column]:
        made = []
        if self._is_rated:
            made.append(Column(self._catalog[RATED_LAYER].field("level"), sql.Identifier("rating", "level")))
        if self._may_conflict:
            n, nearest = Text("冲突数"), Text("最近冲突")
            made.append(Column(Field("n_conflicts", "integer", n.zh, n.en), sql.SQL("coalesce(conflict.n_conflicts, 0)")))
            made.append(Column(Field("nearest_conflict_m", "number", nearest.zh, nearest.en, unit="m"), sql.SQL("conflict.nearest_conflict_m")))
        return made

    @cached_property
    def _is_rated(self) -> bool:
        names = {entry.name for entry in self.layer.fields}
        return RATED_LAYER in self._facts.counts and "level" not in names and self.layer.group == "objects"

    @cached_property
    def _may_conflict(self) -> bool:
        return CONFLICT_LAYER in self._facts.counts and self.layer.group == "objects" and self.layer.is_drawn

    def count(self, asked: Rows) -> int:
        """How many rows meet the filters."""
        return int(self._run("table_count", asked, {}).scalar_one())

    def extent(self, asked: Rows) -> Box | None:
        """West, south, east, north of what the filters leave, degrees; None where nothing of it has a place."""
        if not self.layer.is_drawn:
            return None
        row = self._run("table_extent", asked, {}).one()
        return None if row.west is None else (row.west, row.south, row.east, row.north)

    def place_of(self, asked: Rows, feature_id: str) -> int | None:
        """How many rows stand before a feature; None where the filters leave it out."""
        found = self._run("table_place", asked, {"id": feature_id}).scalar_one_or_none()
        return None if found is None else int(found)

    def ids(self, asked: Rows) -> list[str]:
        """Numbers of the features that meet the filters, `MOST_IDS` at most."""
        return [row[0] for row in self._run("table_ids", asked, {"n_most": MOST_IDS})]

    def rows(self, asked: Rows, *, n_skipped: int, n_most: int) -> list[list[Any]]:
        """Rows in the order asked for: number, longitude, latitude, then the columns; plain values."""
        return list(self._rows(asked, n_skipped, n_most))

    def _rows(self, asked: Rows, n_skipped: int, n_most: int) -> Iterator[list[Any]]:
        point = "ST_PointOnSurface(feature.geom)" if self.layer.is_drawn else "NULL::geometry"
        found = self._run(
            "table_rows",
            asked,
            {"n_most": n_most, "n_skipped": n_skipped},
            point=sql.SQL(point),
            columns=sql.SQL(", ").join(column.expression for column in self.columns) or sql.SQL("NULL"),
        )
        return ([_plain(value) for value in row] for row in found)

    def _run(self, name: str, asked: Rows, parameters: dict[str, Any], **parts: sql.Composable) -> sa.CursorResult[Any]:
        values = queries.Values()
        named = {
            "table": self._facts.edition.table(self.layer.id), "joins": self._joins(values), "conditions": self._conditions(asked, values),
        }  # fmt: skip
        if name in ORDERED:
            named["order"] = self._order(asked, values)
        return queries.run(self._connection, name, parameters | values.bound, **named, **parts)

    def _joins(self, values: queries.Values) -> sql.Composable:
        given = {"layer": values.bind(self.layer.id)}
        made: list[sql.Composable] = []
        if self._is_rated:
            made.append(sql.SQL(LEVEL_JOIN).format(rated=self._facts.edition.table(RATED_LAYER), levels=values.bind(list(LEVELS)), **given))
        if self._may_conflict:
            made.append(sql.SQL(CONFLICT_JOIN).format(conflicts=self._facts.edition.table(CONFLICT_LAYER), **given))
        return sql.Composed(made)

    def _conditions(self, asked: Rows, values: queries.Values) -> sql.Composable:
        hidden = {
            entry.name: FilteredColumn(entry.type, sql.Identifier("feature", entry.name))
            for entry in self._facts.held_fields(self.layer) if entry.type != "json"
        }  # fmt: skip
        shown = {column.field.name: FilteredColumn(column.field.type, column.expression) for column in self.columns}
        made = conditions(asked.filters, self.layer, hidden | shown, values)
        if asked.box and self.layer.is_drawn:
            west, south, east, north = map(values.bind, asked.box)
            box = sql.SQL("ST_MakeEnvelope({}, {}, {}, {}, {})").format(west, south, east, north, values.bind(self._facts.srid))
            made.append(sql.SQL("ST_Intersects(feature.geom, {})").format(box))
        return sql.SQL(" AND ").join(made) if made else sql.SQL("true")

    def _order(self, asked: Rows, values: queries.Values) -> sql.Composable:
        wanted = asked.sort or (self.layer.label or "")
        column = next((column for column in self.columns if column.field.name == wanted), None)
        if column is None and asked.sort:
            raise RequestError("sort", Text("没有列 {sort}", sort=asked.sort))
        if column is None:
            return sql.SQL('feature.feature_id COLLATE "C"')
        is_level = column.field.code_values == frozenset(LEVELS)
        key = sql.SQL("array_position({}, {})").format(values.bind(list(LEVELS)), column.expression) if is_level else column.expression
        return sql.SQL("{} {} NULLS LAST").format(key, sql.SQL("DESC" if asked.is_descending else "ASC"))


def _plain(value: Any) -> Any:
    """A value of the database as JSON has it."""
    return value.isoformat() if isinstance(value, date | datetime) else value


def told(column: Column) -> dict[str, Any]:
    """A column as the API shows it."""
    entry = column.field
    return {
        "name": entry.name, "type": entry.type, "title_zh": entry.title_zh, "title_en": entry.title_en, "unit": entry.unit,
        "codes": [_told_code(code) for code in entry.codes], "names_layer": entry.names_layer,
    }  # fmt: skip


def _told_code(code: Code) -> dict[str, str]:
    return {"code": code.code, "zh": code.zh, "en": code.en}
