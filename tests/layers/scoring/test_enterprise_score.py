"""The score of 应急〔2018〕19号 from its entries, worked by hand, and what a list with gaps may say."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.scoring.enterprise_score import (
    BONUS_ONLY,
    enterprise_score,
    load_score_table,
)

TABLE = load_score_table()


def item(name, entry="", n=None):
    return {"item": name, "entry": entry, "n": n}


def whole(*entries):
    """Every item examined, with some entries."""
    return enterprise_score([*(item(name) for name in TABLE.caps), *entries])


def test_nothing_lost_is_the_full_score():
    found = whole()
    assert found.score == 100 and not found.is_upper_bound


def test_caps_without_the_bonus_item_are_the_full_score():
    assert sum(cap for name, cap in TABLE.caps.items() if name not in BONUS_ONLY) == 100


@pytest.mark.parametrize(
    ("entries", "score"),
    [
        ([item("major_hazard", "level_1")], 90),
        ([item("substance", "each_other_key_supervised", 3)], 99.7),
        ([item("qualification", "each_uncertified_leader_or_manager", 9)], 85),  # 45 points, the item has 15
        ([item("own_fire_brigade", "bonus_own_full_time_brigade")], 103),
        ([item("standardisation_and_accidents", "bonus_standard_level_1")], 115),
        # 10 lost and 15 gained within one item: the bonus is not lost to the floor
        ([item("standardisation_and_accidents", "one_larger_accident_in_3y"), item("standardisation_and_accidents", "bonus_standard_level_1")], 105),
        ([item("design_and_assessment", "fine_chemical_without_reaction_assessment"), item("design_and_assessment", "bonus_class_A_design_institute")], 92),
    ],
)  # fmt: skip
def test_scores_by_hand(entries, score):
    found = whole(*entries)
    assert found.score == pytest.approx(score)
    assert 100 - sum(entry.lost for entry in found.items) == pytest.approx(found.score)


def test_items_left_out_make_it_an_upper_bound():
    found = enterprise_score([item("equipment", "no_dual_power")])
    assert found.is_upper_bound and "qualification" in found.missing_items and "own_fire_brigade" not in found.missing_items


def test_no_entries_are_no_score():
    assert enterprise_score([]) is None


@pytest.mark.parametrize("bad", [item("equipment", "no_such_entry"), item("no_such_item"), item("equipment", "no_dual_power", -1)])
def test_unknown_or_negative_entry_is_refused_and_leaves_the_score_open(bad):
    found = whole(bad)
    assert found.score == 100 and found.is_upper_bound and len(found.refused) == 1


def test_blank_number_is_once():
    assert whole(item("equipment", "each_obsolete", pd.NA)).score == 98


@given(st.lists(st.sampled_from(sorted(key for key, row in TABLE.entries.items() if row["entry_kind"] == "deduction")), max_size=12))
def test_one_more_deduction_never_raises_the_score(keys):
    entries = [item(*key) for key in keys]
    assert all(whole(*entries[: n + 1]).score <= whole(*entries[:n]).score for n in range(len(entries)))
