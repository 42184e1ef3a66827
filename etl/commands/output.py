"""What every command of the loading side prints: progress for people on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click

from etl.progress import Step

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for a program to read.")


def say(text: str) -> None:
    """Progress for people; stdout belongs to results."""
    click.echo(text, err=True)


def emit(value: Any) -> None:
    """A result for programs, one line of JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))


CLEAR_LINE = "\r\x1b[K"
LEAST_PAUSE_S = 10.0
"""Where no terminal rewrites its line, the same words are said again after this pause only."""


class ProgressLine:
    """Steps of a run on stderr: one line that is rewritten on a terminal, plain lines in a log.

    Use it as the `progress` of a run; `say` prints what stays, above the line.
    """

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._shown = ""
        self._at = 0.0

    def __call__(self, step: Step) -> None:
        counted = "" if step.n_done is None else f"  {step.n_done:,}" + (f"/{step.n_total:,}" if step.n_total else "")
        if self._is_terminal:
            click.echo(f"{CLEAR_LINE}  {step.zh} {step.en}{counted}", err=True, nl=False)
            self._shown = step.en
        elif step.en != self._shown or time.monotonic() - self._at > LEAST_PAUSE_S:
            say(f"  {step.zh} {step.en}{counted}")
            self._shown, self._at = step.en, time.monotonic()

    def say(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        say(text)

    def clear(self) -> None:
        """Take the line away; to be called at the end, and before anything else is printed."""
        if self._is_terminal and self._shown:
            click.echo(CLEAR_LINE, err=True, nl=False)
        self._shown = ""
