"""Marker posts of the transmission lines, and the chainage that is written on them.

Chainages were set when a line was built, along the ground: a little longer than the map. They stay when a stretch is
rerouted, so that a chainage equation stands at its end; one old straightening left another; one post was painted wrong.
"""

from __future__ import annotations

import pandas as pd
import shapely

SLOPE = 1.0006
"""Metres along the ground for one on the map."""
POST_EVERY_M = 1000.0
EQUATIONS = {"GD-CP01": (6000.0, 180.0)}
"""Line -> metres on the map at which its chainage leaps, and by how many metres."""
REROUTE_END = ("GD-SQ01-02", "GD-SQ01-04")
"""The rerouted stretch, and the line on which the former chainages go on."""
PAINTED_WRONG = ("GD-CP01", 9, 90.0)
"""Line, kilometre, and the kilometres that the post shows instead: 90 for 9."""


def stated_m(line_id: str, start_m: float, along_m: float) -> float:
    """The chainage as it is written at a place of a line, metres; at an equation that of who goes on."""
    at_m, leap_m = EQUATIONS.get(line_id, (float("inf"), 0.0))
    return round(start_m + along_m * SLOPE + (leap_m if along_m >= at_m else 0.0), 1)


def build_markers(transmission: pd.DataFrame) -> pd.DataFrame:
    """Posts at every written kilometre of the lines in service, and at their equations."""
    rows: list[dict[str, object]] = []
    standing = transmission[transmission["status"] == "operating"].set_index("pipeline_id")
    for line_id, line in standing.iterrows():
        rows += _kilometre_posts(str(line_id), line)
        if line_id in EQUATIONS:
            rows.append(_equation(str(line_id), line, EQUATIONS[str(line_id)][0]))
    before, after = REROUTE_END
    new = standing.loc[before]
    rows.append(_equation(before, new, new["geometry"].length, ahead_m=float(standing.loc[after, "start_chainage_m"])))
    return pd.DataFrame(rows)


def _kilometre_posts(line_id: str, line: pd.Series) -> list[dict[str, object]]:
    start_m, shape = float(line["start_chainage_m"]), line["geometry"]
    rows = []
    for km in range(int(start_m // POST_EVERY_M) + 1, 100):
        along_m = _along(line_id, start_m, km * POST_EVERY_M)
        if along_m > shape.length:
            break
        wrong = km == PAINTED_WRONG[1] and line_id == PAINTED_WRONG[0]
        told_m = PAINTED_WRONG[2] * POST_EVERY_M if wrong else stated_m(line_id, start_m, along_m)
        rows.append(_post(line_id, f"{km:03d}", "milepost", shape.interpolate(along_m), told_m, None))
    return rows


def _along(line_id: str, start_m: float, told_m: float) -> float:
    """Metres on the map at which a chainage is written."""
    at_m, leap_m = EQUATIONS.get(line_id, (float("inf"), 0.0))
    along_m = (told_m - start_m) / SLOPE
    return along_m if along_m < at_m else max(at_m, (told_m - leap_m - start_m) / SLOPE)


def _equation(line_id: str, line: pd.Series, along_m: float, *, ahead_m: float | None = None) -> dict[str, object]:
    start_m = float(line["start_chainage_m"])
    back_m = round(start_m + along_m * SLOPE, 1)
    told_m = stated_m(line_id, start_m, along_m) if ahead_m is None else ahead_m
    return _post(line_id, "DL", "equation", line["geometry"].interpolate(along_m), told_m, back_m)


def _post(
    line_id: str, number: str, kind: str, place: shapely.Point, chainage_m: float, back_m: float | None
) -> dict[str, object]:
    kilometre, metres = divmod(round(chainage_m), 1000)
    return {
        "marker_id": f"{line_id}-{number}",
        "pipeline_id": line_id,
        "name": f"K{kilometre}+{metres:03d}",
        "kind": kind,
        "chainage_m": chainage_m,
        "back_chainage_m": back_m,
        "geometry": place,
    }
