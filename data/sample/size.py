"""How large a county is made: the full one for the demo, a tiny one for tests that generate it twice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Counts and resolutions that differ between the scales; the outline and the planted cases do not."""

    relief_cell_m: float
    route_cell_m: float
    n_hamlets: int
    n_enterprises: int
    n_buildings: int
    n_accidents_a_year: tuple[int, ...]
    road_length_km: float
    pipe_length_km: float


SIZES = {
    "full": Size(
        relief_cell_m=30.0,
        route_cell_m=120.0,
        n_hamlets=430,
        n_enterprises=3300,
        n_buildings=50_000,
        n_accidents_a_year=(268, 251, 243, 226, 214),
        road_length_km=1200.0,
        pipe_length_km=131.0,
    ),
    "tiny": Size(
        relief_cell_m=150.0,
        route_cell_m=400.0,
        n_hamlets=40,
        n_enterprises=330,
        n_buildings=2_500,
        n_accidents_a_year=(40, 38, 36, 34, 32),
        road_length_km=300.0,
        pipe_length_km=55.0,
    ),
}
