"""The registry keeps every class that a factory is said to have, and every line it cannot read is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.jobs import taiwan_factories
from etl.jobs.taiwan_factories import industry_classes
from etl.manifest import Manifest
from etl.read import read_batch, read_batches
from layers.errors import SourceFileError

FACTORY = {"工廠登記編號": "99664774", "產業類別": ["08食品製造業"], "主要產品": ["089其他食品", "085乳品"]}
MAP_RECORD = {
    "IndustryClass": "未分類其他食品製造業(0899)",
    "prodname": "冰製品",
    "material": "糖",
    "X": "188189.21",
    "Y": "2504243.53",
}


def read(folder: Path, manifest: Manifest, *records: Any) -> list[dict[str, Any]]:
    path = folder / "registry.jsonl"
    path.write_text("\n".join(json.dumps(record, ensure_ascii=False) for record in records), encoding="utf-8")
    return taiwan_factories.read(path, manifest).to_dict("records")


def test_a_map_record_gives_position_class_and_products(
    tmp_path: Path, manifest: Callable[..., Manifest]
) -> None:
    row = read(tmp_path, manifest(), FACTORY | {"egis": MAP_RECORD})[0]
    assert (row["egis.X"], row["egis.Y"]) == ("188189.21", "2504243.53")
    assert (row["class_code"], row["class_name"]) == ("0899", "未分類其他食品製造業")
    assert row["products"] == "089其他食品;085乳品;冰製品;原料:糖"


def test_without_a_map_record_there_is_no_position_but_all_columns(
    tmp_path: Path, manifest: Callable[..., Manifest]
) -> None:
    rows = read(tmp_path, manifest(), FACTORY)
    assert (rows[0]["egis.X"], rows[0]["egis.web"], rows[0]["class_code"]) == ("", "", "08")


@pytest.mark.parametrize(
    "listed, mapped, codes",
    [
        (["18化學材料製造業", "19化學製品製造業"], "", ["18", "19"]),
        (["18化學材料製造業"], "合成樹脂及塑膠製造業(1841)", ["1841"]),
        (["22塑膠製品製造業"], "合成樹脂及塑膠製造業(1841)", ["1841", "22"]),
        ([], "", []),
        (["化學"], "不明", ["不明", "化學"]),
    ],
)
def test_every_class_is_kept(listed: list[str], mapped: str, codes: list[str]) -> None:
    assert list(industry_classes(listed, mapped)) == codes


@pytest.mark.parametrize("text, place", [('{"工廠名稱": ', "line 1"), ("{}\n\n[1]", "line 3"), ("", "empty")])
def test_a_line_that_is_no_object_stops_the_load(
    tmp_path: Path, manifest: Callable[..., Manifest], text: str, place: str
) -> None:
    path = tmp_path / "registry.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SourceFileError, match=place):
        taiwan_factories.read(path, manifest())


def test_in_pieces_the_registry_is_what_it_is_as_a_whole(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    source = manifest(reader="table", job="taiwan_factories")
    read(tmp_path, source, FACTORY, FACTORY, FACTORY | {"egis": MAP_RECORD | {"seen": "2025"}}, FACTORY | {"備註": "停工"})
    path = tmp_path / "registry.jsonl"
    pieces = list(read_batches([path, path], source, tmp_path, rows=3))
    assert [piece.n_read for piece in pieces] == [3, 1, 3, 1]
    whole = read_batch([path, path], source, tmp_path).frame
    assert [row for piece in pieces for row in piece.frame[whole.columns].to_dict("records")] == whole.to_dict("records")


def test_a_record_of_another_structure_stops_the_load_in_any_piece(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    source = manifest(reader="table", job="taiwan_factories")
    lines = [json.dumps(record) for record in (FACTORY, FACTORY, FACTORY | {"egis": "none"})]
    (tmp_path / "registry.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(SourceFileError, match="a structure that job taiwan_factories does not know"):
        list(read_batches([tmp_path / "registry.jsonl"], source, tmp_path, rows=1))
