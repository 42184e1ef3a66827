"""Which scripts a page will ask for: told in its head, so that the browser fetches them at once and not one after another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

SCRIPTS_DIR = Path(__file__).parent / "static" / "js"
STATIC_DIR = SCRIPTS_DIR.parent
IMPORT = re.compile(r'^(?:import|export)\b[^"]*?\bfrom "\./([a-z_]+\.js)";', re.MULTILINE | re.DOTALL)


@cache
def scripts_of(entry: str, folder: Path = SCRIPTS_DIR) -> tuple[str, ...]:
    """Names of every script that a script imports, itself first, each once.

    What a script fetches later by ``import()`` is not among them.

    >>> scripts_of("texts.js")
    ('texts.js', 'api.js')
    """
    found: dict[str, None] = {entry: None}
    waiting = [entry]
    while waiting:
        text = (folder / waiting.pop(0)).read_text(encoding="utf-8")
        new = [name for name in IMPORT.findall(text) if name not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return tuple(found)


def scripts_of_page(entry: str, language: str) -> tuple[str, ...]:
    """Names of every script that a page needs for its first view: those of its entry, and the words of its language."""
    return (*scripts_of(entry), f"texts_{language}.js")


@cache
def static_files(folder: Path = STATIC_DIR) -> Mapping[str, bytes]:
    """What the served files of our own hold, by their paths below ``static/``.

    Read once a process (some 1.3 MB) and kept: what is written to the disk later belongs to another version, and to its server.
    """
    return read_static_files(folder)


def read_static_files(folder: Path = STATIC_DIR) -> dict[str, bytes]:
    """What the files of a folder hold now, by their paths below it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@cache
def static_version(folder: Path = STATIC_DIR) -> str:
    """What the served files of our own held when this process read them, as one hash of 16 digits."""
    return version_of(static_files(folder))


def version_of(files: Mapping[str, bytes]) -> str:
    """What files hold, as one hash of 16 digits."""
    held = hashlib.sha256()
    for name, content in files.items():
        held.update(f"{name}\0".encode() + hashlib.sha256(content).digest())
    return held.hexdigest()[:16]
