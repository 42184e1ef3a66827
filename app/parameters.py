"""Reads values out of requests: each is checked against its range, and named when it is wrong."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from app.errors import RequestError
from app.texts import LANGUAGES, Bilingual, DataText, Text, listed

LONGEST_TEXT = 200
DIGITS = re.compile(r"[0-9]{1,9}", re.ASCII)
UNUSABLE = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def whole_number(field: str, text: str | None, *, least: int = 0, most: int = 10**9 - 1) -> int:
    """A decimal number without sign, between two bounds that are allowed themselves."""
    if text is None or not DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise RequestError(field, Text("应为 {least} 至 {most} 的整数", least=least, most=most))
    return int(text)


def number(field: str, value: Any, *, least: float, most: float) -> float:
    """A finite number, as text or as JSON gives it, between two bounds that are allowed themselves."""
    try:
        found = math.nan if isinstance(value, bool | None) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not least <= found <= most:
        raise RequestError(field, Text("应为 {least:g} 至 {most:g} 的数", least=least, most=most))
    return found


def plain_text(field: str, value: Any, *, longest: int = LONGEST_TEXT) -> str:
    """Text of a bounded length without control characters; blanks around it are dropped."""
    if not isinstance(value, str) or UNUSABLE.search(value):
        raise RequestError(field, Text("应为不含控制字符的文字"))
    if len(value) > longest:
        raise RequestError(field, Text("最多 {longest} 个字符", longest=longest))
    return value.strip()


def flag(field: str, value: Any) -> bool:
    """True or false, as JSON writes them."""
    if not isinstance(value, bool):
        raise RequestError(field, Text("应为 true 或 false"))
    return value


def choice(field: str, value: Any, among: Collection[str]) -> str:
    """One of some words."""
    if not isinstance(value, str) or value not in among:
        words = ", ".join(among)
        raise RequestError(field, Text("应为其中之一:{known}", known=words))
    return value


def named_choice(field: str, value: Any, among: Mapping[str, Bilingual]) -> str:
    """One of some codes; a wrong one is answered with each code beside the name that people know it by."""
    if not isinstance(value, str) or value not in among:
        named = DataText(*(listed(f"{code} {title[lang]}" for code, title in among.items())[lang] for lang in LANGUAGES))
        raise RequestError(field, Text("应为其中之一:{known}", known=named))
    return value


def json_object(body: bytes, known: Collection[str], required: Collection[str] = ()) -> dict[str, Any]:
    """The JSON object of a request's body; unknown and missing keys are named.

    NaN and infinities, which JSON does not have, repeated keys and bottomless nesting are refused too.
    """
    try:
        found = json.loads(body, parse_constant=_no_such_number, object_pairs_hook=_without_repeats)
    except RecursionError:
        raise RequestError("body", Text("嵌套过深")) from None
    except ValueError as error:
        raise RequestError("body", Text("不是正确的 JSON({error})", error=error)) from error
    if not isinstance(found, dict):
        raise RequestError("body", Text("应为 JSON 对象"))
    for key in found:
        if key not in known:
            name = plain_text("body", key[:40] if not UNUSABLE.search(key) else "?")
            raise RequestError(name, Text("没有这个字段;可用:{known}", known=", ".join(known)))
    for key in required:
        if key not in found:
            raise RequestError(key, Text("缺少此项"))
    return found


def _no_such_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found
