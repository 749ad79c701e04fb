"""Reports frozen of whatever is live, by somebody who may write in any borough and somebody else who approves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from hub.access import Grant, Role, Viewer
from hub.accounts import service as accounts
from hub.db import Database, HubSession
from hub.reports import approval, service
from hub.summaries import service as summaries
from hub.summaries.service import Summary

KINDS = ("data_pack", "annual")
"""Between them they have every section that is made of figures, in either order."""


def freeze(database: Database, borough_code: str, email: str, months: Sequence[dt.date] = ()) -> list[UUID]:
    """Approve a report of each kind that ends with each of some months, or with the newest that is offered."""
    frozen = []
    with database.writing() as session, _each_year_once():
        officer, approver = _two(session, borough_code, email)
        area = service.borough(officer, borough_code)
        for month in months or service.months(officer, area)[:1]:
            for kind in KINDS:
                report_id = service.draft(officer, area, kind, month)
                _approve(officer, approver, report_id, borough_code)
                frozen.append(report_id)
    return frozen


def issue_again(database: Database, borough_code: str, email: str, report_ids: Sequence[UUID]) -> list[UUID]:
    """Approve a revised edition of some reports."""
    revised = []
    with database.writing() as session, _each_year_once():
        officer, approver = _two(session, borough_code, email)
        area = service.borough(officer, borough_code)
        for before in report_ids:
            report_id = service.reissue(officer, area, before, "Late records came in.")
            _approve(officer, approver, report_id, borough_code)
            revised.append(report_id)
    return revised


@contextmanager
def _each_year_once() -> Iterator[None]:
    """Keep each summary that reports are made of: while they are drafted, read and approved, no figure changes."""
    whole, alone = summaries.summary, summaries.of_another_year
    kept: dict[object, Summary | None] = {}

    def summary(viewer: Viewer, borough_code: str, *, last_month: dt.date | None = None, **options: Any) -> Summary:
        key = ("whole", borough_code, last_month, *options.items())
        found = kept.get(key) or whole(viewer, borough_code, last_month=last_month, **options)
        kept[key] = found
        return found

    def of_another_year(viewer: Viewer, newest: Summary, last_month: dt.date) -> Summary | None:
        key = ("alone", newest.borough_code, newest.dataset, last_month)
        if key not in kept:
            kept[key] = alone(viewer, newest, last_month)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summaries, "summary", summary)
        patch.setattr(summaries, "of_another_year", of_another_year)
        yield


def _approve(officer: Viewer, approver: Viewer, report_id: UUID, borough_code: str) -> None:
    area = service.borough(officer, borough_code)
    approval.ask(officer, area, report_id, tells=False)
    seen = service.show(approver, area, report_id).digest
    approval.approve(approver, area, report_id, seen, numbers_are_checked=False, tells=False)


def _two(session: HubSession, borough_code: str, email: str) -> tuple[Viewer, Viewer]:
    """Somebody as an officer of the borough, and somebody else as a liaison officer there."""
    person = accounts.viewer_by_email(session, email)
    other = next(one for one in accounts.active(session) if one != person.person_id)
    officer, liaison = ((Grant(role, frozenset({borough_code})),) for role in (Role.CSP_OFFICER, Role.LIAISON_OFFICER))
    return replace(person, grants=officer), replace(person, person_id=other, grants=liaison)
