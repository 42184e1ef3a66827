"""From a recognised file and a person's decisions to a manifest; from a renamed delivery to its manifest under new names."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from etl.manifest import FieldSource, Manifest, home_sources, manifest_from, template_columns
from layers.catalog import Area, Catalog, Layer, load_catalog
from layers.errors import AtlasError, InputError

if TYPE_CHECKING:
    from etl.recognise import RecognisedDataset, Recognition

DECISIONS = frozenset((
    "id", "layer", "title_zh", "title_en", "supplier", "supplier_en", "files", "crs", "accuracy_m", "axis_order", "crs_overrides_file", "as_of", "mode",
    "max_refused_pct", "moved_m", "optional", "distinct", "null_values", "ignore", "fields", "codes", "x", "y", "wkt", "known_source",
))
IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,60}")
TABLE_SETTINGS = ("encoding", "separator", "sheet", "header_rows", "skip_rows")
PLAIN_KEYS = ("accuracy_m", "axis_order", "crs_overrides_file", "mode", "max_refused_pct", "moved_m", "optional", "distinct")


def toml_value(value: Any) -> str:
    """A plain value in TOML; tables inline.

    >>> toml_value({"column": "储量", "codes": {"是": "a"}}), toml_value(("x", 1.5, True))
    ('{ column = "储量", codes = { "是" = "a" } }', '["x", 1.5, true]')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        inside = ", ".join(f"{toml_key(str(key))} = {toml_value(entry)}" for key, entry in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(map(toml_value, value))}]"
    return repr(value)


def toml_key(key: str) -> str:
    """A key in TOML, bare where it may be."""
    return key if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key) else json.dumps(key, ensure_ascii=False)


def text_of(manifest: Manifest, *, remark: str = "") -> str:
    """A manifest as the TOML that `load_manifest` reads back; what is usual is left out."""
    lines = [f"# {line}" for line in remark.splitlines()]
    for entry in dataclasses.fields(Manifest):
        value = getattr(manifest, entry.name)
        usual = entry.default if entry.default is not dataclasses.MISSING else None
        if entry.name in ("fields", "path") or value in (usual, {}, None):
            continue
        lines.append(f"{entry.name} = {toml_value(value)}")
    lines += ["", "[fields]"]
    lines += [f"{name} = {_field_text(source)}" for name, source in manifest.fields.items()]
    return "\n".join(lines) + "\n"


def _field_text(source: FieldSource) -> str:
    table = {
        entry.name: getattr(source, entry.name)
        for entry in dataclasses.fields(FieldSource)
        if getattr(source, entry.name) not in (None, {}, ())
    }
    return toml_value(source.column) if set(table) == {"column"} else toml_value(table)


def renamed(manifest: Manifest, names: Mapping[str, str]) -> Manifest:
    """A manifest whose columns go by the names of a new delivery (old -> new)."""

    def under_new_name(name: str) -> str:
        return names.get(name, name)

    def source_of(entry: FieldSource) -> FieldSource:
        template = entry.template
        for name in template_columns(template or ""):
            template = (template or "").replace(f"{{{name}}}", f"{{{under_new_name(name)}}}")
        return dataclasses.replace(entry, column=under_new_name(entry.column) if entry.column else None, template=template)

    return dataclasses.replace(
        manifest,
        fields={name: source_of(entry) for name, entry in manifest.fields.items()},
        x=under_new_name(manifest.x), y=under_new_name(manifest.y), wkt=under_new_name(manifest.wkt),
    )


def manifest_text(recognition: Recognition, dataset: str, decisions: Mapping[str, Any], *, catalog: Catalog | None = None) -> str:
    """The manifest that a person confirmed, as TOML.

    Parameters
    ----------
    dataset : name of one of the file's datasets.
    decisions : what the person decided
        ``id``, ``title_zh``, ``supplier`` and, for places, ``crs`` must be given unless the source is known; ``layer`` and
        ``fields`` (field -> column, a table as in a manifest, or null for none) replace what is proposed; ``codes`` (field ->
        delivered value -> code, null: rows with this value are refused) answers open codes; ``ignore`` lists the columns
        that are not used; the rest are keys of a manifest. ``known_source`` = "" says that the file is no known source.

    Raises
    ------
    InputError
        A decision is missing or names what does not exist; `field` says which.
    """
    layers, found = catalog or load_catalog(), recognition[dataset]
    unknown = sorted(set(decisions) - DECISIONS)
    if unknown:
        raise InputError(unknown[0], f"no such decision; known: {', '.join(sorted(DECISIONS))}")
    layer_id = str(decisions.get("layer") or (found.layer.id if found.layer else ""))
    if layer_id not in layers:
        raise InputError("layer", f"no layer {layer_id!r}")
    layer = layers[layer_id]
    base = _base(recognition, found, decisions, layer)
    manifest = _with_accuracy_of_shift(dataclasses.replace(base, **_decided(decisions, base, layer)), found, decisions)
    _require_decided(manifest, found, layer)
    try:
        manifest_from(text_of(manifest), manifest.path, layers)
    except AtlasError as error:
        raise InputError("manifest", str(error)) from error
    return text_of(manifest, remark=f"Confirmed for {recognition.file}, {dataset}.")


def _with_accuracy_of_shift(manifest: Manifest, dataset: RecognisedDataset, decisions: Mapping[str, Any]) -> Manifest:
    """A confirmed local shift brings the accuracy that it was found with, where the person states none."""
    chosen = next((entry for entry in dataset.datums if entry.shift_m is not None and entry.crs == manifest.crs), None)
    return manifest if chosen is None or "accuracy_m" in decisions else dataclasses.replace(manifest, accuracy_m=chosen.accuracy_m)


def _base(recognition: Recognition, dataset: RecognisedDataset, decisions: Mapping[str, Any], layer: Layer) -> Manifest:
    """The known manifest under the delivery's names, or a new one with the proposed mapping."""
    known = dataset.known
    if known is not None and decisions.get("known_source", known.manifest.id) == known.manifest.id and known.manifest.layer == layer.id:
        return _read_as_found(renamed(known.manifest, known.renamed), dataset)
    found, identity = dataset.dataset, str(decisions.get("id", ""))
    if not IDENTIFIER.fullmatch(identity):
        raise InputError("id", f"{identity!r} is no name: lower-case letters, digits and _")
    if not found.reader:
        raise InputError("reader", "no standard reader takes this structure: a job in etl/jobs is needed")
    for name in ("title_zh", "supplier"):
        if not str(decisions.get(name, "")).strip():
            raise InputError(name, "nothing given")
    proposed = next((candidate.mapping for candidate in dataset.layers if candidate.layer.id == layer.id), [])
    fields = {
        entry.field: FieldSource(column=entry.column, unit=entry.unit, format=entry.format, codes=_codes(entry.field, entry.codes, decisions))
        for entry in proposed
        if entry.field not in ("x", "y", "wkt")
    } if "fields" not in decisions else {}
    position = {entry.field: entry.column for entry in proposed if entry.field in ("x", "y", "wkt")}
    return Manifest(
        identity, layer.id, str(decisions["title_zh"]), str(decisions["supplier"]), (recognition.file,), found.reader, fields,
        path=Path(f"{identity}.toml"), **{**found.settings, **position},
    )


def _read_as_found(manifest: Manifest, dataset: RecognisedDataset) -> Manifest:
    """A known manifest that reads this delivery as it is: another encoding or heading than last time is no other source."""
    if manifest.job or manifest.reader != "table" or dataset.dataset.reader != "table" or manifest.columns or manifest.sheets:
        return manifest
    usual = {entry.name: entry.default for entry in dataclasses.fields(Manifest)}
    return dataclasses.replace(manifest, **{name: dataset.dataset.settings.get(name, usual[name]) for name in TABLE_SETTINGS})


def _codes(name: str, proposed: Mapping[str, str | None], decisions: Mapping[str, Any]) -> dict[str, str]:
    """The closed code list of a field; an open value that nobody answered raises `InputError`."""
    answers = dict(decisions.get("codes", {}).get(name, {}))
    found = {}
    for value, code in {**proposed, **answers}.items():
        if code is None and value not in answers:
            raise InputError(name, f"which code is {value!r}? (null: refuse such rows)")
        if code is not None:
            found[value] = str(code)
    return {} if all(value == code for value, code in found.items()) else found


def _decided(decisions: Mapping[str, Any], base: Manifest, layer: Layer) -> dict[str, Any]:
    """Keys of the manifest that the decisions replace."""
    given: dict[str, Any] = {name: decisions[name] for name in ("id", "title_zh", "title_en", "supplier", "supplier_en", "crs", "x", "y", "wkt", *PLAIN_KEYS) if name in decisions}
    given |= {name: tuple(decisions[name]) for name in ("files", "null_values") if name in decisions}
    if "ignore" in decisions:
        given["ignore"] = tuple(dict.fromkeys([*base.ignore, *(["*"] if decisions["ignore"] == "*" else decisions["ignore"])]))
    if decisions.get("as_of"):
        given["as_of"] = date.fromisoformat(str(decisions["as_of"]))
    if "fields" in decisions:
        given["fields"] = {**base.fields, **{name: _field(name, entry, decisions, layer) for name, entry in decisions["fields"].items()}}
        given["fields"] = {name: entry for name, entry in given["fields"].items() if entry is not None}
    elif decisions.get("codes"):
        given["fields"] = {
            name: dataclasses.replace(entry, codes={**entry.codes, **_codes(name, {}, decisions)}) for name, entry in base.fields.items()
        }
    given["path"] = Path(f"{given.get('id', base.id)}.toml")
    return given


def _field(name: str, entry: Any, decisions: Mapping[str, Any], layer: Layer) -> FieldSource | None:
    if name not in {known.name for known in layer.fields}:
        raise InputError(name, f"layer {layer.id} has no such field")
    if entry is None:
        return None
    table = {"column": entry} if isinstance(entry, str) else dict(entry)
    unknown = sorted(set(table) - {known.name for known in dataclasses.fields(FieldSource)})
    if unknown:
        raise InputError(name, f"unknown key {', '.join(unknown)}")
    table["codes"] = _codes(name, table.get("codes", {}), decisions)
    table["null_values"] = tuple(table.get("null_values", ()))
    return FieldSource(**table)


def _require_decided(manifest: Manifest, dataset: RecognisedDataset, layer: Layer) -> None:
    """Raise `InputError` for what a person has left open: datum, required fields, columns of no use."""
    if (layer.is_drawn or layer.geometry == "Raster") and not manifest.crs:
        raise InputError("crs", "the datum must be confirmed: EPSG:nnnn, GCJ-02 or BD-09")
    lacking = [entry.name for entry in layer.fields if entry.required and entry.name not in manifest.fields]
    if lacking and manifest.reader != "raster":
        raise InputError(lacking[0], f"a required field of {layer.id} without a column")
    delivered = {column.name for column in dataset.columns}
    if manifest.job or manifest.reader == "raster" or "*" in manifest.ignore:
        return
    absent = sorted(manifest.used_columns - delivered - {"_sheet"})
    if absent:
        raise InputError("fields", f"no column {', '.join(absent)} in {dataset.name}")
    left = sorted(delivered - manifest.used_columns - set(manifest.ignore))
    if left:
        raise InputError("ignore", f"columns neither mapped nor ignored: {', '.join(left)}")


def draft_text(recognition: Recognition, dataset: RecognisedDataset) -> str:
    """The proposal as a manifest to be completed by hand: what is open stands in it as a comment, the datum always.

    A draft does not load before a person has answered: it lacks its datum, and its open codes are commented out.
    """
    known = dataset.known
    if known is not None:
        manifest = dataclasses.replace(renamed(known.manifest, known.renamed), ignore=(*known.manifest.ignore, *known.new_columns))
    else:
        manifest = _draft(recognition, dataset)
    datums = [f"crs = {toml_value(entry.crs)}  # accuracy_m = {entry.accuracy_m:g}; {entry.score:.2f} {entry.evidence_en}" for entry in dataset.datums] if not manifest.crs else []
    questions = [f"? {entry.zh} / {entry.en}" for entry in dataset.questions]
    return text_of(manifest, remark="\n".join([f"Draft for {recognition.file}, {dataset.name}: confirm every line.", *questions, *datums]))


def _draft(recognition: Recognition, dataset: RecognisedDataset) -> Manifest:
    if dataset.layer is None:
        raise InputError("layer", f"no layer fits {dataset.name}")
    position = {entry.field: entry.column for entry in dataset.mapping if entry.field in ("x", "y", "wkt")}
    fields = {
        entry.field: FieldSource(
            column=entry.column, unit=entry.unit, format=entry.format,
            codes={value: code for value, code in entry.codes.items() if code is not None},
        )
        for entry in dataset.mapping
        if entry.field not in ("x", "y", "wkt")
    }
    return Manifest(
        dataset.layer.id, dataset.layer.id, dataset.name, "?", (recognition.file,), dataset.dataset.reader or "table", fields,
        ignore=tuple(dataset.unmapped_columns), **{**dataset.dataset.settings, **position},
    )


def keep_manifest(home: Path, area: Area, catalog: Catalog, text: str, source_id: str) -> Path:
    """Write a confirmed manifest where it overrides or adds to the area's own; whole or not at all."""
    path = home_sources(home, area.id) / f"{source_id}.toml"
    manifest_from(text, path, catalog)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
    return path
