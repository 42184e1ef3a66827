"""The long-lived parts of the server, made once a process and found again by every view."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Flask, current_app

from app.database import Database
from app.editions import EditionMemory
from app.first_picture.pictures import FirstPictures
from app.frames import FrameMemory
from app.initials import InitialsMemory
from app.layer_list import Designs
from app.risk_memory import RiskMemory
from app.seen import SeenEditions
from app.surroundings import SurroundingsMemory
from app.tile_store import TileStore
from app.turns import Turns
from app.what_if import CountyMemory
from layers.catalog import Catalog, load_catalog
from layers.scoring.rules import RuleSet, read_rules

NAME = "riskatlas"
PICTURE_MEMORY_BYTES = 16 * 2**20
CHECKS_AT_ONCE = 1
"""Siting checks that one process works on at the same time: what it does in Python it does one after the other anyway."""


@dataclass(frozen=True)
class Parts:
    """What the views work with."""

    home: Path
    front_end: Path
    catalog: Catalog
    designs: Designs
    database: Database
    editions: EditionMemory
    seen: SeenEditions
    tiles: TileStore
    first_pictures: FirstPictures
    frames: FrameMemory
    surroundings: SurroundingsMemory
    rules: RuleSet
    counties: CountyMemory
    risks: RiskMemory
    initials: InitialsMemory
    check_turns: Turns


def init_app(app: Flask) -> None:
    """Make the parts from the settings."""
    settings = app.config
    catalog = load_catalog(Path(settings["LAYERS_DIR"]))
    home = Path(settings["HOME"])
    frames, rules = FrameMemory(catalog), read_rules()
    risks = RiskMemory(frames)
    tiles = TileStore(home / "tiles", memory_bytes=settings["TILE_MEMORY_MB"] * 2**20)
    app.extensions[NAME] = Parts(
        home=home,
        front_end=Path(settings["FRONT_END_DIR"]),
        catalog=catalog,
        designs=Designs(catalog),
        database=Database(
            settings["DATABASE_URL"],
            pool_size=settings["POOL_SIZE"],
            statement_timeout_s=settings["STATEMENT_TIMEOUT_S"],
        ),
        editions=EditionMemory(catalog),
        seen=SeenEditions(catalog),
        tiles=tiles,
        first_pictures=FirstPictures(catalog, tiles, memory_bytes=PICTURE_MEMORY_BYTES),
        frames=frames,
        surroundings=SurroundingsMemory(frames, rules),
        rules=rules,
        counties=CountyMemory(catalog, frames, rules, home, risks),
        risks=risks,
        initials=InitialsMemory(catalog),
        check_turns=Turns(CHECKS_AT_ONCE),
    )


def parts() -> Parts:
    """The parts of the server that answers this request."""
    found: Parts = current_app.extensions[NAME]
    return found
