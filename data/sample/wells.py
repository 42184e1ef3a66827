"""Oil and gas wells, some at distances that were chosen."""

from __future__ import annotations

import pandas as pd
import shapely

from data.sample.noise import Rng
from data.sample.open_ground import Geometries, OpenGround, beside

PADS, WELLS_A_PAD, WELL_GAP_M, PAD_SPACING_M = 6, 3, 9.0, 1800.0
BESIDE = (
    ("house", 90.0), ("house", 99.0), ("house", 112.0),
    ("school", 470.0), ("school", 530.0),
    ("railway", 180.0), ("railway", 230.0),
)  # fmt: skip
"""Wells being drilled near the first house, school or railway with room: 100, 500 and 200 m are asked."""


def build_wells(rng: Rng, ground: OpenGround, wide: OpenGround, objects: dict[str, Geometries]) -> pd.DataFrame:
    """Pads on open ground and single wells beside things; `wide` keeps off what the rules speak of.

    `ground` keeps off only what is in the way; `objects` are the ``house``, ``school`` and ``railway`` geometries.
    """
    rows = []
    for pad, place in enumerate(wide.scattered(rng, PADS, spacing_m=PAD_SPACING_M), start=1):
        phase = ("producing", "drilling", "shut_in")[pad % 3]
        for number in range(1, WELLS_A_PAD + 1):
            point = shapely.Point(place + [WELL_GAP_M * (number - 2), 0.0])
            rows.append(_well(f"YQ{pad:02d}-{number}", f"沧页{pad}平台{number}井", phase, pad % 2 == 0, point))
    for number, (what, distance_m) in enumerate(BESIDE, start=1):
        _, point = beside(rng, ground, objects[what], distance_m)
        rows.append(_well(f"YQ9{number}-1", f"沧探{number}井", "drilling", False, point))
    return pd.DataFrame(rows)


def _well(well_id: str, name: str, phase: str, is_sour: bool, point: shapely.Point) -> dict[str, object]:
    return {"well_id": well_id, "name": name, "phase": phase, "is_sour": is_sour, "geometry": point}
