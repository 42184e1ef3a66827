"""A manifest says what one delivered source is and how its columns become ours; one TOML file a source."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import tomllib
from dataclasses import dataclass, field
from datetime import date
from glob import escape as glob_escape
from pathlib import Path, PurePath
from typing import Any, Mapping

import pyproj

from layers.catalog import Area, Catalog, Layer, load_area, read_toml, strict
from layers.crs import SHIFTED_DATUMS
from layers.errors import CatalogError, SourceFileError

READERS = ("table", "vector", "esri", "raster")
AXIS_ORDERS = ("xy", "yx")
MODES = ("full", "add")


@dataclass(frozen=True)
class FieldSource:
    """How one of our fields is filled: from a column, a template of columns, or a constant."""

    column: str | None = None
    value: Any = None
    template: str | None = None
    unit: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    pattern: str | None = None
    null_values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """One source as declared; see `data/README.md` for every key.

    `crs` is an EPSG code, a PROJ string, ``GCJ-02`` or ``BD-09``: nothing is guessed from the numbers. Where `title_en` or `supplier_en`
    is empty, English pages show the Chinese.
    """

    id: str
    layer: str
    title_zh: str
    supplier: str
    files: tuple[str, ...]
    reader: str
    fields: Mapping[str, FieldSource] = field(default_factory=dict)
    encoding: str = ""
    separator: str = ","
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    header_rows: int = 1
    skip_rows: int = 0
    columns: tuple[str, ...] = ()
    ogr_layer: str = ""
    member: str = ""
    crs: str = ""
    crs_overrides_file: bool = False
    axis_order: str = "xy"
    x: str = ""
    y: str = ""
    wkt: str = ""
    accuracy_m: float | None = None
    nodata: float | None = None
    beyond_area_m: float | None = None
    mode: str = "full"
    max_refused_pct: float = 10.0
    moved_m: float = 50.0
    optional: bool = False
    distinct: bool = False
    job: str = ""
    job_options: Mapping[str, Any] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ("",)
    place_by_gazetteer: Mapping[str, float] = field(default_factory=dict)
    as_of: date | None = None
    title_en: str = ""
    supplier_en: str = ""
    path: Path = field(default=Path("."), compare=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    @property
    def used_columns(self) -> set[str]:
        """Columns of the delivered file that this manifest reads."""
        names = {entry.column for entry in self.fields.values() if entry.column}
        names |= {name for name in (self.x, self.y, self.wkt) if name}
        for entry in self.fields.values():
            names |= set(template_columns(entry.template or ""))
        return names


@dataclass(frozen=True)
class Delivery:
    """What was delivered together: a label such as 2026Q3 and the date up to which the data hold."""

    label: str
    as_of: date | None


def template_columns(template: str) -> list[str]:
    """Names in braces of a template such as ``{a}-{b}``."""
    return [part.split("}")[0] for part in template.split("{")[1:] if "}" in part]


def _field_source(raw: Any, path: Path) -> FieldSource:
    if isinstance(raw, str):
        return FieldSource(column=raw)
    if not isinstance(raw, dict):
        return FieldSource(value=raw)
    entry = strict(FieldSource, raw, path)
    if sum(given is not None for given in (entry.column, entry.value, entry.template)) != 1:
        raise CatalogError(path, f"a field needs exactly one of column, value, template: {raw}")
    return entry


def declaration(manifest: Manifest) -> dict[str, Any]:
    """A manifest as plain values that `declared` turns back; its path left out."""
    table = dataclasses.asdict(manifest)
    table.pop("path")
    table["as_of"] = manifest.as_of.isoformat() if manifest.as_of else None
    return table


def declared(table: Mapping[str, Any]) -> Manifest:
    """The manifest that a declaration says; raises `CatalogError` where it has keys that are none of today's."""
    path = Path(f"{table['id']}.toml")
    fields = {name: strict(FieldSource, raw, path) for name, raw in table["fields"].items()}
    as_of = date.fromisoformat(table["as_of"]) if table.get("as_of") else None
    plain = {key: value for key, value in table.items() if key not in ("fields", "as_of")}
    return strict(Manifest, plain, path, fields=fields, as_of=as_of, path=path)


def load_manifest(path: Path, catalog: Catalog) -> Manifest:
    """The manifest in a TOML file, checked against the layer that it fills."""
    return _manifest(read_toml(path), path, catalog)


def manifest_from(text: str, path: Path, catalog: Catalog) -> Manifest:
    """The manifest that a TOML text says, checked as if it stood in the file of this name."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError(path, str(error)) from error
    return _manifest(table, path, catalog)


def _manifest(table: dict[str, Any], path: Path, catalog: Catalog) -> Manifest:
    fields = {name: _field_source(raw, path) for name, raw in table.pop("fields", {}).items()}
    if isinstance(table.get("sheets"), str):
        table["sheets"] = [table["sheets"]]
    manifest = strict(Manifest, table, path, fields=fields, path=path)
    _check_manifest(manifest, catalog[manifest.layer])
    return manifest


def _check_manifest(manifest: Manifest, layer: Layer) -> None:
    has_position = layer.is_drawn or layer.geometry == "Raster"
    amiss = [pattern for pattern in manifest.files if not _is_pattern(pattern)]
    unknown = sorted(set(manifest.fields) - {entry.name for entry in layer.fields})
    problems = {
        f"id {manifest.id!r} differs from the file's name": manifest.id != manifest.path.stem,
        f"reader {manifest.reader!r} is none of {READERS}": manifest.reader not in READERS,
        f"axis_order {manifest.axis_order!r} is none of {AXIS_ORDERS}": manifest.axis_order not in AXIS_ORDERS,
        f"mode {manifest.mode!r} is none of {MODES}": manifest.mode not in MODES,
        f"layer {layer.id} has no field {', '.join(unknown)}": bool(unknown),
        f"layer {layer.id} is derived: it is computed, not loaded": layer.kind == "derived",
        "crs is missing: state EPSG:nnnn, GCJ-02 or BD-09; nothing is guessed from the numbers": has_position
        and not manifest.crs,
        "a table for a drawn layer needs x and y, or wkt": layer.is_drawn
        and manifest.reader == "table"
        and not ((manifest.x and manifest.y) or manifest.wkt)
        and layer.placement == "required",
        "files is empty": not manifest.files,
        f"files {', '.join(map(repr, amiss))}: names or patterns below the data folder are wanted, such as 企业/*.csv": bool(amiss),
        "place_by_gazetteer is { min_score = ... }, at least 0.5 and at most 1": not _is_placing_policy(manifest.place_by_gazetteer),
        "sheet and sheets: one of them": bool(manifest.sheet and manifest.sheets),
        "beyond_area_m is of rasters, metres of at least 0": manifest.beyond_area_m is not None
        and not (manifest.reader == "raster" and _is_length(manifest.beyond_area_m)),
        "a reader raster fills a raster layer, and no other": (manifest.reader == "raster")
        != (layer.geometry == "Raster"),
    }
    for problem, is_wrong in problems.items():
        if is_wrong:
            raise CatalogError(manifest.path, problem)
    _check_crs(manifest)


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf


def _is_pattern(pattern: Any) -> bool:
    """Whether a pattern names files below the data folder; ``**`` stands for folders, alone between slashes."""
    if not isinstance(pattern, str) or "\x00" in pattern:
        return False
    parts = PurePath(pattern).parts
    return bool(parts) and not PurePath(pattern).is_absolute() and ".." not in parts and not any("**" in part and part != "**" for part in parts)


def _is_placing_policy(value: Any) -> bool:
    """Whether rows without position are placed by nobody but people (empty), or from a score that can be meant."""
    if value == {}:
        return True
    if not isinstance(value, Mapping) or set(value) != {"min_score"}:
        return False
    score = value["min_score"]
    return isinstance(score, int | float) and not isinstance(score, bool) and 0.5 <= score <= 1.0


def _check_crs(manifest: Manifest) -> None:
    if manifest.crs and manifest.crs not in SHIFTED_DATUMS:
        try:
            pyproj.CRS.from_user_input(manifest.crs)
        except pyproj.exceptions.CRSError as error:
            raise CatalogError(manifest.path, f"crs {manifest.crs!r}: {error}") from error


def home_sources(home: Path, area_id: str) -> Path:
    """Where an installation keeps the manifests that people confirmed: they override and add to the area's own."""
    return home / "sources" / area_id


def load_manifests(folder: Path, catalog: Catalog, *, home: Path | None = None) -> tuple[Area, list[Manifest]]:
    """The area and its manifests, sources that others refer to or are checked against first.

    Those confirmed in this installation (`home`) take the place of the area's own of the same id.
    """
    area = load_area(folder)
    own = home_sources(home, area.id) if home is not None else None
    paths = {path.name: path for place in (folder, own) if place is not None for path in sorted(place.glob("*.toml")) if path.name != "area.toml"}
    manifests = [load_manifest(path, catalog) for path in paths.values()]
    if not manifests:
        raise CatalogError(folder, "no manifests (*.toml beside area.toml)")
    depth = {layer.id: _depth(layer, catalog) for layer in catalog}
    return area, sorted(manifests, key=lambda manifest: (depth[manifest.layer], manifest.id))


def _depth(layer: Layer, catalog: Catalog) -> int:
    others = {entry.references.split(".")[0] for entry in layer.fields if entry.references}
    others |= {check.layer for check in layer.checks if check.layer}
    return 1 + max((_depth(catalog[other], catalog) for other in others if other != layer.id), default=0)


RETURNED_AS_WORKBOOK = (".csv", ".tsv", ".txt", ".xls")
"""Tables that come back mended as an .xlsx of the same name."""


def _matches(data_dir: Path, pattern: str) -> list[Path]:
    return sorted(path for path in data_dir.glob(pattern) if path.is_file() or path.suffix.lower() == ".gdb")


def delivered_files(manifest: Manifest, data_dir: Path) -> list[Path]:
    """Files of a source below the data folder, in name order; a missing one raises `SourceFileError`.

    Where a text table is missing, a workbook of the same name takes its place: refused rows return in that form.
    """
    root = data_dir.resolve()
    found: list[Path] = []
    for pattern in manifest.files:
        matches = _matches(data_dir, pattern)
        if not matches and Path(pattern).suffix.lower() in RETURNED_AS_WORKBOOK:
            matches = _matches(data_dir, str(Path(pattern).with_suffix(".xlsx")))
        if any(root not in path.resolve().parents for path in matches):
            raise SourceFileError(data_dir / pattern, "a file outside the data folder", "files below it")
        if not matches and not manifest.optional:
            raise SourceFileError(data_dir / pattern, "no such file", f"a file for source {manifest.id}")
        found += matches
    return found


COMPANIONS = {
    ".shp": (".dbf", ".shx", ".prj", ".cpg"), ".tab": (".dat", ".map", ".id", ".ind"), ".mif": (".mid",),
    ".tif": (".tfw",), ".tiff": (".tfw",),
}
"""Suffix of a delivered file -> suffixes of files that are part of it."""


def parts_of(path: Path) -> list[Path]:
    """The files a dataset consists of, itself first; all files of a geodatabase folder in name order."""
    if path.is_dir():
        return sorted(entry for entry in path.rglob("*") if entry.is_file())
    wanted = COMPANIONS.get(path.suffix.lower(), ())
    beside = [entry for entry in path.parent.glob(f"{glob_escape(path.stem)}.*") if entry.suffix.lower() in wanted] if wanted else []
    return [path, *sorted(beside)]


def load_delivery(area: Area, data_dir: Path) -> Delivery:
    """Label and date of a delivery: `delivery.toml` in the data folder, else what the area states."""
    path = data_dir / "delivery.toml"
    if not path.exists():
        return Delivery(area.delivery_label or data_dir.name, area.delivery_on)
    table = read_toml(path)
    return strict(Delivery, {key: table[key] for key in ("label", "as_of") if key in table}, path)
