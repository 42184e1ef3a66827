"""Rows of rule tables with validity dates: the ones in force on the edition's day decide levels, as for distances."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import pytest

from layers.errors import RuleTableError
from layers.scoring import blast_rings, confirmations, hazard_events, levels, plants, risk_contours, societal_risk
from layers.scoring.consequence.explosions import load_blast_limits
from layers.scoring.high_consequence_rules import load_hca_rules
from layers.scoring.individual_risk import RiskField
from layers.scoring.level_rules import load_level_rules
from layers.scoring.major_hazard import load_major_hazard_rules
from layers.scoring.risk_contours import load_individual_criteria
from layers.scoring.rule_tables import RULES_DIR, not_in_force, read_rules, rules_of_day, standards
from layers.scoring.rules import read_rules as read_distance_rules
from layers.scoring.societal_risk import load_societal_criteria as societal
from tests.layers.scoring.frames import CRS, layer, point
from tests.layers.scoring.risk_cases import chemical, plant, square

LAST, FIRST = date(2026, 6, 30), date(2026, 7, 1)


@pytest.fixture
def dated(tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of the tables in which a column of one takes other values from `FIRST` on."""

    def make(name: str, column: str, turn: Callable[[str], str]) -> Path:
        folder = tmp_path / "rules"
        shutil.copytree(RULES_DIR, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
        table = pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
        after = table.assign(**{column: table[column].map(turn)})
        both = pd.concat([table.assign(valid_from="", valid_to=LAST.isoformat()), after.assign(valid_from=FIRST.isoformat(), valid_to="")])
        both.to_csv(folder / f"{name}.csv", index=False)
        return folder

    return make


def test_a_level_follows_the_rule_in_force_on_the_day(dated: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dated("enterprise_score_bands", "score_from", lambda value: {"90": "95", "75": "80"}.get(value, value))
    path = folder / "enterprise_score_bands.csv"
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    is_new = text.valid_from != ""
    text.loc[is_new, "score_below"] = text.score_below[is_new].replace({"90": "95", "75": "80"})
    text.to_csv(path, index=False)
    monkeypatch.setattr(levels, "load_level_rules", lambda on: load_level_rules(folder=folder, on=on))
    layers = {"enterprises": layer(_plant(92.0))}
    found = {on: levels.rate_sources(layers, on=on).iloc[0] for on in (LAST, FIRST)}
    assert (found[LAST].level, found[FIRST].level) == ("blue", "yellow")
    assert "92" in found[FIRST].reason_zh


def test_an_amount_meets_the_critical_quantity_of_the_day(dated: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dated("critical_quantities", "critical_t", lambda value: f"{2 * float(value):g}")
    monkeypatch.setattr(plants, "load_major_hazard_rules", lambda on: load_major_hazard_rules(folder, on))
    units = layer({"unit_id": "U", "enterprise_id": "E", "name": "罐区", "kind": "tank_farm", "status": "operating", "n_persons_500m": 0, "geometry": point(0, 0)})
    chlorine = pd.DataFrame([{"unit_id": "U", "chemical_name": "氯", "cas": "7782-50-5", "category_symbol": None, "amount_t": 6.0}])
    layers = {"enterprises": layer(_plant(92.0)), "hazard_units": units, "unit_chemicals": chlorine}
    found = {on: levels.rate_sources(layers, on=on).set_index("source_layer").loc["hazard_units"] for on in (LAST, FIRST)}
    # Q of chlorine is 5 t: S = 1.2 is a major hazard; with 10 t S = 0.6 is none
    assert found[LAST].s_value == pytest.approx(1.2) and found[FIRST].s_value == pytest.approx(0.6)
    assert pd.notna(found[LAST].major_hazard_level) and pd.isna(found[FIRST].major_hazard_level)


@pytest.fixture
def stopped(tmp_path: Path) -> Callable[..., Path]:
    """Makes a copy of the tables in which a standard begins or ends on other days."""

    def make(standard_id: str, **days: date) -> Path:
        folder = tmp_path / "rules"
        shutil.copytree(RULES_DIR, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
        table = pd.read_csv(folder / "standards.csv", dtype=str, keep_default_na=False)
        for name, day in days.items():
            table.loc[table.standard_id == standard_id, name] = day.isoformat()
        table.to_csv(folder / "standards.csv", index=False)
        return folder

    return make


@pytest.mark.parametrize(("on", "level"), [(LAST, "blue"), (FIRST, "red"), (date(2026, 7, 2), "red")], ids=["the day before", "the day", "after"])
def test_a_direct_rule_is_not_used_before_its_standard(on: date, level: str, stopped: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stopped("YJ-19-2018", valid_from=FIRST)
    monkeypatch.setattr(levels, "load_level_rules", lambda on: load_level_rules(folder=folder, on=on))
    plant = layer(_plant(92.0) | {"is_untested_process": True})
    assert levels.rate_sources({"enterprises": plant}, on=on).iloc[0].level == level


@pytest.mark.parametrize(("on", "level"), [(LAST, "red"), (FIRST, "blue")], ids=["its last day", "the day after"])
def test_a_direct_rule_is_not_used_after_its_standard(on: date, level: str, stopped: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stopped("YJ-19-2018", valid_to=LAST)
    monkeypatch.setattr(levels, "load_level_rules", lambda on: load_level_rules(folder=folder, on=on))
    plant = layer(_plant(92.0) | {"is_untested_process": True})
    assert levels.rate_sources({"enterprises": plant}, on=on).iloc[0].level == level


def test_what_nothing_else_stands_for_is_a_transition_and_its_clause_says_so(stopped: Callable[..., Path]) -> None:
    folder = stopped("GB18218-2018", valid_from=FIRST)
    before, after = (load_major_hazard_rules(folder, on) for on in (LAST, FIRST))
    assert before.chemicals.critical_t.equals(after.chemicals.critical_t)
    assert before.chemicals.clause.str.endswith("(2026-07-01起施行,过渡采用)").all()
    assert not after.chemicals.clause.str.contains("过渡").any()


def test_an_ended_standard_that_is_used_on_says_its_last_day(stopped: Callable[..., Path]) -> None:
    folder = stopped("YJ-19-2018", valid_to=LAST)
    for on, said in ((LAST, False), (FIRST, True)):
        bands = load_level_rules(folder=folder, on=on).score_bands
        assert {"(2026-06-30止,过渡采用)" in str(band["clause"]) for band in bands} == {said}


def test_the_tables_that_cite_a_standard_out_of_force_are_named(stopped: Callable[..., Path]) -> None:
    folder = stopped("GB36894-2018", valid_to=LAST)
    assert not_in_force("individual_risk_criteria", LAST, folder) == ()
    assert [one.number for one in not_in_force("individual_risk_criteria", FIRST, folder)] == ["GB 36894-2018"]
    assert not_in_force("separation_distances", FIRST, folder) == (), "its rows have dates of their own"
    assert not_in_force("standards", FIRST, folder) == ()


def test_a_distance_rule_has_the_dates_of_its_standard_unless_it_states_its_own() -> None:
    known = standards()
    for rule in read_distance_rules().rules:
        standard = known[rule.standard_id]
        assert rule.valid_from == standard.valid_from or (rule.valid_from and standard.valid_from and rule.valid_from > standard.valid_from)
        for on in (day for day in (standard.valid_from, standard.valid_to) if day):
            assert rule.is_in_force(on, rule.jurisdiction) == (rule.valid_to is None or rule.valid_to >= on)


def test_no_row_of_today_is_a_transition_or_left_out() -> None:
    today = date(2026, 9, 30)
    names = [path.stem for path in RULES_DIR.rglob("*.csv")]
    assert {name: not_in_force(name, today) for name in names if not_in_force(name, today)} == {}


def test_a_standard_of_a_table_of_another_folder_is_looked_up_in_the_house(tmp_path: Path) -> None:
    shutil.copy(RULES_DIR / "below_major_hazard.csv", tmp_path)
    columns = {"texts": ("level",), "numbers": ("s_from",), "optional_numbers": ("s_below",)}
    assert len(read_rules(tmp_path / "below_major_hazard.csv", on=FIRST, **columns))  # type: ignore[arg-type]


def test_without_a_day_the_rows_without_an_end_hold(dated: Callable[..., Path]) -> None:
    folder = dated("control_rules", "level", lambda value: "yellow")
    assert {row["level"] for row in load_level_rules(folder=folder).control.values()} == {"yellow"}
    assert {row["level"] for row in load_level_rules(folder=folder, on=LAST).control.values()} != {"yellow"}


@pytest.mark.parametrize(("begin", "end", "said"), [("2026-07-32", "", "no date"), ("2026-07-02", "2026-07-01", "valid_from after valid_to")])
def test_dates_that_cannot_be_are_refused_with_the_table(dated: Callable[..., Path], begin: str, end: str, said: str) -> None:
    path = dated("direct_rules", "level", str) / "direct_rules.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[0, ["valid_from", "valid_to"]] = [begin, end]
    table.to_csv(path, index=False)
    with pytest.raises(RuleTableError, match=said):
        load_level_rules(folder=path.parent, on=FIRST)


def test_a_gap_on_a_day_is_refused(dated: Callable[..., Path]) -> None:
    path = dated("enterprise_score_bands", "level", str) / "enterprise_score_bands.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table[table.valid_from == ""].to_csv(path, index=False)
    load_level_rules(folder=path.parent, on=LAST)
    with pytest.raises(RuleTableError):
        load_level_rules(folder=path.parent, on=FIRST)


def _plant(score: float) -> dict[str, Any]:
    return {"enterprise_id": "E", "name": "化工厂", "kind": "hazchem_producer", "status": "operating", "control_score": score, "geometry": point(0, 0)}


DAYS = {"the day before": (LAST, 0), "the day": (FIRST, 1), "after": (date(2026, 7, 2), 1)}
"""Days around a change of values, and whether the old (0) or the new values (1) hold."""


@pytest.mark.parametrize(("on", "is_new"), DAYS.values(), ids=DAYS)
def test_the_criteria_of_individual_risk_are_those_of_the_day(on: date, is_new: int, dated: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dated("individual_risk_criteria", "in_service_per_year", lambda value: {"3e-06": "2e-06"}.get(value, value))
    monkeypatch.setattr(risk_contours, "load_individual_criteria", lambda on: load_individual_criteria(folder, on))
    monkeypatch.setattr(confirmations, "load_individual_criteria", lambda on: load_individual_criteria(folder, on))
    limit = (3e-6, 2e-6)[is_new]
    assert limit in risk_contours.contour_values(on)
    assert risk_contours.criterion_limit("high_sensitive", is_new=False, on=on) == limit
    grid = square(200)
    field = RiskField(grid, np.full(grid.shape, 2.5e-6), pd.DataFrame(), (), pyproj.CRS(CRS))
    drawn = risk_contours.risk_contours(field, on=on)
    assert (2e-6 in set(drawn.risk_per_year)) is bool(is_new)
    school = layer({"target_id": "T", "name": "学校", "category": "school", "geometry": point(0, 0)})
    assert len(confirmations.targets_to_confirm(field, school, on=on)) == is_new


@pytest.mark.parametrize(("on", "is_new"), DAYS.values(), ids=DAYS)
def test_the_criterion_of_societal_risk_is_that_of_the_day(on: date, is_new: int, dated: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dated("societal_risk_criteria", "unacceptable_above", lambda value: f"{float(value) / 10:g}")
    monkeypatch.setattr(societal_risk, "load_societal_criteria", lambda on: societal(folder, on))
    assert societal_risk.criterion_band(10, 5e-5, on) == ("alarp", "unacceptable")[is_new]


@pytest.mark.parametrize(("on", "is_new"), DAYS.values(), ids=DAYS)
def test_the_limits_of_overpressure_are_those_of_the_day(on: date, is_new: int, dated: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dated("blast_limits", "to_pa", lambda value: {"5000": "4000"}.get(value, value))
    for module in (blast_rings, hazard_events):
        monkeypatch.setattr(module, "load_blast_limits", lambda on: load_blast_limits(folder, on))
    blast_rings.listed_pressures.cache_clear()
    layers = plant(chemical(("TNT", "118-96-7"), 10.0, category_symbol="W1.1"))
    rings = blast_rings.blast_rings(layers, on=on)
    events = hazard_events.explosive_events(layers, on)["U1"]
    blast_rings.listed_pressures.cache_clear()
    assert ({4000, 5000} & set(rings.threshold_pa), [event.threshold_pa for event in events][1]) == (({5000}, 5000), ({4000}, 4000))[is_new]


@pytest.mark.parametrize(("on", "is_new"), DAYS.values(), ids=DAYS)
def test_the_table_of_high_consequence_areas_is_that_of_the_day(on: date, is_new: int, dated: Callable[..., Path]) -> None:
    folder = dated("high_consequence", "window_m", lambda value: {"2000": "1600"}.get(value, value))
    rules = load_hca_rules(folder / "high_consequence.csv", on)
    assert rules["HCA-OIL-B"].window_m == (2000, 1600)[is_new]


@pytest.mark.parametrize(("standard_id", "read"), [
    ("GB36894-2018", lambda folder, on: load_individual_criteria(folder, on).clause.iloc[0]),
    ("GB36894-2018", lambda folder, on: societal(folder, on).clause.iloc[0]),
    ("GBT37243-2019", lambda folder, on: load_blast_limits(folder, on).clause.iloc[0]),
    ("GB32167-2015", lambda folder, on: load_hca_rules(folder / "high_consequence.csv", on)["HCA-OIL-B"].clause),
], ids=["individual risk", "societal risk", "blast", "high consequence areas"])  # fmt: skip
def test_a_criterion_before_and_after_its_standard_is_a_transition(standard_id: str, read: Callable[[Path, date], str], stopped: Callable[..., Path]) -> None:
    folder = stopped(standard_id, valid_from=FIRST, valid_to=date(2026, 7, 31))
    told = {on: str(read(folder, on)) for on in (LAST, FIRST, date(2026, 7, 31), date(2026, 8, 1))}
    assert told[LAST].endswith("(2026-07-01起施行,过渡采用)") and told[date(2026, 8, 1)].endswith("(2026-07-31止,过渡采用)")
    assert "过渡" not in told[FIRST] and "过渡" not in told[date(2026, 7, 31)]


def test_the_rules_of_two_days_differ_only_where_a_row_does(dated: Callable[..., Path]) -> None:
    folder = dated("blast_limits", "to_pa", lambda value: {"5000": "4000"}.get(value, value))
    of = {on: rules_of_day(["blast_limits", "high_consequence"], on, folder) for on in (date(2026, 6, 29), LAST, FIRST, date(2026, 7, 2))}
    assert of[date(2026, 6, 29)] == of[LAST] != of[FIRST] == of[date(2026, 7, 2)]
