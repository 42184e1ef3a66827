"""Titles of fields in sentences about what is not stated."""

from __future__ import annotations

from layers.scoring.field_words import field_words
from layers.scoring.rules import read_rules
from layers.scoring.silent import words_for


def test_field_is_called_by_its_title_in_the_first_layer_that_has_it() -> None:
    assert field_words(["buildings", "oil_gas_wells"], "is_free_flowing") == ("自喷井", "Free-flowing")


def test_field_that_no_layer_declares_keeps_its_name() -> None:
    assert field_words(["buildings", "no_such_layer"], "colour") == ("colour", "colour")


def test_no_class_of_the_rules_asks_for_a_field_without_a_title() -> None:
    for class_id, entry in read_rules().classes.items():
        for name in {name for member in entry.members for name in member.asked_fields}:
            assert f"“{name}”" not in "".join(words_for(name, entry)), (class_id, name)
