"""Layer -> database table: the only place where a field of a `layer.toml` becomes a column with a SQL type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from geoalchemy2 import Geometry
from sqlalchemy.dialects.postgresql import JSONB

from layers.catalog import Field, Layer
from layers.errors import CatalogError

# A time is the area's clock as its offices write it, without a zone: read anywhere, it stays on its day and in its year.
SQL_TYPES: dict[str, sa.types.TypeEngine[Any]] = {
    "text": sa.Text(),
    "integer": sa.BigInteger(),
    "number": sa.Double(),
    "boolean": sa.Boolean(),
    "date": sa.Date(),
    "timestamp": sa.DateTime(),
    "json": JSONB(),
}
GEOMETRY_COLUMN = "geom"
ADD_COLUMN = "ALTER TABLE {table} ADD COLUMN {column} {kind}"
DROP_ZONE = "ALTER TABLE {table} ALTER COLUMN {column} TYPE timestamp USING {column} AT TIME ZONE 'UTC'"
"""Names come from the catalog and are quoted by the driver."""
ColumnTypes = dict[str, sa.types.TypeEngine[Any]]


def _comment(entry: Field) -> str:
    unit = f" [{entry.unit}]" if entry.unit else ""
    return f"{entry.title_zh} / {entry.title_en}{unit}"


def _field_column(entry: Field) -> sa.Column[Any]:
    return sa.Column(entry.name, SQL_TYPES[entry.type], nullable=True, comment=_comment(entry))


def _position_columns(layer: Layer, srid: int) -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = [
        sa.Column("accuracy_m", sa.Double(), comment="位置精度 / positional accuracy [m]"),
        sa.Column("positioned", sa.Text(), comment="位置来源 / how the position came about"),
    ]
    if layer.is_drawn:
        columns.append(
            sa.Column(GEOMETRY_COLUMN, Geometry(layer.geometry.upper(), srid=srid, spatial_index=False))
        )
    return columns


def _origin_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("source_id", sa.Text(), comment="数据源 / source"),
        sa.Column("source_file", sa.Text(), comment="文件 / delivered file"),
        sa.Column("source_row", sa.Integer(), comment="行号 / row in the delivered file"),
    ]


def value_columns(layer: Layer) -> list[str]:
    """Columns that make up the content of a feature, in order: fields, accuracy, position, geometry."""
    names = [entry.name for entry in layer.fields] + ["accuracy_m", "positioned"]
    return names + ([GEOMETRY_COLUMN] if layer.is_drawn else [])


def register_table(layer: Layer, srid: int, *, schema: str = "register") -> sa.Table:
    """Table that keeps every state of every feature; a current row has no `to_load`."""
    table = sa.Table(
        layer.id,
        sa.MetaData(),
        sa.Column("row_id", sa.BigInteger(), sa.Identity()),
        sa.Column("feature_id", sa.Text(), nullable=False),
        *[_field_column(entry) for entry in layer.fields],
        *_position_columns(layer, srid),
        *_origin_columns(),
        sa.Column("content_hash", sa.BigInteger(), nullable=False),
        sa.Column("from_load", sa.Integer(), nullable=False),
        sa.Column("to_load", sa.Integer()),
        sa.PrimaryKeyConstraint("row_id", name=f"{layer.id}_pkey"),
        schema=schema,
        comment=f"{layer.title_zh} / {layer.title_en}",
    )
    sa.Index(
        f"{layer.id}_current_key", table.c.feature_id, unique=True, postgresql_where=table.c.to_load.is_(None)
    )
    return table


def edition_table(layer: Layer, srid: int, *, schema: str) -> sa.Table:
    """Table of one edition: what the server reads; derived layers carry no origin columns."""
    load: sa.Column[Any] = sa.Column("load_id", sa.Integer())
    origin = [*_origin_columns(), load] if layer.kind == "loaded" else []
    return sa.Table(
        layer.id,
        sa.MetaData(),
        sa.Column("feature_id", sa.Text(), primary_key=True),
        *[_field_column(entry) for entry in layer.fields],
        *_position_columns(layer, srid),
        *origin,
        schema=schema,
        comment=f"{layer.title_zh} / {layer.title_en}",
    )


def staging_table(layer: Layer, srid: int, *, name: str) -> sa.Table:
    """Unlogged table that takes one source before it is merged."""
    return sa.Table(
        name,
        sa.MetaData(),
        sa.Column("feature_id", sa.Text(), nullable=False),
        *[_field_column(entry) for entry in layer.fields],
        *_position_columns(layer, srid),
        *_origin_columns(),
        schema="staging",
        prefixes=["UNLOGGED"],
    )


def ensure_register(
    connection: sa.Connection, layer: Layer, srid: int, *, standing: Mapping[str, ColumnTypes] | None = None
) -> sa.Table:
    """The register table of a layer, created when missing; new nullable columns are added, zones dropped, else refused.

    `standing`: `columns_of_schema` of the register, for who asks for many of its tables.
    """
    table = register_table(layer, srid)
    present = (columns_of_schema(connection, str(table.schema), [layer.id]) if standing is None else standing).get(layer.id)
    if present is None:
        table.create(connection)
        return table
    _add_columns(connection, table, present)
    present = _without_zones(connection, table, present)
    _refuse_changes(connection, layer, table, present)
    return table


def columns_of_schema(connection: sa.Connection, schema: str, tables: Sequence[str] | None = None) -> dict[str, ColumnTypes]:
    """Columns with their types by table, of all tables of a schema or of those named that are there; one question to the database."""
    found = sa.inspect(connection).get_multi_columns(schema=schema, filter_names=tables)
    return {name: {column["name"]: column["type"] for column in columns} for (_, name), columns in found.items()}


def create_at_once(connection: sa.Connection, table: sa.Table) -> None:
    """Create a table and all that is said of it by one message to the database, where `Table.create` sends one a comment."""
    deeds: list[sa.schema.ExecutableDDLElement] = [sa.schema.CreateTable(table)]
    if table.comment:
        deeds.append(sa.schema.SetTableComment(table))
    deeds += [sa.schema.SetColumnComment(column) for column in table.columns if column.comment]
    connection.exec_driver_sql(";\n".join(str(deed.compile(dialect=connection.dialect)) for deed in deeds))


def _add_columns(connection: sa.Connection, table: sa.Table, present: ColumnTypes) -> None:
    preparer = connection.dialect.identifier_preparer
    for column in table.columns:
        if column.name not in present:
            addition = ADD_COLUMN.format(
                table=preparer.format_table(table),
                column=preparer.quote(column.name),
                kind=column.type.compile(connection.dialect),
            )
            connection.execute(sa.text(addition))


def _without_zones(connection: sa.Connection, table: sa.Table, present: ColumnTypes) -> ColumnTypes:
    """Turn times of former versions, which stood as if they were of Greenwich, into the local times that they are."""
    preparer = connection.dialect.identifier_preparer
    turned: ColumnTypes = {}
    for column in table.columns:
        kept = present.get(column.name)
        if isinstance(column.type, sa.DateTime) and isinstance(kept, sa.DateTime) and kept.timezone:
            words = DROP_ZONE.format(table=preparer.format_table(table), column=preparer.quote(column.name))
            connection.execute(sa.text(words))
            turned[column.name] = column.type
    return {**present, **turned}


def _refuse_changes(connection: sa.Connection, layer: Layer, table: sa.Table, present: ColumnTypes) -> None:
    extra = sorted(set(present) - {column.name for column in table.columns})
    if extra:
        raise CatalogError(
            layer.folder / "layer.toml",
            f"the register still has {', '.join(extra)}; declare the field again (it may be left empty), "
            "or start a new database: columns with data are never dropped",
        )
    for entry in layer.fields:
        wanted = SQL_TYPES[entry.type].compile(connection.dialect)
        kept = present[entry.name].compile(connection.dialect) if entry.name in present else wanted
        if kept != wanted:
            raise CatalogError(
                layer.folder / "layer.toml", f"field {entry.name} is {kept} in the register, declared {wanted}"
            )
