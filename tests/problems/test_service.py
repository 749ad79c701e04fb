"""A problem is its boroughs' alone, what is written of it stays as it was written, and each act is on the record."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import ProgrammingError

from hub import audit
from hub.access import Permission, Role
from hub.db import EVERYWHERE, Scope
from hub.errors import Conflict, NotAllowed, NotFound, OutsideScope
from hub.problems import contents, door, service
from hub.problems.models import Entry, Problem
from hub.problems.service import RESPONSE_BEFORE_ANALYSIS, Place
from hub.problems.terms import Kind, Result, Stage
from hub.problems.wording import Unfit
from tests.conftest import ELSEWHERE, HOME, SIBLING
from tests.problems.conftest import SIBLINGS, STRANGER, YEAR, an_opening
from tests.uploads.desk import Desk

OFFICER, LEADER, COMMANDER = Role.CSP_OFFICER, Role.COUNCIL_LEADER, Role.BCU_COMMANDER
PARTNERS = set(Role) - {LEADER}
A_RESPONSE = {
    "words": "Patrols at closing time", "technique": "10", "mechanism": "Offenders see that they are seen.",
    "body": "police", "start": "2026-01-10", "status": "planned",
}  # fmt: skip


def test_partners_of_the_borough_read_and_write_and_to_others_it_does_not_exist(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    for role in PARTNERS:
        with desk.writing(people[role]) as viewer:
            assert [one.id for one in service.problems(viewer)] == [opened], role
            service.write(viewer, opened, Kind.COMMENT, {"words": f"Seen by a {role.title}"})
    with desk.reading(people[OFFICER]) as viewer:
        record = service.record(viewer, opened)
        assert len(record.of(Kind.COMMENT)) == len(PARTNERS)
        assert re.fullmatch(rf"P-{service.today().year}-[1-9]\d{{3}}", record.problem.reference)
        assert (record.problem.boroughs, record.problem.kind, record.problem.owner_body) == (
            "Alder", "Robbery", "Police",
        )  # fmt: skip
        assert record.problem.period == "January 2025 to December 2025"
    for stranger in (SIBLINGS, STRANGER, people[LEADER]):
        with desk.writing(stranger) as viewer:
            assert service.problems(viewer) == []
            assert not service.numbers(viewer)
            for act in (
                lambda: service.record(viewer, opened),
                lambda: service.problem(viewer, opened),
                lambda: service.write(viewer, opened, Kind.COMMENT, {"words": "Mine now"}),
                lambda: service.move(viewer, opened, Stage.CLOSED, "No reason."),
                lambda: service.describe(viewer, opened, title="Mine", kind="asb", premises=""),
                lambda: service.record(viewer, uuid4()),
            ):
                with pytest.raises(NotFound):
                    act()


def test_a_problem_of_two_boroughs_is_read_and_written_by_partners_of_either(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[COMMANDER]) as viewer:
        shared = service.open_problem(viewer, an_opening(HOME, SIBLING, title="Mopeds along the border")).id
    for email in (people[OFFICER], SIBLINGS, people[COMMANDER]):
        with desk.writing(email) as viewer:
            assert shared in {one.id for one in service.problems(viewer)}
            service.write(viewer, shared, Kind.FINDING, {"words": f"Found by {email.partition('@')[0]}"})
    with desk.writing(SIBLINGS) as viewer:
        assert [one.id for one in service.problems(viewer, borough_code=HOME)] == [shared]
        assert len(service.record(viewer, shared).of(Kind.FINDING)) == 3
    with desk.writing(STRANGER) as viewer:
        assert service.problems(viewer) == []
        service.open_problem(viewer, an_opening(ELSEWHERE))
        with pytest.raises(NotFound):
            service.open_problem(viewer, an_opening(ELSEWHERE, HOME))
        with pytest.raises(NotFound):
            service.open_problem(viewer, an_opening("F09000099"))
    with desk.writing(people[LEADER]) as viewer, pytest.raises(NotAllowed):
        service.open_problem(viewer, an_opening())


def test_references_tell_nobody_how_many_problems_others_have(desk: Desk, people: dict[Role, str]) -> None:
    with desk.writing(people[COMMANDER]) as viewer:
        told = [service.open_problem(viewer, an_opening(SIBLING)).reference for _ in range(20)]
        told.append(service.open_problem(viewer, an_opening(HOME, SIBLING)).reference)
    assert len(set(told)) == len(told)
    assert sorted(told) != told, "they are not counted"
    assert max(told) > f"P-{service.today().year}-1100", "nor close to how many there are"


def test_each_belt_holds_alone(desk: Desk, people: dict[Role, str], opened: UUID) -> None:
    """The fence in the ORM keeps rows apart without the door, and PostgreSQL does without either."""
    for scope, count in ((Scope(frozenset({ELSEWHERE})), 0), (Scope(frozenset({HOME})), 1), (Scope(), 0)):
        with desk.database.session(writes=True) as session:
            session.set_scope(scope)
            assert len(session.scalars(select(Problem)).all()) == count
            assert bool(session.scalars(select(Entry)).all()) == bool(count)
            found = session.execute(update(Problem).where(Problem.id == opened).values(title="Changed")).rowcount
            assert found == count
            session.rollback()
            if session.get_bind().dialect.name == "postgresql":
                with desk.database.engine.connect() as connection:
                    connection.execute(
                        text("SELECT set_config('hub.boroughs', :codes, true)"), {"codes": ",".join(scope.boroughs)}
                    )
                    assert connection.scalar(text("SELECT count(*) FROM problem")) == count
                    assert connection.scalar(text("SELECT count(*) FROM problem_entry")) == 2 * count


def test_what_is_written_is_never_changed_whoever_asks(desk: Desk, opened: UUID) -> None:
    with desk.database.session(writes=True) as session:
        session.set_scope(EVERYWHERE)
        entry = session.scalars(select(Entry).order_by(Entry.number)).first()
        assert entry is not None
        for statement in (update(Entry).values(number=9), delete(Entry)):
            with pytest.raises(OutsideScope):
                session.execute(statement)
        session.delete(entry)
        with pytest.raises(OutsideScope):
            session.flush()
        session.rollback()
        entry = session.scalars(select(Entry).order_by(Entry.number)).first()
        assert entry is not None
        entry.body = {"title": "Another"}
        with pytest.raises(OutsideScope):
            session.flush()
    if desk.database.engine.dialect.name == "postgresql":
        for words in ("UPDATE problem_entry SET number = 9", "DELETE FROM problem_entry"):
            with desk.database.engine.connect() as connection, pytest.raises(ProgrammingError, match="denied"):
                connection.execute(text(words))


def test_with_its_problem_all_that_was_written_goes(desk: Desk, opened: UUID) -> None:
    with desk.database.writing() as session:
        session.set_scope(EVERYWHERE)
        session.execute(delete(Problem).where(Problem.id == opened))
        assert session.scalars(select(Entry)).all() == []


def test_a_thing_is_followed_up_by_later_entries_and_its_history_stays(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        first = {"words": "The last bus leaves people waiting alone", "outcome": "untested"}
        thing = service.write(viewer, opened, Kind.HYPOTHESIS, first)
        service.write(viewer, opened, Kind.HYPOTHESIS, {"words": "Lighting is poor", "outcome": "unclear"})
    with desk.writing(people[COMMANDER]) as viewer:
        before = service.record(viewer, opened).of(Kind.HYPOTHESIS)
        assert [one.body["words"] for one in before] == [first["words"], "Lighting is poor"]
        tested = {**first, "outcome": "supported", "found": "Most events are after the last bus."}
        service.write(viewer, opened, Kind.HYPOTHESIS, tested, thing=thing, follows=before[0].number)
        with pytest.raises(Conflict, match="Somebody has written"):
            service.write(viewer, opened, Kind.HYPOTHESIS, first, thing=thing, follows=before[0].number)
        for wrong in ({"thing": uuid4()}, {"thing": opened}):
            with pytest.raises(NotFound):
                service.write(viewer, opened, Kind.HYPOTHESIS, first, **wrong)
        for kind in (Kind.OPENED, Kind.MOVED, Kind.PUBLISHED, Kind.ATTACHED):
            with pytest.raises(NotFound):
                service.write(viewer, opened, kind, {"to": "closed", "words": "x"})
        after = service.record(viewer, opened)
        assert [one.body["outcome"] for one in after.of(Kind.HYPOTHESIS)] == ["supported", "unclear"]
        assert [one.by for one in after.of(Kind.HYPOTHESIS)] == ["BCU commander", "CSP officer"]
        written = [line for line in after.history if line.kind is Kind.HYPOTHESIS]
        assert [line.body["outcome"] for line in written] == ["supported", "unclear", "untested"]
        cheers = service.write(viewer, opened, Kind.CHEERS, {"events": "Phones taken"})
        assert cheers == opened
        with pytest.raises(Conflict):
            service.write(viewer, opened, Kind.CHEERS, {"events": "Bags taken"})


def test_it_moves_back_and_forth_with_a_reason_and_warns_of_a_response_before_an_analysis(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        assert service.record(viewer, opened).warnings == ()
        service.write(viewer, opened, Kind.RESPONSE, A_RESPONSE)
        assert service.record(viewer, opened).warnings == (RESPONSE_BEFORE_ANALYSIS,)
        service.write(viewer, opened, Kind.TRIANGLE, {"manager": "The bus company"})
        assert service.record(viewer, opened).warnings == ()
        for stage, why in ((Stage.RESPONSE, "Patrols are agreed."), (Stage.ANALYSIS, "The survey says otherwise.")):
            service.move(viewer, opened, stage, why)
            assert service.problem(viewer, opened).stage is stage
        moved = [one.body for one in service.record(viewer, opened).history if one.kind is Kind.MOVED]
        assert [(one["from"], one["to"]) for one in moved] == [("response", "analysis"), ("scanning", "response")]
        with pytest.raises(Conflict):
            service.move(viewer, opened, Stage.ANALYSIS, "Again.")
        for why in ("", " ", "x" * 501, "Told by jo.bloggs@example.org"):
            with pytest.raises(Unfit):
                service.move(viewer, opened, Stage.RESPONSE, why)
        service.move(viewer, opened, Stage.CLOSED, "It is solved.")
        with pytest.raises(Conflict, match="closed"):
            service.write(viewer, opened, Kind.COMMENT, {"words": "One more thing"})
        assert service.problems(viewer) == []
        assert [one.id for one in service.problems(viewer, stage=Stage.CLOSED)] == [opened]
        assert service.record(viewer, opened).delete_on is not None
        service.move(viewer, opened, Stage.SCANNING, "It is back.")
        assert service.record(viewer, opened).delete_on is None


def test_it_is_assigned_to_a_body_and_a_person_of_its_boroughs(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[COMMANDER]) as viewer:
        offered = service.people(viewer, {HOME})
        assert set(offered.values()) == {role.title for role in PARTNERS - {Role.ADMINISTRATOR}}
        number = service.record(viewer, opened).of(Kind.ASSIGNED)[0].number
        lead = next(one for one, name in offered.items() if name == Role.BOROUGH_POLICE_LEAD.title)
        service.write(viewer, opened, Kind.ASSIGNED, {"body": "police", "person": lead}, follows=number)
        assert service.problem(viewer, opened).owner == Role.BOROUGH_POLICE_LEAD.title
        for wrong in (str(uuid4()), "nobody"):
            with pytest.raises(Unfit):
                service.write(viewer, opened, Kind.ASSIGNED, {"body": "police", "person": wrong})
    with desk.reading(people[Role.BOROUGH_POLICE_LEAD]) as viewer:
        assert [one.id for one in service.problems(viewer, is_mine=True)] == [opened]
    with desk.reading(people[OFFICER]) as viewer:
        assert service.problems(viewer, is_mine=True) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "Thirty-seven robberies: 37"}, "title"),
        ({"title": "Robbery of jo@example.org"}, "title"),
        ({"kind": "nonsense"}, "kind"),
        ({"owner_body": "nonsense"}, "owner_body"),
        ({"owner_id": UUID(int=9)}, "owner"),
        ({"place": Place("")}, "place"),
        ({"place": Place("Here", premises="nonsense")}, "premises"),
        ({"place": Place("Here", ward_code="F05000004")}, "ward"),
        ({"period": (YEAR[1], YEAR[0])}, "period"),
        ({"categories": ["Robbery of jo@example.org"]}, "categories"),
    ],
)
def test_what_cannot_stand_is_refused_at_its_field(
    desk: Desk, people: dict[Role, str], wrong: dict[str, object], field: str
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        with pytest.raises(Unfit) as refused:
            service.open_problem(viewer, replace(an_opening(), **wrong))
        assert set(refused.value.faults) == {field}
        assert service.open_problem(viewer, an_opening(title="Robbery near the A40")).title == "Robbery near the A40"


def test_every_field_of_an_entry_is_judged() -> None:
    for kind, wrong, field in (
        (Kind.RESPONSE, {"technique": "26"}, "technique"),
        (Kind.RESPONSE, {"start": "31/02/2026"}, "start"),
        (Kind.RESPONSE, {"start": ""}, "start"),
        (Kind.RESPONSE, {"end": "2026-01-09"}, "end"),
        (Kind.RESPONSE, {"set_up": "2026-01-09"}, "set_up"),
        (Kind.RESPONSE, {"cost": "-1"}, "cost"),
        (Kind.RESPONSE, {"cost": "NaN"}, "cost"),
        (Kind.RESPONSE, {"words": "Visit 12 High Street, SE1 2AB"}, "words"),
        (Kind.RESPONSE, {"mechanism": "x" * 501}, "mechanism"),
    ):
        with pytest.raises(Unfit) as refused:
            contents.fit(kind, {**A_RESPONSE, **wrong})
        assert set(refused.value.faults) == {field}, wrong
    kept = contents.fit(Kind.RESPONSE, {**A_RESPONSE, "cost": "£12,500.00", "end": "31/03/2026", "stray": "x"})
    assert (kept["cost"], kept["end"]) == ("12500", "2026-03-31")
    assert "stray" not in kept
    with pytest.raises(Unfit, match="Nothing was written"):
        contents.fit(Kind.CHEERS, {"events": " "})


def test_each_act_is_on_the_record_without_a_word_of_what_was_written(
    desk: Desk, people: dict[Role, str], opened: UUID
) -> None:
    with desk.writing(people[OFFICER]) as viewer:
        service.write(viewer, opened, Kind.COMMENT, {"words": "Peculiar words"})
        service.write(viewer, opened, Kind.ASSESSMENT, {"result": "fell", "reason": "Peculiar words"})
        service.describe(viewer, opened, title="Peculiar words", kind="theft", premises="")
        service.move(viewer, opened, Stage.CLOSED, "Peculiar words")
        found = service.problem(viewer, opened)
        assert (found.title, found.kind, found.result) == ("Peculiar words", "Theft from people and bicycle theft",
            Result.FELL)  # fmt: skip
    with desk.database.reading() as session:
        told = [one for one in audit.entries(session) if one.action.startswith("problem.")]
    assert [one.action for one in told] == [
        "problem.opened", "problem.assigned", "problem.written", "problem.written", "problem.written", "problem.moved",
    ]  # fmt: skip
    assert all(one.boroughs == [HOME] and one.subject == str(opened) for one in told)
    assert "Peculiar" not in str([one.details for one in told])


def test_a_problem_has_an_end_to_what_is_written_of_it(
    desk: Desk, people: dict[Role, str], opened: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_ENTRIES", 3)
    with desk.writing(people[OFFICER]) as viewer:
        service.write(viewer, opened, Kind.COMMENT, {"words": "The third"})
        with pytest.raises(Conflict):
            service.write(viewer, opened, Kind.COMMENT, {"words": "The fourth"})
        assert viewer.may(Permission.PROBLEM_PUBLISH)
        assert service.record(viewer, opened).history[0].at <= dt.datetime.now(dt.UTC)
