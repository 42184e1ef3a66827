"""What a unit holds of explosives, counted as TNT: by kind where a table knows its equivalent, else one to one, and it is said.

An amount that is missing is never none: the ground stays open as far as the largest store of its kind would be felt.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from layers.scoring.major_hazard import lookup_chemicals, normal_name
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

EXPLOSIVE = "explosive"
"""The form of `FORMS` that explosives have."""
AS_TNT = 1.0
"""Equivalent of a kind that no table knows, or whose value is kept unused."""


@dataclass(frozen=True)
class Equivalent:
    """TNT that stands for a kilogram of a kind of explosives; `is_known` where a row of the table is used."""

    factor: float
    is_known: bool
    words_zh: str
    words_en: str


@dataclass(frozen=True)
class LargestStore:
    """The most that a store of a kind of enterprise may hold, tonnes, with the clause and how far it was verified."""

    largest_t: float
    rule_id: str
    standard_id: str
    clause: str
    source_type: str
    confidence: str


@dataclass(frozen=True)
class Charge:
    """Explosives of a unit.

    `amount_t`: tonnes as delivered, NaN where one is missing. `known_tnt_t`: TNT that stands for the amounts that are known.
    `words_zh`, `words_en`: how each kind was counted. `largest`: what bounds the missing part, None where nothing is missing.
    """

    names: str
    amount_t: float
    known_tnt_t: float
    words_zh: str = ""
    words_en: str = ""
    largest: LargestStore | None = None

    @property
    def is_missing(self) -> bool:
        return math.isnan(self.amount_t)

    @property
    def tnt_t(self) -> float:
        """Tonnes of TNT; NaN where an amount is missing."""
        return math.nan if self.is_missing else self.known_tnt_t

    @property
    def most_t(self) -> float:
        """Tonnes of TNT at the most: what is known, and in the missing part's stead the largest store of its kind."""
        return self.known_tnt_t + (self.largest.largest_t if self.largest else 0.0)


NONE = Charge("", 0.0, 0.0)


@lru_cache(maxsize=2)
def load_equivalents(folder: Path = RULES_DIR) -> pd.DataFrame:
    """`explosive_equivalents.csv`: kilograms of TNT for a kilogram of each kind.

    Several sources of one kind stand side by side, one of them used; a value below 1 would draw a ring nearer and is kept
    unused until someone confirms it.
    """
    path = folder / "explosive_equivalents.csv"
    table = read_rules(path, texts=("name_zh", "aliases", "cas"), numbers=("tnt_factor",), flags=("is_used",))
    used = table[table.is_used]
    names = [name for row in used.itertuples() for name in _names_of(row.name_zh, row.aliases)]
    numbers = [cas for cas in used.cas if cas]
    require(len(set(names)) == len(names) and len(set(numbers)) == len(numbers), path, "two values in use for one kind")
    require(bool(table.tnt_factor.gt(0).all()), path, "an equivalent is above zero")
    require(bool(used.tnt_factor.ge(AS_TNT).all()), path, "a value below 1 is kept, not used")
    return table


def _names_of(name: object, aliases: object) -> list[str]:
    return [normal_name(entry) for entry in (str(name), *filter(None, str(aliases).split("|")))]


@lru_cache(maxsize=2)
def _rows_by_kind(folder: Path = RULES_DIR) -> Mapping[str, tuple[tuple[float, bool, str], ...]]:
    """CAS number or name of a kind -> (factor, used, clause) of its rows."""
    found: dict[str, list[tuple[float, bool, str]]] = {}
    for row in load_equivalents(folder).itertuples():
        for key in {*_names_of(row.name_zh, row.aliases), *filter(None, [str(row.cas)])}:
            found.setdefault(key, []).append((float(row.tnt_factor), bool(row.is_used), str(row.clause)))
    return {key: tuple(rows) for key, rows in found.items()}


def equivalent_of(name: object, cas: object = None) -> Equivalent:
    """What a kind of explosives counts as TNT.

    >>> equivalent_of("黑索今").factor, equivalent_of("TNT", "118-96-7").factor, equivalent_of("工业炸药").is_known
    (1.2, 1.0, False)
    """
    told = str(name) if isinstance(name, str) and name else str(cas or "")
    rows = _rows_by_kind().get(cas.strip() if isinstance(cas, str) else "") or _rows_by_kind().get(normal_name(name), ())
    for factor, is_used, clause in rows:
        if is_used:
            return Equivalent(factor, True, f"{told}按{factor:g}倍TNT计({clause})", f"{told} as {factor:g} times TNT ({clause})")
    if rows:
        values = "/".join(f"{factor:g}" for factor, *_ in rows)
        return Equivalent(AS_TNT, False, f"{told}按1:1作TNT计(有{values}倍之值待核,未采用)", f"{told} one to one as TNT (values of {values} are kept, not confirmed)")
    return Equivalent(AS_TNT, False, f"{told}当量未知,按1:1作TNT计", f"{told}: equivalent unknown, one to one as TNT")


@lru_cache(maxsize=2)
def load_largest_stores(folder: Path = RULES_DIR) -> Mapping[str, LargestStore]:
    """`explosive_stores.csv`: the most that one store holds by kind of enterprise; the kind "" is any other, and no less."""
    path = folder / "explosive_stores.csv"
    table = read_rules(path, texts=("enterprise_kind",), numbers=("largest_t",))
    require(table.enterprise_kind.is_unique and "" in set(table.enterprise_kind), path, "each kind once, and one for any other")
    require(bool(table.largest_t.gt(0).all()), path, "a store holds something")
    stores = {
        str(row.enterprise_kind): LargestStore(float(row.largest_t), str(row.rule_id), str(row.standard_id), str(row.clause), str(row.source_type), str(row.confidence))
        for row in table.itertuples()
    }
    require(stores[""].largest_t >= max(store.largest_t for store in stores.values()), path, "what is not known is not smaller")
    return stores


def largest_store(kind: object = None) -> LargestStore:
    """The most that a store of an enterprise's kind may hold; of a kind without a row, the largest of all.

    >>> largest_store("explosives_store").largest_t, largest_store("fireworks_store").largest_t, largest_store("hazchem_user").largest_t
    (200.0, 20.0, 200.0)
    """
    stores = load_largest_stores()
    return stores.get(kind if isinstance(kind, str) else "", stores[""])


def charges(layers: Mapping[str, pd.DataFrame]) -> dict[str, Charge]:
    """Explosives by unit that holds any, in the order of the units.

    Parameters
    ----------
    layers : ``unit_chemicals``; and ``hazard_units`` with ``enterprises``, whose kinds bound an amount that is missing
    """
    chemicals = layers.get("unit_chemicals")
    if chemicals is None or chemicals.empty:
        return {}
    rows = chemicals[(lookup_chemicals(chemicals)["form"] == EXPLOSIVE).to_numpy(bool)]
    rows = rows.assign(amount_t=pd.to_numeric(rows["amount_t"], errors="coerce"))
    kinds = _kind_of_unit(layers)
    return {str(unit_id): _charge(part, kinds.get(str(unit_id))) for unit_id, part in rows.groupby("unit_id", sort=True)}


def _charge(rows: pd.DataFrame, kind: object) -> Charge:
    numbers = rows["cas"] if "cas" in rows else [None] * len(rows)
    known = [equivalent_of(name, cas) for name, cas in zip(rows["chemical_name"], numbers, strict=True)]
    amounts = rows["amount_t"].to_numpy(float)
    is_given = ~pd.isna(amounts) & (amounts >= 0)
    tnt_t = math.fsum(amount * one.factor for amount, one, is_one in zip(amounts, known, is_given, strict=True) if is_one)
    told = {one.words_zh: one.words_en for one in known}
    return Charge(
        "、".join(dict.fromkeys(rows["chemical_name"].astype(str))),
        float(amounts.sum()) if is_given.all() else math.nan,
        tnt_t, ";".join(told), "; ".join(told.values()),
        None if is_given.all() else largest_store(kind),
    )  # fmt: skip


def _kind_of_unit(layers: Mapping[str, pd.DataFrame]) -> dict[str, object]:
    """Kind of enterprise of each unit, empty where a layer is missing."""
    units, plants = layers.get("hazard_units"), layers.get("enterprises")
    if units is None or plants is None or "kind" not in plants or units.empty:
        return {}
    kinds = dict(zip(plants["enterprise_id"].astype(str), plants["kind"], strict=True))
    return {str(unit): kinds.get(str(plant)) for unit, plant in zip(units["unit_id"], units["enterprise_id"], strict=True)}


def together(held: Iterable[Charge], kind: object = None) -> Charge:
    """Explosives of an enterprise's units; of none listed, one whose amount is missing."""
    parts = list(held)
    if not parts:
        return Charge("", math.nan, 0.0, largest=largest_store(kind))
    is_missing = any(part.is_missing for part in parts)
    return Charge(
        "、".join(dict.fromkeys(part.names for part in parts)),
        math.nan if is_missing else math.fsum(part.amount_t for part in parts),
        math.fsum(part.known_tnt_t for part in parts),
        ";".join(dict.fromkeys(part.words_zh for part in parts)), "; ".join(dict.fromkeys(part.words_en for part in parts)),
        largest_store(kind) if is_missing else None,
    )  # fmt: skip


def told_largest(charge: Charge) -> tuple[str, str]:
    """Words, Chinese and English, on what stands for an amount that is missing."""
    if charge.largest is None:
        return "", ""
    zh = f"爆炸物数量缺失,假定为一座最大库房{charge.largest.largest_t:g} t({charge.largest.clause};未核实)"
    en = f"amount of explosives missing, assumed one store of the largest size, {charge.largest.largest_t:g} t ({charge.largest.clause}; not verified)"
    return zh, en
