"""Shares: asked for by somebody of one area, granted or refused by the owning borough, ended by either or by the day.

A share is one overlay of one borough for one person. It gives no row, no zone and no other page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import geopandas as gpd
from sqlalchemy import select

from hub import audit, db
from hub.access import GRANTED, Grant, Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.db import Database
from hub.errors import BadRequest, Conflict, HubError, NotAllowed, NotFound
from hub.hotspots import service as hotspots
from hub.hotspots.layers import Show
from hub.hotspots.overlays import Overlay
from hub.hotspots.scoring import Method
from hub.places import service as places
from hub.places.service import Area
from hub.purposes import Purpose
from hub.sharing import crossing
from hub.sharing.models import BorderShare, Side
from hub.sharing.standing import Standing, longest_until, standing
from hub.words import LONDON, date_name

LONGEST_WORDS = 500
ASKED_FOR = tuple(show for show in Show if show.method is not Method.AGENCIES)
"""What can be shared: one dataset's figures, never two set beside each other."""


def today() -> dt.date:
    """The day it is in London, at whose end grants end."""
    return dt.datetime.now(LONDON).date()


@dataclass(frozen=True)
class Wanted:
    """What somebody asks a borough to share."""

    owner_code: str
    show: Show
    category: str
    dataset: str | None
    first_month: dt.date
    last_month: dt.date
    purpose: str
    until: dt.date


@dataclass(frozen=True)
class ShareView:
    """One share, as pages show it."""

    id: UUID
    standing: Standing
    wanted: Wanted
    owner: str
    asking: str
    asking_codes: frozenset[str]
    asked_by: UUID
    asker: str
    asked_role: Role
    asked_at: dt.datetime
    decided_at: dt.datetime | None
    decider: str
    granted_until: dt.date | None
    may_download: bool
    words: str
    ended_at: dt.datetime | None
    ender: str
    ended_because: str
    is_own: bool
    """Whether the viewer asked for it."""
    may_decide: bool
    may_end: bool


# --- See -------------------------------------------------------------------------------------------------------------


def shares(viewer: Viewer, on: dt.date) -> list[ShareView]:
    """List what was asked of the viewer's boroughs and by their areas, the newest first."""
    rows = viewer.session.scalars(select(BorderShare).order_by(BorderShare.asked_at.desc(), BorderShare.side))
    seen: dict[UUID, BorderShare] = {}
    for row in rows:
        if _may_read(viewer, row):
            seen.setdefault(row.share_id, row)
    return _views(viewer, seen.values(), on)


def share(viewer: Viewer, share_id: UUID, on: dt.date) -> ShareView:
    """Show one share.

    Raises
    ------
    NotFound
        If there is none, or neither side of it is the viewer's.
    """
    return _views(viewer, [_row(viewer, share_id)], on)[0]


def neighbours(viewer: Viewer, area: Area) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """List the boroughs that can be asked, by code and name: those next to the area, and all others."""
    outlines = places.borough_outlines(viewer.session)
    own = outlines[outlines.index.isin(area.borough_codes)].union_all()
    outside = outlines[~outlines.index.isin(viewer.boroughs())].sort_values("borough_name")
    is_next = outside.dwithin(own, 1.0)
    beside, others = outside[is_next], outside[~is_next]
    return _as_choices(beside), _as_choices(others)


def _as_choices(outlines: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    return [(str(code), str(name)) for code, name in outlines["borough_name"].items()]


def _views(viewer: Viewer, rows: Iterable[BorderShare], on: dt.date) -> list[ShareView]:
    rows = list(rows)
    boroughs = {borough.code: borough.name for borough in places.boroughs(viewer.session)}
    people = {one for row in rows for one in (row.asked_by, row.decided_by, row.ended_by) if one}
    names = accounts.names(viewer.session, people)
    grants = {one: accounts.grants_of(viewer.session, one, on) for one in {row.asked_by for row in rows}}
    return [_view(viewer, row, boroughs[row.owner_code], names, grants[row.asked_by], on) for row in rows]


def _view(
    viewer: Viewer, row: BorderShare, owner: str, names: Mapping[UUID, str], grants: Iterable[Grant], on: dt.date
) -> ShareView:
    codes = frozenset(row.asking_key.split("+"))
    stands = standing(row, on, holds_role=holds(grants, row.asked_role, codes))
    is_own, may_decide = row.asked_by == viewer.person_id, viewer.may(Permission.SHARE_DECIDE, [row.owner_code])
    return ShareView(
        id=row.share_id,
        standing=stands,
        wanted=Wanted(
            row.owner_code,
            Show(row.show),
            row.category,
            row.dataset,
            row.first_month,
            row.last_month,
            row.purpose,
            row.wanted_until,
        ),
        owner=owner,
        asking=row.asking_name,
        asking_codes=codes,
        asked_by=row.asked_by,
        asker=names[row.asked_by],
        asked_role=row.asked_role,
        asked_at=row.asked_at,
        decided_at=row.decided_at,
        decider=names[row.decided_by] if row.decided_by else "",
        granted_until=row.granted_until,
        may_download=row.may_download,
        words=row.words,
        ended_at=row.ended_at,
        ender=names[row.ended_by] if row.ended_by else "",
        ended_because=row.ended_because,
        is_own=is_own,
        may_decide=may_decide and stands is Standing.ASKED,
        may_end=(is_own or may_decide) and stands in {Standing.ASKED, Standing.GRANTED},
    )


def holds(grants: Iterable[Grant], role: Role, borough_codes: frozenset[str]) -> bool:
    """Whether a role is held in all of some boroughs."""
    held: frozenset[str] = frozenset().union(*(grant.boroughs for grant in grants if grant.role is role))
    return bool(borough_codes) and borough_codes <= held


# --- Ask, decide, end ------------------------------------------------------------------------------------------------


def ask(viewer: Viewer, area: Area, wanted: Wanted) -> UUID:
    """Ask a borough that the viewer cannot see to share one overlay with them.

    Raises
    ------
    BadRequest
        If it is not said what for, until when, or of whom, so that somebody could decide it.
    """
    viewer.require(Permission.SHARE_ASK, area.borough_codes)
    role = _asking_role(viewer, area)
    _refuse_faulty(viewer, wanted)
    share_id, now = uuid4(), dt.datetime.now(dt.UTC)
    for side, key in ((Side.ASKING, area.key), (Side.OWNING, wanted.owner_code)):
        with crossing.at_side(viewer.session, key):
            viewer.session.add(
                BorderShare(
                    share_id=share_id,
                    side=side,
                    area_key=key,
                    asked_by=viewer.person_id,
                    asked_role=role,
                    asking_key=area.key,
                    asking_name=area.name,
                    owner_code=wanted.owner_code,
                    asked_at=now,
                    show=wanted.show.value,
                    category=wanted.category,
                    dataset=wanted.dataset,
                    first_month=wanted.first_month,
                    last_month=wanted.last_month,
                    purpose=" ".join(wanted.purpose.split()),
                    wanted_until=wanted.until,
                )
            )
    _record(viewer, "share.asked", share_id, area.borough_codes, wanted.owner_code, show=wanted.show)
    return share_id


def grant(viewer: Viewer, share_id: UUID, *, until: dt.date, may_download: bool, conditions: str) -> None:
    """Let the asker look at what they asked for, until the end of a day no later than they asked.

    Raises
    ------
    BadRequest
        If the day will not do, or the conditions are too long.
    Conflict
        If it has been decided or has ended meanwhile.
    """
    row = _to_decide(viewer, share_id)
    if not today() <= until <= row.wanted_until:
        raise BadRequest(
            "The last day is not within what was asked.",
            remedy=f"Choose a day from today to {date_name(row.wanted_until)}.",
        )
    words = _words(conditions, "conditions")

    def change(each: BorderShare) -> None:
        each.granted_until, each.may_download, each.words = until, may_download, words
        each.decided_at, each.decided_by = dt.datetime.now(dt.UTC), viewer.person_id

    _change(viewer, row, change)
    _record_row(viewer, "share.granted", row, until=until, may_download=may_download)


def refuse(viewer: Viewer, share_id: UUID, *, reason: str) -> None:
    """Refuse what was asked, saying why.

    Raises
    ------
    BadRequest
        If no reason is given.
    Conflict
        If it has been decided or has ended meanwhile.
    """
    row = _to_decide(viewer, share_id)
    words = _words(reason, "reason", is_needed=True)

    def change(each: BorderShare) -> None:
        each.words = words
        each.decided_at, each.decided_by = dt.datetime.now(dt.UTC), viewer.person_id

    _change(viewer, row, change)
    _record_row(viewer, "share.refused", row)


def end(viewer: Viewer, share_id: UUID, *, because: str) -> None:
    """End a share now, or take back what was asked: from the next request on it cannot be opened.

    Raises
    ------
    NotFound
        If the viewer neither asked for it nor decides for the owning borough.
    Conflict
        If it is over already.
    """
    row = _locked(viewer, share_id)
    if row.asked_by != viewer.person_id and not viewer.may(Permission.SHARE_DECIDE, [row.owner_code]):
        raise NotFound
    if not share(viewer, share_id, today()).may_end:
        raise Conflict("This is over already.", remedy="Look at how it stands now.")
    words = _words(because, "reason", is_needed=True)

    def change(each: BorderShare) -> None:
        each.ended_at, each.ended_by, each.ended_because = dt.datetime.now(dt.UTC), viewer.person_id, words

    _change(viewer, row, change)
    _record_row(viewer, "share.ended", row)


def _asking_role(viewer: Viewer, area: Area) -> Role:
    """The role that lets the viewer ask for this area; it must cover all of it."""
    for role in sorted(viewer.roles):
        if Permission.SHARE_ASK in GRANTED[role] and holds(viewer.grants, role, area.borough_codes):
            return role
    raise NotAllowed(f"No one role of yours covers {area.name}.", remedy="Ask for one of its boroughs.")


def _refuse_faulty(viewer: Viewer, wanted: Wanted) -> None:
    outside = places.every_borough(viewer.session) - viewer.boroughs()
    if wanted.owner_code not in outside:
        raise BadRequest("That borough cannot be asked.", remedy="Choose a borough that you do not see already.")
    if wanted.show not in ASKED_FOR:
        raise BadRequest("That map cannot be shared.", remedy="Choose another.")
    if wanted.first_month > wanted.last_month:
        raise BadRequest("The first month is after the last.", remedy="Turn the two around.")
    if not today() <= wanted.until <= longest_until(today()):
        raise BadRequest(
            "The last day is not within the next 12 months.",
            remedy=f"Choose a day from today to {date_name(longest_until(today()))}.",
        )
    _words(wanted.purpose, "purpose", is_needed=True)


def _words(written: str, what: str, *, is_needed: bool = False) -> str:
    words = " ".join(written.split())
    if (is_needed and not words) or len(words) > LONGEST_WORDS:
        raise BadRequest(
            f"The {what} has {len(words)} characters." if words else f"The {what} is missing.",
            remedy=f"Write 1 to {LONGEST_WORDS} characters.",
        )
    return words


def _to_decide(viewer: Viewer, share_id: UUID) -> BorderShare:
    row = _locked(viewer, share_id)
    viewer.require(Permission.SHARE_DECIDE, [row.owner_code])
    if not share(viewer, share_id, today()).may_decide:
        raise Conflict("This has been decided, or is over, already.", remedy="Look at how it stands now.")
    return row


def _change(viewer: Viewer, row: BorderShare, change: Callable[[BorderShare], None]) -> None:
    """Change both copies alike."""
    share_id, keys = row.share_id, (row.asking_key, row.owner_code)
    for key in keys:
        with crossing.at_side(viewer.session, key):
            copy = select(BorderShare).where(BorderShare.share_id == share_id, BorderShare.area_key == key)
            change(viewer.session.scalars(copy.execution_options(populate_existing=True)).one())


def _record_row(viewer: Viewer, action: str, row: BorderShare, **details: object) -> None:
    asking = frozenset(row.asking_key.split("+"))
    _record(viewer, action, row.share_id, asking, row.owner_code, **details)


def _record(
    viewer: Viewer, action: str, share_id: UUID, asking: Iterable[str], owner_code: str, **details: object
) -> None:
    """Record an act for both sides."""
    audit.record(viewer, action, share_id, boroughs=sorted({*asking, owner_code}), owner=owner_code, **details)


# --- Look at what is shared ------------------------------------------------------------------------------------------


def opened(viewer: Viewer, share_id: UUID, on: dt.date) -> ShareView:
    """Let the asker in to what is shared with them today.

    Raises
    ------
    NotFound
        If there is none, or it was not the viewer who asked for it, under a role that they hold today.
    NotAllowed
        If it is not granted today.
    """
    found = share(viewer, share_id, on)
    if not found.is_own or not holds(viewer.grants, found.asked_role, found.asking_codes):
        raise NotFound
    if not found.standing.is_open:
        raise NotAllowed(
            f"{found.owner} does not share this with you today: {found.standing.value}.",
            remedy="Ask again if you still need it.",
        )
    return found


def require_download(found: ShareView) -> None:
    """Refuse to let the overlay leave the hub unless the grant says that it may.

    Raises
    ------
    NotAllowed
        If it may be looked at only.
    """
    if not found.may_download:
        raise NotAllowed(
            f"{found.owner} lets you look at this, and not download it.", remedy="Ask its liaison officer if you must."
        )


def overlay(database: Database, viewer: Viewer, found: ShareView) -> Overlay:
    """Work out exactly the overlay that is shared, in a session of the owning borough's, or read back its own.

    Raises
    ------
    Conflict
        If the borough's figures cannot answer it just now; why is the borough's own business.
    """
    wanted = found.wanted
    with crossing.reading_as_owner(database, viewer, found.asked_role, wanted.owner_code) as owner:
        try:
            return hotspots.overlay(
                owner,
                places.area(owner, wanted.owner_code, Permission.OVERLAY_READ),
                units=wanted.show.units,
                method=wanted.show.method,
                category=wanted.category,
                first_month=wanted.first_month,
                last_month=wanted.last_month,
                dataset=wanted.dataset,
            )
        except HubError as error:
            raise Conflict(
                f"{found.owner} has no figures just now that can answer what was asked.",
                remedy="Try again later, or ask its liaison officer.",
            ) from error


def record_download(viewer: Viewer, found: ShareView, overlay: Overlay, form: str, purpose: Purpose) -> None:
    """Record for both sides that the asker took away what is shared, and for what."""
    asking, owner = found.asking_codes, found.wanted.owner_code
    _record(
        viewer,
        "share.downloaded",
        found.id,
        asking,
        owner,
        form=form,
        inputs=overlay.inputs_hash,
        purpose=purpose.key,
        purpose_words=purpose.words,
    )


# --- The door --------------------------------------------------------------------------------------------------------


def _may_read(viewer: Viewer, row: BorderShare) -> bool:
    return viewer.may(Permission.OVERLAY_READ, row.area_key.split("+"))


def _locked(viewer: Viewer, share_id: UUID) -> BorderShare:
    """Find a share that nobody else changes until this transaction ends, as it stands now."""
    db.lock(viewer.session, f"share:{share_id}")
    return _row(viewer, share_id)


def _row(viewer: Viewer, share_id: UUID) -> BorderShare:
    wanted = select(BorderShare).where(BorderShare.share_id == share_id).order_by(BorderShare.side)
    # What was read of it before a lock was got may have been decided meanwhile.
    for row in viewer.session.scalars(wanted.execution_options(populate_existing=True)):
        if _may_read(viewer, row):
            return row
    raise NotFound
