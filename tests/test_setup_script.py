"""./riskatlas makes its environment once, costs nothing afterwards, and changes nothing where it may not."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[1]
NOBODY_UID = 65534


@pytest.fixture(scope="module")
def checkout() -> Iterator[Path]:
    """The script with empty lists of packages and stand-ins for npm and the command; everybody may enter."""
    folder = Path(tempfile.mkdtemp(prefix="riskatlas-test-"))
    folder.chmod(0o755)
    shutil.copy(CHECKOUT / "riskatlas", folder)
    (folder / "requirements.lock").touch()
    (folder / "package-lock.json").write_text("{}")
    (folder / "riskatlas.py").write_text("import os, sys\nprint(sys.argv[1:], os.environ['RISKATLAS_SETUP_S'])\n")
    (folder / "app").mkdir()
    (folder / "app" / "front_end_packages.py").touch()
    (folder / "stand-ins").mkdir()
    stand_in(folder, "npm", 'mkdir -p "$PWD/node_modules"')
    yield folder
    shutil.rmtree(folder)


def stand_in(checkout: Path, name: str, script: str) -> None:
    program = checkout / "stand-ins" / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def start(checkout: Path, *arguments: str, user_id: int | None = None) -> subprocess.Popen[str]:
    environ = os.environ | {"PATH": f"{checkout / 'stand-ins'}:{os.environ['PATH']}"}
    environ.pop("RISKATLAS_DATABASE_URL", None)
    command = [str(checkout / "riskatlas"), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environ, stdout=pipe, stderr=pipe, text=True, cwd="/", user=user_id)


def run(checkout: Path, *arguments: str, user_id: int | None = None) -> tuple[int, str, str]:
    with start(checkout, *arguments, user_id=user_id) as process:
        stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


@pytest.fixture(scope="module")
def both_said(checkout: Path) -> str:
    """What two set-ups said that were started at once in an empty checkout."""
    with start(checkout, "one") as one, start(checkout, "two") as two:
        said = one.communicate(timeout=120)[1] + two.communicate(timeout=120)[1]
    assert (one.returncode, two.returncode) == (0, 0), said
    return said


def test_two_set_ups_at_once_do_the_work_once(both_said: str) -> None:
    assert both_said.count("making the Python environment") == 1
    assert both_said.count("another set-up is running") == 1


@pytest.mark.usefixtures("both_said")
def test_run_after_set_up_is_quick_and_hands_on_its_arguments(checkout: Path) -> None:
    before_s = time.perf_counter()
    status, stdout, stderr = run(checkout, "export", "a name with  spaces", "--json")
    took_s = time.perf_counter() - before_s
    assert (status, stderr) == (0, "")
    assert stdout.startswith("['export', 'a name with  spaces', '--json'] 0.0")
    assert took_s < 0.5


@pytest.mark.usefixtures("both_said")
def test_changed_lock_file_is_installed_by_the_next_run(checkout: Path) -> None:
    (checkout / "package-lock.json").write_text('{"changed": true}')
    said = run(checkout)[2]
    assert "front-end packages" in said
    assert "Python" not in said


def test_without_rights_it_names_the_command_and_changes_nothing(checkout: Path) -> None:
    bare = checkout / "bare"
    shutil.copytree(checkout, bare, ignore=shutil.ignore_patterns(".venv", "node_modules"))
    for name in ("sudo", "dpkg-query"):
        stand_in(bare, name, "exit 1")
    stand_in(bare, "apt-get", f"touch '{bare}/asked'")
    user_id = NOBODY_UID if os.geteuid() == 0 else os.geteuid()
    os.chown(bare, user_id, -1)
    before = sorted(bare.rglob("*"))
    status, stdout, stderr = run(bare, "demo", user_id=user_id)
    assert (status, stdout) == (1, "")
    command = re.search(r"^  sudo sh -c '(.*)'$", stderr, re.MULTILINE)
    assert command and re.search("apt-get install -y .* fonts-noto-cjk libcairo2", command[1])
    assert "create_main_cluster = false" in command[1]
    assert subprocess.run(["sh", "-n", "-c", command[1]], check=False).returncode == 0
    assert sorted(bare.rglob("*")) == before


def test_lock_file_holds_every_declared_dependency() -> None:
    config = configparser.ConfigParser()
    config.read(CHECKOUT / "setup.cfg", encoding="utf-8")
    declared = config["options"]["install_requires"] + config["options.extras_require"]["test"]
    names = {re.split(r"[\[>=<]", line)[0].lower() for line in declared.split()}
    locked = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8").lower()
    assert names <= set(re.findall(r"^([\w.-]+)==", locked, re.MULTILINE))


def test_lock_files_name_no_machine_and_no_registry() -> None:
    locked = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    assert re.fullmatch(r"(#.*\n|[\w.-]+==[\w.+]+\n)+", locked)
    assert '"resolved"' not in (CHECKOUT / "package-lock.json").read_text(encoding="utf-8")


def is_met(need: Requirement, locked: dict[str, str]) -> bool:
    version = locked.get(canonicalize_name(need.name))
    return version is not None and need.specifier.contains(version, prereleases=True)


def test_locked_versions_agree_with_each_other() -> None:
    """The set-up installs the lock as it stands (`--no-deps`): what pip would not put together must not be in it."""
    locked = dict(line.split("==") for line in (CHECKOUT / "requirements.lock").read_text(encoding="utf-8").splitlines() if "==" in line)
    locked = {canonicalize_name(name): version for name, version in locked.items()}
    wanted = [
        (name, Requirement(text)) for name in locked for text in metadata.requires(name) or []
    ]
    wanted = [(name, need) for name, need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})]
    unmet = [f"{name}: {need}" for name, need in wanted if not is_met(need, locked)]
    assert len(wanted) > 100
    assert unmet == []
