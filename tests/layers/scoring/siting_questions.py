"""Questions of siting that several tests ask: a site of 40 m at the centre, and layers loaded or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import geopandas as gpd

from layers.scoring.rules import RuleSet
from layers.scoring.siting import check_site
from layers.scoring.siting_terms import Project, Reason, SiteContext, SiteVerdict
from tests.layers.scoring.frames import CRS, box, enterprise, layer, line, point

ON = date(2026, 9, 30)
SITE = box(-20, 0, 20, 40)
ALL_LAYERS = (
    "pipelines",
    "pipeline_stations",
    "roads",
    "power_lines",
    "risk_points",
    "risk_zones",
    "official_contours",
    "park_boundaries",
    "protection_targets",
    "buildings",
    "hazard_units",
    "enterprises",
    "fire_stations",
)


def context(layers: Mapping[str, gpd.GeoDataFrame], **changes: Any) -> SiteContext:
    """All layers of the edition loaded, those given near the site and the rest far away."""
    states = dict.fromkeys(ALL_LAYERS, "loaded") | changes.pop("states", {})
    return SiteContext(layers, states, CRS, **changes)


def check(
    layers: Mapping[str, gpd.GeoDataFrame],
    rules: RuleSet,
    *,
    kind: str = "residential",
    site: Any = SITE,
    is_new: bool = True,
    n_persons: int | None = 500,
    **changes: Any,
) -> SiteVerdict:
    project = Project(kind, is_new=is_new, n_persons=n_persons)
    return check_site(site, project=project, context=context(layers, **changes), rules=rules, on=ON)


def reason_of(verdict: SiteVerdict, rule_id: str) -> Reason | None:
    return next((reason for reason in verdict.reasons if reason.rule_id == rule_id), None)


def south(distance_m: float) -> Any:
    """A line east-west whose distance to the site's south edge is given."""
    return line((-400, -distance_m), (400, -distance_m))


def one_source(
    level: str = "orange", kind: str = "ammonia", radius_m: float | None = 300.0, **fields: Any
) -> dict[str, gpd.GeoDataFrame]:
    """An enterprise 200 m south of the centre, with its risk point."""
    risk_point = {
        "geometry": point(0, -200),
        "point_id": "R1",
        "source_layer": "enterprises",
        "source_feature_id": "f0",
        "enterprise_id": "E1",
        "name": "works",
        "kind": kind,
        "level": level,
        "radius_m": radius_m,
    } | fields
    return {"risk_points": layer(risk_point), "enterprises": layer(enterprise(point(0, -200), kind))}
