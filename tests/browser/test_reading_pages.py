"""The pages to read in a real browser: the frame around them, their symbols and keys, small windows, paper."""

from __future__ import annotations

import io
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from app.rule_tables import tables
from tests.browser.pages import (
    DESKTOP,
    PHONE,
    TABLET,
    OpenPage,
    answer,
    broken_rules,
    chinese_words,
)


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


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "wide"])
def test_rule_table_cuts_no_short_number_and_widens_for_no_long_one(open_page: OpenPage, size: dict[str, int]) -> None:
    page = open_page("method/separation_distances?lang=en", size)
    first = page.locator(".rule-rows tbody th > *").first
    assert first.evaluate("(cell) => { const range = document.createRange(); range.selectNodeContents(cell); return range.getClientRects().length; }") == 1
    assert page.locator(".rule-rows thead th").first.evaluate("(cell) => cell.clientWidth") < 200


WIDER_THAN_ITS_PLACE = """() => [...document.querySelectorAll(".table-holder, .rule-rows, .page")]
  .filter((node) => node.scrollWidth > node.clientWidth + 1 || node.getBoundingClientRect().right > innerWidth + 1).map((node) => `${node.className} ${node.scrollWidth}>${node.clientWidth}`)"""
NARROW = {"width": 768, "height": 1024}
LONGEST_TABLE = "method/separation_distances"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_rule_table_is_seen_whole_at_1440(open_page: OpenPage, live_server: str, lang: str) -> None:
    page = open_page(f"method?lang={lang}", DESKTOP)
    wider = {"method": page.evaluate(WIDER_THAN_ITS_PLACE)}
    for name in tables():
        page.goto(f"{live_server}/method/{name}?lang={lang}")
        wider[name] = page.evaluate(WIDER_THAN_ITS_PLACE)
    assert DESKTOP["width"] == 1440 and {name: found for name, found in wider.items() if found} == {}


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("size", [TABLET, NARROW, PHONE], ids=["1024", "768", "phone"])
def test_longest_rule_table_fits_small_windows(open_page: OpenPage, size: dict[str, int], lang: str) -> None:
    page = open_page(f"{LONGEST_TABLE}?lang={lang}", size)
    assert page.evaluate(WIDER_THAN_ITS_PLACE) == []
    assert page.locator(".rule-rows td:not(.none)").first.evaluate("node => getComputedStyle(node).display") == ("table-cell" if size is TABLET else "flex")


def test_head_of_a_long_rule_table_stays_in_sight(open_page: OpenPage) -> None:
    page = open_page(LONGEST_TABLE, DESKTOP)
    page.locator(".rule-rows tbody tr").nth(300).scroll_into_view_if_needed()
    head = page.locator(".rule-rows thead th").first
    expect(head).to_be_in_viewport()
    assert abs(head.evaluate("(node) => node.getBoundingClientRect().top - node.closest('.page').getBoundingClientRect().top")) < 1


def test_rows_are_filtered_by_words_and_their_number_is_told(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page(f"{LONGEST_TABLE}?lang=en", DESKTOP)
    rows = page.locator(".rule-rows tbody tr")
    n_rows = rows.count()
    field, status = page.get_by_role("searchbox", name="Filter the rows"), page.locator("#row-count")
    expect(status).to_have_text(f"{n_rows} of {n_rows} rows shown")
    field.focus()
    page.keyboard.type("wellhead HIGH-voltage")
    expect(page.locator(".rule-rows tbody tr:visible")).to_have_count(1)
    expect(page.locator(".rule-rows tbody tr:visible th")).to_have_text("WELL-75")
    expect(status).to_have_text(f"1 of {n_rows} rows shown")
    field.fill("no such words")
    expect(page.get_by_text("No row holds these words")).to_be_visible()
    page.keyboard.press("Escape")
    expect(status).to_have_text(f"{n_rows} of {n_rows} rows shown")
    assert faults == []


@pytest.mark.parametrize(("paper", "width"), [("A4", 1062), ("A3", 1526)])
def test_longest_rule_table_is_printed_whole_across_the_sheet(open_page: OpenPage, paper: str, width: int) -> None:
    page = open_page(f"{LONGEST_TABLE}?lang=en", {"width": width, "height": 700})
    page.emulate_media(media="print")
    assert page.evaluate(WIDER_THAN_ITS_PLACE) == []
    first = PdfReader(io.BytesIO(page.pdf(format=paper, landscape=True))).pages[0]
    assert first.mediabox.width > first.mediabox.height and "Rule" in first.extract_text()


def test_help_draws_symbols_and_the_keys_that_the_map_lists(open_page: OpenPage) -> None:
    page = open_page("help")
    expect(page.locator("#keys kbd").first).to_be_visible()
    n_symbols = page.locator("[data-symbol]").count()
    expect(page.locator("[data-symbol] canvas")).to_have_count(n_symbols)
    assert n_symbols > 15


MOST_FREQUENT_COLOUR = """(node) => {
  const { data } = node.getContext("2d").getImageData(8, 8, node.width - 16, node.height - 16);
  const counts = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const colour = `#${[...data.slice(i, i + 3)].map((part) => part.toString(16).padStart(2, "0")).join("")}`.toUpperCase();
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0][0];
}"""


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_help_shows_the_levels_in_the_colours_of_the_ground(open_page: OpenPage, live_server: str, ground: str) -> None:
    page = open_page(f"help?bg={ground}")
    expect(page.locator("[data-level] canvas")).to_have_count(5)
    drawn = {node.get_attribute("data-level"): node.locator("canvas").evaluate(MOST_FREQUENT_COLOUR) for node in page.locator("[data-level]").all()}
    levels = answer(live_server, "/api/layers", bg=ground)["levels"]
    assert drawn["unrated"] == next(level["fill"] for level in levels if level["id"] == "unrated")
    assert drawn["blue"] == next(level["fill"] for level in levels if level["id"] == "blue")


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


@pytest.mark.parametrize("path", ["method", "method/high_consequence", "help"])
def test_pages_meet_wcag_rules_that_a_machine_can_test(open_page: OpenPage, path: str) -> None:
    page = open_page(path, bypass_csp=True)
    assert broken_rules(page) == []
