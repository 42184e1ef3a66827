"""Recognition on whole deliveries: the sample county with and without its manifests, its datums by evidence alone, a real city."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from etl.load import load_area_data
from etl.manifest import Manifest, delivered_files, load_manifests
from etl.recognise import RecognisedDataset, recognise
from etl.recognise_datums import datum_proposals
from etl.recognise_evidence import coordinates_of, sample, surroundings
from layers.catalog import load_catalog
from layers.crs import wgs84_to_bd09, wgs84_to_gcj02
from tests.conftest import REAL_DATA, SAMPLE_SOURCES

CATALOG = load_catalog()
KAOHSIUNG = SAMPLE_SOURCES.parent / "kaohsiung"
DRAWINGS = ("park_boundaries",)
"""A drawing keeps three fields in the name of its layers: no column says so."""


def dataset_of(found_datasets: tuple[RecognisedDataset, ...], manifest: Manifest) -> RecognisedDataset:
    return next(entry for entry in found_datasets if not manifest.sheet or entry.name == manifest.sheet)


def delivered(folder: Path) -> list[tuple[Manifest, Path]]:
    _, manifests = load_manifests(SAMPLE_SOURCES, CATALOG)
    return [(manifest, files[0]) for manifest in manifests for files in [delivered_files(replace(manifest, optional=True), folder)] if files]


@pytest.fixture(scope="module")
def first_delivery(tiny_sample: Path) -> Path:
    return tiny_sample / "2026Q1"


def test_every_source_of_the_county_is_known_again(first_delivery: Path) -> None:
    area, manifests = load_manifests(SAMPLE_SOURCES, CATALOG)
    told = {}
    for manifest, path in delivered(first_delivery):
        found = dataset_of(recognise(path, area=area, catalog=CATALOG, manifests=manifests, engine=None).datasets, manifest)
        told[manifest.id] = (found.known.manifest.id, found.known.fit) if found.known else None
    assert told == {name: (name, "exact") for name in told}
    assert len(told) > 20


@pytest.fixture(scope="module")
def unseen(first_delivery: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Manifest, RecognisedDataset]]:
    """Every source of the county as it looks to an installation that knows another city's manifests only."""
    others = tmp_path_factory.mktemp("known")
    shutil.copytree(KAOHSIUNG, others / "kaohsiung")
    area, _ = load_manifests(SAMPLE_SOURCES, CATALOG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("etl.recognise_words.KNOWN_SOURCES", others)
        return [
            (manifest, dataset_of(recognise(path, area=area, catalog=CATALOG, manifests=[], engine=None).datasets, manifest))
            for manifest, path in delivered(first_delivery)
            if manifest.id not in DRAWINGS
        ]


def test_the_county_seen_for_the_first_time_is_mapped_by_names_and_values(unseen: list[tuple[Manifest, RecognisedDataset]]) -> None:
    n_wanted = n_right = 0
    for manifest, found in unseen:
        assert found.layer is not None and found.layer.id == manifest.layer, manifest.id
        wanted = {(name, source.column) for name, source in manifest.fields.items() if source.column}
        wanted |= {(axis, column) for axis, column in (("x", manifest.x), ("y", manifest.y)) if column}
        proposed = {(entry.field, entry.column) for entry in found.mapping}
        columns = {column for _, column in wanted}
        assert {pair for pair in proposed if pair[1] in columns} <= wanted, manifest.id
        n_wanted, n_right = n_wanted + len(wanted), n_right + len(wanted & proposed)
    assert n_right >= 0.95 * n_wanted


def test_a_code_proposed_for_a_value_is_the_one_people_confirmed(unseen: list[tuple[Manifest, RecognisedDataset]]) -> None:
    n_proposed = 0
    for manifest, found in unseen:
        for entry in found.mapping:
            confirmed = manifest.fields[entry.field].codes if entry.field in manifest.fields else {}
            proposed = {value: code for value, code in entry.codes.items() if code is not None and value in confirmed}
            assert proposed == {value: confirmed[value] for value in proposed}, (manifest.id, entry.field)
            n_proposed += len(proposed)
    assert n_proposed > 30


SHIFTED = ("enterprises", "road_accidents", "buildings", "roads", "protection_villages", "pipelines_industrial")


@pytest.fixture(scope="module")
def county(engine: sa.Engine, first_delivery: Path, home: Path) -> sa.Engine:
    """A register with what datums are told by, and the sources of several datums themselves."""
    load_area_data(engine, CATALOG, SAMPLE_SOURCES, first_delivery, home=home, only={"towns", *SHIFTED})
    return engine


@pytest.mark.parametrize("source_id", SHIFTED)
def test_right_datum_comes_first_by_roads_buildings_and_towns_alone(first_delivery: Path, county: sa.Engine, source_id: str) -> None:
    manifest, path = next(entry for entry in delivered(first_delivery) if entry[0].id == source_id)
    area, manifests = load_manifests(SAMPLE_SOURCES, CATALOG)
    found = recognise(path, area=area, catalog=CATALOG, manifests=manifests, engine=county).datasets[0]
    rows = sample(found.dataset.frame)
    known = surroundings(county, area, CATALOG, CATALOG[manifest.layer], rows, found.mapping, manifest)
    best = datum_proposals(coordinates_of(rows, manifest.x, manifest.y, manifest.wkt), area, replace(known, former=None))[0]
    assert manifest.crs in (best.crs, *best.same_place)
    assert found.datums[0].crs == manifest.crs
    assert "上次报送" in found.datums[0].evidence_zh


def test_delivery_with_numbers_of_its_own_is_placed_by_the_names_that_the_register_has_once(county: sa.Engine, tmp_path: Path) -> None:
    with county.connect() as connection:
        rows = connection.execute(sa.text(
            "SELECT name, ST_X(geom), ST_Y(geom) FROM register.enterprises e WHERE to_load IS NULL AND geom IS NOT NULL "
            "AND (SELECT count(*) FROM register.enterprises o WHERE o.to_load IS NULL AND o.name = e.name) = 1 ORDER BY feature_id LIMIT 40"
        )).all()
    lon, lat = wgs84_to_gcj02(np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))
    lines = [f"Z{n},{row[0]},{x:.7f},{y:.7f}" for n, (row, x, y) in enumerate(zip(rows, lon, lat, strict=True))]
    (tmp_path / "台账.csv").write_text("\n".join(["企业编号,企业名称,经度,纬度", *lines]), encoding="utf-8")
    area, _ = load_manifests(SAMPLE_SOURCES, CATALOG)
    best, *others = recognise(tmp_path / "台账.csv", area=area, catalog=CATALOG, manifests=[], engine=county).datasets[0].datums
    assert (best.crs, best.n_compared) == ("GCJ-02", 40) and "同名" in best.evidence_zh
    assert best.median_distance_m is not None and best.median_distance_m < 1 and others[0].score < best.score / 4


def test_lines_are_placed_by_the_lines_that_the_register_has(county: sa.Engine, tmp_path: Path) -> None:
    with county.connect() as connection:
        shapes = [shapely.from_wkb(bytes(row)) for row in connection.execute(sa.text(
            "SELECT ST_AsBinary(geom) FROM register.pipelines WHERE to_load IS NULL ORDER BY feature_id")).scalars()]
    moved = [shapely.transform(shape, lambda xy: np.column_stack(wgs84_to_bd09(xy[:, 0], xy[:, 1]))) for shape in shapes]
    features = [{"type": "Feature", "properties": {"线号": f"Z{n}"}, "geometry": json.loads(shapely.to_geojson(part))}
                for n, part in enumerate(part for shape in moved for part in shape.geoms)]
    (tmp_path / "管线.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    area, _ = load_manifests(SAMPLE_SOURCES, CATALOG)
    best = recognise(tmp_path / "管线.geojson", area=area, catalog=CATALOG, manifests=[], engine=county).datasets[0].datums[0]
    assert best.crs == "BD-09" and "距现状库中线状要素中位 0 m" in best.evidence_zh


WITH_REAL_DATA = pytest.mark.skipif(not REAL_DATA.exists(), reason="no real data beside the checkout")
REAL = {
    "fire_stations/fire_stations.json": "fire_stations", "facilities/factory_registry.jsonl": "factories",
    "pipelines/kh_pplines_twd97.shp": "pipelines_by_company", "facilities/epa_regulated_sources/data_1000.json": "regulated_sources",
    "accidents/2013_102年度A1類交通事故資料.csv": "accidents_fatal_2013_2017",
    "accidents/a2_by_village_2023_noheader/64000020015.csv": "accidents_by_party",
    "accidents/a2_monthly_partial/2022_a2_2d0ea7e.csv": "accidents_injury_2021_2022",
    "sensitive/103_basej_junior_high_utf16.txt": "schools_junior_high", "derived/population_100m_twd97.tif": "population_grid",
}


@WITH_REAL_DATA
@pytest.mark.parametrize("name", REAL)
def test_real_file_is_known_and_in_its_datum(name: str) -> None:
    area, manifests = load_manifests(KAOHSIUNG, CATALOG)
    found = recognise(REAL_DATA / "kaohsiung" / name, area=area, catalog=CATALOG, manifests=manifests, engine=None).datasets[0]
    assert found.known is not None and found.known.manifest.id == REAL[name]
    stated = found.known.manifest.crs
    assert not found.datums or stated in (found.datums[0].crs, *found.datums[0].same_place)


@WITH_REAL_DATA
def test_text_that_a_wrong_decoding_destroyed_is_told_column_by_column() -> None:
    area, manifests = load_manifests(KAOHSIUNG, CATALOG)
    path = sorted((REAL_DATA / "kaohsiung" / "facilities" / "soil_sites_mojibake").iterdir())[0]
    found = recognise(path, area=area, catalog=CATALOG, manifests=manifests, engine=None).datasets[0]
    assert any("重新报送" in question.zh for question in found.questions)
