"""Why a place, a zone or a source has its level: answers of the served edition, timed inside the server."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import sqlalchemy as sa

from app import create_app
from app.pinned import pinned_edition
from app.serving import warm_up
from layers.errors import AtlasError
from layers.store import Place, edition_schema, served_edition
from tests.benchmarks.result import Measured, median, percentile, seconds_of

N_PLACES, N_ZONES, N_SOURCES = 300, 100, 100


def run(place: Place) -> Iterator[Measured]:
    """Places in zones and random ones half and half, the largest zones, and sources; needs a published edition."""
    app = create_app({"HOME": place.home, "DATABASE_URL": place.open_url(), "TESTING": True})
    warm_up(app)  # as `serve` does while the first page loads
    client = app.test_client()
    with app.test_request_context(), pinned_edition() as pinned:
        area, policies = pinned.facts.area, [entry["id"] for entry in pinned.facts.policies]
    with place.engine.connect() as connection:
        edition = served_edition(connection)
        if edition is None:
            raise AtlasError("no edition is published")
        zones, points = (sa.table(name, sa.column("feature_id"), sa.column("geom"), sa.column("area_m2"), schema=edition_schema(edition))
                         for name in ("risk_zones", "risk_points"))  # fmt: skip
        n = connection.execute(sa.select(sa.func.count()).select_from(points)).scalar_one()
        largest = connection.execute(sa.select(zones.c.feature_id).order_by(zones.c.area_m2.desc()).limit(N_ZONES)).scalars().all()
        middle = sa.func.ST_PointOnSurface(points.c.geom)
        chosen = connection.execute(
            sa.select(points.c.feature_id, sa.func.ST_X(middle), sa.func.ST_Y(middle)).where(points.c.geom.is_not(None))
            .order_by(sa.func.md5(points.c.feature_id)).limit(N_PLACES // 2)
        ).all()  # fmt: skip
    west, south, east, north = area["home"]
    dice = np.random.default_rng(20261121)
    places = [(lon, lat) for _, lon, lat in chosen] + dice.uniform((west, south), (east, north), (N_PLACES - len(chosen), 2)).tolist()
    cases = {
        f"place, {policy}": [f"/api/explain?policy={policy}&lon={lon}&lat={lat}" for lon, lat in places]
        for policy in policies
    } | {
        "zone, the largest": [f"/api/explain?zone={zone}" for zone in largest],
        "source": [f"/api/explain?feature=risk_points/{key}" for key, _, _ in chosen[:N_SOURCES]],
    }
    for case, addresses in cases.items():
        [first_s] = seconds_of(lambda address=addresses[0]: client.get(address).get_data(), 1)
        yield Measured("explain", f"{case}, first of a warm server", n, 1, 1000 * first_s, "ms")
        started_s = time.process_time()
        times = [1000 * seconds_of(lambda address=address: client.get(address).get_data(), 1)[0] for address in addresses]
        cpu_ms = 1000 * (time.process_time() - started_s) / len(addresses)
        yield Measured("explain", f"{case}, median", n, len(times), median(times), "ms")
        yield Measured("explain", f"{case}, 95th percentile", n, len(times), percentile(times, 95), "ms")
        yield Measured("explain", f"{case}, processor time a question", n, len(times), cpu_ms, "ms")
