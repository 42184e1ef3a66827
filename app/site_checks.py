"""Siting checks: what lies near the site is read from the edition, judged by the scoring, and kept as a case."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from app.cases import CaseKind
from app.editions import EditionFacts
from app.errors import RequestError
from app.frames import FrameMemory
from app.geojson import require_site_geometry
from app.parameters import choice, plain_text
from app.pipeline_conflicts import JURISDICTION, rules_date
from app.plain import plain
from layers.scoring.rules import RuleSet
from layers.scoring.siting import check_site, search_radii_m, valid_site
from layers.scoring.siting_terms import Project, Reason, SiteContext, SiteVerdict

KEYS = ("geometry", "project_type", "is_new", "n_persons", "name", "chemical", "amount_t")
REQUIRED_KEYS = ("geometry", "project_type")
MOST_PERSONS = 1_000_000
FULL_TABLES = ("unit_chemicals",)
"""Layers without positions that belong to others nearby."""


def project_types(rules: RuleSet) -> list[dict[str, Any]]:
    """Kinds of projects that can be checked, as the siting form lists them."""
    return [
        {"id": kind.id, "title_zh": kind.title_zh, "title_en": kind.title_en, "is_hazardous": kind.is_hazardous}
        for kind in rules.project_types.values()
    ]


def read_project(body: dict[str, Any], rules: RuleSet) -> Project:
    """The project that a request describes; raises `RequestError` for a wrong value."""
    is_new, n_persons = body.get("is_new", True), body.get("n_persons")
    if not isinstance(is_new, bool):
        raise RequestError("is_new", "应为 true 或 false", "must be true or false")
    if n_persons is not None and (type(n_persons) is not int or not 0 <= n_persons <= MOST_PERSONS):
        raise RequestError("n_persons", f"应为 0 至 {MOST_PERSONS} 的整数", f"must be a whole number, 0 to {MOST_PERSONS}")
    return Project(
        project_type=choice("project_type", body["project_type"], list(rules.project_types)),
        is_new=is_new,
        n_persons=n_persons,
        name=plain_text("name", body.get("name", "")),
    )


def read_site(body: dict[str, Any], facts: EditionFacts) -> shapely.Geometry:
    """The site in the metric CRS; raises an `InputError` for one that crosses itself or leaves the area."""
    sent = require_site_geometry(body["geometry"])
    shape = shapely.geometry.shape(sent)
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise RequestError("geometry", f"场址边界自相交或重叠({reason})", f"the outline crosses itself: {reason}")
    site = facts.in_metres(valid_site(sent))
    if not shapely.covers(facts.boundary_m, site):
        raise RequestError("geometry", "场址全部或部分在辖区以外", "the site lies wholly or partly outside the area")
    return site


def site_check(
    connection: sa.Connection,
    facts: EditionFacts,
    frames: FrameMemory,
    rules: RuleSet,
    *,
    site: shapely.Geometry,
    project: Project,
) -> dict[str, Any]:
    """The answer of ``POST /api/site-checks`` but for its number."""
    context = SiteContext(
        layers=_layers_near(connection, facts, frames, rules, site),
        states={layer_id: "loaded" if n else "empty" for layer_id, (n, _) in facts.counts.items()},
        crs=facts.metric_crs,
        policy=facts.policy,
        jurisdiction=JURISDICTION,
        n_unplaced=facts.n_unplaced_sources,
    )
    verdict = check_site(site, project=project, context=context, rules=rules, on=rules_date(facts))
    return _told(facts, verdict)


def _layers_near(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, rules: RuleSet, site: shapely.Geometry
) -> dict[str, Any]:
    """What lies within the search radius of each layer, radii of one length read together."""
    bounds = shapely.bounds(site)
    layers: dict[str, Any] = {}
    for radius_m, layer_ids in _layers_by_radius(rules, facts).items():
        box = tuple((bounds + np.array([-radius_m, -radius_m, radius_m, radius_m])).tolist())
        layers |= frames.within(connection, facts, layer_ids, [box])
    return layers


def _layers_by_radius(rules: RuleSet, facts: EditionFacts) -> dict[float, list[str]]:
    found: dict[float, list[str]] = {0.0: list(FULL_TABLES)}
    radii_m = search_radii_m(
        rules, largest_influence_m=facts.largest_radius_m, largest_accuracy_m=facts.largest_accuracy_m
    )
    for layer_id, radius_m in radii_m.items():
        found.setdefault(radius_m, []).append(layer_id)
    return found


def _told(facts: EditionFacts, verdict: SiteVerdict) -> dict[str, Any]:
    return {
        "verdict": {
            "id": verdict.id, "rank": verdict.rank, "title_zh": verdict.title_zh, "title_en": verdict.title_en,
        },
        "reasons": [_told_reason(facts, reason) for reason in verdict.reasons],
        "not_assessed": [dataclasses.asdict(entry) for entry in verdict.not_assessed],
        "no_rule": [_told_reason(facts, reason) for reason in verdict.no_rule],
        "passed": [dataclasses.asdict(entry) for entry in verdict.passed],
        "edition": facts.edition.number,
        "edition_label": facts.edition.label,
        "data_as_of": facts.edition.data_as_of.isoformat() if facts.edition.data_as_of else None,
        "rules_version": verdict.rules_version,
        "legal_note_zh": facts.legal_note("zh"),
        "legal_note_en": facts.legal_note("en"),
        "disclaimer_zh": verdict.disclaimer_zh,
        "disclaimer_en": verdict.disclaimer_en,
    }  # fmt: skip


def _told_reason(facts: EditionFacts, reason: Reason) -> dict[str, Any]:
    """A reason as the API has it: the object apart, the line as GeoJSON in degrees."""
    told = {entry.name: plain(getattr(reason, entry.name)) for entry in dataclasses.fields(reason) if entry.name != "line"}
    names = {"layer": "object_layer", "id": "object_id", "name": "object_name"}
    about = {name: told.pop(column) for name, column in names.items()}
    line = None if reason.line is None else shapely.geometry.mapping(facts.in_degrees(reason.line))
    return told | {"object": about if about["layer"] else None, "line": line}


def _outcome(answer: dict[str, Any]) -> Any:
    """What of an answer counts when a later edition is compared: the verdict, and which rule names which object."""
    named = sorted(f"{reason['rule_id']} {reason['object']} {reason['certainty']}" for reason in answer["reasons"])
    return [answer["verdict"]["id"], named]


SITE_CHECK = CaseKind("site_check", "S", _outcome)
