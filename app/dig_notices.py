"""Dig notices: works near pipelines as they were announced, the reply with its due date, kept under a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
import sqlalchemy as sa

from app.cases import CaseKind
from app.editions import EditionFacts
from app.errors import MissingError, RequestError
from app.frames import Bounds, FrameMemory
from app.geojson import require_works_geometry
from app.parameters import json_object, number, plain_text
from app.pipeline_conflicts import (
    JURISDICTION,
    line_chainage,
    pipeline_of,
    rules_date,
)
from app.plain import plain
from app.texts import Text
from app.working_days import MOST_DAYS, WorkingDays
from layers.scoring.activities import activities, methods_of, with_wider_kinds
from layers.scoring.calibration import POST_LAYERS
from layers.scoring.chainage import written_chainage
from layers.scoring.pipelines import VERDICTS, WARNING_EN, WARNING_ZH
from layers.scoring.rules import FeatureClass, RuleSet
from layers.scoring.works_notices import notice, notice_rules

KEYS = (
    "applicant", "phone", "name", "received_on", "starts_on", "ends_on", "activities", "geometry", "along", "width_m",
    "accuracy_m",
)  # fmt: skip
REQUIRED_KEYS = ("applicant", "phone", "received_on", "starts_on", "ends_on", "activities")
ALONG_KEYS = ("pipeline_id", "from_m", "to_m")
WIDEST_M = 2000.0
WORST_ACCURACY_M = 200.0
LONGEST_M = 50_000.0
FARTHEST_RULE_M = 1000.0
"""The farthest that any rule on works near a pipeline reaches: blasting beside a tunnel."""
BRIDGE_LAYER, BRIDGES_REACH_M = "road_structures", 3000.0
"""Digging for sand is forbidden that far downstream of a bridge."""
NO_METHOD = {
    "blasting": Text("爆破方法(告知未注明,个别飞散物安全距离未判定)"),
    "mining": Text("采矿方式(告知未注明露天或地下,铁路两侧1000米内露天采矿的许可未判定)"),
}
"""Works that a notice may name without their method, and what then stays open."""
LONGEST_CHAINAGE_M = 10_000_000


def _outcome(answer: dict[str, Any]) -> Any:
    """What of a reply counts when a later edition is compared: verdict, and which rule binds which line."""
    bound = sorted((row["subject"]["layer"], row["subject"]["id"], str(row["rule_id"]), row["verdict"]) for row in answer["touched"])
    return [answer["verdict"]["id"], [list(entry) for entry in bound]]


NOTICE = CaseKind("dig_notice", "G", _outcome)


@dataclass(frozen=True)
class ReplyTerms:
    """Whose reply it is, and within how many working days after the notice came in."""

    office_zh: str
    office_en: str
    n_days: int


@dataclass(frozen=True)
class DigNotice:
    """Works as announced; `body` is the request with the dates read."""

    received_on: date
    starts_on: date
    ends_on: date
    activities: tuple[str, ...]
    accuracy_m: float
    body: dict[str, Any]


def read_notice(raw: bytes, *, today: date) -> DigNotice:
    """The notice that a request describes; raises `RequestError` naming the field that is wrong."""
    body = json_object(raw, KEYS, REQUIRED_KEYS)
    for name in ("applicant", "phone", "name"):
        body[name] = plain_text(name, body.get(name, ""))
    for name, missing in (("applicant", Text("请填写来文单位")), ("phone", Text("请填写联系人电话"))):
        if not body[name]:
            raise RequestError(name, missing)
    received_on, starts_on, ends_on = (_day(name, body[name]) for name in ("received_on", "starts_on", "ends_on"))
    _require_order(received_on, starts_on, ends_on, today)
    if ("geometry" in body) == ("along" in body):
        raise RequestError("geometry", Text("范围用图形(geometry)或桩号(along)给出,二者取一"))
    accuracy_m = number("accuracy_m", body.get("accuracy_m", 0), least=0, most=WORST_ACCURACY_M)
    return DigNotice(received_on, starts_on, ends_on, _activities(body["activities"]), accuracy_m, body)


def _day(field: str, value: Any) -> date:
    try:
        return date.fromisoformat(plain_text(field, value, longest=10))
    except ValueError:
        raise RequestError(field, Text("应为日期,如 2026-11-20")) from None


def _require_order(received_on: date, starts_on: date, ends_on: date, today: date) -> None:
    if received_on > today:
        raise RequestError("received_on", Text("收文日期在今天之后"))
    if starts_on < received_on:
        raise RequestError("starts_on", Text("开工日期早于收文日期,告知须在施工前"))
    if ends_on < starts_on:
        raise RequestError("ends_on", Text("完工日期早于开工日期"))
    if ends_on < today:
        raise RequestError("ends_on", Text("施工日期已过"))


def _activities(value: Any) -> tuple[str, ...]:
    known = activities()
    if not isinstance(value, list) or not value or any(not isinstance(entry, str) or entry not in known for entry in value):
        raise RequestError("activities", Text("应为施工类型的列表,可用:{known}", known=", ".join(known)))
    return tuple(dict.fromkeys(value))


def read_works(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, asked: DigNotice
) -> shapely.Geometry:
    """The ground that the works take, in the metric CRS; raises an `InputError` for one that cannot be.

    A line, or a stretch of a pipeline, takes its ``width_m`` (both sides together); an area may not cross itself.
    """
    body = asked.body
    width_m = number("width_m", body.get("width_m", 0), least=0, most=WIDEST_M)
    if "along" in body:
        works = _along(connection, facts, frames, body["along"])
    else:
        sent = shapely.geometry.shape(require_works_geometry(body["geometry"]))
        if not sent.is_valid:
            reason = shapely.is_valid_reason(sent)
            raise RequestError("geometry", Text("范围自相交或重叠({reason})", reason=reason))
        works = facts.in_metres(shapely.force_2d(sent))
    if works.length > 2 * LONGEST_M:
        raise RequestError("geometry", Text("范围过大,线长不得超过 {longest:g} km", longest=LONGEST_M / 1000))
    if not facts.ground.meet(works).any():
        raise RequestError("geometry", Text("施工范围在辖区以外"))
    # A point has no ends: with flat ones its ground would be empty.
    ends = "round" if works.geom_type.endswith("Point") else "flat"
    return shapely.buffer(works, width_m / 2, cap_style=ends) if width_m else works


def _along(connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, along: Any) -> shapely.Geometry:
    if not isinstance(along, dict) or set(along) != set(ALONG_KEYS):
        raise RequestError("along", Text("应含 {known}", known=", ".join(ALONG_KEYS)))
    line_id = plain_text("along.pipeline_id", along["pipeline_id"])
    from_m, to_m = (number(f"along.{name}", along[name], least=0, most=LONGEST_CHAINAGE_M) for name in ("from_m", "to_m"))
    try:
        line = pipeline_of(connection, facts, frames, line_id)
    except MissingError:
        raise RequestError("along.pipeline_id", Text("没有管道 {pipeline_id}(或无位置)", pipeline_id=line_id)) from None
    measured = line_chainage(connection, facts, frames, line).along
    starts_within = measured.start_m <= from_m < measured.end_m
    if not (starts_within and from_m < to_m <= measured.end_m):
        bounds = f"{written_chainage(measured.start_m)} – {written_chainage(measured.end_m)}"
        raise RequestError("along.to_m" if starts_within else "along.from_m", Text("桩号应递增且在 {bounds} 之内", bounds=bounds))
    return measured.between(from_m, to_m)


def reply(
    connection: sa.Connection,
    facts: EditionFacts,
    frames: FrameMemory,
    rules: RuleSet,
    *,
    asked: DigNotice,
    works: shapely.Geometry,
    calendar: WorkingDays,
    terms: ReplyTerms,
) -> dict[str, Any]:
    """The answer of ``POST /api/dig-notices`` but for its number: lines touched, what binds the works, until when."""
    layers = _layers_near(connection, facts, frames, rules, works)
    found = notice(
        works, asked.activities, layers, rules, on=rules_date(facts), jurisdiction=JURISDICTION, accuracy_m=asked.accuracy_m
    )
    touched = [_told(facts, row) for row in found.to_dict("records")]
    due_on = calendar.after(asked.received_on, terms.n_days)
    titles = [activities()[word] for word in asked.activities]
    return {
        "verdict": _verdict(touched),
        "touched": touched,
        "lines": _lines(touched),
        "operators": sorted({row["operator"] for row in touched if row["operator"]}),
        "activities_zh": [kind.title_zh for kind in titles],
        "activities_en": [kind.title_en for kind in titles],
        "works": shapely.geometry.mapping(facts.in_degrees(works)),
        "received_on": asked.received_on.isoformat(),
        "due_on": due_on.isoformat(),
        "reply_days": terms.n_days,
        "is_calendar_final": all(calendar.is_arranged(year) for year in {asked.received_on.year, due_on.year}),
        "office_zh": terms.office_zh,
        "office_en": terms.office_en,
        "not_shown": _not_shown(facts, rules, asked.activities),
        "n_unplaced_pipelines": facts.counts.get("pipelines", (0, 0))[1],
        "edition": facts.edition.number,
        "edition_label": facts.edition.label,
        "data_as_of": facts.edition.data_as_of.isoformat() if facts.edition.data_as_of else None,
        "rules_version": rules.version,
        "legal_note_zh": facts.legal_note("zh"),
        "legal_note_en": facts.legal_note("en"),
        "warning_zh": WARNING_ZH,
        "warning_en": WARNING_EN,
    }


def _layers_near(
    connection: sa.Connection, facts: EditionFacts, frames: FrameMemory, rules: RuleSet, works: shapely.Geometry
) -> dict[str, Any]:
    layer_ids = sorted({member.layer for entry in rules.classes.values() for member in entry.members} | {"pipelines"})
    near, of_bridges = (_around(works, reach_m, facts) for reach_m in (FARTHEST_RULE_M, BRIDGES_REACH_M))
    # The chainage of a line is that of all its posts, also of those far from the works.
    everywhere = tuple(map(float, shapely.bounds(facts.boundary_m)))
    found = frames.within(connection, facts, layer_ids, [near]) | frames.within(connection, facts, [BRIDGE_LAYER], [of_bridges])
    return found | frames.within(connection, facts, POST_LAYERS, [everywhere])


def _around(works: shapely.Geometry, reach_m: float, facts: EditionFacts) -> Bounds:
    """The box around some works in which things that a rule reaches from may be registered."""
    reach_m += max(facts.largest_accuracy_m.values(), default=0.0) + WORST_ACCURACY_M
    found: Bounds = tuple((shapely.bounds(works) + np.array([-reach_m, -reach_m, reach_m, reach_m])).tolist())
    return found


def _told(facts: EditionFacts, row: dict[str, Any]) -> dict[str, Any]:
    line = row.pop("geometry")
    names = {"layer": "subject_layer", "id": "subject_feature_id", "name": "subject_name"}
    entry: dict[str, Any] = {"subject": {name: plain(row.pop(column)) for name, column in names.items()}}
    entry |= {name: plain(value) for name, value in row.items()}
    return entry | {"line": shapely.geometry.mapping(facts.in_degrees(line)) if line is not None else None}


def _not_shown(facts: EditionFacts, rules: RuleSet, kinds: Sequence[str]) -> list[dict[str, str]]:
    """What the rules for these works protect and the edition has no data on: nothing is said of it, and that is told."""
    bound = notice_rules(rules, kinds, on=rules_date(facts), jurisdiction=JURISDICTION)
    classes = {rule.subject_class: rules.classes[rule.subject_class] for rule in bound}
    without = [entry for entry in classes.values() if not any(facts.shows(member) for member in entry.members)]
    missing = [
        {"class": entry.class_id, "title_zh": entry.title_zh, "title_en": entry.title_en}
        for entry in without
        if not any(_is_part_of(entry, other) for other in without)
    ]
    named = with_wider_kinds(kinds)
    no_method = [{"class": kind} | words.fields("title") for kind, words in NO_METHOD.items() if kind in named and methods_of(kind).isdisjoint(named)]
    return [*missing, *no_method]


def _is_part_of(entry: FeatureClass, other: FeatureClass) -> bool:
    """Whether all members of a class are members of another, wider one by what both ask of a layer: large bridges that state the flow are large bridges."""
    asked = {(member.layer, frozenset(member.conditions)) for member in entry.members}
    wider = {(member.layer, frozenset(member.conditions)) for member in other.members}
    return bool(asked) and asked != wider and all(any(layer == name and wide <= narrow for name, wide in wider) for layer, narrow in asked)


def _verdict(touched: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The worst verdict; rows come worst first."""
    word = touched[0]["verdict"] if touched else "nothing_found"
    return {"id": word, "title_zh": VERDICTS[word][0], "title_en": VERDICTS[word][1]}


def _lines(touched: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each pipeline or station once: its least distance with error, the stretch, the worst verdict."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in touched:
        key = (row["subject"]["layer"], row["subject"]["id"])
        kept = found.setdefault(key, {**row["subject"], "operator": row["operator"], "distance_m": row["distance_m"],
                                      "error_m": row["error_m"], "from_m": None, "to_m": None,
                                      "verdict": row["verdict"], "verdict_zh": row["verdict_zh"], "verdict_en": row["verdict_en"]})
        if row["distance_m"] < kept["distance_m"]:
            kept |= {"distance_m": row["distance_m"], "error_m": row["error_m"]}
        low, high = row["chainage_from_m"], row["chainage_to_m"]
        if low is not None and (kept["from_m"] is None or high - low > kept["to_m"] - kept["from_m"]):
            kept |= {"from_m": low, "to_m": high}
    return list(found.values())


def terms_of(config: Any) -> ReplyTerms:
    """Whose reply it is, from the settings."""
    n_days = int(config["NOTICE_REPLY_DAYS"])
    if not 1 <= n_days <= MOST_DAYS:
        raise RequestError("NOTICE_REPLY_DAYS", Text("应为 1 至 {most}", most=MOST_DAYS))
    return ReplyTerms(config["NOTICE_OFFICE_ZH"], config["NOTICE_OFFICE_EN"], n_days)
