"""What there is: layers, editions, features and the search box."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from flask.testing import FlaskClient


def test_layers_tell_all_that_the_map_is_drawn_from(client: FlaskClient) -> None:
    told = client.get("/api/layers").json
    assert told["area"]["id"] == "tiny"
    assert told["edition"]["label"] == "2026Q2"
    assert told["edition"]["is_newest"]
    assert [level["id"] for level in told["levels"]] == ["red", "orange", "yellow", "blue", "unrated"]
    assert told["policy"] == "weighted_index_2026A"
    assert told["method"] == {"zh": "综合指数-2026A", "en": "Weighted index 2026A"}
    enterprises = next(layer for layer in told["layers"] if layer["id"] == "enterprises")
    assert (enterprises["n_features"], enterprises["n_unplaced"]) == (3, 1)
    assert {style["source"] for style in enterprises["style"]} == {"atlas-enterprises"}
    kind = next(field for field in enterprises["fields"] if field["name"] == "kind")
    assert {"code": "mine", "zh": "矿山", "en": "Mine"} in kind["codes"]


def test_layers_are_not_sent_again_to_who_has_them(client: FlaskClient) -> None:
    first = client.get("/api/layers", headers={"Accept-Encoding": "br"})
    again = client.get("/api/layers", headers={"Accept-Encoding": "br", "If-None-Match": first.headers["ETag"]})
    assert (first.headers["Cache-Control"], again.status_code, again.data) == ("no-cache", 304, b"")
    other = client.get("/api/layers?bg=dark", headers={"Accept-Encoding": "br", "If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200


def test_layers_of_an_edition_by_number_and_label(client: FlaskClient) -> None:
    assert client.get("/api/layers?ed=1").json["edition"] == client.get("/api/layers?ed=2026Q2").json["edition"]
    assert client.get("/api/layers?ed=77").status_code == 404


def test_editions_are_listed_newest_first(client: FlaskClient) -> None:
    assert [entry["edition"] for entry in client.get("/api/editions").json["editions"]] == [1]


def test_feature_tells_where_it_comes_from_and_what_holds_for_it(client: FlaskClient) -> None:
    feature = client.get("/api/features/enterprises/E1").json
    assert feature["geometry"] == {"type": "Point", "coordinates": [120.1, 30.1]}
    told = feature["properties"]
    assert told["name"] == "红星化工有限公司"
    assert told["provenance"] == {
        "source_id": "enterprises_2026q3", "title_zh": "企业台账", "title_en": "Enterprise ledger",
        "supplier": "应急局", "supplier_en": "Emergency office", "file": "企业.csv",
        "sha256": "ab" * 32, "row": 2, "load_id": 1, "as_of": "2026-09-30", "accuracy_m": 5.0,
        "positioned": "delivered", "delivery": None, "loaded_at": None, "approved_by": None, "confirmed": None,
        "conversions": None, "checks": [], "decisions": [],
    }  # fmt: skip
    assert told["risk_point"]["level"] == "red"
    assert [(group["layer"], group["features"][0]["id"]) for group in told["related"]] == [("hazard_units", "U1")]


@pytest.mark.parametrize(("layer", "feature_id"), [("pipelines", "P1"), ("buildings", "B0")])
def test_conflict_is_told_by_both_its_parties(client: FlaskClient, layer: str, feature_id: str) -> None:
    violation = client.get(f"/api/features/{layer}/{feature_id}").json["properties"]["violations"][0]
    assert (violation["rule_id"], violation["shortfall_m"]) == ("PIPE-L30-3", 4.5)
    assert violation["line"]["type"] == "LineString"


def test_unplaced_feature_with_a_slash_in_its_number_is_found(client: FlaskClient) -> None:
    feature = client.get("/api/features/enterprises/E%2F3").json
    assert feature["geometry"] is None
    assert feature["properties"]["provenance"]["positioned"] == "unplaced"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("enterprises/none", 404),
        ("enterprises/%27%3B%20DROP%20SCHEMA%20edition_1%20CASCADE%3B--", 404),
        ("enterprises/%00", 400),
        ("enterprises/%ff%fe", 404),
        ("enterprises/" + "x" * 300, 400),
        ("meta/area", 404),
        ("risk_index/1", 404),
    ],
)
def test_feature_that_is_not_there_is_refused(client: FlaskClient, path: str, status: int) -> None:
    assert client.get(f"/api/features/{path}").status_code == status
    assert client.get("/api/features/enterprises/E1").status_code == 200


def found(client: FlaskClient, text: str, limit: int = 8) -> list[tuple[str | None, str | None]]:
    results = client.get(f"/api/search?q={quote(text)}&limit={limit}").json["results"]
    return [(result["layer"], result["id"]) for result in results]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("红星", ("enterprises", "E1")),
        ("E1", ("enterprises", "E1")),
        ("第一小", ("protection_targets", "T1")),
        ("50%", ("enterprises", "E2")),
        ("O'Neil \"50", ("enterprises", "E2")),
        ("东镇", ("towns", "330000")),
    ],
)
def test_search_finds_by_name_and_number(client: FlaskClient, text: str, expected: tuple[str, str]) -> None:
    assert found(client, text)[0] == expected


@pytest.mark.parametrize("text", ["没有这样的名字", "%", "_", "\\", "' OR 1=1 --"])
def test_search_takes_every_character_literally(client: FlaskClient, text: str) -> None:
    hits = found(client, text)
    assert hits == ([("enterprises", "E2")] if text == "%" else [])


def test_search_result_has_place_and_level(client: FlaskClient) -> None:
    result = client.get("/api/search?q=红星").json["results"][0]
    assert result == {
        "layer": "enterprises", "id": "E1", "label": "红星化工有限公司", "sub": "园区路1号", "lon": 120.1,
        "lat": 30.1, "level": "red",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["120.1,30.1", "120.1, 30.1", "120.1\uff0c30.1", "120.1 30.1"])
def test_search_understands_coordinates(client: FlaskClient, text: str) -> None:
    result = client.get(f"/api/search?q={quote(text)}").json["results"][0]
    assert (result["lon"], result["lat"], result["layer"]) == (120.1, 30.1, None)


def test_search_understands_a_chainage(client: FlaskClient) -> None:
    result = client.get(f"/api/search?q={quote('K2+000 东西')}").json["results"][0]
    assert result["label"] == "K2+000 东西输气管道"
    # One kilometre from the start at K1+000; a degree of longitude is 96.44 km at 30.05° (GRS 80).
    assert result["lon"] == pytest.approx(120.0 + 1 / 96.44, abs=3e-6)
    beyond = client.get(f"/api/search?q={quote('K999+000 东西')}").json["results"]
    assert [(entry["id"], entry["lon"]) for entry in beyond] == [("P1", None)] and "K999+000" in beyond[0]["sub"]


@pytest.mark.parametrize(
    ("query", "field"), [("", "q"), ("q=", "q"), ("q=x&limit=0", "limit"), ("q=x&limit=51", "limit"),
                         ("q=" + "x" * 81, "q"), ("q=%00", "q"), ("q=x&limit=1e3", "limit")],
)  # fmt: skip
def test_search_names_the_wrong_parameter(client: FlaskClient, query: str, field: str) -> None:
    answer = client.get(f"/api/search?{query}")
    assert (answer.status_code, answer.json["error"]["field"]) == (400, field)
