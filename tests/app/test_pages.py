"""Pages and the files they need: what is served, how long it is kept, and in which language."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import brotli
import pytest
from flask.testing import FlaskClient

from app.front_end_packages import (
    FOLDER,
    VENDOR_FILES,
    pack_packages,
    packed_form,
)
from app.script_graph import SCRIPTS_DIR, scripts_of_page, static_version

MOST_SCRIPT_BYTES = 450_000
"""What the first view may ask a network for, packed: ours, the map library and its worker."""


def test_map_page_is_html_and_kept_by_nobody(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/patrol", "/pipelines", "/pipelines/P1", "/pipelines/with/slash", "/pipelines/notices", "/pipelines/notices/new"])
def test_workspace_pages_have_the_frame_and_its_language(client: FlaskClient, path: str) -> None:
    answer = client.get(path, query_string={"lang": "en"})
    assert answer.status_code == 200
    assert 'lang="en"' in answer.text and 'id="workspaces"' in answer.text
    assert "<style" not in answer.text and " style=" not in answer.text


def test_language_of_the_address_is_kept(client: FlaskClient) -> None:
    assert "lang=en" in client.get("/?lang=en").headers["Set-Cookie"]
    assert "Set-Cookie" not in client.get("/?lang=<script>").headers


@pytest.mark.parametrize("name", VENDOR_FILES)
def test_front_end_packages_are_served_with_an_etag(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/vendor/{name}", buffered=True)
    assert answer.status_code == 200
    assert answer.mimetype in ("text/javascript", "text/css")
    again = client.get(f"/vendor/{name}", buffered=True, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", sorted(set(VENDOR_FILES) - {"maplibre-gl-shared.mjs"}))
def test_front_end_packages_go_as_the_set_up_packed_them(client: FlaskClient, name: str) -> None:
    plain, packed = (client.get(f"/vendor/{name}", headers={"Accept-Encoding": taken}, buffered=True) for taken in ("identity", "br"))
    assert packed.headers["Content-Encoding"] == "br" and "Accept-Encoding" in packed.headers["Vary"] and packed.mimetype == plain.mimetype
    assert packed.data == (FOLDER / (VENDOR_FILES[name] + ".br")).read_bytes()
    assert brotli.decompress(packed.data) == plain.data
    again = client.get(f"/vendor/{name}", headers={"Accept-Encoding": "br", "If-None-Match": packed.headers["ETag"]}, buffered=True)
    assert (again.status_code, packed.headers["ETag"] == plain.headers["ETag"]) == (304, False)


def test_packages_are_packed_once_and_again_when_they_are_new(tmp_path: Path) -> None:
    script, empty = (tmp_path / VENDOR_FILES[name] for name in ("maplibre-gl.mjs", "maplibre-gl-shared.mjs"))
    script.parent.mkdir(parents=True)
    script.write_text("let a = 1;\n" * 99)
    empty.touch()
    assert [made.name for made in pack_packages(tmp_path)] == ["maplibre-gl.mjs.br"]
    assert pack_packages(tmp_path) == []
    packed = packed_form(script)
    assert packed is not None
    later_s = packed.stat().st_mtime + 2
    script.write_text("let b = 2;\n" * 99)
    os.utime(script, (later_s, later_s))
    assert packed_form(script) is None
    assert brotli.decompress(pack_packages(tmp_path)[0].read_bytes()) == script.read_bytes()


def test_font_named_by_its_hash_is_kept_for_a_year(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    for name in ("AtlasSansSC-Bold.woff2", "AtlasSansSC-Bold.0123456789abcdef.woff2"):
        (tmp_path / "fonts" / name).write_bytes(b"wOF2")
    assert "immutable" in client.get("/fonts/AtlasSansSC-Bold.0123456789abcdef.woff2", buffered=True).headers["Cache-Control"]
    newest = client.get("/fonts/AtlasSansSC-Bold.woff2", buffered=True)
    assert (newest.headers["Cache-Control"], newest.mimetype) == ("no-cache", "font/woff2")
    assert client.get("/fonts/characters.0123456789abcdef.txt", buffered=True).status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_map_page_names_the_few_files_of_its_scripts_and_the_words_of_one_language(client: FlaskClient, language: str) -> None:
    told = client.get(f"/?lang={language}").text
    named = re.findall(rf'<link rel="modulepreload" href="/static/at/{static_version()}/bundle/([\w-]+\.js)">', told)
    assert len(named) < 8 and len(set(named)) == len(named)
    assert [name for name in named if name.startswith("texts_")] == [named[-1]] and named[-1].startswith(f"texts_{language}-")
    held = {name: client.get(f"/static/at/{static_version()}/bundle/{name}", buffered=True).text for name in named}
    imported = {name for text in held.values() for name in re.findall(r'(?:from|import)"\./([\w-]+\.js)"', text)}
    assert imported == set(named[1:-1])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_page_that_works_without_a_network_names_every_script_by_itself(client: FlaskClient, language: str) -> None:
    scripts = scripts_of_page("patrol_round_page.js", language)
    told = client.get(f"/patrol/1?lang={language}").text
    assert all(f"/static/js/{script}" in told for script in scripts)
    imported = {name for script in scripts for name in re.findall(r'from "\./(\w+\.js)"', (SCRIPTS_DIR / script).read_text(encoding="utf-8"))}
    assert imported == set(scripts) - {"patrol_round_page.js", f"texts_{language}.js"}


def test_every_script_that_comes_later_is_there() -> None:
    asked = {(script.name, name) for script in SCRIPTS_DIR.glob("*.js") for name in re.findall(r'import\("\./(\w+\.js)"\)', script.read_text(encoding="utf-8"))}
    assert {name for _, name in asked} >= {"tools.js", "details.js", "texts_zh.js", "texts_en.js"}
    assert [pair for pair in asked if not (SCRIPTS_DIR / pair[1]).is_file()] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_packed_scripts_of_the_first_view_are_at_most_450_kb(client: FlaskClient, language: str) -> None:
    addresses = re.findall(r'<link rel="modulepreload" href="([^"]+)">', client.get(f"/?lang={language}").text)
    addresses.append("/vendor/maplibre-gl-worker.mjs")
    answers = [client.get(address, headers={"Accept-Encoding": "br"}, buffered=True) for address in addresses]
    assert {answer.status_code for answer in answers} == {200}
    assert sum(len(answer.data) for answer in answers) <= MOST_SCRIPT_BYTES


def test_files_of_the_map_page_are_kept_for_a_year_under_the_address_of_what_they_hold(client: FlaskClient) -> None:
    named = set(re.findall(r'"(/static/at/[^"]+)"', client.get("/").text))
    assert len(named) > 10
    for address in named:
        answer = client.get(address, buffered=True)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True), address
    other = client.get("/static/at/0123456789abcdef/js/main.js", buffered=True)
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "no-cache")
    for path in ("0123456789abcdef/../../config.py", "0123456789abcdef/bundle/map_page.js", "../bundle/x.js", f"{static_version()}/bundle/../outputs.json"):
        assert client.get(f"/static/at/{path}").status_code == 404


def test_server_gives_the_version_it_began_with_whatever_is_written_later(client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def files() -> dict[str, bytes]:
        page = client.get("/").text
        assert "/bundle/" in page
        named = set(re.findall(r'"(/static/at/[^"]+)"', page))
        answers = {address: client.get(address, buffered=True) for address in named}
        assert {(answer.status_code, "immutable" in answer.headers["Cache-Control"]) for answer in answers.values()} == {(200, True)}
        return {address: answer.data for address, answer in answers.items()}

    before = files()
    shutil.rmtree(tmp_path / "scripts")
    monkeypatch.setattr(client.application, "static_folder", str(tmp_path))  # what the checkout holds now is another thing
    assert files() == before


def test_version_of_the_files_follows_what_they_hold(tmp_path: Path) -> None:
    versions = []
    for folder, text in (("a", "1"), ("b", "1"), ("c", "2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "main.js").write_text(text)
        versions.append(static_version(tmp_path / folder))
    assert versions[0] == versions[1] != versions[2]


def test_catalog_is_asked_for_at_once_where_the_address_wants_no_other(client: FlaskClient) -> None:
    wanted = '<link rel="preload" href="/api/layers"'
    assert wanted in client.get("/").text
    assert wanted not in client.get("/?bg=dark").text
