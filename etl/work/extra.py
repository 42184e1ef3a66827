"""Kinds of jobs that others than the loading side bring: `riskatlas.py`, which joins it with the server, puts them here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

EXTRA_TASKS: dict[str, Callable[..., dict[str, Any]]] = {}
"""By kind; called like those of `etl.work.tasks`, with the workplace, the progress and the job's arguments."""
