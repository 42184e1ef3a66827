"""Scoring: fixes the register's state and writes it with every result as the next draft edition."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any, Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from etl.area import declared_area, measured_boundary
from etl.edition import (
    create_edition,
    fill_derived_layer,
    fill_loaded_layers,
    keep_raster,
    write_meta,
)
from etl.frames import register_frames
from etl.locks import EDITION_LOCK, held
from etl.surface import SURFACE_BANDS, population_on_grid, surface_bytes
from layers.catalog import Area, Catalog
from layers.errors import EditionError
from layers.scoring.black_spots import black_spots
from layers.scoring.distances import ViolationReport, find_violations
from layers.scoring.fire_cover import fire_cover, with_help
from layers.scoring.grid import Grid
from layers.scoring.high_consequence import high_consequence_areas
from layers.scoring.levels import rate_sources
from layers.scoring.policy import as_table, load_policy
from layers.scoring.rules import RuleSet, read_rules
from layers.scoring.targets import TARGET_CLASSES, class_ranks
from layers.scoring.towns import rate_towns
from layers.scoring.zoning import (
    RiskSurface,
    neighbouring_plants,
    risk_index,
    vulnerability,
    zones,
)

SCORING_DIR = Path(__file__).parents[1] / "layers" / "scoring"
UNSCORED_LAYERS = ("statistical_areas", "land_use_zones", "mileposts", "regulated_sources")
"""Loaded layers that no rule of this version looks at; they go into the edition as they are."""
RECORDED_LIBRARIES = ("numpy", "shapely", "geopandas", "pyproj", "numba", "rasterio", "pandas")
RULES_JURISDICTION = "CN"


@dataclass
class ScoreResult:
    """The draft that was written; `is_unchanged` where nothing had changed since edition `edition`."""

    edition: int
    label: str
    is_unchanged: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Results:
    """Everything that scoring derives from the register, in the metric CRS; `notes` go into the edition's meta."""

    frames: dict[str, gpd.GeoDataFrame]
    surfaces: list[RiskSurface]
    report: ViolationReport
    notes: dict[str, Any] = field(default_factory=dict)


def score_register(
    engine: sa.Engine,
    catalog: Catalog,
    *,
    home: Path,
    label: str = "",
    on: date | None = None,
    is_partial: bool = False,
    report: Callable[[str], None] = lambda text: None,
) -> ScoreResult:
    """Write the next draft edition in one transaction; an interrupted run leaves nothing behind.

    Parameters
    ----------
    on : date whose rules are in force; default the date of the newest delivery, else today.
    is_partial : score although the newest delivery was not loaded to its end.

    Raises
    ------
    EditionError
        The newest delivery is not whole: its label would stand on half of its data.
    """
    started = time.perf_counter()
    # The lock comes first: a snapshot taken while waiting for it would not see what the other run wrote.
    with held(engine, EDITION_LOCK), _snapshot(engine) as connection:
        area, outline = declared_area(connection)
        newest_label, as_of = _newest_delivery(connection)
        if not is_partial:
            _require_whole_delivery(connection, newest_label)
        label, on = label or newest_label, on or as_of or date.today()
        input_hash = _input_hash(connection, area, label, on)
        same = connection.execute(
            sa.text("SELECT edition, label FROM ops.editions WHERE input_hash = :hash AND status <> 'retired' "
                    "ORDER BY edition DESC LIMIT 1"), {"hash": input_hash}
        ).one_or_none()
        if same is not None and same.edition == _newest_edition(connection):
            return ScoreResult(same.edition, same.label, is_unchanged=True)
        edition = _next_edition(connection)
        create_edition(connection, edition)
        counts = _write_edition(connection, catalog, area, outline, edition, home=home, on=on, report=report)
        connection.execute(
            sa.text("INSERT INTO ops.editions (edition, label, status, data_as_of, input_hash) "
                    "VALUES (:edition, :label, 'draft', :as_of, :hash)"),
            {"edition": edition, "label": label, "as_of": as_of, "hash": input_hash},
        )
    return ScoreResult(edition, label, counts=counts, seconds=time.perf_counter() - started)


@contextmanager
def _snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction that sees the register as it is now, whatever is loaded meanwhile."""
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        yield connection


def _newest_delivery(connection: sa.Connection) -> tuple[str, date | None]:
    row = connection.execute(
        sa.text("SELECT delivery_label FROM ops.loads_in_force ORDER BY load_id DESC LIMIT 1")
    ).one_or_none()
    as_of = connection.execute(sa.text("SELECT max(as_of) FROM ops.loads_in_force")).scalar_one_or_none()
    return (row.delivery_label if row else ""), as_of


def _require_whole_delivery(connection: sa.Connection, label: str) -> None:
    newest_load, through = connection.execute(
        sa.text("SELECT (SELECT max(load_id) FROM ops.loads), (SELECT max(newest_load) FROM ops.deliveries)")
    ).one()
    if newest_load is not None and newest_load > (through or 0):
        raise EditionError(f"delivery {label} is not loaded to its end: run `riskatlas load` again, or `score --partial`")


def _newest_edition(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("SELECT coalesce(max(edition), 0) FROM ops.editions")).scalar_one())


def _next_edition(connection: sa.Connection) -> int:
    """The number after the last published one; a draft that nobody published is replaced."""
    connection.execute(sa.text("DELETE FROM ops.editions WHERE status = 'draft'"))
    return _newest_edition(connection) + 1


def code_hash() -> str:
    """Hash of the scoring functions and every rule table."""
    paths = sorted(path for path in SCORING_DIR.rglob("*") if path.suffix in (".py", ".csv", ".toml"))
    return hashlib.sha256(b"\x00".join(path.read_bytes() for path in paths)).hexdigest()


def _input_hash(connection: sa.Connection, area: Area, label: str, on: date) -> str:
    loads = connection.execute(
        sa.text("SELECT source_id, max(load_id) FROM ops.loads_in_force GROUP BY source_id ORDER BY source_id")
    ).all()
    parts = [[list(row) for row in loads], code_hash(), dataclasses.asdict(area), label, on]
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


def _write_edition(
    connection: sa.Connection, catalog: Catalog, area: Area, outline: BaseGeometry, edition: int, *, home: Path, on: date,
    report: Callable[[str], None],
) -> dict[str, int]:
    counts = fill_loaded_layers(connection, catalog, area, edition)
    report("评定 score: 读取现状库")
    frames = register_frames(connection, catalog, area, scored_layers(catalog))
    loaded_rasters = _loaded_rasters(connection)
    results = derive(frames, area, outline, population=_population(home, loaded_rasters), on=on, report=report)
    for layer in catalog.derived:
        if layer.has_table:
            report(f"评定 score: 写入 {layer.title_zh}")
            counts[layer.id] = fill_derived_layer(connection, layer, area, edition, results.frames[layer.id])
    rasters = [_stored_surface(home, surface, area) for surface in results.surfaces] + loaded_rasters
    meta = _meta(connection, area, results, counts, on)
    write_meta(connection, edition, meta, rasters, outline, area)
    return counts


def scored_layers(catalog: Catalog) -> list[str]:
    """Loaded layers that the method looks at."""
    return [layer.id for layer in catalog.loaded if layer.has_table and layer.id not in UNSCORED_LAYERS]


def _population(home: Path, rasters: list[dict[str, Any]]) -> Path | None:
    paths = [home / raster["path"] for raster in rasters if raster["layer"] == "population"]
    return paths[0] if paths else None


def derive(
    frames: dict[str, gpd.GeoDataFrame], area: Area, outline: BaseGeometry, *, population: Path | None, on: date,
    report: Callable[[str], None] = lambda text: None,
) -> Results:
    """Levels, violations, zones and ratings: the whole method, in its order.

    Parameters
    ----------
    frames : layer id -> frame in the metric CRS, for every layer of `scored_layers`.
    outline : the area in the storage CRS.
    population : raster of persons per cell, None where there is none.
    """
    rules = read_rules()
    report("评定 score: 管道高后果区")
    areas = high_consequence_areas(frames, rules)
    areas["town_name"] = _town_names(areas, frames["towns"])
    report("评定 score: 事故多发点段")
    spots = black_spots(frames)
    spots.spots["town_name"] = _town_names(spots.spots, frames["towns"])
    report("评定 score: 风险源定级")
    points = rate_sources({**frames, "high_consequence_areas": areas}, on=on, screening=area.screening, jurisdiction=area.jurisdiction)
    points["town_name"] = _town_names(points, frames["towns"])
    report("评定 score: 消防站覆盖")
    metric_outline = measured_boundary(outline, area)
    cover = fire_cover(frames, metric_outline, area.metric_crs)
    points = with_help(points, cover)
    report("评定 score: 安全距离")
    violations = find_violations({**frames, "risk_points": points}, rules, on=on, jurisdiction=RULES_JURISDICTION)
    violations.violations["town_name"] = _town_names(violations.violations, frames["towns"])
    report("评定 score: 四色分区")
    targets = _strictest_classes(frames["protection_targets"], rules)
    surfaces, persons = _surfaces({**frames, "protection_targets": targets}, points, area, outline, population)
    zone_frames = [zones(surface, points, area=metric_outline) for surface in surfaces]
    dangers = frames.get("hidden_dangers")
    towns = [rate_towns(frames["towns"], points, surface, population=persons, hidden_dangers=dangers, on=on) for surface in surfaces]
    derived = {
        "risk_points": points, "distance_violations": violations.violations,
        "risk_zones": _joined(zone_frames, area), "town_ratings": _joined(towns, area),
        "high_consequence_areas": areas, "black_spots": spots.spots, "fire_cover": cover.bands,
    }
    notes = {"accidents": dict(spots.n_accidents), "fire_stations": dict(cover.n_stations)}
    return Results(derived, surfaces, violations, notes)


def _strictest_classes(targets: gpd.GeoDataFrame, rules: RuleSet) -> gpd.GeoDataFrame:
    """Targets with the strictest GB 36894 class that category and size allow: what is unknown is not mild."""
    strictest, _ = class_ranks(targets, rules.target_sizes)
    return targets.assign(target_class=np.array(TARGET_CLASSES, dtype=object)[strictest])


def _joined(frames: list[gpd.GeoDataFrame], area: Area) -> gpd.GeoDataFrame:
    filled = [frame for frame in frames if len(frame)]
    return gpd.GeoDataFrame(pd.concat(filled or frames[:1], ignore_index=True), crs=area.metric_crs)


def _surfaces(
    frames: dict[str, gpd.GeoDataFrame], points: gpd.GeoDataFrame, area: Area, outline: BaseGeometry,
    population: Path | None,
) -> tuple[list[RiskSurface], "np.ndarray[Any, np.dtype[np.float64]] | None"]:
    """A risk surface for each policy of the area, on the grid of its home extent."""
    home_part = measured_boundary(shapely.intersection(outline, shapely.box(*area.home)), area)
    grid = Grid.for_area(home_part, area.cell_m)
    persons = population_on_grid(population, grid, area) if population else None
    plants = neighbouring_plants(frames["enterprises"], points)
    mask = grid.mask_of(home_part)
    surfaces = []
    for policy_id in area.policies:
        policy = load_policy(policy_id)
        v, _ = vulnerability(grid, policy, population=persons, targets=frames["protection_targets"], plants=plants)
        surfaces.append(risk_index(points, grid, policy, vulnerability=v, mask=mask))
    return surfaces, persons


def _town_names(frame: gpd.GeoDataFrame, towns: gpd.GeoDataFrame) -> pd.Series:
    """Name of the town in which a representative point of each feature lies; None outside every town."""
    names = pd.Series(None, index=frame.index, dtype=object)
    geometry = np.asarray(frame.geometry.to_numpy(), dtype=object)
    if not len(frame) or not len(towns):
        return names
    tree = shapely.STRtree(towns.geometry.to_numpy())
    row, town = tree.query(shapely.point_on_surface(geometry), predicate="intersects")
    first, where = np.unique(row, return_index=True)
    names.iloc[first] = towns["name"].to_numpy()[town[where]]
    return names


def _stored_surface(home: Path, surface: RiskSurface, area: Area) -> dict[str, Any]:
    content, sha256 = surface_bytes(surface, area)
    return {
        "layer": "risk_index", "policy": surface.policy.id, "path": keep_raster(home, content, sha256), "sha256": sha256,
        "info": {"bands": list(SURFACE_BANDS), "grid": dataclasses.asdict(surface.grid)},
    }


def _loaded_rasters(connection: sa.Connection) -> list[dict[str, Any]]:
    rows = connection.execute(
        sa.text("SELECT layer, path, sha256, info FROM register.rasters WHERE to_load IS NULL ORDER BY layer, source_id")
    )
    return [{"layer": row.layer, "policy": None, "path": row.path, "sha256": row.sha256, "info": row.info} for row in rows]


def _meta(connection: sa.Connection, area: Area, results: Results, counts: dict[str, int], on: date) -> dict[str, Any]:
    declaration = dataclasses.asdict(area) | {"metric_proj4": area.metric_crs.srs}
    declaration.pop("folder")
    report = results.report
    return {
        "area": declaration,
        "on": on,
        "sources": _sources(connection),
        "versions": {name: metadata.version(name) for name in RECORDED_LIBRARIES},
        "code": code_hash(),
        "counts": counts,
        "policies": [_policy(policy_id) for policy_id in area.policies],
        "no_rule_pairs": report.no_rule_pairs.to_dict("records"),
        "unassessed": report.unassessed.to_dict("records"),
        **results.notes,
    }


def _policy(policy_id: str) -> dict[str, Any]:
    """What is told of a policy, and its whole table: an old edition is explained by the values it was made with."""
    policy = load_policy(policy_id)
    return {"id": policy.id, "title_zh": policy.title_zh, "title_en": policy.title_en, "version": policy.version,
            "source_zh": policy.source_zh, "source_en": policy.source_en, "table": as_table(policy)}


def _sources(connection: sa.Connection) -> list[dict[str, Any]]:
    """The newest load of each source: what this edition was made from."""
    rows = connection.execute(sa.text(
        "SELECT DISTINCT ON (source_id) source_id, load_id, layer, title_zh, supplier, as_of, files, n_read, n_accepted, "
        "n_refused, n_repaired, n_unplaced, n_merged FROM ops.loads_in_force ORDER BY source_id, load_id DESC"
    )).mappings()
    return [dict(row) for row in rows]


def warm_up() -> None:
    """Compile the numeric loops once, so that the first scoring does not wait for the compiler."""
    policy = load_policy("weighted_index_2026A")
    grid = Grid.for_area((0.0, 0.0, 200.0, 200.0), 50.0)
    columns: dict[str, list[Any]] = {"point_id": ["a"], "strength": [0.5], "radius_m": [100.0], "level": ["orange"]}
    point = gpd.GeoDataFrame(columns, geometry=[shapely.Point(90.0, 90.0)], crs="EPSG:3857")
    risk_index(point, grid, policy)
