"""Each row of a list is an enterprise of its own: no certain link may join two rows of one list, by whatever detour.

Where several rows of a list fit one record, the list has one enterprise twice or the link is wrong: a person decides.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FLAG = {
    "comparison": "list", "level": "several", "weight_bits": 0.0,
    "zh": "同一名录中另有一行也对应,请核对是否重复登记", "en": "another row of the same list fits too: see whether it is listed twice",
}
"""What the evidence of such a pair says besides."""


def joins_rows_of_one_list(pairs: pd.DataFrame) -> NDArray[np.bool_]:
    """Which certain pairs would put two rows of one list into one enterprise.

    Parameters
    ----------
    pairs : columns ``layer_a``, ``feature_a``, ``list_a`` and the same of ``b``, ``weight_bits``, ``band``.

    Returns
    -------
    Rows with rivals: a record with several certain partners in one list loses them all, and of a chain that leads back
    into a list the lightest link goes. Rows that are not certain are False.
    """
    is_certain = (pairs["band"] == "certain").to_numpy()
    has_rival = np.zeros(len(pairs), dtype=bool)
    certain = pairs[is_certain]
    for side, other in (("a", "b"), ("b", "a")):
        partners = certain.groupby([f"layer_{side}", f"feature_{side}", f"list_{other}"])["weight_bits"].transform("size")
        has_rival[is_certain] |= partners.to_numpy() > 1
    _break_chains(pairs, is_certain, has_rival)
    return has_rival


def _break_chains(pairs: pd.DataFrame, is_certain: NDArray[np.bool_], has_rival: NDArray[np.bool_]) -> None:
    """Join records from the heaviest link on; a link between two groups that share a list is marked instead."""
    group_of: dict[Hashable, Hashable] = {}
    members: dict[Hashable, set[Hashable]] = {}
    lists: dict[Hashable, set[str]] = {}
    columns = ["layer_a", "feature_a", "list_a", "layer_b", "feature_b", "list_b"]
    order = pairs[is_certain & ~has_rival].sort_values(["weight_bits", *columns], ascending=[False] + [True] * len(columns)).index
    places = dict(zip(pairs.index, range(len(pairs)), strict=True))
    for at, layer_a, feature_a, list_a, layer_b, feature_b, list_b in pairs.loc[order, columns].itertuples(name=None):
        groups = []
        for record, name in (((layer_a, feature_a), list_a), ((layer_b, feature_b), list_b)):
            group = group_of.setdefault(record, record)
            members.setdefault(group, {record})
            lists.setdefault(group, {name})
            groups.append(group)
        first, second = groups
        if first != second and lists[first] & lists[second]:
            has_rival[places[at]] = True
        elif first != second:
            for record in members[second]:
                group_of[record] = first
            members[first] |= members.pop(second)
            lists[first] |= lists.pop(second)
