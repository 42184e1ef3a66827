"""Addresses and answers of the follow-up ledger."""

from __future__ import annotations

from app.openapi.words import (
    DAY, EDITION, LANG, OBJECT, PAGE, TEXT, WHOLE, Schema, answer, file_of, list_of, operation,
    or_null, path, query, record,
)  # fmt: skip

STATE: Schema = {"enum": ["open", "overdue", "closed"]}
REF = path("ref", "Number of an entry, such as Z2026-0007")

SCHEMAS: dict[str, Schema] = {
    "FollowUpRequest": {
        **record(
            "violation_id office person",
            violation_id=TEXT, office={"type": "string", "maxLength": 200}, person={"type": "string", "maxLength": 200}, due_on=DAY,
            n_days={"type": "integer", "minimum": 1, "maximum": 250, "description": "working days from today; or due_on; 20 without either"},
            note={"type": "string", "maxLength": 1000},
        ),
        "additionalProperties": False,
    },
    "FollowUpEvent": {
        **record(
            "kind",
            kind={"enum": ["note", "recheck", "assign", "move", "close", "reopen"]}, on=DAY, office=TEXT, person=TEXT, due_on=DAY,
            n_days={"type": "integer", "minimum": 1, "maximum": 250}, note={"type": "string", "maxLength": 1000},
            outcome={"enum": ["remedied", "not_remedied", "no_access"]}, reason={"enum": ["remedied", "removed", "corrected", "exempted"]},
        ),
        "additionalProperties": False,
    },
    "FollowUp": record(
        "ref kind violation_id rule_id evidence office person opened_on due_on closed_on state days_over edition check",
        ref=TEXT, kind={"enum": ["violation", "occupation"]}, violation_id=TEXT, rule_id=TEXT, evidence=OBJECT, office=TEXT, person=TEXT,
        opened_on=DAY, due_on=DAY, closed_on=or_null(DAY), closed_reason=or_null(TEXT), state=STATE, days_over=WHOLE, edition=WHOLE,
        check=or_null(OBJECT), enterprise_id=or_null(TEXT), pipeline_id=or_null(TEXT), events=list_of(OBJECT), checks=list_of(OBJECT),
        photos=list_of(OBJECT),
    ),
    "FollowUps": record("follow_ups counts edition", follow_ups=list_of(OBJECT), counts=OBJECT, edition=WHOLE),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/patrol/follow-ups": {"get": operation("followUpsPage", "The follow-up ledger", PAGE, EDITION, LANG)},
    "/patrol/follow-ups/{ref}": {"get": operation(
        "followUpPage", "One entry, or the form of a new one", PAGE, path("ref", "Its number, or new"), EDITION, LANG,
        query("violation", "The violation of a new entry"),
    )},
    "/api/follow-ups": {
        "get": operation(
            "followUps", "Entries, the open ones first by deadline", answer("FollowUps"), query("state", "Only those", STATE),
            query("office", "Only its"), query("pipeline_id", "Only those of a line"), query("enterprise_id", "Only its"),
            query("violation_id", "Only those of a violation"), EDITION,
        ),
        "post": operation("newFollowUp", "An entry for a violation of the edition", answer("FollowUp"), EDITION, body="FollowUpRequest"),
    },
    "/api/follow-ups/{ref}": {"get": operation("followUp", "One entry with its events, checks and photos", answer("FollowUp"), REF, EDITION)},
    "/api/follow-ups/{ref}/events": {"post": operation(
        "newFollowUpEvent", "A note, re-check, other deadline or person, closing or reopening", answer("FollowUp"), REF, EDITION, body="FollowUpEvent",
    )},
    "/api/follow-ups/{ref}/photos": {"post": operation(
        "newFollowUpPhoto", "A JPEG, PNG or WebP picture as the body, at most 12 MB", answer("FollowUp"), REF, query("name", "What it shows"),
    )},
    "/api/follow-ups/{ref}/photos/{digest}": {"get": operation(
        "followUpPhoto", "A photo of an entry", file_of("image/jpeg"), REF, path("digest", "Its hash"),
    )},
}  # fmt: skip
