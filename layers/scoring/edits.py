"""Assumed changes of sources: an amount, a place, a unit more or less; frames after them, in key order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.errors import EditError

ACTIONS = ("amount", "remove", "move", "add")
SOURCE_LAYERS = ("hazard_units", "enterprises")
REPORT_LAYERS = ("official_contours", "official_distances")
"""What official reports say of an enterprise: gone with it."""
NEW_UNIT = "what-if"
"""Begins the number of a unit that is only assumed."""
MOST_EDITS = 20
MOST_TONNES = 600_000.0
"""The largest amount of a unit, that of the layer `unit_chemicals`: a question is held to what a load is held to."""
Frames = Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Edit:
    """One assumed change of a source.

    `action`: ``amount`` sets the tonnes of a unit's chemical (its level on file, found for the old ones, no longer
    counts), ``remove`` takes a unit or an enterprise with its units
    away, ``move`` puts it elsewhere (an enterprise with its units), ``add`` puts up a new unit. `place` is a point in the
    metric CRS (or the ground of a new unit); `chemical` a name or CAS number, which a unit with one chemical does not need.
    """

    action: str
    layer: str = "hazard_units"
    id: str = ""
    chemical: str = ""
    amount_t: float = math.nan
    place: BaseGeometry | None = None
    name: str = ""
    enterprise_id: str = ""


def edited_frames(given: Frames, edits: Sequence[Edit]) -> tuple[dict[str, pd.DataFrame], frozenset[str]]:
    """The frames after some edits, in key order, and the enterprises that they touch; `given` stay as they are.

    Raises
    ------
    EditError
        An edit that cannot be: the field is named as ``edits.0.amount_t``.
    """
    if len(edits) > MOST_EDITS:
        raise EditError("edits", f"一次最多 {MOST_EDITS} 项", f"at most {MOST_EDITS} changes at a time")
    frames, affected = dict(given), set[str]()
    for number, edit in enumerate(edits):
        where = f"edits.{number}"
        if edit.action not in ACTIONS:
            raise EditError(f"{where}.action", f"应为 {', '.join(ACTIONS)} 之一", f"must be one of {', '.join(ACTIONS)}")
        if edit.action == "add":
            affected.add(_add(frames, edit, number, where))
            continue
        owner = _owner(frames, edit, where)
        {"amount": _set_amount, "remove": _remove, "move": _move}[edit.action](frames, edit, where)
        affected.add(owner)
    return frames, frozenset(affected)


def _owner(frames: Frames, edit: Edit, where: str) -> str:
    """Enterprise of the edited source."""
    if edit.layer not in SOURCE_LAYERS:
        raise EditError(f"{where}.layer", f"应为 {', '.join(SOURCE_LAYERS)} 之一", f"must be one of {', '.join(SOURCE_LAYERS)}")
    frame = frames[edit.layer]
    found = frame.loc[frame["feature_id"] == edit.id, "enterprise_id"]
    if found.empty:
        raise EditError(f"{where}.id", f"{edit.layer} 中没有 {edit.id!r}", f"{edit.layer} has no {edit.id!r}")
    return str(found.iloc[0])


def _set_amount(frames: dict[str, pd.DataFrame], edit: Edit, where: str) -> None:
    if edit.layer != "hazard_units":
        raise EditError(f"{where}.layer", "储量只属于单元 hazard_units", "amounts belong to hazard_units")
    _require_amount(edit, where)
    chemicals = frames["unit_chemicals"]
    mine = chemicals["unit_id"] == edit.id
    if edit.chemical:
        mine &= (chemicals["chemical_name"] == edit.chemical) | (chemicals["cas"] == edit.chemical)
    if not mine.any():
        raise EditError(
            f"{where}.chemical", f"单元 {edit.id} 没有登记 {edit.chemical or '危险化学品'}",
            f"unit {edit.id} holds no {edit.chemical or 'chemical on file'}",
        )  # fmt: skip
    if mine.sum() > 1:
        names = ", ".join(map(str, chemicals.loc[mine, "chemical_name"]))
        raise EditError(
            f"{where}.chemical", f"单元 {edit.id} 有多种: {names};请指明一种", f"unit {edit.id} holds several: {names}; name one"
        )
    frames["unit_chemicals"] = chemicals.assign(amount_t=chemicals["amount_t"].where(~mine, edit.amount_t))
    # The level on file was found for the old amount; what the new one makes of the unit is what is asked.
    units = frames["hazard_units"]
    filed = pd.to_numeric(units["filed_level"], errors="coerce").where(units["feature_id"] != edit.id)
    frames["hazard_units"] = units.assign(filed_level=filed.astype(units["filed_level"].dtype))


def _require_amount(edit: Edit, where: str) -> None:
    if not 0 <= edit.amount_t <= MOST_TONNES:
        raise EditError(
            f"{where}.amount_t", f"应为 0 至 {MOST_TONNES:.0f} 吨", f"must be tonnes, 0 to {MOST_TONNES:.0f}"
        )


def _remove(frames: dict[str, pd.DataFrame], edit: Edit, where: str) -> None:
    units = frames["hazard_units"]
    is_gone = units["feature_id"] == edit.id if edit.layer == "hazard_units" else units["enterprise_id"] == edit.id
    gone_units = set(units.loc[is_gone, "unit_id"])
    frames["hazard_units"] = _kept(units, ~is_gone)
    frames["unit_chemicals"] = _kept(frames["unit_chemicals"], ~frames["unit_chemicals"]["unit_id"].isin(gone_units))
    if edit.layer == "enterprises":
        owner = _owner(frames, edit, where)
        frames["enterprises"] = _kept(frames["enterprises"], frames["enterprises"]["feature_id"] != edit.id)
        for name in REPORT_LAYERS:
            reports = frames.get(name)
            if reports is not None and len(reports):
                frames[name] = _kept(reports, reports["enterprise_id"] != owner)


def _kept(frame: pd.DataFrame, is_kept: pd.Series[bool]) -> pd.DataFrame:
    return frame[is_kept].reset_index(drop=True)


def _move(frames: dict[str, pd.DataFrame], edit: Edit, where: str) -> None:
    place = _require_place(edit, where).centroid
    frame = frames[edit.layer]
    here = frame.loc[frame["feature_id"] == edit.id, "geometry"].iloc[0]
    is_placed = isinstance(here, BaseGeometry) and not here.is_empty
    frames[edit.layer] = _shifted(frame, frame["feature_id"] == edit.id, place, here if is_placed else None)
    if edit.layer == "enterprises":
        units = frames["hazard_units"]
        frames["hazard_units"] = _shifted(units, units["enterprise_id"] == edit.id, place, here if is_placed else None)


def _shifted(frame: pd.DataFrame, is_moved: pd.Series[bool], place: shapely.Point, origin: BaseGeometry | None) -> pd.DataFrame:
    """Rows moved by the way from `origin` to a place; put at the place where either has no position yet."""
    geometry = frame["geometry"].to_numpy(dtype=object).copy()
    for row in np.flatnonzero(is_moved.to_numpy(bool)):
        known = isinstance(geometry[row], BaseGeometry) and not geometry[row].is_empty
        if not known or origin is None:
            geometry[row] = place
            continue
        start = origin.centroid
        geometry[row] = shapely.transform(geometry[row], lambda xy, start=start: xy + (place.x - start.x, place.y - start.y))
    accuracy_m = frame["accuracy_m"].where(~is_moved, 0.0)
    return gpd.GeoDataFrame(frame.assign(accuracy_m=accuracy_m), geometry=geometry, crs=getattr(frame, "crs", None))


def _require_place(edit: Edit, where: str) -> BaseGeometry:
    if edit.place is None or edit.place.is_empty or not np.isfinite(shapely.get_coordinates(edit.place)).all():
        raise EditError(f"{where}.lon", "缺少位置 lon 和 lat", "a place is needed: lon and lat")
    return edit.place


def _add(frames: dict[str, pd.DataFrame], edit: Edit, number: int, where: str) -> str:
    """A unit that stands from now on; returns its enterprise, one of its own where none is named."""
    place = _require_place(edit, where)
    _require_amount(edit, where)
    if not edit.chemical:
        raise EditError(f"{where}.chemical", "缺少危险化学品名称或 CAS 号", "name or CAS number of the chemical is needed")
    if edit.enterprise_id and edit.enterprise_id not in set(frames["enterprises"]["enterprise_id"]):
        raise EditError(
            f"{where}.enterprise_id", f"没有企业 {edit.enterprise_id!r}", f"enterprises has no {edit.enterprise_id!r}"
        )
    unit_id = f"{NEW_UNIT}-{number + 1}"
    owner = edit.enterprise_id or unit_id
    unit = {"feature_id": unit_id, "unit_id": unit_id, "enterprise_id": owner, "name": edit.name or f"{edit.chemical} {edit.amount_t:g} t",
            "status": "operating", "accuracy_m": 0.0, "geometry": place}  # fmt: skip
    is_cas = edit.chemical.replace("-", "").isdigit()
    chemical = {"feature_id": f"{unit_id}|1", "unit_id": unit_id, "amount_t": edit.amount_t,
                "chemical_name": edit.chemical, "cas": edit.chemical if is_cas else None}  # fmt: skip
    frames["hazard_units"] = _with_row(frames["hazard_units"], unit)
    frames["unit_chemicals"] = _with_row(frames["unit_chemicals"], chemical)
    return owner


def _with_row(frame: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    """A frame with one row more, columns that the row leaves out empty, in key order."""
    columns = {}
    for name in frame.columns:
        values = [*frame[name].to_numpy(dtype=object), row.get(name)]
        kind = frame[name].dtype
        columns[name] = pd.array(values, dtype=kind) if str(kind) in ("Int64", "boolean") else _column(values, str(kind))
    order = np.argsort(np.array(columns["feature_id"], dtype=object), kind="stable")
    grown = pd.DataFrame(columns).iloc[order].reset_index(drop=True)
    if not isinstance(frame, gpd.GeoDataFrame):
        return grown
    return gpd.GeoDataFrame(grown, geometry=grown["geometry"].to_numpy(dtype=object), crs=frame.crs)


def _column(values: list[Any], kind: str) -> Any:
    if kind == "float64":
        return np.array([math.nan if value is None else value for value in values], dtype=float)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return pd.Series(found, dtype=object)
