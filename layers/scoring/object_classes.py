"""Turns features into members of the classes that rules speak of: a farm shed is a structure, a tank farm a hazmat site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from layers.crs import require_metric
from layers.errors import CrsMismatchError
from layers.scoring.measure import Floats, Geometries
from layers.scoring.rules import ClassMember, RuleSet
from layers.scoring.targets import class_ranks

Texts = NDArray[np.object_]
Layers = Mapping[str, pd.DataFrame]

NOT_STANDING = ("planned", "closed", "abandoned")
AREA_LAYERS = ("enterprises", "hazard_units", "fire_stations", "pipeline_stations", "protection_targets")
"""Layers whose features cover ground: a point stands for them only roughly, so what is measured is estimated."""
NUMBERS = ("voltage_kv", "pressure_mpa", "diameter_mm", "land_width_m", "outer_offset_m", "tnt_kg")
TNT_CAS = "118-96-7"
KG_PER_T = 1000.0


@dataclass(frozen=True)
class Members:
    """The placed, standing features of one class, one entry a feature in every array.

    `geometry` is in the metric CRS, `accuracy_m` the error of its position; `built_on` and `built_year` are None
    and NaN where unknown; `numbers` holds the columns of `NUMBERS`, NaN where unknown; `strictest` and `mildest`
    are GB 36894 classes as positions in `TARGET_CLASSES` (0 and 4 for everything that is no target).
    """

    layer: Texts
    feature_id: Texts
    name: Texts
    enterprise_id: Texts
    road_class: Texts
    category: Texts
    geometry: Geometries
    accuracy_m: Floats
    built_on: Texts
    built_year: Floats
    is_point: NDArray[np.bool_]
    strictest: NDArray[np.intp]
    mildest: NDArray[np.intp]
    numbers: Mapping[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.feature_id)

    def take(self, chosen: Any) -> Members:
        """The members at positions or under a mask."""
        arrays = {
            entry.name: getattr(self, entry.name)[chosen] for entry in fields(self) if entry.name != "numbers"
        }
        return Members(**arrays, numbers={name: values[chosen] for name, values in self.numbers.items()})


class ClassIndex:
    """The members of every class in one set of layers, each found once, with their spatial index.

    Parameters
    ----------
    layers : layer id -> frame in the metric CRS; a missing key and an empty frame mean the same
    rules : RuleSet
    """

    def __init__(self, layers: Layers, rules: RuleSet) -> None:
        self.layers = layers
        self.rules = rules
        self._members: dict[str, Members] = {}
        self._trees: dict[str, shapely.STRtree] = {}
        self._of_layer: dict[str, tuple[Members, pd.DataFrame]] = {}

    @cached_property
    def crs(self) -> pyproj.CRS:
        """The one metric CRS of all frames; `CrsMismatchError` when they differ or none has one."""
        frames = [
            frame for frame in self.layers.values() if isinstance(frame, gpd.GeoDataFrame) and len(frame)
        ]
        for frame in frames:
            require_metric(frame)
        found = {frame.crs for frame in frames}
        if len(found) != 1:
            raise CrsMismatchError(
                f"all layers must share one metric CRS, got {sorted(str(crs) for crs in found)}"
            )
        crs: pyproj.CRS = found.pop()
        return crs

    def members(self, class_id: str) -> Members:
        """Placed, standing members of a class, in the order of its layers."""
        if class_id not in self._members:
            declared = self.rules.classes[class_id].members
            layers = {member.layer for member in declared}
            parts = [self._of(member, with_units="hazard_units" in layers) for member in declared]
            self._members[class_id] = _joined(parts)
        return self._members[class_id]

    def layer_members(self, layer: str, frame: pd.DataFrame) -> Members:
        """Rows of a layer as members of no class in particular."""
        return _members(layer, frame, self.rules)

    def tree(self, class_id: str) -> shapely.STRtree:
        if class_id not in self._trees:
            self._trees[class_id] = shapely.STRtree(self.members(class_id).geometry)
        return self._trees[class_id]

    def frame(self, layer: str) -> pd.DataFrame:
        """A layer's frame, empty when the layer is missing."""
        frame = self.layers.get(layer)
        return pd.DataFrame({"feature_id": []}) if frame is None else frame

    @cached_property
    def unit_tnt_kg(self) -> pd.Series:
        """Kilograms of TNT by unit, for units whose only explosive on record is TNT itself (CAS 118-96-7)."""
        chemicals = self.frame("unit_chemicals")
        if not len(chemicals):
            return pd.Series(dtype=float)
        is_tnt = (chemicals["cas"] == TNT_CAS).to_numpy(bool, na_value=False)
        amount_t = pd.to_numeric(chemicals.loc[is_tnt, "amount_t"], errors="coerce")
        return amount_t.groupby(chemicals.loc[is_tnt, "unit_id"]).sum(min_count=1) * KG_PER_T

    @cached_property
    def enterprises_with_units(self) -> frozenset[str]:
        """Enterprises shown by at least one standing unit that has a position."""
        units, _ = self._layer("hazard_units")
        return frozenset(units.enterprise_id[units.enterprise_id != None])  # noqa: E711 (an array)

    def _of(self, member: ClassMember, *, with_units: bool) -> Members:
        members, frame = self._layer(member.layer)
        mask = np.ones(len(members), bool)
        for name, values in member.conditions:
            column = frame[name] if name in frame else pd.Series([None] * len(frame), dtype=object)
            mask &= _has_value(column, values)
        if member.layer == "enterprises" and with_units:
            mask &= ~pd.Series(members.enterprise_id).isin(self.enterprises_with_units).to_numpy(bool)
        return members.take(mask)

    def _layer(self, layer: str) -> tuple[Members, pd.DataFrame]:
        if layer not in self._of_layer:
            frame = self.frame(layer)
            if layer == "hazard_units" and len(frame):
                frame = frame.assign(tnt_kg=frame["unit_id"].map(self.unit_tnt_kg).astype(float))
            frame = frame[standing(frame)]
            self._of_layer[layer] = (_members(layer, frame, self.rules), frame)
        return self._of_layer[layer]


def _has_value(column: pd.Series, values: tuple[str, ...]) -> NDArray[np.bool_]:
    if values == ("*",):
        found = column.notna()
    elif pd.api.types.is_numeric_dtype(column):
        found = column.isin([float(value) for value in values])
    else:
        found = column.isin(values)
    return np.asarray(found, bool)


def standing(frame: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows exist on the ground now and have a position: no plans, no removals, no zoned but empty land."""
    mask = np.ones(len(frame), bool)
    if "geometry" not in frame:
        return np.zeros(len(frame), bool)
    geometry = frame["geometry"].to_numpy()
    mask &= ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    if "status" in frame:
        mask &= ~frame["status"].isin(NOT_STANDING).to_numpy(bool)
    if "is_zoned_land" in frame:
        mask &= ~frame["is_zoned_land"].fillna(False).to_numpy(bool)
    return mask


def _members(layer: str, frame: pd.DataFrame, rules: RuleSet) -> Members:
    n = len(frame)
    geometry: Geometries = frame["geometry"].to_numpy() if n else np.empty(0, object)
    strictest, mildest = np.zeros(n, np.intp), np.full(n, 4, np.intp)
    if layer == "protection_targets" and n:
        strictest, mildest = class_ranks(frame, rules.target_sizes)
    is_point = np.isin(shapely.get_type_id(geometry), (0, 4)) if n else np.empty(0, bool)
    return Members(
        layer=np.full(n, layer, object),
        feature_id=_text(frame, "feature_id"),
        name=_text(frame, "name"),
        enterprise_id=_text(frame, "enterprise_id"),
        road_class=_text(frame, "road_class"),
        category=_text(frame, "category" if "category" in frame else "use" if "use" in frame else "kind"),
        geometry=geometry,
        accuracy_m=np.nan_to_num(_number(frame, "accuracy_m")),
        built_on=_text(frame, "built_on" if "built_on" in frame else "in_service_on"),
        built_year=_number(frame, "built_year"),
        is_point=is_point & (layer in AREA_LAYERS),
        strictest=strictest,
        mildest=mildest,
        numbers={name: _number(frame, name) for name in NUMBERS},
    )


def proposal(geometry: shapely.Geometry, *, accuracy_m: float = 0.0, name: str | None = None) -> Members:
    """A proposed site or works as the one member of whatever classes it counts as."""
    frame = pd.DataFrame(
        {
            "feature_id": ["proposal"],
            "name": [name],
            "accuracy_m": [accuracy_m],
            "geometry": np.array([geometry], object),
        }
    )
    return _members("proposal", frame, None)  # type: ignore[arg-type]


def _text(frame: pd.DataFrame, name: str) -> Texts:
    if name not in frame:
        return np.full(len(frame), None, object)
    values: Texts = frame[name].to_numpy(object, copy=True)
    values[pd.isna(values)] = None
    return values


def _number(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    values: Floats = pd.to_numeric(frame[name], errors="coerce").to_numpy(float, na_value=np.nan)
    return values


def _joined(parts: list[Members]) -> Members:
    if not parts:
        return _members("", pd.DataFrame({"feature_id": []}), None)  # type: ignore[arg-type]
    if len(parts) == 1:
        return parts[0]
    arrays = {
        entry.name: np.concatenate([getattr(part, entry.name) for part in parts])
        for entry in fields(Members)
        if entry.name != "numbers"
    }
    numbers = {name: np.concatenate([part.numbers[name] for part in parts]) for name in NUMBERS}
    return Members(**arrays, numbers=numbers)
