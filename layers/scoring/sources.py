"""What a source of danger is while it is being rated, and what lines and points along roads are judged by.

Nothing is decided here; every judgement is kept beside the others for `levels` to choose from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from layers.catalog import LAYERS_DIR, load_layer
from layers.scoring.chainage import ON_LINE_M
from layers.scoring.declarations import text_of
from layers.scoring.explosives import Charge
from layers.scoring.level_rules import LevelRules, Row
from layers.scoring.policy import RATED
from layers.scoring.rule_tables import origin

Layers = Mapping[str, pd.DataFrame]
GONE = ("closed", "planned", "abandoned")
"""States in which a source is no danger yet or no longer; ``suspended`` still is one."""
UNRATED = "unrated"
ORDER = ("statutory", "declared", "computed", "screening")
"""Methods that give the risk level, the first one that has a result decides."""


class Missing(NamedTuple):
    """What would let a source be rated, in words that follow 缺少 and "missing:"."""

    zh: str
    en: str


@dataclass
class Source:
    """A danger while it is being rated; `methods` collects every judgement on it.

    `radius_m` colours; `reach_m` is how far the source may matter even where it colours nothing. `part` tells the parts of one feature apart; it ends the key of the risk point. `forms` are those that a unit holds, as `grade_units` gives them; `charge` is what it holds of explosives. `trench_id` names the trench that a line shares with others.
    """

    layer: str
    feature_id: str
    name: str | None
    source_class: str
    geometry: BaseGeometry | None
    accuracy_m: float = math.nan
    enterprise_id: str | None = None
    responsible_office: str | None = None
    town_name: str | None = None
    form: str = ""
    forms: list[dict[str, Any]] = field(default_factory=list)
    charge: Charge | None = None
    grade: str = ""
    radius_m: float | None = None
    reach_m: float | None = None
    inherent: str = UNRATED
    control: str = UNRATED
    level: str = UNRATED
    basis: str = "none"
    is_fire: bool | None = None
    is_assumption: bool = False
    is_disputed: bool = False
    is_suspected_split: bool = False
    missing: Missing | None = None
    major_hazard_level: int | None = None
    s_value: float | None = None
    r_value: float | None = None
    strength: float | None = None
    part: str = ""
    trench_id: str | None = None
    methods: list[dict[str, Any]] = field(default_factory=list)

    def judge(
        self,
        method: str,
        level: str | None,
        rule: Mapping[str, Any],
        text_zh: str,
        text_en: str,
        **inputs: Any,
    ) -> None:
        """Keep one method's result; `level` None where it gave none."""
        self.methods.append(
            {
                "method": method,
                "result": level,
                **origin(rule),
                "inputs": inputs,
                "text_zh": text_zh,
                "text_en": text_en,
                "is_deciding": False,
            }
        )

    def results(self, method: str) -> list[dict[str, Any]]:
        return [entry for entry in self.methods if entry["method"] == method and entry["result"]]


@lru_cache(maxsize=1)
def level_titles() -> dict[str, tuple[str, str]]:
    codes = load_layer(LAYERS_DIR / "risk_points").field("level").codes
    return {code.code: (code.zh, code.en) for code in codes}


def records(layers: Layers, layer_id: str) -> list[dict[str, Any]]:
    frame = layers.get(layer_id)
    if frame is None or frame.empty:
        return []
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def grouped(rows: Iterable[dict[str, Any]], key: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[key], []).append(row)
    return groups


def present(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row.get("status") not in GONE]


def place(row: Mapping[str, Any]) -> BaseGeometry | None:
    geometry = row.get("geometry")
    return geometry if isinstance(geometry, BaseGeometry) and not geometry.is_empty else None


def accuracy(row: Mapping[str, Any]) -> float:
    """Error of a position in metres, NaN where nobody states it."""
    return number(row.get("accuracy_m"))


def number(value: object) -> float:
    return math.nan if value is None or pd.isna(value) else float(value)  # type: ignore[arg-type]


def worst(levels: Iterable[str]) -> str:
    return min((level for level in levels if level in RATED), key=RATED.index, default=UNRATED)


def band_of(bands: tuple[Row, ...], name: str, value: float) -> Row:
    """The band that holds a figure; bands come highest first and are closed below."""
    return next(row for row in bands if value >= row[f"{name}_from"])


def plain(value: Any) -> Any:
    """A value as JSON holds it: no NaN, no numpy types."""
    if value is None or (not isinstance(value, (list, dict)) and pd.isna(value)):
        return None
    return value.item() if hasattr(value, "item") else value


def judge_screening(source: Source, row: Mapping[str, Any], screening: tuple[Row, ...]) -> None:
    for rule in screening:
        value = text_of(row.get(rule["field"])) or ""
        is_match = {
            "contains": rule["value"] in value,
            "prefix": value.startswith(rule["value"]),
            "equals": value == rule["value"],
        }[rule["match"]]
        if rule["layer"] == source.layer and is_match:
            source.judge(
                "screening",
                rule["level"],
                rule,
                f"按行业筛查(假设): {rule['title_zh'] or value}",
                f"screening by industry (assumption): {rule['title_en'] or value}",
                **{rule["field"]: value},
            )
            source.source_class, source.is_assumption = rule["source_class"], True
            return


# Pipelines and black spots


HCA_PART = ":hca"
"""End of the key of the stretches of a line that are high consequence areas."""


def pipeline_sources(layers: Layers, rules: LevelRules, screening: tuple[Row, ...]) -> list[Source]:
    """Transmission and industrial lines; town gas is no source of this policy.

    Where ``high_consequence_areas`` has stretches of a line, they are one source and the rest of the line another.
    """
    sources = []
    areas = grouped(records(layers, "high_consequence_areas"), "pipeline_id")
    for row in present(records(layers, "pipelines")):
        if text_of(row.get("kind")) == "town_gas":
            continue
        whole = _line_source(row, rules, screening)
        mine = areas.get(row["pipeline_id"], [])
        if not mine or f"{whole.source_class}_hca" not in rules.classes or whole.geometry is None:
            sources.append(whole)
            continue
        inside, outside = _split_line(whole.geometry, mine)
        sources.append(_area_source(row, rules, screening, inside, mine))
        if outside is not None:
            whole.geometry = outside
            sources.append(whole)
    return sources


def _line_source(row: Mapping[str, Any], rules: LevelRules, screening: tuple[Row, ...]) -> Source:
    kind, medium = text_of(row.get("kind")) or "transmission", text_of(row.get("medium")) or ""
    found = rules.pipeline_class.get((kind, medium))
    source = Source(
        "pipelines",
        row["pipeline_id"],
        text_of(row.get("name")),
        found["source_class"] if found else "pipeline",
        place(row),
        accuracy(row),
    )
    if found:
        _judge_kind(source, rules, medium=medium)
        source.is_assumption = bool(found["is_assumption"])
        _impact_radius(source, row, rules, is_natural_gas=medium == "natural_gas")
    else:
        judge_screening(source, row, screening)
    if not found and medium:
        source.missing = Missing(f"方案中介质 {medium} 的源强", f"a strength of the policy for {medium}")
    return source


def _area_source(
    row: Mapping[str, Any],
    rules: LevelRules,
    screening: tuple[Row, ...],
    geometry: BaseGeometry,
    areas: list[dict[str, Any]],
) -> Source:
    """The stretches of a line that are high consequence areas, rated for a class of their own."""
    source = _line_source(row, rules, screening)
    source.source_class, source.part, source.geometry = f"{source.source_class}_hca", HCA_PART, geometry
    source.methods.clear()
    _judge_kind(
        source,
        rules,
        areas=[area["hca_id"] for area in areas],
        grades=sorted({area["grade"] for area in areas}),
        length_m=round(sum(area["length_m"] for area in areas)),
    )
    _impact_radius(source, row, rules, is_natural_gas=text_of(row.get("medium")) == "natural_gas")
    source.is_assumption |= all(area["is_estimated"] is True for area in areas)
    return source


def _split_line(line: BaseGeometry, areas: list[dict[str, Any]]) -> tuple[BaseGeometry, BaseGeometry | None]:
    """A line's stretches inside and outside areas, None where it lies in them whole.

    Taken by measure along the line, so that nothing is lost or doubled where a stretch was cut out of a segment.
    """
    parts = shapely.get_parts(line)
    inside = [part for area in areas for part in shapely.get_parts(area["geometry"])]
    outside = []
    for part in parts:
        mine = [other for other in inside if shapely.distance(part, other.interpolate(0.5, normalized=True)) < ON_LINE_M]
        cuts = sorted(sorted(float(part.project(shapely.get_point(other, end))) for end in (0, -1)) for other in mine)
        begin = 0.0
        for low, high in [*cuts, [float(part.length)] * 2]:
            if low - begin > ON_LINE_M:
                outside.append(substring(part, begin, low))
            begin = max(begin, high)
    return shapely.multilinestrings(inside), shapely.multilinestrings(outside) if outside else None


def _judge_kind(source: Source, rules: LevelRules, **inputs: Any) -> None:
    kind = rules.classes[source.source_class]
    source.judge(
        "computed",
        kind["inherent_level"],
        kind,
        f"按装置类型: {kind['title_zh']}",
        f"by kind of installation: {kind['title_en']}",
        **inputs,
    )
    source.inherent = kind["inherent_level"]


def _impact_radius(
    source: Source, row: Mapping[str, Any], rules: LevelRules, *, is_natural_gas: bool
) -> None:
    """Potential impact radius r = k sqrt(d² p), at least the policy's; of unknown figures the table's large line."""
    strength = rules.strengths[source.source_class, "", ""]
    if strength["radius_formula"] != "impact":
        return
    diameter_mm, pressure_mpa = number(row.get("diameter_mm")), number(row.get("pressure_mpa"))
    is_known = is_natural_gas and not math.isnan(diameter_mm) and not math.isnan(pressure_mpa)
    if text_of(row.get("kind")) == "industrial" and not is_known:
        source.radius_m = strength["radius_m"]
    else:
        source.radius_m = _widest_impact_m(strength, diameter_mm if is_natural_gas else math.nan, pressure_mpa)
    source.is_assumption |= not is_known
    text = "" if is_known else ",外径、压力不全或非天然气,按规则表取值(假设)"
    source.judge(
        "radius",
        None,
        strength,
        f"潜在影响半径 {source.radius_m:.0f} 米{text}",
        f"potential impact radius {source.radius_m:.0f} m" + (" (assumed)" if text else ""),
        diameter_mm=plain(diameter_mm),
        pressure_mpa=plain(pressure_mpa),
        **({} if is_known else {"assumed_pressure_mpa": strength["assumed_pressure_mpa"]}),
    )


def _widest_impact_m(strength: Row, diameter_mm: float, pressure_mpa: float) -> float:
    """Impact radius in metres of a line, what is unknown (NaN) taken from its row: never less for knowing less."""
    assumed_mpa = strength["assumed_pressure_mpa"]
    if math.isnan(diameter_mm):
        beyond = 1.0 if math.isnan(pressure_mpa) else max(1.0, pressure_mpa / assumed_mpa)
        return float(strength["radius_unknown_m"] * math.sqrt(beyond))
    pressure_mpa = assumed_mpa if math.isnan(pressure_mpa) else pressure_mpa
    computed = float(strength["radius_coefficient"] * math.sqrt(diameter_mm**2 * pressure_mpa))
    return max(computed, float(strength["radius_m"]))


def black_spot_sources(layers: Layers, rules: LevelRules) -> list[Source]:
    sources = []
    for row in records(layers, "road_black_spots"):
        source = Source(
            "road_black_spots", row["spot_id"], text_of(row.get("name")), "black_spot", place(row), accuracy(row)
        )
        _judge_kind(
            source, rules, n_accidents=plain(row.get("n_accidents")), n_deaths=plain(row.get("n_deaths"))
        )
        sources.append(source)
    return sources
