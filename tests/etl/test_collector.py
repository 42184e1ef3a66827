"""Scoring spares the collector of cycles what stands already, and gives it back whatever happens."""

from __future__ import annotations

import gc
import weakref

import pytest

from etl.intake import _collecting_rarely
from etl.score import what_stands_left_alone


class Cycle:
    """Two of these that know each other are freed by the collector alone."""

    other: Cycle | None = None


def test_what_a_block_leaves_behind_is_collected_in_it() -> None:
    with what_stands_left_alone():
        assert gc.get_freeze_count() > 0
        one, two = Cycle(), Cycle()
        one.other, two.other = two, one
        seen = weakref.ref(one)
        del one, two
        gc.collect()
        assert seen() is None
    assert gc.get_freeze_count() == 0


def test_a_block_that_fails_gives_back_what_stood() -> None:
    with pytest.raises(ValueError, match="stop"), what_stands_left_alone():
        raise ValueError("stop")
    assert gc.get_freeze_count() == 0


def test_a_load_gives_back_what_stood_and_the_search_for_garbage() -> None:
    with pytest.raises(ValueError, match="stop"), _collecting_rarely():
        assert gc.get_freeze_count() > 0 and not gc.isenabled()
        raise ValueError("stop")
    assert gc.get_freeze_count() == 0 and gc.isenabled()
