"""Why a zone has its level: its worst cell taken apart, the sources that lead in it, and what keeps ground unrated."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from app.question import MOST_MEMBERS, Question, answer, data_behind
from app.scenarios import UNIT_LAYER, method_of
from app.surfaces import Ground, ground_within, surface_of
from app.texts import Text
from layers.scoring.cell_sums import Cells
from layers.scoring.counterfactuals import WhatIf, as_dicts, for_place
from layers.scoring.explain import Explanation, explain_point
from layers.scoring.policy import LEVEL_CODES
from layers.scoring.zone_members import zone_members

MOST_CELLS = 12_000
"""Cells of a zone that are looked at; of a larger zone every k-th, and the answer says so."""


def explained_zone(ask: Question, zone_id: str) -> dict[str, Any]:
    """A zone: its worst cell taken apart, and the sources that lead in its cells."""
    row = ask.feature("risk_zones", zone_id)
    ask = dataclasses.replace(ask, policy_id=row["policy"])
    subject = {"layer": "risk_zones", "id": zone_id, "name": None, "kind": None, "area_m2": row.get("area_m2")}
    if row["level"] not in LEVEL_CODES:
        return _unrated_zone(ask, subject, row)
    if ask.facts.recorded(ask.policy_id).risk_from is not None:
        return answer(ask, subject, row, **_risk_zone(ask, row), data=data_behind(ask.facts))
    ground = _of_level(ground_within(ask.home, ask.facts, ask.policy_id, row["geometry"]), LEVEL_CODES[row["level"]])
    points = ask.points_around(shapely.bounds(row["geometry"]))
    told = explained_cell(ask, ground, _nearest_index(ground.index, row.get("max_index")))
    cells, is_sampled = _sampled(ground.cells)
    members = zone_members(points, ask.facts.recorded(ask.policy_id), cells) if len(cells) else []
    return answer(
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


def explained_cell(ask: Question, ground: Ground, position: int) -> dict[str, Any]:
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
    return answer(ask, subject, row, members=members, n_members=len(mine), would_change=as_dicts(told), data=data_behind(ask.facts))


def _open_units(ask: Question, points: gpd.GeoDataFrame, outline: shapely.Geometry) -> gpd.GeoDataFrame:
    """Sources of the units without an individual risk within an outline, ``missing`` saying why there is none."""
    units = ask.risks.risk(ask.connection, ask.facts).open_units
    near = set(units["unit_id"][units.geometry.intersects(outline)].astype(str))
    mine = points[(points["source_layer"] == UNIT_LAYER) & points["source_feature_id"].astype(str).isin(near)]
    why = [method_of(ask.connection, ask.facts, ask.catalog, str(unit)) or {} for unit in mine["source_feature_id"].head(MOST_MEMBERS)]
    words = [[row.get(f"not_assessed_{lang}") or row.get(f"reason_{lang}") for lang in ("zh", "en")] for row in why]
    told = [f"{zh} ({en})" if zh else None for zh, en in words]
    return mine.assign(missing=told + [None] * (len(mine) - len(told)))
