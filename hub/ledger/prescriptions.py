"""What the regulations prescribe, as shipped and then put right by administrators, for the whole city.

What an item said before is kept.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select

from hub import audit
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.db import HubSession
from hub.errors import BadRequest, NotAllowed, NotFound
from hub.ledger.models import PrescribedCorrection
from hub.ledger.prescribed import Item, shipped
from hub.places import service as places
from hub.uploads import kinds
from hub.words import listed

LONGEST_SOURCE = 500
LONGEST_WORDS = {"title": 200, "fields": 500, "to_verify": 500}


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
