"""A requested map sheet: reads the request, collects what is to be drawn from the edition, has it rendered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from app.basemaps import dem_of
from app.editions import EditionFacts
from app.errors import RequestError
from app.export.figure import ORIENTATION as FIGURE_ORIENTATION
from app.export.figure import PAPER as FIGURE_PAPER
from app.export.figure import render_figure
from app.export.layout import Projection, sheet_layout, zoom_of_scale
from app.export.map_drawing import is_in_zoom
from app.export.render import render_sheet
from app.export.sheet import (
    latitude_and_true_north,
    map_frame_mm,
    scale_for_extent,
)
from app.export.spec import DEFAULT_MARKS, MARKS, SheetData, SheetSpec, SiteMarks
from app.frames import Bounds, FrameMemory
from app.layer_list import SECRECY
from app.parameters import choice, flag, number, plain_text
from app.row_filters import LONGEST as LONGEST_FILTERS
from app.sheet_filters import by_layer, filter_words, filtered
from app.styles import layer_style
from app.texts import LANGUAGES, Text
from basemaps.backgrounds import backgrounds
from layers.catalog import Catalog, Layer

KEYS = (
    "title", "subtitle", "layers", "extent", "center", "scale", "paper", "orientation", "format", "lang", "policy", "dpi",
    "turn_deg", "marks", "background", "colour", "hatch", "secrecy", "approval_number", "watermark", "organisation", "date",
    "made_by", "kind", "flt", "relief",
)  # fmt: skip
MIMETYPES = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}
PAPERS = ("A4", "A3")
ORIENTATIONS = ("landscape", "portrait")
COLOURS = ("colour", "grey")
KINDS = ("sheet", "figure")
SECRECIES = {SECRECY: Text("内部使用"), "公开": Text("公开")}
"""Handling marks by what a request calls them, in the words that are printed."""
PUBLIC_GRID_M = 50.0
"""On a sheet for the public no position is finer."""
SCALES = (500, 1_000_000)
DPI = (72, 600)
WIDEST_EXTENT_DEG = 10.0
MOST_LAYERS = 60
MM_PER_M = 1000.0


@dataclass(frozen=True)
class Sheet:
    """A finished sheet: its bytes, media type and a name to keep it under."""

    content: bytes
    mimetype: str
    filename: str
    caption: str = ""


def make_sheet(
    connection: sa.Connection,
    facts: EditionFacts,
    catalog: Catalog,
    frames: FrameMemory,
    request: dict[str, Any],
    *,
    rules_version: str,
    address: str = "",
    site: SiteMarks | None = None,
    home: Path | None = None,
) -> Sheet:
    """Render the sheet that a request's body describes (`KEYS`); raises `RequestError` for what cannot be.

    Parameters
    ----------
    request : dict
        ``extent`` is west, south, east, north and ``center`` lon, lat, degrees of the storage CRS; ``scale`` is
        the denominator; one of ``extent`` and ``center`` with ``scale`` is needed.
    rules_version : str
        Version of the rule tables, printed as the method.
    address : str
        Address that the sheet's QR code leads to.
    site : SiteMarks, optional
        A proposed site that is drawn above everything.
    home : Path, optional
        The folder that the edition's rasters lie in; without it no relief is drawn.
    """
    spec = sheet_spec(facts, catalog, request, rules_version=rules_version, address=address)
    data = replace(sheet_data(connection, facts, catalog, frames, spec, [_ground(spec)], home=home), site=site)
    caption = ""
    if spec.paper == FIGURE_PAPER:
        figure = render_figure(spec, data)
        content, caption = figure.content, figure.caption
    else:
        content = render_sheet(spec, data)
    return Sheet(content, MIMETYPES[spec.format], f"{file_stem(facts, spec.title)}.{spec.format}", caption)


def file_stem(facts: EditionFacts, title: str) -> str:
    """A name to keep a sheet under, without ending."""
    return f"{facts.area['title_zh']}_{facts.edition.label}_{title}".replace("/", "_")[:80]


def sheet_data(
    connection: sa.Connection, facts: EditionFacts, catalog: Catalog, frames: FrameMemory, spec: SheetSpec, grounds: Sequence[Bounds],
    *, home: Path | None = None,
) -> SheetData:
    """What a sheet, or all pages of an atlas, are printed from: the features on some grounds, metres."""
    towns = frames.within(connection, facts, ["towns"], [whole_area(facts)]).get("towns")
    found = filtered(connection, facts, catalog, frames.within(connection, facts, spec.layers, grounds), spec.filters)
    layers = {layer_id: _with_plain_values(frame) for layer_id, frame in found.items()}
    if spec.is_public:
        layers = {layer_id: _coarse(frame) for layer_id, frame in layers.items()}
    return SheetData(
        layers=layers, boundary=facts.in_metres(facts.boundary), main_part=facts.in_metres(shapely.box(*facts.area["home"])),
        towns=towns, catalog=catalog, dem=_dem(facts, spec, home),
    )  # fmt: skip


def _dem(facts: EditionFacts, spec: SheetSpec, home: Path | None) -> Path | None:
    raster = dem_of(facts) if spec.has_relief and home is not None else None
    return None if raster is None or home is None else home / raster.path


def _coarse(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with positions on a grid of `PUBLIC_GRID_M`."""
    shapes = shapely.set_precision(shapely.make_valid(np.asarray(frame.geometry.array)), PUBLIC_GRID_M)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def hidden_layers(facts: EditionFacts, catalog: Catalog, spec: SheetSpec) -> list[Layer]:
    """Layers asked for that are not drawn at the sheet's scale."""
    zoom = _zoom(facts, spec)
    layers = [catalog[layer_id] for layer_id in spec.layers]
    return [layer for layer in layers if not any(is_in_zoom(style, zoom) for style in layer_style(layer, has_clusters=False))]


def gathered_layers(facts: EditionFacts, catalog: Catalog, spec: SheetSpec) -> list[Layer]:
    """Layers of which the screen shows numbers at the sheet's scale: paper draws the features that are drawn singly alone."""
    zoom = _zoom(facts, spec)
    layers = [catalog[layer_id] for layer_id in spec.layers]
    is_filtered = by_layer(catalog, spec.filters)
    return [layer for layer in layers if layer.cluster_zoom and layer.min_zoom <= zoom < layer.cluster_zoom + 1 and layer.id not in is_filtered]


def _zoom(facts: EditionFacts, spec: SheetSpec) -> float:
    latitude_deg, _ = latitude_and_true_north(spec.centre, facts.metric_crs)
    return zoom_of_scale(spec.scale_denominator, latitude_deg)


def frame_in_degrees(facts: EditionFacts, spec: SheetSpec) -> shapely.Geometry:
    """The outline of the map frame on the ground, in the storage CRS."""
    layout = sheet_layout(spec.paper, spec.orientation)
    outline = Projection(layout["map"], spec.centre, spec.scale_denominator, spec.turn_deg).outline_m
    outline_deg: shapely.Geometry = facts.in_degrees(shapely.segmentize(outline, outline.length / 32))
    return outline_deg


def _with_plain_values(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with None for every missing value, as the expressions of styles know it, instead of pandas' NA."""
    nullable = [name for name in frame.columns if isinstance(frame[name].dtype, pd.api.extensions.ExtensionDtype)]
    columns = [name for name in nullable if name != "geometry"]
    return frame.assign(**{name: frame[name].to_numpy(dtype=object, na_value=None) for name in columns})


def sheet_spec(
    facts: EditionFacts, catalog: Catalog, request: dict[str, Any], *, rules_version: str, address: str = ""
) -> SheetSpec:
    """What a request's body asks for (`KEYS`), value by value; raises `RequestError` naming the first that cannot be."""
    lang = choice("lang", request.get("lang", "zh"), LANGUAGES)
    paper = choice("paper", request.get("paper", "A4"), PAPERS)
    orientation = choice("orientation", request.get("orientation", "landscape"), ORIENTATIONS)
    if choice("kind", request.get("kind", "sheet"), KINDS) == "figure":
        paper, orientation = FIGURE_PAPER, FIGURE_ORIENTATION
    policy = choice("policy", request.get("policy", facts.policy), [entry["id"] for entry in facts.policies])
    turn_deg = number("turn_deg", request.get("turn_deg", 0), least=-180, most=180)
    centre, scale = _place(facts, request, paper, orientation)
    filters = plain_text("flt", request.get("flt", ""), longest=LONGEST_FILTERS)
    area, secrecy = facts.area, choice("secrecy", request.get("secrecy", SECRECY), list(SECRECIES))
    approval_number = plain_text("approval_number", request.get("approval_number", ""), longest=40)
    is_public = secrecy != SECRECY
    if is_public and not approval_number:
        raise RequestError("approval_number", Text("公开图件须填写审图号"))
    return SheetSpec(
        title=plain_text("title", request["title"], longest=60),
        subtitle=plain_text("subtitle", request.get("subtitle", ""), longest=80),
        paper=paper,
        orientation=orientation,
        format=choice("format", request.get("format", "pdf"), list(MIMETYPES)),
        dpi=int(number("dpi", request.get("dpi", 300), least=DPI[0], most=DPI[1])),
        scale_denominator=scale,
        centre=centre,
        layers=_layers(catalog, request["layers"], is_public=is_public),
        lang=lang,
        organisation=plain_text("organisation", request.get("organisation", area[f"office_{lang}"]), longest=60),
        date=_day(request.get("date")),
        edition_label=facts.edition.label,
        data_as_of=facts.edition.data_as_of,
        method=Text("规则表 {version}", version=rules_version)[lang],
        area_name=area["title_zh"],
        secrecy=SECRECIES[secrecy][lang],
        crs_line=area.get("official_crs_zh", "") if lang == "zh" else area.get("official_crs", ""),
        address="" if is_public else address,
        policy=policy,
        policy_title=next(entry[f"title_{lang}"] for entry in facts.policies if entry["id"] == policy),
        is_synthetic=bool(area.get("is_synthetic")),
        notes=tuple(note for note in (facts.legal_note(lang), _filter_note(catalog, filters, lang)) if note),
        filters=filters,
        has_relief=_has_relief(request),
        turn_deg=turn_deg,
        marks=_marks(request.get("marks")),
        background=choice("background", request.get("background", "light"), list(backgrounds())),
        is_grey=choice("colour", request.get("colour", "colour"), COLOURS) == "grey",
        has_hatch=flag("hatch", request.get("hatch", True)),
        approval_number=approval_number,
        watermark="" if is_public else _watermark(request, area[f"office_{lang}"]),
    )


def _has_relief(request: dict[str, Any]) -> bool:
    """Whether the ground is shaded: not in black and white, whose tones are the levels', nor upon a blank ground."""
    is_wanted = flag("relief", request.get("relief", False))
    ground = choice("background", request.get("background", "light"), list(backgrounds()))
    return is_wanted and request.get("colour") != "grey" and backgrounds()[ground].has_relief


def _filter_note(catalog: Catalog, filters: str, lang: str) -> str:
    """That the sheet shows a part only, and which; empty where nothing is filtered."""
    words = filter_words(catalog, filters, lang)
    return Text("已筛选,只画出:{words}", words=words)[lang] if words else ""


def _watermark(request: dict[str, Any], office: str) -> str:
    """Unit, person and time, faintly across the map; empty unless it is asked for."""
    if not flag("watermark", request.get("watermark", False)):
        return ""
    unit = plain_text("organisation", request.get("organisation", office), longest=60)
    made_by = plain_text("made_by", request.get("made_by", ""), longest=40)
    return " ".join(part for part in (unit, made_by, f"{datetime.now():%Y-%m-%d %H:%M}") if part)


def _day(given: Any) -> date:
    if given is None:
        return date.today()
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise RequestError("date", Text("应写作 2026-11-21")) from error


def _marks(given: Any) -> frozenset[str]:
    if given is None:
        return DEFAULT_MARKS
    if not isinstance(given, list):
        raise RequestError("marks", Text("应为标注名称的列表"))
    return frozenset(choice("marks", mark, MARKS) for mark in given)


def _layers(catalog: Catalog, wanted: Any, *, is_public: bool) -> tuple[str, ...]:
    """The layers asked for; of a public sheet those that the public may see, whatever else was asked for."""
    if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_LAYERS:
        raise RequestError("layers", Text("应为图层编号的列表"))
    drawn = [layer.id for layer in catalog if layer.is_drawn]
    chosen = tuple(choice("layers", layer_id, drawn) for layer_id in wanted)
    return tuple(layer_id for layer_id in chosen if catalog[layer_id].is_public or not is_public)


def _place(
    facts: EditionFacts, request: dict[str, Any], paper: str, orientation: str
) -> tuple[tuple[float, float], int]:
    """Centre of the map in metres of the metric CRS, and the denominator of its scale."""
    if ("extent" in request) == ("center" in request):
        raise RequestError("extent", Text("请给出 extent 或 center 之一"))
    scale = request.get("scale")
    if scale is not None:
        scale = int(number("scale", scale, least=SCALES[0], most=SCALES[1]))
    if "center" in request:
        if scale is None:
            raise RequestError("scale", Text("给出 center 时必须给出比例尺"))
        lon, lat = _degrees("center", request["center"], 2)
        _require_near(facts, "center", shapely.Point(lon, lat))
        x, y = shapely.get_coordinates(facts.in_metres(shapely.Point(lon, lat)))[0]
        return (float(x), float(y)), scale
    west, south, east, north = extent_in_metres(facts, request["extent"])
    fitting = scale_for_extent((east - west, north - south), paper, orientation)
    return ((west + east) / 2, (south + north) / 2), scale or fitting


def extent_in_metres(facts: EditionFacts, extent: Any) -> Bounds:
    """Bounds in the metric CRS of west, south, east, north in degrees; raises `RequestError` for what is none."""
    west, south, east, north = _degrees("extent", extent, 4)
    if not (west < east <= west + WIDEST_EXTENT_DEG and south < north <= south + WIDEST_EXTENT_DEG):
        raise RequestError(
            "extent",
            Text("应为西、南、东、北,且不超过 {most:g}°", most=WIDEST_EXTENT_DEG),
        )
    box = shapely.box(west, south, east, north)
    _require_near(facts, "extent", box)
    bounds = shapely.bounds(facts.in_metres(shapely.segmentize(box, (east - west) / 16)))
    return tuple(map(float, bounds))  # type: ignore[return-value]


def _degrees(field: str, value: Any, n: int) -> list[float]:
    if not isinstance(value, list) or len(value) != n:
        raise RequestError(field, Text("应为 {n} 个数", n=n))
    limits = [180.0, 90.0] * (n // 2)
    return [number(field, entry, least=-limit, most=limit) for entry, limit in zip(value, limits, strict=True)]


def _require_near(facts: EditionFacts, field: str, geometry: shapely.Geometry) -> None:
    if not shapely.intersects(shapely.buffer(shapely.box(*shapely.bounds(facts.boundary)), 0.2), geometry):
        raise RequestError(field, Text("不在辖区附近"))


def _ground(spec: SheetSpec) -> Bounds:
    """What the map frame covers on the ground, a little more on every side."""
    frame_mm = np.array(map_frame_mm(spec.paper, spec.orientation))
    half_m = frame_mm / MM_PER_M * spec.scale_denominator / 2 * 1.1
    if spec.turn_deg:
        half_m = np.full(2, float(np.hypot(*half_m)))
    west, south = np.array(spec.centre) - half_m
    east, north = np.array(spec.centre) + half_m
    return float(west), float(south), float(east), float(north)


def whole_area(facts: EditionFacts) -> Bounds:
    return tuple(map(float, shapely.bounds(facts.in_metres(facts.boundary))))  # type: ignore[return-value]
