"""What tests share: one private PostGIS for the whole run, a database per module copied from a template."""

from __future__ import annotations

import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Iterator

import pytest
import sqlalchemy as sa

from etl.postgis.cluster import Cluster, cluster_for
from etl.postgis.migrate import migrate
from layers.store import engine_from_url

PROJECT = Path(__file__).parents[1]
REAL_DATA = PROJECT.parent / "shared" / "data" / "real"
NUMBERS = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="add the hours-long tests")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A home folder of the tests' own, gone after the run."""
    folder = Path(tempfile.mkdtemp(prefix="riskatlas-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster(home: Path) -> Iterator[Cluster]:
    """The tests' private PostGIS; never the one a person works with, never RISKATLAS_DATABASE_URL."""
    server = cluster_for(home, durable=False)
    server.ensure_running()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Name of a migrated database that others are copied from."""
    engine = engine_from_url(cluster.create_database("template_atlas"))
    migrate(engine)
    engine.dispose()
    return "template_atlas"


@pytest.fixture(scope="module")
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """URL of an empty, migrated database of this module."""
    name = f"module_{next(NUMBERS)}"
    yield cluster.create_database(name, template)
    cluster.drop_database(name)


@pytest.fixture(scope="module")
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on this module's database."""
    made = engine_from_url(database_url)
    yield made
    made.dispose()
