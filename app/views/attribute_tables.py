"""属性表: rows of a layer by pages, the numbers that a filter leaves, and the same as a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, make_response, request

from app.attribute_table import (
    MOST_EXPORTED,
    MOST_IDS,
    MOST_ROWS,
    AttributeTable,
    Box,
    Rows,
    told,
)
from app.errors import RequestError
from app.parameters import choice, number, plain_text, whole_number
from app.parts import parts
from app.pinned import Pinned, pinned_edition
from app.row_filters import LONGEST, read_filters
from app.table_workbook import MIMETYPE, Head, workbook
from app.texts import DataText, Text
from layers.errors import UnknownLayerError

blueprint = Blueprint("attribute_tables", __name__)
DIRECTIONS = ("asc", "desc")
NO_FILTER = Text("无")


@blueprint.get("/api/tables/<layer_id>")
def table_rows(layer_id: str) -> Response:
    """Rows of a layer, filtered, sorted, by pages; how many there are with and without the filter."""
    asked = _asked()
    skip = whole_number("offset", request.args.get("offset", "0"))
    most = whole_number("limit", request.args.get("limit", "200"), least=1, most=MOST_ROWS)
    with _table(layer_id) as (table, pinned):
        rows = table.rows(asked, n_skipped=skip, n_most=most)
        is_all = not asked.filters and asked.box is None
        n_total = pinned.facts.counts[layer_id][0]
        return jsonify(
            layer=layer_id, edition=pinned.edition.number, columns=[told(column) for column in table.columns],
            extent=table.extent(asked) if request.args.get("extent") == "1" else None,
            found_at=table.place_of(asked, plain_text("find", request.args["find"])) if "find" in request.args else None,
            n_total=n_total, n_found=n_total if is_all else table.count(asked), offset=skip, rows=rows,
        )  # fmt: skip


@blueprint.get("/api/tables/<layer_id>/ids")
def table_ids(layer_id: str) -> Response:
    """Numbers of the features that a filter leaves, so that the map shows the same."""
    asked = _asked()
    with _table(layer_id) as (table, pinned):
        ids = table.ids(asked)
        return jsonify(layer=layer_id, edition=pinned.edition.number, ids=ids, is_whole=len(ids) < MOST_IDS)


@blueprint.get("/api/tables/<layer_id>/workbook")
def table_workbook(layer_id: str) -> Response:
    """What is filtered, as an Excel workbook with a head that says so."""
    asked = _asked()
    lang = choice("lang", request.args.get("lang", "zh"), ("zh", "en"))
    with _table(layer_id) as (table, pinned):
        rows = table.rows(asked, n_skipped=0, n_most=MOST_EXPORTED)
        head = _head(table, pinned, asked, lang, len(rows))
        titles = {layer.id: layer.title_zh if lang == "zh" else layer.title_en for layer in parts().catalog}
        made = workbook(head, table.columns, rows, lang, titles)
    response = make_response(made)
    response.mimetype = MIMETYPE
    name = quote(f"{head.title}_{pinned.edition.label}.xlsx")
    response.headers["Content-Disposition"] = f"attachment; filename=\"{layer_id}.xlsx\"; filename*=UTF-8''{name}"
    return response


@contextmanager
def _table(layer_id: str) -> Iterator[tuple[AttributeTable, Pinned]]:
    layer = parts().catalog[layer_id]
    with pinned_edition() as pinned:
        if layer_id not in pinned.facts.counts:
            raise UnknownLayerError(layer_id)
        yield AttributeTable(pinned.connection, pinned.facts, parts().catalog, layer), pinned


def _asked() -> Rows:
    filters = read_filters(plain_text("flt", request.args.get("flt", ""), longest=LONGEST))
    direction = choice("order", request.args.get("order", "asc"), DIRECTIONS)
    sort = plain_text("sort", request.args.get("sort", ""))
    return Rows(filters, _box(request.args.get("bbox")), sort, direction == "desc")


def _box(text: str | None) -> Box | None:
    if not text:
        return None
    values = text.split(",")
    if len(values) != 4:
        raise RequestError("bbox", Text("应为 西,南,东,北"))
    west, south, east, north = (number("bbox", value, least=-180, most=180) for value in values)
    if west >= east or south >= north:
        raise RequestError("bbox", Text("应为 西,南,东,北"))
    return west, south, east, north


def _head(table: AttributeTable, pinned: Pinned, asked: Rows, lang: str, n_rows: int) -> Head:
    layer, edition, area = table.layer, pinned.edition, pinned.facts.area
    filters = "; ".join(_filter_words(table, entry.field, entry.spec, lang) for entry in asked.filters if entry.layer == layer.id)
    box = ", ".join(f"{value:.6f}" for value in asked.box) if asked.box else ""
    now = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    place = DataText(area["title_zh"], area["title_en"])
    lines = [
        Text("{place} · 版次 {edition} · 资料截至 {as_of} · 内部使用", place=place, edition=edition.label, as_of=edition.data_as_of),
        Text("筛选:{filters}", filters=filters or NO_FILTER),
        *([Text("范围(经纬度):{box}", box=box)] if box else []),
        Text("{n_rows} 行,导出时间 {now}", n_rows=n_rows, now=now),
    ]
    return Head(DataText(layer.title_zh, layer.title_en)[lang], [line[lang] for line in lines])


def _filter_words(table: AttributeTable, name: str, spec: str, lang: str) -> str:
    """A filter with the title of its field and the titles of its codes."""
    column = next((column for column in table.columns if column.field.name == name), None)
    if column is None:
        return f"{name}: {spec}"
    words = {code.code: code.zh if lang == "zh" else code.en for code in column.field.codes}
    title = column.field.title_zh if lang == "zh" else column.field.title_en
    return f"{title} = {', '.join(words.get(value, value) for value in spec.split(','))}"
