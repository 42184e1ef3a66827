"""Reads what a siting request asks: the parts of a site, what is to be built on each, and how; every fault names its field."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
import shapely

from app.editions import EditionFacts
from app.errors import RequestError
from app.geojson import require_planar_geometry, require_site_geometry
from app.parameters import choice, named_choice, number, plain_text
from app.texts import DataText, Text, TextIn
from layers.crs import SHIFTED_DATUMS, to_geographic
from layers.errors import InputError
from layers.scoring.edits import MOST_TONNES
from layers.scoring.major_hazard import load_major_hazard_rules
from layers.scoring.rules import ProjectType, RuleSet
from layers.scoring.siting import MAX_AREA_M2, SitePart, valid_site
from layers.scoring.siting_terms import CONSTRUCTIONS, Project

PART_KEYS = ("geometry", "project_type", "n_persons", "height_m", "chemicals", "installation")
SITE_KEYS = ("name", "applicant", "note", "construction", "starts_on", "ends_on", "is_new", "crs", "parts")
OLD_KEYS = ("chemical", "amount_t")
KEYS = (*SITE_KEYS, *PART_KEYS, *OLD_KEYS, "draft")
M2_PER_KM2 = 1e6
MOST_PERSONS = 1_000_000
MOST_PARTS = 20
MOST_CHEMICALS = 20
MOST_HEIGHT_M = 1500.0
LONGEST_NOTE = 1000
INSTALLATION_WORDS = {
    "storage_tank": Text("储罐"), "warehouse": Text("仓库"), "production": Text("生产装置"), "pressure_vessel": Text("压力容器"),
    "cylinders": Text("气瓶"), "other": Text("其他设施"),
}  # fmt: skip
CONSTRUCTION_WORDS = {"new": Text("新建"), "extension": Text("改扩建"), "temporary": Text("临时")}
INSTALLATIONS = tuple(INSTALLATION_WORDS)
"""Kinds of installation of a hazardous part."""


@dataclass(frozen=True)
class Danger:
    """A chemical on a part of a site and the largest amount of it, tonnes."""

    chemical: str
    amount_t: float


@dataclass(frozen=True)
class SiteRequest:
    """What is asked: parts in the metric CRS, and the chemicals of each part."""

    parts: tuple[SitePart, ...]
    dangers: tuple[tuple[Danger, ...], ...]
    name: str


def project_type_of(field: str, value: Any, rules: RuleSet) -> str:
    """The code of a development type; an unknown one is answered with every code and its name in both languages."""
    return named_choice(field, value, {kind.id: DataText(kind.title_zh, kind.title_en) for kind in rules.project_types.values()})


def read_site_request(body: dict[str, Any], facts: EditionFacts, rules: RuleSet) -> SiteRequest:
    """The request of a siting check.

    Raises
    ------
    RequestError, InputError
        A wrong value; `field` is ``geometry`` for a site of one part, ``parts.1.geometry`` where `parts` are given.
    """
    whole = _whole(body)
    entries, where = _entries(body)
    parts, dangers = [], []
    for entry, prefix in zip(entries, where, strict=True):
        kind = rules.project_types[project_type_of(f"{prefix}project_type", entry.get("project_type"), rules)]
        stated = read_dangers(entry, kind, prefix)
        _extras(entry, kind, prefix)
        project = dataclasses.replace(
            whole, project_type=kind.id, n_persons=_persons(entry, prefix), has_chemicals=bool(stated) if kind.needs_amounts else None
        )
        parts.append(SitePart(_ground(entry, body.get("crs"), facts, prefix), project))
        dangers.append(stated)
    return SiteRequest(tuple(parts), tuple(dangers), whole.name)


def _entries(body: dict[str, Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """The parts as they were sent, and what the names of their fields begin with."""
    if "parts" not in body:
        for key in ("geometry", "project_type"):
            if key not in body:
                raise RequestError(key, Text("缺少此项"))
        return [body], [""]
    parts = body["parts"]
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        raise RequestError("parts", Text("应为 1 至 {most} 个部分的列表", most=MOST_PARTS))
    for key in (*PART_KEYS, *OLD_KEYS):
        if key in body:
            raise RequestError(key, Text("已有 parts,此项须写在各部分中"))
    for place, entry in enumerate(parts):
        _require_part(entry, f"parts.{place}")
    return parts, [f"parts.{place}." for place in range(len(parts))]


def _require_part(entry: Any, where: str) -> None:
    if not isinstance(entry, dict):
        raise RequestError(where, Text("应为 JSON 对象"))
    for key in entry:
        if key not in PART_KEYS:
            words = ", ".join(PART_KEYS)
            raise RequestError(f"{where}.{plain_text(where, key[:40])}", Text("没有这个字段;可用:{known}", known=words))
    for key in ("geometry", "project_type"):
        if key not in entry:
            raise RequestError(f"{where}.{key}", Text("缺少此项"))


def _whole(body: dict[str, Any]) -> Project:
    """What holds for all parts; the type of each is filled in later."""
    is_new = body.get("is_new", True)
    if not isinstance(is_new, bool):
        raise RequestError("is_new", Text("应为 true 或 false"))
    construction = choice("construction", body.get("construction", "new" if is_new else "extension"), CONSTRUCTIONS)
    _dates(body, construction)
    for key in ("applicant", "note"):
        plain_text(key, (body.get(key) or "").replace("\n", " ") if isinstance(body.get(key), str | None) else body[key], longest=LONGEST_NOTE)
    name = plain_text("name", body.get("name", ""))
    return Project("", is_new=construction != "extension", name=name)


def _dates(body: dict[str, Any], construction: str) -> None:
    """Begin and end, which temporary works must have."""
    days = {}
    for key in ("starts_on", "ends_on"):
        if body.get(key) is None:
            if construction == "temporary":
                raise RequestError(key, Text("临时项目须填写起止日期"))
            continue
        try:
            days[key] = date.fromisoformat(plain_text(key, body[key], longest=10))
        except ValueError:
            raise RequestError(key, Text("应为日期,如 2026-11-20")) from None
    if len(days) == 2 and days["ends_on"] < days["starts_on"]:
        raise RequestError("ends_on", Text("结束早于开始"))


def _persons(entry: dict[str, Any], prefix: str) -> int | None:
    n_persons = entry.get("n_persons")
    if n_persons is not None and (type(n_persons) is not int or not 0 <= n_persons <= MOST_PERSONS):
        raise RequestError(
            f"{prefix}n_persons", Text("应为 0 至 {most} 的整数", most=MOST_PERSONS)
        )
    return n_persons


def _extras(entry: dict[str, Any], kind: ProjectType, prefix: str) -> None:
    if entry.get("height_m") is not None:
        number(f"{prefix}height_m", entry["height_m"], least=0, most=MOST_HEIGHT_M)
    if entry.get("installation") is not None:
        choice(f"{prefix}installation", entry["installation"], INSTALLATIONS)
        if not kind.needs_amounts:
            raise RequestError(f"{prefix}installation", Text("只有危险类项目填写设施类别"))


def read_dangers(entry: dict[str, Any], kind: ProjectType, prefix: str = "") -> tuple[Danger, ...]:
    """Chemicals and amounts of a part; none where none is stated; raises `RequestError`."""
    if "chemicals" not in entry:
        return _one_danger(entry, kind, prefix)
    sent = entry["chemicals"]
    if not isinstance(sent, list) or len(sent) > MOST_CHEMICALS:
        raise RequestError(f"{prefix}chemicals", Text("应为最多 {most} 项的列表", most=MOST_CHEMICALS))
    if sent and not kind.needs_amounts:
        raise RequestError(f"{prefix}chemicals", Text("只有危险类项目填写危险化学品"))
    return tuple(_danger(row, f"{prefix}chemicals.{place}") for place, row in enumerate(sent))


def _danger(row: Any, where: str) -> Danger:
    if not isinstance(row, dict) or set(row) != {"chemical", "amount_t"}:
        raise RequestError(where, Text("应为含 chemical 和 amount_t 的对象"))
    chemical = plain_text(f"{where}.chemical", row["chemical"])
    require_chemical(chemical, f"{where}.chemical")
    return Danger(chemical, number(f"{where}.amount_t", row["amount_t"], least=0, most=MOST_TONNES))


def _one_danger(entry: dict[str, Any], kind: ProjectType, prefix: str) -> tuple[Danger, ...]:
    chemical = plain_text(f"{prefix}chemical", entry.get("chemical") or "")
    if not chemical and entry.get("amount_t") is None:
        return ()
    if not kind.needs_amounts:
        raise RequestError(f"{prefix}chemical", TextIn("one", "只有危险类项目填写危险化学品"))
    if not chemical:
        raise RequestError(f"{prefix}chemical", Text("缺少危险化学品名称或 CAS 号"))
    return (Danger(chemical, number(f"{prefix}amount_t", entry.get("amount_t"), least=0, most=MOST_TONNES)),)


def require_chemical(text: str, field: str) -> None:
    """Raise `RequestError` unless a chemical stands in the table by its name or CAS number."""
    if text not in known_chemicals():
        raise RequestError(field, Text("化学品表中没有;请从列表选择名称或 CAS 号"))


@lru_cache(maxsize=1)
def known_chemicals() -> frozenset[str]:
    """Names and CAS numbers of the table of chemicals."""
    table = load_major_hazard_rules().chemicals
    return frozenset(text for column in ("name_zh", "cas") for text in table[column] if isinstance(text, str) and text)


def _ground(entry: dict[str, Any], crs: Any, facts: EditionFacts, prefix: str) -> shapely.Geometry:
    """A part's ground in the metric CRS; a site that crosses itself or leaves the area is refused."""
    field = f"{prefix}geometry"
    sent = _in_storage(entry["geometry"], crs, facts, field)
    try:
        site = facts.in_metres(valid_site(sent))
    except InputError:
        _require_simple(shapely.geometry.shape(sent), field)
        raise
    if site.area > MAX_AREA_M2:
        raise RequestError(field, Text("场址有 {area:.0f} km²,最多 {most:.0f} km²", area=site.area / M2_PER_KM2, most=MAX_AREA_M2 / M2_PER_KM2))
    if not facts.ground.cover(site).all():
        raise RequestError(field, Text("场址全部或部分在辖区以外"))
    return site


def _require_simple(shape: shapely.Geometry, field: str) -> None:
    """Raise `RequestError`, in both languages, where an outline crosses itself or bounds no ground."""
    if shape.geom_type != "Point" and shapely.convex_hull(shape).area == 0:
        raise RequestError(field, Text("场址没有面积"))
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise RequestError(field, Text("场址边界自相交或重叠({reason})", reason=reason))


def crs_choices(facts: EditionFacts) -> list[str]:
    """Systems that coordinates of a site may be in, that of the atlas first."""
    official = facts.area.get("official_crs")
    return list(dict.fromkeys([f"EPSG:{facts.srid}", "EPSG:4490", "EPSG:4326", *([official] if official else []), *SHIFTED_DATUMS]))


def _in_storage(geometry: Any, crs: Any, facts: EditionFacts, field: str) -> dict[str, Any]:
    """The geometry as GeoJSON in degrees of the storage CRS."""
    storage = f"EPSG:{facts.srid}"
    system = storage if crs is None else choice("crs", crs, crs_choices(facts))
    if system == storage:
        return require_site_geometry(geometry, field=field)
    is_metres = system == facts.area.get("official_crs")
    sent = require_planar_geometry(geometry, field=field) if is_metres else require_site_geometry(geometry, field=field)
    moved = to_geographic(np.array([shapely.geometry.shape(sent)], object), system, storage)[0]
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise RequestError(field, Text("坐标不在 {system} 的范围内", system=system))
    found: dict[str, Any] = shapely.geometry.mapping(moved)
    return found
