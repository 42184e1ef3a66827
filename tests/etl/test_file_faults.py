"""Whoever sent a file that cannot be read is told in plain Chinese what is wrong with it and what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from etl.file_faults import UNKNOWN, file_faults, told_zh
from etl.manifest import Manifest
from etl.read import read_file
from etl.work.failures import explained
from layers.errors import SourceFileError

PLAIN = Manifest("test", "towns", "乡镇", "", ("*",), "table", encoding="utf-8", crs="EPSG:4490")


@pytest.mark.parametrize("found, expected, says", [
    ("Failed to read GeoJSON data; At line 3, character 1484: Unterminated object", "a vector file for 水系", "第 3 行第 1484 个字符"),
    ("no JSON: Expecting ',' delimiter: line 1 column 14929 (char 14928)", "one JSON object", "第 1 行第 14929 个字符"),
    ("an absolute path: '/tmp/水系.geojson'", "an archive of plain files", "路径指向包外(/tmp/水系.geojson)"),
    ("bytes that are not utf-8-sig (at byte 0); it looks like gb18030", "text in utf-8-sig", "设置是 UTF-8,内容像是 gb18030"),
    ("bytes that are not gb18030 (at byte 609)", "text in gb18030, as its manifest says", "第 609 个字节起有不是 gb18030 编码的内容"),
    ("no workbook (Bad magic number for file header)", "an .xlsx file", "用 Excel 或 WPS 打开"),
    ("the file's own CRS Beijing 1954, 112 m away", "EPSG:4490 as the manifest says", "文件自带的坐标系(Beijing 1954, 112 m away)"),
    ("columns 甲, 乙", "perhaps renamed: 有效期至 -> 有效期限 (`recognise --confirm` accepts it); also 等级", "疑似改名:有效期至 -> 有效期限"),
    ("missing [", "a vector file for 输气管道", "坐标系说明"),
    ("20001 sites", "at most 10000", "文件有 20001 个场址,一次最多 10000 个"),
    ("no usable site (lon: missing or no number)", "points and polygons inside the CRS", "(lon: missing or no number)"),
    ("no .shx、.dbf beside it", "all parts of the shapefile", "缺少同名的附属文件(.shx、.dbf)"),
])
def test_reason_names_the_place_and_what_to_do(found: str, expected: str, says: str) -> None:
    told = told_zh(SourceFileError("甲.csv", found, expected))
    assert says in told and "请" in told.split("。", 1)[1]


def test_every_row_says_what_and_what_to_do_and_fills_only_what_it_finds() -> None:
    for pattern, found, advice in file_faults():
        assert set(re.findall(r"{(\w*)}", found)) <= set(pattern.groupindex), pattern.pattern
        assert re.search(r"[\u4e00-\u9fff]", found) and "请" in advice, pattern.pattern


def test_unknown_reason_is_told_in_general_words() -> None:
    assert told_zh(SourceFileError("甲.csv", "something new", "another thing")) == "。".join(UNKNOWN)


@pytest.mark.parametrize("name, content, says", [
    ("企业.csv", b"\xff\xfe\x00", "编码"), ("企业.csv", b"", "文件是空的"), ("企业.xlsx", b"PK", "不是完好的 Excel 工作簿"),
    ("企业.csv.zip", b"PK", "压缩包损坏"), ("企业.docx", b"a", "不支持这种文件(.docx)"), ("企业.csv", b"a,b\n1,2,3\n", "比表头多出单元格"),
])
def test_damaged_file_is_told_of_without_words_of_a_library(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceFileError) as refused:
        read_file(tmp_path / name, PLAIN)
    zh, en = explained(refused.value)
    assert zh.startswith(name) and says in zh and zh.endswith("没有写入任何数据")
    assert en.startswith(f"{name}: found ")
