"""Working days: the published holiday calendar of the jurisdiction, corrected by the office's own days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import holidays
import sqlalchemy as sa

from app import queries
from app.errors import RequestError
from app.texts import Text

MOST_DAYS = 250


@dataclass(frozen=True)
class WorkingDays:
    """A calendar; `own` are days on which the office departs from what is published (true: it works)."""

    country: str = "CN"
    own: Mapping[date, bool] = field(default_factory=dict)

    def is_working(self, day: date) -> bool:
        """Whether the office works on a day.

        >>> calendar = WorkingDays("CN")
        >>> calendar.is_working(date(2026, 2, 14)), calendar.is_working(date(2026, 2, 16))  # a Saturday made up for
        (True, False)
        """
        if day in self.own:
            return self.own[day]
        return bool(_published(self.country, day.year).is_working_day(day))

    def after(self, day: date, n_days: int) -> date:
        """The `n_days`-th working day after a day, which does not count itself.

        >>> WorkingDays("CN").after(date(2026, 11, 20), 20)
        datetime.date(2026, 12, 18)
        """
        if not 1 <= n_days <= MOST_DAYS:
            raise RequestError("n_days", Text("应为 1 至 {most}", most=MOST_DAYS))
        left = n_days
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return day

    def is_arranged(self, year: int) -> bool:
        """Whether the year's exchanged days are known: they are published late in the year before (China only).

        >>> WorkingDays("CN").is_arranged(2026), WorkingDays("CN").is_arranged(2090)
        (True, False)
        """
        if self.country != "CN":
            return True
        return any(day.year == year for day in _published(self.country, year).weekend_workdays)


_CALENDARS: dict[tuple[str, int], Any] = {}


def _published(country: str, year: int) -> Any:
    """The published calendar of one year; kept, since making it takes milliseconds."""
    if (country, year) not in _CALENDARS:
        _CALENDARS[country, year] = holidays.country_holidays(country, years=year, expand=False)
    return _CALENDARS[country, year]


def office_calendar(connection: sa.Connection, country: str) -> WorkingDays:
    """The calendar with the days that the office entered itself."""
    rows = queries.run(connection, "calendar_days")
    return WorkingDays(country, {row.day: row.is_working for row in rows})
