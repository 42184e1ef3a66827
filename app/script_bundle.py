"""The scripts of the map page as few files, made by esbuild out of our modules once for what they hold.

A browser spends more time on asking for fifty small scripts than on reading them. The other pages are served their modules as they are.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from app.page_language import LANGUAGES
from app.script_graph import (
    SCRIPTS_DIR,
    read_static_files,
    scripts_of,
    static_version,
    version_of,
)
from layers.errors import AtlasError

ENTRY = "map_page.js"
FOLDER = "scripts"
"""Below the home, a folder for each version of the files: not of those that a server without rights may write to."""
BUNDLE = "bundle/"
"""What the addresses of its files begin with, behind the version."""
VERSION = re.compile(r"[0-9a-f]{16}")
N_KEPT = 3
"""Versions: a page that stood open while the server was renewed still finds its parts."""
TOLD = "outputs.json"
STALE_S = 3600
"""After so long what a killed process left half-made is taken away."""
OPTIONS = (
    "--bundle", "--splitting", "--format=esm", "--target=es2022", "--charset=utf8", "--external:/vendor/*", "--tsconfig-raw={}",
    "--minify-whitespace", "--minify-syntax",  # names stay: what a browser reports can be found in the modules
    "--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]", "--log-level=warning",
)  # fmt: skip


class ScriptBundleError(AtlasError):
    """The bundle cannot be made; the message says why."""


@dataclass(frozen=True)
class ScriptBundle:
    """Files of the map page below ``static/``: those that it needs at once, the entry first, and the words of each language.

    `held` is what every file of the bundle holds, by its path: a server gives its own version whatever becomes of the home's.
    """

    at_once: tuple[str, ...]
    words: Mapping[str, str]
    held: Mapping[str, bytes] = field(default_factory=dict)

    def first_view(self, language: str) -> tuple[str, ...]:
        """What the first view needs in a language (``zh`` or ``en``)."""
        return (*self.at_once, self.words[language])


def modules() -> ScriptBundle:
    """The modules themselves, where there is no bundle: the page works alike, and begins later."""
    names = (ENTRY, *scripts_of("main.js"))
    return ScriptBundle(tuple(f"js/{name}" for name in names), {language: f"js/texts_{language}.js" for language in LANGUAGES})


def bundle_folder(home: Path, version: str) -> Path:
    """Where the bundle of a version of our files stands."""
    return home / FOLDER / version


@cache
def script_bundle(home: Path, front_end_dir: Path) -> ScriptBundle:
    """The bundle of what our scripts held when this process read them, made where it is not there yet (some 50 ms).

    Raises
    ------
    ScriptBundleError
        esbuild is not installed, refuses a script, the scripts have changed since, or the home cannot be written to.
    """
    folder = bundle_folder(home, static_version())
    try:
        if not folder.is_dir():
            _make(folder, front_end_dir)
        outputs = json.loads((folder / TOLD).read_text(encoding="utf-8"))["outputs"]
        held = {f"{BUNDLE}{path.name}": path.read_bytes() for path in folder.glob("*.js")}
    except OSError as error:
        raise ScriptBundleError(f"the scripts of the map page cannot be bundled below {home / FOLDER}: {error}") from error
    return _told(outputs, held)


def _make(folder: Path, front_end_dir: Path) -> None:
    """Make the bundle beside its place and move it there whole; of two that make it at once the first stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as making:
        made = Path(making) / folder.name
        _run_esbuild(made, front_end_dir)
        if version_of(read_static_files()) != folder.name:
            raise ScriptBundleError("the scripts of the map page have changed since this server was started; start it again")
        for path in (folder.parent, made, *made.iterdir()):  # a server without rights reads them, whatever the mask of who made them
            path.chmod(0o755 if path.is_dir() else 0o644)
        try:
            os.rename(made, folder)
        except OSError:
            if not folder.is_dir():
                raise
    _tidy(folder.parent)


def _tidy(parent: Path) -> None:
    """Leave the newest versions, and nothing half-made."""
    found = sorted((path for path in parent.iterdir() if not path.is_symlink()), key=lambda path: path.stat().st_mtime)
    versions = [path for path in found if VERSION.fullmatch(path.name)]
    halves = [path for path in found if path.name.startswith(".new-") and path.stat().st_mtime < time.time() - STALE_S]
    for old in (*versions[:-N_KEPT], *halves):
        shutil.rmtree(old, ignore_errors=True)


def _run_esbuild(made: Path, front_end_dir: Path) -> None:
    program = next(iter(sorted(front_end_dir.glob("@esbuild/*/bin/esbuild"))), None)
    if program is None:
        raise ScriptBundleError(f"esbuild is missing in {front_end_dir}; run ./riskatlas --help, which installs the front-end packages")
    command = [str(program), str(SCRIPTS_DIR / ENTRY), *OPTIONS, f"--outdir={made}", f"--metafile={made / TOLD}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ScriptBundleError(f"the scripts of the map page cannot be bundled: {done.stderr.strip()}")


def _told(outputs: Mapping[str, Any], held: Mapping[str, bytes]) -> ScriptBundle:
    """What esbuild says it has written: paths, what each imports at once, and from which script it was made."""
    by_name = {Path(path).name: told for path, told in outputs.items()}
    entry = _made_from(ENTRY, by_name)
    at_once = {entry: None}
    waiting = [entry]
    while waiting:
        imported = [Path(one["path"]).name for one in by_name[waiting.pop()]["imports"] if one["kind"] == "import-statement" and not one.get("external")]
        waiting += [name for name in imported if name not in at_once]
        at_once |= dict.fromkeys(imported)
    words = {language: f"{BUNDLE}{_made_from(f'texts_{language}.js', by_name)}" for language in LANGUAGES}
    return ScriptBundle(tuple(f"{BUNDLE}{name}" for name in at_once), words, held)


def _made_from(script: str, by_name: Mapping[str, Any]) -> str:
    return next(name for name, told in by_name.items() if Path(told.get("entryPoint", "")).name == script)
