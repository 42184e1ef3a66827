"""GB 18218-2018: does a unit hold a major hazard, and of which level; what is not known stays unknown.

S = Σ q/Q tells whether (S >= 1), R = α Σ β q/Q tells the level. Every part of a sum adds to it: where the known
parts alone reach 1, an amount that is missing leaves a major hazard of at least the level of the known parts; below 1 it
leaves S unknown. Residents that are missing make α unknown, so both of its bounds are computed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from layers.scoring.rule_tables import RULES_DIR, read_rules, require, require_bands

FORMS = ("toxic_gas", "flammable_gas", "liquid", "explosive", "solid")
"""Physical forms, the widest-reaching first (explosives reach by their amount); a project policy."""
MATCHES = ("cas", "name", "category", "none")
SUM_DECIMALS = 9
"""S and R are rounded here before they meet a limit: 0.7 + 0.2 + 0.1 is 1, whatever binary fractions say."""
MOST_REMEMBERED = 20_000
"""Chemicals as offices write them; what is remembered of them is bounded."""
CATEGORY_SEPARATOR = re.compile(r"[;,、/|\s]+")


@dataclass(frozen=True)
class MajorHazardRules:
    """The five tables of GB 18218-2018, checked; `found` remembers what they said of a number, name and category."""

    chemicals: pd.DataFrame
    categories: pd.DataFrame
    levels: pd.DataFrame
    alphas: pd.DataFrame
    found: dict[tuple[str, str, str], dict[str, object]] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def index(self) -> _Index:
        """Rows of table 1 by number and by name."""
        return _index(self.chemicals)


@lru_cache(maxsize=16)
def load_major_hazard_rules(folder: Path = RULES_DIR, on: date | None = None) -> MajorHazardRules:
    """The tables below `folder` as they are in force on a day; raises `RuleTableError` where one is not consistent."""
    quantity = {"numbers": ("critical_t", "beta"), "flags": ("is_fire",), "codes": {"form": FORMS}, "on": on}
    chemicals_path, categories_path = folder / "critical_quantities.csv", folder / "category_quantities.csv"
    chemicals = read_rules(
        chemicals_path,
        texts=(
            "no",
            "name_zh",
            "aliases",
            "not_names",
            "cas",
            "beta_clause",
            "category_symbol",
            "form",
            "beta_source_type",
            "beta_confidence",
        ),
        **quantity,  # type: ignore[arg-type]
    )
    categories = read_rules(
        categories_path,
        texts=("symbol", "hazard_zh", "description_zh", "description_en", "beta_clause", "form"),
        **quantity,  # type: ignore[arg-type]
    )
    rules = MajorHazardRules(chemicals, categories, _read_levels(folder, on), _read_alphas(folder, on))
    _check_quantities(rules, chemicals_path, categories_path)
    return rules


def _read_levels(folder: Path, on: date | None) -> pd.DataFrame:
    path = folder / "major_hazard_levels.csv"
    levels = read_rules(
        path, texts=("title_zh", "title_en"), numbers=("level", "r_from"), optional_numbers=("r_below",), on=on
    )
    require_bands(path, levels.r_from, levels.r_below)
    worst_first = levels.sort_values("level")
    require(worst_first.level.tolist() == [1, 2, 3, 4], path, "levels must be 1 to 4")
    require(worst_first.r_from.is_monotonic_decreasing, path, "level 1 must have the largest R")
    return levels


def _read_alphas(folder: Path, on: date | None) -> pd.DataFrame:
    path = folder / "exposure_alpha.csv"
    alphas = read_rules(
        path, numbers=("persons_from", "alpha", "within_m"), optional_numbers=("persons_to",), on=on
    ).sort_values("persons_from", ignore_index=True)
    require_bands(path, alphas.persons_from, alphas.persons_to, step=1.0)
    require(
        alphas.alpha.is_monotonic_increasing and alphas.alpha.min() > 0, path, "alpha must grow with persons"
    )
    return alphas


def _check_quantities(rules: MajorHazardRules, chemicals_path: Path, categories_path: Path) -> None:
    beta_of = dict(zip(rules.categories.symbol, rules.categories.beta, strict=True))
    require(rules.categories.symbol.is_unique, categories_path, "a category stands twice")
    require(rules.chemicals.no.is_unique, chemicals_path, "a number stands twice")
    for path, table in ((chemicals_path, rules.chemicals), (categories_path, rules.categories)):
        require(bool((table.critical_t > 0).all()), path, "critical quantities must be positive")
        require(bool((table.beta >= 1).all()), path, "beta is 1 or more")
    given = rules.chemicals[rules.chemicals.category_symbol != ""]
    require(set(given.category_symbol) <= set(beta_of), chemicals_path, "category_symbol names no category")
    agrees = given.beta == given.category_symbol.map(beta_of)
    require(bool(agrees.all()), chemicals_path, "beta differs from its category's in table 4")


def normal_name(name: object) -> str:
    """A chemical's name as it is compared: half-width, lower case, without spaces, with <= and >=."""
    text = unicodedata.normalize("NFKC", name).strip().lower() if isinstance(name, str) else ""
    return re.sub(r"\s+", "", text).replace("≥", ">=").replace("≤", "<=").replace("﹪", "%")


def base_name(name: object) -> str:
    """The part of a name before its first bracket: 甲醛(含量>90%) is 甲醛."""
    return re.split(r"[(\[【〔]", normal_name(name), maxsplit=1)[0]


@dataclass(frozen=True)
class _Index:
    by_cas: dict[str, list[int]]
    by_full_name: dict[str, list[int]]
    by_base_name: dict[str, list[int]]
    not_names: dict[int, frozenset[str]]


def _index(chemicals: pd.DataFrame) -> _Index:
    by_cas: dict[str, list[int]] = {}
    by_full: dict[str, list[int]] = {}
    by_base: dict[str, list[int]] = {}
    not_names: dict[int, frozenset[str]] = {}
    for position, row in enumerate(chemicals.itertuples()):
        for cas in filter(None, str(row.cas).split("|")):
            by_cas.setdefault(cas, []).append(position)
        by_full.setdefault(normal_name(row.name_zh), []).append(position)
        names = {base_name(part) for part in re.split("、", str(row.name_zh))}
        names |= {normal_name(alias) for alias in str(row.aliases).split("|")}
        for name in names - {""}:
            by_base.setdefault(name, []).append(position)
        not_names[position] = frozenset(filter(None, map(normal_name, str(row.not_names).split("|"))))
    return _Index(by_cas, by_full, by_base, not_names)


def lookup_chemicals(chemicals: pd.DataFrame, *, rules: MajorHazardRules | None = None) -> pd.DataFrame:
    """Critical quantity, β and form of each chemical row of `unit_chemicals`.

    By CAS number first; where several rows of table 1 share it (nitrocellulose, ammonium nitrate) by name,
    else the smallest quantity among them, flagged. Then by name with aliases, then by category (several
    symbols: the smallest quantity, MH-MULTI). A dilute solution named like its gas (盐酸 for anhydrous
    hydrogen chloride) is not the listed substance.

    Returns
    -------
    DataFrame
        Same index; ``critical_t``, ``beta``, ``form``, ``is_fire`` (NaN/None where nothing matches),
        ``match`` (one of `MATCHES`), ``is_ambiguous``, ``rule_id``, ``standard_id``, ``clause``,
        ``beta_clause``, ``source_type``, ``confidence``, ``listed_as``.
    """
    rules = rules or load_major_hazard_rules()
    columns = ["cas", "chemical_name", "category_symbol"]
    keys = (
        chemicals.reindex(columns=columns)
        .astype(object)
        .where(chemicals.reindex(columns=columns).notna(), "")
    )
    rows = [_remembered(rules, tuple(row)) for row in keys.itertuples(index=False, name=None)]
    return pd.DataFrame(rows, index=chemicals.index, columns=LOOKUP_COLUMNS)


def _remembered(rules: MajorHazardRules, key: tuple[str, str, str]) -> dict[str, object]:
    """What the tables say of a number, name and category; the same ones come again and again."""
    if key not in rules.found:
        if len(rules.found) >= MOST_REMEMBERED:
            rules.found.clear()
        rules.found[key] = _lookup_one(*key, rules=rules, index=rules.index)
    return rules.found[key]


LOOKUP_COLUMNS = [
    "critical_t",
    "beta",
    "form",
    "is_fire",
    "match",
    "is_ambiguous",
    "listed_as",
    "rule_id",
    "standard_id",
    "clause",
    "beta_clause",
    "source_type",
    "confidence",
]


def _lookup_one(
    cas: str, name: str, symbols: str, *, rules: MajorHazardRules, index: _Index
) -> dict[str, object]:
    full, base = normal_name(name), base_name(name)
    by_cas = [row for row in index.by_cas.get(normal_name(cas), []) if not _is_other(base, row, index)]
    by_name = index.by_full_name.get(full) or index.by_base_name.get(base, [])
    by_name = [row for row in by_name if not _is_other(base, row, index)]
    agreed = [row for row in by_cas if row in by_name]
    match = "cas" if by_cas else "name" if by_name else "category"
    if len(by_cas) > 1 and len(by_name) == 1:
        candidates = by_name  # the name tells apart what shares the CAS number
    elif by_cas and by_name and not agreed:
        candidates = by_cas + by_name  # number and name contradict each other
    else:
        candidates = agreed or by_cas or by_name
    if candidates:
        return _from_table_1(rules.chemicals, candidates, match)
    return _from_table_2(rules.categories, symbols)


def _is_other(base: str, row: int, index: _Index) -> bool:
    return any(base.startswith(other) or base.endswith(other) for other in index.not_names[row])


def _entry(row: pd.Series[object], match: str, is_ambiguous: bool, listed_as: str) -> dict[str, object]:
    same = {column: row[column] for column in LOOKUP_COLUMNS if column in row.index}
    return {**same, "match": match, "is_ambiguous": is_ambiguous, "listed_as": listed_as}


def _from_table_1(chemicals: pd.DataFrame, candidates: list[int], match: str) -> dict[str, object]:
    rows = chemicals.iloc[sorted(set(candidates))]
    row = rows.sort_values(["critical_t", "beta"], ascending=[True, False], kind="stable").iloc[0]
    return _entry(row, match, len(rows) > 1, str(row["name_zh"]))


def _from_table_2(categories: pd.DataFrame, symbols: str) -> dict[str, object]:
    wanted = [part.upper() for part in CATEGORY_SEPARATOR.split(normal_name(symbols)) if part]
    rows = categories[categories.symbol.isin(wanted)]
    if rows.empty or len(rows) < len(set(wanted)):
        return dict.fromkeys(LOOKUP_COLUMNS) | {"match": "none", "is_ambiguous": False}
    row = rows.sort_values(["critical_t", "beta"], ascending=[True, False], kind="stable").iloc[0]
    return _entry(row, "category", False, str(row["symbol"]))


def exposure_alpha(
    n_persons: pd.Series[float], *, rules: MajorHazardRules | None = None
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Lower and upper bound of α for residents within 500 m; equal where the number is known.

    >>> low, high = exposure_alpha(pd.Series([120, 0, None], dtype=float))
    >>> low.tolist(), high.tolist()
    ([2.0, 0.5, 0.5], [2.0, 0.5, 2.0])
    """
    alphas = (rules or load_major_hazard_rules()).alphas
    persons = pd.to_numeric(n_persons, errors="coerce").astype(float)
    band = np.searchsorted(alphas.persons_from.to_numpy(), persons.fillna(0).to_numpy(), side="right") - 1
    known = pd.Series(alphas.alpha.to_numpy()[band], index=persons.index)
    return known.where(persons.notna(), alphas.alpha.min()), known.where(persons.notna(), alphas.alpha.max())


def level_of(r: pd.Series[float], *, rules: MajorHazardRules | None = None) -> pd.Series[float]:
    """Level 1 (worst) to 4 for R; a bound belongs to the worse level (R = 100 is level 1). NaN stays NaN."""
    levels = (rules or load_major_hazard_rules()).levels.sort_values("r_from")
    band = np.searchsorted(levels.r_from.to_numpy(), r.fillna(0).to_numpy(), side="right") - 1
    return pd.Series(levels.level.to_numpy()[band], index=r.index).where(r.notna())


def grade_units(
    units: pd.DataFrame, chemicals: pd.DataFrame, *, rules: MajorHazardRules | None = None
) -> pd.DataFrame:
    """S, R and level of every hazard unit.

    Parameters
    ----------
    units : DataFrame
        Rows of `hazard_units`: ``unit_id``, ``enterprise_id``, ``n_persons_500m`` (may be missing).
    chemicals : DataFrame
        Rows of `unit_chemicals`: ``unit_id``, ``chemical_name``, ``cas``, ``category_symbol``,
        ``amount_t`` (tonnes, may be missing).

    Returns
    -------
    DataFrame indexed by ``unit_id``
        ``state``: ``major``, ``below`` (S < 1) or ``unrated``; ``s_value``; ``s_known`` (the known part); ``r_value`` (with the larger α
        where residents are unknown) and ``r_low_value``; ``alpha_low``, ``alpha_high``; ``is_lower_bound`` (a part
        of the sums is missing: S, R and the level are at least these);
        ``major_hazard_level`` 1-4 or NaN; ``form`` (the leading one); ``forms``, every form held, a list of dictionaries
        (form, share, weighted, amount_t, is_fire; the widest first; shares 0 where the amounts are unknown); ``is_assumption``, ``assumption_zh``, ``assumption_en``; ``missing_zh``,
        ``missing_en`` (what keeps it unrated, or its level a lower bound); ``is_suspected_split`` (no unit of the plant reaches
        S = 1, together they do: ``s_plant``, the sum of what is known of the plant's units); ``chemicals``, a list of dictionaries.
    """
    rules = rules or load_major_hazard_rules()
    rows = _with_shares(chemicals, rules)
    rows = rows[rows.unit_id.isin(set(units.unit_id))]
    graded = units.set_index("unit_id")[["enterprise_id"]].join(_sums(rows))
    known_persons = units.set_index("unit_id").reindex(columns=["n_persons_500m"])["n_persons_500m"]
    graded["n_persons_500m"] = pd.to_numeric(known_persons, errors="coerce").astype(float)
    graded["alpha_low"], graded["alpha_high"] = exposure_alpha(known_persons, rules=rules)
    _grade(graded, rules)
    _explain_gaps(graded, rows, known_persons)
    graded["s_plant"] = graded.groupby("enterprise_id")["s_known"].transform("sum").round(SUM_DECIMALS)
    graded["is_suspected_split"] = _suspected_split(graded)
    details: dict[str, list[dict[str, object]]] = {}
    for unit_id, detail in zip(rows.unit_id, rows[DETAIL_COLUMNS].to_dict("records"), strict=True):
        details.setdefault(unit_id, []).append(detail)
    graded["chemicals"] = [details.get(unit_id, []) for unit_id in graded.index]
    held = _forms_held(rows)
    graded["forms"] = [held.get(unit_id, []) for unit_id in graded.index]
    return graded.drop(columns=["enterprise_id", "n_chemicals", "weighted", "n_unlisted", "best_level"])


DETAIL_COLUMNS = [
    "chemical_name",
    "cas",
    "amount_t",
    "critical_t",
    "beta",
    "share",
    "form",
    "match",
    "is_ambiguous",
    "listed_as",
    "rule_id",
    "clause",
    "beta_clause",
    "source_type",
    "confidence",
]


def _with_shares(chemicals: pd.DataFrame, rules: MajorHazardRules) -> pd.DataFrame:
    columns = ["unit_id", "chemical_name", "cas", "category_symbol", "amount_t"]
    given = chemicals.reindex(columns=columns).sort_values(
        ["unit_id", "chemical_name"], kind="stable", ignore_index=True
    )
    rows = given.join(lookup_chemicals(given, rules=rules))
    for column in ("amount_t", "critical_t", "beta"):
        rows[column] = pd.to_numeric(rows[column], errors="coerce").astype(float)
    # a negative or endless amount is none: it must neither lower a sum nor pass for a quantity
    rows["amount_t"] = rows["amount_t"].where((rows["amount_t"] >= 0) & np.isfinite(rows["amount_t"]))
    rows["share"] = rows.amount_t / rows.critical_t
    rows["weighted"] = rows.beta * rows.share
    return rows


def _sums(rows: pd.DataFrame) -> pd.DataFrame:
    """Per unit: S, Σ β q/Q of what is known, the widest form; S is NaN where an unknown part may decide S >= 1."""
    per_unit = rows.groupby("unit_id", sort=True)
    s_known = per_unit["share"].sum().round(SUM_DECIMALS)
    is_whole = per_unit["share"].count() == per_unit.size()
    sums = pd.DataFrame(
        {
            "n_chemicals": per_unit.size(),
            "n_unlisted": rows.critical_t.isna().groupby(rows.unit_id).sum(),
            "s_known": s_known,
            "s_value": s_known.where(is_whole | (s_known >= 1)),
            "is_lower_bound": ~is_whole & (s_known >= 1),
            "weighted": per_unit["weighted"].sum(),
            "has_ambiguous": per_unit["is_ambiguous"].any(),
        }
    )
    return sums.join(_leading_form(rows))


def _by_form(rows: pd.DataFrame) -> pd.DataFrame:
    """Sums of each form of each unit, the widest-reaching form first; amounts that are missing add nothing."""
    forms = (
        rows.groupby(["unit_id", "form"])
        .agg(
            share=("share", "sum"),
            weighted=("weighted", "sum"),
            amount_t=("amount_t", "sum"),
            is_fire=("is_fire", "any"),
        )
        .reset_index()
    )
    forms["rank"] = forms["form"].map({form: rank for rank, form in enumerate(FORMS)})
    return forms.sort_values(["unit_id", "rank"], kind="stable", ignore_index=True)


def _leading_form(rows: pd.DataFrame) -> pd.DataFrame:
    """The form that a unit is named for: the widest whose own S is 1 or more, else the largest share of R."""
    forms = _by_form(rows[rows.share.notna()])
    forms["is_below"] = forms.share < 1
    forms["order"] = forms["rank"].where(~forms.is_below, -forms.weighted)
    first = (
        forms.sort_values(["unit_id", "is_below", "order", "rank"], kind="stable").groupby("unit_id").first()
    )
    return first[["form"]]


def _forms_held(rows: pd.DataFrame) -> dict[str, list[dict[str, object]]]:
    """Every form of each unit; one of which there is none at all (all amounts 0) is not held."""
    names = ["form", "share", "weighted", "amount_t", "is_fire"]
    forms = _by_form(rows[~(rows.amount_t == 0)])
    held: dict[str, list[dict[str, object]]] = {}
    for unit_id, entry in zip(forms.unit_id, forms[names].to_dict("records"), strict=True):
        held.setdefault(unit_id, []).append({str(name): value for name, value in entry.items()})
    return held


def _grade(graded: pd.DataFrame, rules: MajorHazardRules) -> None:
    is_major = graded.s_value >= 1
    graded["state"] = np.where(graded.s_value.isna(), "unrated", np.where(is_major, "major", "below"))
    graded["r_value"] = (graded.alpha_high * graded.weighted).round(SUM_DECIMALS).where(is_major)
    graded["r_low_value"] = (graded.alpha_low * graded.weighted).round(SUM_DECIMALS).where(is_major)
    graded["major_hazard_level"] = level_of(graded.r_value, rules=rules)
    graded["best_level"] = level_of(graded.r_low_value, rules=rules)


def _explain_gaps(graded: pd.DataFrame, rows: pd.DataFrame, persons: pd.Series[float]) -> None:
    """Fill the texts on what was assumed and on what is missing."""
    is_unsure = persons.isna() & (graded.major_hazard_level != graded.best_level) & (graded.state == "major")
    is_ambiguous = graded.pop("has_ambiguous").eq(True)
    graded["is_lower_bound"] = graded.is_lower_bound.eq(True)
    graded["is_assumption"] = is_unsure | is_ambiguous | graded.is_lower_bound
    graded["assumption_zh"] = _joined(
        (is_unsure, "500米常住人数缺失,按最不利α取较高级别"),
        (is_ambiguous, "品名或CAS号不能唯一对应,取最小临界量"),
        (graded.is_lower_bound, "仅按已知储量计算,级别为下限"),
    )
    graded["assumption_en"] = _joined(
        (is_unsure, "residents within 500 m unknown: the worse level"),
        (is_ambiguous, "name or CAS number fits several rows: the smallest critical quantity"),
        (graded.is_lower_bound, "the known amounts alone: at least this level"),
    )
    without = graded.n_chemicals.isna()
    unlisted = graded.n_unlisted.fillna(0) > 0
    amounts = rows.amount_t.isna().groupby(rows.unit_id).any().reindex(graded.index).eq(True)
    graded["missing_zh"] = _joined(
        (without, "危险化学品清单"),
        (amounts, "最大储量"),
        (unlisted, "表1未列品名的类别符号"),
    )
    graded["missing_en"] = _joined(
        (without, "list of chemicals"),
        (amounts, "largest amount"),
        (unlisted, "category symbol of a chemical that table 1 does not list"),
    )


def _joined(*parts: tuple[pd.Series[bool], str]) -> list[str]:
    return [
        "; ".join(text for is_true, text in zip(row, (p[1] for p in parts), strict=True) if is_true)
        for row in zip(*(part[0] for part in parts), strict=True)
    ]


def _suspected_split(graded: pd.DataFrame) -> pd.Series[bool]:
    """Units of a plant none of which reaches S = 1 while their sum does (known amounts alone)."""
    plant = graded.groupby("enterprise_id")["s_known"]
    return (graded.s_plant >= 1) & (plant.transform("max") < 1) & (plant.transform("count") > 1)
