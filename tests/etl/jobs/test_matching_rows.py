"""A source that is part of a file counts its own rows only, and says when there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from etl.jobs import matching_rows
from etl.manifest import Manifest
from etl.read import Batch
from layers.errors import CatalogError, SourceFileError

ROWS = [{"縣市名稱": "高雄市", "學校代碼": "1"}, {"縣市名稱": "臺南市", "學校代碼": "2"}]
OPTIONS = {"column": "縣市名稱", "values": ["高雄市"]}


def prepared(
    batch: Callable[..., Batch], manifest: Callable[..., Manifest], options: dict[str, Any]
) -> Batch:
    return matching_rows.prepare(batch(ROWS), manifest(job_options=options))


def test_rows_of_other_cities_are_neither_read_nor_refused(
    batch: Callable[..., Batch], manifest: Callable[..., Manifest]
) -> None:
    result = prepared(batch, manifest, OPTIONS)
    assert result.frame["學校代碼"].tolist() == ["1"]
    assert (result.n_read, result.n_merged, result.refused) == (1, 0, [])


@pytest.mark.parametrize("options", [OPTIONS | {"values": ["澎湖縣"]}, OPTIONS | {"column": "縣市"}])
def test_no_matching_row_stops_the_load(
    batch: Callable[..., Batch], manifest: Callable[..., Manifest], options: dict[str, Any]
) -> None:
    with pytest.raises(SourceFileError):
        prepared(batch, manifest, options)


def test_a_misspelt_option_is_an_error(
    batch: Callable[..., Batch], manifest: Callable[..., Manifest]
) -> None:
    with pytest.raises(CatalogError):
        prepared(batch, manifest, {"column": "縣市名稱", "value": ["高雄市"]})
