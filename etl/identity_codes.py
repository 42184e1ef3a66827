"""Check digits and forms of the codes that offices use: credit code, organisation code, region code, Taiwan's business number."""

from __future__ import annotations

import re

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z."""
CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11714-1997."""
BUSINESS_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
"""Taiwan's 統一編號: divisible by 5 since April 2023, by 10 before; the wider rule holds for both."""
REGION = re.compile(r"[1-9]\d{5}(\d{3}(\d{3})?)?")


def is_credit_code(text: str) -> bool:
    """Whether a text is a unified social credit code with the right check digit (GB 32100-2015).

    >>> is_credit_code("91350100M000100Y43"), is_credit_code("91350100M000100Y44")
    (True, False)
    """
    if len(text) != 18 or any(character not in CREDIT_ALPHABET for character in text):
        return False
    total = sum(CREDIT_ALPHABET.index(character) * weight for character, weight in zip(text, CREDIT_WEIGHTS))
    return CREDIT_ALPHABET[-total % 31] == text[17]


def is_organisation_code(text: str) -> bool:
    """Whether a text is an organisation code with the right check digit (GB 11714-1997), hyphen allowed.

    >>> is_organisation_code("M000100Y4"), is_organisation_code("M000100Y-4"), is_organisation_code("M000100Y5")
    (True, True, False)
    """
    plain = text[:8] + text[9:] if len(text) == 10 and text[8] == "-" else text
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", plain):
        return False
    total = sum(int(character, 36) * weight for character, weight in zip(plain, ORGANISATION_WEIGHTS))
    return "0123456789X0"[11 - total % 11] == plain[8]


def is_region_code(text: str) -> bool:
    """Whether a text has the form of a region code: 6, 9 or 12 digits (GB/T 2260, GB/T 10114).

    Codes change every year, so the list itself is no part of this test.

    >>> is_region_code("510521"), is_region_code("510521104"), is_region_code("000521"), is_region_code("51052")
    (True, True, False, False)
    """
    return REGION.fullmatch(text) is not None


def is_business_number(text: str) -> bool:
    """Whether a text is a Taiwan business number (統一編號): eight digits, the last of them a check digit.

    Each digit times its weight, the digits of the products added up, must be divisible by 5. A seventh digit of 7 gives
    28, 2 + 8 = 10: there 1 and 0 both count.

    >>> is_business_number("04595257"), is_business_number("10458575"), is_business_number("04595258")
    (True, True, False)
    """
    if not re.fullmatch(r"[0-9]{8}", text):
        return False
    total = sum(sum(divmod(int(character) * weight, 10)) for character, weight in zip(text, BUSINESS_WEIGHTS))
    return total % 5 == 0 or (text[6] == "7" and (total + 1) % 5 == 0)
