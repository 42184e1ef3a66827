"""What stands behind a change: the delivered rows that differ, a rule, a day that passed, or the surroundings."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd

from layers.catalog import Catalog, Field
from layers.scoring.changes import NOT_REPRODUCED, OTHER_METHOD
from layers.scoring.sources import level_titles

KINDS = {
    "load": ("数据变化", "data"),
    "rules": ("规则变化", "rules"),
    "date": ("时间推移", "passing of time"),
    "surroundings": ("周边变化", "surroundings"),
    "people": ("人口、敏感目标或邻厂人数变化", "people, sensitive targets or staff of neighbours"),
    "policy": ("评定方案变化", "policy"),
    "remainder": ("未能解释", "not explained"),
}
"""Kinds of causes with their titles; `load` names the delivery, `remainder` what no cause explains."""
REPORT, WEATHER = "official_contours", "weather"
RISK_INPUTS = (REPORT, WEATHER)
"""Layers that speak of individual risk alone."""
OWNERS = {
    "enterprises": "enterprise_id", "hazard_units": "unit_id", "unit_chemicals": "unit_id", "declared_levels": "enterprise_id",
    "hidden_dangers": "enterprise_id", "follow_ups": "enterprise_id", "score_items": "enterprise_id", "work_accidents": "enterprise_id", "pipelines": "pipeline_id",
    "road_black_spots": "spot_id", "high_consequence_areas": "pipeline_id", REPORT: "enterprise_id", "weather": "weather_id",
}  # fmt: skip
"""Layers whose rows say something of a source, and the field that tells of which."""
DERIVED_INPUTS = ("high_consequence_areas",)
DATED_INPUTS = ("until_on", "deadline_on", "declared_on")
"""Inputs of a judgement that hold until, or from, a day."""
MOVED_M = 1.0
MOST_FIELDS = 6
Row = Mapping[str, Any]


@dataclass(frozen=True)
class InputChange:
    """A row of a layer that differs between two editions; None on the side where it is missing. `load_id`, `file`: whence
    the later state came."""

    layer: str
    feature_id: str
    before: Row | None
    after: Row | None
    source_id: str | None = None
    file: str | None = None
    load_id: int | None = None

    @property
    def owner(self) -> Any:
        row = self.after or self.before or {}
        return row.get(OWNERS[self.layer])

    @property
    def enterprise_id(self) -> Any:
        row = self.after or self.before or {}
        return row.get("enterprise_id")


@dataclass(frozen=True)
class Between:
    """What differs between two editions as a whole: rules, the days of the rules (ISO), and the files behind V.

    `is_individual_risk`: the policy compared is that of individual risk, where weather and reports matter.
    """

    is_same_rules: bool
    before_on: str
    after_on: str
    people_layers: tuple[str, ...]
    is_individual_risk: bool = False


def causes(
    keys: Iterable[str],
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    inputs: Sequence[InputChange],
    between: Between,
    catalog: Catalog,
) -> dict[str, dict[str, Any]]:
    """What is told of each cause of `changes.Changes`, by its key.

    Parameters
    ----------
    before, after : rows of `risk_points`, metric CRS
    inputs : rows that differ, of the layers of `OWNERS`

    Returns
    -------
    dict
        ``kind`` (of `KINDS`), ``point_id``, ``layer``, ``id``, ``name``, ``level_before``, ``level_after``, ``inputs`` and
        ``text_zh``, ``text_en``; a cause that is no source has neither feature nor levels.
    """
    one, two = (frame.set_index("point_id") for frame in (before, after))
    of_owner: dict[tuple[str, Any], list[InputChange]] = {}
    for change in inputs:
        if change.layer in RISK_INPUTS:
            of_owner.setdefault((change.layer, None if change.layer == WEATHER else change.enterprise_id), []).append(change)
            continue
        of_owner.setdefault(("own", change.owner), []).append(change)
        if change.enterprise_id is not None:
            of_owner.setdefault(("enterprise", change.enterprise_id), []).append(change)
    return {key: _cause(key, one, two, of_owner, between, catalog) for key in keys}


def _cause(
    key: str,
    one: gpd.GeoDataFrame,
    two: gpd.GeoDataFrame,
    of_owner: Mapping[tuple[str, Any], list[InputChange]],
    between: Between,
    catalog: Catalog,
) -> dict[str, Any]:
    if key.startswith(f"{REPORT}:"):
        return _report(key, one, two, of_owner, between, catalog)
    if key not in one.index and key not in two.index:
        return _whole(key, between, catalog)
    was = one.loc[key] if key in one.index else None
    now = two.loc[key] if key in two.index else None
    row = now if now is not None else was
    mine = of_owner.get(("own", row["source_feature_id"]), [])  # type: ignore[index]
    if row["source_layer"] in ("enterprises", "hazard_units"):  # type: ignore[index]
        mine = mine or of_owner.get(("enterprise", row["enterprise_id"]), [])  # type: ignore[index]
    if between.is_individual_risk:
        mine = mine or of_owner.get((REPORT, row["enterprise_id"]), []) or of_owner.get((WEATHER, None), [])  # type: ignore[index]
    kind = _kind(was, now, mine, between)
    told = [_input(change, catalog) for change in mine if kind in ("load", "surroundings")]
    levels = _level_texts(was, now)
    because = _because(kind, was, now, told)
    return {
        "kind": kind,
        "point_id": key,
        "layer": row["source_layer"],  # type: ignore[index]
        "id": row["source_feature_id"],  # type: ignore[index]
        "name": row["name"],  # type: ignore[index]
        "level_before": None if was is None else was["level"],
        "level_after": None if now is None else now["level"],
        "inputs": told,
        "text_zh": f"{levels[0]};{because[0]}",
        "text_en": f"{levels[1]}; {because[1]}",
    }


def _report(
    key: str,
    one: gpd.GeoDataFrame,
    two: gpd.GeoDataFrame,
    of_owner: Mapping[tuple[str, Any], list[InputChange]],
    between: Between,
    catalog: Catalog,
) -> dict[str, Any]:
    """A report's contours that came, went or hold no longer; a report without a new row fell by its date."""
    enterprise_id = key.removeprefix(f"{REPORT}:")
    mine = of_owner.get((REPORT, enterprise_id), [])
    kind = "load" if mine else "date" if between.before_on != between.after_on else "rules"
    told = [_input(change, catalog) for change in mine]
    because = _because(kind, None, None, told)
    names = [frame["name"].get(f"enterprises:{enterprise_id}") for frame in (two, one)]
    return {
        "kind": kind, "point_id": None, "layer": "enterprises", "id": enterprise_id,
        "name": next((name for name in names if name), enterprise_id), "level_before": None, "level_after": None, "inputs": told,
        "text_zh": f"评价报告等值线;{because[0]}", "text_en": f"contours of the report; {because[1]}",
    }  # fmt: skip


def _whole(key: str, between: Between, catalog: Catalog) -> dict[str, Any]:
    """A cause that is no single source."""
    kind = "remainder" if key in (NOT_REPRODUCED, OTHER_METHOD) else key
    zh, en = KINDS[kind]
    notes = {
        NOT_REPRODUCED: ("现行方法不能复算出其中一版的等级(版次由较早的方法生成)", "the present functions do not give the level of one of the editions"),
        OTHER_METHOD: ("该方案的方法不作逐源分解", "the method of this policy is not taken apart by source"),
        "people": tuple(
            f"{sign}: " + "、".join(getattr(catalog[layer], f"title_{lang}") for layer in between.people_layers)
            for sign, lang in (("新报送", "zh"), ("delivered anew", "en"))
        ),
    }.get(key, ("", ""))
    return {
        "kind": kind, "point_id": None, "layer": None, "id": None, "name": None, "level_before": None, "level_after": None, "inputs": [],
        "text_zh": f"{zh};{notes[0]}".rstrip(";"), "text_en": f"{en}; {notes[1]}".rstrip("; "),
    }  # fmt: skip


def _kind(was: Any, now: Any, mine: Sequence[InputChange], between: Between) -> str:
    """The kind of a source's change: a delivered row first, then surroundings, a day that passed, rules."""
    if any(change.layer not in DERIVED_INPUTS for change in mine):
        return "load"
    if mine or _is_around_alone(was, now):
        return "surroundings"
    if any(_has_passed(row, between) for row in (was, now) if row is not None):
        return "date"
    if not between.is_same_rules:
        return "rules"
    return "date" if between.before_on != between.after_on else "remainder"


def _has_passed(row: Any, between: Between) -> bool:
    """Whether a day that a source's judgements name lies between the days of the two editions."""
    reasons = row.get("reasons")
    entries = [entry for entry in reasons if isinstance(entry, dict)] if isinstance(reasons, list) else []
    days = [entry.get("inputs", {}).get(name) for entry in entries for name in DATED_INPUTS]
    return any(between.before_on <= day <= between.after_on for day in days if isinstance(day, str))


def _is_around_alone(was: Any, now: Any) -> bool:
    """Whether nothing but what surrounds a source changed: the brigade's way, the lines of its trench."""
    if was is None or now is None:
        return False
    if not all(_same(was[name], now[name]) for name in ("level", "strength", "radius_m")) or _moved_m(was, now) > 0:
        return False
    return any(not _same(was.get(name), now.get(name)) for name in ("help_factor", "trench_id"))


def _same(one: Any, other: Any) -> bool:
    return bool((pd.isna(one) and pd.isna(other)) or one == other)


def _level_texts(was: Any, now: Any) -> tuple[str, str]:
    titles = level_titles()
    if was is None:
        zh, en = titles[now["level"]]
        return f"新增,{zh}", f"new, {en.lower()}"
    if now is None:
        zh, en = titles[was["level"]]
        return f"不再存在,原为{zh}", f"gone, was {en.lower()}"
    (zh, en), (zh_now, en_now) = titles[was["level"]], titles[now["level"]]
    if was["level"] == now["level"]:
        return f"等级仍为{zh}", f"still {en.lower()}"
    return f"{zh}→{zh_now}", f"{en.lower()} → {en_now.lower()}"


def _because(kind: str, was: Any, now: Any, told: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Why, in words: the fields that differ, else how the source's own figures moved."""
    zh, en = KINDS[kind]
    facts = [(entry["text_zh"], entry["text_en"]) for entry in told[:MOST_FIELDS]] or _figures(was, now)
    if not facts:
        return zh, en
    more = len(told) - MOST_FIELDS
    tail = (f"等{len(told)}处", f" and {more} more") if more > 0 else ("", "")
    return f"{zh}: " + ";".join(fact[0] for fact in facts) + tail[0], f"{en}: " + "; ".join(fact[1] for fact in facts) + tail[1]


def _figures(was: Any, now: Any) -> list[tuple[str, str]]:
    """Strength, radius, help factor and place before and after, those that differ; the new reason where a level moved."""
    if was is None or now is None:
        return []
    found = []
    for name, zh, en in (("strength", "源强", "strength"), ("radius_m", "影响半径", "radius"), ("help_factor", "救援系数", "help factor")):
        if not _same(was.get(name), now.get(name)):
            found.append((f"{zh} {_figure(was.get(name))}→{_figure(now.get(name))}", f"{en} {_figure(was.get(name))} → {_figure(now.get(name))}"))
    moved_m = _moved_m(was, now)
    if moved_m > MOVED_M:
        found.append((f"位置移动 {moved_m:.0f} 米", f"moved by {moved_m:.0f} m"))
    if was["level"] != now["level"] and isinstance(now.get("reason_zh"), str):
        found.append((now["reason_zh"], now.get("reason_en") or now["reason_zh"]))
    return found


def _moved_m(was: Any, now: Any) -> float:
    one, other = was["geometry"], now["geometry"]
    return 0.0 if one is None or other is None else float(one.centroid.distance(other.centroid))


def _figure(value: Any) -> str:
    return "—" if value is None or pd.isna(value) else f"{value:.4g}" if isinstance(value, float) else str(value)


def _input(change: InputChange, catalog: Catalog) -> dict[str, Any]:
    """One delivered row that differs, in words."""
    layer = catalog[change.layer]
    fields = [] if change.before is None or change.after is None else [
        {"field": entry.name, "title_zh": entry.title_zh, "title_en": entry.title_en, "unit": entry.unit,
         "before": change.before.get(entry.name), "after": change.after.get(entry.name)}
        for entry in layer.fields
        if entry.type != "json" and not _same(change.before.get(entry.name), change.after.get(entry.name))
    ]  # fmt: skip
    is_moved = change.before is not None and change.after is not None and change.before.get("geom") != change.after.get("geom")
    zh, en = (_row_text(change, title, lang, fields, layer.fields, is_moved) for title, lang in ((layer.title_zh, "zh"), (layer.title_en, "en")))
    return {
        "layer": change.layer, "id": change.feature_id, "source_id": change.source_id, "file": change.file, "load_id": change.load_id,
        "is_new": change.before is None, "is_gone": change.after is None, "is_moved": is_moved, "fields": fields, "text_zh": zh, "text_en": en,
    }  # fmt: skip


def _row_text(
    change: InputChange, title: str, lang: str, fields: Sequence[Row], declared: Sequence[Field], is_moved: bool
) -> str:
    by_name = {entry.name: entry for entry in declared}
    if change.before is None:
        return f"{title}新增 {change.feature_id}" if lang == "zh" else f"{title}: new {change.feature_id}"
    if change.after is None:
        return f"{title}不再报送 {change.feature_id}" if lang == "zh" else f"{title}: gone {change.feature_id}"
    parts = [{"zh": "位置变化", "en": "position changed"}[lang]] if is_moved else []
    for entry in fields[:MOST_FIELDS]:
        declared_field = by_name[entry["field"]]
        one, other = (_value(declared_field, entry[side], lang) for side in ("before", "after"))
        parts.append(f"{entry[f'title_{lang}']} {one}→{other}" + (f" {entry['unit']}" if entry["unit"] else ""))
    return f"{title} {change.feature_id}: " + ("、" if lang == "zh" else ", ").join(parts)


def _value(entry: Field, value: Any, lang: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "—"
    code = next((code for code in entry.codes if code.code == value), None)
    return str(getattr(code, lang)) if code else str(value)
