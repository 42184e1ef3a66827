"""The catalog: declarations are read strictly, and every shipped layer is whole."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from layers.catalog import load_catalog, load_layer
from layers.errors import CatalogError, UnknownLayerError
from layers.tables import edition_table, register_table

GOOD = """
id = "wells"
title_zh = "油气井"
title_en = "Wells"
group = "objects"
geometry = "Point"
draw_order = 600
key = ["well_id"]
fields = [{ name = "well_id", type = "text", title_zh = "井号", title_en = "Number", required = true }]
"""


def written(folder: Path, text: str, name: str = "wells") -> Path:
    (folder / name).mkdir()
    (folder / name / "layer.toml").write_text(text, encoding="utf-8")
    return folder / name


def test_layer_is_read_from_its_folder_alone(tmp_path: Path) -> None:
    layer = load_layer(written(tmp_path, GOOD))
    assert (layer.id, layer.key, layer.fields[0].title_zh) == ("wells", ("well_id",), "井号")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('group = "objects"', 'groop = "objects"', "unknown key groop"),
        ('title_en = "Wells"', "", "missing key title_en"),
        ('geometry = "Point"', 'geometry = "Dot"', "geometry 'Dot'"),
        ('type = "text"', 'type = "varchar"', "type 'varchar'"),
        ('type = "text"', 'type = "text", colour = "red"', "unknown key colour"),
        ('key = ["well_id"]', 'key = ["number"]', "name no field"),
        ('id = "wells"', 'id = "other"', "differs from the folder"),
        ('name = "well_id"', 'name = "Well; DROP"', "lower-case identifier"),
        ('id = "wells"', "id = ", "layer.toml"),
    ],
)
def test_wrong_declaration_is_refused_and_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(CatalogError, match=said):
        load_layer(written(tmp_path, GOOD.replace(old, new)))


def test_folder_without_layers_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no layer folders"):
        load_catalog(tmp_path)


def test_unknown_layer_lists_what_is_known() -> None:
    with pytest.raises(UnknownLayerError, match="enterprises"):
        load_catalog()["enterprise"]


def test_every_shipped_layer_has_titles_and_units_in_both_languages() -> None:
    for layer in load_catalog():
        for entry in layer.fields:
            assert entry.title_zh and entry.title_en, (layer.id, entry.name)
            suffix = entry.name.rsplit("_", 1)[-1]
            if suffix in ("m", "mm", "t", "km", "kv", "mpa", "m2", "km2"):
                assert entry.unit, (layer.id, entry.name)


def test_every_reference_names_a_field_that_exists() -> None:
    catalog = load_catalog()
    for layer in catalog:
        for entry in layer.fields:
            if entry.references:
                other, name = entry.references.split(".")
                assert catalog[other].field(name)


def test_every_layer_with_a_table_becomes_one() -> None:
    for layer in load_catalog():
        if layer.has_table:
            names = set(register_table(layer, 4490).c.keys())
            assert {entry.name for entry in layer.fields} <= names
            assert isinstance(edition_table(layer, 4490, schema="edition_1").c.feature_id.type, sa.Text)
