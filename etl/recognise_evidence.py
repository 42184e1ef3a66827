"""What the register knows that speaks for or against a datum, and the coordinates of a delivery as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from etl.area import declared_area, widened
from etl.coordinates import METRES_OF_KM, degrees, is_in_km, metres
from etl.manifest import Manifest
from etl.recognise_columns import Mapped
from etl.recognise_datums import LEAST_COMPARED, Floats, Surroundings
from layers.catalog import Area, Catalog, Layer
from layers.crs import transform_geometry
from layers.errors import AtlasError
from layers.store import REGISTER
from layers.tables import GEOMETRY_COLUMN, register_table

N_FEATURES = 2_000
MAX_REFERENCES = 200_000
REFERENCES = ("roads", "buildings")
OUTLINED = ("towns", "statistical_areas", "land_use_zones")
"""Layers that cover the area, so that their own edges lie on its outline."""


def sample(frame: pd.DataFrame) -> pd.DataFrame:
    """Some of a delivery's rows, spread evenly over it."""
    step = max(1, len(frame) // N_FEATURES)
    return frame.iloc[::step].reset_index(drop=True)


def coordinates_of(frame: pd.DataFrame, x: str, y: str, wkt: str) -> Floats:
    """One coordinate a row as delivered, NaN where there is none: a point, or one in the middle of a line or polygon."""
    if "geometry" in frame.columns:
        return _points_of(np.asarray(frame["geometry"].to_numpy(), dtype=object))
    if wkt and wkt in frame.columns:
        texts = frame[wkt].where(frame[wkt].astype(str).str.strip() != "", None)
        return _points_of(np.asarray(shapely.from_wkt(texts.to_numpy(dtype=object), on_invalid="ignore"), dtype=object))
    if x in frame.columns and y in frame.columns:
        return np.column_stack([_numbers(frame[x]), _numbers(frame[y])])
    return np.full((len(frame), 2), np.nan)


def _points_of(geometries: NDArray[np.object_]) -> Floats:
    found = np.full((len(geometries), 2), np.nan)
    for row, geometry in enumerate(geometries):
        if geometry is None or geometry.is_empty:
            continue
        corners = shapely.get_coordinates(geometry)
        found[row] = corners[len(corners) // 2]
    return found


def _numbers(texts: pd.Series) -> Floats:
    def number(text: str) -> float:
        value, _ = degrees(text)
        return value if np.isfinite(value) and abs(value) <= 180 else metres(text)

    plain = pd.to_numeric(texts, errors="coerce").to_numpy(dtype="float64", copy=True)
    plain *= METRES_OF_KM if is_in_km(str(texts.name)) else 1.0
    for row in np.flatnonzero(~np.isfinite(plain)):
        plain[row] = number(str(texts.iloc[row]))
    return plain


def surroundings(
    engine: sa.Engine | None, area: Area, catalog: Catalog, layer: Layer, frame: pd.DataFrame, mapping: Sequence[Mapped],
    known: Manifest | None,
) -> Surroundings:
    """What is known of the area around a delivery; without a database only the home extent.

    Parameters
    ----------
    frame : the sampled rows of the delivery, in the order of its coordinates.
    mapping : its proposed mapping, for its key and its town.
    """
    if engine is None:
        return Surroundings(_home(area))
    with engine.connect() as connection:
        try:
            declared, outline = declared_area(connection)
        except (AtlasError, sa.exc.ProgrammingError):
            return Surroundings(_home(area))
        if declared.id != area.id:
            raise AtlasError(f"this database holds the area {declared.id!r}, not {area.id!r}")
        metric = transform_geometry(np.array([outline], dtype=object), area.storage_crs, area.metric_crs)[0]
        wide = transform_geometry(np.array([widened(outline, area)], dtype=object), area.storage_crs, area.metric_crs)[0]
        references = {name: _shapes(connection, catalog[name], area) for name in REFERENCES if name in catalog}
        if _is_of_lines(frame):
            references["lines"] = _lines(connection, catalog, area)
        if layer.id in OUTLINED:
            references = {"outline": np.array([metric.boundary], dtype=object)}
        columns = {entry.field: entry.column for entry in mapping}
        former = _former(connection, layer, area, frame, columns, known)
        is_known = former is not None and int(np.isfinite(former[:, 0]).sum()) >= LEAST_COMPARED
        namesakes = None if is_known else _namesakes(connection, catalog, area, frame, columns.get("name"))
        towns, stated = _towns(connection, catalog, area, frame, columns.get("town_name"))
    return Surroundings(wide, {name: shapes for name, shapes in references.items() if len(shapes)}, former, namesakes, towns, stated)


def _home(area: Area) -> BaseGeometry:
    box = shapely.segmentize(shapely.box(*area.home), 0.01)
    return transform_geometry(np.array([box], dtype=object), area.storage_crs, area.metric_crs)[0]


def _present(connection: sa.Connection, layer: Layer) -> bool:
    return sa.inspect(connection).has_table(layer.id, schema=REGISTER)


def _metric(wkb: Sequence[object], area: Area) -> NDArray[np.object_]:
    shapes = shapely.from_wkb(np.array([bytes(entry) for entry in wkb], dtype=object))  # type: ignore[call-overload]
    return transform_geometry(np.asarray(shapes, dtype=object), area.storage_crs, area.metric_crs)


def _shapes(connection: sa.Connection, layer: Layer, area: Area) -> NDArray[np.object_]:
    """Current features of a layer in the metric CRS."""
    if not _present(connection, layer):
        return np.empty(0, dtype=object)
    table = register_table(layer, area.srid)
    query = (
        sa.select(sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN]))
        .where(table.c.to_load.is_(None), table.c[GEOMETRY_COLUMN].is_not(None))
        .limit(MAX_REFERENCES)
    )
    rows = connection.execute(query).scalars().all()
    return _metric(rows, area) if rows else np.empty(0, dtype=object)


def _former(
    connection: sa.Connection, layer: Layer, area: Area, frame: pd.DataFrame, columns: Mapping[str, str], known: Manifest | None
) -> Floats | None:
    """Where the register has the delivery's own features, by their key; None where it has too few of them."""
    keys = _keys(layer, frame, columns, known)
    if keys is None or not _present(connection, layer):
        return None
    table = register_table(layer, area.srid)
    given = [key for key in keys if key]
    rows = connection.execute(
        sa.select(table.c.feature_id, sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN]))
        .where(table.c.to_load.is_(None), table.c[GEOMETRY_COLUMN].is_not(None), table.c.feature_id.in_(given))
    ).all()
    if not rows:
        return None
    middles = dict(zip((row[0] for row in rows), _points_of(_metric([row[1] for row in rows], area)), strict=True))
    return np.array([middles.get(key, (np.nan, np.nan)) for key in keys], dtype="float64").reshape(-1, 2)


def _is_of_lines(frame: pd.DataFrame) -> bool:
    shapes = frame["geometry"].to_numpy() if "geometry" in frame.columns else np.empty(0, dtype=object)
    kinds = {shape.geom_type for shape in shapes if shape is not None}
    return bool(kinds) and kinds <= {"LineString", "MultiLineString"}


def _lines(connection: sa.Connection, catalog: Catalog, area: Area) -> NDArray[np.object_]:
    """Lines of the register that lines delivered may be again, of all layers: which layer they belong to is a proposal too."""
    found = [_shapes(connection, layer, area) for layer in catalog.loaded if layer.geometry == "MultiLineString"]
    return np.concatenate(found) if found else np.empty(0, dtype=object)


def _namesakes(connection: sa.Connection, catalog: Catalog, area: Area, frame: pd.DataFrame, column: str | None) -> Floats | None:
    """Where the register has the one feature of a row's name, in the layer that has most of the names; None where it has too few of them."""
    if column is None or column not in frame.columns:
        return None
    names = frame[column].astype(str).str.strip().tolist()
    best: dict[str, Sequence[float]] = {}
    for layer in catalog.loaded:
        if not layer.is_drawn or "name" not in {entry.name for entry in layer.fields} or not _present(connection, layer):
            continue
        table = register_table(layer, area.srid)
        rows = connection.execute(
            sa.select(table.c.name, sa.func.array_agg(sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN]))[1])
            .where(table.c.to_load.is_(None), table.c[GEOMETRY_COLUMN].is_not(None), table.c.name.in_({name for name in names if name}))
            .group_by(table.c.name).having(sa.func.count() == 1)
        ).all()
        if len(rows) > max(len(best), LEAST_COMPARED - 1):
            best = dict(zip((row[0] for row in rows), _points_of(_metric([row[1] for row in rows], area)), strict=True))
    counts = Counter(names)
    places = [best.get(name, (np.nan, np.nan)) if counts[name] == 1 else (np.nan, np.nan) for name in names]
    return np.array(places, dtype="float64").reshape(-1, 2) if best else None


def _keys(layer: Layer, frame: pd.DataFrame, columns: Mapping[str, str], known: Manifest | None) -> list[str] | None:
    """`feature_id` of each row, where the key is made of plain columns or of a known template."""
    parts = []
    for name in layer.key:
        template = known.fields[name].template if known is not None and name in known.fields else None
        if template:
            try:
                parts.append([template.format(**record) for record in frame.astype(object).to_dict("records")])
            except (KeyError, IndexError):
                return None
        elif columns.get(name) in frame.columns:
            parts.append(frame[columns[name]].astype(str).str.strip().tolist())
        else:
            return None
    return ["|".join(row) for row in zip(*parts, strict=True)] if parts else None


def _towns(
    connection: sa.Connection, catalog: Catalog, area: Area, frame: pd.DataFrame, column: str | None
) -> tuple[dict[str, BaseGeometry], tuple[str | None, ...]]:
    """Polygons of towns by name, and the town that each row names."""
    if column is None or column not in frame.columns or "towns" not in catalog or not _present(connection, catalog["towns"]):
        return {}, ()
    table = register_table(catalog["towns"], area.srid)
    rows = connection.execute(
        sa.select(table.c.name, sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN])).where(table.c.to_load.is_(None), table.c[GEOMETRY_COLUMN].is_not(None))
    ).all()
    shapes = _metric([row[1] for row in rows], area) if rows else np.empty(0, dtype=object)
    for shape in shapes:
        shapely.prepare(shape)
    return dict(zip((row[0] for row in rows), shapes, strict=True)), tuple(str(value).strip() or None for value in frame[column])
