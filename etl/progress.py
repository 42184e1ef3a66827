"""What a long run tells of itself while it goes on, to a command line or to a job on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Step:
    """Where a run stands: what it does now, and how much of it is done where that can be counted."""

    zh: str
    en: str
    n_done: int | None = None
    n_total: int | None = None


Progress = Callable[[Step], None]
"""Called at every step, at least once in two seconds of work; it may raise `CancelledError`, and the run
leaves its transaction, so that nothing half-done stays."""


def silent(step: Step) -> None:
    """For runs that nobody watches."""
