"""Short addresses: a view of the map under a code of seven letters, given once for the same view."""

from __future__ import annotations

import re
import secrets
from urllib.parse import parse_qsl

import sqlalchemy as sa

from app import queries
from app.errors import BusyError, MissingError, RequestError
from app.texts import Text

KEYS = ("v", "l", "bg", "ed", "cmp", "sw", "f", "at", "flt", "t", "hx", "lang", "q", "pol")
"""Keys of the map page; what else stands in an address is not kept."""
LONGEST_QUERY = 2000
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that nobody takes for one another."""
CODE = re.compile(f"[{LETTERS}]{{7}}")
CODE_LENGTH = 7
A_MINUTE_S = 60
MOST_A_MINUTE = 60


def checked_query(text: str) -> str:
    """A query string of the map page as it is kept; raises `RequestError` for any other."""
    text = text.removeprefix("?")
    if not text or len(text) > LONGEST_QUERY:
        raise RequestError("query", Text("应为 1 至 {longest} 个字符", longest=LONGEST_QUERY))
    try:
        given = [key for key, _ in parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=len(KEYS))]
    except ValueError as error:
        raise RequestError("query", Text("不是地图页的地址参数")) from error
    unknown = sorted(set(given) - set(KEYS))
    if unknown or len(set(given)) != len(given):
        raise RequestError("query", Text("没有这些参数:{unknown}", unknown=", ".join(unknown)))
    return text


def keep_link(connection: sa.Connection, query: str) -> str:
    """The code of a view; made when it has none yet, not more than `MOST_A_MINUTE` a minute."""
    made = queries.run(connection, "links_of_late", {"seconds": A_MINUTE_S}).scalar_one()
    if made >= MOST_A_MINUTE:
        raise BusyError(Text("短链接生成过多,请一分钟后再试"))
    code = "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))
    return str(queries.run(connection, "keep_link", {"code": code, "query": query}).scalar_one())


def kept_query(connection: sa.Connection, code: str) -> str:
    """The view that a code stands for; raises `MissingError`."""
    found = queries.run(connection, "link", {"code": code}).scalar_one_or_none() if CODE.fullmatch(code) else None
    if found is None:
        raise MissingError(Text("没有短链接 {code}", code=code))
    return str(found)
