"""Databases with a small published edition, and a server that reads one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from etl.postgis.cluster import Cluster
from layers.catalog import Catalog, load_catalog
from layers.store import engine_from_url
from tests.app.small_edition import make_edition, write_raster


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return load_catalog()


@pytest.fixture(scope="session")
def template_with_edition(cluster: Cluster, template: str, catalog: Catalog) -> str:
    """Name of a database with one published edition, to be copied."""
    name = "template_app"
    engine = engine_from_url(cluster.create_database(name, template))
    with engine.begin() as connection:
        make_edition(connection, catalog, 1, "2026Q2")
    engine.dispose()
    return name


@pytest.fixture(scope="module")
def database_url(cluster: Cluster, template_with_edition: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database of the module's own with one published edition."""
    name = request.module.__name__.replace(".", "_")
    yield cluster.create_database(name, template_with_edition)
    cluster.drop_database(name)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    write_raster(tmp_path)
    app = create_app({"DATABASE_URL": database_url, "HOME": tmp_path})
    yield app
    app.extensions["riskatlas"].database.engine.dispose()


@pytest.fixture
def client(server: Flask) -> FlaskClient:
    return server.test_client()
