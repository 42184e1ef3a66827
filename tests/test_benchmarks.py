"""What the benchmarks measure with: a figure that measures something else is worse than none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.benchmarks.peak import peak_mib
from tests.benchmarks.processor import processor_s

LARGE_MIB = 256


def test_peak_is_the_commands_own_and_not_that_of_whoever_asked() -> None:
    ours = bytearray(b"x") * (LARGE_MIB << 20)
    assert 1 < peak_mib([sys.executable, "-I", "-c", "pass"]) < LARGE_MIB / 2 < len(ours)


def test_peak_is_the_highest_mark_and_not_the_last() -> None:
    work = f"held = bytearray(b'x') * ({LARGE_MIB} << 20); del held; print('told')"
    assert peak_mib([sys.executable, "-I", "-c", work]) > LARGE_MIB


def test_peak_of_a_command_that_fails_is_no_figure_but_its_words() -> None:
    with pytest.raises(ChildProcessError, match="no such county"):
        peak_mib([sys.executable, "-I", "-c", "raise SystemExit('no such county')"])


def test_processor_time_counts_programs_that_were_run_and_nothing_twice() -> None:
    burning = "import time\nwhile time.process_time() < 0.3: pass"
    before_s = processor_s(0)
    subprocess.run([sys.executable, "-I", "-c", burning], check=True)
    spent_s = processor_s(0) - before_s
    assert 0.3 <= spent_s < 30
