"""Destroyed text is recognised in real files; real names, rare characters included, pass."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.mojibake import LOST, is_destroyed, original_text
from tests.conftest import REAL_DATA

SOIL = REAL_DATA / "kaohsiung" / "facilities" / "soil_sites_mojibake"
FACTORIES = REAL_DATA / "kaohsiung" / "facilities" / "factory_registry.jsonl"
needs_real_data = pytest.mark.skipif(not REAL_DATA.exists(), reason="no real data beside the checkout")


@pytest.mark.parametrize("text", ["云沧县化工有限公司", "臺灣中油", "联通", "移动", "O'Neil & Söhne", "1号罐", "㈱山田", "\ue000■", "São Paulo", "Müller", "±5°C", "é½", "29°N 105°E", "20°C~30°C", "ÅRSMÄSSIG", "«ÉTÉ»", "¿Cómo está?",
    "¿Qué es?", "§A §B", "STRAßE ÄÖÜ", "½ ¼ ¾", "©MICRO ®", "¥500-¥900", "10µm×20µm", "Ø25 Ä", "£A £B"])
def test_real_text_is_not_taken_for_destroyed(text: str) -> None:
    assert original_text(text) is None


@pytest.mark.parametrize("wrong", ["cp950", "gb18030", "latin-1"])
def test_text_read_in_a_wrong_encoding_is_told(wrong: str) -> None:
    destroyed = "高雄市农地".encode().decode(wrong, errors="ignore")
    if destroyed.encode(wrong) == "高雄市农地".encode():
        assert original_text(destroyed) == "高雄市农地"
    assert original_text("农地".encode().decode("latin-1")) == "农地"


@pytest.mark.parametrize("text", ["编号", "名称", "储量(kg)", "云沧盛川氯碱化工有限公司", "双枫镇,文化路18号"])
def test_gb_bytes_read_as_latin_are_told(text: str) -> None:
    destroyed = text.encode("gb2312").decode("latin-1")
    assert original_text(destroyed) == text
    assert is_destroyed(pd.Series([destroyed, text], dtype=object)).tolist() == [True, False]


@pytest.mark.parametrize("text", ["編號", "工廠名稱", "高雄市鳥松區", "儲量(kg)", "臺灣中油股份有限公司", "鳳山區中山路18號", "農地", "許功蓋"])
def test_big5_bytes_read_as_latin_are_told(text: str) -> None:
    destroyed = text.encode("cp950").decode("latin-1")
    assert original_text(destroyed) == text
    assert is_destroyed(pd.Series([destroyed, text], dtype=object)).tolist() == [True, False]


@needs_real_data
def test_real_names_read_as_latin_are_told() -> None:
    names = [json.loads(line)["工廠名稱"] for line in FACTORIES.read_text("utf-8").splitlines()]
    texts = pd.Series([name.encode("cp950").decode("latin-1") for name in names if len(name) > 3 and _in_big5(name)], dtype=object)
    assert len(texts) > 7_000
    assert is_destroyed(texts).mean() > 0.99


def _in_big5(text: str) -> bool:
    return text.encode("cp950", "ignore").decode("cp950") == text


@needs_real_data
def test_destroyed_soil_sites_are_found_and_no_factory_is() -> None:
    values = [
        value
        for path in sorted(SOIL.glob("*.json"))
        for feature in json.loads(path.read_text("utf-8"))["features"]
        for value in feature["attributes"].values()
        if isinstance(value, str) and not value.isascii()
    ]
    share = is_destroyed(pd.Series(values, dtype=object)).mean()
    assert share > 0.9
    names = [json.loads(line)["工廠名稱"] for line in FACTORIES.read_text("utf-8").splitlines()]
    assert len(names) == 7537
    assert not is_destroyed(pd.Series(names, dtype=object)).any()


def garbled(text: str, encoding: str) -> str:
    return text.encode("utf-8").decode(encoding, errors="replace")


@settings(deadline=None)
@given(st.lists(st.tuples(
    st.text("高雄市农地路街号楼国公司厂一二abc0- éü“—\n", min_size=1, max_size=9),
    st.sampled_from(["utf-8", "gb18030", "cp950", "latin-1", "cp1252"]),
), min_size=1, max_size=20))
def test_texts_are_judged_together_as_one_by_one(pairs: list[tuple[str, str]]) -> None:
    texts = pd.Series([garbled(text, encoding) for text, encoding in pairs], dtype=object)
    alone = [not text.isascii() and (LOST.search(text) is not None or original_text(text) is not None) for text in texts]
    assert is_destroyed(texts).tolist() == alone


@given(st.text(st.sampled_from("农地甲è¾²œ°ÅRS°¤¿颲脣\uebf5锟斤拷09 aZ~,"), max_size=8), st.text("0123456789", max_size=12))
def test_digits_change_nothing_about_a_text(text: str, digits: str) -> None:
    rows = [text + digits, digits + text, digits.join(text)]
    expected = [bool(LOST.search(row) or original_text(row) is not None) for row in rows]
    assert is_destroyed(pd.Series([*rows, None], dtype=object)).tolist() == [*expected, False]
