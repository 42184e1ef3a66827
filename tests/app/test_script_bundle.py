"""The bundle of the map page's scripts: made once for what they hold, whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.front_end_packages import FOLDER
from app.script_bundle import (
    N_KEPT,
    TOLD,
    ScriptBundleError,
    bundle_folder,
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
    held = {Path(script).name for name in bundle.at_once for script, told in outputs[name]["inputs"].items() if told["bytesInOutput"]}
    assert held == set(scripts_of("main.js"))
    assert "map_page" in bundle.at_once[0] and set(bundle.words) == {"zh", "en"}
    later = [path.name for path in folder.glob("*.js") if path.name not in bundle.first_view("zh") and path.name not in bundle.first_view("en")]
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


def test_missing_program_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ScriptBundleError, match="esbuild is missing"):
        script_bundle(tmp_path, tmp_path)
    assert list(bundle_folder(tmp_path, "x").parent.iterdir()) == []
