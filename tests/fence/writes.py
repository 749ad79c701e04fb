"""Every way of writing that SQLAlchemy offers, each tried as a way round the fence, and what it changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, insert, inspect, lambda_stmt, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hub import db
from hub.accounts.models import Person
from hub.borders.models import BorderBand, BorderChoice
from hub.briefings.models import MutedPlace
from hub.db import EVERYWHERE, HubSession, Scope, insert_rows
from hub.errors import OutsideScope
from hub.hotspots.models import HotspotRun
from hub.measures.models import MeasureChoice
from hub.places.models import Borough
from hub.questions.models import Question
from hub.reports.models import Report, ReportFile, ReportSchedule, ReportStep, ReportSubscription
from hub.sharing.models import BorderShare
from hub.uploads.models import Incident, Upload, Version, VersionMonth, WardCount
from hub.wards.models import WardPriority
from hub.zones.models import Zone
from tests.fence.reads import claimed, i, in_the_borough, w
from tests.fence.worlds import (
    BOTH,
    FENCED,
    MARCH,
    MINE,
    MY_SIDE,
    NOON,
    Side,
    a_count,
    a_count_as_parameters,
    a_month,
    a_run,
    a_version,
    an_incident,
    an_upload,
)

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
    row = claimed(side)
    session.add(row)
    row.count = 4321


@never
def a_change_to_a_merged_row_that_claims_to_be_loaded(session: Any, side: Side) -> None:
    session.merge(claimed(side), load=False).count = 4321


@never
def the_deletion_of_a_row_that_claims_to_be_loaded(session: Any, side: Side) -> None:
    session.delete(claimed(side))


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
