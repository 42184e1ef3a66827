"""The whole county, built step by step; each subject from its own stream of random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from data.sample.accidents import build_accidents, build_police_list
from data.sample.buildings import build_buildings
from data.sample.enterprises import build_enterprises
from data.sample.hamlets import build_hamlets
from data.sample.hazards import build_units
from data.sample.land_use import build_land_use
from data.sample.lattices import Lattice, build_lattices
from data.sample.markers import build_markers
from data.sample.noise import stream
from data.sample.offices import build_contours, build_declared_levels, build_hidden_dangers
from data.sample.open_ground import OpenGround
from data.sample.pipelines import build_industrial, build_stations, build_transmission
from data.sample.planted import build_planted
from data.sample.protected import (
    build_nature_areas,
    build_planned_prohibitions,
    build_water_sources,
)
from data.sample.railways import build_railways
from data.sample.reports import build_official_distances
from data.sample.roads import build_roads
from data.sample.routing import build_graph
from data.sample.services import build_fire_stations, build_parks, build_power_lines
from data.sample.shops import build_fireworks_shops
from data.sample.sites import build_sites
from data.sample.size import Size
from data.sample.stored import build_fuel_station_equipment, build_open_flame_places, build_storage_tanks, build_substations
from data.sample.targets import build_gathering_places, build_public_sites, build_villages
from data.sample.terrain import Terrain, build_terrain
from data.sample.towns import Towns, build_towns
from data.sample.wells import build_wells

PIPE_CLEARANCE_M = 14.0
POWER_CLEARANCE_M = {220.0: 23.0, 110.0: 15.0}


@dataclass(frozen=True)
class Ground:
    """The land and what lies along or across it; geometries in metres of the plane."""

    terrain: Terrain
    towns: Towns
    lattices: dict[str, Lattice]
    hamlets: pd.DataFrame
    roads: pd.DataFrame
    transmission: pd.DataFrame
    industrial: pd.DataFrame
    power_lines: pd.DataFrame


@dataclass(frozen=True)
class County(Ground):
    """Everything that exists up to the last delivery; true values, no faults."""

    sites: pd.DataFrame
    buildings: pd.DataFrame
    villages: pd.DataFrame
    public_sites: pd.DataFrame
    gathering_places: pd.DataFrame
    units: pd.DataFrame
    chemicals: pd.DataFrame
    enterprises: pd.DataFrame
    accidents: pd.DataFrame
    black_spots: pd.DataFrame
    police_list: pd.DataFrame
    stations: pd.DataFrame
    markers: pd.DataFrame
    fire_stations: pd.DataFrame
    parks: pd.DataFrame
    hidden_dangers: pd.DataFrame
    declared_levels: pd.DataFrame
    contours: pd.DataFrame
    official_distances: pd.DataFrame
    water_sources: pd.DataFrame
    nature_areas: pd.DataFrame
    planned_prohibitions: pd.DataFrame
    railways: pd.DataFrame
    fuel_station_equipment: pd.DataFrame
    storage_tanks: pd.DataFrame
    substations: pd.DataFrame
    oil_gas_wells: pd.DataFrame
    fireworks_shops: pd.DataFrame
    land_use: pd.DataFrame
    open_flame_places: pd.DataFrame


def build_county(seed: int, size: Size, progress: Callable[[str], None]) -> County:
    """The county of one seed and size."""
    progress("terrain, towns, roads and pipelines")
    ground = build_ground(seed, size)
    progress("plots and buildings")
    sites = _sites(ground, seed)
    buildings = _buildings(ground, sites, seed, size)
    progress("enterprises, hazards and targets")
    villages = build_villages(buildings, ground.hamlets, ground.lattices)
    places = build_gathering_places(stream(seed, "targets"), buildings, ground.lattices, ground.towns)
    units, chemicals = build_units(stream(seed, "hazards"), sites, buildings, villages)
    enterprises, units, chemicals = build_enterprises(
        stream(seed, "enterprises"),
        sites,
        buildings,
        ground.lattices,
        ground.towns,
        places,
        units,
        chemicals,
        size,
    )
    accidents, spots = build_accidents(stream(seed, "accidents"), ground.roads, ground.towns, size)
    public_sites = build_public_sites(
        stream(seed, "targets"), buildings, ground.transmission, ground.hamlets, ground.towns
    )
    offices, parks = stream(seed, "offices"), build_parks(ground.lattices)
    return County(
        **{field.name: getattr(ground, field.name) for field in fields(Ground)},
        sites=sites,
        buildings=buildings,
        villages=villages,
        public_sites=public_sites,
        gathering_places=places,
        units=units,
        chemicals=chemicals,
        enterprises=enterprises,
        accidents=accidents,
        black_spots=spots,
        police_list=build_police_list(
            stream(seed, "accidents"), accidents, spots, ground.roads, ground.towns
        ),
        stations=build_stations(ground.transmission),
        markers=build_markers(ground.transmission),
        fire_stations=build_fire_stations(ground.lattices),
        parks=parks,
        hidden_dangers=build_hidden_dangers(offices, enterprises),
        declared_levels=build_declared_levels(offices, enterprises),
        contours=build_contours(units),
        official_distances=build_official_distances(units),
        water_sources=build_water_sources(ground.terrain, ground.transmission),
        nature_areas=build_nature_areas(ground.terrain, ground.transmission),
        planned_prohibitions=build_planned_prohibitions(parks),
        **_judged_by_distance(ground, seed, sites, buildings, public_sites, enterprises, units, chemicals),
    )


def _judged_by_distance(
    ground: Ground,
    seed: int,
    sites: pd.DataFrame,
    buildings: pd.DataFrame,
    public_sites: pd.DataFrame,
    enterprises: pd.DataFrame,
    units: pd.DataFrame,
    chemicals: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """What rules of distance speak of; made last, so that everything else stays where it is."""
    railways = build_railways(ground.terrain, ground.lattices, ground.towns.outline, buildings, sites)
    stations = stream(seed, "stored")
    equipment = build_fuel_station_equipment(stations, enterprises, sites)
    walls, plots = buildings["geometry"].to_numpy(), sites["geometry"].to_numpy()
    houses = buildings.loc[(buildings["use"] == "residential") & ~buildings["case"].notna(), "geometry"].to_numpy()
    schools = public_sites.loc[public_sites["category"] == "school", "geometry"].to_numpy()
    crowded = public_sites.loc[public_sites["category"].isin(["school", "kindergarten", "hospital"]), "geometry"].to_numpy()
    in_the_way = [
        (ground.roads["geometry"].to_numpy(), 25.0), (ground.transmission["geometry"].to_numpy(), 30.0), (plots, 20.0),
        (np.array([ground.terrain.water]), 30.0), (ground.power_lines["geometry"].to_numpy(), 40.0),
    ]  # fmt: skip
    tracks = railways["geometry"].to_numpy()
    apart = OpenGround(ground.towns.outline, [*in_the_way, (walls, 150.0), (schools, 620.0), (tracks, 320.0)])
    near = OpenGround(ground.towns.outline, [*in_the_way, (walls, 89.0), (schools, 465.0), (tracks, 175.0)])
    edges = OpenGround(ground.towns.outline, [*in_the_way[1:], (walls, 5.0), (ground.roads["geometry"].to_numpy(), 12.0)])
    return {
        "railways": railways,
        "fuel_station_equipment": equipment,
        "storage_tanks": build_storage_tanks(stations, enterprises, units, chemicals, equipment, buildings),
        "substations": build_substations(sites, ground.lattices, equipment, buildings),
        "oil_gas_wells": build_wells(stream(seed, "wells"), near, apart, {"house": houses, "school": schools, "railway": tracks}),
        "fireworks_shops": build_fireworks_shops(stream(seed, "shops"), edges, ground.lattices, crowded, houses),
        "land_use": build_land_use(stream(seed, "land_use"), ground.lattices),
        "open_flame_places": build_open_flame_places(equipment, buildings),
    }


def build_ground(seed: int, size: Size) -> Ground:
    """Terrain, towns, street grids, hamlets, and the lines that find their way between them."""
    terrain = build_terrain(stream(seed, "terrain"), size)
    towns = build_towns(stream(seed, "towns"), terrain)
    lattices = build_lattices(stream(seed, "lattices"), terrain)
    graph = build_graph(stream(seed, "roads"), terrain, towns, lattices, cell_m=size.route_cell_m)
    hamlets = build_hamlets(stream(seed, "settlements"), terrain, towns, lattices, graph, size)
    return Ground(
        terrain=terrain,
        towns=towns,
        lattices=lattices,
        hamlets=hamlets,
        roads=build_roads(stream(seed, "roads"), graph, towns, lattices, hamlets, size),
        transmission=build_transmission(graph, towns, hamlets),
        industrial=build_industrial(stream(seed, "pipelines"), lattices, size),
        power_lines=build_power_lines(stream(seed, "services"), towns.outline),
    )


def _sites(ground: Ground, seed: int) -> pd.DataFrame:
    return build_sites(
        stream(seed, "enterprises"),
        ground.terrain,
        ground.towns,
        ground.lattices,
        ground.hamlets,
        ground.roads,
        ground.transmission,
    )


def _buildings(ground: Ground, sites: pd.DataFrame, seed: int, size: Size) -> pd.DataFrame:
    """Buildings, kept off pipelines and power lines but for the planted ones."""
    corridors = [
        (lines["geometry"].to_numpy(), PIPE_CLEARANCE_M) for lines in (ground.transmission, ground.industrial)
    ]
    corridors += [
        (np.array([line]), POWER_CLEARANCE_M[voltage_kv])
        for line, voltage_kv in zip(ground.power_lines["geometry"], ground.power_lines["voltage_kv"])
    ]
    return build_buildings(
        stream(seed, "settlements"),
        ground.terrain,
        ground.towns,
        ground.lattices,
        ground.hamlets,
        ground.roads,
        corridors,
        sites,
        build_planted(ground.transmission, ground.hamlets, ground.roads),
        n_wanted=size.n_buildings,
    )
