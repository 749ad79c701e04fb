"""What can be done with sharing agreements: write, renew, end and read them; and the gate that asks for one in force.

An upload or a view of a dataset that is not published needs an agreement in force in its borough on that day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import load_only

from hub import audit, db
from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.agreements import standing
from hub.agreements.models import SharingAgreement
from hub.agreements.standing import Notice, Standing
from hub.agreements.terms import Party, PartyRole, Terms, faults
from hub.db import HubSession
from hub.errors import BadRequest, Conflict, NotFound
from hub.places import service as places
from hub.words import LONDON, date_name, listed

LONGEST_REASON = 500
_DATED = (
    SharingAgreement.borough_code,
    SharingAgreement.reference,
    SharingAgreement.number,
    SharingAgreement.datasets,
    SharingAgreement.starts_on,
    SharingAgreement.ends_on,
    SharingAgreement.review_on,
    SharingAgreement.signed_on,
    SharingAgreement.ended_at,
)


class NoAgreement(Conflict):
    """A dataset that needs a sharing agreement was to be used where none is in force."""

    title = "No sharing agreement is in force"


def today() -> dt.date:
    """The day it is in London, by which agreements begin and end."""
    return dt.datetime.now(LONDON).date()


# --- The gate --------------------------------------------------------------------------------------------------------


def in_force(
    viewer: Viewer, borough_codes: Collection[str], datasets: Collection[str], on: dt.date
) -> dict[tuple[str, str], UUID]:
    """Find, for each borough and dataset that may be used on a day, the version of an agreement that lets it be."""
    found: dict[tuple[str, str], UUID] = {}
    for versions in _agreements(viewer, borough_codes):
        holds = standing.in_force(versions, on)
        for dataset in set(datasets).intersection(holds.datasets if holds else ()):
            if holds is not None:
                found.setdefault((holds.borough_code, dataset), holds.id)
    return found


def require(viewer: Viewer, borough_codes: Collection[str], dataset: str, title: str, on: dt.date) -> dict[str, UUID]:
    """Find the agreement under which each borough's part of a dataset comes; refuse where one has none in force.

    Raises
    ------
    NoAgreement
        Naming the boroughs without one, and what became of those they had.
    """
    found = in_force(viewer, borough_codes, [dataset], on)
    missing = sorted(set(borough_codes) - {code for code, _ in found})
    if missing:
        raise NoAgreement(
            " ".join(why_closed(viewer, missing, dataset, title, on)),
            remedy="Write or renew the agreement under 'Agreements', then try again. Nothing you sent is lost.",
        )
    return {code: agreement_id for (code, _), agreement_id in found.items()}


def why_closed(viewer: Viewer, borough_codes: Collection[str], dataset: str, title: str, on: dt.date) -> list[str]:
    """Say why a dataset may not be used in boroughs where no agreement that covers it is in force."""
    names = {borough.code: borough.name for borough in places.boroughs(viewer.session, borough_codes)}
    had: dict[str, list[str]] = {}
    for versions in _agreements(viewer, borough_codes):
        newest = versions[-1]
        if any(dataset in each.datasets for each in versions):
            had.setdefault(newest.borough_code, []).append(_what_became(versions, dataset, on))
    without = [names[code] for code in sorted(borough_codes) if code not in had]
    sentences = [f"{title} may not be used in {names[code]}: {'; '.join(had[code])}." for code in sorted(had)]
    if without:
        sentences.append(f"{title} may not be used in {listed(without, most=5)}: no sharing agreement covers it.")
    return sentences


def _what_became(versions: Sequence[SharingAgreement], dataset: str, on: dt.date) -> str:
    covering = [each for each in versions if dataset in each.datasets]
    newest = covering[-1]
    stands = standing.standing(newest, versions, on)
    name = f"agreement {newest.reference}"
    return {
        Standing.DRAFT: f"{name} is not signed",
        Standing.NOT_YET: f"{name} is not in force until {date_name(max(newest.starts_on, newest.signed_on or on))}",
        Standing.IN_FORCE: f"{name} is in force",
        Standing.EXPIRED: f"{name} expired on {date_name(newest.ends_on)}",
        Standing.ENDED: f"{name} was ended",
        Standing.REPLACED: f"{name} no longer covers it",
    }[stands]


def _agreements(viewer: Viewer, borough_codes: Collection[str]) -> list[list[SharingAgreement]]:
    """Every agreement of some boroughs, as its versions in order, without what they say."""
    rows = viewer.session.scalars(
        select(SharingAgreement)
        .where(SharingAgreement.borough_code.in_(borough_codes))
        .order_by(SharingAgreement.borough_code, SharingAgreement.reference, SharingAgreement.number)
        .options(load_only(*_DATED))
    )
    return _grouped(rows)


def _grouped(rows: Iterable[SharingAgreement]) -> list[list[SharingAgreement]]:
    """Put the versions of each agreement together; they come in order."""
    return [list(versions) for _, versions in groupby(rows, key=lambda row: (row.borough_code, row.reference))]


# --- See -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class VersionLine:
    """One version among those of an agreement."""

    id: UUID
    number: int
    standing: Standing
    starts_on: dt.date
    ends_on: dt.date
    written_at: dt.datetime
    written_by: str


@dataclass(frozen=True)
class AgreementView:
    """One version of an agreement, as far as pages show it."""

    id: UUID
    borough_code: str
    borough: str
    number: int
    terms: Terms
    standing: Standing
    notices: tuple[Notice, ...]
    is_newest: bool
    versions: tuple[VersionLine, ...]
    """All of them, the newest first."""
    ended_at: dt.datetime | None
    ended_by: str
    ended_because: str
    may_write: bool


def agreements(viewer: Viewer, on: dt.date) -> list[AgreementView]:
    """List the agreements that the viewer may read, each by the version that is in force or else its newest."""
    allowed = viewer.boroughs(Permission.AGREEMENT_READ)
    rows = viewer.session.scalars(
        select(SharingAgreement)
        .where(SharingAgreement.borough_code.in_(allowed))
        .order_by(SharingAgreement.borough_code, SharingAgreement.reference, SharingAgreement.number)
    )
    shown = [(standing.in_force(versions, on) or versions[-1], versions) for versions in _grouped(rows)]
    return sorted(_views(viewer, shown, on), key=lambda view: (view.terms.reference, view.borough))


def agreement(viewer: Viewer, agreement_id: UUID, on: dt.date) -> AgreementView:
    """Show one version of an agreement."""
    row = _agreement(viewer, agreement_id, Permission.AGREEMENT_READ)
    return _views(viewer, [(row, _versions_of(viewer, row))], on)[0]


def _views(
    viewer: Viewer, shown: Sequence[tuple[SharingAgreement, Sequence[SharingAgreement]]], on: dt.date
) -> list[AgreementView]:
    """Show versions, each given with all versions of its agreement."""
    boroughs = {borough.code: borough.name for borough in places.boroughs(viewer.session)}
    rows = [row for _, versions in shown for row in versions]
    people = {row.written_by for row in rows} | {row.ended_by for row in rows if row.ended_by}
    names = accounts.names(viewer.session, people)
    return [_view(viewer, row, versions, boroughs[row.borough_code], names, on) for row, versions in shown]


def _view(
    viewer: Viewer,
    row: SharingAgreement,
    versions: Sequence[SharingAgreement],
    borough: str,
    names: Mapping[UUID, str],
    on: dt.date,
) -> AgreementView:
    lines = tuple(
        VersionLine(
            each.id,
            each.number,
            standing.standing(each, versions, on),
            each.starts_on,
            each.ends_on,
            each.written_at,
            names[each.written_by],
        )
        for each in reversed(versions)
    )
    return AgreementView(
        id=row.id,
        borough_code=row.borough_code,
        borough=borough,
        number=row.number,
        terms=_terms(row),
        standing=standing.standing(row, versions, on),
        notices=tuple(standing.notices(versions, on)),
        is_newest=row.number == versions[-1].number,
        versions=lines,
        ended_at=row.ended_at,
        ended_by=names[row.ended_by] if row.ended_by else "",
        ended_because=row.ended_because,
        may_write=viewer.may(Permission.AGREEMENT_WRITE, [row.borough_code]),
    )


def terms_of(session: HubSession, agreement_ids: Collection[UUID]) -> dict[UUID, Terms]:
    """What versions of agreements say, as far as the session sees them."""
    rows = session.scalars(select(SharingAgreement).where(SharingAgreement.id.in_(agreement_ids)))
    return {row.id: _terms(row) for row in rows}


def signed(session: HubSession) -> list[tuple[str, Terms]]:
    """The newest signed version of each agreement that was not ended, with its borough; by reference and borough."""
    rows = session.scalars(
        select(SharingAgreement)
        .where(SharingAgreement.signed_on.is_not(None), SharingAgreement.ended_at.is_(None))
        .order_by(SharingAgreement.borough_code, SharingAgreement.reference, SharingAgreement.number)
    )
    newest = [versions[-1] for versions in _grouped(rows)]
    return sorted(((row.borough_code, _terms(row)) for row in newest), key=lambda one: (one[1].reference, one[0]))


def _terms(row: SharingAgreement) -> Terms:
    named = {name: getattr(row, name) for name in Terms.__dataclass_fields__}
    parties = tuple(Party(party["name"], PartyRole(party["role"])) for party in row.parties)
    return Terms(**{**named, "parties": parties, "datasets": tuple(row.datasets)})


# --- Write, renew, end -----------------------------------------------------------------------------------------------


def write(viewer: Viewer, borough_codes: Collection[str], terms: Terms) -> list[UUID]:
    """Write a new agreement: a row for each of its boroughs, in their order, so that each sees and ends its own.

    Raises
    ------
    BadRequest
        Naming what is wrong with the terms.
    Conflict
        If one of the boroughs has an agreement of that reference already.
    """
    viewer.require(Permission.AGREEMENT_WRITE, borough_codes)
    _refuse_faulty(terms)
    for code in sorted(borough_codes):
        _lock(viewer, code, terms.reference)
    taken = _taken(viewer, borough_codes, terms.reference)
    if taken:
        raise Conflict(
            f"{listed(taken, most=5)} {'has' if len(taken) == 1 else 'have'} an agreement '{terms.reference}' already.",
            remedy="Open it and edit it as a new version, or choose another reference.",
        )
    return [_add(viewer, code, 1, terms) for code in sorted(borough_codes)]


def write_next(viewer: Viewer, agreement_id: UUID, terms: Terms) -> UUID:
    """Write the next version of an agreement; the one before is kept, and stays in force until this one begins.

    Raises
    ------
    BadRequest
        Naming what is wrong with the terms.
    Conflict
        If somebody has written a newer version meanwhile.
    """
    before = _agreement(viewer, agreement_id, Permission.AGREEMENT_WRITE)
    _lock(viewer, before.borough_code, before.reference)
    newest = _versions_of(viewer, before)[-1]
    if newest.number != before.number:
        raise Conflict(
            f"Somebody has written version {newest.number} of this agreement meanwhile.",
            remedy="Open the newest version, and make your change there.",
        )
    if terms.reference != before.reference:
        raise BadRequest("The reference of an agreement stays as it is.", remedy=f"Keep '{before.reference}'.")
    _refuse_faulty(terms)
    return _add(viewer, before.borough_code, before.number + 1, terms)


def end(viewer: Viewer, agreement_id: UUID, because: str) -> None:
    """End an agreement now: from the next request on, what came under it can neither be loaded nor seen."""
    row = _agreement(viewer, agreement_id, Permission.AGREEMENT_WRITE)
    because = " ".join(because.split())
    if not because or len(because) > LONGEST_REASON:
        raise BadRequest(
            "It was not said why the agreement ends.", remedy=f"Give the reason in 1 to {LONGEST_REASON} characters."
        )
    _lock(viewer, row.borough_code, row.reference)
    for version in _versions_of(viewer, row):
        if version.ended_at is None:
            version.ended_at, version.ended_by = dt.datetime.now(dt.UTC), viewer.person_id
            version.ended_because = because
    viewer.session.flush()
    audit.record(viewer, "agreement.ended", row.id, boroughs=[row.borough_code], reference=row.reference)


def _refuse_faulty(terms: Terms) -> None:
    found = faults(terms, today=today())
    if found:
        raise BadRequest("The agreement cannot be kept as it is.", remedy=". ".join(found.values()) + ".")


def _taken(viewer: Viewer, borough_codes: Collection[str], reference: str) -> list[str]:
    codes = viewer.session.scalars(
        select(SharingAgreement.borough_code).where(
            SharingAgreement.borough_code.in_(borough_codes),
            SharingAgreement.reference == reference,
            SharingAgreement.number == 1,
        )
    ).all()
    return sorted(borough.name for borough in places.boroughs(viewer.session, codes)) if codes else []


def _add(viewer: Viewer, borough_code: str, number: int, terms: Terms) -> UUID:
    row = SharingAgreement(
        borough_code=borough_code,
        number=number,
        written_at=dt.datetime.now(dt.UTC),
        written_by=viewer.person_id,
        **{**asdict(terms), "datasets": list(terms.datasets)},
    )
    viewer.session.add(row)
    viewer.session.flush()
    audit.record(
        viewer,
        "agreement.written",
        row.id,
        boroughs=[borough_code],
        reference=terms.reference,
        number=number,
        datasets=list(terms.datasets),
        ends_on=terms.ends_on,
        is_signed=terms.signed_on is not None,
    )
    return row.id


def _lock(viewer: Viewer, borough_code: str, reference: str) -> None:
    db.lock(viewer.session, f"agreements:{borough_code}:{reference}")


# --- The door --------------------------------------------------------------------------------------------------------


def _agreement(viewer: Viewer, agreement_id: UUID, may: Permission) -> SharingAgreement:
    """Find a version of an agreement that the viewer may do something with."""
    found = viewer.session.scalar(select(SharingAgreement).where(SharingAgreement.id == agreement_id))
    if found is None:
        raise NotFound
    viewer.require(may, [found.borough_code])
    return found


def _versions_of(viewer: Viewer, row: SharingAgreement) -> list[SharingAgreement]:
    return list(
        viewer.session.scalars(
            select(SharingAgreement)
            .where(SharingAgreement.borough_code == row.borough_code, SharingAgreement.reference == row.reference)
            .order_by(SharingAgreement.number)
            .execution_options(populate_existing=True)
        )
    )
