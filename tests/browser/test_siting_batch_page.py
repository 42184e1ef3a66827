"""Many sites from a file in a real browser: sent, watched, told as a table with one line a row, fetched as Excel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.pages import DESKTOP, PATIENCE_MS, PHONE, OpenPage, answer, broken_rules, chinese_words
from tests.conftest import serving

JOBS = "**/api/site-batches/jobs"
"""The list that the page looks at again and again; a new batch is asked for with parameters behind it."""
DONE, ALL = 2, 5


@pytest.fixture(scope="module")
def office(atlas_database: str, home: Path) -> Iterator[str]:
    """Address of a server with its worker, on a database of the module's own."""
    with serving(atlas_database, home, has_worker=True) as address:
        yield address


@pytest.fixture(scope="module")
def sites(office: str) -> bytes:
    """A file with a site in a park, another type, a row without longitude, an unknown type, and a site outside the county."""
    park = answer(office, "/api/search", q="园区", limit=5)["results"][0]
    place = f"{park['lon']:.6f},{park['lat']:.6f}"
    rows = (f"园区宿舍,,{place}", f"厂房,industrial,{place}", f"无经度,,,{park['lat']:.6f}", f"城堡,castle,{place}", "县外,,0.5,0.5")
    return ("name,project_type,lon,lat\n" + "\n".join(rows) + "\n").encode()


def half_done(route: Route, held: dict[str, bool]) -> None:
    """Let the page see its batch half done for as long as the test looks at that."""
    told = route.fetch(timeout=PATIENCE_MS)
    body: dict[str, Any] = told.json()
    if held["is_held"] and body["batches"]:
        body["batches"][0] |= {"state": "running", "n_done": DONE, "n_total": ALL}
    route.fulfill(response=told, json=body)


def upload(page: Page, office: str, sites: bytes) -> None:
    page.goto(f"{office}/siting/batch")
    page.set_input_files("#batch-file", {"name": "场址.csv", "mimeType": "text/csv", "buffer": sites})
    page.select_option("#batch-type", "residential")
    page.click("#batch-run")


def test_batch_goes_from_a_file_over_its_progress_to_a_table_and_a_workbook(
    new_page: OpenPage, office: str, sites: bytes, artefacts: Path, faults: list[str], tmp_path: Path
) -> None:
    page = new_page(office, bypass_csp=True)
    held = {"is_held": True}
    page.route(JOBS, lambda route: half_done(route, held))
    upload(page, office, sites)
    bar = page.locator("#batches progress")
    expect(bar).to_have_attribute("value", str(DONE))
    expect(bar).to_have_attribute("max", str(ALL))
    expect(page.locator(".job-row").first).to_contain_text("2/5")
    held["is_held"] = False

    lines = page.locator("#batch-result tbody tr")
    expect(lines).to_have_count(ALL)
    told = [line.inner_text() for line in lines.all()]
    assert all(name in line for name, line in zip(("园区宿舍", "厂房", "无经度", "城堡", "县外"), told, strict=True))
    assert ["错误" in line for line in told] == [False, False, True, True, True]
    assert [word in line for word, line in zip(("lon", "project_type", "geometry"), told[2:], strict=True)] == [True] * 3
    expect(page.locator(".job-row .badge").first).to_contain_text("3")
    page.screenshot(path=artefacts / "batch.png", full_page=True)

    with page.expect_download() as started:
        page.locator(".job-row a[href*='format=xlsx']").first.click()
    started.value.save_as(tmp_path / "sites.xlsx")
    table = list(openpyxl.load_workbook(tmp_path / "sites.xlsx").active.iter_rows(values_only=True))
    assert [row[1] for row in table[1:]] == ["园区宿舍", "厂房", "无经度", "城堡", "县外"]
    assert [row[3] is not None for row in table[1:]] == [True, True, False, False, False]
    assert [row[7] for row in table[1:]] == [None, None, "lon", "project_type", "geometry"]

    page.get_by_role("button", name="En", exact=True).click()
    expect(page.locator("#page-title")).to_have_text("Many sites from a file")
    assert chinese_words(page, "#found .filters, #found thead") == []
    for size in (PHONE, DESKTOP):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert broken_rules(page) == []
    assert faults == []
