"""Turns features into members of the classes that rules speak of: a farm shed is a structure, a tank farm a hazmat site."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from layers.crs import require_metric
from layers.errors import CrsMismatchError
from layers.scoring.columns import NO_COLUMNS, Columns, Texts, columns_of, numbers, texts
from layers.scoring.measure import Floats, Geometries, Integers, SearchIndex
from layers.scoring.rules import TNT_FIELD, ClassMember, RuleSet
from layers.scoring.targets import class_ranks

Layers = Mapping[str, pd.DataFrame]
Table = Mapping[str, Texts]

CATEGORY_FIELDS = ("category", "use", "kind")
"""Fields that tell what kind of thing a feature is; the first that a layer has."""
NOT_STANDING = ("planned", "closed", "abandoned")
AREA_LAYERS = ("enterprises", "hazard_units", "fire_stations", "pipeline_stations", "protection_targets", "official_distances", "fireworks_shops")
"""Layers whose features cover ground: a point stands for them only roughly, so what is measured is estimated."""
NUMBERS = ("voltage_kv", "pressure_mpa", "diameter_mm", "land_width_m", "outer_offset_m", "tnt_kg", "distance_m", "volume_m3", "carriageway_width_m", "sway_m", "flow_deg", "width_m")
TEXTS = ("station_grade", "vapour_recovery", "item_group", "area_kind")
GROUP_FIELDS = {"storage_tanks": "kind", "pipelines": "depot_group"}
"""What of a layer stands for the `item_group` of a rule, where it has no such field."""
DATED_LAYERS = ("official_distances",)
"""Layers of what a report states: used only while the report is valid on the day asked about."""
TNT_CAS = "118-96-7"
KG_PER_T = 1000.0


@dataclass(frozen=True)
class Members:
    """The placed, standing features of one class, one entry a feature in every array.

    `geometry` is in the metric CRS, `accuracy_m` the error of its position; `built_on` and `built_year` are None
    and NaN where unknown; `numbers` holds the columns of `NUMBERS`, NaN where unknown, `texts` those of `TEXTS` that the layer has; `strictest` and `mildest`
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
    texts: Mapping[str, Texts] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.feature_id)

    @cached_property
    def search(self) -> SearchIndex:
        """Their geometries ready to be searched, made once: for members that many others are held against."""
        return SearchIndex(self.geometry)

    def take(self, chosen: Any) -> Members:
        """The members at positions or under a mask."""
        arrays = {name: getattr(self, name)[chosen] for name in ARRAYS}
        taken = ({name: values[chosen] for name, values in group.items()} for group in (self.numbers, self.texts))
        return Members(**arrays, numbers=next(taken), texts=next(taken))


ARRAYS = tuple(entry.name for entry in fields(Members) if entry.name not in ("numbers", "texts"))


class ClassIndex:
    """The members of every class in one set of layers, each found once, with their spatial index.

    Parameters
    ----------
    layers : layer id -> frame in the metric CRS; a missing key and an empty frame mean the same
    rules : RuleSet
    crs : the metric CRS, where the caller has already made sure that all frames are in it
    on : the day asked about; without one no feature of `DATED_LAYERS` is a member of any class
    """

    def __init__(self, layers: Layers, rules: RuleSet, *, crs: pyproj.CRS | None = None, on: date | None = None) -> None:
        self._given_crs = crs
        self.on = on
        self.layers = layers
        self.rules = rules
        self._members: dict[str, Members] = {}
        self._near: dict[str, Members] = {}
        self._indices: dict[str, SearchIndex] = {}
        self._of_layer: dict[str, tuple[Members, Columns]] = {}
        self._tables: dict[str, Columns] = {}
        self._chosen: dict[tuple[str, str], Members] = {}
        self._unstated: dict[ClassMember, bool] = {}
        self.kept: dict[str, Any] = {}
        """What a caller found once for this set of layers and wants again."""

    @cached_property
    def crs(self) -> pyproj.CRS:
        """The one metric CRS of all frames; `CrsMismatchError` when they differ or none has one."""
        if self._given_crs is not None:
            return self._given_crs
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
            self._members[class_id] = self._joined(parts)
        return self._members[class_id]

    @property
    def whole(self) -> ClassIndex:
        """The index of all features, of which this one may hold those near a place."""
        return self

    def rows(self, layer: str) -> Integers | None:
        """Which rows of the layer in `whole` this index has; None where the layer is its own."""
        return None

    def ground(self, layer: str, rows: Integers, join: Callable[[Geometries], shapely.Geometry]) -> shapely.Geometry:
        """What `join` makes of the geometries of some rows of `table`."""
        return join(self.table(layer)["geometry"][rows])

    def meeting(self, layer: str, place: shapely.Geometry, rows: Any = slice(None)) -> NDArray[np.bool_]:
        """Which of some rows of `table` have a point in common with a place."""
        found: NDArray[np.bool_] = shapely.intersects(self.table(layer)["geometry"][rows], place)
        return found

    def table(self, layer: str) -> Columns:
        """All columns of a layer, with the mass of TNT of every unit; none of its rows when the layer is missing."""
        if layer not in self._tables:
            self._tables[layer] = self._table(layer)
        return self._tables[layer]

    def chosen(self, layer: str, name: str, choose: Callable[[Columns], NDArray[np.bool_]]) -> Members:
        """Placed rows of a layer that a test of its columns chooses, as members of no class; found once under a name."""
        key = layer, name
        if key not in self._chosen:
            table = self.table(layer)
            self._chosen[key] = members_of(layer, table.rows(chosen_rows(table, choose)), self.rules)
        return self._chosen[key]

    def has_data(self, class_id: str) -> bool:
        """Whether some layer that may hold members of a class has rows, and states the fields by which they are known."""
        members = self.rules.classes[class_id].members
        return any(self.table(member.layer).n > 0 and not self.is_unstated(member) for member in members)

    def is_unstated(self, member: ClassMember) -> bool:
        """Whether no row of a layer that has rows states some field by which members of a class are known."""
        if member not in self._unstated:
            table = self.table(member.layer)
            stated = all(name in table and any(value is not None for value in table[name]) for name in member.asked_fields)
            self._unstated[member] = table.n > 0 and not stated
        return self._unstated[member]

    def standing(self, layer: str) -> Members:
        """Placed, standing features of a layer."""
        return self._layer(layer)[0]

    def search_index(self, class_id: str) -> SearchIndex:
        """The members of a class ready to be searched, made once."""
        if class_id not in self._indices:
            self._indices[class_id] = SearchIndex(self.members(class_id).geometry)
        return self._indices[class_id]

    def near(self, class_id: str, place: shapely.Geometry, within_m: float) -> Members:
        """Members of a class that may lie within `within_m` metres of the map of a place, found once a class.

        The error of a member's position counts as distance it may be nearer by.
        """
        if class_id not in self._near:
            members = self.members(class_id)
            is_near = shapely.dwithin(members.geometry, place, within_m + members.accuracy_m)
            self._near[class_id] = members if is_near.all() else members.take(is_near)
        return self._near[class_id]

    def frame(self, layer: str) -> pd.DataFrame:
        """A layer's frame, empty when the layer is missing."""
        frame = self.layers.get(layer)
        return pd.DataFrame({"feature_id": []}) if frame is None else frame

    @cached_property
    def unit_tnt_kg(self) -> dict[str, float]:
        """Kilograms of TNT itself (CAS 118-96-7) by unit; equivalents of other kinds are of pages and papers and decide no distance."""
        chemicals = self.frame("unit_chemicals")
        if not len(chemicals):
            return {}
        of_tnt = chemicals[(chemicals["cas"] == TNT_CAS).to_numpy(bool, na_value=False)]
        amount_t = pd.to_numeric(of_tnt["amount_t"], errors="coerce")
        return dict((amount_t.groupby(of_tnt["unit_id"]).sum(min_count=1) * KG_PER_T).items())

    @cached_property
    def enterprises_with_units(self) -> frozenset[str]:
        """Enterprises shown by at least one standing unit that has a position."""
        units = self.standing("hazard_units")
        return frozenset(units.enterprise_id[units.enterprise_id != None])  # noqa: E711 (an array)

    def _joined(self, parts: list[Members]) -> Members:
        return joined(parts)

    def _of(self, member: ClassMember, *, with_units: bool) -> Members:
        members, table = self._layer(member.layer)
        mask = np.ones(len(members), bool)
        for name, values in member.conditions:
            mask &= meets(table, name, values)
        if member.layer == "enterprises" and with_units and self.enterprises_with_units:
            mask &= ~has_values(members.enterprise_id, self.enterprises_with_units)
        return members if mask.all() else members.take(mask)

    def standing_rows(self, layer: str) -> NDArray[np.bool_]:
        """Which rows of a layer have a position and stand; of what reports state, those that are valid on the day asked about."""
        table = self.table(layer)
        mask = standing(table)
        if layer in DATED_LAYERS and len(mask):
            mask &= False if self.on is None else valid_days(table["valid_until_on"], self.on)
        return mask

    def _layer(self, layer: str) -> tuple[Members, Columns]:
        if layer not in self._of_layer:
            table = self.table(layer)
            mask = self.standing_rows(layer)
            table = table if mask.all() else table.rows(mask)
            self._of_layer[layer] = (members_of(layer, table, self.rules), table)
        return self._of_layer[layer]

    def _table(self, layer: str) -> Columns:
        table = columns_of(self.frame(layer)) if layer in self.layers else NO_COLUMNS
        if layer != "hazard_units" or not table.n:
            return table
        tnt_kg = self.unit_tnt_kg
        return table.with_column(TNT_FIELD, np.array([tnt_kg.get(unit_id) for unit_id in table["unit_id"]], object))


def chosen_rows(table: Columns, choose: Callable[[Columns], NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Which rows have a position and pass a test of their columns."""
    if not table.n or "geometry" not in table:
        return np.zeros(table.n, bool)
    return np.asarray(~shapely.is_missing(table["geometry"]) & choose(table), bool)


def valid_days(valid_until_on: Texts, on: date) -> NDArray[np.bool_]:
    """Which validities are stated and not over on a date, that very day included."""
    days = [day.date() if isinstance(day, datetime) else day for day in valid_until_on]
    return np.array([isinstance(day, date) and not pd.isna(day) and day >= on for day in days], bool)


def meets(table: Columns, name: str, values: Collection[str]) -> NDArray[np.bool_]:
    """Which rows meet one condition of a class: a field among its values, or, named with ``>``, at least the number.

    Named with ``<``: below the number.
    Named with ``!``: none of its values; a field that is not stated meets that.
    """
    if name.endswith("!"):
        return ~meets(table, name.removesuffix("!"), values)
    field_name = name.rstrip("<>")
    if field_name not in table:
        return np.zeros(table.n, bool)
    if field_name != name:
        bound, stated = float(next(iter(values))), numbers(table, field_name)
        return np.asarray(stated >= bound if name.endswith(">") else stated < bound, bool)
    return has_values(table[field_name], values)


def has_values(column: Texts, values: Collection[str]) -> NDArray[np.bool_]:
    """Which entries are among the values (``*``: are present); 1.0 reads as 1."""
    if values == ("*",):
        return np.fromiter((value is not None for value in column), bool, len(column))
    admitted = frozenset(values)
    if set(map(type, column)) - {type(None)} in (set(), {str}, {bool}, {int}):  # equal entries read alike: each is looked at once
        found = {value: (value if value.__class__ is str else _word(value)) in admitted for value in set(column)}
        return np.fromiter(map(found.__getitem__, column), bool, len(column))
    return np.fromiter(((value if value.__class__ is str else _word(value)) in admitted for value in column), bool, len(column))


def _word(value: object) -> object:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    is_number = isinstance(value, (int, float, np.number))
    return f"{value:g}" if is_number else value


def standing(table: Mapping[str, Texts]) -> NDArray[np.bool_]:
    """Which rows exist on the ground now and have a position: no plans, no removals, no zoned but empty land."""
    geometry = table.get("geometry")
    if geometry is None:
        return np.zeros(len(table["feature_id"]), bool)
    mask = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    if "status" in table:
        mask &= ~has_values(table["status"], NOT_STANDING)
    if "is_zoned_land" in table:
        mask &= np.fromiter((value is None or not value for value in table["is_zoned_land"]), bool, len(mask))
    return np.asarray(mask, bool)


def members_of(layer: str, table: Table, rules: RuleSet | None) -> Members:
    """Rows of a layer as members of no class in particular."""
    n = len(table["feature_id"])
    geometry: Geometries = table["geometry"] if n and "geometry" in table else np.empty(n, object)
    strictest, mildest = np.zeros(n, np.intp), np.full(n, 4, np.intp)
    if layer == "protection_targets" and n and rules:
        strictest, mildest = class_ranks(table, rules.target_sizes)
    is_point = np.isin(shapely.get_type_id(geometry), (0, 4)) if layer in AREA_LAYERS else np.zeros(n, bool)
    kind = next((name for name in CATEGORY_FIELDS if name in table), "kind")
    return Members(
        layer=np.full(n, layer, object),
        feature_id=table["feature_id"],
        name=texts(table, "name"),
        enterprise_id=texts(table, "enterprise_id"),
        road_class=texts(table, "road_class"),
        category=texts(table, kind),
        geometry=geometry,
        accuracy_m=np.nan_to_num(numbers(table, "accuracy_m")),
        built_on=texts(table, "built_on" if "built_on" in table else "in_service_on"),
        built_year=numbers(table, "built_year"),
        is_point=is_point,
        strictest=strictest,
        mildest=mildest,
        numbers={name: numbers(table, name) for name in NUMBERS},
        texts=_stated_texts(layer, table),
    )


def _stated_texts(layer: str, table: Table) -> dict[str, Texts]:
    """The columns of `TEXTS` that a layer has."""
    columns = {name: name for name in TEXTS} | {"item_group": GROUP_FIELDS.get(layer, "item_group")}
    return {name: table[column] for name, column in columns.items() if column in table}


@cache
def no_members() -> Members:
    """A class without members; one for all, for nobody changes the arrays of members."""
    return members_of("", {"feature_id": np.empty(0, object)}, None)


def proposal(
    geometry: shapely.Geometry,
    *,
    accuracy_m: float = 0.0,
    name: str | None = None,
    classes: tuple[int, int] = (0, 4),
) -> Members:
    """A proposed site or works as the one member of whatever classes it counts as.

    `classes` are the strictest and the mildest GB 36894 class it may have, as positions in `TARGET_CLASSES`.
    """
    place, named = np.empty(1, object), np.empty(1, object)
    place[0], named[0] = geometry, name
    strictest, mildest = (np.array([rank], np.intp) for rank in classes)
    return replace(_blank_proposal(), name=named, geometry=place, accuracy_m=np.array([accuracy_m], float), strictest=strictest, mildest=mildest)


@cache
def _blank_proposal() -> Members:
    """A proposal of which nothing is known; one for all, whose arrays nobody can change."""
    blank = members_of("proposal", {name: np.array([value], object) for name, value in (("feature_id", "proposal"), ("geometry", None))}, None)
    for values in (*(getattr(blank, name) for name in ARRAYS), *blank.numbers.values(), *blank.texts.values()):
        values.setflags(write=False)
    return blank


def proposals(geometries: Geometries, classes: NDArray[np.intp]) -> Members:
    """Many proposed sites as members of whatever classes they count as; `classes` as in `proposal`, shape (n, 2)."""
    n = len(geometries)
    ids = np.array([f"proposal {number}" for number in range(n)], object)
    table: Table = {"feature_id": ids, "accuracy_m": np.zeros(n, object), "geometry": geometries}
    members = members_of("proposal", table, None)
    members.strictest[:], members.mildest[:] = classes.T
    return members


def joined(parts: list[Members]) -> Members:
    """Members of several layers as those of one class."""
    if not parts:
        return no_members()
    if len(parts) == 1:
        return parts[0]
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in ARRAYS}
    names = sorted({name for part in parts for name in part.texts})
    stated = {name: np.concatenate([_text_of(part, name) for part in parts]) for name in names}
    numbers = {name: np.concatenate([part.numbers[name] for part in parts]) for name in NUMBERS}
    return Members(**arrays, numbers=numbers, texts=stated)


def _text_of(part: Members, name: str) -> Texts:
    return part.texts.get(name, np.full(len(part), None, object))
