"""Which layer a delivered dataset fills, and whether it is a source that is known already, perhaps with renamed columns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path, PurePath

import pandas as pd
from rapidfuzz import fuzz

from etl.manifest import Manifest
from etl.read import Reader, read_batch, read_file
from etl.recognise_columns import OWN_COLUMNS, Column, Mapped, known_codes, mapping_of, renamed_columns
from etl.recognise_files import Dataset
from etl.recognise_words import POSITIONS, FieldWords, field_words, layer_words, plain
from layers.catalog import Catalog, Layer
from layers.errors import AtlasError

IN_ITS_FOLDER = 1_000
MAX_JOB_BYTES = 64 * 2**20
"""Larger files are not tried with the jobs of known sources."""
N_LAYERS = 5
LEAST_LAYER_SCORE = 0.15
LEAST_KNOWN_SHARE = 0.6
"""Share of a known source's columns, found or renamed, below which a delivery is no new release of it."""
LEAST_EXACT = 2
WEIGHTS = {"required": 0.28, "columns": 0.22, "specific": 0.28, "title": 0.22}
WRONG_GEOMETRY, NO_POSITION, LOOSE_GEOMETRY = 0.25, 0.7, 0.8
HEADING_WORD = 0.7
GENERIC_WORDS = ("台账", "名册", "清单", "一览表", "统计表", "数据", "信息", "表", "分布", "资料")


@dataclass(frozen=True)
class Known:
    """A known source that a dataset is, exactly or with renamed columns (old name -> new name).

    `named` says how closely the file's name and folder fit the manifest's, 0 for not at all; `frame` has the rows as the
    source's own job gives them.
    """

    manifest: Manifest
    share: float
    named: int
    renamed: Mapping[str, str] = field(default_factory=dict)
    new_columns: tuple[str, ...] = ()
    frame: pd.DataFrame | None = field(default=None, compare=False)

    @property
    def fit(self) -> str:
        """``exact``, ``renamed``, ``new columns``, or ``name`` where only the name speaks for it."""
        if not self.share:
            return "name"
        return "renamed" if self.renamed else "new columns" if self.new_columns or self.share < 1.0 else "exact"

    @property
    def is_exact(self) -> bool:
        """Whether the manifest reads the delivery as it is."""
        return self.fit == "exact"


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


def named(path: Path, dataset: Dataset, manifest: Manifest) -> int:
    """How closely a delivered file is called as the manifest expects: letters of the pattern that fits, with its folder more."""
    if manifest.sheet and dataset.settings.get("sheet") not in (None, manifest.sheet):
        return 0
    if manifest.ogr_layer and dataset.name != manifest.ogr_layer:
        return 0
    return max((_closeness(path, pattern) for pattern in manifest.files), default=0)


def _closeness(path: Path, pattern: str) -> int:
    name = PurePath(pattern).name
    if not fnmatch(path.name, name):
        return 0
    n_letters = sum(character not in "*?[]" for character in PurePath(name).stem)
    with_folder = path.match(pattern)
    return n_letters + (IN_ITS_FOLDER + len(PurePath(pattern).parts) if with_folder else 0)


def known_sources(
    path: Path, dataset: Dataset, columns: Sequence[Column], manifests: list[Manifest], catalog: Catalog, words: Vocabulary, *,
    read: Reader = read_file,
) -> list[Known]:
    """Known sources of the area that a dataset may be, the best first; exact ones before renamed ones."""
    found = [
        entry
        for manifest in manifests
        if manifest.reader == dataset.reader or manifest.job
        for entry in [_by_job(path, dataset, manifest, read) if manifest.job else _by_columns(path, dataset, columns, manifest, catalog, words)]
        if entry is not None
    ]
    return sorted(found, key=lambda entry: (not entry.is_exact, -entry.named, -entry.share, -len(entry.manifest.used_columns)))


def _by_columns(
    path: Path, dataset: Dataset, columns: Sequence[Column], manifest: Manifest, catalog: Catalog, words: Vocabulary
) -> Known | None:
    closeness = named(path, dataset, manifest)
    if manifest.reader == "raster":
        return Known(manifest, 1.0, closeness) if closeness else None
    delivered = {column.name for column in columns}
    used = manifest.used_columns - OWN_COLUMNS
    exact = used & delivered
    if not used or (not closeness and len(exact) < min(LEAST_EXACT, len(used))):
        return None
    layer = catalog[manifest.layer]
    renamed = renamed_columns(manifest, layer, columns, words.words[layer.id], words.codes[layer.id])
    share = (len(exact) + len(renamed)) / len(used)
    if share < LEAST_KNOWN_SHARE or (renamed and not closeness and len(exact) <= len(renamed)):
        return None
    new = () if "*" in manifest.ignore else tuple(sorted(delivered - used - set(manifest.ignore) - set(renamed.values())))
    if not closeness and (new or share < 1.0) and len(exact) < max(LEAST_EXACT + 1, len(delivered) / 2):
        return None
    return Known(manifest, share, closeness, renamed, new)


def _by_job(path: Path, dataset: Dataset, manifest: Manifest, read: Reader) -> Known | None:
    """A source with a job of its own: known when its job reads the file and gives the columns that are mapped.

    A file that is only a part of what the job joins is known by its name and folder alone.
    """
    closeness = named(path, dataset, manifest)
    by_name = Known(manifest, 0.0, closeness) if closeness > IN_ITS_FOLDER else None
    if not closeness or path.stat().st_size > MAX_JOB_BYTES:
        return by_name
    try:
        frame = read_batch([path], manifest, path.parent, read=read).frame
    except (AtlasError, OSError):
        return by_name
    delivered = {str(name) for name in frame.columns} - OWN_COLUMNS
    used = manifest.used_columns - OWN_COLUMNS
    new = () if "*" in manifest.ignore else tuple(sorted(delivered - used - set(manifest.ignore)))
    return Known(manifest, 1.0, closeness, {}, new, frame) if used <= delivered and not new and len(frame) else by_name


@dataclass(frozen=True)
class Candidate:
    """A layer that a dataset may fill, 0 to 1, with the mapping it would have."""

    layer: Layer
    score: float
    mapping: list[Mapped]


def candidates(path: Path, dataset: Dataset, columns: Sequence[Column], catalog: Catalog, words: Vocabulary) -> list[Candidate]:
    """Layers that a dataset may fill, the most likely first."""
    found = [_candidate(path, dataset, layer, columns, words) for layer in catalog.loaded]
    best = sorted(found, key=lambda entry: -entry.score)[:N_LAYERS]
    return [entry for entry in best if entry.score >= LEAST_LAYER_SCORE]


def _candidate(path: Path, dataset: Dataset, layer: Layer, columns: Sequence[Column], words: Vocabulary) -> Candidate:
    title = max(_title_score(path, dataset, words.titles[layer.id]), _spoken_for(layer, path, dataset, columns))
    if (layer.geometry == "Raster") != (dataset.reader == "raster"):
        return Candidate(layer, 0.0, [])
    if dataset.reader == "raster":
        return Candidate(layer, round(0.3 + 0.7 * title, 3), [])
    has_table_position = dataset.reader in ("table", "") and layer.is_drawn
    mapping = mapping_of(layer, columns, words.words[layer.id], words.codes[layer.id], with_position=has_table_position)
    parts = {
        "required": _required_share(layer, mapping),
        "columns": _column_share(layer, columns, mapping),
        "specific": _specific(layer, mapping, words.field_counts),
        "title": title,
    }
    score = sum(WEIGHTS[name] * value for name, value in parts.items()) * _geometry_factor(dataset, layer, mapping)
    return Candidate(layer, round(score, 3), mapping)


def _required_share(layer: Layer, mapping: list[Mapped]) -> float:
    scores = {entry.field: entry.score for entry in mapping}
    required = [entry.name for entry in layer.fields if entry.required]
    return sum(scores.get(name, 0.0) for name in required) / len(required) if required else 0.5


def _column_share(layer: Layer, columns: Sequence[Column], mapping: list[Mapped]) -> float:
    """Share of the filled columns that are mapped, of a wide table no more than the layer could take."""
    n_filled = sum(not column.is_empty for column in columns)
    return min(1.0, sum(entry.score for entry in mapping) / max(min(n_filled, len(layer.fields) + 2), 1))


def _spoken_for(layer: Layer, path: Path, dataset: Dataset, columns: Sequence[Column]) -> float:
    """1 where the file's name says a word for this layer, less where only headings do."""
    own = layer_words(layer.id)
    name = plain(path.stem) + plain(dataset.name)
    if any(word in name for word in own):
        return 1.0
    headings = [plain(column.name) for column in columns]
    return HEADING_WORD if any(word in heading for word in own if not word.isascii() for heading in headings) else 0.0


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
    kinds = {kind.removeprefix("Multi") for kind in (dataset.geometry_type or "").split("/") if kind}
    if layer.geometry == "Geometry":
        return LOOSE_GEOMETRY if "LineString" in kinds else 1.0
    return 1.0 if not kinds or kinds <= {layer.geometry.removeprefix("Multi")} else WRONG_GEOMETRY


