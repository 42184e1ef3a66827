"""Where a feature comes from: file and row, load, what was converted, what the checks said, what people decided."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pyproj
import sqlalchemy as sa

from app import queries
from app.editions import EditionFacts
from app.texts import Bilingual, DataText, Text
from layers.catalog import Catalog, Field, Layer
from layers.history import SHEET_MARK
from layers.load_changes import HELD

PLACED_LATER = ("unplaced", "gazetteer")
UNIT_WORDS: dict[str, Bilingual] = {"inch": Text("英寸"), "ft": Text("英尺")}
"""Units that are no symbols, in words."""
WORD = re.compile(r"[a-z][a-z_]+")
NOTHING_DELIVERED = {"conversions": None, "checks": [], "decisions": []}


def provenance(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, row: dict[str, Any]
) -> dict[str, Any]:
    """Where a feature comes from; a derived one has no source of its own.

    Returns
    -------
    dict
        ``source_id`` ``title_zh`` ``title_en`` ``supplier`` ``supplier_en`` ``file`` ``sha256`` ``row`` ``load_id`` ``delivery`` ``loaded_at``
        ``as_of`` ``approved_by``: the delivery that the shown values came with; ``confirmed``: the newest delivery
        that held them unchanged, or None, as also where the newest one's row was refused; ``accuracy_m`` (metres) and ``positioned``; ``conversions``, None where the
        load of an older version kept none, those of the position only where one was delivered; ``checks``: warnings and repairs; ``decisions``.
    """
    position = {"accuracy_m": row.get("accuracy_m"), "positioned": row.get("positioned")}
    if row.get("load_id") is None:
        return _source(facts, row) | position | NOTHING_DELIVERED
    load = _load(connection, facts, row["load_id"])
    checks = _checks(connection, facts, layer, row)
    if any(entry["rule_id"] == HELD for entry in checks):
        load |= {"confirmed": None} if load else {}
    return _source(facts, row) | _delivered(load, row) | position | {
        "conversions": _conversions(load, layer, is_position_delivered=row.get("positioned") not in PLACED_LATER),
        "checks": checks,
        "decisions": _decisions(connection, facts, catalog, layer, row["feature_id"]),
    }


def _load(connection: sa.Connection, facts: EditionFacts, load_id: int) -> dict[str, Any]:
    if "loads" in facts.columns:
        found = queries.run(connection, "load_of", {"load_id": load_id}, loads=facts.edition.table("loads"))
    else:
        found = queries.run(connection, "kept_load_of", {"load_id": load_id})
    row = found.mappings().one_or_none()
    return dict(row) if row else {}


def _source(facts: EditionFacts, row: dict[str, Any]) -> dict[str, Any]:
    """What the edition's list of sources says: all there is where the load itself is not known."""
    sources: list[dict[str, Any]] = facts.meta.get("sources", [])
    source = next((source for source in sources if source["source_id"] == row.get("source_id")), {})
    given = {name: source.get(name) for name in ("title_zh", "title_en", "supplier", "supplier_en", "as_of")}
    return given | _file(source.get("files", []), row) | {
        "source_id": row.get("source_id"), "row": row.get("source_row"), "load_id": row.get("load_id"),
        "delivery": None, "loaded_at": None, "approved_by": None, "confirmed": None,
    }


def _delivered(load: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    if not load:
        return {}
    return _file(load["files"], row) | {
        "title_zh": load["title_zh"], "title_en": load.get("title_en") or None,
        "supplier": load["supplier"], "supplier_en": load.get("supplier_en") or None, "as_of": load["as_of"] and load["as_of"].isoformat(),
        "delivery": load["delivery_label"], "loaded_at": load["loaded_at"].isoformat(),
        "approved_by": load.get("approved_by") or None, "confirmed": load["confirmed"],
    }


def _file(files: list[dict[str, str]], row: dict[str, Any]) -> dict[str, Any]:
    name = str(row.get("source_file") or "").partition(SHEET_MARK)[0]
    file = next((file for file in files if len(files) == 1 or file["name"] == name), {})
    return {"file": row.get("source_file") or file.get("name"), "sha256": file.get("sha256")}


def _checks(connection: sa.Connection, facts: EditionFacts, layer: Layer, row: dict[str, Any]) -> list[dict[str, Any]]:
    if "findings" not in facts.columns:
        return []
    parameters = {"layer": layer.id, "id": row["feature_id"], "source_id": row["source_id"], "load_id": row["load_id"]}
    found = queries.run(connection, "findings_of", parameters, findings=facts.edition.table("findings"))
    return [dict(entry) for entry in found.mappings()]


def _decisions(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, layer: Layer, feature_id: str
) -> list[dict[str, Any]]:
    if "decisions" not in facts.columns:
        return []
    parameters = {"layer": layer.id, "id": feature_id}
    found = queries.run(connection, "decisions_of", parameters, decisions=facts.edition.table("decisions"))
    return [dict(entry) | {"at": entry["at"].isoformat()} | _named(entry, catalog) for entry in found.mappings()]


def _named(entry: Mapping[str, Any], catalog: Catalog) -> dict[str, str]:
    """The reasons of a decision about two records with the other's layer by its title; editions keep its id."""
    words = WORD.findall(entry["reason_zh"]) if entry["kind"] == "match" else []
    layer = next((catalog[word] for word in words if word in catalog), None)
    if layer is None:
        return {}
    titles = {"reason_zh": layer.title_zh, "reason_en": layer.title_en}
    return {name: entry[name].replace(layer.id, title, 1) for name, title in titles.items()}


def _conversions(load: dict[str, Any], layer: Layer, *, is_position_delivered: bool) -> list[dict[str, Any]] | None:
    """The conversions of a load that a feature underwent, with a sentence each."""
    kept = load.get("conversions")
    if kept is None:
        return None
    fields = {field.name: field for field in layer.fields}
    undergone = [entry for entry in kept if is_position_delivered or not _is_of_position(entry)]
    return [entry | _sentence(entry, fields.get(entry.get("field", ""))) for entry in undergone]


def _is_of_position(entry: dict[str, Any]) -> bool:
    """Whether a conversion is one that a feature without a delivered position did not undergo."""
    return entry["kind"] in ("datum", "axes") or (entry["kind"] == "unit" and "field" not in entry)


def _sentence(entry: dict[str, Any], field: Field | None) -> dict[str, str]:
    if entry["kind"] == "datum":
        return _datum_sentence(entry).fields("text")
    column = entry.get("column")
    title = DataText(field.title_zh, field.title_en) if field else entry.get("field", column or "")
    sentences: dict[str, Bilingual] = {
        "axes": Text("坐标按先纬度(北)后经度(东)报送,已对调"),
        "unit": _unit_sentence(entry, title),
        "codes": Text("{title}:按对照表由“{column}”转为代码", title=title, column=column),
        "assigned": Text("{title}:未报送,由数据源说明统一填写", title=title),
        "extracted": Text("{title}:取自“{column}”的一部分", title=title, column=column),
        "job": Text("经专用程序 {job} 整理", job=entry.get("job")),
        "composed": Text("{title}:由多列合成 {template}", title=title, template=entry.get("template")),
    }  # fmt: skip
    return sentences.get(entry["kind"], DataText(entry["kind"], entry["kind"])).fields("text")


def _unit_sentence(entry: dict[str, Any], title: Bilingual | str) -> Text:
    before, after, factor = _unit(entry), entry.get("to"), f"{entry.get('factor', 1.0):.12g}"
    if entry.get("is_said_by_values"):
        return Text("{title}:写明 {before} 的值换算为 {after},乘 {factor}", title=title, before=before, after=after, factor=factor)
    return Text("{title}:{before} 换算为 {after},乘 {factor}", title=title, before=before, after=after, factor=factor)


def _unit(entry: dict[str, Any]) -> Any:
    return UNIT_WORDS.get(entry.get("from", ""), entry.get("from"))


def _datum_sentence(entry: dict[str, Any]) -> Text:
    before, after = _crs_name(entry["from"]), _crs_name(entry["to"])
    if entry["from"] == entry["to"]:
        return Text("坐标系 {after},未换算", after=after)
    error_m = entry.get("error_m") or 0.0
    if not error_m:
        return Text("坐标由 {before} 换算到 {after}", before=before, after=after)
    return Text("坐标由 {before} 换算到 {after},公式误差 ±{error_m:g} m 计入精度", before=before, after=after, error_m=error_m)


@lru_cache(maxsize=64)
def _crs_name(crs: str) -> str:
    """An EPSG code with the name that people know it by; anything else as it is."""
    return f"{crs} ({pyproj.CRS.from_user_input(crs).name})" if crs.startswith("EPSG:") else crs
