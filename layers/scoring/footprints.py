"""What one scenario does around its source under one weather: deaths by distance and by angle off the wind.

Footprints stand on fixed radii and angles, the same for every unit, so that they add up cell for cell and more of
a substance never lowers a value between two nodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from layers.scoring.clouds import Cloud, clouds_of, pool_m2
from layers.scoring.consequence import explosions, fires, light_gas, vulnerability
from layers.scoring.consequence.inputs import GAS_CONSTANT_J_MOL_K, Floats, assumed
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


def ends_of_leak(
    leak: str, chemical: Chemical, vessel_kg: float, weather: WeatherClass, terrain: str, bore_m: float
) -> tuple[Outcome, ...]:
    """Every end of the event tree of a leak: fire, flash fire, explosion, poison; `leak_ends.outcomes` remembers them.

    Immediate ignition gives a fireball, a jet or a pool fire; a cloud that ignites late, at its full size, a flash fire
    or an explosion at the plant; poison acts where nothing burns. A poison gas of low reactivity (ammonia,
    carbon monoxide) is taken as poison alone.
    """
    flow = outflow(leak, chemical, vessel_kg, bore_m)
    clouds = clouds_of(flow, chemical, vessel_kg, weather, terrain)
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
    return 2 * math.sqrt(pool_m2(flow.mass_kg, chemical, vessel_kg) / math.pi)


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
        else _flammable(clouds_of(flow, chemical, vessel_kg, weather, terrain), chemical)
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
