"""What the commands of the loading side print is in both languages: Chinese words have English ones beside them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import etl.commands

FILES = sorted(Path(etl.commands.__path__[0]).glob("*.py"))
CHINESE, ENGLISH = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[A-Za-z]{2,}")


def texts(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, own words and inner expressions of every text that is printed."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("say", "click.echo", "lines.append"):
            for text in (node for given in call.args for node in ast.walk(given) if isinstance(node, ast.JoinedStr)):
                words = "".join(str(part.value) for part in text.values if isinstance(part, ast.Constant))
                inner = " ".join(ast.unparse(part) for part in text.values if isinstance(part, ast.FormattedValue))
                yield text.lineno, words, inner


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_chinese_words_have_english_ones_beside_them(file: Path) -> None:
    printed = list(texts(ast.parse(file.read_text(encoding="utf-8"))))
    assert [entry for entry in printed if CHINESE.search(entry[1]) and not ENGLISH.search(entry[1])] == []
    assert [line for line, _, inner in printed if len(re.findall(r"(?:reason|text|evidence|step|error)_zh'", inner)) > len(re.findall(r"(?:reason|text|evidence|step|error)_en'", inner))] == []
    assert [line for line, _, inner in printed if "['zh']" in inner and "['en']" not in inner] == []


def test_there_are_lines_to_look_at() -> None:
    assert sum(len(list(texts(ast.parse(file.read_text(encoding="utf-8"))))) for file in FILES) > 30
