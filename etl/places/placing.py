"""One address looked up: every position the gazetteer can give for it, how it was found, and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from statistics import median
from typing import Any

import numpy as np
import shapely

from etl.matching.names import Name
from etl.places.gazetteer import VILLAGE_ENDINGS, Gazetteer, KnownPoint, Spot
from etl.places.grammar import Address
from etl.places.public_names import PublicName, town_called


@dataclass(frozen=True)
class Method:
    """A way to a position; `assumed_score` is used where the county has too few placed rows to measure it."""

    assumed_score: float
    zh: str
    en: str


METHODS = {
    "number": Method(0.9, "门牌号一致", "the same house number is known"),
    "house": Method(0.9, "同一门牌的另一部分", "another part of the same house is known"),
    "name": Method(0.8, "同名要素有位置", "a feature of the same name has a position"),
    "institution": Method(0.8, "同名同类机构(或以其命名的用地)有位置", "a public place of the same name and kind, or land named for it, has a position"),
    "crossing": Method(0.8, "同一路口", "the same crossing is known"),
    "interpolated": Method(0.8, "同路门牌内插", "between two known house numbers of the street"),
    "near": Method(0.6, "同路最近门牌", "the nearest known house number of the street"),
    "street": Method(0.3, "道路", "the known houses of the street"),
    "road": Method(0.2, "道路中线", "the line of the road"),
    "estate": Method(0.2, "园区", "the estate"),
    "locality": Method(0.15, "同一地名的其他公共机构有位置", "another public place called after the same locality has a position"),
    "village_of_name": Method(0.15, "名称与村(社区)同名", "the village that the name is called after"),
    "village": Method(0.2, "村(社区)", "the village"),
    "town": Method(0.02, "乡镇", "the town"),
    "town_of_name": Method(0.02, "名称所含或同名的乡镇", "the town that the name holds or is called after"),
}
BY_PUBLIC_NAME = ("institution", "locality", "village_of_name", "town_of_name")
LEAST_SPREAD_M = 10.0
SINGLE_POINT_SPREAD_M = 300.0
"""Spread assumed of a street of which one house is known."""
LOCALITY_SPREAD_M = 1000.0
"""Spread assumed of a locality; what is called after it lies as far apart at most, or it is called after several."""
METRES_PER_NUMBER = 8.0
WIDEST_GAP_M = 1500.0
"""Two known houses farther apart than this say little about those between them."""
FARTHEST_NUMBERS = 60
MOST_EVIDENCE = 3


NO_NAME = Name("")


@dataclass(frozen=True)
class Wanted:
    """A row to be placed: its address in parts, its name, its own key (left out as evidence), its list."""

    address: Address
    name: Name = NO_NAME
    record: tuple[str, str] = ("", "")
    list_id: str = ""
    public: tuple[PublicName, ...] = ()
    """What the name of a public place says; empty for enterprises."""


@dataclass(frozen=True)
class Guess:
    """A position in the metric CRS.

    `raw_m` is the spread of what it was read from, before calibration; `known_list` the list that knew it (empty
    for areas) and `known_accuracy_m` how well it placed them, `is_own` whether that is the list of the row itself; `is_in_town` None where that cannot be told.
    """

    x_m: float
    y_m: float
    raw_m: float
    method: str
    known_list: str = ""
    is_own: bool = False
    is_in_town: bool | None = None
    known_accuracy_m: float = 0.0
    evidence: dict[str, Any] = field(default_factory=dict)


def guesses(gazetteer: Gazetteer, wanted: Wanted) -> list[Guess]:
    """Every position that the gazetteer can give, by list and way; empty where it knows nothing of the words."""
    found = [*_on_street(gazetteer, wanted), *_at_crossing(gazetteer, wanted), *_by_name(gazetteer, wanted), *_in_areas(gazetteer, wanted), *by_public_name(gazetteer, wanted)]
    outline = gazetteer.outlines.get(wanted.address.town)
    if outline is None:
        return found
    return [replace(guess, is_in_town=bool(outline.dwithin(shapely.Point(guess.x_m, guess.y_m), guess.raw_m))) for guess in found]


def _on_street(gazetteer: Gazetteer, wanted: Wanted) -> Iterator[Guess]:
    """By house number, list by list: offices place alike what they place themselves."""
    # Sorting is stable: the houses of each list stay in the order of their numbers.
    by_list = sorted(_street_points(gazetteer, wanted), key=lambda point: point.list_id)
    for list_id, members in groupby(by_list, key=lambda point: point.list_id):
        points = list(members)
        for guess in (_at_number(points, wanted), _between_numbers(points, wanted), _nearest(points, wanted), _street(points, wanted)):
            if guess is not None:
                yield replace(guess, known_list=list_id, is_own=list_id == wanted.list_id)


def _street_points(gazetteer: Gazetteer, wanted: Wanted) -> list[KnownPoint]:
    """Known houses of the street, without the row itself; an address without town needs a street known once."""
    address, town = wanted.address, wanted.address.town
    if not address.street:
        return []
    if not town:
        towns = gazetteer.towns_of_street.get(address.street, set())
        town = next(iter(towns)) if len(towns) == 1 else ""
    points = gazetteer.streets.get((town, address.street), [])
    return [point for point in points if (point.layer, point.feature_id) != wanted.record]


def _at_number(points: list[KnownPoint], wanted: Wanted) -> Guess | None:
    address = wanted.address
    numbers = {address.number, *address.other_numbers} - {None}
    same_house = [point for point in points if point.house in numbers]
    same_door = [point for point in same_house if (point.house, point.sub_house) == (address.number, address.sub_number or 0)]
    if same_door:
        return _of_points("number", same_door)
    return _of_points("house", same_house) if same_house else None


def _between_numbers(points: list[KnownPoint], wanted: Wanted) -> Guess | None:
    """Between the nearest known houses below and above, those of the same side of the street first."""
    number = wanted.address.number
    if number is None:
        return None
    same_side = [point for point in points if (point.house - number) % 2 == 0]
    for side in (same_side, points):
        below = max((point for point in side if point.house < number), key=lambda point: point.house, default=None)
        above = min((point for point in side if point.house > number), key=lambda point: point.house, default=None)
        if below and above:
            gap_m = float(np.hypot(above.x_m - below.x_m, above.y_m - below.y_m))
            if gap_m <= WIDEST_GAP_M:
                return _between(below, above, number, gap_m)
    return None


def _between(below: KnownPoint, above: KnownPoint, number: int, gap_m: float) -> Guess:
    share = (number - below.house) / (above.house - below.house)
    x_m, y_m = below.x_m + share * (above.x_m - below.x_m), below.y_m + share * (above.y_m - below.y_m)
    evidence = _seen([below, above]) | {"between": [below.house, above.house]}
    known_m = max(below.accuracy_m, above.accuracy_m)
    return Guess(x_m, y_m, max(gap_m / 2, LEAST_SPREAD_M), "interpolated", known_accuracy_m=known_m, evidence=evidence)


def _nearest(points: list[KnownPoint], wanted: Wanted) -> Guess | None:
    number = wanted.address.number
    if number is None:
        return None
    nearest = min(points, key=lambda point: (abs(point.house - number), point.layer, point.feature_id))
    away = abs(nearest.house - number)
    if not 0 < away <= FARTHEST_NUMBERS:
        return None
    evidence = _seen([nearest]) | {"numbers_away": away}
    raw_m = LEAST_SPREAD_M + away * METRES_PER_NUMBER
    return Guess(nearest.x_m, nearest.y_m, raw_m, "near", known_accuracy_m=nearest.accuracy_m, evidence=evidence)


def _street(points: list[KnownPoint], wanted: Wanted) -> Guess:
    """The middle of the known houses; the spread grows with how far the number lies outside theirs."""
    guess = _of_points("street", points)
    spread_m = guess.raw_m if len(points) > 1 else SINGLE_POINT_SPREAD_M
    number = wanted.address.number
    away = 0 if number is None else max(0, points[0].house - number, number - points[-1].house)
    return replace(guess, raw_m=max(spread_m, away * METRES_PER_NUMBER))


def _at_crossing(gazetteer: Gazetteer, wanted: Wanted) -> Iterator[Guess]:
    address = wanted.address
    if not address.crossing:
        return
    known = gazetteer.crossings.get((address.town, frozenset((address.road, address.crossing))), [])
    points = [point for point in known if (point.layer, point.feature_id) != wanted.record]
    if points:
        yield _of_points("crossing", points)


def _by_name(gazetteer: Gazetteer, wanted: Wanted) -> Iterator[Guess]:
    """Features of exactly this name that another list has placed, where all of them lie together."""
    if len(wanted.name.core) < 2:
        return
    points = [
        point
        for point in gazetteer.by_name.get((wanted.name.core, wanted.name.plant), [])
        if (point.layer, point.feature_id) != wanted.record and point.list_id != wanted.list_id
    ]
    if points:
        guess = _of_points("name", points)
        if guess.raw_m <= SINGLE_POINT_SPREAD_M:
            yield guess


def by_public_name(gazetteer: Gazetteer, wanted: Wanted) -> Iterator[Guess]:
    """What the name of a public place says of where it is: its like, its neighbours of one local name, its village, its town."""
    for public in wanted.public:
        known = [
            (other, point) for other, point in gazetteer.by_local.get(public.local, [])
            if (point.layer, point.feature_id) != wanted.record and point.list_id != wanted.list_id and _may_be_in_town(gazetteer, public, other, point)
        ]
        for method, points, widest_m in (
            ("institution", [point for other, point in known if other.kind == public.kind], SINGLE_POINT_SPREAD_M),
            ("locality", [point for other, point in known if other.kind != public.kind], LOCALITY_SPREAD_M),
        ):
            guess = _of_points(method, points) if points else None
            if guess is not None and guess.raw_m <= widest_m:
                yield guess if method == "institution" else replace(guess, raw_m=LOCALITY_SPREAD_M)
        town = public.town or town_called(public.local, gazetteer.towns)
        village = next(filter(None, (gazetteer.spot_of_village(public.town, public.local + ending) for ending in VILLAGE_ENDINGS)), None)
        for method, spot, least_m in (("village_of_name", village, LOCALITY_SPREAD_M), ("town_of_name", gazetteer.towns.get(town), LEAST_SPREAD_M)):
            if spot is not None:
                yield Guess(spot.x_m, spot.y_m, max(spot.spread_m, least_m), method, evidence=_seen([spot]))


def _may_be_in_town(gazetteer: Gazetteer, public: PublicName, other: PublicName, point: KnownPoint) -> bool:
    """Whether a known place may be in the town that a name states: the same is stated of it, or it lies there."""
    if not public.town or other.town == public.town:
        return True
    outline = gazetteer.outlines.get(public.town)
    return not other.town and outline is not None and bool(outline.dwithin(shapely.Point(point.x_m, point.y_m), LEAST_SPREAD_M))


def _in_areas(gazetteer: Gazetteer, wanted: Wanted) -> Iterator[Guess]:
    address = wanted.address
    spots = (
        ("road", gazetteer.roads.get(address.road) if address.road else None),
        ("estate", gazetteer.estates.get(address.estate) if address.estate else None),
        ("village", gazetteer.spot_of_village(address.town, address.village) if address.village else None),
        ("town", gazetteer.towns.get(address.town)),
    )
    for method, spot in spots:
        if spot is not None:
            yield Guess(spot.x_m, spot.y_m, max(spot.spread_m, LEAST_SPREAD_M), method, evidence=_seen([spot]))


def _of_points(method: str, points: Sequence[KnownPoint]) -> Guess:
    x_m, y_m, spread_m = points[0].x_m, points[0].y_m, LEAST_SPREAD_M
    if len(points) > 1:
        xs, ys = [point.x_m for point in points], [point.y_m for point in points]
        x_m, y_m = median(xs), median(ys)
        spread_m = max(float(np.max(np.hypot(np.subtract(xs, x_m), np.subtract(ys, y_m)))), LEAST_SPREAD_M)
    known_m = max(point.accuracy_m for point in points)
    return Guess(float(x_m), float(y_m), spread_m, method, known_accuracy_m=known_m, evidence=_seen(points))


def _seen(points: Sequence[KnownPoint | Spot]) -> dict[str, Any]:
    """What a guess was read from: how many, and the first of them by name."""
    known = [
        {"words": point.words} | ({"layer": point.layer, "feature_id": point.feature_id} if isinstance(point, KnownPoint) else {})
        for point in points[:MOST_EVIDENCE]
    ]
    return {"n_known": len(points), "known": known}
