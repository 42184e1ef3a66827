"""Recommended checks of lines and what stands on them: gaps, overlaps, drawing direction, stations along a line."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from etl.surroundings import Surroundings, warned
from layers.catalog import Check
from layers.scoring.chainage import Chainage

SAME_TRACK_M = 0.2
CHAINAGE_ERROR = 0.02
"""Share by which a chainage may differ from the drawn length: slopes and corrected stretches."""
FROM_TO = re.compile(
    r"^(?P<start>[^—–\-－~～至]{2,12})(?:——|[—–\-－~～至])(?P<end>[^—–\-－~～至]{2,12}?)"
    r"(?:天然气|煤层气|页岩气|原油|成品油|输气|输油|燃气|长输|管道|管线|干线|支线|联络线|复线|线|$)"
)
"""A name such as 白鹭—沧阳输气管道: from one place to another."""


def gaps(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Lines whose parts, joined where they touch, still lie apart by no more than the limit, in metres: a gap of drawing."""
    lines = around.metric(frame.geometry.to_numpy())
    joined = shapely.line_merge(lines)
    rows, details = [], []
    for position in np.flatnonzero(shapely.get_num_geometries(joined) > 1):
        parts = shapely.get_parts(joined[position])
        left, right = shapely.STRtree(parts).query(parts, predicate="dwithin", distance=entry.limit or 0.0)
        gaps_m = shapely.distance(parts[left], parts[right])[left < right]
        if (gaps_m > 0).any():
            rows.append(position)
            details.append(f"{gaps_m[gaps_m > 0].max():.2f} m")
    return warned(entry.rule, frame.index[rows], "geometry", frame["feature_id"].iloc[rows], details)


def overlaps(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Lines that run within 0.2 m of another one, of this source or of another, for more than the limit, in metres."""
    lines = around.metric(frame.geometry.to_numpy())
    others, names = lines, frame["feature_id"].to_numpy()
    if around.beside is not None and len(around.beside):
        others = np.concatenate([lines, around.metric(around.beside["geometry"].to_numpy())])
        names = np.concatenate([names, around.beside["feature_id"].to_numpy()])
    own, other = shapely.STRtree(others).query(lines, predicate="dwithin", distance=SAME_TRACK_M)
    is_pair = ((other < own) | (other >= len(lines))) & (names[own] != names[other])
    own, other = own[is_pair], other[is_pair]
    shared_m = shapely.length(shapely.intersection(lines[own], shapely.buffer(others[other], SAME_TRACK_M, quad_segs=1)))
    is_odd = shared_m > (entry.limit or 0.0)
    own, other, shared_m = own[is_odd], other[is_odd], shared_m[is_odd]
    details = [f"{name}: {metres:.0f} m" for name, metres in zip(names[other], shared_m, strict=True)]
    return warned(entry.rule, frame.index[own], "geometry", frame["feature_id"].iloc[own], details)


def against_next(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Lines of one name, one beginning at the chainage where another ends, that do not meet end to beginning.

    Fields: name, chainage at the start in metres. Two lines follow each other, and touch, within the limit in metres;
    a line that the nearest pair of ends shows turned round is told, with the one it meets.
    """
    name, start = entry.fields
    limit_m = entry.limit or 0.0
    rows = frame[frame[name].notna() & frame[start].notna() & frame.geometry.notna()]
    lines = around.metric(rows.geometry.to_numpy())
    start_m = rows[start].to_numpy(dtype="float64")
    end_m = start_m + shapely.length(lines)
    turned: dict[int, str] = {}
    for positions in rows.groupby(name, sort=True).indices.values():
        for one in positions:
            for following in positions[np.abs(start_m[positions] - end_m[one]) <= limit_m]:
                if one != following:
                    for place, other in _turned(lines, one, following, limit_m):
                        turned.setdefault(place, str(rows["feature_id"].iloc[other]))
    places = sorted(turned)
    return warned(entry.rule, rows.index[places], start, rows[start].iloc[places], [turned[place] for place in places])


def _turned(lines: NDArray[np.object_], one: int, following: int, limit_m: float) -> list[tuple[int, int]]:
    """Which of two lines that follow each other are drawn backwards, each with the line that shows it."""
    xy, next_xy = shapely.get_coordinates(lines[one]), shapely.get_coordinates(lines[following])
    ends, next_ends = xy[[-1, 0]], next_xy[[0, -1]]
    apart_m = np.hypot(*(ends[:, None, :] - next_ends[None, :, :]).transpose(2, 0, 1))
    is_turned, is_next_turned = np.unravel_index(np.argmin(apart_m), apart_m.shape)
    if apart_m.min() > limit_m or apart_m[0, 0] <= apart_m.min():
        return []
    return [(one, following)] * bool(is_turned) + [(following, one)] * bool(is_next_turned)


def _along(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Stations with a position whose line is known: ``at``, ``line`` (its value), ``measured_m``, ``start_m``, ``is_known_start``.

    The measure runs in the drawn direction from the chainage at the line's start, 0 where that is not known.
    """
    lines = around.others.get(entry.layer)
    field = entry.fields[0]
    parts = []
    for value, group in frame[frame.geometry.notna()].groupby(field, sort=True):
        found = lines[lines[entry.match] == value] if lines is not None else []
        if len(found):
            parts.append(_measured(group, found.iloc[0], str(value), around))
    columns = ["at", "line", "measured_m", "start_m", "is_known_start"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _measured(group: pd.DataFrame, line: pd.Series, value: str, around: Surroundings) -> pd.DataFrame:
    start_m = pd.to_numeric(line.get("start_chainage_m"), errors="coerce")
    is_known = bool(pd.notna(start_m))
    chainage = Chainage.along(around.metric([line["geometry"]])[0], around.area.metric_crs, float(start_m) if is_known else 0.0)
    points = shapely.centroid(around.metric(group.geometry.to_numpy()))
    return pd.DataFrame({
        "at": group.index, "line": value, "measured_m": chainage.at(points), "start_m": chainage.start_m, "is_known_start": is_known,
    })


def _stations(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    table = _along(frame, entry, around)
    table["chainage_m"] = pd.to_numeric(frame[entry.fields[1]].reindex(table["at"]), errors="coerce").to_numpy(dtype="float64")
    return table[table["chainage_m"].notna()]


def _is_against(stations: pd.DataFrame, limit_m: float) -> bool:
    """Whether the chainages of one line's stations fall, rather than rise, in the drawn direction."""
    by, stated = (stations[name].to_numpy(dtype="float64") for name in ("measured_m", "chainage_m"))
    run, rise = by[:, None] - by[None, :], stated[:, None] - stated[None, :]
    is_clear = (np.abs(run) > limit_m) & (np.abs(rise) > limit_m)
    signs = np.sign(run * rise)[is_clear]
    return bool((signs < 0).sum() > (signs > 0).sum())


def against_chainage(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Stations of a line along whose drawn direction their chainages fall: it is drawn backwards, or they are numbered so.

    Fields: the line's value, chainage in metres; stations nearer to each other than the limit, in metres, say nothing.
    """
    table = _stations(frame, entry, around)
    odd = [group for _, group in table.groupby("line", sort=True) if _is_against(group, entry.limit or 0.0)]
    return _told(frame, entry, pd.concat(odd)) if odd else warned(entry.rule, [])


def off_chainage(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Stations whose chainage is not that of their place on the line, by more than the limit and 2 % of the way.

    Only where the line's start has a chainage and the line is not drawn backwards (another rule tells that).
    """
    table = _stations(frame, entry, around)
    limit_m = entry.limit or 0.0
    straight = [group for _, group in table.groupby("line", sort=True) if not _is_against(group, limit_m)]
    if not straight:
        return warned(entry.rule, [])
    table = pd.concat(straight)
    way_m = (table["measured_m"] - table["start_m"]).abs()
    off_m = (table["measured_m"] - table["chainage_m"]).abs()
    return _told(frame, entry, table[table["is_known_start"].astype(bool) & (off_m > limit_m + CHAINAGE_ERROR * way_m)])


def _told(frame: pd.DataFrame, entry: Check, table: pd.DataFrame) -> pd.DataFrame:
    name = entry.fields[1]
    details = [f"{line}: {metres:.0f} m" for line, metres in zip(table["line"], table["measured_m"], strict=True)]
    return warned(entry.rule, table["at"], name, frame[name].reindex(table["at"]), details)


def against_names(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Stations named for the two ends of a line (its name says from where to where) that stand in the other order along it.

    Fields: the line's value, name of the station.
    """
    lines = around.others.get(entry.layer)
    table = _along(frame, entry, around)
    table["name"] = frame[entry.fields[1]].reindex(table["at"]).to_numpy()
    odd = []
    for value, group in table.groupby("line", sort=True):
        title = str(lines.loc[lines[entry.match] == value, "name"].iloc[0]) if lines is not None else ""
        found = FROM_TO.match(title)
        if found:
            odd += _swapped_ends(group, found["start"], found["end"], title)
    return warned(entry.rule, [at for at, _, _ in odd], entry.fields[1], [name for _, name, _ in odd], [title for _, _, title in odd])


def _swapped_ends(group: pd.DataFrame, start: str, end: str, title: str) -> list[tuple[int, str, str]]:
    at_start, at_end = (group[group["name"].str.contains(word, regex=False, na=False)] for word in (start, end))
    if at_start.empty or at_end.empty or at_start["measured_m"].mean() <= at_end["measured_m"].mean():
        return []
    return [(int(row.at), str(row.name_), title) for row in pd.concat([at_start, at_end]).rename(columns={"name": "name_"}).itertuples()]
