"""Buildings put on purpose: on a pipeline, near one, and a dense settlement beside the gas line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from data.sample.noise import Floats
from data.sample.pipelines import HIGH_CONSEQUENCE_VILLAGE
from data.sample.sites import PLANT_VILLAGE

ON_PIPE_LINE_ID, POSSIBLE_LINE_ID = "GD-SQ01-04", "GD-CP01"
ON_PIPE_BUILDINGS: tuple[tuple[float, float, int, str | None], ...] = (
    (0.18, 0.0, 1996, None),
    (0.23, 1.5, 2003, None),
    (0.29, 2.5, 2008, None),
    (0.34, 0.8, 2010, "2010-09-12"),
    (0.52, 0.0, 2013, None),
    (0.57, 1.2, 2010, "2010-10-28"),
    (0.63, 2.0, 2018, "2018-05-06"),
)
"""Share of the line, distance of the wall from the centreline in m, year and, where known, date.

The pipeline protection law came into force on 2010-10-01; four stood before, three came after.
"""
POSSIBLE_DISTANCE_M, POSSIBLE_SHARE = 6.0, 0.30
DENSE_ROWS = ((62.0, 6), (104.0, 6), (150.0, 5))
"""Distance of the fronts from the gas line in m and blocks in a row, for the dense settlement."""


def build_planted(transmission: pd.DataFrame, hamlets: pd.DataFrame, roads: pd.DataFrame) -> pd.DataFrame:
    """Planted buildings with the columns of `buildings.COLUMNS` and ``built_on``, ``case``."""
    line = transmission.set_index("pipeline_id")["geometry"]
    rows = []
    for share, distance_m, year, built_on in ON_PIPE_BUILDINGS:
        case = "pipe_before_2010" if (built_on or str(year)) < "2010-10" else "pipe_after_2010"
        rows.append(
            _beside(
                line[ON_PIPE_LINE_ID],
                share,
                distance_m,
                size=(12.0, 9.0),
                year=year,
                built_on=built_on,
                case=case,
            )
        )
    rows.append(
        _beside(
            line[POSSIBLE_LINE_ID],
            POSSIBLE_SHARE,
            POSSIBLE_DISTANCE_M,
            size=(13.0, 9.0),
            year=2015,
            built_on=None,
            case="pipe_possible",
        )
    )
    others = pd.DataFrame(_dense_settlement(line[ON_PIPE_LINE_ID], hamlets) + _village_core(hamlets))
    middles = shapely.points(others[["x", "y"]].to_numpy(float))
    reach = np.where(others["case"] == "dense_settlement", 24.0, 10.0)
    on_road = shapely.STRtree(roads["geometry"].to_numpy()).query(
        middles, predicate="dwithin", distance=reach
    )[0]
    return pd.concat([pd.DataFrame(rows), others.drop(index=np.unique(on_road))], ignore_index=True)


def _village_core(hamlets: pd.DataFrame) -> list[dict[str, object]]:
    """A few houses in the middle of the village beside the plant, there at every scale."""
    middle = hamlets.loc[hamlets["village_name"] == PLANT_VILLAGE, ["x", "y"]].to_numpy()[0]
    spots = [(east, north) for east in (-27.0, -9.0, 9.0, 27.0) for north in (-26.0, -10.0, 10.0, 26.0)]
    return [
        _building(middle + np.array(spot), (10.5, 8.5), 0.0, 1994, n_storeys=2, n_households=2)
        | {"built_on": None, "case": "village_core"}
        for spot in spots
    ]


def straight_place(line: shapely.LineString, share: float) -> tuple[Floats, float]:
    """Middle and direction (radians) of the straight stretch nearest to a share of a line."""
    points = shapely.get_coordinates(line)
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    lengths = np.diff(along)
    middle = (along[:-1] + along[1:]) / 2
    leg = int(np.argmin(np.abs(middle - share * line.length) + np.where(lengths > 110, 0, 1e6)))
    reach = np.clip(share * line.length, along[leg] + 45, along[leg + 1] - 45)
    ahead = (points[leg + 1] - points[leg]) / lengths[leg]
    return points[leg] + ahead * (reach - along[leg]), float(np.arctan2(ahead[1], ahead[0]))


def _beside(
    line: shapely.LineString,
    share: float,
    distance_m: float,
    *,
    size: tuple[float, float],
    year: int,
    built_on: str | None,
    case: str,
) -> dict[str, object]:
    """A house parallel to the line whose near wall keeps the distance (0: the line passes under it)."""
    place, angle = straight_place(line, share)
    off = 0.0 if distance_m == 0 else distance_m + size[1] / 2
    centre = place + off * np.array([-np.sin(angle), np.cos(angle)])
    return _building(centre, size, angle, year, n_storeys=2, n_households=1) | {
        "built_on": built_on,
        "case": case,
    }


def _building(
    centre: Floats, size: tuple[float, float], angle: float, year: int, *, n_storeys: int, n_households: int
) -> dict[str, object]:
    return {
        "x": centre[0],
        "y": centre[1],
        "width_m": size[0],
        "depth_m": size[1],
        "angle_rad": angle,
        "use": "residential",
        "n_storeys": n_storeys,
        "n_households": n_households,
        "built_year": year,
    }


def _dense_settlement(line: shapely.LineString, hamlets: pd.DataFrame) -> list[dict[str, object]]:
    """Resettlement housing parallel to the line: more than 100 households within 200 m and 2 km."""
    share, side = settlement_place(line, hamlets)
    place, angle = straight_place(line, share)
    ahead, across = np.array([np.cos(angle), np.sin(angle)]), side * np.array([-np.sin(angle), np.cos(angle)])
    rows = []
    for distance_m, count in DENSE_ROWS:
        for number in range(count):
            centre = place + (distance_m + 6.5) * across + (number - (count - 1) / 2) * 46.0 * ahead
            rows.append(
                _building(centre, (38.0, 13.0), angle, 2016, n_storeys=3, n_households=12)
                | {"built_on": None, "case": "dense_settlement"}
            )
    return rows


def settlement_place(line: shapely.LineString, hamlets: pd.DataFrame) -> tuple[float, float]:
    """Share of the line opposite the village, and the side (1 left, -1 right) on which the village lies."""
    village = hamlets[hamlets["village_name"] == HIGH_CONSEQUENCE_VILLAGE].iloc[0]
    share = float(line.project(shapely.Point(village["x"], village["y"]), normalized=True))
    place, angle = straight_place(line, share)
    towards = np.array([village["x"], village["y"]]) - place
    return share, 1.0 if towards @ np.array([-np.sin(angle), np.cos(angle)]) >= 0 else -1.0
