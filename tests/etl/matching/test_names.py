"""Names and numbers of enterprises: what is folded, and what must never be."""

from __future__ import annotations

import pytest

from etl.matching.identifiers import is_business_number, legal_number
from etl.matching.names import Names
from etl.places.folding import folded, number_of

NAMES = Names(["云沧"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云沧白鹭冷冻食品有限公司", "云沧县白鹭冷冻食品有限责任公司"),
        ("臺灣巴斯夫股份有限公司", "台湾巴斯夫(股)公司"),
        ("恆崇企業(股)有限公司", "恆崇企業股份有限公司"),
        ("白鹭 冷冻食品有限公司", "白鹭冷冻食品有限公司(已注销)"),
        ("&#28377;茂實業股份有限公司", "滙茂實業股份有限公司"),
    ],
)
def test_spellings_of_one_name_have_one_core(one: str, other: str) -> None:
    assert NAMES.parse(one).core == NAMES.parse(other).core


@pytest.mark.parametrize(("text", "number"), [("善统工业股份有限公司三廠", 3), ("本原企业股份有限公司第二廠", 2), ("青禾农药厂二厂", 2), ("某某股份有限公司ㄧ廠", 1)])
def test_number_of_a_plant_is_kept_apart(text: str, number: int) -> None:
    assert NAMES.parse(text).plant_number == number


def test_plants_of_one_firm_stay_different() -> None:
    first, second = NAMES.parse("云沧青禾农药有限公司一厂"), NAMES.parse("云沧青禾农药有限公司二厂")
    assert first.core == second.core
    assert (first.plant_number, second.plant_number) == (1, 2)
    assert first.plant != second.plant


def test_works_in_the_middle_of_a_name_are_no_plant() -> None:
    assert NAMES.parse("三泰製藥廠有限公司").core == "三泰制药厂"
    assert NAMES.parse("第一化工厂").plant_number is None


def test_a_name_that_is_only_the_place_is_kept() -> None:
    assert NAMES.parse("云沧厂").core == "云沧厂"


@pytest.mark.parametrize("text", ["", None, "有限公司", "()"])
def test_texts_without_a_name_raise_nothing(text: str | None) -> None:
    assert isinstance(NAMES.parse(text).core, str)


def test_numbers_with_a_wrong_check_digit_name_nobody() -> None:
    assert legal_number("91999901MAX900013R") == "USCC:91999901MAX900013R"
    assert legal_number("91999901MAX900013X") is None
    assert legal_number("統一編號 75925336;獨資") is None
    assert is_business_number("04595257")


def test_numerals_are_read_by_place_and_by_name() -> None:
    assert [number_of(text) for text in ("二八八", "一○", "十二", "一百二十", "３６２".translate({0xFF13: "3", 0xFF16: "6", 0xFF12: "2"}))] == [288, 10, 12, 120, 362]
    assert folded("３６２號 之1") == "362号之1"
