"""Numbered checks on rows in our fields: what is refused, what is repaired, and why.

The rules are data (`check_rules.csv`): numbers are added, never reused. A refused row carries every fault it has, one
a field, so that its supplier mends it once; what only follows from another fault (a field that is empty because its
value could not be read) is not told twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from etl.normalise import Problems, with_objects
from etl.packing import Hashes, pack_frame, row_hashes
from etl.read import Refusal
from etl.repeats import Repeats
from etl.shapes import Shapes
from layers.catalog import Layer
from layers.tables import staging_table, value_columns

CHECK_RULES = Path(__file__).with_name("check_rules.csv")
PARTS_OF = {
    "Point": (0,), "MultiPoint": (0, 4), "LineString": (1,), "MultiLineString": (1, 5), "MultiPolygon": (3, 6),
    "Geometry": (0, 1, 3, 4, 5, 6),
}
"""Geometry of a layer -> type ids of shapely that it takes."""
KINDS = {0: 1, 3: 3, 6: 6}
"""Type ids of shapely -> WKB's numbers, of kinds that can be judged as bytes."""
MISREAD_POSITION = ("RQ08", "RQ10", "RQ17")
"""Faults of the delivered coordinates: where one of them is told, the position itself is not judged."""


@dataclass(frozen=True)
class Checked:
    """Accepted rows, every fault of the refused ones, and the list of repairs."""

    accepted: pd.DataFrame
    refused: list[Refusal]
    repaired: pd.DataFrame
    n_merged: int
    refused_keys: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Number of each refused row that has one -> its file and row: a feature that is there already keeps its state."""
    shapes: Shapes | None = None
    """Geometries of accepted rows that the frame has none for."""

    @property
    def n_refused(self) -> int:
        return n_rows_refused(self.refused)


@lru_cache(maxsize=1)
def check_rules() -> pd.DataFrame:
    """The numbered rules: severity, reason and advice in both languages, jurisdiction (empty: everywhere)."""
    return pd.read_csv(CHECK_RULES, dtype=str, keep_default_na=False).set_index("rule_id")


def check(
    frame: pd.DataFrame,
    layer: Layer,
    problems: Problems,
    *,
    outline: BaseGeometry | None,
    known: dict[str, frozenset[str]],
    is_distinct: bool,
    taken: frozenset[str] = frozenset(),
    returned: frozenset[str] = frozenset(),
    repeats: Repeats | None = None,
    shapes: Shapes | None = None,
) -> Checked:
    """Run every check of a layer on the rows of a source, or on a batch of them.

    Parameters
    ----------
    outline : the area in the storage CRS, widened by its tolerance; None skips the test of position.
    known : field -> values it may refer to, for the fields that reference another layer.
    is_distinct : fold rows that repeat a key with the same content instead of refusing them.
    taken : keys that a former delivery of the source holds already.
    returned : files whose rows were sent back and come mended; theirs alone may not come under a key of `taken`.
    repeats : the keys of the batches before; those of this one are added.
    shapes : geometries of rows that the frame has none for; not together with `is_distinct`.
    """
    repeats = Repeats() if repeats is None else repeats
    repaired, shapes = _check_shapes(frame, layer, problems, outline, shapes) if layer.is_drawn else (_no_repairs(), None)
    _check_keys(frame, layer, problems)
    _check_references(frame, known, problems)
    n_merged = 0
    if is_distinct:
        frame, n_merged = _folded(frame, layer, problems, repeats)
    is_taken = frame["feature_id"].isin(taken).to_numpy() & frame["source_file"].isin(returned).to_numpy()
    _check_duplicates(frame, problems, is_taken, repeats, is_distinct=is_distinct)
    is_out = frame.index.isin(problems.table["at"])
    accepted = frame[~is_out] if is_out.any() else frame
    kept = repaired[repaired["at"].isin(accepted.index)]
    out = frame.loc[is_out & frame["feature_id"].notna().to_numpy(), ["feature_id", "source_file", "source_row"]]
    refused_keys = {str(key): (str(file), int(row)) for key, file, row in out.itertuples(index=False)}
    if shapes is not None and is_out.any():
        frame["geometry"] = with_objects(frame, shapes, is_out & ~shapes.is_null)  # where a refused row lies is told with it
        shapes = shapes.take(~is_out)
    return Checked(accepted, refusals(frame, problems), kept, n_merged, refused_keys, shapes)


def refusals(frame: pd.DataFrame, problems: Problems) -> list[Refusal]:
    """Every fault of every row at fault, the first one of a field only, in the order of rows and then of finding."""
    if not problems.rows:
        return []
    table = problems.table.drop_duplicates(["at", "field"])
    table = table[table["at"].isin(frame.index)].sort_values("at", kind="stable")
    rules, places = check_rules(), _places(frame, table)
    # A repeat of a row at fault may be found batches later, when its position is gone: the other fault tells that.
    is_only_fault = dict(table["at"].value_counts() == 1)
    found = []
    for note in table.itertuples(index=False):
        rule, row = rules.loc[note.rule_id], frame.loc[note.at]
        value = None if note.value is None or note.value != note.value else str(note.value)[:500]
        found.append(
            Refusal(
                str(row["source_file"]), int(row["source_row"]), note.field, value, note.rule_id,
                rule["reason_zh"], rule["reason_en"], rule["advice_zh"], rule["advice_en"],
                *(places.get(note.at, (None, None)) if note.rule_id != "RQ13" or is_only_fault[note.at] else (None, None)),
            )
        )
    return found


def _places(frame: pd.DataFrame, faults: pd.DataFrame) -> dict[int, tuple[float, float]]:
    """Middle of each row at fault whose position could be read, degrees of the storage CRS, by index."""
    if "geometry" not in frame.columns:
        return {}
    is_misread = faults["rule_id"].isin(MISREAD_POSITION)
    at = np.setdiff1d(faults["at"].to_numpy(dtype="int64"), faults["at"][is_misread].to_numpy(dtype="int64"))
    middles = shapely.centroid(np.asarray(frame.loc[at, "geometry"].to_numpy(), dtype=object))
    xy = shapely.bounds(middles)[:, :2]
    return {int(index): (float(x), float(y)) for index, (x, y) in zip(at, xy, strict=True) if np.isfinite((x, y)).all()}


def n_rows_refused(refused: list[Refusal]) -> int:
    """Rows among faults; a fault of no row, one of the whole file, counts for itself."""
    return len({(fault.file, fault.row) for fault in refused if fault.row is not None}) + sum(fault.row is None for fault in refused)


def refused_by_rule(refused: list[Refusal]) -> dict[str, int]:
    """Rule -> refused rows that break it; a row with several faults counts under each rule."""
    pairs = {(fault.rule_id, fault.file, fault.row) for fault in refused}
    return dict(sorted(Counter(rule for rule, _, _ in pairs).items()))


def _no_repairs() -> pd.DataFrame:
    return pd.DataFrame({"at": [], "rule_id": [], "detail": []})


def _check_keys(frame: pd.DataFrame, layer: Layer, problems: Problems) -> None:
    texts = {entry.name for entry in layer.fields if entry.type == "text"}
    for name in layer.key:
        is_empty = frame[name].isna() | (frame[name].eq("") if name in texts else False)
        problems.add(frame.index[is_empty], "RQ01", name)
    for entry in layer.fields:
        if entry.required and entry.name not in layer.key:
            problems.add(frame.index[frame[entry.name].isna()], "RQ02", entry.name)


def _check_references(frame: pd.DataFrame, known: dict[str, frozenset[str]], problems: Problems) -> None:
    for name, values in known.items():
        is_missing = frame[name].notna() & ~frame[name].isin(values)
        problems.add(frame.index[is_missing], "RQ14", name, frame[name])


def content_hashes(frame: pd.DataFrame, layer: Layer) -> Hashes:
    """A 64-bit hash of each row's content, position included: tells repeats and changes, never identity."""
    table = staging_table(layer, 0, name=layer.id)
    return row_hashes(pack_frame(frame, [table.c[name] for name in value_columns(layer)], srid=0).values())


def _folded(frame: pd.DataFrame, layer: Layer, problems: Problems, repeats: Repeats) -> tuple[pd.DataFrame, int]:
    is_good = frame["feature_id"].notna().to_numpy() & ~frame.index.isin(problems.table["at"])
    good = frame[is_good]
    is_repeat = np.zeros(len(frame), dtype=bool)
    is_repeat[is_good] = repeats.repeated_contents(good["feature_id"], content_hashes(good, layer))
    return frame[~is_repeat], int(is_repeat.sum())


def _check_duplicates(
    frame: pd.DataFrame, problems: Problems, is_taken: NDArray[np.bool_], repeats: Repeats, *, is_distinct: bool
) -> None:
    """Keys that occur twice: the first good row keeps its key, every other one is told of it, good or not.

    Where repeats are folded, a row with another fault is left out: mended, it may be such a repeat.
    """
    is_faulty = frame.index.isin(problems.table["at"])
    rows = frame[["feature_id", "source_file", "source_row"]]
    is_repeat = repeats.repeated_keys(pd.DataFrame(rows), is_faulty, with_faulty=not is_distinct)
    is_repeat |= is_taken & ~(is_faulty & is_distinct)
    problems.add(frame.index[is_repeat], "RQ13", "feature_id", frame["feature_id"])


def late_repeats(repeats: Repeats) -> list[Refusal]:
    """Refused rows of earlier batches that a good row of a later one repeats, now told of that too."""
    rule = check_rules().loc["RQ13"]
    words = (rule["reason_zh"], rule["reason_en"], rule["advice_zh"], rule["advice_en"])
    return [
        Refusal(str(row.source_file), int(row.source_row), "feature_id", str(row.feature_id)[:500], "RQ13", *words)
        for row in repeats.late().itertuples(index=False)
    ]


def _check_shapes(
    frame: pd.DataFrame, layer: Layer, problems: Problems, outline: BaseGeometry | None, shapes: Shapes | None
) -> tuple[pd.DataFrame, Shapes | None]:
    """`_check_geometry` of what needs it: what is certainly valid, of the layer's kind and inside stays bytes."""
    if shapes is None:
        return _check_geometry(frame, layer, problems, outline), None
    is_sure = shapes.is_valid(KINDS[number] for number in PARTS_OF[layer.geometry] if number in KINDS)
    if outline is not None and layer.outside != "keep":
        shapely.prepare(outline)
        is_sure[is_sure] = shapely.intersects_xy(outline, shapes.first_coordinates()[is_sure])
    if is_sure.all():
        return _no_repairs(), shapes
    geometries = with_objects(frame, shapes, ~shapes.is_null & ~is_sure)
    others = pd.DataFrame({"geometry": geometries[~is_sure]}, index=frame.index[~is_sure])
    repaired = _check_geometry(others, layer, problems, outline)
    geometries[~is_sure] = others["geometry"].to_numpy()
    frame["geometry"] = geometries
    return repaired, shapes.without(~is_sure)


def _check_geometry(
    frame: pd.DataFrame, layer: Layer, problems: Problems, outline: BaseGeometry | None
) -> pd.DataFrame:
    """Dimension, validity, position; writes repaired geometries back into the frame and lists them."""
    geometries = np.asarray(frame["geometry"].to_numpy(), dtype=object)
    is_missing = shapely.is_missing(geometries)
    faults = problems.table
    is_misread = frame.index.isin(faults["at"][faults["rule_id"].isin(MISREAD_POSITION)])
    if layer.placement == "required":
        problems.add(frame.index[is_missing & ~is_misread], "RQ07", "geometry")
    geometries, repaired, is_hopeless = _repaired(geometries, is_missing)
    problems.add(frame.index[is_hopeless], "RQ11", "geometry")
    types = shapely.get_type_id(geometries)
    is_wrong = ~is_missing & ~is_hopeless & ~np.isin(types, PARTS_OF[layer.geometry])
    problems.add(frame.index[is_wrong], "RQ12", "geometry", pd.Series(types, index=frame.index))
    fit = ~is_missing & ~is_hopeless & ~is_wrong
    frame["geometry"] = geometries
    if outline is not None:
        _check_position(frame, layer, geometries, fit & ~is_misread, problems, outline)
    mended = pd.DataFrame({"at": frame.index[repaired], "rule_id": "RC01", "detail": "make_valid"})
    flat = pd.DataFrame({"at": problems.flattened.intersection(frame.index), "rule_id": "RC15", "detail": "force_2d"})
    return pd.concat([part for part in (mended, flat) if len(part)] or [mended], ignore_index=True)


def _repaired(
    geometries: NDArray[np.object_], is_missing: NDArray[np.bool_]
) -> tuple[NDArray[np.object_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Valid geometries, which of them were repaired, and which could not be."""
    is_invalid = ~is_missing & ~shapely.is_valid(geometries)
    mended = geometries.copy()
    if is_invalid.any():
        dimension = shapely.get_dimensions(geometries[is_invalid])
        made = shapely.make_valid(geometries[is_invalid], method="structure", keep_collapsed=False)
        made = np.where(shapely.get_dimensions(made) == dimension, made, None)
        mended[is_invalid] = made
    is_hopeless = ~is_missing & (shapely.is_missing(mended) | shapely.is_empty(mended))
    return mended, is_invalid & ~is_hopeless, is_hopeless


def _check_position(
    frame: pd.DataFrame, layer: Layer, geometries: NDArray[np.object_], fit: NDArray[np.bool_], problems: Problems,
    outline: BaseGeometry,
) -> None:
    """Features outside the area: refused, unless the layer keeps what lies beyond (roads, rivers go on)."""
    if layer.outside == "keep":
        return
    shapely.prepare(outline)
    is_outside = fit.copy()
    is_outside[fit] = ~shapely.intersects(outline, geometries[fit])
    if not is_outside.any():
        return
    turned = shapely.transform(geometries[is_outside], lambda xy: xy[:, ::-1])
    is_swapped = np.zeros_like(is_outside)
    is_swapped[is_outside] = shapely.intersects(outline, turned)
    texts = pd.Series(None, index=frame.index, dtype=object)
    texts[is_outside] = shapely.to_wkt(shapely.centroid(geometries[is_outside]), rounding_precision=6)
    problems.add(frame.index[is_swapped], "RQ10", "geometry", texts)
    problems.add(frame.index[is_outside & ~is_swapped], "RQ09", "geometry", texts)
