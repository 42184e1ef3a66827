"""Atlases and figures: pages in their order, only the town is named, captions apart."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pypdf
import pytest
import rasterio
import shapely
from rasterio.errors import NotGeoreferencedWarning

from app.export.atlas import AtlasPage, AtlasText, atlas_numbering, render_atlas
from app.export.canvas import ASCENT, DESCENT, Canvas, TextStyle
from app.export.figure import render_figure
from app.export.layout import Box, sheet_layout
from app.export.render import render_sheet
from app.export.spec import MARKS, SheetData
from app.export.tables import PAD_MM, Table, column_widths, draw_table, page_rows
from app.export.tones import sheet_colours, sheet_palette
from layers.errors import InputError
from tests.app.export.county import CENTRE, CRS, county, spec
from tests.app.export.test_sheet import drawn, pixels


@pytest.fixture(scope="module")
def atlas() -> list[str]:
    """Text of each page of an atlas of all towns of the little county."""
    data = county()
    towns = [AtlasPage(row.name, row.geometry, 1234) for row in data.towns.itertuples()]
    content = render_atlas(spec(title="图册"), data, towns, AtlasText(("方法",), ("台账",), ("无名厂",)))
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def test_atlas_has_cover_index_summary_a_page_a_town_and_the_method(atlas: list[str]) -> None:
    names = [row.name for row in county().towns.itertuples()]
    assert len(atlas) == atlas_numbering(len(names), "A4", "landscape").n_pages == 4 + len(names)
    assert "图册" in atlas[0] and "图幅索引" in atlas[1] and "各乡镇统计" in atlas[2]
    assert all(name in page for name, page in zip(names, atlas[3:-1], strict=True))
    assert "无名厂" in atlas[-1] and "台账" in atlas[-1]
    assert all(f"第 {n} 页 共 {len(atlas)} 页" in page for n, page in enumerate(atlas[1:], start=2))


@pytest.fixture(scope="module")
def large_atlas() -> list[str]:
    """Text of each page of an atlas of 200 towns, each half a kilometre wide."""
    frame = many_towns(200)
    data = SheetData(layers={"towns": frame}, boundary=frame.union_all(), towns=frame)
    towns = [AtlasPage(row.name, row.geometry, 1000 + n) for n, row in enumerate(frame.itertuples())]
    content = render_atlas(spec(layers=("towns",), marks=frozenset()), data, towns, AtlasText(("方法",), ("台账",), ("无名厂",)))
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def many_towns(n: int) -> gpd.GeoDataFrame:
    """Square towns of half a kilometre in rows of 20."""
    x, y = CENTRE
    squares = [shapely.box(x + i % 20 * 500, y + i // 20 * 500, x + i % 20 * 500 + 500, y + i // 20 * 500 + 500) for i in range(n)]
    return gpd.GeoDataFrame({"town_code": [f"{i:03}" for i in range(n)], "name": [f"{i:03}镇" for i in range(n)]}, geometry=squares, crs=CRS)


def test_every_one_of_200_towns_has_its_row_and_its_page_number_in_the_summary(large_atlas: list[str]) -> None:
    numbering = atlas_numbering(200, "A4", "landscape")
    assert len(large_atlas) == numbering.n_pages and numbering.n_summary > 1
    summary = [page for page in large_atlas if "各乡镇统计" in page]
    assert len(summary) == numbering.n_summary and all("人口" in page for page in summary)
    assert [("(续)" in page) for page in summary] == [False] + [True] * (numbering.n_summary - 1)
    rows = [tuple(row) for page in summary for row in re.findall(r"(\d+)\s+(\d{3}镇)\s+([\d,]+)", page)]
    assert rows == [(str(numbering.of_town(i)), f"{i:03}镇", f"{1000 + i:,}") for i in range(200)]


def test_pages_of_200_towns_are_where_summary_and_page_lines_say(large_atlas: list[str]) -> None:
    numbering = atlas_numbering(200, "A4", "landscape")
    assert all(f"云沧县{i:03}镇安全风险四色图" in large_atlas[numbering.of_town(i) - 1] for i in range(200))
    assert all(f"第 {n} 页 共 {len(large_atlas)} 页" in page for n, page in enumerate(large_atlas[1:], start=2))
    assert "方法与资料来源" in large_atlas[-1]


@pytest.mark.parametrize("n_rows", [1, 37, 38, 39, 65, 77, 500])
@pytest.mark.parametrize(("paper", "orientation"), [("A4", "landscape"), ("A4", "portrait"), ("A3", "landscape"), ("A3", "portrait")])
def test_rows_of_a_table_stand_within_its_pages_and_none_is_left_out(n_rows: int, paper: str, orientation: str) -> None:
    layout = sheet_layout(paper, orientation)
    box = Box(20, 40, 170, layout["frame"].h - 60)
    rows = [[f"行{i}", str(i)] for i in range(n_rows)]
    table = Table(["名称", "一个相当长的标题 of several words"], rows, 1, layout.map_text_pt)
    pages = page_rows(n_rows, box.h, table.least_pt)
    seen: list[str] = []
    for page in range(len(pages)):
        canvas = WrittenCanvas(layout["page"])
        draw_table(canvas, table, page, box, sheet_palette("light", is_grey=False))
        assert all(box.y <= top and bottom <= box.bottom for _, top, bottom, _ in canvas.written)
        assert min(size_pt for *_, size_pt in canvas.written) >= table.least_pt
        seen += [text for text, *_ in canvas.written if text.startswith("行")]
    assert seen == [name for name, _ in rows]


class WrittenCanvas(Canvas):
    """A canvas that tells what was written on it: text, top and bottom in millimetres, size in points."""

    def __init__(self, page: Box) -> None:
        super().__init__(page, file_format="svg", title="", author="", made_on=date(2026, 11, 23))
        self.written: list[tuple[str, float, float, float]] = []

    def text(self, x: float, baseline: float, text: str, style: TextStyle, **more: Any) -> None:
        self.written.append((text, baseline - style.size_mm * ASCENT, baseline + style.size_mm * DESCENT, style.size_pt))
        super().text(x, baseline, text, style, **more)


def test_islands_far_off_leave_the_index_and_the_page_of_their_town_at_their_scales() -> None:
    data = county()
    island = shapely.transform(data.towns.geometry.iloc[0], lambda xy: xy + (600_000.0, -400_000.0))
    far = data.towns.copy()
    far.loc[far.index[0], "geometry"] = shapely.union(far.geometry.iloc[0], island)
    with_island = replace(data, towns=far, boundary=shapely.union(data.boundary, island), main_part=shapely.box(*data.boundary.bounds))
    near, wide = (scales(given, [AtlasPage(row.name, row.geometry) for row in given.towns.itertuples()][:1]) for given in (data, with_island))
    assert near == wide and len(near) == 2


def scales(data: SheetData, towns: list[AtlasPage]) -> list[str]:
    """Scales of the maps of an atlas, page by page."""
    pages = pypdf.PdfReader(io.BytesIO(render_atlas(spec(), data, towns, AtlasText()))).pages
    return [scale for page in pages for scale in re.findall(r"1:[\d ]+\d", page.extract_text())]


def test_last_page_is_filled_with_sources_and_as_many_names_as_it_takes() -> None:
    towns = [AtlasPage(row.name, row.geometry) for row in county().towns.itertuples()][:1]
    sources = tuple(f"来源{n}(某某局提供的资料,由公开网页转载,年份不一,未经核实,只供参考,截至 2026-11-21,末{n}尾)" for n in range(30))
    content = render_atlas(spec(), county(), towns, AtlasText(("方法",), sources, tuple(f"某某机械有限公司{n}厂" for n in range(1000))))
    last = pypdf.PdfReader(io.BytesIO(content)).pages[-1].extract_text().replace("\n", "")
    assert all(f"末{n}尾" in last for n in range(30))
    n_listed, n_left = len(re.findall(r"公司\d+厂", last)), int(re.search(r"另有 (\d+) 处未列出", last)[1])
    assert n_listed + n_left == 1000 and n_listed > 100


def test_column_of_large_figures_takes_the_room_of_short_ones() -> None:
    canvas = Canvas(Box(0, 0, 200, 200), file_format="pdf", title="", author="", made_on=date(2026, 11, 23))
    style = TextStyle(11.0, "#000000")
    widths = column_widths(canvas, ["页", "乡镇", "人口"], [["4", "小港区", "1,157,200"]], 60.0, style, style)
    assert sum(widths) == pytest.approx(60.0) and widths[2] > widths[1] > widths[0]
    assert widths[2] - 2 * PAD_MM >= canvas.text_width_mm("1,157,200", style)


def test_atlas_is_told_page_by_page_and_can_be_ended() -> None:
    towns = [AtlasPage(row.name, row.geometry) for row in county().towns.itertuples()]
    seen: list[int] = []

    def told(done: int, of: int) -> None:
        seen.append(done)
        if done == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        render_atlas(spec(), county(), towns, AtlasText(), told=told)
    assert seen == [0, 1, 2]


def test_atlas_without_towns_is_refused() -> None:
    with pytest.raises(InputError):
        render_atlas(spec(), county(), [], AtlasText())


def test_beyond_the_town_nothing_is_named() -> None:
    data = county()
    focus = data.towns.geometry.iloc[0]
    sheet = drawn(spec(), replace(data, focus=focus))
    on_page = sheet.projection.to_sheet(np.array([focus], object))[0]
    assert sheet.content.labels
    assert all(shapely.contains_xy(on_page, label.request.x, label.request.y) for label in sheet.content.labels)


def test_figure_is_156_mm_wide_and_its_caption_stands_apart() -> None:
    figure = render_figure(spec(paper="figure", orientation="wide", format="png", dpi=100, title="风险分布"), county())
    assert pixels(figure.content).shape[1] == pytest.approx(156 / 25.4 * 100, abs=1)
    assert figure.caption.startswith("图× 风险分布(资料截至")


@pytest.mark.parametrize("turn_deg", [0.0, 30.0, 90.0])
def test_turned_map_keeps_distances_and_turns_north_clockwise(turn_deg: float) -> None:
    sheet = drawn(spec(turn_deg=turn_deg))
    x, y = sheet.projection.centre_m
    here, north = shapely.get_coordinates(
        sheet.projection.to_sheet(np.array([shapely.Point(x, y), shapely.Point(x, y + 1000)], object))
    )
    dx, dy = north - here
    assert (dx**2 + dy**2) ** 0.5 == pytest.approx(1e6 / sheet.projection.denominator)
    assert math.degrees(math.atan2(dx, -dy)) == pytest.approx(turn_deg)


def test_grey_sheet_holds_no_colour_and_keeps_the_tones_apart() -> None:
    with pytest.warns(NotGeoreferencedWarning), rasterio.MemoryFile(render_sheet_png(is_grey=True)) as file, file.open() as image:
        bands = image.read().astype(int)
    assert np.ptp(bands[:3], axis=0).max() == 0
    colours = sheet_colours("grey", is_grey=True)
    assert colours["level.red.fill"] < colours["level.orange.fill"] < colours["level.yellow.fill"] == "#FFFFFF"


def render_sheet_png(**wishes: object) -> bytes:
    return render_sheet(spec(format="png", dpi=60, **wishes), county())


def test_marks_left_off_are_not_printed() -> None:
    full, bare = (page_text(marks=marks) for marks in (frozenset(MARKS), frozenset()))
    assert "图例" in full and "位置图" in full and "图幅内统计" in full and "N" in full
    assert not {"图例", "位置图", "图幅内统计"} & set(bare.split())


def page_text(**wishes: object) -> str:
    return pypdf.PdfReader(io.BytesIO(render_sheet(spec(format="pdf", **wishes), county()))).pages[0].extract_text()


def test_public_sheet_of_public_layers_states_its_approval() -> None:
    text = page_text(secrecy="公开", approval_number="川S(2026)012号", layers=("risk_zones", "towns"))
    assert "川S(2026)012号" in text
    assert "公开" in text


def test_page_of_a_thing_rings_it_and_veils_nothing() -> None:
    x, y = CENTRE
    around = shapely.box(x - 1000, y - 1000, x + 1000, y + 1000)
    content = render_atlas(spec(title="图册"), county(), [AtlasPage("甲厂", around, mark=shapely.Point(x, y))], AtlasText())
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]
    assert len(pages) == atlas_numbering(1, "A4", "landscape").n_pages
    assert "各图幅统计" in pages[2] and "常住" not in pages[2] and "甲厂" in pages[2]
    assert "甲厂" in pages[3]
