"""What the tests in a real browser share."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

EXPECTATION_MS = 90_000
"""How long the page may take to come to what is expected: a slow machine is not a fault of the page."""
RAN_OUT_OF_PATIENCE = ["TimeoutError", "Locator expected", "Page expected"]
"""Words of a browser that waited in vain."""

expect.set_options(timeout=EXPECTATION_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A browser that waited in vain is asked once more; the run lists every such test at its end, for it is unsteady.

    What was answered wrongly is not asked again: it fails at once.
    """
    once_more = pytest.mark.flaky(reruns=1, only_rerun=RAN_OUT_OF_PATIENCE)
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(once_more)
