"""What a delivered file is taken for; nothing of it is applied before a person confirms."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from etl.load import load_area_data
from etl.manifest import load_manifests
from etl.recognise import Recognition, keep_manifest, manifest_text, recognise
from etl.encoding import encoding_of
from etl.recognise_files import heading_of, survey
from layers.catalog import load_catalog
from layers.errors import InputError, SourceFileError
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, HEAD, square, write_area, write_enterprises, write_geojson

CATALOG = load_catalog()
RENAMED = "单位编码,单位名称,企业类别,从业人员,投产时间,东经,北纬"


def recognised(folder: Path, path: Path) -> Recognition:
    area, manifests = load_manifests(folder, CATALOG)
    return recognise(path, area=area, catalog=CATALOG, manifests=manifests, engine=None)


def mapped(found: Recognition, dataset: str) -> dict[str, str]:
    return {entry.field: entry.column for entry in found[dataset].mapping}


@pytest.fixture()
def small(tmp_path: Path) -> tuple[Path, Path]:
    return write_area(tmp_path)


def test_known_source_is_recognised_by_its_columns(small: tuple[Path, Path]) -> None:
    sources, data = small
    write_enterprises(data, GOOD)
    found = recognised(sources, data / "enterprises.csv").as_dict()["datasets"][0]
    assert (found["known_source"], found["known_fit"], found["questions"]) == ("enterprises", "exact", [])
    assert found["layers"][0] == {"layer": "enterprises", "title_zh": "企业", "title_en": "Enterprises", "score": 1.0}


def test_renamed_columns_of_a_known_source_are_proposed_and_loaded_once_confirmed(
    small: tuple[Path, Path], tmp_path: Path
) -> None:
    sources, data = small
    write_enterprises(data, GOOD, head=RENAMED)
    found = recognised(sources, data / "enterprises.csv")
    assert found["enterprises"].known is not None
    assert dict(found["enterprises"].known.renamed) == {
        "编号": "单位编码", "名称": "单位名称", "类别": "企业类别", "人数": "从业人员", "投产": "投产时间", "经度": "东经", "纬度": "北纬",
    }
    area, before = load_manifests(sources, CATALOG, home=tmp_path)
    assert before[0].x == "经度"
    keep_manifest(tmp_path, area, CATALOG, manifest_text(found, "enterprises", {}, catalog=CATALOG), "enterprises")
    _, after = load_manifests(sources, CATALOG, home=tmp_path)
    assert [(entry.id, entry.x, entry.fields["name"].column, entry.encoding) for entry in after] == [("enterprises", "东经", "单位名称", "gb18030")]


def test_unknown_code_is_a_question_and_never_guessed(small: tuple[Path, Path]) -> None:
    sources, data = small
    write_enterprises(data, GOOD, GOOD.replace("E1", "E2").replace("一般", "化工类"))
    found = recognised(sources, data / "enterprises.csv")
    codes = next(entry.codes for entry in found["enterprises"].mapping if entry.field == "kind")
    assert codes == {"一般": "general", "化工类": None}
    assert [question.field for question in found["enterprises"].questions] == ["kind"]
    assert "化工类" in found["enterprises"].questions[0].zh


UNKNOWN_HEAD = "管线编号,管线名称,权属单位,输送介质,管径(cm),设计压力,敷设方式,空间位置"
UNKNOWN_ROWS = ("G1,甲线,甲公司,天然气,40,6.3,是,\"LINESTRING (105 29, 105.1 29.1)\"", "G2,乙线,甲公司,凝析油,20,4,否,\"LINESTRING (105 29, 105.1 29)\"")


def pipe_table(data: Path) -> Path:
    path = data / "管线普查.csv"
    path.write_text("\n".join([UNKNOWN_HEAD, *UNKNOWN_ROWS]) + "\n", encoding="gb18030")
    return path


def test_unknown_file_is_mapped_by_names_units_and_values(small: tuple[Path, Path]) -> None:
    sources, data = small
    found = recognised(sources, pipe_table(data))
    assert (found.found.encoding, found["管线普查"].known) == ("gb18030", None)
    assert found["管线普查"].layer is not None and found["管线普查"].layer.id == "pipelines"
    assert mapped(found, "管线普查") == {
        "pipeline_id": "管线编号", "name": "管线名称", "operator": "权属单位", "medium": "输送介质", "diameter_mm": "管径(cm)",
        "pressure_mpa": "设计压力", "is_buried": "敷设方式", "wkt": "空间位置",
    }
    by_field = {entry.field: entry for entry in found["管线普查"].mapping}
    assert by_field["diameter_mm"].unit == "cm"
    assert by_field["medium"].codes == {"天然气": "natural_gas", "凝析油": None}
    assert {"medium", "pressure_mpa"} <= {question.field for question in found["管线普查"].questions}


def test_values_of_another_size_than_the_unit_gives_are_asked_about(small: tuple[Path, Path]) -> None:
    sources, data = small
    path = pipe_table(data)
    path.write_text(path.read_text(encoding="gb18030").replace("管径(cm)", "管径").replace(",40,", ",0.4,").replace(",20,", ",0.2,"), encoding="gb18030")
    questions = [question.en for question in recognised(sources, path)["管线普查"].questions if question.field == "diameter_mm"]
    assert any("are they m" in text for text in questions)


def test_empty_column_of_a_driver_takes_no_field_from_a_filled_one(small: tuple[Path, Path]) -> None:
    sources, data = small
    (data / "消防站.csv").write_text("id,BH,Name,ZJ\n,XF01,一站,一级普通站\n,XF02,二站,二级普通站\n", encoding="utf-8")
    assert mapped(recognised(sources, data / "消防站.csv"), "消防站")["station_id"] == "BH"


DECIDED: dict[str, Any] = {
    "id": "pipe_survey", "title_zh": "管线普查", "supplier": "甲公司", "crs": "EPSG:4490", "files": ["管线普查.csv"],
    "codes": {"medium": {"凝析油": "crude_oil"}},
}


@pytest.mark.parametrize(
    ("left_out", "field"), [("id", "id"), ("supplier", "supplier"), ("crs", "crs"), ("codes", "medium")],
)
def test_manifest_is_not_written_before_a_person_decided(small: tuple[Path, Path], left_out: str, field: str) -> None:
    sources, data = small
    found = recognised(sources, pipe_table(data))
    with pytest.raises(InputError) as caught:
        manifest_text(found, "管线普查", {key: value for key, value in DECIDED.items() if key != left_out}, catalog=CATALOG)
    assert caught.value.field == field


def test_confirmed_manifest_reads_back_as_decided(small: tuple[Path, Path], tmp_path: Path) -> None:
    sources, data = small
    text = manifest_text(recognised(sources, pipe_table(data)), "管线普查", DECIDED, catalog=CATALOG)
    area, _ = load_manifests(sources, CATALOG)
    keep_manifest(tmp_path, area, CATALOG, text, "pipe_survey")
    added = next(entry for entry in load_manifests(sources, CATALOG, home=tmp_path)[1] if entry.id == "pipe_survey")
    assert (added.layer, added.wkt, added.fields["diameter_mm"].unit) == ("pipelines", "空间位置", "cm")
    assert added.fields["medium"].codes == {"天然气": "natural_gas", "凝析油": "crude_oil"}


def test_column_that_nobody_decided_about_is_asked_for(small: tuple[Path, Path]) -> None:
    sources, data = small
    write_enterprises(data, GOOD + ",12345", head=HEAD + ",传真")
    found = recognised(sources, data / "enterprises.csv")
    with pytest.raises(InputError, match="传真"):
        manifest_text(found, "enterprises", {}, catalog=CATALOG)
    assert '"传真"' in manifest_text(found, "enterprises", {"ignore": ["传真"]}, catalog=CATALOG)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "big5", "utf-16", "utf-16-le", "utf-16-be"])
def test_encoding_is_told_from_the_bytes(encoding: str) -> None:
    text = "名稱,地址\n大同工廠,高雄市前鎮區中山路\n" if encoding == "big5" else "名称,地址\n大同工厂,云沧县白鹭湾镇迎宾路\n"
    told, other = encoding_of(text.encode(encoding), is_whole=True)
    assert (text.encode(encoding).decode(told).removeprefix("\ufeff"), other) == (text, None)


def test_heading_below_titles_and_over_two_rows() -> None:
    rows = [["台账"], ["填报单位:甲局", "", "", ""], ["编号", "坐标", "", "人数"], ["", "经度", "纬度", ""], ["E1", "105.1", "29.1", "3"]]
    found = heading_of(rows)
    assert (found.skip_rows, found.header_rows) == (2, 2)


def test_workbook_sheets_are_told_with_their_merged_heads(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "单元"
    for row in (["台账"], ["编号", "储量(kg)", None], [None, "设计", "实际"], ["U1", 12000, 800.5]):
        sheet.append(row)
    for area in ("A1:C1", "A2:A3", "B2:C2"):
        sheet.merge_cells(area)
    book.create_sheet("空")
    book.save(tmp_path / "a.xlsx")
    found = survey(tmp_path / "a.xlsx")
    assert [(d.name, dict(d.settings), d.n_rows) for d in found.datasets] == [("单元", {"sheet": "单元", "header_rows": 2, "skip_rows": 1}, 1)]
    assert list(found.datasets[0].frame.columns) == ["编号", "储量(kg)/设计", "储量(kg)/实际"]


def test_file_nobody_can_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "a.shp").write_bytes(b"no shapefile")
    with pytest.raises(SourceFileError, match="content that begins"):
        survey(tmp_path / "a.shp")


def test_destroyed_text_is_said(small: tuple[Path, Path]) -> None:
    sources, data = small
    write_enterprises(data, GOOD.replace("甲厂", "农地企业".encode().decode("latin-1")), encoding="utf-8")
    questions = recognised(sources, data / "enterprises.csv")["enterprises"].questions
    assert any("农地企业" in question.zh and "重新报送" in question.zh for question in questions)


@pytest.mark.parametrize("name", ["a.xlsx", "a.geojson"])
def test_file_nobody_vouches_for_is_recognised_alike_in_a_child(small: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "a.xlsx":
        book = openpyxl.Workbook()
        for row in (HEAD, GOOD):
            book.active.append(row.split(","))
        book.save(path)
    else:
        write_geojson(path, [square(105.0, 29.0, 105.1, 29.1)], [{"名称": "东镇", "区划代码": "999901001"}])
    area, manifests = load_manifests(small[0], CATALOG)
    given = {"area": area, "catalog": CATALOG, "manifests": manifests, "engine": None}
    assert recognise(path, is_untrusted=True, **given).as_dict() == recognise(path, **given).as_dict()


def test_child_refuses_a_bomb(small: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 200_000_000)
    area, manifests = load_manifests(small[0], CATALOG)
    with pytest.raises(SourceFileError, match="unfolds"):
        recognise(tmp_path / "a.zip", area=area, catalog=CATALOG, manifests=manifests, engine=None, is_untrusted=True)


def test_archive_of_several_datasets_names_the_member_of_each(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("企业.csv", HEAD + "\n" + GOOD)
        archive.writestr("道路.csv", "路段编号,道路名称\nR1,甲路\n")
    found = survey(tmp_path / "a.zip")
    assert [(d.name, d.settings["member"]) for d in found.datasets] == [("企业.csv: 企业", "企业.csv"), ("道路.csv: 道路", "道路.csv")]


def test_two_sources_of_one_heading_are_told_by_the_files_name(tmp_path: Path) -> None:
    other = ENTERPRISES_TOML.replace('id = "enterprises"', 'id = "plants"').replace("enterprises.csv", "plants.csv")
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, plants=other)
    for name, known, n_questions in (("enterprises.csv", "enterprises", 0), ("plants.csv", "plants", 0), ("neu.csv", "enterprises", 1)):
        write_enterprises(data, GOOD)
        (data / "enterprises.csv").rename(data / name)
        found = recognised(sources, data / name).as_dict()["datasets"][0]
        assert (found["known_source"], len(found["questions"])) == (known, n_questions)


def test_load_of_renamed_columns_stops_and_names_the_likely_ones(
    small: tuple[Path, Path], engine: Any, home: Path
) -> None:
    sources, data = small
    write_enterprises(data, GOOD, head=RENAMED)
    with pytest.raises(SourceFileError, match="perhaps renamed: .*名称 -> 单位名称.*--confirm"):
        load_area_data(engine, CATALOG, sources, data, home=home)


def test_load_says_that_headings_were_decoded_wrongly(tmp_path: Path, engine: Any, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML.replace("gb18030", "latin-1"))
    write_enterprises(data, GOOD, encoding="utf-8")
    with pytest.raises(SourceFileError, match="was 名称.* before they were decoded wrongly"):
        load_area_data(engine, CATALOG, sources, data, home=home)


def test_unit_in_a_heading_is_understood_and_one_that_cannot_be_meant_is_asked_about(small: tuple[Path, Path]) -> None:
    sources, data = small
    rows = [f"P{n},管{n},天然气,{size},{pressure},{12 + n}" for n, (size, pressure) in enumerate([(8, 7), (12, 10), (16, 40), (20, 63)])]
    (data / "管线.csv").write_text("\n".join(["管线编号,管线名称,介质,管径(英寸),设计压力(公斤),长度(kgf/cm2)", *rows]), encoding="utf-8")
    found = recognised(sources, data / "管线.csv")["管线"]
    assert {entry.field: entry.unit for entry in found.mapping if entry.field in ("diameter_mm", "pressure_mpa")} == {"diameter_mm": "inch", "pressure_mpa": None}
    asked = [question.zh for question in found.questions if "单位" in question.zh]
    assert len([words for words in asked if "不能换算为 MPa" in words and "kgf/cm2" in words]) == 1 and not any("管径" in words for words in asked)
