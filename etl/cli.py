"""The commands of the loading side, joined."""

from __future__ import annotations

import click

from etl.commands import database, editions, loading, recognition, work

commands: list[click.Command] = [*loading.commands, *editions.commands, *database.commands, *work.commands, *recognition.commands]
