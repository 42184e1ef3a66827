"""Siting checks over the API: a verdict with reasons that is kept, and clear refusals of what is no site."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import queries


def square(lon: float, lat: float, side_deg: float = 0.001) -> dict[str, Any]:
    ring = [[lon, lat], [lon + side_deg, lat], [lon + side_deg, lat + side_deg], [lon, lat + side_deg], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


BESIDE_PIPELINE = {"type": "Point", "coordinates": [120.03, 30.0502]}
ON_PIPELINE = square(120.03, 30.0495)
SCHOOL = "school_hospital_elderly"


def checked(client: FlaskClient, geometry: Any, project_type: str = "residential", **more: Any) -> Any:
    return client.post("/api/site-checks", json={"geometry": geometry, "project_type": project_type, **more})


def test_house_on_a_pipeline_is_not_met_with_clause_and_line(client: FlaskClient) -> None:
    told = checked(client, ON_PIPELINE).json
    assert told["verdict"]["id"] == "not_met"
    reason = next(entry for entry in told["reasons"] if entry["object"] and entry["object"]["id"] == "P1")
    assert (reason["gravity"], reason["kind"], reason["certainty"]) == (1, "prohibited", "certain")
    assert reason["clause"]
    assert reason["shortfall_m"] == pytest.approx(reason["required_m"] - reason["actual_m"])
    assert reason["line"]["type"] in ("LineString", "Point")
    assert told["disclaimer_zh"].startswith("本结果为数据筛查")


def test_site_beside_a_pipeline_needs_a_permit(client: FlaskClient) -> None:
    told = checked(client, BESIDE_PIPELINE).json
    assert {"permit_required"} <= {entry["kind"] for entry in told["reasons"]}
    assert told["verdict"]["rank"] in (2, 3)


def test_answer_is_kept_as_it_was_given(client: FlaskClient) -> None:
    sent = {"geometry": ON_PIPELINE, "project_type": SCHOOL, "name": "第二小学 'x'", "n_persons": 600, "is_new": True}
    told = client.post("/api/site-checks", json=sent).json
    kept = client.get(f"/api/site-checks/{told['ref']}").json
    assert {name: kept[name] for name in told} == told
    assert kept["request"] == sent


def test_cases_are_numbered_one_after_the_other(server: Flask) -> None:
    refs: list[str] = []

    def ask() -> None:
        refs.append(checked(server.test_client(), BESIDE_PIPELINE).json["ref"])

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = sorted(int(ref.split("-")[1]) for ref in refs)
    assert numbers == list(range(numbers[0], numbers[0] + 6))


def test_only_the_number_is_committed_without_waiting_for_the_disk(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("SET synchronous_commit TO on")
        connection.commit()
        refs = [queries.run(connection, "take_ref", {"initial": "T"}).scalar_one() for _ in range(2)]
        during = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        connection.rollback()
        connection.execution_options(isolation_level="AUTOCOMMIT")
        queries.run(connection, "take_ref", {"initial": "T"})
        after = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        connection.exec_driver_sql("DELETE FROM ops.case_numbers WHERE initial = 'T'")
        connection.invalidate()
    assert (during, after) == ("off", "on")
    assert int(refs[1].split("-")[1]) == int(refs[0].split("-")[1]) + 1


def _number(answer: Any) -> int:
    return int(answer.json["ref"].split("-")[1])


def test_answer_that_cannot_be_kept_is_not_given_and_its_number_left_out(client: FlaskClient, engine: sa.Engine) -> None:
    before = _number(checked(client, BESIDE_PIPELINE))
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ops.cases RENAME TO cases_away")
    try:
        answer = checked(client, BESIDE_PIPELINE)
        assert answer.status_code >= 500
        assert "verdict" not in answer.json
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE ops.cases_away RENAME TO cases")
    assert _number(checked(client, BESIDE_PIPELINE)) == before + 2


def test_kinds_of_projects_are_listed_in_both_languages(client: FlaskClient) -> None:
    kinds = {kind["id"]: kind for kind in client.get("/api/project-types").json["project_types"]}
    assert kinds["residential"]["title_zh"] == "住宅"
    assert all(kind["title_zh"] and kind["title_en"] for kind in kinds.values())


@pytest.mark.parametrize("ref", ["S2026-999999", "x", "S2026-0001'--", "%00"])
def test_case_that_is_not_there_is_refused(client: FlaskClient, ref: str) -> None:
    assert client.get(f"/api/site-checks/{ref}").status_code in (400, 404)


CROSSING = {"type": "Polygon", "coordinates": [[[120.1, 30.1], [120.11, 30.11], [120.11, 30.1], [120.1, 30.11], [120.1, 30.1]]]}  # fmt: skip


@pytest.mark.parametrize(
    ("geometry", "words"),
    [
        (CROSSING, "crosses itself"),
        (square(121.0, 30.1), "outside"),
        (square(120.1995, 30.1), "outside"),
        ({"type": "Point", "coordinates": [0, 0]}, "outside"),
        (square(120.02, 30.02, 0.15), "km²"),
        ({"type": "Polygon", "coordinates": [[[120.1, 30.1], [120.11, 30.1], [120.1, 30.1], [120.1, 30.1]]]}, "no ground"),
    ],
)
def test_what_is_no_site_is_refused_and_nothing_kept(
    client: FlaskClient, engine: sa.Engine, geometry: Any, words: str
) -> None:
    def n_cases() -> int:
        with engine.connect() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM ops.cases").scalar_one())

    before = n_cases()
    answer = checked(client, geometry)
    error = answer.json["error"]
    assert (answer.status_code, error["field"]) == (400, "geometry")
    assert words in error["message_en"]
    assert error["message_zh"].startswith("geometry:场址")
    assert n_cases() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"project_type": "residential"}, "geometry"), ({"geometry": BESIDE_PIPELINE}, "project_type"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "castle"}, "project_type"),
        ({"geometry": BESIDE_PIPELINE, "project_type": None}, "project_type"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "residential", "colour": 1}, "colour"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "residential", "n_persons": -1}, "n_persons"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "residential", "n_persons": 1.5}, "n_persons"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "residential", "n_persons": True}, "n_persons"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "residential", "is_new": "yes"}, "is_new"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "residential", "name": "\u0000"}, "name"),
        ({"geometry": BESIDE_PIPELINE, "project_type": "residential", "name": "\ud800"}, "name"),
        ({"geometry": "POINT (1 2)", "project_type": "residential"}, "geometry"),
        ({"geometry": {"type": "Point", "coordinates": [120.03, 30.05, 12.5]}, "project_type": "residential"}, "geometry.coordinates"),
        ([], "body"), ("x", "body"), (None, "body"),
    ],
)  # fmt: skip
def test_wrong_body_is_named(client: FlaskClient, body: Any, field: str) -> None:
    answer = client.post("/api/site-checks", data=json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"a":1,"a":2}', b'{"geometry": NaN}', b"[" * 100_000, b'{"n_persons": 1' + b"0" * 5000 + b"}"]
)  # fmt: skip
def test_body_that_is_no_json_is_refused(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/api/site-checks", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "bad_request")


def test_polygon_of_a_million_vertices_is_refused_unread(client: FlaskClient) -> None:
    body = json.dumps({"geometry": {"type": "Polygon", "coordinates": [[[120.1, 30.1]] * 1_000_000]}, "project_type": "residential"})
    answer = client.post("/api/site-checks", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"], answer.json["error"]["field"]) == (413, "too_large", "body")


def test_polygon_of_too_many_vertices_is_named(client: FlaskClient) -> None:
    answer = checked(client, {"type": "Polygon", "coordinates": [[[120.1, 30.1]] * 100_000]})
    assert (answer.status_code, answer.json["error"]["field"]) == (400, "geometry.coordinates")
