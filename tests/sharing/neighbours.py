"""People of the boroughs next door, who ask, grant and refuse."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from uuid import UUID

from hub import audit
from hub.access import Permission, Role
from hub.accounts import service as accounts
from hub.db import Database
from hub.errors import Conflict
from hub.hotspots.layers import Show
from hub.places import service as places
from hub.sharing import service
from hub.sharing.service import Wanted
from tests.conftest import PASSWORD

JANUARY, DECEMBER = dt.date(2025, 1, 1), dt.date(2025, 12, 1)


class Neighbours:
    """Makes an analyst and a liaison officer of a borough when they are first wanted, and lets them act."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def analyst(self, borough_code: str) -> str:
        return self._person(Role.CSP_ANALYST, borough_code)

    def liaison(self, borough_code: str) -> str:
        return self._person(Role.LIAISON_OFFICER, borough_code)

    def _person(self, role: Role, borough_code: str) -> str:
        email = f"{role.value}.{borough_code.lower()}@test.example"
        with self._database.writing() as session, suppress(Conflict):
            accounts.create_person(
                session, email, role.title, PASSWORD, role, boroughs=[borough_code], actor=audit.MACHINE
            )
        return email

    def ask(self, email: str, area: str, owner: str, *, until: dt.date | None = None) -> UUID:
        """Ask for the counts of burglary in all wards of a borough."""
        with self._database.writing() as session:
            viewer = accounts.viewer_by_email(session, email)
            return service.ask(viewer, places.area(viewer, area, Permission.SHARE_ASK), wanted(owner, until=until))

    def grant(self, share_id: UUID, owner: str, *, until: dt.date | None = None, may_download: bool = False) -> None:
        """Let the owner's liaison officer grant it."""
        with self._database.writing() as session:
            viewer = accounts.viewer_by_email(session, self.liaison(owner))
            until = until or service.today() + dt.timedelta(days=7)
            service.grant(viewer, share_id, until=until, may_download=may_download, conditions="")


def wanted(owner: str, *, until: dt.date | None = None) -> Wanted:
    return Wanted(
        owner_code=owner,
        show=Show.WARD_COUNT,
        category="Burglary",
        dataset=None,
        first_month=JANUARY,
        last_month=DECEMBER,
        purpose="A series of burglaries on both sides of the border.",
        until=until or service.today() + dt.timedelta(days=7),
    )


def as_asked() -> dict[str, str]:
    """The same as a form sends it, but for the area and the borough."""
    return {
        "show": "wards-count",
        "category": "All recorded crime",
        "dataset": "",
        "first": "2025-01",
        "last": "2025-12",
        "purpose": "A series of burglaries on both sides of the border.",
        "until": f"{service.today() + dt.timedelta(days=7)}",
    }
