"""Review queues by API: lists, decisions with who and why, and 4xx for everything that makes no sense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from layers.catalog import Catalog
from layers.store import engine_from_url
from layers.tables import ensure_register

A, B = {"layer": "enterprises", "id": "E1"}, {"layer": "regulated_sources", "id": "W1"}
EVIDENCE = [{"comparison": "name", "level": "same", "zh": "名称一致", "en": "same name", "weight_bits": 11.4}]
PLACE = {"layer": "enterprises", "id": "E/3"}


@pytest.fixture(autouse=True)
def proposals(database_url: str, catalog: Catalog) -> Iterator[None]:
    """One pair and one position that wait, with the records they are about; taken away again after each test."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        for layer_id, feature_id, name in (("enterprises", "E1", "红星化工有限公司"), ("regulated_sources", "W1", "红星化工"), ("enterprises", "E/3", "无位置企业")):
            table = ensure_register(connection, catalog[layer_id], 4490)
            connection.execute(table.insert(), {catalog[layer_id].key[0]: feature_id, "feature_id": feature_id, "name": name, "content_hash": 1, "from_load": 1})
        connection.execute(sa.text(
            "INSERT INTO ops.match_pairs (layer_a, feature_a, layer_b, feature_b, score, band, evidence, model)"
            " VALUES ('enterprises', 'E1', 'regulated_sources', 'W1', 0.97, 'probable', CAST(:evidence AS jsonb), 'm')"), {"evidence": json.dumps(EVIDENCE)})
        connection.execute(sa.text(
            "INSERT INTO ops.place_proposals (layer, feature_id, basis, lon, lat, score, accuracy_m, method, evidence) VALUES"
            " ('enterprises', 'E/3', '园区路1号', 120.1, 30.1, 0.9, 80, 'number', '{\"zh\": \"门牌号一致\", \"en\": \"same\", \"n_known\": 1, \"known\": []}')"))
    yield
    with engine.begin() as connection:
        for name in ("match_pairs", "match_decisions", "place_proposals", "place_decisions", "linked_records"):
            connection.execute(sa.delete(sa.table(name, schema="ops")))
        connection.execute(sa.text("DROP TABLE register.enterprises, register.regulated_sources"))
    engine.dispose()


def decide(client: FlaskClient, **body: Any) -> Any:
    return client.post("/api/matches/decisions", json={"a": A, "b": B, "decision": "accept", "by_name": "张三"} | body)


def test_an_open_pair_is_listed_with_what_each_office_says(client: FlaskClient) -> None:
    answer = client.get("/api/matches").json
    pair = answer["pairs"][0]
    assert (answer["n_found"], pair["state"], pair["decision"]) == (1, "open", None)
    assert (pair["a"]["label"], pair["b"]["label"]) == ("红星化工有限公司", "红星化工")
    assert pair["evidence"] == EVIDENCE


def test_a_decision_moves_a_pair_with_who_and_why(client: FlaskClient) -> None:
    assert decide(client, reason="电话核实").json["counts"]["accepted"] == 1
    pair = client.get("/api/matches?state=accepted").json["pairs"][0]
    assert (pair["decision"]["by_name"], pair["decision"]["reason"]) == ("张三", "电话核实")
    assert client.get("/api/matches").json["n_found"] == 0
    assert decide(client, decision="undo").json["counts"]["open"] == 1


def test_the_order_of_the_two_records_does_not_matter(client: FlaskClient) -> None:
    assert decide(client, a=B, b=A).status_code == 200


def test_a_position_is_taken_and_given_back(client: FlaskClient) -> None:
    place = client.get("/api/places").json["places"][0]
    assert (place["record"]["id"], place["accuracy_m"], place["state"]) == ("E/3", 80, "open")
    body = {"record": PLACE, "decision": "accept", "by_name": "张三"}
    assert client.post("/api/places/decisions", json=body).json["counts"]["accepted"] == 1
    assert client.get("/api/places?state=accepted").json["places"][0]["decision"]["by_name"] == "张三"
    assert client.post("/api/places/decisions", json=body | {"decision": "undo"}).json["counts"]["open"] == 1


def test_another_position_than_the_one_seen_is_not_taken(client: FlaskClient, database_url: str) -> None:
    place = client.get("/api/places").json["places"][0]
    body = {"record": PLACE, "decision": "accept", "by_name": "张三", "lon": place["lon"], "lat": place["lat"]}
    refused = client.post("/api/places/decisions", json=body | {"lon": place["lon"] + 0.001})
    assert (refused.status_code, refused.json["error"]["field"]) == (400, "lon")
    assert client.get("/api/places").json["n_found"] == 1
    assert client.post("/api/places/decisions", json=body).json["counts"]["accepted"] == 1
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE ops.place_proposals SET lon = lon + 0.001"))
    engine.dispose()
    assert client.post("/api/places/decisions", json=body | {"decision": "reject"}).json["counts"]["rejected"] == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"decision": "maybe"}, 400), ({"decision": None}, 400), ({"by_name": ""}, 400), ({"by_name": "x" * 41}, 400), ({"by_name": 5}, 400),
        ({"a": "E1"}, 400), ({"a": {"layer": "enterprises"}}, 400), ({"a": A | {"more": 1}}, 400), ({"a": {"layer": "nothing", "id": "E1"}}, 404),
        ({"b": A}, 400), ({"b": {"layer": "regulated_sources", "id": "'; DROP TABLE ops.match_pairs; --"}}, 404), ({"reason": "x" * 501}, 400),
        ({"decision": "undo"}, 400), ({"unknown": 1}, 400), ({"by_name": "a\u0000b"}, 400),
    ],
)  # fmt: skip
def test_nonsense_is_refused_and_nothing_is_kept(client: FlaskClient, change: dict[str, Any], status: int) -> None:
    answer = decide(client, **change)
    assert answer.status_code == status
    assert set(answer.json["error"]) == {"code", "message_zh", "message_en", "field"}
    assert client.get("/api/matches").json["counts"] == {"open": 1, "certain": 0, "accepted": 0, "rejected": 0, "all": 1}


@pytest.mark.parametrize("query", ["state=none", "limit=0", "limit=501", "limit=x", "offset=-1"])
def test_questions_out_of_range_are_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/matches?{query}").status_code == 400
    assert client.get(f"/api/places?{query}").status_code == 400


def test_a_viewer_sees_neither_queue(database_url: str, tmp_path: Any) -> None:
    viewer = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "ROLE": "viewer"})
    for path in ("/api/matches", "/api/places", "/data/matches", "/data/places"):
        assert viewer.test_client().get(path).status_code == 403
    assert decide(viewer.test_client()).status_code == 403
    viewer.extensions["riskatlas"].database.engine.dispose()


def test_pages_stand(server: Flask) -> None:
    for path in ("/data/matches", "/data/places"):
        page = server.test_client().get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert b"proofs.css" in page.data
