"""A reader of Mapbox Vector Tiles for the tests, written from the specification (version 2.1)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any


def decoded(tile: bytes) -> dict[str, dict[str, Any]]:
    """Layers by name: extent, and the attributes of each feature."""
    return dict(_layer(value) for number, value in _fields(tile) if number == 3)


def places(tile: bytes, layer: str) -> list[tuple[float, float]]:
    """Places of the points of a layer, in shares of the tile from its west and north."""
    found = []
    for number, value in _fields(tile):
        if number != 3 or next(part for n, part in _fields(value) if n == 1).decode() != layer:
            continue
        for feature in (part for n, part in _fields(value) if n == 2):
            packed = next(part for n, part in _fields(feature) if n == 4)
            command, at = _varint(packed, 0)
            assert command == 9, "one point"
            x, at = _varint(packed, at)
            y, _ = _varint(packed, at)
            found.append((((x >> 1) ^ -(x & 1)) / 4096, ((y >> 1) ^ -(y & 1)) / 4096))
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        if tag & 7 == 0:
            value, at = _varint(data, at)
        else:
            length, at = {1: (8, at), 5: (4, at)}.get(tag & 7) or _varint(data, at)
            value, at = data[at : at + length], at + length
        yield tag >> 3, value


def _value(data: bytes) -> Any:
    number, value = next(_fields(data))
    decoders = {
        1: lambda v: v.decode(),
        2: lambda v: struct.unpack("<f", v)[0],
        3: lambda v: struct.unpack("<d", v)[0],
        6: lambda v: (v >> 1) ^ -(v & 1),
        7: bool,
    }
    return decoders.get(number, int)(value)


def _layer(data: bytes) -> tuple[str, dict[str, Any]]:
    fields = list(_fields(data))
    keys = [value.decode() for number, value in fields if number == 3]
    values = [_value(value) for number, value in fields if number == 4]
    name = next(value.decode() for number, value in fields if number == 1)
    extent = next((value for number, value in fields if number == 5), 4096)
    features = [_attributes(value, keys, values) for number, value in fields if number == 2]
    return name, {"extent": extent, "features": features}


def _attributes(data: bytes, keys: list[str], values: list[Any]) -> dict[str, Any]:
    packed = next((value for number, value in _fields(data) if number == 2), b"")
    numbers, at = [], 0
    while at < len(packed):
        number, at = _varint(packed, at)
        numbers.append(number)
    return {keys[k]: values[v] for k, v in zip(numbers[::2], numbers[1::2], strict=True)}
