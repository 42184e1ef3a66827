"""Societal risk of an edition's enterprises: F-N curves beside the lines of the criterion, and what kept others out."""

from __future__ import annotations

from datetime import date
from typing import Any

import sqlalchemy as sa
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from app.errors import MissingError
from app.pipeline_conflicts import rules_date
from app.texts import Text
from layers.catalog import Catalog, Layer
from layers.scoring.risk_contours import INSTALLATIONS
from layers.scoring.societal_risk import load_societal_criteria

LAYER = "societal_risk"
METHODS = "unit_methods"
STANDING, PLANNED = INSTALLATIONS
TITLES = {STANDING: Text("社会风险 F-N 曲线(筛查)"), PLANNED: Text("社会风险 F-N 曲线(筛查,含拟建)")}
NOTE = Text("筛查结果,不能代替定量风险评价;曲线按企业计算,全县合计不作判定。")


def societal_risks(connection: sa.Connection, facts: EditionFacts, catalog: Catalog) -> dict[str, Any]:
    """Every enterprise that quantitative risk judges, the nearest to the upper line first, and units of other methods.

    An enterprise that plans something has a row for what stands and one (``installation`` *new*) with what is planned.

    Returns
    -------
    dict
        ``enterprises``, ``limits`` (anchors of both lines), ``together`` (sums of the county), ``not_covered``: units that
        another method judges, each with its method, reason and clause and without a number.
    """
    rows = [_told(row) for row in _rows(connection, facts, catalog[LAYER])]
    rows.sort(key=lambda row: (-(row["times_limit"] or 0.0), row["enterprise_id"]))
    units = _rows(connection, facts, catalog[METHODS])
    fields = ("unit_id", "enterprise_id", "name", "method", "reason_zh", "reason_en", "rule_id", "clause")
    others = [{name: row[name] for name in fields} for row in units if row["method"] != "qra"]
    return {
        "enterprises": rows,
        "limits": limits(rules_date(facts)),
        "together": facts.meta.get("societal_risk_parameters", {}),
        "not_covered": others,
        "edition": facts.edition.number,
        **NOTE.fields("note"),
    }


def societal_risk_of(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, enterprise_id: str, installation: str = STANDING
) -> dict[str, Any]:
    """The societal risk of one enterprise, standing or with what it plans; raises `MissingError` where the edition has none."""
    wanted = enterprise_id, installation
    rows = _rows(connection, facts, catalog[LAYER])
    found = next((row for row in rows if (row["enterprise_id"], row.get("installation", STANDING)) == wanted), None)
    if found is None:
        raise MissingError(
            Text("版次 {edition_label} 中企业 {enterprise_id} 没有社会风险曲线", edition_label=facts.edition.label, enterprise_id=enterprise_id),
        )
    return {**_told(found), "limits": limits(rules_date(facts)), "edition": facts.edition.number, **NOTE.fields("note")}


def limits(on: date | None = None) -> list[dict[str, float]]:
    """Anchors of the two lines of GB 36894-2018 figure 1 on a day."""
    table = load_societal_criteria(on=on)
    names = ("n_deaths", "unacceptable_above", "acceptable_below")
    return [{name: float(row[name]) for name in names} for row in table.to_dict("records")]


def diagrams(
    connection: sa.Connection, facts: EditionFacts, layer: Layer, row: dict[str, Any]
) -> list[dict[str, str]]:
    """Diagrams that belong to a feature: the F-N diagram of its enterprise, where there is one."""
    enterprise_id = row.get("enterprise_id")
    if not enterprise_id or LAYER not in facts.counts or "enterprise_id" not in {field.name for field in layer.fields}:
        return []
    table, geometry = facts.edition.table(LAYER), sql.SQL("NULL::geometry")
    told = []
    for installation, title in TITLES.items():
        feature_id = enterprise_id if installation == STANDING else f"{enterprise_id}:{installation}"
        if queries.run(connection, "feature", {"id": feature_id}, table=table, geometry=geometry).one_or_none() is not None:
            query = "" if installation == STANDING else f"&installation={installation}"
            href = f"/api/societal-risk/{enterprise_id}/diagram.svg?ed={facts.edition.number}{query}"
            told.append({"href": href, **title.fields("title")})
    return told


def _told(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "curve": row.get("curve") or []}


def _rows(connection: sa.Connection, facts: EditionFacts, layer: Layer) -> list[dict[str, Any]]:
    """All rows of a layer, fields only; none where an older edition lacks it."""
    if layer.id not in facts.counts:
        return []
    columns = sql.SQL(", ").join(sql.Identifier(field.name) for field in facts.held_fields(layer))
    rows = queries.run(connection, "features", {}, table=facts.edition.table(layer.id), columns=columns)
    return [dict(row._mapping) for row in rows]
