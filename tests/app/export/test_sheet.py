"""A map sheet is at scale, complete and readable: measured on the output, not on intentions."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pandas as pd
import pypdf
import pytest
import rasterio
import shapely
from rasterio.errors import NotGeoreferencedWarning
from shapely import LineString, MultiPolygon, Point, box

from app.export.canvas import Canvas
from app.export.layout import Box, sheet_layout
from app.export.render import render_sheet
from app.export.sheet import (
    SheetData,
    draw_sheet,
    latitude_and_true_north,
    map_frame_mm,
    scale_for_extent,
)
from app.export.spec import SiteMarks
from layers.crs import metric_crs
from layers.errors import CrsMismatchError, InputError, UnknownLayerError
from tests.app.export.county import CENTRE, CRS, county, frame, risk_points, spec, towns, zones

PAPERS = [("A4", "landscape"), ("A4", "portrait"), ("A3", "landscape"), ("A3", "portrait")]
DPI = 300
PX_PER_MM = DPI / 25.4


def drawn(sheet_spec, data=None):
    canvas = Canvas(
        sheet_layout(sheet_spec.paper, sheet_spec.orientation)["page"], file_format=sheet_spec.format
    )
    return draw_sheet(canvas, sheet_spec, data or county())


def pixels(png: bytes) -> np.ndarray:
    """Grey values (rows, columns) of a PNG."""
    with pytest.warns(NotGeoreferencedWarning), rasterio.MemoryFile(png) as file, file.open() as image:
        return image.read().mean(axis=0)


def legend_texts(sheet) -> list[str]:
    return [row.text for row in sheet.legend]


# --- scale --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("paper", "orientation"), PAPERS)
def test_scale_bar_on_the_png_has_its_stated_length(paper, orientation):
    sheet_spec = spec(paper=paper, orientation=orientation, format="png", address="")
    bar, where = drawn(sheet_spec).scale_bar, sheet_layout(paper, orientation)["scale"]
    image = pixels(render_sheet(sheet_spec, county()))
    rows = image[
        int(where.y * PX_PER_MM) : int(where.bottom * PX_PER_MM),
        int(where.x * PX_PER_MM) : int(where.right * PX_PER_MM),
    ]
    longest = max(np.ptp(np.flatnonzero(row < 128)) + 1 for row in rows if (row < 128).mean() > 0.2)
    assert bar.length_mm == pytest.approx(bar.length_m * 1000 / 100_000)
    assert longest / PX_PER_MM == pytest.approx(bar.length_mm + 0.2, rel=0.005)


def test_a_kilometre_square_is_twenty_centimetres_at_one_to_five_thousand():
    x, y = CENTRE
    square = frame([{"park_id": "K", "name": ""}], [MultiPolygon([box(x - 350, y - 250, x + 350, y + 250)])])
    sheet = drawn(spec(scale_denominator=5000, layers=("park_boundaries",)), county(park_boundaries=square))
    west, north, east, south = shapely.total_bounds(sheet.content.features["park_boundaries"].geometries)
    assert (east - west, south - north) == pytest.approx((140.0, 100.0))
    assert sheet.layout["map"].centre == pytest.approx(((west + east) / 2, (north + south) / 2))


def test_moving_the_centre_moves_a_feature_the_other_way_by_the_scale():
    def place(centre):
        sheet = drawn(spec(centre=centre, layers=("fire_stations",)))
        return shapely.get_coordinates(sheet.content.features["fire_stations"].geometries)[0]

    x, y = CENTRE
    shift_mm = place((x + 1000, y + 500)) - place((x, y))
    assert shift_mm == pytest.approx((-10.0, 5.0))


def test_an_extent_gets_the_largest_scale_that_holds_it():
    assert map_frame_mm("A4", "landscape") == (213.0, 157.0)
    assert scale_for_extent((2130.0, 1570.0), "A4", "landscape") == 10_000
    assert scale_for_extent((2131.0, 1570.0), "A4", "landscape") == 25_000
    assert scale_for_extent((0.0, 0.0), "A4", "portrait") == 1000
    assert scale_for_extent((90_000.0, 120_000.0), "A3", "portrait") == 500_000


# --- files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("paper", "orientation"), PAPERS)
def test_pdf_has_the_papers_size_and_one_page(paper, orientation):
    pages = pypdf.PdfReader(
        io.BytesIO(render_sheet(spec(paper=paper, orientation=orientation, format="pdf"), county()))
    ).pages
    page = sheet_layout(paper, orientation)["page"]
    size_mm = float(pages[0].mediabox.width) / 72 * 25.4, float(pages[0].mediabox.height) / 72 * 25.4
    assert size_mm == pytest.approx((page.w, page.h), abs=0.01)
    assert len(pages) == 1


def test_pdf_embeds_its_fonts_and_its_text_can_be_read():
    page = pypdf.PdfReader(io.BytesIO(render_sheet(spec(format="pdf"), county()))).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    for font in fonts:
        described = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "NotoSansCJKsc" in font["/BaseFont"]
        assert "/FontFile3" in described or "/FontFile2" in described
    text = page.extract_text()
    for words in (
        "云沧县安全风险四色图",
        "2026年第3季度",
        "1:100 000",
        "内部使用",
        "综合指数-2026A",
        "合成数据",
        "2026-09-30",
        "中央经线105°",
    ):
        assert words in text


def test_pdf_holds_no_raster_image():
    page = pypdf.PdfReader(io.BytesIO(render_sheet(spec(format="pdf"), county()))).pages[0]
    assert not list(page.images)


def test_the_same_sheet_twice_gives_the_same_pdf():
    assert render_sheet(spec(format="pdf"), county()) == render_sheet(spec(format="pdf"), county())


def test_png_has_the_papers_pixels_and_states_its_resolution():
    png = render_sheet(spec(format="png"), county())
    assert pixels(png).shape == (round(210 * PX_PER_MM), round(297 * PX_PER_MM))
    place = png.index(b"pHYs")
    assert int.from_bytes(png[place + 4 : place + 8], "big") == 11_811
    assert png[place + 12] == 1


def test_svg_is_well_formed_and_has_the_papers_size():
    root = ElementTree.fromstring(render_sheet(spec(), county()))
    assert root.attrib["width"] == "841.889764pt"
    assert not root.findall(".//{http://www.w3.org/2000/svg}image")


# --- map ----------------------------------------------------------------------------------------------


def test_every_level_but_low_is_hatched():
    assert drawn(spec()).content.hatched_levels == {"red", "orange", "yellow", "unrated"}


def test_hatch_reaches_the_paper():
    def darkness(layers):
        image = pixels(render_sheet(spec(format="png", layers=layers, is_synthetic=False), county()))
        middle = [round(mm * PX_PER_MM) for mm in (12 + 213 / 2 - 20, 29 + 157 / 2 - 10)]
        return image[middle[1] - 60 : middle[1] + 60, middle[0] - 60 : middle[0] + 60]

    hatched = darkness(("risk_zones",))
    assert 0.15 < (hatched < 75).mean() < 0.6
    assert (darkness(()) < 75).mean() == 0


def test_only_the_chosen_policy_is_shown():
    both = pd.concat([zones("weighted_index_2026A"), zones("grid_maximum_2026A").iloc[:1]], ignore_index=True)
    data = county(risk_zones=gpd.GeoDataFrame(both, crs=CRS))
    with pytest.raises(InputError, match="policy"):
        render_sheet(spec(), data)
    sheet = drawn(spec(policy="grid_maximum_2026A"), data)
    assert sheet.content.drawn["risk_zones"].sum() == 1


def test_tiny_red_zone_stays_visible():
    x, y = CENTRE
    speck = zones().iloc[:1].set_geometry([MultiPolygon([box(x, y, x + 3, y + 3)])], crs=CRS)
    sheet = drawn(spec(layers=("risk_zones",)), county(risk_zones=speck))
    assert shapely.area(sheet.content.features["risk_zones"].geometries)[0] > 0.5


def test_points_without_room_become_dots_and_are_all_still_there():
    crowd = frame(
        [
            {"point_id": str(i), "name": f"甲{i}", "level": level, "kind": "general"}
            for i, level in enumerate(["red"] + ["blue"] * 30)
        ],
        [Point(CENTRE[0] + i, CENTRE[1]) for i in range(31)],
    )
    content = drawn(spec(layers=("risk_points",)), county(risk_points=crowd)).content
    assert len(content.icon_boxes) == 1
    assert content.has_dots
    assert content.drawn["risk_points"].all()


@pytest.mark.parametrize(("paper", "orientation"), PAPERS)
@pytest.mark.parametrize("denominator", [25_000, 100_000])
def test_labels_keep_clear_of_each_other_of_symbols_and_of_the_frame(paper, orientation, denominator):
    data = county(risk_points=risk_points(400))
    sheet = drawn(spec(paper=paper, orientation=orientation, scale_denominator=denominator), data)
    boxes = [label.box for label in sheet.content.labels]
    assert len(boxes) > 10
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(sheet.layout["map"].holds(label) for label in boxes)
    assert not any(
        label.overlaps(taken) for label in boxes for taken in (*sheet.blocked, *sheet.content.icon_boxes)
    )


def test_map_text_is_never_smaller_than_six_points_on_a4_and_seven_on_a3():
    for paper, least_pt in (("A4", 6), ("A3", 7)):
        sheet = drawn(spec(paper=paper, scale_denominator=25_000))
        assert min(label.request.style.size_pt for label in sheet.content.labels) >= least_pt


def test_worst_sources_are_named_before_others():
    rows = [
        {"point_id": level, "name": f"{level} works", "level": level, "kind": "general"}
        for level in ("blue", "red")
    ]
    data = county(risk_points=frame(rows, [Point(CENTRE), Point(CENTRE[0] + 40, CENTRE[1])]))
    labels = drawn(spec(scale_denominator=10_000, layers=("risk_points",)), data).content.labels
    assert "red" in labels[0].request.text


def test_major_hazard_with_its_double_outline_is_named():
    row = {
        "point_id": "P",
        "name": "氯碱厂",
        "level": "red",
        "kind": "hazchem_producer",
        "major_hazard_level": 1,
    }
    sheet = drawn(spec(layers=("risk_points",)), county(risk_points=frame([row], [Point(CENTRE)])))
    assert [label.request.text for label in sheet.content.labels] == ["氯碱厂"]


def test_notes_stand_where_they_cover_least():
    x, y = CENTRE
    west = frame(
        [{"zone_id": "Z", "policy": "p", "level": "blue", "area_m2": 1.0}],
        [MultiPolygon([box(x - 9000, y - 7000, x, y + 7000)])],
    )
    data = SheetData(layers={"risk_zones": west})
    plate = drawn(spec(layers=("risk_zones",)), data).blocked[1]
    assert plate.x > sheet_layout("A4", "landscape")["map"].centre[0]


def test_notes_of_a_figure_leave_its_scale_bar_free():
    page = sheet_layout("figure", "wide")["page"]
    drawn = draw_sheet(Canvas(page, file_format="svg"), spec(paper="figure", orientation="wide"), county())
    notes = drawn.blocked[1]
    assert notes.w > 0 and not notes.overlaps(drawn.layout["scale"])


def test_proposed_site_is_drawn_and_its_lines_say_their_words():
    x, y = CENTRE
    site = SiteMarks(grounds=(box(x, y, x + 2000, y + 2000), Point(x, y)), lines=((LineString([(x, y), (x + 900, y)]), "1: 900 m"), (Point(x, y + 900), "2: 0.0 m")))
    page = pypdf.PdfReader(io.BytesIO(render_sheet(spec(format="pdf"), replace(county(), site=site)))).pages[0]
    assert "1: 900 m" in page.extract_text() and "2: 0.0 m" in page.extract_text()


def test_names_lose_company_ending_and_own_county():
    names = {label.request.text for label in drawn(spec(scale_denominator=25_000)).content.labels}
    assert not [name for name in names if "有限公司" in name or name.startswith("云沧")]


# --- legend, notes, furniture -------------------------------------------------------------------------


def test_legend_lists_only_what_is_drawn_levels_first():
    texts = legend_texts(drawn(spec(layers=("risk_zones", "pipelines"))))
    assert texts[:6] == ["风险等级", "红 重大", "橙 较大", "黄 一般", "蓝 低", "未评级"]
    assert "原油" in texts
    assert not {"学校", "成品油、石化原料、化工介质", "消防站", "水系"} & set(texts)


def test_legend_names_only_the_classes_of_road_that_are_there():
    texts = legend_texts(drawn(spec(layers=("roads",))))
    assert "国道、省道" in texts
    assert not {"高速公路", "其他道路"} & set(texts)


def test_legend_leaves_out_what_lies_beyond_the_frame():
    x, y = CENTRE
    texts = legend_texts(drawn(spec(centre=(x + 30_000, y), layers=("risk_zones", "fire_stations"))))
    assert "红 重大" not in texts
    assert "消防站" not in texts


def test_legend_that_overflows_goes_on_on_a_second_page_and_is_counted_elsewhere(monkeypatch):
    monkeypatch.setattr("app.export.legend.SIZES_PT", (14.0,))
    pages = pypdf.PdfReader(io.BytesIO(render_sheet(spec(format="pdf"), county()))).pages
    assert len(pages) == 2
    assert "图例(续)" in pages[1].extract_text()
    assert b"<svg" in render_sheet(spec(), county())


def test_legend_text_is_at_least_seven_points_and_no_heading_stands_alone():
    from app.export.legend import fit_legend

    canvas = Canvas(sheet_layout("A4", "landscape")["page"], file_format="svg")
    sheet = draw_sheet(canvas, spec(), county())
    placed = fit_legend(canvas, sheet.legend, Box(0, 0, 56, 79), "zh", n_columns=1)
    assert {entry.size_pt for entry in placed} <= {7.0, 7.5, 8.0}
    columns = sorted({entry.box.x for entry in placed})
    last = [max((e for e in placed if e.box.x == x), key=lambda e: e.box.y) for x in columns]
    assert all(entry.row.symbols for entry in last)


def test_layers_hidden_at_the_scale_are_named():
    x, y = CENTRE
    houses = frame([{"building_id": "B"}], [MultiPolygon([box(x, y, x + 4, y + 4)])])
    text = page_text(spec(format="pdf", layers=("buildings", "towns")), county(buildings=houses))
    assert "本比例尺不显示:建筑物" in text


def crowded_town(n_parks: int = 1) -> SheetData:
    """A town of four millimetres at 1:1 000 000 with parks around its middle, longer in name than it is wide."""
    x, y = CENTRE
    names = [f"云沧第{digit}化学工业园区" for digit in "一二三四五六七八九"[:n_parks]]
    parks = [MultiPolygon([box(x - 300 + 50 * i, y - 300, x + 300, y + 300)]) for i in range(n_parks)]
    town = frame([{"town_code": "1", "name": "福集镇"}], [MultiPolygon([box(x - 2000, y - 2000, x + 2000, y + 2000)])])
    layers = {"towns": town, "park_boundaries": frame([{"park_id": str(i), "name": name} for i, name in enumerate(names)], parks)}
    return SheetData(layers=layers, boundary=town.union_all(), towns=town)


def test_town_is_named_before_the_parks_in_it_and_no_name_lies_on_another():
    sheet = drawn(spec(scale_denominator=1_000_000, layers=("towns", "park_boundaries")), crowded_town())
    by_text = {label.request.text: label for label in sheet.content.labels}
    assert set(by_text) == {"福集镇", "云沧第一化学工业园区"}
    town, park = by_text.values()
    assert town.request.text == "福集镇" and town.box.centre == pytest.approx((town.request.x, town.request.y))
    assert not town.box.overlaps(park.box)


def test_sheet_says_that_names_are_left_out_where_some_are():
    wishes = {"format": "pdf", "scale_denominator": 1_000_000, "layers": ("towns", "park_boundaries"), "is_synthetic": False}
    told = "部分注记因位置不足未标出"
    assert told not in page_text(spec(**wishes), crowded_town(1))
    assert told in page_text(spec(**wishes), crowded_town(9))
    assert "Some labels are left out for want of room" in page_text(spec(**wishes, lang="en"), crowded_town(9))


def page_text(sheet_spec, data) -> str:
    return pypdf.PdfReader(io.BytesIO(render_sheet(sheet_spec, data))).pages[0].extract_text()


def test_notes_state_assumptions_and_unverified_figures_only_where_there_are_any():
    plain = page_text(spec(format="pdf", layers=("towns",), is_synthetic=False), county())
    assert "筛查" in plain
    assert not [word for word in ("合成数据", "假设", "未经核实") if word in plain]
    full = page_text(spec(format="pdf"), county())
    assert all(word in full for word in ("合成数据", "含假设", "未经核实"))


def test_english_sheet_has_english_furniture():
    text = page_text(spec(format="pdf", lang="en", title="Four-colour map"), county())
    for words in (
        "Legend",
        "Red Major",
        "Data as of 30 Sep 2026",
        "Synthetic data",
        "Within this sheet",
        "Edition 2026Q3",
    ):
        assert words in text


def test_watermark_lies_across_the_map_and_hides_nothing():
    marked = spec(format="png", dpi=100, watermark="县应急管理局 张三 14:05")
    plain, faint = (
        pixels(render_sheet(sheet, county())) for sheet in (replace(marked, watermark=""), marked)
    )
    assert 0 < np.abs(plain - faint).max() < 40
    assert "张三" in page_text(replace(marked, format="pdf"), county())


def test_statistics_count_what_lies_within_the_frame():
    text = page_text(spec(format="pdf", scale_denominator=100_000), county())
    assert "2.54" in text
    red_km2 = zones().geometry.iloc[0].area / 1e6
    assert f"{red_km2:.2f}" == "2.54"


def test_true_north_lies_west_of_grid_north_east_of_the_meridian():
    latitude_deg, north_deg = latitude_and_true_north((600_000.0, 500_000.0), metric_crs(105.4, 29.0))
    assert latitude_deg == pytest.approx(29.0, abs=0.01)
    assert north_deg == pytest.approx(
        -np.degrees(np.arctan(np.tan(np.radians(1.0268)) * np.sin(np.radians(29)))), abs=0.01
    )


def test_outside_the_town_of_an_atlas_page_is_veiled():
    town = towns().geometry.iloc[1]
    plain, veiled = (
        pixels(render_sheet(spec(format="png", dpi=72), replace(county(), focus=focus)))
        for focus in (None, town)
    )
    assert veiled.mean() > plain.mean()


# --- what cannot be drawn -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"paper": "A5"}, "paper"),
        ({"orientation": "upside"}, "orientation"),
        ({"format": "docx"}, "format"),
        ({"scale_denominator": 0}, "scale"),
        ({"scale_denominator": -5000}, "scale"),
        ({"dpi": 100_000}, "dpi"),
        ({"lang": "fr"}, "lang"),
        ({"centre": (float("nan"), 0.0)}, "centre"),
        ({"secrecy": "公开"}, "approval_number"),
        ({"secrecy": "公开", "approval_number": "GS(2026)1"}, "layers"),
        ({"marks": frozenset({"dragon"})}, "marks"),
    ],
)
def test_impossible_sheet_is_refused_by_field(changes, field):
    with pytest.raises(InputError) as caught:
        render_sheet(spec(**changes), county())
    assert caught.value.field == field


def test_unknown_layer_is_refused():
    with pytest.raises(UnknownLayerError):
        render_sheet(spec(layers=("no_such_layer",)), county())


def test_degrees_are_refused():
    with pytest.raises(CrsMismatchError):
        render_sheet(spec(), county(towns=towns().to_crs(4326)))


@pytest.mark.parametrize("extent", [(-1.0, 5.0), (float("nan"), 5.0)])
def test_extent_that_is_no_extent_is_refused(extent):
    with pytest.raises(InputError, match="extent"):
        scale_for_extent(extent, "A4", "landscape")


def test_empty_missing_and_unplaced_data_still_make_a_sheet():
    unplaced = risk_points(3)
    unplaced.loc[0, "geometry"] = None
    bare = pd.DataFrame({"feature_id": ["1"], "enterprise_id": ["E"]})
    data = SheetData(layers={"risk_points": unplaced, "hidden_dangers": bare, "towns": towns().iloc[:0]})
    layers = ("risk_points", "hidden_dangers", "towns", "roads")
    assert b"<svg" in render_sheet(
        spec(layers=layers, title="", subtitle="", organisation="", address=""), data
    )
    assert b"<svg" in render_sheet(spec(layers=()), SheetData(layers={}))


def test_very_long_title_stays_inside_its_box():
    long = spec(
        title="安全风险" * 40, subtitle="x" * 500, organisation="很长的单位名称" * 20, crs_line="坐标系" * 60
    )
    image = pixels(render_sheet(replace(long, format="png", dpi=150), county()))
    frame_mm = sheet_layout("A4", "landscape")["frame"]
    margin = image[:, : int((frame_mm.x - 1) * 150 / 25.4)]
    assert margin.min() == 255


# --- relief -------------------------------------------------------------------------------------------


def test_relief_shades_the_land_of_the_map_and_nothing_around_it(tmp_path):
    x, y = CENTRE
    slope = np.fromfunction(lambda row, column: -90.0 * (row + column), (60, 60)).astype("float32")
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "width": 60, "height": 60, "crs": CRS.to_wkt(),
               "transform": rasterio.Affine(500, 0, x - 15_000, 0, -500, y + 15_000)}  # fmt: skip
    with rasterio.open(tmp_path / "dem.tif", "w", **profile) as target:
        target.write(slope, 1)
    sheet_spec = spec(format="png", dpi=72, layers=("towns",), marks=frozenset())
    data = replace(county(), dem=tmp_path / "dem.tif")
    plain = pixels(render_sheet(sheet_spec, data))
    shaded = pixels(render_sheet(replace(sheet_spec, has_relief=True), data))
    frame = sheet_layout(sheet_spec.paper, sheet_spec.orientation)["map"].inset(-0.5)
    rows, columns = (np.arange(n) / 72 * 25.4 for n in plain.shape)
    inside = np.outer((rows > frame.y) & (rows < frame.bottom), (columns > frame.x) & (columns < frame.right))
    assert (plain[~inside] == shaded[~inside]).all()
    land = inside & (plain == np.median(plain[inside]))
    assert np.median(shaded[land]) < np.median(plain[land]) - 10  # it looks away from the light
