"""Sheets and atlases of the served edition, timed inside the server (request to bytes): budgets 2 s, 3 s and 20 s."""

from __future__ import annotations

from typing import Any, Iterator

from app import create_app
from app.atlas import Given, make_atlas
from app.cli import SHEET_LAYERS
from app.parts import parts
from app.pinned import pinned_edition
from layers.store import Place
from tests.benchmarks.result import Measured, median, seconds_of

REPEATS = 5
MOST_TOWNS = 9
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("A4 PDF, whole area", {"paper": "A4"}),
    ("A4 PNG 300 dpi, whole area", {"paper": "A4", "format": "png"}),
    ("A3 PDF, whole area", {"paper": "A3"}),
    ("A4 PDF, 1:50000", {"paper": "A4", "scale": 50_000}),
    ("A4 preview, 72 dpi", {"paper": "A4", "format": "png", "dpi": 72}),
)


def run(place: Place) -> Iterator[Measured]:
    """Each sheet after one that warms the server's memory; an atlas of at most nine towns once."""
    app = create_app({"HOME": place.home, "DATABASE_URL": place.open_url()})
    client = app.test_client()
    area = client.get("/api/layers").get_json()["area"]
    for name, wishes in CASES:
        body = {"title": "图", "layers": list(SHEET_LAYERS), "extent": area["home"], **wishes}

        def make(body: dict[str, Any] = body) -> None:
            if client.post("/api/sheets", json=body).status_code != 200:
                raise RuntimeError(f"no sheet for {body}")

        make()
        yield Measured("sheets", name, 0, REPEATS, median(seconds_of(make, REPEATS)), "s")
    with app.test_request_context(), pinned_edition() as pinned:
        given = Given(pinned.connection, pinned.facts, parts().catalog, parts().frames)
        towns = client.get("/api/sheets/towns").get_json()["towns"][:MOST_TOWNS]
        request = {"title": "图册", "layers": list(SHEET_LAYERS), "paper": "A3", "towns": towns}
        taken = seconds_of(lambda: make_atlas(given, request, rules_version=parts().rules.version), 1)
    yield Measured("sheets", f"atlas of {len(towns)} towns, A3", len(towns), 1, taken[0], "s")
