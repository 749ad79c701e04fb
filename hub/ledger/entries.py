"""What each provider must disclose to a borough for each quarter, and what has come: received, late, due or not held.

What has come is read from the versions that were loaded; nothing here loads data.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.db import HubSession
from hub.errors import BadRequest, NotFound
from hub.ledger.models import NotHeld
from hub.ledger.prescribed import Item, Provider
from hub.ledger.prescriptions import items
from hub.ledger.quarters import Quarter, last_ended
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures
from hub.words import LONDON

QUARTERS_SHOWN = 4
QUARTERS_KEPT = 12
"""How far back a quarter can be asked for."""
LONGEST_REASON = 500


class Status(StrEnum):
    """How one provider's dataset stands for one quarter."""

    RECEIVED = "received"
    RECEIVED_LATE = "received late"
    DUE = "due"
    LATE = "late"
    NOT_HELD = "not held"


@dataclass(frozen=True)
class Entry:
    """One prescribed dataset of one quarter in one borough."""

    item: Item
    quarter: Quarter
    status: Status
    days: int
    """Until it is due, where it is due; since it was due, where it is late; between both days, where it came late."""
    received_on: dt.date | None
    months_received: int
    """How many of the three."""
    reason: str
    said_by: str
    said_on: dt.date | None

    @property
    def is_open(self) -> bool:
        """Whether it is still to come."""
        return self.status in {Status.DUE, Status.LATE}

    @property
    def is_received(self) -> bool:
        """Whether it has come, in time or not."""
        return self.status in {Status.RECEIVED, Status.RECEIVED_LATE}


@dataclass(frozen=True)
class Row:
    """One prescribed dataset over several quarters."""

    item: Item
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Ledger:
    """What is due to one borough."""

    borough_code: str
    borough: str
    quarters: tuple[Quarter, ...]
    """The newest first."""
    rows: tuple[Row, ...]

    def of(self, quarter: Quarter) -> list[Entry]:
        """The entries of one quarter."""
        return [entry for row in self.rows for entry in row.entries if entry.quarter == quarter]

    @property
    def late(self) -> list[Entry]:
        """What is late, the newest quarter first, and in it what the council itself owes."""
        late = [entry for row in self.rows for entry in row.entries if entry.status is Status.LATE]
        return sorted(late, key=lambda entry: (-entry.quarter.first_day.toordinal(), not is_own(entry)))

    def count(self, status: Status) -> int:
        """How many entries stand so, over all the quarters."""
        return sum(entry.status == status for row in self.rows for entry in row.entries)


def is_own(entry: Entry) -> bool:
    """Whether the council must disclose it: the officer's own house."""
    return entry.item.provider is Provider.COUNCIL


def ledger(viewer: Viewer, area: Area, today: dt.date) -> Ledger:
    """Show what is due to one borough for the newest quarters that are over."""
    viewer.require(Permission.AGREEMENT_READ, area.borough_codes)
    return _ledgers(viewer, area.borough_codes, last_ended(today, QUARTERS_SHOWN), today)[0]


def ledgers(viewer: Viewer, today: dt.date) -> list[Ledger]:
    """Show what is due to each borough that the viewer may read the ledger of."""
    return _ledgers(viewer, viewer.boroughs(Permission.AGREEMENT_READ), last_ended(today, QUARTERS_SHOWN), today)


def entry(viewer: Viewer, area: Area, key: str, quarter: Quarter, today: dt.date) -> Entry:
    """Show one prescribed dataset of one quarter.

    Raises
    ------
    NotFound
        If there is no such dataset, or the quarter is not over or too long ago.
    """
    viewer.require(Permission.AGREEMENT_READ, area.borough_codes)
    if quarter not in last_ended(today, QUARTERS_KEPT):
        raise NotFound
    for found in _ledgers(viewer, area.borough_codes, [quarter], today)[0].of(quarter):
        if found.item.key == key:
            return found
    raise NotFound


def _ledgers(
    viewer: Viewer, borough_codes: Collection[str], quarters: Sequence[Quarter], today: dt.date
) -> list[Ledger]:
    due = [item for item in items(viewer.session) if item.is_prescribed]
    datasets = {key for item in due for key in item.counted_by}
    loads = figures.first_loads(viewer, borough_codes, datasets, since=min(quarters).first_day)
    said = list(
        viewer.session.scalars(
            select(NotHeld).where(NotHeld.borough_code.in_(borough_codes), NotHeld.quarter >= min(quarters).first_day)
        )
    )
    names = accounts.names(viewer.session, {row.said_by for row in said})
    not_held = {(row.borough_code, row.item, row.quarter): row for row in said}

    def stand(code: str, item: Item, quarter: Quarter) -> Entry:
        row = not_held.get((code, item.key, quarter.first_day))
        arrivals = [
            [loads[code, dataset, month] for month in quarter.months if (code, dataset, month) in loads]
            for dataset in item.counted_by
        ]
        return _entry(item, quarter, arrivals, row, names[row.said_by] if row else "", today)

    return [
        Ledger(
            borough.code,
            borough.name,
            tuple(quarters),
            tuple(Row(item, tuple(stand(borough.code, item, quarter) for quarter in quarters)) for item in due),
        )
        for borough in places.boroughs(viewer.session, borough_codes)
    ]


def _entry(
    item: Item,
    quarter: Quarter,
    arrivals: Sequence[Sequence[dt.datetime]],
    row: NotHeld | None,
    said_by: str,
    today: dt.date,
) -> Entry:
    """Judge one entry; `arrivals` are, for each dataset that counts, when each of its months first came."""
    whole = [_london_day(max(months)) for months in arrivals if len(months) == len(quarter.months)]
    received_on = min(whole, default=None)
    if received_on is not None:
        status = Status.RECEIVED if received_on <= quarter.due_on else Status.RECEIVED_LATE
        days = max(0, (received_on - quarter.due_on).days)
    elif row is not None:
        status, days = Status.NOT_HELD, 0
    else:
        days = (quarter.due_on - today).days
        status, days = (Status.DUE, days) if days >= 0 else (Status.LATE, -days)
    return Entry(
        item=item,
        quarter=quarter,
        status=status,
        days=days,
        received_on=received_on,
        months_received=max(map(len, arrivals), default=0),
        reason=row.reason if row else "",
        said_by=said_by,
        said_on=_london_day(row.said_at) if row else None,
    )


def _london_day(instant: dt.datetime) -> dt.date:
    return instant.astimezone(LONDON).date()


def say_not_held(viewer: Viewer, area: Area, key: str, quarter: Quarter, reason: str, today: dt.date) -> None:
    """Record that a provider holds nothing of a dataset for a quarter, and why that is known."""
    code = to_write(viewer, area)
    entry(viewer, area, key, quarter, today)
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise BadRequest(
            "It was not said how you know that nothing is held.",
            remedy=f"Say who told you, and when, in 1 to {LONGEST_REASON} characters.",
        )
    db.lock(viewer.session, f"ledger:{code}")
    row = _not_held(viewer.session, code, key, quarter)
    if row is None:
        row = NotHeld(borough_code=code, item=key, quarter=quarter.first_day)
        viewer.session.add(row)
    row.reason, row.said_by, row.said_at = reason, viewer.person_id, dt.datetime.now(dt.UTC)
    viewer.session.flush()
    audit.record(viewer, "ledger.not_held", key, boroughs=[code], quarter=quarter.code)


def take_back_not_held(viewer: Viewer, area: Area, key: str, quarter: Quarter) -> None:
    """Take back that nothing is held: the dataset is due again."""
    code = to_write(viewer, area)
    db.lock(viewer.session, f"ledger:{code}")
    row = _not_held(viewer.session, code, key, quarter)
    if row is not None:
        viewer.session.delete(row)
        viewer.session.flush()
        audit.record(viewer, "ledger.held", key, boroughs=[code], quarter=quarter.code)


def _not_held(session: HubSession, code: str, key: str, quarter: Quarter) -> NotHeld | None:
    return session.scalar(
        select(NotHeld).where(NotHeld.borough_code == code, NotHeld.item == key, NotHeld.quarter == quarter.first_day)
    )


def to_write(viewer: Viewer, area: Area) -> str:
    """Find the one borough that an area is, where the viewer may write."""
    viewer.require(Permission.AGREEMENT_WRITE, area.borough_codes)
    [code] = area.borough_codes
    return code
