"""Refuses what no formula can take, and gives the values that the screening assumes where the register is silent."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from layers.errors import InputError
from layers.scoring.rule_tables import RULES_DIR, read_rules, require

Floats = npt.NDArray[np.float64]
GAS_CONSTANT_J_MOL_K = 8.31446261815324
GRAVITY_M_S2 = 9.80665


def positive(field: str, value: npt.ArrayLike) -> Floats:
    """The value as floats; raises `InputError` naming `field` unless all are finite and above zero."""
    return _checked(field, value, is_zero_allowed=False)


def not_negative(field: str, value: npt.ArrayLike) -> Floats:
    """The value as floats; raises `InputError` naming `field` unless all are finite and zero or more."""
    return _checked(field, value, is_zero_allowed=True)


def _checked(field: str, value: npt.ArrayLike, *, is_zero_allowed: bool) -> Floats:
    if isinstance(value, float) and (0.0 < value < np.inf or (is_zero_allowed and value == 0.0)):
        return np.asarray(value)  # the usual case, a hundred thousand times a county
    try:
        numbers = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(field, f"{value!r} is not a number") from error
    is_right = np.isfinite(numbers) & ((numbers >= 0) if is_zero_allowed else (numbers > 0))
    if not is_right.all():
        bound = "zero or more" if is_zero_allowed else "above zero"
        raise InputError(field, f"{numbers[~is_right].flat[0]} must be a finite number {bound}")
    return numbers


def share(field: str, value: float) -> float:
    """The value; raises `InputError` naming `field` unless it lies in 0 to 1."""
    number = float(not_negative(field, value))
    if number > 1:
        raise InputError(field, f"{number} must not exceed 1")
    return number


@lru_cache(maxsize=2)
def load_assumptions(folder: Path = RULES_DIR) -> MappingProxyType[str, float]:
    """Parameter -> value of `screening_assumptions.csv`, each in the unit that its row names."""
    return _values(folder / "screening_assumptions.csv")


@lru_cache(maxsize=2)
def load_coefficients(folder: Path = RULES_DIR) -> MappingProxyType[str, float]:
    """Parameter -> value of `formula_coefficients.csv`: the numbers of the published formulas, with clause."""
    return _values(folder / "formula_coefficients.csv")


def _values(path: Path) -> MappingProxyType[str, float]:
    """Values in use; what another source says stands beside them with ``is_used`` false and decides nothing."""
    table = read_rules(path, texts=("parameter", "unit"), numbers=("value",), flags=("is_used",))
    used = table[table.is_used]
    require(used.parameter.is_unique, path, "a parameter is used twice")
    require(set(table.parameter) == set(used.parameter), path, "a parameter has no value in use")
    return MappingProxyType(dict(zip(used.parameter, used.value.astype(float), strict=True)))


def assumed(parameter: str) -> float:
    """One value of `screening_assumptions.csv`."""
    return load_assumptions()[parameter]


def coefficient(parameter: str) -> float:
    """One value of `formula_coefficients.csv`."""
    return load_coefficients()[parameter]
