"""Two published editions side by side: why zones changed colour, from what both keep. Read by the command and the server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import rasterio
import rasterio.errors
import shapely
import sqlalchemy as sa
from rasterio.features import shapes
from sqlalchemy.dialects.postgresql import ARRAY

from layers.catalog import LEVELS, Catalog
from layers.crs import transform_geometry
from layers.errors import EditionError
from layers.scoring.change_causes import (
    DERIVED_INPUTS,
    OWNERS,
    Between,
    InputChange,
    causes,
)
from layers.scoring.changes import Changes, Side, changes_between
from layers.scoring.grid import Grid
from layers.kept import kept_result
from layers.scoring.policy import Policy, load_policy, recorded_policy
from layers.scoring.risk_surface import INDIVIDUAL_RISK, UnitRisk
from layers.store import edition_schema

POINT_COLUMNS = (
    "point_id", "source_layer", "source_feature_id", "enterprise_id", "name", "level", "reason_zh", "reason_en", "strength",
    "radius_m", "help_factor", "trench_id", "reasons",
)  # fmt: skip
ORIGIN = ("source_id", "source_file", "source_row", "load_id", "accuracy_m", "positioned", "from_load")
"""Columns of a feature that say whence it came; a difference in these alone is none."""
PEOPLE_LAYERS = ("population", "protection_targets", "enterprises")
VULNERABILITY_BAND, LEVEL_BAND = 3, 4
MOST_PATCHES = 400
"""Zones that are listed, the largest; the rest are counted and their area is told."""


def compare_editions(
    connection: sa.Connection, catalog: Catalog, before: int, after: int, *, policy: str = "", home: Path
) -> dict[str, Any]:
    """Why cells changed colour from one edition to another under one policy.

    Parameters
    ----------
    policy : one that both editions were scored by; that of the map when empty.
    home : folder below which the editions' rasters lie.

    Returns
    -------
    dict
        ``pairs``: a change of level with its ``area_m2``, shared out among ``causes`` (their areas sum to it);
        ``causes``: each with its whole area, kind, texts and the delivered rows behind it, the largest first; ``zones``:
        the largest connected changes with outline (storage CRS) and causes; ``remainder_m2``: what nothing explains.

    Raises
    ------
    EditionError
        An edition was not scored by the policy, or its raster cannot be read.
    """
    metas = {edition: _meta(connection, edition) for edition in (before, after)}
    policy = policy or str(metas[after]["area"]["policy"])
    sides = {edition: _side(connection, edition, metas[edition], policy, home) for edition in (before, after)}
    found = changes_between(sides[before], sides[after])
    inputs = _input_changes(connection, catalog, before, after)
    told = causes(
        found.shares["cause"].unique(), sides[before].points, sides[after].points, inputs,
        _between(metas[before], metas[after], is_individual_risk=sides[after].risk is not None), catalog,
    )  # fmt: skip
    return {
        "policy": policy,
        "is_same_rules": metas[before].get("code") == metas[after].get("code"),
        "cell_area_m2": found.grid.cell_area_m2,
        **_sums(found, told),
        "zones": _zones(found, _metric(metas[after]), _storage(metas[after])),
        "n_zones": len(found.patches),
    }


def _table(edition: int, name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *(sa.column(column) for column in columns), schema=edition_schema(edition))


def _meta(connection: sa.Connection, edition: int) -> dict[str, Any]:
    table = _table(edition, "meta", "key", "value")
    return {row.key: row.value for row in connection.execute(sa.select(table.c.key, table.c.value))}


def _metric(meta: Mapping[str, Any]) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(meta["area"]["metric_proj4"])


def _storage(meta: Mapping[str, Any]) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(meta["area"].get("storage_crs", "EPSG:4490"))


def _policy(meta: Mapping[str, Any], policy: str) -> Policy:
    entry = next((entry for entry in meta["policies"] if entry["id"] == policy), None)
    if entry is None:
        raise EditionError(f"an edition was not scored by policy {policy}")
    return recorded_policy(entry["table"]) if "table" in entry else load_policy(policy)


def _side(connection: sa.Connection, edition: int, meta: Mapping[str, Any], policy: str, home: Path) -> Side:
    files = _table(edition, "rasters", "layer", "policy", "path", "info")
    query = sa.select(files.c.path, files.c.info).where(files.c.layer == "risk_index", files.c.policy == policy)
    raster = connection.execute(query).one_or_none()
    if raster is None:
        raise EditionError(f"edition {edition} has no risk surface of policy {policy}")
    try:
        with rasterio.open(home / raster.path) as dataset:
            level, v = dataset.read(LEVEL_BAND), dataset.read(VULNERABILITY_BAND)
    except rasterio.errors.RasterioIOError as error:
        raise EditionError(f"the risk raster of edition {edition} cannot be read: {error}") from error
    level = np.nan_to_num(level).astype(np.uint8)
    v = np.where(np.isnan(v), np.float32(1.0), v).astype(np.float32)
    table = _policy(meta, policy)
    risk = _unit_risk(connection, edition, meta) if table.method == INDIVIDUAL_RISK else None
    return Side(_points(connection, edition, meta), table, Grid(**raster.info["grid"]), level, v, risk)


def _unit_risk(connection: sa.Connection, edition: int, meta: Mapping[str, Any]) -> UnitRisk | None:
    """Tables of risk that an edition keeps; None of an edition of an older version."""
    try:
        return UnitRisk.from_plain(kept_result(connection, edition, "unit_risk", _metric(meta)))
    except EditionError:
        return None


def _points(connection: sa.Connection, edition: int, meta: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """The edition's sources in the metric CRS; a column that an old edition lacks is empty."""
    held = {column["name"] for column in sa.inspect(connection).get_columns("risk_points", schema=edition_schema(edition))}
    names = [name for name in POINT_COLUMNS if name in held]
    table = _table(edition, "risk_points", *names, "geom")
    wkb = sa.func.ST_AsBinary(table.c.geom).label("wkb")
    rows = connection.execute(sa.select(*(table.c[name] for name in names), wkb).order_by(sa.collate(table.c.point_id, "C"))).all()
    frame = pd.DataFrame([row[:-1] for row in rows], columns=names, dtype=object).reindex(columns=list(POINT_COLUMNS))
    for name in ("strength", "radius_m", "help_factor"):
        frame[name] = frame[name].astype("float64")
    placed = np.array([None if row.wkb is None else bytes(row.wkb) for row in rows], dtype=object)
    metric = _metric(meta)
    geometry = transform_geometry(np.asarray(shapely.from_wkb(placed), dtype=object), _storage(meta), metric)
    return gpd.GeoDataFrame(frame, geometry=geometry, crs=metric)


def _between(before: Mapping[str, Any], after: Mapping[str, Any], *, is_individual_risk: bool) -> Between:
    def files(meta: Mapping[str, Any], layer: str) -> set[str]:
        sources = [source for source in meta.get("sources", []) if source["layer"] == layer]
        return {file["sha256"] for source in sources for file in source.get("files", [])}

    layers = tuple(layer for layer in PEOPLE_LAYERS if files(before, layer) != files(after, layer))
    return Between(before.get("code") == after.get("code"), str(before.get("on")), str(after.get("on")), layers, is_individual_risk)


def _input_changes(connection: sa.Connection, catalog: Catalog, before: int, after: int) -> list[InputChange]:
    """Rows that differ, of every layer that says something of a source and that an edition has."""
    inspector = sa.inspect(connection)
    tables = {edition: set(inspector.get_table_names(schema=edition_schema(edition))) for edition in (before, after)}
    known = [layer for layer in OWNERS if layer in catalog and layer in tables[before] & tables[after]]
    return [change for layer in known for change in _rows_that_differ(connection, layer, before, after)]


def _rows_that_differ(connection: sa.Connection, layer: str, before: int, after: int) -> list[InputChange]:
    columns = ("feature_id", *(() if layer in DERIVED_INPUTS else ("source_id", "source_file", "load_id")))
    one, two = _table(before, layer, *columns).alias("b"), _table(after, layer, *columns).alias("a")
    ignored = sa.cast(list(ORIGIN), ARRAY(sa.Text()))
    was, now = (sa.func.to_jsonb(sa.literal_column(name)).op("-")(ignored) for name in ("b", "a"))
    origin = [two.c[name] if name in columns else sa.null().label(name) for name in ("source_id", "source_file", "load_id")]
    query = (
        sa.select(sa.func.coalesce(two.c.feature_id, one.c.feature_id).label("feature_id"), was.label("was"), now.label("now"), *origin)
        .select_from(one.join(two, one.c.feature_id == two.c.feature_id, full=True))
        .where(was.is_distinct_from(now))
        .order_by(sa.text("1"))
    )
    return [
        InputChange(layer, row.feature_id, row.was, row.now, row.source_id, row.source_file, row.load_id)
        for row in connection.execute(query)
    ]


def _rank(level: str) -> int:
    """Place of a level in a list of changes: the worst first, no colour last."""
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _sums(found: Changes, told: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Areas by change of level and by cause."""
    shares = found.shares.merge(found.patches.drop(columns="area_m2"), on="patch")
    by_cause = shares.groupby("cause")["area_m2"].sum().sort_values(ascending=False, kind="stable")
    pairs = []
    for (one, other), patches in found.patches.groupby(["before", "after"], sort=True):
        mine = shares[(shares["before"] == one) & (shares["after"] == other)].groupby("cause")["area_m2"].sum()
        ranked = mine.sort_values(ascending=False, kind="stable")
        pairs.append({
            "before": one, "after": other, "n_zones": len(patches), "area_m2": float(patches["area_m2"].sum()),
            "causes": [{"cause": str(cause), "area_m2": float(area)} for cause, area in ranked.items()],
        })  # fmt: skip
    pairs.sort(key=lambda pair: (_rank(pair["after"]), _rank(pair["before"])))
    listed = [told[str(cause)] | {"cause": str(cause), "area_m2": float(area)} for cause, area in by_cause.items()]
    return {
        "area_m2": float(found.patches["area_m2"].sum()),
        "remainder_m2": sum(entry["area_m2"] for entry in listed if entry["kind"] == "remainder"),
        "pairs": pairs,
        "causes": listed,
    }


def _zones(found: Changes, metric: pyproj.CRS, storage: pyproj.CRS) -> list[dict[str, Any]]:
    """The largest patches with outline and causes."""
    largest = found.patches.sort_values(["area_m2", "patch"], ascending=[False, True], kind="stable").head(MOST_PATCHES)
    wanted = np.isin(found.labels, largest["patch"].to_numpy())
    outlines = {
        int(patch): shapely.geometry.shape(geometry)
        for geometry, patch in shapes(found.labels, mask=wanted, connectivity=4, transform=found.grid.transform)
    }
    by_patch = {patch: rows for patch, rows in found.shares.groupby("patch")}
    zones = []
    for row in largest.itertuples(index=False):
        outline = transform_geometry(np.array([outlines[int(row.patch)]], dtype=object), metric, storage)[0]
        mine = by_patch[row.patch].sort_values("area_m2", ascending=False, kind="stable")
        zones.append({
            "zone": int(row.patch), "before": row.before, "after": row.after, "area_m2": float(row.area_m2),
            "geometry": shapely.geometry.mapping(outline),
            "causes": [{"cause": str(cause), "area_m2": float(area)} for cause, area in zip(mine["cause"], mine["area_m2"], strict=True)],
        })  # fmt: skip
    return zones
