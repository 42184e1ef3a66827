"""The parts of a sheet, each alone: hatch, labels, expressions, symbols, layouts."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, Point, box

from app import styles
from app.export.canvas import Canvas, TextStyle
from app.export.expressions import View, evaluate, evaluate_rows
from app.export.furniture import located_part, scale_bar
from app.export.hatch import Hatch, hatch_strokes
from app.export.labels import LabelRequest, place_labels
from app.export.layout import Box, Projection, sheet_layout
from app.export.map_drawing import places_along
from app.export.site_marks import draw_site_labels
from app.export.spec import SiteMarks
from app.export.symbols import parse_icon
from layers.catalog import LEVELS, load_catalog
from layers.errors import CatalogError, RuleTableError

PAPERS = [("A4", "landscape"), ("A4", "portrait"), ("A3", "landscape"), ("A3", "portrait")]
PLAIN_LISTS = ("text-font", "text-variable-anchor", "text-variable-anchor-offset")
INK = TextStyle(6.0, "#000000")
STYLE_LAYERS = [(layer.id, style) for layer in load_catalog() for style in styles.layer_style(layer, has_clusters=False)]


@pytest.mark.parametrize(("paper", "orientation"), PAPERS)
def test_furniture_stands_within_the_frame_and_apart(paper, orientation):
    layout = sheet_layout(paper, orientation)
    blocks = {name: where for name, where in layout.boxes.items() if name not in ("page", "frame")}
    assert all(layout["frame"].holds(block) for block in blocks.values())
    assert not [pair for pair in combinations(blocks, 2) if blocks[pair[0]].overlaps(blocks[pair[1]])]


# --- hatch --------------------------------------------------------------------------------------------


def test_diagonal_strokes_are_one_step_apart_at_right_angles():
    strokes = shapely.get_parts(hatch_strokes(box(0, 0, 30, 30), Hatch("diagonal", 1.8, 0.25)))
    offsets = sorted((line.coords[0][1] + line.coords[0][0]) / np.sqrt(2) for line in strokes)
    assert np.diff(offsets) == pytest.approx(1.8)


def test_crossed_strokes_run_both_ways_and_stay_inside():
    zone = Point(10, 10).buffer(8) - Point(10, 10).buffer(3)
    strokes = hatch_strokes(zone, Hatch("crossed", 1.4, 0.25))
    slopes = {round((b[1] - a[1]) / (b[0] - a[0])) for a, b in (line.coords for line in strokes.geoms)}
    assert slopes == {1, -1}
    assert shapely.within(strokes, zone.buffer(1e-6))


def test_dots_are_staggered_and_inside():
    dots = shapely.get_coordinates(hatch_strokes(box(0, 0, 20, 20), Hatch("dots", 2.0, 0.45)))
    assert 90 < len(dots) < 220
    nearest = np.sort(np.hypot(*(dots[:, None] - dots[None]).transpose(2, 0, 1)), axis=1)[:, 1]
    assert nearest == pytest.approx(np.sqrt(2.0))


def test_low_has_no_hatch_and_neighbouring_zones_share_one_grid():
    assert hatch_strokes(box(0, 0, 9, 9), Hatch("none", 0, 0)).is_empty
    left, right = (hatch_strokes(box(x, 0, x + 10, 10), Hatch("diagonal", 1.8, 0.25)) for x in (0, 10))
    whole = hatch_strokes(box(0, 0, 20, 10), Hatch("diagonal", 1.8, 0.25))
    assert left.length + right.length == pytest.approx(whole.length, abs=0.2)


def test_every_level_of_the_palette_has_a_print_hatch():
    for level in LEVELS:
        pattern = styles.palette()["level"][level]["hatch"]
        Hatch(pattern["pattern"], pattern["print_step_mm"], pattern["print_width_mm"])
    with pytest.raises(RuleTableError):
        Hatch("zigzag")


# --- labels -------------------------------------------------------------------------------------------


def measure(text: str, style: TextStyle) -> float:
    return len(text) * style.size_mm


def test_label_goes_right_then_left_then_above_then_below():
    frame = Box(0, 0, 100, 100)
    requests = [LabelRequest("甲乙", 50, 50, INK, priority=i, reach_mm=2) for i in range(5)]
    placed = place_labels(requests, frame, measure=measure)
    x, y = zip(*(label.box.centre for label in placed), strict=True)
    assert len(placed) == 4
    assert x[0] > 50 > x[1]
    assert y[2] < 50 < y[3]


def test_label_at_the_edge_turns_inwards_or_is_left_out():
    frame = Box(0, 0, 20, 20)
    (label,) = place_labels([LabelRequest("甲乙丙", 18, 10, INK, 0, reach_mm=1)], frame, measure=measure)
    assert label.align == "right"
    assert not place_labels(
        [LabelRequest("甲乙丙", 19.9, 19.9, INK, 0, anchors=("left",))], frame, measure=measure
    )


def test_more_important_label_takes_the_place():
    requests = [
        LabelRequest(text, 50, 50, INK, priority, anchors=("center",))
        for text, priority in (("次", 2), ("主", 1))
    ]
    assert [label.lines for label in place_labels(requests, Box(0, 0, 99, 99), measure=measure)] == [("主",)]


def test_equal_names_on_a_line_keep_their_distance():
    requests = [
        LabelRequest("国道", x, 50, INK, 0, along=((x, 50.0, 10.0),), repeat_mm=60)
        for x in (20.0, 50.0, 90.0)
    ]
    assert [label.box.centre[0] for label in place_labels(requests, Box(0, 0, 99, 99), measure=measure)] == [
        20.0,
        90.0,
    ]


# --- text ---------------------------------------------------------------------------------------------


def test_superscripts_the_font_lacks_are_raised_figures():
    canvas = Canvas(Box(0, 0, 50, 20), file_format="pdf")
    style = TextStyle(10, "#000000")
    assert canvas.text_width_mm("10⁻⁶", style) == pytest.approx(
        canvas.text_width_mm("10", style) + 0.62 * canvas.text_width_mm("−6", style), rel=0.01
    )


def test_word_wider_than_its_paragraph_goes_on_in_the_next_line():
    canvas = Canvas(Box(0, 0, 50, 50), file_format="pdf", title="", author="", made_on=None)
    style, text = TextStyle(9.0, "#000000"), "来源(godspeedhuang/Landuse_GeoJSON_Web(2020),2020-12-31)"
    lines = canvas.wrapped(text, style, 25, breaks_words=True)
    assert "".join(lines) == text and len(lines) > 2 and all(canvas.text_width_mm(line, style) <= 25 for line in lines)


def test_wrapped_lines_fit_and_lose_nothing():
    canvas = Canvas(Box(0, 0, 50, 20), file_format="svg")
    style = TextStyle(8, "#000000")
    text = "资料截至 2026-09-30 · 方法 v3.2, screening only; 评定方案。"
    lines = canvas.wrapped(text, style, 25)
    assert max(canvas.text_width_mm(line, style) for line in lines) <= 25
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


# --- styles -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layer_id", "style"), STYLE_LAYERS, ids=[style["id"] for _, style in STYLE_LAYERS])
def test_paper_understands_every_style(layer_id, style):
    fields = load_catalog()[layer_id].fields
    features = [{entry.name: None for entry in fields}]
    features += [
        {entry.name: code.code for entry in fields for code in entry.codes[i : i + 1]} for i in range(20)
    ]
    rows = pd.DataFrame(features).assign(**{"$geometry-type": "Point"})
    for zoom in (8.0, 11.0, 13.0, 16.0):
        view = View(zoom, {"lang": "zh", "policy": "p", "strong_hatch": True})
        evaluate_rows(style.get("filter"), rows, view)
        for part in ("paint", "layout"):
            for name, value in style.get(part, {}).items():
                if name not in PLAIN_LISTS:
                    evaluate_rows(value, rows, view)
        for icon in evaluate_rows(style.get("layout", {}).get("icon-image", ""), rows, view):
            assert not icon or parse_icon(icon, styles.palette()).size_px > 0


def test_unknown_operator_and_unknown_shape_are_refused():
    with pytest.raises(CatalogError, match="heatmap-density"):
        evaluate(["heatmap-density"], {}, View(10))
    with pytest.raises(CatalogError, match="star"):
        parse_icon("icon?shape=star", styles.palette())


@pytest.mark.parametrize(
    ("expression", "properties", "value"),
    [
        (["case", ["has", "n"], ["concat", ["get", "n"], " m"], "—"], {"n": 82.0}, "82 m"),
        (["case", ["has", "n"], "yes", "—"], {"n": None}, "—"),
        (["coalesce", ["get", "short_name"], ["get", "name"]], {"name": "甲"}, "甲"),
        (["step", ["get", "n"], "low", 5, "high"], {"n": 5}, "high"),
        (["interpolate", ["exponential", 2], ["zoom"], 10, 0, 12, 3], {}, 1.0),
        (["in", ["get", "medium"], ["literal", ["natural_gas"]]], {"medium": None}, False),
        (["<", ["get", "n"], 10], {"n": None}, False),
        (["number-format", ["get", "n"], {"max-fraction-digits": 1}], {"n": 1234.56}, "1,234.6"),
        (["==", ["global-state", "lang"], "en"], {}, True),
        (["join", ["split", ["get", "name"], "有限公司"], ""], {"name": "甲化工有限公司"}, "甲化工"),
        (["let", "w", ["*", ["get", "n"], 2], ["+", ["var", "w"], 1]], {"n": 3}, 7),
        (["all", ["!", ["get", "a"]], ["any", ["get", "b"], False]], {"a": False, "b": True}, True),
    ],
)
def test_expression_means_what_the_style_specification_says(expression, properties, value):
    assert evaluate(expression, properties, View(11, {"lang": "en"})) == value


# --- scale bar and marks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("denominator", "length_m"), [(1000, 50), (2000, 100), (5000, 200), (25_000, 1000), (200_000, 10_000)]
)
def test_scale_bar_is_a_round_length_within_its_room(denominator, length_m):
    bar = scale_bar(denominator, 58)
    assert bar.length_m == length_m
    assert 0.35 * 58 < bar.length_mm <= 58


def test_marks_stand_every_spacing_and_turn_with_the_line():
    places = places_along(LineString([(0, 0), (0, 45)]), 20)
    assert [(x, y) for x, y, _ in places] == [(0, 10), (0, 30)]
    assert {angle for _, _, angle in places} == {90.0}


def test_locator_leaves_out_islands_far_off_unless_the_sheet_shows_them() -> None:
    main, islet = shapely.box(0, 0, 10_000, 10_000), shapely.box(500_000, -400_000, 500_100, -399_900)
    whole = shapely.union(main, islet)
    here, there = (Projection(Box(0, 0, 100, 100), middle, 50_000) for middle in ((5_000, 5_000), (500_050, -399_950)))
    assert located_part(whole, shapely.box(-100, -100, 10_100, 10_100), here).bounds == main.bounds
    assert located_part(whole, main, there).equals(whole)
    assert located_part(whole, None, here).equals(whole)


# --- shortest lines of a site -------------------------------------------------------------------------


def labels_of(lines):
    """Boxes of the words of lines given in metres upon a frame of 100 by 100 mm at 1:1000, its middle at (0, 0)."""
    frame = Box(0, 0, 100, 100)
    marks = SiteMarks(lines=tuple((LineString(line), f"{number}: 136 m") for number, line in enumerate(lines, start=1)))
    return frame, draw_site_labels(Canvas(frame, file_format="svg"), marks, Projection(frame, (0.0, 0.0), 1000.0), styles.palette())


def test_words_of_lines_that_cross_stand_apart():
    _, boxes = labels_of([[(-30, -1), (30, 1)], [(-30, 1), (30, -1)], [(-1, -30), (1, 30)], [(-30, 0), (30, 0)]])
    assert len(boxes) == 4
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_words_of_a_line_are_not_cut_by_the_frame_and_spare_what_has_no_room():
    frame, boxes = labels_of([[(44, -45), (49, -45)]])
    assert len(boxes) == 1 and frame.holds(boxes[0])
    _, boxes = labels_of([[(0, 0), (0.1, 0)]] * 40)
    assert 3 <= len(boxes) < 40
