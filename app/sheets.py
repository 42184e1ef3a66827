"""A requested map sheet: reads the request, collects what is to be drawn from the edition, has it rendered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from app.editions import EditionFacts
from app.errors import RequestError
from app.export.sheet import (
    SheetData,
    SheetSpec,
    map_frame_mm,
    render_sheet,
    scale_for_extent,
)
from app.frames import Bounds, FrameMemory
from app.layer_list import SECRECY
from app.parameters import choice, number, plain_text
from layers.catalog import Catalog

KEYS = ("title", "subtitle", "layers", "extent", "center", "scale", "paper", "orientation", "format", "lang", "policy", "dpi")
MIMETYPES = {"pdf": "application/pdf", "png": "image/png", "svg": "image/svg+xml"}
PAPERS = ("A4", "A3")
ORIENTATIONS = ("landscape", "portrait")
LANGUAGES = ("zh", "en")
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


def make_sheet(
    connection: sa.Connection,
    facts: EditionFacts,
    catalog: Catalog,
    frames: FrameMemory,
    request: dict[str, Any],
    *,
    rules_version: str,
    address: str = "",
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
    """
    spec = _spec(facts, catalog, request, rules_version, address)
    towns = frames.within(connection, facts, ["towns"], [whole_area(facts)]).get("towns")
    data = SheetData(
        layers={
            layer_id: _with_plain_values(frame)
            for layer_id, frame in frames.within(connection, facts, spec.layers, [_ground(spec)]).items()
        },
        boundary=facts.in_metres(facts.boundary),
        towns=towns,
        catalog=catalog,
    )
    content = render_sheet(spec, data)
    name = f"{facts.area['title_zh']}_{facts.edition.label}_{spec.title}".replace("/", "_")[:80]
    return Sheet(content, MIMETYPES[spec.format], f"{name}.{spec.format}")


def _with_plain_values(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with None for every missing value, as the expressions of styles know it, instead of pandas' NA."""
    nullable = [name for name in frame.columns if isinstance(frame[name].dtype, pd.api.extensions.ExtensionDtype)]
    columns = [name for name in nullable if name != "geometry"]
    return frame.assign(**{name: frame[name].to_numpy(dtype=object, na_value=None) for name in columns})


def _spec(
    facts: EditionFacts, catalog: Catalog, request: dict[str, Any], rules_version: str, address: str
) -> SheetSpec:
    lang = choice("lang", request.get("lang", "zh"), LANGUAGES)
    paper = choice("paper", request.get("paper", "A4"), PAPERS)
    orientation = choice("orientation", request.get("orientation", "landscape"), ORIENTATIONS)
    policy = choice("policy", request.get("policy", facts.policy), [entry["id"] for entry in facts.policies])
    policy_title = next(entry[f"title_{lang}"] for entry in facts.policies if entry["id"] == policy)
    centre, scale = _place(facts, request, paper, orientation)
    area = facts.area
    return SheetSpec(
        title=plain_text("title", request["title"], longest=60),
        subtitle=plain_text("subtitle", request.get("subtitle", ""), longest=80),
        paper=paper,
        orientation=orientation,
        format=choice("format", request.get("format", "pdf"), list(MIMETYPES)),
        dpi=int(number("dpi", request.get("dpi", 300), least=DPI[0], most=DPI[1])),
        scale_denominator=scale,
        centre=centre,
        layers=_layers(catalog, request["layers"]),
        lang=lang,
        organisation=area[f"office_{lang}"],
        date=date.today(),
        edition_label=facts.edition.label,
        data_as_of=facts.edition.data_as_of,
        method=f"规则表 {rules_version}" if lang == "zh" else f"rule tables {rules_version}",
        area_name=area["title_zh"],
        secrecy=SECRECY,
        crs_line=area.get("official_crs_zh", "") if lang == "zh" else area.get("official_crs", ""),
        address=address,
        policy=policy,
        policy_title=policy_title,
        is_synthetic=bool(area.get("is_synthetic")),
        notes=tuple(note for note in (facts.legal_note(lang),) if note),
    )


def _layers(catalog: Catalog, wanted: Any) -> tuple[str, ...]:
    if not isinstance(wanted, list) or not 0 < len(wanted) <= MOST_LAYERS:
        raise RequestError("layers", "应为图层编号的列表", "must be a list of layer ids")
    drawn = [layer.id for layer in catalog if layer.is_drawn]
    return tuple(choice("layers", layer_id, drawn) for layer_id in wanted)


def _place(
    facts: EditionFacts, request: dict[str, Any], paper: str, orientation: str
) -> tuple[tuple[float, float], int]:
    """Centre of the map in metres of the metric CRS, and the denominator of its scale."""
    if ("extent" in request) == ("center" in request):
        raise RequestError("extent", "请给出 extent 或 center 之一", "give either extent or center")
    scale = request.get("scale")
    if scale is not None:
        scale = int(number("scale", scale, least=SCALES[0], most=SCALES[1]))
    if "center" in request:
        if scale is None:
            raise RequestError("scale", "给出 center 时必须给出比例尺", "is needed with center")
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
            f"应为西、南、东、北,且不超过 {WIDEST_EXTENT_DEG:g}°",
            f"must be west, south, east, north and span {WIDEST_EXTENT_DEG:g}° at most",
        )
    box = shapely.box(west, south, east, north)
    _require_near(facts, "extent", box)
    bounds = shapely.bounds(facts.in_metres(shapely.segmentize(box, (east - west) / 16)))
    return tuple(map(float, bounds))  # type: ignore[return-value]


def _degrees(field: str, value: Any, n: int) -> list[float]:
    if not isinstance(value, list) or len(value) != n:
        raise RequestError(field, f"应为 {n} 个数", f"must be {n} numbers")
    limits = [180.0, 90.0] * (n // 2)
    return [number(field, entry, least=-limit, most=limit) for entry, limit in zip(value, limits, strict=True)]


def _require_near(facts: EditionFacts, field: str, geometry: shapely.Geometry) -> None:
    if not shapely.intersects(shapely.buffer(shapely.box(*shapely.bounds(facts.boundary)), 0.2), geometry):
        raise RequestError(field, "不在辖区附近", "is not near the area")


def _ground(spec: SheetSpec) -> Bounds:
    """What the map frame covers on the ground, a little more on every side."""
    frame_mm = np.array(map_frame_mm(spec.paper, spec.orientation))
    half_m = frame_mm / MM_PER_M * spec.scale_denominator / 2 * 1.1
    west, south = np.array(spec.centre) - half_m
    east, north = np.array(spec.centre) + half_m
    return float(west), float(south), float(east), float(north)


def whole_area(facts: EditionFacts) -> Bounds:
    return tuple(map(float, shapely.bounds(facts.in_metres(facts.boundary))))  # type: ignore[return-value]
