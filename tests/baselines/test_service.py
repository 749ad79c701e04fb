"""A problem opened from a place of a map, and its baseline: frozen, superseded with a reason, gone with its data."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
import shapely
from sqlalchemy import delete, func, select, update

from hub.access import Role, Viewer
from hub.baselines import opening
from hub.baselines import service as baselines
from hub.baselines.models import Baseline, BaselineGround, BaselinePart
from hub.baselines.models import Role as Ground
from hub.baselines.opening import Ready
from hub.baselines.service import ShownBaseline, Standing
from hub.db import EVERYWHERE, Database
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound, OutsideScope
from hub.problems import service
from hub.problems.terms import Kind, Stage
from hub.problems.wording import Unfit
from hub.uploads import erasing
from hub.uploads.models import Upload, Version
from tests.baselines.grounds_made import DECEMBER, PLACE, UNIT, YEAR, robberies
from tests.conftest import HOME, SIBLING
from tests.hotspots.figures_given import Figures, area_of, viewing
from tests.problems.conftest import SIBLINGS, an_opening
from tests.uploads.desk import Desk

GIVEN = {"title": "Robbery in the Mead", "kind": "robbery", "place": "The Mead", "owner_body": "police"}
WHERE = {"category": "Robbery", "unit": UNIT, "last_month": DECEMBER, "dataset": None}


def made_ready(viewer: Viewer, area: str = HOME) -> Ready:
    return opening.ready(viewer, area_of(viewer, area), **WHERE)


def open_one(desk: Desk, email: str) -> UUID:
    """Open a problem at the busy place, worked out on a session that reads."""
    with viewing(desk.database, email) as reader:
        found = made_ready(reader)
    with desk.writing(email) as viewer:
        return opening.open_here(viewer, found, GIVEN, None).id


def shown(desk: Desk, email: str, problem_id: UUID) -> ShownBaseline:
    with viewing(desk.database, email) as viewer:
        found = baselines.current(viewer, problem_id)
    assert found is not None
    return found


def test_a_problem_opens_at_a_place_with_its_baseline_frozen(
    desk: Desk, live: Figures, people: dict[Role, str]
) -> None:
    points = robberies(alike=4, at_one_point=True)
    live.points(HOME, points)
    officer = people[Role.CSP_OFFICER]
    with viewing(desk.database, officer) as reader:
        found = made_ready(reader)
    assert (found.title, found.kind) == ("Robbery in Alder West, Alder", "robbery")
    assert found.period == (YEAR[0], DECEMBER)
    problem_id = open_one(desk, officer)
    held = shown(desk, officer, problem_id)
    assert (held.number, held.reason, held.standing) == (1, "", Standing.WHOLE)
    assert held.months == tuple(YEAR)
    assert [ground.role for ground in held.grounds[:2]] == [Ground.RESPONSE, Ground.BUFFER]
    assert held.of(Ground.CONTROL)
    for ground in held.grounds:
        inside = points[shapely.contains_xy(ground.outline, points["easting"], points["northing"])]
        assert ground.counts.tolist() == inside.groupby("month").size().reindex(YEAR, fill_value=0).tolist()
    assert held.control_counts.sum() == sum(ground.total for ground in held.of(Ground.CONTROL))
    assert held.evidence == found.prepared.evidence
    with viewing(desk.database, officer) as viewer:
        record = service.record(viewer, problem_id)
        problem = record.problem
    assert problem.stage is Stage.SCANNING
    assert problem.categories == ("Robbery",)
    assert problem.place.outline is not None
    assert UNIT in problem.place.cells or len(problem.place.cells) > 1
    assert record.evidence["dataset"] == "street_points"
    assert [line.kind for line in record.history][:1] == [Kind.BASELINE]


def test_nobody_edits_a_baseline_and_another_takes_its_place_with_a_reason(
    desk: Desk, live: Figures, people: dict[Role, str], database: Database
) -> None:
    live.points(HOME, robberies(alike=4, at_one_point=True))
    officer, leader = people[Role.CSP_OFFICER], people[Role.COUNCIL_LEADER]
    problem_id = open_one(desk, officer)
    before = shown(desk, officer, problem_id)
    with desk.writing(officer) as viewer:
        frozen = viewer.session.scalars(select(Baseline)).one()
        frozen.reason = "I changed my mind"
        with pytest.raises(OutsideScope):
            viewer.session.flush()
        viewer.session.rollback()
    for change in (update(BaselinePart).values(counts=[[0]]), delete(BaselineGround), delete(BaselinePart)):
        with desk.writing(officer) as viewer, pytest.raises(OutsideScope):
            viewer.session.execute(change)
    with viewing(database, officer) as reader:
        comparison = opening.compared(reader, problem_id, ring_metres=100)
        assert comparison.response.outline.equals(before.response.outline)
        assert comparison.ring_metres == 100
        keys = [comparison.offered[0].piece.key]
        another = opening.prepared(reader, comparison, keys)
        again = opening.prepared(reader, opening.compared(reader, problem_id))
        with pytest.raises(BadRequest, match="no longer offered"):
            opening.prepared(reader, comparison, ["E1-N1"])
    for reason, said in (("", "Say why"), ("x" * 501, "501 characters")):
        with desk.writing(officer) as viewer, pytest.raises(Unfit, match=said):
            baselines.freeze(viewer, problem_id, another, reason=reason)
    with desk.writing(officer) as viewer:
        baselines.freeze(viewer, problem_id, another, reason="A  narrower ring: the canal bounds it")
    with viewing(database, officer) as viewer:
        now, then = baselines.baselines(viewer, problem_id)
    assert (now.number, now.reason) == (2, "A narrower ring: the canal bounds it")
    assert [ground.unit for ground in now.of(Ground.CONTROL)] == keys
    assert now.evidence is not None
    assert now.evidence.flag is None
    assert then.sha256 == before.sha256
    assert then.standing is now.standing is Standing.WHOLE
    assert (then.response.counts == before.response.counts).all()
    with desk.writing(leader) as viewer, pytest.raises(NotFound):
        baselines.freeze(viewer, problem_id, again, reason="Mine")
    with desk.writing(officer) as viewer:
        service.move(viewer, problem_id, Stage.CLOSED, "Done with")
        with pytest.raises(Conflict, match="closed"):
            baselines.freeze(viewer, problem_id, again, reason="Too late")


def test_what_changed_meanwhile_is_not_frozen(desk: Desk, live: Figures, people: dict[Role, str]) -> None:
    points = robberies(alike=4, at_one_point=True)
    live.points(HOME, points)
    officer = people[Role.CSP_OFFICER]
    with viewing(desk.database, officer) as reader:
        found = made_ready(reader)
    live.points(HOME, points[points["month"] == DECEMBER])
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="data changed"):
        opening.open_here(viewer, found, GIVEN, None)


def test_what_is_deleted_takes_its_figures_along_and_the_baseline_says_so(
    desk: Desk, live: Figures, people: dict[Role, str], database: Database
) -> None:
    points = robberies(alike=4, at_one_point=True)
    live.points(HOME, points)
    live.points(HOME, points[points["month"] == YEAR[3]])
    officer = people[Role.CSP_OFFICER]
    problem_id = open_one(desk, officer)
    whole = shown(desk, officer, problem_id)
    for number, gone in ((2, [YEAR[3]]), (1, YEAR)):
        with database.writing() as session, session.scoped(EVERYWHERE):
            upload = session.scalars(
                select(Upload.id).join(Version).where(Version.borough_code == HOME, Version.number == number)
            ).one()
            assert erasing.erase(session, upload) is not None
        left = shown(desk, officer, problem_id)
        assert left.standing is Standing.GONE
        assert list(left.gone) == gone
        assert left.evidence is None, "it would tell what is gone: all its months are added up in it"
        is_left = ~np.isin(np.array(left.months), gone)
        assert (left.response.counts[is_left] == whole.response.counts[is_left]).all()
        assert np.isnan(left.response.counts[~is_left]).all()
    with database.reading() as session, session.scoped(EVERYWHERE):
        assert session.scalar(select(func.count()).select_from(BaselinePart)) == 0


def test_counts_are_their_boroughs_alone_and_what_was_changed_beneath_is_told(
    desk: Desk, live: Figures, people: dict[Role, str], database: Database
) -> None:
    live.points(HOME, robberies(alike=4, at_one_point=True))
    sibling = robberies(alike=4, at_one_point=True)
    live.points(SIBLING, sibling.assign(easting=sibling["easting"] + 2000))
    commander, officer = people[Role.BCU_COMMANDER], people[Role.CSP_OFFICER]
    ground = shapely.box(1700, 200, 2300, 800)
    with desk.writing(commander) as viewer:
        given = an_opening(HOME, SIBLING, title="Across the border")
        problem_id = service.open_problem(viewer, replace(given, place=replace(given.place, outline=ground))).id
    with viewing(database, commander) as reader:
        comparison = opening.compared(reader, problem_id, last_month=DECEMBER)
        prepared = opening.prepared(reader, comparison)
    with viewing(database, officer) as reader, pytest.raises((NotFound, NotAllowed)):
        opening.compared(reader, problem_id)
    with desk.writing(officer) as viewer, pytest.raises((NotFound, NotAllowed)):
        baselines.freeze(viewer, problem_id, prepared)
    with desk.writing(commander) as viewer:
        baselines.freeze(viewer, problem_id, prepared)
    both = shown(desk, commander, problem_id)
    home, beside = (shown(desk, email, problem_id) for email in (officer, SIBLINGS))
    assert both.standing is Standing.WHOLE
    assert home.standing is beside.standing is Standing.APART
    assert (home.response.counts + beside.response.counts == both.response.counts).all()
    assert home.response.counts.sum()
    assert beside.response.counts.sum()
    assert both.evidence is not None
    # What is told of both boroughs together would tell each of the other's.
    assert home.evidence is beside.evidence is None
    if database.engine.dialect.name == "sqlite":  # where nothing beneath the ORM refuses it
        with database.engine.begin() as connection:
            connection.execute(update(BaselineGround.__table__).values(rule="suitable"))
        assert shown(desk, commander, problem_id).standing is Standing.ALTERED


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_a_problem_opened_by_hand_is_compared_by_its_ward_and_other_responses_are_left_out(
    desk: Desk, live: Figures, people: dict[Role, str], database: Database
) -> None:
    officer = people[Role.CSP_OFFICER]
    given = an_opening()
    with desk.writing(officer) as viewer:
        nowhere = service.open_problem(viewer, given).id
        in_ward = service.open_problem(viewer, replace(given, place=replace(given.place, ward_code="F05000000"))).id
        other = service.open_problem(
            viewer, replace(given, place=replace(given.place, outline=shapely.box(1350, 300, 1800, 750)))
        ).id
        part = replace(given.place, ward_code="F05000000", outline=PLACE.outline)
        in_part = service.open_problem(viewer, replace(given, place=part)).id
    with viewing(database, officer) as reader:
        with pytest.raises(BadRequest, match="no ground on the map"):
            opening.compared(reader, nowhere)
        with pytest.raises(BadRequest, match="no figures for Alder"):
            opening.compared(reader, in_ward)
    live.points(HOME, robberies(alike=4, at_one_point=True))
    with viewing(database, officer) as reader:
        found = opening.compared(reader, in_ward)
        assert found.response.ward_codes == ("F05000000",)
        assert found.basis.months[-1] == DECEMBER
        assert found.basis.category == "Robbery"
        assert found.controls == ()
        assert found.buffer is not None
        assert opening.under_response(reader) == []
        of_part = opening.compared(reader, in_part)
        assert (of_part.response.ward_codes, of_part.response.outline) == ((), PLACE.outline)
        assert of_part.basis.wards_of is None
    with desk.writing(officer) as viewer:
        service.move(viewer, other, Stage.RESPONSE, "Patrols begin")
    with viewing(database, officer) as reader:
        assert len(opening.under_response(reader)) == 1
        assert opening.under_response(reader, but=other) == []
        assert len(opening.under_response(reader, read_in=frozenset({HOME}))) == 1
        assert opening.under_response(reader, read_in=frozenset({HOME, SIBLING})) == [], "not all read it"
        beside = opening.compared(reader, in_ward)
        assert beside.offered == ()
        assert beside.buffer is None
        prepared = opening.prepared(reader, found, [])
    with desk.writing(officer) as viewer:
        baselines.freeze(viewer, in_ward, prepared)
    held = shown(desk, officer, in_ward)
    assert [ground.role for ground in held.grounds] == [Ground.RESPONSE, Ground.BUFFER]
    assert held.control_counts.sum() == 0
    assert held.at.date() == dt.datetime.now(dt.UTC).date()
