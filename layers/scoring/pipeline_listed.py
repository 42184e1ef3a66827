"""The violations of the whole county that name one pipeline, as rows of its own conflict list."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from layers.scoring.measure import Geometries
from layers.scoring.object_classes import CATEGORY_FIELDS, Layers

SAME_FIELDS = (
    "violation_id", "rule_id", "required_m", "error_m", "certainty", "is_historic", "is_estimated", "standard_id", "clause", "source_type",
)  # fmt: skip
PAD_M = 50.0
"""Metres from the end of a shortest line to what it was measured from: half the land of a road, conductors beside their axis."""


def listed_conflicts(violations: gpd.GeoDataFrame, pipeline_id: str, layers: Layers) -> pd.DataFrame:
    """Violations that name a pipeline, as subject or as object, with the other thing as the object of the row.

    Parameters
    ----------
    violations : rows of the layer ``distance_violations`` in the metric CRS of `layers`; those without this pipeline are passed over
    layers : where the other things stand, for what kind of thing each is

    Returns
    -------
    DataFrame with the fields of `pipelines.conflicts` but chainage and side; ``geometry`` ends at the other thing.
        Only rows of the law forbid (禁止, 可能禁止); distances of technical codes are 须查技术规范, certain or possible.
    """
    is_subject, is_object = (
        ((violations[f"{side}_layer"] == "pipelines") & (violations[f"{side}_feature_id"] == pipeline_id)).to_numpy(bool)
        for side in ("subject", "object")
    )
    violations, is_subject = violations[is_subject | is_object], is_subject[is_subject | is_object]
    rows = pd.DataFrame({name: violations[name].to_numpy() for name in SAME_FIELDS})
    for name in ("layer", "feature_id", "name"):
        rows[f"object_{name}"] = np.where(is_subject, violations[f"object_{name}"], violations[f"subject_{name}"])
    is_ban = (violations["rule_kind"] == "prohibited").to_numpy(bool)
    is_certain = (violations["certainty"] == "certain").to_numpy(bool)
    rows["verdict"] = np.select([is_ban & is_certain, is_ban], ["prohibited", "possibly_prohibited"], "see_code").astype(object)
    rows["distance_m"] = violations["actual_m"].to_numpy(float)
    rows["object_category"] = _categories(rows, layers)
    rows["geometry"] = _towards_others(violations.geometry.to_numpy(), is_subject)
    return rows


def boxes_of(violations: gpd.GeoDataFrame) -> list[tuple[float, float, float, float]]:
    """The boxes of shortest lines, metres, widened by `PAD_M`: both things reach into them."""
    bounds_m = shapely.bounds(violations.geometry.to_numpy())
    return [(west - PAD_M, south - PAD_M, east + PAD_M, north + PAD_M) for west, south, east, north in bounds_m.tolist()]


def _towards_others(lines: Geometries, is_subject: NDArray[np.bool_]) -> Geometries:
    """Shortest lines from the pipeline to the other thing, whichever of them is the subject."""
    turned: Geometries = np.where(is_subject, lines, shapely.reverse(lines))
    return turned


def _categories(rows: pd.DataFrame, layers: Layers) -> list[str | None]:
    found: dict[tuple[str, str], str | None] = {}
    for layer in set(rows["object_layer"]) & set(layers):
        frame = layers[layer]
        name = next((name for name in CATEGORY_FIELDS if name in frame), None)
        if name is not None:
            found |= {(layer, key): value for key, value in zip(frame["feature_id"], frame[name], strict=True) if isinstance(value, str)}
    return [found.get(pair) for pair in zip(rows["object_layer"], rows["object_feature_id"], strict=True)]
