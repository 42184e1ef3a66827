"""Runs the stages of scoring in their order, each on what it declared and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
from shapely.geometry.base import BaseGeometry

from etl.progress import Progress, Step, silent, watched
from etl.stages import STAGES
from etl.stages.stage import Frames, Given, Stage
from layers.catalog import Area
from layers.scoring.zoning import RiskSurface


@dataclass(frozen=True)
class Inputs:
    """What the method starts from: `read` gives the frame of a loaded layer, in the metric CRS."""

    area: Area
    outline: BaseGeometry
    on: date
    read: Callable[[str], gpd.GeoDataFrame]
    rasters: Mapping[str, Path] = field(default_factory=dict)


@dataclass
class Results:
    """Everything that scoring derives, by name of the result; frames in the metric CRS."""

    values: dict[str, Any] = field(default_factory=dict)

    @property
    def surfaces(self) -> list[RiskSurface]:
        found: list[RiskSurface] = self.values["risk_index"]
        return found

    def notes(self, stages: Iterable[Stage] = STAGES) -> dict[str, Any]:
        """What the stages tell for the edition's meta."""
        return {name: self.values[name] for stage in stages for name in stage.notes}


def derive(inputs: Inputs, *, stages: Iterable[Stage] = STAGES, progress: Progress = silent) -> Results:
    """The whole method, in its order, from nothing."""
    results = Results()
    for stage in stages:
        given = given_to(stage, inputs, results.values)
        step = Step(f"评定: {stage.title_zh}", f"score: {stage.title_en}")
        results.values |= watched(progress, step, lambda stage=stage, given=given: stage.run(given))  # type: ignore[misc]
    return results


def given_to(stage: Stage, inputs: Inputs, results: Mapping[str, Any]) -> Given:
    """What a stage may look at."""
    return Given(
        area=inputs.area,
        outline=inputs.outline,
        on=inputs.on,
        frames=Frames([name for name in stage.layers if name not in RASTER_LAYERS], inputs.read),
        results={name: results[name] for name in stage.after},
        rasters={name: inputs.rasters[name] for name in stage.layers if name in inputs.rasters},
    )


RASTER_LAYERS = ("population", "relief")
"""Layers that stages take as files."""
