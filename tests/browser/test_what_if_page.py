"""The what-if panel in a real browser: changes are put together, computed, drawn, taken back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import AXE, DESKTOP, PHONE, OpenPage

WAIT_MS = 180_000
DRAWN = "() => document.querySelector('#result-body #what-if-levels') !== null"


def ask_for_a_new_unit(page: Page) -> None:
    """Opens the tool and adds 60 t of chlorine in the middle of the county."""
    page.locator(".tool-what_if").click()
    page.wait_for_selector("#what-if-form", timeout=WAIT_MS)
    page.select_option("#what-if-action", "add")
    for name, value in (("new", "氯"), ("amount", "60"), ("lon", "105.3075"), ("lat", "29.2258")):
        page.fill(f"#what-if-{name}", value)
    page.click("#what-if-add")


def test_new_unit_is_computed_drawn_and_taken_back(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("?lang=zh", DESKTOP)
    ask_for_a_new_unit(page)
    expect(page.locator("#what-if-edits li")).to_have_count(1)
    page.click("#what-if-run")
    page.wait_for_function(DRAWN, timeout=WAIT_MS)
    expect(page.locator("#what-if-levels tbody tr")).to_have_count(5, timeout=WAIT_MS)
    expect(page.locator("#what-if-levels tbody")).to_contain_text("→")
    for language in ("中文", "En"):
        page.get_by_role("button", name=language, exact=True).click()
        heights = page.locator("#what-if-levels td").evaluate_all("cells => cells.map(cell => cell.querySelectorAll('.whole').length && cell.clientHeight)")
        assert len(heights) == 10 and 0 < min(heights) <= max(heights) <= 50, "a figure takes more than two lines"
    page.get_by_role("button", name="中文", exact=True).click()
    expect(page.locator("table.what-if-societal tbody tr").first).to_contain_text("PLL", timeout=WAIT_MS)
    page.click("#what-if-undo")
    expect(page.locator("#what-if-edits")).to_have_count(0)
    expect(page.locator("#what-if-run")).to_be_disabled()
    assert faults == []


def test_change_is_put_together_by_keys_alone(open_page: OpenPage) -> None:
    page = open_page("?lang=zh", DESKTOP)
    page.locator(".tool-what_if").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#what-if-form", timeout=WAIT_MS)
    page.locator("#what-if-action").focus()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#what-if-action")).to_be_focused()
    expect(page.locator("#what-if-action")).to_have_value("add")
    for name, value in (("new", "氯"), ("amount", "60"), ("lon", "105.3075"), ("lat", "29.2258")):
        for _ in range(8):
            if page.evaluate("document.activeElement.id") == f"what-if-{name}":
                break
            page.keyboard.press("Tab")
        page.keyboard.type(value)
    page.keyboard.press("Enter")
    expect(page.locator("#what-if-edits li")).to_have_count(1)
    page.locator("#what-if-undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#result-title")).to_be_focused()


def test_missing_values_are_told_and_nothing_is_added(open_page: OpenPage) -> None:
    page = open_page("?lang=en", DESKTOP)
    page.locator(".tool-what_if").click()
    page.wait_for_selector("#what-if-form", timeout=WAIT_MS)
    page.select_option("#what-if-action", "add")
    page.click("#what-if-add")
    expect(page.locator("#what-if-form [role=alert] li")).to_have_count(3)
    expect(page.locator("#what-if-edits")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_panel_is_accessible_in_english_and_says_all_in_english(open_page: OpenPage, size: dict[str, int]) -> None:
    page = open_page("?lang=en", size, bypass_csp=True)
    ask_for_a_new_unit(page)
    page.add_script_tag(path=AXE)
    found = page.evaluate("() => axe.run('#result', { runOnly: ['wcag2a', 'wcag2aa'] })")
    assert [entry["id"] for entry in found["violations"]] == []
    labels = page.locator("#what-if-form label, #what-if-form button, #result h3").all_inner_texts()
    assert labels and not any(word for text in labels for word in [character for character in text if "\u3400" <= character <= "\u9fff"])
