"""Every way of reading that SQLAlchemy offers, each tried as a way round the fence."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    Uuid,
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
from sqlalchemy.dialects import postgresql
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

from hub.accounts.models import Person
from hub.borders.models import BorderBand, BorderChoice
from hub.briefings.models import MutedPlace
from hub.columns import InBorough
from hub.db import EVERYWHERE, NOWHERE
from hub.disclosure.models import ReleasedSet
from hub.hotspots.models import HotspotRun
from hub.measures.models import MeasureChoice
from hub.places.models import Borough
from hub.questions.models import Question
from hub.reports.models import Report, ReportFile, ReportSchedule, ReportStep, ReportSubscription
from hub.sharing.models import BorderShare
from hub.uploads.models import Incident, Upload, Version, VersionMonth, WardCount
from hub.wards.models import WardPriority
from hub.zones.models import Zone
from tests.fence.worlds import (
    A_PERSON,
    FENCED,
    JANUARY,
    ME,
    MINE,
    MY_SCOPE,
    MY_SIDE,
    NOON,
    SHARED_MUTE,
    SHARED_RUN,
    SHARED_SHARE,
    SHARED_UPLOAD,
    SHARED_ZONE,
    THEIR_SIDE,
    THEIRS,
    Read,
    Side,
    Worlds,
    a_count_as_parameters,
)

# --- Reading by a statement ------------------------------------------------------------------------------------------


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


def assert_stays_inside(worlds: Worlds, probe: Read) -> None:
    """Judge one probe in both worlds, under my scope, under none and under an open one."""
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


def claimed(side: Side) -> WardCount:
    """A row that says it was loaded, and that it is mine."""
    row = WardCount(id=side.row, borough_code=MINE)
    make_transient_to_detached(row)
    return row


@refused
def a_row_that_claims_to_be_loaded(session: Any) -> Any:
    found = []
    for row in map(claimed, (MY_SIDE, THEIR_SIDE)):
        session.add(row)
        with suppress(SQLAlchemyError):
            session.refresh(row)
            found.append(row.count)
    return found


@refused
def a_merged_row_that_claims_to_be_loaded(session: Any) -> Any:
    found = []
    for side in (MY_SIDE, THEIR_SIDE):
        row = session.merge(claimed(side), load=False)
        with suppress(SQLAlchemyError):
            found.append(row.count)
    return found


@refused
def a_pickled_row(session: Any) -> Any:
    found = []
    for row in (pickle.loads(pickle.dumps(claimed(side))) for side in (MY_SIDE, THEIR_SIDE)):
        session.add(row)
        with suppress(SQLAlchemyError):
            found.append(row.count)
    return found
