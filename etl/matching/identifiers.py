"""Numbers that name a legal person: told apart by kind, used only where their check digit is right."""

from __future__ import annotations

import re

from etl.identity_codes import is_credit_code
from etl.places.folding import folded

BUSINESS_NUMBER = re.compile(r"统一编号(\d{8})(?!\d)|^(\d{8})$")
BUSINESS_WEIGHTS = (1, 2, 1, 2, 1, 2, 4, 1)
"""財政部, 營利事業統一編號檢查碼邏輯修正說明: digit sums of the products, divisible by 5 since 2023."""


def legal_number(text: str | None) -> str | None:
    """The kind and value of the number in a text, None where there is none or its check digit is wrong.

    >>> legal_number("91999901MAX900013R"), legal_number("統一編號 75925335;股份有限公司"), legal_number("12345678")
    ('USCC:91999901MAX900013R', 'TWBN:75925335', None)
    """
    plain = folded(text)
    if is_credit_code(plain):
        return f"USCC:{plain}"
    found = BUSINESS_NUMBER.search(plain)
    number = next((group for group in found.groups() if group), "") if found else ""
    return f"TWBN:{number}" if number and is_business_number(number) else None


def is_business_number(number: str) -> bool:
    """Whether eight digits are a business number of Taiwan by their check digit.

    >>> is_business_number("04595257"), is_business_number("04595258")
    (True, False)
    """
    if not re.fullmatch(r"\d{8}", number, re.ASCII):
        return False
    products = [int(digit) * weight for digit, weight in zip(number, BUSINESS_WEIGHTS, strict=True)]
    total = sum(product // 10 + product % 10 for product in products)
    # A seventh digit of 7 gives the product 28, whose digit sum 10 counts as 1 or as 0.
    return total % 5 == 0 or (number[6] == "7" and (total + 1) % 5 == 0)
