"""What was done to the rows of a source on their way in: datum, axes, units, codes; kept with each load and told with a feature."""

from __future__ import annotations

from typing import Any

from etl.coordinates import METRES_OF_KM, in_metres, is_in_km
from etl.manifest import FieldSource, Manifest
from etl.notations import UNIT_FACTORS, head_unit
from layers.catalog import Area, Field, Layer
from layers.crs import datum_error_m

Conversion = dict[str, Any]


def conversions(manifest: Manifest, layer: Layer, area: Area) -> list[Conversion]:
    """Every conversion that the manifest of a source asks for.

    Returns
    -------
    One object a conversion, its ``kind`` one of

    - ``datum``: ``from``, ``to`` (CRS or shifted datum), ``error_m`` that it adds, metres; told even where both are the same.
    - ``axes``: the delivered order was north first.
    - ``unit``: ``field``, ``from``, ``to``, ``factor`` (delivered value times factor is ours); of a coordinate its ``column`` and no field;
      ``is_said_by_values`` where not all rows underwent it, but those whose text names the unit (`said_km`).
    - ``codes``: ``field``, ``column``: words were turned into codes of a closed list.
    - ``assigned``: ``field``, ``value``: not delivered, the manifest states it for all rows.
    - ``composed``: ``field``, ``template``: made of several columns.
    - ``extracted``: ``field``, ``column``: a part of the delivered text.
    - ``job``: ``job``: rows were prepared by the module of that name in `etl/jobs`.
    """
    found = _position(manifest, area) if layer.is_drawn and manifest.crs else []
    found += [{"kind": "job", "job": manifest.job}] if manifest.job else []
    for entry in layer.fields:
        source = manifest.fields.get(entry.name)
        if source is not None:
            found += _of_field(entry, source)
    return found


def _position(manifest: Manifest, area: Area) -> list[Conversion]:
    datum: Conversion = {
        "kind": "datum", "from": manifest.crs, "to": area.storage_crs, "error_m": datum_error_m(manifest.crs),
    }
    in_km = [name for name in (manifest.x, manifest.y) if is_in_km(name) and in_metres(manifest.crs)]
    units = [_of_km(name) for name in in_km]
    return [*units, datum] + ([{"kind": "axes"}] if manifest.axis_order == "yx" else [])


def said_km(column: str) -> Conversion:
    """The conversion of those values of a coordinate column that say kilometres themselves; known once they are read."""
    return {**_of_km(column), "is_said_by_values": True}


def _of_km(column: str) -> Conversion:
    return {"kind": "unit", "column": column, "from": "km", "to": "m", "factor": METRES_OF_KM}


def _of_field(entry: Field, source: FieldSource) -> list[Conversion]:
    if source.value is not None:
        return [{"kind": "assigned", "field": entry.name, "value": source.value}]
    found: list[Conversion] = []
    if source.template is not None:
        found.append({"kind": "composed", "field": entry.name, "template": source.template})
    if source.pattern:
        found.append({"kind": "extracted", "field": entry.name, "column": source.column})
    if source.codes:
        found.append({"kind": "codes", "field": entry.name, "column": source.column})
    unit = source.unit or (head_unit(source.column or "") if entry.unit else None)
    factor = UNIT_FACTORS.get((unit or "", entry.unit or ""), 1.0)
    if unit and entry.unit and unit != entry.unit:
        found.append({"kind": "unit", "field": entry.name, "from": unit, "to": entry.unit, "factor": factor})
    return found
