"""Which delivered column is which field: by its heading and by its values, as a proposal with reasons.

Codes are compared, never guessed: a delivered value that is no known word for a code stays open and becomes a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from etl.batch import FILE, HEIGHTS, ROW, SHEET
from etl.coordinates import degrees, metres
from etl.identity_codes import is_credit_code, is_region_code
from etl.manifest import Manifest
from etl.notations import (
    DATE_FORMATS,
    FULL_WIDTH,
    NO,
    TIME_FORMATS,
    UNIT_FACTORS,
    UNIT_NAMES,
    YES,
    head_unit,
)
from etl.recognise_words import POSITIONS, REASONS, WKT, FieldWords, Likeness, plain
from layers.catalog import Field, Layer

OWN_COLUMNS = frozenset((ROW, FILE, SHEET, HEIGHTS, "geometry"))
PLACEHOLDERS = frozenset(("", "/", "-", "—", "--", "无", "無", "null", "none", "nan", "n/a", "暂无", "不详", "未知", "空"))
"""Texts that often stand for nothing; a person says so, they are only left out when kinds are told."""
N_VALUES = 500
MOST_CODES = 40
LEAST_SCORE = 0.5
NAME_WEIGHT, VALUE_WEIGHT = 0.7, 0.3
BY_VALUE_ALONE = 0.6
IMPOSSIBLE = 0.35
"""What is left of a heading's score where the values cannot be of the field."""
EMPTY_COLUMN = 0.6
"""What is left for a column without values: drivers and templates add such columns under any name."""
OPEN_CODES = 0.8
"""What is left where all codes are unknown: a list of words is what the field takes, a person says which."""
CODE_VALUES_SCORE = 0.8
UNIT_OF_SUFFIX = re.compile(r"[_（(]?(mm|cm|km2|km|kg|t|mpa|kpa|kv|ha|m)[)）]?$", re.IGNORECASE)
PATTERNS = {
    "credit_code": re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}"),
    "cas": re.compile(r"\d{2,7}-\d{2}-\d"),
    "town_name": re.compile(r".{1,8}(镇|乡|街道|鎮|鄉|區|区|街道办事处)"),
    "address": re.compile(r".*(路|街|号|村|組|组|巷|里|段|號).*"),
    "chainage": re.compile(r".{0,10}K?\d+\+\d+.*", re.IGNORECASE),
    "industry_code": re.compile(r"[A-T]?\d{2,4}"),
}
"""Field -> form of its values, where values of a field have one."""
LEAST_SHARE = 0.8
TIMELY = re.compile(r"[\d０-９]{1,4}[-/.年０-９\d][-\d/.年月日: T時分秒时０-９+Z]*")
DEGREE_MARKS = re.compile(r"[°º度′'经纬經緯]|^\d{2,3}[-\s]\d{1,2}[-\s]\d")


@dataclass(frozen=True)
class Column:
    """One delivered column: its heading, its distinct values (the most frequent first) and what kind they are."""

    name: str
    values: tuple[str, ...]
    n_filled: int
    n_distinct: int
    kind: str

    @property
    def is_empty(self) -> bool:
        return self.n_filled == 0

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The values as numbers, those that stand for nothing left out; NaN where a value is none."""
        return _numbers(self.values)

    @cached_property
    def code_words(self) -> dict[str, str]:
        """The first values, as many as codes may have, with each as `plain` gives it."""
        return {value: plain(value) for value in self.values[: MOST_CODES * 5]}

    @cached_property
    def coordinate_share(self) -> float:
        """Share of the values that can be a coordinate."""
        readable = [value for value in self.values if np.isfinite(degrees(value)[0]) or np.isfinite(metres(value))]
        return len(readable) / max(len(self.values), 1)


@dataclass(frozen=True)
class Mapped:
    """A proposed field: its column, how sure and why, the delivered unit and the codes (None: nobody knows yet)."""

    field: str
    column: str
    score: float
    reason_zh: str
    reason_en: str
    unit: str | None = None
    codes: Mapping[str, str | None] = field(default_factory=dict)
    format: str | None = None

    @property
    def open_codes(self) -> list[str]:
        return [value for value, code in self.codes.items() if code is None]


def _share(values: Iterable[str], holds: re.Pattern[str] | object) -> float:
    listed = [value for value in values if value.lower() not in PLACEHOLDERS]
    if not listed:
        return 0.0
    if isinstance(holds, re.Pattern):
        return sum(bool(holds.fullmatch(value)) for value in listed) / len(listed)
    return sum(bool(holds(value)) for value in listed) / len(listed)  # type: ignore[operator]


_share_of_column = lru_cache(maxsize=500)(_share)
"""The same for all values of a column and a test with a name: each field of each layer asks for it."""


def _number(text: str) -> float:
    try:
        return float(text.translate(FULL_WIDTH).replace(",", ""))
    except ValueError:
        return float("nan")


def _numbers(values: Iterable[str]) -> NDArray[np.float64]:
    return np.array([_number(value) for value in values if value.lower() not in PLACEHOLDERS])


def _is_yes_or_no(value: str) -> bool:
    return value.lower() in YES or value.lower() in NO


def date_format(values: Iterable[str], formats: Iterable[str]) -> str | None:
    """The first format that reads most of the values; None where none does."""
    listed = pd.Series([value.translate(FULL_WIDTH)[:26] for value in values if value.lower() not in PLACEHOLDERS], dtype=object)
    for form in formats:
        if len(listed) and pd.to_datetime(listed, format=form, errors="coerce").notna().mean() >= LEAST_SHARE:
            return form
    return None


OTHER_DATES = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y年%m月", "%Y-%m", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


def kind_of(values: tuple[str, ...], n_distinct: int, n_filled: int) -> str:
    """What the values of a column look like.

    >>> kind_of(("91350100M000100Y43",), 1, 1), kind_of(("105.05", "105.1"), 2, 2), kind_of(("是", "否"), 2, 50)
    ('credit_code', 'number', 'boolean')
    """
    if not n_filled:
        return "empty"
    if _share(values, is_credit_code) >= LEAST_SHARE:
        return "credit_code"
    numbers = _numbers(values)
    if len(numbers) and np.isfinite(numbers).mean() >= 0.95:
        return "integer" if (numbers[np.isfinite(numbers)] % 1 == 0).all() else "number"
    is_timely = _share(values[:50], TIMELY) >= LEAST_SHARE / 2
    if is_timely and date_format(values, DATE_FORMATS + OTHER_DATES[:5]):
        return "date"
    if is_timely and date_format(values, TIME_FORMATS + OTHER_DATES[5:]):
        return "timestamp"
    if _share(values, _is_yes_or_no) == 1.0:
        return "boolean"
    if _share(values, lambda value: bool(DEGREE_MARKS.search(value)) and np.isfinite(degrees(value)[0])) >= LEAST_SHARE:
        return "degrees"
    if _share(values, re.compile(r"\s*(MULTI)?(POINT|LINESTRING|POLYGON)\s*Z?\s*\(.*", re.IGNORECASE | re.DOTALL)) >= LEAST_SHARE:
        return "wkt"
    return "code" if n_distinct <= min(MOST_CODES, max(2, n_filled // 3)) else "text"


def columns_of(frame: pd.DataFrame) -> list[Column]:
    """The delivered columns of a sample of rows, the reader's own left out."""
    found = []
    for name in frame.columns:
        if name in OWN_COLUMNS:
            continue
        texts = frame[name].astype(object).fillna("").astype(str).str.strip()
        counts = texts[texts != ""].value_counts()
        values = tuple(str(value) for value in counts.index[:N_VALUES])
        found.append(Column(str(name), values, int(counts.sum()), len(counts), kind_of(values, len(counts), int(counts.sum()))))
    return found


def known_codes(layer: Layer, known: Iterable[Manifest]) -> dict[str, dict[str, str]]:
    """Field -> words that people have said mean a code: titles, codes and saved code lists, as `plain` gives them."""
    codes: dict[str, dict[str, str]] = {}
    for entry in layer.fields:
        own = codes.setdefault(entry.name, {})
        for code in entry.codes:
            own |= {plain(word): code.code for word in (code.code, code.zh, code.en)}
    for manifest in known:
        if manifest.layer == layer.id:
            for name, source in manifest.fields.items():
                if layer.field(name).codes:
                    codes[name].update({plain(value): code for value, code in source.codes.items()})
    return codes


def proposed_codes(entry: Field, column: Column, words: Mapping[str, str]) -> dict[str, str | None]:
    """Delivered value -> code, None where no known word is equal; empty where the field has no codes."""
    if not entry.codes:
        return {}
    return {value: words.get(word) for value, word in column.code_words.items()}


def value_score(entry: Field, column: Column, codes: Mapping[str, str | None]) -> float | None:
    """How well the values fit a field, 0 (they cannot be it) to 1; None where values say nothing."""
    if column.is_empty:
        return None
    if entry.codes:
        n_known = sum(code is not None for code in codes.values())
        return n_known / len(codes) if codes and column.n_distinct <= MOST_CODES * 5 else 0.0
    if entry.type in ("integer", "number"):
        return _number_score(entry, column)
    if entry.type == "boolean":
        return 1.0 if column.kind == "boolean" else _share_of_column(column.values, _is_yes_or_no)
    if entry.type in ("date", "timestamp"):
        return 1.0 if column.kind in ("date", "timestamp") else 0.3 if column.kind == "text" else 0.0
    return _text_score(entry, column)


def _number_score(entry: Field, column: Column) -> float:
    numbers = column.numbers
    if not len(numbers) or np.isfinite(numbers).mean() < 0.9:
        return 0.0
    finite = numbers[np.isfinite(numbers)]
    if entry.type == "integer" and (finite % 1 != 0).mean() > 0.05:
        return 0.0
    low = entry.min if entry.min is not None and not entry.unit else -np.inf
    high = entry.max if entry.max is not None and not entry.unit else np.inf
    return float(((finite >= low) & (finite <= high)).mean())


def _text_score(entry: Field, column: Column) -> float | None:
    pattern = PATTERNS.get(entry.name)
    if entry.name == "credit_code":
        return _share_of_column(column.values, is_credit_code)
    if entry.name == "town_code":
        return _share_of_column(column.values, is_region_code)
    if pattern is not None:
        return _share_of_column(column.values, pattern)
    if column.kind in ("date", "timestamp", "degrees", "wkt"):
        return 0.0
    if entry.name in ("name", "short_name", "operator") and column.kind in ("number", "integer"):
        return 0.0
    return None


def position_score(name: str, column: Column) -> float:
    """Whether values can be a coordinate of an axis, or well-known text."""
    if name == WKT:
        return 1.0 if column.kind == "wkt" else 0.0
    if column.is_empty or column.kind not in ("number", "integer", "degrees", "text"):
        return 0.0
    return column.coordinate_share


def delivered_unit(entry: Field, column: str) -> str | None:
    """The unit that a heading states, in brackets or as the last letters of its name; None where it states none that becomes ours."""
    if entry.unit is None:
        return None
    stated = head_unit(column)
    if stated:
        return stated if stated == entry.unit or (stated, entry.unit) in UNIT_FACTORS else None
    found = UNIT_OF_SUFFIX.search(column)
    unit = UNIT_NAMES.get(found[1].lower()) if found and len(found[0]) < len(column) else None
    return unit if unit and (unit == entry.unit or (unit, entry.unit) in UNIT_FACTORS) else None


def likelier_units(entry: Field, column: Column, unit: str | None) -> list[str]:
    """Units in which the values would be of the field's size, where they are not in the stated one (None: ours).

    >>> bore = Field("diameter_mm", "number", "外径", "Bore", unit="mm", min=10, max=2000)
    >>> likelier_units(bore, Column("管径", ("0.4", "0.8"), 2, 2, "number"), None)
    ['m', 'inch']
    """
    if entry.unit is None or (entry.min is None and entry.max is None):
        return []
    finite = column.numbers[np.isfinite(column.numbers)]
    low, high = entry.min if entry.min is not None else -np.inf, entry.max if entry.max is not None else np.inf

    def share(factor: float) -> float:
        return float(((finite * factor >= low) & (finite * factor <= high)).mean()) if len(finite) else 1.0

    stated = UNIT_FACTORS.get((unit or entry.unit, entry.unit), 1.0)
    if share(stated) >= LEAST_SHARE:
        return []
    return [name for (name, ours), factor in UNIT_FACTORS.items() if ours == entry.unit and name != (unit or ours) and share(factor) >= LEAST_SHARE]


@dataclass(frozen=True)
class Fit:
    """How well one column fits one field."""

    score: float
    name: Likeness
    value: float | None
    codes: Mapping[str, str | None]


def fit_of(entry: Field, column: Column, words: FieldWords, codes: Mapping[str, str]) -> Fit:
    """Heading and values weighed: values that cannot be of the field leave a third, equal codes may do without a name."""
    name = words.likeness(column.name)
    delivered = proposed_codes(entry, column, codes)
    value = value_score(entry, column, delivered)
    if value is None:
        score = name.score * (EMPTY_COLUMN if column.is_empty else 1.0)
    elif value == 0.0:
        score = name.score * (OPEN_CODES if entry.codes and column.n_distinct <= MOST_CODES else IMPOSSIBLE)
    else:
        score = max(NAME_WEIGHT * name.score + VALUE_WEIGHT * value, name.score * (0.5 + 0.5 * value))
        if (entry.codes and len(delivered) > 1 and value >= CODE_VALUES_SCORE) or (entry.name == "credit_code" and value >= LEAST_SHARE):
            score = max(score, BY_VALUE_ALONE * value)
    return Fit(min(score, 1.0), name, value, delivered)


def mapping_of(
    layer: Layer, columns: Sequence[Column], words: Mapping[str, FieldWords], codes: Mapping[str, Mapping[str, str]], *,
    with_position: bool,
) -> list[Mapped]:
    """The best assignment of columns to fields and, for a table of places, to the position; each used once."""
    names = [entry.name for entry in layer.fields] + (list(POSITIONS) if with_position else [])
    if not columns or not names:
        return []
    fits = {
        (row, place): fit_of(entry, column, words[entry.name], codes.get(entry.name, {}))
        for row, entry in enumerate(layer.fields)
        for place, column in enumerate(columns)
    }
    scores = np.zeros((len(names), len(columns)))
    for (row, place), fit in fits.items():
        scores[row, place] = fit.score
    for row, name in enumerate(names[len(layer.fields):], start=len(layer.fields)):
        for place, column in enumerate(columns):
            likeness = words[name].likeness(column.name)
            score = likeness.score * position_score(name, column) if likeness.score >= LEAST_SCORE else 0.0
            fits[row, place] = Fit(score, likeness, None, {})
            scores[row, place] = fits[row, place].score
    chosen = best_pairs(np.where(scores >= LEAST_SCORE, scores, 0.0))
    return [
        _mapped(names[row], layer, columns[place], fits[row, place])
        for row, place in sorted(chosen)
        if scores[row, place] >= LEAST_SCORE
    ]


def _mapped(name: str, layer: Layer, column: Column, fit: Fit) -> Mapped:
    zh, en = REASONS[fit.name.reason] if fit.name.score >= 0.4 else ("取值相符", "its values fit")
    entry = None if name in POSITIONS else layer.field(name)
    if fit.value is not None and fit.name.score >= 0.4:
        zh, en = f"{zh},{fit.value:.0%} 的取值相符", f"{en}; {fit.value:.0%} of its values fit"
    form = None
    if entry is not None and entry.type in ("date", "timestamp"):
        usual = DATE_FORMATS if entry.type == "date" else TIME_FORMATS
        form = None if date_format(column.values, usual) else date_format(column.values, OTHER_DATES)
    return Mapped(name.strip("()"), column.name, round(fit.score, 3), zh, en,
                  delivered_unit(entry, column.name) if entry else None, dict(fit.codes), form)


def renamed_columns(
    manifest: Manifest, layer: Layer, columns: Sequence[Column], words: Mapping[str, FieldWords], codes: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Columns that a manifest asks for and a delivery lacks -> delivered columns that are likely the same under a new name."""
    delivered = {column.name: column for column in columns}
    missing = sorted(manifest.used_columns - set(delivered) - {SHEET})
    unknown = [column for name, column in delivered.items() if name not in manifest.used_columns | set(manifest.ignore)]
    if not missing or not unknown:
        return {}
    wanted = {source.column: name for name, source in manifest.fields.items() if source.column in missing}
    wanted |= dict(zip((manifest.x, manifest.y, manifest.wkt), POSITIONS, strict=True))
    scores = np.zeros((len(missing), len(unknown)))
    for row, old in enumerate(missing):
        like_old = FieldWords(saved=frozenset((plain(old),)))
        name = wanted.get(old)
        for place, column in enumerate(unknown):
            by_old = like_old.likeness(column.name).score
            if name in POSITIONS:
                by_field = words[str(name)].likeness(column.name).score * position_score(str(name), column)
            elif name is None:
                by_field = 0.0
            else:
                by_field = fit_of(layer.field(name), column, words[name], codes.get(name, {})).score
            scores[row, place] = max(by_old, by_field)
    chosen = best_pairs(scores)
    return {missing[row]: unknown[place].name for row, place in chosen if scores[row, place] >= LEAST_SCORE}


def best_pairs(scores: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Rows and columns paired so that the scores of the pairs add up to the most; each is taken at most once."""
    from scipy.optimize import linear_sum_assignment  # imported here, for it takes long to import

    return list(zip(*linear_sum_assignment(scores, maximize=True), strict=True))
