"""Sample county: one delivery's files to a published edition, in a database of its own."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

from data.sample import generate
from etl.demo import publish_delivery
from etl.postgis.cluster import cluster_for
from etl.postgis.migrate import migrate
from etl.score import warm_up
from layers.store import Place
from tests.benchmarks.result import Measured


@contextmanager
def published() -> Iterator[tuple[Place, dict[str, float], int]]:
    """The first delivery published in a database of its own, gone afterwards: the place, seconds of each step, rows read."""
    folder = Path(tempfile.mkdtemp(prefix="riskatlas-bench-"))
    folder.chmod(0o755)
    own = Place(folder, cluster_for(folder).ensure_running)
    try:
        generate(folder / "sample")
        migrate(own.engine)
        warm_up()
        rows: list[int] = []
        first = sorted(path for path in (folder / "sample").iterdir() if (path / "delivery.toml").exists())[0]
        seconds = publish_delivery(own, first, lambda text: None, lambda result: rows.append(result.counts.get("n_read", 0)) or "")
        yield own, seconds, sum(rows)
    finally:
        own.engine.dispose()
        cluster_for(folder).remove()
        shutil.rmtree(folder, ignore_errors=True)


def run(place: Place) -> Iterator[Measured]:
    """Load, score, publish the first delivery; files are made beforehand and not counted."""
    with published() as (_, seconds, n_rows):
        for step, taken in {**seconds, "files to edition": sum(seconds.values())}.items():
            yield Measured("county", step, n_rows, 1, taken, "s")
