"""Recommended checks: accepted rows that deserve a second look, each with its numbered rule.

A layer declares which of them it wants (`checks` in its layer.toml) with the values they need; the rules' words and
the jurisdiction that a rule belongs to are in `check_rules.csv`. Nothing is refused here.
"""

from __future__ import annotations

import hashlib
from typing import Callable

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from etl.checks import check_rules
from etl.identity_codes import is_business_number, is_credit_code, is_organisation_code, is_region_code
from etl.normalise import with_objects
from etl.packing import geometry_hashes, text_hashes
from etl.surroundings import SHAPE, Surroundings, warned
from etl.topology import against_chainage, against_names, against_next, gaps, off_chainage, overlaps
from layers.catalog import Area, Check, Layer
from layers.errors import CatalogError
from layers.scoring.level_rules import load_level_rules
from layers.scoring.major_hazard import load_major_hazard_rules, lookup_chemicals

__all__ = ["CHECKS", "Surroundings", "checks_of", "warnings_of"]

METRES_OF_A_DEGREE = 111_195.0
FIRST_MULTI_TYPE = 4
"""Shapely's type ids from this one on are of collections."""
ASKED = "direct_red_unknown"
"""Condition of the direct rule for a text that names no listed condition: a project rule reddens it until the office answers."""
WITHOUT_OBJECTS = frozenset({"RC02", "RC03", "RC04", "RC05", "RC06", "RC07", "RC10", "RC11", "RC17", "RC18", "RC23", "RC24", "RC26", "RC27"})
"""Checks that look at no geometry, or make do with its bytes."""
DAYS = "datetime64[s]"
"""How columns of dates are held; times have fractions."""
ABOUT = 1.01
"""Widths reckoned from bytes are right to a millionth; within a hundredth of the limit the geometry itself is asked."""
COMPARES_ALL = frozenset({"RC13", "RC19", "RC20", "RC21", "RC22"})
"""Checks that need all rows of a source at once; equal values and shapes are remembered from batch to batch instead."""


def checks_of(layer: Layer, area: Area) -> list[Check]:
    """The checks that a layer asks for and that hold where the area is: a code of one country is none of another.

    Raises `CatalogError` where a layer asks for a check that does not exist.
    """
    unknown = sorted({entry.rule for entry in layer.checks} - set(CHECKS))
    if unknown:
        raise CatalogError(layer.folder, f"checks {', '.join(unknown)} do not exist; known: {', '.join(CHECKS)}")
    bound_to = check_rules()["jurisdiction"]
    return [entry for entry in layer.checks if area.jurisdiction.startswith(bound_to[entry.rule])]


def needs_all_rows(layer: Layer, area: Area) -> bool:
    """Whether a check of the layer compares each row of a source with every other: its rows come at once then."""
    return any(entry.rule in COMPARES_ALL for entry in checks_of(layer, area))


def needs_objects(layer: Layer, area: Area) -> bool:
    """Whether a check of the layer asks more of geometries than is known of their bytes."""
    return any(entry.rule not in WITHOUT_OBJECTS for entry in checks_of(layer, area))


def warnings_of(accepted: pd.DataFrame, layer: Layer, around: Surroundings) -> pd.DataFrame:
    """Every warning about accepted rows: index `at` of the row, rule, field, value, detail; in row order."""
    checks = checks_of(layer, around.area)
    found = [CHECKS[entry.rule](accepted, entry, around) for entry in checks] if len(accepted) else []
    table = pd.concat([part for part in found if len(part)] or [warned("", [])], ignore_index=True)
    return table.sort_values(["at", "rule_id"], kind="stable", ignore_index=True)


def _flagged(frame: pd.DataFrame, entry: Check, name: str, is_odd: pd.Series | NDArray[np.bool_]) -> pd.DataFrame:
    values = frame.loc[np.asarray(is_odd, dtype=bool), name]
    return warned(entry.rule, values.index, name, values.dt.date if values.dtype == DAYS else values)


def _code(test: Callable[[str], bool]) -> Callable[[pd.DataFrame, Check, Surroundings], pd.DataFrame]:
    def check(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
        name = entry.fields[0]
        return _flagged(frame, entry, name, frame[name].map(lambda value: isinstance(value, str) and not test(value)))

    return check


def _future(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Dates, times and years after the date of the data; what is planned may lie ahead."""
    is_planned = (frame["status"] == "planned").to_numpy() if "status" in frame.columns else np.zeros(len(frame), dtype=bool)
    parts = []
    for name in entry.fields:
        if name.endswith("_year"):
            is_late = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype="float64", na_value=np.nan) > around.on.year
        else:
            is_late = pd.to_datetime(frame[name], errors="coerce").to_numpy(dtype="datetime64[D]") > np.datetime64(around.on)
        parts.append(_flagged(frame, entry, name, is_late & ~is_planned))
    return pd.concat(parts, ignore_index=True)


def _above(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """The value, or the product of the values, of the fields above the limit, in the fields' units."""
    numbers = frame[list(entry.fields)].astype("float64").prod(axis=1, skipna=False)
    is_odd = (numbers > (entry.limit or np.inf)).to_numpy()
    texts = frame.loc[is_odd, list(entry.fields)].astype(str).agg(" x ".join, axis=1) if is_odd.any() else []
    return warned(entry.rule, frame.index[is_odd], ",".join(entry.fields), texts)


def _far_from_named(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Features further than the limit, in metres, from the feature of the other layer that their field names.

    A name that the other layer does not have says nothing here: another rule tells it.
    """
    other = around.others.get(entry.layer)
    name = entry.fields[0]
    if other is None or other.empty:
        return warned(entry.rule, [])
    named = dict(zip(other[entry.match], around.metric(other.geometry.to_numpy()), strict=True))
    is_known = (frame[name].isin(named) & frame.geometry.notna()).to_numpy()
    rows = frame[is_known]
    own = around.metric(rows.geometry.to_numpy())
    distance_m = np.zeros(len(rows))
    for value, positions in rows.groupby(name, sort=True).indices.items():
        shapely.prepare(named[value])
        near = shapely.intersects(named[value], own[positions])
        distance_m[positions[~near]] = shapely.distance(named[value], own[positions[~near]])
    is_odd = distance_m > (entry.limit or 0.0)
    details = [f"{metres:.0f} m" for metres in distance_m[is_odd]]
    return warned(entry.rule, rows.index[is_odd], name, rows.loc[is_odd, name], details)


def _unknown_name(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Values that no feature of the other layer has; nothing is said while that layer is empty."""
    other = around.others.get(entry.layer)
    name = entry.fields[0]
    if other is None or other.empty:
        return warned(entry.rule, [])
    return _flagged(frame, entry, name, frame[name].notna() & ~frame[name].isin(other[entry.match]))


def _foreign_region(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Region codes that do not begin with the area's own, trailing zeros aside (GB/T 2260: they stand for all below)."""
    own, name = around.area.region_code.rstrip("0"), entry.fields[0]
    return _flagged(frame, entry, name, frame[name].map(lambda value: is_region_code(str(value)) and not str(value).startswith(own)))


def _same_value(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """A value that must tell one from another, held by a former row, or by another source, under another number."""
    name = entry.fields[0]
    rows = frame[frame[name].notna()]
    beside, before = around.held_beside(rows[name], name), around.first_holders(entry, text_hashes(rows[name]), rows["feature_id"])
    others = _others(beside, before, rows["feature_id"])
    return warned(entry.rule, others.index, name, rows.loc[others.index, name], others)


def _others(beside: pd.Series, before: pd.Series, own: pd.Series) -> pd.Series:
    """Numbers of other features of another source, else of those before, where there is one."""
    others = before.dropna()
    if beside.notna().any():
        others = beside.where(beside.notna(), before).dropna()
    return others[others.to_numpy() != own[others.index].to_numpy()]


def _sliver(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Polygons narrower than the limit, in metres, along their whole length: area over half the outline."""
    scale_east, scale_north = _metres_of_a_degree(around.area)
    polygons = frame.geometry.to_numpy()
    if around.shapes is not None:
        about_m = around.shapes.widths((scale_east, scale_north))
        polygons = with_objects(frame, around.shapes, ~around.shapes.is_null & (about_m < ABOUT * (entry.limit or 0.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        least_m = shapely.area(polygons) * scale_east / (shapely.length(polygons) / 2)
    narrow = np.flatnonzero(least_m < (entry.limit or 0.0))
    metric = shapely.transform(polygons[narrow], lambda degrees: degrees * (scale_east, scale_north))
    width_m = shapely.area(metric) / (shapely.length(metric) / 2)
    is_odd = width_m < (entry.limit or 0.0)
    return warned(entry.rule, frame.index[narrow[is_odd]], "geometry", [f"{metres:.2f} m" for metres in width_m[is_odd]])


def _metres_of_a_degree(area: Area) -> tuple[float, float]:
    """Metres of a degree east and north in the middle of the area, within a hundredth: enough to tell a sliver."""
    middle_deg = (area.home[1] + area.home[3]) / 2
    return METRES_OF_A_DEGREE * float(np.cos(np.radians(middle_deg))), METRES_OF_A_DEGREE


def _parts_alone(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Multi geometries of one part as that part, so that both ways to write one shape are the same."""
    is_one = (shapely.get_type_id(shapes) >= FIRST_MULTI_TYPE) & (shapely.get_num_geometries(shapes) == 1)
    alone = shapes.copy()
    alone[is_one] = shapely.get_geometry(shapes[is_one], 0)
    return alone


def _md5(shapes: NDArray[np.object_]) -> list[str]:
    return [hashlib.md5(wkb, usedforsecurity=False).hexdigest() for wkb in shapely.to_wkb(shapes, byte_order=1)]


def _same_shape(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Features that have exactly the geometry of a former one, of this source or of another, under another number."""
    is_bytes = np.zeros(len(frame), dtype=bool) if around.shapes is None else ~around.shapes.is_null
    is_there = is_bytes | frame.geometry.notna().to_numpy()
    rows = frame if is_there.all() else frame[is_there]
    beside = pd.Series(None, index=rows.index, dtype=object)
    if around.shapes is not None and is_bytes.all():
        hashes = around.shapes.hashes()
    else:
        shapes = _parts_alone(rows.geometry.to_numpy())
        hashes = geometry_hashes(shapes)
        if around.shapes is not None:
            hashes[is_bytes[is_there]] = around.shapes.hashes()[is_bytes]
        if around.beside is not None and len(around.beside):
            beside = around.held_beside(pd.Series(_md5(shapes), index=rows.index, dtype=object), SHAPE)
    others = _others(beside, around.first_holders(entry, hashes, rows["feature_id"]), rows["feature_id"])
    return warned(entry.rule, others.index, "geometry", rows.loc[others.index, "feature_id"], others)


def _unlisted_condition(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Texts that name none of the listed direct red conditions, of the kinds of enterprise that the list holds for; words for *none* are none."""
    name, kind = entry.fields
    rules = load_level_rules(on=around.on)
    kinds = {one for rule in rules.direct if rule["condition"] == ASKED for one in rule["kinds"].split("|")}
    is_meant = frame[name].notna() & frame[kind].isin(kinds)
    texts = frame.loc[is_meant, name].map(str)
    is_odd = [not rules.says_none(text) and not rules.direct_conditions_in(text) for text in texts]
    return warned(entry.rule, texts.index[np.asarray(is_odd, bool)], name, texts[np.asarray(is_odd, bool)])


def _unknown_chemical(frame: pd.DataFrame, entry: Check, around: Surroundings) -> pd.DataFrame:
    """Chemicals that table 1 of GB 18218 does not list and whose category is none of table 2: their unit cannot be rated."""
    found = lookup_chemicals(frame[list(entry.fields)], rules=load_major_hazard_rules(on=around.on))
    return _flagged(frame, entry, entry.fields[0], found["match"] == "none")


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
    "RC12": gaps,
    "RC13": overlaps,
    "RC14": _far_from_named,
    "RC17": _same_value,
    "RC18": _unknown_name,
    "RC19": against_next,
    "RC20": against_chainage,
    "RC21": off_chainage,
    "RC22": against_names,
    "RC23": _code(is_business_number),
    "RC24": _foreign_region,
    "RC26": _unlisted_condition,
    "RC27": _unknown_chemical,
}
"""Rule -> check; RC01 and RC15 come from reading a geometry, RC16 from merging into the register, RC25 from a row refused."""
