"""Which of our files a module runs: what decides a result, so that a change of any of it is noticed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("layers", "etl")
IMPORT = re.compile(
    rf"^[ \t]*(?:from[ \t]+((?:{'|'.join(PACKAGES)})(?:\.[\w.]+)?)[ \t]+import[ \t]+(\([^)]*\)|[^\n(]+)|import[ \t]+([^\n]+))", re.MULTILINE
)
COMMENT = re.compile("#[^\n]*")


@lru_cache(maxsize=64)
def code_files(module: str) -> tuple[Path, ...]:
    """The file of a module and of every module of ours that it imports, directly or not."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _file_of(name)
        if name in found or path is None:
            continue
        found[name] = path
        waiting += _imports(path)
    return tuple(found[name] for name in sorted(found))


@lru_cache(maxsize=2048)
def _file_of(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.exists()), None)


@lru_cache(maxsize=1024)
def _imports(path: Path) -> tuple[str, ...]:
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    """What statements of import name, wherever they stand; to parse a hundred files would take a fifth of a second."""
    for found in IMPORT.finditer(path.read_text(encoding="utf-8")):
        module, names, modules = found.groups()
        listed = [part.split()[0] for part in COMMENT.sub("", names or modules).strip("() \n").split(",") if part.strip()]
        if module:
            yield module
            yield from (f"{module}.{name}" for name in listed)
        else:
            yield from (name for name in listed if name.split(".")[0] in PACKAGES)
