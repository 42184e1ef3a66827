"""Texts of a delivered column, trimmed, each different one held once: what repeats is turned once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl.manifest import FieldSource, Manifest, template_columns
from etl.packing import text_array

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""What `str.strip` takes away."""


LOOKED_AT = 1_000
"""Texts at the beginning of a column: where no two of them are the same, it is a column of names or numbers, and hardly any repeats."""


@dataclass(frozen=True)
class Texts:
    """The texts of a column, what means nothing missing: row i has ``distinct[places[i]]``, or ``distinct[i]`` where there are no places."""

    distinct: pa.LargeStringArray
    places: NDArray[np.int64] | None
    index: pd.Index

    @property
    def series(self) -> pd.Series:
        """A text a row, held as Arrow holds it."""
        rows = self.distinct if self.places is None else self.distinct.take(pa.array(self.places))
        return pd.Series(rows, index=self.index, dtype="str")

    @property
    def objects(self) -> pd.Series:
        """A text a row, or None."""
        distinct = self.distinct.to_numpy(zero_copy_only=False)
        return pd.Series(distinct if self.places is None else distinct[self.places], index=self.index, dtype=object)


def texts_of(source: FieldSource, delivered: pd.DataFrame, manifest: Manifest) -> Texts:
    """Trimmed texts of a field, missing where the delivered value means nothing."""
    if source.template is not None:
        names = template_columns(source.template)
        records = delivered[names].to_dict("records")
        texts = pd.Series([source.template.format(**record) for record in records], index=delivered.index, dtype=object)
    else:
        texts = delivered[source.column]
    nothing = {"", *manifest.null_values, *source.null_values}
    if source.pattern:
        found = _trimmed(texts, {""}).series.astype("string").str.extract(source.pattern, expand=False).astype("object")
        return _told_apart(text_array(found.where(~(found.isin(nothing) | found.isna()), None)), texts.index)
    return _trimmed(texts, nothing)


def _trimmed(texts: pd.Series, nothing: set[str]) -> Texts:
    """Texts without the blanks around them, missing where nothing is left or what is left means nothing."""
    given = _of_categories(texts) if isinstance(texts.dtype, pd.CategoricalDtype) else _told_apart(text_array(texts), texts.index)
    plain = pc.utf8_trim(given.distinct, characters=BLANKS)
    plain = pc.if_else(pc.is_in(plain, value_set=pa.array(sorted(nothing), type=pa.large_string())), None, plain)
    return replace(given, distinct=plain)


def _of_categories(texts: pd.Series) -> Texts:
    """Texts that came told apart; none of them is missing."""
    return Texts(text_array(texts.cat.categories.to_series()), texts.cat.codes.to_numpy(dtype="int64"), texts.index)


def _told_apart(array: pa.LargeStringArray, index: pd.Index) -> Texts:
    """Each different text once, and a missing one behind them; all as they are where they hardly repeat."""
    if len(array) >= LOOKED_AT and pc.count_distinct(array[:LOOKED_AT]).as_py() == LOOKED_AT:
        return Texts(array, None, index)
    encoded = array.dictionary_encode()
    places = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    return Texts(pa.concat_arrays([encoded.dictionary, pa.nulls(1, pa.large_string())]), places, index)
