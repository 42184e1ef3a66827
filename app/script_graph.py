"""Which scripts a page will ask for: told in its head, so that the browser fetches them at once and not one after another."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SCRIPTS_DIR = Path(__file__).parent / "static" / "js"
IMPORT = re.compile(r'^(?:import|export)\b[^"]*?\bfrom "\./([a-z_]+\.js)";', re.MULTILINE | re.DOTALL)


@cache
def scripts_of(entry: str, folder: Path = SCRIPTS_DIR) -> tuple[str, ...]:
    """Names of every script that a script imports, itself first, each once.

    >>> scripts_of("texts.js")
    ('texts.js', 'texts_en.js', 'texts_zh.js')
    """
    found: dict[str, None] = {entry: None}
    waiting = [entry]
    while waiting:
        text = (folder / waiting.pop(0)).read_text(encoding="utf-8")
        new = [name for name in IMPORT.findall(text) if name not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return tuple(found)
