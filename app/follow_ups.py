"""The follow-up ledger: a violation or an occupied pipe with who remedies it, until when, and what became of it.

The evidence is the violation as the edition had it and is never changed; everything later is an event beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from app import queries
from app.cases import CASE_LOCK
from app.editions import EditionFacts
from app.errors import ConflictError, MissingError, RequestError
from app.parameters import json_object, number, plain_text
from app.texts import Text
from app.working_days import MOST_DAYS, WorkingDays

DEFAULT_DAYS = 20
MOST_LISTED = 5000
OCCUPATION_RULE = "PIPE-L30-3"
"""A building within five metres of an oil or gas pipeline occupies it (占压)."""
STATES = ("open", "overdue", "closed")
CLOSING = ("remedied", "removed", "corrected", "exempted")
OUTCOMES = ("remedied", "not_remedied", "no_access")
SIDES = ("subject_layer", "subject_feature_id", "subject_name", "object_layer", "object_feature_id", "object_name", "town_name")
EVENT_KEYS = {
    "note": ((), ("note",)),
    "recheck": (("on",), ("outcome", "note")),
    "assign": ((), ("office", "person", "note")),
    "move": (("n_days", "due_on"), ("note",)),
    "close": ((), ("reason", "note")),
    "reopen": (("n_days", "due_on"), ("note",)),
}
"""Kind of event -> keys that may be there, and keys that must."""
LONGEST_NOTE = 1000


def new_entry(
    connection: sa.Connection, facts: EditionFacts, raw: bytes, *, calendar: WorkingDays, today: date
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The entry that a request asks for and what was said of it; raises for one that cannot be.

    The figures are those of the edition's violation: a request brings none of its own.
    """
    body = json_object(raw, ("violation_id", "office", "person", "n_days", "due_on", "note"), ("violation_id", "office", "person"))
    row = violation(connection, facts, plain_text("violation_id", body["violation_id"]))
    figures = row["properties"]
    office, person = (_needed(name, body[name]) for name in ("office", "person"))
    owner, line = _owner(connection, facts, figures)
    evidence = figures | {"line": row["line"], "edition_label": facts.edition.label, "data_as_of": _iso(facts.edition.data_as_of)}
    return {name: figures.get(name) for name in (*SIDES, "violation_id", "rule_id")} | {
        "kind": "occupation" if figures["rule_id"] == OCCUPATION_RULE else "violation",
        "enterprise_id": owner,
        "pipeline_id": line,
        "edition": facts.edition.number,
        "evidence": json.dumps(evidence, ensure_ascii=False),
        "office": office,
        "person": person,
        "opened_on": today,
        "due_on": _due(body, calendar, today),
    }, {"note": plain_text("note", body.get("note", ""), longest=LONGEST_NOTE)}


def violation(connection: sa.Connection, facts: EditionFacts, violation_id: str) -> dict[str, Any]:
    """A violation of the edition with its shortest line; raises `MissingError`."""
    rows = _violations(connection, facts, [violation_id])
    if violation_id not in rows:
        raise MissingError(Text("本版没有冲突 {violation_id}", violation_id=violation_id))
    return rows[violation_id]


def _violations(connection: sa.Connection, facts: EditionFacts, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    if "distance_violations" not in facts.counts or not ids:
        return {}
    found = queries.run(connection, "violations_by_id", {"ids": list(ids)}, table=facts.edition.table("distance_violations"))
    return {row.violation_id: {"properties": row.properties, "line": row.line} for row in found}


def _owner(connection: sa.Connection, facts: EditionFacts, figures: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The enterprise and the pipeline whose state of control the violation is about: the subject's before the object's."""
    enterprise = pipeline = None
    for side in ("subject", "object"):
        layer_id, feature_id = figures[f"{side}_layer"], figures[f"{side}_feature_id"]
        if layer_id == "pipelines":
            pipeline = pipeline or feature_id
        elif layer_id in ("enterprises", "hazard_units") and enterprise is None and layer_id in facts.counts:
            table = facts.edition.table(layer_id)
            enterprise = queries.run(connection, "owner_of", {"id": feature_id}, table=table).scalar_one_or_none()
    return enterprise, pipeline


def keep_entry(connection: sa.Connection, entry: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Keep a new entry; its number, such as Z2026-0007. A violation that has an open entry gets no second one."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CASE_LOCK)))
    same = [row for row in listed(connection, violation_ids=[entry["violation_id"]]) if row.closed_on is None]
    if same:
        raise ConflictError(Text("该冲突已立账:{ref}", ref=same[0].ref))
    ref = str(queries.run(connection, "keep_follow_up", entry).scalar_one())
    _note(connection, ref, "opened", {**said, "office": entry["office"], "person": entry["person"], "due_on": _iso(entry["due_on"])})
    return ref


def listed(connection: sa.Connection, *, ref: str | None = None, violation_ids: Sequence[str] | None = None) -> list[Any]:
    """Rows of entries, the open ones first by deadline."""
    parameters = {"ref": ref, "violation_ids": None if violation_ids is None else list(violation_ids), "most": MOST_LISTED}
    return list(queries.run(connection, "follow_ups", parameters))


def state_on(due_on: date, today: date, *, is_closed: bool) -> dict[str, Any]:
    """State of an entry on a day, and by how many days it is overdue; the day of the deadline is in time."""
    state = "closed" if is_closed else "overdue" if due_on < today else "open"
    return {"state": state, "days_over": (today - due_on).days if state == "overdue" else 0}


def told(row: Any, *, today: date) -> dict[str, Any]:
    """An entry as plain values; its state is that of the day."""
    names = ("ref", "kind", "violation_id", "rule_id", *SIDES, "enterprise_id", "pipeline_id", "edition", "evidence", "office", "person", "closed_reason")
    return {name: getattr(row, name) for name in names} | {
        **state_on(row.due_on, today, is_closed=row.closed_on is not None),
        "opened_on": _iso(row.opened_on),
        "due_on": _iso(row.due_on),
        "closed_on": _iso(row.closed_on),
        "check": None if row.checked_edition is None else {"edition": row.checked_edition, "state": row.checked_state, "figures": row.checked_figures},
    }


def whole_entry(connection: sa.Connection, ref: str, *, today: date) -> dict[str, Any]:
    """An entry with its events, what each edition said of it, and its photos; raises `MissingError`."""
    rows = listed(connection, ref=ref)
    if not rows:
        raise MissingError(Text("没有台账 {ref}", ref=ref))
    events = queries.run(connection, "follow_up_events", {"ref": ref})
    checks = queries.run(connection, "follow_up_checks", {"ref": ref})
    photos = queries.run(connection, "follow_up_photos", {"ref": ref})
    return told(rows[0], today=today) | {
        "events": [{"kind": row.kind, "at": row.at.isoformat(), **row.data} for row in events],
        "checks": [{"edition": row.edition, "state": row.state, "figures": row.figures, "checked_at": row.checked_at.isoformat()} for row in checks],
        "photos": [{"sha256": row.sha256, "name": row.name, "width_px": row.width_px, "height_px": row.height_px, "added_at": row.added_at.isoformat()} for row in photos],
    }


def record_event(connection: sa.Connection, ref: str, raw: bytes, *, calendar: WorkingDays, today: date) -> None:
    """Write down what happened to an entry, and change what it says; raises for an event that cannot be now."""
    keys = sorted({key for may, must in EVENT_KEYS.values() for key in (*may, *must)})
    body = json_object(raw, ("kind", *keys), ("kind",))
    kind = body.pop("kind")
    if kind not in EVENT_KEYS:
        raise RequestError("kind", Text("可用:{known}", known=", ".join(EVENT_KEYS)))
    data = _event_data(kind, body, calendar, today)
    queries.run(connection, "lock_follow_up", {"ref": ref})
    entry = whole_entry(connection, ref, today=today)
    _require_possible(kind, data, entry)
    after = {name: entry[name] for name in ("ref", "office", "person", "due_on", "closed_on", "closed_reason")}
    after |= {name: data[name] for name in ("office", "person", "due_on") if name in data}
    if kind == "close":
        after |= {"closed_on": today, "closed_reason": data["reason"]}
    elif kind == "reopen":
        after |= {"closed_on": None, "closed_reason": None}
    queries.run(connection, "change_follow_up", after)
    _note(connection, ref, kind, data)


def _event_data(kind: str, body: Mapping[str, Any], calendar: WorkingDays, today: date) -> dict[str, Any]:
    may, must = EVENT_KEYS[kind]
    for key in body:
        if key not in (*may, *must):
            raise RequestError(key, Text("此操作没有这一项", kind=kind))
    for key in must:
        if key not in body:
            raise RequestError(key, Text("缺少此项"))
    data: dict[str, Any] = {name: _needed(name, body[name]) for name in ("note", "office", "person") if name in must}
    for name, words in (("outcome", OUTCOMES), ("reason", CLOSING)):
        if name in must:
            data[name] = _word(name, body[name], words)
    if kind == "recheck":
        data["on"] = _iso(_past_day("on", body.get("on", today.isoformat()), today))
    if "due_on" in may:
        data["due_on"] = _iso(_due(body, calendar, today))
    return data


def _require_possible(kind: str, data: Mapping[str, Any], entry: Mapping[str, Any]) -> None:
    is_closed = entry["state"] == "closed"
    if (kind == "reopen") != is_closed and kind != "note":
        raise ConflictError(Text("台账已销号,请先重新打开") if is_closed else Text("台账未销号"))
    rechecks = [event["outcome"] for event in entry["events"] if event["kind"] == "recheck"]
    if kind == "close" and data["reason"] == "remedied" and (not rechecks or rechecks[-1] != "remedied"):
        raise ConflictError(Text("须先登记复查结果为已整改,再按已整改销号"))


def checks_due(connection: sa.Connection, facts: EditionFacts) -> list[dict[str, Any]]:
    """What an edition says of the entries it has not been asked about: the violation is there still, or why it is gone."""
    rows = list(queries.run(connection, "unchecked_follow_ups", {"edition": facts.edition.number}))
    found = _violations(connection, facts, [row.violation_id for row in rows])
    gone = [row for row in rows if row.violation_id not in found]
    missing = _missing(connection, facts, gone)
    checks = []
    for row in rows:
        figures = found.get(row.violation_id, {}).get("properties")
        state = "still" if figures else missing[row.ref]
        checks.append({"ref": row.ref, "edition": facts.edition.number, "state": state, "figures": json.dumps(figures, ensure_ascii=False) if figures else None})
    return checks


def _missing(connection: sa.Connection, facts: EditionFacts, rows: Sequence[Any]) -> dict[str, str]:
    """Why violations are gone: ``subject_gone``, ``object_gone``, or ``not_found`` while both features stand."""
    present: dict[str, set[str]] = {}
    for side in ("subject", "object"):
        for layer_id in {getattr(row, f"{side}_layer") for row in rows} & set(facts.counts):
            ids = [getattr(row, f"{side}_feature_id") for row in rows]
            there = queries.run(connection, "present_ids", {"ids": ids}, table=facts.edition.table(layer_id)).scalars()
            present.setdefault(layer_id, set()).update(there)
    is_there = {
        (row.ref, side): getattr(row, f"{side}_feature_id") in present.get(getattr(row, f"{side}_layer"), set())
        for row in rows for side in ("subject", "object")
    }  # fmt: skip
    return {
        row.ref: "subject_gone" if not is_there[row.ref, "subject"] else "object_gone" if not is_there[row.ref, "object"] else "not_found"
        for row in rows
    }


def keep_checks(connection: sa.Connection, checks: Sequence[Mapping[str, Any]]) -> None:
    for check in checks:
        queries.run(connection, "keep_follow_up_check", check)


def _note(connection: sa.Connection, ref: str, kind: str, data: Mapping[str, Any]) -> None:
    queries.run(connection, "keep_follow_up_event", {"ref": ref, "kind": kind, "data": json.dumps(data, ensure_ascii=False)})


def _due(body: Mapping[str, Any], calendar: WorkingDays, today: date) -> date:
    """The deadline: a date, or so many working days from today."""
    if "due_on" in body and "n_days" in body:
        raise RequestError("due_on", Text("期限用日期或工作日数给出,二者取一"))
    if "due_on" in body:
        due_on = _day("due_on", body["due_on"])
        if due_on < today:
            raise RequestError("due_on", Text("期限早于今天"))
        return due_on
    n_days = number("n_days", body.get("n_days", DEFAULT_DAYS), least=1, most=MOST_DAYS)
    if n_days != int(n_days):
        raise RequestError("n_days", Text("应为整数"))
    return calendar.after(today, int(n_days))


def _day(field: str, value: Any) -> date:
    try:
        return date.fromisoformat(plain_text(field, value, longest=10))
    except ValueError:
        raise RequestError(field, Text("应为日期,如 2026-11-20")) from None


def _past_day(field: str, value: Any, today: date) -> date:
    day = _day(field, value)
    if day > today:
        raise RequestError(field, Text("日期在今天之后"))
    return day


def _needed(field: str, value: Any) -> str:
    text = plain_text(field, value, longest=LONGEST_NOTE)
    if not text:
        raise RequestError(field, Text("请填写"))
    return text


def _word(field: str, value: Any, words: Sequence[str]) -> str:
    if value not in words:
        raise RequestError(field, Text("可用:{known}", known=", ".join(words)))
    return str(value)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
