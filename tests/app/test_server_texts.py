"""The server's own texts: each in the code in Chinese, in the catalog in English, and nowhere beside each other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask import render_template_string

from app import create_app
from app.errors import spoken
from app.texts import CATALOG, DataText, Text, TextIn
from layers.errors import InputError, UnknownLayerError

APP = Path(__file__).parents[2] / "app"
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff01-\uff5e]")
LATIN = re.compile(r"[a-z]{3}", re.IGNORECASE)
IDENTIFIER = re.compile(r"[a-z_.{}]+")
VALUES_OF_AN_INSTALLATION = ("config.py", "export/spec.py")
"""Defaults of settings of both languages, and the words by which a sheet for the public is told."""
WITHOUT_A_LANGUAGE = (
    "安全风险一张图 Risk Atlas", ">中文<", "地图需要浏览器允许运行脚本。The map needs scripts to be allowed in the browser.", "返回地图 Back to the map",
)  # fmt: skip
"""What pages say in both languages at once: name, switch of the language, a page without scripts, a server that failed."""
TEMPLATE_MARK = re.compile(r"%\((\w+)\)\w")
Key = tuple[str | None, str]


@pytest.fixture(scope="module")
def english() -> Catalog:
    with CATALOG.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def entries(english: Catalog) -> list[Message]:
    """The catalog's messages without its header."""
    return [message for message in english if message.id]


@pytest.fixture(scope="module")
def extracted() -> set[Key]:
    """Every message that Babel finds in the code and templates, with its context."""
    with (APP / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {**DEFAULT_KEYWORDS, "Text": None, "TextIn": ((1, "c"), 2)}
    return {(context, message) for _, _, message, _, context in extract_from_dir(APP, methods, options, keywords)}


def text_calls() -> Iterator[tuple[Key, set[str]]]:
    """Message and names of the values of every text in the code; a message that is no literal fails here."""
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Text", "TextIn"):
                said = [ast.literal_eval(argument) for argument in node.args]
                yield (said[0] if len(said) == 2 else None, said[-1]), {str(keyword.arg) for keyword in node.keywords}


def literals(node: ast.AST) -> Iterator[str]:
    """Literal text below a node, but for what a `Text` holds."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Text", "TextIn"):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


def own_text(node: ast.AST) -> str:
    """The text of a literal, formatted or not; empty for anything else."""
    return "".join(literals(node)) if isinstance(node, ast.Constant | ast.JoinedStr) else ""


def has_chinese(node: ast.AST) -> bool:
    return any(CHINESE.search(text) for text in literals(node))


def is_pair(node: ast.AST) -> bool:
    """Whether a node holds Chinese and English literals beside each other, or Chinese for one of two languages."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            texts = [own_text(part) for part in parts]
            return any(map(CHINESE.search, texts)) and any(LATIN.search(text) and not CHINESE.search(text) and not text.isupper() for text in texts)
        case ast.Call(args=parts) if not (isinstance(node.func, ast.Name) and node.func.id in ("Text", "TextIn")):
            texts = [own_text(part) for part in parts]
            is_english = [LATIN.search(text) and not CHINESE.search(text) and not IDENTIFIER.fullmatch(text) for text in texts]
            return any(map(CHINESE.search, texts)) and any(is_english)
        case ast.Dict(keys=keys, values=values):
            by_key = [(own_text(key) if key else "", value) for key, value in zip(keys, values, strict=True)]
            return any(key in ("zh", "en") or key.endswith(("_zh", "_en")) for key, value in by_key if has_chinese(value))
        case ast.If(test=test) | ast.IfExp(test=test):
            return any(text in ("zh", "en") for text in literals(test)) and has_chinese(node)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name.endswith(("_ZH", "_EN", "_zh", "_en")) and has_chinese(value)
    return False


@pytest.mark.parametrize("code", [
    '("浏览", "viewing")', 'f(x, "应为整数", f"must be {x}")', '{"title_zh": "风险"}', '{"zh": ("行", "列")}', 'NOTE_ZH = "试算"',
    'f"{x}图" if lang == "zh" else x', 'if lang == "en":\n    x = y\nelse:\n    x = "图"',
])  # fmt: skip
def test_pairs_of_every_kind_are_found(code: str) -> None:
    assert any(map(is_pair, ast.walk(ast.parse(code))))


def test_code_holds_no_chinese_beside_its_english() -> None:
    found = [
        f"{path.relative_to(APP)}:{node.lineno}"
        for path in sorted(APP.rglob("*.py")) if path.relative_to(APP).as_posix() not in VALUES_OF_AN_INSTALLATION
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if is_pair(node)
    ]  # fmt: skip
    assert found == []


def test_templates_hold_no_words_but_texts() -> None:
    for path in sorted((APP / "templates").glob("*.html")):
        text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"""\b(?:_|pgettext)\((?:"[^"]*"|'[^']*')""", "", text)
        for allowed in WITHOUT_A_LANGUAGE:
            text = text.replace(allowed, "")
        assert re.findall(r"[\u3400-\u9fff]+", text) == [], path.name
        assert "said(\"" not in text and "said('" not in text, path.name


def marks(text: str) -> set[str]:
    """Names between braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_catalog_holds_every_text_of_the_code_and_no_other(english: Catalog, extracted: set[Key]) -> None:
    held = {(message.context, message.id) for message in entries(english)}
    assert extracted - held == set(), "texts without an entry"
    assert held - extracted == set(), "entries that nothing uses"
    assert not english.obsolete


def test_every_text_has_an_english_one_without_chinese_signs(english: Catalog) -> None:
    wrong = [message.id for message in entries(english) if not message.string or message.fuzzy or CHINESE.search(message.string)]
    assert wrong == []


def test_every_text_is_chinese_in_the_code(extracted: set[Key]) -> None:
    assert [message for _, message in extracted if not CHINESE.search(message) and LATIN.search(message)] == []


def test_marks_of_both_languages_are_the_values_given(english: Catalog) -> None:
    """English may say more than the Chinese, never less; every value is said somewhere."""
    for (context, message), values in text_calls():
        if values:
            zh, en = marks(message), marks(english.get(message, context).string)
            assert zh <= en and en == values, message


def test_marks_of_templates_agree(english: Catalog) -> None:
    for message in entries(english):
        assert set(TEMPLATE_MARK.findall(message.id)) == set(TEMPLATE_MARK.findall(message.string)), message.id


def test_values_in_both_languages_are_said_in_the_same_one() -> None:
    role = DataText("制图{员}", "drawing {up}")
    text = Text("您没有“{role}”权限,可联系系统管理员(应急管理部门)", role=role)
    assert "“制图{员}”" in text.zh and "the role of drawing {up};" in text.en
    assert text.fields("note") == {"note_zh": text["zh"], "note_en": text["en"]}


def test_text_without_values_keeps_its_braces() -> None:
    assert Text("应为 {layer, id}").zh == "应为 {layer, id}"
    with pytest.raises(KeyError):
        Text("应为 {layer, id}")["fr"]


def test_context_tells_two_english_texts_apart() -> None:
    message = "只有危险类项目填写危险化学品"
    assert Text(message).en != TextIn("one", message).en and Text(message).zh == TextIn("one", message).zh


@pytest.mark.parametrize(("query", "cookie", "lang"), [("", "", "zh"), ("?lang=en", "", "en"), ("", "en", "en"), ("?lang=zh", "en", "zh"), ("?lang=fr", "", "zh")])
def test_templates_speak_the_language_of_the_page(tmp_path: Path, query: str, cookie: str, lang: str) -> None:
    server = create_app({"DATABASE_URL": "postgresql://nobody@localhost/nothing", "HOME": tmp_path})
    with server.test_request_context(f"/help{query}", headers={"Cookie": f"lang={cookie}"}):
        assert render_template_string("{{ _('没有找到') }}") == Text("没有找到")[lang]


STAND_ALONE = ("MissingError", "ConflictError", "BusyError")
"""Errors whose text is all that a person reads; that of a field comes after the field's name."""


def sentences() -> Iterator[str]:
    """English of the texts that stand alone: those of such errors, and all of the table of errors."""
    for path in APP.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        raised = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STAND_ALONE)
        for root in [tree] if path.name == "errors.py" else raised:
            for node in ast.walk(root):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Text":
                    yield Text(ast.literal_eval(node.args[0])).en


def test_english_that_stands_alone_begins_with_a_capital() -> None:
    found = list(sentences())
    assert len(found) > 70
    assert [text for text in found if text[:1].islower()] == []


def test_error_of_the_command_line_begins_as_a_sentence_in_an_answer() -> None:
    assert spoken(UnknownLayerError("x"), has_sentence=False) == "Unknown layer 'x'"
    assert spoken(InputError("policy", "is missing"), has_sentence=False) == "policy: is missing"
