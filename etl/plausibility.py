"""Recommended checks: accepted rows that deserve a second look, each with its numbered rule.

A layer declares which of them it wants (`checks` in its layer.toml) with the values they need; the rules' words
are rows of `check_rules.csv`. Nothing is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from etl.identity_codes import is_credit_code, is_organisation_code, is_region_code
from layers.catalog import Area, Check, Layer
from layers.crs import transform_geometry
from layers.errors import CatalogError

SAME_TRACK_M = 0.2
METRES_OF_A_DEGREE = 111_195.0
COLUMNS = ("at", "rule_id", "field", "value", "detail")


@dataclass(frozen=True)
class Surroundings:
    """What the checks of a source may look at besides its rows.

    `others` holds layer id -> current features in the storage CRS; `on` is the date up to which the data hold.
    """

    area: Area
    on: date
    others: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)


def warnings_of(accepted: pd.DataFrame, layer: Layer, around: Surroundings) -> pd.DataFrame:
    """Every warning about accepted rows: index `at` of the row, rule, field, value, detail; in row order.

    Raises `CatalogError` where a layer asks for a check that does not exist.
    """
    unknown = sorted({entry.rule for entry in layer.checks} - set(CHECKS))
    if unknown:
        raise CatalogError(layer.folder, f"checks {', '.join(unknown)} do not exist; known: {', '.join(CHECKS)}")
    found = [CHECKS[entry.rule](accepted, entry, around) for entry in layer.checks] if len(accepted) else []
    table = pd.concat([part for part in found if len(part)] or [_warnings(entry_rule="", at=[])], ignore_index=True)
    return table.sort_values(["at", "rule_id"], kind="stable", ignore_index=True)


def _warnings(
    entry_rule: str, at: object, name: str | None = None, values: object = None, details: object = None
) -> pd.DataFrame:
    rows = list(at)  # type: ignore[call-overload]
    if not rows:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.DataFrame({"at": pd.Series(rows, dtype="int64")})
    table["rule_id"], table["field"] = entry_rule, name
    table["value"] = None if values is None else [str(value) for value in values]  # type: ignore[attr-defined]
    table["detail"] = None if details is None else list(details)  # type: ignore[call-overload]
    return table[list(COLUMNS)]


def _flagged(frame: pd.DataFrame, entry: Check, name: str, is_odd: pd.Series | NDArray[np.bool_]) -> pd.DataFrame:
    rows = frame[np.asarray(is_odd, dtype=bool)]
    return _warnings(entry.rule, rows.index, name, rows[name])


def _code(test: Callable[[str], bool]) -> Callable[[pd.DataFrame, Check, Surroundings], pd.DataFrame]:
    def check(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
        name = entry.fields[0]
        return _flagged(frame, entry, name, frame[name].map(lambda value: isinstance(value, str) and not test(value)))

    return check


def _future(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Dates after the date of the data."""
    parts = []
    for name in entry.fields:
        days = pd.to_datetime(frame[name], errors="coerce").to_numpy(dtype="datetime64[D]")
        parts.append(_flagged(frame, entry, name, days > np.datetime64(around.on)))
    return pd.concat(parts, ignore_index=True)


def _above(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """The value, or the product of the values, of the fields above the limit, in the fields' units."""
    numbers = frame[list(entry.fields)].astype("float64").prod(axis=1, skipna=False)
    is_odd = (numbers > (entry.limit or np.inf)).to_numpy()
    texts = frame.loc[is_odd, list(entry.fields)].astype(str).agg(" x ".join, axis=1) if is_odd.any() else []
    return _warnings(entry.rule, frame.index[is_odd], ",".join(entry.fields), texts)


def _metric(geometries: object, area: Area) -> NDArray[np.object_]:
    return transform_geometry(np.asarray(geometries, dtype=object), area.storage_crs, area.metric_crs)


def _far_from_named(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Features further than the limit, in metres, from the feature of the other layer that their field names.

    A name that the other layer does not have says nothing here: whether it must exist is a matter of references.
    """
    other = around.others.get(entry.layer)
    name = entry.fields[0]
    if other is None or other.empty:
        return _warnings(entry.rule, [])
    named = dict(zip(other[entry.match], _metric(other.geometry.to_numpy(), around.area), strict=True))
    is_known = (frame[name].isin(named) & frame.geometry.notna()).to_numpy()
    rows = frame[is_known]
    own = _metric(rows.geometry.to_numpy(), around.area)
    distance_m = np.zeros(len(rows))
    for value, positions in rows.groupby(name, sort=True).indices.items():
        shapely.prepare(named[value])
        near = shapely.intersects(named[value], own[positions])
        distance_m[positions[~near]] = shapely.distance(named[value], own[positions[~near]])
    is_odd = distance_m > (entry.limit or 0.0)
    details = [f"{metres:.0f} m" for metres in distance_m[is_odd]]
    return _warnings(entry.rule, rows.index[is_odd], name, rows.loc[is_odd, name], details)


def _sliver(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Polygons narrower than the limit, in metres, along their whole length: area over half the outline."""
    polygons = frame.geometry.to_numpy()
    scale_east, scale_north = _metres_of_a_degree(around.area)
    with np.errstate(divide="ignore", invalid="ignore"):
        least_m = shapely.area(polygons) * scale_east / (shapely.length(polygons) / 2)
    narrow = np.flatnonzero(least_m < (entry.limit or 0.0))
    metric = shapely.transform(polygons[narrow], lambda degrees: degrees * (scale_east, scale_north))
    width_m = shapely.area(metric) / (shapely.length(metric) / 2)
    is_odd = width_m < (entry.limit or 0.0)
    return _warnings(entry.rule, frame.index[narrow[is_odd]], "geometry", [f"{metres:.2f} m" for metres in width_m[is_odd]])


def _metres_of_a_degree(area: Area) -> tuple[float, float]:
    """Metres of a degree east and north in the middle of the area, within a hundredth: enough to tell a sliver."""
    middle_deg = (area.home[1] + area.home[3]) / 2
    return METRES_OF_A_DEGREE * float(np.cos(np.radians(middle_deg))), METRES_OF_A_DEGREE


def _same_shape(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Features of one source that have exactly the geometry of a former one, under another number."""
    keys = pd.Series(shapely.to_wkb(frame.geometry.to_numpy()), index=frame.index)
    is_odd = (keys.duplicated() & keys.notna()).to_numpy()
    if not is_odd.any():
        return _warnings(entry.rule, [])
    first = dict(zip(keys[::-1], frame["feature_id"][::-1], strict=True))
    return _warnings(entry.rule, frame.index[is_odd], "geometry", frame.loc[is_odd, "feature_id"], keys[is_odd].map(first))


def _gaps(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Lines whose parts, joined where they touch, still lie apart by no more than the limit, in metres: a gap of drawing."""
    lines = _metric(frame.geometry.to_numpy(), around.area)
    joined = shapely.line_merge(lines)
    rows, details = [], []
    for position in np.flatnonzero(shapely.get_num_geometries(joined) > 1):
        parts = shapely.get_parts(joined[position])
        tree = shapely.STRtree(parts)
        left, right = tree.query(parts, predicate="dwithin", distance=entry.limit or 0.0)
        gaps_m = shapely.distance(parts[left], parts[right])[left < right]
        if (gaps_m > 0).any():
            rows.append(position)
            details.append(f"{gaps_m[gaps_m > 0].max():.2f} m")
    return _warnings(entry.rule, frame.index[rows], "geometry", frame["feature_id"].iloc[rows], details)


def _overlaps(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Lines that run within 0.2 m of another one of the source for more than the limit, in metres."""
    lines = _metric(frame.geometry.to_numpy(), around.area)
    left, right = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=SAME_TRACK_M)
    pairs = left < right
    left, right = left[pairs], right[pairs]
    shared_m = shapely.length(shapely.intersection(lines[right], shapely.buffer(lines[left], SAME_TRACK_M, quad_segs=1)))
    is_odd = shared_m > (entry.limit or 0.0)
    others = frame["feature_id"].iloc[left[is_odd]]
    details = [f"{other}: {metres:.0f} m" for other, metres in zip(others, shared_m[is_odd], strict=True)]
    return _warnings(entry.rule, frame.index[right[is_odd]], "geometry", frame["feature_id"].iloc[right[is_odd]], details)


CHECKS: dict[str, Callable[[pd.DataFrame, Check, Surroundings], pd.DataFrame]] = {
    "RC02": _code(is_credit_code),
    "RC03": _code(is_organisation_code),
    "RC04": _code(is_region_code),
    "RC05": _future,
    "RC06": _above,
    "RC07": _above,
    "RC08": _far_from_named,
    "RC09": _far_from_named,
    "RC10": _sliver,
    "RC11": _same_shape,
    "RC12": _gaps,
    "RC13": _overlaps,
    "RC14": _far_from_named,
}
