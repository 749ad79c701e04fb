"""Two worlds: both hold the same rows of my borough, and only the second any of theirs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
import shapely
from sqlalchemy import Row, inspect
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.models import Person
from hub.assessments.models import Assessment, AssessmentPart
from hub.baselines.models import Baseline, BaselineGround, BaselinePart
from hub.baselines.models import Role as GroundRole
from hub.borders.bands import Band
from hub.borders.models import BorderBand, BorderChoice
from hub.briefings.models import MutedPlace
from hub.columns import Base
from hub.db import EVERYWHERE, Database, HubSession, Scope
from hub.disclosure.models import ReleasedSet
from hub.hotspots.models import HotspotRun
from hub.measures.models import MeasureChoice
from hub.places.models import Borough
from hub.problems.models import Attachment, Entry, OutsideAddress, Problem
from hub.problems.terms import Kind as EntryKind
from hub.problems.terms import Origin, Stage
from hub.questions.models import Question
from hub.reports.models import Act as ReportAct
from hub.reports.models import Repeats, Report, ReportFile, ReportSchedule, ReportStep, ReportSubscription
from hub.reports.models import State as ReportState
from hub.responses.models import PatrolPlan, PatrolVisit
from hub.sharing.models import BorderShare
from hub.sharing.models import Side as ShareSide
from hub.tasking.models import Occasion, TaskLetter
from hub.uploads.models import Incident, State, Upload, Version, VersionMonth, WardCount
from hub.wards.models import Act, WardPriority
from hub.zones.models import Zone

EXPECTED_WARNINGS = [
    pytest.mark.filterwarnings("ignore:.* statement has a cartesian product"),
    pytest.mark.filterwarnings("ignore:Did not locate an expression in selectable"),
    pytest.mark.filterwarnings("ignore:The Query.get"),
]
"""Of probes that are as odd as an attack."""
MINE, THEIRS = "F09000001", "F09000002"
BOTH = f"{MINE}+{THEIRS}"
MY_SCOPE = Scope(frozenset({MINE}), frozenset({MINE}))
THEIR_SCOPE = Scope(frozenset({THEIRS}), frozenset({THEIRS}))
OUR_SCOPE = Scope(frozenset({MINE, THEIRS}), frozenset({MINE, THEIRS, BOTH}))
FENCED = (
    Version,
    VersionMonth,
    WardCount,
    Incident,
    Upload,
    HotspotRun,
    MutedPlace,
    Zone,
    BorderShare,
    BorderBand,
    BorderChoice,
    WardPriority,
    MeasureChoice,
    Report,
    ReportSubscription,
    ReportSchedule,
    ReportFile,
    ReportStep,
    Question,
    Problem,
    Entry,
    Attachment,
    OutsideAddress,
    TaskLetter,
    PatrolPlan,
    PatrolVisit,
    Baseline,
    BaselineGround,
    BaselinePart,
    Assessment,
    AssessmentPart,
)
ME = UUID(int=1)
JANUARY, FEBRUARY, MARCH = dt.date(2025, 1, 1), dt.date(2025, 2, 1), dt.date(2025, 3, 1)
NOON = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Side:
    """Where one borough's rows stand: what a write is aimed at."""

    borough: str
    upload: UUID
    spare_upload: UUID
    """One without a version."""
    version: int
    row: int
    """A ward count, and an incident."""
    run: int
    mute: UUID
    zone: UUID
    share: int


MY_SIDE = Side(MINE, UUID(int=11), UUID(int=21), version=1, row=1, run=1, mute=UUID(int=31), zone=UUID(int=41), share=1)
THEIR_SIDE = Side(
    THEIRS, UUID(int=13), UUID(int=23), version=3, row=101, run=3, mute=UUID(int=33), zone=UUID(int=43), share=3
)
SHARED_UPLOAD, SHARED_RUN, SHARED_MUTE, SHARED_ZONE = UUID(int=12), 2, UUID(int=32), UUID(int=42)
SHARED_SHARE = 2
MY_SHARED_VERSION, THEIR_SHARED_VERSION = 2, 4
"""What the upload for both boroughs gave each."""


# --- Two worlds ------------------------------------------------------------------------------------------------------


def seed(database: Database, *, with_theirs: bool = True) -> None:
    """Write my rows and, if asked, theirs; the upload for both boroughs is there either way, under another name."""
    with database.writing() as session:
        session.set_scope(EVERYWHERE)
        ground = shapely.box(0, 0, 1, 1)
        session.add_all([Borough(code=MINE, name="M", outline=ground), Borough(code=THEIRS, name="T", outline=ground)])
        session.add(Person(id=ME, email="me@example.org", name="Me", password_hash="-", created_at=NOON))
        session.flush()
        session.add(an_upload(SHARED_UPLOAD, BOTH, file_name=f"for-both-{with_theirs}.csv"))
        _seed_side(session, MY_SIDE, MY_SHARED_VERSION, value=5, word="mine")
        if with_theirs:
            _seed_side(session, THEIR_SIDE, THEIR_SHARED_VERSION, value=1000, word="secret")
            session.add_all([a_run(SHARED_RUN, BOTH, b"secret"), a_mute(SHARED_MUTE, BOTH, "secret")])
            session.add_all([a_zone(SHARED_ZONE, BOTH, "secret"), a_share(SHARED_SHARE, BOTH, "secret")])


def _seed_side(session: HubSession, side: Side, shared_version: int, *, value: int, word: str) -> None:
    session.add_all([a_run(side.run, side.borough), a_mute(side.mute, side.borough, word)])
    session.add_all([a_zone(side.zone, side.borough, word), a_share(side.share, side.borough, word)])
    session.add_all(
        [
            a_band(side.share, side.borough, word),
            a_choice(side.share, side.borough),
            five_measures(side.share, side.borough),
            a_report(side.zone, side.borough, word),
            a_subscription(side.share, side.borough),
            a_schedule(side.zone, side.borough, word),
            a_question(side.share, side.borough, word),
            a_problem(side.zone, side.borough, word),
        ]
    )
    session.flush()
    session.add_all([an_entry(side.zone, side.borough, word), an_attachment(side.zone, side.borough, word)])
    session.add_all([a_task_letter(side.zone, side.borough, value), an_address(side.zone, side.borough, word)])
    session.add_all([a_patrol(side.zone, side.borough, word), a_visit(side.zone, side.borough, word)])
    session.add_all([a_baseline(side.zone, side.borough, word), an_assessment(side.zone, side.borough, word)])
    session.add(a_report_file(side.share, side.borough, side.zone, word))
    session.add(a_report_step(side.share, side.borough, side.zone, word))
    session.add_all([a_released_set(side.row, side.borough, word), a_priority(side.share, side.borough, word)])
    session.add_all([an_upload(side.upload, side.borough, file_name=f"{word}.csv")])
    session.add(an_upload(side.spare_upload, side.borough, file_name=f"{word}-spare.csv"))
    session.flush()
    for number, (version, upload) in enumerate([(side.version, side.upload), (shared_version, SHARED_UPLOAD)], start=1):
        session.add(a_version(version, side.borough, upload, number=number, placed=value * number))
        session.flush()
        for month in (JANUARY, FEBRUARY):
            session.add(a_month(version, side.borough, month, is_current=number == 1))
        for row in range(4 - number):
            key = side.row + 10 * (number - 1) + row
            session.add(a_count(key, side.borough, version, count=value * number + row, word=word))
            session.add(an_incident(key, side.borough, version, easting=value + row, word=word))
    session.add(a_ground(side.zone, side.borough, word))
    session.add(a_part(side.row, side.borough, side.zone, side.version, word))
    session.add(a_part_of_an_assessment(side.row, side.borough, side.zone, side.version))
    session.flush()


def an_upload(key: UUID, area: str, *, file_name: str = "new.csv") -> Upload:
    size = len(file_name)
    return Upload(
        id=key, owner_id=ME, area_key=area, file_name=file_name, sha256="-", size_bytes=size, received_at=NOON,
        state=State.COMMITTED,
    )  # fmt: skip


def a_run(key: int, area: str, result: bytes = b"-") -> HotspotRun:
    return HotspotRun(id=key, area_key=area, inputs_hash=f"run {key}", inputs={}, result=result, computed_at=NOON)


def a_mute(key: UUID, area: str, word: str = "new") -> MutedPlace:
    return MutedPlace(
        id=key, area_key=area, category=word, unit="300m-E0-N0", ward_name=word, kind="new", quiet_from=1, quiet_to=2,
        muted_by=ME, muted_at=NOON,
    )  # fmt: skip


def a_zone(key: UUID, area: str, word: str = "new") -> Zone:
    return Zone(id=key, area_key=area, name=word, outline=shapely.box(0, 0, 1, 1), made_by=ME, made_at=NOON)


def a_share(key: int, area: str, word: str = "new") -> BorderShare:
    return BorderShare(
        id=key, area_key=area, share_id=UUID(int=50 + key), side=ShareSide.OWNING, asked_by=ME,
        asked_role="csp_analyst", asking_key=area, asking_name=word, owner_code="F09000009", asked_at=NOON,
        show="wards-count", category=word, first_month=JANUARY, last_month=MARCH, purpose=word, wanted_until=MARCH,
    )  # fmt: skip


def a_released_set(key: int, borough: str, word: str = "new") -> ReleasedSet:
    return ReleasedSet(
        id=key, borough_code=borough, dataset="ward_counts", number=key, months={"2025-01": word}, policy=1,
        digest=word, since=NOON,
    )  # fmt: skip


def a_band(key: int, borough: str, word: str = "new") -> BorderBand:
    return BorderBand(
        id=key, borough_code=borough, source_code="F09000009", units="wards", category=word, unit=f"W{key}",
        band=Band.ABOVE, first_month=JANUARY, last_month=MARCH,
    )  # fmt: skip


def a_priority(key: int, borough: str, word: str = "new") -> WardPriority:
    return WardPriority(
        id=key, priority_id=UUID(int=60 + key), number=1, borough_code=borough, ward_code=f"W{key}", act=Act.SET,
        words=word, source=word, set_on=JANUARY, review_on=MARCH, note="", written_by=ME, written_at=NOON,
    )  # fmt: skip


def a_choice(key: int, borough: str) -> BorderChoice:
    return BorderChoice(id=key, borough_code=borough, publishes=True, chosen_by=ME, chosen_at=NOON)


def five_measures(key: int, borough: str) -> MeasureChoice:
    return MeasureChoice(id=key, borough_code=borough, codes=["burglary"], chosen_by=ME, chosen_at=NOON)


def a_report(key: UUID, borough: str, word: str = "new") -> Report:
    return Report(
        id=key, borough_code=borough, kind="quarterly", last_month=MARCH, state=ReportState.APPROVED, sections=[],
        writers=[], drafted_at=NOON, reason=word, figures=[],
    )  # fmt: skip


def a_report_file(key: int, borough: str, report: UUID, word: str = "new") -> ReportFile:
    return ReportFile(
        id=key, borough_code=borough, report_id=report, form=word, content=b"-", extension="pdf", media_type="-",
        sha256="-",
    )  # fmt: skip


def a_report_step(key: int, borough: str, report: UUID, word: str = "new") -> ReportStep:
    return ReportStep(
        id=key, borough_code=borough, report_id=report, act=ReportAct.SENT_BACK, done_by=ME, done_at=NOON, words=word,
    )  # fmt: skip


def a_subscription(key: int, borough: str) -> ReportSubscription:
    return ReportSubscription(id=key, borough_code=borough, person_id=ME, made_at=NOON)


def a_schedule(key: UUID, borough: str, word: str = "new") -> ReportSchedule:
    return ReportSchedule(
        id=key, borough_code=borough, kind=word, due_on=MARCH, days_before=7, repeats=Repeats.ONCE, made_by=ME,
        made_at=NOON,
    )  # fmt: skip


def a_question(key: int, borough: str, word: str = "new") -> Question:
    return Question(
        id=UUID(int=60 + key), borough_code=borough, figure="total:2025-01", title=word, shown=word, is_for_all=True,
        words=word, asked_by=ME, asked_at=NOON,
    )  # fmt: skip


def a_problem(key: UUID, boroughs: str, word: str = "new") -> Problem:
    return Problem(
        id=key, borough_set=boroughs, year=2025, number=1, title=word, kind="robbery", stage=Stage.SCANNING,
        origin=Origin.BY_HAND, place_name=word, cells=[], premises="", categories=[], first_month=JANUARY,
        last_month=MARCH, owner_body="police", opened_by=ME, opened_at=NOON, changed_at=NOON,
    )  # fmt: skip


def an_entry(problem: UUID, boroughs: str, word: str = "new") -> Entry:
    return Entry(
        id=problem, problem_id=problem, borough_set=boroughs, number=1, kind=EntryKind.COMMENT, thing=problem,
        body={"words": word}, written_by=ME, written_at=NOON,
    )  # fmt: skip


def a_baseline(problem: UUID, boroughs: str, word: str = "new") -> Baseline:
    return Baseline(
        id=problem, problem_id=problem, borough_set=boroughs, number=1, reason=word, dataset="ward_counts",
        category=word, boundary_set="2022", months=["2025-01"], carried_over=[], sources=[], ring_metres=100.0,
        considered=0, why_none="", sha256="-", frozen_by=ME, frozen_at=NOON,
    )  # fmt: skip


def a_ground(baseline: UUID, boroughs: str, word: str = "new") -> BaselineGround:
    return BaselineGround(
        id=baseline, baseline_id=baseline, borough_set=boroughs, position=0, role=GroundRole.RESPONSE, name=word,
        unit="W1", ward_codes=["W1"], outline=shapely.box(0, 0, 1, 1), rule="",
    )  # fmt: skip


def a_part(key: int, borough: str, baseline: UUID, version: int, word: str = "new") -> BaselinePart:
    return BaselinePart(
        id=key, borough_code=borough, baseline_id=baseline, version_id=version, months=["2025-01"], counts=[[1]],
        evidence=word.encode(),
    )  # fmt: skip


def an_assessment(problem: UUID, boroughs: str, word: str = "new") -> Assessment:
    return Assessment(
        id=problem, problem_id=problem, borough_set=boroughs, number=1, result="fell", reason="beyond_chance",
        waits_for="", dataset="ward_counts", category=word, months=["2025-01"], months_before=1, left_out=[],
        chosen_by=[], grounds=[], responses=[{"words": word}], is_delivered=True, cost=0, sources=[], method="1",
        sha256="-", run_for=ME, run_at=NOON,
    )  # fmt: skip


def a_part_of_an_assessment(key: int, borough: str, assessment: UUID, version: int) -> AssessmentPart:
    return AssessmentPart(
        id=key, borough_code=borough, assessment_id=assessment, version_id=version, months=["2025-01"], counts=[[1]]
    )


def an_attachment(problem: UUID, boroughs: str, word: str = "new") -> Attachment:
    return Attachment(
        id=problem, problem_id=problem, borough_set=boroughs, file_name=word, content=word.encode(), sha256="-",
        added_by=ME, added_at=NOON,
    )  # fmt: skip


def an_address(problem: UUID, boroughs: str, word: str = "new") -> OutsideAddress:
    return OutsideAddress(id=problem, problem_id=problem, borough_set=boroughs, address=f"{word}@body.example")


def a_task_letter(problem: UUID, boroughs: str, day: int = 1) -> TaskLetter:
    return TaskLetter(
        id=problem, problem_id=problem, borough_set=boroughs, task=problem, recipient=ME, occasion=Occasion.LATE,
        day=JANUARY + dt.timedelta(days=day), asked_at=NOON,
    )  # fmt: skip


def a_patrol(problem: UUID, boroughs: str, word: str = "new", number: int = 1) -> PatrolPlan:
    return PatrolPlan(
        id=problem if number == 1 else None, problem_id=problem, borough_set=boroughs, response=problem, number=number,
        spots=[word], minutes=15, visits=2, weekdays=[0], opens=0, closes=600, first_day=JANUARY, last_day=MARCH,
        seed=word.encode(), written_by=ME, written_at=NOON,
    )  # fmt: skip


def a_visit(problem: UUID, boroughs: str, word: str = "new", number: int = 1) -> PatrolVisit:
    return PatrolVisit(
        id=problem if number == 1 else None, problem_id=problem, borough_set=boroughs, response=problem, visit=problem,
        number=number, began_at=NOON, minutes=15, spot=word, body="police", words=word, is_taken_back=False,
        written_by=ME, written_at=NOON,
    )  # fmt: skip


def a_version(key: int, borough: str, upload: UUID, *, number: int, placed: int = 0) -> Version:
    return Version(
        id=key, public_id=UUID(int=10_000 * key + placed), upload_id=upload, borough_code=borough,
        dataset="ward_counts", number=number, extract_date=FEBRUARY, placed=placed, unplaced=0, committed_at=NOON,
        committed_by=ME,
    )  # fmt: skip


def a_month(version: int | None, borough: str, month: dt.date, *, is_current: bool = False) -> VersionMonth:
    return VersionMonth(
        version_id=version, borough_code=borough, month=month, dataset="ward_counts", placed=version or 0, unplaced=0,
        is_current=is_current,
    )  # fmt: skip


def a_count(key: int, borough: str, version: int, *, count: int = 1, word: str = "new") -> WardCount:
    return WardCount(
        id=key, version_id=version, borough_code=borough, month=JANUARY, ward_code=f"W{count % 10}", count=count,
        offence_group=word, offence_subgroup=word,
    )  # fmt: skip


def an_incident(key: int, borough: str, version: int, *, easting: float = 1, word: str = "new") -> Incident:
    return Incident(
        id=key, version_id=version, borough_code=borough, month=JANUARY, category=word, easting=easting, northing=1.0
    )


def a_count_as_parameters(borough: str, version: int, key: int = 900) -> dict[str, object]:
    """A new ward count as a bulk insert takes it."""
    words = {"offence_group": "new", "offence_subgroup": "new"}
    return {"id": key, "version_id": version, "borough_code": borough, "month": JANUARY, "count": 1, **words}


Read = Callable[[Any], Any]
"""A probe: what it read in a session."""
A_PERSON = {"id": UUID(int=99), "email": "new", "password_hash": "-", "is_active": True, "created_at": NOON}


class OpenSession(Session):
    """A session without the ORM's belt: what the probes do here must be caught by PostgreSQL, or not at all."""

    scope = EVERYWHERE

    def set_scope(self, scope: Scope) -> None:
        db._tell_postgresql(self.connection(), scope)

    @contextmanager
    def scoped(self, scope: Scope) -> Iterator[None]:
        yield


class Worlds:
    """One database of each world."""

    def __init__(self, kind: str, first: Database, second: Database) -> None:
        self.kind = kind
        self.first, self.second = first, second

    @contextmanager
    def session(self, database: Database, scope: Scope, *, is_open: bool = False) -> Iterator[Any]:
        """A session whose work is undone at the end; an open one has no ORM belt."""
        made: Any = OpenSession(database._writer) if is_open else database.session(writes=True)
        with made as session:
            session.set_scope(scope)
            yield session
            session.rollback()

    def ask(self, probe: Read, scope: Scope, *, is_open: bool = False) -> list[object]:
        """What a probe answers in each world."""
        answers = []
        for database in (self.first, self.second):
            with self.session(database, scope, is_open=is_open) as session:
                answers.append(plain(probe(session)))
        return answers


def plain(found: object) -> object:
    """What was read, without regard to order or identity, so that two answers can be compared."""
    if isinstance(found, Base):
        state = inspect(found)
        known = ((name, repr(state.dict[name])) for name in set(state.mapper.columns.keys()) & state.dict.keys())
        return (type(found).__name__, *sorted(known))
    if isinstance(found, Row | tuple):
        return tuple(plain(part) for part in found)
    if isinstance(found, list):
        return sorted((plain(part) for part in found), key=repr)
    return found
