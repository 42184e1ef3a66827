"""The county's own gazetteer: what the loaded layers know of houses, streets, villages, towns and names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from etl.matching.names import Names
from etl.places.folding import folded
from etl.places.grammar import Address, Grammar
from etl.places.public_names import PublicName, public_names
from layers.catalog import Catalog, Identity

SHARE_WITHIN = 0.9
VILLAGE_POINT_SPREAD_M = 600.0
"""Spread assumed of a village that the layers know as a point only, metres."""
VILLAGE_ENDINGS = ("村", "里", "社区")
GRID_STEPS = 20


class KnownPoint(NamedTuple):
    """A placed feature: position in the metric CRS, its house number, and where it is known from."""

    x_m: float
    y_m: float
    house: int
    sub_house: int
    layer: str
    feature_id: str
    list_id: str
    words: str
    accuracy_m: float = 0.0


class Spot(NamedTuple):
    """An extended place as a point: nine tenths of it lie within `spread_m` of it."""

    x_m: float
    y_m: float
    spread_m: float
    words: str


StreetKey = tuple[str, str]
"""Town (may be empty) and street, folded."""
CrossingKey = tuple[str, frozenset[str]]
LEAST_VILLAGE_POINTS = 3
"""Addresses of a village that have to be known before it has a place of its own."""


@dataclass
class Gazetteer:
    """Lookup tables by folded names; every position in the area's metric CRS."""

    grammar: Grammar
    names: Names
    streets: dict[StreetKey, list[KnownPoint]] = field(default_factory=lambda: defaultdict(list))
    crossings: dict[CrossingKey, list[KnownPoint]] = field(default_factory=lambda: defaultdict(list))
    towns_of_street: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    by_name: dict[tuple[str, str], list[KnownPoint]] = field(default_factory=lambda: defaultdict(list))
    by_local: dict[str, list[tuple[PublicName, KnownPoint]]] = field(default_factory=lambda: defaultdict(list))
    """Public places by what they are called after."""
    villages: dict[tuple[str, str], Spot] = field(default_factory=dict)
    village_points: dict[tuple[str, str], list[KnownPoint]] = field(default_factory=lambda: defaultdict(list))
    towns: dict[str, Spot] = field(default_factory=dict)
    outlines: dict[str, BaseGeometry] = field(default_factory=dict)
    estates: dict[str, Spot] = field(default_factory=dict)
    roads: dict[str, Spot] = field(default_factory=dict)

    def spot_of_village(self, town: str, village: str) -> Spot | None:
        """The village of a town; without a town only where its name is the only one."""
        if town:
            return self.villages.get((town, village))
        found = [spot for (_, name), spot in self.villages.items() if name == village]
        return found[0] if len(found) == 1 else None

    def n_known(self) -> int:
        """Number of known addresses with a house number."""
        return sum(len(points) for points in self.streets.values())


def build_gazetteer(
    frames: Mapping[str, gpd.GeoDataFrame], catalog: Catalog, *, grammar: Grammar, names: Names
) -> Gazetteer:
    """A gazetteer from the features that were delivered with a position; confirmed guesses do not breed further ones.

    Parameters
    ----------
    frames : layer id -> frame of `worded_frames`, in the metric CRS.
    """
    gazetteer = Gazetteer(grammar, names)
    for layer_id in sorted(frames):
        identity = catalog[layer_id].identity
        frame = frames[layer_id]
        placed = frame[(~shapely.is_missing(frame.geometry.to_numpy())) & (frame["positioned"] != "gazetteer").to_numpy()]
        if catalog[layer_id].geometry.endswith("Polygon"):
            _add_areas(gazetteer, placed, identity)
        elif catalog[layer_id].geometry.endswith("LineString"):
            _add_roads(gazetteer, placed, identity)
        else:
            _add_points(gazetteer, placed, layer_id, identity)
    for points in gazetteer.streets.values():
        points.sort(key=lambda point: (point.house, point.sub_house, point.layer, point.feature_id))
    for key, members in gazetteer.village_points.items():
        if key not in gazetteer.villages and len(members) >= LEAST_VILLAGE_POINTS:
            gazetteer.villages[key] = _spot_of_points(members, key[1])
    return gazetteer


def _texts(frame: gpd.GeoDataFrame, name: str) -> list[str]:
    return [value if isinstance(value, str) else "" for value in frame[name]] if name else [""] * len(frame)


def address_of(gazetteer: Gazetteer, address: str, town: str) -> Address:
    """The parts of an address; a town that a field of its own tells fills in what the address leaves out."""
    found = gazetteer.grammar.parse(address)
    if found.town or not town:
        return found
    return Address(**{**found.__dict__, "town": gazetteer.grammar.parse(town).town})


def _add_points(gazetteer: Gazetteer, frame: gpd.GeoDataFrame, layer_id: str, identity: Identity) -> None:
    centres = frame.geometry.centroid
    rows = zip(
        frame["feature_id"], frame["source_id"], centres.x, centres.y, _texts(frame, identity.name), _texts(frame, identity.address),
        _texts(frame, identity.town), frame["accuracy_m"].fillna(0.0), strict=True,
    )  # fmt: skip
    for feature_id, source_id, x_m, y_m, name, text, town, accuracy_m in rows:
        address = address_of(gazetteer, text, town)
        point = KnownPoint(
            x_m, y_m, address.number or 0, address.sub_number or 0, layer_id, feature_id, f"{layer_id}/{source_id}", text or name,
            accuracy_m,
        )
        if address.village:
            gazetteer.village_points[address.town, address.village].append(point)
        if address.crossing:
            gazetteer.crossings[address.town, frozenset((address.road, address.crossing))].append(point)
        if address.street and address.number is not None:
            gazetteer.streets[address.town, address.street].append(point)
            gazetteer.towns_of_street[address.street].add(address.town)
        if name:
            parsed = gazetteer.names.parse(name)
            gazetteer.by_name[parsed.core, parsed.plant].append(point)
            for public in () if identity.is_enterprise else public_names(name, gazetteer.grammar.folded_towns):
                gazetteer.by_local[public.local].append((public, point))
            if folded(name).endswith(VILLAGE_ENDINGS) and not identity.is_enterprise:
                town_of = gazetteer_town(gazetteer, x_m, y_m)
                gazetteer.villages.setdefault((town_of, folded(name)), Spot(x_m, y_m, VILLAGE_POINT_SPREAD_M, name))


def gazetteer_town(gazetteer: Gazetteer, x_m: float, y_m: float) -> str:
    """The folded name of the town in which a position lies, empty outside every town."""
    point = shapely.Point(x_m, y_m)
    return next((name for name, outline in gazetteer.outlines.items() if outline.intersects(point)), "")


def _add_areas(gazetteer: Gazetteer, frame: gpd.GeoDataFrame, identity: Identity) -> None:
    geometry = np.asarray(frame.geometry.to_numpy(), dtype=object)
    if identity.village:
        keys = list(zip(map(folded, _texts(frame, identity.town)), map(folded, _texts(frame, identity.village)), strict=True))
        for key, parts in _grouped(keys, geometry).items():
            if key[1]:
                gazetteer.villages[key] = _spot_of_parts(parts, key[1])
    elif identity.town:
        for name, outline in zip(_texts(frame, identity.town), geometry, strict=True):
            shapely.prepare(outline)
            gazetteer.outlines[folded(name)] = outline
            gazetteer.towns[folded(name)] = _spot_of_area(outline, name)
    else:
        for name, outline in zip(_texts(frame, identity.name), geometry, strict=True):
            gazetteer.estates[folded(name)] = _spot_of_area(outline, name)


def _grouped(keys: Iterable[tuple[str, str]], geometry: Iterable[BaseGeometry]) -> dict[tuple[str, str], list[BaseGeometry]]:
    groups: dict[tuple[str, str], list[BaseGeometry]] = defaultdict(list)
    for key, shape in zip(keys, geometry, strict=True):
        groups[key].append(shape)
    return groups


def _spot_of_parts(parts: list[BaseGeometry], words: str) -> Spot:
    """Centre of many small areas, and the distance within which nine tenths of their area lie."""
    areas = shapely.area(parts)
    centres = shapely.get_coordinates(shapely.centroid(parts))
    middle = np.average(centres, axis=0, weights=np.maximum(areas, 1e-9))
    distance_m = np.hypot(*(centres - middle).T) + np.sqrt(areas / np.pi)
    order = np.argsort(distance_m)
    reached = np.cumsum(areas[order]) >= SHARE_WITHIN * areas.sum()
    return Spot(float(middle[0]), float(middle[1]), float(distance_m[order][int(np.argmax(reached))]), words)


def _spot_of_points(points: list[KnownPoint], words: str) -> Spot:
    """Middle of known points, and the distance within which nine tenths of them lie."""
    xy = np.array([(point.x_m, point.y_m) for point in points])
    middle = np.median(xy, axis=0)
    return Spot(float(middle[0]), float(middle[1]), float(np.quantile(np.hypot(*(xy - middle).T), SHARE_WITHIN)), words)


def _spot_of_area(outline: BaseGeometry, words: str) -> Spot:
    """Centre of an area, and the distance within which nine tenths of it lie, read off a grid of points."""
    west, south, east, north = outline.bounds
    xs, ys = np.meshgrid(np.linspace(west, east, GRID_STEPS), np.linspace(south, north, GRID_STEPS))
    inside = shapely.contains_xy(outline, xs.ravel(), ys.ravel())
    middle = outline.centroid
    distance_m = np.hypot(xs.ravel() - middle.x, ys.ravel() - middle.y)[inside]
    spread_m = float(np.quantile(distance_m, SHARE_WITHIN)) if inside.any() else float(np.hypot(east - west, north - south) / 2)
    return Spot(middle.x, middle.y, spread_m, words)


def _add_roads(gazetteer: Gazetteer, frame: gpd.GeoDataFrame, identity: Identity) -> None:
    keys = [(folded(name), "") for name in _texts(frame, identity.name)]
    for (name, _), lines in _grouped(keys, frame.geometry.to_numpy()).items():
        if name:
            line = shapely.union_all(lines)
            coordinates = shapely.get_coordinates(line.segmentize(50.0))
            middle = shapely.Point(np.median(coordinates, axis=0))
            on_line = shapely.get_coordinates(shapely.shortest_line(line, middle))[0]
            distance_m = np.hypot(*(coordinates - on_line).T)
            gazetteer.roads[name] = Spot(float(on_line[0]), float(on_line[1]), float(np.quantile(distance_m, SHARE_WITHIN)), name)
