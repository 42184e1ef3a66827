"""What occurred in earlier batches is remembered exactly as if all rows had come at once."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.packing import text_hashes
from etl.repeats import FirstHolders, FirstPlaces, Repeats

BATCHES = st.lists(st.lists(st.integers(0, 40).map(str), max_size=30), max_size=8)


@settings(deadline=None)
@given(BATCHES)
def test_first_places_are_those_of_a_dictionary(batches: list[list[str]]) -> None:
    places, known = FirstPlaces(), dict[str, int]()
    n_places = 0
    for batch in batches:
        hashes = text_hashes(pd.Series(batch, dtype=object))
        assert places.has(hashes).tolist() == [text in known for text in batch]
        for place, text in enumerate(batch, start=n_places):
            known.setdefault(text, place)
        assert places.add(hashes).tolist() == [known[text] for text in batch]
        n_places += len(batch)


def test_twenty_thousand_texts_are_all_remembered() -> None:
    places = FirstPlaces()
    texts = pd.Series([f"编号{number}" for number in range(20_000)], dtype=object)
    for first in range(0, len(texts), 3_000):
        assert places.is_new(text_hashes(texts[first : first + 3_000])).all()
    assert not places.is_new(text_hashes(texts)).any()


@settings(deadline=None)
@given(BATCHES)
def test_first_holder_of_a_value_is_named_over_all_batches(batches: list[list[str]]) -> None:
    holders, known = FirstHolders(), dict[str, str]()
    for number, batch in enumerate(batches):
        ids = pd.Series([f"{number}-{place}" for place in range(len(batch))], dtype=object)
        found = holders.others(text_hashes(pd.Series(batch, dtype=object)), ids)
        for feature_id, value, other in zip(ids, batch, found, strict=True):
            assert known.setdefault(value, feature_id) == (other if isinstance(other, str) else feature_id)


def rows(keys: list[str | None]) -> pd.DataFrame:
    return pd.DataFrame({"feature_id": pd.Series(keys, dtype=object), "source_file": "a.csv", "source_row": range(2, len(keys) + 2)})


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C", None]), st.booleans()), max_size=12), st.integers(1, 12), st.booleans())
def test_repeats_do_not_depend_on_the_size_of_a_batch(given_rows: list[tuple[str | None, bool]], size: int, with_faulty: bool) -> None:
    every = rows([key for key, _ in given_rows])
    is_faulty = pd.Series([faulty for _, faulty in given_rows], dtype=bool).to_numpy()
    whole = Repeats().repeated_keys(every, is_faulty, with_faulty=with_faulty)
    repeats, told = Repeats(), list[int]()
    for first in range(0, len(every), size):
        part = every[first : first + size]
        is_repeat = repeats.repeated_keys(part, is_faulty[first : first + size], with_faulty=with_faulty)
        told += part["source_row"][is_repeat].tolist()
    told += repeats.late()["source_row"].tolist()
    assert sorted(told) == every["source_row"][whole].tolist()
