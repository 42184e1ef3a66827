"""The list of a day on a phone in a real browser: place by place, with and without a network; nothing lost, nothing twice."""

from __future__ import annotations

import io
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.cut_line import CutLine
from tests.browser.pages import DESKTOP, PATIENCE_MS, PHONE, OpenPage, answer, broken_rules, chinese_words
from tests.conftest import serving

N_STOPS = 3
RECORDS = "**/api/patrol/records/*"


@pytest.fixture(scope="module")
def office(atlas_database: str, home: Path) -> Iterator[str]:
    """Address of a server of the module's own: its tests record things."""
    with serving(atlas_database, home) as address:
        yield address


@pytest.fixture
def line(office: str) -> Iterator[CutLine]:
    """The way to the server, whole at first."""
    made = CutLine(urlsplit(office).port or 0)
    yield made
    made.cut()


@pytest.fixture(scope="module")
def places(office: str) -> list[str]:
    """Keys of the worst places."""
    worst = answer(office, "/api/patrol", level="red,orange,yellow", limit=N_STOPS)["sources"]
    assert len(worst) == N_STOPS
    return [place["place"] for place in worst]


@pytest.fixture
def ref(office: str, places: list[str]) -> str:
    """Number of a new list of the worst places."""
    body = json.dumps({"date": "2026-11-23", "places": places}).encode()
    asked = urllib.request.Request(f"{office}/api/patrol/lists", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as answered:
        return str(json.load(answered)["ref"])


@pytest.fixture
def open_page(new_page: OpenPage, pictures: None) -> OpenPage:
    """Opens a page and keeps a screenshot of its last state."""

    def opened(address: str, size: dict[str, int] | None = None, **options: Any) -> Page:
        page = new_page("{0.scheme}://{0.netloc}".format(urlsplit(address)), size or PHONE, **options)
        page.goto(address)
        page.wait_for_selector("#card-title")
        return page

    return opened


def picture() -> dict[str, Any]:
    made = io.BytesIO()
    Image.new("RGB", (640, 480), "#885522").save(made, "PNG")
    return {"name": "photo.png", "mimeType": "image/png", "buffer": made.getvalue()}


def write_down(page: Page, outcome: str, note: str, n_photos: int = 0) -> None:
    """Arrive at the place shown and record it."""
    page.click("#arrive")
    for n in range(1, n_photos + 1):
        page.set_input_files("#photo", picture())
        expect(page.locator(".round-photos li")).to_have_count(n)
    page.check(f"#outcome-{outcome}")
    page.fill("#note", note)
    page.click("#record")
    expect(page.locator(".round-record").first).to_contain_text(note)


def records(office: str, ref: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer(office, f"/api/patrol/lists/{ref}")["records"]
    return sorted(found, key=lambda record: str(record["recorded_at"]))


def test_round_goes_on_without_a_network_and_everything_arrives_once(open_page: OpenPage, office: str, line: CutLine, ref: str, places: list[str]) -> None:
    page = open_page(f"{line.address}/patrol/{ref}")
    expect(page.locator("#offline-state")).to_have_attribute("data-state", "kept")
    line.cut()
    page.reload()
    expect(page.locator("#no-network")).to_be_visible()
    write_down(page, "not_remedied", "阀门渗漏", n_photos=2)
    page.click("#next-place")
    write_down(page, "no_access", "大门锁闭")
    page.reload()
    expect(page.locator("#waiting")).to_contain_text("2")
    expect(page.locator(".stop-button.is-recorded")).to_have_count(2)
    assert records(office, ref) == []
    line.mend()
    page.click("#send-now")
    expect(page.locator("#all-sent")).to_be_visible()
    expect(page.locator("#no-network")).to_have_count(0)
    page.reload()
    expect(page.locator("#all-sent")).to_be_visible()
    kept = records(office, ref)
    assert [(row["place"], row["outcome"], row["note"], row["photos"]) for row in kept] == [
        (places[0], "not_remedied", "阀门渗漏", [1, 2]), (places[1], "no_access", "大门锁闭", []),
    ]  # fmt: skip
    assert all(row["arrived_at"] for row in kept)


def test_answer_that_is_lost_on_the_way_doubles_nothing(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}", service_workers="block")
    lost: list[str] = []

    def deliver_but_lose_the_answer(route: Route) -> None:
        lost.append(route.request.url)
        route.fetch()
        route.abort()

    page.route(RECORDS, deliver_but_lose_the_answer)
    write_down(page, "remedied", "已更换")
    expect(page.locator("#no-network")).to_be_visible()
    page.unroute(RECORDS)
    page.click("#send-now")
    expect(page.locator("#all-sent")).to_be_visible()
    assert lost and [row["note"] for row in records(office, ref)] == ["已更换"]


def test_record_that_the_server_refuses_stays_and_is_told_in_its_words(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}", service_workers="block")
    page.route(RECORDS, lambda route: route.fulfill(status=404, json={"error": {"code": "not_found", "message_zh": "没有这一家", "message_en": "no such place"}}))
    write_down(page, "remedied", "已更换")
    expect(page.locator("#refused")).to_contain_text("没有这一家")
    page.unroute(RECORDS)
    page.reload()
    page.locator("#refused").get_by_role("button").click()
    expect(page.locator("#all-sent")).to_be_visible()
    assert len(records(office, ref)) == 1


def test_wish_to_send_a_refused_record_again_is_not_lost_while_another_is_on_its_way(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}", service_workers="block")
    page.route(RECORDS, lambda route: route.fulfill(status=404, json={"error": {"code": "not_found", "message_zh": "没有这一家", "message_en": "no such place"}}))
    write_down(page, "remedied", "已更换")
    expect(page.locator("#refused")).to_be_visible()
    page.unroute(RECORDS)
    held: list[Route] = []
    page.route(RECORDS, lambda route: held.append(route), times=1)
    page.click("#next-place")
    with page.expect_request(RECORDS):
        write_down(page, "no_access", "大门锁闭")
    page.locator("#refused").get_by_role("button").click()
    held.pop().continue_()
    expect(page.locator("#all-sent")).to_be_visible()
    assert {row["note"] for row in records(office, ref)} == {"已更换", "大门锁闭"}


def test_what_is_being_written_stays_while_another_record_is_sent(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}", service_workers="block")
    held: list[Route] = []
    page.route(RECORDS, lambda route: held.append(route), times=1)
    with page.expect_request(RECORDS):
        write_down(page, "remedied", "已更换")
    page.click("#next-place")
    # The device takes its time: what is written now is on the screen and not yet in its store.
    page.evaluate("""() => {
        const { put } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.put = function (...row) { return this.name === 'drafts' ? this.count() : put.apply(this, row); };
    }""")
    page.click("#arrive")
    page.locator("#note").evaluate("note => note.classList.add('mine')")
    page.fill("#note", "手里正写着")
    held.pop().continue_()
    expect(page.locator("#all-sent")).to_be_visible()
    page.wait_for_timeout(500)  # the page draws once more when everything has been sent
    expect(page.locator("#note.mine")).to_have_value("手里正写着")


def test_record_that_the_device_cannot_keep_stays_written_and_is_told(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}", service_workers="block")
    page.click("#arrive")
    page.check("#outcome-remedied")
    page.fill("#note", "没有空间")
    page.evaluate("""() => {
        const { put } = IDBObjectStore.prototype;
        IDBObjectStore.prototype.put = function (...row) {
            IDBObjectStore.prototype.put = put;
            throw new DOMException('full', 'QuotaExceededError');
        };
    }""")
    page.click("#record")
    expect(page.locator("#problem")).to_be_focused()
    expect(page.locator("#note")).to_have_value("没有空间")
    assert records(office, ref) == []
    page.click("#record")
    expect(page.locator("#all-sent")).to_be_visible()
    assert [row["note"] for row in records(office, ref)] == ["没有空间"]


def test_what_is_half_written_outlives_the_page_and_no_more_than_three_photos_are_taken(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}?n=2", service_workers="block")
    page.click("#arrive")
    page.fill("#note", "尚未写完")
    for n in (1, 2, 3):
        page.set_input_files("#photo", picture())
        expect(page.locator(".round-photos li")).to_have_count(n)
    expect(page.locator("#photo")).to_have_count(0)
    page.reload()
    expect(page.locator("#note")).to_have_value("尚未写完")
    expect(page.locator(".round-photos li")).to_have_count(3)
    page.click("#record")
    expect(page.locator("#problem")).to_be_focused()
    assert records(office, ref) == []


def test_file_that_is_no_photo_is_told_at_once(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}", service_workers="block")
    page.click("#arrive")
    page.set_input_files("#photo", {"name": "report.png", "mimeType": "image/png", "buffer": b"<svg onload='alert(1)'/>"})
    expect(page.locator("#problem")).to_contain_text("report.png")
    expect(page.locator(".round-photos li")).to_have_count(0)


def test_round_by_keyboard_alone(open_page: OpenPage, office: str, ref: str) -> None:
    page = open_page(f"{office}/patrol/{ref}", service_workers="block")
    tab_to(page, "arrive")
    page.keyboard.press("Enter")
    expect(page.locator("#outcome-remedied")).to_be_focused()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#outcome-not_remedied")).to_be_checked()
    tab_to(page, "note")
    page.keyboard.type("keyboard")
    tab_to(page, "record")
    page.keyboard.press("Enter")
    expect(page.locator("#next-place")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#card-title")).to_be_focused()
    expect(page.locator("#all-sent")).to_be_visible()
    assert [(row["outcome"], row["note"]) for row in records(office, ref)] == [("not_remedied", "keyboard")]


def tab_to(page: Page, wanted: str, most: int = 60) -> None:
    """Press Tab until an element has the keyboard; what is still on its way is waited for first."""
    page.locator(f"#{wanted}").wait_for()
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.id") == wanted:
            return
    raise AssertionError(f"Tab does not come to #{wanted}")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=lambda size: str(size["width"]))
def test_card_fits_says_everything_in_english_and_meets_wcag(open_page: OpenPage, office: str, ref: str, faults: list[str], size: dict[str, int]) -> None:
    page = open_page(f"{office}/patrol/{ref}?lang=en", size=size, bypass_csp=True)
    expect(page.locator("#offline-state")).to_have_attribute("data-state", "kept")
    page.click("#arrive")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert chinese_words(page, "h3, legend, label, .round-ways button, #round-state, #round-facts") == []
    assert broken_rules(page) == []
    assert faults == []


def test_list_of_a_day_becomes_cards_and_then_a_last_visit_in_list_and_dossier(open_page: OpenPage, browser: Browser, office: str, faults: list[str], places: list[str]) -> None:
    desk = browser.new_context(viewport=DESKTOP, service_workers="block").new_page()
    desk.set_default_timeout(PATIENCE_MS)
    desk.goto(f"{office}/patrol?level=red,orange,yellow")
    desk.wait_for_selector("#worst table")
    desk.fill("#day-rest", "0")
    desk.fill("#day-n", "1")
    desk.click("#day-make")
    desk.click("#day-phone")
    desk.wait_for_selector("#card-title")
    name = desk.locator("#card-title").inner_text()
    write_down(desk, "remedied", "围堰已修复", n_photos=1)
    expect(desk.locator("#all-sent")).to_be_visible()
    desk.goto(f"{office}/patrol?level=red,orange,yellow")
    expect(desk.locator("#worst tbody tr").first).to_contain_text("已整改")
    first = answer(office, "/api/patrol", level="red,orange,yellow", limit=1)["sources"][0]
    assert first["name"] == name and first["place"] == places[0]
    desk.goto(f"{office}/features/{first['layer']}/{first['id']}")
    expect(desk.locator("#visits")).to_contain_text("围堰已修复")
    shown = desk.locator("#visits img").first
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 640)
    desk.context.close()
