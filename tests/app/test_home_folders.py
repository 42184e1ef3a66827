"""Files that a command of root writes while the server runs as somebody else."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from app.home_folders import WORKER_FOLDERS, give_to, hand_over

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root writes files that others may not change")
NOBODY = pwd.getpwnam("nobody")
CODE = Path(__file__).parents[2]


@pytest.fixture()
def left_by_root(tmp_path: Path) -> Path:
    """A home whose server runs as nobody, and in which root has written since."""
    give_to(tmp_path, NOBODY.pw_uid, NOBODY.pw_gid)
    kept = tmp_path / "sources" / "county" / "list.toml"
    kept.parent.mkdir()
    kept.write_text("id = 1")
    return tmp_path


def owners(folder: Path) -> set[int]:
    return {entry.lstat().st_uid for entry in folder.rglob("*")}


def test_what_root_wrote_belongs_to_the_server_afterwards(left_by_root: Path) -> None:
    assert owners(left_by_root / "sources") == {0}
    hand_over(left_by_root)
    assert owners(left_by_root / "sources") == {NOBODY.pw_uid}
    assert (left_by_root / "sources" / "county" / "list.toml").read_text() == "id = 1"


def test_folders_of_a_server_that_never_ran_stay_with_root(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "a.toml").write_text("a")
    hand_over(tmp_path)
    assert owners(tmp_path) == {0}


def test_links_out_of_the_folder_give_nothing_away(left_by_root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret"
    outside.write_text("secret")
    (left_by_root / "files" / "soft").symlink_to(outside)
    (left_by_root / "files" / "folder").symlink_to(outside.parent)
    os.link(outside, left_by_root / "files" / "hard")
    hand_over(left_by_root)
    assert (outside.lstat().st_uid, outside.parent.lstat().st_uid) == (0, 0)


@pytest.mark.parametrize("command", [["load", "data/sources/sample", "--data", "."], ["rules"]])
def test_command_that_writes_hands_over_when_it_ends_even_by_an_error(left_by_root: Path, command: list[str]) -> None:
    environment = os.environ | {"RISKATLAS_HOME": str(left_by_root), "RISKATLAS_DATABASE_URL": "postgresql://nowhere.invalid/none"}
    done = subprocess.run([sys.executable, "riskatlas.py", *command], cwd=CODE, env=environment, capture_output=True)
    has_written = command[0] == "load"
    assert (done.returncode != 0) == has_written
    assert {owner for name in WORKER_FOLDERS for owner in owners(left_by_root / name)} == {NOBODY.pw_uid if has_written else 0}
