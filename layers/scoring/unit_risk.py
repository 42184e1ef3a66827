"""Individual risk of a county's installations as one assessment: who is judged how, whose report holds, what stays open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.scoring.assessment_scope import assessment_methods, covered
from layers.scoring.blast_rings import farthest_m
from layers.scoring.consequence.dispersion import TERRAINS
from layers.scoring.consequence.inputs import Floats
from layers.scoring.contours import is_valid_on
from layers.scoring.explosives import NONE, Charge, charges
from layers.scoring.frequencies import WeatherClass, WindRose, weather_of
from layers.scoring.grid import Grid
from layers.scoring.individual_risk import RiskField, individual_risk
from layers.scoring.release_scenarios import NOT_SOURCES, NotAssessed
from layers.scoring.risk_contours import INSTALLATIONS
from layers.scoring.risk_surface import UnitRisk
from layers.scoring.sharing import Share, alone

UNIT_LAYERS = ("hazard_units", "unit_chemicals", "enterprises")
ASSESSED_LAYERS = (*UNIT_LAYERS, "official_contours", "official_distances", "weather")
EXTERNAL_SAFETY = "external_safety"
"""Kind of an official distance that settles an installation as a contour does."""
OPEN_METHODS = ("qra", "unknown", "distance", "out_of_scope")
"""Methods whose units leave their surroundings open where there is no figure."""
METHOD_FIELDS = ["unit_id", "enterprise_id", "name", "method", "reason_zh", "reason_en", "n_scenarios", "reach_m",
                 "has_assumed_connections", "has_report", "not_assessed_zh", "not_assessed_en", "rule_id", "clause", "feature_id"]  # fmt: skip


Fields = tuple[Mapping[str, RiskField], Mapping[str, RiskField]]
"""Fields by installation of an assessment: `fields` and `fields_to_confirm`."""


@dataclass(frozen=True)
class Assessment:
    """Screening of the installations without a valid report.

    `fields`: by installation (``in_service``, and ``new`` where something is planned) its risk on the grid, but for those
    with contours of a report. `fields_to_confirm`: the same without those whose report states an external safety distance:
    it decides about targets, but gives no value to colour by. `official`: valid contours of reports. `reported`:
    enterprises with a valid contour or external safety distance. `methods`: of every unit. `others`: units that another
    method judges. `explosives`: by unit that holds any. `on`: the day.
    """

    fields: Mapping[str, RiskField]
    fields_to_confirm: Mapping[str, RiskField]
    official: gpd.GeoDataFrame
    reported: frozenset[str]
    methods: pd.DataFrame
    others: tuple[NotAssessed, ...]
    units: gpd.GeoDataFrame
    explosives: Mapping[str, Charge] = field(default_factory=dict)
    on: date | None = None

    @property
    def standing(self) -> RiskField:
        return self.fields[INSTALLATIONS[0]]

    @property
    def unit_risk(self) -> UnitRisk:
        """What zones and reasons rest on."""
        return UnitRisk(self.standing.tables, self.official, self._open_units())

    def _open_units(self) -> gpd.GeoDataFrame:
        """Placed units without a figure that would colour them: their surroundings are not rated.

        Those that quantitative risk judges, or may judge, units that distances or a standard of their own judge (they give no
        value to colour by), and explosives (their overpressure is no part of the individual risk), unless contours of a report
        cover them.
        """
        drawn = set(self.official["enterprise_id"].dropna().astype(str))
        is_drawn = self.methods.enterprise_id.isin(drawn)
        explosives = self.methods.has_explosives & ~is_drawn
        is_meant = self.methods.method.isin(OPEN_METHODS) & ~is_drawn
        without = (set(self.methods.unit_id[is_meant]) - set(self.standing.units.unit_id)) | set(self.methods.unit_id[explosives])
        is_open = self.units["unit_id"].astype(str).isin(without) & ~self.units["status"].isin(NOT_SOURCES)
        found = self.units[is_open & self.units.geometry.notna()]
        held = [self.explosives.get(str(unit), NONE) for unit in found["unit_id"]]
        tnt_t, most_t = (np.array([getattr(one, name) for one in held], np.float64) for name in ("tnt_t", "most_t"))
        felt_m = np.array([farthest_m(amount_t, self.on) for amount_t in most_t], np.float64)
        return gpd.GeoDataFrame(found.assign(explosives_t=tnt_t, explosives_most_t=most_t, explosives_felt_m=felt_m))

    def method_rows(self) -> pd.DataFrame:
        """Rows of the layer `unit_methods`: every standing unit with the method that judges it and what is missing."""
        standing = self.units[~self.units["status"].isin(NOT_SOURCES)]
        names = standing.set_index(standing["unit_id"].astype(str))["name"]
        rows = self.methods[self.methods.unit_id.isin(names.index)].copy()
        computed = self.standing.units.set_index("unit_id")
        rows["name"] = names.reindex(rows.unit_id).to_numpy()
        for column in ("n_scenarios", "reach_m"):
            rows[column] = computed[column].reindex(rows.unit_id).to_numpy()
        rows["has_assumed_connections"] = [unit in self._with_assumed() for unit in rows.unit_id]
        rows["has_report"] = rows.enterprise_id.isin(self.reported).to_numpy()
        for lang in ("zh", "en"):
            said = self._said_by_unit(lang)
            rows[f"not_assessed_{lang}"] = [said.get(unit) for unit in rows.unit_id]
        rows["feature_id"] = rows.unit_id
        return rows[METHOD_FIELDS].reset_index(drop=True)

    def _with_assumed(self) -> frozenset[str]:
        """Units whose pipes, pumps or loading are those of their kind, because they state none."""
        units = [table.unit for table in self.standing.tables]
        return frozenset(unit.unit_id for unit in units if any(entry.is_assumed for entry in unit.scenarios))

    def _said_by_unit(self, lang: str) -> dict[str, str]:
        """What of each unit that quantitative risk judges has no figure, and why."""
        said: dict[str, list[str]] = {}
        for entry in self.standing.not_assessed:
            reason = entry.reason_zh if lang == "zh" else entry.reason_en
            said.setdefault(entry.unit_id, []).append(f"{entry.chemical_name}: {reason}" if entry.chemical_name else reason)
        return {unit: "; ".join(reasons) for unit, reasons in said.items()}


def assess(
    layers: Mapping[str, pd.DataFrame], *, on: date, grid: Grid, known: Mapping[str, Floats] | None = None,
    share: Share = alone, terrain: str = TERRAINS[0], before: Fields | None = None,
) -> Assessment:
    """Individual risk of every installation that quantitative risk judges and no valid report covers.

    Parameters
    ----------
    layers : layer id -> frame in the metric CRS, those of `ASSESSED_LAYERS`
    on : the date on which reports must be valid
    known : tables of an earlier assessment by the same code, by their stamp
    share : who computes the tables, unit by unit
    terrain : of the area (`layers.catalog.Area.terrain`), by which clouds spread
    before : fields of an assessment of other data by the same code: what did not change on the grid is taken over
    """
    methods = assessment_methods(layers, on=on)
    official = valid_reports(layers, on)
    drawn, stated = _enterprises(official), _enterprises(stated_distances(layers, on))
    weather, rose = weather_and_rose(layers)

    def fields_without(
        enterprises: frozenset[str], known: Mapping[str, Floats] | None, before: Mapping[str, RiskField]
    ) -> dict[str, RiskField]:
        judged = _without(layers, enterprises)
        new, _ = covered(judged, methods, planned=True)
        chosen = {INSTALLATIONS[0]: covered(judged, methods)[0]} | ({INSTALLATIONS[1]: new} if len(new["hazard_units"]) else {})
        return {
            name: individual_risk(
                units, grid=grid, weather=weather, wind_rose=rose, terrain=terrain, known=known, share=share, before=before.get(name)
            )
            for name, units in chosen.items()
        }

    was, was_to_confirm = before if before else ({}, {})
    fields = fields_without(drawn, known, was)
    tables = {table.stamp: table.table for field in fields.values() for table in field.tables}
    to_confirm = fields_without(drawn | stated, tables, was_to_confirm) if stated - drawn else fields
    _, others = covered(_without(layers, drawn | stated), methods)
    return Assessment(
        fields, to_confirm, official, drawn | stated, methods, others, gpd.GeoDataFrame(layers["hazard_units"]),
        charges(layers), on,
    )


def _enterprises(reports: pd.DataFrame) -> frozenset[str]:
    return frozenset(reports["enterprise_id"].dropna().astype(str))


def weather_and_rose(layers: Mapping[str, pd.DataFrame]) -> tuple[tuple[WeatherClass, ...] | None, WindRose | None]:
    """The county's weather and rose, None where it delivers none."""
    return weather_of(layers.get("weather")) or (None, None)


def valid_reports(layers: Mapping[str, pd.DataFrame], on: date) -> gpd.GeoDataFrame:
    """Contours of reports that are valid on a date."""
    frame = layers["official_contours"]
    return gpd.GeoDataFrame(frame[is_valid_on(frame, on)] if len(frame) else frame)


def stated_distances(layers: Mapping[str, pd.DataFrame], on: date) -> pd.DataFrame:
    """External safety distances of reports that are valid on a date; editions before that layer have none."""
    frame = layers.get("official_distances")
    if frame is None or frame.empty:
        return pd.DataFrame(columns=["enterprise_id"])
    return frame[is_valid_on(frame, on) & (frame["kind"] == EXTERNAL_SAFETY).to_numpy(bool)]


def _without(layers: Mapping[str, pd.DataFrame], enterprises: frozenset[str]) -> dict[str, pd.DataFrame]:
    units = layers["hazard_units"]
    named = {name: layers[name] for name in UNIT_LAYERS}
    return {**named, "hazard_units": units[~units["enterprise_id"].isin(enterprises)]}
