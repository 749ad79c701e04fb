"""What leaves a problem's boroughs: to its leader a line without a place, to all boroughs what its owner published."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.access import Role
from hub.db import EVERYWHERE
from hub.errors import Conflict, NotAllowed, NotFound
from hub.problems import erasing, memory, service
from hub.problems.memory import Telling, Wanted
from hub.problems.models import Abstract, Entry, Problem
from hub.problems.terms import Kind, Result, Stage
from hub.problems.told import told
from hub.problems.wording import Unfit
from hub.retention import service as retention
from tests.conftest import ELSEWHERE, HOME
from tests.problems.conftest import STRANGER
from tests.problems.test_service import A_RESPONSE, COMMANDER, LEADER, OFFICER
from tests.uploads.desk import Desk

TELLING = Telling("Phones taken from people who wait alone", "Patrols at closing time, and better light")


def published(desk: Desk, email: str, problem_id: UUID, telling: Telling = TELLING) -> None:
    with desk.writing(email) as viewer:
        memory.publish(viewer, problem_id, telling)


def found(desk: Desk, email: str, **wanted: str) -> list[str]:
    with desk.reading(email) as viewer:
        return [one.telling.problem for one in memory.search(viewer, Wanted(**wanted))]


def test_what_its_owner_publishes_is_found_in_every_borough_until_it_is_taken_back(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        service.write(viewer, opened, Kind.RESPONSE, A_RESPONSE)
        service.write(viewer, opened, Kind.ASSESSMENT, {"result": "fell", "reason": "By more than chance explains."})
    assert found(desk, STRANGER) == []
    published(desk, people[OFFICER], opened)
    with desk.reading(STRANGER) as viewer:
        [one] = memory.search(viewer, Wanted())
        assert (one.kind, one.premises, one.result) == ("Robbery", "Station or bus interchange", Result.FELL)
        assert [technique.number for technique in one.techniques] == [10]
        assert not {str(opened), HOME, "Alder", "Bus station"} & set(map(str, vars(one).values()))
        with pytest.raises(NotFound):
            memory.abstract(viewer, opened)
    for wanted in ({"words": "light PHONES"}, {"kind": "robbery"}, {"technique": "10"}, {"result": "fell"}):
        assert found(desk, STRANGER, **wanted) == [TELLING.problem], wanted
    for wanted in ({"words": "phones nowhere"}, {"kind": "asb"}, {"technique": "1"}, {"result": "cannot_tell"}):
        assert found(desk, STRANGER, **wanted) == [], wanted
    published(desk, people[COMMANDER], opened, Telling("Phones and bags taken", "The same", "Light matters"))
    assert found(desk, STRANGER) == ["Phones and bags taken"], "told anew, it is told once"
    with desk.writing(people[COMMANDER]) as viewer:
        memory.withdraw(viewer, opened)
        assert memory.abstract(viewer, opened) is None
        with pytest.raises(Conflict):
            memory.withdraw(viewer, opened)
    assert found(desk, STRANGER) == []


def test_only_an_owner_publishes_and_leaders_do_not_search(desk: Desk, people: dict[Role, str], opened: UUID) -> None:
    for role in (Role.CSP_ANALYST, Role.LIAISON_OFFICER):
        with desk.writing(people[role]) as viewer:
            for act in (lambda: memory.publish(viewer, opened, TELLING), lambda: memory.withdraw(viewer, opened)):
                with pytest.raises(NotAllowed):
                    act()
    with desk.writing(STRANGER) as viewer:
        for act in (lambda: memory.publish(viewer, opened, TELLING), lambda: memory.withdraw(viewer, opened)):
            with pytest.raises(NotFound):
                act()
    with desk.reading(people[LEADER]) as viewer, pytest.raises(NotAllowed):
        memory.search(viewer, Wanted())


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Telling("", "Patrols"), "problem"),
        (Telling("Phones", ""), "response"),
        (Telling("37 phones taken", "Patrols"), "problem"),
        (Telling("Phones taken, 3 of them at night", "Patrols"), "problem"),
        (Telling("Phones", "Patrols at the bus station"), "response"),
        (Telling("Phones", "Patrols", "Alder did well"), "learning"),
        (Telling("Phones", "Patrols", "Ask jo@example.org"), "learning"),
        (Telling("Phones", "x" * 1001), "response"),
        (Telling("Phones", "Patrols as in Cedar"), "response"),
        (Telling("Phones", "Four rapes before"), "response"),
    ],
)
def test_what_would_tell_of_a_person_a_place_or_a_count_is_not_published(
    desk: Desk, people: dict[Role, str], opened: UUID, wrong: Telling, field: str
) -> None:
    with pytest.raises(Unfit) as refused:
        published(desk, people[OFFICER], opened, wrong)
    assert set(refused.value.faults) == {field}
    rounded = Telling("Fewer than 5 phones in 2025, 40 before", "15 patrols, cedar fences")
    published(desk, people[OFFICER], opened, rounded)


def test_a_leader_is_told_what_kind_of_problem_stands_where_and_nothing_that_was_written_of_it(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        service.write(viewer, opened, Kind.COMMENT, {"words": "Not for leaders"})
        service.move(viewer, opened, Stage.ANALYSIS, "Not for leaders")
    with desk.reading(people[LEADER]) as viewer:
        [one] = told(viewer, HOME)
        assert (one.title, one.kind, one.stage, one.owner_body, one.result) == (
            "Robbery at the bus station", "Robbery", Stage.ANALYSIS, "Police", None,
        )  # fmt: skip
        assert "Not for" not in str(one)
        with pytest.raises(NotFound):
            told(viewer, ELSEWHERE)
    with desk.reading(STRANGER) as viewer:
        assert told(viewer, ELSEWHERE) == ()
        with pytest.raises(NotFound):
            told(viewer, HOME)
    with desk.writing(people[OFFICER]) as viewer:
        service.move(viewer, opened, Stage.CLOSED, "Solved.")
        today = service.today()
        assert told(viewer, HOME) == told(viewer, HOME, closed_since=today + dt.timedelta(days=1)) == ()
        assert [one.closed_on for one in told(viewer, HOME, closed_since=today)] == [today]


def test_a_closed_problem_goes_on_its_day_with_all_that_came_of_it(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    published(desk, people[OFFICER], opened)
    months = desk.database.session(writes=False).info["keep_months"]
    late = service.today() + dt.timedelta(days=31 * months + 5)
    assert retention.erase_due(desk.database, late, "machine") == 0, "a problem that is not closed stays"
    with desk.writing(people[OFFICER]) as viewer:
        service.move(viewer, opened, Stage.CLOSED, "Solved.")
        delete_on = service.record(viewer, opened).delete_on
    assert delete_on is not None
    assert retention.erase_due(desk.database, delete_on - dt.timedelta(days=1), "machine") == 0
    assert retention.erase_due(desk.database, delete_on + dt.timedelta(days=1), "machine") == 1
    with desk.database.reading() as session:
        session.set_scope(EVERYWHERE)
        for model in (Problem, Entry, Abstract):
            assert session.scalars(select(model)).all() == []
        assert not erasing.any_to_erase(session, dt.datetime.now(dt.UTC), late)
