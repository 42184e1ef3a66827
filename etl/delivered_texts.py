"""Texts of a delivered column, trimmed, each different one held once: what repeats is turned once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from etl.manifest import FieldSource, Manifest, template_columns
from etl.packing import text_array

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
"""What `str.strip` takes away."""


@dataclass(frozen=True)
class Texts:
    """The texts of a column, each different one once: row i has ``distinct[places[i]]``; the last of `distinct` is None."""

    distinct: NDArray[np.object_]
    places: NDArray[np.int64]
    index: pd.Index

    @property
    def series(self) -> pd.Series:
        return pd.Series(self.distinct[self.places], index=self.index, dtype=object)


def texts_of(source: FieldSource, delivered: pd.DataFrame, manifest: Manifest) -> Texts:
    """Trimmed texts of a field, None where the delivered value means nothing."""
    if source.template is not None:
        names = template_columns(source.template)
        records = delivered[names].to_dict("records")
        texts = pd.Series([source.template.format(**record) for record in records], index=delivered.index, dtype=object)
    else:
        texts = delivered[source.column]
    nothing = {"", *manifest.null_values, *source.null_values}
    if source.pattern:
        found = _trimmed(texts, {""}).series.astype("string").str.extract(source.pattern, expand=False).astype("object")
        kept = found.where(~(found.isin(nothing) | found.isna()), None)
        places, distinct = pd.factorize(kept)
        return Texts(np.append(np.asarray(distinct, dtype=object), None), np.where(places < 0, len(distinct), places), texts.index)
    return _trimmed(texts, nothing)


def _trimmed(texts: pd.Series, nothing: set[str]) -> Texts:
    """Texts without the blanks around them, None where nothing is left or what is left means nothing."""
    encoded = text_array(texts).dictionary_encode()
    plain = pc.utf8_trim(encoded.dictionary, characters=BLANKS)
    plain = pc.if_else(pc.is_in(plain, value_set=pa.array(sorted(nothing), type=pa.large_string())), None, plain)
    distinct = np.append(plain.to_numpy(zero_copy_only=False), None)
    return Texts(distinct, pc.fill_null(encoded.indices, len(plain)).to_numpy(zero_copy_only=False), texts.index)
