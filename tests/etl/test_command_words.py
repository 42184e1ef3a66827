"""What the commands of the loading side print is in both languages: Chinese words have English ones beside them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import etl.commands
from etl.commands.doubts import warnings_command, warnings_told
from etl.commands.recognition import recognise_command
from etl.commands.work import jobs_group
from etl.load import load_area_data
from etl.postgis.migrate import migrate
from etl.progress import Progress
from etl.work import worker
from etl.work.queue import jobs, start_job
from etl.work.tasks import Workplace
from layers.catalog import load_catalog
from layers.errors import SourceFileError
from layers.store import Place
from tests.etl.small_area import ENTERPRISES_TOML, GOOD, HEAD, write_area, write_enterprises

FILES = sorted(Path(etl.commands.__path__[0]).glob("*.py"))
CHINESE, ENGLISH = re.compile(r"[\u3400-\u9fff]"), re.compile(r"[A-Za-z]{2,}")


def texts(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, own words and inner expressions of every text that is printed."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("say", "click.echo", "lines.append"):
            for text in (node for given in call.args for node in ast.walk(given) if isinstance(node, ast.JoinedStr)):
                words = "".join(str(part.value) for part in text.values if isinstance(part, ast.Constant))
                inner = " ".join(ast.unparse(part) for part in text.values if isinstance(part, ast.FormattedValue))
                yield text.lineno, words, inner


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_chinese_words_have_english_ones_beside_them(file: Path) -> None:
    printed = list(texts(ast.parse(file.read_text(encoding="utf-8"))))
    assert [entry for entry in printed if CHINESE.search(entry[1]) and not ENGLISH.search(entry[1])] == []
    assert [line for line, _, inner in printed if len(re.findall(r"(?:reason|text|evidence|step|error)_zh'", inner)) > len(re.findall(r"(?:reason|text|evidence|step|error)_en'", inner))] == []
    assert [line for line, _, inner in printed if "['zh']" in inner and "['en']" not in inner] == []


def test_there_are_lines_to_look_at() -> None:
    assert sum(len(list(texts(ast.parse(file.read_text(encoding="utf-8"))))) for file in FILES) > 30


def printed(command: click.Command, place: Place, *arguments: str) -> str:
    """What a command prints for people, its spaces as one."""
    done = CliRunner().invoke(command, list(arguments), obj=place, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def stands_in_both(told: str, rows: Iterable[Mapping[str, Any]], name: str = "") -> None:
    """Words of each row, under ``zh`` and ``en`` or under `name` with these behind it, are printed one after the other."""
    keys = (f"{name}_zh", f"{name}_en") if name else ("zh", "en")
    for row in rows:
        zh, en = (" ".join(str(row[key]).split()) for key in keys)
        assert CHINESE.search(zh) and ENGLISH.search(en) and not CHINESE.search(en), row
        assert f"{zh} {en}" in told


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path, lambda: database_url)
    yield made
    made.engine.dispose()


def test_what_was_recognised_is_printed_in_both_languages(place: Place, tmp_path: Path) -> None:
    sources, _ = write_area(tmp_path / "area")
    file = tmp_path / "甲.csv"
    file.write_text("单位名称,经度,纬度,地址,备注\n甲厂,105.05,29.05,小县一路1号,无\n乙厂,105.06,29.06,小县一路2号,无\n", encoding="gb18030")
    given = (str(file), "--area", str(sources), "--without-database")
    told = printed(recognise_command, place, *given)
    found = json.loads(CliRunner().invoke(recognise_command, [*given, "--json"], obj=place, catch_exceptions=False).stdout)["datasets"][0]
    assert found["mapping"] and found["datums"] and found["questions"]
    stands_in_both(told, found["mapping"], "reason")
    stands_in_both(told, found["datums"], "evidence")
    stands_in_both(told, [*found["questions"], *found["warnings"]])


def test_warnings_are_printed_in_both_languages(place: Place, tmp_path: Path) -> None:
    second = ENTERPRISES_TOML.replace('id = "enterprises"', 'id = "enterprises_second"').replace("enterprises.csv", "second.csv")
    sources, data = write_area(tmp_path / "area", enterprises=ENTERPRISES_TOML, enterprises_second=second)
    write_enterprises(data, GOOD)
    (data / "second.csv").write_text(f"{HEAD}\n{GOOD.replace(',12,', ',13,')}\n", encoding="gb18030")
    load_area_data(place.engine, load_catalog(), sources, data, home=tmp_path)
    with place.engine.connect() as connection:
        found = warnings_told(connection)
    assert found
    stands_in_both(printed(warnings_command, place), found, "reason")


def test_failed_jobs_are_printed_in_both_languages(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    migrate(place.engine)
    with place.engine.begin() as connection:
        job_id = start_job(connection, "nothing", {})

    def task(_workplace: Workplace, _progress: Progress) -> dict[str, Any]:
        raise SourceFileError("a.csv", "no rows", "a heading and rows")

    monkeypatch.setitem(worker.TASKS, "nothing", task)
    with pytest.raises(SourceFileError):
        worker.run_job("nothing", job_id, {}, Workplace(place.engine, load_catalog(), tmp_path))
    with place.engine.connect() as connection:
        found = [entry for entry in jobs(connection, limit=100) if entry["job_id"] == job_id]
    assert len(found) == 1
    stands_in_both(printed(jobs_group, place), found, "error")
