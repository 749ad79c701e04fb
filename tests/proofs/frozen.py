"""Reports frozen of whatever is live, by somebody who may write in any borough and somebody else who approves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from hub.access import Grant, Role, Viewer
from hub.accounts import service as accounts
from hub.db import Database, HubSession
from hub.reports import approval, service

KINDS = ("data_pack", "annual")
"""Between them they have every section that is made of figures, in either order."""


def freeze(database: Database, borough_code: str, email: str, months: Sequence[dt.date] = ()) -> list[UUID]:
    """Approve a report of each kind that ends with each of some months, or with the newest that is offered."""
    frozen = []
    with database.writing() as session:
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
    with database.writing() as session:
        officer, approver = _two(session, borough_code, email)
        area = service.borough(officer, borough_code)
        for before in report_ids:
            report_id = service.reissue(officer, area, before, "Late records came in.")
            _approve(officer, approver, report_id, borough_code)
            revised.append(report_id)
    return revised


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
