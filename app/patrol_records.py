"""Lists of a day and what inspectors found: kept beside the editions, never a reason for another colour."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from app import queries
from app.cases import CASE_LOCK
from app.editions import EditionFacts
from app.errors import ConflictError, MissingError, RequestError
from app.follow_ups import LONGEST_NOTE, OUTCOMES
from app.parameters import choice, json_object, number, plain_text
from app.texts import Text

MOST_STOPS = 40
MOST_PHOTOS = 3
MOST_RECORDS = 200
LAST_EDITION = 10**9
RECORD_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
LIST_REF = re.compile(r"X[0-9]{4}-[0-9]{4,9}", re.ASCII)
RECORD_KEYS = ("place", "edition", "outcome", "note", "n_photos", "recorded_at", "arrived_at", "list_ref")
NEEDED_KEYS = RECORD_KEYS[:6]


def new_list(facts: EditionFacts, raw: bytes) -> dict[str, Any]:
    """The list of a day that a request asks for; raises `RequestError` for one that cannot be.

    Returns
    -------
    dict
        ``on_date``, ``places`` (keys, each once, in order), ``start`` (degrees of the storage CRS, or None), ``edition``.
    """
    body = json_object(raw, ("date", "places", "start"), ("date", "places"))
    places = body["places"]
    if not isinstance(places, list) or not 1 <= len(places) <= MOST_STOPS:
        raise RequestError("places", Text("应为 1 至 {most} 家", most=MOST_STOPS))
    keys = [plain_text("places", place) for place in places]
    if len(set(keys)) != len(keys):
        raise RequestError("places", Text("有重复"))
    return {"on_date": _day("date", body["date"]), "places": keys, "start": _start(body.get("start")), "edition": facts.edition.number}


def _start(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or set(value) != {"lon", "lat", "label"}:
        raise RequestError("start", Text("应有 lon、lat、label"))
    label = value["label"]
    return {
        "lon": number("start", value["lon"], least=-180, most=180),
        "lat": number("start", value["lat"], least=-90, most=90),
        "label": None if label is None else plain_text("start", label),
    }


def keep_list(connection: sa.Connection, asked: dict[str, Any]) -> str:
    """Keep a list; its number, such as X2026-0007."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CASE_LOCK)))
    texts = {name: None if asked[name] is None else json.dumps(asked[name], ensure_ascii=False) for name in ("start", "places")}
    return str(queries.run(connection, "keep_patrol_list", asked | texts).scalar_one())


def kept_list(connection: sa.Connection, ref: str) -> dict[str, Any]:
    """A list as it was made; raises `MissingError`."""
    found = queries.run(connection, "patrol_list", {"ref": ref}).mappings().one_or_none() if LIST_REF.fullmatch(ref) else None
    if found is None:
        raise MissingError(Text("没有巡查单 {ref}", ref=ref))
    return dict(found) | {"on_date": found["on_date"].isoformat(), "created_at": found["created_at"].isoformat()}


def new_record(record_id: str, raw: bytes) -> dict[str, Any]:
    """What was recorded at a place, as a device sent it; raises `RequestError`."""
    body = json_object(raw, RECORD_KEYS, NEEDED_KEYS)
    if not RECORD_ID.fullmatch(record_id):
        raise RequestError("record_id", Text("应为小写的 UUID"))
    return {
        "record_id": record_id,
        "list_ref": None if body.get("list_ref") is None else plain_text("list_ref", body["list_ref"]),
        "place": plain_text("place", body["place"]),
        "edition": _whole("edition", body["edition"], most=LAST_EDITION),
        "outcome": choice("outcome", body["outcome"], OUTCOMES),
        "note": _note(body["note"]),
        "n_photos": _whole("n_photos", body["n_photos"], most=MOST_PHOTOS),
        "arrived_at": None if body.get("arrived_at") is None else _time("arrived_at", body["arrived_at"]),
        "recorded_at": _time("recorded_at", body["recorded_at"]),
    }


def keep_record(connection: sa.Connection, record: dict[str, Any]) -> dict[str, Any]:
    """Keep a record and tell it; the same one again is the same one, another under its number is a `ConflictError`."""
    if record["list_ref"] is not None:
        kept_list(connection, record["list_ref"])
    queries.run(connection, "keep_patrol_record", record)
    kept = one_record(connection, record["record_id"])
    if any(kept[name] != record[name] for name in ("place", "outcome", "note", "n_photos")):
        raise ConflictError(Text("这个编号已有另一条记录"))
    return kept


def one_record(connection: sa.Connection, record_id: str) -> dict[str, Any]:
    """A record with the photos that came; raises `MissingError`."""
    found = records(connection, record_id=record_id, limit=1)
    if not found:
        raise MissingError(Text("没有巡查记录 {record_id}", record_id=record_id))
    return found[0]


def records(
    connection: sa.Connection,
    *,
    record_id: str | None = None,
    list_ref: str | None = None,
    places: Sequence[str] | None = None,
    limit: int = MOST_RECORDS,
) -> list[dict[str, Any]]:
    """Records, the newest first; ``photos`` are the numbers of those that came."""
    asked = {"record_id": record_id, "list_ref": list_ref, "places": None if places is None else list(places), "n_most": limit}
    return [_told(dict(row)) for row in queries.run(connection, "patrol_records", asked).mappings()]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    times = ("arrived_at", "recorded_at", "received_at")
    return row | {name: row[name].isoformat() if row[name] else None for name in times}


def last_visits(connection: sa.Connection, places: Sequence[str]) -> dict[str, dict[str, str]]:
    """When each place was recorded last and what was found, by its key; places without a record are not there."""
    found = queries.run(connection, "last_visits", {"places": list(places)})
    return {row.place: {"at": row.recorded_at.isoformat(), "outcome": row.outcome} for row in found}


def places_of(connection: sa.Connection, facts: EditionFacts, keys: Sequence[tuple[str, str]]) -> list[str]:
    """Keys of the places that sources (layer, id) belong to in an edition."""
    if "risk_points" not in facts.counts:
        return []
    parameters = {"layers": [layer for layer, _ in keys], "ids": [feature_id for _, feature_id in keys]}
    return list(queries.run(connection, "places_of", parameters, table=facts.edition.table("risk_points")).scalars())


def _note(value: Any) -> str:
    """Lines of text; line ends are the only control characters."""
    if not isinstance(value, str) or len(value) > LONGEST_NOTE:
        raise RequestError("note", Text("应为文字,最多 {longest} 个字符", longest=LONGEST_NOTE))
    lines = value.replace("\r\n", "\n").split("\n")
    return "\n".join(plain_text("note", line, longest=LONGEST_NOTE) for line in lines).strip()


def _whole(field: str, value: Any, *, most: int) -> int:
    found = number(field, value, least=0, most=most)
    if found != int(found):
        raise RequestError(field, Text("应为整数"))
    return int(found)


def _day(field: str, value: Any) -> date:
    try:
        return date.fromisoformat(plain_text(field, value, longest=10))
    except ValueError:
        raise RequestError(field, Text("应为日期,如 2026-11-20")) from None


def _time(field: str, value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(plain_text(field, value, longest=40))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise RequestError(field, Text("应为带时区的时间,如 2026-11-20T09:30:00+08:00"))
    return found
