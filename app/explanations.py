"""Why a zone, a source, a town or a park has its level: figures that add up, rules, data, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app import queries
from app.editions import EditionFacts
from app.errors import MissingError
from app.explained_groups import GROUPS
from app.explained_zones import explained_zone
from app.question import Question, answer, data_behind
from app.scenarios import UNIT_LAYER, scenarios_of
from app.texts import DataText, Text
from layers.scoring.counterfactuals import as_dicts, for_source

SOURCE_LAYERS = ("enterprises", "hazard_units", "pipelines", "road_black_spots")


def explained_feature(ask: Question, layer: str, feature_id: str) -> dict[str, Any]:
    """Why a feature has its level: a source, a zone, a town, a park, the county, an industry or an enterprise.

    Raises
    ------
    MissingError
        There is no such feature, or it has no level of its own.
    """
    if layer in GROUPS:
        return GROUPS[layer](ask, feature_id)
    if layer == "risk_zones":
        return explained_zone(ask, feature_id)
    if layer in SOURCE_LAYERS:
        parameters = {"layer": layer, "id": feature_id}
        table = ask.facts.edition.table("risk_points")
        row = queries.run(ask.connection, "risk_point_of", parameters, table=table).first() if "risk_points" in ask.facts.counts else None
        if row is None:
            raise MissingError(Text("要素 {layer}/{feature_id} 没有风险等级", layer=layer, feature_id=feature_id))
        return _source(ask, row.properties)
    return _source(ask, ask.feature("risk_points", feature_id)) if layer == "risk_points" else _no_level(layer)


def _no_level(layer: str) -> dict[str, Any]:
    raise MissingError(Text("图层 {layer} 的要素没有等级", layer=layer))


def _source(ask: Question, row: Mapping[str, Any]) -> dict[str, Any]:
    """A source: each method with its clause, the parts of its figure, and what would change its level."""
    reasons = [entry for entry in row.get("reasons") or [] if isinstance(entry, dict)]
    figure, parts = _figure(reasons)
    scenarios = {}
    if row["source_layer"] == UNIT_LAYER:
        scenarios = scenarios_of(ask.connection, ask.facts, ask.catalog, str(row["source_feature_id"]))
    names = ("inherent_level", "control_level", "missing", "is_disputed", "is_suspected_split", "responsible_office", "town_name")
    return answer(
        ask, {"layer": row["source_layer"], "id": row["source_feature_id"], "name": row.get("name"), "kind": row.get("kind")}, row,
        figure=figure, contributions=parts, rules=[_rule(entry) for entry in reasons],
        values={name: row.get(name) for name in names}, would_change=as_dicts(for_source(row, on=_day(ask.facts))),
        data=data_behind(ask.facts, (row["source_layer"], *_tables_behind(row["source_layer"]))), **scenarios,
    )  # fmt: skip


def _day(facts: EditionFacts) -> date | None:
    """The day whose rules an edition was scored by; None where an old edition does not say."""
    on = facts.meta.get("on")
    return None if on is None else date.fromisoformat(str(on))


def _tables_behind(layer: str) -> tuple[str, ...]:
    return {
        "hazard_units": ("unit_chemicals",),
        "enterprises": ("hazard_units", "unit_chemicals", "declared_levels", "hidden_dangers", "follow_ups", "score_items", "work_accidents"),
    }.get(layer, ())


def _rule(entry: Mapping[str, Any]) -> dict[str, Any]:
    names = ("method", "result", "is_deciding", "rule_id", "standard_id", "clause", "source_type", "confidence", "text_zh", "text_en")
    return {name: entry.get(name) for name in names}


def _figure(reasons: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
    """The figure of a source and the parts that add up to it: chemicals to R (or S), items to the points lost."""
    chemicals = next((entry["inputs"] for entry in reasons if entry["method"] == "computed" and "chemicals" in entry["inputs"]), None)
    if chemicals:
        return _chemical_figure(chemicals)
    scored = next((entry["inputs"] for entry in reasons if "items" in entry.get("inputs", {})), None)
    if scored:
        parts = [{"name_zh": item["title_zh"], "name_en": item["title_en"], "value": item["lost"],
                  **Text("上限 {cap:g} 分", cap=item["cap"]).fields("detail")} for item in scored["items"] if item["lost"]]  # fmt: skip
        return {"id": "points_lost", **Text("扣分(100 分制)").fields("title"), "value": 100 - scored["control_score"]}, parts
    return None, []


def _chemical_figure(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    is_major = inputs.get("r_value") is not None
    alpha = inputs["alpha_high"]
    known = [part for part in inputs["chemicals"] if part.get("share") is not None]
    parts = [
        {"name_zh": part["chemical_name"], "name_en": part["chemical_name"],
         "value": alpha * part["beta"] * part["share"] if is_major else part["share"],
         **_chemical_detail(part, alpha if is_major else None).fields("detail"),
         "clause": part.get("clause")}
        for part in sorted(known, key=lambda part: -part["share"] * part["beta"])
    ]  # fmt: skip
    if is_major:
        return {"id": "r_value", **Text("分级指标 R").fields("title"), "value": inputs["r_value"]}, parts
    return {"id": "s_value", **Text("辨识指标 S").fields("title"), "value": inputs["s_known"]}, parts


def _chemical_detail(part: Mapping[str, Any], alpha: float | None) -> DataText:
    """The amounts of a chemical as a formula, with the factors of a major hazard where `alpha` is given."""
    figures = [("q", f"{part['amount_t']:g} t"), ("Q", f"{part['critical_t']:g} t")]
    figures += [] if alpha is None else [("β", f"{part['beta']:g}"), ("α", f"{alpha:g}")]
    return DataText(",".join(f"{name}={figure}" for name, figure in figures), ", ".join(f"{name} = {figure}" for name, figure in figures))
