"""Pipelines, and what stands near one, in chainage order and in the words of the law."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pandas as pd
import shapely
import sqlalchemy as sa

from app import queries
from app.editions import EditionFacts
from app.errors import MissingError
from app.frames import FrameMemory, boxes_along
from app.plain import plain
from layers.scoring.chainage import Chainage, start_of
from layers.scoring.crossings import AREA_LAYERS, LINE_LAYERS, crossings
from layers.scoring.pipelines import (
    VERDICTS,
    WARNING_EN,
    WARNING_ZH,
    conflicts,
    permit_bands,
)
from layers.scoring.rules import RuleSet

BANDS_M = (5, 50, 200)
JURISDICTION = "CN"
MARGIN_M = 100.0
"""Beyond the buffer: position errors and assumed half widths, which may count as conflicts too."""
LISTED_FIELDS = ("name", "operator", "kind", "medium", "diameter_mm", "pressure_mpa", "status")


def pipeline_list(connection: sa.Connection, facts: EditionFacts) -> list[dict[str, Any]]:
    """Every pipeline with its main figures, length and chainages in metres, in the order of names."""
    if "pipelines" not in facts.counts:
        return []
    rows = queries.run(connection, "pipelines", table=facts.edition.table("pipelines"))
    return [dict(row) for row in rows.mappings()]


def pipeline_conflicts(
    connection: sa.Connection,
    facts: EditionFacts,
    frames: FrameMemory,
    rules: RuleSet,
    pipeline_id: str,
    *,
    buffer_m: float,
    from_m: float | None,
    to_m: float | None,
) -> dict[str, Any]:
    """The answer of ``/api/pipelines/<id>/conflicts``.

    Raises
    ------
    MissingError
        The edition has no such pipeline, or it has no position.
    InputError
        Buffer or chainages out of range.
    NoRuleError
        No rule covers this kind of pipeline.
    """
    pipeline = pipeline_of(connection, facts, frames, pipeline_id)
    layer_ids = {member.layer for entry in rules.classes.values() for member in entry.members} | {"unit_chemicals"}
    boxes_m = boxes_along(pipeline["geometry"], buffer_m + MARGIN_M)
    layers = frames.within(connection, facts, sorted(layer_ids), boxes_m)
    found = conflicts(
        pipeline, layers, rules, buffer_m=buffer_m, on=rules_date(facts), jurisdiction=JURISDICTION,
        from_m=from_m, to_m=to_m,
    )  # fmt: skip
    along = Chainage.along(pipeline["geometry"], facts.metric_crs, start_of(pipeline))
    told = [_told(facts, row) for row in found.to_dict("records")]
    counts = Counter(entry["verdict"] for entry in told)
    return {
        "pipeline": {"id": pipeline_id} | {name: plain(pipeline[name]) for name in LISTED_FIELDS},
        "length_m": along.length_m,
        "start_chainage_m": along.start_m,
        "end_chainage_m": along.end_m,
        "buffer_m": buffer_m,
        "bands": list(BANDS_M),
        "permit_bands": permit_bands(pipeline, rules, on=rules_date(facts), jurisdiction=JURISDICTION),
        "conflicts": told,
        "counts": {verdict: counts.get(verdict, 0) for verdict in VERDICTS},
        "rules_version": rules.version,
        "edition": facts.edition.number,
        "legal_note_zh": facts.legal_note("zh"),
        "legal_note_en": facts.legal_note("en"),
        "warning_zh": " ".join([WARNING_ZH, *_doubts(facts, pipeline, "zh")]),
        "warning_en": " ".join([WARNING_EN, *_doubts(facts, pipeline, "en")]),
    }


KIND_ASSUMED = {
    "zh": "管道类别为筛查假设,判定随之为假设。",
    "en": "The kind of this line is a screening assumption, and so is every verdict here.",
}


def _doubts(facts: EditionFacts, pipeline: pd.Series[Any], lang: str) -> list[str]:
    """What else has to be known about the verdicts of a line: an assumed kind, rules of another jurisdiction."""
    assumed = [KIND_ASSUMED[lang]] if plain(pipeline.get("is_kind_assumed")) is True else []
    foreign = [f"{note}{'。' if lang == 'zh' else '.'}" for note in (facts.legal_note(lang),) if note]
    return assumed + foreign


def rules_date(facts: EditionFacts) -> date:
    """The date whose rules the edition was scored by; today where it does not say."""
    on = facts.meta.get("on")
    return date.fromisoformat(on) if isinstance(on, str) else date.today()


def pipeline_of(connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, pipeline_id: str) -> pd.Series[Any]:
    """One line of the edition with its geometry in the metric CRS; raises `MissingError`."""
    rows = []
    if "pipelines" in facts.counts:
        table = facts.edition.table("pipelines")
        rows = queries.run(connection, "geometry_of", {"id": pipeline_id}, table=table).all()
    if not rows or rows[0].wkb is None:
        raise MissingError(f"没有管道 {pipeline_id}(或无位置)", f"no pipeline {pipeline_id}, or it has no position")
    bounds_m = shapely.bounds(facts.in_metres(shapely.from_wkb(bytes(rows[0].wkb))))
    frame = frames.within(connection, facts, ["pipelines"], [tuple(map(float, bounds_m))])["pipelines"]
    found: pd.Series[Any] = frame[frame["feature_id"] == pipeline_id].iloc[0]
    return found


def _told(facts: EditionFacts, row: dict[str, Any]) -> dict[str, Any]:
    """One conflict as the API has it: the object apart, the line as GeoJSON in degrees."""
    line = row.pop("geometry")
    names = {"layer": "object_layer", "id": "object_feature_id", "name": "object_name", "category": "object_category"}
    entry = {"object": {name: plain(row.pop(column)) for name, column in names.items()}}
    entry |= {name: plain(value) for name, value in row.items()}
    return entry | {"line": shapely.geometry.mapping(facts.in_degrees(line)) if line is not None else None}


def pipeline_crossings(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, pipeline_id: str
) -> dict[str, Any]:
    """The answer of ``/api/pipelines/<id>/crossings``: what the line crosses, in chainage order, with angles.

    Raises
    ------
    MissingError
        The edition has no such pipeline, or it has no position.
    """
    pipeline = pipeline_of(connection, facts, frames, pipeline_id)
    boxes_m = boxes_along(pipeline["geometry"], MARGIN_M)
    layers = frames.within(connection, facts, [*LINE_LAYERS, *AREA_LAYERS], boxes_m)
    found = crossings(pipeline, layers, crs=facts.metric_crs)
    told = [_told(facts, row) for row in found.to_dict("records")]
    return {"pipeline_id": pipeline_id, "crossings": told, "edition": facts.edition.number}
