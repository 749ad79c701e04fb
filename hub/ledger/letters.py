"""Whom to write to at each provider, and the reminder that an officer can send. Sends nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from hub import audit, db
from hub.access import Viewer
from hub.errors import BadRequest
from hub.ledger.entries import Entry, Status, entry, to_write
from hub.ledger.models import LiaisonOfficer
from hub.ledger.prescribed import Provider, shipped
from hub.ledger.quarters import Quarter
from hub.places.service import Area
from hub.words import date_name, plural

LONGEST_ORGANISATION, LONGEST_NAME, LONGEST_EMAIL = 200, 120, 254
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True)
class Liaison:
    """Whom to write to at one provider; empty where nobody is recorded."""

    provider: Provider
    organisation: str = ""
    name: str = ""
    email: str = ""


def liaison(viewer: Viewer, area: Area) -> list[Liaison]:
    """List whom to write to at each provider of a borough."""
    code = to_write(viewer, area)
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
    code = to_write(viewer, area)
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
    audit.record(viewer, "ledger.liaison_recorded", given.provider.value, boroughs=[code])


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
