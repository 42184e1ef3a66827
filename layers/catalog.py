"""Reads the declarations (layer.toml, area.toml) into frozen dataclasses; everything else follows from these.

A new layer is a new folder below `layers/` holding a `layer.toml`; unknown keys are errors, so that a
misspelt one cannot silently do nothing.
"""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Iterator, Mapping, TypeVar

from layers.errors import CatalogError, UnknownLayerError

if TYPE_CHECKING:
    import pyproj

LAYERS_DIR = Path(__file__).parent
FIELD_TYPES = ("text", "integer", "number", "boolean", "date", "timestamp", "json")
GEOMETRIES = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "MultiPolygon", "Geometry", "Raster", "None",
)
GROUPS = ("risk", "objects", "base")
TERRAINS = ("rural", "urban")
LEVELS = ("red", "orange", "yellow", "blue", "unrated")
"""Risk levels, worst first; `unrated` is no level of danger at all."""

T = TypeVar("T")


@dataclass(frozen=True)
class Code:
    """One entry of a closed code list."""

    code: str
    zh: str
    en: str


@dataclass(frozen=True)
class Field:
    """One attribute of a layer: a column, a table heading, a line of the identify panel.

    `min` and `max` are closed bounds; `tile` puts the value into vector tiles; `references` is
    ``layer.field`` of another layer that must hold the value; a value of a field that `names_layer` is the id of a
    layer, and told by its title.
    """

    name: str
    type: str
    title_zh: str
    title_en: str
    unit: str | None = None
    required: bool = False
    min: float | None = None
    max: float | None = None
    codes: tuple[Code, ...] = ()
    tile: bool = False
    panel: bool = True
    references: str | None = None
    names_layer: bool = False

    @cached_property
    def code_values(self) -> frozenset[str]:
        return frozenset(code.code for code in self.codes)


@dataclass(frozen=True)
class Check:
    """One recommended check of a layer: its numbered rule and what the rule needs.

    `limit` is in metres for geometry, else in the unit of the fields; `layer` and `match` name another layer and
    the field of it that holds the value of our field.
    """

    rule: str
    fields: tuple[str, ...] = ()
    limit: float | None = None
    layer: str = ""
    match: str = ""


@dataclass(frozen=True)
class Identity:
    """Fields of a layer that say in words who a feature is and where: what records are matched and placed by.

    `numbers` hold numbers of legal persons (credit codes); only features of layers with `is_enterprise` are
    looked for in the lists of other offices. Empty names mean that the layer has no such field.
    """

    name: str = ""
    address: str = ""
    town: str = ""
    village: str = ""
    numbers: tuple[str, ...] = ()
    is_enterprise: bool = False

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.name, self.address, self.town, self.village, *self.numbers) if name)


@dataclass(frozen=True)
class Layer:
    """One layer of the atlas, as its folder declares it.

    `key` names the fields whose values, joined, are the `feature_id`. `placement` tells whether a feature
    may lack a position (``optional``). `accuracy_m` holds where a source states none. Up to the zoom `merge_zoom`
    (0: never) tiles hold the features of equal `merge_by` fields in one town as one. Up to the zoom `cluster_zoom` (0: never)
    tiles hold beside the features a count of those that are not drawn singly yet: a level of `singly_from_zoom` is from that
    zoom on, every other beyond `cluster_zoom`. Only layers with `is_public` come
    onto a sheet for the public. Roles that are not in `may_see` get none of the layer, or of lines with a `coarse_m` a band
    of that width whose bends are moved.
    """

    id: str
    title_zh: str
    title_en: str
    group: str
    geometry: str
    draw_order: int
    kind: str = "loaded"
    key: tuple[str, ...] = ()
    label: str | None = None
    search: tuple[str, ...] = ()
    placement: str = "required"
    outside: str = "refuse"
    accuracy_m: float = 10.0
    min_zoom: int = 7
    max_zoom: int = 18
    visible: bool = False
    merge_zoom: int = 0
    merge_by: tuple[str, ...] = ()
    cluster_zoom: int = 0
    singly_from_zoom: Mapping[str, int] = field(default_factory=dict)
    is_public: bool = False
    coarse_m: float = 0.0
    may_see: tuple[str, ...] = ("view", "plan", "patrol", "pipeline", "sheets", "admin")
    fields: tuple[Field, ...] = ()
    checks: tuple[Check, ...] = ()
    identity: Identity = field(default_factory=Identity)
    folder: Path = field(default=Path("."), compare=False)

    @property
    def is_drawn(self) -> bool:
        return self.geometry not in ("None", "Raster")

    @property
    def has_table(self) -> bool:
        return self.geometry != "Raster"

    def field(self, name: str) -> Field:
        for entry in self.fields:
            if entry.name == name:
                return entry
        raise CatalogError(self.folder, f"layer {self.id} has no field {name!r}")


@dataclass(frozen=True)
class Boundary:
    """Where the outline of an area comes from: a file below the data folder, its CRS or shifted datum.

    `tolerance_m` widens it for the test whether a feature lies inside (outlines are simplified).
    """

    file: str
    crs: str
    tolerance_m: float = 50.0


@dataclass(frozen=True)
class Area:
    """One county or city (辖区); one database holds one area.

    `home` is west, south, east, north in degrees of the storage CRS: the main part of the area, to which the
    grid is confined; outlying islands may lie beyond it. `terrain`: ``rural`` or ``urban``, by which clouds spread.
    """

    id: str
    title_zh: str
    title_en: str
    region_code: str
    storage_crs: str
    official_crs: str
    official_crs_zh: str
    home: tuple[float, float, float, float]
    boundary: Boundary
    jurisdiction: str
    office_zh: str
    office_en: str
    is_synthetic: bool = False
    note_zh: str = ""
    note_en: str = ""
    policy: str = "weighted_index_2026A"
    policies: tuple[str, ...] = ("weighted_index_2026A", "grid_maximum_2026A")
    cell_m: float = 50.0
    terrain: str = "rural"
    screening: str = ""
    delivery_label: str = ""
    delivery_on: date | None = None
    folder: Path = field(default=Path("."), compare=False)

    @property
    def srid(self) -> int:
        import pyproj  # imported where it is needed: a command that lists layers starts without it

        return int(pyproj.CRS.from_user_input(self.storage_crs).to_epsg() or 0)

    @cached_property
    def metric_crs(self) -> pyproj.CRS:
        from layers.crs import metric_crs  # imported where it is needed, like pyproj above

        west, south, east, north = self.home
        return metric_crs((west + east) / 2, (south + north) / 2)


@dataclass(frozen=True)
class Catalog:
    """All layers, in drawing order from bottom to top."""

    layers: tuple[Layer, ...]

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def __contains__(self, layer_id: str) -> bool:
        return any(layer.id == layer_id for layer in self.layers)

    def __getitem__(self, layer_id: str) -> Layer:
        for layer in self.layers:
            if layer.id == layer_id:
                return layer
        raise UnknownLayerError(layer_id, [layer.id for layer in self.layers])

    @property
    def loaded(self) -> list[Layer]:
        return [layer for layer in self.layers if layer.kind == "loaded"]

    @property
    def derived(self) -> list[Layer]:
        return [layer for layer in self.layers if layer.kind == "derived"]


def strict(cls: type[T], table: Mapping[str, Any], path: Path, /, **given: Any) -> T:
    """A dataclass built from a TOML table; unknown and missing keys raise `CatalogError`, arrays become tuples."""
    known = {entry.name: entry for entry in dataclasses.fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise CatalogError(path, f"unknown key {', '.join(unknown)} for {cls.__name__}; known: {', '.join(known)}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()} | given
    missing = [
        name
        for name, entry in known.items()
        if name not in values
        and entry.default is dataclasses.MISSING
        and entry.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise CatalogError(path, f"missing key {', '.join(missing)} for {cls.__name__}")
    return cls(**values)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a table; a syntax error or an unreadable file raises `CatalogError` with its place."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(path, str(error)) from error


def _field(table: Mapping[str, Any], path: Path) -> Field:
    codes = tuple(strict(Code, code, path) for code in table.get("codes", ()))
    entry = strict(Field, {k: v for k, v in table.items() if k != "codes"}, path, codes=codes)
    if entry.type not in FIELD_TYPES:
        raise CatalogError(path, f"field {entry.name}: type {entry.type!r} is none of {', '.join(FIELD_TYPES)}")
    return entry


def load_layer(folder: Path) -> Layer:
    """The layer that a folder declares; raises `CatalogError` where the declaration is wrong."""
    path = folder / "layer.toml"
    table = read_toml(path)
    fields = tuple(_field(entry, path) for entry in table.pop("fields", ()))
    checks = tuple(strict(Check, entry, path) for entry in table.pop("checks", ()))
    identity = strict(Identity, table.pop("identity", {}), path)
    layer = strict(Layer, table, path, fields=fields, checks=checks, identity=identity, folder=folder)
    _check_layer(layer, path)
    return layer


def _check_layer(layer: Layer, path: Path) -> None:
    names = [entry.name for entry in layer.fields]
    problems = {
        f"id {layer.id!r} differs from the folder's name": layer.id != path.parent.name,
        f"id {layer.id!r} must be lower-case letters, digits and _": not layer.id.isidentifier() or layer.id != layer.id.lower(),
        f"geometry {layer.geometry!r} is none of {GEOMETRIES}": layer.geometry not in GEOMETRIES,
        f"group {layer.group!r} is none of {GROUPS}": layer.group not in GROUPS,
        f"kind {layer.kind!r} is neither loaded nor derived": layer.kind not in ("loaded", "derived"),
        f"placement {layer.placement!r} is neither required nor optional": layer.placement not in ("required", "optional"),
        f"outside {layer.outside!r} is neither refuse nor keep": layer.outside not in ("refuse", "keep"),
        "a field is declared twice": len(set(names)) != len(names),
        "a field name must be a lower-case identifier": any(not n.isidentifier() or n != n.lower() for n in names),
        f"key, label or search name no field: {layer.key} {layer.label} {layer.search}": not (
            {*layer.key, *layer.search, *([layer.label] if layer.label else [])} <= {*names, "feature_id"}
        ),
        f"merge_by {layer.merge_by} and merge_zoom need each other, and fields": not set(layer.merge_by) <= set(names)
        or bool(layer.merge_by) != bool(layer.merge_zoom),
        "cluster_zoom and singly_from_zoom need each other, levels, and a field level": bool(layer.cluster_zoom) != bool(layer.singly_from_zoom)
        or not set(layer.singly_from_zoom) <= set(LEVELS)
        or (layer.cluster_zoom > 0 and "level" not in names),
        f"checks name no field: {', '.join(name for check in layer.checks for name in check.fields)}": any(
            name not in names for check in layer.checks for name in check.fields
        ),
        f"identity names no field: {', '.join(layer.identity.field_names)}": not set(layer.identity.field_names) <= set(names),
        "a layer with a table needs a key": layer.has_table and not layer.key,
    }
    for problem, is_wrong in problems.items():
        if is_wrong:
            raise CatalogError(path, problem)


def load_catalog(root: Path = LAYERS_DIR) -> Catalog:
    """Every folder below `root` that holds a `layer.toml`, in drawing order."""
    folders = sorted(path.parent for path in root.glob("*/layer.toml"))
    if not folders:
        raise CatalogError(root, "no layer folders (layer.toml) found")
    layers = [load_layer(folder) for folder in folders]
    return Catalog(tuple(sorted(layers, key=lambda layer: (layer.draw_order, layer.id))))


def load_area(folder: Path) -> Area:
    """The area that `area.toml` in a folder of manifests declares."""
    import pyproj  # imported where it is needed: a command that lists layers starts without it

    path = folder / "area.toml"
    table = read_toml(path)
    boundary = strict(Boundary, table.pop("boundary", {}), path)
    area = strict(Area, table, path, boundary=boundary, folder=folder)
    if len(area.home) != 4 or not (area.home[0] < area.home[2] and area.home[1] < area.home[3]):
        raise CatalogError(path, "home must be west, south, east, north in degrees")
    if not pyproj.CRS.from_user_input(area.storage_crs).is_geographic:
        raise CatalogError(path, f"storage_crs {area.storage_crs} must be a geographic CRS")
    if area.terrain not in TERRAINS:
        raise CatalogError(path, f"terrain {area.terrain!r} must be one of {', '.join(TERRAINS)}")
    return area
