"""Texts that repeat are turned once: rows, faults and their order are those of turning every row for itself."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from etl.batch import Batch
from etl.intake import _collecting_rarely
from etl.manifest import FieldSource, Manifest
from etl.normalise import Problems, normalise
from etl.packing import geometry_hashes
from layers.catalog import load_catalog
from tests.etl.test_coordinates import AREA

N_ROWS = 3_000
FIELDS = {
    "building_id": FieldSource("编号"), "use": FieldSource("用途", codes={"住宅": "residential", "商业": "commercial"}),
    "n_storeys": FieldSource("层数"), "height_m": FieldSource("高度"), "n_households": FieldSource("户数"),
    "built_year": FieldSource("年份"), "built_on": FieldSource("日期"),
}


def delivered() -> pd.DataFrame:
    """Rows whose values repeat, good ones and faulty ones, full-width digits and blanks among them."""
    dice = np.random.default_rng(3)
    values = {
        "用途": ["住宅", " 商业", "仓库", "", "è¾²åœ°"], "层数": ["3", "４", "三", "200", " 7 ", ""], "高度": ["9.5", "1,200", "inf", "-1", ""],
        "户数": ["12", "1.5", "无", ""], "年份": ["1998", "９8", "3000"], "日期": ["1998-05-01", "1998年5月1日", "１998-05-01", "昨天", ""],
    }
    frame = pd.DataFrame({name: dice.choice(np.array(texts, dtype=object), N_ROWS) for name, texts in values.items()})
    return frame.assign(编号=[f"{number} 号" for number in range(N_ROWS)], _row=np.arange(N_ROWS) + 2, _file="f.csv")


def turned(frame: pd.DataFrame) -> tuple[pd.DataFrame, Problems]:
    manifest = Manifest("s", "buildings", "", "", ("f.csv",), "table", FIELDS, path=Path("s.toml"))
    return normalise(Batch(frame, len(frame)), manifest, load_catalog()["buildings"], AREA)


def test_repeated_texts_give_what_each_row_gives_for_itself() -> None:
    frame = delivered()
    at_once, problems = turned(frame)
    few = [turned(frame.iloc[first : first + 50]) for first in range(0, N_ROWS, 50)]
    pd.testing.assert_frame_equal(pd.DataFrame(at_once), pd.concat([pd.DataFrame(part) for part, _ in few]))
    singly = pd.concat([part.table for _, part in few], ignore_index=True)
    by_row = {
        name: table.sort_values(["at", "field", "rule_id"], ignore_index=True)
        for name, table in (("once", problems.table), ("singly", singly))
    }
    pd.testing.assert_frame_equal(by_row["once"], by_row["singly"])
    assert set(singly["rule_id"]) == {"RQ03", "RQ04", "RQ05", "RQ06", "RQ15"}


def test_hash_of_a_shape_tells_every_difference() -> None:
    written = [
        "POLYGON ((0 0, 9 0, 9 9, 0 0))", "POLYGON ((0 0, 9 0, 9 9.0000001, 0 0))", "LINESTRING (0 0, 9 0, 9 9, 0 0)",
        "MULTIPOINT (0 0, 9 0, 9 9, 0 0)", "POLYGON ((0 0, 9 0, 9 9, 0 0), (5 1, 6 1, 6 2, 5 1))", "POLYGON ((9 0, 9 9, 0 0, 9 0))",
        "MULTILINESTRING ((0 0, 9 0), (9 9, 0 0))",
    ]
    shapes = shapely.from_wkt([*written, *written])
    hashes = [tuple(pair) for pair in geometry_hashes(np.asarray(shapes, dtype=object)).tolist()]
    assert hashes[: len(written)] == hashes[len(written) :] and len(set(hashes)) == len(written)


def test_search_for_cycles_is_as_before_after_a_load_that_fails() -> None:
    assert gc.isenabled()
    with pytest.raises(KeyError), _collecting_rarely():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
