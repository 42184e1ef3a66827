"""The bundle of the map page's scripts: made once for what they hold, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app import create_app
from app.front_end_packages import FOLDER
from app.script_bundle import (
    N_KEPT,
    TOLD,
    ScriptBundleError,
    bundle_folder,
    modules,
    script_bundle,
)
from app.script_graph import SCRIPTS_DIR, scripts_of, static_version


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    script_bundle.cache_clear()


def test_bundle_holds_what_the_first_view_imports_and_nothing_that_comes_later(tmp_path: Path) -> None:
    bundle = script_bundle(tmp_path, FOLDER)
    folder = bundle_folder(tmp_path, static_version())
    outputs = {Path(path).name: told for path, told in json.loads((folder / TOLD).read_text(encoding="utf-8"))["outputs"].items()}
    held = {Path(script).name for name in bundle.at_once for script, told in outputs[Path(name).name]["inputs"].items() if told["bytesInOutput"]}
    assert held == set(scripts_of("main.js"))
    assert "map_page" in bundle.at_once[0] and set(bundle.words) == {"zh", "en"}
    first = {Path(name).name for language in ("zh", "en") for name in bundle.first_view(language)}
    later = [path.name for path in folder.glob("*.js") if path.name not in first]
    assert {name.split("-")[0] for name in later} >= {"tools", "details"}
    assert sum(path.stat().st_size for path in folder.glob("*.js")) < sum(path.stat().st_size for path in SCRIPTS_DIR.glob("*.js"))


def test_second_process_takes_what_the_first_made(tmp_path: Path) -> None:
    first = script_bundle(tmp_path, FOLDER)
    script_bundle.cache_clear()
    assert script_bundle(tmp_path, tmp_path / "no packages") == first


def test_versions_before_stay_for_pages_that_are_open_the_oldest_go(tmp_path: Path) -> None:
    for age in range(1, N_KEPT + 2):
        old = bundle_folder(tmp_path, f"{age:016d}")
        old.mkdir(parents=True)
        os.utime(old, (1_000_000 - age, 1_000_000 - age))
    script_bundle(tmp_path, FOLDER)
    kept = sorted(path.name for path in bundle_folder(tmp_path, "x").parent.iterdir())
    assert kept == sorted([static_version(), f"{1:016d}", f"{2:016d}"])


def test_bundle_can_be_read_by_a_server_without_rights(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        script_bundle(tmp_path, FOLDER)
    finally:
        os.umask(before)
    folder = bundle_folder(tmp_path, static_version())
    assert {oct(path.stat().st_mode & 0o777) for path in (folder.parent, folder)} == {"0o755"}
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o644"}


def test_links_and_what_is_not_ours_are_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "other"
    parent = bundle_folder(tmp_path, "x").parent
    for number in range(N_KEPT + 2):
        (other / f"{number:016d}").mkdir(parents=True)
        (parent / f"mine{number}").mkdir(parents=True)
    (parent / f"{9:016d}").symlink_to(other)
    half = parent / ".new-abc"
    half.mkdir()
    os.utime(half, (1, 1))
    script_bundle(tmp_path, FOLDER)
    assert len(list(other.iterdir())) == N_KEPT + 2 and len(list(parent.glob("mine*"))) == N_KEPT + 2
    assert not half.exists()


def test_page_without_a_bundle_gets_the_modules(tmp_path: Path, database_url: str) -> None:
    client = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "FRONT_END_DIR": tmp_path}).test_client()
    told = client.get("/?lang=en").text
    assert f"/static/at/{static_version()}/js/map_page.js" in told and "bundle/" not in told
    assert {f"js/{name}" for name in scripts_of("main.js")} < set(modules().first_view("en"))


def test_scripts_that_changed_since_the_server_began_make_no_bundle_under_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.script_bundle.static_version", lambda: "0123456789abcdef")
    with pytest.raises(ScriptBundleError, match="start it again"):
        script_bundle(tmp_path, FOLDER)
    assert list(bundle_folder(tmp_path, "x").parent.iterdir()) == []


def test_missing_program_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ScriptBundleError, match="esbuild is missing"):
        script_bundle(tmp_path, tmp_path)
    assert list(bundle_folder(tmp_path, "x").parent.iterdir()) == []
