"""Which method an installation is judged by: the criterion follows its kind (GB/T 37243-2019 chapters 1 and 4).

Only units judged by quantitative risk have contours, F-N curves and zones of individual risk. The others are answered by
the name of their own method, never with a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path

import pandas as pd

from layers.scoring.major_hazard import MajorHazardRules, grade_units, load_major_hazard_rules, lookup_chemicals
from layers.scoring.release_scenarios import NOT_SOURCES, NotAssessed, enterprise_kinds, load_scope
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

METHODS = ("consequence", "qra", "qra_explosives", "qra_enterprise", "distance", "unknown", "unknown_explosives", "out_of_scope")
WITH_EXPLOSIVES = ("consequence", "qra_explosives", "unknown_explosives")
PUBLISHED_AS = {"qra_enterprise": "qra", "qra_explosives": "qra", "unknown_explosives": "unknown"}
"""Methods that differ by their reason alone."""
GAS_FORMS = ("toxic_gas", "flammable_gas")
NOT_KNOWN = "not_known"
"""The form of a chemical that no table knows and whose category is not stated: it may be a gas."""
OXIDISING_GAS = "W4"
"""Oxygen feeds a fire and is neither a toxic nor a flammable gas."""
PLANNED = "planned"
CHEMICAL_COLUMNS = ["unit_id", "chemical_name", "cas", "category_symbol", "amount_t"]


@lru_cache(maxsize=2)
def load_methods(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`assessment_methods.csv` by method: titles, reasons, rule and clause; ``out_of_scope`` stands in `qra_scope.csv`."""
    path = folder / "assessment_methods.csv"
    table = read_rules(path, texts=("method", "reason_zh", "reason_en"), codes={"method": METHODS})
    require(sorted(table.method) == sorted(METHODS[:-1]), path, "each method once")
    return table.set_index("method", drop=False)


def assessment_methods(layers: Mapping[str, pd.DataFrame], *, on: date | None = None) -> pd.DataFrame:
    """Which method GB/T 37243-2019 asks for, a row a unit in the order of ``unit_id``; S by the quantities in force on a day.

    Returns
    -------
    DataFrame
        ``unit_id``, ``enterprise_id``, ``method``, ``rule_id``, ``clause``, ``reason_zh``, ``reason_en``.
        ``consequence`` with explosives; ``qra`` with a toxic or flammable gas and S of 1 or more, and then every other
        unit of that enterprise too (4.3), with the rule that says so; else ``distance``. ``out_of_scope`` and
        ``unknown`` (what is missing may make it ``qra``) stand apart. ``has_explosives``: distances of overpressure are due as well. A unit that would
        need ``qra`` without its explosives keeps it for that part, with the reason that names both.
    """
    units = layers.get("hazard_units")
    columns = ["unit_id", "enterprise_id", "method", "rule_id", "clause", "reason_zh", "reason_en", "has_explosives"]
    if units is None or units.empty:
        return pd.DataFrame(columns=columns)
    rows = layers.get("unit_chemicals")
    empty = pd.DataFrame(columns=CHEMICAL_COLUMNS)
    given = empty if rows is None else rows.reindex(columns=CHEMICAL_COLUMNS)
    rules = load_major_hazard_rules(on=on)
    state = grade_units(pd.DataFrame(units.drop(columns="geometry")), given, rules=rules).state
    forms, kinds = _forms(given, rules), enterprise_kinds(layers)
    table = units[["unit_id", "enterprise_id"]].astype(str)
    table = table.sort_values("unit_id", kind="stable", ignore_index=True)
    table["method"] = [
        _method(state[unit], forms.get(unit, set()), kinds.get(enterprise))
        for unit, enterprise in table.itertuples(index=False)
    ]
    table["has_explosives"] = table.method.isin(WITH_EXPLOSIVES)
    needs = set(table.enterprise_id[table.method.isin(["qra", "qra_explosives"])])
    follows = table.enterprise_id.isin(needs) & table.method.isin(["distance", "unknown", "unknown_explosives"])
    table.loc[follows, "method"] = "qra_enterprise"
    return _with_reasons(table, kinds)[columns]


def _with_reasons(table: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    known = load_methods()
    reasons = []
    for method, enterprise in zip(table.method, table.enterprise_id, strict=True):
        if method == "out_of_scope":
            zh, en, rule_id, clause = load_scope()[kinds[enterprise]]
        else:
            row = known.loc[method]
            zh, en, rule_id, clause = row.reason_zh, row.reason_en, row.rule_id, row.clause
        reasons.append((zh, en, rule_id, clause))
    table["reason_zh"], table["reason_en"], table["rule_id"], table["clause"] = (
        [row[place] for row in reasons] for place in range(4)
    )
    table["method"] = table.method.replace(PUBLISHED_AS)
    return table


def _forms(chemicals: pd.DataFrame, rules: MajorHazardRules) -> dict[str, set[str]]:
    """Forms of the chemicals of each unit; gases that only feed a fire do not count as gases."""
    found = lookup_chemicals(chemicals, rules=rules)
    named = rules.chemicals.set_index("name_zh")["category_symbol"]
    symbols = found["listed_as"].map(named[~named.index.duplicated()]).where(found["listed_as"].notna())
    given = chemicals["category_symbol"].where(symbols.isna(), symbols)
    form = found["form"].fillna(NOT_KNOWN).where(given != OXIDISING_GAS, "oxidiser")
    by_unit: dict[str, set[str]] = form.groupby(chemicals["unit_id"].astype(str)).agg(set).to_dict()
    return by_unit


def _method(state: str, forms: set[str], kind: str | None) -> str:
    if kind in load_scope():
        return "out_of_scope"
    has_gas = bool(forms & set(GAS_FORMS))
    needs_risk = has_gas and state == "major"
    may_need_risk = not forms or (state == "unrated" and has_gas) or (state != "below" and NOT_KNOWN in forms)
    if "explosive" in forms:
        return "qra_explosives" if needs_risk else "unknown_explosives" if may_need_risk else "consequence"
    return "qra" if needs_risk else "unknown" if may_need_risk else "distance"


def covered(
    layers: Mapping[str, pd.DataFrame], methods: pd.DataFrame, *, planned: bool = False
) -> tuple[dict[str, pd.DataFrame], tuple[NotAssessed, ...]]:
    """The layers with the units that quantitative risk judges, and the others with the method that judges them.

    Parameters
    ----------
    methods : what `assessment_methods` gave for these layers
    planned : the new installations instead of the standing ones: planned units, with everything of their enterprise
    """
    units = layers.get("hazard_units")
    if units is None or units.empty:
        return dict(layers), ()
    is_planned = _is_planned(layers, units)
    stands = ~units["status"].isin(NOT_SOURCES) & ~is_planned
    if planned:
        owners = set(units["enterprise_id"][is_planned])
        stands = is_planned | (stands & units["enterprise_id"].isin(owners))
        units = units.assign(status=units["status"].where(~is_planned, "operating"))
    by_unit = methods.set_index("unit_id")
    method = units["unit_id"].astype(str).map(by_unit["method"])
    others = sorted(units["unit_id"][stands & (method != "qra")].astype(str))
    rows = by_unit.loc[others]
    left_out = tuple(
        NotAssessed(unit, "", str(row.reason_zh), str(row.reason_en), str(row.rule_id))
        for unit, row in zip(others, rows.itertuples(), strict=True)
    )
    return {**layers, "hazard_units": units[stands & (method == "qra")]}, left_out


def _is_planned(layers: Mapping[str, pd.DataFrame], units: pd.DataFrame) -> pd.Series:
    """New means the installation: a planned unit, or any of a planned enterprise."""
    enterprises = layers.get("enterprises")
    planned = set() if enterprises is None or enterprises.empty else set(
        enterprises["enterprise_id"][enterprises["status"] == PLANNED].astype(str)
    )
    is_planned: pd.Series = (units["status"] == PLANNED) | units["enterprise_id"].astype(str).isin(planned)
    return is_planned & (units["status"] != "closed")
