"""Whole journeys in a real browser, each with what comes of it: planner, inspector, pipeline guard, anyone with an address."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from data.sample.cases import CASES
from tests.browser.pages import OpenPage, answer, at, query_of, wait_for_address, wait_for_map

CASE = CASES["houses_on_pipe_after_2010"]
MOST_CLICKS = 6
N_INSPECTED = 8
SIDE_PX = 60


@pytest.fixture
def open_page(new_page: OpenPage, live_server: str, pictures: None, faults: list[str]) -> Iterator[OpenPage]:
    """Opens a page in a browser of its own; a screenshot of the last state is kept, and nothing may have failed."""

    def opened(path: str = "") -> Page:
        page = new_page(live_server, accept_downloads=True)
        page.goto(f"{live_server}/{path}")
        return page

    yield opened
    assert faults == []


def saved(page: Page, link: Locator, target: Path) -> Path:
    """The file that a link gives."""
    with page.expect_download() as download:
        link.click()
    download.value.save_as(target)
    return target


def words_of(letter: Path) -> str:
    """The text of a Word document with its marks."""
    with zipfile.ZipFile(letter) as document:
        return document.read("word/document.xml").decode("utf-8")


def tab_to(page: Page, wanted: str, most: int = 80) -> None:
    """Press Tab until an element has the keyboard; what is still on its way is waited for first."""
    page.locator(wanted).first.wait_for()
    for _ in range(most):
        if page.evaluate("document.activeElement?.matches(" + repr(wanted) + ")"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {wanted}")


def is_largest_text(page: Page, words: Locator) -> bool:
    """Whether nothing that can be read on the page is larger."""
    largest = page.evaluate(
        "() => Math.max(...[...document.querySelectorAll('main *')].filter((node) => node.offsetParent && node.innerText?.trim())"
        ".map((node) => parseFloat(getComputedStyle(node).fontSize)))"
    )
    size: float = words.evaluate("node => parseFloat(getComputedStyle(node).fontSize)")
    return size >= largest


def test_planner_goes_from_an_address_to_verdict_and_letter(open_page: OpenPage, known_source: dict[str, Any], artefacts: Path) -> None:
    page = open_page("siting")
    page.locator("a[href^='/siting/new']").click()
    page.fill("#place", known_source["label"])
    page.keyboard.press("Enter")
    page.locator("#places button").first.wait_for()
    if page.locator("#places button").count() > 1:
        page.locator("#places button").first.click()
    page.click("#draw-polygon")
    wait_for_map(page)
    box = page.locator("#map-canvas").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        page.mouse.click(x + SIDE_PX * dx, y + SIDE_PX * dy)
    page.locator("#tool-strip .primary").click()
    expect(page.locator("section.part")).to_have_count(1)
    page.click("#next-step")
    page.fill("#field-name", "东街小学")
    page.fill("#field-applicant", "县教育局")
    page.select_option("#part-0-type", "school_hospital_elderly")
    page.fill("#part-0-persons", "600")
    page.click("#next-step")
    expect(page.locator(".summary")).to_contain_text("东街小学")
    page.click("#judge")
    verdict = page.locator(".verdict-title")
    expect(verdict).to_be_visible()
    assert is_largest_text(page, verdict)
    letter = words_of(saved(page, page.locator("a[href*='/letter?']"), artefacts / "siting-letter.docx"))
    assert "关于东街小学项目选址安全风险筛查的告知" in letter and "县教育局" in letter
    expect(page.locator("#page-title")).to_contain_text("S20")


def test_inspector_has_the_printed_list_of_eight_in_six_clicks(open_page: OpenPage, live_server: str, artefacts: Path) -> None:
    page = open_page()
    page.add_init_script("window.printed = 0; window.print = () => { window.printed += 1; };")
    clicks = []

    def click(selector: str) -> None:
        clicks.append(selector)
        page.click(selector)

    click("#workspaces a[href^='/patrol']")
    page.wait_for_selector("#worst table")
    click("#day-make")
    expect(page.locator(".stop")).to_have_count(N_INSPECTED)
    click("#day-print")
    page.wait_for_function("() => window.printed === 1")
    expect(page.locator(".sheet-map img")).to_have_count(1)
    expect(page.locator(".sheet-code img")).to_have_count(N_INSPECTED)
    assert len(clicks) <= MOST_CLICKS
    worst = [place["name"] for place in answer(live_server, "/api/patrol")["sources"] if place["last_visit"] is None][:N_INSPECTED]
    titles = page.locator(".sheet-block .block-title").all_text_contents()
    assert [name in title for name, title in zip(worst, titles, strict=True)] == [True] * N_INSPECTED
    page.pdf(path=artefacts / "list-of-eight.pdf", prefer_css_page_size=True)
    assert (artefacts / "list-of-eight.pdf").read_bytes().startswith(b"%PDF")


def test_pipeline_guard_goes_from_a_line_to_its_conflicts_and_a_reply(open_page: OpenPage, live_server: str, artefacts: Path) -> None:
    line = f"pipelines/{CASE['pipeline_id']}"
    conflict = answer(live_server, f"/api/{line}/conflicts", buffer_m=200)["conflicts"][0]
    page = open_page("pipelines")
    page.fill("#find-line", CASE["pipeline_id"])
    page.locator("#found tbody a").click()
    expect(page.locator("#list-body .conflicts tbody tr").first).to_contain_text(conflict["object"].get("name") or conflict["object"]["id"])
    page.goto(f"{live_server}/pipelines/notices")
    page.locator("a[href^='/pipelines/notices/new']").first.click()
    fill_notice(page, conflict["chainage_m"])
    page.locator("#notice-form button[type='submit']").click()
    expect(page.locator(".notice-verdict")).to_be_visible()
    expect(page.locator("#notice ul.plain").first).to_contain_text("K")
    reply = words_of(saved(page, page.locator("a[href*='/reply.docx?']"), artefacts / "dig-reply.docx"))
    assert "××电力公司" in reply and "不代替现场探测" in reply


def fill_notice(page: Page, chainage_m: float) -> None:
    """Works of a week on a stretch of the line."""
    page.fill("#field-applicant", "××电力公司")
    page.fill("#field-phone", "13800000000")
    page.fill("#field-starts_on", "2099-03-01")
    page.fill("#field-ends_on", "2099-03-08")
    page.locator("#field-activities input").first.check()
    page.locator("input[name='place'][value='along']").check()
    page.select_option("#along-line", CASE["pipeline_id"])
    page.fill("#along-from", str(round(chainage_m)))
    page.fill("#along-to", str(round(chainage_m) + 60))
    page.fill("#field-width_m", "4")


def test_address_copied_into_a_fresh_browser_shows_the_same(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page(at(known_source))
    wait_for_map(page)
    page.fill("#search", known_source["label"])
    page.locator(".hit").first.click()
    expect(page.locator("#result-title")).to_contain_text("为什么")
    page.locator("#tree input[type='checkbox']:checked").last.press("Space")
    page.locator(".class-button").first.click()
    wait_for_address(page, "flt=")
    wait_for_address(page, "f=")
    wait_for_address(page, "l=")
    wait_for_map(page)
    other = open_page(page.url.partition("/")[2].partition("/")[2].partition("/")[2])
    wait_for_map(other)
    expect(other.locator("#result-title")).to_have_text(page.locator("#result-title").inner_text())
    seen = "node => [...node.querySelectorAll('input[type=checkbox], .class-button')].map((one) => one.checked ?? one.className)"
    assert other.locator("#tree").evaluate(seen) == page.locator("#tree").evaluate(seen)
    assert query_of(other) == query_of(page)


def test_site_is_judged_by_keyboard_alone(open_page: OpenPage, known_source: dict[str, Any]) -> None:
    page = open_page("siting/new")
    wait_for_map(page)
    tab_to(page, "#place")
    page.keyboard.type(f"{known_source['lon']:.6f},{known_source['lat']:.6f}")
    page.keyboard.press("Enter")
    tab_to(page, "#places button")
    page.keyboard.press("Enter")
    expect(page.locator("#map-canvas")).to_be_focused()
    wait_for_map(page)
    page.keyboard.press("F6")
    tab_to(page, "#draw-polygon")
    page.keyboard.press("Enter")
    for key in ("Enter", "ArrowRight", "Enter", "ArrowDown", "Enter", "ArrowLeft", "Enter"):
        page.keyboard.press(key)
        if key != "Enter":
            wait_for_map(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("section.part")).to_have_count(1)
    press_button(page, "#next-step")
    tab_to(page, "#field-name")
    page.keyboard.type("keyboard")
    tab_to(page, "#part-0-type")
    choose_with_keys(page, "#part-0-type", "school_hospital_elderly")
    tab_to(page, "#part-0-persons")
    page.keyboard.type("120")
    press_button(page, "#next-step")
    expect(page.locator(".summary")).to_contain_text("keyboard")
    press_button(page, "#judge")
    expect(page.locator(".verdict-title")).to_be_visible()
    expect(page.locator("#page-title")).to_be_focused()
    tab_to(page, "a[href*='/letter?']")


def press_button(page: Page, selector: str) -> None:
    """Come to a button with Tab and press it."""
    tab_to(page, selector)
    page.keyboard.press("Enter")


def choose_with_keys(page: Page, selector: str, value: str) -> None:
    """Step down a list of choices until one is chosen."""
    for _ in range(20):
        if page.locator(selector).input_value() == value:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{selector} does not come to {value}")


def test_dig_notice_is_answered_by_keyboard_alone(open_page: OpenPage, live_server: str) -> None:
    conflict = answer(live_server, f"/api/pipelines/{CASE['pipeline_id']}/conflicts", buffer_m=200)["conflicts"][0]
    page = open_page("pipelines/notices/new")
    wait_for_map(page)
    for selector, text in (("#field-applicant", "key company"), ("#field-phone", "13800000000"), ("#field-starts_on", "03012099"), ("#field-ends_on", "03082099")):
        tab_to(page, selector)
        page.keyboard.type(text)
    tab_to(page, "#field-activities input")
    page.keyboard.press("Space")
    tab_to(page, "input[name='place']")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#along-line")).to_be_visible()
    tab_to(page, "#along-line")
    choose_with_keys(page, "#along-line", CASE["pipeline_id"])
    for selector, metres in (("#along-from", conflict["chainage_m"]), ("#along-to", conflict["chainage_m"] + 60)):
        tab_to(page, selector)
        page.keyboard.type(str(round(metres)))
    press_button(page, "#notice-form button[type='submit']")
    expect(page.locator(".notice-verdict")).to_be_visible()
    tab_to(page, "a[href*='/reply.docx?']")
