"""Linkage on a real city: precision and recall on hand-labelled pairs, by band and by evidence; and its speed."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from etl.matching.pairs import PROBABLE, candidate_pairs
from etl.matching.records import comparable_records
from layers.catalog import load_catalog
from layers.store import Place
from tests.benchmarks.real_city import REAL_CITY, city_frames, city_grammar
from tests.benchmarks.result import Measured, seconds_of

LABELS = Path(__file__).parents[1] / "reference" / "kaohsiung_matches.csv"
"""420 regulated sources drawn at random; for each the factory that is the same place, or none, judged by eye.

The two lists share no number: names, addresses and positions are all the linkage has. ``basis`` tells whether name
and door number were literally the same, or the pair had to be judged. Two unclear ones are left out. Numbers stand as
hashes: nothing of the city's files is kept here.
"""
BANDS = ((0.99, 1.01), (0.9, 0.99), (PROBABLE, 0.9))
LISTS = ("factories", "regulated_sources")
N_SYNTHETIC = 100_000


@dataclass(frozen=True)
class Quality:
    """How well a set of pairs agrees with the labels."""

    n_pairs: int
    n_right: int
    n_true: int

    @property
    def precision(self) -> float:
        return self.n_right / self.n_pairs if self.n_pairs else float("nan")

    @property
    def recall(self) -> float:
        return self.n_right / self.n_true if self.n_true else float("nan")


def hashed(number: str) -> str:
    """A number as the labels have it."""
    return hashlib.sha256(number.encode()).hexdigest()[:16]


def labels(*, held_out: bool) -> dict[str, str | None]:
    """Regulated source -> the factory that is the same place, as hashes; when `held_out` those that set no parameter."""
    rows = csv.DictReader(LABELS.read_text(encoding="utf-8").splitlines())
    return {
        row["source_hash"]: row["factory_hash"] or None
        for row in rows
        if row["verdict"] != "unclear" and (not held_out or row["is_held_out"] == "true")
    }


def city_records(*, without: tuple[str, ...] = ()) -> pd.DataFrame:
    """Comparable records of the factories and the regulated sources; columns of `without` emptied."""
    area, frames = city_frames(LISTS)
    grammar, names = city_grammar(area, frames)
    records = comparable_records(frames, load_catalog(), names=names, grammar=grammar)
    for column in without:
        records[column] = "" if column == "plant" else np.nan if column.endswith("_m") else None
    return records


def labelled_pairs(pairs: pd.DataFrame, truth: dict[str, str | None]) -> pd.DataFrame:
    """The pairs of labelled sources, with ``is_right``."""
    is_first = (pairs["layer_a"] == "regulated_sources").to_numpy()
    source = np.where(is_first, pairs["feature_a"], pairs["feature_b"])
    factory = np.where(is_first, pairs["feature_b"], pairs["feature_a"])
    found = pairs.assign(source=[hashed(number) for number in source], factory=[hashed(number) for number in factory])
    found = found[found["source"].isin(truth)]
    return found.assign(is_right=[truth[one] == other for one, other in zip(found["source"], found["factory"], strict=True)])


def quality(pairs: pd.DataFrame, truth: dict[str, str | None]) -> Quality:
    """Precision and recall of labelled pairs."""
    return Quality(len(pairs), int(pairs["is_right"].sum()), sum(value is not None for value in truth.values()))


def run(place: Place) -> Iterator[Measured]:
    """By band and by what the linkage is allowed to see, then 100,000 made-up records a side."""
    if REAL_CITY.exists():
        yield from _real_city()
    yield from _speed()


def _real_city() -> Iterator[Measured]:
    truth = labels(held_out=True)
    for title, without in (
        ("name, address and distance", ()),
        ("name and address", ("x_m", "y_m")),
        ("name and distance", ("town", "village", "street")),
        ("address and distance", ("core",)),
    ):
        records = city_records(without=without)
        pairs = labelled_pairs(candidate_pairs(records), truth)
        found = quality(pairs, truth)
        yield Measured("matching", f"precision, {title}", len(records), 1, found.precision, "share")
        yield Measured("matching", f"recall, {title}", len(records), 1, found.recall, "share")
        for low, high in BANDS if not without else ():
            band = quality(pairs[(pairs["score"] >= low) & (pairs["score"] < high)], truth)
            yield Measured("matching", f"precision, score from {low:g} to {min(high, 1):g}", band.n_pairs, 1, band.precision, "share")
            yield Measured("matching", f"recall, score from {low:g} to {min(high, 1):g}", band.n_pairs, 1, band.recall, "share")


def synthetic_records(n: int, *, seed: int = 1) -> pd.DataFrame:
    """Two lists of `n` made-up records each, every second of the second list a copy of one of the first."""
    dice = np.random.default_rng(seed)
    characters = np.array([chr(code) for code in range(0x5000, 0x5000 + 1200)])
    cores = ["".join(word) for word in characters[dice.integers(len(characters), size=(n, 4))]]
    first = pd.DataFrame({
        "layer": "enterprises", "feature_id": [f"A{at:07d}" for at in range(n)], "list_id": "a", "core": cores,
        "town": [f"镇{number}" for number in dice.integers(40, size=n)], "street": [f"路{number}" for number in dice.integers(400, size=n)],
        "house": dice.integers(1, 400, size=n), "x_m": dice.uniform(0, 60_000, n), "y_m": dice.uniform(0, 60_000, n),
    })  # fmt: skip
    second = first.sample(frac=1.0, random_state=seed).reset_index(drop=True)
    second = second.assign(layer="regulated_sources", feature_id=[f"B{at:07d}" for at in range(n)], list_id="b")
    strange = np.arange(n) % 2 == 0
    second.loc[strange, "core"] = ["".join(word) for word in characters[dice.integers(len(characters), size=(int(strange.sum()), 4))]]
    second.loc[strange, "house"] += 401
    records = pd.concat([first, second], ignore_index=True).assign(
        code=None, form=None, plant="", village=None, plant_number=pd.array([None] * (2 * n), dtype="Int64"), sub_house=0
    )
    records["grams"] = [sorted({core[at : at + 2] for at in range(3)}) for core in records["core"]]
    records["houses"] = [[int(house)] for house in records["house"]]
    return records.sort_values(["layer", "feature_id"], ignore_index=True).assign(unique_id=np.arange(2 * n))


def _speed() -> Iterator[Measured]:
    records = synthetic_records(N_SYNTHETIC)
    found: list[pd.DataFrame] = []
    taken = seconds_of(lambda: found.append(candidate_pairs(records)), 1)[0]
    yield Measured("matching", "candidate pairs of 100,000 x 100,000", len(records), 1, taken, "s", agree=len(found[0]) >= N_SYNTHETIC * 0.49)
