"""The commands of the server's side give the server's own answers."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from app.cli import export_group, site_command
from layers.errors import AtlasError
from layers.store import Place

CHINESE = re.compile(r"[\u3400-\u9fff]")


def invoke(command: object, arguments: list[str], database_url: str, home: Path) -> Result:
    place = Place(home, lambda: database_url)
    return CliRunner().invoke(command, arguments, obj=place, catch_exceptions=False)  # type: ignore[arg-type]


def sites(folder: Path, *places: tuple[str, float, float]) -> Path:
    features = [
        {"type": "Feature", "properties": {"name": name, "project_type": "residential"},
         "geometry": {"type": "Point", "coordinates": [lon, lat]}}
        for name, lon, lat in places
    ]  # fmt: skip
    path = folder / "sites.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_each_site_of_a_file_gets_one_verdict_or_a_clear_error(database_url: str, tmp_path: Path) -> None:
    path = sites(tmp_path, ("河边住宅", 120.05, 30.05), ("县外住宅", 121.9, 30.05))
    lines = invoke(site_command, [str(path)], database_url, tmp_path).stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["河边住宅", "县外住宅"]
    assert lines[0].split("\t")[2].startswith("S20")
    assert "辖区以外" in lines[1]


def test_verdicts_are_told_in_english_by_the_option(database_url: str, tmp_path: Path) -> None:
    path = sites(tmp_path, ("House", 120.05, 30.05), ("Far house", 121.9, 30.05))
    kept = invoke(site_command, [str(path), "--lang", "en"], database_url, tmp_path).stdout.splitlines()
    listed = invoke(site_command, [str(path), "--no-keep", "--lang", "en"], database_url, tmp_path).stdout.splitlines()
    for near, far in (kept, listed):
        assert "Does not meet, as screened" in near and "error" in far and not CHINESE.search(far)


def test_table_of_more_sites_than_a_request_holds_is_written(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISKATLAS_LARGEST_BODY_BYTES", "500")
    path, target = sites(tmp_path, *((f"住宅{number}", 120.05, 30.05) for number in range(9))), tmp_path / "sites.xlsx"
    lines = invoke(site_command, [str(path), "--no-keep", "--out", str(target)], database_url, tmp_path).stdout.splitlines()
    cells = [[cell.value for cell in row] for row in load_workbook(target).active.iter_rows()]
    assert len(lines) == 9 and [row[1] for row in cells[1:]] == [f"住宅{number}" for number in range(9)]


@pytest.mark.parametrize("content", ["", "[]", '{"type": "FeatureCollection", "features": []}'])
def test_file_without_sites_is_a_clear_error(database_url: str, tmp_path: Path, content: str) -> None:
    path = tmp_path / "empty.geojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(AtlasError, match="GeoJSON"):
        invoke(site_command, [str(path)], database_url, tmp_path)


@pytest.mark.parametrize("options", [[], ["--no-keep"]])
def test_file_of_which_no_site_is_judged_fails_after_saying_why(database_url: str, tmp_path: Path, options: list[str]) -> None:
    path = sites(tmp_path, ("县外住宅", 121.9, 30.05))
    with pytest.raises(AtlasError, match="no site could be judged"):
        invoke(site_command, [str(path), *options], database_url, tmp_path)


def test_site_is_read_in_the_system_of_coordinates_that_its_file_states(database_url: str, tmp_path: Path) -> None:
    path = sites(tmp_path, ("河边住宅", 500_000 + 4_817.0, 3_326_000.0))
    content = json.loads(path.read_text()) | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4549"}}}
    path.write_text(json.dumps(content), encoding="utf-8")
    [line] = invoke(site_command, [str(path), "--no-keep", "--lang", "en"], database_url, tmp_path).stdout.splitlines()
    assert "error" not in line


def test_violations_are_exported_with_rule_and_clause(database_url: str, tmp_path: Path) -> None:
    target = tmp_path / "conflicts.csv"
    invoke(export_group, ["violations", str(target)], database_url, tmp_path)
    rows = list(csv.DictReader(target.read_text("utf-8-sig").splitlines()))
    assert rows and all(row["rule_id"] and row["clause"] for row in rows)


@pytest.mark.parametrize(("suffix", "start"), [(".pdf", b"%PDF"), (".png", b"\x89PNG")])
def test_map_is_exported_in_the_format_of_its_suffix(database_url: str, tmp_path: Path, suffix: str, start: bytes) -> None:
    target = tmp_path / f"map{suffix}"
    invoke(export_group, ["map", str(target), "--layers", "risk_zones,towns"], database_url, tmp_path)
    assert target.read_bytes().startswith(start)
