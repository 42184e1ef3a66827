"""Pipelines, and what stands near one, in chainage order and in the words of the law."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from app import queries
from app.editions import EditionFacts
from app.errors import MissingError
from app.frames import FrameMemory, boxes_along
from app.plain import plain
from app.texts import Text
from layers.scoring.calibration import POST_LAYERS, Calibrated, calibrated, calibration_facts
from layers.scoring.chainage import written_chainage
from layers.scoring.crossings import AREA_LAYERS, LINE_LAYERS, crossings
from layers.scoring.pipeline_listed import boxes_of
from layers.scoring.pipelines import (
    VERDICTS,
    WARNING_EN,
    WARNING_ZH,
    conflicts,
    is_uncovered,
    permit_bands,
)
from layers.scoring.rules import RuleSet

BANDS_M = (5, 50, 200)
JURISDICTION = "CN"
MARGIN_M = 100.0
"""Beyond the buffer: position errors and assumed half widths, which may count as conflicts too."""
NAMING_FIELDS = (
    "violation_id", "rule_id", "rule_kind", "subject_layer", "subject_feature_id", "subject_name", "object_layer", "object_feature_id",
    "object_name", "required_m", "actual_m", "error_m", "certainty", "is_historic", "is_estimated", "standard_id", "clause", "source_type",
)  # fmt: skip
LISTED_FIELDS = ("name", "operator", "kind", "medium", "diameter_mm", "pressure_mpa", "status")


def pipeline_list(connection: sa.Connection, facts: EditionFacts, frames: FrameMemory) -> list[dict[str, Any]]:
    """Every pipeline with its main figures, length and chainages in metres, in the order of names.

    Lines with posts have the chainages that these state; `n_posts` counts them, 0: the chainages are drawn lengths.
    """
    if "pipelines" not in facts.counts:
        return []
    rows = [dict(row) for row in queries.run(connection, "pipelines", table=facts.edition.table("pipelines")).mappings()]
    posts = frames.within(connection, facts, POST_LAYERS, [tuple(map(float, shapely.bounds(facts.boundary_m)))])
    with_posts = {str(line_id) for frame in posts.values() for line_id in frame["pipeline_id"].dropna()}
    for row in rows:
        row["n_posts"] = 0
        if row["id"] in with_posts:
            found = line_chainage(connection, facts, frames, pipeline_of(connection, facts, frames, row["id"]))
            row |= {"n_posts": len(found.used), "start_chainage_m": found.along.start_m, "end_chainage_m": found.along.end_m}
    return rows


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
        No rule covers this kind of pipeline, and no violation of the edition names it.
    """
    pipeline = pipeline_of(connection, facts, frames, pipeline_id)
    layer_ids = {member.layer for entry in rules.classes.values() for member in entry.members} | {"unit_chemicals", *POST_LAYERS}
    violations = violations_naming(connection, facts, pipeline_id)
    layer_ids |= {*violations["subject_layer"], *violations["object_layer"]}
    boxes_m = [*boxes_along(pipeline["geometry"], buffer_m + MARGIN_M), *boxes_of(violations)]
    layers = frames.within(connection, facts, sorted(layer_ids), boxes_m)
    found = conflicts(
        pipeline, layers, rules, buffer_m=buffer_m, on=rules_date(facts), jurisdiction=JURISDICTION,
        from_m=from_m, to_m=to_m, violations=violations,
    )  # fmt: skip
    found_chainage = calibrated(pipeline, layers, facts.metric_crs)
    along = found_chainage.along
    told = [_told(facts, row) for row in found.to_dict("records")]
    counts = Counter(entry["verdict"] for entry in told)
    return {
        "pipeline": {"id": pipeline_id} | {name: plain(pipeline[name]) for name in LISTED_FIELDS},
        "length_m": along.length_m,
        "start_chainage_m": along.start_m,
        "end_chainage_m": along.end_m,
        "calibration": calibration_facts(found_chainage),
        "buffer_m": buffer_m,
        "bands": list(BANDS_M),
        "permit_bands": permit_bands(pipeline, rules, on=rules_date(facts), jurisdiction=JURISDICTION),
        "conflicts": told,
        "counts": {verdict: counts.get(verdict, 0) for verdict in VERDICTS},
        "rules_version": rules.version,
        "edition": facts.edition.number,
        "legal_note_zh": facts.legal_note("zh"),
        "legal_note_en": facts.legal_note("en"),
        "warning_zh": "".join(_doubts(facts, pipeline, rules, "zh")),
        "warning_en": " ".join(_doubts(facts, pipeline, rules, "en")),
    }


KIND_ASSUMED = Text("管道类别为筛查假设,判定随之为假设。")
NO_RULE_OF_KIND = Text("没有规则规定这类管道旁可以有什么,以下仅为其他规则涉及该管道的冲突。")


def _doubts(facts: EditionFacts, pipeline: pd.Series[Any], rules: RuleSet, lang: str) -> list[str]:
    """What has to be known about the verdicts of a line: no locating, no rule of its own, an assumed kind, rules of another jurisdiction."""
    always = Text("{note}。", note={"zh": WARNING_ZH, "en": WARNING_EN}[lang])[lang]
    uncovered = [NO_RULE_OF_KIND[lang]] if is_uncovered(pipeline, rules, on=rules_date(facts), jurisdiction=JURISDICTION) else []
    assumed = [KIND_ASSUMED[lang]] if plain(pipeline.get("is_kind_assumed")) is True else []
    foreign = [Text("{note}。", note=note)[lang] for note in (facts.legal_note(lang),) if note]
    return [always, *uncovered, *assumed, *foreign]


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
        raise MissingError(Text("没有管道 {pipeline_id}(或无位置)", pipeline_id=pipeline_id))
    bounds_m = shapely.bounds(facts.in_metres(shapely.from_wkb(bytes(rows[0].wkb))))
    frame = frames.within(connection, facts, ["pipelines"], [tuple(map(float, bounds_m))])["pipelines"]
    found: pd.Series[Any] = frame[frame["feature_id"] == pipeline_id].iloc[0]
    return found


def violations_naming(connection: sa.Connection, facts: EditionFacts, pipeline_id: str) -> gpd.GeoDataFrame:
    """Rows of ``distance_violations`` with a pipeline on either side, in the metric CRS; none where the edition has no such layer."""
    rows = []
    if "distance_violations" in facts.counts:
        found = queries.run(connection, "violations_naming", {"id": pipeline_id}, table=facts.edition.table("distance_violations"))
        rows = [dict(row) for row in found.mappings()]
    frame = pd.DataFrame(rows, columns=[*NAMING_FIELDS, "wkb"])
    lines = facts.in_metres(shapely.from_wkb(np.array([bytes(wkb) for wkb in frame["wkb"]], dtype=object)))
    return gpd.GeoDataFrame(frame.drop(columns="wkb"), geometry=lines, crs=facts.metric_crs)


def line_chainage(connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, pipeline: pd.Series[Any]) -> Calibrated:
    """The chainage of a line by the posts of the edition; `pipeline` as of `pipeline_of`."""
    posts = frames.within(connection, facts, POST_LAYERS, boxes_along(pipeline["geometry"], MARGIN_M))
    return calibrated(pipeline, posts, facts.metric_crs)


def line_places(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, pipeline_id: str, *, at_m: float | None,
    lon_lat: tuple[float, float] | None,
) -> list[dict[str, Any]]:
    """The places of a chainage on a line, or the one place of the line nearest to a position, with its chainage.

    `side` and `distance_m` are those of the position; a place asked for by its chainage is on the line.

    Raises
    ------
    ChainageError
        The line does not have the chainage.
    """
    along = line_chainage(connection, facts, frames, pipeline_of(connection, facts, frames, pipeline_id)).along
    if lon_lat is None:
        places = np.array(along.places(at_m or 0.0), dtype=object)
        chainage_m, side, apart_m = np.full(len(places), at_m or 0.0), [None] * len(places), np.zeros(len(places))
    else:
        asked = np.array([facts.in_metres(shapely.Point(*lon_lat))], dtype=object)
        (true_m, apart_m), side = along.nearest_true(asked), along.side(asked).tolist()
        chainage_m, places = along.of_true(true_m), np.array([along.place_of_true(float(true_m[0]))], dtype=object)
    degrees = shapely.get_coordinates(facts.in_degrees(places))
    return [
        {"chainage_m": float(m), "written": written_chainage(m), "lon": float(lon), "lat": float(lat), "side": word, "distance_m": float(off)}
        for m, (lon, lat), word, off in zip(chainage_m, degrees, side, apart_m, strict=True)
    ]


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
    layers = frames.within(connection, facts, [*LINE_LAYERS, *AREA_LAYERS, *POST_LAYERS], boxes_m)
    found = crossings(pipeline, layers, crs=facts.metric_crs)
    told = [_told(facts, row) for row in found.to_dict("records")]
    return {"pipeline_id": pipeline_id, "crossings": told, "edition": facts.edition.number}
