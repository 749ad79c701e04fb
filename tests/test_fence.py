"""The borough fence, attacked: every way of reading and writing round it that SQLAlchemy offers, on both databases.

Reads are judged by non-interference. Two worlds hold the same rows of my borough; only the second holds any of theirs.
Under my scope a probe must answer alike in both, must answer otherwise without any scope (so it did reach my rows), and
must tell the worlds apart once the fence is open (so it could have leaked). Writes are judged by effect: what changes
my rows must leave theirs alone, and does change theirs once the fence is open.
"""

from __future__ import annotations

import datetime as dt
import pickle
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
import pytest
import shapely
from sqlalchemy import (
    Integer,
    Row,
    Uuid,
    bindparam,
    case,
    column,
    delete,
    except_,
    exists,
    func,
    insert,
    inspect,
    intersect,
    lambda_stmt,
    lateral,
    literal,
    select,
    text,
    true,
    tuple_,
    union,
    union_all,
    update,
    values,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import (
    Bundle,
    Session,
    aliased,
    contains_eager,
    defer,
    immediateload,
    join,
    joinedload,
    load_only,
    make_transient_to_detached,
    outerjoin,
    selectinload,
    subqueryload,
    with_loader_criteria,
)
from sqlalchemy.orm.exc import StaleDataError

from hub import db, migrate
from hub.accounts.models import Person
from hub.assessments.models import Assessment, AssessmentPart
from hub.baselines.models import Baseline, BaselineGround, BaselinePart
from hub.baselines.models import Role as GroundRole
from hub.borders.bands import Band
from hub.borders.models import BorderBand, BorderChoice
from hub.briefings.models import MutedPlace
from hub.columns import Base, InBorough
from hub.config import Settings
from hub.db import EVERYWHERE, NOWHERE, Database, HubSession, Scope, insert_rows
from hub.disclosure.models import ReleasedSet
from hub.errors import OutsideScope
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
from tests.conftest import OF_TESTS, PostgresCluster

pytestmark = [
    pytest.mark.filterwarnings("ignore:.* statement has a cartesian product"),
    pytest.mark.filterwarnings("ignore:Did not locate an expression in selectable"),
    pytest.mark.filterwarnings("ignore:The Query.get"),
]

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
                answers.append(_plain(probe(session)))
        return answers


def _plain(found: object) -> object:
    """What was read, without regard to order or identity, so that two answers can be compared."""
    if isinstance(found, Base):
        state = inspect(found)
        known = ((name, repr(state.dict[name])) for name in set(state.mapper.columns.keys()) & state.dict.keys())
        return (type(found).__name__, *sorted(known))
    if isinstance(found, Row | tuple):
        return tuple(_plain(part) for part in found)
    if isinstance(found, list):
        return sorted((_plain(part) for part in found), key=repr)
    return found


@pytest.fixture(scope="module")
def new_worlds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Worlds]]:
    """Make two worlds on a kind of database; on PostgreSQL with or without row-level security."""
    databases: list[Database] = []

    def address(kind: str, *, row_security: bool) -> str:
        if kind == "sqlite":
            path = tmp_path_factory.mktemp("world") / "world.sqlite"
            shutil.copy(request.getfixturevalue("_sqlite_template"), path)
            return f"sqlite:///{path}"
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        name = cluster.create(template=request.getfixturevalue("_postgres_template"))
        if not row_security:
            with psycopg.connect(cluster.url(name, "hub_owner"), autocommit=True) as connection:
                for table in migrate.fenced_tables():
                    connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY".encode())
        return cluster.url(name, "hub_web")

    def make(kind: str, *, row_security: bool = True) -> Worlds:
        pair = []
        for with_theirs in (False, True):
            url = address(kind, row_security=row_security)
            pair.append(Database(Settings(database_url=url, **OF_TESTS)))
            seed(pair[-1], with_theirs=with_theirs)
        databases.extend(pair)
        return Worlds(kind, *pair)

    yield make
    for database in databases:
        database.engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def worlds(request: pytest.FixtureRequest, new_worlds: Callable[..., Worlds]) -> Worlds:
    return new_worlds(request.param)


@pytest.fixture(scope="module")
def worlds_without_row_security(new_worlds: Callable[..., Worlds]) -> Worlds:
    return new_worlds("postgresql", row_security=False)


@pytest.fixture(scope="module")
def postgresql_worlds(new_worlds: Callable[..., Worlds]) -> Worlds:
    return new_worlds("postgresql")


# --- Reading by a statement ------------------------------------------------------------------------------------------

Read = Callable[[Any], Any]

w, i, u = aliased(WardCount), aliased(Incident), aliased(Upload)
how_many = select(func.count(WardCount.id)).scalar_subquery()
in_the_borough = WardCount.borough_code == Borough.code
counts_subquery = select(WardCount.id, WardCount.count).subquery()
two_unions = union_all(select(WardCount.count), select(Incident.version_id)).subquery()
sums = select(w.borough_code, func.sum(w.count).label("total")).group_by(w.borough_code).cte()
counted = select(func.count(WardCount.id).label("total")).cte()
walk_from = select(WardCount.id, WardCount.count).where(WardCount.id % 10 == 1).cte(recursive=True)
walk = walk_from.union_all(select(w.id, w.count).join(walk_from, w.id == walk_from.c.id + 1))
public_walk_from = select(func.min(0 * Incident.id).label("id")).cte(recursive=True)
public_walk = public_walk_from.union_all(select(WardCount.id).where(public_walk_from.c.id == 0))
versions_with_months = select(Version.borough_code, VersionMonth.placed).join(Version.months).subquery()
beside = select(WardCount.count).where(in_the_borough).lateral()
beside_alias = lateral(select(func.sum(w.count).label("total")).where(w.borough_code == Borough.code))
borough_forged = select(WardCount.id, WardCount.count, literal(MINE).label("borough_code")).subquery()
forged = aliased(WardCount, borough_forged)
one_row = values(column("number", Integer), name="one_row").data([(1,)])
whole = union_all(select(WardCount).where(WardCount.count < 50), select(WardCount).where(WardCount.count >= 50))

# The same statement objects meet both worlds and every scope in turn: what is cached with one must not answer another.
STATEMENTS: dict[str, Any] = {
    **{f"every {model.__name__}": select(model) for model in FENCED},
    **{f"every aliased {model.__name__}": select(aliased(model)) for model in FENCED},
    **{f"number of {model.__name__}": select(func.count()).select_from(model) for model in FENCED},
    **{f"number of aliased {model.__name__}": select(func.count()).select_from(aliased(model)) for model in FENCED},
    "columns": select(WardCount.id, WardCount.count),
    "one column": select(Upload.file_name),
    "columns of an alias": select(w.count),
    "a bundle": select(Bundle("pair", WardCount.id, WardCount.count)),
    "a bundle of an alias": select(Bundle("pair", w.id, w.count)),
    "count of a column": select(func.count(WardCount.id)),
    "count of distinct values": select(func.count(WardCount.offence_group.distinct())),
    "aggregates": select(func.sum(WardCount.count), func.max(WardCount.count), func.avg(WardCount.count)),
    "a filtered aggregate": select(func.count(WardCount.id).filter(WardCount.count > 0)).select_from(WardCount),
    "group by": select(WardCount.offence_group, func.sum(WardCount.count)).group_by(WardCount.offence_group),
    "having": select(WardCount.borough_code).group_by(WardCount.borough_code).having(func.sum(WardCount.count) > 0),
    "having over a subquery": select(Person.name, how_many).group_by(Person.name).having(how_many >= 0),
    "a window": select(WardCount.id, func.sum(WardCount.count).over()),
    "a partitioned window": select(WardCount.ward_code, func.rank().over(order_by=WardCount.count.desc())),
    "distinct": select(WardCount.offence_group).distinct(),
    "a case": select(case((WardCount.borough_code == THEIRS, WardCount.count), else_=0)),
    "a case over a subquery": select(Person.name, case((how_many > 0, how_many), else_=0)),
    "only the where clause": select(Person.name).where(WardCount.count > 0),
    "with other columns": select(Person.name).with_only_columns(WardCount.count),
    "with other columns, same tables": select(WardCount).with_only_columns(func.count(), maintain_column_froms=True),
    "columns added": select(Person.name).add_columns(WardCount.count),
    "criteria of one's own": select(WardCount).options(
        with_loader_criteria(InBorough, lambda cls: true(), include_aliases=True)
    ),
    "a lambda": lambda_stmt(lambda: select(WardCount)),
    "a lambda's column": lambda_stmt(lambda: select(func.sum(WardCount.count))),
    # Subqueries
    "a subquery": select(counts_subquery),
    "a subquery's sum": select(func.sum(counts_subquery.c.count)),
    "rows of a subquery counted": select(func.count()).select_from(counts_subquery),
    "a subquery of a subquery": select(select(counts_subquery.c.count).subquery()),
    "an alias of a subquery": select(aliased(WardCount, select(WardCount).subquery())),
    "an alias of a union": select(aliased(WardCount, whole.subquery())),
    "an alias of a subquery with the borough forged": select(forged.id, forged.count),
    "a scalar subquery": select(Person.name, how_many),
    "a scalar subquery counting rows": select(Person.name, select(func.count()).select_from(w).scalar_subquery()),
    "a scalar subquery of an alias": select(Person.name, select(func.sum(w.count)).scalar_subquery()),
    "a scalar subquery alone": select(select(func.sum(WardCount.count)).scalar_subquery()),
    "scalar subqueries nested": select(Person.name, select(how_many + func.count(Incident.id)).scalar_subquery()),
    "a correlated subquery": select(
        Borough.code, select(func.count(WardCount.id)).where(in_the_borough).correlate(Borough).scalar_subquery()
    ),
    "a subquery correlated by itself": select(
        Borough.code, select(func.sum(WardCount.count)).where(in_the_borough).scalar_subquery()
    ),
    "a subquery correlated with its own table": select(
        WardCount.id, select(func.count(w.id)).where(w.month == WardCount.month).scalar_subquery()
    ),
    "a subquery not correlated": select(
        WardCount.id, select(func.count(WardCount.id)).correlate(None).scalar_subquery()
    ),
    "a comparison with a subquery": select(Borough.code).where(
        Borough.code >= select(func.max(WardCount.borough_code)).scalar_subquery()
    ),
    "a subquery as limit": select(Borough.code)
    .order_by(Borough.code)
    .limit(select(func.count(WardCount.borough_code.distinct())).scalar_subquery()),
    # Exists and in
    "exists": select(Borough.code).where(exists().where(in_the_borough)),
    "exists of a select": select(Borough.code).where(select(WardCount.id).where(in_the_borough).exists()),
    "exists of an entity": select(Borough.code).where(exists(WardCount).where(in_the_borough)),
    "exists of an alias": select(Borough.code).where(exists().where(w.borough_code == Borough.code)),
    "exists of another alias": select(WardCount.id).where(exists().where(i.category == WardCount.offence_group)),
    "exists as a column": select(Borough.code, exists().where(in_the_borough)),
    "not exists": select(Borough.code).where(~exists().where(in_the_borough)),
    "exists within exists": select(Borough.code).where(
        exists().where(in_the_borough, exists().where(i.borough_code == Borough.code))
    ),
    "in": select(Borough.code).where(Borough.code.in_(select(WardCount.borough_code))),
    "in an alias": select(Borough.code).where(Borough.code.in_(select(w.borough_code))),
    "not in": select(Borough.code).where(Borough.code.not_in(select(WardCount.borough_code))),
    "a pair in": select(WardCount.id).where(
        tuple_(WardCount.version_id, WardCount.month).in_(select(VersionMonth.version_id, VersionMonth.month))
    ),
    # Compounds
    "union": union(select(WardCount.id, WardCount.count), select(Incident.id, Incident.version_id)),
    "union of entities": union_all(select(WardCount), select(WardCount)),
    "union of aliases": union_all(select(w.count), select(i.version_id)),
    "union with a public table first": union_all(select(Person.name), select(WardCount.offence_group)),
    "union in a subquery": select(func.sum(two_unions.c[0])),
    "union of unions": union_all(select(two_unions.c[0]), select(Incident.id)),
    "except": except_(select(WardCount.id), select(Incident.id).where(Incident.id < 0)),
    "except, showing the rest": except_(select(Borough.code), select(WardCount.borough_code)),
    "intersect": intersect(select(WardCount.id), select(Incident.id)),
    # Common table expressions
    "a CTE": select(sums),
    "a CTE beside a public table": select(Borough.code, sums.c.total).outerjoin(
        sums, sums.c.borough_code == Borough.code
    ),
    "a CTE added": select(Person.name, select(counted.c.total).scalar_subquery()).add_cte(counted),
    "a CTE as an entity": select(aliased(WardCount, select(WardCount).cte())),
    "a recursive CTE": select(walk.c.id, walk.c.count),
    "a recursive CTE whose step reads": select(func.count(public_walk.c.id)),
    # Joins
    "a join on a clause": select(WardCount.id, Incident.id).join(Incident, WardCount.month == Incident.month),
    "a join from a public table": select(Borough.code, WardCount.count).join(WardCount, in_the_borough),
    "an outer join": select(Borough.code, WardCount.count).outerjoin(WardCount, in_the_borough),
    "an outer join to an alias": select(Borough.code, w.count).outerjoin(w, w.borough_code == Borough.code),
    "a full join": select(WardCount.id, Incident.id).join(Incident, WardCount.id == Incident.id, full=True),
    "an ORM join": select(Borough.code, WardCount.count).select_from(join(Borough, WardCount, in_the_borough)),
    "an ORM outer join": select(Borough.code, WardCount.count).select_from(
        outerjoin(Borough, WardCount, in_the_borough)
    ),
    "an outer join to a subquery": select(Borough.code, versions_with_months.c.placed).outerjoin(
        versions_with_months, versions_with_months.c.borough_code == Borough.code
    ),
    "a self join": select(WardCount.id, w.count).join(w, w.month == WardCount.month),
    "every pair": select(WardCount.id, Incident.category).where(true()),
    "through a relationship": select(Version.id, Upload.file_name).join(Version.upload),
    "outer through a relationship": select(Version.id, Upload.file_name).outerjoin(Version.upload),
    "outer through a relationship to an alias": select(Version.id, u.file_name).outerjoin(Version.upload.of_type(u)),
    "through a relationship with more criteria": select(Upload.file_name, Version.placed).outerjoin(
        Upload.versions.and_(Version.placed > 0)
    ),
    "a flat alias through a relationship": select(aliased(Version, flat=True)).join(Version.months),
    "any related": select(Upload.file_name).where(Upload.versions.any()),
    "any related of a kind": select(Upload.file_name).where(Upload.versions.any(Version.placed > 0)),
    "none related of a kind": select(Upload.file_name).where(~Upload.versions.any(Version.borough_code == THEIRS)),
    "has related": select(Version.public_id).where(Version.upload.has(Upload.size_bytes > 0)),
    "has none related": select(Version.public_id).where(~Version.upload.has(Upload.size_bytes < 0)),
    # How rows are loaded
    "no columns but the key": select(WardCount).options(load_only(WardCount.id)),
    "in small batches": select(WardCount).execution_options(yield_per=2),
    "over what is loaded": select(WardCount).execution_options(populate_existing=True),
    "for update": select(WardCount).with_for_update(),
}

POSTGRESQL_STATEMENTS: dict[str, Any] = {
    "values beside": select(one_row.c.number, select(func.count(WardCount.id)).scalar_subquery()).select_from(one_row),
    "lateral": select(Borough.code, beside.c.count).join(beside, true()),
    "outer lateral of an alias": select(Borough.code, beside_alias.c.total).outerjoin(beside_alias, true()),
    "an array": select(Person.name, func.array(select(WardCount.count).scalar_subquery())),
    "an array aggregate": select(Person.name, select(func.array_agg(WardCount.count)).scalar_subquery()),
    "JSON": select(func.json_agg(WardCount.count)),
    "distinct on": select(WardCount.id).ext(postgresql.distinct_on(WardCount.id)).order_by(WardCount.id),
    "a sample": select(aliased(WardCount, inspect(WardCount).selectable.tablesample(func.bernoulli(100)))),
    "for update of a join": select(WardCount.id).join(Version, Version.id == WardCount.version_id).with_for_update(),
}

READS: dict[str, Read] = {
    name: lambda session, statement=statement: session.execute(statement).all()
    for name, statement in STATEMENTS.items()
    if name != "in small batches"
}
READS["in small batches"] = lambda session: list(session.scalars(STATEMENTS["in small batches"]))
POSTGRESQL_READS: dict[str, Read] = {
    name: lambda session, statement=statement: session.execute(statement).all()
    for name, statement in POSTGRESQL_STATEMENTS.items()
}


# --- Reading by the session ------------------------------------------------------------------------------------------

EVERY_KEY = (
    [
        (model, key)
        for side in (MY_SIDE, THEIR_SIDE)
        for model, key in (
            (WardCount, side.row),
            (Incident, side.row),
            (Version, side.version),
            (VersionMonth, (side.version, JANUARY)),
            (Upload, side.upload),
            (HotspotRun, side.run),
            (MutedPlace, side.mute),
            (Zone, side.zone),
            (BorderShare, side.share),
            (BorderBand, side.share),
            (BorderChoice, side.share),
            (MeasureChoice, side.share),
            (WardPriority, side.share),
            (Report, side.zone),
            (ReportSubscription, side.share),
            (ReportSchedule, side.zone),
            (ReportFile, side.share),
            (ReportStep, side.share),
            (Question, UUID(int=60 + side.share)),
            (ReleasedSet, side.row),
        )
    ]
    + [(Upload, SHARED_UPLOAD), (HotspotRun, SHARED_RUN), (MutedPlace, SHARED_MUTE), (Zone, SHARED_ZONE)]
    + [(BorderShare, SHARED_SHARE)]
)


def read(probe: Read) -> Read:
    """Count a function among the ways of reading."""
    READS[probe.__name__.replace("_", " ").strip()] = probe
    return probe


@read
def get(session: Any) -> Any:
    return [session.get(model, key) for model, key in EVERY_KEY]


@read
def get_again(session: Any) -> Any:
    return [(session.get(model, key), session.get(model, key)) for model, key in EVERY_KEY]


@read
def get_what_is_expired(session: Any) -> Any:
    rows = [session.get(model, key) for model, key in EVERY_KEY]
    session.expire_all()
    return [session.get(model, key) for model, key in EVERY_KEY], len(rows)


@read
def get_over_what_is_loaded(session: Any) -> Any:
    return [session.get(model, key, populate_existing=True) for model, key in EVERY_KEY]


@read
def get_for_update(session: Any) -> Any:
    return [session.get(model, key, with_for_update=True) for model, key in EVERY_KEY]


@read
def get_with_options(session: Any) -> Any:
    return [session.get(Version, key, options=[joinedload(Version.upload)]) for key in range(5)]


@read
def get_one(session: Any) -> Any:
    found = []
    for model, key in EVERY_KEY:
        with suppress(SQLAlchemyError):
            found.append(session.get_one(model, key))
    return found


@read
def scalar(session: Any) -> Any:
    return session.scalar(select(func.sum(WardCount.count)))


@read
def partitions(session: Any) -> Any:
    rows = session.execute(select(WardCount.id).execution_options(stream_results=True))
    return [list(part) for part in rows.partitions(2)]


@read
def query(session: Any) -> Any:
    return session.query(WardCount).all(), session.query(w.count, Incident.category).filter(w.id == Incident.id).all()


@read
def query_get(session: Any) -> Any:
    return [session.query(model).get(key) for model, key in EVERY_KEY]


@read
def query_count(session: Any) -> Any:
    return session.query(WardCount).count()


@read
def query_exists(session: Any) -> Any:
    return session.query(Borough.code, session.query(WardCount).filter(in_the_borough).exists()).all()


@read
def query_with_other_entities(session: Any) -> Any:
    return session.query(Person).with_entities(WardCount.count).all()


@read
def query_of_a_subquery(session: Any) -> Any:
    inside = session.query(WardCount.count).subquery()
    return session.query(func.sum(inside.c.count)).all()


@read
def query_of_a_cte(session: Any) -> Any:
    inside = session.query(WardCount.count.label("each")).cte()
    return session.query(func.max(inside.c.each)).all()


@read
def query_of_a_union(session: Any) -> Any:
    return session.query(WardCount).union_all(session.query(WardCount)).all()


@read
def query_of_a_scalar_subquery(session: Any) -> Any:
    return session.query(Person.name, session.query(func.sum(WardCount.count)).scalar_subquery()).all()


@read
def query_joined(session: Any) -> Any:
    return session.query(Version, Upload).outerjoin(Version.upload).all()


@read
def query_in_batches(session: Any) -> Any:
    return list(session.query(WardCount).yield_per(2))


@read
def deferred_columns(session: Any) -> Any:
    return [row.count for row in session.scalars(select(WardCount).options(defer(WardCount.count)))]


@read
def a_deferred_borough(session: Any) -> Any:
    return [row.borough_code for row in session.scalars(select(WardCount).options(load_only(WardCount.id)))]


@read
def expired_rows(session: Any) -> Any:
    rows = session.scalars(select(WardCount)).all()
    session.expire_all()
    return [row.count for row in rows]


@read
def refreshed_rows(session: Any) -> Any:
    rows = session.scalars(select(Version)).all()
    for row in rows:
        session.refresh(row)
        session.refresh(row, ["months", "upload"])
    return [(row.placed, row.months, row.upload) for row in rows]


def _families(session: Any, *, of_uploads: Any = (), of_versions: Any = ()) -> Any:
    uploads = session.scalars(select(Upload).options(*of_uploads)).unique().all()
    versions = session.scalars(select(Version).options(*of_versions)).unique().all()
    downwards = [(x.file_name, [(y.placed, [z.month for z in y.months]) for y in x.versions]) for x in uploads]
    return downwards, [(y.id, y.upload and y.upload.file_name) for y in versions]


@read
def related_lazily(session: Any) -> Any:
    return _families(session)


for _load in (selectinload, joinedload, subqueryload, immediateload):
    READS[f"related by {_load.__name__}"] = lambda session, load=_load: _families(
        session, of_uploads=[load(Upload.versions).options(load(Version.months))], of_versions=[load(Version.upload)]
    )


@read
def related_by_inner_join(session: Any) -> Any:
    rows = session.scalars(select(Version).options(joinedload(Version.upload, innerjoin=True)))
    return [(row.id, row.upload.file_name) for row in rows]


@read
def related_by_a_join_of_ones_own(session: Any) -> Any:
    statement = select(Upload).outerjoin(Upload.versions).options(contains_eager(Upload.versions))
    return [(row.file_name, row.versions) for row in session.scalars(statement).unique()]


@read
def related_within_a_limit(session: Any) -> Any:
    statement = select(Upload).options(joinedload(Upload.versions)).order_by(Upload.id).limit(3)
    return [(row.file_name, row.versions) for row in session.scalars(statement).unique()]


@read
def related_of_an_alias(session: Any) -> Any:
    return [(row.file_name, row.versions) for row in session.scalars(select(u).options(selectinload(u.versions)))]


@read
def related_after_expiry(session: Any) -> Any:
    rows = session.scalars(select(Version)).all()
    session.expire_all()
    return [(row.placed, row.upload, row.months) for row in rows]


@read
def related_of_a_row_that_was_never_loaded(session: Any) -> Any:
    rows = []
    for side in (MY_SIDE, THEIR_SIDE):
        row = Version(id=side.version, borough_code=side.borough, upload_id=side.upload)
        session.enable_relationship_loading(row)
        rows.append((list(row.months), row.upload))
    return rows


@read
def within_a_savepoint(session: Any) -> Any:
    with session.begin_nested():
        return session.scalars(select(WardCount)).all()


@read
def after_a_savepoint_is_undone(session: Any) -> Any:
    session.begin_nested().rollback()
    return session.scalars(select(WardCount)).all()


@read
def after_an_update(session: Any) -> Any:
    session.execute(update(Incident).values(easting=2))
    return session.scalars(select(Incident.easting)).all()


@read
def an_update_that_returns(session: Any) -> Any:
    return session.execute(update(WardCount).values(count=2).returning(WardCount.id, WardCount.count)).all()


@read
def an_update_that_returns_a_subquery(session: Any) -> Any:
    return session.execute(update(Person).values(name="new").returning(how_many)).all()


@read
def an_update_of_a_public_table_from_a_subquery(session: Any) -> Any:
    session.execute(update(Person).values(name=select(func.count(WardCount.id)).scalar_subquery().concat("")))
    return session.scalars(select(Person.name)).all()


@read
def an_update_of_a_public_table_where_a_row_exists(session: Any) -> Any:
    session.execute(update(Borough).where(exists().where(in_the_borough)).values(bcu_id=None, name=Borough.code))
    return session.scalars(select(Borough.name)).all()


@read
def a_delete_that_returns(session: Any) -> Any:
    return session.execute(delete(WardCount).returning(WardCount.id)).all()


@read
def a_merged_row(session: Any) -> Any:
    with session.no_autoflush:
        merged = [session.merge(WardCount(id=side.row, borough_code=side.borough)) for side in (MY_SIDE, THEIR_SIDE)]
        found = [row.count for row in merged]
        session.expunge_all()
    return found


@read
def after_a_rollback(session: Any) -> Any:
    before = session.scalars(select(WardCount)).all()
    session.rollback()
    return session.scalars(select(WardCount)).all(), len(before), [session.get(model, key) for model, key in EVERY_KEY]


@read
def after_a_commit(session: Any) -> Any:
    before = session.scalars(select(WardCount)).all()
    session.commit()
    return session.scalars(select(WardCount)).all(), len(before)


@read
def after_closing(session: Any) -> Any:
    before = session.scalars(select(WardCount)).all()
    session.close()
    return session.scalars(select(WardCount)).all(), len(before)


@pytest.mark.parametrize("name", READS)
def test_reading_stays_inside(worlds: Worlds, name: str) -> None:
    assert_stays_inside(worlds, READS[name])


@pytest.mark.parametrize("name", POSTGRESQL_READS)
def test_reading_as_only_postgresql_can_stays_inside(postgresql_worlds: Worlds, name: str) -> None:
    assert_stays_inside(postgresql_worlds, POSTGRESQL_READS[name])


def assert_stays_inside(worlds: Worlds, probe: Read) -> None:
    without, with_theirs = worlds.ask(probe, MY_SCOPE)
    assert without == with_theirs, "another borough's rows were read"
    nothing, still_nothing = worlds.ask(probe, NOWHERE)
    assert nothing == still_nothing, "without any scope, something was read"
    assert nothing != without, "the probe reached no row of mine"
    everything, more = worlds.ask(probe, EVERYWHERE)
    assert everything != more, "the probe could not have leaked"


# --- Reading what the fence cannot follow: refused -------------------------------------------------------------------

REFUSED: dict[str, Read] = {}


def refused(probe: Read) -> Read:
    """Count a function among the ways of reading that must be refused, whatever they would find."""
    REFUSED[probe.__name__.replace("_", " ").strip()] = probe
    return probe


counts_table = inspect(WardCount).local_table
words = func.coalesce(func.max(WardCount.offence_group), "none")

for _name, _statement in {
    "a Core table": select(counts_table),
    "a Core table counted": select(func.count()).select_from(counts_table),
    "written SQL": text("SELECT * FROM ward_count"),
    "written SQL as rows": select(WardCount).from_statement(text("SELECT * FROM ward_count")),
    "a Core table as rows": select(WardCount).from_statement(select(counts_table)),
    "a statement as rows": select(WardCount).from_statement(select(WardCount)),
    "a bare function": func.count(WardCount.id),
    "a filtered aggregate alone": select(func.count(WardCount.id).filter(true())),
    "exists beside nothing": select(exists().where(WardCount.borough_code == THEIRS)),
    "exists where nothing is": select(literal(1)).where(exists().where(WardCount.borough_code == THEIRS)),
    # A second table in an update is read without the criteria.
    "an update from a second table": update(Person)
    .where(WardCount.borough_code == THEIRS)
    .values(name=WardCount.offence_group)
    .returning(Person.name),
    "an update from an alias of its own table": update(WardCount)
    .where(WardCount.id == MY_SIDE.row, w.id == THEIR_SIDE.row)
    .values(offence_group=w.offence_group)
    .returning(WardCount.offence_group),
    # What an insert reads, it reads without the criteria.
    "an insert of what is selected": insert(Person)
    .from_select(
        ["id", "email", "name", "password_hash", "is_active", "created_at"],
        select(literal(UUID(int=99), Uuid), words, words, literal("-"), literal(True), literal(NOON)),
    )
    .returning(Person.name),
    "an insert with a selected value": insert(Person)
    .values(**A_PERSON, name=select(words).scalar_subquery())
    .returning(Person.name),
    "an insert into its own table with a selected value": insert(WardCount)
    .values(a_count_as_parameters(MINE, MY_SIDE.version) | {"offence_group": select(words).scalar_subquery()})
    .returning(WardCount.offence_group),
}.items():
    REFUSED[_name] = lambda session, statement=_statement: session.execute(
        statement, execution_options={"synchronize_session": False}
    ).all()


@refused
def query_of_written_sql(session: Any) -> Any:
    return session.query(WardCount).from_statement(text("SELECT * FROM ward_count")).all()


@refused
def an_insert_that_returns_a_subquery(session: Any) -> Any:
    return session.execute(insert(Person).returning(how_many), [A_PERSON | {"name": "new"}]).all()


@refused
def a_connection(session: Any) -> Any:
    connect = Session.connection if session.scope is EVERYWHERE else type(session).connection
    return connect(session).execute(select(counts_table)).all()


@refused
def a_new_row_with_a_statement_for_a_value(session: Any) -> Any:
    session.add(Person(**A_PERSON, name=select(words).scalar_subquery()))
    session.flush()
    return session.scalars(select(Person.name)).all()


@refused
def a_changed_row_with_a_statement_for_a_value(session: Any) -> Any:
    session.get(Person, ME).name = select(words).scalar_subquery()
    session.flush()
    return session.scalars(select(Person.name)).all()


@refused
def a_changed_row_with_an_entity_for_a_value(session: Any) -> Any:
    theirs = aliased(WardCount, select(WardCount).where(WardCount.borough_code == THEIRS).subquery())
    session.get(Person, ME).name = theirs.offence_group
    try:
        session.flush()
    except StaleDataError:  # They have no row, so nothing was updated.
        return []
    return session.scalars(select(Person.name)).all()


@refused
def a_changed_row_with_written_sql_for_a_value(session: Any) -> Any:
    session.get(Person, ME).name = text("(SELECT count(*) FROM ward_count)")
    session.flush()
    return session.scalars(select(Person.name)).all()


def _claim(side: Side) -> WardCount:
    """A row that says it was loaded, and that it is mine."""
    row = WardCount(id=side.row, borough_code=MINE)
    make_transient_to_detached(row)
    return row


@refused
def a_row_that_claims_to_be_loaded(session: Any) -> Any:
    found = []
    for row in map(_claim, (MY_SIDE, THEIR_SIDE)):
        session.add(row)
        with suppress(SQLAlchemyError):
            session.refresh(row)
            found.append(row.count)
    return found


@refused
def a_merged_row_that_claims_to_be_loaded(session: Any) -> Any:
    found = []
    for side in (MY_SIDE, THEIR_SIDE):
        row = session.merge(_claim(side), load=False)
        with suppress(SQLAlchemyError):
            found.append(row.count)
    return found


@refused
def a_pickled_row(session: Any) -> Any:
    found = []
    for row in (pickle.loads(pickle.dumps(_claim(side))) for side in (MY_SIDE, THEIR_SIDE)):
        session.add(row)
        with suppress(SQLAlchemyError):
            found.append(row.count)
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_fence_cannot_follow_is_refused(worlds: Worlds, name: str) -> None:
    for scope in (MY_SCOPE, NOWHERE):
        with worlds.session(worlds.second, scope) as session, pytest.raises(OutsideScope):
            REFUSED[name](session)
    everything, more = worlds.ask(REFUSED[name], EVERYWHERE)
    assert everything != more, "the probe could not have leaked"


@pytest.mark.parametrize(
    "writes",
    [
        delete(WardCount).returning(WardCount.id).cte(),
        update(WardCount).values(count=0).returning(WardCount.id).cte(),
        insert(HotspotRun)
        .values(id=99, area_key=THEIRS, inputs_hash="-", inputs={}, result=b"-", computed_at=NOON)
        .returning(HotspotRun.id)
        .cte(),
    ],
    ids=["delete", "update", "insert"],
)
def test_a_write_hidden_in_a_query_is_refused(postgresql_worlds: Worlds, writes: Any) -> None:
    statements = [select(writes.c.id), select(Person.name).add_cte(writes), select(Person.name, writes.c.id)]
    for statement in statements:
        with postgresql_worlds.session(postgresql_worlds.second, EVERYWHERE) as session:
            assert session.execute(statement).all()
        with postgresql_worlds.session(postgresql_worlds.second, MY_SCOPE) as session, pytest.raises(OutsideScope):
            session.execute(statement)


# --- Writing ---------------------------------------------------------------------------------------------------------

Write = Callable[[Any, Side], Any]
WRITES: dict[str, Write] = {}
NEVER: dict[str, Write] = {}
"""Refused in any scope but EVERYWHERE, for whatever row."""


def write(probe: Write) -> Write:
    WRITES[probe.__name__.replace("_", " ").strip()] = probe
    return probe


def never(probe: Write) -> Write:
    NEVER[probe.__name__.replace("_", " ").strip()] = probe
    return probe


def _execute(session: Any, statement: Any, parameters: Any = None, **options: Any) -> Any:
    return session.execute(statement, parameters, execution_options={"synchronize_session": False} | options)


for _name, _make in {
    "a ward count": lambda side: a_count(900, side.borough, side.version),
    "an incident": lambda side: an_incident(900, side.borough, side.version),
    "a version": lambda side: a_version(900, side.borough, side.spare_upload, number=9),
    "a month": lambda side: a_month(side.version, side.borough, MARCH),
    "an upload": lambda side: an_upload(UUID(int=99), side.borough),
    "a run": lambda side: a_run(900, side.borough),
}.items():
    WRITES[f"{_name} added"] = lambda session, side, make=_make: session.add(make(side))


@write
def a_run_for_several_boroughs(session: Any, side: Side) -> None:
    """Mine is the run for my borough; theirs is for both, though mine be among them."""
    session.add(a_run(900, side.borough if side is MY_SIDE else BOTH))


@write
def several_added_with_one_of_mine(session: Any, side: Side) -> None:
    session.add_all([a_count(900, MINE, MY_SIDE.version), a_count(901, side.borough, side.version)])


@write
def a_row_changed(session: Any, side: Side) -> None:
    for model, name in ((WardCount, "count"), (Version, "placed"), (Upload, "size_bytes")):
        row = session.get(model, {WardCount: side.row, Version: side.version, Upload: side.upload}[model])
        if row is not None:
            setattr(row, name, 4321)


@write
def a_row_deleted(session: Any, side: Side) -> None:
    row = session.get(WardCount, side.row)
    if row is not None:
        session.delete(row)


@write
def every_row_updated(session: Any, side: Side) -> None:
    for model, change in (
        (WardCount, {"count": 4321}),
        (Incident, {"category": "new"}),
        (Version, {"placed": 4321}),
        (VersionMonth, {"unplaced": 4321}),
        (Upload, {"file_name": "new"}),
        (HotspotRun, {"result": b"new"}),
        (MutedPlace, {"kind": "new"}),
        (Zone, {"name": "new"}),
        (BorderShare, {"words": "new"}),
        (BorderBand, {"category": "new"}),
        (BorderChoice, {"publishes": False}),
        (MeasureChoice, {"codes": []}),
        (WardPriority, {"words": "new"}),
        (Report, {"reason": "new"}),
        (ReportSubscription, {"made_at": NOON + dt.timedelta(days=1)}),
        (ReportSchedule, {"kind": "new"}),
        (ReportFile, {"form": "new"}),
        (ReportStep, {"words": "new"}),
        (Question, {"answer": "new"}),
    ):
        session.execute(update(model).values(**change))


@write
def every_row_deleted(session: Any, side: Side) -> None:
    for model in (
        WardCount,
        Incident,
        VersionMonth,
        HotspotRun,
        MutedPlace,
        Zone,
        BorderShare,
        BorderBand,
        BorderChoice,
        MeasureChoice,
        WardPriority,
        ReportFile,
        ReportStep,
        Report,
        ReportSubscription,
        ReportSchedule,
        Question,
    ):
        session.execute(delete(model))


@write
def an_update_by_id(session: Any, side: Side) -> None:
    session.execute(update(WardCount).where(WardCount.id == side.row).values(count=4321))


@write
def an_update_by_borough(session: Any, side: Side) -> None:
    session.execute(update(WardCount).where(WardCount.borough_code == side.borough).values(count=WardCount.count + 1))


@write
def an_update_by_subquery(session: Any, side: Side) -> None:
    other = select(w.id).where(w.borough_code == side.borough)
    session.execute(update(WardCount).where(WardCount.id.in_(other)).values(count=4321))


@write
def an_update_by_exists(session: Any, side: Side) -> None:
    of_the_borough = exists().where(Version.id == WardCount.version_id, Version.borough_code == side.borough)
    _execute(session, update(WardCount).where(of_the_borough).values(count=4321))


@write
def an_update_in_order(session: Any, side: Side) -> None:
    session.execute(update(WardCount).where(WardCount.id == side.row).ordered_values((WardCount.count, 4321)))


@write
def an_update_that_fetches(session: Any, side: Side) -> None:
    session.scalars(select(WardCount)).all()
    statement = update(WardCount).where(WardCount.id == side.row).values(count=4321).returning(WardCount.id)
    _execute(session, statement, synchronize_session="fetch")


@write
def an_update_of_what_is_loaded(session: Any, side: Side) -> None:
    session.scalars(select(WardCount)).all()
    _execute(session, update(WardCount).where(WardCount.id == side.row).values(count=1), synchronize_session="evaluate")


@write
def a_delete_by_id(session: Any, side: Side) -> None:
    session.execute(delete(Incident).where(Incident.id == side.row))


@write
def a_delete_by_parameter(session: Any, side: Side) -> None:
    session.execute(delete(Incident).where(Incident.id == bindparam("key")), {"key": side.row})


@write
def a_delete_by_subquery(session: Any, side: Side) -> None:
    other = select(i.id).where(i.borough_code == side.borough)
    session.execute(delete(Incident).where(Incident.id.in_(other)))


@write
def a_query_updates(session: Any, side: Side) -> None:
    session.query(WardCount).filter(WardCount.id == side.row).update({"count": 4321})


@write
def a_query_updates_by_attribute(session: Any, side: Side) -> None:
    session.query(WardCount).update({WardCount.count: 4321}, synchronize_session=False)


@write
def a_query_deletes(session: Any, side: Side) -> None:
    session.query(WardCount).filter_by(id=side.row).delete()


@write
def an_insert_of_rows(session: Any, side: Side) -> None:
    session.execute(insert(WardCount), [a_count_as_parameters(side.borough, side.version)])


@write
def an_insert_of_rows_with_one_of_mine(session: Any, side: Side) -> None:
    mine = a_count_as_parameters(MINE, MY_SIDE.version)
    session.execute(insert(WardCount), [mine, a_count_as_parameters(side.borough, side.version, key=901)])


@write
def an_insert_of_one_row(session: Any, side: Side) -> None:
    session.execute(insert(WardCount), a_count_as_parameters(side.borough, side.version))


@never
def an_insert_that_returns(session: Any, side: Side) -> None:
    rows = [a_count_as_parameters(side.borough, side.version)]
    assert session.execute(insert(WardCount).returning(WardCount, WardCount.id), rows).all()


@write
def an_insert_under_the_name_of_another_table(session: Any, side: Side) -> None:
    rows = [a_count_as_parameters(side.borough, side.version)]
    session.execute(insert(WardCount), rows, bind_arguments={"mapper": inspect(Person)})


@write
def a_merge(session: Any, side: Side) -> None:
    session.merge(a_count(side.row, side.borough, side.version, count=4321))


@write
def a_row_given_to_a_version(session: Any, side: Side) -> None:
    row = session.get(Version, side.version)
    month = a_month(None, side.borough, MARCH)
    if row is None:
        month.version_id = side.version
        session.add(month)
    else:
        row.months.append(month)


@write
def a_version_given_a_month_of_another_borough(session: Any, side: Side) -> None:
    """Flushing copies a parent's key to its child: it must not carry the child across."""
    row = a_version(900, side.borough, side.spare_upload, number=9)
    month = a_month(900, MINE, MARCH)
    month.version = row
    session.add(month)


@write
def a_family_added_by_its_root(session: Any, side: Side) -> None:
    root = an_upload(UUID(int=99), MINE)
    root.versions = [a_version(900, side.borough, root.id, number=9)]
    root.versions[0].months = [a_month(900, side.borough, MARCH)]
    session.add(root)


@write
def within_a_savepoint_(session: Any, side: Side) -> None:
    with session.begin_nested():
        session.execute(update(WardCount).where(WardCount.id == side.row).values(count=4321))
        session.add(a_count(900, side.borough, side.version))


@write
def before_a_wider_scope(session: Any, side: Side) -> None:
    """What was asked under my scope is judged under it, even if it would be written under another."""
    session.add(a_count(900, side.borough, side.version))
    with session.scoped(EVERYWHERE):
        session.flush()


@write
def by_whole_columns(session: Any, side: Side) -> None:
    session.flush()
    columns = {name: [value] for name, value in a_count_as_parameters(side.borough, side.version).items()}
    if isinstance(session, HubSession):
        insert_rows(session, WardCount, columns)
    else:
        session.execute(insert(WardCount), [{name: value for name, (value,) in columns.items()}])


@never
def an_update_by_primary_key(session: Any, side: Side) -> None:
    session.execute(update(WardCount), [{"id": side.row, "count": 4321}])


@never
def an_update_with_parameters(session: Any, side: Side) -> None:
    statement = update(WardCount).where(WardCount.id == bindparam("key")).values(count=bindparam("new"))
    _execute(session, statement, {"key": side.row, "new": 4321})


@never
def an_update_that_moves(session: Any, side: Side) -> None:
    session.execute(update(HotspotRun).where(HotspotRun.id == side.run).values(area_key=BOTH))


@never
def an_update_that_moves_by_attribute(session: Any, side: Side) -> None:
    session.execute(update(HotspotRun).where(HotspotRun.id == side.run).values({HotspotRun.area_key: BOTH}))


@never
def an_update_that_moves_in_order(session: Any, side: Side) -> None:
    session.execute(update(HotspotRun).where(HotspotRun.id == side.run).ordered_values((HotspotRun.area_key, BOTH)))


@never
def an_update_that_stays_by_name(session: Any, side: Side) -> None:
    statement = update(WardCount).where(WardCount.id == side.row).values(borough_code=side.borough, count=4321)
    session.execute(statement)


@never
def a_query_that_moves(session: Any, side: Side) -> None:
    session.query(HotspotRun).filter_by(id=side.run).update({"area_key": BOTH})


@never
def an_update_in_a_lambda(session: Any, side: Side) -> None:
    key = side.run
    statement = lambda_stmt(lambda: update(HotspotRun).where(HotspotRun.id == key).values(area_key=BOTH))
    session.execute(statement)


@never
def an_update_from_a_public_table(session: Any, side: Side) -> None:
    statement = update(WardCount).where(WardCount.id == side.row, in_the_borough).values(offence_group=Borough.name)
    _execute(session, statement)


@never
def an_insert_of_values(session: Any, side: Side) -> None:
    session.execute(insert(WardCount).values(a_count_as_parameters(side.borough, side.version)))


@never
def an_insert_of_values_over_parameters(session: Any, side: Side) -> None:
    row = a_count_as_parameters(MINE, MY_SIDE.version)
    statement = insert(WardCount).values(borough_code=side.borough, version_id=side.version)
    session.execute(statement, [{name: row[name] for name in row if name not in {"borough_code", "version_id"}}])


@never
def an_insert_of_values_that_contradict_parameters(session: Any, side: Side) -> None:
    statement = insert(HotspotRun).values(area_key=side.borough, inputs={}, computed_at=NOON, result=b"-")
    session.execute(statement, {"id": 99, "inputs_hash": "-", "area_key": side.borough})


@never
def an_insert_of_many_values(session: Any, side: Side) -> None:
    session.execute(insert(WardCount).values([a_count_as_parameters(side.borough, side.version)]))


@never
def an_insert_in_a_lambda(session: Any, side: Side) -> None:
    rows = [a_count_as_parameters(side.borough, side.version)]
    session.execute(lambda_stmt(lambda: insert(WardCount)), rows)


@never
def an_upsert(session: Any, side: Side) -> None:
    """It comes as a new row of mine and would overwrite the row that has its id."""
    made = {"sqlite": sqlite, "postgresql": postgresql}[session.get_bind().dialect.name].insert(WardCount)
    statement = made.on_conflict_do_update(index_elements=["id"], set_={"count": 4321})
    session.execute(statement, [a_count_as_parameters(MINE, MY_SIDE.version, key=side.row)])


@never
def saved_in_bulk(session: Any, side: Side) -> None:
    session.bulk_save_objects([a_count(900, side.borough, side.version)])


@never
def inserted_in_bulk(session: Any, side: Side) -> None:
    session.bulk_insert_mappings(WardCount, [a_count_as_parameters(side.borough, side.version)])


@never
def updated_in_bulk(session: Any, side: Side) -> None:
    session.bulk_update_mappings(WardCount, [{"id": side.row, "count": 4321}])


@never
def a_change_to_a_row_that_claims_to_be_loaded(session: Any, side: Side) -> None:
    row = _claim(side)
    session.add(row)
    row.count = 4321


@never
def a_change_to_a_merged_row_that_claims_to_be_loaded(session: Any, side: Side) -> None:
    session.merge(_claim(side), load=False).count = 4321


@never
def the_deletion_of_a_row_that_claims_to_be_loaded(session: Any, side: Side) -> None:
    session.delete(_claim(side))


def _rows(session: Any) -> tuple[list[object], list[object]]:
    """Every row of mine, and every other, as the database has them at this moment of the transaction."""
    connection = Session.connection(session)
    db._tell_postgresql(connection, EVERYWHERE)
    mine, others = [], []
    for model in FENCED:
        for row in connection.execute(select(inspect(model).local_table)).mappings():
            (mine if row[model.fence] == MINE else others).append((model.__name__, repr(dict(row))))
    return sorted(mine), sorted(others)


def effect(session: Any, probe: Write, side: Side, *, told: Scope | None = None) -> tuple[str, bool, bool]:
    """How a write ended, and whether my rows and theirs have changed by it; PostgreSQL may be told another scope."""
    scope = told or session.scope
    before = _rows(session)
    db._tell_postgresql(Session.connection(session), scope)
    end = "done"
    try:
        probe(session, side)
        session.flush()
    except OutsideScope:
        end = "refused"
    except SQLAlchemyError as error:
        end = type(error).__name__
    try:
        after = _rows(session)
    except SQLAlchemyError:  # The transaction is broken: it can only be undone.
        session.rollback()
        after = _rows(session)
    return end, before[0] != after[0], before[1] != after[1]


@pytest.mark.parametrize("name", WRITES)
def test_writing_stays_inside(worlds: Worlds, name: str) -> None:
    with worlds.session(worlds.second, MY_SCOPE) as session:
        assert effect(session, WRITES[name], MY_SIDE) == ("done", True, False)
    with worlds.session(worlds.second, MY_SCOPE) as session:
        assert effect(session, WRITES[name], THEIR_SIDE)[2] is False
    with worlds.session(worlds.second, NOWHERE) as session:
        assert effect(session, WRITES[name], MY_SIDE)[1:] == (False, False)
    with worlds.session(worlds.second, EVERYWHERE, is_open=True) as session:
        assert effect(session, WRITES[name], THEIR_SIDE)[2] is True, "the probe could not have changed anything"


@pytest.mark.parametrize("name", NEVER)
def test_writing_what_the_fence_cannot_follow_is_refused(worlds: Worlds, name: str) -> None:
    for side in (MY_SIDE, THEIR_SIDE):
        with worlds.session(worlds.second, MY_SCOPE) as session:
            assert effect(session, NEVER[name], side) == ("refused", False, False)
    with worlds.session(worlds.second, EVERYWHERE, is_open=True) as session:
        assert effect(session, NEVER[name], THEIR_SIDE)[2] is True, "the probe could not have changed anything"


# --- A belt at a time ------------------------------------------------------------------------------------------------

EVERY_READ = READS | POSTGRESQL_READS | REFUSED
EVERY_WRITE = WRITES | NEVER


@pytest.mark.parametrize("name", EVERY_READ)
def test_row_level_security_alone_shows_nothing_of_theirs(postgresql_worlds: Worlds, name: str) -> None:
    without, with_theirs = postgresql_worlds.ask(EVERY_READ[name], MY_SCOPE, is_open=True)
    assert without == with_theirs


@pytest.mark.parametrize("name", [name for name in EVERY_READ if name not in REFUSED])
def test_the_session_alone_shows_nothing_of_theirs(worlds_without_row_security: Worlds, name: str) -> None:
    assert_stays_inside(worlds_without_row_security, EVERY_READ[name])


@pytest.mark.parametrize("name", EVERY_READ)
def test_without_either_belt_every_read_leaks(worlds_without_row_security: Worlds, name: str) -> None:
    without, with_theirs = worlds_without_row_security.ask(EVERY_READ[name], MY_SCOPE, is_open=True)
    assert without != with_theirs


@pytest.mark.parametrize("name", EVERY_WRITE)
def test_row_level_security_alone_lets_nothing_of_theirs_be_changed(postgresql_worlds: Worlds, name: str) -> None:
    with postgresql_worlds.session(postgresql_worlds.second, MY_SCOPE, is_open=True) as session:
        assert effect(session, EVERY_WRITE[name], THEIR_SIDE, told=MY_SCOPE)[2] is False


@pytest.mark.parametrize("name", EVERY_WRITE)
def test_the_session_alone_lets_nothing_of_theirs_be_changed(worlds_without_row_security: Worlds, name: str) -> None:
    worlds = worlds_without_row_security
    with worlds.session(worlds.second, MY_SCOPE) as session:
        assert effect(session, EVERY_WRITE[name], THEIR_SIDE)[2] is False
    with worlds.session(worlds.second, MY_SCOPE, is_open=True) as session:
        assert effect(session, EVERY_WRITE[name], THEIR_SIDE)[2] is True


# --- Changing scope --------------------------------------------------------------------------------------------------


@contextmanager
def mine(worlds: Worlds) -> Iterator[HubSession]:
    with worlds.session(worlds.second, MY_SCOPE) as session:
        yield session


def shown_by_postgresql(session: HubSession) -> set[str]:
    """The boroughs that row-level security lets through at this moment, the session's own belt apart."""
    return set(Session.connection(session).scalars(select(inspect(Version).local_table.c.borough_code)))


def test_rows_of_a_wider_scope_are_forgotten_with_it(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            theirs, ours = session.get(WardCount, THEIR_SIDE.row), session.get(WardCount, MY_SIDE.row)
            assert theirs.count == 1000
        assert theirs not in session
        assert ours in session
        assert session.get(WardCount, THEIR_SIDE.row) is None
        assert session.query(WardCount).get(THEIR_SIDE.row) is None
        assert session.get(WardCount, MY_SIDE.row) is ours
        for again in (session.add, session.delete, session.merge, session.refresh):
            with pytest.raises((OutsideScope, SQLAlchemyError)):  # noqa: PT012 - a merge is judged when it is flushed
                again(theirs)
                session.flush()
            session.rollback()


def test_what_a_row_of_mine_knows_of_theirs_is_forgotten_too(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            version = session.get(Version, MY_SHARED_VERSION)
            assert version.upload.area_key == BOTH
            assert len(version.months) == 2
        assert version.upload is None
        assert len(version.months) == 2


def test_a_row_of_a_narrower_scope_shows_all_its_relations_in_a_wider(worlds: Worlds) -> None:
    with mine(worlds) as session:
        version = session.get(Version, MY_SHARED_VERSION)
        assert version.upload is None
        with session.scoped(EVERYWHERE):
            assert version.upload.area_key == BOTH
        assert version.upload is None


def test_a_scope_ends_well_though_its_rows_have_expired(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            rows = session.scalars(select(WardCount)).all()
            session.commit()
        assert not [row for row in rows if row in session]
        assert {row.borough_code for row in session.scalars(select(WardCount))} == {MINE}


def test_a_scope_that_fails_leaves_nothing_to_be_written_later(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with pytest.raises(ZeroDivisionError), session.scoped(EVERYWHERE):  # noqa: PT012 - the scope is what fails
            session.get(WardCount, THEIR_SIDE.row).count = 4321
            session.add(a_count(900, THEIRS, THEIR_SIDE.version))
            raise ZeroDivisionError
        assert session.scope == MY_SCOPE
        assert not session.new
        assert not session.dirty
        session.get(WardCount, MY_SIDE.row).count = 4321
        session.flush()
        with session.scoped(EVERYWHERE):
            assert session.get(WardCount, MY_SIDE.row).count == 4321
            assert session.get(WardCount, THEIR_SIDE.row).count == 1000
            assert session.get(WardCount, 900) is None


def test_a_scope_writes_what_was_changed_in_it_before_it_ends(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with session.scoped(EVERYWHERE):
            session.get(WardCount, THEIR_SIDE.row).count = 4321
        with session.scoped(EVERYWHERE):
            assert session.get(WardCount, THEIR_SIDE.row).count == 4321


def test_no_row_is_moved_across_the_fence_even_from_one_of_my_boroughs_to_another(worlds: Worlds) -> None:
    for scope in (OUR_SCOPE, EVERYWHERE):
        with worlds.session(worlds.second, scope) as session:
            session.get(HotspotRun, MY_SIDE.run).inputs = {"changed": True}
            session.flush()
            session.get(HotspotRun, MY_SIDE.run).area_key = BOTH
            with pytest.raises(OutsideScope):
                session.flush()
        with worlds.session(worlds.second, scope) as session:
            month = session.get(VersionMonth, (MY_SIDE.version, JANUARY))
            month.version = session.get(Version, THEIR_SIDE.version)
            with pytest.raises((OutsideScope, SQLAlchemyError)):
                session.flush()


def test_a_viewer_of_all_london_sees_every_shared_row_and_an_unrelated_one_does_not(worlds: Worlds) -> None:
    london = Scope(frozenset({MINE, THEIRS}), frozenset({db.EVERYTHING}))
    names = select(HotspotRun.area_key)
    for scope, expected in ((london, {MINE, THEIRS, BOTH}), (OUR_SCOPE, {MINE, THEIRS, BOTH}), (MY_SCOPE, {MINE})):
        with worlds.session(worlds.second, scope) as session:
            assert set(session.scalars(names)) == expected


@pytest.mark.parametrize("code", ["*", "A,B", "A+B", "", "A B", "A'"])
def test_a_code_that_would_widen_the_scope_is_refused(code: str) -> None:
    assert Scope(frozenset({MINE}), frozenset({BOTH, db.EVERYTHING}))
    with pytest.raises(OutsideScope):
        Scope(frozenset({MINE, code}))
    if code not in {"*", "A+B"}:
        with pytest.raises(OutsideScope):
            Scope(frozenset({MINE}), frozenset({f"{MINE}+{code}"}))


def test_a_savepoint_undone_after_a_wider_scope_ended_does_not_bring_it_back(postgresql_worlds: Worlds) -> None:
    with mine(postgresql_worlds) as session:
        with session.scoped(EVERYWHERE):
            savepoint = session.begin_nested()
            assert shown_by_postgresql(session) == {MINE, THEIRS}
        assert shown_by_postgresql(session) == {MINE}
        savepoint.rollback()
        assert shown_by_postgresql(session) == {MINE}


def test_a_savepoint_undone_does_not_bring_back_the_scope_before_it(postgresql_worlds: Worlds) -> None:
    with postgresql_worlds.session(postgresql_worlds.second, EVERYWHERE) as session:
        assert shown_by_postgresql(session) == {MINE, THEIRS}
        savepoint = session.begin_nested()
        session.set_scope(MY_SCOPE)
        assert shown_by_postgresql(session) == {MINE}
        savepoint.rollback()
        assert shown_by_postgresql(session) == {MINE}


def test_a_broken_transaction_keeps_its_own_error_and_its_scope(worlds: Worlds) -> None:
    broken = select(func.no_such_function(Person.name))
    with mine(worlds) as session:
        with pytest.raises(SQLAlchemyError, match="no_such_function"), session.scoped(EVERYWHERE):
            session.execute(broken)
        assert session.scope == MY_SCOPE
        session.rollback()
        assert {row.borough_code for row in session.scalars(select(WardCount))} == {MINE}
        assert worlds.kind == "sqlite" or shown_by_postgresql(session) == {MINE}


def test_a_savepoint_broken_inside_a_wider_scope_leaves_the_narrow_one(worlds: Worlds) -> None:
    with mine(worlds) as session:
        with pytest.raises(SQLAlchemyError), session.begin_nested(), session.scoped(EVERYWHERE):
            session.add(a_count(MY_SIDE.row, MINE, MY_SIDE.version))  # Its id is taken.
        assert {row.borough_code for row in session.scalars(select(WardCount))} == {MINE}
        assert worlds.kind == "sqlite" or shown_by_postgresql(session) == {MINE}


# --- What is cached, pooled and shared between threads ---------------------------------------------------------------


def test_a_statement_cached_in_one_scope_does_not_answer_another(worlds: Worlds) -> None:
    scopes = [MY_SCOPE, THEIR_SCOPE, NOWHERE, OUR_SCOPE]
    answers: dict[tuple[str, Scope], object] = {}
    for order in (scopes, scopes[::-1]):
        worlds.second.engine.clear_compiled_cache()
        for scope in order:
            with worlds.session(worlds.second, scope) as session:
                for name, statement in STATEMENTS.items():
                    answer = _plain(session.execute(statement).all())
                    assert answers.setdefault((name, scope), answer) == answer, name
    for name in STATEMENTS:
        assert len({repr(answers[name, scope]) for scope in scopes}) > 2, name


def test_threads_with_different_scopes_never_share_an_answer(worlds: Worlds) -> None:
    scopes = [MY_SCOPE, THEIR_SCOPE, NOWHERE, OUR_SCOPE]
    expected = {MY_SCOPE: {MINE}, THEIR_SCOPE: {THEIRS}, NOWHERE: set(), OUR_SCOPE: {MINE, THEIRS}}
    statement = select(WardCount.borough_code).where(WardCount.id.in_(select(w.id)))

    def look(number: int) -> bool:
        scope = scopes[number % len(scopes)]
        with worlds.second.reading() as session:
            session.set_scope(scope)
            return set(session.scalars(statement)) == expected[scope]

    worlds.second.engine.clear_compiled_cache()
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look, range(400)))


def test_a_pooled_connection_shows_nothing_until_a_scope_is_set(postgresql_worlds: Worlds) -> None:
    database = postgresql_worlds.second
    rows = select(func.count()).select_from(inspect(WardCount).local_table)

    def fail(session: HubSession) -> None:
        with suppress(SQLAlchemyError):
            session.execute(select(func.no_such_function(Person.name)))

    def fail_to_flush(session: HubSession) -> None:
        session.add(a_count(MY_SIDE.row, MINE, MY_SIDE.version))
        with suppress(SQLAlchemyError):
            session.flush()

    ends: dict[str, Callable[[HubSession], object]] = {
        "commit": HubSession.commit,
        "rollback": HubSession.rollback,
        "close": HubSession.close,
        "a failed statement": fail,
        "a failed flush": fail_to_flush,
        "a savepoint kept": lambda session: session.begin_nested().commit(),
        "a savepoint undone": lambda session: session.begin_nested().rollback(),
        "a savepoint left open": lambda session: session.begin_nested(),
    }
    for name, end in ends.items():
        with database.session(writes=True) as session:
            session.set_scope(EVERYWHERE)
            assert len(session.scalars(select(WardCount)).all()) > 3
            used = Session.connection(session).connection.info
            used["by"] = name
            end(session)
        with database.engine.connect() as connection:
            assert connection.connection.info["by"] == name, "another connection came from the pool"
            assert connection.scalar(rows) == 0, name
        with database.session(writes=True) as session:
            assert session.scalars(select(WardCount)).all() == [], name


# --- The catalogue ---------------------------------------------------------------------------------------------------

NOT_FENCED = {
    "borough_population": "public geography",
    "seeing_as": "an account's: the one borough that somebody chose to see, read before there is a scope",
    "group_role": "an account's: it says which role a group of an organisation gives, and is read at sign-in",
    "membership": "an account's: it says which boroughs a person may see, and is read before there is a scope",
    "small_area": "public geography",
    "ward": "public geography",
}


def test_every_table_of_a_borough_is_fenced_or_public() -> None:
    tables = migrate.metadata().tables.values()
    of_a_borough = {
        table.name for table in tables if {"borough_code", "area_key", "borough_set"} & set(table.columns.keys())
    }
    assert of_a_borough == migrate.fenced_tables().keys() | NOT_FENCED.keys()
    assert not migrate.fenced_tables().keys() & NOT_FENCED.keys()


def test_a_child_names_its_fence_with_its_parent() -> None:
    """A5: a foreign key between two tables fenced alike carries the borough, or the area."""
    fenced = migrate.fenced_tables()
    keys = [
        (key, column)
        for name, column in fenced.items()
        for key in migrate.metadata().tables[name].foreign_key_constraints
        if fenced.get(key.referred_table.name) == column
    ]
    assert len(keys) == 19
    assert all(column in key.column_keys for key, column in keys)


def test_postgresql_holds_the_fence_for_the_owner_too(
    postgres_cluster: PostgresCluster, new_settings: Callable[..., Settings]
) -> None:
    settings = new_settings("postgresql")
    name = settings.database_url.rsplit("/", 1)[1]
    with psycopg.connect(postgres_cluster.url(name, "postgres")) as connection:
        of_a_borough = connection.execute(
            "SELECT DISTINCT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name IN ('borough_code', 'area_key', 'borough_set')"
        ).fetchall()
        assert dict(of_a_borough) == migrate.fenced_tables() | dict.fromkeys(NOT_FENCED, "borough_code")
        held = connection.execute(
            "SELECT relname, polname, polcmd, polpermissive, polroles = '{0}', pg_get_expr(polqual, polrelid),"
            " pg_get_expr(polwithcheck, polrelid) FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid"
            " WHERE relrowsecurity AND relforcerowsecurity"
        ).fetchall()
        assert {table for table, *_ in held} == migrate.fenced_tables().keys()
        assert len(held) == len(migrate.fenced_tables()), "a second policy would widen the first"
        for table, policy, command, permissive, everyone, using, check in held:
            column = migrate.fenced_tables()[table]
            setting = {"area_key": "hub.areas"}.get(column, "hub.boroughs")
            assert (policy, command, permissive, everyone) == ("fence", "*", True, True)
            assert using == check
            assert re.search(rf"\b{column}\b", using)
            assert set(re.findall(r"hub\.\w+", using)) == {setting}
        owners = connection.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE nspname = 'public' AND relkind IN ('r', 'S', 'v', 'm', 'p')"
        ).fetchall()
        assert owners == [("hub_owner",)]
    with psycopg.connect(postgres_cluster.url(name, "hub_owner")) as connection:
        seeded = Database(settings)
        seed(seeded)
        seeded.engine.dispose()
        assert connection.execute("SELECT count(*) FROM ward_count").fetchone() == (0,)


ACTS_FOR_ANOTHER = """
    WITH own AS (SELECT oid FROM pg_namespace
        WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND nspname !~ '^pg_(toast|temp)')
    SELECT 'view ' || relname FROM pg_class WHERE relkind IN ('v', 'm', 'f') AND relnamespace IN (TABLE own)
    UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace IN (TABLE own)
    UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'trigger ' || evtname FROM pg_event_trigger
    UNION ALL SELECT 'rule ' || rulename FROM pg_rules WHERE schemaname = 'public'
    UNION ALL SELECT 'child ' || inhrelid::regclass FROM pg_inherits
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE oid IN (TABLE own) AND nspname <> 'public'
    UNION ALL SELECT 'right ' || rolname FROM pg_roles WHERE rolname IN ('hub_web', 'hub_owner')
        AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication)
    UNION ALL SELECT 'member of ' || roleid::regrole FROM pg_auth_members WHERE member = 'hub_web'::regrole
"""
"""Whatever in a database could read or write with other rights than those of who asks."""


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("", []),
        ("CREATE VIEW v WITH (security_invoker = false) AS SELECT * FROM ward_count", ["view v"]),
        ("CREATE MATERIALIZED VIEW m AS SELECT * FROM ward_count", ["view m"]),
        ("CREATE FUNCTION f() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'", ["function f"]),
        (
            "CREATE TRIGGER t BEFORE UPDATE ON ward_count EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            ["trigger t"],
        ),
        ("CREATE RULE r AS ON UPDATE TO ward_count DO ALSO DELETE FROM incident", ["rule r"]),
        ("CREATE TABLE c () INHERITS (ward_count)", ["child c"]),
        ("CREATE SCHEMA s", ["schema s"]),
        ("ALTER ROLE hub_web BYPASSRLS", ["right hub_web"]),
        ("GRANT hub_owner TO hub_web", ["member of hub_owner"]),
    ],
)
def test_nothing_in_postgresql_acts_with_the_rights_of_another(
    postgres_cluster: PostgresCluster, postgresql_worlds: Worlds, statement: str, found: list[str]
) -> None:
    name = postgresql_worlds.first.engine.url.database
    assert name
    with psycopg.connect(postgres_cluster.url(name, "postgres")) as connection:
        if statement:
            connection.execute(statement.encode())
        assert [words for (words,) in connection.execute(ACTS_FOR_ANOTHER.encode())] == found
        connection.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE ward_count",
        "DROP TABLE ward_count",
        "ALTER TABLE ward_count DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY open ON ward_count USING (true)",
        "DROP POLICY fence ON ward_count",
        "CREATE TABLE mine AS SELECT * FROM ward_count",
        "CREATE FUNCTION f() RETURNS bigint SECURITY DEFINER LANGUAGE sql AS 'SELECT count(*) FROM ward_count'",
        "CREATE TRIGGER t AFTER INSERT ON ward_count EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET ROLE hub_owner",
        "UPDATE alembic_version SET version_num = '9999'",
        "INSERT INTO alembic_version VALUES ('9999')",
        "DELETE FROM alembic_version",
        "UPDATE audit_entry SET actor = 'nobody'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
    ],
)
def test_the_web_role_cannot_undo_the_fence(postgresql_worlds: Worlds, statement: str) -> None:
    address = postgresql_worlds.second.engine.url.set(drivername="postgresql").render_as_string()
    with psycopg.connect(address) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())
        connection.rollback()
        connection.execute("SELECT count(*) FROM ward_count")
