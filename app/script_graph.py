"""Which scripts a page will ask for: told in its head, so that the browser fetches them at once and not one after another."""

from __future__ import annotations

import hashlib
import re
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
def static_version(folder: Path = STATIC_DIR) -> str:
    """What the served files of our own hold, as one hash of 16 digits; read once a process."""
    held = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        held.update(f"{file.relative_to(folder)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return held.hexdigest()[:16]
