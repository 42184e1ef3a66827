"""The most memory a command held, measured by a small process of its own.

A process that a large one starts is charged with the large one's memory: the kernel keeps the highest mark over `exec`.
Whoever started it must therefore be small.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TOLD_CHARACTERS = 2_000
"""Of what a failed command said last."""


def peak_mib(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> float:
    """Run a command to its end; the most memory that it or one of its children held, in MiB.

    Raises
    ------
    ChildProcessError
        The command failed: the end of what it said.
    """
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), *command], env=dict(environment or os.environ), capture_output=True, text=True,
    )
    if done.returncode != 0:
        raise ChildProcessError(f"{' '.join(command)} failed: {done.stderr[-TOLD_CHARACTERS:]}")
    return float(done.stdout.splitlines()[-1])


def _run(command: Sequence[str]) -> int:
    """Run a command, its words to stderr; its exit status, after its peak as the last line of stdout."""
    status = subprocess.run(command, stdout=sys.stderr).returncode
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    return status


if __name__ == "__main__":
    raise SystemExit(_run(sys.argv[1:]))
