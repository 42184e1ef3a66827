"""The real city's lists as comparable frames, read as the loader reads them but without a database."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import geopandas as gpd
import pandas as pd

from etl.manifest import delivered_files, load_manifests
from etl.matching.names import Names
from etl.normalise import normalise
from etl.places.grammar import Grammar
from etl.places.wording import FORMER_SUBJECTS, SUBJECT, area_names
from etl.read import read_batch
from layers.catalog import Area, load_catalog
from layers.crs import transform_geometry

PROJECT = Path(__file__).parents[2]
SOURCES = PROJECT / "data" / "sources" / "kaohsiung"
REAL_CITY = PROJECT.parent / "shared" / "data" / "real" / "kaohsiung"
"""Public files that are no part of this repository; where they are missing, what needs them is left out."""


@lru_cache(maxsize=2)
def city_frames(source_ids: tuple[str, ...]) -> tuple[Area, dict[str, gpd.GeoDataFrame]]:
    """The area, and layer id -> frame in the metric CRS with the fields that identify features."""
    catalog = load_catalog()
    area, manifests = load_manifests(SOURCES, catalog)
    parts: dict[str, list[gpd.GeoDataFrame]] = {}
    for manifest in [entry for entry in manifests if entry.id in source_ids]:
        layer = catalog[manifest.layer]
        frame, _ = normalise(read_batch(delivered_files(manifest, REAL_CITY), manifest, REAL_CITY), manifest, layer, area)
        frame["feature_id"] = frame[layer.key[0]]
        frame = frame.drop_duplicates("feature_id").assign(source_id=manifest.id)
        metric = transform_geometry(frame["geometry"].to_numpy(), area.storage_crs, area.metric_crs)
        frame = gpd.GeoDataFrame(frame.drop(columns="geometry"), geometry=metric, crs=area.metric_crs)
        parts.setdefault(layer.id, []).append(frame.sort_values("feature_id"))
    return area, {layer_id: _joined(found) for layer_id, found in parts.items()}


def _joined(frames: Iterable[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    found = list(frames)
    return gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=found[0].crs)


def city_grammar(area: Area, frames: dict[str, gpd.GeoDataFrame]) -> tuple[Grammar, Names]:
    """The parsers that a run on the register would use; without towns loaded they are taken from the factories."""
    stem = SUBJECT.sub("", area.title_zh)
    towns = frames["towns"]["name"] if "towns" in frames else frames["enterprises"]["town_name"]
    county = {area.title_zh, *(stem + subject for subject in FORMER_SUBJECTS)}
    return Grammar(sorted(county), sorted(set(towns.dropna()))), area_names(area)
