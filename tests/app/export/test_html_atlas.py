"""The one-file atlas opens without a network and shows the map."""

from __future__ import annotations

from pathlib import Path

import folium
import geopandas as gpd
import pandas as pd
import pytest
from playwright.sync_api import sync_playwright
from shapely import Point

from app.export.folium_map import AtlasText, atlas_map, html_atlas
from app.export.html_atlas import foreign_addresses, inline_assets
from layers.errors import CrsMismatchError, InputError, SourceFileError
from tests.app.export.county import CENTRE, county, frame, risk_points, towns, zones

NODE_MODULES = Path(__file__).parents[3] / "node_modules"
CHROMIUM = "/usr/bin/chromium"
TEXT = AtlasText("云沧县安全风险四色图", ("合成数据,仅供演示",))


def layers() -> dict[str, pd.DataFrame]:
    return dict(county().layers)


@pytest.fixture(scope="module")
def atlas() -> str:
    return html_atlas(layers(), TEXT, NODE_MODULES).decode()


def test_nothing_in_the_file_leads_outside(atlas):
    assert foreign_addresses(atlas) == []
    assert "sourceMappingURL" not in atlas
    assert "<link rel" not in atlas


def test_fonts_and_marker_images_are_in_the_file(atlas):
    assert "data:font/woff2;base64," in atlas
    assert "L.Icon.Default.mergeOptions" in atlas


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://a.example/x.js"></script>',
        "<img src='//a.example/x.png'>",
        "<style>p { background: url( 'http://a.example/x.png') }</style>",
        '<style>@import "https://a.example/x.css";</style>',
        'L.tileLayer("https://a.example/{z}/{x}/{y}.png", {})',
        'L.tileLayer.wms("https://a.example/wms", {})',
        '<a href="https://a.example">',
    ],
)
def test_what_no_package_holds_is_refused_by_its_address(html):
    assert foreign_addresses(html)
    with pytest.raises(InputError, match=r"a\.example"):
        inline_assets(html, NODE_MODULES)


def test_online_tiles_and_glyphicons_are_refused():
    with pytest.raises(InputError, match="openstreetmap"):
        inline_assets(folium.Map().get_root().render(), NODE_MODULES)
    page = folium.Map(tiles=None)
    folium.Marker([29, 105], icon=folium.Icon(icon="info-sign")).add_to(page)
    with pytest.raises(InputError, match="glyphicon"):
        inline_assets(page.get_root().render(), NODE_MODULES)


def test_missing_package_is_named(tmp_path):
    with pytest.raises(SourceFileError, match="npm ci"):
        inline_assets(folium.Map(tiles=None).get_root().render(), tmp_path)


def test_names_cannot_become_markup_or_templates():
    hostile = risk_points(1).assign(name='<img src=x onerror="alert(1)">{{ 7*7 }}</script>')
    html = html_atlas(
        layers() | {"risk_points": hostile}, AtlasText("<b>{{ 7*7 }}</b>"), NODE_MODULES
    ).decode()
    assert "<img src=x" not in html
    assert "<b>{{" not in html
    assert "49</b>" not in html
    assert "&lt;b&gt;&#123;&#123; 7*7" in html


def test_degrees_are_refused():
    with pytest.raises(CrsMismatchError):
        atlas_map({"towns": towns().to_crs(4326)}, TEXT)


def test_empty_unplaced_and_attribute_only_frames_make_a_map():
    unplaced = risk_points(2)
    unplaced["geometry"] = None
    bare = pd.DataFrame({"danger_id": ["D"]})
    page = atlas_map({"risk_points": unplaced, "hidden_dangers": bare, "towns": towns().iloc[:0]}, TEXT)
    assert "folium-map" in page.get_root().render()


def test_legend_names_levels_in_words_and_only_what_is_there():
    html = atlas_map({"risk_zones": zones().iloc[:2]}, TEXT).get_root().render()
    assert "红 重大" in html
    assert "蓝 低" not in html
    english = atlas_map({"risk_zones": zones()}, AtlasText("Atlas", lang="en")).get_root().render()
    assert "Red Major" in english


def test_only_the_chosen_policy_is_shown():
    both = gpd.GeoDataFrame(pd.concat([zones("a"), zones("b")], ignore_index=True), crs=zones().crs)
    html = atlas_map({"risk_zones": both}, TEXT, policy="a").get_root().render()
    assert "(5)" in html


def test_chromium_without_a_network_shows_map_legend_and_popup(atlas, tmp_path):
    path = tmp_path / "atlas.html"
    path.write_text(atlas, encoding="utf-8")
    asked, problems = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--use-angle=swiftshader"]
        )
        context = browser.new_context(offline=True, viewport={"width": 1200, "height": 800})
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(path.as_uri())
        page.wait_for_selector("path.leaflet-interactive")
        n_shapes = page.locator("path.leaflet-interactive").count()
        n_symbols = page.locator(".atlas-icon svg").count()
        fills = page.eval_on_selector_all(
            "path.leaflet-interactive", "shapes => shapes.map(s => s.getAttribute('fill'))"
        )
        legend = page.inner_text(".atlas-legend")
        zone = page.locator('path[fill="url(#hatch-red)"]').first.bounding_box()
        page.mouse.click(zone["x"] + zone["width"] * 0.5, zone["y"] + zone["height"] * 0.25)
        page.wait_for_selector(".leaflet-popup-content")
        popup = page.inner_text(".leaflet-popup-content")
        browser.close()
    assert problems == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert n_shapes > 10
    assert n_symbols == 40 + 4 + 1
    assert {"url(#hatch-red)", "url(#hatch-orange)", "url(#hatch-yellow)"} <= set(fills)
    assert "红 重大" in legend
    assert "合成数据" in legend
    assert "重大" in popup


def test_default_marker_shows_its_picture_offline(tmp_path):
    page = folium.Map([29, 105], tiles=None)
    folium.Marker([29, 105], icon=folium.Icon(prefix="fa", icon="fire")).add_to(page)
    folium.GeoJson(gpd.GeoDataFrame(geometry=[Point(105, 29.01)], crs=4326)).add_to(page)
    path = tmp_path / "marker.html"
    path.write_text(inline_assets(page.get_root().render(), NODE_MODULES), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--use-angle=swiftshader"]
        )
        opened = browser.new_context(offline=True).new_page()
        opened.goto(path.as_uri())
        opened.wait_for_selector("img.leaflet-marker-icon")
        width = opened.eval_on_selector("img.leaflet-marker-icon", "image => image.naturalWidth")
        browser.close()
    assert width > 0


def test_layer_control_names_layers_with_their_counts():
    point = frame([{"spot_id": "S", "name": "弯道"}], [Point(CENTRE)])
    html = atlas_map({"road_black_spots": point}, AtlasText("Atlas", lang="en")).get_root().render()
    assert "Road black spots (police list) (1)" in html
