"""What the tests in a real browser share."""

from __future__ import annotations

from playwright.sync_api import expect

EXPECTATION_MS = 90_000
"""How long the page may take to come to what is expected: a slow machine is not a fault of the page."""

expect.set_options(timeout=EXPECTATION_MS)
