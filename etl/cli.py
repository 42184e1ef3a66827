"""The commands of the loading side, joined."""

from __future__ import annotations

import click

from etl.commands import database, doubts, editions, loading, matching, placing, recognition, work

commands: list[click.Command] = [
    *loading.commands, *doubts.commands, *matching.commands, *placing.commands, *editions.commands, *database.commands, *work.commands,
    *recognition.commands,
]  # fmt: skip
