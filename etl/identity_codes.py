"""Check digits and forms of the codes that offices use: credit code, organisation code, region code."""

from __future__ import annotations

import re

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: no I, O, S, V, Z."""
CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
"""GB 11714-1997."""
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
