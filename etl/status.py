"""What is loaded and published, as one plain object."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from etl.edition_tables import meta_table
from etl.sql import statement
from layers.catalog import Catalog
from layers.store import REGISTER, edition_schema, served_edition


def status_of(engine: sa.Engine, catalog: Catalog) -> dict[str, Any]:
    """Area, editions, counts per layer (features of the register until one is published), levels and rules of the served edition."""
    with engine.connect() as connection:
        edition = served_edition(connection)
        area = connection.execute(sa.text("SELECT id FROM ops.area")).scalar_one_or_none()
        editions = connection.execute(
            sa.text("SELECT edition FROM ops.editions WHERE status = 'published' ORDER BY edition")
        ).scalars().all()
        status: dict[str, Any] = {"area": area, "edition": edition, "editions": list(editions),
                                  "layers": _load_counts(connection), "levels": {}, "rules": {}}
        for layer_id, n in _register_counts(connection, catalog).items():
            if layer_id in status["layers"]:
                status["layers"][layer_id]["features"] = n
        if edition is not None:
            status["levels"] = _level_counts(connection, edition)
            status["rules"] = _rule_counts(connection, catalog, edition)
            for layer_id, n in _feature_counts(connection, catalog, edition).items():
                status["layers"].setdefault(layer_id, {"unplaced": 0, "refused": 0, "repaired": 0})["features"] = n
            for layer_id, n in _placed_counts(connection, catalog, edition).items():
                status["layers"][layer_id]["placed_by_gazetteer"] = n
        return status


def _register_counts(connection: sa.Connection, catalog: Catalog) -> dict[str, int]:
    """Features that the register holds now: a mended workbook brings a few and takes none away."""
    present = set(sa.inspect(connection).get_table_names(schema=REGISTER))
    counts = {}
    for layer in catalog.loaded:
        if layer.id in present:
            table = sa.table(layer.id, sa.column("to_load"), schema=REGISTER)
            query = sa.select(sa.func.count()).select_from(table).where(table.c.to_load.is_(None))
            counts[layer.id] = int(connection.execute(query).scalar_one())
    return counts


def _load_counts(connection: sa.Connection) -> dict[str, dict[str, int]]:
    """Sums over the newest load of each source."""
    rows = connection.execute(sa.text(
        "SELECT layer, sum(n_accepted) AS features, sum(n_unplaced) AS unplaced, "
        "sum(n_refused) AS refused, sum(n_repaired) AS repaired FROM ("
        "  SELECT DISTINCT ON (source_id) * FROM ops.loads_in_force ORDER BY source_id, load_id DESC"
        ") AS newest GROUP BY layer ORDER BY layer"
    )).mappings()
    return {row["layer"]: {name: int(row[name]) for name in ("features", "unplaced", "refused", "repaired")} for row in rows}


def _feature_counts(connection: sa.Connection, catalog: Catalog, edition: int) -> dict[str, int]:
    counts = {}
    present = set(sa.inspect(connection).get_table_names(schema=edition_schema(edition)))
    for layer in catalog:
        if layer.id in present:
            table = sa.table(layer.id, schema=edition_schema(edition))
            counts[layer.id] = int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
    return counts


def _placed_counts(connection: sa.Connection, catalog: Catalog, edition: int) -> dict[str, int]:
    """Features of the edition that stand where their address was found, of the layers that have some."""
    counts = {}
    present = set(sa.inspect(connection).get_table_names(schema=edition_schema(edition)))
    for layer in catalog.loaded:
        if layer.id in present and layer.placement == "optional":
            table = sa.table(layer.id, sa.column("positioned"), schema=edition_schema(edition))
            query = sa.select(sa.func.count()).select_from(table).where(table.c.positioned == "gazetteer")
            counts[layer.id] = int(connection.execute(query).scalar_one())
    return {layer_id: n for layer_id, n in counts.items() if n}


def _level_counts(connection: sa.Connection, edition: int) -> dict[str, dict[str, float]]:
    """Zones of the edition's shown policy, by level."""
    zones = sa.Table("risk_zones", sa.MetaData(), schema=edition_schema(edition))
    areas = statement(connection, "level_areas", zones=zones, meta=meta_table(edition))
    rows = connection.execute(areas).mappings()
    found = {row["level"]: {"zones": int(row["zones"]), "area_km2": round(float(row["area_km2"]), 4)} for row in rows}
    return {level: found[level] for level in ("red", "orange", "yellow", "blue", "unrated") if level in found}


def _rule_counts(connection: sa.Connection, catalog: Catalog, edition: int) -> dict[str, dict[str, int]]:
    if "distance_violations" not in catalog:
        return {}
    table = sa.table("distance_violations", sa.column("rule_id"), schema=edition_schema(edition))
    rows = connection.execute(sa.select(table.c.rule_id, sa.func.count().label("n")).group_by(table.c.rule_id).order_by(table.c.rule_id))
    return {row.rule_id: {"violations": int(row.n)} for row in rows}
