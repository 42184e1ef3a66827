"""Many sites as a job of the worker: the sites wait in a file, the rows are kept in another until they are fetched as a table."""

from __future__ import annotations

import csv
import io
import json
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from app.errors import MissingError
from app.frames import FrameMemory
from app.seen import facts_seen_by
from app.site_batch import batch_rows, table_lines
from app.surroundings import SurroundingsMemory
from app.texts import Text
from layers.catalog import Catalog
from layers.scoring.rules import read_rules

KIND = "site_batch"
FOLDER = "batches"
KEPT_DAYS = 30
SECONDS_A_DAY = 86_400
AT_ONCE = 25
"""Sites between two looks at whether the job was cancelled."""
NAME_BYTES = 12
Told = Callable[[int, int], None]
"""Told how many sites are done, of how many; may raise to end the job."""


def keep_sites(home: Path, sites: Sequence[dict[str, Any]]) -> str:
    """Keep the sites of a batch that is asked for; the name that its job finds them by."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    name = secrets.token_hex(NAME_BYTES)
    _write(folder / f"{name}.sites.json", sites)
    return name


def batch_job(
    engine: sa.Engine, catalog: Catalog, home: Path, told: Told, *, edition: int, name: str, project_type: str = "", title: str = "",
    roles: str = "admin",
) -> dict[str, Any]:  # fmt: skip
    """Judge the sites of a batch by a published edition as some roles see it, and keep a row for each.

    Results older than `KEPT_DAYS` are removed first.

    Returns
    -------
    dict
        `n` sites, `n_refused` of them that could not be judged, and the number of each verdict.
    """
    forget_old(home)
    sites = _read(home, name, "sites")
    surroundings = SurroundingsMemory(FrameMemory(catalog), read_rules())
    rows: list[dict[str, Any]] = []
    with engine.connect() as connection:
        facts = facts_seen_by(connection, engine, catalog, edition=edition, roles=roles)
        for start in range(0, len(sites), AT_ONCE):
            told(start, len(sites))
            rows += batch_rows(connection, facts, surroundings, sites[start : start + AT_ONCE], project_type)
    kept = [{key: value for key, value in row.items() if key != "geometry"} for row in rows]
    _write(home / FOLDER / f"{name}.rows.json", kept)
    verdicts = Counter(row["verdict"]["id"] for row in kept if row["verdict"])
    return {"n": len(kept), "n_refused": sum(row["verdict"] is None for row in kept), "verdicts": dict(verdicts), "title": title}


def kept_rows(home: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a finished batch; raises `MissingError` where they were removed."""
    return _read(home, name, "rows")


def forget_old(home: Path, *, now: float | None = None) -> None:
    """Remove sites and rows older than `KEPT_DAYS`."""
    limit = (time.time() if now is None else now) - KEPT_DAYS * SECONDS_A_DAY
    for path in (home / FOLDER).glob("*.json*"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)


def batch_csv(rows: Sequence[dict[str, Any]], lang: str) -> bytes:
    """The rows as CSV that spreadsheets open; text that one would take for a formula stays text."""
    made = io.StringIO()
    csv.writer(made).writerows(table_lines(rows, lang))
    return made.getvalue().encode("utf-8-sig")


def _read(home: Path, name: str, part: str) -> list[dict[str, Any]]:
    path = home / FOLDER / f"{name}.{part}.json"
    if not name.isalnum() or not path.is_file():
        raise MissingError(Text("批量结果已过保存期,请重新上传"))
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    part.replace(path)
