"""Publication: checks the draft, makes the map's fonts, then flips one row; readers see old or new, never half."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from etl.fonts import make_fonts
from etl.locks import EDITION_LOCK, held
from etl.preparations import PREPARATIONS
from etl.progress import Progress, Step, silent, watched
from etl.tile_covers import write_tile_covers
from layers.catalog import Catalog, Layer
from layers.errors import EditionError
from layers.store import edition_schema, seen_schema
from layers.tables import edition_table

INTERFACE_FOLDERS = (Path("app/templates"), Path("app/static"), Path("layers"))
INTERFACE_SUFFIXES = (".html", ".js", ".json", ".toml", ".csv")
KEPT_EDITIONS = 8
TILES = "tiles"
"""Folder below the home that holds kept tiles, one folder an edition."""

@dataclass(frozen=True)
class PublishResult:
    """The edition that is served now."""

    edition: int
    label: str
    seconds: float


@dataclass(frozen=True)
class Approval:
    """Who wants which draft published: the one that was looked at (`created_at`, ISO 8601, empty for any), and no other."""

    edition: int
    approved_by: str
    note: str = ""
    created_at: str = ""


def publish_edition(
    engine: sa.Engine, catalog: Catalog, *, home: Path, progress: Progress = silent, approval: Approval | None = None
) -> PublishResult:
    """Publish the newest draft.

    The name of `approval` is written with the deed, in one transaction: a draft that was not published bears none.

    Raises
    ------
    EditionError
        There is no draft, it is not whole, or it is not the one that was approved.
    """
    with held(engine, EDITION_LOCK):
        return _publish_newest(engine, catalog, home, progress, approval)


def newest_draft(engine: sa.Engine) -> int | None:
    """Number of the newest draft edition; None where there is none."""
    with engine.connect() as connection:
        return connection.execute(sa.text("SELECT max(edition) FROM ops.editions WHERE status = 'draft'")).scalar_one()  # type: ignore[no-any-return]


def _draft(connection: sa.Connection, approval: Approval | None) -> sa.Row[tuple[int, str]]:
    """Number and label of the draft to be published: the newest one."""
    given = {"created_at": approval.created_at if approval else ""}
    draft = connection.execute(
        sa.text("SELECT edition, label, created_at = coalesce(CAST(nullif(:created_at, '') AS timestamptz), created_at) AS is_seen "
                "FROM ops.editions WHERE status = 'draft' ORDER BY edition DESC LIMIT 1"), given,
    ).one_or_none()
    if draft is None and approval is None:
        raise EditionError("no draft edition: run `riskatlas score` first (nothing changed since the last one?)")
    if approval is not None and (draft is None or draft.edition != approval.edition or not draft.is_seen):
        raise EditionError(f"edition {approval.edition} is not the newest draft any more: look at the newest one, then publish that")
    return draft  # type: ignore[return-value]


def _publish_newest(
    engine: sa.Engine, catalog: Catalog, home: Path, progress: Progress, approval: Approval | None
) -> PublishResult:
    started = time.perf_counter()
    progress(Step("发布: 检查草稿", "publish: checking the draft"))
    with engine.connect() as connection:
        draft = _draft(connection, approval)
        _check_whole(connection, catalog, draft.edition)
        characters = interface_characters() | _edition_characters(connection, catalog, draft.edition)
    with ThreadPoolExecutor(max_workers=1) as beside:  # fonts are made by processes of their own
        fonts = beside.submit(make_fonts, home, characters)
        progress(Step("发布: 记录有内容的瓦片", "publish: noting which tiles hold anything"))
        with engine.begin() as connection:
            write_tile_covers(connection, catalog, draft.edition)
        for prepare in PREPARATIONS:
            prepare(engine, catalog, home, draft.edition, progress)
        watched(progress, Step("发布: 制作地图字体", "publish: fonts of the map"), fonts.result)
    with engine.begin() as connection:
        flipped = connection.execute(
            sa.text(
                "UPDATE ops.editions SET status = 'published', published_at = now(), "
                "published_by = coalesce(:by, published_by), publication_note = coalesce(:note, publication_note) "
                "WHERE edition = :edition AND status = 'draft'"
            ),
            {"edition": draft.edition, "by": approval.approved_by if approval else None, "note": approval.note if approval else None},
        )
        if flipped.rowcount != 1:
            raise EditionError(f"edition {draft.edition} changed while it was being published; run publish again")
    for edition in _retire_old(engine):
        shutil.rmtree(home / TILES / str(edition), ignore_errors=True)
    return PublishResult(draft.edition, draft.label, time.perf_counter() - started)


def _check_whole(connection: sa.Connection, catalog: Catalog, edition: int) -> None:
    """Every declared layer must have its table, and the edition its boundary and meta."""
    present = set(sa.inspect(connection).get_table_names(schema=edition_schema(edition)))
    wanted = {layer.id for layer in catalog if layer.has_table} | {"meta", "boundary", "rasters"}
    missing = sorted(wanted - present)
    if missing:
        raise EditionError(f"edition {edition} lacks {', '.join(missing)}; score again")


def interface_characters(root: Path = Path(__file__).parents[1]) -> set[str]:
    """Every character that the pages, the layers' titles and the rule tables can show."""
    found: set[str] = set()
    for folder in INTERFACE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in INTERFACE_SUFFIXES:
                found |= set(path.read_text(encoding="utf-8"))
    return {character for character in found if character.isprintable()}


def _edition_characters(connection: sa.Connection, catalog: Catalog, edition: int) -> set[str]:
    """Every character of the texts that the map may write: labels and names of drawn layers."""
    found: set[str] = set()
    for layer in catalog:
        names = _label_fields(layer) if layer.has_table else []
        table = edition_table(layer, 0, schema=edition_schema(edition)) if names else None
        for name in names:
            rows = connection.execute(sa.select(sa.func.string_agg(sa.distinct(table.c[name]), "")))  # type: ignore[union-attr]
            found |= set(rows.scalar_one_or_none() or "")
    return {character for character in found if character.isprintable()}


def _label_fields(layer: Layer) -> list[str]:
    labels = {layer.label, *layer.search} - {None}
    return [entry.name for entry in layer.fields if entry.type == "text" and (entry.tile or entry.name in labels)]


def _retire_old(engine: sa.Engine) -> list[int]:
    """Drop published editions beyond the newest eight that nobody pinned; their numbers."""
    with engine.begin() as connection:
        old = connection.execute(
            sa.text(
                "SELECT edition FROM ops.editions WHERE status = 'published' AND NOT is_pinned "
                "ORDER BY edition DESC OFFSET :kept"
            ),
            {"kept": KEPT_EDITIONS},
        ).scalars().all()
        for edition in old:
            for schema in [edition_schema(edition), *_seen_schemas(connection, edition)]:
                connection.execute(sa.schema.DropSchema(schema, cascade=True, if_exists=True))
            connection.execute(
                sa.text("UPDATE ops.editions SET status = 'retired' WHERE edition = :edition"), {"edition": edition}
            )
    return list(old)


def _seen_schemas(connection: sa.Connection, edition: int) -> list[str]:
    """Schemas in which the server keeps what some roles may see of an edition."""
    beginning = seen_schema(edition, "")
    return [name for name in sa.inspect(connection).get_schema_names() if name.startswith(beginning)]
