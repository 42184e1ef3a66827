"""Recognises a delivered file: what it is, which layer it fills, which column is which field, and what only people know.

Everything here is a proposal. A load goes by a manifest, and a manifest is written from decisions that a person made.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import sqlalchemy as sa
from rapidfuzz import fuzz

from etl.manifest import FieldSource, Manifest, template_columns
from etl.mojibake import is_destroyed, original_text
from etl.notations import UNIT_FACTORS, head_unit
from etl.read import Reader, read_file
from etl.recognise_columns import Column, Mapped, columns_of, delivered_unit, likelier_units, proposed_codes
from etl.datum_names import datum_name_zh
from etl.recognise_datums import DatumProposal, datum_proposals
from etl.recognise_evidence import coordinates_of, sample, surroundings
from etl.read_child import read_in_child, survey_in_child
from etl.recognise_files import Dataset, Survey, survey
from etl.recognise_layers import Candidate, Known, Vocabulary, candidates, known_sources, vocabulary
from etl.recognise_manifest import keep_manifest, manifest_text
from etl.recognise_words import LEAST_LIKENESS, known_manifests, plain
from layers.catalog import Area, Catalog, Code, Field, Layer
from layers.errors import InputError

__all__ = ["Question", "RecognisedDataset", "Recognition", "keep_manifest", "manifest_text", "recognise"]

N_SAMPLES = 5
LEAST_CRS_CONFIDENCE = 25
"""How sure PROJ must be of an EPSG code for a CRS that names none."""
SURE = 0.9
"""A mapping below this is asked about."""
Words = dict[str, str]


@dataclass(frozen=True)
class Question:
    """Something that only people know; `field` names what it is about."""

    zh: str
    en: str
    field: str


@dataclass(frozen=True)
class RecognisedDataset:
    """One table or layer of a file with everything proposed for it."""

    dataset: Dataset
    columns: tuple[Column, ...]
    known: Known | None
    layers: tuple[Candidate, ...]
    mapping: tuple[Mapped, ...]
    missing_fields: tuple[str, ...]
    datums: tuple[DatumProposal, ...]
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def layer(self) -> Layer | None:
        """The most likely layer."""
        return self.layers[0].layer if self.layers else None

    @property
    def unmapped_columns(self) -> list[str]:
        """Columns that the proposal leaves unused and nobody said to ignore."""
        used = {entry.column for entry in self.mapping}
        if self.known is not None:
            renamed = self.known.renamed
            used |= {renamed.get(name, name) for name in self.known.manifest.used_columns | set(self.known.manifest.ignore)}
            if "*" in self.known.manifest.ignore:
                return []
        return [column.name for column in self.columns if column.name not in used]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        found, known = self.dataset, self.known
        return {
            "name": found.name, "n_rows": found.n_rows, "reader": found.reader or None, "settings": _plain(found.settings),
            "columns": [
                {"name": c.name, "samples": list(c.values[:N_SAMPLES]), "kind": c.kind, "n_filled": c.n_filled, "n_distinct": c.n_distinct}
                for c in self.columns
            ],
            "geometry_type": found.geometry_type, "crs_found": found.crs_found, "info": _plain(found.info),
            "known_source": known.manifest.id if known else None,
            "known_fit": known.fit if known else None,
            "renamed": dict(known.renamed) if known else {},
            "layers": [{"layer": c.layer.id, "title_zh": c.layer.title_zh, "title_en": c.layer.title_en, "score": c.score} for c in self.layers],
            "mapping": [_mapped_dict(entry) for entry in self.mapping],
            "unmapped_columns": self.unmapped_columns, "missing_fields": list(self.missing_fields),
            "datums": [dataclasses.asdict(entry) | {"name_en": entry.name} for entry in self.datums],
            "questions": [dataclasses.asdict(entry) for entry in self.questions],
            "warnings": list(found.warnings),
        }


@dataclass(frozen=True)
class Recognition:
    """What a delivered file is taken for."""

    file: str
    found: Survey
    datasets: tuple[RecognisedDataset, ...]
    warnings: tuple[Words, ...]

    def __getitem__(self, name: str) -> RecognisedDataset:
        """The dataset of a name; raises `InputError`."""
        for entry in self.datasets:
            if entry.name == name:
                return entry
        raise InputError("dataset", f"{self.file} has no {name!r}, but {', '.join(entry.name for entry in self.datasets)}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "file": self.file, "reader": self.found.reader, "encoding": self.found.encoding, "separator": self.found.separator,
            "datasets": [entry.as_dict() for entry in self.datasets], "warnings": list(self.warnings),
        }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _mapped_dict(entry: Mapped) -> dict[str, Any]:
    return {
        "field": entry.field, "column": entry.column, "score": entry.score, "reason_zh": entry.reason_zh,
        "reason_en": entry.reason_en, "unit": entry.unit, "codes": dict(entry.codes), "format": entry.format,
    }


def recognise(
    path: Path, *, area: Area, catalog: Catalog, manifests: Sequence[Manifest], engine: sa.Engine | None, is_untrusted: bool = False
) -> Recognition:
    """What a delivered file is, and what is proposed for it.

    Parameters
    ----------
    path : the file, an archive or the folder of a geodatabase.
    manifests : the sources that are known of the area.
    engine : the area's database, for evidence on the datum; None without one.
    is_untrusted : look at the file in a child process with limits of memory and time.

    Raises
    ------
    SourceFileError
        No reader takes the file, or it is damaged or hostile.
    """
    found = survey_in_child(path) if is_untrusted else survey(path)
    read = read_in_child if is_untrusted else read_file
    known = known_manifests(catalog, manifests)
    spoken = vocabulary(catalog, known)
    datasets = tuple(
        _recognised(path, dataset, area, catalog, list(manifests), spoken, engine, read) for dataset in found.datasets
    )
    return Recognition(path.name, found, datasets, found.warnings)


def _recognised(
    path: Path, dataset: Dataset, area: Area, catalog: Catalog, manifests: list[Manifest], spoken: Vocabulary,
    engine: sa.Engine | None, read: Reader,
) -> RecognisedDataset:
    columns = tuple(columns_of(dataset.frame))
    sources = known_sources(path, dataset, columns, manifests, catalog, spoken, read=read)
    known = sources[0] if sources else None
    if known is not None and known.frame is not None:
        dataset = dataclasses.replace(dataset, frame=known.frame)
        columns = tuple(columns_of(dataset.frame))
    layers = candidates(path, dataset, columns, catalog, spoken)
    if known is not None:
        layer = catalog[known.manifest.layer]
        mapping = mapping_of_known(known, layer, columns, spoken)
        layers = [Candidate(layer, 1.0 if known.is_exact else 0.95, mapping)] + [c for c in layers if c.layer.id != layer.id]
    mapping = layers[0].mapping if layers else []
    missing = _missing(layers[0].layer, mapping, known) if layers else []
    datums = _datums(dataset, area, catalog, layers, known, engine) if layers else []
    questions = [*_questions(dataset, columns, known, sources, layers, missing), *_about_datum(datums, known)]
    return RecognisedDataset(dataset, columns, known, tuple(layers), tuple(mapping), tuple(missing), tuple(datums), tuple(questions))


def _datums(
    dataset: Dataset, area: Area, catalog: Catalog, layers: list[Candidate], known: Known | None, engine: sa.Engine | None
) -> list[DatumProposal]:
    """Datums of a dataset with places, by what is known of the area; none for tables without and for rasters."""
    layer, mapping = layers[0].layer, layers[0].mapping
    if not layer.is_drawn:
        return []
    columns = {entry.field: entry.column for entry in mapping}
    rows = sample(dataset.frame)
    xy = coordinates_of(rows, columns.get("x", ""), columns.get("y", ""), columns.get("wkt", ""))
    if not np.isfinite(xy).any():
        return []
    stated = tuple(name for name in (known.manifest.crs if known else "", _usable(dataset.crs_found)) if name)
    around = surroundings(engine, area, catalog, layer, rows, mapping, known.manifest if known else None)
    accuracy_m = known.manifest.accuracy_m if known is not None and known.manifest.accuracy_m is not None else layer.accuracy_m
    return datum_proposals(xy, area, around, stated=tuple(dict.fromkeys(stated)), layer_accuracy_m=accuracy_m)


def _usable(crs: str | None) -> str:
    """A CRS found in a file, as a manifest would state it; empty for one that is no system of the earth."""
    if not crs:
        return ""
    try:
        found = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return ""
    if not (found.is_projected or found.is_geographic):
        return ""
    code = found.to_epsg(min_confidence=LEAST_CRS_CONFIDENCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pyproj warns that PROJ strings lose the name
        return f"EPSG:{code}" if code else found.to_proj4()


def _about_datum(datums: list[DatumProposal], known: Known | None) -> list[Question]:
    if not datums:
        return []
    best = datums[0]
    rivals = [entry for entry in datums[1:] if entry.not_told_from]
    if known is not None and best.crs != known.manifest.crs and known.manifest.crs not in best.same_place:
        stated = next((entry for entry in datums if entry.crs == known.manifest.crs), None)
        if stated is None or not stated.not_told_from:
            return [Question(
                f"来源登记的坐标系为 {known.manifest.crs},但数据更像 {best.crs}({best.evidence_zh}),请核实",
                f"the source is declared in {known.manifest.crs}, but the data look like {best.crs} ({best.evidence_en})", "crs")]
    if known is not None and known.is_exact:
        return []
    names = "、".join(entry.crs for entry in (best, *rivals))
    if best.apart_m and not best.is_stated:
        return [_about_old_datums(best, rivals)]
    if rivals:
        return [Question(f"坐标系可能是 {names},依据不足以区分,请确认", f"the datum may be {names}; the evidence does not tell them apart", "crs")]
    if best.shift_m is not None:  # parameters say nothing to who reads the question: they come last
        return [Question(f"坐标系是{best.name_zh}吗?{best.evidence_zh};参数 {best.crs}", f"is the datum {best.name}? {best.evidence_en}; parameters {best.crs}", "crs")]
    return [Question(f"坐标系是 {best.crs}({best.name_zh})吗?{best.evidence_zh}", f"is the datum {best.crs} ({best.name})? {best.evidence_en}", "crs")]


def _about_old_datums(best: DatumProposal, rivals: list[DatumProposal]) -> Question:
    """Which of datums that the same numbers may be in, with the metres between them: what a wrong answer costs."""
    others = [entry.crs for entry in rivals if entry.crs not in best.apart_m]
    zh, en = [f"{best.crs}({best.name_zh})", *others], [f"{best.crs} ({best.name})", *others]
    for crs, metres in best.apart_m.items():
        name = pyproj.CRS.from_user_input(crs).name
        zh.append(f"{crs}({datum_name_zh(crs)},与 {best.crs} 最多相差约 {metres:,.0f} m)")
        en.append(f"{crs} ({name}, up to {metres:,.0f} m from {best.crs})")
    return Question(
        f"坐标系可能是 {'、'.join(zh)},依据不足以区分,请向报送单位核实",
        f"the datum may be {', '.join(en)}; the evidence does not tell them apart: ask the supplier", "crs")


def mapping_of_known(known: Known, layer: Layer, columns: Sequence[Column], spoken: Vocabulary) -> list[Mapped]:
    """The mapping of a known source, its columns under the names of this delivery."""
    manifest, renamed = known.manifest, known.renamed
    delivered = {column.name: column for column in columns}
    found = []
    for name, source in manifest.fields.items():
        for old in [source.column] if source.column else template_columns(source.template or ""):
            new = renamed.get(old, old)
            if new in delivered or manifest.job:
                found.append(_known_field(layer, name, source, old, new, delivered.get(new), spoken))
    for name, old in (("x", manifest.x), ("y", manifest.y), ("wkt", manifest.wkt)):
        new = renamed.get(old, old)
        if old and (new in delivered or manifest.job):
            found.append(_known_field(layer, name, FieldSource(column=old), old, new, None, spoken))
    return found


def _known_field(
    layer: Layer, name: str, source: FieldSource, old: str, new: str, column: Column | None, spoken: Vocabulary
) -> Mapped:
    is_same = old == new
    zh, en = ("已确认的映射", "the confirmed mapping") if is_same else (f"原列名 {old},疑似改名", f"was {old}, probably renamed")
    codes: dict[str, str | None] = {}
    unit = source.unit
    if column is not None and name not in ("x", "y", "wkt"):
        entry = layer.field(name)
        unit = unit or delivered_unit(entry, new)
        if source.codes or entry.codes:
            null_values = set(source.null_values)
            given = {value: source.codes.get(value) or (None if source.codes else value if value in entry.code_values else None)
                     for value in column.values if not source.pattern and value not in null_values}
            similar = proposed_codes(entry, column, spoken.codes[layer.id].get(name, {}))
            codes = {value: code or (similar.get(value) if not source.codes else None) for value, code in given.items()}
    return Mapped(name, new, 1.0 if is_same else 0.85, zh, en, unit, codes, source.format)


def _missing(layer: Layer, mapping: Sequence[Mapped], known: Known | None) -> list[str]:
    filled = {entry.field for entry in mapping} | (set(known.manifest.fields) if known is not None and not known.renamed else set())
    if known is not None:
        filled |= {name for name, source in known.manifest.fields.items() if source.value is not None or source.template is not None}
    return [entry.name for entry in layer.fields if entry.name not in filled]


def _questions(
    dataset: Dataset, columns: Sequence[Column], known: Known | None, sources: list[Known], layers: list[Candidate],
    missing: list[str],
) -> list[Question]:
    if not layers:
        return [Question("这是哪类数据?没有图层与之相符", "what is this? no layer fits", "layer")]
    layer, mapping = layers[0].layer, layers[0].mapping
    found = list(_destroyed(dataset, columns))
    equals = [entry for entry in sources[1:] if known is not None and (entry.is_exact, entry.named) == (known.is_exact, known.named)]
    if equals:
        names = ", ".join(entry.manifest.id for entry in [sources[0], *equals])
        found.append(Question(f"列名同时符合 {names},是哪一个来源?", f"the columns fit {names}: which source is it?", "known_source"))
    if len(layers) > 1 and known is None and layers[0].score - layers[1].score < 0.1:
        found.append(Question(f"是{layers[0].layer.title_zh}还是{layers[1].layer.title_zh}?",
                              f"{layers[0].layer.title_en} or {layers[1].layer.title_en}?", "layer"))
    by_name = {column.name: column for column in columns}
    is_known = known is not None and known.is_exact
    found += [question for entry in mapping for question in _about_field(layer, entry, by_name.get(entry.column), is_known=is_known)]
    for name in missing:
        if layer.field(name).required:
            entry = layer.field(name)
            found.append(Question(f"必填字段「{entry.title_zh}」没有对应的列", f"no column for the required field {entry.title_en!r}", name))
    if known is not None and known.new_columns:
        names = ", ".join(known.new_columns)
        found.append(Question(f"新出现的列:{names},用于何处,或忽略?", f"new columns: {names}; which fields, or ignore them?", "ignore"))
    return found


def _destroyed(dataset: Dataset, columns: Sequence[Column]) -> list[Question]:
    """Columns and headings whose text a wrong encoding destroyed: they must be delivered again."""
    found = []
    for column in columns:
        texts = pd.Series([column.name, *column.values[:200]], dtype=object)
        bad = texts[is_destroyed(texts)].tolist()
        if bad:
            once = original_text(bad[0])
            zh = f"「{column.name}」的文字被错误转码破坏(如「{bad[0][:20]}」" + (f",原文似为「{once[:20]}」" if once else "") + "),请重新报送"
            en = f"the text of {column.name!r} was destroyed by a wrong encoding (such as {bad[0][:20]!r}" + (
                f", once {once[:20]!r}" if once else "") + "): ask for it again"
            found.append(Question(zh, en, column.name))
    return found


def _nearest(value: str, declared: Field) -> Code | None:
    """The code whose title is nearest in wording, for a question; it is never taken by itself."""
    scored = [(fuzz.ratio(plain(value), plain(code.zh)), code) for code in declared.codes]
    best = max(scored, key=lambda entry: entry[0], default=(0.0, None))
    return best[1] if best[0] >= LEAST_LIKENESS else None


def _about_field(layer: Layer, entry: Mapped, column: Column | None, *, is_known: bool) -> list[Question]:
    if entry.field in ("x", "y", "wkt"):
        return []
    declared = layer.field(entry.field)
    title, title_en = declared.title_zh, declared.title_en
    found = []
    if entry.score < SURE and not is_known:
        found.append(Question(f"「{entry.column}」是「{title}」吗?({entry.reason_zh})", f"is {entry.column!r} {title_en!r}? ({entry.reason_en})", entry.field))
    for value in entry.open_codes:
        choice, near = "、".join(code.zh for code in declared.codes), _nearest(value, declared)
        zh = f"「{entry.column}」中的「{value}」是「{title}」的哪一类?可选:{choice}" + (f";字面最接近:{near.zh}" if near else "")
        en = f"which code of {title_en!r} is {value!r} in {entry.column!r}?" + (f" nearest in wording: {near.en}" if near else "")
        found.append(Question(zh, en, entry.field))
    stated = head_unit(entry.column) if declared.unit and entry.unit is None else None
    if stated:
        units = [unit for unit, ours in UNIT_FACTORS if ours == declared.unit]
        found.append(Question(f"「{entry.column}」的单位 {stated} 不能换算为 {declared.unit},请核实是哪种单位({'、'.join(units)})",
                              f"{stated}, the unit of {entry.column!r}, does not become {declared.unit}: which of {', '.join(units)} is meant?", entry.field))
    elif declared.unit and entry.unit is None and not is_known:
        found.append(Question(f"「{entry.column}」未写单位;本字段单位为 {declared.unit},是否相同?",
                              f"{entry.column!r} states no unit; ours is {declared.unit}: the same?", entry.field))
    others = likelier_units(declared, column, entry.unit) if column is not None else []
    if others:
        unit, sizes = entry.unit or declared.unit, f"{declared.min or 0:g}–{declared.max or float('inf'):g} {declared.unit}"
        found.append(Question(f"「{entry.column}」按 {unit} 计多数超出合理范围({sizes}),单位是否为 {'、'.join(others)}?",
                              f"most values of {entry.column!r} in {unit} are out of range ({sizes}): are they {' or '.join(others)}?", entry.field))
    if entry.format and not is_known:
        found.append(Question(f"「{entry.column}」的日期按 {entry.format} 读,对吗?", f"dates of {entry.column!r} read as {entry.format}: right?", entry.field))
    return found
