"""Online tiles stay off until an installation states a key."""

from __future__ import annotations

import pytest

from basemaps.sources import declared_sources, offered_sources
from layers.errors import CatalogError


def test_no_online_source_is_offered_by_default():
    assert declared_sources()
    assert offered_sources({}) == []
    assert offered_sources({"tianditu_vector": ""}) == []


def test_source_with_a_key_is_offered():
    assert [source.id for source in offered_sources({"tianditu_vector": "k"})] == ["tianditu_vector"]


def test_every_source_has_tile_and_key_places_and_attribution():
    for source in declared_sources():
        assert all(mark in source.url for mark in ("{z}", "{x}", "{y}", "{key}"))
        assert source.attribution_zh
        assert source.attribution_en


def test_misspelt_key_is_an_error(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text('[[sources]]\nid = "x"\nurll = "y"\n', encoding="utf-8")
    with pytest.raises(CatalogError, match="urll"):
        declared_sources(path)
