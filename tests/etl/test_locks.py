"""Advisory locks: one number a purpose, or two programs that have nothing to do with each other wait for ever."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
ONE_LOCK_IN_TWO_PROGRAMS = {"WORKER_LOCK"}
"""The server asks whether the worker holds it."""


def test_every_lock_has_a_number_of_its_own() -> None:
    names = defaultdict(set)
    for folder in ("app", "etl", "layers"):
        for path in (ROOT / folder).rglob("*.py"):
            for name, number in re.findall(r"^([A-Z_]*LOCK) = ([0-9_]+)", path.read_text(encoding="utf-8"), re.MULTILINE):
                names[int(number)].add(name if name in ONE_LOCK_IN_TWO_PROGRAMS else f"{path.stem}.{name}")
    assert len(names) >= 7
    assert [sorted(found) for found in names.values() if len(found) > 1] == []
