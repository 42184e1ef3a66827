"""Every failure has one shape, says what is wrong in two languages and shows no stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.errors import answer_for
from etl.postgis.cluster import Cluster
from etl.postgis.migrate import migrate
from layers.catalog import Catalog
from layers.errors import AtlasError
from layers.store import engine_from_url
from tests.app.small_edition import make_edition


def error_of(answer: Any) -> dict[str, Any]:
    """The error of an answer, its shape checked."""
    assert set(answer.json) == {"error"}
    error: dict[str, Any] = answer.json["error"]
    assert set(error) == {"code", "message_zh", "message_en", "field"}
    assert error["message_zh"]
    assert error["message_en"]
    assert "Traceback" not in answer.text
    return error


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/api/layers", 405, "method_not_allowed"),
        ("POST", "/api/search", 405, "method_not_allowed"),
        ("GET", "/vendor/package.json", 404, "not_found"),
        ("GET", "/vendor/..%2fpackage.json", 404, "not_found"),
        ("GET", "/fonts/../tiles", 404, "not_found"),
        ("GET", "/fonts/AtlasSansSC-Regular.woff2", 404, "not_found"),
        ("GET", "/api/layers?ed=%00", 400, "bad_request"),
        ("GET", "/api/layers?ed=" + "9" * 41, 400, "bad_request"),
        ("GET", "/api/layers?ed='%20OR%201=1", 404, "not_found"),
    ],
)
def test_wrong_request_has_the_one_shape(
    client: FlaskClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert error_of(answer)["code"] == code


def test_person_gets_a_page_and_program_gets_json(client: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    assert client.get("/nothing", headers=browser).content_type.startswith("text/html")
    assert client.get("/api/nothing", headers=browser).content_type == "application/json"


def test_page_of_an_error_escapes_what_was_asked(client: FlaskClient) -> None:
    answer = client.get("/?ed=<script>x</script>", headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "<script>x" not in answer.text


def test_every_error_class_has_a_row_and_words() -> None:
    def children(cls: type[Exception]) -> list[type[Exception]]:
        return [cls, *[grandchild for child in cls.__subclasses__() for grandchild in children(child)]]

    for cls in children(AtlasError):
        answer = answer_for(cls.__new__(cls))
        assert 400 <= answer.status < 600
        assert answer.code != "internal", cls


def test_page_of_another_site_may_have_nothing_done(client: FlaskClient) -> None:
    answer = client.post("/api/sheets", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, error_of(answer)["code"]) == (403, "cross_site")
    assert client.get("/api/layers", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_security_headers_are_on_every_answer(client: FlaskClient) -> None:
    for path in ("/api/layers", "/nothing", "/tiles/1/all/enterprises/0/0/0.mvt", "/"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.fixture
def fault(server: Flask) -> FlaskClient:
    def fail() -> None:
        raise RuntimeError("secret of the server")

    server.add_url_rule("/api/fault", view_func=fail)
    return server.test_client()


def test_fault_of_ours_is_logged_not_shown(fault: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = fault.get("/api/fault")
    assert answer.status_code == 500
    assert error_of(answer)["code"] == "internal"
    assert "secret" not in answer.text
    assert "secret of the server" in caplog.text


@pytest.fixture
def empty_database(cluster: Cluster) -> Any:
    yield cluster.create_database("app_empty")
    cluster.drop_database("app_empty")


def test_without_an_edition_every_answer_says_what_to_do(empty_database: str, tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": empty_database, "HOME": tmp_path})
    client = app.test_client()
    for _ in range(2):  # before and after the tables of the operations are there
        assert client.get("/healthz").status_code == 503
        assert client.get("/healthz").json == {"status": "no_edition", "edition": None}
        page = client.get("/", headers={"Accept": "text/html"})
        assert page.status_code == 503
        assert "riskatlas" in page.text
        for path in ("/api/layers", "/api/search?q=x", "/api/features/towns/1", "/tiles/1/all/towns/9/1/1.mvt"):
            answer = client.get(path)
            assert (answer.status_code, error_of(answer)["code"]) == (503, "no_edition")
        assert client.get("/api/editions").json == {"editions": []}
        engine = engine_from_url(empty_database)
        migrate(engine)
        engine.dispose()
    app.extensions["riskatlas"].database.engine.dispose()


def test_database_gone_is_503_and_recovers(cluster: Cluster, template_with_edition: str, tmp_path: Path) -> None:
    url = cluster.create_database("app_gone", template_with_edition)
    app = create_app({"DATABASE_URL": url, "HOME": tmp_path})
    client = app.test_client()
    assert client.get("/api/layers").status_code == 200
    cluster.drop_database("app_gone")
    for path in ("/api/layers", "/healthz", "/api/search?q=x"):
        answer = client.get(path)
        assert (answer.status_code, error_of(answer)["code"]) == (503, "database_unavailable")
        assert answer.headers["Retry-After"] == "5"
    cluster.create_database("app_gone", template_with_edition)
    assert client.get("/api/layers").status_code == 200
    app.extensions["riskatlas"].database.engine.dispose()
    cluster.drop_database("app_gone")


def test_statement_that_takes_too_long_is_given_up(database_url: str, tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "STATEMENT_TIMEOUT_S": 1})
    database = app.extensions["riskatlas"].database
    with database.reading() as connection, pytest.raises(sa.exc.OperationalError) as given_up:
        connection.exec_driver_sql("SELECT pg_sleep(5)")
    assert answer_for(given_up.value.orig).code == "too_slow"
    database.engine.dispose()


def test_views_cannot_write(server: Flask) -> None:
    with (
        server.extensions["riskatlas"].database.reading() as connection,
        pytest.raises(sa.exc.InternalError) as refused,
    ):
        connection.exec_driver_sql("DELETE FROM ops.editions")
    assert isinstance(refused.value.orig, psycopg2.errors.ReadOnlySqlTransaction)


def test_edition_published_meanwhile_is_served_from_the_next_request_on(
    server: Flask, client: FlaskClient, engine: sa.Engine, catalog: Catalog
) -> None:
    assert client.get("/api/layers").json["edition"]["edition"] == 1
    with engine.begin() as connection:
        make_edition(connection, catalog, 2, "2026Q3")
        assert client.get("/api/layers").json["edition"]["edition"] == 1
    told = client.get("/api/layers").json
    assert (told["edition"]["edition"], [entry["is_newest"] for entry in told["editions"]]) == (2, [True, False])
    assert client.get("/tiles/1/all/towns/9/426/210.mvt").status_code in (200, 204)
    assert not client.get("/api/layers?ed=1").json["edition"]["is_newest"]
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE ops.editions SET status = 'retired' WHERE edition = 2")
        connection.exec_driver_sql("DROP SCHEMA edition_2 CASCADE")
    assert client.get("/api/layers").json["edition"]["edition"] == 1


def refused(database_url: str, home: Path, lang: str, **settings: Any) -> Any:
    server = create_app({"DATABASE_URL": database_url, "HOME": home, "ROLE": "view", **settings})
    answer = server.test_client().get("/pipelines", query_string={"lang": lang}, headers={"Accept": "text/html"})
    server.extensions["riskatlas"].database.engine.dispose()
    return answer


def test_refused_page_stands_in_the_frame_and_says_whom_to_ask(database_url: str, tmp_path: Path) -> None:
    zh = refused(database_url, tmp_path, "zh", CONTACT_ZH="信息科 王工 0570-1234567")
    assert zh.status_code == 403 and 'id="workspaces"' in zh.text
    assert "管道" in zh.text and "信息科 王工 0570-1234567" in zh.text and "/pipelines" in zh.text
    en = refused(database_url, tmp_path, "en")
    assert 'lang="en"' in en.text and "You do not hold the role of pipelines" in en.text and "RISKATLAS_" not in en.text


def test_page_that_cannot_be_made_stands_alone(server: Flask) -> None:
    def fail() -> None:
        raise RuntimeError("secret of the server")

    server.add_url_rule("/broken", view_func=fail)
    answer = server.test_client().get("/broken", headers={"Accept": "text/html"})
    assert answer.status_code == 500 and 'id="workspaces"' not in answer.text and "secret" not in answer.text
