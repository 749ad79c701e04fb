"""The ledger of sharing tells anybody what is shared and for what, and of nobody."""

from __future__ import annotations

import datetime as dt

from hub import audit
from hub.access import Role
from hub.db import Database
from hub.record import public
from tests.client import StrictClient
from tests.conftest import HOME, PASSWORD

TODAY = dt.date(2026, 5, 4)


def test_it_counts_files_by_purpose_and_hides_small_numbers(
    client: StrictClient, database: Database, people: dict[Role, str]
) -> None:
    with database.writing() as session:
        for purpose, count in (("tasking", 12), ("scrutiny", 3)):
            for _ in range(count):
                audit.record_as(
                    session, "jane.doe", "overlay.exported", HOME, purpose=purpose, purpose_words="Jane Doe's board"
                )
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    assert client.get("/sharing-ledger").status_code == 200
    assert "not drawn up yet" in client.page.main
    assert public.keep(database, TODAY, audit.MACHINE)
    assert not public.keep(database, TODAY, audit.MACHINE), "once a day"
    client.get("/sharing-ledger")
    with database.reading() as session:
        drawn = public.kept(session)
    times = {one["purpose"]: one["times"] for one in drawn["exports"]}
    assert times == {
        "Tasking, patrols and tactical briefings": "10",
        "Performance, scrutiny and reports to members": "fewer than 5",
    }
    for written in (client.page.main, public.as_page(drawn).decode(), public.as_csv(drawn).decode()):
        assert "Tasking, patrols and tactical briefings" in written
        assert "fewer than 5" in written
        assert "jane" not in written.casefold()
