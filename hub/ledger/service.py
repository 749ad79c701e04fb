"""The statutory ledger: what each provider must disclose for each quarter, what has come, and what an officer can do.

What has come is read from the versions that were loaded; nothing here loads data, and nothing here sends a letter.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.db import HubSession
from hub.errors import BadRequest, NotAllowed, NotFound
from hub.ledger.models import LiaisonOfficer, NotHeld, PrescribedCorrection
from hub.ledger.prescribed import Item, Provider, shipped
from hub.ledger.quarters import Quarter, last_ended
from hub.places import service as places
from hub.places.service import Area
from hub.uploads import figures, kinds
from hub.words import LONDON, date_name, listed, plural

QUARTERS_SHOWN = 4
QUARTERS_KEPT = 12
"""How far back a quarter can be asked for."""
LONGEST_REASON, LONGEST_ORGANISATION, LONGEST_NAME, LONGEST_EMAIL, LONGEST_SOURCE = 500, 200, 120, 254, 500
LONGEST_WORDS = {"title": 200, "fields": 500, "to_verify": 500}
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


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


# --- The ledger ------------------------------------------------------------------------------------------------------


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


# --- Not held --------------------------------------------------------------------------------------------------------


def say_not_held(viewer: Viewer, area: Area, key: str, quarter: Quarter, reason: str, today: dt.date) -> None:
    """Record that a provider holds nothing of a dataset for a quarter, and why that is known."""
    code = _to_write(viewer, area)
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
    audit.record(viewer, "ledger.not_held", key, borough=code, quarter=quarter.code)


def take_back_not_held(viewer: Viewer, area: Area, key: str, quarter: Quarter) -> None:
    """Take back that nothing is held: the dataset is due again."""
    code = _to_write(viewer, area)
    db.lock(viewer.session, f"ledger:{code}")
    row = _not_held(viewer.session, code, key, quarter)
    if row is not None:
        viewer.session.delete(row)
        viewer.session.flush()
        audit.record(viewer, "ledger.held", key, borough=code, quarter=quarter.code)


def _not_held(session: HubSession, code: str, key: str, quarter: Quarter) -> NotHeld | None:
    return session.scalar(
        select(NotHeld).where(NotHeld.borough_code == code, NotHeld.item == key, NotHeld.quarter == quarter.first_day)
    )


def _to_write(viewer: Viewer, area: Area) -> str:
    """Find the one borough that an area is, where the viewer may write."""
    viewer.require(Permission.AGREEMENT_WRITE, area.borough_codes)
    [code] = area.borough_codes
    return code


# --- Liaison officers and reminders ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Liaison:
    """Whom to write to at one provider; empty where nobody is recorded."""

    provider: Provider
    organisation: str = ""
    name: str = ""
    email: str = ""


def liaison(viewer: Viewer, area: Area) -> list[Liaison]:
    """List whom to write to at each provider of a borough."""
    code = _to_write(viewer, area)
    found = viewer.session.scalars(select(LiaisonOfficer).where(LiaisonOfficer.borough_code == code))
    rows = {row.provider: row for row in found}
    return [
        Liaison(provider, rows[provider].organisation, rows[provider].name, rows[provider].email)
        if provider in rows
        else Liaison(provider)
        for provider in Provider
    ]


def liaison_faults(given: Liaison) -> dict[str, str]:
    """Say what is wrong with what was typed of a liaison officer, by field."""
    found = {}
    if not 1 <= len(given.organisation) <= LONGEST_ORGANISATION:
        found["organisation"] = "Enter the name of the organisation"
    if not 1 <= len(given.name) <= LONGEST_NAME:
        found["name"] = "Enter the name of the liaison officer, or of the post"
    if len(given.email) > LONGEST_EMAIL or not _EMAIL.fullmatch(given.email):
        found["email"] = "Enter an e-mail address, such as name@council.gov.uk"
    return found


def record_liaison(viewer: Viewer, area: Area, given: Liaison) -> None:
    """Record whom to write to at one provider of a borough.

    Raises
    ------
    BadRequest
        Naming what is wrong with it.
    """
    code = _to_write(viewer, area)
    if found := liaison_faults(given):
        raise BadRequest("The liaison officer cannot be kept so.", remedy=". ".join(found.values()) + ".")
    db.lock(viewer.session, f"ledger:{code}")
    row = viewer.session.scalar(
        select(LiaisonOfficer).where(
            LiaisonOfficer.borough_code == code, LiaisonOfficer.provider == given.provider.value
        )
    )
    if row is None:
        row = LiaisonOfficer(borough_code=code, provider=given.provider.value)
        viewer.session.add(row)
    row.organisation, row.name, row.email = given.organisation, given.name, given.email
    row.recorded_at = dt.datetime.now(dt.UTC)
    viewer.session.flush()
    audit.record(viewer, "ledger.liaison_recorded", given.provider.value, borough=code)


@dataclass(frozen=True)
class Letter:
    """A reminder, for an officer to send."""

    to: Liaison
    date: dt.date
    subject: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it, to copy."""
        return "\n\n".join(self.paragraphs)


def reminder(viewer: Viewer, area: Area, key: str, quarter: Quarter, today: dt.date) -> Letter:
    """Write a reminder of one dataset of one quarter, to the provider's liaison officer.

    Raises
    ------
    BadRequest
        If there is nothing to remind of.
    """
    found = entry(viewer, area, key, quarter, today)
    to = next(each for each in liaison(viewer, area) if each.provider is found.item.provider)
    if not found.is_open:
        raise BadRequest(
            f"{found.item.title} for {quarter.name} is {found.status}, so there is nothing to remind of.",
            remedy="Go back to the ledger.",
        )
    return Letter(
        to=to,
        date=today,
        subject=f"{found.item.title}, {quarter.name}: disclosure under section 17A",
        paragraphs=tuple(_paragraphs(viewer, area, found, to)),
    )


def _paragraphs(viewer: Viewer, area: Area, entry: Entry, to: Liaison) -> Iterator[str]:
    law = shipped()
    quarter, item = entry.quarter, entry.item
    organisation = to.organisation or "your organisation"
    yield f"Dear {to.name or 'designated liaison officer'},"
    yield (
        f"By section 17A of the Crime and Disorder Act 1998 and {law.regulation[0].lower()}{law.regulation[1:]}, "
        f"{organisation} is to disclose to the responsible authorities of {area.name}, for each calendar quarter: "
        f"{item.title[0].lower()}{item.title[1:]} ({item.fields})."
    )
    yield (
        "The information is to be disclosed in electronic form and depersonalised, no later than the end of the "
        f"quarter that follows. For {quarter.name} that {'was' if entry.status is Status.LATE else 'is'} "
        f"{date_name(quarter.due_on)}."
    )
    if entry.months_received:
        yield f"So far we hold {plural(entry.months_received, 'month')} of the three."
    else:
        yield "So far we hold none of it."
    yield (
        "Please send it, or tell us when it will come. If you hold no such information for this quarter, please say "
        "so, and we shall record that. If you have sent it already, please tell us when and to whom."
    )
    yield f"{viewer.name}\nfor the {area.name} community safety partnership"


# --- What is prescribed ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Correction:
    """One time that an item was put right."""

    by: str
    at: dt.datetime
    source: str


def items(session: HubSession) -> list[Item]:
    """List the prescribed datasets, as shipped and then put right."""
    newest: dict[str, PrescribedCorrection] = {
        row.item: row for row in session.scalars(select(PrescribedCorrection).order_by(PrescribedCorrection.id))
    }
    return [
        item.corrected(newest[item.key].changes, newest[item.key].source) if item.key in newest else item
        for item in shipped().items
    ]


def item(viewer: Viewer, key: str) -> Item:
    """Find a prescribed dataset."""
    for found in items(viewer.session):
        if found.key == key:
            return found
    raise NotFound


def corrections(viewer: Viewer, key: str) -> list[Correction]:
    """List who put an item right, the latest first."""
    rows = viewer.session.scalars(
        select(PrescribedCorrection).where(PrescribedCorrection.item == key).order_by(PrescribedCorrection.id.desc())
    ).all()
    names = accounts.names(viewer.session, {row.corrected_by for row in rows})
    return [Correction(names[row.corrected_by], row.corrected_at, row.source) for row in rows]


@dataclass(frozen=True)
class ItemChanges:
    """An item as an administrator would have it."""

    title: str
    fields: str
    counted_by: tuple[str, ...]
    to_verify: str
    is_prescribed: bool
    source: str


def correction_faults(session: HubSession, changes: ItemChanges) -> dict[str, str]:
    """Say what is wrong with a correction, by field."""
    found = {}
    for field in ("title", "fields"):
        if not getattr(changes, field):
            found[field] = "Say what it is"
    for field, longest in LONGEST_WORDS.items():
        if len(getattr(changes, field)) > longest:
            found[field] = f"Use at most {longest} characters"
    if unknown := set(changes.counted_by) - set(kinds.catalogue(session)):
        found["counted_by"] = f"There is no dataset {listed(sorted(unknown))}"
    if not 1 <= len(changes.source) <= LONGEST_SOURCE:
        found["source"] = f"Say where you found it, in 1 to {LONGEST_SOURCE} characters"
    return found


def correct(viewer: Viewer, key: str, changes: ItemChanges) -> None:
    """Put a prescribed dataset right, for the whole city; what it said before is kept.

    Raises
    ------
    NotAllowed
        If the viewer does not administer the whole city.
    BadRequest
        Naming what is wrong with it.
    """
    item(viewer, key)
    refuse_unless_citywide(viewer)
    if found := correction_faults(viewer.session, changes):
        raise BadRequest("The correction cannot be kept so.", remedy=". ".join(found.values()) + ".")
    viewer.session.add(
        PrescribedCorrection(
            item=key,
            changes={
                "title": changes.title,
                "fields": changes.fields,
                "counted_by": list(changes.counted_by),
                "to_verify": changes.to_verify,
                "is_prescribed": changes.is_prescribed,
            },
            source=changes.source,
            corrected_by=viewer.person_id,
            corrected_at=dt.datetime.now(dt.UTC),
        )
    )
    viewer.session.flush()
    audit.record(viewer, "prescribed.corrected", key, counted_by=list(changes.counted_by), source=changes.source)


def may_correct(viewer: Viewer) -> bool:
    """Whether the viewer administers the whole city, for which the list is one."""
    return viewer.may(Permission.PRESCRIBED_WRITE, places.every_borough(viewer.session))


def refuse_unless_citywide(viewer: Viewer) -> None:
    """Refuse who does not administer the whole city."""
    if not may_correct(viewer):
        raise NotAllowed(
            "What is prescribed is one list for every borough.", remedy="Ask an administrator of the whole city."
        )
