"""The method as a list of stages, in their order; a new derived layer is one more stage.

A stage is a function from `Given` to results by name, and the declaration of what it looks at. Put it into a module of
this folder and its name into `STAGES`, after the stages whose results it takes. The result that is named like a derived
layer becomes its table; see README.md of the folder above.
"""

from __future__ import annotations

from etl.stages.ratings import DISAGREEMENTS, GROUP_RATINGS, PARK_RATINGS
from etl.stages.roads_and_lines import (
    BLACK_SPOTS,
    FIRE_COVER,
    HIGH_CONSEQUENCE,
    OFFICIAL_RINGS,
    PIPELINE_BANDS,
    PIPELINE_CHAINAGE,
    SITES_BESIDE_LINES,
)
from etl.stages.sources import DISTANCES, RISK_POINTS
from etl.stages.stage import Stage
from etl.stages.unit_risk import BLAST_RINGS, DOMINO, SOCIETAL_RISK, UNIT_RISK
from etl.stages.zones import RISK_INDEX, RISK_ZONES, TOWN_RATINGS

STAGES: tuple[Stage, ...] = (
    SITES_BESIDE_LINES,
    HIGH_CONSEQUENCE,
    PIPELINE_BANDS,
    PIPELINE_CHAINAGE,
    OFFICIAL_RINGS,
    BLACK_SPOTS,
    FIRE_COVER,
    RISK_POINTS,
    DISTANCES,
    UNIT_RISK,
    BLAST_RINGS,
    SOCIETAL_RISK,
    DOMINO,
    RISK_INDEX,
    RISK_ZONES,
    TOWN_RATINGS,
    DISAGREEMENTS,
    PARK_RATINGS,
    GROUP_RATINGS,
)
