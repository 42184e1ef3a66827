"""Lets in few at a time, in the order in which they came: answers that need a processor are not slowed by each other."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """At most so many at once in one process; who comes later waits for those who came before.

    Threads that work at the same time share the interpreter: each of eight then takes eight times as long, and who is
    unlucky much longer. One after the other, the first is ready at once and none waits longer than the queue.
    """

    def __init__(self, n_at_once: int) -> None:
        self._lock = threading.Lock()
        self._n_free = n_at_once
        self._waiting: deque[threading.Lock] = deque()

    @property
    def n_waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn, and hand it on at the end."""
        mine = self._queued()
        if mine is not None:
            mine.acquire()
        try:
            yield
        finally:
            self._hand_on()

    def _queued(self) -> threading.Lock | None:
        """A closed lock at the end of the queue, which is opened when its turn comes; None where there is no queue."""
        with self._lock:
            if self._n_free:
                self._n_free -= 1
                return None
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
            return mine

    def _hand_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._n_free += 1
