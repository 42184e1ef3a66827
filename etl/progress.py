"""What a long run tells of itself while it goes on, to a command line or to a job on the page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Callable, TypeVar

from layers.errors import CancelledError

Result = TypeVar("Result")
BETWEEN_STEPS_S = 1.0


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


def watched(
    progress: Progress, step: Step, work: Callable[[], Result], *, stop: Callable[[], object] = lambda: None
) -> Result:
    """The result of one long piece of work that cannot tell of itself; its step is told every second meanwhile.

    The work runs in a thread of its own. Where `progress` takes the run back, `stop` is called once, the work is
    waited for, and the cancellation goes on up; what the work still made or raised is dropped.
    """
    if progress is silent:
        return work()
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(work)
        try:
            progress(step)
            while not wait([running], timeout=BETWEEN_STEPS_S).done:
                progress(step)
        except CancelledError:
            stop()
            wait([running])
            raise
        return running.result()
