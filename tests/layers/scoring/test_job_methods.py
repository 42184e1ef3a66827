"""LEC and LS: worked values, the edges of the bands, and that nothing off the scale gets a level."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.scoring.job_methods import job_risk, load_job_rules
from layers.scoring.policy import RATED

SCALES = {factor: sorted(value for name, value in load_job_rules().scales if name == factor) for factor in ("likelihood", "exposure", "consequence")}


def lec(likelihood, exposure, consequence):
    return job_risk({"method": "lec", "likelihood": likelihood, "exposure": exposure, "consequence": consequence})


def ls(likelihood, severity):
    return job_risk({"method": "ls", "likelihood": likelihood, "consequence": severity})


@pytest.mark.parametrize(
    ("factors", "d", "level"),
    [
        ((3, 6, 15), 270, "orange"),  # standards/e test vector
        ((1, 6, 7), 42, "blue"),  # standards/e test vector
        ((10, 10, 100), 10_000, "red"),
        ((1, 3, 15), 45, "blue"),
        ((10, 1, 7), 70, "yellow"),  # a bound belongs to the worse band
        ((0.1, 10, 100), 100, "yellow"),
        ((0.2, 0.5, 1), 0.1, "blue"),
        ((6, 10, 7), 420, "red"),
    ],
)
def test_lec_worked_values(factors, d, level):
    found = lec(*factors)
    assert (found.value, found.level, found.rule["rule_id"]) == (d, level, "FC-LEC")


@pytest.mark.parametrize(
    ("likelihood", "severity", "level"),
    [(5, 5, "red"), (4, 5, "red"), (4, 4, "orange"), (3, 5, "orange"), (3, 4, "yellow"), (3, 3, "yellow"), (2, 4, "blue"), (1, 1, "blue")],
)
def test_ls_worked_values(likelihood, severity, level):
    found = ls(likelihood, severity)
    assert (found.value, found.level) == (likelihood * severity, level)


@pytest.mark.parametrize("bad", [None, math.nan, pd.NA, -3, 4, 1000, math.inf])
def test_value_off_the_scale_gives_no_level_and_names_the_factor(bad):
    found = lec(bad, 6, 15)
    assert found.level is None and found.value is None and "likelihood" in found.problem_zh


@pytest.mark.parametrize("bad", [None, math.nan, 0, 6, 2.5, -1])
def test_ls_off_the_matrix_gives_no_level(bad):
    assert ls(bad, 3).level is None and "consequence" in ls(3, bad).problem_en


@given(st.data())
def test_a_larger_factor_never_gives_a_better_level(data):
    factors = [data.draw(st.sampled_from(SCALES[name])) for name in SCALES]
    place = data.draw(st.integers(0, 2))
    larger = list(factors)
    scale = list(SCALES.values())[place]
    larger[place] = data.draw(st.sampled_from([value for value in scale if value >= factors[place]]))
    assert RATED.index(lec(*larger).level) <= RATED.index(lec(*factors).level)
