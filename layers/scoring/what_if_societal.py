"""What a change does to societal risk: F-N curve, expected deaths and band of each touched enterprise before and after; screening.

New and moved units count as if they stood: a planned plant is judged before it is built. Only the touched enterprises are
summed, with the residents of the county and the staff of every plant as each side has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd

from layers.scoring.assessment_scope import assessment_methods, covered
from layers.scoring.people import People, with_staff
from layers.scoring.release_scenarios import NotAssessed
from layers.scoring.societal_risk import BANDS, SocietalRisk, rated_with, societal_risk
from layers.scoring.unit_risk import UNIT_LAYERS, weather_and_rose

SIDE_FIELDS = ("n_units", "pll_per_year", "pll_day_per_year", "pll_night_per_year", "most_deaths", "band", "times_limit", "curve", "unknown_pct",
               "is_incomplete", "rule_id", "clause")  # fmt: skip


@dataclass(frozen=True)
class Residents:
    """Who lives in the county, and whether a population raster says so (else households alone)."""

    people: People
    has_raster: bool


@dataclass(frozen=True)
class SocietalChange:
    """`rows`: one a touched enterprise that quantitative risk judges on either side.

    Each has ``enterprise_id``, ``before`` and ``after`` (`SIDE_FIELDS`; None without a judged unit), ``is_crossed`` (the band
    is another) and ``is_above`` (unacceptable after). `not_judged`: units after the change without a part in the sums, with the reason.
    """

    rows: tuple[dict[str, Any], ...]
    not_judged: tuple[NotAssessed, ...]


def societal_change(
    before: Mapping[str, pd.DataFrame], after: Mapping[str, pd.DataFrame], touched: frozenset[str], *, residents: Residents, on: date,
    terrain: str,
) -> SocietalChange:
    """Societal risk of the touched enterprises with the frames before and after a change.

    Parameters
    ----------
    before, after : layer id -> frame in the metric CRS, those of `UNIT_LAYERS` and ``weather``
    on : the day whose quantities and criterion hold
    """
    was, _ = _side(before, touched, residents, on, terrain)
    now, not_judged = _side(after, touched, residents, on, terrain)
    rows = [_row(name, was.get(name), now.get(name)) for name in sorted({*was, *now})]
    return SocietalChange(tuple(rows), not_judged)


def _side(
    frames: Mapping[str, pd.DataFrame], touched: frozenset[str], residents: Residents, on: date, terrain: str
) -> tuple[dict[str, dict[str, Any]], tuple[NotAssessed, ...]]:
    """Rows of the touched enterprises by their number, and what of them has no part in it."""
    layers = _of(frames, touched)
    judged, others = covered(layers, assessment_methods(layers, on=on))
    if judged["hazard_units"].empty:
        return {}, others
    people = with_staff(residents.people, gpd.GeoDataFrame(frames["enterprises"]))
    weather, rose = weather_and_rose(frames)
    found: SocietalRisk = societal_risk(judged, people=people, weather=weather, wind_rose=rose, terrain=terrain, on=on)
    table = rated_with(found.enterprises, people, has_population=residents.has_raster)
    rows = {str(row["enterprise_id"]): {name: row[name] for name in SIDE_FIELDS} for row in table.to_dict("records")}
    return rows, (*others, *found.not_assessed)


def _of(frames: Mapping[str, pd.DataFrame], touched: frozenset[str]) -> dict[str, pd.DataFrame]:
    """The layers of units with the rows of some enterprises alone."""
    units, chemicals, plants = (frames[name] for name in UNIT_LAYERS)
    mine = units[units["enterprise_id"].astype(str).isin(touched)].reset_index(drop=True)
    held = chemicals[chemicals["unit_id"].isin(set(mine["unit_id"]))].reset_index(drop=True)
    own = plants[plants["enterprise_id"].astype(str).isin(touched)].reset_index(drop=True)
    return {"hazard_units": mine, "unit_chemicals": held, "enterprises": own}


def _row(enterprise_id: str, was: dict[str, Any] | None, now: dict[str, Any] | None) -> dict[str, Any]:
    bands = [side["band"] if side else None for side in (was, now)]
    return {
        "enterprise_id": enterprise_id, "before": was, "after": now,
        "is_crossed": bands[0] != bands[1], "is_above": bands[1] == BANDS[0],
    }  # fmt: skip
