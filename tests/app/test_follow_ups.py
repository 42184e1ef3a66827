"""The follow-up ledger over the API: evidence, deadlines, photos, re-checks, closing, and what later editions say."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from psycopg2 import sql

from app import styles
from app.expression_sql import condition
from app.photos import read_photo
from app.queries import Values
from app.working_days import WorkingDays
from layers.catalog import Catalog
from layers.errors import InputError
from layers.store import engine_from_url
from tests.app.small_edition import make_edition

TODAY = date.today()


@pytest.fixture
def engine(database_url: str) -> Any:
    engine = engine_from_url(database_url)
    yield engine
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE ops.follow_ups, ops.follow_up_events, ops.follow_up_checks, ops.follow_up_photos"))
    engine.dispose()


def enter(client: FlaskClient, **changes: Any) -> Any:
    body = {"violation_id": "V1", "office": "发展改革局", "person": "张三", "note": "现场核实"} | changes
    return client.post("/api/follow-ups", json={name: value for name, value in body.items() if value is not None})


def record(client: FlaskClient, ref: str, kind: str, **data: Any) -> Any:
    return client.post(f"/api/follow-ups/{ref}/events", json={"kind": kind, "note": "经办人登记"} | data)


def picture(kind: str = "PNG", size: tuple[int, int] = (3000, 1500)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "#885522").save(made, kind)
    return made.getvalue()


def test_building_on_a_pipe_becomes_an_entry_with_the_editions_figures(client: FlaskClient, engine: Any) -> None:
    entry = enter(client).json
    assert entry["ref"] == f"Z{TODAY.year}-0001" and entry["kind"] == "occupation" and entry["state"] == "open"
    assert (entry["evidence"]["actual_m"], entry["evidence"]["required_m"], entry["evidence"]["edition_label"]) == (5.5, 10.0, "2026Q2")
    assert entry["evidence"]["line"]["type"] == "LineString" and entry["pipeline_id"] == "P1"
    assert entry["due_on"] == WorkingDays("CN").after(TODAY, 20).isoformat()
    assert entry["events"][0]["kind"] == "opened" and entry["events"][0]["note"] == "现场核实"


def test_conflict_has_one_open_entry_and_after_closing_another(client: FlaskClient, engine: Any) -> None:
    ref = enter(client).json["ref"]
    again = enter(client)
    assert again.status_code == 409 and ref in again.json["error"]["message_zh"]
    assert record(client, ref, "close", reason="corrected").json["state"] == "closed"
    assert enter(client).json["ref"] == f"Z{TODAY.year}-0002"


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"violation_id": "V999"}, 404, None), ({"office": " "}, 400, "office"), ({"person": None}, 400, "person"),
        ({"due_on": "2020-01-01"}, 400, "due_on"), ({"due_on": "soon"}, 400, "due_on"), ({"n_days": 0}, 400, "n_days"),
        ({"n_days": 2.5}, 400, "n_days"), ({"n_days": 5, "due_on": "2099-01-01"}, 400, "due_on"), ({"actual_m": 1}, 400, "actual_m"),
    ],
)  # fmt: skip
def test_wrong_entry_names_the_field_and_keeps_nothing(client: FlaskClient, engine: Any, changes: Any, status: int, field: str | None) -> None:
    answer = enter(client, **changes)
    assert (answer.status_code, answer.json["error"]["field"]) == (status, field)
    assert client.get("/api/follow-ups").json["follow_ups"] == []


def test_remedied_needs_a_re_check_that_found_it_so(client: FlaskClient, engine: Any) -> None:
    ref = enter(client).json["ref"]
    assert record(client, ref, "close", reason="remedied").status_code == 409
    assert record(client, ref, "recheck", outcome="not_remedied").status_code == 200
    assert record(client, ref, "close", reason="remedied").status_code == 409
    record(client, ref, "recheck", outcome="remedied", on=TODAY.isoformat())
    closed = record(client, ref, "close", reason="remedied").json
    assert (closed["state"], closed["closed_on"], closed["closed_reason"]) == ("closed", TODAY.isoformat(), "remedied")
    assert record(client, ref, "recheck", outcome="remedied").status_code == 409
    reopened = record(client, ref, "reopen", n_days=5).json
    assert reopened["state"] == "open" and reopened["due_on"] == WorkingDays("CN").after(TODAY, 5).isoformat()
    assert [event["kind"] for event in reopened["events"]] == ["opened", "recheck", "recheck", "close", "reopen"]


@pytest.mark.parametrize(
    ("kind", "data", "field"),
    [
        ("recheck", {"outcome": "fine"}, "outcome"), ("recheck", {}, "outcome"), ("close", {"reason": "tired"}, "reason"),
        ("recheck", {"outcome": "remedied", "on": (TODAY + timedelta(days=2)).isoformat()}, "on"), ("assign", {"office": "甲"}, "person"),
        ("shred", {}, "kind"), ("note", {"note": ""}, "note"), ("note", {"reason": "remedied"}, "reason"),
    ],
)  # fmt: skip
def test_wrong_event_is_refused_by_field(client: FlaskClient, engine: Any, kind: str, data: Any, field: str) -> None:
    ref = enter(client).json["ref"]
    answer = record(client, ref, kind, **data)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
    assert len(client.get(f"/api/follow-ups/{ref}").json["events"]) == 1


def test_deadline_and_person_can_move_and_lists_tell_the_overdue(client: FlaskClient, engine: Any) -> None:
    ref = enter(client).json["ref"]
    record(client, ref, "assign", office="住建局", person="李四")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.follow_ups SET due_on = :day"), {"day": TODAY - timedelta(days=3)})
    listed = client.get("/api/follow-ups?state=overdue&office=住建局").json
    assert [(entry["ref"], entry["days_over"]) for entry in listed["follow_ups"]] == [(ref, 3)]
    assert listed["counts"] == {"open": 0, "overdue": 1, "closed": 0}
    assert client.get("/api/follow-ups?state=late").status_code == 400


def test_class_of_the_overdue_in_the_legend_follows_the_day_in_the_table(engine: Any, catalog: Catalog) -> None:
    overdue = styles.legend(catalog["follow_ups"])[0]["filter"]
    values = Values()
    entries = {"state": "state", "due_on": "due_on"}
    asked = sql.SQL("SELECT array_agg({}) FROM (VALUES ('open', {}), ('open', {}), ('closed', {})) AS entry (state, due_on)").format(
        condition(overdue, lambda name: sql.Identifier(entries[name]), values), *(values.bind(TODAY + timedelta(days=days)) for days in (-1, 0, -9))
    )
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(asked, values.bound)
        assert cursor.fetchone()[0] == [True, False, False]


def test_photo_is_drawn_anew_kept_by_hash_and_given_back(server: Flask, client: FlaskClient, engine: Any) -> None:
    ref = enter(client).json["ref"]
    (photo,) = client.post(f"/api/follow-ups/{ref}/photos?name=现场.png", data=picture()).json["photos"]
    assert (photo["width_px"], photo["height_px"], photo["name"]) == (2000, 1000, "现场.png")
    kept = client.get(f"/api/follow-ups/{ref}/photos/{photo['sha256']}")
    with Image.open(io.BytesIO(kept.data)) as back:
        assert (kept.mimetype, back.format, back.size) == ("image/jpeg", "JPEG", (2000, 1000))
    assert [path.name for path in (server.extensions["riskatlas"].home / "photos").iterdir()] == [f"{photo['sha256']}.jpg"]
    assert client.get(f"/api/follow-ups/{ref}/photos/{'0' * 64}").status_code == 404
    assert client.get(f"/api/follow-ups/{ref}/photos/..%2F..%2Fetc").status_code == 404


@pytest.mark.parametrize("sent", [b"", b"GIF89a", b"<svg/>", picture("BMP", (4, 4)), picture("PNG", (9, 9))[:40]])
def test_what_is_no_photo_is_refused(sent: bytes) -> None:
    with pytest.raises(InputError, match="photo"):
        read_photo(sent)


def test_notes_of_camera_and_place_are_not_kept() -> None:
    made, notes = io.BytesIO(), Image.Exif()
    notes[0x010F] = "camera"
    Image.new("RGB", (40, 20)).save(made, "JPEG", exif=notes)
    assert not Image.open(io.BytesIO(read_photo(made.getvalue()).content)).getexif()


def test_later_edition_finds_the_violation_again_or_says_why_it_is_gone(
    client: FlaskClient, engine: Any, catalog: Catalog
) -> None:
    ref = enter(client).json["ref"]
    assert client.get(f"/api/follow-ups/{ref}").json["checks"][0]["state"] == "still"
    for number, change, state in (
        (2, "UPDATE edition_2.distance_violations SET actual_m = 4.0", "still"),
        (3, "DELETE FROM edition_3.distance_violations", "not_found"),
        (4, "DELETE FROM edition_4.distance_violations; DELETE FROM edition_4.buildings", "object_gone"),
    ):
        with engine.begin() as connection:
            make_edition(connection, catalog, number, f"2026Q{number + 1}")
            connection.exec_driver_sql(change)
        entry = client.get(f"/api/follow-ups/{ref}").json
        assert (entry["checks"][-1]["edition"], entry["checks"][-1]["state"]) == (number, state)
    assert [check["edition"] for check in entry["checks"]] == [1, 2, 3, 4]
    assert entry["checks"][1]["figures"]["actual_m"] == 4.0 and entry["evidence"]["actual_m"] == 5.5
    with engine.begin() as connection:
        for number in (2, 3, 4):
            connection.exec_driver_sql(f"DROP SCHEMA edition_{number} CASCADE")
            connection.execute(sa.text("DELETE FROM ops.editions WHERE edition = :number"), {"number": number})


def test_conflicts_of_a_line_bear_the_number_under_which_they_are_entered(client: FlaskClient) -> None:
    rows = client.get("/api/pipelines/P1/conflicts?buffer_m=200").json["conflicts"]
    numbered = {row["verdict"]: row["violation_id"] for row in rows}
    assert numbered["possibly_prohibited"].startswith("V") and numbered.get("see_code") is None
