"""Calendar quarters, the periods of the 2007 Regulations, and the day by which each is to be disclosed. Pure."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from hub.errors import NotFound
from hub.words import months_before

_CODE = re.compile(r"(\d{4})-q([1-4])", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Quarter:
    """Three months of one year, from the first of January, April, July or October."""

    first_day: dt.date

    @classmethod
    def of(cls, day: dt.date) -> Quarter:
        """The quarter that a day lies in."""
        return cls(dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1))

    @classmethod
    def parse(cls, code: str) -> Quarter:
        """Read `2026-q3`, as addresses have it.

        Raises
        ------
        NotFound
            If it is no quarter.
        """
        found = _CODE.fullmatch(code)
        if not found or not dt.MINYEAR < int(found[1]) < dt.MAXYEAR:
            raise NotFound
        return cls(dt.date(int(found[1]), 3 * int(found[2]) - 2, 1))

    @property
    def code(self) -> str:
        """`2026-q3`."""
        return f"{self.first_day.year}-q{(self.first_day.month + 2) // 3}"

    @property
    def name(self) -> str:
        """`July to September 2026`."""
        return f"{self.first_day:%B} to {self.months[-1]:%B %Y}"

    @property
    def short_name(self) -> str:
        """`Jul–Sep 2026`."""
        return f"{self.first_day:%b}–{self.months[-1]:%b %Y}"

    @property
    def months(self) -> tuple[dt.date, dt.date, dt.date]:
        """The firsts of its months."""
        return self.first_day, months_before(self.first_day, -1), months_before(self.first_day, -2)

    @property
    def after(self) -> Quarter:
        """The next quarter."""
        return Quarter(months_before(self.first_day, -3))

    @property
    def before(self) -> Quarter:
        """The quarter before."""
        return Quarter(months_before(self.first_day, 3))

    @property
    def last_day(self) -> dt.date:
        """The last day of its last month."""
        return self.after.first_day - dt.timedelta(days=1)

    @property
    def due_on(self) -> dt.date:
        """The last day on which it may be disclosed: that of the next quarter, so 30 June for January to March."""
        return self.after.last_day


def newest_ended(today: dt.date) -> Quarter:
    """The quarter before the one that today lies in: the one now to be disclosed."""
    return Quarter.of(today).before


def last_ended(today: dt.date, count: int) -> list[Quarter]:
    """The newest quarters that are over, the newest first."""
    found = [newest_ended(today)]
    while len(found) < count:
        found.append(found[-1].before)
    return found
