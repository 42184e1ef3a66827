"""What one scenario does around its source under one weather: deaths by distance and by angle off the wind.

Footprints stand on fixed radii and angles, the same for every unit, so that they add up cell for cell and more of
a substance never lowers a value between two nodes.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from layers.scoring.consequence import (
    dense_gas,
    dispersion,
    explosions,
    fires,
    light_gas,
    pools,
    vulnerability,
)
from layers.scoring.consequence.inputs import GAS_CONSTANT_J_MOL_K, Floats, assumed, coefficient
from layers.scoring.consequence.properties import Chemical
from layers.scoring.footprint_grid import N_HALF, RADII_M, gaussian_death, uniform_death
from layers.scoring.frequencies import (
    WeatherClass,
    cloud_split,
    delayed_ignition,
    direct_ignition,
    ignition_subject,
)
from layers.scoring.release_scenarios import Outflow, outflow

LEAST_DEATH = 1e-6
"""Probabilities below this count as none."""
PLANT = "chemical_plant_site"
EQUAL_AREA = math.sqrt(math.pi / 2)
"""Half width, in sigmas, of a uniform cloud that holds what a Gaussian one does."""
MIN_S = 60.0
OPEN_COUNTRY = dispersion.TERRAINS[0]


@dataclass(frozen=True)
class Outcome:
    """One end of the event tree: its probability given the leak, and deaths out of doors and indoors.

    `death` holds for a person outdoors without protection (individual risk), `outdoors` and `indoors` for the
    people of societal risk (AQ/T 3046-2013 table 10); shape (radii, `N_HALF`).
    """

    kind: str
    probability: float
    death: Floats
    outdoors: Floats
    indoors: Floats


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


def ends_of_leak(
    leak: str, chemical: Chemical, vessel_kg: float, weather: WeatherClass, terrain: str, bore_m: float
) -> tuple[Outcome, ...]:
    """Every end of the event tree of a leak: fire, flash fire, explosion, poison; `leak_ends.outcomes` remembers them.

    Immediate ignition gives a fireball, a jet or a pool fire; a cloud that ignites late, at its full size, a flash fire
    or an explosion at the plant; poison acts where nothing burns. A poison gas of low reactivity (ammonia,
    carbon monoxide) is taken as poison alone.
    """
    flow = outflow(leak, chemical, vessel_kg, bore_m)
    clouds = _clouds(flow, chemical, vessel_kg, weather, terrain)
    gas = vulnerability.toxic_probit(chemical.cas)
    subject = ignition_subject(chemical.cas, chemical.state)
    found = []
    unburnt = 1.0
    if burns(chemical):
        amount = flow.rate_kg_s or flow.mass_kg
        release = "continuous" if flow.rate_kg_s else "instantaneous"
        at_once = direct_ignition(subject, release, amount)
        late = (1 - at_once) * delayed_ignition(PLANT)
        unburnt = 1 - at_once - late
        flash, blast = cloud_split()
        found.append(_heat(at_once, _fire(flow, chemical, vessel_kg)))
        reach = _light_gas(flow, chemical) if _is_light(chemical) else _flammable(clouds, chemical)
        if reach is not None:
            inside, cloud_kg = reach
            found.append(Outcome("flash_fire", late * flash, inside, inside, inside))
            found.append(_blast(late * blast, cloud_kg, chemical))
    if gas is not None:
        death = np.maximum.reduce([_poison(cloud, gas) for cloud in clouds])
        found.append(Outcome("toxic", unburnt, death, death, assumed("toxic_indoor_factor") * death))
    return tuple(found)


def _clouds(
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
    area = _pool_m2(fallen_kg, chemical, vessel_kg)
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


def _pool_m2(fallen_kg: float, chemical: Chemical, vessel_kg: float) -> float:
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


def _fire(flow: Outflow, chemical: Chemical, vessel_kg: float) -> tuple[Floats, Floats | None]:
    """Deaths by the heat of what ignites at once: by distance, and inside a jet flame by angle too."""
    longest = assumed("exposure_heat_max")
    if chemical.state != "liquid" and not flow.rate_kg_s:
        mass = flow.mass_kg * flow.airborne
        flux = fires.fireball_w_m2(RADII_M, mass_kg=mass, heat_of_combustion_j_kg=chemical.heat_of_combustion_j_kg)
        return vulnerability.heat_death(flux, fires.fireball_duration_s(mass)), None
    flux = _lasting_flux_w_m2(flow, chemical, vessel_kg)
    if chemical.state == "liquid":
        in_flame = RADII_M <= _pool_diameter_m(flow, chemical, vessel_kg) / 2
        return np.where(in_flame, 1.0, vulnerability.heat_death(flux, longest)), None
    length = fires.jet_flame_length_m(flow.rate_kg_s, chemical.heat_of_combustion_j_kg)
    width = np.full(len(RADII_M), assumed("flame_half_width") * length)
    inside = _uniform((RADII_M <= length).astype(np.float64), width, 0.0)
    return vulnerability.heat_death(flux, longest), inside


def _lasting_flux_w_m2(flow: Outflow, chemical: Chemical, vessel_kg: float) -> Floats:
    """Heat by distance of a fire that lasts: a pool's, or a jet's."""
    heat = chemical.heat_of_combustion_j_kg
    if chemical.state != "liquid":
        x = np.maximum(RADII_M, 1.0)
        return fires.jet_fire_w_m2(x, rate_kg_s=flow.rate_kg_s, heat_of_combustion_j_kg=heat)
    rate = fires.burning_rate_kg_m2_s(
        heat_of_combustion_j_kg=heat,
        heat_of_vaporisation_j_kg=chemical.heat_of_vaporisation_j_kg,
        heat_capacity_j_kg_k=chemical.liquid_heat_capacity_j_kg_k or 1.0,
        boiling_k=chemical.boiling_point_k,
        ambient_k=assumed("ambient_temperature"),
    )
    diameter = _pool_diameter_m(flow, chemical, vessel_kg)
    return fires.pool_fire_w_m2(RADII_M, diameter_m=diameter, burning_kg_m2_s=rate, heat_of_combustion_j_kg=heat)


def _pool_diameter_m(flow: Outflow, chemical: Chemical, vessel_kg: float) -> float:
    return 2 * math.sqrt(_pool_m2(flow.mass_kg, chemical, vessel_kg) / math.pi)


def lasting_fire_w_m2(leak: str, chemical: Chemical, vessel_kg: float, bore_m: float = 0.0) -> Floats | None:
    """Heat at `RADII_M` of the pool or jet fire of a leak; None where it does not burn, or in a fireball's seconds."""
    flow = outflow(leak, chemical, vessel_kg, bore_m)
    if not burns(chemical) or (chemical.state != "liquid" and not flow.rate_kg_s):
        return None
    return _lasting_flux_w_m2(flow, chemical, vessel_kg)


def exploding_kg(
    leak: str, chemical: Chemical, vessel_kg: float, weather: WeatherClass, terrain: str, bore_m: float = 0.0
) -> float:
    """Mass of the cloud of a leak that may explode; 0 where it does not burn."""
    flow = outflow(leak, chemical, vessel_kg, bore_m)
    if not burns(chemical):
        return 0.0
    reach = (
        _light_gas(flow, chemical)
        if _is_light(chemical)
        else _flammable(_clouds(flow, chemical, vessel_kg, weather, terrain), chemical)
    )
    return reach[1] if reach is not None else 0.0


def burns(chemical: Chemical) -> bool:
    """Flammable, and no poison gas of low reactivity (ammonia, carbon monoxide), which is taken as poison alone."""
    gas = vulnerability.toxic_probit(chemical.cas)
    subject = ignition_subject(chemical.cas, chemical.state)
    return chemical.is_flammable and not (gas is not None and subject == "gas_low")


def _heat(probability: float, fire: tuple[Floats, Floats | None]) -> Outcome:
    by_distance, inside = fire
    column = np.where(by_distance < LEAST_DEATH, 0.0, by_distance)[:, None]
    death = column if inside is None else np.maximum(column, inside)
    is_certain = death >= 1
    outdoors = np.where(is_certain, 1.0, assumed("heat_outdoor_factor") * death)
    shape = (len(RADII_M), N_HALF)
    alike = (np.broadcast_to(values, shape) for values in (death, outdoors, is_certain.astype(np.float64)))
    return Outcome("fire", probability, *alike)


def _flammable(clouds: tuple[Cloud, ...], chemical: Chemical) -> tuple[Floats, float] | None:
    """Where the cloud may burn (1 inside), and the mass that explodes; None where it never reaches the limit."""
    limit = _limit_kg_m3(chemical)
    inside, most_kg = np.zeros((len(RADII_M), N_HALF)), 0.0
    for cloud in clouds:
        is_rich = cloud.peak_kg_m3 >= limit
        if not is_rich.any() or cloud.mass_kg <= 0:
            continue
        burning = _burning(cloud, limit)
        if cloud.at_once is not None:
            burning = np.minimum(burning, _burning(cloud.at_once, limit))
            is_rich = is_rich & (cloud.at_once.peak_kg_m3 >= limit)
            if not is_rich.any():
                continue
        inside = np.maximum(inside, burning)
        filled_s = RADII_M[is_rich].max() / cloud.wind_m_s
        held = min(cloud.mass_kg, cloud.rate_kg_s * filled_s) if cloud.rate_kg_s else cloud.mass_kg
        most_kg = max(most_kg, held)
    return (inside, most_kg) if most_kg > 0 else None


def _burning(cloud: Cloud, limit_kg_m3: float) -> Floats:
    """1 where a cloud is rich enough to burn, by distance and angle."""
    width = cloud.half_width_m
    if cloud.sigma_m is not None:
        ratio = np.maximum(cloud.peak_kg_m3 / limit_kg_m3, 1.0)
        width = cloud.sigma_m * np.sqrt(2 * np.log(ratio))
    return _uniform((cloud.peak_kg_m3 >= limit_kg_m3).astype(np.float64), width, cloud.upwind_m)


def _is_light(chemical: Chemical) -> bool:
    """Gases that rise: their clouds stay at the ground only as far as the leak itself pushes them."""
    lightest = assumed("light_gas_density_ratio") * assumed("air_density")
    return chemical.state == "gas" and chemical.vapour_density_kg_m3 <= lightest


def _light_gas(flow: Outflow, chemical: Chemical) -> tuple[Floats, float] | None:
    """Where a gas that rises may burn, and the mass of it: its free jet, or what mixes in place before it rises."""
    limit = _limit_kg_m3(chemical)
    if limit <= 0:
        return None
    if not flow.rate_kg_s:
        radius = light_gas.mixed_radius_m(flow.mass_kg, limit)
        near = (RADII_M <= radius).astype(np.float64)
        return np.tile(near[:, None], (1, N_HALF)), flow.mass_kg
    jet = light_gas.free_jet(
        flow.rate_kg_s,
        limit_kg_m3=limit,
        molar_mass_kg_mol=chemical.molar_mass_kg_mol,
        heat_capacity_ratio=chemical.heat_capacity_ratio or assumed("heat_capacity_ratio"),
    )
    width = np.full(len(RADII_M), assumed("flame_half_width") * jet.reach_m)
    inside = _uniform((RADII_M <= jet.reach_m).astype(np.float64), width, 0.0)
    return inside, min(flow.mass_kg, flow.rate_kg_s * jet.filled_s)


def _limit_kg_m3(chemical: Chemical) -> float:
    """Lower flammable limit as mass in a volume of air; 0 where none is known."""
    return (
        (chemical.lower_flammable_limit or 0.0)
        * assumed("ambient_pressure")
        * chemical.molar_mass_kg_mol
        / (GAS_CONSTANT_J_MOL_K * assumed("ambient_temperature"))
    )


def _blast(probability: float, cloud_kg: float, chemical: Chemical) -> Outcome:
    """The cloud explodes at the plant, where obstacles make blasts, not at its middle; the worse of the models in use."""
    by_model = explosions.vapour_cloud_pa(
        np.maximum(RADII_M, 1.0), cloud_kg=cloud_kg, heat_of_combustion_j_kg=chemical.heat_of_combustion_j_kg
    )
    pressure = np.maximum.reduce(list(by_model.values()))
    shape = (len(RADII_M), N_HALF)
    death = np.broadcast_to(vulnerability.blast_death(pressure)[:, None], shape)
    indoors = np.broadcast_to(vulnerability.indoor_blast_death(pressure)[:, None], shape)
    return Outcome("explosion", probability, death, death, indoors)


def _poison(cloud: Cloud, gas: vulnerability.Probit) -> Floats:
    """Deaths by a cloud's poison; a leak that ends is nowhere worse than the same amount at once."""
    death = _poison_of(cloud, gas)
    return death if cloud.at_once is None else np.minimum(death, _poison_of(cloud.at_once, gas))


def _poison_of(cloud: Cloud, gas: vulnerability.Probit) -> Floats:
    value = vulnerability.toxic_value(gas, cloud.peak_kg_m3, cloud.minutes)
    if cloud.sigma_m is None:
        death = vulnerability.death_probability(value)
        return _uniform(np.where(death < LEAST_DEATH, 0.0, death), cloud.half_width_m, cloud.upwind_m)
    return np.asarray(gaussian_death(RADII_M, value, cloud.sigma_m, gas.b * gas.n, LEAST_DEATH))


def _uniform(death: Floats, half_width_m: Floats, upwind_m: float) -> Floats:
    return np.asarray(uniform_death(RADII_M, death, half_width_m, upwind_m))
