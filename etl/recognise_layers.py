"""Which layer a delivered dataset fills, and whether it is a source that is known already, perhaps with renamed columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePath

from rapidfuzz import fuzz

from etl.manifest import Manifest
from etl.read import read_batch
from etl.recognise_columns import OWN_COLUMNS, Column, Mapped, columns_of, known_codes, mapping_of, renamed_columns
from etl.recognise_files import Dataset
from etl.recognise_words import POSITIONS, FieldWords, field_words, plain
from layers.catalog import Catalog, Layer
from layers.errors import AtlasError

MAX_JOB_BYTES = 64 * 2**20
"""Larger files are not tried with the jobs of known sources."""
N_LAYERS = 5
LEAST_LAYER_SCORE = 0.15
LEAST_KNOWN_SHARE = 0.6
"""Share of a known source's columns, found or renamed, below which a delivery is no new release of it."""
LEAST_EXACT = 2
WEIGHTS = {"required": 0.3, "columns": 0.25, "specific": 0.3, "title": 0.15}
WRONG_GEOMETRY, NO_POSITION = 0.25, 0.7
GENERIC_WORDS = ("台账", "名册", "清单", "一览表", "统计表", "数据", "信息", "表", "分布", "资料")


@dataclass(frozen=True)
class Known:
    """A known source that a dataset is, exactly or with renamed columns (old name -> new name)."""

    manifest: Manifest
    share: float
    is_named: bool
    renamed: Mapping[str, str] = field(default_factory=dict)
    new_columns: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        return not self.renamed and not self.new_columns and self.share == 1.0


@dataclass(frozen=True)
class Vocabulary:
    """Words and codes of every loaded layer, gathered once for a file."""

    words: Mapping[str, Mapping[str, FieldWords]]
    codes: Mapping[str, Mapping[str, Mapping[str, str]]]
    titles: Mapping[str, frozenset[str]]
    field_counts: Counter[str]


def vocabulary(catalog: Catalog, known: list[Manifest]) -> Vocabulary:
    """What every layer's fields may be called, from its declaration and all known manifests."""
    titles = {
        layer.id: frozenset(
            {plain(layer.title_zh), plain(layer.title_en), plain(layer.id)}
            | {plain(entry.title_zh) for entry in known if entry.layer == layer.id}
            | {plain(PurePath(name).stem.replace("*", "")) for entry in known if entry.layer == layer.id for name in entry.files}
        )
        for layer in catalog.loaded
    }
    counts = Counter(name.name for layer in catalog.loaded for name in layer.fields)
    return Vocabulary(
        {layer.id: field_words(layer, known) for layer in catalog.loaded},
        {layer.id: known_codes(layer, known) for layer in catalog.loaded}, titles, counts,
    )


def is_named(path: Path, dataset: Dataset, manifest: Manifest) -> bool:
    """Whether the delivered file is called as the manifest expects, the folder left aside."""
    names = any(fnmatch(path.name, PurePath(pattern).name) and PurePath(pattern).stem not in ("*", "data_*") for pattern in manifest.files)
    return names and (not manifest.sheet or dataset.settings.get("sheet") in (None, manifest.sheet)) and (
        not manifest.ogr_layer or dataset.name == manifest.ogr_layer
    )


def known_sources(path: Path, dataset: Dataset, manifests: list[Manifest], catalog: Catalog, words: Vocabulary) -> list[Known]:
    """Known sources of the area that a dataset may be, the best first; exact ones before renamed ones."""
    columns = columns_of(dataset.frame)
    found = [
        entry
        for manifest in manifests
        if manifest.reader == dataset.reader or manifest.job
        for entry in [_by_job(path, dataset, manifest) if manifest.job else _by_columns(path, dataset, columns, manifest, catalog, words)]
        if entry is not None
    ]
    return sorted(found, key=lambda entry: (not entry.is_exact, not entry.is_named, -entry.share, -len(entry.manifest.used_columns)))


def _by_columns(
    path: Path, dataset: Dataset, columns: list[Column], manifest: Manifest, catalog: Catalog, words: Vocabulary
) -> Known | None:
    if manifest.reader == "raster":
        named = is_named(path, dataset, manifest)
        return Known(manifest, 1.0, is_named=True) if named else None
    delivered = {column.name for column in columns}
    used = manifest.used_columns - OWN_COLUMNS
    exact = used & delivered
    named = is_named(path, dataset, manifest)
    if not used or (not named and len(exact) < min(LEAST_EXACT, len(used))):
        return None
    layer = catalog[manifest.layer]
    renamed = renamed_columns(manifest, layer, columns, words.words[layer.id], words.codes[layer.id])
    share = (len(exact) + len(renamed)) / len(used)
    if share < LEAST_KNOWN_SHARE or (renamed and not named and len(exact) <= len(renamed)):
        return None
    new = () if "*" in manifest.ignore else tuple(sorted(delivered - used - set(manifest.ignore) - set(renamed.values())))
    if not named and (new or share < 1.0) and len(exact) < max(LEAST_EXACT + 1, len(delivered) / 2):
        return None
    return Known(manifest, share, named, renamed, new)


def _by_job(path: Path, dataset: Dataset, manifest: Manifest) -> Known | None:
    """A source with a job of its own: known when its job reads the file and gives the columns that are mapped."""
    named = is_named(path, dataset, manifest)
    is_named_like = any(fnmatch(path.name, PurePath(pattern).name) for pattern in manifest.files)
    if not is_named_like or path.stat().st_size > MAX_JOB_BYTES:
        return None
    try:
        frame = read_batch([path], manifest, path.parent).frame
    except (AtlasError, OSError):
        return None
    delivered = {str(name) for name in frame.columns} - OWN_COLUMNS
    used = manifest.used_columns - OWN_COLUMNS
    new = () if "*" in manifest.ignore else tuple(sorted(delivered - used - set(manifest.ignore)))
    return Known(manifest, 1.0, named, {}, new) if used <= delivered and not new and len(frame) else None


@dataclass(frozen=True)
class Candidate:
    """A layer that a dataset may fill, 0 to 1, with the mapping it would have."""

    layer: Layer
    score: float
    mapping: list[Mapped]


def candidates(path: Path, dataset: Dataset, catalog: Catalog, words: Vocabulary) -> list[Candidate]:
    """Layers that a dataset may fill, the most likely first."""
    columns = columns_of(dataset.frame)
    found = [_candidate(path, dataset, layer, columns, words) for layer in catalog.loaded]
    best = sorted(found, key=lambda entry: -entry.score)[:N_LAYERS]
    return [entry for entry in best if entry.score >= LEAST_LAYER_SCORE]


def _candidate(path: Path, dataset: Dataset, layer: Layer, columns: list[Column], words: Vocabulary) -> Candidate:
    title = _title_score(path, dataset, words.titles[layer.id])
    if (layer.geometry == "Raster") != (dataset.reader == "raster"):
        return Candidate(layer, 0.0, [])
    if dataset.reader == "raster":
        return Candidate(layer, round(0.3 + 0.7 * title, 3), [])
    has_table_position = dataset.reader == "table" and layer.is_drawn
    mapping = mapping_of(layer, columns, words.words[layer.id], words.codes[layer.id], with_position=has_table_position)
    parts = {
        "required": _required_share(layer, mapping),
        "columns": _column_share(columns, mapping),
        "specific": _specific(layer, mapping, words.field_counts),
        "title": title,
    }
    score = sum(WEIGHTS[name] * value for name, value in parts.items()) * _geometry_factor(dataset, layer, mapping)
    return Candidate(layer, round(score, 3), mapping)


def _required_share(layer: Layer, mapping: list[Mapped]) -> float:
    scores = {entry.field: entry.score for entry in mapping}
    required = [entry.name for entry in layer.fields if entry.required]
    return sum(scores.get(name, 0.0) for name in required) / len(required) if required else 0.5


def _column_share(columns: list[Column], mapping: list[Mapped]) -> float:
    filled = [column for column in columns if not column.is_empty]
    return min(1.0, sum(entry.score for entry in mapping) / max(len(filled), 1))


def _specific(layer: Layer, mapping: list[Mapped], counts: Counter[str]) -> float:
    """How much the mapped fields speak for this layer and no other: `diameter_mm` does, `name` does not."""
    weights = []
    for entry in mapping:
        if entry.field in {name.strip("()") for name in POSITIONS}:
            continue
        field_of = layer.field(entry.field)
        known = [code for code in entry.codes.values() if code is not None]
        if field_of.codes and entry.codes:
            weights.append(entry.score * len(known) / len(entry.codes))
        elif entry.field not in layer.key:
            weights.append(entry.score / math.sqrt(counts[entry.field]))
        else:
            weights.append(entry.score / 2)
    return 1.0 - math.exp(-sum(weights) / 2)


def _title_score(path: Path, dataset: Dataset, titles: frozenset[str]) -> float:
    names = [plain(path.stem), plain(dataset.name)]
    shorter = [name for text in names for name in [_without_generic(text)] if name]
    return max((fuzz.token_set_ratio(name, _without_generic(title)) / 100 for name in shorter for title in titles if _without_generic(title)), default=0.0)


def _without_generic(text: str) -> str:
    for word in GENERIC_WORDS:
        text = text.replace(word, "")
    return text


def _geometry_factor(dataset: Dataset, layer: Layer, mapping: list[Mapped]) -> float:
    if dataset.reader == "table" or not dataset.reader:
        has_position = any(entry.field in ("x", "wkt") for entry in mapping)
        return NO_POSITION if layer.is_drawn and layer.placement == "required" and not has_position else 1.0
    if not layer.is_drawn:
        return WRONG_GEOMETRY
    return 1.0 if _geometry_fits(dataset.geometry_type or "", layer.geometry) else WRONG_GEOMETRY


def _geometry_fits(found: str, wanted: str) -> bool:
    kinds = {kind.removeprefix("Multi") for kind in found.split("/") if kind}
    return not kinds or wanted == "Geometry" or kinds <= {wanted.removeprefix("Multi")}


