"""A source that is part of a file counts its own rows only, and says when there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.jobs import matching_rows
from etl.manifest import Manifest
from etl.read import Batch, read_batch, read_batches
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


def test_files_are_read_in_pieces_and_come_to_the_same_as_whole(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    towns = ["臺南市", "高雄市", "臺南市", "臺南市", "高雄市", "高雄市", "臺南市"]
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("縣市名稱,學校代碼\n" + "".join(f"{town},{at}\n" for at, town in enumerate(towns)), encoding="utf-8")
    source = manifest(reader="table", job="matching_rows", job_options=OPTIONS)
    for names, counts in (["a.csv"], [1, 2]), (["a.csv", "b.csv"], [1, 2, 1, 2]):  # nothing of the second and last pair of rows is meant
        files = [tmp_path / name for name in names]
        pieces = list(read_batches(files, source, tmp_path, rows=2))
        assert [piece.n_read for piece in pieces] == counts
        whole = read_batch(files, source, tmp_path)
        assert [row for piece in pieces for row in piece.frame.to_dict("records")] == whole.frame.to_dict("records")


def test_pieces_without_any_row_that_is_meant_stop_the_load(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    (tmp_path / "a.csv").write_text("縣市名稱,學校代碼\n臺南市,1\n臺南市,2\n", encoding="utf-8")
    source = manifest(reader="table", job="matching_rows", job_options=OPTIONS)
    with pytest.raises(SourceFileError, match="no row with"):
        list(read_batches([tmp_path / "a.csv"], source, tmp_path, rows=1))
