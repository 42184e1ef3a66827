"""A small edition made by hand: a county of twenty kilometres with a few features of most layers."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import sqlalchemy as sa

from etl.tile_covers import write_tile_covers
from layers.catalog import Catalog
from layers.crs import metric_crs
from layers.scoring.grid import Grid
from layers.scoring.policy import load_policy
from layers.tables import edition_table

SRID = 4490
HOME_EXTENT = (120.0, 30.0, 120.2, 30.2)
METRIC = metric_crs(120.1, 30.1)
AREA = {
    "id": "tiny", "title_zh": "小样县", "title_en": "Tiny county", "home": list(HOME_EXTENT),
    "metric_proj4": METRIC.srs, "is_synthetic": True, "note_zh": "虚构数据", "note_en": "Synthetic",
    "office_zh": "小样县应急管理局", "office_en": "Office", "cell_m": 50.0, "jurisdiction": "CN",
    "policy": "weighted_index_2026A", "policies": ["weighted_index_2026A", "grid_maximum_2026A"],
    "official_crs": "EPSG:4549", "official_crs_zh": "CGCS2000 3度带 中央经线120°",
}  # fmt: skip
POLICIES = [
    {"id": policy.id, "title_zh": policy.title_zh, "title_en": policy.title_en}
    for policy in map(load_policy, AREA["policies"])
]
SOURCES = [{
    "source_id": "enterprises_2026q3", "title_zh": "企业台账", "title_en": "Enterprise ledger", "supplier": "应急局", "supplier_en": "Emergency office", "layer": "enterprises",
    "files": [{"name": "企业.csv", "sha256": "ab" * 32}], "as_of": "2026-09-30",
}]  # fmt: skip
RASTER_PATH = "rasters/tiny.tif"
VULNERABILITY = 1.2
GRID = Grid.for_area((490_000.0, 488_000.0, 510_000.0, 512_000.0), 50.0)
FEATURES: dict[str, list[dict[str, Any]]] = {
    "enterprises": [
        {"feature_id": "E1", "enterprise_id": "E1", "name": "红星化工有限公司", "kind": "hazchem_producer",
         "status": "operating", "address": "园区路1号", "geom": "POINT(120.1 30.1)",
         "source_id": "enterprises_2026q3", "source_file": "企业.csv", "source_row": 2, "load_id": 1},
        {"feature_id": "E2", "enterprise_id": "E2", "name": "O'Neil \"50%\" 食品厂", "kind": "general",
         "status": "operating", "geom": "POINT(120.12 30.11)", "source_id": "enterprises_2026q3", "source_row": 3},
        {"feature_id": "E/3", "enterprise_id": "E/3", "name": "无位置企业", "kind": "general",
         "positioned": "unplaced", "geom": None},
    ],
    "hazard_units": [
        {"feature_id": "U1", "unit_id": "U1", "enterprise_id": "E1", "name": "甲醇罐区", "kind": "tank_farm",
         "status": "operating", "geom": "POLYGON((120.1 30.1,120.101 30.1,120.101 30.101,120.1 30.101,120.1 30.1))"},
    ],
    "unit_chemicals": [
        {"feature_id": "U1-甲醇", "unit_id": "U1", "chemical_name": "甲醇", "cas": "67-56-1", "amount_t": 600.0},
    ],
    "pipelines": [
        {"feature_id": "P1", "pipeline_id": "P1", "name": "东西输气管道", "kind": "transmission",
         "medium": "natural_gas", "diameter_mm": 610, "pressure_mpa": 6.3, "status": "operating",
         "in_service_on": "2008-06-01", "start_chainage_m": 1000, "accuracy_m": 0.5,
         "geom": "MULTILINESTRING((120.0 30.05,120.2 30.05))"},
    ],
    "protection_targets": [
        {"feature_id": "T1", "target_id": "T1", "name": "第一小学", "category": "school",
         "target_class": "high_sensitive", "n_persons": 800, "geom": "POINT(120.102 30.1)"},
    ],
    "towns": [
        {"feature_id": "330000", "town_code": "330000", "name": "东镇",
         "geom": "MULTIPOLYGON(((120 30,120.2 30,120.2 30.2,120 30.2,120 30)))"},
    ],
    "buildings": [
        {"feature_id": f"B{i}", "building_id": f"B{i}", "use": "residential", "n_storeys": 2, "built_year": 1999,
         "geom": f"MULTIPOLYGON((({x} 30.05005,{x + 0.0001:.5f} 30.05005,{x + 0.0001:.5f} 30.0502,{x} 30.0502,{x} 30.05005)))"}
        for i, x in enumerate((120.05, 120.06, 120.07))
    ],
    "risk_points": [
        {"feature_id": "R1", "point_id": "R1", "source_layer": "enterprises", "source_feature_id": "E1",
         "enterprise_id": "E1", "name": "红星化工有限公司", "kind": "major_hazard", "level": "red",
         "inherent_level": "red", "basis": "computed", "rule_id": "GB18218-R", "clause": "GB 18218-2018 4.3",
         "reason_zh": "一级重大危险源", "reason_en": "major hazard level 1", "reasons": [], "strength": 1.0,
         "radius_m": 500, "is_fire": True, "is_assumption": False, "is_disputed": False,
         "responsible_office": "应急局", "geom": "POINT(120.1 30.1)"},
        {"feature_id": "R2", "point_id": "R2", "source_layer": "enterprises", "source_feature_id": "E2",
         "enterprise_id": "E2", "name": "食品厂", "kind": "enterprise", "level": "unrated", "basis": "none",
         "missing": "control_score", "geom": "POINT(120.12 30.11)"},
    ],
    "risk_zones": [
        {"feature_id": "Z1", "zone_id": "Z1", "policy": "weighted_index_2026A", "level": "red", "area_m2": 100.0,
         "geom": "MULTIPOLYGON(((120.1 30.1,120.1001 30.1,120.1001 30.1001,120.1 30.1001,120.1 30.1)))"},
        {"feature_id": "Z2", "zone_id": "Z2", "policy": "weighted_index_2026A", "level": "blue", "area_m2": 100.0,
         "geom": "MULTIPOLYGON(((120.11 30.1,120.1101 30.1,120.1101 30.1001,120.11 30.1001,120.11 30.1)))"},
        {"feature_id": "Z3", "zone_id": "Z3", "policy": "weighted_index_2026A", "level": "yellow", "area_m2": 1e6,
         "geom": "MULTIPOLYGON(((120.1 30.08,120.15 30.08,120.15 30.13,120.1 30.13,120.1 30.08)))"},
    ],
    "distance_violations": [
        {"feature_id": "V1", "violation_id": "V1", "rule_id": "PIPE-L30-3", "rule_kind": "prohibited",
         "subject_layer": "pipelines", "subject_feature_id": "P1", "subject_name": "东西输气管道",
         "object_layer": "buildings", "object_feature_id": "B0", "required_m": 10.0, "actual_m": 5.5,
         "shortfall_m": 4.5, "error_m": 2.0, "certainty": "certain", "clause": "第30条(三)",
         "geom": "LINESTRING(120.05 30.05,120.05 30.05005)"},
    ],
}  # fmt: skip


def make_edition(connection: sa.Connection, catalog: Catalog, number: int, label: str) -> None:
    """Write and publish an edition with `FEATURES`; other layers are empty."""
    schema = f"edition_{number}"
    connection.execute(sa.schema.CreateSchema(schema))
    for layer in catalog:
        if layer.has_table:
            table = edition_table(layer, SRID, schema=schema)
            table.create(connection)
            for row in FEATURES.get(layer.id, []):
                connection.execute(table.insert(), {"positioned": "delivered", "accuracy_m": 5.0} | _with_srid(row))
    _describe(connection, schema)
    write_tile_covers(connection, catalog, number)
    connection.execute(
        sa.text(
            "INSERT INTO ops.editions (edition, label, status, data_as_of, input_hash, published_at)"
            " VALUES (:number, :label, 'published', '2026-06-30', 'x', now())"
        ),
        {"number": number, "label": label},
    )


def write_raster(home: Path) -> None:
    """The edition's risk raster: the same V in every cell, nothing else."""
    path = home / RASTER_PATH
    path.parent.mkdir(parents=True)
    profile = {"driver": "GTiff", "dtype": "float32", "count": 4, "height": GRID.rows, "width": GRID.cols,
               "transform": GRID.transform, "crs": METRIC.to_wkt(), "nodata": np.nan}  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(np.full(GRID.shape, VULNERABILITY, dtype="float32"), 3)


def _with_srid(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"geom": f"SRID={SRID};{row['geom']}"} if row.get("geom") else row


def _describe(connection: sa.Connection, schema: str) -> None:
    run = connection.exec_driver_sql
    run(f"CREATE TABLE {schema}.meta (key text PRIMARY KEY, value jsonb)")
    run(f"CREATE TABLE {schema}.rasters (layer text, policy text, path text, sha256 text, info jsonb)")
    run(f"CREATE TABLE {schema}.boundary AS SELECT geom FROM {schema}.towns")
    for key, value in {"area": AREA, "policies": POLICIES, "sources": SOURCES, "versions": {}, "rules": "r1", "on": "2026-06-30"}.items():
        run(f"INSERT INTO {schema}.meta VALUES (%(key)s, %(value)s)", {"key": key, "value": json.dumps(value)})
    info = json.dumps({"grid": dataclasses.asdict(GRID)})
    for policy in POLICIES:
        values = {"policy": policy["id"], "path": RASTER_PATH, "info": info}
        run(f"INSERT INTO {schema}.rasters VALUES ('risk_index', %(policy)s, %(path)s, 'x', %(info)s)", values)
