"""Siting checks: what lies near the site is read from the edition, judged by the scoring, and kept as a case."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from app.cases import CaseKind
from app.editions import EditionFacts
from app.frames import Bounds
from app.pipeline_conflicts import JURISDICTION, rules_date
from app.plain import plain
from app.site_requests import SiteRequest
from app.surroundings import SurroundingsMemory
from layers.scoring.object_classes import Layers
from layers.scoring.rules import RuleSet
from layers.scoring.siting import WholeVerdict, check_parts
from layers.scoring.siting_terms import Reason, SiteContext, SiteVerdict

NOT_TOLD = ("line", "obstacle", "clear_m", "names_nearest")
"""Fields of a reason that are told otherwise or only used for its shift."""
TOLD_OF_REASON = tuple(entry.name for entry in dataclasses.fields(Reason) if entry.name not in NOT_TOLD)
SIMPLER_BY_M = 20.0


def project_types(rules: RuleSet) -> list[dict[str, Any]]:
    """Kinds of projects that can be checked, as the siting form lists them."""
    return [
        {"id": kind.id, "title_zh": kind.title_zh, "title_en": kind.title_en, "is_hazardous": kind.needs_amounts}
        for kind in rules.project_types.values()
    ]


def site_context(facts: EditionFacts, layers: Layers) -> SiteContext:
    """What the edition knows, with the layers that lie near some ground."""
    return SiteContext(
        layers=layers,
        states=facts.layer_states,
        crs=facts.metric_crs,
        policy=facts.policy,
        jurisdiction=JURISDICTION,
        n_unplaced=facts.n_unplaced_sources,
        unstated=facts.unstated_fields,
        kept=facts.kept_of_sites,
    )


def site_check(
    connection: sa.Connection, facts: EditionFacts, surroundings: SurroundingsMemory, *, asked: SiteRequest
) -> dict[str, Any]:
    """The answer of ``POST /api/site-checks`` but for its number and what the project endangers."""
    rules = surroundings.rules
    context = site_context(facts, surroundings.around(connection, facts, bounds_of(asked)))
    verdict = check_parts(asked.parts, context=context, rules=rules, on=rules_date(facts))
    return _told(facts, verdict.whole) | {"parts": [_told_part(asked, verdict, number, rules) for number in range(len(asked.parts))]}


def bounds_of(asked: SiteRequest) -> Bounds:
    """West, south, east, north of all parts, metres."""
    west, south, east, north = zip(*(part.geometry.bounds for part in asked.parts), strict=True)
    return min(west), min(south), max(east), max(north)


def _told_part(asked: SiteRequest, verdict: WholeVerdict, number: int, rules: RuleSet) -> dict[str, Any]:
    """One part of the site with its own verdict and the largest share of its ground that a reason concerns."""
    part, own = asked.parts[number], verdict.parts[number]
    kind = rules.project_types[part.project.project_type]
    shares = [reason.share_of_area for reason in own.reasons if reason.gravity == own.rank and reason.share_of_area is not None]
    return {
        "part": number,
        "project_type": {"id": kind.id, "title_zh": kind.title_zh, "title_en": kind.title_en},
        "area_m2": round(float(part.geometry.area), 1),
        "verdict": _told_verdict(own),
        "n_reasons": len(own.reasons),
        "share_of_area": max(shares, default=None),
    }


def _told_verdict(verdict: SiteVerdict) -> dict[str, Any]:
    return {"id": verdict.id, "rank": verdict.rank, "title_zh": verdict.title_zh, "title_en": verdict.title_en}


def _told(facts: EditionFacts, verdict: SiteVerdict) -> dict[str, Any]:
    reasons = _told_reasons(facts, verdict.reasons)
    return {
        "verdict": _told_verdict(verdict),
        "reasons": reasons,
        "not_assessed": [dict(vars(entry)) for entry in verdict.not_assessed],
        "no_rule": [reason for reason in reasons if reason["kind"] == "no_rule"],
        "passed": [dict(vars(entry)) for entry in verdict.passed],
        "edition": facts.edition.number,
        "edition_label": facts.edition.label,
        "data_as_of": facts.edition.data_as_of.isoformat() if facts.edition.data_as_of else None,
        "rules_version": verdict.rules_version,
        "legal_note_zh": facts.legal_note("zh"),
        "legal_note_en": facts.legal_note("en"),
        "disclaimer_zh": verdict.disclaimer_zh,
        "disclaimer_en": verdict.disclaimer_en,
    }  # fmt: skip


def _told_reasons(facts: EditionFacts, reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    """The reasons as the API has them: the object apart, the line as GeoJSON in degrees."""
    lines = facts.in_degrees(np.array([reason.line for reason in reasons], object))
    return [_told_reason(reason, line) for reason, line in zip(reasons, lines, strict=True)]


def _told_reason(reason: Reason, line: shapely.Geometry | None) -> dict[str, Any]:
    values = ((name, getattr(reason, name)) for name in TOLD_OF_REASON)
    told = {name: value if value is None or type(value) is str else plain(value) for name, value in values}
    names = {"layer": "object_layer", "id": "object_id", "name": "object_name"}
    about = {name: told.pop(column) for name, column in names.items()}
    mapped = None if line is None else shapely.geometry.mapping(line)
    return told | {"object": about if about["layer"] else None, "line": mapped}


def outline_of(facts: EditionFacts) -> dict[str, Any]:
    """The area's outline as a drawing needs it: simpler, and grown by what it was simplified, GeoJSON in degrees."""
    outline = shapely.buffer(shapely.simplify(facts.in_metres(facts.boundary), SIMPLER_BY_M), SIMPLER_BY_M)
    found: dict[str, Any] = shapely.geometry.mapping(shapely.set_precision(facts.in_degrees(outline), 1e-6))
    return found


def listed_site(row: Any) -> dict[str, Any]:
    """A row of the list of cases."""
    request, answer = row.request, row.answer
    return {
        "ref": row.ref,
        "name": request.get("name") or "",
        "applicant": request.get("applicant") or "",
        "project_types": [part["project_type"] for part in answer.get("parts", [])],
        "area_m2": sum(part["area_m2"] for part in answer.get("parts", [])) or None,
        "verdict": answer.get("verdict"),
        "n_reasons": len(answer.get("reasons", [])),
        "edition": row.checked_edition,
        "first_edition": row.edition,
        "has_changed": row.has_changed,
        "created_at": row.created_at.isoformat(),
    }


def _outcome(answer: dict[str, Any]) -> Any:
    """What of an answer counts when a later edition is compared: the verdict, and which rule names which object."""
    named = sorted(
        [str((reason["object"] or {}).get(key)) for key in ("layer", "id")] + [str(reason[key]) for key in ("rule_id", "kind", "certainty")]
        for reason in answer["reasons"]
    )
    return [answer["verdict"]["id"], named]


SITE_CHECK = CaseKind("site_check", "S", _outcome)
