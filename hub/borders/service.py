"""Bands along borders: published for the neighbours, read by them, withdrawn with the data that they came from.

What is published says no more than one of three words for a place. It never reads the figures themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select

from hub import audit, db
from hub.access import Permission, Viewer
from hub.borders.bands import Band
from hub.borders.models import BorderBand, BorderChoice
from hub.db import HubSession, Scope
from hub.places import service as places

STRIP_METRES = 1000
"""How far from the border places are spoken of."""


@dataclass(frozen=True)
class Said:
    """What a borough says of one place near a border."""

    source_code: str
    units: str
    category: str
    unit: str
    band: Band
    first_month: dt.date
    last_month: dt.date


def neighbours(session: HubSession, borough_code: str) -> list[str]:
    """List the boroughs that adjoin one."""
    outlines = places.borough_outlines(session)
    near = outlines.index[outlines.dwithin(outlines.geometry[borough_code], 1.0)]
    return sorted(set(near) - {borough_code})


def is_publishing(session: HubSession, borough_code: str) -> bool:
    """Whether a borough lets its neighbours read its bands, as those of the borough may know."""
    newest = select(BorderChoice.publishes).where(BorderChoice.borough_code == borough_code)
    chosen = session.scalar(newest.order_by(BorderChoice.id.desc()).limit(1))
    return chosen is not False


def choose(viewer: Viewer, borough_code: str, *, publishes: bool) -> None:
    """Publish bands from the next commit on, or withdraw them now and publish none."""
    viewer.require(Permission.SHARE_DECIDE, [borough_code])
    db.lock(viewer.session, f"borders:{borough_code}")
    if is_publishing(viewer.session, borough_code) is publishes:
        return
    viewer.session.add(
        BorderChoice(
            borough_code=borough_code,
            publishes=publishes,
            chosen_by=viewer.person_id,
            chosen_at=dt.datetime.now(dt.UTC),
        )
    )
    viewer.session.flush()
    audit.record(viewer, "bands.chosen", borough_code, boroughs=[borough_code], publishes=publishes)
    if not publishes:
        withdraw(viewer, [borough_code])


def publish(session: HubSession, borough_code: str, said: Mapping[str, Sequence[Said]]) -> int:
    """Replace all that a borough says to its neighbours; `said` is by neighbour. Returns how many words that are.

    The session must see every borough, on the record: it is the one write that crosses the border.
    """
    db.lock(session, f"borders:{borough_code}")
    session.execute(delete(BorderBand).where(BorderBand.source_code == borough_code))
    if not is_publishing(session, borough_code):
        return 0
    rows = [BorderBand(borough_code=neighbour, **vars(one)) for neighbour, each in said.items() for one in each]
    session.add_all(rows)
    session.flush()
    return len(rows)


def withdraw(viewer: Viewer, borough_codes: Collection[str]) -> None:
    """Take back all that some boroughs say to their neighbours: the data it came from is not what is live."""
    session = viewer.session
    # The words stand behind the neighbours' fence. They are counted and deleted, and none is read.
    with session.scoped(Scope(places.every_borough(session), session.scope.areas)):
        is_theirs = BorderBand.source_code.in_(borough_codes)
        gone = session.scalar(select(func.count()).select_from(BorderBand).where(is_theirs))
        session.execute(delete(BorderBand).where(is_theirs))
    if gone:
        audit.record(viewer, "bands.withdrawn", boroughs=borough_codes, words=gone)


def read(viewer: Viewer, borough_codes: Collection[str], units: str, category: str) -> list[Said]:
    """Read what the neighbours of some boroughs say to all of them of one category, each place once.

    Somebody who sees the neighbour itself has its figures, and is told no words of it.
    """
    viewer.require(Permission.OVERLAY_READ, borough_codes)
    rows = viewer.session.scalars(
        select(BorderBand)
        .where(
            BorderBand.borough_code.in_(borough_codes),
            BorderBand.source_code.not_in(borough_codes),
            BorderBand.units == units,
            BorderBand.category == category,
        )
        .order_by(BorderBand.source_code, BorderBand.unit)
    )
    found = {
        row.unit: Said(row.source_code, row.units, row.category, row.unit, row.band, row.first_month, row.last_month)
        for row in rows
    }
    return list(found.values())
