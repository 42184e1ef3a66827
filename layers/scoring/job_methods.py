"""LEC and LS: how dangerous a job or a place inside the fence is. Neither ever colours anything beyond it.

A value that the method's own scale does not know gives no level and says so; it is never rounded to a neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from layers.scoring.policy import RATED
from layers.scoring.rule_tables import (
    RULES_DIR,
    read_rules,
    require,
    require_bands,
    rows_of,
)

Row = dict[str, Any]
FACTORS = ("likelihood", "exposure", "consequence")
METHODS = ("lec", "ls")
LS_SIDE = 5
DECIMALS = 9
"""Products are rounded here before they meet a bound: 0.1 x 10 x 70 is 70, whatever binary fractions say."""


@dataclass(frozen=True)
class JobRules:
    """The scales of LEC (factor, value -> row) and the bands of both methods, the worst first."""

    scales: dict[tuple[str, float], Row]
    lec_bands: tuple[Row, ...]
    ls_bands: tuple[Row, ...]


@dataclass(frozen=True)
class JobRisk:
    """What a method says of one job: `value` is D = L E C or R = L S; without a `level` `problem` says why."""

    method: str
    value: float | None
    level: str | None
    rule: Row
    problem_zh: str = ""
    problem_en: str = ""


@lru_cache(maxsize=16)
def load_job_rules(folder: Path = RULES_DIR, on: date | None = None) -> JobRules:
    """The tables below `folder`; raises `RuleTableError` where one is not consistent."""
    scale_path, lec_path, ls_path = (folder / f"{name}.csv" for name in ("lec_scales", "lec_bands", "ls_bands"))
    titles = ("title_zh", "title_en")
    scales = read_rules(scale_path, texts=("factor", *titles), numbers=("value",), codes={"factor": FACTORS}, on=on)
    require(not scales.duplicated(["factor", "value"]).any(), scale_path, "a value stands twice")
    require(set(scales.factor) == set(FACTORS), scale_path, "each factor needs its scale")
    lec = read_rules(
        lec_path, texts=("band", "level", *titles), numbers=("d_from",), optional_numbers=("d_below",), flags=("is_used",),
        codes={"level": RATED}, on=on,
    ).sort_values("d_from", ascending=False)
    lec = lec[lec.is_used]
    require_bands(lec_path, lec.d_from, lec.d_below)
    ls = read_rules(ls_path, texts=("level",), numbers=("r_from", "r_to"), codes={"level": RATED}, on=on)
    ls = ls.sort_values("r_from", ascending=False)
    _check_ls(ls_path, rows_of(ls))
    for path, table in ((lec_path, lec), (ls_path, ls)):
        ranks = [RATED.index(level) for level in table.level]
        require(ranks == sorted(ranks), path, "a larger figure cannot have a better level")
    return JobRules({(row["factor"], row["value"]): row for row in rows_of(scales)}, rows_of(lec), rows_of(ls))


def _check_ls(path: Path, bands: tuple[Row, ...]) -> None:
    """Every product of the 5 x 5 matrix lies in exactly one band; products that do not occur need none."""
    for product in {one * other for one in range(1, LS_SIDE + 1) for other in range(1, LS_SIDE + 1)}:
        n_bands = sum(row["r_from"] <= product <= row["r_to"] for row in bands)
        require(n_bands == 1, path, f"R = {product} lies in {n_bands} bands")


def job_risk(job: Mapping[str, Any], rules: JobRules | None = None) -> JobRisk:
    """The level of one row of `job_risks` by the method it names.

    Parameters
    ----------
    job : mapping
        ``method`` (``lec`` or ``ls``), ``likelihood``, ``exposure`` (LEC alone), ``consequence`` (C of LEC, S of LS).

    Returns
    -------
    JobRisk
        No level where a figure is missing, not a number or not on the scale.

    >>> found = job_risk({"method": "lec", "likelihood": 3, "exposure": 6, "consequence": 15})
    >>> found.value, found.level
    (270.0, 'orange')
    """
    rules = rules or load_job_rules()
    return _ls(job, rules) if job.get("method") == "ls" else _lec(job, rules)


def _number(value: Any) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)


def _lec(job: Mapping[str, Any], rules: JobRules) -> JobRisk:
    values = {factor: _number(job.get(factor)) for factor in FACTORS}
    unknown = [factor for factor in FACTORS if (factor, values[factor]) not in rules.scales]
    if unknown:
        return _refused("lec", rules.lec_bands[0], unknown)
    d = round(math.prod(values.values()), DECIMALS)
    band = next(row for row in rules.lec_bands if d >= row["d_from"])
    return JobRisk("lec", d, band["level"], band)


def _ls(job: Mapping[str, Any], rules: JobRules) -> JobRisk:
    values = {factor: _number(job.get(factor)) for factor in ("likelihood", "consequence")}
    unknown = [factor for factor, value in values.items() if value not in range(1, LS_SIDE + 1)]
    if unknown:
        return _refused("ls", rules.ls_bands[0], unknown)
    r = math.prod(values.values())
    band = next(row for row in rules.ls_bands if row["r_from"] <= r <= row["r_to"])
    return JobRisk("ls", r, band["level"], band)


def _refused(method: str, rule: Row, fields: list[str]) -> JobRisk:
    names = "、".join(fields)
    return JobRisk(
        method, None, None, rule, f"取值缺失或不在{method.upper()}取值表内: {names}",
        f"missing, or not on the scale of {method.upper()}: {', '.join(fields)}",
    )  # fmt: skip
