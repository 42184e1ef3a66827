"""Values of frames as plain Python values that JSON has: one None for everything that is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd


def plain(value: Any) -> Any:
    """The value with NaN, NA and NaT as None, numbers as Python's own, dates in ISO form.

    >>> plain(np.float64("nan")), plain(np.int64(3)), plain(date(2026, 9, 30)), plain({"a": np.bool_(True)})
    (None, 3, '2026-09-30', {'a': True})
    """
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value.isoformat() if isinstance(value, date) else value
