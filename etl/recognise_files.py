"""What a delivered file is: its reader, encoding, separator, heading and datasets, seen from its first bytes and rows.

Only proposals come from here. Reading for a load goes by the manifest, which a person confirmed.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from etl.archives import DATASETS, datasets_in, is_archive, unpacked
from etl.batch import RETURNED_COLUMNS, RETURNED_ROW_COLUMN
from etl.dbf_names import BYTES_AS_TEXT
from etl.encoding import HEAD_BYTES, encoding_of
from etl.esri_json import is_page, read_esri_json
from etl.geopackages import drawn_tables, queries
from etl.manifest import Manifest
from etl.text_files import json_line_batches, text_batches
from etl.vectors import BYTE_ORDER_MARK, check_content, cut_names, files_beside, states_character_set, states_crs, text_encoding, vector_batches
from etl.workbook_batches import sheets_seen
from etl.workbooks import Sheet, joined_heads
from layers.errors import SourceFileError

SAMPLE_ROWS = 5_000
MAX_JSON_BYTES = 256 * 2**20
HEAD_ROWS = 40
SEPARATORS = (",", "\t", ";", "|")
TEXT, BOOK, LINES = (".csv", ".tsv", ".txt"), (".xlsx", ".xlsm", ".xls"), (".jsonl", ".ndjson")
LOOKS_LIKE_DATA = re.compile(r"[+-]?\d[\d,]*(\.\d+)?|\d{2,4}[-/年.]\d{1,2}([-/月.]\d{1,2}日?)?.*")
Words = dict[str, str]


@dataclass(frozen=True)
class Dataset:
    """One table or layer of a file: the manifest keys that read it, and its first rows as delivered."""

    name: str
    reader: str
    settings: Mapping[str, Any]
    frame: pd.DataFrame
    n_rows: int | None
    geometry_type: str | None = None
    crs_found: str | None = None
    warnings: tuple[Words, ...] = ()
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """What a delivered file holds."""

    reader: str
    datasets: tuple[Dataset, ...]
    encoding: str | None = None
    separator: str | None = None
    warnings: tuple[Words, ...] = ()


def words(zh: str, en: str) -> Words:
    """A remark in both languages."""
    return {"zh": zh, "en": en}


def plain_manifest(path: Path, reader: str, **settings: Any) -> Manifest:
    """A manifest that reads a file and maps nothing."""
    return Manifest("recognised", "", path.name, "", (path.name,), reader, **settings)


def survey(path: Path) -> Survey:
    """The datasets of a delivered file, an archive's members included.

    Raises
    ------
    SourceFileError
        No reader takes the file, or it is damaged or hostile.
    """
    if not is_archive(path):
        return _survey_plain(path)
    with unpacked(path) as folder:
        members = list(dict.fromkeys(entry for reader in DATASETS for entry in datasets_in(folder, reader=reader)))
        if not members:
            raise SourceFileError(path, "an archive with nothing a reader knows", "csv, xlsx, shp, gpkg, geojson, kml, gdb, dxf, tab or tif")
        found = [(entry, _survey_plain(entry)) for entry in members]
        many = len(found) > 1
        datasets = tuple(
            replace(
                dataset,
                name=f"{entry.relative_to(folder)}: {dataset.name}" if many else dataset.name,
                settings={**dataset.settings, **({"member": entry.name} if many else {})},
            )
            for entry, inside in found
            for dataset in inside.datasets
        )
    first = found[0][1]
    return Survey(first.reader, datasets, first.encoding, first.separator, tuple(w for _, s in found for w in s.warnings))


def _survey_plain(path: Path) -> Survey:
    suffix = path.suffix.lower()
    if suffix in TEXT:
        return _survey_text(path)
    if suffix in BOOK:
        return Survey("table", tuple(_sheet_dataset(sheet, path) for sheet in sheets_seen(path, HEAD_ROWS + SAMPLE_ROWS) if sheet.n_rows > 1 and any(map(any, sheet.rows))))
    if suffix in LINES:
        return _survey_vector(path) if _begins_with_feature(path) else _survey_lines(path)
    if suffix in (".tif", ".tiff"):
        return _survey_raster(path)
    if suffix == ".json":
        return _survey_json(path)
    return _survey_vector(path)


def separator_of(lines: list[str]) -> str:
    """The sign that cuts most lines into the same number of cells, the comma where none does.

    >>> separator_of(["a\\tb,c\\td", "1\\t2\\t3", "4\\t5\\t6"])
    '\\t'
    """
    best, best_score = ",", 1.0
    for separator in SEPARATORS:
        widths = [len(row) for row in _cells(lines, separator)]
        if not widths:
            continue
        width, n = Counter(widths).most_common(1)[0]
        score = width * (n / len(widths)) ** 2
        if width > 1 and score > best_score:
            best, best_score = separator, score
    return best


def _cells(lines: list[str], separator: str) -> list[list[str]]:
    try:
        return [row for row in csv.reader(lines, delimiter=separator) if any(cell.strip() for cell in row)]
    except csv.Error:
        return []


@dataclass(frozen=True)
class Heading:
    """Where the heading of a table stands: title rows above it, its own rows (0: the table has none)."""

    skip_rows: int
    header_rows: int


def heading_of(rows: list[list[str]], spans: Mapping[int, int] | None = None) -> Heading:
    """The heading of a table by its first rows; `spans` says how many rows a merged heading takes, by its first row.

    Title rows fill few cells; a second heading row fills cells that the first leaves empty and holds no numbers; a
    first full row with numbers or dates in it is data.

    >>> heading_of([["台账", "", ""], ["编号", "名称", "人数"], ["E1", "甲厂", "12"]])
    Heading(skip_rows=1, header_rows=1)
    >>> heading_of([["E1", "甲厂", "12"], ["E2", "乙厂", "9"]])
    Heading(skip_rows=0, header_rows=0)
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    usual = Counter(n for n in filled if n).most_common(1)[0][0] if any(filled) else 0
    width = max(filled, default=0)
    first = next((n for n, count in enumerate(filled) if count >= max(2, 0.6 * min(usual, width)) or (width < 2 and count)), 0)
    if any(LOOKS_LIKE_DATA.fullmatch(cell.strip()) for cell in rows[first] if cell.strip()) and _is_data(rows[first]):
        return Heading(first, 0)
    n_rows = (spans or {}).get(first, 1)
    while first + n_rows < len(rows) and _continues(rows[first], rows[first + n_rows]) and n_rows < 3:
        n_rows += 1
    return Heading(first, n_rows)


def _is_data(row: list[str]) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    n_data = sum(bool(LOOKS_LIKE_DATA.fullmatch(cell)) for cell in cells)
    return n_data >= min(3, max(1, 0.2 * len(cells)))


def _continues(above: list[str], row: list[str]) -> bool:
    """Whether a row completes the heading above it: it fills a gap there and is no data."""
    gaps = [n for n, cell in enumerate(above) if not cell.strip()]
    fills = any(n < len(row) and row[n].strip() for n in gaps)
    return fills and not any(LOOKS_LIKE_DATA.fullmatch(cell.strip()) for cell in row if cell.strip()) and (
        sum(bool(cell.strip()) for cell in row) < len(row)
    )


def _survey_text(path: Path) -> Survey:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    encoding, other = encoding_of(head, is_whole=len(head) < HEAD_BYTES)
    lines = head.decode(encoding, errors="replace").removeprefix("\ufeff").splitlines()[:HEAD_ROWS]
    separator = separator_of(lines)
    rows = list(csv.reader(lines, delimiter=separator))
    if not rows:
        raise SourceFileError(path, "an empty file", "a heading and rows")
    heading = heading_of(rows)
    settings: dict[str, Any] = {"encoding": encoding, **_heading_settings(heading, rows)}
    if separator != ",":
        settings["separator"] = "\\t" if separator == "\t" else separator
    frame = next(text_batches(path, plain_manifest(path, "table", **settings), rows=SAMPLE_ROWS), pd.DataFrame())
    warnings = list(_heading_warnings(heading))
    if other:
        warnings.append(words(f"编码像 {encoding},也可能是 {other},请核对文字", f"the encoding looks like {encoding}, {other} is possible too: look at the words"))
    n_rows = len(frame) if len(frame) < SAMPLE_ROWS else _n_lines(path) - heading.skip_rows - heading.header_rows
    dataset = Dataset(path.stem, "table", settings, frame, n_rows, warnings=tuple(warnings))
    return Survey("table", (dataset,), encoding, separator)


def _heading_settings(heading: Heading, rows: list[list[str]]) -> dict[str, Any]:
    if heading.header_rows == 0:
        width = max(len(row) for row in rows[heading.skip_rows:])
        settings: dict[str, Any] = {"columns": tuple(f"column {n}" for n in range(1, width + 1))}
    else:
        settings = {"header_rows": heading.header_rows} if heading.header_rows > 1 else {}
    return settings | ({"skip_rows": heading.skip_rows} if heading.skip_rows else {})


def _heading_warnings(heading: Heading) -> Iterator[Words]:
    if heading.header_rows == 0:
        yield words("首行像数据,不像表头:各列按序号命名", "the first row looks like data, not like a heading: columns are called by number")


def _n_lines(path: Path) -> int:
    with path.open("rb") as stream:
        return sum(piece.count(b"\n") for piece in iter(lambda: stream.read(2**22), b""))


def _sheet_dataset(sheet: Sheet, path: Path) -> Dataset:
    heading = heading_of(sheet.rows[:HEAD_ROWS], _merged_spans(sheet))
    settings: dict[str, Any] = {"sheet": sheet.name, **_heading_settings(heading, sheet.rows[:HEAD_ROWS])}
    first = heading.skip_rows + heading.header_rows
    names = list(settings["columns"]) if not heading.header_rows else joined_heads(sheet, heading.skip_rows, heading.header_rows)
    width = len(sheet.rows[0])
    names = [name or f"column {n}" for n, name in enumerate((names + [""] * width)[:width], start=1)]
    frame = pd.DataFrame(sheet.rows[first : first + SAMPLE_ROWS], columns=names, dtype=object)
    frame = frame.loc[:, ~frame.columns.duplicated()]
    is_blank = frame.apply(lambda column: column.str.strip() == "")
    frame = frame[~is_blank.all(axis=1)].reset_index(drop=True)
    frame = frame.drop(columns=[name for name in frame.columns if str(name).startswith("column ") and bool(is_blank[name].all())])
    n_rows = len(frame) if sheet.n_rows - first <= SAMPLE_ROWS else sheet.n_rows - first
    remarks = list(_heading_warnings(heading))
    if set(RETURNED_COLUMNS[:-1]) <= set(frame.columns):
        is_partial = RETURNED_ROW_COLUMN in frame.columns
        frame = frame.drop(columns=[name for name in RETURNED_COLUMNS if name in frame.columns])
        if is_partial:
            remarks.append(words("这是改正后的退回表:各行并入原来源,不作为全量", "a returned workbook, mended: its rows join those of their source and stand for no others"))
    return Dataset(sheet.name, "table", settings, frame, n_rows, warnings=tuple(remarks))


def _merged_spans(sheet: Sheet) -> dict[int, int]:
    """First row of merged heading cells -> rows that the heading takes."""
    spans: dict[int, int] = {}
    for top, bottom, left, right in sheet.merged:
        if bottom > top:
            spans[top] = max(spans.get(top, 1), bottom - top + 1)
    return spans


def _survey_lines(path: Path) -> Survey:
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    encoding, _ = encoding_of(head, is_whole=len(head) < HEAD_BYTES)
    frame = next(json_line_batches(path, plain_manifest(path, "table", encoding=encoding), rows=SAMPLE_ROWS), pd.DataFrame())
    n_rows = len(frame) if len(frame) < SAMPLE_ROWS else _n_lines(path)
    return Survey("table", (Dataset(path.stem, "table", {"encoding": encoding}, frame, n_rows),), encoding)


def _begins_with_feature(path: Path) -> bool:
    """Whether the first line of a file is a feature of GeoJSON: then it has positions (GeoJSON text sequences, RFC 8142)."""
    with path.open("rb") as stream:
        first = stream.read(HEAD_BYTES).removeprefix(BYTE_ORDER_MARK).lstrip(b"\x1e \r\n\t").split(b"\n", 1)[0]
    return first.startswith(b"{") and re.search(rb'"type"\s*:\s*"Feature"', first) is not None


def _survey_json(path: Path) -> Survey:
    """GeoJSON, a page of an ArcGIS service, or JSON of another structure, which only a job can read."""
    if path.stat().st_size > MAX_JSON_BYTES:
        return _survey_vector(path)
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SourceFileError(path, f"no JSON in UTF-8: {error}"[:300], "one JSON object") from error
    if isinstance(value, dict) and str(value.get("type")) in ("FeatureCollection", "Feature"):
        return _survey_vector(path)
    pages = value if isinstance(value, list) else [value]
    if any(map(is_page, pages)):
        return _survey_esri(path, pages)
    rows = pd.json_normalize(_first_objects(value)).astype(object)
    frame = rows.map(lambda cell: "" if cell is None or cell != cell else str(cell)) if len(rows) else rows
    remark = words("结构特殊的 JSON:标准读取器不能读,须指定专用程序(job)", "JSON of a structure of its own: no standard reader takes it, a job must")
    return Survey("table", (Dataset(path.stem, "", {}, frame.head(SAMPLE_ROWS), len(frame), warnings=(remark,)),))


def _first_objects(value: Any) -> list[dict[str, Any]]:
    """The largest list of objects anywhere in a JSON value."""
    found: list[dict[str, Any]] = []
    open_values = [value]
    while open_values:
        entry = open_values.pop()
        if isinstance(entry, list) and len(entry) > len(found) and all(isinstance(row, dict) for row in entry):
            found = entry
        elif isinstance(entry, dict):
            open_values += list(entry.values())
    return found


def _survey_esri(path: Path, pages: list[dict[str, Any]]) -> Survey:
    frame = read_esri_json(path, plain_manifest(path, "esri"))
    kinds = {geometry.geom_type for geometry in frame.geometry if geometry is not None}
    reference = next((page["spatialReference"] for page in pages if page.get("spatialReference")), {})
    wkid = reference.get("latestWkid") or reference.get("wkid")
    remarks = (words("服务分页结果:还有后续页", "one page of a service: more pages follow"),) if pages[-1].get("exceededTransferLimit") else ()
    dataset = Dataset(path.stem, "esri", {}, frame, len(frame), "/".join(sorted(kinds)) or None,
                      f"wkid {wkid}" if wkid else None, remarks)
    return Survey("esri", (dataset,), "utf-8")


def _survey_vector(path: Path) -> Survey:
    encoding = _table_encoding(path)
    settings = {"encoding": encoding} if encoding else {}
    check_content(path, plain_manifest(path, "vector", **settings), is_survey=True)
    unread = queries(path) if path.suffix.lower() == ".gpkg" else []
    layers = [(name, "table") for name in drawn_tables(path)] if unread else _layers(path)
    drawn = [name for name, kind in layers if kind is not None]
    remarks = _unread_queries(unread) + _cut_names(path, plain_manifest(path, "vector", **settings))
    found = tuple(
        replace(_layer_dataset(path, name, settings, is_one=len(layers) == 1 and not unread), warnings=remarks) for name in drawn
    )
    if not found:
        raise SourceFileError(path, f"the stored query {unread[0][:80]!r} in place of a table" if unread else "no layer with geometry", "a vector file")
    return Survey("vector", found, encoding or None)


def _layers(path: Path) -> list[tuple[str, str | None]]:
    """The layers of a vector file with the kind of their geometry, None for a table without."""
    try:
        return [(str(name), kind) for name, kind in pyogrio.list_layers(path)]
    except (DataSourceError, DataLayerError) as error:
        raise SourceFileError(path, str(error)[:500], "a vector file") from error


def _unread_queries(names: list[str]) -> tuple[Words, ...]:
    """What is said of the views and virtual tables of a GeoPackage: they are named, never run."""
    if not names:
        return ()
    zh, en = ("、".join(names[:5]), ", ".join(names[:5]))
    return (words(
        f"文件里另有 {len(names)} 个查询(视图或虚拟表)未读取:{zh};需要时请在 GIS 软件里导出为数据表",
        f"{len(names)} stored queries (views or virtual tables) of the file are not read: {en}; export them as tables if they are needed",
    ),)


def _cut_names(path: Path, reading: Manifest) -> tuple[Words, ...]:
    """What is said of columns whose names a DBF could not hold: they are called by the characters that are whole."""
    names = [whole for found, whole in cut_names(path, reading).items() if found.encode(BYTES_AS_TEXT) != whole.encode()]
    if not names:
        return ()
    return (words(
        f"列名在一个汉字中间被截断(Shapefile 的列名最多 10 个字节),按完整的字读作:{'、'.join(names[:10])}",
        f"column names were cut inside a character (a shapefile keeps 10 bytes of them) and are read by their whole ones: {', '.join(names[:10])}",
    ),)


def _layer_dataset(path: Path, name: str, settings: Mapping[str, Any], *, is_one: bool) -> Dataset:
    own = {**settings, **({} if is_one else {"ogr_layer": name})}
    reading = plain_manifest(path, "vector", **{**own, "ogr_layer": name})
    frame = next(vector_batches(path, reading, rows=SAMPLE_ROWS), pd.DataFrame())
    info = pyogrio.read_info(path, layer=name, encoding=text_encoding(path, reading), force_feature_count=True)
    kinds = sorted({geometry.geom_type for geometry in frame["geometry"] if geometry is not None}) if len(frame) else []
    crs = info["crs"] if states_crs(path) else None
    return Dataset(name, "vector", own, frame, int(info["features"]), "/".join(kinds) or None, crs)


TEXTS_BESIDE = {".shp": ".dbf", ".tab": ".dat", ".mif": ".mid"}
"""Suffix of a vector file -> that of the file beside it which holds its texts."""


def _table_encoding(path: Path) -> str:
    """Encoding of the attributes of a shapefile or MapInfo file where nothing says so; empty where it is stated or plain."""
    suffix = path.suffix.lower()
    beside = files_beside(path)
    if suffix not in TEXTS_BESIDE or (suffix == ".shp" and ".cpg" in beside) or states_character_set(path) or TEXTS_BESIDE[suffix] not in beside:
        return ""
    with beside[TEXTS_BESIDE[suffix]].open("rb") as stream:
        raw = stream.read(HEAD_BYTES)
    records = raw if suffix == ".mif" else raw[int.from_bytes(raw[8:10], "little"):]
    texts = records.replace(b"\x00", b"")  # numbers of MapInfo's tables are binary
    return "" if texts.isascii() else encoding_of(b"\n".join(texts.split()), is_whole=False)[0].replace("utf-8-sig", "utf-8")


def _survey_raster(path: Path) -> Survey:
    import rasterio  # imported here: few files are rasters
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path, driver="GTiff") as source:
            crs = source.crs.to_string() if source.crs else None
            info = {"rows": source.height, "columns": source.width, "bands": source.count, "dtype": source.dtypes[0],
                    "nodata": source.nodata, "bounds": list(source.bounds), "cell": list(source.res)}
    except (RasterioError, ValueError) as error:
        raise SourceFileError(path, str(error), "a GeoTIFF") from error
    dataset = Dataset(path.stem, "raster", {}, pd.DataFrame(), None, "Raster", crs, info=info)
    return Survey("raster", (dataset,))
