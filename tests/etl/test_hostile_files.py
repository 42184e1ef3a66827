"""Damaged and hostile files: each is loaded with a list or refused with a reason; none crashes, hangs or leaves its folder."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
import sqlalchemy as sa

from etl import read_child
from etl.batch import HEIGHTS
from etl.file_faults import told_zh
from etl.load import load_area_data
from etl.manifest import Manifest
from etl.read import prepared, read_batch, read_batches, read_file
from etl.read_child import pieces_in_child, prepare_in_child, read_in_child
from layers.catalog import load_catalog
from layers.errors import SourceFileError
from tests.conftest import PROJECT, REAL_DATA
from tests.etl.hostile import LIMIT_S
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, write_area, write_enterprises

SEED = 20261121
N_COPIES, N_COPIES_LONG = 50, 1000


def test_mutated_copies_are_loaded_or_refused(tiny_sample: Path, pytestconfig: pytest.Config) -> None:
    count = N_COPIES_LONG if pytestconfig.getoption("--long") else N_COPIES
    folders = [str(tiny_sample / "2026Q1")] + ([str(REAL_DATA / "kaohsiung")] if REAL_DATA.exists() else [])
    done = subprocess.run(
        [sys.executable, "-m", "tests.etl.hostile", str(SEED), str(count), *folders],
        cwd=PROJECT, capture_output=True, text=True, timeout=count * LIMIT_S,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (results[-1:], done.stderr[-3000:])
    assert len(results) == count
    assert [result for result in results if result["outcome"] not in ("loaded", "refused")] == []
    assert max(result["seconds"] for result in results) < LIMIT_S
    assert {result["outcome"] for result in results} == {"loaded", "refused"}


def test_untrusted_delivery_loads_as_any_other_in_pieces(
    engine: sa.Engine, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr("etl.intake.BATCH_ROWS", 1)
    monkeypatch.setattr("etl.load.pieces_in_child", lambda path, given, rows: asked.append(rows) or pieces_in_child(path, given, rows))
    relief = 'id = "relief"\nlayer = "relief"\ntitle_zh = "高程"\nsupplier = "局"\nfiles = ["dem.tif"]\nreader = "raster"\ncrs = "EPSG:4544"\n'
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, relief=relief)
    write_enterprises(data, GOOD, "E2,乙厂,一般,-3,2001-01-01,105.05,29.05")
    with rasterio.open(data / "dem.tif", "w", driver="GTiff", width=2, height=2, count=1, dtype="float32", crs="EPSG:4544",
                       transform=rasterio.Affine(30, 0, 500_000, 0, -30, 3_210_000)) as sink:
        sink.write(np.full((2, 2), 300.0, dtype="float32"), 1)
    first = load_area_data(engine, load_catalog(), sources, data, home=home, is_untrusted=True)
    assert {result.source_id: result.refused_by_rule for result in first} == {"relief": {}, "enterprises": {"RQ04": 1}}
    assert asked == [1]
    again = load_area_data(engine, load_catalog(), sources, data, home=home)
    assert [result.state for result in again] == ["unchanged", "unchanged"]


def manifest(path: Path, text: str) -> Manifest:
    path.write_text(text, encoding="utf-8")
    return Manifest("x", "enterprises", "企业", "局", ("a.csv",), "table")


def test_child_gives_the_reason_of_a_refusal(tmp_path: Path) -> None:
    given = manifest(tmp_path / "a.csv", "")
    with pytest.raises(SourceFileError, match=r"a\.csv: found an empty file; expected a heading and rows$"):
        read_in_child(tmp_path / "a.csv", given)


def test_gigabytes_of_nothing_are_refused_at_the_first_of_them(tmp_path: Path) -> None:
    given = manifest(tmp_path / "a.csv", "a,b\n1,2\n")
    with (tmp_path / "a.csv").open("r+b") as sparse:
        sparse.truncate(3 * 2**30)
    with pytest.raises(SourceFileError, match="binary content"):
        read_in_child(tmp_path / "a.csv", given)


def test_child_that_takes_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.read_child.MEMORY_BYTES", 128 * 2**20)
    given = manifest(tmp_path / "a.csv", "a,b\n" + "1,2\n" * 8_000_000)
    with pytest.raises(SourceFileError, match="takes more than 128 MB|does not survive"):
        read_in_child(tmp_path / "a.csv", given)


def test_child_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.read_child.LEAST_SECONDS", 0.05)
    given = manifest(tmp_path / "a.csv", "a,b\n1,2\n")
    with pytest.raises(SourceFileError, match=r"more than 0.2 s to read"):
        read_in_child(tmp_path / "a.csv", given)


def test_child_that_takes_too_much_of_the_processor_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.read_child.LEAST_SECONDS", 1)
    monkeypatch.setattr("etl.read_child.BYTES_A_SECOND", 2**40)
    monkeypatch.setattr("etl.read_child.CLOCK_TIMES", 500)
    given = manifest(tmp_path / "a.csv", "a,b\n" + "1,厂\n" * 3_000_000)
    with pytest.raises(SourceFileError, match=r"more than 1 s of the processor to read") as refused:
        read_in_child(tmp_path / "a.csv", given)
    assert "读取时间" in told_zh(refused.value)


@pytest.mark.parametrize("stated, is_read", [({"LEAST_WRITTEN_BYTES": 2000, "WRITTEN_A_BYTE": 1}, False), ({"LEAST_WRITTEN_BYTES": 9000, "WRITTEN_A_BYTE": 1}, True),
                                             ({"LEAST_WRITTEN_BYTES": 2000, "WRITTEN_A_BYTE": 9}, True)])
def test_pieces_take_no_more_room_than_their_file_lets_expect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated: dict[str, int], is_read: bool) -> None:
    given = manifest(tmp_path / "a.csv", "a,b\n" + "1,厂\n" * 200)
    for name, value in stated.items():
        monkeypatch.setattr(f"etl.read_child.{name}", value)
    if is_read:
        assert sum(map(len, pieces_in_child(tmp_path / "a.csv", given, 10))) == 200
        return
    with pytest.raises(SourceFileError, match=r"^\S+a\.csv: found more than 0 MB of rows in a file of 0.0 MB") as refused:
        next(pieces_in_child(tmp_path / "a.csv", given, 10))
    assert "像是损坏或伪造的" in told_zh(refused.value)


def test_large_file_has_more_time_than_a_small_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.read_child.LEAST_SECONDS", 0.05)
    monkeypatch.setattr("etl.read_child.BYTES_A_SECOND", 0.05)
    given = manifest(tmp_path / "a.csv", "a,b\n1,2\n")
    assert read_in_child(tmp_path / "a.csv", given)["b"].tolist() == ["2"]


@pytest.mark.parametrize("name", ["a.csv", "a.geojsonl"])
def test_child_hands_rows_on_in_pieces_and_none_is_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given = manifest(tmp_path / "a.csv", "a,b\n" + "".join(f"{row},厂\n" for row in range(5)))
    if name != "a.csv":
        lines = [{"type": "Feature", "properties": {"a": str(row)}, "geometry": {"type": "Point", "coordinates": [105.0, row]}} for row in range(5)]
        (tmp_path / name).write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        given = replace(given, files=(name,), reader="vector")
    handed: list[int] = []
    turned = read_child._frame
    monkeypatch.setattr(read_child, "_frame", lambda table: handed.append(table.num_rows) or turned(table))
    own = list(read_batches([tmp_path / name], given, tmp_path, rows=2))
    others = list(read_batches([tmp_path / name], given, tmp_path, rows=2, read=read_in_child, stream=pieces_in_child))
    assert handed == [2, 2, 1]
    assert [other.frame.to_dict("list") for other in others] == [batch.frame.to_dict("list") for batch in own]


def test_fault_in_a_late_piece_is_told_before_the_first_is_given(tmp_path: Path) -> None:
    given = manifest(tmp_path / "a.csv", "a,b\n1,2\n3,4\n5,6,7\n")
    with pytest.raises(SourceFileError, match=r"a\.csv: found"):
        next(pieces_in_child(tmp_path / "a.csv", given, 1))


AREAS = Manifest(
    "x", "statistical_areas", "统计区", "局", ("*.csv",), "table", job="matching_rows", job_options={"column": "县", "values": ["甲县"]},
)


def test_job_runs_in_the_child_as_it_runs_here(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("编号,县,数\n1,甲县,7\n2,乙县,\n3,甲县,\n", encoding="utf-8")
    own, other = (
        read_batch([tmp_path / "a.csv"], AREAS, tmp_path, read=read, prepare=prepare)
        for read, prepare in ((read_file, prepared), (read_in_child, prepare_in_child))
    )
    assert (other.n_read, other.n_merged, other.is_partial) == (own.n_read, own.n_merged, own.is_partial) == (2, 0, False)
    assert other.frame.to_dict("list") == own.frame.to_dict("list")


def test_what_a_job_does_not_survive_is_told_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("编号,数\n1,7\n", encoding="utf-8")
    with pytest.raises(SourceFileError, match=r"^a\.csv: found no column 县"):
        read_batch([tmp_path / "a.csv"], AREAS, tmp_path, read=read_in_child, prepare=prepare_in_child)


def test_heights_are_told_from_the_child_too(tmp_path: Path) -> None:
    feature = {"type": "Feature", "properties": {"id": "1"}, "geometry": {"type": "Point", "coordinates": [105.0, 29.0, 312.0]}}
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    frame = read_in_child(tmp_path / "a.geojson", Manifest("x", "fire_stations", "站", "局", ("a.geojson",), "vector"))
    assert frame[HEIGHTS].eq(True).tolist() == [True]


def test_files_that_would_not_fit_at_once_are_refused_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.read.LARGEST_WHOLE_BYTES", 40)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("编号,县,数\n1,甲县,7\n", encoding="utf-8")
    with pytest.raises(SourceFileError, match=r"held at once; expected at most .* job matching_rows: split it .* read in pieces") as told:
        read_batch([tmp_path / "a.csv", tmp_path / "b.csv"], AREAS, tmp_path)
    assert re.match(r"文件太大,这类数据须整份读入,至多 \d+ MB。请按乡镇、年份或类别拆成几份", told_zh(told.value))
