"""What the reader of sites says of a file: in each language, and nothing of where the server put the file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from app import site_files
from app.errors import RequestError
from app.site_files import UNEXPLAINED, sites_of_body, sites_of_file

CHINESE = re.compile(r"[\u3400-\u9fff]")
TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: no place in {folder}/a.csv\n'


@pytest.mark.parametrize(
    ("printed", "zh", "en"),
    [
        ("riskatlas: {folder}/a.csv: found no rows; expected some\n{folder}/a.csv 里没有数据。请检查\n", "a.csv 里没有数据。请检查", "a.csv: found no rows; expected some"),
        ("a warning\nriskatlas: {folder}/a.csv: no such datum\n", UNEXPLAINED, "a.csv: no such datum"),
        (TRACEBACK, UNEXPLAINED, "ValueError: no place in a.csv"),
        ("", UNEXPLAINED, "the reader ended without a word"),
    ],
)
def test_reason_is_told_in_each_language_without_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, zh: str, en: str
) -> None:
    said = printed.format(folder=tmp_path).encode()
    monkeypatch.setattr(site_files.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, b"", said))
    with pytest.raises(RequestError) as refused:
        sites_of_file(tmp_path / "a.csv", target="EPSG:4490")
    assert refused.value.message_zh == f"file:文件不能用作场址:{zh}"
    assert str(refused.value).endswith(f": {en}") and not CHINESE.search(str(refused.value))


def test_problem_that_is_none_of_the_file_is_told_in_chinese_too() -> None:
    with pytest.raises(RequestError) as refused:
        sites_of_body("a.csv", b"lon,lat\n120.03,30.05\n", target="EPSG:4490", crs="EPSG:0")
    assert "riskatlas-sites-" not in refused.value.message_zh + str(refused.value)
    assert CHINESE.search(refused.value.message_zh.split("场址:")[1]) and not CHINESE.search(str(refused.value))
