"""What can be done about how long data is kept: see what is due, delete one upload now, and delete what is due.

All that came of an upload goes with it, and every map worked out from its boroughs; the record keeps ids alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub import audit, db, purposes
from hub.access import Permission, Viewer
from hub.agreements import service as agreements
from hub.agreements.terms import Terms
from hub.db import Database, HubSession
from hub.errors import BadRequest
from hub.hotspots import service as hotspots
from hub.places import service as places
from hub.problems import erasing as problems
from hub.reports import service as reports
from hub.retention import due
from hub.uploads import erasing, kinds
from hub.uploads.erasing import Holding
from hub.words import LONDON, months_later

LONGEST_REASON = 200
WORD = "delete"
"""What is typed to say that it is meant."""


@dataclass(frozen=True)
class Kept:
    """One upload, whose it is, and when it is to go."""

    id: UUID
    file_name: str
    dataset: str
    boroughs: tuple[str, ...]
    owner: str
    """Who answers for it: of the agreement it came under, or nobody named."""
    marking: str
    purpose: str
    received_on: dt.date
    delete_by: dt.date
    warned_on: dt.date | None
    is_due: bool
    may_erase: bool


def kept(viewer: Viewer, today: dt.date) -> list[Kept]:
    """List the uploads that the viewer may see with the day each is to be deleted, the next first."""
    session = viewer.session
    names = {borough.code: borough.name for borough in places.boroughs(session)}
    titles = kinds.titles(session)
    terms = _Terms(session)
    shown = []
    for upload in erasing.holdings(session):
        codes = upload.boroughs
        if upload.is_discarded or not viewer.may(Permission.UPLOAD_READ, codes):
            continue
        by = terms.delete_by(upload)
        agreed = terms.agreement_of(upload)
        shown.append(
            Kept(
                id=upload.id,
                file_name=upload.file_name,
                dataset=titles.get(upload.dataset, "Not said yet"),
                boroughs=tuple(sorted(names[code] for code in codes)),
                owner=agreed.owner if agreed else "Published figures",
                marking=agreed.marking if agreed else "OFFICIAL",
                purpose=agreed.purpose if agreed else "Published figures",
                received_on=_day(upload.received_at),
                delete_by=by,
                warned_on=upload.warned_on,
                is_due=due.is_to_warn(by, today),
                may_erase=viewer.may(Permission.UPLOAD_COMMIT, codes),
            )
        )
    return sorted(shown, key=lambda one: (one.delete_by, one.received_on))


def erase(viewer: Viewer, upload_id: UUID, because: str, *, word: str) -> None:
    """Delete one upload and all that came of it, for good, now.

    Raises
    ------
    NotFound, NotAllowed
        As the door to an upload.
    BadRequest
        If no reason is given, or one that tells of a person, or the word that says it is meant is not typed.
    """
    erasing.to_erase(viewer, upload_id)
    reason = " ".join(because.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise BadRequest(
            "It was not said why the data is deleted.", remedy=f"Give the reason in 1 to {LONGEST_REASON} characters."
        )
    purposes.refuse_telling_of_a_person("words of the reason", reason)
    if word.strip().casefold() != WORD:
        raise BadRequest(
            "The data was not deleted.", remedy=f"Type '{WORD}' to say that it is meant: it cannot be undone."
        )
    _erase(viewer.session, str(viewer.person_id), upload_id, reason=reason)


def erase_due(database: Database, today: dt.date, actor: str) -> int:
    """Warn of what will be due, and delete what is due and was warned of; returns how many were deleted."""
    with database.writing() as session:
        if not _anything_to_do(session, today):
            return 0
        with audit.everywhere(session, actor=actor, reason="Warn of what will be deleted, and delete what is due."):
            gone = _erase_due(session, today, actor)
    if gone:
        database.forget_deleted()
    return gone


def _anything_to_do(session: HubSession, today: dt.date) -> bool:
    with session.scoped(db.EVERYWHERE):
        terms = _Terms(session)
        oldest = _oldest_kept(session, today)
        is_any = reports.any_to_erase(session, oldest) or problems.any_to_erase(session, oldest, due.told_by(today))
        return is_any or any(
            due.may_go(by, upload.warned_on, today) or (upload.warned_on is None and due.is_to_warn(by, today))
            for upload in erasing.holdings(session)
            for by in (terms.delete_by(upload),)
        )


def _oldest_kept(session: HubSession, today: dt.date) -> dt.datetime:
    """Reports from before this moment, and problems closed or left before it, go as data does without an agreement."""
    day = months_later(today, -session.info["keep_months"])
    return dt.datetime.combine(day, dt.time(), LONDON)


def _erase_due(session: HubSession, today: dt.date, actor: str) -> int:
    terms = _Terms(session)
    going = []
    for upload in erasing.holdings(session):
        by = terms.delete_by(upload)
        if upload.warned_on is None and due.is_to_warn(by, today):
            erasing.warn(session, upload.id, today)
            audit.record_as(
                session, actor, "retention.due", upload.id, boroughs=upload.boroughs, delete_by=by.isoformat()
            )
        elif due.may_go(by, upload.warned_on, today):
            going.append(upload.id)
    oldest = _oldest_kept(session, today)
    old_reports = reports.erase(session, oldest)
    for report_id, borough_code in old_reports:
        audit.record_as(session, actor, "report.erased", report_id, boroughs=[borough_code])
    old_problems = problems.erase(session, oldest, due.told_by(today))
    for problem_id, boroughs in old_problems:
        audit.record_as(session, actor, "problem.erased", problem_id, boroughs=boroughs)
    erased = sum(_erase(session, actor, upload_id, reason="Its time was over.") for upload_id in going)
    return erased + len(old_reports) + len(old_problems)


def _erase(session: HubSession, actor: str, upload_id: UUID, *, reason: str) -> bool:
    erased = erasing.erase(session, upload_id)
    if erased is None:
        return False
    with audit.everywhere(session, actor=actor, reason="Forget the maps that a deleted file went into."):
        hotspots.forget(session, erased.boroughs)
    audit.record_as(
        session, actor, "upload.erased", upload_id, boroughs=erased.boroughs, dataset=erased.dataset, reason=reason
    )
    return True


def erase_again(session: HubSession, upload_ids: Sequence[UUID], actor: str) -> int:
    """Delete what a restored backup brought back of uploads that were deleted since it was made."""
    with audit.everywhere(session, actor=actor, reason="Delete again what was deleted after the backup."):
        reason = "It had been deleted before the backup was restored."
        return sum(_erase(session, actor, upload_id, reason=reason) for upload_id in upload_ids)


class _Terms:
    """For how long each upload may be kept, by the agreements it came under."""

    def __init__(self, session: HubSession) -> None:
        self._origins = erasing.origins(session)
        self._agreed = agreements.terms_of(
            session, {one for lines in self._origins.values() for _, one in lines if one is not None}
        )
        self._default: int = session.info["keep_months"]

    def delete_by(self, upload: Holding) -> dt.date:
        """The day on which it is to be deleted."""
        terms = [(day, self._months(one)) for day, one in self._origins.get(upload.id, [])]
        return due.delete_on(_day(upload.received_at), terms)

    def _months(self, agreement_id: UUID | None) -> int:
        agreed = self._agreed.get(agreement_id) if agreement_id else None
        return (agreed.retention_months if agreed else None) or self._default

    def agreement_of(self, upload: Holding) -> Terms | None:
        """One of the agreements that it came under, if any."""
        named = [self._agreed[one] for _, one in self._origins.get(upload.id, []) if one in self._agreed]
        return named[0] if named else None


def _day(moment: dt.datetime) -> dt.date:
    return moment.astimezone(LONDON).date()
