"""The versions of one dataset of one borough: listed, compared, and what of the live figures they changed and when.

Counts leave here exact: who may see what of them is decided by `access.release`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from hub.access import Permission, Viewer
from hub.accounts import service as accounts
from hub.errors import BadRequest, NotFound
from hub.places import service as places
from hub.uploads import kinds
from hub.uploads.models import Incident, Upload, Version, VersionMonth, WardCount
from hub.words import month_name

TOLD_FOR = dt.timedelta(days=30)
"""How long a change of live figures is pointed out: as long as it can be undone."""


# --- The versions of a borough's dataset -----------------------------------------------------------------------------


@dataclass(frozen=True)
class VersionLine:
    """One version, as a list of them shows it."""

    number: int
    upload_id: UUID | None
    """None where the upload was made for an area that is not the viewer's."""
    file_name: str
    extract_date: dt.date
    boundary_set: str
    classification: str
    committed_at: dt.datetime
    committed_by: str
    undone_at: dt.datetime | None
    first_month: dt.date
    last_month: dt.date
    months: int
    months_live: int
    placed: int
    unplaced: int


@dataclass(frozen=True)
class Held:
    """A dataset of which a borough has versions."""

    borough_code: str
    borough_name: str
    dataset: str
    title: str


def held(viewer: Viewer) -> list[Held]:
    """List the datasets of which the viewer's boroughs have versions; of one borough after another."""
    names = {one.code: one.name for one in places.boroughs(viewer.session)}
    titles = {key: kind.title for key, kind in kinds.catalogue(viewer.session).items()}
    allowed = viewer.boroughs(Permission.UPLOAD_READ)
    pairs = viewer.session.execute(select(Version.borough_code, Version.dataset).distinct()).all()
    found = [
        Held(code, names[code], dataset, titles.get(dataset, dataset)) for code, dataset in pairs if code in allowed
    ]
    return sorted(found, key=lambda one: (one.borough_name, one.title))


def versions(viewer: Viewer, borough_code: str, dataset: str) -> list[VersionLine]:
    """List the versions of a dataset of a borough, the newest first."""
    found = _versions(viewer, borough_code, dataset)
    sets = {its.id: its.code for its in places.boundary_sets(viewer.session)}
    people = accounts.names(viewer.session, {one.committed_by for one in found})
    uploads = {
        one.id: one
        for one in viewer.session.scalars(select(Upload).where(Upload.id.in_([version.upload_id for version in found])))
    }
    return [
        VersionLine(
            number=one.number,
            upload_id=one.upload_id if one.upload_id in uploads else None,
            file_name=uploads[one.upload_id].file_name if one.upload_id in uploads else "",
            extract_date=one.extract_date,
            boundary_set=sets.get(one.boundary_set_id, "") if one.boundary_set_id else "",
            classification=one.classification,
            committed_at=one.committed_at,
            committed_by=people[one.committed_by],
            undone_at=one.undone_at,
            first_month=one.months[0].month,
            last_month=one.months[-1].month,
            months=len(one.months),
            months_live=sum(month.is_current for month in one.months),
            placed=one.placed,
            unplaced=one.unplaced,
        )
        for one in reversed(found)
        if one.months
    ]


def _versions(viewer: Viewer, borough_code: str, dataset: str) -> Sequence[Version]:
    viewer.require(Permission.UPLOAD_READ, [borough_code])
    found = viewer.session.scalars(
        select(Version)
        .where(Version.borough_code == borough_code, Version.dataset == dataset)
        .options(selectinload(Version.months))
        .order_by(Version.number)
    ).all()
    if not found:
        raise NotFound
    return found


# --- Two of them compared --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One month or category in two versions; None where a version does not cover it."""

    label: str
    first: int | None
    second: int | None

    @property
    def change(self) -> int | None:
        """By how much the second has more."""
        return None if self.first is None or self.second is None else self.second - self.first


@dataclass(frozen=True)
class Comparison:
    """Two versions of one dataset of one borough, the earlier first."""

    first: VersionLine
    second: VersionLine
    months: tuple[Difference, ...]
    categories: tuple[Difference, ...]
    """Over the months that both cover."""
    common_months: int


def compare(viewer: Viewer, borough_code: str, dataset: str, numbers: tuple[int, int]) -> Comparison:
    """Compare two versions by month and, over the months that both cover, by category.

    Raises
    ------
    BadRequest
        If one of the two does not exist, or they are one.
    """
    versions_found = {one.number: one for one in _versions(viewer, borough_code, dataset)}
    lines = {one.number: one for one in versions(viewer, borough_code, dataset)}
    pair = sorted(set(numbers))
    if len(pair) < 2 or not set(pair) <= lines.keys():
        raise BadRequest("Two versions are needed to compare.", remedy="Choose two different ones from the list.")
    first, second = (versions_found[number] for number in pair)
    totals = [{month.month: month.placed + month.unplaced for month in one.months} for one in (first, second)]
    common = totals[0].keys() & totals[1].keys()
    categories = [_by_category(viewer, one, common) for one in (first, second)]
    return Comparison(
        first=lines[first.number],
        second=lines[second.number],
        months=tuple(
            Difference(month_name(month), totals[0].get(month), totals[1].get(month))
            for month in sorted(totals[0].keys() | totals[1].keys())
        ),
        categories=tuple(
            Difference(name, categories[0].get(name, 0), categories[1].get(name, 0))
            for name in sorted(categories[0].keys() | categories[1].keys())
        ),
        common_months=len(common),
    )


def _by_category(viewer: Viewer, version: Version, months: Collection[dt.date]) -> Mapping[str, int]:
    kind = kinds.kind(viewer.session, version.dataset)
    if kind.has_shares:
        return {}
    table = Incident if kind.has_points else WardCount
    name = Incident.category if kind.has_points else WardCount.offence_group
    counted = func.count() if kind.has_points else func.sum(WardCount.count)
    found = viewer.session.execute(
        select(name, counted).where(table.version_id == version.id, table.month.in_(months)).group_by(name)
    )
    return {category: int(count) for category, count in found}


# --- What changed of the live figures --------------------------------------------------------------------------------


class Why(StrEnum):
    """Why a month's live figure is another than it was."""

    LATE_RECORDS = "newer figures were loaded, with records that came in late"
    CLASSIFICATION = "newer figures were loaded, with offences under new headings"
    BOUNDARIES = "newer figures were loaded, for new ward boundaries"
    TAKEN_BACK = "a load was taken back"
    CORRECTED = "the borough’s officers corrected what they had loaded"


@dataclass(frozen=True)
class Restatement:
    """One month whose live total changed: when, from what to what, and why. None: nothing is live for it any more."""

    borough_code: str
    dataset: str
    month: dt.date
    before: int
    after: int | None
    at: dt.datetime
    why: Why


def restatements(
    viewer: Viewer, borough_code: str, dataset: str, *, now: dt.datetime, since: dt.datetime | None = None
) -> list[Restatement]:
    """Say which months of a borough's dataset were changed, after they were live, since a moment (30 days ago if none).

    Of each month the figure before the first of those changes, against the one live now.
    """
    found = viewer.session.scalars(
        select(Version)
        .where(Version.borough_code == borough_code, Version.dataset == dataset)
        .options(selectinload(Version.months))
        .order_by(Version.number)
    ).all()
    since = since or now - TOLD_FOR
    moments = sorted({at for one in found for at in (one.committed_at, one.undone_at) if at and at > since})
    if not moments:
        return []
    before, after = _live_at(found, moments[0] - dt.timedelta(microseconds=1)), _live_at(found, now)
    changed = {month: at for at in moments for month in _months_changed(found, at)}
    return [
        Restatement(
            borough_code,
            dataset,
            month,
            _total(was),
            _total(now_is) if now_is else None,
            changed[month],
            _why(was, now_is),
        )
        for month, was, now_is in ((month, was, after.get(month)) for month, was in sorted(before.items()))
        if month in changed and (now_is is None or _total(now_is) != _total(was))
    ]


def _months_changed(found: Sequence[Version], at: dt.datetime) -> set[dt.date]:
    return {month.month for one in found if at in {one.committed_at, one.undone_at} for month in one.months}


def _live_at(found: Sequence[Version], at: dt.datetime) -> dict[dt.date, VersionMonth]:
    """What was live for each month at a moment: that of the newest version which then stood."""
    live: dict[dt.date, VersionMonth] = {}
    for one in found:
        if one.committed_at <= at and (one.undone_at is None or one.undone_at > at):
            live |= {month.month: month for month in one.months}
    return live


def _total(month: VersionMonth) -> int:
    return month.placed + month.unplaced


def _why(was: VersionMonth, now_is: VersionMonth | None) -> Why:
    """Tell by the two versions what sets the later one apart."""
    if now_is is None or now_is.version.number < was.version.number:
        return Why.TAKEN_BACK
    if now_is.version.classification != was.version.classification:
        return Why.CLASSIFICATION
    if now_is.version.boundary_set_id != was.version.boundary_set_id:
        return Why.BOUNDARIES
    # What an officer puts right sets aside what it replaces, or follows it on the same day.
    if was.version.undone_at is not None or now_is.version.extract_date == was.version.extract_date:
        return Why.CORRECTED
    return Why.LATE_RECORDS
