"""The one area a database holds: its declaration and its outline."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from pathlib import Path
from typing import Callable

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from etl.manifest import Manifest
from etl.read import read_file
from layers.catalog import Area, Boundary
from layers.crs import to_geographic, transform_geometry
from layers.errors import AtlasError, SourceFileError


def load_boundary(
    area: Area, data_dir: Path, *, read: Callable[[Path, Manifest], pd.DataFrame] = read_file
) -> BaseGeometry:
    """Outline of the area as one (multi)polygon in the storage CRS, repaired; `read` reads its file."""
    path = data_dir / area.boundary.file
    if not path.exists():
        raise SourceFileError(path, "no such file", "the outline of the area")
    outline_of = Manifest("boundary", "towns", "辖区界线", area.office_zh, (area.boundary.file,), "vector", crs=area.boundary.crs)
    frame = read(path, outline_of)
    geometries = to_geographic(np.asarray(frame["geometry"].to_numpy(), dtype=object), area.boundary.crs, area.storage_crs)
    try:
        outline = shapely.union_all(shapely.make_valid(geometries[np.isfinite(shapely.bounds(geometries)).all(axis=1)]))
    except shapely.errors.GEOSException as error:
        raise SourceFileError(path, str(error), "the outline of the area") from error
    if outline.is_empty or outline.area == 0:
        raise SourceFileError(path, "no polygon", "the outline of the area")
    return outline


def measured_boundary(outline: BaseGeometry, area: Area) -> BaseGeometry:
    """The outline in the area's metric CRS."""
    return transform_geometry(np.array([outline], dtype=object), area.storage_crs, area.metric_crs)[0]


def widened(outline: BaseGeometry, area: Area) -> BaseGeometry:
    """The outline in the storage CRS, wider by its tolerance."""
    metric = measured_boundary(outline, area).buffer(area.boundary.tolerance_m, quad_segs=4)
    moved = transform_geometry(np.array([metric], dtype=object), area.metric_crs, area.storage_crs)
    widened: BaseGeometry = moved[0]
    return widened


def declare_area(engine: sa.Engine, area: Area, outline: BaseGeometry, *, is_dry_run: bool) -> None:
    """One database holds one area; another one is refused."""
    declaration = json.loads(json.dumps(dataclasses.asdict(area), default=str, ensure_ascii=False))
    declaration.pop("folder")
    with engine.begin() as connection:
        present = connection.execute(sa.text("SELECT id FROM ops.area")).scalar_one_or_none()
        if present not in (None, area.id):
            raise AtlasError(f"this database holds the area {present!r}; {area.id!r} needs a database of its own")
        if is_dry_run:
            return
        connection.execute(
            sa.text(
                "INSERT INTO ops.area (id, declaration, boundary_wkb) VALUES (:id, CAST(:declaration AS jsonb), :wkb) "
                "ON CONFLICT (id) DO UPDATE SET declaration = excluded.declaration, boundary_wkb = excluded.boundary_wkb"
            ),
            {"id": area.id, "declaration": json.dumps(declaration, ensure_ascii=False), "wkb": shapely.to_wkb(outline)},
        )


def declared_area(connection: sa.Connection) -> tuple[Area, BaseGeometry]:
    """The area of this database and its outline in the storage CRS; raises `AtlasError` before the first load."""
    row = connection.execute(sa.text("SELECT declaration, boundary_wkb FROM ops.area")).one_or_none()
    if row is None:
        raise AtlasError("nothing is loaded yet: run `riskatlas load AREA_DIR` first")
    table = {key: tuple(value) if isinstance(value, list) else value for key, value in row.declaration.items()}
    table["boundary"] = Boundary(**table["boundary"])
    if table.get("delivery_on"):
        table["delivery_on"] = date.fromisoformat(table["delivery_on"])
    return Area(**table), shapely.from_wkb(bytes(row.boundary_wkb))
