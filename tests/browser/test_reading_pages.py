"""The pages to read in a real browser: the frame around them, their symbols and keys, small windows, paper."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.pages import DESKTOP, PHONE, TABLET, OpenPage, broken_rules, chinese_words


@pytest.fixture
def open_page(new_page: OpenPage, live_server: str) -> OpenPage:
    """Opens a page and waits until its frame stands."""

    def opened(path: str, size: dict[str, int] | None = None, **options: Any) -> Page:
        page = new_page(live_server, size, **options)
        page.goto(f"{live_server}/{path}")
        page.wait_for_selector("#workspaces li")
        return page

    return opened


@pytest.mark.parametrize(("path", "size"), [("method", DESKTOP), ("method", PHONE), ("help", TABLET), ("help", PHONE)], ids=lambda value: str(value)[:20])
def test_page_fits_without_errors(open_page: OpenPage, faults: list[str], path: str, size: dict[str, int]) -> None:
    page = open_page(path, size=size)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert page.locator(".page").evaluate("node => node.scrollWidth - node.clientWidth") <= 0
    assert faults == []


def test_help_draws_symbols_and_the_keys_that_the_map_lists(open_page: OpenPage) -> None:
    page = open_page("help")
    expect(page.locator("#keys kbd").first).to_be_visible()
    n_symbols = page.locator("[data-symbol]").count()
    expect(page.locator("[data-symbol] canvas")).to_have_count(n_symbols)
    assert n_symbols > 15


def test_other_language_is_another_page_and_stays(open_page: OpenPage) -> None:
    page = open_page("help")
    page.get_by_role("button", name="En", exact=True).click()
    expect(page.get_by_role("heading", name="The five colours")).to_be_visible()
    page.wait_for_selector("#workspaces li")
    assert chinese_words(page, "h1, h2, h3, .symbols, .states, .keys, .status") == []


def test_contents_lead_to_a_chapter_and_the_frame_stays(open_page: OpenPage) -> None:
    page = open_page("method?lang=en")
    page.get_by_role("navigation", name="Contents").get_by_role("link", name="Assumptions").click()
    expect(page.get_by_role("heading", name="Assumptions", exact=True)).to_be_in_viewport()
    expect(page.locator("#workspaces")).to_be_in_viewport()


def test_frame_leads_to_both_pages(open_page: OpenPage, live_server: str) -> None:
    page = open_page("help?lang=en")
    page.locator("#status").get_by_role("link", name="Method").click()
    page.wait_for_url(f"{live_server}/method")
    page.locator("#status").get_by_role("link", name="Help").click()
    page.wait_for_url(f"{live_server}/help")


def test_paper_has_every_chapter_and_no_bar(open_page: OpenPage) -> None:
    page = open_page("method")
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible() and not page.locator("#status").is_visible()
    assert page.locator(".page").evaluate("node => node.scrollHeight - node.clientHeight") <= 1
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("path", ["method", "help"])
def test_pages_meet_wcag_rules_that_a_machine_can_test(open_page: OpenPage, path: str) -> None:
    page = open_page(path, bypass_csp=True)
    assert broken_rules(page) == []
