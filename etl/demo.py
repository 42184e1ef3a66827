"""The whole way on the sample county: its delivered files, three deliveries, three published editions."""

from __future__ import annotations

import os
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, Callable

import sqlalchemy as sa

from etl.load import SourceResult, load_area_data
from etl.manifest import load_manifests
from etl.matching.search import match_register
from etl.places.search import place_register, placing_policies
from etl.postgis.migrate import migrate
from etl.progress import Progress, Step
from etl.publish import publish_edition
from etl.score import score_register, warm_up
from etl.status import status_of
from layers.catalog import load_catalog
from layers.store import Place

SAMPLE_SOURCES = Path(__file__).parents[1] / "data" / "sources" / "sample"


STEPS = ("load", "score", "publish")


def run_demo(
    place: Place,
    make_files: Callable[[Path], None],
    *,
    report: Callable[[str], None],
    describe: Callable[[SourceResult], str],
) -> dict[str, Any]:
    """Load, score and publish every delivery of the sample county that is not published yet.

    Parameters
    ----------
    make_files : writes the delivered files below a folder; does nothing when they are there.

    Returns
    -------
    The object of ``status --json`` with ``seconds`` of the first delivery made (load, score, publish),
    ``setup_s`` (installation and making the files) and ``deliveries``, the seconds of each.
    """
    started = time.perf_counter()
    folder = place.home / "sample"
    report("样例 sample: 生成合成县各部门报送文件")
    make_files(folder)
    migrate(place.engine)
    warm_up()
    setup_s = time.perf_counter() - started + float(os.environ.get("RISKATLAS_SETUP_S", "0") or 0)
    done = _published_labels(place.engine)
    deliveries = {}
    for delivery in sorted(path for path in folder.iterdir() if (path / "delivery.toml").exists()):
        if delivery.name in done:
            report(f"样例 sample: {delivery.name} 已发布")
            continue
        deliveries[delivery.name] = publish_delivery(place, delivery, report, describe)
    first = next(iter(deliveries.values()), {"load": 0.0, "score": 0.0, "publish": 0.0})
    catalog = load_catalog()
    return {**status_of(place.engine, catalog), "seconds": first, "setup_s": round(setup_s, 2), "deliveries": deliveries}


def _published_labels(engine: sa.Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(sa.text("SELECT label FROM ops.editions WHERE status = 'published'")).scalars())


def publish_delivery(
    place: Place, delivery: Path, report: Callable[[str], None], describe: Callable[[SourceResult], str]
) -> dict[str, float]:
    """One delivery from its files to a published edition; returns the seconds of each step."""
    catalog = load_catalog()
    report(f"样例 sample: {delivery.name}")
    told = _once_a_step(report)
    times = [time.perf_counter()]
    load_area_data(place.engine, catalog, SAMPLE_SOURCES, delivery, home=place.home,
                   report=lambda result: report(describe(result)))
    match_register(place.engine, catalog, progress=told)
    place_register(place.engine, catalog, policies=placing_policies(load_manifests(SAMPLE_SOURCES, catalog)[1]), progress=told)
    times.append(time.perf_counter())
    score_register(place.engine, catalog, home=place.home, progress=told)
    times.append(time.perf_counter())
    publish_edition(place.engine, catalog, home=place.home, progress=told)
    times.append(time.perf_counter())
    return {step: round(after - before, 2) for step, (before, after) in zip(STEPS, pairwise(times), strict=True)}


def _once_a_step(report: Callable[[str], None]) -> Progress:
    """A progress that reports the words of each step once."""
    shown = ""

    def told(step: Step) -> None:
        nonlocal shown
        if step.zh != shown:
            shown = step.zh
            report(f"  {step.zh} {step.en}")

    return told
