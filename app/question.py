"""What is asked about a level, of which edition, and the form of every answer to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely
import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from app.errors import MissingError
from app.frames import FrameMemory
from app.plain import plain
from app.risk_memory import RiskMemory
from app.texts import Text
from layers.catalog import Catalog

MOST_MEMBERS = 30
DATA_LAYERS = (
    "enterprises", "hazard_units", "unit_chemicals", "declared_levels", "hidden_dangers", "follow_ups", "score_items", "work_accidents",
    "pipelines", "road_black_spots", "population", "protection_targets", "towns", "park_boundaries", "park_assessments",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Question:
    """What is asked of which edition, under which policy; `home` is the folder below which its rasters lie."""

    connection: sa.Connection
    facts: EditionFacts
    frames: FrameMemory
    catalog: Catalog
    policy_id: str
    home: Path
    risks: RiskMemory

    def points_around(self, bounds_m: Sequence[float]) -> gpd.GeoDataFrame:
        """Sources that may matter within a box (metres)."""
        west, south, east, north = bounds_m
        reach_m = self.facts.largest_radius_m + 2 * float(self.facts.area["cell_m"])
        box = (west - reach_m, south - reach_m, east + reach_m, north + reach_m)
        return gpd.GeoDataFrame(self.frames.within(self.connection, self.facts, ["risk_points"], [box])["risk_points"])

    def feature(self, layer: str, feature_id: str) -> dict[str, Any]:
        """Fields of a feature and its ``geometry`` in metres; `MissingError` where the edition has none."""
        found = None
        if layer in self.facts.counts:
            geometry = sql.Identifier("geom") if self.catalog[layer].is_drawn else sql.SQL("NULL::geometry")
            table = self.facts.edition.table(layer)
            found = queries.run(self.connection, "feature", {"id": feature_id}, table=table, geometry=geometry).one_or_none()
        if found is None:
            raise MissingError(Text("本版次图层 {layer} 没有要素 {feature_id}", layer=layer, feature_id=feature_id))
        outline = None if found.geometry is None else self.facts.in_metres(shapely.geometry.shape(found.geometry))
        return {**found.properties, "geometry": outline}


def answer(ask: Question, subject: Mapping[str, Any], row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    policy = next(entry for entry in ask.facts.policies if entry["id"] == ask.policy_id)
    facts = ask.facts
    return plain({
        "subject": subject,
        "policy": {name: policy[name] for name in ("id", "title_zh", "title_en")},
        "level": row.get("level"),
        "basis": row.get("basis"),
        "reason_zh": row.get("reason_zh"),
        "reason_en": row.get("reason_en"),
        "figure": None, "contributions": [], "rules": [], "members": [], "place": None, "would_change": [], "data": [],
        **more,
        "versions": facts.meta.get("versions", {}),
        "edition": facts.edition.number,
        "data_as_of": facts.edition.data_as_of.isoformat() if facts.edition.data_as_of else None,
    })  # fmt: skip


def data_behind(facts: EditionFacts, layers: Sequence[str] = DATA_LAYERS) -> list[dict[str, Any]]:
    """Delivered sources of some layers with their dates."""
    sources: list[dict[str, Any]] = facts.meta.get("sources", [])
    names = ("source_id", "layer", "title_zh", "title_en", "supplier", "supplier_en", "as_of")
    return [{name: source.get(name) for name in names} for source in sources if source.get("layer") in layers]
