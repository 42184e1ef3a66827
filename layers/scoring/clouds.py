"""The cloud that a leak makes under one weather, by distance downwind: plume or puff, neutral or heavy, and its pool."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from layers.scoring.consequence import dense_gas, dispersion, pools
from layers.scoring.consequence.inputs import Floats, assumed, coefficient
from layers.scoring.consequence.properties import Chemical
from layers.scoring.footprint_grid import RADII_M
from layers.scoring.frequencies import WeatherClass
from layers.scoring.release_scenarios import Outflow

EQUAL_AREA = math.sqrt(math.pi / 2)
"""Half width, in sigmas, of a uniform cloud that holds what a Gaussian one does."""
MIN_S = 60.0
OPEN_COUNTRY = dispersion.TERRAINS[0]


@dataclass(frozen=True)
class Cloud:
    """A cloud by distance downwind: peak kg/m3, how long it stays, half width; `sigma_m` where it is Gaussian.

    `at_once` is the cloud that the whole of a lasting leak would make at once: from afar no leak acts worse than that.
    """

    peak_kg_m3: Floats
    minutes: Floats
    half_width_m: Floats
    sigma_m: Floats | None
    upwind_m: float
    mass_kg: float
    rate_kg_s: float
    wind_m_s: float
    at_once: Cloud | None = None


def clouds_of(
    flow: Outflow, chemical: Chemical, vessel_kg: float, weather: WeatherClass, terrain: str
) -> tuple[Cloud, ...]:
    """The cloud of what stays in the air and that of the pool; together one plume where both are continuous."""
    pool_kg_s = _pool_kg_s(flow, chemical, vessel_kg, weather)
    if chemical.state == "liquid":
        share = min(1.0, chemical.vapour_pressure_pa / assumed("ambient_pressure"))
        air = assumed("air_density")
        density = air + (chemical.vapour_density_kg_m3 - air) * share
        source = chemical.vapour_density_kg_m3 * share
        return (_plume(pool_kg_s, assumed("release_time_max"), source, density, weather, terrain),)
    if flow.rate_kg_s:
        rate = flow.rate_kg_s * flow.airborne + pool_kg_s
        return (_plume(rate, flow.duration_s, flow.source_kg_m3, flow.density_kg_m3, weather, terrain),)
    puff = _puff(flow.mass_kg * flow.airborne, flow.source_kg_m3, flow.density_kg_m3, weather, terrain)
    if pool_kg_s == 0:
        return (puff,)
    vapour = chemical.vapour_density_kg_m3
    return puff, _plume(pool_kg_s, assumed("release_time_max"), vapour, vapour, weather, terrain)


def _pool_kg_s(flow: Outflow, chemical: Chemical, vessel_kg: float, weather: WeatherClass) -> float:
    """Evaporation of the pool, never more than what reaches the ground."""
    fallen_kg = flow.mass_kg * (1 - flow.airborne)
    if fallen_kg <= 0:
        return 0.0
    area = pool_m2(fallen_kg, chemical, vessel_kg)
    supply = flow.rate_kg_s * (1 - flow.airborne) or fallen_kg / assumed("release_time_max")
    if chemical.state == "liquid":
        rate = pools.evaporation_kg_s(
            area,
            wind_m_s=weather.wind_m_s,
            vapour_pressure_pa=chemical.vapour_pressure_pa,
            molar_mass_kg_mol=chemical.molar_mass_kg_mol,
            temperature_k=assumed("ambient_temperature"),
        )
        supply = fallen_kg / assumed("release_time_max")
    else:
        rate = pools.boiling_kg_s(
            area,
            boiling_k=chemical.boiling_point_k,
            ground_k=assumed("ambient_temperature"),
            heat_of_vaporisation_j_kg=chemical.heat_of_vaporisation_j_kg,
            duration_s=assumed("release_time_max"),
        )
    return min(rate, supply)


def pool_m2(fallen_kg: float, chemical: Chemical, vessel_kg: float) -> float:
    bund = vessel_kg / chemical.liquid_density_kg_m3 / assumed("bund_depth")
    bund_m2 = max(bund, assumed("bund_area_min"))
    return pools.pool_area_m2(fallen_kg / chemical.liquid_density_kg_m3, bund_m2=bund_m2)


def _is_dense(density_kg_m3: float) -> bool:
    return density_kg_m3 >= assumed("dense_density_ratio") * assumed("air_density")


def _plume(
    rate_kg_s: float,
    duration_s: float,
    source_kg_m3: float,
    density_kg_m3: float,
    weather: WeatherClass,
    terrain: str,
) -> Cloud:
    """A leak that lasts: a plume, and from where it has passed as a whole the puff of all that came out."""
    plume = _lasting(rate_kg_s, duration_s, source_kg_m3, density_kg_m3, weather, terrain)
    if rate_kg_s <= 0:
        return plume
    at_once = _puff(rate_kg_s * duration_s, source_kg_m3, density_kg_m3, weather, terrain)
    return dataclasses.replace(plume, at_once=at_once)


def _lasting(
    rate_kg_s: float,
    duration_s: float,
    source_kg_m3: float,
    density_kg_m3: float,
    weather: WeatherClass,
    terrain: str,
) -> Cloud:
    sigma, _ = dispersion.spreads_m(RADII_M, weather.stability, terrain)
    minutes = np.full(len(RADII_M), duration_s / MIN_S)
    wind = weather.wind_m_s
    if rate_kg_s > 0 and _is_dense(density_kg_m3):
        source = dense_gas.dense_source(
            "continuous", rate_kg_s / source_kg_m3, density_kg_m3=density_kg_m3, wind_m_s=wind
        )
        return _dense(source, source_kg_m3, minutes, weather, rate_kg_s * duration_s, rate_kg_s)
    x = np.maximum(RADII_M, dispersion.LEAST_DISTANCE_M)
    peak = dispersion.plume_kg_m3(rate_kg_s, x, wind_m_s=wind, stability=weather.stability, terrain=terrain)
    peak = np.minimum(peak, source_kg_m3)
    return Cloud(peak, minutes, EQUAL_AREA * sigma, sigma, 0.0, rate_kg_s * duration_s, rate_kg_s, wind)


def _puff(
    mass_kg: float, source_kg_m3: float, density_kg_m3: float, weather: WeatherClass, terrain: str
) -> Cloud:
    sigma, _ = dispersion.spreads_m(RADII_M, weather.stability, terrain)
    wind = weather.wind_m_s
    if _is_dense(density_kg_m3):
        source = dense_gas.dense_source(
            "instantaneous", mass_kg / source_kg_m3, density_kg_m3=density_kg_m3, wind_m_s=wind
        )
        passing = 2 * dense_gas.half_width_m(source, RADII_M) / (coefficient("dense_drift_share") * wind)
        return _dense(source, source_kg_m3, passing / MIN_S, weather, mass_kg, 0.0)
    peak = dispersion.puff_peak_kg_m3(mass_kg, RADII_M, stability=weather.stability, terrain=terrain)
    minutes = math.sqrt(2 * math.pi) * sigma / wind / MIN_S
    return Cloud(np.minimum(peak, source_kg_m3), minutes, EQUAL_AREA * sigma, sigma, 0.0, mass_kg, 0.0, wind)


def _dense(
    source: dense_gas.DenseSource,
    source_kg_m3: float,
    minutes: Floats,
    weather: WeatherClass,
    mass_kg: float,
    rate_kg_s: float,
) -> Cloud:
    """A heavy cloud, as over open country whatever the terrain.

    The correlation was made over open ground; the wider spreads of a town would widen the cloud without thinning it.
    """
    sigma_m, _ = dispersion.spreads_m(RADII_M, weather.stability, OPEN_COUNTRY)
    peak = source_kg_m3 * dense_gas.relative_concentration(source, RADII_M)
    width = np.maximum(dense_gas.half_width_m(source, RADII_M), EQUAL_AREA * sigma_m)
    return Cloud(peak, minutes, width, None, dense_gas.upwind_m(source), mass_kg, rate_kg_s, source.wind_m_s)
