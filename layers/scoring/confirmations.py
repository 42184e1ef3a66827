"""Protection targets that our screening puts above their limit: to be confirmed (须核定), never a violation."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from layers.crs import require_metric
from layers.scoring.consequence.inputs import Floats
from layers.scoring.individual_risk import RiskField, risk_at
from layers.scoring.risk_contours import INSTALLATIONS, load_individual_criteria
from layers.scoring.rules import read_rules as read_target_rules
from layers.scoring.targets import TARGET_CLASSES, class_ranks

CONFIRM_ZH = "须核定"
CONFIRM_COLUMNS = ["confirm_id", "target_id", "target_name", "target_class", "installation", "risk_per_year",
                   "limit_per_year", "certainty", "result_zh", "enterprise_id", "share_pct", "rule_id", "standard_id",
                   "clause", "feature_id", "geometry"]  # fmt: skip


def targets_to_confirm(
    risk: RiskField, targets: gpd.GeoDataFrame, *, installation: str = INSTALLATIONS[0], on: date | None = None
) -> gpd.GeoDataFrame:
    """Protection targets where our risk exceeds the limit of their class: rows of the layer `targets_to_confirm`.

    The largest cell under a target counts: its inside point, and its outline at every cell's length. A target
    whose size leaves the class open is *certain* where even its mildest class's limit is exceeded, else *possible*.
    New and in service mean the installation. A screening is no violation; only official contours are.

    Parameters
    ----------
    targets : frame of `protection_targets` in the metric CRS; unplaced ones are left out
    installation : whose limits hold: ``in_service`` or ``new``
    on : the day whose limits hold

    Returns
    -------
    GeoDataFrame, the highest risk first, the targets' own geometry
        ``enterprise_id`` gives most of the risk, ``share_pct`` of it.
    """
    if targets.empty:
        return gpd.GeoDataFrame(columns=CONFIRM_COLUMNS, geometry="geometry", crs=targets.crs)
    require_metric(targets)
    placed = targets[targets.geometry.notna() & ~targets.geometry.is_empty]
    strictest, mildest = class_ranks(placed, read_target_rules().target_sizes)
    criteria = load_individual_criteria(on=on).set_index("target_class").loc[list(TARGET_CLASSES)]
    limits = criteria["new_per_year" if installation == "new" else "in_service_per_year"].to_numpy()
    largest = _largest_under(risk, np.asarray(placed.geometry, object))
    is_certain = largest > limits[mildest]
    rank = np.where(is_certain, mildest, strictest)
    found = gpd.GeoDataFrame(
        {
            "target_id": placed["target_id"],
            "target_name": placed["name"],
            "target_class": np.array(TARGET_CLASSES, object)[mildest],
            "installation": installation,
            "risk_per_year": largest,
            "limit_per_year": limits[rank],
            "certainty": np.where(is_certain, "certain", "possible"),
            "result_zh": CONFIRM_ZH,
            **{name: criteria[name].to_numpy()[rank] for name in ("rule_id", "standard_id", "clause")},
        },
        geometry=placed.geometry,
        crs=targets.crs,
    )
    above = found[found.risk_per_year > found.limit_per_year]
    above = above.sort_values(["risk_per_year", "target_id"], ascending=[False, True], kind="stable", ignore_index=True)
    return _with_causes(above, risk)[CONFIRM_COLUMNS]


def _with_causes(found: gpd.GeoDataFrame, risk: RiskField) -> gpd.GeoDataFrame:
    """Keys, and the enterprise that gives most of the risk at the target's inside point."""
    found["confirm_id"] = found["target_id"].astype(str) + ":" + found["installation"]
    found["feature_id"] = found["confirm_id"]
    xy_m = shapely.get_coordinates(shapely.point_on_surface(found.geometry.to_numpy())).reshape(-1, 2)
    parts: dict[str, Floats] = {}
    for table in risk.tables:
        own = risk_at(table, xy_m[:, 0], xy_m[:, 1])
        parts[table.unit.enterprise_id] = parts.get(table.unit.enterprise_id, 0.0) + own
    if not parts or not len(found):
        return found.assign(enterprise_id=None, share_pct=np.nan)
    names = sorted(parts)
    values = np.array([parts[name] for name in names])
    total, top = values.sum(axis=0), values.argmax(axis=0)
    share = np.divide(values.max(axis=0), total, out=np.full(len(found), np.nan), where=total > 0)
    return found.assign(enterprise_id=np.array(names, object)[top], share_pct=np.round(100 * share, 1))


def _largest_under(risk: RiskField, shapes: NDArray[np.object_]) -> Floats:
    """Largest risk of the cells under each shape's outline and inside point; 0 outside the grid."""
    outline = shapely.segmentize(shapes, risk.grid.cell_m)
    points, owner = shapely.get_coordinates(outline, return_index=True)
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    places, owners = np.concatenate([points, inside]), np.concatenate([owner, np.arange(len(shapes))])
    rows, cols = risk.grid.cells_of(places[:, 0], places[:, 1])
    is_on = (rows >= 0) & (rows < risk.grid.rows) & (cols >= 0) & (cols < risk.grid.cols)
    largest = np.zeros(len(shapes))
    np.maximum.at(largest, owners[is_on], risk.risk_per_year[rows[is_on], cols[is_on]])
    return largest
