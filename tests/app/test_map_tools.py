"""The map's tools: typed coordinates, first letters, measuring, short links."""

from __future__ import annotations

from typing import Any

import pyproj
import pytest
from flask.testing import FlaskClient

from app.typed_coordinates import typed_coordinates

GEOD = pyproj.Geod(ellps="GRS80")


def hits(client: FlaskClient, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/api/search", query_string={"q": text}).json["results"]
    return found


def apart_m(one: dict[str, Any], other: dict[str, Any]) -> float:
    return float(GEOD.inv(one["lon"], one["lat"], other["lon"], other["lat"])[2])


@pytest.mark.parametrize(
    ("text", "x", "y"),
    [
        ("120.1, 30.1", 120.1, 30.1), ("30.1 120.1", 120.1, 30.1), ("120.1\uff0c30.1", 120.1, 30.1), ("N30.1 E120.1", 120.1, 30.1),
        ("东经120度6分0秒 北纬30度6分0秒", 120.1, 30.1), ("120°6′E, 30°6′N", 120.1, 30.1), ("-70.5 -33.4", -70.5, -33.4),
        ("X=3331234.5 Y=509631.2", 509631.2, 3331234.5), ("3331234.5, 40509631.2", 40509631.2, 3331234.5), ("40509631.2 3331234.5", 40509631.2, 3331234.5),
    ],
)  # fmt: skip
def test_coordinates_are_read_however_they_are_written(text: str, x: float, y: float) -> None:
    typed = typed_coordinates(text)
    assert typed is not None
    assert (typed.x, typed.y) == (pytest.approx(x), pytest.approx(y))


@pytest.mark.parametrize("text", ["红星化工", "K12+300 东西线", "12", "1 2 3", "120.1,", "200.0, 95.0", "", "企业 12,5号"])
def test_other_texts_are_no_coordinates(text: str) -> None:
    assert typed_coordinates(text) is None


def test_degrees_without_a_datum_ask_for_it(client: FlaskClient) -> None:
    found = hits(client, "120.1, 30.1")
    assert [hit["datum_zh"] for hit in found] == ["CGCS2000", "GCJ-02", "BD-09", "西安80", "北京54"]
    assert all(hit["is_question"] and hit["layer"] is None for hit in found)
    assert apart_m(found[0], found[1]) > 200
    assert found[3]["error_m"] == 130.0


def test_degrees_with_a_datum_are_one_place(client: FlaskClient) -> None:
    (hit,) = hits(client, "120.1, 30.1 GCJ-02")
    assert not hit["is_question"]
    assert hit["lon"] != 120.1


def test_metres_of_a_zone_are_a_place_of_that_zone(client: FlaskClient) -> None:
    east, north = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(120.1, 30.1)
    found = hits(client, f"{north:.2f}, {40_000_000 + east:.2f} CGCS2000")
    assert [hit["datum_zh"] for hit in found] == ["CGCS2000 3°带 中央经线120°"]
    assert apart_m(found[0], {"lon": 120.1, "lat": 30.1}) < 0.1


def test_metres_without_a_zone_ask_which(client: FlaskClient) -> None:
    east, north = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(120.1, 30.1)
    found = hits(client, f"{north:.2f}, {east:.2f}")
    assert len(found) > 1 and all(hit["is_question"] for hit in found)
    assert found[0]["datum_zh"] == "CGCS2000 3°带 中央经线120°"


def test_first_letters_of_pinyin_find_a_name(client: FlaskClient) -> None:
    assert [hit["id"] for hit in hits(client, "hxhg")] == ["E1"]
    assert hits(client, "HXHG")[0]["level"] == "red"
    assert "T1" in [hit["id"] for hit in hits(client, "dyxx")]
    assert hits(client, "zzzz") == []


@pytest.mark.parametrize(
    ("geometry", "name", "value"),
    [
        ({"type": "LineString", "coordinates": [[120, 30], [120, 31]]}, "length_m", 110858.0),
        ({"type": "LineString", "coordinates": [[120, 30], [121, 30]]}, "bearing_deg", 89.75),
        ({"type": "Polygon", "coordinates": [[[120, 30], [120, 30.01], [120.01, 30.01], [120.01, 30], [120, 30]]]}, "area_m2", 1069_000.0),
    ],
)  # fmt: skip
def test_measures_are_geodesic(client: FlaskClient, geometry: dict[str, Any], name: str, value: float) -> None:
    told = client.post("/api/measure", json={"geometry": geometry}).json
    assert told[name] == pytest.approx(value, rel=1e-3)


def test_direction_of_a_ring_changes_no_area(client: FlaskClient) -> None:
    ring = [[120, 30], [120, 30.01], [120.01, 30.01], [120, 30]]
    areas = [client.post("/api/measure", json={"geometry": {"type": "Polygon", "coordinates": [way]}}).json["area_m2"] for way in (ring, ring[::-1])]
    assert areas[0] == pytest.approx(areas[1]) and areas[0] > 0


@pytest.mark.parametrize("body", [{}, {"geometry": {"type": "MultiPolygon", "coordinates": []}}, {"geometry": {"type": "LineString", "coordinates": [[1, 2]]}}])
def test_what_cannot_be_measured_is_refused(client: FlaskClient, body: dict[str, Any]) -> None:
    assert client.post("/api/measure", json=body).status_code == 400


def test_short_link_leads_to_the_view_it_was_made_for(client: FlaskClient) -> None:
    query = "v=11.42/31.29840/120.58530&l=risk_zones:80,enterprises&flt=enterprises.level:red"
    link = client.post("/api/links", json={"query": query}).json
    answer = client.get(link["path"])
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/?{query}")
    assert client.post("/api/links", json={"query": f"?{query}"}).json == link
    assert b"<svg" in client.get(link["qr"]).data


@pytest.mark.parametrize("query", ["", "x=1", "v=1&v=2", "//evil.example", "v=" + "1" * 2001, "v=1\n"])
def test_only_views_of_the_map_are_kept(client: FlaskClient, query: str) -> None:
    assert client.post("/api/links", json={"query": query}).status_code == 400


@pytest.mark.parametrize("code", ["2222222", "abc", "AAAAAAA", "..%2F"])
def test_unknown_code_is_told(client: FlaskClient, code: str) -> None:
    assert client.get(f"/s/{code}").status_code == 404


def test_too_many_links_a_minute_are_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.short_links.MOST_A_MINUTE", 0)
    assert client.post("/api/links", json={"query": "v=12/30/120"}).status_code == 429
