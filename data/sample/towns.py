"""The county's outline and its nine towns: a coverage without gaps whose borders follow river and hills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray

from data.sample.noise import Floats, Rng, fractal_field, rounded
from data.sample.plane import km
from data.sample.terrain import HALF_HEIGHT_M, HALF_WIDTH_M, Terrain

COUNTY_NAME, COUNTY_CODE = "云沧县", "999901"
COUNTY_AREA_KM2 = 831.0
GRID_M = 60.0
BORDER_TOLERANCE_M = 70.0
WARP_M = 1500.0
OTHER_BANK_PENALTY_M = 9_000.0


@dataclass(frozen=True)
class TownPlan:
    """A town as laid out: its seat in km, its weight (larger towns reach further), its bank of the river."""

    code: str
    name: str
    seat_km: tuple[float, float]
    reach: float
    is_south_west: bool

    @property
    def seat(self) -> Floats:
        """Seat in metres of the plane."""
        return km(*self.seat_km)


TOWN_PLANS = (
    TownPlan("999901001", "沧阳街道", (-0.6, 2.5), 1.05, False),
    TownPlan("999901101", "石鹤镇", (-8.2, 9.4), 1.0, False),
    TownPlan("999901102", "白鹭湾镇", (4.6, 11.3), 0.95, False),
    TownPlan("999901103", "龙竹镇", (12.4, 5.2), 1.05, False),
    TownPlan("999901104", "双枫镇", (11.6, -5.2), 1.1, False),
    TownPlan("999901105", "青萝镇", (-11.6, 1.2), 1.0, True),
    TownPlan("999901106", "河汇镇", (2.4, -11.6), 1.0, True),
    TownPlan("999901201", "望溪乡", (-4.2, -8.6), 0.85, True),
    TownPlan("999901202", "云台坪乡", (-11.8, -7.6), 0.95, True),
)
"""Codes begin with 9999, which no province uses. The last town has no hazardous source."""
SOURCELESS_TOWN = len(TOWN_PLANS) - 1


@dataclass(frozen=True)
class Towns:
    """Polygons in the order of `TOWN_PLANS` and their union."""

    polygons: tuple[shapely.Polygon, ...]
    outline: shapely.Polygon

    def town_of(self, xy: Floats) -> NDArray[np.int64]:
        """Position in `TOWN_PLANS` of the town at each point, shape (n,); -1 outside the county."""
        tree = shapely.STRtree(self.polygons)
        points, polygons = tree.query(shapely.points(xy), predicate="intersects")
        result = np.full(len(xy), -1)
        result[points[::-1]] = polygons[::-1]
        return result


def build_towns(rng: Rng, terrain: Terrain) -> Towns:
    """Towns grown on a grid, their shared borders smoothed once for both sides."""
    shape = (round(2 * HALF_HEIGHT_M / GRID_M), round(2 * HALF_WIDTH_M / GRID_M))
    transform = rasterio.Affine(GRID_M, 0, -HALF_WIDTH_M, 0, -GRID_M, HALF_HEIGHT_M)
    x, y = _warped_centres(rng, shape)
    inside = _county_mask(x, y)
    south_west = rasterio.features.geometry_mask([terrain.south_west_bank], shape, transform, invert=True)
    cost = np.stack([_cost(plan, x, y, south_west) for plan in TOWN_PLANS])
    label = np.where(inside, cost.argmin(axis=0) + 1, 0).astype(np.int16)
    polygons = _smooth_coverage(label, transform)
    return Towns(polygons, shapely.union_all(polygons))


def _warped_centres(rng: Rng, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Cell centres displaced by two smooth random fields, so that bisectors become natural lines.

    The constant part brings the outline back to the middle of the plane.
    """
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    x = (columns + 0.5) * GRID_M - HALF_WIDTH_M
    y = HALF_HEIGHT_M - (rows + 0.5) * GRID_M
    warp = [fractal_field(rng, shape, exponent=3.3) * WARP_M * 0.6 for _ in range(2)]
    return x + warp[0] + 200.0, y + warp[1] - 1300.0


def _county_mask(x: Floats, y: Floats) -> NDArray[np.bool_]:
    """Cells of the county: a lobed shape whose size is set so that the area is right."""
    angle = np.arctan2(y, x)
    lobes = (
        1 + 0.07 * np.cos(2 * angle + 0.3) + 0.055 * np.cos(3 * angle - 1.1) + 0.03 * np.cos(5 * angle + 2.0)
    )
    radius = np.hypot(x / 1.05, y) / lobes
    n_cells = round(COUNTY_AREA_KM2 * 1e6 / GRID_M**2)
    return np.asarray(radius <= np.partition(radius.ravel(), n_cells - 1)[n_cells - 1])


def _cost(plan: TownPlan, x: Floats, y: Floats, south_west: NDArray[np.bool_]) -> Floats:
    distance = np.hypot(x - plan.seat[0], y - plan.seat[1]) / plan.reach
    return np.asarray(distance + OTHER_BANK_PENALTY_M * (south_west != plan.is_south_west))


def _smooth_coverage(label: NDArray[np.int16], transform: rasterio.Affine) -> tuple[shapely.Polygon, ...]:
    """Largest piece of each label, borders simplified and rounded as shared arcs."""
    raw = [
        (shapely.geometry.shape(shape), int(value))
        for shape, value in rasterio.features.shapes(label, transform=transform)
    ]
    borders = shapely.node(shapely.union_all([shapely.boundary(polygon) for polygon, value in raw if value]))
    arcs = shapely.get_parts(shapely.line_merge(borders))
    smooth = [shapely.LineString(_smooth_arc(arc)) for arc in arcs]
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.node(shapely.union_all(smooth)))))
    return _assembled(faces, raw)


def _smooth_arc(arc: shapely.LineString) -> Floats:
    return rounded(shapely.get_coordinates(shapely.simplify(arc, BORDER_TOLERANCE_M)), rounds=2)


def _assembled(
    faces: NDArray[np.object_], raw: list[tuple[shapely.Polygon, int]]
) -> tuple[shapely.Polygon, ...]:
    """Faces joined to towns by the label under their inner point; stray pieces go to a neighbour."""
    tree = shapely.STRtree([polygon for polygon, _ in raw])
    labels = np.array([raw[int(tree.nearest(shapely.point_on_surface(face)))][1] for face in faces])
    faces, labels = faces[labels > 0], labels[labels > 0]
    main = {
        value: int(max(np.flatnonzero(labels == value), key=lambda i: faces[i].area))
        for value in set(labels.tolist())
    }
    merged = {value: [faces[i]] for value, i in sorted(main.items())}
    for i in sorted(set(range(len(faces))) - set(main.values())):
        shared = {
            v: shapely.length(shapely.intersection(faces[i].boundary, faces[j].boundary))
            for v, j in main.items()
        }
        best = max(sorted(shared), key=lambda value: shared[value])
        if shared[best] > 0:
            merged[best].append(faces[i])
    return tuple(shapely.union_all(merged[value]) for value in sorted(merged))
