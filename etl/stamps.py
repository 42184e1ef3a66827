"""What a stage's result rests on besides its data: its code, its rule tables, the libraries, the area, the date."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from etl.code_files import ROOT, code_files
from etl.stages.stage import Stage
from layers.catalog import LAYERS_DIR, Area
from layers.scoring.rule_tables import RULES_DIR

RECORDED_LIBRARIES = ("numpy", "shapely", "geopandas", "pyproj", "numba", "rasterio", "pandas", "scipy", "chemicals")


def rule_files(stage: Stage) -> list[Path]:
    """The rule tables that a stage reads."""
    found = {path for pattern in stage.rules for path in RULES_DIR.glob(pattern)}
    return sorted(path for path in found if path.suffix in (".csv", ".toml"))


def code_stamp(stage: Stage, area: Area, outline: BaseGeometry) -> str:
    """Hash of a stage's code, declarations, libraries and area: results of one stamp are made in one way."""
    declared = tuple(sorted({*stage.layers, *stage.results}))
    parts: list[Any] = [_code_and_layers(stage.run.__module__, declared), library_versions(), dataclasses.asdict(area), shapely.to_wkb(outline, hex=True)]
    return _hash_of(parts)


def library_versions() -> dict[str, str]:
    """Versions of the libraries that decide results."""
    return {name: _version(name) for name in RECORDED_LIBRARIES}


@lru_cache(maxsize=32)
def _version(library: str) -> str:
    """As this process first asked for it: that is what it runs."""
    return metadata.version(library)


@lru_cache(maxsize=256)
def _code_and_layers(module: str, layer_ids: tuple[str, ...]) -> str:
    """Hash of a module's code and of layers' declarations, as they were when this process first asked: that is what it runs."""
    return _hash_of_files([*code_files(module), *(LAYERS_DIR / name / "layer.toml" for name in layer_ids)])


def rules_stamp(stage: Stage) -> str:
    """Hash of the rule tables that a stage reads."""
    return _hash_of_files(rule_files(stage))


def code_hash() -> str:
    """Hash of the scoring functions, the stages, every rule table and every declaration of a layer."""
    folders = (LAYERS_DIR / "scoring", ROOT / "etl" / "stages")
    paths = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".csv", ".toml"))
    paths += sorted(LAYERS_DIR.glob("*/layer.toml"))
    return hashlib.sha256(b"\x00".join(path.read_bytes() for path in paths)).hexdigest()


def installation_hash() -> str:
    """Hash of code, rules and libraries: two machines of one hash compute the same bits."""
    return _hash_of([code_hash(), library_versions()])


@lru_cache(maxsize=1)
def code_hash_held() -> str:
    """`code_hash` as this process first asked for it: tables once read are held in memory for its whole life."""
    return code_hash()


def _hash_of_files(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        if path.exists():
            total.update(str(path.relative_to(ROOT)).encode() + b"\x00" + path.read_bytes() + b"\x00")
    return total.hexdigest()


def _hash_of(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str, sort_keys=True).encode()).hexdigest()
