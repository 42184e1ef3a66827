"""Rows that tell the same thing again, folded into one and counted; shared by the jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from etl.read import FILE, ROW, Batch


def fold_rows(
    batch: Batch, *, join: Sequence[str] = (), may_differ: Sequence[str] = (), prefer_filled: str = ""
) -> Batch:
    """Fold rows that agree in every column but the named ones.

    Parameters
    ----------
    batch : Batch
        Rows as delivered; a ``geometry`` column is left out of the comparison.
    join : column names
        Their different values are kept, sorted and joined by ``;``.
    may_differ : column names
        Only the kept row's value survives; anything not named here must agree, or the rows stay apart
        (and a repeated key is then refused by the checks).
    prefer_filled : column name
        A row where this column is not empty is kept before one where it is; else the first one delivered.

    Returns
    -------
    Batch
        The kept rows in delivered order, `n_merged` raised by the rows folded away.
    """
    frame = batch.frame
    content = [name for name in frame.columns if name not in {ROW, FILE, "geometry", *join, *may_differ}]
    groups = frame.groupby(content, sort=False, dropna=False).ngroup()
    kept = _kept_rows(frame, groups, prefer_filled)
    folded = frame.loc[kept].copy()
    for name in join:
        values = frame[name].groupby(groups).agg(joined)
        folded[name] = groups.loc[kept].map(values)
    n_merged = len(frame) - len(folded)
    return Batch(folded.reset_index(drop=True), batch.n_read, batch.n_merged + n_merged, batch.refused)


def _kept_rows(frame: pd.DataFrame, groups: pd.Series, prefer_filled: str) -> pd.Index:
    order = frame.index.to_series()
    if prefer_filled:
        is_empty = frame[prefer_filled].astype(str).str.strip() == ""
        order = order.iloc[is_empty.argsort(kind="stable")]
    return order[~groups.loc[order].duplicated().to_numpy()].sort_values().index


def joined(values: Collection[str]) -> str:
    """Different non-empty texts, sorted, joined by ``;``.

    >>> joined(["south", "north", "", "north"])
    'north;south'
    """
    return ";".join(sorted({value for value in values if value}))
