"""Why a zone, a source, a town or a park has its level: figures that add up, rules, data, and what would change it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from psycopg2 import sql

from app import queries
from app.editions import EditionFacts
from app.errors import MissingError
from app.frames import FrameMemory
from app.plain import plain
from app.risk_memory import RiskMemory
from app.scenarios import UNIT_LAYER, method_of, scenarios_of
from app.surfaces import Ground, cell_with_index, ground_within, surface_of
from app.texts import DataText, Text
from layers.catalog import Catalog
from layers.scoring.aggregation import GroupRule, aggregation_for
from layers.scoring.cell_sums import Cells
from layers.scoring.counterfactuals import (
    WhatIf,
    as_dicts,
    for_place,
    for_source,
    for_town,
)
from layers.scoring.explain import Explanation, explain_point
from layers.scoring.policy import LEVEL_CODES, TownRule
from layers.scoring.sources import UNRATED, level_titles
from layers.scoring.zone_members import zone_members

MOST_CELLS = 12_000
"""Cells of a zone that are looked at; of a larger zone every k-th, and the answer says so."""
MOST_MEMBERS = 30
DATA_LAYERS = (
    "enterprises", "hazard_units", "unit_chemicals", "declared_levels", "hidden_dangers", "follow_ups", "score_items", "work_accidents",
    "pipelines", "road_black_spots", "population", "protection_targets", "towns", "park_boundaries", "park_assessments",
)  # fmt: skip
SOURCE_LAYERS = ("enterprises", "hazard_units", "pipelines", "road_black_spots")


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


def _answer(ask: Question, subject: Mapping[str, Any], row: Mapping[str, Any], **more: Any) -> dict[str, Any]:
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
    names = ("source_id", "layer", "title_zh", "supplier", "as_of")
    return [{name: source.get(name) for name in names} for source in sources if source.get("layer") in layers]


# Sources


def _source(ask: Question, row: Mapping[str, Any]) -> dict[str, Any]:
    """A source: each method with its clause, the parts of its figure, and what would change its level."""
    reasons = [entry for entry in row.get("reasons") or [] if isinstance(entry, dict)]
    figure, parts = _figure(reasons)
    scenarios = {}
    if row["source_layer"] == UNIT_LAYER:
        scenarios = scenarios_of(ask.connection, ask.facts, ask.catalog, str(row["source_feature_id"]))
    names = ("inherent_level", "control_level", "missing", "is_disputed", "is_suspected_split", "responsible_office", "town_name")
    return _answer(
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


# Zones


def explained_zone(ask: Question, zone_id: str) -> dict[str, Any]:
    """A zone: its worst cell taken apart, and the sources that lead in its cells."""
    row = ask.feature("risk_zones", zone_id)
    ask = dataclasses.replace(ask, policy_id=row["policy"])
    subject = {"layer": "risk_zones", "id": zone_id, "name": None, "kind": None, "area_m2": row.get("area_m2")}
    if row["level"] not in LEVEL_CODES:
        return _unrated_zone(ask, subject, row)
    if ask.facts.recorded(ask.policy_id).risk_from is not None:
        return _answer(ask, subject, row, **_risk_zone(ask, row), data=data_behind(ask.facts))
    ground = _of_level(ground_within(ask.home, ask.facts, ask.policy_id, row["geometry"]), LEVEL_CODES[row["level"]])
    points = ask.points_around(shapely.bounds(row["geometry"]))
    told = _place(ask, ground, _nearest_index(ground.index, row.get("max_index")))
    cells, is_sampled = _sampled(ground.cells)
    members = zone_members(points, ask.facts.recorded(ask.policy_id), cells) if len(cells) else []
    return _answer(
        ask, subject, row, **told, n_members=len(members), is_sampled=is_sampled, data=data_behind(ask.facts),
        members=[_member(points, member.position, member.n_cells / len(cells), row) for member in members[:MOST_MEMBERS]],
    )  # fmt: skip


def _sampled(cells: Cells) -> tuple[Cells, bool]:
    """At most `MOST_CELLS` of some cells, and whether any were left out."""
    step = max(1, -(-len(cells) // MOST_CELLS))
    return Cells(cells.grid, cells.rows[::step], cells.cols[::step]), step > 1


def _risk_zone(ask: Question, row: Mapping[str, Any]) -> dict[str, Any]:
    """A zone of individual risk: its worst cell taken apart, and the units and reports that lead in its cells."""
    policy = ask.facts.recorded(ask.policy_id)
    ground = _of_level(ground_within(ask.home, ask.facts, ask.policy_id, row["geometry"]), LEVEL_CODES[row["level"]])
    cells, is_sampled = _sampled(ground.cells)
    if not len(cells):
        return _risk_place(ask, shapely.point_on_surface(row["geometry"]))
    members, per_year = ask.risks.members(ask.connection, ask.facts, cells, policy=policy)
    worst = int(np.argmax(per_year))
    area_m2 = float(row.get("area_m2") or 0.0)
    told = [
        {**member, "share": member["n_cells"] / len(cells), "area_m2": area_m2 * member["n_cells"] / len(cells)}
        for member in members[:MOST_MEMBERS]
    ]
    x_m, y_m = cells.centres()
    place = _risk_place(ask, shapely.Point(x_m[worst], y_m[worst]))
    return {**place, "members": told, "n_members": len(members), "is_sampled": is_sampled}


def _risk_place(ask: Question, inside: shapely.Point) -> dict[str, Any]:
    """A place inside a zone of individual risk, explained; its contributions sum to the figure."""
    _, grid = surface_of(ask.facts, ask.policy_id)
    policy = ask.facts.recorded(ask.policy_id)
    told = ask.risks.explained(ask.connection, ask.facts, inside.x, inside.y, grid=grid, policy=policy)
    lon, lat = map(float, shapely.get_coordinates(ask.facts.in_degrees(inside))[0])
    figure = {"id": "risk_per_year", **Text("个人风险").fields("title"), "value": told["risk_per_year"]}
    parts = [{**part, "value": part["risk_per_year"]} for part in told["contributions"]]
    return {"figure": figure, "contributions": parts, "place": {"lon": lon, "lat": lat}, "would_change": told["would_change"]}


def _of_level(ground: Ground, code: int) -> Ground:
    is_mine = ground.level == code
    cells = Cells(ground.cells.grid, ground.cells.rows[is_mine], ground.cells.cols[is_mine])
    return Ground(cells, ground.index[is_mine], ground.vulnerability[is_mine], ground.level[is_mine])


def _member(points: pd.DataFrame, position: int, share: float, zone: Mapping[str, Any]) -> dict[str, Any]:
    row = points.iloc[position]
    names = ("point_id", "source_layer", "source_feature_id", "name", "level", "reason_zh", "reason_en", "clause", "responsible_office")
    return {name: row[name] for name in names} | {"share": share, "area_m2": share * float(zone.get("area_m2") or 0.0)}


def _nearest_index(index: NDArray[np.float32], wanted: float | None) -> int:
    """Position of the cell whose index is the wanted figure, else of the largest."""
    known = np.nan_to_num(index)
    if not len(known):
        return -1
    return int(np.argmax(known)) if wanted is None else int(np.argmin(np.abs(known - wanted)))


def _place(ask: Question, ground: Ground, position: int) -> dict[str, Any]:
    """One cell, explained; its contributions sum to the figure."""
    if position < 0:
        return {}
    grid = ground.cells.grid
    x_m, y_m = grid.centre(int(ground.cells.rows[position]), int(ground.cells.cols[position]))
    points = ask.points_around((x_m, y_m, x_m, y_m))
    v = float(ground.vulnerability[position])
    found = explain_point(x_m, y_m, points, ask.facts.recorded(ask.policy_id), grid=grid, vulnerability=v)
    lon, lat = map(float, shapely.get_coordinates(ask.facts.in_degrees(shapely.Point(x_m, y_m)))[0])
    return {
        "figure": None if found.index is None else {"id": "index", **Text("风险指数").fields("title"), "value": found.index},
        "contributions": [contribution(part) for part in found.contributions],
        "cell": {"H": found.hazard, "V": found.vulnerability, "C": found.help_factor},
        "place": {"lon": lon, "lat": lat},
        "would_change": as_dicts(place_changes(found, points)),
    }  # fmt: skip


def contribution(part: Any) -> dict[str, Any]:
    """One contribution to a cell in plain values; ``value`` are its points of the index."""
    told = dataclasses.asdict(part)
    del told["position"]
    return told | {"value": told["points"]}


def place_changes(found: Explanation, points: pd.DataFrame) -> list[WhatIf]:
    """What would change the colour of a place, with the names of the unrated sources near it."""
    unrated = points[points["point_id"].isin(found.unrated_ids)]
    rows = zip(unrated["point_id"], unrated["name"], unrated["missing"], strict=True)
    missing = {str(key): (str(name or key), what) for key, name, what in rows}
    return for_place(found, missing)


def _unrated_zone(ask: Question, subject: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """What keeps ground unrated: its sources without a level or a precise position, and who has what is missing."""
    points = ask.points_around(shapely.bounds(row["geometry"]))
    if ask.facts.recorded(ask.policy_id).risk_from is not None:
        mine = _open_units(ask, points, row["geometry"])
    else:
        mine = points[points["missing"].notna() & points.geometry.intersects(row["geometry"])]
    names = ("point_id", "source_layer", "source_feature_id", "name", "level", "missing", "responsible_office", "town_name")
    members = [{name: entry[name] for name in names} for entry in mine.head(MOST_MEMBERS).to_dict("records")]
    told = [WhatIf("missing", None, f"{entry['name']}: {entry['missing']}", f"{entry['name']}: {entry['missing']}", entry["point_id"]) for entry in members]
    return _answer(ask, subject, row, members=members, n_members=len(mine), would_change=as_dicts(told), data=data_behind(ask.facts))


def _open_units(ask: Question, points: gpd.GeoDataFrame, outline: shapely.Geometry) -> gpd.GeoDataFrame:
    """Sources of the units without an individual risk within an outline, ``missing`` saying why there is none."""
    units = ask.risks.risk(ask.connection, ask.facts).open_units
    near = set(units["unit_id"][units.geometry.intersects(outline)].astype(str))
    mine = points[(points["source_layer"] == UNIT_LAYER) & points["source_feature_id"].astype(str).isin(near)]
    why = [method_of(ask.connection, ask.facts, ask.catalog, str(unit)) or {} for unit in mine["source_feature_id"].head(MOST_MEMBERS)]
    words = [[row.get(f"not_assessed_{lang}") or row.get(f"reason_{lang}") for lang in ("zh", "en")] for row in why]
    told = [f"{zh} ({en})" if zh else None for zh, en in words]
    return mine.assign(missing=told + [None] * (len(mine) - len(told)))


# Groups


def _town(ask: Question, key: str) -> dict[str, Any]:
    code = key.rsplit(":", 1)[-1]
    row = ask.feature("town_ratings", f"{ask.policy_id}:{code}")
    rule = ask.facts.recorded(ask.policy_id).town
    told = for_town(row, cuts=list(rule.cuts), n_for_a_step=rule.n_red_for_a_step, max_unrated_pct=rule.max_unrated_pct)
    return _group(ask, "town_ratings", row | _town_reason(rule, row), rule_title=ask.facts.recorded(ask.policy_id).title_zh, told=told)


def _town_reason(rule: TownRule, row: Mapping[str, Any]) -> dict[str, Any]:
    """What made a town's level, in words: the percentile or the worst source, and what the counts add to it."""
    index, n_red = row.get("index_p95"), int(row.get("n_red") or 0)
    if row["level"] == UNRATED:
        return Text("没有已评级的风险源").fields("reason")
    said = [Text("取风险源最高等级")]
    if index is not None:
        said = [Text("人口加权指数{percentile:g}%分位 {index:.1f}", percentile=rule.percentile, index=index)]
    if n_red >= rule.n_red_for_a_step:
        said.append(Text("重大风险源 {n_red} 个(不少于 {n} 个),上调一级", n_red=n_red, n=rule.n_red_for_a_step))
    elif n_red:
        floor_zh, floor_en = level_titles()[rule.red_source_floor]
        said.append(Text("有重大风险源,不低于{floor}", floor=DataText(floor_zh, floor_en.lower())))
    return {"reason_zh": ";".join(text.zh for text in said), "reason_en": "; ".join(text.en for text in said)}


def _park(ask: Question, key: str) -> dict[str, Any]:
    row = ask.feature("park_ratings", f"{ask.policy_id}:{key.rsplit(':', 1)[-1]}")
    policy = aggregation_for(ask.facts.recorded(ask.policy_id).method)
    return _group(ask, "park_ratings", row, rule_title=policy.title_zh, told=_by_rule(policy.park, row))


def _group_row(ask: Question, key: str) -> dict[str, Any]:
    row = ask.feature("group_ratings", key)
    policy = aggregation_for(ask.facts.recorded(ask.policy_id).method)
    rule: GroupRule = getattr(policy, row["scope"])
    row["geometry"] = ask.facts.boundary_m if row["scope"] == "county" else None
    return _group(ask, "group_ratings", row, rule_title=policy.title_zh, told=_by_rule(rule, row))


def _by_rule(rule: GroupRule, row: Mapping[str, Any]) -> list[WhatIf]:
    cuts = list(rule.cuts) if rule.method == "percentile" else []
    index = row.get("index_p95") if cuts else None
    return for_town({**row, "index_p95": index}, cuts=cuts, n_for_a_step=rule.n_for_a_step, max_unrated_pct=rule.max_unrated_pct)


def _group(ask: Question, layer: str, row: Mapping[str, Any], *, rule_title: str, told: Sequence[WhatIf]) -> dict[str, Any]:
    """A group: the cell that the percentile picks, taken apart, its counts, and its red sources."""
    outline, index = row.get("geometry"), row.get("index_p95")
    place: dict[str, Any] = {}
    members: list[dict[str, Any]] = []
    if outline is not None:
        points = ask.points_around(shapely.bounds(outline))
        if index is not None:
            ground = cell_with_index(ask.home, ask.facts, ask.policy_id, outline, float(index))
            place = _place(ask, ground, len(ground.cells) - 1)
        red = points[points["level"] == "red"]
        inside = red[red.geometry.intersects(outline)]
        names = ("point_id", "source_layer", "source_feature_id", "name", "level", "reason_zh", "reason_en", "clause", "responsible_office")
        members = [{name: entry[name] for name in names} for entry in inside.head(MOST_MEMBERS).to_dict("records")]
    counts = {level: row.get(f"n_{level}") for level in ("red", "orange", "yellow", "blue", "unrated")}
    place["would_change"] = as_dicts(told)
    return _answer(
        ask, {"layer": layer, "id": row["feature_id"], "name": row.get("name"), "kind": row.get("kind"), "aggregation": row.get("aggregation") or rule_title},
        row, **place, members=members, n_members=sum(int(n or 0) for n in counts.values()), counts=counts,
        rules=[{"rule_id": row.get("rule_id"), "clause": row.get("clause"), "text_zh": row.get("reason_zh"), "text_en": row.get("reason_en")}],
        values={name: row.get(name) for name in ("unrated_pct", "is_data_short", "grade", "member_level", "is_disputed", "n_unplaced", "n_disputed")},
        data=data_behind(ask.facts),
    )  # fmt: skip


GROUPS = {"towns": _town, "town_ratings": _town, "park_boundaries": _park, "park_ratings": _park, "group_ratings": _group_row}
"""Layers whose features are groups of sources, with what explains them."""
