"""Addresses and answers of inspection: lists of a day, and what is recorded at their places."""

from __future__ import annotations

from app.openapi.words import (
    DAY, EDITION, LANG, LAT, LON, OBJECT, PAGE, TEXT, WHOLE, Schema, answer, file_of, list_of, operation,
    or_null, path, query, record, with_file,
)  # fmt: skip

TIME: Schema = {"type": "string", "format": "date-time"}
OUTCOME: Schema = {"enum": ["remedied", "not_remedied", "no_access"]}
LIST = path("ref", "Number of a list, such as X2026-0007")
RECORD = path("record_id", "UUID in lower case, made by the device")
PHOTO = path("number", "Which photo", {"type": "integer", "minimum": 1, "maximum": 3})

SCHEMAS: dict[str, Schema] = {
    "PatrolListRequest": {
        **record(
            "date places",
            date=DAY, places={"type": "array", "items": TEXT, "minItems": 1, "maxItems": 40, "uniqueItems": True},
            start=or_null(record("lon lat label", lon=LON, lat=LAT, label=or_null(TEXT))),
        ),
        "additionalProperties": False,
    },
    "PatrolListMade": record("ref path qr", ref=TEXT, path=TEXT, qr=TEXT),
    "PatrolRecordRequest": {
        **record(
            "place edition outcome note n_photos recorded_at",
            place=TEXT, edition=WHOLE, outcome=OUTCOME, note={"type": "string", "maxLength": 1000},
            n_photos={"type": "integer", "minimum": 0, "maximum": 3}, recorded_at=TIME, arrived_at=or_null(TIME), list_ref=or_null(TEXT),
        ),
        "additionalProperties": False,
    },
    "PatrolRecord": record(
        "record_id list_ref place name town_name edition outcome note n_photos arrived_at recorded_at received_at photos",
        record_id=TEXT, list_ref=or_null(TEXT), place=TEXT, name=or_null(TEXT), town_name=or_null(TEXT), edition=WHOLE,
        outcome=OUTCOME, note=TEXT, n_photos=WHOLE, arrived_at=or_null(TIME), recorded_at=TIME, received_at=TIME, photos=list_of(WHOLE),
    ),
    "PatrolList": record(
        "ref on_date made_from edition start places sources missing records created_at told_at",
        ref=TEXT, on_date=DAY, made_from=WHOLE, edition=WHOLE, start=or_null(OBJECT), places=list_of(TEXT), sources=list_of(OBJECT),
        missing=list_of(TEXT), records=list_of({"$ref": "#/components/schemas/PatrolRecord"}), created_at=TIME, told_at=TIME,
    ),
}  # fmt: skip

PATHS: dict[str, dict[str, Schema]] = {
    "/patrol/{ref}": {"get": operation("patrolRoundPage", "A list of a day, one place at a time; works without a network", PAGE, LIST, EDITION, LANG, query("n", "Which place of the list", WHOLE))},
    "/patrol/offline.js": {"get": operation("patrolOfflineWorker", "The service worker that keeps lists on the device", file_of("text/javascript"))},
    "/api/patrol/lists": {"post": operation("newPatrolList", "A list of a day under a number", answer("PatrolListMade"), EDITION, body="PatrolListRequest")},
    "/api/patrol/lists/{ref}": {"get": operation("patrolList", "A list with its places as the edition has them, and what was recorded", answer("PatrolList"), LIST, EDITION)},
    "/api/patrol/lists/{ref}/qr.svg": {"get": operation("patrolListCode", "QR code of the list's page", file_of("image/svg+xml"), LIST, query("n", "Which place of the list", WHOLE))},
    "/api/patrol/records/{record_id}": {"put": operation(
        "putPatrolRecord", "What was found at a place; sent twice it is one. Changes no level", answer("PatrolRecord"), RECORD, body="PatrolRecordRequest",
    )},
    "/api/patrol/records/{record_id}/photos/{number}": {
        "put": with_file(operation("putPatrolPhoto", "A JPEG, PNG or WebP picture as the body, at most 12 MB, drawn anew", answer("PatrolRecord"), RECORD, PHOTO)),
        "get": operation("patrolPhoto", "A photo of a record", file_of("image/jpeg"), RECORD, PHOTO),
    },
}  # fmt: skip
