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
from data.sample.lattices import Lattice, build_lattices
from data.sample.markers import build_markers
from data.sample.noise import stream
from data.sample.offices import build_contours, build_declared_levels, build_hidden_dangers
from data.sample.pipelines import build_industrial, build_stations, build_transmission
from data.sample.planted import build_planted
from data.sample.protected import (
    build_nature_areas,
    build_planned_prohibitions,
    build_water_sources,
)
from data.sample.reports import build_official_distances
from data.sample.roads import build_roads
from data.sample.routing import build_graph
from data.sample.services import build_fire_stations, build_parks, build_power_lines
from data.sample.sites import build_sites
from data.sample.size import Size
from data.sample.targets import build_gathering_places, build_public_sites, build_villages
from data.sample.terrain import Terrain, build_terrain
from data.sample.towns import Towns, build_towns

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
    offices, parks = stream(seed, "offices"), build_parks(ground.lattices)
    return County(
        **{field.name: getattr(ground, field.name) for field in fields(Ground)},
        sites=sites,
        buildings=buildings,
        villages=villages,
        public_sites=build_public_sites(
            stream(seed, "targets"), buildings, ground.transmission, ground.hamlets, ground.towns
        ),
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
    )


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
