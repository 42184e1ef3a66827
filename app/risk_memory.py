"""Individual risk of an edition's installations as the edition keeps it: what a place's reasons are taken from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from numpy.typing import NDArray

from app.editions import EditionFacts
from app.frames import FrameMemory
from app.pipeline_conflicts import rules_date
from app.texts import DataText, Text
from layers.errors import EditionError
from layers.kept import kept_result
from layers.scoring.blast_rings import Blast
from layers.scoring.cell_sums import Cells
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.counterfactuals import as_dicts
from layers.scoring.explain import drawn_level, state_of
from layers.scoring.grid import Grid
from layers.scoring.policy import Policy
from layers.scoring.risk_contours import load_individual_criteria
from layers.scoring.risk_reasons import (
    RiskMember,
    RiskPart,
    RiskReasons,
    level_at,
    risk_members,
    risk_reasons,
    without_parts,
)
from layers.scoring.risk_surface import UnitRisk
from layers.scoring.unit_risk import ASSESSED_LAYERS, assess

EDITIONS_REMEMBERED = 3
KEPT = "unit_risk"
"""Name of the result that scoring keeps with the edition."""
ONE_CELL = Grid(25.0, 0, 0, 1, 1)
NOTES = {
    "screening": Text("个人风险为筛查结果,不作为外部安全防护距离;有有效评价报告的企业以报告等值线为准。"),
    "no_source": Text("此处没有须定量评价的单元或报告等值线影响;其他方法判定的企业不计入本方案。"),
    "open": Text("附近有单元缺数据、按距离或另有标准判定,未计算个人风险;颜色为下限。"),
    "below": Text("低于 3×10⁻⁷/年,不着色。"),
    "below_open": Text("已计入的低于 3×10⁻⁷/年;附近另有单元缺数据、按距离或另有标准判定,未计算个人风险,无法定级。"),
    "open_alone": Text("附近有单元缺数据、按距离或另有标准判定,未计算个人风险,无法定级。"),
}


class RiskMemory:
    """The assessments asked for of late."""

    def __init__(self, frames: FrameMemory) -> None:
        self._frames = frames
        self._held: OrderedDict[object, tuple[UnitRisk, dict[str, str]]] = OrderedDict()
        self._lock = threading.Lock()

    def explained(
        self, connection: sa.Connection, facts: EditionFacts, x_m: float, y_m: float, *, grid: Grid, policy: Policy
    ) -> dict[str, Any]:
        """Why a cell has its level, in the form of ``/api/explain``; the contributions' ``risk_per_year`` sum to the place's."""
        risk, names = self._risk(connection, facts)
        found = risk_reasons(risk, x_m, y_m, grid=grid, policy=policy, on=rules_date(facts))
        state = state_of(found.level, has_parts=bool(found.parts), has_open=bool(found.open_ids))
        return {
            "level": drawn_level(state, found.level),
            "index": None,
            "risk_per_year": found.risk_per_year,
            "cell": None,
            "state": state,
            "contributions": [_contribution(part, place, found, names, policy) for place, part in enumerate(found.parts)],
            "unrated": list(found.open_ids),
            "footprint_rule": None,
            **_notes(state, found),
            "would_change": as_dicts(without_parts(found, names, policy)),
        }

    def risk(self, connection: sa.Connection, facts: EditionFacts) -> UnitRisk:
        """Tables of the edition's units, its valid reports and what stays open."""
        return self._risk(connection, facts)[0]

    def members(
        self, connection: sa.Connection, facts: EditionFacts, cells: Cells, *, policy: Policy
    ) -> tuple[list[dict[str, Any]], NDArray[np.float32]]:
        """Who leads in which of some cells, in plain values with ``n_cells``, and the risk of each cell."""
        risk, names = self._risk(connection, facts)
        found, per_year = risk_members(risk, cells)
        reports = risk.official.set_index(risk.official["contour_id"].astype(str)) if len(risk.official) else None
        return [_told_member(one, names, reports, policy, rules_date(facts)) for one in found], per_year

    def _risk(self, connection: sa.Connection, facts: EditionFacts) -> tuple[UnitRisk, dict[str, str]]:
        with self._lock:
            held = self._held.get(facts.edition)
            if held is None:
                held = self._held[facts.edition] = (self._read(connection, facts), self._names(connection, facts))
            self._held.move_to_end(facts.edition)
            while len(self._held) > EDITIONS_REMEMBERED:
                self._held.popitem(last=False)
        return held


    def _read(self, connection: sa.Connection, facts: EditionFacts) -> UnitRisk:
        """As the edition keeps them; computed anew where it keeps none (an edition of an older version)."""
        try:
            return UnitRisk.from_plain(kept_result(connection, facts.edition.number, KEPT, facts.metric_crs))
        except EditionError:
            layers = self._frames.everything(connection, facts, ASSESSED_LAYERS)
            terrain = str(facts.area.get("terrain") or TERRAINS[0])
            return assess(layers, on=date.fromisoformat(str(facts.meta["on"])), grid=ONE_CELL, terrain=terrain).unit_risk

    def _names(self, connection: sa.Connection, facts: EditionFacts) -> dict[str, str]:
        units = self._frames.everything(connection, facts, ["hazard_units"])["hazard_units"]
        return dict(zip(units["unit_id"].astype(str), units["name"].astype(str), strict=True))


def _contribution(part: RiskPart, place: int, found: RiskReasons, names: dict[str, str], policy: Policy) -> dict[str, Any]:
    is_report = part.source_layer == "official_contours"
    share_pct = 100 * part.risk_per_year / found.risk_per_year if found.risk_per_year else 0.0
    figure = f"{part.risk_per_year:.1e}"
    report = " ".join(text for text in (part.institution, part.report_number) if text)
    return {
        "point_id": f"{part.source_layer}:{part.source_id}",
        "source_layer": part.source_layer,
        "source_id": part.source_id,
        "enterprise_id": part.enterprise_id,
        "name": report if is_report else names.get(part.source_id),
        "kind": None,
        "level": level_at(part.risk_per_year, policy),
        "distance_m": part.distance_m,
        "strength": None, "help_factor": None, "radius_m": None, "h": None, "points": None,
        "share": share_pct / 100,
        "risk_per_year": part.risk_per_year,
        "is_on_footprint": is_report,
        "is_deciding": place == 0,
        "basis": None,
        **_told_risk(figure, share_pct, is_report=is_report).fields("reason"),
        "rule_id": found.rule_id,
        "clause": found.clause,
        "is_assumption": not is_report,
        "responsible_office": None,
    }  # fmt: skip


def _told_risk(figure: str, share_pct: float, *, is_report: bool) -> Text:
    if is_report:
        return Text("评价报告等值线 {figure}/年", figure=figure)
    return Text("筛查个人风险 {figure}/年,占 {share_pct:.0f}%", figure=figure, share_pct=share_pct)


def _told_member(one: RiskMember, names: dict[str, str], reports: pd.DataFrame | None, policy: Policy, on: date) -> dict[str, Any]:
    is_report = one.source_layer == "official_contours"
    report = reports.loc[one.source_id] if is_report and reports is not None else None
    rule = load_individual_criteria(on=on).iloc[0]
    figure = f"{one.risk_per_year:.1e}"
    words = [str(report[name]) for name in ("institution", "report_number") if report[name]] if report is not None else []
    return {
        "point_id": f"{one.source_layer}:{one.source_id}",
        "source_layer": one.source_layer,
        "source_feature_id": one.source_id,
        "name": " ".join(words) if is_report else names.get(one.source_id),
        "level": level_at(one.risk_per_year, policy),
        **(Text("评价报告等值线,此区内最高 {figure}/年", figure=figure) if is_report
           else Text("筛查个人风险,此区内最高 {figure}/年", figure=figure)).fields("reason"),
        "clause": str(rule.clause),
        "responsible_office": None,
        "n_cells": one.n_cells,
    }  # fmt: skip


def _notes(state: str, found: RiskReasons) -> dict[str, list[str]]:
    names = ["screening"] if found.parts else ["no_source"] if state == "no_source" else []
    names += ["below"] if state == "below" else []
    names += ["open"] if state == "rated" and found.open_ids else []
    names += [("below_open" if found.parts else "open_alone")] if state == "unrated" else []
    told = [NOTES[name] for name in names] + [_blast_note(one) for one in found.blasts]
    return {"notes_zh": [text.zh for text in told], "notes_en": [text.en for text in told]}


def _blast_note(one: Blast) -> Text:
    """What the explosives of a unit would do at a place."""
    if one.is_assumed:
        return Text(
            "{unit} 爆炸物数量缺失: 假定为同类一座最大库房 {tnt_t:g} t TNT(未核实),距此 {distance_m:.0f} m,此处超压约 {kpa:.3g} kPa,在补报数量前不定级。",
            unit=one.unit_id, tnt_t=one.tnt_t, distance_m=one.distance_m, kpa=one.overpressure_pa / 1000,
        )  # fmt: skip
    return Text(
        "{unit} 爆炸物折合TNT {amount_t:g} t 全部爆炸: 距此 {distance_m:.0f} m,此处超压约 {kpa:.3g} kPa,建筑物{grade}({clause};筛查)。",
        unit=one.unit_id, amount_t=one.tnt_t, distance_m=one.distance_m, kpa=one.overpressure_pa / 1000,
        grade=DataText(one.grade_zh, one.grade_en), clause=one.clause,
    )  # fmt: skip
