"""Publication: checks the draft, makes the map's fonts, then flips one row; readers see old or new, never half."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from etl.fonts import make_fonts
from etl.locks import EDITION_LOCK, held
from etl.progress import Progress, Step, silent, watched
from layers.catalog import Catalog, Layer
from layers.errors import EditionError
from layers.store import edition_schema
from layers.tables import edition_table

INTERFACE_FOLDERS = (Path("app/templates"), Path("app/static"), Path("layers"))
INTERFACE_SUFFIXES = (".html", ".js", ".json", ".toml", ".csv")
KEPT_EDITIONS = 8


@dataclass(frozen=True)
class PublishResult:
    """The edition that is served now."""

    edition: int
    label: str
    seconds: float


def publish_edition(
    engine: sa.Engine, catalog: Catalog, *, home: Path, progress: Progress = silent
) -> PublishResult:
    """Publish the newest draft; raises `EditionError` when there is none or it is not whole."""
    with held(engine, EDITION_LOCK):
        return _publish_newest(engine, catalog, home, progress)


def _publish_newest(engine: sa.Engine, catalog: Catalog, home: Path, progress: Progress) -> PublishResult:
    started = time.perf_counter()
    progress(Step("发布: 检查草稿", "publish: checking the draft"))
    with engine.connect() as connection:
        draft = connection.execute(
            sa.text("SELECT edition, label FROM ops.editions WHERE status = 'draft' ORDER BY edition DESC LIMIT 1")
        ).one_or_none()
        if draft is None:
            raise EditionError("no draft edition: run `riskatlas score` first (nothing changed since the last one?)")
        _check_whole(connection, catalog, draft.edition)
        characters = interface_characters() | _edition_characters(connection, catalog, draft.edition)
    step = Step("发布: 制作地图字体", "publish: fonts of the map")
    watched(progress, step, lambda: make_fonts(home, characters))
    with engine.begin() as connection:
        flipped = connection.execute(
            sa.text(
                "UPDATE ops.editions SET status = 'published', published_at = now() "
                "WHERE edition = :edition AND status = 'draft'"
            ),
            {"edition": draft.edition},
        )
        if flipped.rowcount != 1:
            raise EditionError(f"edition {draft.edition} changed while it was being published; run publish again")
    _retire_old(engine)
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


def _retire_old(engine: sa.Engine) -> None:
    """Drop published editions beyond the newest eight that nobody pinned."""
    with engine.begin() as connection:
        old = connection.execute(
            sa.text(
                "SELECT edition FROM ops.editions WHERE status = 'published' AND NOT is_pinned "
                "ORDER BY edition DESC OFFSET :kept"
            ),
            {"kept": KEPT_EDITIONS},
        ).scalars().all()
        for edition in old:
            connection.execute(sa.schema.DropSchema(edition_schema(edition), cascade=True, if_exists=True))
            connection.execute(
                sa.text("UPDATE ops.editions SET status = 'retired' WHERE edition = :edition"), {"edition": edition}
            )
