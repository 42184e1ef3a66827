"""Processor time of a piece of work, the database's share included: what a busy machine leaves as it is, unlike the clock."""

from __future__ import annotations

import os
import resource
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
PARENT, USER, SYSTEM, ENDED_USER, ENDED_SYSTEM = 1, 11, 12, 13, 14
"""Fields of /proc/<pid>/stat behind the program's name; the last two are of children that ended."""


def processor_s(server_pid: int) -> float:
    """Seconds that this process, the programs it ran and a PostgreSQL server with its backends have used so far."""
    spent_s = sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _fields(folder / "stat")
        if int(folder.name) == server_pid:
            spent_s += sum(map(int, fields[USER : ENDED_SYSTEM + 1])) / TICKS_PER_S
        elif fields and int(fields[PARENT]) == server_pid:
            spent_s += sum(map(int, fields[USER : SYSTEM + 1])) / TICKS_PER_S
    return spent_s


def _fields(path: Path) -> list[str]:
    """What stands behind the name in brackets; empty where the process is gone."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
