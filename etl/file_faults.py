"""Why a delivered file cannot be read, in plain Chinese that says what to do: rows of `file_faults.csv`, the first that fits.

Readers say what they found in English and in their libraries' words; the people who send files are told in theirs.
"""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

from layers.errors import SourceFileError

TABLE = Path(__file__).with_name("file_faults.csv")
UNKNOWN = "文件不能按确认的方式读取", "请用原软件重新导出,或重新识别并确认"
LONGEST_NAME = 80


@lru_cache(maxsize=1)
def file_faults() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Pattern of what a reader says, what that means, what to do; in the order in which they are tried."""
    with TABLE.open(encoding="utf-8", newline="") as lines:
        return tuple((re.compile(row["pattern"], re.DOTALL), row["found_zh"], row["advice_zh"]) for row in csv.DictReader(lines))


def told_zh(error: SourceFileError) -> str:
    """What is wrong with the file and what helps; in general words where no row of the table fits.

    >>> told_zh(SourceFileError("企业.csv", "no rows", "a heading and at least one row"))
    '文件里没有数据。请检查导出时是否选错了图层或范围,重新导出'
    """
    found, advice = _fitting(f"found {error.found}; expected {error.expected}")
    return f"{found}。{advice}"


def _fitting(said: str) -> tuple[str, str]:
    for pattern, found, advice in file_faults():
        fits = pattern.search(said)
        if fits:
            names = {name: (value or "").strip().replace("utf-8-sig", "UTF-8")[:LONGEST_NAME] for name, value in fits.groupdict().items()}
            return found.format(**names), advice
    return UNKNOWN
