"""Siting checks of the served edition, timed inside the server (request to answer, without the network)."""

from __future__ import annotations

from typing import Iterator

import numpy as np
import sqlalchemy as sa

from app import create_app
from layers.errors import AtlasError
from layers.store import Place
from tests.benchmarks.result import Measured, median, percentile, seconds_of

N_CHECKS = 300
SITE_HALF_DEG = 0.0008
PROJECT_TYPES = ("residential", "school_hospital_elderly", "industrial", "hazchem")


def run(place: Place) -> Iterator[Measured]:
    """Random squares of about 2.5 ha over the area's home extent; needs a published edition."""
    app = create_app({"HOME": place.home, "DATABASE_URL": place.open_url(), "TESTING": True})
    client = app.test_client()
    area = client.get("/api/layers").get_json()["area"]
    west, south, east, north = area["home"]
    dice = np.random.default_rng(20261121)
    places = dice.uniform((west, south), (east, north), (N_CHECKS * 3, 2))
    times = []
    for number, (lon, lat) in enumerate(places):
        body = {"geometry": _square(float(lon), float(lat)), "project_type": PROJECT_TYPES[number % 4], "is_new": True}
        statuses: list[int] = []
        taken = seconds_of(lambda: statuses.append(client.post("/api/site-checks", json=body).status_code), 1)[0]
        times += [taken * 1000] if statuses[0] == 201 or statuses[0] == 200 else []
        if len(times) >= N_CHECKS:
            break
    if not times:
        raise AtlasError("no site was answered; is an edition published?")
    rows = _n_features(place)
    yield Measured("siting", "median", rows, len(times), median(times), "ms")
    yield Measured("siting", "95th percentile", rows, len(times), percentile(times, 95), "ms")


def _square(lon: float, lat: float) -> dict[str, object]:
    h = SITE_HALF_DEG
    ring = [[lon - h, lat - h], [lon + h, lat - h], [lon + h, lat + h], [lon - h, lat + h], [lon - h, lat - h]]
    return {"type": "Polygon", "coordinates": [ring]}


def _n_features(place: Place) -> int:
    with place.engine.connect() as connection:
        return int(connection.execute(sa.text(
            "SELECT sum(n_accepted) FROM (SELECT DISTINCT ON (source_id) n_accepted FROM ops.loads_in_force "
            "ORDER BY source_id, load_id DESC) AS newest"
        )).scalar_one())
