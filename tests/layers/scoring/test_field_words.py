"""What is said of rules that the data cannot answer names no code of a layer or a field."""

from __future__ import annotations

import re

from layers.scoring.coverage import without_data
from layers.scoring.field_words import in_words
from layers.scoring.rules import read_rules
from layers.scoring.rules.unassessed import needing_data, unassessed_with_metres, unassessed_words

RULES = read_rules()
CODE = re.compile(r"[a-z0-9]+_[a-z0-9]+|\(airports\)")


def test_no_rule_names_a_code() -> None:
    said = [unassessed_words(rule, RULES) for rule in RULES.rules if rule.unassessed_zh]
    said += [without_data(rule, RULES.classes[rule.subject_class]) for rule in RULES.rules]
    said += [(entry.reason_zh, entry.reason_en) for entry in [*unassessed_with_metres(RULES), *needing_data(RULES)]]
    assert sum(bool(CODE.search(rule.unassessed_en)) for rule in RULES.rules) > 50
    assert not [words for words in said if any(map(CODE.search, words)) or "“”" in words[1] or "  " in words[1]]


def test_field_of_the_layers_that_a_rule_is_about_is_meant() -> None:
    said = [in_words([layer], "", "do not state n_persons")[1] for layer in ("enterprises", "protection_targets")]
    assert said[0] != said[1]


def test_words_that_are_no_codes_stay() -> None:
    assert in_words([], "见(说明)", "see (note), 25_000 m and no_such_code (x)") == ("见(说明)", "see (note), 25_000 m and no_such_code (x)")
