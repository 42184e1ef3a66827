"""What a load says that it converted is what its manifest asks for."""

from __future__ import annotations

from etl.conversions import conversions
from etl.manifest import FieldSource, Manifest
from layers.catalog import load_catalog
from tests.etl.test_coordinates import AREA

CATALOG = load_catalog()


def of(layer: str, crs: str = "", axis_order: str = "xy", x: str = "", y: str = "", **fields: FieldSource) -> list[dict[str, object]]:
    manifest = Manifest("s", layer, "", "", ("s.csv",), "table", fields, crs=crs, axis_order=axis_order, x=x, y=y)
    return conversions(manifest, CATALOG[layer], AREA)


def test_units_are_told_with_their_factor_whether_stated_in_the_manifest_or_the_heading() -> None:
    kilograms = {"kind": "unit", "field": "amount_t", "from": "kg", "to": "t", "factor": 0.001}
    assert of("unit_chemicals", amount_t=FieldSource("储量", unit="kg")) == [kilograms]
    assert of("unit_chemicals", amount_t=FieldSource("储量(公斤)")) == [kilograms]
    assert of("unit_chemicals", amount_t=FieldSource("储量(吨)")) == []


def test_datum_is_told_with_the_error_it_adds_even_where_nothing_is_converted() -> None:
    assert of("fire_stations", "GCJ-02", "yx") == [
        {"kind": "datum", "from": "GCJ-02", "to": "EPSG:4490", "error_m": 1.0}, {"kind": "axes"},
    ]
    assert of("fire_stations", "EPSG:4490") == [{"kind": "datum", "from": "EPSG:4490", "to": "EPSG:4490", "error_m": 0.0}]
    assert of("unit_chemicals") == []


def test_coordinates_in_kilometres_are_told_by_their_columns() -> None:
    in_km = {"kind": "unit", "column": "横坐标(km)", "from": "km", "to": "m", "factor": 1000.0}
    assert of("fire_stations", "EPSG:4523", x="横坐标(km)", y="纵坐标(m)")[0] == in_km
    assert [entry["kind"] for entry in of("fire_stations", "EPSG:4490", x="横坐标(km)", y="纵坐标(m)")] == ["datum"]


def test_words_into_codes_and_stated_values_are_told() -> None:
    found = of("enterprises", kind=FieldSource("类别", codes={"一般": "general"}), status=FieldSource(value="operating"))
    assert [(entry["kind"], entry["field"]) for entry in found] == [("codes", "kind"), ("assigned", "status")]
