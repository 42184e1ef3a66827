"""A register table that is empty gets its rows straight in and its indexes behind them: the same table, or the one before."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from etl.load import load_area_data
from etl.merge import _build_indexes
from layers.catalog import load_catalog
from tests.etl.small_area import GOOD, empty_database, write_area, write_enterprises

CATALOG = load_catalog()
INDEXES = ["enterprises_current_key", "enterprises_pkey"]
NUMBERS = "SELECT row_id FROM register.enterprises ORDER BY row_id"
INSERT = "INSERT INTO register.enterprises (feature_id, content_hash, from_load) VALUES (:key, 1, 1) RETURNING row_id"
AGAIN = "INSERT INTO register.enterprises (row_id, feature_id, content_hash, from_load) VALUES (:row_id, 'E8', 1, 1)"


@pytest.fixture(autouse=True)
def nothing_loaded(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        empty_database(connection)


def load_rows(engine: sa.Engine, folder: Path, home: Path, *keys: str) -> None:
    sources, data = (folder / "sources", folder / "data") if (folder / "data").exists() else write_area(folder)
    write_enterprises(data, *(GOOD.replace("E1", key) for key in keys))
    load_area_data(engine, CATALOG, sources, data, home=home)


def index_names(connection: sa.Connection) -> list[str]:
    return sorted(connection.execute(sa.text("SELECT indexname FROM pg_indexes WHERE tablename = 'enterprises' AND schemaname = 'register'")).scalars())


def test_rows_of_a_first_load_are_numbered_and_the_next_row_goes_on(engine: sa.Engine, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.intake.BATCH_ROWS", 2)
    load_rows(engine, tmp_path, home, "E1", "E2", "E3", "E4", "E5")
    with engine.connect() as connection:
        numbers = list(connection.execute(sa.text(NUMBERS)).scalars())
        assert numbers == list(range(numbers[0], numbers[0] + 5))
        assert connection.execute(sa.text(INSERT), {"key": "E9"}).scalar_one() == numbers[-1] + 1


@pytest.mark.parametrize("twice", [{"key": "E1"}, {"row_id": 1}])
def test_no_key_and_no_number_can_occur_twice_after_a_first_load(engine: sa.Engine, tmp_path: Path, home: Path, twice: dict[str, object]) -> None:
    load_rows(engine, tmp_path, home, "E1", "E2")
    with engine.connect() as connection:
        assert index_names(connection) == INDEXES
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.text(INSERT if "key" in twice else AGAIN), twice)


def test_first_load_that_fails_behind_its_rows_leaves_the_empty_table_with_its_indexes(
    engine: sa.Engine, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_rows(engine, tmp_path, home, "E1")
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE ops.loads, register.enterprises CASCADE"))

    def fail(connection: sa.Connection, register: sa.Table) -> None:
        _build_indexes(connection, register)
        raise sa.exc.OperationalError("CREATE INDEX", None, OSError("no room"))

    monkeypatch.setattr("etl.merge._build_indexes", fail)
    with pytest.raises(sa.exc.OperationalError, match="no room"):
        load_rows(engine, tmp_path, home, "E1", "E2")
    with engine.connect() as connection:
        assert index_names(connection) == INDEXES
        assert list(connection.execute(sa.text(NUMBERS))) == []


def test_first_load_into_an_emptied_register_never_gives_a_number_again(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    load_rows(engine, tmp_path, home, "E1", "E2")
    with engine.begin() as connection:
        last = max(connection.execute(sa.text(NUMBERS)).scalars())
        connection.execute(sa.text("DELETE FROM register.enterprises"))
        connection.execute(sa.text("TRUNCATE ops.loads CASCADE"))
    load_rows(engine, tmp_path, home, "E1", "E2")
    with engine.connect() as connection:
        assert min(connection.execute(sa.text(NUMBERS)).scalars()) > last
