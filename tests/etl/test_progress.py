"""A run tells where it stands and can be taken back; what was under way then leaves nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from etl.commands.loading import load_command
from etl.load import load_area_data
from etl.locks import LOAD_LOCK, held
from etl.progress import Step, watched
from layers.catalog import load_catalog
from layers.errors import CancelledError, NotFoundError
from layers.store import Place
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, write_area, write_enterprises

OTHER_TOML = ENTERPRISES_TOML.replace('id = "enterprises"', 'id = "others"').replace("enterprises.csv", "others.csv")


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE ops.loads, ops.files, ops.area, ops.deliveries CASCADE"))
        connection.execute(sa.text("DROP TABLE IF EXISTS register.enterprises"))


def n_loads(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM ops.loads")).scalar_one())


def test_every_step_of_a_load_can_take_it_back_and_nothing_stays(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    told: list[str] = []
    load_area_data(engine, load_catalog(), sources, data, home=home, is_dry_run=True, progress=lambda step: told.append(step.en))
    steps = list(dict.fromkeys(told))
    assert len(steps) >= 5
    for unwanted in steps:
        def cancel(step: Step, unwanted: str = unwanted) -> None:
            if step.en == unwanted:
                raise CancelledError

        with pytest.raises(CancelledError):
            load_area_data(engine, load_catalog(), sources, data, home=home, progress=cancel)
        assert n_loads(engine) == 0, unwanted
    assert load_area_data(engine, load_catalog(), sources, data, home=home)[0].counts["n_added"] == 1


def test_load_that_waits_for_another_says_so_and_can_be_taken_back(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path)
    write_enterprises(data, GOOD)
    n_waits = 0

    def impatient(step: Step) -> None:
        nonlocal n_waits
        n_waits += "waiting" in step.en
        if n_waits == 2:
            raise CancelledError

    with held(engine, LOAD_LOCK), pytest.raises(CancelledError):
        load_area_data(engine, load_catalog(), sources, data, home=home, progress=impatient)
    assert n_loads(engine) == 0


def test_long_work_is_told_of_and_ends_when_it_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.progress.BETWEEN_STEPS_S", 0.01)
    end, told = threading.Event(), []

    def progress(step: Step) -> None:
        told.append(step)
        if len(told) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        watched(progress, Step("忙", "busy"), lambda: end.wait(60), stop=end.set)
    assert (len(told), end.is_set()) == (3, True)
    with pytest.raises(ZeroDivisionError):
        watched(told.append, Step("忙", "busy"), lambda: 1 // 0)


def test_only_the_sources_asked_for_are_loaded(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, others=OTHER_TOML)
    write_enterprises(data, GOOD)
    results = load_area_data(engine, load_catalog(), sources, data, home=home, only=["enterprises"], approved_by="张三")
    assert [result.source_id for result in results] == ["enterprises"]
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT approved_by FROM ops.loads_in_force")).scalars().all() == ["张三"]
    (data / "boundary.geojson").unlink()
    assert load_area_data(engine, load_catalog(), sources, data, home=home, only=["enterprises"])[0].state == "unchanged"
    with pytest.raises(NotFoundError, match="no source nothing; there are enterprises, others"):
        load_area_data(engine, load_catalog(), sources, data, home=home, only=["nothing"])


def test_command_tells_its_steps_in_plain_lines_where_no_terminal_is(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    sources, data = write_area(tmp_path, enterprises=ENTERPRISES_TOML, others=OTHER_TOML)
    write_enterprises(data, GOOD)
    place = Place(home, lambda: engine.url.render_as_string(hide_password=False))
    done = CliRunner().invoke(
        load_command, [str(sources), "--data", str(data), "--only", "enterprises"], obj=place, catch_exceptions=False
    )
    assert done.exit_code == 0
    assert "企业名录: 读取 enterprises: reading" in done.stderr
    assert "\x1b" not in done.stderr
