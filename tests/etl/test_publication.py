"""Publication: an edition is served with everything it needs, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from etl import publish
from layers.catalog import load_catalog
from layers.errors import AtlasError
from layers.store import engine_from_url


def states(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(sa.text("SELECT status FROM ops.editions ORDER BY edition")).scalars())


def test_edition_whose_fonts_fail_stays_a_draft_and_is_published_by_the_next_run(
    atlas_database: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fonts(home: Path, characters: set[str]) -> str:
        raise AtlasError("no room for the fonts")

    engine = engine_from_url(atlas_database)
    try:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE ops.editions SET status = 'draft' WHERE edition = 2"))
        with monkeypatch.context() as broken:
            broken.setattr(publish, "make_fonts", no_fonts)
            with pytest.raises(AtlasError, match="no room for the fonts"):
                publish.publish_edition(engine, load_catalog(), home=home)
        assert states(engine) == ["published", "draft"]
        assert publish.publish_edition(engine, load_catalog(), home=home).edition == 2
        assert states(engine) == ["published", "published"]
    finally:
        engine.dispose()
