"""The rule tables: what is shipped proves, and a table that contradicts itself is refused whole."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from layers.errors import RuleTableError
from layers.scoring.rules import RULES_DIR, TABLES, RuleSet, read_rules

Row = dict[str, str]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return read_rules()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (*TABLES, "standards.csv"):
        shutil.copy(RULES_DIR / name, tmp_path / name)
    return tmp_path


def _edit(path: Path, change: Callable[[list[Row]], None]) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        rows, names = list(reader), list(reader.fieldnames or [])
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, names)
        writer.writeheader()
        writer.writerows(rows)


def _set(target: str, /, **values: str) -> Callable[[list[Row]], None]:
    def change(rows: list[Row]) -> None:
        next(row for row in rows if row["rule_id"] == target).update(values)

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_set("PIPE-L30-3", distance_m="-5"), "not a distance"),
        (_set("PIPE-L30-3", distance_m="five"), "distance_m"),
        (_set("PIPE-L30-3", distance_m="nan"), "not a distance"),
        (_set("PIPE-L30-3", distance_m=""), "without metres or formula"),
        (_set("PIPE-L30-3", standard_id="GB99999"), "standard_id"),
        (_set("PIPE-L30-3", subject_class="dragon"), "subject_class"),
        (_set("PIPE-L30-3", kind="forbidden"), "kind"),
        (_set("PIPE-L30-3", applies_to="standing sometimes"), "applies_to"),
        (_set("PIPE-L30-3", clause=""), "clause is empty"),
        (_set("PIPE-L30-3", rule_id="PIPE-L30-1"), "stands twice"),
        (_set("PIPE-L30-3", exact_complies="yes"), "neither true nor false"),
        (_set("PIPE-L30-3", valid_to="2001-01-01"), "valid_from is after valid_to"),
        (_set("PWR-OHL-35-110kV", voltage_kv_min="10"), "both apply to the same case"),
        (_set("PWR-OHL-500kV", distance_m="9"), "less than 15.0 m of the milder"),
        (_set("ROAD-L11-5", distance_m="19"), "less than 20.0 m of the milder"),
        (_set("ROAD-L11-5", road_class="motorway"), "road_class"),
        (_set("IR-GB36894-A", limit_new_per_year="3e-5"), "not in order"),
        (_set("ESD-BLAST-A", coefficient=""), "formula without coefficient"),
        (_set("PIPE-L31-1", unassessed_zh=""), "without a reason"),
        (_set("F-4.4.1-50", volume_m3_above="60"), "gap or overlap"),
        (_set("FUEL-2012-tank_class_2-protected_1-no_vapour_recovery", distance_m="30"), "milder"),
    ],
)
def test_bad_table_is_refused_whole(folder: Path, change: Callable[[list[Row]], None], says: str) -> None:
    _edit(folder / "separation_distances.csv", change)
    with pytest.raises(RuleTableError, match=says):
        read_rules(folder)


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        ("target_sizes.csv", lambda rows: rows[-2].update(below="90"), "gap or overlap"),
        ("road_land_widths.csv", lambda rows: rows.pop(), "no row for township_road"),
        ("conductor_offsets.csv", lambda rows: rows[1].update(voltage_kv_min="5"), "overlap"),
        ("feature_classes.csv", lambda rows: rows.append(dict(rows[0])), "stands twice"),
        ("class_members.csv", lambda rows: rows[0].update(class_id="dragon"), "unknown classes"),
        ("separation_distances.csv", lambda rows: rows.clear(), "no rows"),
    ],
)
def test_bad_helper_table_is_refused(
    folder: Path, table: str, change: Callable[[list[Row]], None], says: str
) -> None:
    _edit(folder / table, change)
    with pytest.raises(RuleTableError, match=says):
        read_rules(folder)


def test_unknown_key_of_a_project_type_is_refused(folder: Path) -> None:
    path = folder / "project_types.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\ncolour = 'red'\n", encoding="utf-8")
    with pytest.raises(RuleTableError, match="colour"):
        read_rules(folder)


def test_missing_column_is_refused(folder: Path) -> None:
    path = folder / "separation_distances.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("exact_complies", "exact", 1), encoding="utf-8")
    with pytest.raises(RuleTableError, match="exact"):
        read_rules(folder)


def test_missing_table_is_refused(folder: Path) -> None:
    (folder / "class_members.csv").unlink()
    with pytest.raises(RuleTableError, match=r"class_members\.csv"):
        read_rules(folder)


def test_rule_without_metres_is_never_judged(rules: RuleSet) -> None:
    silent = {
        "PIPE-L31-1",
        "PIPE-L31-2",
        "RAIL-33",
        "HZ-19",
        "FW-GB50161",
        "EXP-GB50089",
    }
    assert {rules[rule_id].status for rule_id in silent} == {"not_assessed"}
    assert all(rule.distance_m is None for rule in rules.rules if rule.rule_id in silent)


def test_permit_rules_bind_no_standing_object(rules: RuleSet) -> None:
    standing = rules.in_force(date(2026, 9, 30), "CN", "standing")
    assert not [rule.rule_id for rule in standing if rule.kind == "permit_required"]


def test_rules_for_new_things_bind_siting_only(rules: RuleSet) -> None:
    assert {rule.applies_to for rule in rules.rules if rule.is_new_only} == {("siting",)}


def test_rule_is_in_force_on_both_ends_of_its_validity(rules: RuleSet) -> None:
    rule = rules["FUEL-2012-tank_class_1-railway-no_vapour_recovery"]
    assert rule.is_in_force(date(2014, 7, 29), "CN") and rule.is_in_force(date(2021, 9, 30), "CN")
    assert not rule.is_in_force(date(2021, 10, 1), "CN") and not rule.is_in_force(
        date(2015, 1, 1), "elsewhere"
    )


def test_law_text_is_confirmed_and_knowledge_is_not(rules: RuleSet) -> None:
    assert rules["PIPE-L30-3"].is_confirmed and rules["FS-HAZ"].is_confirmed
    assert not rules["IR-GB36894-A"].is_confirmed and not rules["PIPE-GB50253-BLD"].is_confirmed


def test_version_follows_the_tables(folder: Path) -> None:
    before = read_rules(folder).version
    _edit(folder / "road_land_widths.csv", lambda rows: rows[0].update(half_width_m="21"))
    assert read_rules(folder).version != before == read_rules().version
