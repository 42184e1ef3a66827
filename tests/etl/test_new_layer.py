"""A new layer is a new folder: it loads, becomes tiles and answers, with no other file touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from app import create_app
from etl.load import load_area_data
from etl.publish import publish_edition
from etl.score import score_register
from layers.catalog import LAYERS_DIR, Catalog, load_catalog
from tests.etl.small_area import write_area, write_geojson

WELLS_LAYER = """
id = "wells"
title_zh = "页岩气井"
title_en = "Shale gas wells"
group = "objects"
geometry = "Point"
draw_order = 655
min_zoom = 8
visible = true
key = ["well_id"]
label = "name"
search = ["name"]
fields = [
  { name = "well_id", type = "text", title_zh = "井号", title_en = "Well number", required = true, tile = true },
  { name = "name", type = "text", title_zh = "井名", title_en = "Name", tile = true },
  { name = "h2s_share_pct", type = "number", title_zh = "硫化氢含量", title_en = "H2S", unit = "%", min = 0, max = 100 },
]
"""
WELLS_SOURCE = """
id = "wells"
layer = "wells"
title_zh = "气井台账"
supplier = "能源局"
files = ["wells.geojson"]
reader = "vector"
crs = "EPSG:4490"
max_refused_pct = 50
[fields]
well_id = "no"
name = "name"
h2s_share_pct = "h2s"
"""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """The shipped layers in a tree of its own, and one folder more."""
    root = tmp_path_factory.mktemp("layers")
    for folder in sorted(path.parent for path in LAYERS_DIR.glob("*/layer.toml")):
        shutil.copytree(folder, root / folder.name)
    (root / "wells").mkdir()
    (root / "wells" / "layer.toml").write_text(WELLS_LAYER, encoding="utf-8")
    return load_catalog(root)


@pytest.fixture(scope="module")
def client(catalog: Catalog, engine: sa.Engine, database_url: str, home: Path, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A server on an edition in which the new layer was loaded."""
    sources, data = write_area(tmp_path_factory.mktemp("area"), wells=WELLS_SOURCE)
    points = [{"type": "Point", "coordinates": [105.05, 29.05]}, {"type": "Point", "coordinates": [105.06, 29.04]}]
    write_geojson(data / "wells.geojson", points, [{"no": "W1", "name": "云页1井", "h2s": 3.5}, {"no": "W2", "name": "云页2井", "h2s": 130}])
    own_home = home
    results = load_area_data(engine, catalog, sources, data, home=own_home)
    assert results[0].refused_by_rule == {"RQ04": 1}
    score_register(engine, catalog, home=own_home)
    publish_edition(engine, catalog, home=own_home)
    root = catalog["wells"].folder.parent
    app = create_app({"HOME": own_home, "DATABASE_URL": database_url, "LAYERS_DIR": root, "TESTING": True})
    return app.test_client()


def test_new_layer_is_listed_with_legend_style_and_fields(client: FlaskClient) -> None:
    layers = {layer["id"]: layer for layer in client.get("/api/layers").get_json()["layers"]}
    wells = layers["wells"]
    assert (wells["title_zh"], wells["n_features"]) == ("页岩气井", 1)
    assert [field["name"] for field in wells["fields"]] == ["well_id", "name", "h2s_share_pct"]
    assert wells["style"] and wells["legend"]


def test_new_layer_becomes_a_tile_that_holds_its_feature(client: FlaskClient) -> None:
    answer = client.get("/tiles/1/all/wells/8/202/106.mvt")
    assert answer.status_code == 200
    assert "云页1井".encode() in answer.data


def test_new_layer_answers_with_its_attributes_and_its_origin(client: FlaskClient) -> None:
    properties = client.get("/api/features/wells/W1").get_json()["properties"]
    assert (properties["name"], properties["h2s_share_pct"]) == ("云页1井", 3.5)
    assert properties["provenance"]["file"] == "wells.geojson"


def test_new_layer_is_found_by_search(client: FlaskClient) -> None:
    results = client.get("/api/search?q=云页1").get_json()["results"]
    assert [result["id"] for result in results] == ["W1"]
