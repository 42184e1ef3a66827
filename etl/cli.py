"""The commands of the loading side, joined."""

from __future__ import annotations

import click

from etl.commands import database, editions, loading, matching, placing, recognition, work

commands: list[click.Command] = [
    *loading.commands, *matching.commands, *placing.commands, *editions.commands, *database.commands, *work.commands,
    *recognition.commands,
]  # fmt: skip
