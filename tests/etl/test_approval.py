"""By command as on the page: losing much, or putting older data over newer, asks for a person's word; who said it is kept."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
import sqlalchemy as sa
from click.testing import CliRunner, Result

from etl.approval import Agreed, newer_held
from etl.commands.loading import load_command, loads_command, rollback_command
from etl.load import load_area_data
from layers.catalog import load_catalog
from layers.errors import ApprovalNeededError
from layers.store import Place
from tests.etl import small_area
from tests.etl.small_area import write_area, write_enterprises
from tests.etl.test_rasters import RELIEF_TOML

ROWS = tuple(f"E{number},厂{number},一般,1,,105.05,29.05" for number in range(20))


@pytest.fixture(autouse=True)
def empty_database(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        small_area.empty_database(connection)


def deliver(folder: Path, *rows: str, label: str = "2026Q1", as_of: str | None = "2026-03-31") -> None:
    data = folder / "data"
    if not data.exists():
        write_area(folder)
    if as_of:
        (data / "delivery.toml").write_text(f'label = "{label}"\nas_of = {as_of}\n', encoding="utf-8")
    else:  # nor does the area state a date
        (data / "delivery.toml").unlink(missing_ok=True)
    write_enterprises(data, *rows)


def run(command: object, url: str, home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), obj=Place(home, lambda: url), catch_exceptions=False)  # type: ignore[arg-type]


def load(url: str, folder: Path, home: Path, *arguments: str) -> Result:
    done = run(load_command, url, home, str(folder / "sources"), "--data", str(folder / "data"), *arguments)
    assert done.exit_code == 0, done.output
    return done


def held(engine: sa.Engine) -> tuple[int, int]:
    """Features in force, and loads in the ledger."""
    with engine.connect() as connection:
        n_features = connection.execute(sa.text("SELECT count(*) FROM register.enterprises WHERE to_load IS NULL")).scalar_one()
        return n_features, connection.execute(sa.text("SELECT count(*) FROM ops.loads")).scalar_one()


def test_half_a_delivery_stops_until_a_person_agrees(engine: sa.Engine, database_url: str, tmp_path: Path, home: Path) -> None:
    deliver(tmp_path, *ROWS)
    load(database_url, tmp_path, home)
    deliver(tmp_path, *ROWS[:10])
    with pytest.raises(ApprovalNeededError, match="10 of 20 features .50.0 %.*--accept enterprises"):
        load(database_url, tmp_path, home)
    assert held(engine) == (20, 1)
    load(database_url, tmp_path, home, "--accept", "enterprises", "--by", "张三", "--note", "停产")
    assert held(engine) == (10, 2)
    [newest, _] = json.loads(run(loads_command, database_url, home, "--json").stdout)["loads"]
    assert (newest["approved_by"], newest["n_gone"], newest["rolled_back_at"]) == ("张三:停产", 10, None)


def test_few_features_may_go_without_a_word(engine: sa.Engine, database_url: str, tmp_path: Path, home: Path) -> None:
    deliver(tmp_path, *ROWS)
    load(database_url, tmp_path, home)
    deliver(tmp_path, *ROWS[:16])
    load(database_url, tmp_path, home)
    assert held(engine) == (16, 2)


def test_older_data_replace_newer_ones_only_with_a_persons_word(
    engine: sa.Engine, database_url: str, tmp_path: Path, home: Path
) -> None:
    deliver(tmp_path, *ROWS, label="2026Q2", as_of="2026-06-30")
    load(database_url, tmp_path, home)
    deliver(tmp_path, ROWS[0].replace("厂0", "旧厂"), *ROWS[1:])
    with pytest.raises(ApprovalNeededError, match="older than those held, of 2026-06-30"):
        load(database_url, tmp_path, home)
    assert held(engine) == (20, 1)
    load(database_url, tmp_path, home, "--accept", "enterprises")
    assert held(engine) == (20, 2)


def test_undated_data_replace_dated_ones_only_with_a_persons_word(
    engine: sa.Engine, database_url: str, tmp_path: Path, home: Path
) -> None:
    deliver(tmp_path, *ROWS, as_of=None)
    load(database_url, tmp_path, home)
    deliver(tmp_path, *ROWS, "E99,丙厂,一般,3,,105.06,29.06", as_of=None)
    load(database_url, tmp_path, home)  # undated data over undated ones
    deliver(tmp_path, *ROWS, as_of="2026-06-30")
    load(database_url, tmp_path, home)
    deliver(tmp_path, ROWS[0].replace("厂0", "旧厂"), *ROWS[1:], as_of=None)
    assert "--accept enterprises" in load(database_url, tmp_path, home, "--dry-run").stderr
    with pytest.raises(ApprovalNeededError, match="date of the data is unknown, those held are of 2026-06-30"):
        load(database_url, tmp_path, home)
    load(database_url, tmp_path, home, "--accept", "enterprises")
    assert held(engine) == (20, 4)
    deliver(tmp_path, ROWS[0].replace("厂0", "老厂"), *ROWS[1:], as_of=None)
    load(database_url, tmp_path, home)  # those held are the undated ones that a person agreed to
    deliver(tmp_path, *ROWS, label="2026Q1", as_of="2026-03-31")
    with pytest.raises(ApprovalNeededError, match="older than those held, of 2026-06-30"):
        load(database_url, tmp_path, home)
    load(database_url, tmp_path, home, "--accept", "enterprises")
    deliver(tmp_path, ROWS[0].replace("厂0", "新厂"), *ROWS[1:], as_of="2026-04-30")
    load(database_url, tmp_path, home)  # newer than those held
    assert held(engine) == (20, 7)


@pytest.mark.parametrize("n", [1, 3])
def test_all_of_a_small_source_goes_only_with_a_persons_word(
    engine: sa.Engine, database_url: str, tmp_path: Path, home: Path, n: int
) -> None:
    deliver(tmp_path, *ROWS[:n])
    load(database_url, tmp_path, home)
    deliver(tmp_path, *ROWS[10:])
    with pytest.raises(ApprovalNeededError, match=f"{n} of {n} features .100.0 %"):
        load(database_url, tmp_path, home)
    deliver(tmp_path, ROWS[0].replace("厂0", "新厂"), *ROWS[10:])
    load(database_url, tmp_path, home)  # one of them is still there
    assert held(engine) == (11, 2)


def test_what_a_person_agreed_to_covers_nothing_worse(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    def agreed(n_lost: int, newer: date | None) -> str:
        given = {"enterprises": Agreed(n_lost, 5.0 * n_lost, newer)}
        try:
            load_area_data(engine, load_catalog(), tmp_path / "sources", tmp_path / "data", home=home, accepts=given)
        except ApprovalNeededError as error:
            return "; ".join(error.asked)
        return ""

    held_of = date(2026, 3, 31)
    deliver(tmp_path, *ROWS)
    assert not agreed(0, None)
    deliver(tmp_path, "E99,丙厂,一般,3,,105.06,29.06")
    assert "20 of 20 features" in agreed(10, held_of)
    deliver(tmp_path, *ROWS[:10], as_of="2025-12-31")
    only_older, only_loss = agreed(10, None), agreed(9, held_of)
    assert "older than those held" in only_older and "features" not in only_older
    assert "10 of 20 features" in only_loss and "older" not in only_loss
    assert "of 2026-03-31" in agreed(10, date(2026, 3, 30)) and held(engine) == (20, 1)
    assert not agreed(10, held_of) and held(engine) == (10, 2)


def test_loss_of_a_greater_share_than_agreed_is_asked_again(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    deliver(tmp_path, *ROWS[:12])
    load_area_data(engine, load_catalog(), tmp_path / "sources", tmp_path / "data", home=home)
    deliver(tmp_path, *ROWS[10:12])
    with pytest.raises(ApprovalNeededError, match="10 of 12 features"):
        load_area_data(engine, load_catalog(), tmp_path / "sources", tmp_path / "data", home=home, accepts={"enterprises": Agreed(10, 50.0)})


def test_older_raster_is_told_by_the_check_and_replaces_a_newer_one_only_with_a_persons_word(
    engine: sa.Engine, database_url: str, tmp_path: Path, home: Path
) -> None:
    write_area(tmp_path, relief=RELIEF_TOML)
    for value, as_of in ((300, "2026-06-30"), (400, "2026-03-31")):
        (tmp_path / "data" / "delivery.toml").write_text(f'label = "Q"\nas_of = {as_of}\n', encoding="utf-8")
        with rasterio.open(tmp_path / "data" / "dem.tif", "w", driver="GTiff", count=1, height=600, width=700, dtype="float32",
                           crs="EPSG:4544", transform=rasterio.Affine(25, 0, 500_000, 0, -25, 3_222_000)) as sink:
            sink.write(np.full((1, 600, 700), value, "float32"))
        if value == 300:
            load(database_url, tmp_path, home)
    told = load(database_url, tmp_path, home, "--dry-run").stderr
    assert "--accept relief" in told and "older than those held, of 2026-06-30" in told
    [check] = load_area_data(engine, load_catalog(), tmp_path / "sources", tmp_path / "data", home=home, is_dry_run=True)  # as the page's
    assert (check.newer_held, check.as_of, check.loss["is_large"]) == (date(2026, 6, 30), date(2026, 3, 31), False)
    with pytest.raises(ApprovalNeededError, match="older than those held, of 2026-06-30"):
        load(database_url, tmp_path, home)
    load(database_url, tmp_path, home, "--accept", "relief")
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ops.loads")).scalar_one() == 2


def test_data_of_a_load_taken_back_are_not_held(engine: sa.Engine, database_url: str, tmp_path: Path, home: Path) -> None:
    deliver(tmp_path, *ROWS, label="2026Q2", as_of="2026-06-30")
    load(database_url, tmp_path, home)
    with engine.connect() as connection:
        load_id = connection.execute(sa.text("SELECT max(load_id) FROM ops.loads")).scalar_one()
        as_of = connection.execute(sa.text("SELECT as_of FROM ops.loads")).scalar_one()
        assert newer_held(connection, "enterprises", as_of.replace(month=3)) == as_of and newer_held(connection, "enterprises", as_of) is None
    run(rollback_command, database_url, home, str(load_id), "--by", "李四", "--reason", "报错了")
    deliver(tmp_path, *ROWS[:3])
    load(database_url, tmp_path, home)
    told = run(loads_command, database_url, home).stdout
    assert "李四 报错了" in told and held(engine) == (3, 2)


def test_who_loads_is_told_by_number_where_the_machine_has_no_name_for_the_user(
    engine: sa.Engine, database_url: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 54321)
    deliver(tmp_path, *ROWS)
    load(database_url, tmp_path, home)
    [newest] = json.loads(run(loads_command, database_url, home, "--json").stdout)["loads"]
    assert newest["approved_by"] == "uid 54321"


def test_dry_run_lists_what_would_change_and_what_needs_a_word(
    engine: sa.Engine, database_url: str, tmp_path: Path, home: Path
) -> None:
    deliver(tmp_path, *ROWS)
    assert "新增 added:" not in load(database_url, tmp_path, home, "--dry-run").stderr  # a first load lists nothing: all of it is new
    load(database_url, tmp_path, home)
    moved, renamed = ROWS[1].replace("105.05", "105.06"), ROWS[2].replace("厂2,一般,1", "新名,一般,7")
    deliver(tmp_path, ROWS[0], moved, renamed, *ROWS[3:14], "E99,丙厂,一般,3,,105.06,29.06")
    told = load(database_url, tmp_path, home, "--dry-run", "--list", "2").stderr
    for words in ("--accept enterprises", "新增 added: 1", "E99 丙厂", "name: 厂2 -> 新名", "n_persons: 1 -> 7", "移位 moved (> 50 m): 1", "E1 厂1", "消失 gone: 6", "另有 4 个"):
        assert words in told, told
    assert "name: 丙厂" in told and "— -> " not in told  # of a new feature what it states, and no more
    found = json.loads(load(database_url, tmp_path, home, "--dry-run", "--json").stdout)["sources"][0]
    assert found["loss"]["is_large"] and found["newer_held"] is None
    assert {kind: found["changes"][kind]["n"] for kind in ("added", "changed", "moved", "gone")} == {"added": 1, "changed": 1, "moved": 1, "gone": 6}
    assert held(engine) == (20, 1)


def count(engine: sa.Engine) -> tuple[int, int, int]:
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT n_changed, n_unchanged, n_gone FROM ops.loads ORDER BY load_id DESC LIMIT 1")).one()
        return found[0], found[1], found[2]


def update_program(engine: sa.Engine, folder: Path, field: str, *, column: str = "") -> None:
    """The register as a program without `field` left it, and a manifest of the new one, which reads `column` into it."""
    with engine.begin() as connection:
        connection.execute(sa.text(f"ALTER TABLE register.enterprises DROP COLUMN {field}"))
        connection.execute(sa.text("UPDATE register.enterprises SET content_hash = content_hash + 1"))
    manifest = folder / "sources" / "enterprises.toml"
    mapped = f'\n{field} = "{column}"\n' if column else "\n# read again\n"
    manifest.write_text(manifest.read_text(encoding="utf-8") + mapped, encoding="utf-8")


def test_a_new_field_that_nobody_states_changes_nothing(engine: sa.Engine, database_url: str, tmp_path: Path, home: Path) -> None:
    deliver(tmp_path, *ROWS)
    load(database_url, tmp_path, home)
    update_program(engine, tmp_path, "address")
    told = load(database_url, tmp_path, home).stderr
    assert count(engine) == (0, 20, 0) and held(engine) == (20, 2), told
    assert "读取 read 20  接收 accepted 20" in told and "变更 changed" not in told
    deliver(tmp_path, ROWS[0].replace("厂0", "新厂"), *ROWS[1:])
    load(database_url, tmp_path, home)
    assert count(engine) == (1, 19, 0)


def test_a_field_stated_for_the_first_time_asks_nobody_and_a_changed_one_does(
    engine: sa.Engine, database_url: str, tmp_path: Path, home: Path
) -> None:
    deliver(tmp_path, *ROWS)
    load(database_url, tmp_path, home)
    update_program(engine, tmp_path, "address", column="地址")
    head = f"{small_area.HEAD},地址"
    write_enterprises(tmp_path / "data", *(f"{row},甲路{at}号" for at, row in enumerate(ROWS)), head=head)
    found = json.loads(load(database_url, tmp_path, home, "--dry-run", "--json").stdout)["sources"][0]
    assert (found["loss"]["n_lost"], found["loss"]["n_gained"], found["gained"]["fields"]) == (0, 20, ["address"])
    told = load(database_url, tmp_path, home).stderr
    assert count(engine) == (20, 0, 0) and "20 of them only gain fields" in told and "address" in told
    write_enterprises(tmp_path / "data", *(f"{row},乙路{at}号" for at, row in enumerate(ROWS)), head=head)
    with pytest.raises(ApprovalNeededError, match="20 of 20 features"):
        load(database_url, tmp_path, home)


def test_what_loses_a_value_beside_a_new_field_is_asked_about(engine: sa.Engine, database_url: str, tmp_path: Path, home: Path) -> None:
    deliver(tmp_path, *ROWS)
    load(database_url, tmp_path, home)
    update_program(engine, tmp_path, "address", column="地址")
    rows = [f"{row.replace(',一般,1,', ',一般,2,') if at < 10 else row},甲路{at}号" for at, row in enumerate(ROWS)]
    write_enterprises(tmp_path / "data", *rows, head=f"{small_area.HEAD},地址")
    with pytest.raises(ApprovalNeededError, match="10 of 20 features .50.0 %"):
        load(database_url, tmp_path, home)


def test_a_load_that_names_nobody_to_ask_goes_on(engine: sa.Engine, tmp_path: Path, home: Path) -> None:
    """As the sample's own deliveries do (`demo`)."""
    deliver(tmp_path, *ROWS)
    load_area_data(engine, load_catalog(), tmp_path / "sources", tmp_path / "data", home=home)
    deliver(tmp_path, *ROWS[:5])
    load_area_data(engine, load_catalog(), tmp_path / "sources", tmp_path / "data", home=home)
    assert held(engine) == (5, 2)
