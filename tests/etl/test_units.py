"""Units are turned once: as the manifest states them, or as the heading does; never both ways at once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from etl.batch import Batch
from etl.manifest import FieldSource, Manifest
from etl.normalise import normalise
from layers.catalog import load_catalog
from layers.errors import CatalogError
from tests.etl.test_coordinates import AREA


def amount_t(head: str, unit: str | None) -> float:
    """The amount of a row delivered as 1500 below a heading."""
    frame = pd.DataFrame({"单元": ["U1"], "品名": ["苯"], head: ["１,５００"], "_row": [2], "_file": ["f.csv"]})
    fields = {"unit_id": FieldSource("单元"), "chemical_name": FieldSource("品名"), "amount_t": FieldSource(head, unit=unit)}
    manifest = Manifest("s", "unit_chemicals", "", "", ("f.csv",), "table", fields, path=Path("s.toml"))
    result, _ = normalise(Batch(frame, 1), manifest, load_catalog()["unit_chemicals"], AREA)
    return float(result["amount_t"].iloc[0])


@pytest.mark.parametrize(
    ("head", "unit", "expected_t"),
    [("储量", None, 1500.0), ("储量", "kg", 1.5), ("储量(kg)", None, 1.5), ("储量（公斤）", "kg", 1.5), ("储量(吨)/设计", None, 1500.0)],
)
def test_amount_is_turned_into_tonnes_once(head: str, unit: str | None, expected_t: float) -> None:
    assert amount_t(head, unit) == expected_t


def test_heading_and_manifest_that_disagree_stop_the_load() -> None:
    with pytest.raises(CatalogError, match="says kg, the manifest t"):
        amount_t("储量(kg)", "t")
