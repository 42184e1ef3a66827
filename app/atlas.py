"""Atlases by town: what is to be drawn is collected from the edition; a job of the worker draws them page by page."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from app.atlas_pages import atlas_pages
from app.editions import EditionFacts
from app.errors import MissingError
from app.export.atlas import AtlasText, render_atlas
from app.export.words import written_date
from app.frames import Bounds, FrameMemory
from app.seen import facts_seen_by
from app.sheets import KEYS as SHEET_KEYS
from app.sheets import Sheet, file_stem, sheet_data, sheet_spec, whole_area
from app.texts import Text
from layers.catalog import Catalog
from layers.scoring.rules import read_rules

PAGES = ("towns", "rows")
"""What a request's pages are made of."""
KEYS = tuple(key for key in SHEET_KEYS if key not in ("extent", "center", "scale", "format", "turn_deg", "dpi", "kind")) + PAGES
FOLDER = "sheets"
"""Folder below the home that finished atlases are kept in."""
KEPT_DAYS = 30
SECONDS_A_DAY = 86_400.0
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class Given:
    """What an atlas is made from."""

    connection: sa.Connection
    facts: EditionFacts
    catalog: Catalog
    frames: FrameMemory
    home: Path | None = None


def make_atlas(given: Given, request: dict[str, Any], *, rules_version: str, address: str = "", told: Told = lambda done, of: None) -> Sheet:
    """An atlas as a request's body describes it (`KEYS`); ``towns`` are names or codes, all of them when absent;
    ``rows`` are features of a layer, a page each.

    Raises
    ------
    RequestError
        A value that cannot be, or a town or row that the edition does not have.
    """
    facts = given.facts
    box = list(facts.area["home"])
    spec = sheet_spec(
        facts, given.catalog, {key: value for key, value in request.items() if key not in PAGES} | {"extent": box, "format": "pdf"},
        rules_version=rules_version, address=address,
    )  # fmt: skip
    everywhere = whole_area(facts)
    data = sheet_data(given.connection, facts, given.catalog, given.frames, spec, [_wider(everywhere)], home=given.home)
    pages = atlas_pages(given.catalog, request, lambda layer_id: frame_of(given, layer_id))
    content = render_atlas(spec, data, pages, last_page(given, spec.lang, everywhere), told=told)
    return Sheet(content, "application/pdf", f"{file_stem(facts, spec.title)}.pdf")


def frame_of(given: Given, layer_id: str) -> pd.DataFrame | None:
    """A layer's features in and around the area, metric CRS; None for a layer that the edition does not have."""
    return given.frames.within(given.connection, given.facts, [layer_id], [_wider(whole_area(given.facts))]).get(layer_id)


def _wider(bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    more = 0.5 * max(east - west, north - south)
    return west - more, south - more, east + more, north + more


def last_page(given: Given, lang: str, everywhere: Bounds) -> AtlasText:
    """What the last page of an atlas tells: method, sources with their dates, and the names of everything that is not rated."""
    facts = given.facts
    shown = next(policy for policy in facts.policies if policy["id"] == facts.policy)
    notes = [shown.get(f"title_{lang}", ""), shown.get(f"note_{lang}", ""), facts.area.get(f"note_{lang}", "")]
    sources = [_source_line(source, lang) for source in facts.meta.get("sources", [])]
    frame = given.frames.within(given.connection, facts, ["risk_points"], [everywhere]).get("risk_points")
    names = [] if frame is None else sorted({str(name) for name in frame.loc[frame["level"] == "unrated", "name"] if name})
    return AtlasText(tuple(filter(None, notes)), tuple(sources), tuple(names))


def _source_line(source: dict[str, Any], lang: str) -> str:
    as_of = source.get("as_of")
    words = written_date(date.fromisoformat(as_of) if as_of else None, lang)
    title = source.get(f"title_{lang}") or source.get("title_zh") or source["source_id"]
    supplier = (source.get("supplier_en") if lang == "en" else None) or source.get("supplier") or "—"
    return f"{title} ({supplier}, {words})" if lang == "en" else f"{title}({supplier},{words})"


def atlas_job(
    engine: sa.Engine, catalog: Catalog, home: Path, told: Told, *, edition: int, request: dict[str, Any], address: str = "",
    roles: str = "admin",
) -> dict[str, Any]:
    """Make an atlas of a published edition for the worker, as some roles see it; the name of its file below the folder.

    Files older than `KEPT_DAYS` are removed first.
    """
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    forget_old(folder)
    with engine.connect() as connection:
        facts = facts_seen_by(connection, engine, catalog, edition=edition, roles=roles)
        given = Given(connection, facts, catalog, FrameMemory(catalog), home)
        sheet = make_atlas(given, request, rules_version=read_rules().version, address=address, told=told)
    name = f"{time.time_ns():x}.pdf"
    part = folder / f"{name}.part"
    part.write_bytes(sheet.content)
    part.replace(folder / name)
    return {"file": name, "filename": sheet.filename, "n_bytes": len(sheet.content), "edition": edition, "request": request}


def forget_old(folder: Path, *, now: float | None = None) -> None:
    """Remove finished atlases older than `KEPT_DAYS`."""
    limit = (time.time() if now is None else now) - KEPT_DAYS * SECONDS_A_DAY
    for path in folder.glob("*.pdf*"):
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)


def kept_atlas(home: Path, name: str) -> Path:
    """A finished atlas by the name its job gave; raises `MissingError` where it was removed."""
    path = home / FOLDER / name
    if not name.removesuffix(".pdf").isalnum() or not path.is_file():
        raise MissingError(Text("图册已过保存期,请重新生成"))
    return path

