"""Pages and the files they need: what is served, how long it is kept, and in which language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.script_graph import SCRIPTS_DIR, scripts_of, static_version
from app.views.pages import VENDOR_FILES


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


def test_font_named_by_its_hash_is_kept_for_a_year(client: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    for name in ("AtlasSansSC-Bold.woff2", "AtlasSansSC-Bold.0123456789abcdef.woff2"):
        (tmp_path / "fonts" / name).write_bytes(b"wOF2")
    assert "immutable" in client.get("/fonts/AtlasSansSC-Bold.0123456789abcdef.woff2", buffered=True).headers["Cache-Control"]
    newest = client.get("/fonts/AtlasSansSC-Bold.woff2", buffered=True)
    assert (newest.headers["Cache-Control"], newest.mimetype) == ("no-cache", "font/woff2")
    assert client.get("/fonts/characters.0123456789abcdef.txt", buffered=True).status_code == 404


def test_map_page_names_every_script_it_will_ask_for(client: FlaskClient) -> None:
    told = client.get("/").text
    scripts = scripts_of("main.js")
    assert len(scripts) > 30 and len(set(scripts)) == len(scripts)
    assert all(f'<link rel="modulepreload" href="/static/at/{static_version()}/js/{name}">' in told for name in scripts)
    imported = {name for script in scripts for name in re.findall(r'from "\./(\w+\.js)"', (SCRIPTS_DIR / script).read_text(encoding="utf-8"))}
    assert imported == set(scripts) - {"main.js"}


def test_files_of_the_map_page_are_kept_for_a_year_under_the_address_of_what_they_hold(client: FlaskClient) -> None:
    named = set(re.findall(r'"(/static/at/[^"]+)"', client.get("/").text))
    assert len(named) > 30
    for address in named:
        answer = client.get(address, buffered=True)
        assert (answer.status_code, "immutable" in answer.headers["Cache-Control"]) == (200, True), address
    other = client.get("/static/at/0123456789abcdef/js/main.js", buffered=True)
    assert (other.status_code, other.headers["Cache-Control"]) == (200, "no-cache")
    assert client.get("/static/at/0123456789abcdef/../../config.py").status_code == 404


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
