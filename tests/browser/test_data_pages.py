"""Data management in a real browser, with a real server and its worker: from a faulty file to a new edition on the map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.app.test_data_journey import faulty_enterprises
from tests.browser.pages import DESKTOP, PHONE, TABLET, OpenPage, broken_rules, chinese_words
from tests.conftest import serving

PATIENCE_MS = 300_000
PAGES = ["data", "data/loads", "data/rejects", "data/editions", "data/rules"]


@pytest.fixture(scope="module")
def office(atlas_database: str, home: Path) -> Iterator[str]:
    """Address of a server with its worker."""
    with serving(atlas_database, home, has_worker=True) as address:
        yield address


@pytest.fixture
def open_page(new_page: OpenPage, office: str) -> OpenPage:
    """Opens a page of data management and waits for its content."""

    def opened(path: str, size: dict[str, int] = DESKTOP, **options: Any) -> Page:
        page = new_page(office, size, **options)
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{office}/{path}")
        page.wait_for_selector("#content > *")
        return page

    return opened


def test_officer_goes_from_a_faulty_file_to_a_published_edition(
    open_page: OpenPage, office: str, faults: list[str], tiny_sample: Path, artefacts: Path, tmp_path: Path
) -> None:
    page = open_page("data")
    page.fill("#new-title", "企业台账第三季度")
    page.click("#new-upload")
    page.fill("#upload-label", "2026Q3")
    page.press("#upload-label", "Tab")
    page.fill("#upload-as_of", "2026-09-30")
    page.press("#upload-as_of", "Tab")
    content = faulty_enterprises(tiny_sample / "2026Q2")
    page.set_input_files("#file-input", {"name": "企业台账.csv", "mimeType": "text/csv", "buffer": content})
    expect(page.locator(".file-name")).to_have_text("企业台账.csv", timeout=PATIENCE_MS)

    page.click("#to-recognise")
    page.click("#to-map")
    expect(page.locator(".mapping tbody tr").first).to_contain_text("原列名", timeout=PATIENCE_MS)
    expect(page.locator(".datum-picture figcaption")).to_contain_text("报送要素落在这里")
    expect(page.locator(".datum-picture circle").nth(9)).to_be_visible()
    for choice in page.locator(".codes[open] select").all():
        if choice.input_value() == "":
            choice.select_option("~")
    page.fill("input[name=confirmed_by]", "李四")
    page.click(".confirm-table")
    page.locator(".tag-done").wait_for()

    page.click("#to-check")
    page.click("#run-check")
    expect(page.locator(".card .rows").first).to_contain_text("特大风险", timeout=PATIENCE_MS)
    page.screenshot(path=artefacts / "data-check.png")
    in_english = open_page(f"{page.url.removeprefix(f'{office}/')}&lang=en")
    expect(in_english.locator(".card h3").first).to_contain_text("Enterprise safety risk ledger", timeout=PATIENCE_MS)
    with page.expect_download() as download:
        page.click(".workbook")
    download.value.save_as(tmp_path / "returned.xlsx")
    heads = [cell.value for cell in openpyxl.load_workbook(tmp_path / "returned.xlsx").active[1]]
    assert {"编号", "单位名称", "错误说明"} <= set(heads)

    page.click("#to-difference")
    expect(page.locator(".changes-gone summary")).to_contain_text("消失", timeout=PATIENCE_MS)
    page.click("#to-approve")
    page.locator("#approve").wait_for()
    if page.locator("#accepts-losses").count():
        page.check("#accepts-losses")
    page.click("#approve")
    page.click("#to-score")
    page.check("#is-partial")
    page.click("#run-score")
    page.click("#to-publish")
    page.click("#publish")
    page.fill("#typed-label", "2026Q3")
    page.click("#confirm-publish")
    expect(page.locator(".notice.done")).to_contain_text("2026Q3", timeout=PATIENCE_MS)
    page.screenshot(path=artefacts / "data-published.png")
    page.goto(f"{office}/")
    expect(page.locator("#edition option:checked")).to_have_text("2026Q3", timeout=PATIENCE_MS)
    assert faults == []


def test_server_refuses_a_file_of_no_reader_and_the_page_says_so(open_page: OpenPage) -> None:
    page = open_page("data")
    page.fill("#new-title", "错")
    page.click("#new-upload")
    page.locator("#file-input").wait_for(state="attached")
    page.set_input_files("#file-input", {"name": "a.exe", "mimeType": "x", "buffer": b"x"})
    expect(page.locator(".sending.is-failed")).to_contain_text("a.exe")
    expect(page.locator("#to-recognise")).to_be_disabled()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("sizes", [(DESKTOP, TABLET), (PHONE,)], ids=["wide", "phone"])
def test_page_fits_and_is_without_errors_or_foreign_requests(
    open_page: OpenPage, faults: list[str], path: str, sizes: tuple[ViewportSize, ...]
) -> None:
    page = open_page(path, sizes[0])
    for size in sizes:
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert page.locator(".page").evaluate("node => node.scrollWidth - node.clientWidth") <= 0
        expect(page.locator(".workspaces a[aria-current='page'], #more[data-is-here='true']").locator("visible=true")).to_have_count(1)
    assert faults == []


def test_pages_stand_before_anything_is_published(new_page: OpenPage, office: str) -> None:
    """The first files of a county come before its first edition: files can be sent, and every tab has its content."""
    page = new_page(office, DESKTOP)
    unpublished = {"error": {"code": "no_edition", "message_zh": "还没有发布任何版次", "message_en": "nothing is published", "field": None}}
    page.route("**/api/layers*", lambda route: route.fulfill(status=503, json=unpublished))
    for path in ["data/matches", "data/places", *PAGES]:
        page.goto(f"{office}/{path}")
        expect(page.locator("#content > *").first).to_be_visible()
        expect(page.locator("#tabs a[aria-current='page']")).to_have_count(1)
        expect(page.locator(".workspaces a[aria-current='page']")).to_have_text("数据管理")
    page.goto(f"{office}/data")
    expect(page.locator("#new-upload")).to_be_enabled()


@pytest.mark.parametrize("path", PAGES)
def test_page_meets_the_rules_of_access(open_page: OpenPage, path: str) -> None:
    page = open_page(path, bypass_csp=True)
    assert broken_rules(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_english_has_no_chinese_but_names(open_page: OpenPage, faults: list[str], path: str) -> None:
    page = open_page(f"{path}?lang=en")
    assert chinese_words(page, ".workspaces, .tabs, h1, h2, thead, .query label > span, .query button, .intro, .hint") == []
    assert re.search(r"\[data_\w+\]", page.locator("body").inner_text()) is None


def test_rule_tables_are_seen_whole_and_filtered_by_their_words_and_their_codes(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("data/rules?table=separation_distances")
    holder, rows = page.locator(".table-whole"), page.locator(".rule-rows tbody tr")
    expect(rows.first).to_contain_text("管道中心线")
    for at in range(12):
        words = page.locator("#table-choice option").nth(at).text_content() or ""
        page.select_option("#table-choice", index=at)
        expect(page.locator("#rules caption")).to_have_text(words[: words.rindex(" (")])
        assert holder.evaluate("node => node.scrollWidth - node.clientWidth") <= 0, words
    page.select_option("#table-choice", "separation_distances")
    for words, first in (("输油管道 海", None), ("PIPE-L30-2", "PIPE-L30-2"), ("deep_rooted_planting", "PIPE-L30-1"), ("主席令第30号", "PIPE-L30-1")):
        page.fill("#rule-text", words)
        if first:
            expect(rows.first.locator("th")).to_have_text(first)
        else:
            expect(rows).to_have_count(0)
    page.click('[data-language="en"]')
    expect(rows.first).to_contain_text("No deep-rooted planting")
    assert faults == []


@pytest.mark.parametrize("path", ["data/matches", "data/rules"])
def test_tab_of_the_page_is_in_sight_on_a_phone(open_page: OpenPage, path: str) -> None:
    page = open_page(f"{path}?lang=en", PHONE)
    tab = page.locator("#tabs [aria-current='page']")
    expect(tab).to_be_visible()
    room = tab.bounding_box()
    assert room and 0 <= room["x"] and room["x"] + room["width"] <= PHONE["width"]


def test_step_and_tab_of_an_upload_are_in_sight_on_a_phone(open_page: OpenPage, office: str) -> None:
    kept = open_page("data").request.post(f"{office}/api/uploads", data={"title": "台账"}).json()["upload_id"]
    page = open_page(f"data/uploads/{kept}?step=approve&lang=en", PHONE, is_mobile=True, has_touch=True)
    for current, words in ((page.locator(".steps [aria-current]"), "Approve"), (page.locator("#tabs [aria-current]"), "Uploads and jobs")):
        expect(current).to_contain_text(words)
        room = current.bounding_box()
        assert room and 0 <= room["x"] and room["x"] + room["width"] <= PHONE["width"]
    assert page.evaluate("[...document.querySelectorAll('.page .unseen')].every((node) => node.offsetParent !== document.body)"), "words for screen readers widen the window"


def test_hint_of_a_new_upload_is_whole(open_page: OpenPage) -> None:
    page = open_page("data?lang=en")
    assert page.locator("#new-title").evaluate("""node => {
      const pen = document.createElement("canvas").getContext("2d");
      const { fontSize, fontFamily } = getComputedStyle(node);
      pen.font = `${fontSize} ${fontFamily}`;
      return pen.measureText(node.placeholder).width <= node.clientWidth - 8;
    }""")


def test_phone_is_told_to_upload_on_a_computer(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("data", PHONE, has_touch=True, is_mobile=True)
    expect(page.locator("#content")).to_contain_text("请用电脑办理")
    assert page.locator("#new-upload").count() == 0


def test_magnified_window_of_a_computer_uploads(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("data", {"width": 720, "height": 450})
    expect(page.locator("#new-upload")).to_be_visible()
    expect(page.locator("#content")).not_to_contain_text("请用电脑办理")
    assert page.evaluate("document.documentElement.scrollWidth") <= 720


def test_refused_rows_name_fields_in_words_and_their_filters_stand_in_one_row(open_page: OpenPage) -> None:
    page = open_page("data/rejects?lang=en")
    fields = page.locator("#rows tbody td:nth-child(4)").all_inner_texts()
    assert fields and [name for name in fields if re.fullmatch(r"[a-z_]+", name)] == []
    widths = page.locator("#content .query select").evaluate_all("all => all.map((node) => node.getBoundingClientRect().width)")
    assert widths and max(widths) <= 420
    page.locator("#filter-source option").last.evaluate("(node) => { node.textContent = 'x'.repeat(200); }")
    lefts, rights = ([page.locator(f"#filter-{name}").evaluate(f"(node) => node.getBoundingClientRect().{side}") for name in ("source", "rule")] for side in ("left", "right"))
    assert 0 < lefts[1] - rights[0] < 40, "room for the longest name beside the shortened one"


def test_numbers_and_dates_of_loads_stand_in_one_line(open_page: OpenPage) -> None:
    page = open_page("data/loads?lang=en", TABLET)
    heights = page.locator("#content tbody .short").evaluate_all("cells => cells.map((cell) => { const range = document.createRange(); range.selectNodeContents(cell); return range.getBoundingClientRect().height; })")
    assert heights and max(heights) < 30


def test_server_that_is_gone_is_told_and_the_page_stays(open_page: OpenPage) -> None:
    page = open_page("data/rejects")
    page.route("**/api/**", lambda route: route.abort())
    page.fill("#filter-text", "x")
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#rows .error-box")).to_be_visible()
    expect(page.locator("#filter-text")).to_have_value("x")


def test_pages_can_be_worked_by_keyboard(open_page: OpenPage, faults: list[str]) -> None:
    page = open_page("data")
    page.focus("#new-title")
    page.keyboard.type("键盘")
    page.keyboard.press("Enter")
    page.wait_for_url("**/data/uploads/*")
    page.locator(".steps button").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#step-title")).to_be_focused()
