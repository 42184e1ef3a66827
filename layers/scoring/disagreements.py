"""Where offices or methods say different things of one source: a list to be settled, never a silent choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from layers.catalog import LEVELS
from layers.scoring.sources import UNRATED, level_titles

FIELDS = [
    "feature_id", "disagreement_id", "point_id", "source_layer", "source_feature_id", "enterprise_id", "name", "kind",
    "one_side", "one_level", "other_side", "other_level", "n_steps", "level", "basis", "clause", "text_zh", "text_en",
    "responsible_office", "town_name",
]  # fmt: skip
Side = tuple[str, str]
"""Who says it, and which level."""
Entry = Mapping[str, Any]


def disagreements(points: pd.DataFrame) -> pd.DataFrame:
    """Rows of `disagreements` that the methods kept with `risk_points` contain, the widest apart first.

    ``n_steps`` counts levels of risk, for a level on file those of GB 18218 (one colour stands for two of them). Two sides
    that give one level agree. A level of a kind of installation as such (a filling station is yellow) disputes nobody's
    judgement of one of them. A suspected split is told once a plant, a direct red condition that is none of the method's as a question.
    """
    rows = []
    for point in points.to_dict("records"):
        reasons = [entry for entry in point["reasons"] if isinstance(entry, dict)]
        for kind, one, other, entry in _pairs(reasons):
            n_steps = _steps_apart(kind, one, other, reasons)
            if n_steps:
                rows.append(_row(point, kind, one, other, entry) | {"n_steps": n_steps})
        if point["is_suspected_split"] and point["source_layer"] == "enterprises":
            rows.append(_split_row(point))
        rows += [_question_row(point, entry) for entry in reasons if entry["inputs"].get("unknown_text")]
    found = pd.DataFrame(rows, columns=FIELDS)
    found["n_steps"] = found["n_steps"].astype("Int64")
    return found.sort_values(["n_steps", "disagreement_id"], ascending=[False, True], kind="stable", ignore_index=True)


def _pairs(reasons: Sequence[Entry]) -> list[tuple[str, Side, Side, Entry]]:
    """Sides to be compared: the offices with each other, and the first word of each method with the next."""

    def first(method: str) -> Entry | None:
        return next((entry for entry in reasons if entry["method"] == method and entry["result"]), None)

    declared = [entry for entry in reasons if entry["method"] == "declared"]
    pairs = [("offices", _side(declared[0]), _side(entry), entry) for entry in declared[1:]]
    computed = first("computed")
    if declared and computed and not computed["inputs"].get("is_generic"):
        kind = "filed_computed" if "chemicals" in computed["inputs"] else "declared_computed"
        pairs.append((kind, _side(declared[0]), _side(computed), computed))
    statutory, score, itemised, own = first("statutory"), first("score"), first("score_items"), first("self_declared")
    if statutory and declared:
        pairs.append(("overruled", _side(statutory), _side(declared[0]), statutory))
    if score and itemised:
        pairs.append(("score_items", _side(score), _side(itemised), itemised))
    decided = next((entry for entry in reasons if entry["is_deciding"]), None)
    if own and decided:
        pairs.append(("self_declared", _side(decided), _side(own), own))
    return pairs


def _side(entry: Entry) -> Side:
    return str(entry["inputs"].get("office") or entry["text_zh"]), str(entry["result"])


def _steps_apart(kind: str, one: Side, other: Side, reasons: Sequence[Entry]) -> int:
    """Levels between two sides: of GB 18218 for a level on file, for one colour stands for two of these; else of risk."""
    if kind == "filed_computed":
        filed = [entry["inputs"].get("filed_level") for entry in reasons if entry["method"] == "declared"]
        found = [entry["inputs"].get("major_hazard_level") for entry in reasons if entry["method"] == "computed"]
        if filed and found and filed[0] and found[0]:
            return abs(int(filed[0]) - int(found[0]))
    return abs(LEVELS.index(one[1]) - LEVELS.index(other[1]))


def _row(point: Entry, kind: str, one: Side, other: Side, entry: Entry) -> dict[str, Any]:
    zh, en = _titles(one[1]), _titles(other[1])
    return _common(point, f"{kind}:{other[0] if kind == 'offices' else ''}") | {
        "kind": kind,
        "one_side": one[0],
        "one_level": one[1],
        "other_side": other[0],
        "other_level": other[1],
        "clause": entry["clause"],
        "text_zh": f"{one[0]}: {zh[0]};{other[0]}: {en[0]}",
        "text_en": f"{zh[1]} against {en[1].lower()}: {entry['text_en']}",
    }


def _split_row(point: Entry) -> dict[str, Any]:
    return _common(point, "split") | {
        "kind": "split",
        "one_side": None,
        "one_level": None,
        "other_side": None,
        "other_level": None,
        "n_steps": None,
        "clause": "GB 18218-2018 3.x, 4.2",
        "text_zh": "全厂 q/Q 合计达到 1,而每个单元都小于 1:请核查单元划分(切断阀、防火堤、独立库房)",
        "text_en": "The plant's sum of q/Q is 1 or more while every unit is below 1: check how the units were divided",
    }


def _question_row(point: Entry, entry: Entry) -> dict[str, Any]:
    """A reported direct red condition that the method does not list: the office is asked which one it is."""
    text = entry["inputs"]["unknown_text"]
    return _common(point, "direct_red_text") | {
        "kind": "direct_red_text",
        "one_side": None,
        "one_level": None,
        "other_side": None,
        "other_level": None,
        "n_steps": None,
        "clause": entry["clause"],
        "text_zh": f"“{text}”不是应急〔2018〕19号所列的直接判红情形:请部门说明属于哪一种,或者撤回",
        "text_en": f"“{text}” is no direct red condition of the method: which one is it, or is there none?",
    }


def _common(point: Entry, part: str) -> dict[str, Any]:
    key = f"{point['point_id']}:{part}".rstrip(":")
    names = ("point_id", "source_layer", "source_feature_id", "enterprise_id", "name", "level", "basis", "responsible_office", "town_name")
    return {"feature_id": key, "disagreement_id": key} | {name: point[name] for name in names}


def _titles(level: str) -> tuple[str, str]:
    return level_titles().get(level) or level_titles()[UNRATED]
