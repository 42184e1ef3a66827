"""What the register says in words of who and where its features are, with the positions known so far."""

from __future__ import annotations

import re
from collections.abc import Iterable

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from etl.matching.names import Names
from etl.places.grammar import Grammar
from layers.catalog import Area, Catalog, Layer
from layers.crs import transform_geometry
from layers.tables import GEOMETRY_COLUMN, ensure_register

SUBJECT = re.compile("[县市区]$")
FORMER_SUBJECTS = ("市", "县")
"""A county that became a city keeps its old name in addresses."""


def worded_frames(
    connection: sa.Connection, catalog: Catalog, area: Area, layers: Iterable[Layer]
) -> dict[str, gpd.GeoDataFrame]:
    """The current features of some layers: `feature_id`, `source_id`, identity fields, accuracy, metric geometry.

    Positions confirmed by a person count like delivered ones (``positioned`` says which); layers that the register
    does not hold yet are left out.
    """
    present = set(sa.inspect(connection).get_table_names(schema="register"))
    return {layer.id: _frame(connection, area, layer) for layer in layers if layer.is_drawn and layer.id in present}


def _frame(connection: sa.Connection, area: Area, layer: Layer) -> gpd.GeoDataFrame:
    table = ensure_register(connection, layer, area.srid)
    names = ["feature_id", "source_id", "accuracy_m", "positioned", *layer.identity.field_names]
    columns = [*(table.c[name] for name in dict.fromkeys(names)), sa.func.ST_AsBinary(table.c[GEOMETRY_COLUMN]).label("wkb")]
    query = sa.select(*columns).where(table.c.to_load.is_(None)).order_by(sa.collate(table.c.feature_id, "C"))
    frame = pd.DataFrame(connection.execute(query).mappings().all(), columns=[*dict.fromkeys(names), "wkb"], dtype=object)
    wkb = np.array([None if value is None else bytes(value) for value in frame.pop("wkb")], dtype=object)
    geometry = np.asarray(shapely.from_wkb(wkb), dtype=object)
    _place_confirmed(connection, layer, frame, geometry)
    frame["accuracy_m"] = frame["accuracy_m"].astype("float64")
    metric = transform_geometry(geometry, area.storage_crs, area.metric_crs)
    return gpd.GeoDataFrame(frame, geometry=metric, crs=area.metric_crs)


def _place_confirmed(
    connection: sa.Connection, layer: Layer, frame: pd.DataFrame, geometry: np.ndarray[object, np.dtype[np.object_]]
) -> None:
    """Fill in the positions that stand confirmed for the words that the feature has now."""
    rows = connection.execute(
        sa.text("SELECT feature_id, basis, lon, lat, accuracy_m FROM ops.placements_in_force WHERE layer = :layer"),
        {"layer": layer.id},
    ).all()
    if not rows:
        return
    row_of = {feature_id: at for at, feature_id in enumerate(frame["feature_id"])}
    basis = basis_texts(frame, layer)
    for placed in rows:
        at = row_of.get(placed.feature_id)
        if at is not None and geometry[at] is None and basis[at] == placed.basis:
            geometry[at] = shapely.Point(placed.lon, placed.lat)
            frame.loc[at, ["accuracy_m", "positioned"]] = [placed.accuracy_m, "gazetteer"]


def basis_texts(frame: pd.DataFrame, layer: Layer) -> list[str]:
    """The words that a position is looked up by: address, else name; a confirmed position holds as long as they do."""
    fields = [name for name in (layer.identity.address, layer.identity.name) if name]
    if not fields:
        return [""] * len(frame)
    rows = zip(*(frame[name] for name in fields), strict=True)
    return [next((value for value in values if isinstance(value, str) and value), "") for values in rows]


def area_grammar(connection: sa.Connection, catalog: Catalog, area: Area) -> Grammar:
    """The grammar of addresses that knows this area's name, towns and villages."""
    stem = SUBJECT.sub("", area.title_zh)
    county = {area.title_zh, *(stem + subject for subject in FORMER_SUBJECTS)}
    towns = _values(connection, catalog, area, "town", is_area=True)
    villages = _values(connection, catalog, area, "village", is_area=True) | _village_names(connection, catalog, area)
    return Grammar(sorted(county), sorted(towns), sorted(villages))


def area_names(area: Area) -> Names:
    """The parser of names that knows the word many firms of this area begin with."""
    return Names([SUBJECT.sub("", area.title_zh)])


def _values(connection: sa.Connection, catalog: Catalog, area: Area, part: str, *, is_area: bool) -> set[str]:
    """Names of towns or villages in the layers of polygons that name them."""
    found: set[str] = set()
    present = set(sa.inspect(connection).get_table_names(schema="register"))
    for layer in catalog.loaded:
        field = getattr(layer.identity, part)
        if field and layer.id in present and layer.geometry.endswith("Polygon") == is_area:
            table = ensure_register(connection, layer, area.srid)
            query = sa.select(table.c[field]).where(table.c.to_load.is_(None)).distinct()
            found |= {value for value in connection.execute(query).scalars() if value}
    return found


def _village_names(connection: sa.Connection, catalog: Catalog, area: Area) -> set[str]:
    """Names that end like a village's, of any layer of places: hamlets come as protection targets."""
    found: set[str] = set()
    present = set(sa.inspect(connection).get_table_names(schema="register"))
    for layer in catalog.loaded:
        name = layer.identity.name
        if name and layer.id in present and not layer.identity.is_enterprise:
            table = ensure_register(connection, layer, area.srid)
            query = sa.select(table.c[name]).where(table.c.to_load.is_(None), table.c[name].op("~")("^[^0-9]{1,6}[村里]$")).distinct()
            found |= set(connection.execute(query).scalars())
    return found
