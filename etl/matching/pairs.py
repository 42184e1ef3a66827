"""Candidate pairs with their score, their band and the evidence of each comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from etl.matching.alone import FLAG, joins_rows_of_one_list
from etl.matching.model import Level, comparisons, gamma_of, settings
from layers.errors import AtlasError

PROBABLE = 0.2
"""Probability from which a person is asked: below it one pair in many is right, above it nearly all are."""
BETTER_BITS = 3.0
"""A pair is dropped where one of its records has a partner in the other's list that weighs this much more (8 to 1)."""
LEAST_WEIGHT_BITS = -10.0
COMPATIBLE_NAMES = ("same", "same_one_plant", "close")
COMPATIBLE_PLACES = ("same_door", "same_house")
NEAR = ("within_30_m", "within_100_m", "within_300_m")
SIDE_COLUMNS = ("layer", "feature_id", "list_id")
PAIR_KEY = ["layer_a", "feature_a", "layer_b", "feature_b"]


SCHEMA = pa.schema([
    *((name, pa.string()) for name in ("layer", "feature_id", "list_id", "code", "core", "form", "plant", "town", "village", "street")),
    *((name, pa.int64()) for name in ("unique_id", "plant_number", "house", "sub_house")),
    *((name, pa.float64()) for name in ("x_m", "y_m")),
    ("grams", pa.list_(pa.string())), ("houses", pa.list_(pa.int64())),
])  # fmt: skip
"""Types of the records: a county in which nobody fills in a column has it all the same."""


class LinkageError(AtlasError):
    """The linkage could not be computed on these records."""


def candidate_pairs(records: pd.DataFrame) -> pd.DataFrame:
    """Pairs that may be one enterprise's place, best first.

    Parameters
    ----------
    records : frame of `comparable_records`.

    Returns
    -------
    DataFrame
        `PAIR_KEY` (a before b), ``score`` (probability), ``weight_bits``, ``band`` (``certain``, ``probable``),
        ``has_rival`` (certain but for another row of the same list) and a column a comparison with the name of its level, None where a value is missing. Pairs below `PROBABLE`, those
        for whose records a clearly better partner exists, and sister plants of one firm are left out.
    """
    if records["list_id"].nunique() < 2:
        return _empty()
    scored = _scored(records)
    if scored.empty:
        return _empty()
    found = scored[~is_sister_plant(scored)].assign(band=bands)
    has_rival = joins_rows_of_one_list(found)
    found = found.assign(band=np.where(has_rival, "probable", found["band"]), has_rival=has_rival)
    is_kept = (found["band"] == "certain") | found["has_rival"] | ((found["score"] >= PROBABLE) & ~has_better_partner(found))
    kept = found[is_kept].sort_values(["weight_bits", *PAIR_KEY], ascending=[False, True, True, True, True])
    return kept.drop(columns=["list_a", "list_b"]).reset_index(drop=True)


def _scored(records: pd.DataFrame) -> pd.DataFrame:
    """Every pair that blocking brings together, with its weight and levels."""
    # Imported here: every other command would pay the half second that the library takes.
    import duckdb
    import splink
    from splink.internals.exceptions import SplinkException

    connection = duckdb.connect(config={"threads": 2, "memory_limit": "4GB"})
    try:
        database = splink.DuckDBAPI(connection)
        linker = splink.Linker(database.register(_typed(records)), settings(), log_level="WARNING")
        predicted = linker.inference.predict(threshold_match_weight=LEAST_WEIGHT_BITS, warning_mode="never")
        frame = predicted.as_pandas_dataframe()
    except (duckdb.Error, SplinkException) as error:
        raise LinkageError(f"the records could not be compared: {error}") from error
    finally:
        connection.close()
    return _ordered(frame, records)


def _typed(records: pd.DataFrame) -> pa.Table:
    columns = [pa.array(_plain(records[field.name]), type=field.type) for field in SCHEMA]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _plain(values: pd.Series) -> list[Any]:
    """The values with one None for everything that is missing."""
    return [None if not isinstance(value, list) and pd.isna(value) else value for value in values]


def _ordered(frame: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    """The library's pairs under our names, the smaller key first, so that a pair has one name for ever."""
    left, right = frame["unique_id_l"].to_numpy(), frame["unique_id_r"].to_numpy()
    # Records are in the order of their keys, so the smaller number is the smaller key.
    first, second = np.minimum(left, right), np.maximum(left, right)
    by_id = records.set_index("unique_id")[list(SIDE_COLUMNS)]
    pairs = pd.DataFrame({
        **{f"{column.split('_')[0]}_a": by_id[column].reindex(first).to_numpy() for column in SIDE_COLUMNS},
        **{f"{column.split('_')[0]}_b": by_id[column].reindex(second).to_numpy() for column in SIDE_COLUMNS},
        "score": frame["match_probability"].to_numpy(),
        "weight_bits": frame["match_weight"].to_numpy(),
    })  # fmt: skip
    for name, levels in comparisons().items():
        names = {gamma_of(level): level.level for level in levels}
        pairs[name] = [names.get(int(gamma)) for gamma in frame[f"gamma_{name}"]]
    return pairs


def bands(pairs: pd.DataFrame) -> pd.Series:
    """The band of each pair: ``certain`` only by an equal valid code with a compatible name and place.

    One code covers every plant of a firm, so plants with other numbers, and places that are known and differ,
    are never certain; where neither address nor position says anything, the whole name has to be the same.
    """
    is_near = pairs["distance"].isin(NEAR)
    is_at_door = pairs["address"].isin(COMPATIBLE_PLACES)
    says_nothing = pairs["address"].isna() & pairs["distance"].isna()
    is_placed = (is_at_door & ~pairs["distance"].isin(["within_3000_m", "beyond"])) | (is_near & ~(pairs["address"] == "differs"))
    is_compatible = (pairs["name"].isin(COMPATIBLE_NAMES) & is_placed) | ((pairs["name"] == "same") & says_nothing)
    is_certain = (pairs["code"] == "equal") & is_compatible
    return pd.Series(np.where(is_certain, "certain", "probable"), index=pairs.index, dtype=object)


def is_sister_plant(pairs: pd.DataFrame) -> pd.Series:
    """Whether a pair are two plants of one firm: numbered differently, and not at one door.

    They share name and code, which speak of the firm; what is asked is the place.
    """
    return (pairs["name"] == "other_number") & ~pairs["address"].isin(COMPATIBLE_PLACES)


def has_better_partner(pairs: pd.DataFrame) -> pd.Series:
    """Whether one record of a pair fits another record of the other's list better by `BETTER_BITS`."""
    best_of_a = pairs.groupby(["layer_a", "feature_a", "list_b"])["weight_bits"].transform("max")
    best_of_b = pairs.groupby(["layer_b", "feature_b", "list_a"])["weight_bits"].transform("max")
    return np.maximum(best_of_a, best_of_b) >= pairs["weight_bits"] + BETTER_BITS


def evidence_of(pair: Any, a: Any, b: Any) -> list[dict[str, Any]]:
    """What each comparison found: the level reached and what it weighs.

    Parameters
    ----------
    pair : row of `candidate_pairs`; a, b : its rows of `comparable_records`.
    """
    found = []
    for name, levels in comparisons().items():
        level = next((entry for entry in levels if entry.level == getattr(pair, name)), None)
        entry = {"comparison": name} | _told(level)
        if name == "distance" and level:
            entry["distance_m"] = round(float(np.hypot(a.x_m - b.x_m, a.y_m - b.y_m)), 1)
        found.append(entry)
    return [*found, FLAG] if pair.has_rival else found


def _told(level: Level | None) -> dict[str, Any]:
    if level is None:
        return {"level": None, "zh": "无数据", "en": "no data", "weight_bits": 0.0}
    weight = float(np.log2(level.m / level.u))
    return {"level": level.level, "zh": level.title_zh, "en": level.title_en, "weight_bits": round(weight, 2)}


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=[*PAIR_KEY, "score", "weight_bits", *comparisons(), "band", "has_rival"])
