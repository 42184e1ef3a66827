"""The commands of the loading side, joined."""

from __future__ import annotations

import click

from etl.commands import database, doubts, editions, follow_ups, loading, matching, placing, recognition, siting, work

commands: list[click.Command] = [
    *loading.commands, *doubts.commands, *matching.commands, *placing.commands, *editions.commands, *database.commands, *work.commands, *follow_ups.commands,
    *recognition.commands, *siting.commands,
]  # fmt: skip
