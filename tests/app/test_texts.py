"""The page's words: complete in both languages, and none of them in the scripts."""

from __future__ import annotations

import re
from pathlib import Path

from layers.catalog import load_catalog

APP = Path(__file__).parents[2] / "app"
SCRIPTS = APP / "static" / "js"
CATALOG_FILES = ("texts", "texts_data")
CATALOG_LINE = re.compile(r'^  (\w+): "(.*)",$', re.MULTILINE)
CHINESE = re.compile(r"[\u3400-\u9fff]")


def catalog(language: str) -> dict[str, str]:
    """Texts of a language by key."""
    found = [entry for file in CATALOG_FILES for entry in CATALOG_LINE.findall((SCRIPTS / f"{file}_{language}.js").read_text(encoding="utf-8"))]
    assert len(dict(found)) == len(found)
    return dict(found)


def page_files() -> list[Path]:
    """Scripts and templates, the catalogs of words left out."""
    scripts = [path for path in SCRIPTS.glob("*.js") if not path.stem.startswith("texts_")]
    return sorted([*scripts, *(APP / "templates").glob("*.html")])


def without_comments(text: str) -> str:
    """A script without its comments."""
    return re.sub(r"/\*.*?\*/|^\s*//.*$", "", text, flags=re.DOTALL | re.MULTILINE)


def test_both_languages_have_the_same_keys_and_values() -> None:
    zh, en = catalog("zh"), catalog("en")
    assert zh.keys() == en.keys()
    assert len(zh) > 100
    for key, text in zh.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", en[key])), key


def test_every_key_that_the_page_uses_exists() -> None:
    known = catalog("zh").keys()
    for path in page_files():
        text = path.read_text(encoding="utf-8")
        used = re.findall(r'\bt\("(\w+)"', text) + re.findall(
            r'data-(?:text|label|title|placeholder)="(\w+)"', text
        )
        assert set(used) <= known, path


def test_words_of_data_management_are_asked_for_by_its_pages_alone() -> None:
    own = dict(CATALOG_LINE.findall((SCRIPTS / "texts_data_zh.js").read_text(encoding="utf-8")))
    others = [path for path in page_files() if not path.stem.startswith("data")]
    assert len(own) > 200
    assert [path.name for path in others if own.keys() & set(re.findall(r"\w+", path.read_text(encoding="utf-8")))] == []


def test_english_words_have_no_chinese_characters() -> None:
    assert [key for key, text in catalog("en").items() if CHINESE.search(text)] == []


def test_scripts_hold_no_words_of_their_own() -> None:
    allowed = {"安 Aa", "内部使用", "公开"}
    for path in SCRIPTS.glob("*.js"):
        if path.stem.startswith("texts_"):
            continue
        literals = re.findall(r'"([^"\n]*)"', without_comments(path.read_text(encoding="utf-8")))
        assert {text for text in literals if CHINESE.search(text)} <= allowed, path


def test_no_layer_is_named_in_a_script_or_template() -> None:
    layers = {layer.id for layer in load_catalog()}
    for path in page_files():
        literals = re.findall(r"[\"'`]([a-z_]+)[\"'`]", without_comments(path.read_text(encoding="utf-8")))
        assert not layers & set(literals), path


def named_values(call: str) -> set[str]:
    """Names of the values in the object literal that follows ``t("key", {``, nested ones left out."""
    depth, names, word, is_value = 1, set(), "", False
    for sign in call:
        depth += (sign in "{([") - (sign in "})]")
        if depth == 0:
            break
        if depth == 1 and sign in ":,":
            if not is_value and word.strip().isidentifier():
                names.add(word.strip())
            is_value, word = sign == ":", ""
        elif not is_value:
            word += sign
    if not is_value and word.strip().isidentifier():
        names.add(word.strip())
    return names


def test_every_text_is_given_its_values() -> None:
    zh = catalog("zh")
    for path in page_files():
        script = path.read_text(encoding="utf-8")
        for found in re.finditer(r'\bt\("(\w+)", \{', script):
            if "..." in script[found.end() : found.end() + 120].split("}")[0]:
                continue  # a spread: what it holds is not written here
            wanted = set(re.findall(r"\{(\w+)\}", zh[found[1]]))
            assert wanted <= named_values(script[found.end() :]), f"{path.name}: {found[1]}"
