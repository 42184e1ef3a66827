"""Keeps tiles compressed, in memory and on disk; each missing one is made once, whatever asks for it at the same time.

A tile of an edition never changes, so what is kept is never out of date.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import tempfile
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PACKING_LEVEL = 3
"""Of zlib: a tile of 30 kB is packed in half a millisecond, to within a tenth of what level 9 would give."""
N_LOCK_FILES = 64
ROUGH_WEIGHT = 300


@dataclass(frozen=True)
class Tile:
    """A tile: its gzip bytes, none for an empty one, and the strong ETag of its content."""

    packed: bytes
    etag: str

    @classmethod
    def of(cls, content: bytes) -> Tile:
        """The tile of a content; the same content gives the same bytes."""
        return cls.kept(gzip.compress(content, PACKING_LEVEL, mtime=0) if content else b"")

    @classmethod
    def kept(cls, packed: bytes) -> Tile:
        """The tile of bytes that were packed before."""
        return cls(packed, hashlib.sha256(packed).hexdigest()[:32])

    @property
    def content(self) -> bytes:
        """The bytes as they were made."""
        return gzip.decompress(self.packed) if self.packed else b""


EMPTY = Tile.of(b"")


class TileStore:
    """Keeps tiles in memory (bounded, those used of late) and on disk; makes each missing one once.

    Threads of this process wait for one maker, and so do other processes on the same folder. Whatever needs what another
    store of the same folder makes has `locks` of its own, or the two might wait for each other.
    """

    def __init__(self, folder: Path, *, memory_bytes: int, locks: str = ".locks") -> None:
        self.folder = folder
        self._locks = folder / locks
        self._memory_bytes = memory_bytes
        self._kept_bytes = 0
        self._kept: OrderedDict[str, Tile] = OrderedDict()
        self._lock = threading.Lock()
        self._at_work: dict[str, threading.Lock] = {}
        self.n_hits = self.n_from_disk = self.n_made = self.n_known_empty = 0

    def get(self, key: str, make: Callable[[], Tile]) -> Tile:
        """The tile of a key: from memory, from disk, or made; simultaneous misses wait for one maker.

        Parameters
        ----------
        key : str
            Path of the tile below the store's folder; built from checked parts alone.
        make : callable
            Makes the tile; what it raises reaches the caller, and the next one tries again.
        """
        if (tile := self.in_memory(key)) is not None:
            return tile
        with self._alone(key):
            if (tile := self.in_memory(key)) is not None:
                return tile
            tile = self._from_disk(key) or self._made(key, make)
            self._to_memory(key, tile)
            return tile

    def in_memory(self, key: str) -> Tile | None:
        """The tile of a key if this process holds it."""
        with self._lock:
            tile = self._kept.get(key)
            if tile is not None:
                self._kept.move_to_end(key)
                self.n_hits += 1
            return tile

    def _made(self, key: str, make: Callable[[], Tile]) -> Tile:
        """Make a tile and keep it, unless another process has done so meanwhile."""
        with self._alone_of_processes(key):
            tile = self._from_disk(key)
            if tile is None:
                tile = make()
                self.n_made += 1
                self._to_disk(key, tile)
            return tile

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._lock:
            lock = self._at_work.setdefault(key, threading.Lock())
        try:
            with lock:
                yield
        finally:
            with self._lock:
                if not lock.locked():
                    self._at_work.pop(key, None)

    @contextmanager
    def _alone_of_processes(self, key: str) -> Iterator[None]:
        """Hold the lock file of a key; where none can be written there is no other process to wait for."""
        path = self._locks / str(zlib.crc32(key.encode()) % N_LOCK_FILES)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            yield
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _to_memory(self, key: str, tile: Tile) -> None:
        with self._lock:
            self._kept_bytes -= _weight(key, self._kept.pop(key)) if key in self._kept else 0
            self._kept[key] = tile
            self._kept_bytes += _weight(key, tile)
            while self._kept_bytes > self._memory_bytes:
                old_key, old = self._kept.popitem(last=False)
                self._kept_bytes -= _weight(old_key, old)

    def _from_disk(self, key: str) -> Tile | None:
        try:
            packed = self._path(key).read_bytes()
        except OSError:
            return None
        self.n_from_disk += 1
        return Tile.kept(packed)

    def _to_disk(self, key: str, tile: Tile) -> None:
        """Keep the bytes, none for an empty tile; a disk that is full or closed costs speed, not the answer."""
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(tile.packed)
            os.replace(file.name, path)
        except OSError:
            return

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.gz"


def _weight(key: str, tile: Tile) -> int:
    """Bytes that a kept tile takes, the dictionary's own share included roughly."""
    return len(tile.packed) + len(key) + ROUGH_WEIGHT
