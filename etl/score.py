"""Scoring: fixes the register's state and writes it with every result as the next draft edition."""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from etl.area import declared_area
from etl.beside import Beside, second_process
from etl.derive import Inputs, Results, derive
from etl.earlier import (
    STAGES_KEY,
    EarlierEdition,
    changed_rows,
    earlier_edition,
    keep_results,
    layer_digests,
    packed_results,
)
from etl.edition import (
    copy_derived_layer,
    create_edition,
    fill_derived_layer,
    fill_loaded_layers,
    keep_raster,
    write_meta,
)
from etl.edition_links import decisions_stamp, write_links
from etl.follow_ups import LAYER as LEDGER
from etl.follow_ups import fill_follow_ups, follow_ups_stamp
from etl.frames import frame_reader
from etl.locks import EDITION_LOCK, held
from etl.progress import Progress, Step, silent
from etl.stages import STAGES
from etl.stamps import code_hash, code_stamp, installation_hash, library_versions
from etl.surface import SURFACE_BANDS, surface_bytes
from layers.catalog import Area, Catalog
from layers.errors import CatalogError, EditionError
from layers.scoring.consequence.properties import read_library
from layers.scoring.grid import Grid
from layers.scoring.measure import compile_measures
from layers.scoring.policy import as_table, load_policy
from layers.scoring.rule_tables import table_digests
from layers.scoring.sharing import Share
from layers.scoring.zoning import RiskSurface, risk_index

UNITS_WORTH_A_PROCESS = 20


@dataclass
class ScoreResult:
    """The draft that was written; `is_unchanged` where nothing had changed since edition `edition`.

    `stages` tells of each stage whether it was computed (``new``), ``updated`` or ``kept``, and what had changed.
    """

    edition: int
    label: str
    is_unchanged: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    stages: list[dict[str, Any]] = field(default_factory=list)


def score_register(
    engine: sa.Engine,
    catalog: Catalog,
    *,
    home: Path,
    label: str = "",
    on: date | None = None,
    is_partial: bool = False,
    is_full: bool = False,
    share: Share | None = None,
    progress: Progress = silent,
) -> ScoreResult:
    """Write the next draft edition in one transaction; an interrupted run leaves nothing behind.

    Parameters
    ----------
    on : date whose rules are in force; default the date of the newest delivery, else today.
    is_partial : score although the newest delivery was not loaded to its end.
    is_full : compute everything again, and take nothing over from the edition before.
    share : processes that do work in parts (`etl.workers.shared`); the results are the same without them.

    Raises
    ------
    EditionError
        The newest delivery is not whole: its label would stand on half of its data.
    """
    started = time.perf_counter()
    # The lock comes first: a snapshot taken while waiting for it would not see what the other run wrote.
    with held(engine, EDITION_LOCK), _snapshot(engine) as connection, what_stands_left_alone():
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
        if not is_full and same is not None and same.edition == _newest_edition(connection):
            return ScoreResult(same.edition, same.label, is_unchanged=True)
        edition = _next_edition(connection)
        create_edition(connection, edition)
        with second_process(is_wanted=share is None and _n_units(connection) >= UNITS_WORTH_A_PROCESS) as beside:
            counts, stages = _write_edition(
                connection, catalog, area, outline, edition, home=home, on=on, is_full=is_full, share=share, progress=progress,
                beside=beside,
            )
        connection.execute(
            sa.text("INSERT INTO ops.editions (edition, label, status, data_as_of, input_hash) "
                    "VALUES (:edition, :label, 'draft', :as_of, :hash)"),
            {"edition": edition, "label": label, "as_of": as_of, "hash": input_hash},
        )
    return ScoreResult(edition, label, counts=counts, seconds=time.perf_counter() - started, stages=stages)


@contextmanager
def what_stands_left_alone() -> Iterator[None]:
    """For a block the collector of cycles passes over what stands already: going through modules, catalogs and libraries again
    and again takes a tenth of a scoring. What the block itself leaves behind is collected as ever."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


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


def _input_hash(connection: sa.Connection, area: Area, label: str, on: date) -> str:
    loads = connection.execute(
        sa.text("SELECT source_id, max(load_id) FROM ops.loads_in_force GROUP BY source_id ORDER BY source_id")
    ).all()
    decided = [decisions_stamp(connection), follow_ups_stamp(connection, on)]
    parts = [[list(row) for row in loads], decided, installation_hash(), dataclasses.asdict(area), label, on]
    return hashlib.sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()


def _write_edition(
    connection: sa.Connection, catalog: Catalog, area: Area, outline: BaseGeometry, edition: int, *, home: Path, on: date,
    is_full: bool, share: Share | None, progress: Progress, beside: Beside | None,
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    progress(Step("评定: 固定现状库", "score: fixing the register"))
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(_read_ahead, area, outline, is_alone=beside is None)
        counts = fill_loaded_layers(connection, catalog, area, edition)
        reading.result()
    counts[LEDGER] = counts.get(LEDGER, 0) + fill_follow_ups(connection, catalog, area, edition, on)
    write_links(connection, catalog, edition)
    base = None if is_full else earlier_edition(connection, area, home)
    loaded = _loaded_rasters(connection)
    progress(Step("评定: 与上一版比较", "score: comparing with the edition before"))
    inputs = Inputs(
        area, outline, on, frame_reader(connection, catalog, area, edition),
        rasters={raster["layer"]: home / raster["path"] for raster in reversed(loaded)},
        digests=layer_digests(connection, catalog, area, edition) | raster_digests(loaded),
        share=share,
    )  # fmt: skip
    results = derive(inputs, base=base, progress=progress, beside=beside)
    surfaces = results.surfaces
    with ThreadPoolExecutor(1) as thread:
        storing = thread.submit(lambda: [_stored_surface(home, surface, area) for surface in surfaces])
        packing = thread.submit(packed_results, results)
        counts |= _write_layers(connection, catalog, area, edition, results, base, progress)
        rasters = storing.result() + loaded
        keep_results(connection, edition, results, base, packing.result())
    write_meta(connection, edition, _meta(connection, area, results, counts, on), rasters, outline, area)
    return counts, _told(connection, catalog, area, edition, results, base)


def _read_ahead(area: Area, outline: BaseGeometry, *, is_alone: bool) -> None:
    """What the stages will ask for whatever the data say, read while the database copies and this processor would wait."""
    for stage in STAGES:
        code_stamp(stage, area, outline)
    if is_alone:
        read_library()
    warm_up()


def _n_units(connection: sa.Connection) -> int:
    """Hazard units in force: with few of them a second process takes longer to start than it saves."""
    table = sa.table("hazard_units", sa.column("to_load"), schema="register")
    if not sa.inspect(connection).has_table(table.name, schema=table.schema):
        return 0
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(table.c.to_load.is_(None))).scalar_one())


def _write_layers(
    connection: sa.Connection, catalog: Catalog, area: Area, edition: int, results: Results, base: EarlierEdition | None,
    progress: Progress,
) -> dict[str, int]:
    """Every derived layer's table, those of unchanged stages taken over; returns rows per layer."""
    state = {name: results.records[stage.name].state for stage in STAGES for name in stage.results}
    counts = {}
    for layer in [layer for layer in catalog.derived if layer.has_table]:
        if layer.id not in state:
            raise CatalogError(layer.folder / "layer.toml", "a derived layer that no stage of etl/stages makes")
        progress(Step(f"评定: 写入{layer.title_zh}", f"score: writing {layer.title_en}"))
        if base is not None and state[layer.id] == "kept":
            counts[layer.id] = copy_derived_layer(connection, layer, area, edition, before=base.edition)
        else:
            counts[layer.id] = fill_derived_layer(connection, layer, area, edition, results.values[layer.id])
    return counts


def _told(
    connection: sa.Connection, catalog: Catalog, area: Area, edition: int, results: Results, base: EarlierEdition | None
) -> list[dict[str, Any]]:
    """Per stage what was done and why, with the rows that changed in the layers named."""
    layers = {name for record in results.records.values() for name in record.why if name in catalog}
    rows = {
        name: changed_rows(connection, catalog[name], area, base.edition, edition)
        for name in sorted(layers)
        if base is not None and catalog[name].has_table
    }
    return [
        {"stage": stage.name, "title_zh": stage.title_zh, "title_en": stage.title_en, "state": record.state,
         "told": record.told, "seconds": round(record.seconds, 2), "why": [{"name": name, **rows.get(name, {})} for name in record.why]}
        for stage in STAGES for record in [results.records[stage.name]]
    ]  # fmt: skip


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


def raster_digests(loaded: list[dict[str, Any]]) -> dict[str, str]:
    """What tells one raster of a layer from another: its file's name, a hash of the delivery and of how it was turned."""
    return {raster["layer"]: raster["path"] for raster in reversed(loaded)}


def _meta(connection: sa.Connection, area: Area, results: Results, counts: dict[str, int], on: date) -> dict[str, Any]:
    declaration = dataclasses.asdict(area) | {"metric_proj4": area.metric_crs.srs}
    declaration.pop("folder")
    return {
        "area": declaration,
        "on": on,
        "sources": _sources(connection),
        "versions": library_versions(),
        "code": code_hash(),
        STAGES_KEY: {name: dataclasses.asdict(record) for name, record in results.records.items()},
        "counts": counts,
        "policies": [_policy(policy_id) for policy_id in area.policies],
        "rule_tables": table_digests(),
        **results.notes(),
    }


def _policy(policy_id: str) -> dict[str, Any]:
    """What is told of a policy, and its whole table: an old edition is explained by the values it was made with."""
    policy = load_policy(policy_id)
    return {"id": policy.id, "title_zh": policy.title_zh, "title_en": policy.title_en, "version": policy.version,
            "source_zh": policy.source_zh, "source_en": policy.source_en, "table": as_table(policy)}


def _sources(connection: sa.Connection) -> list[dict[str, Any]]:
    """The newest load of each source: what this edition was made from."""
    rows = connection.execute(sa.text(
        "SELECT DISTINCT ON (source_id) source_id, load_id, layer, title_zh, title_en, supplier, supplier_en, as_of, files, n_read, n_accepted, "
        "n_refused, n_repaired, n_unplaced, n_merged FROM ops.loads_in_force ORDER BY source_id, load_id DESC"
    )).mappings()
    return [dict(row) for row in rows]


def warm_up() -> None:
    """Compile the numeric loops once, so that the first scoring does not wait for the compiler."""
    compile_measures()
    policy = load_policy("weighted_index_2026A")
    grid = Grid.for_area((0.0, 0.0, 200.0, 200.0), 50.0)
    columns: dict[str, list[Any]] = {"point_id": ["a"], "strength": [0.5], "radius_m": [100.0], "level": ["orange"]}
    point = gpd.GeoDataFrame(columns, geometry=[shapely.Point(90.0, 90.0)], crs="EPSG:3857")
    risk_index(point, grid, policy)
