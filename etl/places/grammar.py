"""Addresses of the mainland and of Taiwan, taken apart: town, village, road, section, lane, alley, number."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

from etl.places.folding import NUMBER, folded, in_numerals, number_of

POSTAL_CODE = re.compile(r"^\(?\d{3,6}\)?(?=\D)")
COUNTY = re.compile(r"^(?:[^市县区省]{2,3}省)?(?:[^市县区省]{2,6}?(?:市|自治州|地区))?(?:[^市县区省镇乡路街]{1,5}县)?")
TOWN = re.compile(r"^[^\d市县区乡镇路街号]{1,5}(?:街道办事处|办事处|街道|(?<!园)区|乡|镇|市)")
VILLAGE = re.compile(rf"^[^\d区乡镇路街巷号]{{1,6}}(?:村民委员会|村委会|居委会|社区|村|里)(?![路街道巷弄](?:{NUMBER}|段|巷|$))")
ESTATE = re.compile(r"^[^\d路街巷号]{2,14}?(?:工业集中区|工业园区|加工出口区|加工区|科学园区|工业园|工业区|开发区|园区)(?![一二三四五六七八九十东西南北]?[路街])")
ROAD_BEHIND = re.compile(rf"[路街道巷弄](?:{NUMBER}|段|巷|$)")
"""What shows that a name like a village's belongs to a road: 三里路5号."""
GROUP = re.compile(rf"^({NUMBER})(?:邻|组|社|队|屯)")
ROAD = re.compile(r"^[^号]{1,9}?(?:大道|公路|路|街|道|胡同)(?![路街道])")
SECTION = re.compile(rf"^({NUMBER}|[东西南北中])段")
LANE = re.compile(r"^([^号路街弄]{1,6}?)巷")
ALLEY = re.compile(rf"^({NUMBER})弄")
HOUSE = re.compile(rf"^(?:附)?({NUMBER})(?:[-之附]({NUMBER}))?([、,.及至].*?)?号(?:(?:之|-|附)({NUMBER})号?)?")
NAMED_LANE = re.compile(rf"^(?!{NUMBER}巷)[^号路街弄巷]{{1,6}}巷(?=.*号)")
"""A lane that houses are numbered along, without a road before it."""
LOCALITY = re.compile(
    rf"^(?:[^\d号路街巷弄]{{1,6}}(?=\d+[^路街巷弄段]*号)|[^\d号路街巷弄零〇○一二三四五六七八九十百两]{{1,6}}(?={NUMBER}[^路街巷弄段]*号))"
)
"""A hamlet that houses are numbered in, without a road."""
CROSSING = re.compile(r"^[/、与和及]?([^/号]{2,16}?(?:路|街|道|巷)(?:.段)?)(?:交叉)?(?:路)?口?(?:前|$|/|[\d.]+公尺)")
NOTE = re.compile(r"\([^)]*\)|（[^）]*）")


@dataclass(frozen=True)
class Address:
    """The parts of an address, folded; empty or None where it does not say.

    `other_numbers` are further houses of the same street (186、188號); `crossing` is the road that crosses; `rest` is
    what no part took.
    """

    town: str = ""
    village: str = ""
    estate: str = ""
    group: int | None = None
    road: str = ""
    lane: str = ""
    alley: int | None = None
    number: int | None = None
    sub_number: int | None = None
    other_numbers: tuple[int, ...] = ()
    crossing: str = ""
    rest: str = ""

    @property
    def street(self) -> str:
        """Road with section, lane and alley: what house numbers count along; empty without a road.

        A village whose houses are numbered without roads is a street of its own.
        """
        if not self.road:
            return f"{self.village}{self.group or ''}" if self.village and self.number is not None else ""
        return self.road + (f"/{self.lane}巷" if self.lane else "") + (f"/{self.alley}弄" if self.alley else "")

    @property
    def is_empty(self) -> bool:
        return not (self.town or self.village or self.road)


@dataclass(frozen=True)
class Grammar:
    """Takes addresses of one area apart; knows its towns and villages, which beat what the patterns guess.

    Parameters
    ----------
    county : names of the area and of its parts in other times, such as ``高雄市``, ``高雄县``.
    towns, villages : names as loaded layers have them.
    """

    county: Collection[str] = ()
    towns: Collection[str] = ()
    villages: Collection[str] = field(default=())

    @cached_property
    def _county(self) -> tuple[str, ...]:
        return tuple(sorted((folded(name) for name in self.county), key=len, reverse=True))

    @cached_property
    def folded_towns(self) -> tuple[str, ...]:
        return tuple(sorted((folded(name) for name in self.towns), key=len, reverse=True))

    @cached_property
    def _villages(self) -> frozenset[str]:
        return frozenset(folded(name) for name in self.villages)

    @cached_property
    def _parsed(self) -> dict[str, Address]:
        """What is parsed already: lists name one address, and one town, many times."""
        return {}

    def parse(self, text: str | None) -> Address:
        """The parts of an address; an `Address` with nothing but `rest` where it follows no form.

        >>> grammar = Grammar(["高雄市"], ["大寮區"], ["過溪里"])
        >>> found = grammar.parse("(831)高雄市大寮區過溪里莒光一街一八號")
        >>> found.town, found.village, found.street, found.number
        ('大寮区', '过溪里', '莒光一街', 18)
        """
        found = self._parsed.get(text or "")
        if found is None:
            found = self._parsed[text or ""] = self._parse(text)
        return found

    def _parse(self, text: str | None) -> Address:
        rest = POSTAL_CODE.sub("", folded(text))
        rest = NOTE.sub("", rest).replace(":", "")
        town = village = ""
        while True:
            before = rest
            rest = self._without_county(rest)
            found_town, rest = self._town(rest)
            found_village, rest = self._village(rest)
            town, village = found_town or town, found_village or village
            if rest == before:
                return self._street(rest, town, village)

    def _without_county(self, rest: str) -> str:
        for name in self._county:
            if rest.startswith(name):
                return rest[len(name) :]
        return rest if self._county else COUNTY.sub("", rest, count=1)

    def _town(self, rest: str) -> tuple[str, str]:
        for name in self.folded_towns:
            if rest.startswith(name):
                # 大寮区乡潮寮里: the class of other times stands behind the new one.
                return name, re.sub("^[乡镇市村](?!.?[路街])", "", rest[len(name) :])
        found = None if self.folded_towns else TOWN.match(rest)
        return (found.group(), rest[found.end() :]) if found else ("", rest)

    def _village(self, rest: str) -> tuple[str, str]:
        for length in range(min(8, len(rest)), 1, -1):
            if rest[:length] in self._villages and not ROAD_BEHIND.match(rest[length:]):
                return rest[:length], rest[length:]
        found = VILLAGE.match(rest)
        return (found.group(), rest[found.end() :]) if found else ("", rest)

    def _crossing(self, rest: str) -> str:
        """The second road of a crossing: 建国路/民生路口, 建国路民生路口, 建国路与民生路交叉口."""
        found = CROSSING.match(rest)
        if not found:
            return ""
        _, second = self._town(self._without_county(found.group(1)))
        return in_numerals(second)

    def _street(self, rest: str, town: str, village: str) -> Address:
        group, rest = _number(GROUP, rest)
        estate, rest = _text(ESTATE, rest)
        rest = rest.removeprefix(estate)
        road, rest = _road(rest)
        section, rest = _text(SECTION, rest) if road else ("", rest)
        lane, rest = _lane(rest)
        alley, rest = _number(ALLEY, rest)
        house = HOUSE.match(rest)
        number = sub_number = None
        if house:
            number, rest = number_of(house.group(1)), rest[house.end() :]
            sub_number = next((number_of(part) for part in house.group(2, 4) if part), None)
        others = _other_numbers(house.group(3)) if house and house.group(3) else ()
        name = in_numerals(road + section)
        crossing = "" if house else self._crossing(rest)
        return Address(town, village, estate, group, name, lane, alley, number, sub_number, others, crossing, rest)


def _other_numbers(text: str) -> tuple[int, ...]:
    """The house numbers of a list such as 、188 or 及12之1: the first of each, sub-numbers left out."""
    found = (re.match(NUMBER, part) for part in re.split("[、,.及至]", text))
    values = [number_of(part.group()) for part in found if part]
    return tuple(value for value in values if value is not None)


def _road(rest: str) -> tuple[str, str]:
    """The road, or the named lane or hamlet that stands in its place."""
    for pattern in (NAMED_LANE, ROAD, LOCALITY):
        found = pattern.match(rest)
        if found:
            return found.group(), rest[found.end() :]
    return "", rest


def _text(pattern: re.Pattern[str], rest: str) -> tuple[str, str]:
    found = pattern.match(rest)
    return (found.group(), rest[found.end() :]) if found else ("", rest)


def _number(pattern: re.Pattern[str], rest: str) -> tuple[int | None, str]:
    found = pattern.match(rest)
    return (number_of(found.group(1)), rest[found.end() :]) if found else (None, rest)


def _lane(rest: str) -> tuple[str, str]:
    """The lane's number as digits (5-1 for 五之一), or its name."""
    found = LANE.match(rest)
    if not found:
        return "", rest
    return re.sub(NUMBER, lambda part: str(number_of(part.group())), found.group(1)).replace("之", "-"), rest[found.end() :]
