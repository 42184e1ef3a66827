"""Parties become accidents, releases that repeat become one, and no layout is guessed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from etl.jobs import taiwan_accidents
from etl.jobs.taiwan_accidents import PARTY_CELLS, PARTY_POSITIONS
from etl.manifest import Manifest
from etl.read import FILE, Batch, read_batch
from layers.errors import SourceFileError

TEXT_TIME = "發生時間,發生地點,死亡受傷人數,車種\n102年01月01日 06時35分,高雄市仁武區八德一路,死亡1;受傷0,自用-大貨車;普通重型-機車\n"
UNIX_TIME = (
    "發生時間,發生地點,死亡受傷人數,車種,經度,緯度,unixtime\n"
    "2022-01-01 00:11:00,高雄市三民區大裕路,死亡0;受傷2,普通重型-機車,120.328611,22.653993,1640967060\n"
)
CRASH = {
    "發生日期": "20230101",
    "發生時間": "000400",
    "事故類別名稱": "A2",
    "發生地點": "高雄市苓雅區福安路",
    "死亡受傷人數": "死亡0;受傷1",
    "當事者順位": "1",
    "經度": "120.325763",
    "緯度": "22.628094",
}


def party_line(**given: str) -> str:
    cells = [""] * PARTY_CELLS
    for name, value in (CRASH | given).items():
        cells[PARTY_POSITIONS[name]] = value
    return ",".join(cells)


HEADING = party_line(**{name: name for name in PARTY_POSITIONS})


@pytest.fixture
def accidents(tmp_path: Path, manifest: Callable[..., Manifest]) -> Callable[..., Batch]:
    """Files with the given texts, in the order of their names, through the job."""

    def made(**texts: str) -> Batch:
        for name, text in texts.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8-sig")
        files = sorted(tmp_path.glob("*.csv"))
        return read_batch(files, manifest(job="taiwan_accidents", encoding="utf-8-sig"), tmp_path)

    return made


def test_parties_of_one_accident_are_one_row(accidents: Callable[..., Batch]) -> None:
    result = accidents(
        a="\n".join([HEADING, party_line(), party_line(當事者順位="2"), party_line(發生時間="000500")])
    )
    assert result.frame["n_parties"].tolist() == ["2", "1"]
    assert (result.n_read, result.n_merged) == (3, 1)
    assert result.frame["_row"].tolist() == [2, 4]


def test_the_release_with_more_casualties_holds(accidents: Callable[..., Batch]) -> None:
    early = "\n".join([HEADING, party_line(), party_line(當事者順位="2")])
    late = "\n".join([HEADING, party_line(事故類別名稱="A1", 死亡受傷人數="死亡1;受傷0")])
    for texts in ({"a": early, "b": late}, {"a": late, "b": early}):
        row = accidents(**texts).frame.iloc[0]
        assert (row["class"], row["n_deaths"], row["n_injured"], row["n_parties"]) == ("A1", "1", "0", "2")


def test_a_file_without_heading_tells_no_number_of_parties(accidents: Callable[..., Batch]) -> None:
    result = accidents(village=party_line())
    assert result.frame[["occurred_at", "n_parties", "_row"]].values.tolist() == [
        ["2023-01-01 00:04:00", "", 1]
    ]


def test_a_file_without_heading_repeats_accidents_of_the_month(accidents: Callable[..., Batch]) -> None:
    result = accidents(
        month="\n".join([HEADING, party_line(), party_line(當事者順位="2")]), village=party_line()
    )
    assert (len(result.frame), result.n_merged) == (1, 2)
    assert result.frame["n_parties"].tolist() == ["2"]


def test_times_of_the_republic_become_ours_and_positions_stay_empty(accidents: Callable[..., Batch]) -> None:
    row = accidents(a=TEXT_TIME).frame.iloc[0]
    assert (row["occurred_at"], row["lon"], row["class"], row["n_parties"]) == (
        "2013-01-01 06:35:00",
        "",
        "A1",
        "2",
    )


def test_the_layout_with_unixtime_is_one_row_an_accident(accidents: Callable[..., Batch]) -> None:
    row = accidents(a=UNIX_TIME).frame.iloc[0]
    assert (row["occurred_at"], row["lat"], row["class"], row["n_injured"]) == (
        "2022-01-01 00:11:00",
        "22.653993",
        "A2",
        "2",
    )


def test_a_note_below_the_table_keeps_no_identity_and_is_not_lost(accidents: Callable[..., Batch]) -> None:
    result = accidents(a=TEXT_TIME + "資料提供:警政署\n")
    assert result.frame["accident_id"].iloc[1] == ""
    assert (len(result.frame), result.n_merged) == (2, 0)


def test_casualties_in_other_words_come_through_for_the_checks_to_refuse(
    accidents: Callable[..., Batch],
) -> None:
    row = accidents(a=TEXT_TIME.replace("死亡1;受傷0", "亡1傷0")).frame.iloc[0]
    assert (row["n_deaths"], row["n_injured"], row["class"]) == ("亡1傷0", "亡1傷0", "")


def test_the_same_accident_has_the_same_identity_in_every_file(accidents: Callable[..., Batch]) -> None:
    one = accidents(a=f"{HEADING}\n{party_line()}").frame["accident_id"].iloc[0]
    assert accidents(a=party_line(), z=TEXT_TIME).frame["accident_id"].iloc[0] == one


@pytest.mark.parametrize(
    "text", ["", "發生時間,地點\n1,2\n", HEADING.replace("經度", "X") + "\n", "%PDF-1.7\n"]
)
def test_an_unknown_layout_stops_the_load(accidents: Callable[..., Batch], text: str) -> None:
    with pytest.raises(SourceFileError, match="a.csv"):
        accidents(a=text)


def test_another_encoding_stops_the_load(tmp_path: Path, manifest: Callable[..., Manifest]) -> None:
    (tmp_path / "a.csv").write_bytes(TEXT_TIME.encode("big5"))
    with pytest.raises(SourceFileError, match="utf-8-sig"):
        taiwan_accidents.read(tmp_path / "a.csv", manifest(encoding="utf-8-sig"))


def test_the_file_of_the_kept_row_is_named(accidents: Callable[..., Batch]) -> None:
    assert accidents(a=TEXT_TIME).frame[FILE].tolist() == ["a.csv"]


def test_a_blank_line_is_no_row_and_the_rows_after_it_keep_their_numbers(
    accidents: Callable[..., Batch],
) -> None:
    result = accidents(a=HEADING + "\n\n" + party_line() + "\n\n")
    assert (result.n_read, result.frame["_row"].tolist()) == (1, [3])
