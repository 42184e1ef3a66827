"""Roles and towns: what a person may not see is in no kind of answer, however it is asked for."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pypdf
import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.access import RoleError, parse_person, view_of
from layers.catalog import load_catalog
from layers.store import engine_from_url
from tests.app.small_edition import write_raster
from tests.app.test_tiles import address_at
from tests.app.vector_tile import decoded

HEADER = "X-Atlas-Roles"
LINE_Y = 30.05
Client = Callable[[str], FlaskClient]


@pytest.fixture(scope="module", autouse=True)
def two_towns(database_url: str) -> None:
    """The only town is cut in two: 东镇 keeps the west with E1, 西镇 gets the rest with E2."""
    engine = engine_from_url(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE edition_1.towns SET geom = ST_GeomFromText('MULTIPOLYGON(((120 30,120.11 30,120.11 30.2,120 30.2,120 30)))', 4490)"))
        connection.execute(sa.text(
            "INSERT INTO edition_1.towns (feature_id, town_code, name, positioned, geom) VALUES ('2', '2', '西镇', 'delivered', "
            "ST_GeomFromText('MULTIPOLYGON(((120.11 30,120.2 30,120.2 30.2,120.11 30.2,120.11 30)))', 4490))"
        ))
    engine.dispose()


@pytest.fixture
def proxied(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    write_raster(tmp_path)
    app = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "ROLE_HEADER": HEADER})
    yield app
    app.extensions["riskatlas"].database.engine.dispose()


@pytest.fixture
def as_role(proxied: Flask) -> Client:
    def client(roles: str) -> FlaskClient:
        made = proxied.test_client()
        made.environ_base["HTTP_X_ATLAS_ROLES"] = roles.encode().decode("latin-1")
        return made

    return client


def view(client: FlaskClient) -> str:
    return str(client.get("/api/layers").json["view"])


def test_roles_are_read_with_their_towns() -> None:
    person = parse_person("patrol@东镇+西镇, plan@东镇")
    assert person.towns == {"东镇", "西镇"}
    assert person.may("plan") and not person.may("pipeline")
    assert parse_person("view,patrol@东镇").towns == frozenset()
    assert parse_person(person.text) == person


@pytest.mark.parametrize("text", ["", "root", "view@", "view;admin", "admin@@x,boss"])
def test_roles_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(RoleError):
        parse_person(text)


def test_administrator_sees_everything_and_a_viewer_no_exact_pipeline() -> None:
    catalog = load_catalog()
    assert view_of(parse_person("admin"), catalog).id == "all"
    assert "pipelines" in view_of(parse_person("view"), catalog).hidden
    assert "pipelines" not in view_of(parse_person("pipeline"), catalog).hidden


@pytest.mark.parametrize("layer_id", ["pipeline_bands", "pipeline_chainage"])
def test_what_lies_exactly_beside_a_line_is_for_those_who_may_see_the_line(layer_id: str) -> None:
    catalog = load_catalog()
    assert catalog[layer_id].may_see == catalog["pipelines"].may_see and not catalog[layer_id].coarse_m
    assert layer_id in view_of(parse_person("view,patrol,sheets"), catalog).hidden
    assert layer_id not in view_of(parse_person("pipeline"), catalog).hidden


def test_without_the_header_of_the_proxy_one_is_a_viewer(proxied: Flask) -> None:
    answer = proxied.test_client().get("/api/layers").json
    assert answer["roles"] == ["view"]
    assert answer["coarse"] == ["pipelines"]


def test_header_that_states_nonsense_opens_nothing(as_role: Client) -> None:
    assert as_role("root").get("/api/layers").status_code == 403


def test_tiles_of_another_view_are_closed_even_when_they_are_kept(as_role: Client) -> None:
    path = f"/tiles/1/all/pipelines/{address_at(120.1, LINE_Y, 12)}.mvt"
    assert as_role("pipeline").get(path.replace("all", view(as_role("pipeline")))).status_code == 200
    admin = as_role("admin").get(path)
    assert admin.status_code == 200
    assert as_role("view").get(path).status_code == 403
    assert as_role("view").get(path, headers={"If-None-Match": admin.headers["ETag"]}).status_code == 403


def test_viewer_gets_a_band_and_not_the_line(as_role: Client) -> None:
    viewer, guard = as_role("view"), as_role("pipeline")
    exact = shapely.geometry.shape(guard.get("/api/features/pipelines/P1").json["geometry"])
    found = viewer.get("/api/features/pipelines/P1").json
    band = shapely.geometry.shape(found["geometry"])
    assert not band.intersects(shapely.LineString([(120.02, LINE_Y), (120.18, LINE_Y)]).intersection(exact).buffer(1e-6))
    assert band.hausdorff_distance(exact) > 0.0005
    assert found["properties"]["provenance"]["accuracy_m"] == 200
    assert viewer.get("/api/dossiers/pipelines/P1").status_code == 403
    assert viewer.get("/api/features/pipelines/P1/history").status_code == 403
    tile = viewer.get(f"/tiles/1/{view(viewer)}/pipelines/{address_at(120.1, LINE_Y, 12)}.mvt")
    assert tile.status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/api/pipelines", "/api/pipelines/P1/conflicts", "/api/dig-notices", "/pipelines", "/pipelines/P1", "/api/patrol",
     "/patrol", "/data", "/api/site-checks/S1", "/api/pipelines/../pipelines", "/pipelines/"],
)  # fmt: skip
def test_address_of_another_role_is_403_for_a_viewer(as_role: Client, address: str) -> None:
    answer = as_role("view").get(address)
    assert answer.status_code in (403, 404)
    assert answer.status_code == 403 or "error" in answer.json


@pytest.mark.parametrize("address", ["/api/follow-ups", "/api/follow-ups?pipeline_id=P1", "/patrol/follow-ups"])
def test_ledger_is_open_to_those_who_guard_pipelines_too(as_role: Client, address: str) -> None:
    assert [as_role(role).get(address).status_code for role in ("patrol", "pipeline", "plan", "view")] == [200, 200, 403, 403]
    assert as_role("pipeline").get("/patrol").status_code == 403


def test_role_that_is_missing_is_named_in_both_languages(as_role: Client) -> None:
    error = as_role("view").get("/api/pipelines").json["error"]
    assert "管道" in error["message_zh"] and "管理员" in error["message_zh"]
    assert "pipelines" in error["message_en"]


def test_conflict_of_a_hidden_line_is_no_conflict_for_a_viewer(as_role: Client) -> None:
    assert as_role("view").get("/api/features/distance_violations/V1").status_code == 404
    assert as_role("pipeline").get("/api/features/distance_violations/V1").status_code == 200
    assert as_role("view").get("/api/features/buildings/B0").json["properties"]["violations"] == []


def test_town_limits_hold_in_every_kind_of_answer(as_role: Client) -> None:
    west, all_towns = as_role("patrol@东镇"), as_role("patrol")
    assert west.get("/api/features/enterprises/E1").status_code == 200
    assert west.get("/api/features/enterprises/E2").status_code == 404
    assert west.get(f"/api/search?q={quote('食品厂')}").json["results"] == []
    assert all_towns.get(f"/api/search?q={quote('食品厂')}").json["results"]
    counts = {layer["id"]: layer["n_features"] for layer in west.get("/api/layers").json["layers"]}
    assert (counts["enterprises"], counts["towns"]) == (1, 2)
    places = west.get("/api/patrol?level=red,unrated").json["sources"]
    assert "食品厂" not in str(places)
    assert west.get("/api/dossiers/enterprises/E2").status_code == 404
    assert west.get("/api/features/enterprises/E2/history").status_code == 404
    table = west.get("/api/tables/enterprises")
    assert table.status_code == 200 and "食品厂" not in table.text


def test_zones_end_at_the_towns_that_may_be_seen(as_role: Client) -> None:
    west = as_role("patrol@东镇")
    zone = shapely.geometry.shape(west.get("/api/features/risk_zones/Z3").json["geometry"])
    assert zone.bounds[2] == pytest.approx(120.11, abs=1e-6)
    tile = west.get(f"/tiles/1/{view(west)}/enterprises/{address_at(120.12, 30.11, 14)}.mvt")
    names = [] if tile.status_code == 204 else [entry["id"] for entry in decoded(tile.data)["enterprises"]["features"]]
    assert "E2" not in names


def test_printed_sheet_shows_what_the_screen_shows(as_role: Client) -> None:
    body = {"title": "图", "layers": ["enterprises", "risk_points", "pipelines"], "center": [120.11, 30.105], "scale": 25_000}
    texts = {
        roles: pypdf.PdfReader(io.BytesIO(as_role(roles).post("/api/sheets", json=body).data)).pages[0].extract_text()
        for roles in ("admin", "patrol@东镇")
    }
    assert "食品厂" in texts["admin"]
    assert "食品厂" not in texts["patrol@东镇"]


def test_atlas_is_for_those_who_make_maps_and_kept_from_others(as_role: Client) -> None:
    body = {"title": "图册", "layers": ["risk_zones"]}
    assert as_role("view").post("/api/atlases", json=body).status_code == 403
    job = as_role("sheets@东镇").post("/api/atlases", json=body)
    assert job.status_code == 202
    assert as_role("sheets@西镇").get(f"/api/atlases/{job.json['job_id']}").status_code == 404
    assert as_role("sheets@西镇").get("/api/atlases").json["atlases"] == []


def test_explanation_adds_up_for_everybody_but_names_only_what_may_be_seen(as_role: Client) -> None:
    address = "/api/explain?lon=120.1001&lat=30.1001"
    whole, west = (as_role(roles).get(address).json for roles in ("admin", "patrol@西镇"))
    assert whole["contributions"][0]["name"] == "红星化工有限公司"
    assert as_role("patrol@东镇").get(address).json == whole
    assert "error" in west and "红星" not in str(west)
    hidden = as_role("patrol@西镇").get("/api/explain?feature=risk_points/R1")
    assert hidden.status_code == 404


def test_hidden_source_keeps_its_share_and_loses_name_and_distance(as_role: Client, engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE edition_1.risk_points SET source_layer = 'pipelines' WHERE feature_id = 'R1'"))
    address = "/api/explain?lon=120.1001&lat=30.1001"
    try:
        whole, viewer = (as_role(roles).get(address).json for roles in ("admin", "view"))
    finally:
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE edition_1.risk_points SET source_layer = 'enterprises' WHERE feature_id = 'R1'"))
    mine, theirs = whole["contributions"][0], viewer["contributions"][0]
    assert (theirs["points"], theirs["level"]) == (mine["points"], mine["level"])
    assert (theirs["name"], theirs["distance_m"], theirs["point_id"]) == ("＊", None, None)
    assert viewer["index"] == whole["index"]
