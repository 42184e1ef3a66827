"""A series of sheets as one PDF: cover, index, figures by town, a page a town, method with what is not rated."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import shapely
from shapely.geometry.base import BaseGeometry

from app.export import furniture
from app.export.canvas import LINE_HEIGHT, Canvas, TextStyle
from app.export.layout import Box, Layout, scale_for_extent, sheet_layout
from app.export.render import draw_page
from app.export.sheet import check_spec
from app.export.spec import SheetData, SheetSpec, SiteMarks
from app.export.statistics import SheetStatistics, sheet_statistics
from app.export.tables import Table, draw_table, page_rows
from app.export.tones import sheet_palette
from app.export.words import sheet_words, written_date
from app.texts import DataText, Text
from layers.catalog import LEVELS
from layers.errors import InputError

MARGIN_SHARE = 0.05
RING_MM = 6.0
SMALL_PT = 7.5
"""Type of the names on the last page where they are many."""
N_PAGES_FIRST, N_PAGES_AFTER = 2, 1
"""Cover and index map go before the summary and the towns; method and sources after them."""
INDEX_LAYERS = ("water", "roads", "towns", "risk_zones")
MOST_UNRATED = 600
"""Names that are tried for the last page, more than a page of A3 holds."""
Told = Callable[[int, int], None]


@dataclass(frozen=True)
class AtlasPage:
    """A page of the series: a town's name and outline (metric CRS), with its residents where they are known.

    A page with a `mark` is of a thing instead: the mark is ringed, `outline` is the ground to show, and nothing is veiled.
    """

    name: str
    outline: BaseGeometry
    n_persons: int | None = None
    mark: BaseGeometry | None = None


@dataclass(frozen=True)
class AtlasText:
    """What the last page tells: how levels come about, the delivered sources, names of what is not rated."""

    method: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    unrated: tuple[str, ...] = ()


@dataclass(frozen=True)
class Numbering:
    """Which page of an atlas is which: cover, index map, `n_summary` pages of figures, a page a town, method."""

    n_towns: int
    n_summary: int

    @property
    def n_pages(self) -> int:
        return self.of_town(self.n_towns) + N_PAGES_AFTER - 1

    def of_town(self, i: int) -> int:
        """Page of the town `i`, counted from 0."""
        return N_PAGES_FIRST + self.n_summary + i + 1

    def line(self, lang: str, page: int) -> str:
        """What a page says of its place: 第 n 页 共 N 页."""
        return sheet_words(lang)["page_line"].format(page=page, pages=self.n_pages)


def atlas_numbering(n_towns: int, paper: str, orientation: str) -> Numbering:
    """Pages of an atlas of some towns on a paper; raises `InputError` for a paper that there is not."""
    layout = sheet_layout(paper, orientation)
    return Numbering(n_towns, len(page_rows(n_towns, _body_box(layout).h, layout.map_text_pt)))


def render_atlas(
    spec: SheetSpec, data: SheetData, towns: Sequence[AtlasPage], text: AtlasText, *, told: Told = lambda done, of: None
) -> bytes:
    """An atlas as PDF.

    Parameters
    ----------
    spec : what all pages share; its title is the atlas's, its scale and centre are set page by page
    towns : at least one, in the order of the pages
    told : called before each page with the pages done and all of them; what it raises ends the work

    Raises
    ------
    InputError
        No town, or what `check_spec` refuses.
    """
    if not towns:
        raise InputError("towns", "an atlas needs at least one town")
    spec = replace(spec, format="pdf", is_single_page=True)
    check_spec(spec, data.catalog)
    canvas = Canvas(
        sheet_layout(spec.paper, spec.orientation)["page"], file_format="pdf", title=spec.title, author=spec.organisation,
        made_on=spec.date,
    )  # fmt: skip
    numbering = atlas_numbering(len(towns), spec.paper, spec.orientation)
    table = _summary_table(spec, towns, [_statistics(spec, data, town) for town in towns], numbering)
    steps: list[Callable[[SheetSpec], object]] = [
        lambda page: _cover(canvas, page),
        lambda page: _index(canvas, page, data, towns, numbering),
        *[lambda page, i=i: _summary(canvas, page, towns, table, i) for i in range(numbering.n_summary)],  # type: ignore[misc]
        *[lambda page, town=town: _town(canvas, page, data, town) for town in towns],  # type: ignore[misc]
        lambda page: _method(canvas, page, text),
    ]
    for done, step in enumerate(steps):
        told(done, len(steps))
        if done:
            canvas.new_page()
        step(replace(spec, page_line=numbering.line(spec.lang, done + 1)))
    return canvas.finish()


def _statistics(spec: SheetSpec, data: SheetData, town: AtlasPage) -> SheetStatistics:
    shown = {layer_id: data.layers[layer_id] for layer_id in spec.layers if layer_id in data.layers}
    return sheet_statistics(shown, town.outline, policy=spec.policy)


def _ink(spec: SheetSpec) -> str:
    ink: str = sheet_palette(spec.background, is_grey=spec.is_grey)["interface"]["text"]
    return ink


def _cover(canvas: Canvas, spec: SheetSpec) -> None:
    layout, ink, words = sheet_layout(spec.paper, spec.orientation), _ink(spec), sheet_words(spec.lang)
    frame = layout["frame"]
    canvas.stroke_box(frame, furniture.LineStyle(ink, furniture.FRAME_LINE_MM))
    middle = frame.y + frame.h * 0.36

    def line(y: float, text: str, size_pt: float, *, is_bold: bool = False) -> None:
        box = Box(frame.x + 10, y, frame.w - 20, size_pt * 0.6)
        furniture.draw_line_of_text(canvas, text, box, TextStyle(size_pt, ink, is_bold=is_bold), least_pt=12)

    line(middle, spec.title, 34, is_bold=True)
    line(middle + 24, words["edition"].format(edition=spec.edition_label) + " · "
         + words["data_as_of"].format(date=written_date(spec.data_as_of, spec.lang)), 15)
    line(frame.bottom - 46, spec.organisation, 18)
    line(frame.bottom - 34, written_date(spec.date, spec.lang), 14)
    approval = words["approval"].format(number=spec.approval_number) if spec.approval_number else ""
    line(frame.bottom - 22, approval, 10)
    furniture.draw_line_of_text(canvas, spec.secrecy, layout["secrecy"], TextStyle(11, ink, is_bold=True), align="right")
    if spec.is_synthetic:
        line(middle + 40, words["synthetic"], 13, is_bold=True)


def _fitted(spec: SheetSpec, outline: BaseGeometry) -> SheetSpec:
    west, south, east, north = outline.bounds
    share = 1 + 2 * MARGIN_SHARE
    scale = scale_for_extent(((east - west) * share, (north - south) * share), spec.paper, spec.orientation)
    return replace(spec, scale_denominator=scale, centre=((west + east) / 2, (south + north) / 2), turn_deg=0.0)


def _without_far_islands(outline: BaseGeometry, data: SheetData) -> BaseGeometry:
    """Those parts of an outline that the map opens with; islands far off would leave a map of sea."""
    if data.main_part is None:
        return outline
    parts = shapely.get_parts(outline)
    near = parts[shapely.intersects(parts, data.main_part)]
    return shapely.union_all(near) if len(near) else outline


def _index(canvas: Canvas, spec: SheetSpec, data: SheetData, towns: Sequence[AtlasPage], numbering: Numbering) -> None:
    whole = shapely.union_all([town.outline for town in towns] + ([data.boundary] if data.boundary is not None else []))
    near = [_without_far_islands(town.outline, data) for town in towns]
    places = [shapely.maximum_inscribed_circle(outline, tolerance=50.0).coords[0] for outline in near]
    numbers = tuple((x, y, str(numbering.of_town(i))) for i, (x, y) in enumerate(places))
    page = replace(
        _fitted(spec, _without_far_islands(whole, data)), title=f"{spec.title} · {sheet_words(spec.lang)['index_map']}", subtitle="",
        layers=tuple(layer for layer in spec.layers if layer in INDEX_LAYERS),
    )  # fmt: skip
    draw_page(canvas, page, replace(data, numbers=numbers, focus=None))


def _town(canvas: Canvas, spec: SheetSpec, data: SheetData, town: AtlasPage) -> None:
    page = replace(_fitted(spec, _without_far_islands(town.outline, data)), title=_town_title(spec, town.name))
    if town.mark is None:
        draw_page(canvas, page, replace(data, focus=town.outline))
    else:
        draw_page(canvas, page, replace(data, focus=None, site=SiteMarks(grounds=(_ringed(town.mark, page.scale_denominator),))))


def _ringed(mark: BaseGeometry, denominator: int) -> BaseGeometry:
    """What is drawn around a thing: its own outline or line, a ring of `RING_MM` on the paper around a point."""
    is_point = mark.geom_type in ("Point", "MultiPoint")
    return shapely.buffer(shapely.centroid(mark), RING_MM * denominator / 1000) if is_point else mark


def _town_title(spec: SheetSpec, name: str) -> str:
    return Text("{place}安全风险四色图", place=DataText(f"{spec.area_name}{name}", name))[spec.lang]


def _summary(canvas: Canvas, spec: SheetSpec, towns: Sequence[AtlasPage], table: Table, page: int) -> None:
    """One page of the figures of all towns."""
    words = sheet_words(spec.lang)
    title = words["summary_of_things" if _is_of_things(towns) else "summary"]
    box = _body(canvas, spec, title if page == 0 else words["continued"].format(title=title), spec.page_line)
    draw_table(canvas, table, page, box, sheet_palette(spec.background, is_grey=spec.is_grey))


def _is_of_things(towns: Sequence[AtlasPage]) -> bool:
    return any(town.mark is not None for town in towns)


def _summary_table(
    spec: SheetSpec, towns: Sequence[AtlasPage], statistics: Sequence[SheetStatistics], numbering: Numbering
) -> Table:
    """A row a town with the page it is on."""
    words, palette = sheet_words(spec.lang), sheet_palette(spec.background, is_grey=spec.is_grey)
    levels = {level: palette["level"][level][f"colour_{spec.lang}"] for level in LEVELS}
    is_of_things = _is_of_things(towns)
    head = [words["page"], words["thing" if is_of_things else "town"]] + ([] if is_of_things else [words["persons"]])
    head += [f"{title} {words['zones']}" for level, title in levels.items() if level != "unrated"]
    head += [f"{title} {words['points']}" for title in levels.values()] + [words["conflicts"]]
    rows = [
        [str(numbering.of_town(i)), town.name, *([] if is_of_things else [_count(town.n_persons)]), *_figures(found)]
        for i, (town, found) in enumerate(zip(towns, statistics, strict=True))
    ]
    return Table(head, rows, n_text_columns=2, least_pt=sheet_layout(spec.paper, spec.orientation).map_text_pt)


def _figures(found: SheetStatistics) -> list[str]:
    areas: Mapping[str, float] = found.area_km2 or {}
    points: Mapping[str, int] = found.n_points or {}
    zones = [f"{areas[level]:,.2f}" if level in areas else "—" for level in LEVELS if level != "unrated"]
    return [*zones, *[_count(points.get(level)) for level in LEVELS], _count(found.n_conflicts)]


def _count(number: int | None) -> str:
    return "—" if number is None else f"{number:,}"


def _body(canvas: Canvas, spec: SheetSpec, title: str, page_line: str) -> Box:
    """Frame, heading and page line of a page without a map; what remains of it."""
    layout, ink = sheet_layout(spec.paper, spec.orientation), _ink(spec)
    frame = layout["frame"]
    canvas.stroke_box(frame, furniture.LineStyle(ink, furniture.FRAME_LINE_MM))
    furniture.draw_line_of_text(canvas, title, layout["title"], TextStyle(18, ink, is_bold=True), least_pt=11)
    furniture.draw_line_of_text(canvas, page_line, layout["subtitle"], TextStyle(10, ink), least_pt=7)
    furniture.draw_line_of_text(canvas, spec.secrecy, layout["secrecy"], TextStyle(9, ink, is_bold=True), align="right")
    return _body_box(layout)


def _body_box(layout: Layout) -> Box:
    """What a page without a map has for its text."""
    frame, top = layout["frame"], layout["map"].y
    return Box(frame.x + 8, top, frame.w - 16, frame.bottom - top - 8)


def _method(canvas: Canvas, spec: SheetSpec, text: AtlasText) -> None:
    words, palette = sheet_words(spec.lang), sheet_palette(spec.background, is_grey=spec.is_grey)
    box = _body(canvas, spec, words["method_title"], spec.page_line)
    half = (box.w - 8) / 2
    left, right = Box(box.x, box.y, half, box.h), Box(box.x + half + 8, box.y, half, box.h)
    ink = palette["interface"]["text"]
    style = TextStyle(9.0, ink)
    upper = Box(left.x, left.y, left.w, left.h * 0.55)
    end = furniture.draw_paragraphs(canvas, text.method, furniture.draw_heading(canvas, words["method_title"], upper, palette), style, least_pt=6.5)
    lower = Box(left.x, end + 4, left.w, left.bottom - end - 4)
    furniture.draw_paragraphs(canvas, text.sources, furniture.draw_heading(canvas, words["sources"], lower, palette), style, least_pt=5.5)
    below = furniture.draw_heading(canvas, words["unrated_list"], right, palette)
    furniture.draw_paragraphs(canvas, (_names_that_fit(canvas, text.unrated, words, below, SMALL_PT),), below, style, least_pt=SMALL_PT)


def _names_that_fit(canvas: Canvas, names: Sequence[str], words: Mapping[str, str], box: Box, size_pt: float) -> str:
    """As many names as a box takes in type of a size, and how many are left out."""

    def said(n: int) -> str:
        left_out = [words["unrated_more"].format(n=len(names) - n)] if n < len(names) else []
        return words["separator"].join([*names[:n], *left_out]) or words["none_unrated"]

    style = TextStyle(size_pt, "")
    n_lines = int(box.h / (style.size_mm * LINE_HEIGHT))
    is_too_long = lambda n: len(canvas.wrapped(said(n), style, box.w)) > n_lines  # noqa: E731
    return said(max(0, bisect_left(range(min(len(names), MOST_UNRATED) + 1), True, key=is_too_long) - 1))

