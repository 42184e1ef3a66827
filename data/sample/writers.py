"""Files in the formats offices use, written so that the same content is the same bytes on every run."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import rasterio
import shapely
from numpy.typing import NDArray
from openpyxl.styles import Alignment, Font

FILE_DATE = datetime(2026, 3, 31)
ZIP_DATE = (2026, 3, 31, 0, 0, 0)
SYNTHETIC = "合成数据"
FIRST_SHEET_ROW = 4
"""Below the title and two heading rows."""

Row = Mapping[str, Any]


def cell(value: Any) -> Any:
    """A value as it stands in a cell: empty for none, ISO for dates."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def write_csv(path: Path, rows: Sequence[Row], *, encoding: str, title: str | None = None) -> None:
    """Comma-separated text with a heading row, after a title row where one is given."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if title:
        writer.writerow([title])
    writer.writerow(rows[0])
    writer.writerows([cell(value) for value in row.values()] for row in rows)
    path.write_bytes(text.getvalue().encode(encoding))


def write_workbook(path: Path, sheets: Mapping[str, tuple[str, Sequence[Row]]]) -> None:
    """A workbook: per sheet a title row, two heading rows (``group/column`` splits in two) and the rows."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, (title, rows) in sheets.items():
        sheet = book.create_sheet(name)
        columns = list(rows[0])
        sheet.append([title])
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(columns))
        sheet["A1"].font, sheet["A1"].alignment = Font(bold=True, size=14), Alignment(horizontal="center")
        _write_heading(sheet, columns)
        for number, row in enumerate(rows, start=FIRST_SHEET_ROW):
            for column, value in enumerate(map(cell, row.values()), start=1):
                if value != "":
                    sheet.cell(number, column, value)
    raw = io.BytesIO()
    book.save(raw)
    path.write_bytes(_with_fixed_dates(raw.getvalue()))


def _write_heading(sheet: Any, columns: list[str]) -> None:
    for number, column in enumerate(columns, start=1):
        group, _, name = column.partition("/")
        sheet.cell(2, number, group)
        if name:
            sheet.cell(3, number, name)
        else:
            sheet.merge_cells(start_row=2, start_column=number, end_row=3, end_column=number)
    groups = [column.partition("/")[0] if "/" in column else None for column in columns]
    for number in range(1, len(columns) + 1):
        group = groups[number - 1]
        if group and (number == 1 or groups[number - 2] != group):
            last = number
            while last < len(columns) and groups[last] == group:
                last += 1
            sheet.merge_cells(start_row=2, start_column=number, end_row=2, end_column=last)


def _with_fixed_dates(raw: bytes) -> bytes:
    """The archive with fixed times of its entries and of the document."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(raw)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _fixed_core(content)
            fixed = zipfile.ZipInfo(entry.filename, ZIP_DATE)
            fixed.compress_type, fixed.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            target.writestr(fixed, content)
    return result.getvalue()


def _fixed_core(content: bytes) -> bytes:
    text = content.decode()
    for tag in ("dcterms:created", "dcterms:modified"):
        start = text.find(f"<{tag}")
        if start >= 0:
            begin, end = text.index(">", start) + 1, text.index(f"</{tag}>", start)
            text = text[:begin] + FILE_DATE.strftime("%Y-%m-%dT%H:%M:%SZ") + text[end:]
    return text.encode()


def write_geojson(path: Path, rows: Sequence[Row], geometries: NDArray[np.object_], *, name: str) -> None:
    """A FeatureCollection, coordinates as given; the collection says that it is synthetic."""
    features = [_feature(row, geometry) for row, geometry in zip(rows, geometries)]
    title = json.dumps(name, ensure_ascii=False)
    head = f'{{"type":"FeatureCollection","name":{title},"note":"{SYNTHETIC} synthetic","features":[\n'
    path.write_text(head + ",\n".join(features) + "\n]}\n", encoding="utf-8")


def _feature(row: Row, geometry: Any) -> str:
    properties = {key: cell(value) if cell(value) != "" else None for key, value in row.items()}
    text = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
    shape = shapely.to_geojson(geometry) if geometry is not None else "null"
    return f'{{"type":"Feature","properties":{text},"geometry":{shape}}}'


def write_kml(path: Path, rows: Sequence[Row], points: NDArray[np.float64], *, title: str) -> None:
    """Placemarks with extended data; the first column is the name."""
    marks = []
    for row, (lon, lat) in zip(rows, points):
        values = list(row.items())
        data = "".join(
            f'<Data name="{escape(key)}"><value>{escape(str(cell(value)))}</value></Data>'
            for key, value in values[1:]
        )
        marks.append(
            f"<Placemark><name>{escape(str(values[0][1]))}</name><ExtendedData>{data}</ExtendedData>"
            f"<Point><coordinates>{lon:.8f},{lat:.8f}</coordinates></Point></Placemark>"
        )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>{escape(title)}</name>\n" + "\n".join(marks) + "\n</Document></kml>\n"
    )
    path.write_text(text, encoding="utf-8")


def write_dxf(path: Path, rings: Iterable[tuple[str, NDArray[np.float64]]], *, title: str) -> None:
    """Closed polylines, one drawing layer each, as a draughtsman draws boundaries; GBK text."""
    lines = [
        "999",
        title,
        "0",
        "SECTION",
        "2",
        "HEADER",
        "9",
        "$ACADVER",
        "1",
        "AC1018",
        "9",
        "$DWGCODEPAGE",
        "3",
        "ANSI_936",
        "0",
        "ENDSEC",
        "0",
        "SECTION",
        "2",
        "ENTITIES",
    ]
    for handle, (layer, ring) in enumerate(rings, start=256):
        lines += [
            "0",
            "LWPOLYLINE",
            "5",
            f"{handle:X}",
            "100",
            "AcDbEntity",
            "8",
            layer,
            "100",
            "AcDbPolyline",
            "90",
            str(len(ring) - 1),
            "70",
            "1",
        ]
        for x, y in ring[:-1]:
            lines += ["10", f"{x:.3f}", "20", f"{y:.3f}"]
    path.write_text("\n".join([*lines, "0", "ENDSEC", "0", "EOF", ""]), encoding="gb18030")


def write_shapefile(path: Path, rows: Sequence[Row], geometries: NDArray[np.object_], *, crs: str) -> None:
    """A shapefile with GBK attributes and without the .cpg that would say so."""
    frame = gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry=geometries, crs=crs)
    pyogrio.write_dataframe(
        frame,
        path,
        driver="ESRI Shapefile",
        encoding="GBK",
        layer_options={"DBF_DATE_LAST_UPDATE": f"{FILE_DATE:%Y-%m-%d}"},
    )
    path.with_suffix(".cpg").unlink(missing_ok=True)


def write_geopackage(
    path: Path, table: pd.DataFrame, geometries: NDArray[np.object_], *, crs: str, layer: str, kind: str
) -> None:
    """A GeoPackage whose only clock is `FILE_DATE`; its index is built in one thread, hence always alike."""
    path.unlink(missing_ok=True)
    options = {
        "OGR_CURRENT_DATE": f"{FILE_DATE:%Y-%m-%dT%H:%M:%S.000Z}",
        "OGR_GPKG_ALLOW_THREADED_RTREE": "NO",
    }
    pyogrio.set_gdal_config_options(options)
    try:
        pyogrio.write_dataframe(
            gpd.GeoDataFrame(table, geometry=geometries, crs=crs),
            path,
            driver="GPKG",
            layer=layer,
            geometry_type=kind,
            layer_options={"IDENTIFIER": layer, "DESCRIPTION": f"{SYNTHETIC} synthetic"},
        )
    finally:
        pyogrio.set_gdal_config_options({name: None for name in options})


def write_raster(
    path: Path, values: NDArray[Any], transform: rasterio.Affine, *, crs: str, nodata: float
) -> None:
    """A compressed GeoTIFF; rows run from north to south."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype=values.dtype,
        crs=crs,
        transform=transform,
        nodata=nodata,
        compress="deflate",
        predictor=2 if values.dtype.kind == "i" else 3,
        tiled=True,
    ) as target:
        target.write(values, 1)
        target.update_tags(note=f"{SYNTHETIC} synthetic")
