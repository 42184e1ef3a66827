"""What every command of the loading side prints: progress for people on stderr, results on stdout."""

from __future__ import annotations

import json
from typing import Any

import click

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for a program to read.")


def say(text: str) -> None:
    """Progress for people; stdout belongs to results."""
    click.echo(text, err=True)


def emit(value: Any) -> None:
    """A result for programs, one line of JSON on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str))
