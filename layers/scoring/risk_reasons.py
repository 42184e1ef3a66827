"""Why a cell has its level under the policy of individual risk: the units and reports whose risks sum to the cell's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.typing import NDArray

from layers.scoring.blast_rings import Blast, blast_at
from layers.scoring.cell_sums import Cells
from layers.scoring.consequence.inputs import Floats
from layers.scoring.counterfactuals import WhatIf, level_word
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import risk_at
from layers.scoring.policy import RATED, Policy
from layers.scoring.risk_contours import load_individual_criteria
from layers.scoring.risk_surface import (
    SAME_VALUE,
    UnitRisk,
    bounds,
    explosives_most_t,
    explosives_t,
    open_radius_m,
)

MOST_TOLD = 5
"""Of the parts of a place, those whose absence is told."""


@dataclass(frozen=True)
class RiskPart:
    """What one unit, or the report of one enterprise, gives to a place; `risk_per_year` of all parts sum to the place's."""

    source_layer: str
    source_id: str
    enterprise_id: str | None
    risk_per_year: float
    distance_m: float
    institution: str | None = None
    report_number: str | None = None


@dataclass(frozen=True)
class RiskReasons:
    """Level and risk of a cell and its parts, the largest first; `open_ids`: units without a figure near it; `blasts`: what
    the explosives of these do there.

    `level` is ``unrated`` below the lowest bound. `clause` is that of the criteria.
    """

    level: str
    risk_per_year: float
    parts: tuple[RiskPart, ...]
    open_ids: tuple[str, ...]
    rule_id: str
    clause: str
    blasts: tuple[Blast, ...] = ()


def risk_reasons(risk: UnitRisk, x_m: float, y_m: float, *, grid: Grid, policy: Policy, on: date | None = None) -> RiskReasons:
    """The risk at the centre of the cell that holds a place, taken apart as the raster adds it; the criteria are those of a day."""
    x, y = grid.centre(*grid.cell_of(x_m, y_m))
    parts = [
        RiskPart("hazard_units", table.unit.unit_id, table.unit.enterprise_id, own,
                 float(np.hypot(table.unit.x_m - x, table.unit.y_m - y)))
        for table in risk.tables
        if (own := float(risk_at(table, np.array([x]), np.array([y]))[0])) > 0
    ]  # fmt: skip
    parts += _of_reports(risk, shapely.Point(x, y))
    total = float(np.float32(sum(part.risk_per_year for part in parts)))
    places = risk.open_units.geometry.to_numpy()
    is_near = shapely.dwithin(places, shapely.Point(x, y), open_radius_m(risk, policy)) if len(places) else np.zeros(0, bool)
    rule = load_individual_criteria(on=on).iloc[0]
    return RiskReasons(
        level_at(total, policy),
        total,
        tuple(sorted(parts, key=lambda part: (-part.risk_per_year, part.source_id))),
        tuple(sorted(risk.open_units["unit_id"][is_near].astype(str))),
        str(rule.rule_id),
        str(rule.clause),
        _blasts(risk, shapely.Point(x, y), on),
    )


def _blasts(risk: UnitRisk, place: shapely.Point, on: date | None) -> tuple[Blast, ...]:
    """Of units without a figure that hold explosives, the overpressure at a place, the largest first; of a missing amount at the most."""
    units, amounts_t = risk.open_units, zip(explosives_t(risk), explosives_most_t(risk), strict=True)
    found = [
        blast_at(unit_id, geometry, most_t, place, is_assumed=bool(np.isnan(tnt_t)), on=on)
        for unit_id, geometry, (tnt_t, most_t) in zip(units["unit_id"].astype(str), units.geometry, amounts_t, strict=True)
        if most_t > 0
    ]
    return tuple(sorted((one for one in found if one), key=lambda one: (-one.overpressure_pa, one.unit_id)))


def without_parts(found: RiskReasons, names: Mapping[str, str], policy: Policy) -> list[WhatIf]:
    """Risk and level of the place without each of its units, or without an enterprise's report, the largest part first.

    What would hold in a report's stead (our screening) is not known here, and the words say so.
    """
    told = []
    for part in found.parts[:MOST_TOLD]:
        rest = float(np.float32(sum(other.risk_per_year for other in found.parts if other is not part)))
        level = level_at(rest, policy)
        zh, en = ("不着色", "no colour") if level == "unrated" else level_word(level)
        is_report = part.source_layer == "official_contours"
        name = names.get(part.source_id, part.source_id)
        who_zh = f"没有评价报告 {part.report_number or part.source_id} 所述装置" if is_report else f"没有 {name}"
        who_en = f"without the installation of report {part.report_number or part.source_id}" if is_report else f"without {name}"
        point_id = f"{part.source_layer}:{part.source_id}"
        told.append(WhatIf("without", level, f"{who_zh}: {rest:.1e}/年,{zh}", f"{who_en}: {rest:.1e} a year, {en}", point_id))
    return told


@dataclass(frozen=True)
class RiskMember:
    """A unit, or an enterprise's report, and the cells of some ground in which it gives most; its highest risk there."""

    source_layer: str
    source_id: str
    n_cells: int
    risk_per_year: float


def risk_members(risk: UnitRisk, cells: Cells) -> tuple[list[RiskMember], NDArray[np.float32]]:
    """Who leads in which cells, the one with most cells first, and the risk of every cell as the raster has it.

    A cell has one leader, so the cells add up; one that nobody reaches has none. Of equals the first in key order leads.
    """
    x_m, y_m = cells.centres()
    given = [("hazard_units", table.unit.unit_id, risk_at(table, x_m, y_m)) for table in risk.tables]
    given += [("official_contours", contour_id, per_year) for contour_id, per_year in _by_report(risk, x_m, y_m)]
    most, leader = np.zeros(len(cells)), np.full(len(cells), -1, np.int64)
    total = np.zeros(len(cells))
    for place, (_, _, per_year) in enumerate(given):
        total += per_year
        leads = per_year > most
        most[leads], leader[leads] = per_year[leads], place
    found, counts = np.unique(leader[leader >= 0], return_counts=True)
    members = [
        RiskMember(given[k][0], given[k][1], int(n), float(given[k][2][leader == k].max())) for k, n in zip(found, counts, strict=True)
    ]
    return sorted(members, key=lambda one: (-one.n_cells, one.source_id)), total.astype(np.float32)


def _by_report(risk: UnitRisk, x_m: Floats, y_m: Floats) -> list[tuple[str, Floats]]:
    """Of each enterprise's report the highest contour around every place, under the number of its highest contour."""
    found = []
    for _, rows in risk.official.groupby(risk.official["enterprise_id"].fillna(""), sort=True):
        ordered = rows.sort_values("risk_per_year")
        per_year = np.zeros(len(x_m))
        for row in ordered.itertuples():
            contour = shapely.force_2d(row.geometry)  # a copy: to be asked about points prepares it, and others ask the same contours
            per_year[shapely.intersects_xy(contour, x_m, y_m)] = float(row.risk_per_year)
        found.append((str(ordered["contour_id"].iloc[-1]), per_year))
    return found


def level_at(per_year: float, policy: Policy) -> str:
    """Level of a risk per year; ``unrated`` below the lowest bound."""
    known = zip(RATED, bounds(policy), strict=True)
    return next((name for name, bound in known if np.float32(per_year) >= np.float32(bound * SAME_VALUE)), "unrated")


def _of_reports(risk: UnitRisk, place: shapely.Point) -> list[RiskPart]:
    """The highest contour of each enterprise's report around a place."""
    holding = risk.official[shapely.intersects(risk.official.geometry.to_numpy(), place)]
    highest = holding.sort_values("risk_per_year").drop_duplicates("enterprise_id", keep="last")
    return [
        RiskPart("official_contours", str(row.contour_id), str(row.enterprise_id), float(row.risk_per_year), 0.0,
                 getattr(row, "institution", None), getattr(row, "report_number", None))
        for row in highest.itertuples()
    ]  # fmt: skip
