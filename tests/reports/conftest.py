"""The small city with two years of Alder live, and people who write, approve and read its reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from hub.access import Role
from hub.db import Database
from hub.reports import approval, service
from hub.reports.composing import Chosen
from hub.reports.service import ShownReport
from hub.uploads import confined
from tests.conftest import HOME
from tests.summaries.counted import LAST, as_met_file, made_up
from tests.uploads.desk import Desk, check_here, look_here

OFFICER, LIAISON, LEADER = Role.CSP_OFFICER, Role.LIAISON_OFFICER, Role.COUNCIL_LEADER
COUNTS = made_up(40)


@dataclass(frozen=True)
class Press:
    """Where reports of Alder are made."""

    desk: Desk
    people: dict[Role, str]

    def draft(self, kind: str = "committee", last_month: dt.date = LAST) -> UUID:
        """Begin a report as the officer, the shortest unless asked otherwise."""
        with self.desk.writing(self.people[OFFICER]) as viewer:
            return service.draft(viewer, service.borough(viewer, HOME), kind, last_month)

    def show(self, report_id: UUID, role: Role = LIAISON) -> ShownReport:
        """Read a report."""
        with self.desk.reading(self.people[role]) as viewer:
            return service.show(viewer, service.borough(viewer, HOME), report_id)

    def edit(
        self, report_id: UUID, change: Callable[[Sequence[Chosen]], Sequence[Chosen]], role: Role = OFFICER
    ) -> None:
        """Change a draft's sections."""
        with self.desk.writing(self.people[role]) as viewer:
            area = service.borough(viewer, HOME)
            service.edit(viewer, area, report_id, change(service.sections(viewer, area, report_id)))

    def ask(self, report_id: UUID, role: Role = OFFICER, *, tells: bool = False) -> tuple[str, ...]:
        """Ask that a draft be approved."""
        with self.desk.writing(self.people[role]) as viewer:
            return approval.ask(viewer, service.borough(viewer, HOME), report_id, tells=tells)

    def send_back(self, report_id: UUID, reason: str, role: Role = LIAISON, *, tells: bool = False) -> None:
        """Send a draft back."""
        with self.desk.writing(self.people[role]) as viewer:
            approval.send_back(viewer, service.borough(viewer, HOME), report_id, reason, tells=tells)

    def approve(self, report_id: UUID, role: Role = LIAISON, *, seen: str = "", tells: bool = False) -> None:
        """Approve a draft, once somebody has asked, as it is now, unless something else was read."""
        digest = seen or self.show(report_id).digest
        with self.desk.writing(self.people[role]) as viewer:
            area = service.borough(viewer, HOME)
            approval.approve(viewer, area, report_id, digest, numbers_are_checked=False, tells=tells)

    def approved(self, kind: str = "committee") -> UUID:
        """A report that was drafted and approved."""
        report_id = self.draft(kind)
        self.ask(report_id)
        self.approve(report_id)
        return report_id


@pytest.fixture
def press(database: Database, people: dict[Role, str], monkeypatch: pytest.MonkeyPatch) -> Press:
    """Alder's desk, once two years of it are live."""
    monkeypatch.setattr(confined, "look", look_here)
    monkeypatch.setattr(confined, "check", check_here)
    desk = Desk(database)
    desk.commit(people[OFFICER], as_met_file(COUNTS))
    return Press(desk, people)
