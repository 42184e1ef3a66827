"""Folding keeps what differs, counts what it folds, and never folds a contradiction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from etl.jobs.folding import fold_rows
from etl.read import Batch

MakeBatch = Callable[[list[dict[str, Any]]], Batch]


def test_values_of_a_joined_column_are_all_kept(batch: MakeBatch) -> None:
    rows = [
        {"no": "S1", "type": "再利用機構"},
        {"no": "S1", "type": "事業機構"},
        {"no": "S2", "type": "事業機構"},
    ]
    folded = fold_rows(batch(rows), join=["type"])
    assert folded.frame["type"].tolist() == ["事業機構;再利用機構", "事業機構"]
    assert (folded.n_read, folded.n_merged) == (3, 1)


def test_rows_that_differ_in_an_unnamed_column_stay_apart(batch: MakeBatch) -> None:
    folded = fold_rows(batch([{"no": "S1", "name": "甲"}, {"no": "S1", "name": "乙"}]), join=[])
    assert len(folded.frame) == 2
    assert folded.n_merged == 0


@pytest.mark.parametrize("addresses, kept", [(("", "九如路1號"), 1), (("九如路1號", ""), 0), (("", ""), 0)])
def test_a_row_with_the_preferred_column_filled_is_kept(
    batch: MakeBatch, addresses: tuple[str, str], kept: int
) -> None:
    rows = [{"name": "甲", "address": address, "lon": str(at)} for at, address in enumerate(addresses)]
    folded = fold_rows(batch(rows), may_differ=["address", "lon"], prefer_filled="address")
    assert folded.frame["lon"].tolist() == [str(kept)]


def test_kept_rows_stay_in_delivered_order_with_their_row_numbers(batch: MakeBatch) -> None:
    rows = [{"name": "甲", "address": ""}, {"name": "乙", "address": "x"}, {"name": "甲", "address": "y"}]
    folded = fold_rows(batch(rows), may_differ=["address"], prefer_filled="address")
    assert folded.frame["_row"].tolist() == [2, 3]
