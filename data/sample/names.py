"""Fictional names and codes: villages, firms, people, credit codes with right check digits."""

from __future__ import annotations

from data.sample.noise import Rng
from data.sample.towns import COUNTY_CODE

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z."""
CREDIT_WEIGHTS = [pow(3, place, 31) for place in range(17)]
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

VILLAGE_FIRST = (
    "松柏槐柳桐杉楠桂梅荷莲菱芦桃李杏枣栗茶麻稻谷金银铜铁石砂泥溪泉塘堰井湾沱坝坪坡岗"
    "岭垭峰岩洞竹篁鹤鹭雁燕鹰牛马羊鹿龙凤"
)
VILLAGE_SECOND = "林树坡湾沟坪坝塘堰井桥庙寺观店铺场垭岭岗山岩洞溪泉河滩渡口门墙院屋坎田埂圩冲坳台"
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史"
    "顾侯邵孟龙万段"
)
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红建文辉力永健世广志义兴良海"
    "山仁波宁贵福生元全国胜学祥才发武新利清飞彬富顺信子晨睿博雅"
)
FIRM_WORDS = (
    "沧云石鹤鹭青萝双枫龙竹望溪汇台恒嘉瑞鑫宏泰安达远大润丰源隆昌盛康宁诚信德义仁和同"
    "创新锐捷腾飞翔宇天地海川岳峰岭松柏梅兰菊竹华夏禾谷穗"
)


def village_names(rng: Rng, count: int) -> list[str]:
    """Distinct names of villages."""
    names: dict[str, None] = {}
    while len(names) < count:
        first, second = (
            VILLAGE_FIRST[rng.integers(len(VILLAGE_FIRST))],
            VILLAGE_SECOND[rng.integers(len(VILLAGE_SECOND))],
        )
        if first != second:
            names[f"{first}{second}村"] = None
    return list(names)


def person_name(rng: Rng) -> str:
    """A person's name."""
    given = "".join(GIVEN[i] for i in rng.integers(len(GIVEN), size=rng.integers(1, 3)))
    return SURNAMES[rng.integers(len(SURNAMES))] + given


def firm_words(rng: Rng, count: int) -> list[str]:
    """Distinct two-character trade names."""
    pairs = rng.permutation(len(FIRM_WORDS) ** 2)
    words: dict[str, None] = {}
    for pair in pairs:
        first, second = FIRM_WORDS[pair // len(FIRM_WORDS)], FIRM_WORDS[pair % len(FIRM_WORDS)]
        if first != second:
            words[first + second] = None
        if len(words) == count:
            break
    return list(words)


def organisation_check(body: str) -> str:
    """Check character of the eight characters of an organisation code, GB 11714.

    >>> organisation_check("M000100Y")
    '4'
    """
    rest = 11 - sum(int(char, 36) * weight for char, weight in zip(body, ORGANISATION_WEIGHTS)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


def credit_check(body: str) -> str:
    """Check character of the seventeen characters of a unified social credit code, GB 32100-2015.

    >>> credit_check("91350100M000100Y4")
    '3'
    """
    total = sum(CREDIT_ALPHABET.index(char) * weight for char, weight in zip(body, CREDIT_WEIGHTS))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def credit_code(number: int, *, is_person_business: bool = False) -> str:
    """Credit code with valid check characters, the county's reserved region and a body that begins with MAX9.

    >>> credit_code(1)
    '91999901MAX900013R'
    """
    digits = ""
    for _ in range(4):
        number, digit = divmod(number, len(CREDIT_ALPHABET))
        digits = CREDIT_ALPHABET[digit] + digits
    organisation = "MAX9" + digits
    body = (
        ("92" if is_person_business else "91") + COUNTY_CODE + organisation + organisation_check(organisation)
    )
    return body + credit_check(body)
