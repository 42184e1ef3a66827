"""Folders below the home that the server and its worker write to, and how root's commands leave them usable.

A command run by root writes files of root. The server runs as an unprivileged user: it gets them when it is started, and
while it runs each command hands over what it wrote.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OWN_FOLDERS = ("cache",)
"""Folders that the server alone writes to."""
WORKER_FOLDERS = ("tiles", "sheets", "batches", "photos", "uploads", "returned", "sources", "files", "rasters", "fonts")
"""Folders that the server or its worker writes to, and a command run by root may have filled."""
ROOT_UID = 0


def give_to(home: Path, uid: int, gid: int) -> None:
    """Make the folders of the server, and give them with all that is in the worker's to a user."""
    for name in OWN_FOLDERS + WORKER_FOLDERS:
        (home / name).mkdir(parents=True, exist_ok=True)
        os.chown(home / name, uid, gid, follow_symlinks=False)
    for name in WORKER_FOLDERS:
        _give(home / name, uid, gid)


def hand_over(home: Path) -> None:
    """As root: what root wrote below the worker's folders gets the owner of its folder; where that is root, nothing changes."""
    if os.geteuid() != ROOT_UID:
        return
    for name in WORKER_FOLDERS:
        folder = home / name
        owner = folder.lstat() if folder.is_dir() else None
        if owner is not None and owner.st_uid != ROOT_UID:
            _give(folder, owner.st_uid, owner.st_gid)


def _give(folder: Path, uid: int, gid: int) -> None:
    """By open folders, never by path: their owner could put a link to another place into one meanwhile."""
    for handle, name in _entries(folder):
        with suppress(FileNotFoundError):  # the server goes on, and clears away
            found = os.stat(name, dir_fd=handle, follow_symlinks=False)
            if found.st_uid != uid and (found.st_nlink == 1 or not stat.S_ISREG(found.st_mode)):  # another name of a file may lie anywhere
                os.chown(name, uid, gid, dir_fd=handle, follow_symlinks=False)


def _entries(folder: Path) -> Iterator[tuple[int, str]]:
    for _, folders, files, handle in os.fwalk(folder, follow_symlinks=False):
        yield from ((handle, name) for name in (*folders, *files))
