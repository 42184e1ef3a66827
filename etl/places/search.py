"""One run of the gazetteer over the rows without a position: proposals renewed, decisions untouched, nothing placed silently."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa

from etl.area import declared_area
from etl.locks import held
from etl.manifest import Manifest
from etl.places import calibration as calibration_module
from etl.places import folding, grammar, placing
from etl.places import public_names as public_names_module
from etl.places import gazetteer as gazetteer_module
from etl.places.calibration import Calibration, HeldOut, calibrate
from etl.places.gazetteer import Gazetteer, address_of, build_gazetteer
from etl.places.placing import BY_PUBLIC_NAME, METHODS, Guess, Wanted, guesses
from etl.places.public_names import TABLE, public_names
from etl.places.wording import area_grammar, area_names, basis_texts, worded_frames
from etl.progress import Progress, Step, silent
from etl.sql import statement
from layers.catalog import Area, Catalog, Layer
from layers.crs import transform_geometry
from layers.links import Decision, decide_place

PLACE_LOCK = 7_218_005
STEP_ROWS = 500
FARTHEST_M = 10_000.0
"""A position read off a mere name that may be farther off helps nobody who looks at it."""
CODE = (calibration_module, folding, gazetteer_module, grammar, placing, public_names_module)


@dataclass
class PlaceResult:
    """What a run found: `counts` has unplaced, proposed, accepted, rejected, open and placed_by_policy."""

    is_unchanged: bool = False
    counts: dict[str, int] = field(default_factory=dict)


def place_register(
    engine: sa.Engine, catalog: Catalog, *, policies: Mapping[str, float] | None = None, progress: Progress = silent
) -> PlaceResult:
    """Propose a position for every feature that has words but no position.

    A proposal is a proposal: it becomes a position by a person's decision, or by the policy of the source's manifest.
    Decisions are kept by layer and feature id and hold while the words they were made on stay the same.

    Parameters
    ----------
    policies : source id -> least score from which its rows are placed without asking (`place_by_gazetteer`).
    """
    policies = dict(policies or {})
    with held(engine, PLACE_LOCK), engine.begin() as connection:
        area, _ = declared_area(connection)
        input_hash = _input_hash(connection, catalog, policies)
        if input_hash == _last_hash(connection):
            return PlaceResult(True, place_counts(connection))
        progress(Step("定位: 读取现状库", "place: reading the register"))
        proposals = _proposals(connection, catalog, area, progress)
        _write_proposals(connection, proposals)
        n_placed = _apply_policies(connection, proposals, policies)
        counts = place_counts(connection) | {"unplaced": proposals.n_unplaced, "placed_by_policy": n_placed}
        connection.execute(
            sa.text("INSERT INTO ops.search_runs (kind, input_hash, counts) VALUES ('place', :hash, CAST(:counts AS jsonb))"),
            {"hash": _input_hash(connection, catalog, policies), "counts": json.dumps(counts)},
        )
    return PlaceResult(False, counts)


def placing_policies(manifests: Iterable[Manifest]) -> dict[str, float]:
    """Least score by source, of the manifests that have rows placed without asking."""
    return {manifest.id: manifest.place_by_gazetteer["min_score"] for manifest in manifests if manifest.place_by_gazetteer}


@dataclass
class Proposals:
    """Rows for `ops.place_proposals`, the source of each, and how many features had no position."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    source_of: dict[tuple[str, str], str] = field(default_factory=dict)
    n_unplaced: int = 0


def placed_layers(catalog: Catalog) -> list[Layer]:
    """Layers whose features may lack a position and say where they are in words."""
    return [
        layer
        for layer in catalog.loaded
        if layer.geometry in ("Point", "Geometry") and layer.placement == "optional" and (layer.identity.address or layer.identity.name)
    ]


def _proposals(connection: sa.Connection, catalog: Catalog, area: Area, progress: Progress) -> Proposals:
    layers = [layer for layer in catalog.loaded if layer.identity.field_names]
    frames = worded_frames(connection, catalog, area, layers)
    gazetteer = build_gazetteer(frames, catalog, grammar=area_grammar(connection, catalog, area), names=area_names(area))
    progress(Step("定位: 以已有位置校准", "place: measured on what is placed"))
    calibration = calibrate(gazetteer, held_out_rows(gazetteer, frames, catalog))
    found = Proposals()
    for layer in placed_layers(catalog):
        if layer.id in frames:
            _propose_layer(gazetteer, calibration, frames[layer.id], layer, area, found, progress)
    return found


def held_out_rows(gazetteer: Gazetteer, frames: Mapping[str, gpd.GeoDataFrame], catalog: Catalog) -> list[HeldOut]:
    """Features with words and a delivered position, of the layers whose features may lack one."""
    rows: list[HeldOut] = []
    for layer in placed_layers(catalog):
        frame = frames.get(layer.id)
        if frame is None or frame.empty:
            continue
        centres = frame.geometry.centroid
        is_known = ~shapely.is_missing(frame.geometry.to_numpy()) & (frame["positioned"] != "gazetteer").to_numpy()
        asked = zip(wanted_rows(gazetteer, frame, layer), centres.x, centres.y, is_known, strict=True)
        rows += [HeldOut(wanted, x_m, y_m) for wanted, x_m, y_m, known in asked if known]
    return rows


def wanted_rows(gazetteer: Gazetteer, frame: gpd.GeoDataFrame, layer: Layer) -> Iterator[Wanted]:
    """What the words of each row of a frame ask for, in the frame's order."""
    identity = layer.identity

    def texts(name: str) -> list[str]:
        return [value if isinstance(value, str) else "" for value in frame[name]] if name else [""] * len(frame)

    rows = zip(frame["feature_id"], frame["source_id"], texts(identity.name), texts(identity.address), texts(identity.town), strict=True)
    for feature_id, source_id, name, address, town in rows:
        yield Wanted(
            address_of(gazetteer, address, town), gazetteer.names.parse(name), (layer.id, feature_id), f"{layer.id}/{source_id}",
            () if identity.is_enterprise else tuple(public_names(name, gazetteer.grammar.folded_towns)),
        )


def _propose_layer(
    gazetteer: Gazetteer, calibration: Calibration, frame: gpd.GeoDataFrame, layer: Layer, area: Area, found: Proposals,
    progress: Progress,
) -> None:
    is_open = shapely.is_missing(frame.geometry.to_numpy()) | (frame["positioned"] == "gazetteer").to_numpy()
    rows = frame[is_open].reset_index(drop=True)
    found.n_unplaced += len(rows)
    basis = basis_texts(rows, layer)
    for at, wanted in enumerate(wanted_rows(gazetteer, rows, layer)):
        if at % STEP_ROWS == 0:
            progress(Step(f"定位: {layer.title_zh}", f"place: {layer.title_en}", at, len(rows)))
        guess = calibration.best(guesses(gazetteer, wanted))
        if guess is not None and (guess.method not in BY_PUBLIC_NAME or calibration.accuracy_m(guess) <= FARTHEST_M):
            found.rows.append(_proposal(guess, calibration, wanted, basis[at], area))
            found.source_of[wanted.record] = rows["source_id"].iloc[at]


def _proposal(guess: Guess, calibration: Calibration, wanted: Wanted, basis: str, area: Area) -> dict[str, Any]:
    point = transform_geometry(np.array([shapely.Point(guess.x_m, guess.y_m)], dtype=object), area.metric_crs, area.storage_crs)[0]
    method = METHODS[guess.method]
    parts = {name: value for name, value in vars(wanted.address).items() if value not in ("", None, ())}
    evidence = guess.evidence | {
        "zh": method.zh, "en": method.en, "parts": parts, "is_in_town": guess.is_in_town, "is_measured": calibration.is_measured(guess),
    }  # fmt: skip
    return {
        "layer": wanted.record[0], "feature_id": wanted.record[1], "basis": basis,
        "lon": round(point.x, 7), "lat": round(point.y, 7),
        "score": calibration.score(guess), "accuracy_m": round(calibration.accuracy_m(guess), 1),
        "method": guess.method, "evidence": json.dumps(evidence, ensure_ascii=False),
    }  # fmt: skip


def _write_proposals(connection: sa.Connection, proposals: Proposals) -> None:
    connection.execute(sa.text("CREATE TEMPORARY TABLE found_places (LIKE ops.place_proposals INCLUDING DEFAULTS) ON COMMIT DROP"))
    if proposals.rows:
        connection.execute(
            sa.text("INSERT INTO found_places (layer, feature_id, basis, lon, lat, score, accuracy_m, method, evidence) VALUES"
                    " (:layer, :feature_id, :basis, :lon, :lat, :score, :accuracy_m, :method, CAST(:evidence AS jsonb))"),
            proposals.rows,
        )
    connection.execute(statement(connection, "place_drop"))
    connection.execute(statement(connection, "place_renew"))


def _apply_policies(connection: sa.Connection, proposals: Proposals, policies: Mapping[str, float]) -> int:
    """Accept the proposals that a manifest's policy covers and nobody decided about; the decision names the manifest."""
    decided = {
        (row.layer, row.feature_id)
        for row in connection.execute(sa.text("SELECT DISTINCT layer, feature_id FROM ops.place_decisions"))
    }
    n_placed = 0
    for row in proposals.rows:
        record = (row["layer"], row["feature_id"])
        source_id = proposals.source_of[record]
        if record not in decided and row["score"] >= policies.get(source_id, 2.0):
            reason = f"place_by_gazetteer min_score {policies[source_id]:g}"
            decide_place(connection, record, Decision("accept", f"manifest:{source_id}", reason))
            n_placed += 1
    return n_placed


def _input_hash(connection: sa.Connection, catalog: Catalog, policies: Mapping[str, float]) -> str:
    """Hash of what a run rests on: loads in force of the layers it reads, newest decision, code, policies."""
    layers = sorted(layer.id for layer in catalog.loaded if layer.identity.field_names)
    loads = connection.execute(
        sa.text("SELECT layer, source_id, max(load_id) FROM ops.loads_in_force WHERE layer = ANY(:layers) GROUP BY 1, 2 ORDER BY 1, 2"),
        {"layers": layers},
    ).all()
    code = b"\x00".join(Path(str(module.__file__)).read_bytes() for module in CODE) + TABLE.read_bytes()
    parts = [[list(row) for row in loads], hashlib.sha256(code).hexdigest(), sorted(policies.items())]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _last_hash(connection: sa.Connection) -> str | None:
    query = sa.text("SELECT input_hash FROM ops.search_runs WHERE kind = 'place' ORDER BY run_id DESC LIMIT 1")
    return connection.execute(query).scalar_one_or_none()


def place_counts(connection: sa.Connection) -> dict[str, int]:
    """How many positions are proposed, taken, turned down and open."""
    return {name: int(value) for name, value in connection.execute(statement(connection, "place_counts")).mappings().one().items()}
