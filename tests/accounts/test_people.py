"""Who may see what today: the roles a person holds, read anew every time, and the accounts that give them."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select, update

from hub import audit
from hub.access import Permission, Role
from hub.accounts import service
from hub.accounts.models import Membership, Person
from hub.db import EVERYTHING, NOWHERE, Database, Scope
from hub.errors import BadRequest, Conflict, NotAllowed
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING

TODAY = dt.date(2026, 3, 31)


def add(database: Database, email: str, role: Role, **places: object) -> Person:
    with database.writing() as session:
        person = service.create_person(session, email, "Jo Okafor", PASSWORD, role, actor=audit.MACHINE, **places)
        session.refresh(person)
        session.expunge(person)
    return person


# --- Scope -----------------------------------------------------------------------------------------------------------


def test_each_role_sees_the_boroughs_it_is_held_for(database: Database, people: dict[Role, str]) -> None:
    for role, email in people.items():
        with database.reading() as session:
            viewer = service.viewer_by_email(session, email)
            expected = {
                Role.BCU_COMMANDER: {HOME, SIBLING},
                Role.ADMINISTRATOR: {HOME, SIBLING, ELSEWHERE},
            }.get(role, {HOME})
            assert viewer.boroughs() == expected
            assert viewer.roles == {role}
            assert session.scope.boroughs == expected
            assert viewer.session is session


def test_shared_rows_are_seen_for_a_bcu_that_lies_wholly_in_scope(database: Database, people: dict[Role, str]) -> None:
    def areas(role: Role) -> frozenset[str]:
        with database.reading() as session:
            service.viewer_by_email(session, people[role])
            return session.scope.areas

    both = f"{HOME}+{SIBLING}"
    assert areas(Role.CSP_OFFICER) == {HOME}
    assert areas(Role.BCU_COMMANDER) == {HOME, SIBLING, both}
    assert areas(Role.ADMINISTRATOR) == {EVERYTHING}


def test_a_role_is_held_from_its_first_day_to_its_last(database: Database, small_city: None) -> None:
    person = add(database, "jo@test.example", Role.CSP_OFFICER, boroughs=[HOME])

    def sees(first: dt.date, last: dt.date | None) -> frozenset[str]:
        with database.writing() as session:
            session.execute(update(Membership).values(starts_on=first, ends_on=last))
        with database.reading() as session:
            viewer = service.viewer_of(session, person.id, today=TODAY)
            assert viewer is not None
            assert session.scope.boroughs == viewer.boroughs()
            return viewer.boroughs()

    day = dt.timedelta(days=1)
    assert sees(TODAY, TODAY) == {HOME}
    assert sees(TODAY - day, None) == {HOME}
    assert sees(TODAY + day, None) == frozenset()
    assert sees(TODAY - 2 * day, TODAY - day) == frozenset()


def test_today_is_londons_day(database: Database, small_city: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half past midnight on 1 April in London is still 31 March in UTC."""
    person = add(database, "jo@test.example", Role.CSP_OFFICER, boroughs=[HOME])
    with database.writing() as session:
        session.execute(update(Membership).values(starts_on=dt.date(2026, 4, 1)))

    class AtMidnight(dt.datetime):
        """A clock that stands still."""

        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:
            return dt.datetime(2026, 3, 31, 23, 30, tzinfo=dt.UTC).astimezone(tz)

    monkeypatch.setattr(service.dt, "datetime", AtMidnight)
    with database.reading() as session:
        viewer = service.viewer_of(session, person.id)
        assert viewer is not None
        assert viewer.may(Permission.UPLOAD_WRITE, {HOME})


def test_roles_are_read_anew_each_time_in_a_session_kept_open(database: Database, people: dict[Role, str]) -> None:
    """A job keeps its session over several commits: a role taken away in between is gone at the next look."""
    with database.session(writes=True) as session:
        viewer = service.viewer_by_email(session, people[Role.CSP_OFFICER])
        assert viewer.boroughs() == {HOME}
        session.commit()
        with database.writing() as other:
            other.execute(
                update(Membership)
                .where(Membership.person_id == viewer.person_id)
                .values(role=Role.COUNCIL_LEADER, borough_code=ELSEWHERE)
            )
        again = service.viewer_of(session, viewer.person_id)
        assert again is not None
        assert again.roles == {Role.COUNCIL_LEADER}
        assert again.boroughs() == {ELSEWHERE}
        assert session.scope == Scope(frozenset({ELSEWHERE}), frozenset({ELSEWHERE}))
        session.commit()
        with database.writing() as other:
            other.execute(update(Person).where(Person.id == viewer.person_id).values(is_active=False))
        assert service.viewer_of(session, viewer.person_id) is None


def test_several_roles_give_each_its_own_boroughs_and_rights(database: Database, small_city: None) -> None:
    person = add(database, "jo@test.example", Role.CSP_OFFICER, boroughs=[HOME])
    with database.writing() as session:
        session.add(
            Membership(
                person_id=person.id, role=Role.COUNCIL_LEADER, borough_code=ELSEWHERE, starts_on=dt.date(2020, 1, 1)
            )
        )
    with database.reading() as session:
        viewer = service.viewer_by_email(session, "jo@test.example")
        assert viewer.boroughs() == {HOME, ELSEWHERE}
        assert viewer.boroughs(Permission.UPLOAD_WRITE) == {HOME}
        assert not viewer.may(Permission.OVERLAY_READ, {HOME, ELSEWHERE})


def test_the_command_line_is_told_who_cannot_work(database: Database, people: dict[Role, str]) -> None:
    email = people[Role.CSP_OFFICER]
    with database.reading() as session:
        assert service.viewer_by_email(session, f"  {email.upper()} ").email == email
    with database.reading() as session:
        with pytest.raises(BadRequest, match=r"Nobody in this hub has the e-mail address 'who@test\.example'"):
            service.viewer_by_email(session, "who@test.example")
        assert session.scope == NOWHERE
    with database.writing() as session:
        session.execute(update(Membership).values(ends_on=dt.date(2020, 1, 1), starts_on=dt.date(2019, 1, 1)))
    with database.reading() as session, pytest.raises(NotAllowed, match="no role that is in force today"):
        service.viewer_by_email(session, email)
    with database.writing() as session:
        session.execute(update(Person).values(is_active=False))
    with database.reading() as session, pytest.raises(NotAllowed, match="is switched off"):
        service.viewer_by_email(session, email)


# --- Making accounts -------------------------------------------------------------------------------------------------


def test_an_account_is_made_with_its_role_and_recorded_without_personal_data(
    database: Database, small_city: None
) -> None:
    person = add(database, "  Jo.Okafor@Test.Example", Role.BCU_COMMANDER, bcu="NORTH")
    with database.reading() as session:
        kept = session.get(Person, person.id)
        assert (kept.email, kept.name) == ("jo.okafor@test.example", "Jo Okafor")
        assert kept.password_hash.startswith("$argon2id$")
        [membership] = kept.memberships
        assert (membership.role, membership.borough_code, membership.is_london) == (Role.BCU_COMMANDER, None, False)
        entry = session.scalars(select(audit.AuditEntry)).one()
        assert (entry.actor, entry.action, entry.subject) == (audit.MACHINE, "person.created", str(person.id))
        assert entry.details == {"role": "bcu_commander", "bcu": "NORTH", "london": False}
        assert "okafor" not in str((entry.subject, entry.details)).lower()


def test_a_borough_role_may_be_held_for_several_boroughs(database: Database, small_city: None) -> None:
    add(database, "jo@test.example", Role.CSP_OFFICER, boroughs=[SIBLING, HOME.lower(), HOME])
    with database.reading() as session:
        assert service.viewer_by_email(session, "jo@test.example").boroughs() == {HOME, SIBLING}


@pytest.mark.parametrize(
    ("role", "places", "sentence"),
    [
        (Role.CSP_OFFICER, {}, "held for one or more boroughs, and no place was given"),
        (Role.CSP_OFFICER, {"london": True}, "held for one or more boroughs, and London was given"),
        (Role.COUNCIL_LEADER, {"bcu": "north"}, "held for one or more boroughs, and a BCU was given"),
        (Role.BCU_COMMANDER, {"london": True}, "held for a BCU or one or more boroughs, and London was given"),
        (Role.BCU_COMMANDER, {"bcu": "north", "boroughs": [HOME]}, "and one or more boroughs and a BCU was given"),
        (Role.ADMINISTRATOR, {}, "no place was given"),
        (Role.CSP_OFFICER, {"boroughs": [HOME, "F09000077"]}, "no borough with the code F09000077"),
        (Role.BCU_COMMANDER, {"bcu": "Norht"}, "no BCU called 'Norht'"),
    ],
)
def test_a_role_needs_a_place_that_goes_with_it(
    database: Database, small_city: None, role: Role, places: dict[str, object], sentence: str
) -> None:
    with pytest.raises(BadRequest, match=sentence):
        add(database, "jo@test.example", role, **places)
    with database.reading() as session:
        assert session.scalars(select(Person)).all() == []


@pytest.mark.parametrize(
    "email",
    [
        *("", "jo", "jo@", "@test.example", "jo@test", "jo@@test.example", "jo okafor@test.example"),
        *(
            "jo@test..example",
            "jo@test.example\nBcc: all@test.example",
            "jo\x00@test.example",
            "j" * 243 + "@test.example",
        ),
    ],
)
def test_an_e_mail_address_must_be_one(database: Database, small_city: None, email: str) -> None:
    with pytest.raises(BadRequest, match="is not an e-mail address"):
        add(database, email, Role.CSP_OFFICER, boroughs=[HOME])


def test_one_address_has_one_account_whatever_its_capitals(database: Database, small_city: None) -> None:
    add(database, "jo@test.example", Role.CSP_OFFICER, boroughs=[HOME])
    with pytest.raises(Conflict, match=r"an account for jo@test\.example already"):
        add(database, "JO@test.example", Role.CSP_OFFICER, boroughs=[HOME])


def test_a_name_and_a_password_are_checked(database: Database, small_city: None) -> None:
    wanted = {"boroughs": [HOME], "actor": audit.MACHINE}
    with database.writing() as session:
        for name in ("", "  ", "x" * 121, "Jo\x00"):
            with pytest.raises(BadRequest, match="name is missing or cannot be used"):
                service.create_person(session, "jo@test.example", name, PASSWORD, Role.CSP_OFFICER, **wanted)
        for guessed in ("lindqvist-2026", "Cedar Birch 2026!"):
            with pytest.raises(BadRequest, match="too easy to guess"):
                service.create_person(session, "jo.lindqvist@test.example", "Jo", guessed, Role.CSP_OFFICER, **wanted)
