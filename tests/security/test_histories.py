"""T4: whatever happens in whatever order, each person sees what a plain model says, and may do no more than it says.

The model knows who holds which role where, and which boroughs each thing was made for. Every table that belongs to a
borough or an area is compared, also those that nobody here thought of.
"""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from hub import audit, migrate
from hub.access import GRANTED, Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.accounts import tokens
from hub.accounts.models import Membership, Person
from hub.agreements import service as agreements
from hub.briefings import mutes
from hub.config import Settings
from hub.db import EVERYWHERE, Database, HubSession
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.jobs import Worker, enqueue
from hub.places import service as places
from hub.places.models import Bcu
from hub.problems import service as problems
from hub.problems.terms import Kind
from hub.sharing import service as sharing
from hub.uploads import confined, history, service, views, work
from hub.zones import service as zones
from hub.zones.service import Drawn
from tests.agreements.written import some_terms
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.problems.conftest import an_opening
from tests.security.marked import fenced
from tests.uploads.desk import Desk, admit_here, check_here, look_here

pytestmark = pytest.mark.slow

STEPS_OF_A_HISTORY = 50
HISTORIES, ROUNDS_LONG = 6, 40
"""A round's first history has one step. On both databases 500 steps, and in so many rounds 20,000."""

BOROUGHS = (HOME, SIBLING, ELSEWHERE)
AREAS = {
    HOME: {HOME}, SIBLING: {SIBLING}, ELSEWHERE: {ELSEWHERE}, "north": {HOME, SIBLING}, "south": {ELSEWHERE},
    "london": {HOME, SIBLING, ELSEWHERE},
}  # fmt: skip
WARDS = {code: f"F0500000{2 * number}" for number, code in enumerate(BOROUGHS)}
WHERE = {
    Role.BCU_COMMANDER: ("north", "south"),
    Role.ADMINISTRATOR: ("london", *BOROUGHS),
}
"""Where a role is held; a borough's are held in boroughs."""
SOME = st.integers(0, 1_000)
"""Which of those that there are."""


# --- The plain model -------------------------------------------------------------------------------------------------


@dataclass
class Somebody:
    """A person, as far as what they may see goes."""

    id: UUID
    email: str
    is_active: bool = True
    roles: list[tuple[Role, str]] = field(default_factory=list)
    tokens: set[UUID] = field(default_factory=set)

    @property
    def boroughs(self) -> set[str]:
        """Every borough of theirs."""
        return set().union(*(AREAS[where] for _, where in self.roles)) if self.is_active else set()

    def where(self, permission: Permission) -> set[str]:
        """The boroughs in which they may do something."""
        held = [AREAS[where] for role, where in self.roles if permission in GRANTED[role]]
        return set().union(*held) if self.is_active else set()

    def may(self, permission: Permission, boroughs: set[str]) -> bool:
        """Whether they may do it in all of some boroughs."""
        return bool(boroughs) and boroughs <= self.where(permission)

    def asks_in_one_role(self, boroughs: set[str]) -> bool:
        """Whether one role of theirs, and not two together, lets them ask for some boroughs."""
        held: dict[Role, set[str]] = {}
        for role, where in self.roles if self.is_active else ():
            if Permission.SHARE_ASK in GRANTED[role]:
                held.setdefault(role, set()).update(AREAS[where])
        return any(boroughs <= codes for codes in held.values())

    def sees(self, boroughs: set[str]) -> bool:
        """Whether a row made for some boroughs is inside their scope."""
        if self.boroughs == set(BOROUGHS):
            return True
        exactly = [self.boroughs, *(self.where(permission) for permission in Permission)]
        is_an_area = len(boroughs) == 1 or boroughs in [AREAS["north"], *exactly]
        return is_an_area and boroughs <= self.boroughs

    def sees_row(self, row: tuple[str, str, object]) -> bool:
        """Whether a row of a table, made for some boroughs, is inside their scope."""
        table, key, _ = row
        boroughs = set(key.split("+"))
        is_among = migrate.fenced_tables()[table] == "borough_set"
        return bool(boroughs & self.boroughs) if is_among else self.sees(boroughs)


@dataclass
class Made:
    """Something made for some boroughs."""

    id: UUID
    boroughs: set[str]


@dataclass
class Asked:
    """Something that one area asked another borough to share."""

    id: UUID
    boroughs: set[str]
    owner: str
    asker: Somebody

    def is_read_by(self, person: Somebody) -> bool:
        """Whether a person reads the record of it on either side."""
        sides = (self.boroughs, {self.owner})
        return any(person.may(Permission.OVERLAY_READ, side) and person.sees(side) for side in sides)


class Nobody:
    """Who acts for an account that is switched off: no service gets as far as asking who it is."""

    def __getattr__(self, name: str) -> Any:
        raise NotFound


# --- The machine -----------------------------------------------------------------------------------------------------


class Histories(RuleBasedStateMachine):
    """A hub at which anything may happen next."""

    new_database: ClassVar[Callable[[], Database]]
    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.database = self.new_database()
        self.desk = Desk(self.database)
        self.people: list[Somebody] = []
        self.made: dict[str, list[Made]] = {noun: [] for noun in ("upload", "zone", "mute", "agreement", "problem")}
        self.shares: list[Asked] = []
        self.number = 0

    def teardown(self) -> None:
        self.database.engine.dispose()

    # --- What is needed for a step -----------------------------------------------------------------------------------

    def who(self, some: int) -> Somebody:
        return self.people[some % len(self.people)]

    def one(self, noun: str, some: int) -> Made:
        return self.made[noun][some % len(self.made[noun])]

    @contextmanager
    def acting(self, person: Somebody, *, may: bool) -> Iterator[Any]:
        """Do something as a person; what the model lets nobody do must be refused, and leave nothing."""
        refused = False
        try:
            with self.database.writing() as session:
                viewer = accounts.viewer_of(session, person.id)
                assert (viewer is None) is not person.is_active
                yield viewer or Nobody()
        except (NotFound, NotAllowed):
            refused = True
        assert refused is not may, f"{person} was {'refused' if refused else 'let'}"

    def next(self) -> int:
        self.number += 1
        return self.number

    # --- People ------------------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        for role, where in ((Role.CSP_OFFICER, HOME), (Role.CSP_OFFICER, ELSEWHERE), (Role.BCU_COMMANDER, "north")):
            self.add(role, where)

    def add(self, role: Role, where: str) -> None:
        email = f"person-{self.next()}@test.example"
        place = {"london": {"london": True}, "north": {"bcu": "north"}, "south": {"bcu": "south"}}
        with self.database.writing() as session:
            held = place.get(where, {"boroughs": [where]})
            made = accounts.create_person(session, email, "Jo", PASSWORD, role, actor=audit.MACHINE, **held)
            self.people.append(Somebody(made.id, email, roles=[(role, where)]))

    @precondition(lambda self: len(self.people) < 6)
    @rule(role=st.sampled_from(Role), where=SOME)
    def create_a_person(self, role: Role, where: int) -> None:
        offered = WHERE.get(role, BOROUGHS)
        self.add(role, offered[where % len(offered)])

    @rule(some=SOME, role=st.sampled_from(Role), where=SOME, at_once=st.booleans())
    def change_a_membership(self, some: int, role: Role, where: int, at_once: bool) -> None:
        """A role ends yesterday, and another begins today, beside those still held or in their place."""
        person, offered = self.who(some), WHERE.get(role, BOROUGHS)
        place, today = offered[where % len(offered)], agreements.today()
        with self.database.writing() as session:
            held = session.scalars(
                select(Membership).where(Membership.person_id == person.id, Membership.ends_on.is_(None))
            )
            for membership in held.all() if at_once or len(person.roles) > 2 else []:
                membership.starts_on, membership.ends_on = today - dt.timedelta(days=9), today - dt.timedelta(days=1)
            bcu_id = session.scalar(select(Bcu.id).where(Bcu.slug == place))
            session.add(
                Membership(
                    person_id=person.id,
                    role=role,
                    bcu_id=bcu_id,
                    is_london=place == "london",
                    starts_on=today,
                    borough_code=place if place in BOROUGHS else None,
                )
            )
        person.roles = [*([] if at_once or len(person.roles) > 2 else person.roles), (role, place)]

    @rule(some=SOME)
    def switch_an_account(self, some: int) -> None:
        person = self.who(some)
        person.is_active = not person.is_active
        with self.database.writing() as session:
            session.get_one(Person, person.id).is_active = person.is_active

    # --- Uploads -----------------------------------------------------------------------------------------------------

    @rule(some=SOME, count=st.integers(100, 140), commits=st.booleans())
    def send_a_file(self, some: int, count: int, commits: bool) -> None:
        """The same months each time: what is live there is replaced."""
        person = self.who(some)
        allowed = person.where(Permission.UPLOAD_WRITE)
        rows = [f"{WARDS[code]},2025-0{month},Burglary,{count}" for code in sorted(allowed) for month in (1, 2, 3)]
        content = "\n".join(["WardCode,Month,Category,Count", *rows, ""])
        with self.acting(person, may=bool(allowed)) as viewer:
            upload_id = service.receive(viewer, _stream(content), f"{self.next()}.csv").id
        if allowed:
            self.made["upload"].append(Made(upload_id, set(allowed)))
            with self.database.session(writes=True) as session:
                viewer = accounts.viewer_by_email(session, person.email)
                _check(viewer, upload_id)
            if commits:
                self._try(person, lambda viewer: service.commit(viewer, upload_id))

    def _try(self, person: Somebody, act: Callable[[Viewer], object]) -> None:
        """Do what may be refused for the state that a thing is in."""
        with suppress(BadRequest, Conflict), self.database.writing() as session:
            act(accounts.viewer_by_email(session, person.email))

    @precondition(lambda self: self.made["upload"])
    @rule(some=SOME, which=SOME, act=st.sampled_from(["commit", "undo", "discard"]))
    def change_an_upload(self, some: int, which: int, act: str) -> None:
        person, upload = self.who(some), self.one("upload", which)
        may = Permission.UPLOAD_WRITE if act == "discard" else Permission.UPLOAD_COMMIT
        do = {"commit": service.commit, "undo": service.undo, "discard": service.discard}[act]
        if person.sees(upload.boroughs) and person.may(may, upload.boroughs):
            self._try(person, lambda viewer: do(viewer, upload.id))
        else:
            with self.acting(person, may=False) as viewer:
                do(viewer, upload.id)

    # --- Zones, places kept off, agreements, tokens -------------------------------------------------------------------

    @rule(some=SOME, area=st.sampled_from(sorted(AREAS)), ward=st.booleans())
    def save_a_zone(self, some: int, area: str, ward: bool) -> None:
        person, code = self.who(some), sorted(AREAS[area])[-1 if ward else 0]
        may = person.may(Permission.ZONE_WRITE, AREAS[area])
        with self.acting(person, may=may) as viewer:
            its_area = places.area(viewer, area, Permission.OVERLAY_READ)
            saved = zones.save(viewer, its_area, Drawn(f"Zone {self.next()}", ward_codes=[WARDS[code]]))
        if may:
            self.made["zone"].append(Made(saved.id, AREAS[area]))

    @precondition(lambda self: self.made["zone"])
    @rule(some=SOME, which=SOME, area=st.sampled_from(sorted(AREAS)), deletes=st.booleans())
    def change_a_zone(self, some: int, which: int, area: str, deletes: bool) -> None:
        person, zone = self.who(some), self.one("zone", which)
        may = person.may(Permission.ZONE_WRITE, AREAS[area]) and AREAS[area] == zone.boroughs
        with self.acting(person, may=may) as viewer:
            its_area = places.area(viewer, area, Permission.OVERLAY_READ)
            if deletes:
                zones.delete(viewer, its_area, zone.id)
            else:
                zones.rename(viewer, its_area, zone.id, f"Zone {self.next()}")
        if may and deletes:
            self.made["zone"].remove(zone)

    @rule(some=SOME, area=st.sampled_from(sorted(AREAS)))
    def mute_a_place(self, some: int, area: str) -> None:
        person = self.who(some)
        may = person.may(Permission.PLACE_MUTE, AREAS[area])
        standing = mutes.Standing("Robbery", (f"300m-E{3_000 * self.next()}-N0",), "Ward", "new", 5, 1, 5)
        with self.acting(person, may=may) as viewer:
            muted = mutes.mute(viewer, places.area(viewer, area, Permission.PLACE_MUTE), standing)
        if may:
            self.made["mute"].append(Made(muted.id, AREAS[area]))

    @precondition(lambda self: self.made["mute"])
    @rule(some=SOME, which=SOME, area=st.sampled_from(sorted(AREAS)))
    def show_a_place_again(self, some: int, which: int, area: str) -> None:
        person, muted = self.who(some), self.one("mute", which)
        may = person.may(Permission.PLACE_MUTE, AREAS[area]) and AREAS[area] == muted.boroughs
        with self.acting(person, may=may) as viewer:
            mutes.show_again(viewer, places.area(viewer, area, Permission.PLACE_MUTE), muted.id)
        if may:
            self.made["mute"].remove(muted)

    @rule(some=SOME, area=st.sampled_from(sorted(AREAS)))
    def open_a_problem(self, some: int, area: str) -> None:
        """By somebody who holds all of its boroughs."""
        person = self.who(some)
        may = person.may(Permission.PROBLEM_WRITE, AREAS[area])
        with self.acting(person, may=may) as viewer:
            opened = problems.open_problem(viewer, an_opening(*AREAS[area], title=f"Problem {self.next() * 5}"))
        if may:
            self.made["problem"].append(Made(opened.id, AREAS[area]))

    @precondition(lambda self: self.made["problem"])
    @rule(some=SOME, which=SOME)
    def write_of_a_problem(self, some: int, which: int) -> None:
        """By anybody who holds one of its boroughs."""
        person, problem = self.who(some), self.one("problem", which)
        with self.acting(person, may=bool(person.where(Permission.PROBLEM_WRITE) & problem.boroughs)) as viewer:
            problems.write(viewer, problem.id, Kind.COMMENT, {"words": "Seen"})

    @rule(some=SOME, code=st.sampled_from(BOROUGHS))
    def write_an_agreement(self, some: int, code: str) -> None:
        person = self.who(some)
        may = person.may(Permission.AGREEMENT_WRITE, {code})
        with self.acting(person, may=may) as viewer:
            [written] = agreements.write(viewer, [code], some_terms(f"ISA-{self.next()}"))
        if may:
            self.made["agreement"].append(Made(written, {code}))

    @precondition(lambda self: self.made["agreement"])
    @rule(some=SOME, which=SOME)
    def end_an_agreement(self, some: int, which: int) -> None:
        person, agreement = self.who(some), self.one("agreement", which)
        with self.acting(person, may=person.may(Permission.AGREEMENT_WRITE, agreement.boroughs)) as viewer:
            agreements.end(viewer, agreement.id, "It is not needed any more.")

    @rule(some=SOME, ends=st.booleans(), other=SOME)
    def make_or_end_a_token(self, some: int, ends: bool, other: int) -> None:
        person, owner = self.who(some), self.who(other)
        if ends and owner.tokens:
            token_id = min(owner.tokens)
            with self.acting(person, may=person.is_active and person is owner) as viewer:
                tokens.end(viewer, token_id)
        elif len(person.tokens) < 5:
            may = bool(person.where(Permission.UPLOAD_WRITE))
            with self.acting(person, may=may) as viewer:
                made, _ = tokens.make(viewer, f"Script {self.next()}", "ward_counts", agreements.today())
            if may:
                person.tokens.add(made.id)

    # --- Sharing across a border -------------------------------------------------------------------------------------

    @rule(some=SOME, area=st.sampled_from(sorted(AREAS)), owner=st.sampled_from(BOROUGHS))
    def ask_to_share(self, some: int, area: str, owner: str) -> None:
        person = self.who(some)
        if owner in person.boroughs:
            return  # There is nothing to ask for.
        may = person.asks_in_one_role(AREAS[area])
        wanted = sharing.Wanted(
            owner_code=owner,
            show=next(iter(sharing.ASKED_FOR)),
            category="Burglary",
            dataset=None,
            first_month=dt.date(2025, 1, 1),
            last_month=dt.date(2025, 3, 1),
            purpose="To see whether it goes on across the border.",
            until=sharing.today(),
        )
        with self.acting(person, may=may) as viewer:
            share_id = sharing.ask(viewer, places.area(viewer, area, Permission.SHARE_ASK), wanted)
        if may:
            self.shares.append(Asked(share_id, AREAS[area], owner, person))

    @precondition(lambda self: self.shares)
    @rule(some=SOME, which=SOME, act=st.sampled_from(["grant", "refuse", "end"]))
    def settle_a_share(self, some: int, which: int, act: str) -> None:
        person, share = self.who(some), self.shares[which % len(self.shares)]
        may = person.may(Permission.SHARE_DECIDE, {share.owner})
        if act == "end":
            may = may or (person is share.asker and share.is_read_by(person))
        do: dict[str, Callable[[Viewer], object]] = {
            "grant": lambda viewer: sharing.grant(
                viewer, share.id, until=sharing.today(), may_download=False, conditions=""
            ),
            "refuse": lambda viewer: sharing.refuse(viewer, share.id, reason="It is not needed."),
            "end": lambda viewer: sharing.end(viewer, share.id, because="It is not needed."),
        }
        if may:
            self._try(person, do[act])
        else:
            with self.acting(person, may=False) as viewer:
                do[act](viewer)

    # --- Jobs --------------------------------------------------------------------------------------------------------

    @rule(some=SOME, role=st.sampled_from(Role), where=SOME)
    def run_a_job_after_its_asker_has_changed(self, some: int, role: Role, where: int) -> None:
        """A8: a job runs in the scope that its asker has by then."""
        person, found = self.who(some), list[set[str]]()
        with self.acting(person, may=person.is_active) as viewer:
            enqueue(viewer, "look")
        asked = person.is_active
        self.change_a_membership(some, role, where, at_once=True)
        look: dict[str, Any] = {"look": lambda viewer, arguments, report: found.append(set(viewer.boroughs()))}
        assert Worker(self.database, look, accounts.viewer_of).run_one() is asked
        assert found == ([person.boroughs] if asked else [])

    # --- What everybody sees ------------------------------------------------------------------------------------------

    @invariant()
    def everybody_sees_what_is_theirs(self) -> None:
        type(self).steps[self.database.engine.dialect.name] += 1
        with self.database.reading() as session:
            session.set_scope(EVERYWHERE)
            everything = _rows_in(session)
        filled = {table for table, *_ in everything}
        for person in self.people:
            with self.database.reading() as session:
                viewer = accounts.viewer_of(session, person.id)
                if viewer is None:
                    assert not person.is_active
                    continue
                seen = _rows_in(session, filled)
                assert seen == {row for row in everything if person.sees_row(row)}, person
                self._compare_lists(viewer, person)

    def _compare_lists(self, viewer: Viewer, person: Somebody) -> None:
        def ids(noun: str, permission: Permission) -> set[UUID]:
            return {
                one.id for one in self.made[noun] if person.may(permission, one.boroughs) and person.sees(one.boroughs)
            }

        assert {one.id for one in problems.problems(viewer)} == {
            one.id for one in self.made["problem"] if person.where(Permission.PROBLEM_READ) & one.boroughs
        }
        shown = {one.id for one in views.uploads(viewer)}
        assert shown == ids("upload", Permission.UPLOAD_READ)
        assert {one.id for one in agreements.agreements(viewer, agreements.today())} == ids(
            "agreement", Permission.AGREEMENT_READ
        )
        assert {one.borough_code for one in history.held(viewer)} <= person.where(Permission.UPLOAD_READ)
        assert {one.id for one in tokens.own(viewer)} == person.tokens
        on = sharing.today()
        assert {one.id for one in sharing.shares(viewer, on)} == {
            one.id for one in self.shares if one.is_read_by(person)
        }
        readable = places.areas(viewer, Permission.OVERLAY_READ)
        assert {area.slug for area in readable} == {
            slug for slug, codes in AREAS.items() if person.may(Permission.OVERLAY_READ, codes)
        }
        of_areas = {slug: {one.id for one in self.made["zone"] if one.boroughs == AREAS[slug]} for slug in AREAS}
        off = {slug: {one.id for one in self.made["mute"] if one.boroughs == AREAS[slug]} for slug in AREAS}
        for area in readable:
            assert {one.id for one in zones.zones(viewer, area)} == of_areas[area.slug]
            assert {one.id for one in mutes.muted(viewer, area)} == off[area.slug]


def _rows_in(session: HubSession, tables: Container[str] | None = None) -> set[tuple[str, str, object]]:
    """Of every table that belongs to a borough or an area, or of some: whose each row is, and which it is."""
    return {
        (mapper.local_table.name, row[0], tuple(row[1:]))
        for mapper in fenced()
        if tables is None or mapper.local_table.name in tables
        for row in session.execute(select(getattr(mapper.class_, mapper.class_.fence), *mapper.primary_key))
    }


def _stream(content: str) -> Any:
    return io.BytesIO(content.encode())


def _check(viewer: Viewer, upload_id: UUID) -> None:
    work.map_and_check(viewer, upload_id, dataset="ward_counts", column_fields={}, report=lambda words: None)


def tell_histories(
    new_database: Callable[[], Database], histories: int, of: type[Histories] = Histories, *, rounds: int = 1
) -> int:
    """Tell so many histories in each round, and say how many steps they had.

    In rounds, since of many histories Hypothesis makes the first tenth and some others short.
    """

    class Told(of):  # type: ignore[misc, valid-type]
        steps: ClassVar[Counter[str]] = Counter()

    Told.new_database = staticmethod(new_database)
    for number in range(rounds):
        run_state_machine_as_test(
            seed(number)(Told),
            settings=hypothesis_settings(
                max_examples=histories,
                stateful_step_count=STEPS_OF_A_HISTORY,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    return int(Told.steps.total())


@pytest.fixture(autouse=True)
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, here in {"admit": admit_here, "look": look_here, "check": check_here}.items():
        monkeypatch.setattr(confined, name, here)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_each_person_sees_what_a_plain_model_says(
    kind: str,
    new_settings: Callable[..., Settings],
    is_long: bool,
    record_property: Callable[[str, object], None],
) -> None:
    rounds = ROUNDS_LONG if is_long else 1
    steps = tell_histories(lambda: Database(new_settings(kind, holding="small_city")), HISTORIES, rounds=rounds)
    print(f"T4: {steps:,} steps on {kind}, and everybody saw what was theirs after each.")
    record_property("steps", steps)
    assert steps >= rounds * STEPS_OF_A_HISTORY * (HISTORIES - 1)
