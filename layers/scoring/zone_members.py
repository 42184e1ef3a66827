"""Which sources make a zone: for every cell of it the one that gives most, so that the areas add up to the zone's."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from layers.scoring.cell_sums import Cells, each_source
from layers.scoring.colouring_sources import GRID_MAXIMUM, prepare_sources
from layers.scoring.policy import Policy


@dataclass(frozen=True)
class Member:
    """A source (row `position` of the frame) and the cells in which it gives most."""

    position: int
    n_cells: int


def zone_members(points: gpd.GeoDataFrame, policy: Policy, cells: Cells) -> list[Member]:
    """The sources that lead in some cells, the one with most cells first; a cell that none reaches has no leader.

    A source leads a cell with the largest h³; under the grid maximum the first in key order of those of the worst level.

    Parameters
    ----------
    points : rows of `risk_points` (metric CRS), at least those that reach a cell
    """
    sources = prepare_sources(points, policy)
    is_maximum = policy.method == GRID_MAXIMUM
    most, leader = np.zeros(len(cells)), np.full(len(cells), -1, np.int64)
    for given in each_source(sources, cells):
        holds = given.is_within if is_maximum else given.touches
        code = float(sources.codes[given.source])
        # on a footprint alone, where no h³ is left, the strength of the footprint leads a little
        value = np.where(holds, 5.0 - code, 0.0) if is_maximum else given.cubes + np.where(holds, 1e-12 * (5.0 - code), 0.0)
        leads = value > most[given.cells]
        where = given.cells[leads]
        most[where], leader[where] = value[leads], given.source
    found, counts = np.unique(leader[leader >= 0], return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [Member(int(sources.positions[found[k]]), int(counts[k])) for k in order]
