"""Scoring what changed gives what scoring everything gives: every table and raster, whatever was edited."""

from __future__ import annotations

import pickle
import shutil
import sys
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
import sqlalchemy as sa

import etl.stamps
from etl.area import declared_area
from etl.code_files import _imports
from etl.derive import Inputs, Record, Results, derive, given_to
from etl.earlier import kept_names, layer_digests
from etl.edition import raster_table
from etl.frames import frame_reader
from layers.kept import digest, packed, unpacked
from etl.progress import Step
from etl.score import raster_digests, score_register
from etl.stages import STAGES
from etl.stages.stage import ALL_RULES, Frames, Given, Stage
from etl.stamps import rule_files, rules_stamp
from etl.verify import verify_edition
from layers.catalog import load_catalog
from layers.errors import CancelledError, CatalogError
from layers.store import engine_from_url

ON = date(2026, 6, 30)
EDITED = {"enterprises": "enterprise_id", "hazard_units": "unit_id", "buildings": "building_id", "protection_targets": "target_id"}
SURFACES = "risk_index"
SCORED = tuple(stage for stage in STAGES if stage.name not in ("societal_risk", "domino_pairs"))
"""All but two that nobody takes results of and that are always computed whole."""


class Remembered:
    """A base that went through the form in which results are kept."""

    def __init__(self, results: Results, crs: Any) -> None:
        self._results, self._crs = results, crs

    @property
    def records(self) -> Mapping[str, Record]:
        return self._results.records

    def result(self, name: str) -> Any:
        value = self._results.values[name]
        return value if name == SURFACES else unpacked(packed(value), self._crs)


@pytest.fixture(scope="module")
def county(atlas_database: str, home: Path) -> Iterator[tuple[Inputs, dict[str, gpd.GeoDataFrame]]]:
    """The reduced county's second edition as inputs, and its frames."""
    engine = engine_from_url(atlas_database)
    catalog = load_catalog()
    with engine.connect() as connection:
        area, outline = declared_area(connection)
        read = frame_reader(connection, catalog, area, 2)
        rasters = connection.execute(sa.select(raster_table(2))).all()
        paths = {row.layer: home / row.path for row in rasters if row.policy is None}
        frames = {name: read(name) for name in layer_digests(connection, catalog, area, 2)}
        yield Inputs(area, outline, ON, read, paths), frames
    engine.dispose()


def inputs_of(inputs: Inputs, frames: Mapping[str, gpd.GeoDataFrame], on: date = ON) -> Inputs:
    digests = {name: digest(frame) for name, frame in frames.items()} | {"population": "as loaded"}
    return Inputs(inputs.area, inputs.outline, on, frames.__getitem__, inputs.rasters, digests)


@pytest.fixture(scope="module")
def base(county: tuple[Inputs, dict[str, gpd.GeoDataFrame]]) -> Remembered:
    inputs, frames = county
    return Remembered(derive(inputs_of(inputs, frames), stages=SCORED), inputs.area.metric_crs)


def edited(frames: Mapping[str, gpd.GeoDataFrame], dice: np.random.Generator, layer: str, deed: str) -> dict[str, gpd.GeoDataFrame]:
    """One random feature of a layer moved, changed, removed, or a likeness of it added elsewhere."""
    frame = frames[layer].copy()
    placed = np.flatnonzero(frame.geometry.notna())
    row = int(dice.choice(placed))
    step = dice.uniform(-3000, 3000, 2)
    if deed == "remove":
        frame = frame.drop(index=frame.index[row])
    elif deed == "move":
        frame.iloc[row, frame.columns.get_loc("geometry")] = shapely.transform(frame.geometry.iloc[row], lambda xy: xy + step)
    elif deed == "change":
        name = "n_persons" if "n_persons" in frame else "name"
        frame.iloc[row, frame.columns.get_loc(name)] = 777 if name == "n_persons" else "改名"
        frame.iloc[row, frame.columns.get_loc("accuracy_m")] = 3.0
    else:
        twin = frame.iloc[[row]].copy()
        twin["feature_id"] = twin[EDITED[layer]] = "ZZ-new"
        twin.geometry = [shapely.transform(frame.geometry.iloc[row], lambda xy: xy + step)]
        frame = gpd.GeoDataFrame(gpd.pd.concat([frame, twin], ignore_index=True), crs=frame.crs)
    frame = frame.sort_values("feature_id", kind="stable", ignore_index=True)
    return {**frames, layer: frame}


def differences(one: Results, two: Results) -> list[str]:
    names = [name for stage in SCORED for name in stage.results]
    return [name for name in names if digest(one.values[name]) != digest(two.values[name])]


@pytest.mark.parametrize("deed", ["add", "move", "change", "remove"])
def test_any_edit_scored_alone_gives_what_scoring_everything_gives(
    county: tuple[Inputs, dict[str, gpd.GeoDataFrame]], base: Remembered, deed: str
) -> None:
    inputs, frames = county
    dice = np.random.default_rng(zlib.crc32(deed.encode()))
    layer = list(EDITED)[int(dice.integers(len(EDITED)))]
    now = inputs_of(inputs, edited(edited(frames, dice, layer, deed), dice, "enterprises", deed))
    assert differences(derive(now, stages=SCORED, base=base), derive(now, stages=SCORED)) == []


def test_nothing_changed_nothing_computed(county: tuple[Inputs, dict[str, gpd.GeoDataFrame]], base: Remembered) -> None:
    inputs, frames = county
    again = derive(inputs_of(inputs, frames), stages=SCORED, base=base)
    assert {record.state for record in again.records.values()} == {"kept"}


def test_another_day_leaves_what_no_date_touches(county: tuple[Inputs, dict[str, gpd.GeoDataFrame]], base: Remembered) -> None:
    inputs, frames = county
    later = derive(inputs_of(inputs, frames, ON + timedelta(days=1)), stages=SCORED, base=base)
    assert later.records["fire_cover"].state == "kept" and later.records["risk_points"].why == ("date",)
    assert differences(later, derive(inputs_of(inputs, frames, ON + timedelta(days=1)), stages=SCORED)) == []


def test_moved_plant_updates_tiles_only_and_leaves_roads_alone(
    county: tuple[Inputs, dict[str, gpd.GeoDataFrame]], base: Remembered
) -> None:
    inputs, frames = county
    now = inputs_of(inputs, edited(frames, np.random.default_rng(5), "enterprises", "move"))
    records = derive(now, stages=SCORED, base=base).records
    assert records["risk_index"].state == "updated" and records["black_spots"].state == "kept"
    assert "enterprises" in records["risk_points"].why


def test_one_raster_read_with_another_nodata_is_another() -> None:
    one, other = ({"layer": "population", "path": f"rasters/{name}.tif", "sha256": "of the delivered file"} for name in "ab")
    assert raster_digests([one]) != raster_digests([other]) and raster_digests([one, other]) == raster_digests([one])


def test_what_other_rules_made_is_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, rules = [], ["old"]

    def run(given: Given) -> Mapping[str, Any]:
        seen.append(dict(given.before))
        return {"n": 1}

    monkeypatch.setattr("etl.derive.code_stamp", lambda *_: "same")
    monkeypatch.setattr("etl.derive.rules_stamp", lambda _: rules[-1])
    stages = [Stage("n", "数", "n", run, results=("n",), before=("n",), is_dated=True)]
    days = [Inputs(None, shapely.Point(), ON + timedelta(days=n), dict.__getitem__.__get__({}), digests={"a": "1"}) for n in range(3)]  # type: ignore[arg-type]
    base = Remembered(derive(days[0], stages=stages), None)
    derive(days[1], stages=stages, base=base)
    rules.append("new")
    derive(days[2], stages=stages, base=base)
    assert seen == [{}, {"n": 1}, {}]


def test_results_come_back_from_their_bytes_as_they_were(base: Remembered, county: tuple[Inputs, dict[str, gpd.GeoDataFrame]]) -> None:
    crs = county[0].area.metric_crs
    for name in sorted(kept_names() & {name for stage in SCORED for name in stage.results}):
        value = base._results.values[name]
        assert digest(unpacked(packed(value), crs)) == digest(value), name


def test_bytes_that_name_a_function_are_not_run() -> None:
    class Bad:
        def __reduce__(self) -> tuple[Any, ...]:
            return (print, ("run",))

    with pytest.raises(pickle.UnpicklingError, match="no part of a result"):
        unpacked(zlib.compress(pickle.dumps(Bad())), None)


def test_stage_that_looks_at_an_undeclared_layer_is_stopped() -> None:
    with pytest.raises(CatalogError, match="looks at roads"):
        Frames(["towns"], dict.__getitem__.__get__({})).get("roads")  # type: ignore[arg-type]


def test_rule_table_changes_the_stamp_of_the_stages_that_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {stage.name: rules_stamp(stage) for stage in STAGES}
    copied = tmp_path / "layers" / "scoring" / "rules"
    shutil.copytree(etl.stamps.RULES_DIR, copied)
    monkeypatch.setattr(etl.stamps, "ROOT", tmp_path)
    monkeypatch.setattr(etl.stamps, "RULES_DIR", copied)
    assert {stage.name: rules_stamp(stage) for stage in STAGES} == before
    with (copied / "fire_cover.csv").open("a", encoding="utf-8") as table:
        table.write("\n")
    after = {stage.name: rules_stamp(stage) for stage in STAGES}
    assert after["fire_cover"] != before["fire_cover"] and after["black_spots"] == before["black_spots"]


OPENED: set[Path] = set()
IS_WATCHED = [False]


def test_imports_within_other_statements_count_as_code_that_a_stage_runs(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        "from layers import one\nimport json\n"
        "def f():\n    with open('x'):\n        try:\n            from etl.two import a\n"
        "        except ValueError:\n            import layers.three\n        finally:\n            from layers.four import b\n"
        "if f:\n    pass\nelse:\n    while f:\n        from layers.five import c\n"
        "match f:\n    case 1:\n        from layers.six import d\n"
    )
    found = set(_imports(path))
    assert {"layers", "layers.one", "etl.two", "layers.three", "layers.four", "layers.five", "layers.six"} <= found
    assert "json" not in found


def _note_opened(event: str, arguments: tuple[Any, ...]) -> None:
    """Every file that is opened while somebody watches; a hook cannot be taken away again."""
    if IS_WATCHED[0] and event == "open" and isinstance(arguments[0], str):
        OPENED.add(Path(arguments[0]).resolve())


def test_stage_declares_every_rule_table_that_it_reads(
    county: tuple[Inputs, dict[str, gpd.GeoDataFrame]], base: Remembered
) -> None:
    sys.addaudithook(_note_opened)
    inputs, values = county[0], base._results.values
    for stage in [stage for stage in SCORED if stage.rules != ALL_RULES]:
        for module in [module for name, module in list(sys.modules.items()) if name.startswith("layers.")]:
            for kept in [value for value in vars(module).values() if hasattr(value, "cache_clear")]:
                kept.cache_clear()
        OPENED.clear()
        IS_WATCHED[0] = True
        stage.run(given_to(stage, inputs, values, {}))
        IS_WATCHED[0] = False
        read = {path for path in OPENED if path.is_relative_to(etl.stamps.RULES_DIR) and path.suffix in (".csv", ".toml")}
        assert read <= set(rule_files(stage)), stage.name


def test_scoring_taken_back_leaves_no_edition(atlas_database: str, home: Path) -> None:
    engine = engine_from_url(atlas_database)
    steps: list[str] = []

    def until_zones(step: Step) -> None:
        steps.append(step.en)
        if "zones" in step.en:
            raise CancelledError("taken back")

    with pytest.raises(CancelledError):
        score_register(engine, load_catalog(), home=home, label="taken back", is_full=True, progress=until_zones)
    with engine.connect() as connection:
        left = connection.execute(sa.text("SELECT count(*) FROM ops.editions WHERE label = 'taken back'")).scalar_one()
        is_there = sa.inspect(connection).has_table("meta", schema="edition_3")
    engine.dispose()
    assert (left, is_there) == (0, False) and len(set(steps)) > 5


def test_edition_scored_on_top_of_another_is_verified_in_full(atlas_database: str, home: Path) -> None:
    engine = engine_from_url(atlas_database)
    with engine.connect() as connection:
        states = connection.execute(sa.text("SELECT value FROM edition_2.meta WHERE key = 'stages'")).scalar_one()
    found = verify_edition(engine, load_catalog(), 2, home=home)
    engine.dispose()
    assert "kept" in {record["state"] for record in states.values()} and found["is_same"]
