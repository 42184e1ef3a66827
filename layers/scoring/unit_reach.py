"""How strong a unit is and how far it reaches, so that an amount which is added never lowers a cell.

A unit takes the largest strength and the largest radius of the rows that hold for it: those of the forms it holds, and that
of "below a major hazard". Which rows hold only ever grows with an amount.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from layers.scoring.blast_rings import farthest_m
from layers.scoring.explosives import EXPLOSIVE, Charge, told_largest
from layers.scoring.level_rules import LevelRules, Row
from layers.scoring.major_hazard import FORMS
from layers.scoring.sources import Source, plain

OWN_LEVEL_FROM = 1.0
"""Σ β q/Q of a form by itself from which the row of the unit's own level holds for it; below, that of the mildest level."""
COUNTS_FROM = 1.0 / len(FORMS)
"""Σ β q/Q of a form from which its row holds at all: where S is 1 or more, one of the forms has this much. Explosives always."""
MILDEST_GRADE = "4"


@dataclass(frozen=True)
class FormRow:
    """A row of the strengths that holds for a unit, with the form it holds for ("" below a major hazard) and its radius."""

    form: str
    strength: float
    radius_m: float
    row: Row


def has_explosives(source: Source) -> bool:
    """Whether any explosives are held, however little: their row asks for no least amount."""
    return any(entry["form"] == EXPLOSIVE for entry in source.forms)


def reach_of_unit(source: Source, rules: LevelRules) -> None:
    """Strength and radius of a rated unit, with the reason where another row than that of its name decides."""
    rows = rows_of_unit(source, rules)
    if not rows:
        return
    blast = next((one for one in rows if one.form == EXPLOSIVE), None)
    if blast:
        judged_blast_m(source, blast.row)
    source.strength = max(one.strength for one in rows)
    source.radius_m = max(one.radius_m for one in rows)
    source.is_assumption |= blast is not None or any(bool(one.row["is_assumption"]) for one in rows)
    named = next((one for one in rows if one.form == source.form), rows[0])
    if source.strength > named.strength or (source.radius_m > named.radius_m and blast is None):
        _judge_largest(source, rows)


def rows_of_unit(source: Source, rules: LevelRules) -> list[FormRow]:
    """The rows that hold for a rated unit.

    A level on file speaks of the unit as a whole: it holds for each form of it. A computed one holds for the forms that
    make it (`OWN_LEVEL_FROM`); the others count as the mildest level, or from `COUNTS_FROM` on not at all.
    """
    below = ("hazchem", "", source.level if source.source_class == "hazchem" else rules.below_bands[0]["level"])
    rows = [_form_row("", rules.strengths.get(below), None)]
    if source.source_class != "major_hazard":
        kind = rules.strengths.get(("explosives", "", "")) if has_explosives(source) else None
        rows.append(_form_row(EXPLOSIVE, kind, source.charge))
        return [one for one in rows if one]
    is_filed = any(entry["method"] == "declared" and entry["result"] for entry in source.methods)
    for entry in source.forms or [{"form": source.form, "weighted": math.inf}]:
        grade = _grade_of_form(entry, source.grade, is_filed=is_filed)
        found = rules.strengths.get(("major_hazard", entry["form"], grade)) if grade else None
        rows.append(_form_row(entry["form"], found, source.charge))
    return [one for one in rows if one]


def _grade_of_form(entry: dict[str, Any], grade: str, *, is_filed: bool) -> str | None:
    if is_filed or entry["weighted"] >= OWN_LEVEL_FROM:
        return grade
    return MILDEST_GRADE if entry["weighted"] >= COUNTS_FROM or entry["form"] == EXPLOSIVE else None


def _form_row(form: str, row: Row | None, charge: Charge | None) -> FormRow | None:
    if row is None:
        return None
    radius_m = blast_radius_m(row, charge) if row["radius_formula"] == "blast" else float(row["radius_m"])
    return FormRow(form, float(row["strength"]), radius_m, row)


def blast_radius_m(row: Row, charge: Charge | None) -> float:
    """R = k Q^(1/3), Q kilograms of TNT by kind; where an amount is missing at least the table's assumed radius."""
    known_t = charge.known_tnt_t if charge else 0.0
    known_m = float(row["radius_coefficient"] * (known_t * 1000.0) ** (1 / 3)) if known_t > 0 else 0.0
    is_whole = charge is not None and not charge.is_missing and known_t > 0
    return known_m if is_whole else max(known_m, float(row["radius_unknown_m"]))


def judged_blast_m(source: Source, row: Row) -> float:
    """The blast radius in metres, kept among the source's methods with how the amount was counted."""
    charge = source.charge
    radius_m = blast_radius_m(row, charge)
    is_known = charge is not None and not charge.is_missing and charge.known_tnt_t > 0
    zh, en = (charge.words_zh, charge.words_en) if charge and is_known else ("数量未知", "amount unknown")
    source.judge(
        "radius",
        None,
        row,
        f"爆炸影响半径 {radius_m:.0f} 米(假设:{zh})",
        f"blast radius {radius_m:.0f} m (assumed: {en})",
        amount_t=plain(charge.amount_t if charge else math.nan),
        tnt_t=plain(charge.tnt_t if charge else math.nan),
    )
    return radius_m


def open_ground_m(source: Source, on: date | None = None) -> float:
    """How far the ground stays open because an amount of explosives is missing, metres; 0 where none is.

    Beyond the radius that is coloured, as far as the smallest listed overpressure of the largest store of the kind.
    """
    charge = source.charge
    if charge is None or charge.largest is None:
        return 0.0
    open_m = farthest_m(charge.most_t, on)
    zh, en = told_largest(charge)
    source.judge("open", None, vars(charge.largest), f"{zh}: {open_m:.0f} 米内保持未评", f"{en}: not rated within {open_m:.0f} m", most_t=charge.most_t, open_m=open_m)
    return open_m


def _judge_largest(source: Source, rows: list[FormRow]) -> None:
    """Say from which rows strength and radius are taken where they are not those of the form that names the unit."""
    farthest = max(rows, key=lambda one: one.radius_m)
    source.judge(
        "radius",
        None,
        farthest.row,
        f"按所存各形态及未构成重大危险源行取最大:源强 {source.strength:g},半径 {source.radius_m:.0f} 米",
        f"the largest over the forms held and the row below a major hazard: strength {source.strength:g}, radius {source.radius_m:.0f} m",
        forms=[one.form for one in rows if one.form],
    )
