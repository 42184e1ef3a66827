"""Lists of a day and records of inspectors over the API: nothing lost, nothing doubled, no colour changed."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from PIL import Image

from app import create_app
from app.openapi import SCHEMAS
from layers.store import engine_from_url

PLACE = "enterprise E1"
NEVER = "enterprise E999"


@pytest.fixture(autouse=True)
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The module's database; what a test recorded is gone after it."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE edition_1.risk_points SET town_name = '东镇'"))
    yield engine
    with engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE ops.patrol_lists, ops.patrol_records, ops.patrol_photos"))
    engine.dispose()


def make_list(client: FlaskClient, **changes: Any) -> Any:
    return client.post("/api/patrol/lists", json={"date": "2026-11-23", "places": [PLACE]} | changes)


def send(client: FlaskClient, record_id: str = "", **changes: Any) -> Any:
    body = {"place": PLACE, "edition": 1, "outcome": "not_remedied", "note": "阀门渗漏\n已要求停用", "n_photos": 0, "recorded_at": "2026-11-20T09:30:00+08:00"}
    return client.put(f"/api/patrol/records/{record_id or uuid.uuid4()}", json={name: value for name, value in (body | changes).items() if value != "leave out"})


def picture(kind: str = "PNG", size: tuple[int, int] = (3000, 1500)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, "#885522").save(made, kind)
    return made.getvalue()


def require_documented(name: str, answer: Any) -> None:
    jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}).validate(answer)


def test_list_is_kept_with_places_in_their_order_and_told_with_their_facts(client: FlaskClient) -> None:
    start = {"lon": 120.1, "lat": 30.1, "label": "东镇"}
    ref = make_list(client, start=start).json["ref"]
    told = client.get(f"/api/patrol/lists/{ref}").json
    require_documented("PatrolList", told)
    assert (told["on_date"], told["start"], told["missing"], told["records"]) == ("2026-11-23", start, [], [])
    assert [source["name"] for source in told["sources"]] == ["红星化工有限公司"]
    codes = [client.get(f"/api/patrol/lists/{ref}/qr.svg{place}").data for place in ("", "?n=1")]
    assert all(b"svg" in code for code in codes) and codes[0] != codes[1]
    assert client.get(f"/api/patrol/lists/{ref}/qr.svg?n=2").status_code == 400


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"places": []}, 400, "places"), ({"places": [PLACE, PLACE]}, 400, "places"), ({"places": [1]}, 400, "places"),
        ({"places": [NEVER]}, 404, None), ({"date": "tomorrow"}, 400, "date"), ({"start": {"lon": 1}}, 400, "start"),
        ({"start": {"lon": 900, "lat": 1, "label": None}}, 400, "start"), ({"colour": "blue"}, 400, "colour"),
    ],
)  # fmt: skip
def test_wrong_list_names_the_field_and_keeps_nothing(client: FlaskClient, engine: sa.Engine, changes: Any, status: int, field: str | None) -> None:
    answer = make_list(client, **changes)
    assert (answer.status_code, answer.json["error"]["field"]) == (status, field)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM ops.patrol_lists")).scalar_one() == 0


def test_record_sent_twice_is_one_and_another_under_its_number_is_refused(client: FlaskClient) -> None:
    ref = make_list(client).json["ref"]
    number = str(uuid.uuid4())
    first, again = send(client, number, list_ref=ref), send(client, number, list_ref=ref)
    require_documented("PatrolRecord", first.json)
    assert (again.status_code, again.json) == (200, first.json)
    assert send(client, number, outcome="remedied").status_code == 409
    kept = client.get(f"/api/patrol/lists/{ref}").json["records"]
    assert [(row["outcome"], row["note"]) for row in kept] == [("not_remedied", "阀门渗漏\n已要求停用")]


def test_record_shows_as_last_visit_and_in_the_dossier_and_changes_no_level(client: FlaskClient) -> None:
    before = client.get("/api/patrol").json["sources"][0]
    assert before["last_visit"] is None
    send(client, recorded_at="2026-11-19T09:30:00+08:00")
    send(client, outcome="remedied")
    after = client.get("/api/patrol").json["sources"][0]
    assert after["last_visit"]["outcome"] == "remedied" and after["last_visit"]["at"].startswith("2026-11-20T")
    assert after | {"last_visit": None} == before
    told = client.get("/api/dossiers/enterprises/E1").json["patrol_records"]
    assert [row["outcome"] for row in told] == ["remedied", "not_remedied"]


def test_record_of_a_clock_that_runs_ahead_is_no_visit_to_come(client: FlaskClient) -> None:
    kept = send(client, recorded_at="2199-01-01T00:00:00+08:00").json
    assert kept["recorded_at"] == kept["received_at"]


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"outcome": "fine"}, 400, "outcome"), ({"note": "x" * 1001}, 400, "note"), ({"note": "\x00"}, 400, "note"),
        ({"n_photos": 4}, 400, "n_photos"), ({"n_photos": 0.5}, 400, "n_photos"), ({"recorded_at": "2026-11-20T09:30:00"}, 400, "recorded_at"),
        ({"recorded_at": "leave out"}, 400, "recorded_at"), ({"level": "blue"}, 400, "level"), ({"place": NEVER}, 404, None),
        ({"list_ref": "X2026-9999"}, 404, None),
    ],
)  # fmt: skip
def test_wrong_record_names_the_field_and_keeps_nothing(client: FlaskClient, changes: Any, status: int, field: str | None) -> None:
    answer = send(client, **changes)
    assert (answer.status_code, answer.json["error"]["field"]) == (status, field)
    assert client.get("/api/patrol").json["sources"][0]["last_visit"] is None


def test_record_number_that_is_none_is_refused(client: FlaskClient) -> None:
    assert send(client, "..").status_code in (400, 404)
    assert send(client, str(uuid.uuid4()).upper()).json["error"]["field"] == "record_id"


def test_record_of_an_edition_that_is_gone_is_kept_all_the_same(client: FlaskClient) -> None:
    assert send(client, edition=77).json["edition"] == 77


def test_photo_is_drawn_anew_kept_by_its_hash_and_the_same_number_again_changes_nothing(client: FlaskClient, tmp_path: Path) -> None:
    number = send(client, n_photos=2).json["record_id"]
    address = f"/api/patrol/records/{number}/photos"
    assert client.put(f"{address}/2", data=picture("WEBP")).json["photos"] == [2]
    assert client.put(f"{address}/1", data=picture("PNG", (40, 30))).json["photos"] == [1, 2]
    client.put(f"{address}/1", data=picture("PNG", (50, 50)))
    with Image.open(io.BytesIO(client.get(f"{address}/1").data)) as shown:
        assert (shown.format, shown.size) == ("JPEG", (40, 30))
    with Image.open(io.BytesIO(client.get(f"{address}/2").data)) as shown:
        assert max(shown.size) == 2000
    assert len(list((tmp_path / "photos").glob("*.jpg"))) == 2


@pytest.mark.parametrize("content", [b"", b"<script>alert(1)</script>", b"%PDF-1.7", picture("GIF"), b"\x89PNG\r\n\x1a\n" + bytes(200)])
def test_file_that_is_no_photo_is_refused_and_not_kept(client: FlaskClient, tmp_path: Path, content: bytes) -> None:
    number = send(client, n_photos=1).json["record_id"]
    answer = client.put(f"/api/patrol/records/{number}/photos/1", data=content)
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "photo")
    assert not (tmp_path / "photos").exists()


def test_photo_beyond_those_of_its_record_or_of_none_is_refused(client: FlaskClient) -> None:
    number = send(client, n_photos=1).json["record_id"]
    assert client.put(f"/api/patrol/records/{number}/photos/2", data=picture()).status_code == 404
    assert client.put(f"/api/patrol/records/{number}/photos/4", data=picture()).status_code == 400
    assert client.put(f"/api/patrol/records/{uuid.uuid4()}/photos/1", data=picture()).status_code == 404
    assert client.get(f"/api/patrol/records/{number}/photos/1").status_code == 404


@pytest.fixture
def client_as(database_url: str, tmp_path: Path) -> Iterator[Callable[[str], FlaskClient]]:
    """Clients of people with some roles."""
    made = []

    def client_of(role: str) -> FlaskClient:
        made.append(create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "ROLE": role}))
        return made[-1].test_client()

    yield client_of
    for app in made:
        app.extensions["riskatlas"].database.engine.dispose()


def test_records_are_for_those_who_inspect(client: FlaskClient, client_as: Callable[[str], FlaskClient]) -> None:
    number = send(client, n_photos=1).json["record_id"]
    client.put(f"/api/patrol/records/{number}/photos/1", data=picture())
    planner = client_as("plan")
    assert planner.get(f"/api/patrol/records/{number}/photos/1").status_code == 403
    assert send(planner).status_code == 403
    assert planner.get("/api/dossiers/enterprises/E1").json["patrol_records"] is None


def test_photo_of_another_town_is_not_shown(client: FlaskClient, client_as: Callable[[str], FlaskClient]) -> None:
    ref = make_list(client).json["ref"]
    number = send(client, n_photos=1, list_ref=ref).json["record_id"]
    client.put(f"/api/patrol/records/{number}/photos/1", data=picture())
    stranger = client_as("patrol@西镇")
    assert stranger.get(f"/api/patrol/records/{number}/photos/1").status_code == 403
    assert stranger.get(f"/api/patrol/lists/{ref}").json["records"] == []


def test_worker_may_answer_for_the_pages_of_lists_and_is_asked_for_again(client: FlaskClient) -> None:
    with client.get("/patrol/offline.js") as answer:
        assert answer.data
    assert answer.mimetype == "text/javascript" and answer.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
