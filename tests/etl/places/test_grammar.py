"""Addresses taken apart: forms of the mainland and of Taiwan, one row a form."""

from __future__ import annotations

import pytest

from etl.places.grammar import Grammar

TAIWAN = Grammar(["高雄市", "高雄縣"], ["大寮區", "路竹區", "楠梓區", "阿蓮區", "旗津區", "前鎮區", "彌陀區", "大樹區", "新興區"], ["過溪里", "中路里", "上竹里"])
MAINLAND = Grammar(["云沧县"], ["白鹭湾镇", "沧阳街道"], [])


@pytest.mark.parametrize(
    ("text", "town", "street", "number", "sub"),
    [
        ("(831)高雄市大寮區過溪里莒光一街一八號", "大寮区", "莒光一街", 18, None),
        ("高雄市前鎮區新生路二四八之四號八樓之二", "前镇区", "新生路", 248, 4),
        ("高雄市路竹區路科五路100號2樓、98號2樓", "路竹区", "路科五路", 100, None),
        ("高雄市楠梓區經建路5之1巷17號", "楠梓区", "经建路/5-1巷", 17, None),
        ("高雄市楠梓區經建路五之一巷一七號", "楠梓区", "经建路/5-1巷", 17, None),
        ("高雄市旗津區上竹里上竹巷７３號", "旗津区", "上竹巷", 73, None),
        ("高雄市阿蓮區中路里中路151之46號", "阿莲区", "中路", 151, 46),
        ("高雄市彌陀區文安路東段４３號", "弥陀区", "文安路东段", 43, None),
        ("高雄市大樹區竹寮里高雄市大樹區竹寮里竹寮路３６２號", "大树区", "竹寮路", 362, None),
        ("高雄市楠梓區楠梓加工出口區楠梓加工出口區新建南路2號", "楠梓区", "新建南路", 2, None),
        ("高雄市大寮區中正1路12巷3弄4號", "大寮区", "中正一路/12巷/3弄", 4, None),
    ],
)
def test_addresses_of_taiwan(text: str, town: str, street: str, number: int, sub: int | None) -> None:
    found = TAIWAN.parse(text)
    assert (found.town, found.street, found.number, found.sub_number) == (town, street, number, sub)


@pytest.mark.parametrize(
    ("text", "town", "street", "number", "sub"),
    [
        ("云沧县白鹭湾镇迎宾路198号", "白鹭湾镇", "迎宾路", 198, None),
        ("白鹭湾镇迎宾大道一段22号附3号", "白鹭湾镇", "迎宾大道一段", 22, 3),
        ("云沧县沧阳街道石桥社区东风路", "沧阳街道", "东风路", None, None),
        ("云沧县白鹭湾镇松林村3组12号", "白鹭湾镇", "松林村3", 12, None),
        ("云沧县白鹭湾镇工业园区创新路5-2号", "白鹭湾镇", "创新路", 5, 2),
    ],
)
def test_addresses_of_the_mainland(text: str, town: str, street: str, number: int | None, sub: int | None) -> None:
    found = MAINLAND.parse(text)
    assert (found.town, found.street, found.number, found.sub_number) == (town, street, number, sub)


def test_unknown_towns_are_read_by_their_form() -> None:
    found = Grammar().parse("江苏省苏州市吴中区木渎镇金枫路12号")
    assert (found.road, found.number) == ("金枫路", 12)


@pytest.mark.parametrize("text", ["高雄市旗山區延平二路 / 高雄市旗山區樹人橫路口", "高雄市新興區六合一路復興一路口"])
def test_crossings_have_two_roads(text: str) -> None:
    found = TAIWAN.parse(text)
    assert found.road and found.crossing and found.number is None


def test_further_houses_of_a_list_are_kept() -> None:
    assert TAIWAN.parse("高雄市大寮區光華路186、188號").other_numbers == (188,)


@pytest.mark.parametrize("text", ["", None, "号", "()", "路", "1234", "云沧县", "\ud800", "路" * 300])
def test_texts_that_are_no_address_raise_nothing(text: str | None) -> None:
    assert MAINLAND.parse(text).number is None
