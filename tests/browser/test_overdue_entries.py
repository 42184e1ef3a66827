"""An entry of the ledger that has become overdue since its edition was scored: its panel says the state of the day and of the edition."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from layers.catalog import load_catalog
from layers.store import edition_schema, engine_from_url, served_edition
from layers.tables import edition_table
from tests.browser.pages import OpenPage, answer, chinese_words, wait_for_map
from tests.conftest import serving

LATE, IN_TIME = "Z2026-9001", "Z2026-9002"
"""One entry whose deadline was yesterday, one whose deadline is tomorrow; the edition calls both open."""


@pytest.fixture(scope="module")
def office(atlas_database: str, home: Path) -> Iterator[str]:
    """Address of a server of the module's own, with the two entries in its edition."""
    engine, today = engine_from_url(atlas_database), date.today()
    with engine.begin() as connection:
        number = served_edition(connection)
        assert number is not None
        towns = sa.table("towns", sa.column("geom"), schema=edition_schema(number))
        asked = sa.select(sa.func.ST_AsText(sa.func.ST_PointOnSurface(towns.c.geom)), sa.func.ST_SRID(towns.c.geom)).limit(1)
        place, srid = connection.execute(asked).one()
        table = edition_table(load_catalog()["follow_ups"], srid, schema=edition_schema(number))
        for ref, days in ((LATE, -1), (IN_TIME, 1)):
            connection.execute(table.insert().values(
                feature_id=ref, ref=ref, kind="violation", state="open", judged_on=today - timedelta(days=30), subject_layer="enterprises", subject_name="甲厂", object_name="乙村", office="住建局",
                opened_on=today - timedelta(days=30), due_on=today + timedelta(days=days), accuracy_m=1.0, positioned="derived", source_id="follow_ups",
                geom=f"SRID={srid};{place}",
            ))  # fmt: skip
    engine.dispose()
    with serving(atlas_database, home) as address:
        yield address


def test_entry_that_became_overdue_says_the_state_of_today_beside_that_of_its_edition(new_page: OpenPage, office: str, faults: list[str]) -> None:
    page = new_page(office)
    page.goto(f"{office}/?f=follow_ups/{LATE}")
    wait_for_map(page)
    said = page.locator("#entry-today")
    expect(said).to_contain_text("逾期 1 天")
    expect(said).to_contain_text("记为“整改中”")
    expect(said).to_contain_text("管控状态和等级按那一天计算")
    subject = page.locator("table.attributes tr", has=page.get_by_role("rowheader", name="风险源图层")).get_by_role("cell")
    expect(subject).to_have_text("企业")  # a layer is told by its title
    page.get_by_role("button", name="En", exact=True).click()
    expect(said).to_contain_text("1 days overdue")
    expect(said).to_contain_text("The state of control and the level follow from that day")
    assert chinese_words(page, "#entry-today") == []
    assert faults == []


def test_entry_in_time_has_one_state_and_no_notice(new_page: OpenPage, office: str) -> None:
    page = new_page(office)
    page.goto(f"{office}/?f=follow_ups/{IN_TIME}")
    wait_for_map(page)
    expect(page.locator("#entry-today")).to_contain_text("整改中")
    expect(page.locator("#entry-today .notice")).to_have_count(0)


def test_state_of_today_is_told_of_entries_of_the_ledger_alone(office: str) -> None:
    late = answer(office, f"/api/features/follow_ups/{LATE}")["properties"]
    assert late["state"] == "open" and late["state_today"] == {"state": "overdue", "days_over": 1, "on": date.today().isoformat()}
    assert answer(office, "/api/features/fire_stations/XF01")["properties"]["state_today"] is None
