"""One line of a benchmark: what was measured, beside whom, and whether both agree."""

from __future__ import annotations

import dataclasses
import statistics
import time
from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Measured:
    """A case of a benchmark; `ours` is the median over `repeats` in `unit`.

    `ratio` is peer over ours for times, ours over peer for rates: above 1 we lead; None without a peer.
    """

    bench: str
    case: str
    rows: int
    repeats: int
    ours: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    agree: bool | None = None

    def line(self) -> str:
        """The case for people."""
        beside = ""
        if self.peer and self.peer_value is not None and self.ratio is not None:
            beside = f"  {self.peer} {self.peer_value:.4g} {self.unit}  ratio {self.ratio:.2f}"
        elif self.peer:
            beside = f"  {self.peer}: not measured"
        return f"{self.bench:<8} {self.case:<44} {self.rows:>9} rows  {self.repeats:>4}x  {self.ours:.4g} {self.unit}{beside}"

    def as_dict(self) -> dict[str, object]:
        return dataclasses.asdict(self)


def seconds_of(work: Callable[[], object], repeats: int) -> list[float]:
    """Seconds of each repetition."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return times


def median(values: list[float]) -> float:
    return float(statistics.median(values))


def percentile(values: list[float], share_pct: float) -> float:
    """The value that `share_pct` of the values do not exceed."""
    ordered = sorted(values)
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * share_pct / 100))])
