"""Counts the features that rules would be held against but that do not state what the rule asks: listed, never guessed."""

from __future__ import annotations

from layers.scoring.object_classes import ClassIndex


def objects_left_open(index: ClassIndex) -> list[tuple[str, int, str, str]]:
    """Rules whose objects must state something, with how many do not and are held against none."""
    n_roads = _n_silent(index, "roads", ("carriageway_width_m",))
    n_buildings = _n_silent(index, "buildings", ("enterprise_id", "fire_grade"), use="industrial")
    width = n_roads, "道路未注明行车道宽度,未判定", "roads that do not state the width of the carriageway, not judged"
    n_unranked = _n_silent(index, "roads", ("street_class",)) - _n_ranked_highways(index)
    rank = n_unranked, "道路未注明城市道路等级或公路技术等级,未判定", "roads that state neither a class of the street nor a technical class, not judged"
    n_bridges = _n_silent(index, "road_structures", ("size",), kind="bridge")
    size = n_bridges, "桥梁未注明规模,未判定", "bridges that do not state their size, not judged"
    owner = n_buildings, "厂房未注明所属企业或耐火等级,未判定", "industrial buildings that do not state whose they are or their fire grade, not judged"
    n_uncounted = _n_uncounted_places(index)
    persons = n_uncounted, "防护目标未注明人数,未判定", "protection targets that do not state how many persons they hold, not judged"
    n_reservoirs = _n_silent(index, "water", ("reservoir_size",), kind="reservoir")
    reservoir = n_reservoirs, "水库未注明规模,未判定", "reservoirs that do not state their size, not judged"
    n_rails = _n_silent(index, "railways", ("land_width_m",))
    rails = n_rails, "铁路未注明用地宽度,未判定", "railways that do not state the width of their land, not judged"
    return [("PIPE-GB50251-RAIL", *rails), ("IR-2014-1", *persons), ("PIPE-GB50253-HYD", *reservoir), ("F-3.4.3-ROAD", *width), ("F-3.5.1-offsite_road_edge-items34_up_to_5t", *width), ("WELL-200", *width),
            ("PIPE-GB50074-other_road-lpg_class_A_buried", *width), ("FUEL-2021-tank_class_1-expressway_main_road", *rank), ("ROAD-L18-2", *size),
            ("F-3.5.1-plant_or_BCDE_store_grade12-items34_up_to_5t", *owner)]  # fmt: skip


def _n_uncounted_places(index: ClassIndex) -> int:
    """Targets that state no number of persons; those of the sensitive categories are judged without one."""
    conditions = [condition for member in index.rules.classes["place_100_or_sensitive"].members for condition in member.conditions]
    sensitive = [value for name, values in conditions if name == "category" for value in values]
    return _n_silent(index, "protection_targets", ("n_persons",)) - sum(
        _n_silent(index, "protection_targets", ("n_persons",), category=value) for value in sensitive
    )


def _n_ranked_highways(index: ClassIndex) -> int:
    """Roads that are ranked as highways alone."""
    roads = index.frame("roads")
    if "technical_class" not in roads:
        return 0
    is_ranked = roads["technical_class"].notna()
    return int((is_ranked & roads["street_class"].isna()).sum() if "street_class" in roads else is_ranked.sum())


def _n_silent(index: ClassIndex, layer: str, names: tuple[str, ...], **of_kind: str) -> int:
    """Features of a layer (of those with one value of a field) that lack one of some fields."""
    frame = index.frame(layer)
    for field_name, value in of_kind.items():
        frame = frame[frame[field_name] == value] if field_name in frame else frame.iloc[:0]
    if any(name not in frame for name in names):
        return len(frame)
    return int(frame[list(names)].isna().any(axis=1).sum())
