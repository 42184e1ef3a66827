"""How root starts a Python process without rights: as an unprivileged user, reaching code and packages by open folders.

Folders that the user could not reach by name (below a 0700 folder) are held open and named ``/proc/self/fd/<n>``; what is
in them must be readable by everybody.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etl.manifest import parts_of
from layers.errors import AtlasError

NOBODY = "nobody"
INPUT = "input"
"""Folder below the child's own that a file is copied to where it cannot be read in its place."""


@dataclass(frozen=True)
class Start:
    """How to start the child: its command up to the module's arguments, its environment, and what `Popen` needs more."""

    python: str
    environment: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    path: Path = Path()
    folder: Path = Path()


@contextmanager
def without_rights(code: Path, path: Path, folder: Path) -> Iterator[Start]:
    """Ways for a child that reads `path` and writes into `folder`, which becomes its own; for any user but root, his own.

    Raises
    ------
    AtlasError
        Root's code or Python cannot be read by anybody else.
    """
    if os.geteuid() != 0:
        yield Start(sys.executable, path=path, folder=folder)
        return
    user = pwd.getpwnam(NOBODY)
    base = Path(sys.base_prefix)
    with ExitStack() as held:
        own, python, packages = (_held(held, place) for place in (code, base, Path(sysconfig.get_path("purelib"))))
        given = path if _is_open_to_all(path) else _copied(path, folder / INPUT)
        os.chown(folder, user.pw_uid, user.pw_gid)
        interpreter = os.path.relpath(os.path.realpath(sys.executable), os.path.realpath(base))
        yield Start(
            f"{python}/{interpreter}",
            {"PYTHONHOME": python, "PYTHONPATH": f"{own}:{packages}", "HOME": str(folder), "NUMBA_CACHE_DIR": str(folder)},
            {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []},
            Path(_held(held, given.parent)) / given.name,
            Path(_held(held, folder, is_own=True)),
        )


def _held(held: ExitStack, folder: Path, *, is_own: bool = False) -> str:
    """A name for a folder that works for this process and its children while the stack is open."""
    if not is_own and not _everybody_may(folder, stat.S_IXOTH):
        raise AtlasError(f"{folder}: a file nobody vouches for is read without rights, which needs `chmod o+rx` here")
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    held.callback(os.close, handle)
    os.set_inheritable(handle, True)
    return f"/proc/self/fd/{handle}"


def _everybody_may(path: Path, right: int) -> bool:
    return bool(path.stat().st_mode & right)


def _is_open_to_all(path: Path) -> bool:
    """Whether anybody may read a dataset in its place; folders above it do not matter."""
    folders = {part.parent for part in parts_of(path)} | {path.parent}
    return all(_everybody_may(folder, stat.S_IXOTH) for folder in folders) and all(
        _everybody_may(part, stat.S_IROTH) for part in parts_of(path)
    )


def _copied(path: Path, folder: Path) -> Path:
    """A copy of a dataset that anybody may read."""
    folder.mkdir(mode=0o755)
    for part in parts_of(path):
        target = folder / part.relative_to(path.parent)
        for parent in (target.parent, *target.parent.parents):
            if parent.is_relative_to(folder) and not parent.exists():
                parent.mkdir(mode=0o755, parents=True)
        shutil.copyfile(part, target)
        target.chmod(0o644)
    return folder / path.name
