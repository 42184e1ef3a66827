"""What the benchmarks measure with: a figure that measures something else is worse than none."""

from __future__ import annotations

import sys

import pytest

from tests.benchmarks.peak import peak_mib

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
