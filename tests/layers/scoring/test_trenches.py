"""Pipelines of one trench count once: which lines share one, and what that makes of the cells."""

from datetime import date

import numpy as np
import pytest
import shapely

from layers.errors import RuleTableError
from layers.scoring.grid import Grid
from layers.scoring.levels import rate_sources
from layers.scoring.policy import load_policy
from layers.scoring.trenches import load_trench_rule, trenches
from layers.scoring.zoning import risk_index
from tests.layers.scoring.frames import X, Y, layer, line

RULE = load_trench_rule()
POLICY = load_policy("weighted_index_2026A")
GRID = Grid.for_area((X, Y - 500.0, X + 2000.0, Y + 500.0), 50.0)
ON = date(2026, 6, 30)


def found(*ways, errors=None):
    return trenches([f"L{n}" for n in range(len(ways))], ways, errors or [0.0] * len(ways), RULE)


def test_lines_side_by_side_share_a_trench_and_others_do_not():
    one, beside, apart = (shapely.LineString([(0, y), (1000, y)]) for y in (0, RULE.gap_m, 3 * RULE.gap_m))
    assert found(one, beside, apart) == {"L0": ("L0", 2), "L1": ("L0", 2)}


def test_a_crossing_is_no_trench_and_the_errors_of_positions_count():
    one, across = shapely.LineString([(0, 0), (1000, 0)]), shapely.LineString([(500, -400), (500, 400)])
    beside = shapely.LineString([(0, 15), (1000, 15)])
    assert found(one, across) == {}
    assert found(one, beside) == {} and set(found(one, beside, errors=[8.0, 8.0])) == {"L0", "L1"}
    assert found(one, beside, errors=[np.nan, np.nan]) == {}


def test_half_of_the_shorter_line_is_enough():
    long, short = shapely.LineString([(0, 0), (5000, 0)]), shapely.LineString([(0, 2), (100, 2), (100, 90)])
    assert set(found(long, short)) == {"L0", "L1"}
    assert found(long, shapely.LineString([(0, 2), (100, 2), (100, 140)])) == {}


def pipes(*ys):
    return rate_sources({"pipelines": layer(
        *({"pipeline_id": f"P{y}", "geometry": line((0.0, y), (2000.0, y))} for y in ys),
        name="line", kind="transmission", medium="refined_product", status="in_service", accuracy_m=0.0, diameter_mm=300.0, pressure_mpa=4.0,
    )}, on=ON)  # fmt: skip


def test_six_lines_of_one_trench_colour_as_the_worst_of_them_does():
    alone, street = (risk_index(pipes(*ys), GRID, POLICY, vulnerability=1.2) for ys in ([0.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]))
    assert (street.level == alone.level).mean() > 0.95 and np.nanmax(street.index) == pytest.approx(np.nanmax(alone.index), rel=0.02)
    assert (street.level[street.level > 0] >= 2).all()  # nothing red by number
    far = risk_index(pipes(0.0, 60.0, 120.0), GRID, POLICY, vulnerability=1.2)
    assert np.nanmax(far.index) > 1.05 * np.nanmax(alone.index)  # lines of their own add up


def test_more_lines_of_a_trench_never_lower_a_cell():
    one, two = (risk_index(pipes(*ys), GRID, POLICY) for ys in ([0.0], [0.0, 4.0]))
    assert (np.nan_to_num(two.index) >= np.nan_to_num(one.index) - 1e-4).all()


def test_reason_names_the_rule_and_how_many_lines():
    row = pipes(0.0, 3.0).iloc[0]
    told = next(entry for entry in row["reasons"] if entry["method"] == "trench")
    assert row["trench_id"] == "pipelines:P0.0" and told["rule_id"] == "TRENCH-ONCE" and told["inputs"]["n_lines"] == 2


def test_table_that_cannot_be_is_refused(tmp_path):
    (tmp_path / "trenches.csv").write_text(
        "rule_id,standard_id,clause,gap_m,least_share,source_type,confidence,note\nT,POLICY-2026A,x,5,1.5,project_policy,low,\n", encoding="utf-8"
    )
    with pytest.raises(RuleTableError, match="share"):
        load_trench_rule(tmp_path)
