"""Road accidents as the National Police Agency of Taiwan publishes them: four layouts, releases that repeat.

Three of the layouts have a heading, one is the second without it. Most files have one row a *party* (driver,
passenger, pedestrian), so an accident comes up to 16 times, and again in other releases.
An accident is known by time, place and position; its identity is a hash of these three.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from etl.manifest import Manifest
from etl.read import FILE, ROW, Batch
from layers.errors import SourceFileError

COLUMNS = ("occurred_at", "place", "class", "casualties", "party", "vehicles", "lon", "lat")
ACCIDENT_NAMES = {
    "occurred_at": "發生時間",
    "place": "發生地點",
    "casualties": "死亡受傷人數",
    "vehicles": "車種",
    "lon": "經度",
    "lat": "緯度",
}
"""Ours -> delivered, in the layouts with one row an accident; the older one has no coordinates."""
ACCIDENT_HEADINGS = (
    ("發生時間", "發生地點", "死亡受傷人數", "車種"),
    ("發生時間", "發生地點", "死亡受傷人數", "車種", "經度", "緯度", "unixtime"),
)
PARTY_CELLS = 51
PARTY_POSITIONS = {
    "發生日期": 2,
    "發生時間": 3,
    "事故類別名稱": 4,
    "發生地點": 6,
    "死亡受傷人數": 32,
    "當事者順位": 33,
    "經度": 49,
    "緯度": 50,
}
"""Where the columns we use stand in the layout with one row a party, with a heading or without."""
ROC_TIME = re.compile(r"^(\d{2,3})年(\d{2})月(\d{2})日 (\d{2})時(\d{2})分(?:(\d{2})秒)?$")
ROC_YEAR_0 = 1911
"""Year 1 of the Republic's calendar (民國) is 1912."""
CASUALTIES = r"^死亡(?P<n_deaths>\d+);受傷(?P<n_injured>\d+)$"
ID_DIGITS = 12


def read(path: Path, manifest: Manifest) -> pd.DataFrame:
    """Rows of one file in the columns `COLUMNS`, as text, times as ``YYYY-MM-DD hh:mm:ss`` (local, UTC+8).

    A heading that is none of the known ones raises `SourceFileError`: a new layout needs a decision.
    """
    try:
        text = path.read_bytes().decode(manifest.encoding or "utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceFileError(
            path, f"bytes that are not {manifest.encoding}", "text in that encoding"
        ) from error
    rows = list(csv.reader(io.StringIO(text)))
    if not rows:
        raise SourceFileError(path, "an empty file", "rows of accidents")
    heading = tuple(rows[0])
    if heading in ACCIDENT_HEADINGS:
        return _accident_rows(rows)
    is_headed = _is_party_heading(heading)
    if not is_headed and not _is_party_row(heading):
        raise SourceFileError(path, f"the heading {', '.join(heading)[:200]}", "one of the known layouts")
    return _party_rows(rows, is_headed)


def _is_party_heading(cells: tuple[str, ...]) -> bool:
    return len(cells) == PARTY_CELLS and all(cells[at] == name for name, at in PARTY_POSITIONS.items())


def _is_party_row(cells: tuple[str, ...]) -> bool:
    return (
        len(cells) == PARTY_CELLS and re.fullmatch(r"\d{8}", cells[PARTY_POSITIONS["發生日期"]]) is not None
    )


def _accident_rows(rows: list[list[str]]) -> pd.DataFrame:
    at = {name: rows[0].index(given) for name, given in ACCIDENT_NAMES.items() if given in rows[0]}
    width = len(rows[0])
    frame = _numbered(
        [
            [row[at[name]].strip() if name in at else "" for name in COLUMNS]
            for row in _padded(rows[1:], width)
        ],
        n_heading_rows=1,
    )
    frame["occurred_at"] = frame["occurred_at"].map(gregorian)
    return frame


def _padded(rows: list[list[str]], width: int) -> list[list[str]]:
    return [(row + [""] * width)[:width] for row in rows]


def _party_rows(rows: list[list[str]], is_headed: bool) -> pd.DataFrame:
    """Rows of parties; a file without heading lists first parties only and tells no number of them."""
    at = PARTY_POSITIONS
    values = [
        [
            party_time(row[at["發生日期"]], row[at["發生時間"]]),
            row[at["發生地點"]].strip(),
            row[at["事故類別名稱"]],
            row[at["死亡受傷人數"]],
            row[at["當事者順位"]] if is_headed else "",
            "",
            row[at["經度"]],
            row[at["緯度"]],
        ]
        for row in _padded(rows[is_headed:], PARTY_CELLS)
    ]
    return _numbered(values, n_heading_rows=int(is_headed))


def _numbered(values: list[list[str]], *, n_heading_rows: int) -> pd.DataFrame:
    """Rows with their number in the file; a blank line is no row."""
    frame = pd.DataFrame(values, columns=list(COLUMNS), dtype=object)
    frame[ROW] = range(1 + n_heading_rows, 1 + n_heading_rows + len(frame))
    return frame[(frame[list(COLUMNS)] != "").any(axis=1)].reset_index(drop=True)


def gregorian(text: str) -> str:
    """A time of the Republic's calendar in ours; any other text comes back as it is, for the checks to judge.

    >>> gregorian("105年01月02日 05時45分00秒"), gregorian("2022-01-01 00:11:00")
    ('2016-01-02 05:45:00', '2022-01-01 00:11:00')
    """
    match = ROC_TIME.match(text)
    if not match:
        return text
    year, month, day, hour, minute, second = match.groups(default="00")
    return f"{int(year) + ROC_YEAR_0}-{month}-{day} {hour}:{minute}:{second}"


def party_time(date: str, time: str) -> str:
    """``20250131`` and ``083000`` as one time; other texts are joined as they are, for the checks to judge.

    >>> party_time("20250131", "083000"), party_time("", "")
    ('2025-01-31 08:30:00', '')
    """
    if re.fullmatch(r"\d{8}", date) and re.fullmatch(r"\d{6}", time):
        return f"{date[:4]}-{date[4:6]}-{date[6:]} {time[:2]}:{time[2:4]}:{time[4:]}"
    return f"{date} {time}".strip()


def prepare(batch: Batch, manifest: Manifest) -> Batch:
    """One row an accident; rows of further parties and of releases that repeat count as merged.

    Where releases disagree the one with most deaths, then most injured, holds: people die of an accident
    after the first release, none are raised. The number of parties is the largest that one file tells.
    """
    frame = batch.frame.join(_casualties(batch.frame["casualties"]))
    frame["class"] = frame["class"].where(frame["class"] != "", frame["n_deaths"].map(_class_of_deaths))
    frame["accident_id"] = [
        accident_id(*row) for row in zip(frame["occurred_at"], frame["place"], frame["lon"], frame["lat"])
    ]
    is_known = frame["accident_id"] != ""
    worst = frame[is_known].sort_values(
        ["n_deaths", "n_injured"], key=_as_number, ascending=False, kind="stable"
    )
    accidents = worst[~worst["accident_id"].duplicated()].sort_index()
    accidents["n_parties"] = (
        accidents["accident_id"].map(_party_counts(frame[is_known])).map(lambda n: str(n) if n else "")
    )
    kept = pd.concat([accidents, frame[~is_known].assign(n_parties="")]).sort_index()
    n_merged = len(frame) - len(kept)
    return replace(batch, frame=kept.reset_index(drop=True), n_merged=batch.n_merged + n_merged)


def _as_number(texts: pd.Series) -> pd.Series:
    return pd.to_numeric(texts, errors="coerce").fillna(-1)


def _casualties(texts: pd.Series) -> pd.DataFrame:
    """``死亡0;受傷1`` as two columns of text; what reads otherwise stays in both, for the checks to refuse."""
    numbers = texts.str.extract(CASUALTIES)
    return numbers.apply(lambda column: column.where(column.notna(), texts))


def _class_of_deaths(n_deaths: str) -> str:
    """A1 where somebody died (within 24 hours, by the agency's definition), else A2."""
    return "" if not n_deaths.isdigit() else "A1" if int(n_deaths) > 0 else "A2"


def accident_id(occurred_at: str, place: str, lon: str, lat: str) -> str:
    """Day and a hash of time, place and position; empty without time or place, as in notes below a table.

    >>> accident_id("2016-01-02 05:45:00", "高雄市岡山區嘉興路", "", "")
    '20160102-e71415e7eb64'
    """
    if not occurred_at or not place:
        return ""
    digest = hashlib.sha256(f"{occurred_at}|{place}|{lon}|{lat}".encode()).hexdigest()
    return f"{occurred_at[:10].replace('-', '')}-{digest[:ID_DIGITS]}"


def _party_counts(frame: pd.DataFrame) -> pd.Series:
    """Parties of each accident: ordinals in one file, or vehicles of a row; 0 where none are told."""
    ordinals = frame["party"].where(frame["party"] != "", None)
    by_file = ordinals.groupby([frame["accident_id"], frame[FILE]]).nunique().groupby(level=0).max()
    listed = (
        frame["vehicles"]
        .map(lambda text: len(text.split(";")) if text else 0)
        .groupby(frame["accident_id"])
        .max()
    )
    return pd.concat([by_file, listed], axis=1).max(axis=1).astype(int)
