"""Street names and house numbers that follow the ground: neighbours on a street have neighbouring numbers."""

from __future__ import annotations

import numpy as np

from data.sample.noise import Floats
from data.sample.towns import COUNTY_NAME, TOWN_PLANS, Towns

STREET_SPACING_M = 90.0
METRES_PER_NUMBER = 6.0
WORDS = ("兴业", "振华", "青云", "石桥", "沿江", "迎宾", "建设", "文化", "滨河", "东风")
KINDS = ("路", "一路", "二路", "三路", "街", "大道", "东路", "西路", "南街", "北街", "巷", "横街")


def addresses(xy: Floats, town: np.ndarray[tuple[int], np.dtype[np.int64]], towns: Towns) -> list[str]:
    """The address of each place, shape (n, 2) in the plane: streets run east, numbers grow eastwards.

    Odd numbers stand south of the street's middle, even ones north of it.
    """
    found = []
    for (x, y), number in zip(xy, town, strict=True):
        west, south, _, _ = towns.polygons[number].bounds
        stripe, across = divmod(y - south, STREET_SPACING_M)
        house = 2 * int((x - west) / METRES_PER_NUMBER / 2) + (2 if across >= STREET_SPACING_M / 2 else 1)
        found.append(f"{COUNTY_NAME}{TOWN_PLANS[number].name}{_street(int(stripe))}{house}号")
    return found


def _street(stripe: int) -> str:
    """A name for each stripe, none twice within one town."""
    kind, word = divmod(stripe, len(WORDS))
    round_, kind = divmod(kind, len(KINDS))
    return ("新" if round_ else "") + WORDS[word] + KINDS[kind]
