"""What is new in an area, as a commander gets it: found, shown, muted for all of the area, and back when it changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from hub import jobs
from hub.access import Permission, Role, Viewer
from hub.accounts import service as accounts
from hub.agreements import service as agreements
from hub.audit import AuditEntry
from hub.briefings import clocks, mutes, places_found, warming, week
from hub.briefings.mutes import Standing
from hub.briefings.one_place import one_place
from hub.briefings.week import Week
from hub.db import EVERYWHERE, Database
from hub.errors import BadRequest, Conflict, NotAllowed, NotFound
from hub.hotspots import service
from hub.hotspots.models import HotspotRun
from hub.places import service as places
from hub.uploads import incidents
from hub.uploads.models import Incident, Version, VersionMonth
from tests.agreements.written import some_terms
from tests.client import StrictClient, words_of
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.hotspots.figures_given import Figures, area_of, viewing
from tests.hotspots.test_service import add_wards, burglaries, on_three_wards

YEAR = [dt.date(2025, month, 1) for month in range(1, 13)]
DECEMBER = YEAR[-1]
CENTRE = "150m-E450-N300"
PAGE = "/areas/north/week"


def robberies(*, since: int = 1, each: int = 4, west: int = 300) -> pd.DataFrame:
    """A year: robberies in nine squares of 150 m from some month on, and as many each month all over two kilometres."""
    squares = [(west + 75 + 150 * right, 225 + 150 * up) for right in range(3) for up in range(3)]
    base = west // 2000 * 2000
    rng = np.random.default_rng(7)
    rows = []
    for month in YEAR:
        spread = np.column_stack([base + rng.uniform(0, 2000, 40), rng.uniform(0, 1000, 40)]).round(1).tolist()
        here = squares * each if month.month >= since else []
        rows += [(month, "Robbery", x, y) for x, y in [*here, *spread]]
    return pd.DataFrame(rows, columns=["month", "category", "easting", "northing"])


def look(viewer: Viewer, area: str = HOME) -> Week:
    return week.week(viewer, area_of(viewer, area), keep=lambda _overlay: None)


@contextmanager
def writing(database: Database, email: str) -> Iterator[Viewer]:
    with database.writing() as session:
        yield accounts.viewer_by_email(session, email)


def test_a_place_that_has_come_is_found_and_said(database: Database, live: Figures, people: dict[Role, str]) -> None:
    live.points(HOME, robberies(since=10))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        found = look(officer)
    [shown] = found.shown
    assert shown.sentence == (
        f"Robbery in Alder West, Alder has been a hotspot for the last 3 months, and never before: "
        f"{shown.found.counts[-1]} in December; to say what is usual takes a year of months before."
    )
    assert shown.found.counts[-1] >= 36
    assert places_found.share_ground(CENTRE, shown.found.place.units)
    assert shown.found.place.also == (("All recorded crime", "consecutive"),)
    assert shown.when == clocks.NOWHERE
    assert "tested over 2 kinds of offence" in found.chance_sentence
    assert "in December 2025; chance alone would give " in found.chance_sentence
    assert found.worked_out is not None
    assert 0 < found.worked_out.flags_by_chance <= 0.05 * found.worked_out.tested
    assert found.worked_out.trial.startswith("Had you patrolled last quarter's places, you would have met ")


def test_what_was_found_is_kept_and_read_back_the_same(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    with writing(database, people[Role.CSP_OFFICER]) as officer:
        first = week.week(officer, area_of(officer, HOME), keep=lambda overlay: service.keep(officer, overlay))
        week.keep_week(officer, first)
        week.keep_week(officer, first)
        runs = officer.session.scalar(select(func.count()).select_from(HotspotRun))
    assert (first.is_kept, runs) == (False, 3)  # both categories followed, and the week
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        again = look(officer)
        assert again.is_kept
        assert again.worked_out == first.worked_out
        assert week.kept_places(officer, area_of(officer, HOME)) == first.worked_out
    live.points(HOME, robberies(each=5))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        assert not look(officer).is_kept
        assert week.kept_places(officer, area_of(officer, HOME)) is None


def test_when_in_the_week_comes_from_whatever_has_times(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    with database.writing() as session, session.scoped(EVERYWHERE):
        here = (Incident.easting >= 300) & (Incident.easting < 750) & (Incident.month == DECEMBER)
        at_nine = dt.datetime(2025, 12, 5, 21)  # noqa: DTZ001 - as a source gives it
        for incident in session.scalars(select(Incident).where(here, Incident.northing < 600)):
            incident.occurred_from = at_nine
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        # The kind says that it has no times, so that those of a row that should have none are not believed.
        assert look(officer).shown[0].when == clocks.NOWHERE
    with database.writing() as session, session.scoped(EVERYWHERE):
        for row in [*session.scalars(select(Version)), *session.scalars(select(VersionMonth))]:
            row.dataset = "other_points"
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        found = one_place(
            officer, area_of(officer, HOME), category="Robbery", unit=CENTRE, last_month=DECEMBER, dataset=None
        )
    assert found.clock is not None
    assert "on Fridays" in found.clock.sentence
    assert found.clock.is_of_category


def test_wards_stand_in_where_there_are_no_points_and_too_few_months_say_so(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    def counts(months: list[dt.date]) -> pd.DataFrame:
        rows = [(month, ward, "Theft", "Theft", 20) for month in months for ward in ("F05000000", "F05000001")]
        return pd.DataFrame(rows, columns=["month", "ward_code", "offence_group", "offence_subgroup", "count"])

    live.ward_counts(HOME, counts(YEAR[:9]))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        assert "does not have the ten months" in look(officer).why_not
    live.ward_counts(HOME, counts(YEAR))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        found = look(officer)
        assert found.worked_out is not None
        assert (found.worked_out.units, found.shown) == ("wards", ())
        ward = one_place(
            officer, area_of(officer, HOME), category=None, unit="F05000000", last_month=DECEMBER, dataset=None
        )
        assert (ward.counts, ward.place, ward.name) == ((20,) * 12, None, "Alder West, Alder")
        assert ward.ground_words == "the whole ward"
        both = replace(ward, units=("F05000000", "F05000001"))
        assert both.ground_words == "2 wards that touch, the strongest Alder West"


def test_a_wards_months_on_older_wards_are_shown_carried_over_and_judged_by_none(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    add_wards(database, "2018", columns=3, rows=1, first=10)
    before = dt.date(2024, 12, 1)
    live.ward_counts(HOME, on_three_wards(6, 5, 4, at=before), boundary_set="2018")
    live.ward_counts(HOME, pd.concat([burglaries(0, 3, 4, at=month) for month in YEAR]))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        asked = {"category": None, "last_month": DECEMBER, "dataset": None}
        ward = one_place(officer, area_of(officer, HOME), unit="F05000000", **asked)
    assert (ward.months, ward.carried_over) == ((before, *YEAR), (before,))
    # Half of the middle one of three older wards, shared out in whole numbers: 6 and 3 of 5.
    assert ward.counts == (9, *[3] * 12)
    assert ward.usual is None, "eleven months before the last are no year"
    assert ward.carried_words.startswith("December 2024 was counted on 2018 wards. Of their figures here, 28% come")


# --- Muting ----------------------------------------------------------------------------------------------------------


def test_a_muted_place_is_off_the_page_for_all_of_the_area_until_it_changes(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies(since=10))
    with writing(database, people[Role.CSP_ANALYST]) as analyst:
        area = area_of(analyst, HOME)
        with pytest.raises(Conflict):
            week.mute(analyst, area, "Robbery", "150m-E1500-N600")
        muted = week.mute(analyst, area, "Robbery", look(analyst).shown[0].found.place.unit)
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        found = look(officer)
        assert [place.found.place.category for place in found.shown] == []
        assert [(one.category, one.kind, one.by) for one in found.muted] == [("Robbery", "consecutive", "CSP analyst")]
        assert found.standing_of_mute(found.muted[0]) == "Off the page"
    # The BCU is another area, with mutes of its own.
    live.points(SIBLING, robberies(west=2300, each=1))
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        assert look(commander, "north").muted == ()
    live.points(HOME, robberies())
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        changed = look(officer)
        assert changed.shown[0].why_back == "its kind has changed since: it was muted as consecutive"
        assert changed.standing_of_mute(changed.muted[0]) == "Back on the page"
    with writing(database, people[Role.CSP_OFFICER]) as officer:
        mutes.show_again(officer, area_of(officer, HOME), muted.id)
        mutes.show_again(officer, area_of(officer, HOME), muted.id)
        assert look(officer).muted == ()
        actions = officer.session.scalars(select(AuditEntry.action).where(AuditEntry.action.startswith("place.")))
        assert list(actions) == ["place.muted", "place.shown_again"]


def test_a_place_comes_back_when_its_level_leaves_the_range_it_had() -> None:
    held = mutes.Mute(
        uuid4(),
        "Robbery",
        CENTRE,
        "Alder West",
        "persistent",
        12,
        31,
        "Somebody",
        dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    )
    now = Standing("Robbery", (CENTRE,), "Alder West", "persistent", 31, 12, 31)
    assert held.why_back(now) == ""
    assert held.why_back(replace(now, seen=12)) == ""
    assert held.why_back(replace(now, seen=32)) == "its level has changed since: it was muted at 12 to 31 a month"
    assert held.why_back(replace(now, seen=11)).startswith("its level has changed")
    assert held.is_of("Robbery", ("150m-E600-N300",))
    assert not held.is_of("Drugs", (CENTRE,))
    assert not held.is_of("Robbery", ("150m-E900-N300",))


def test_nobody_mutes_or_reads_outside_their_boroughs(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    live.points(ELSEWHERE, robberies(west=4300))
    with writing(database, people[Role.ADMINISTRATOR]) as administrator:
        there = area_of(administrator, ELSEWHERE)
        theirs = week.mute(administrator, there, "Robbery", look(administrator, ELSEWHERE).shown[0].found.place.unit)
        north = area_of(administrator, "north")
    with database.session(writes=True) as session:
        officer = accounts.viewer_by_email(session, people[Role.CSP_OFFICER])
        for area in (there, north):
            for act in (
                lambda area=area: week.week(officer, area, keep=lambda _overlay: None),
                lambda area=area: week.kept_places(officer, area),
                lambda area=area: week.mute(officer, area, "Robbery", CENTRE),
                lambda area=area: mutes.show_again(officer, area, theirs.id),
                lambda area=area: mutes.muted(officer, area),
            ):
                with pytest.raises(NotFound):
                    act()
        # By its id, from an area of their own: as if it were not there.
        with pytest.raises(NotFound):
            mutes.show_again(officer, area_of(officer, HOME), theirs.id)
        leader = accounts.viewer_by_email(session, people[Role.COUNCIL_LEADER])
        home = places.area(leader, HOME, Permission.SUMMARY_READ)
        with pytest.raises(NotAllowed):
            week.week(leader, home, keep=lambda _overlay: None)
        with pytest.raises(NotAllowed):
            week.mute(leader, home, "Robbery", CENTRE)


# --- The page of one place -------------------------------------------------------------------------------------------


def test_a_square_of_any_size_leads_to_the_place_that_it_is_part_of(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    asked = {"category": "Robbery", "last_month": DECEMBER, "dataset": None}
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        area = area_of(officer, HOME)
        found = one_place(officer, area, unit="50m-E500-N350", **asked)
        assert found.place is not None
        assert CENTRE in found.units
        assert found.counts == look(officer).shown[0].found.counts
        assert found.sources[0].count == sum(found.counts)
        quiet = one_place(officer, area, unit="150m-E1500-N600", **asked)
        assert quiet.place is None
        assert "is not flagged" in quiet.sentence
        assert len(quiet.units) == 9
        for unit in ("150m-E90000-N300", "F05000099", "nonsense", ""):
            with pytest.raises(BadRequest):
                one_place(officer, area, unit=unit, **asked)
    with database.session(writes=False) as session:
        commander = accounts.viewer_by_email(session, people[Role.BCU_COMMANDER])
        with pytest.raises(NotFound):
            area_of(commander, ELSEWHERE)


def test_what_partners_recorded_is_shown_only_under_an_agreement(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    with database.writing() as session, session.scoped(EVERYWHERE):
        for row in [*session.scalars(select(Version)), *session.scalars(select(VersionMonth))]:
            row.dataset = "ambulance"
        for incident in session.scalars(select(Incident)):
            incident.occurred_from = dt.datetime(2025, 12, 5, 21, 30)  # noqa: DTZ001 - as a source gives it
    live.points(HOME, robberies())
    asked = {"category": "Robbery", "unit": CENTRE, "last_month": DECEMBER, "dataset": None}
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        closed = one_place(officer, area_of(officer, HOME), **asked)
        assert ([source.title for source in closed.sources], closed.clock) == (["Street-level points"], None)
        assert look(officer).shown[0].clock is None
    with writing(database, people[Role.CSP_OFFICER]) as officer:
        agreements.write(officer, {HOME}, some_terms(datasets=("ambulance",)))
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        open_ = one_place(officer, area_of(officer, HOME), **asked)
        assert {source.title for source in open_.sources} == {"Street-level points", "Ambulance calls"}
        assert look(officer).shown[0].clock is not None
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        boxes = [(0.0, 0.0, 6000.0, 1000.0)]
        span = {"first_month": YEAR[0], "last_month": DECEMBER}
        assert set(incidents.within(commander, {HOME}, boxes, **span)["dataset"]) == {"street_points", "ambulance"}
        assert set(incidents.within(commander, {HOME}, boxes, **span, is_timed=True)["dataset"]) == {"ambulance"}
        assert incidents.within(commander, {ELSEWHERE}, boxes, **span).empty
        assert incidents.within(commander, {HOME}, [(0.0, 2000.0, 6000.0, 3000.0)], **span).empty


# --- Pages -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def commander(client: StrictClient, live: Figures, people: dict[Role, str]) -> StrictClient:
    """A BCU commander signed in, with a hotspot in each of the BCU's boroughs."""
    live.points(HOME, robberies())
    live.points(SIBLING, robberies(west=2300))
    client.sign_in(people[Role.BCU_COMMANDER], PASSWORD)
    return client


def linked(client: StrictClient, words: str) -> str:
    return next(link.get("href", "") for link in client.page.all("a") if words_of(link).startswith(words))


def test_from_home_to_a_place_in_two_steps(commander: StrictClient) -> None:
    commander.get("/")
    assert [words_of(link) for link in commander.page.all("a") if "of North" in words_of(link)] == [
        "This week of North",
        "Hotspot maps of North",
        "Meeting of North",
    ]
    assert commander.get(linked(commander, "This week of North")).status_code == 200
    page = commander.page
    assert page.h1 == "This week in North"
    assert "Where the places lie in North: 1, " in page.text
    assert "The newest figures are street-level points to December 2025." in page.main
    assert commander.get(linked(commander, "See why")).status_code == 200
    assert commander.page.h1.startswith("Robbery in ")
    for words in ("Why it is flagged", "12 of the 12 months to December 2025", "No source says at what hour"):
        assert words in commander.page.main


def test_a_place_is_muted_and_shown_again_by_two_buttons(commander: StrictClient) -> None:
    commander.get(PAGE)
    [first, *_] = [form for form in commander.page.all("form") if str(form.get("action")).endswith("/week/mute")]
    sent = {str(field.get("name")): str(field.get("value")) for field in first.iter("input")}
    assert commander.submit(f"{PAGE}/mute", sent).status_code == 302
    commander.get(PAGE)
    assert "Places you know" in commander.page.main
    assert "BCU commander" in commander.page.main
    again = next(
        str(form.get("action")) for form in commander.page.all("form") if "show-again" in str(form.get("action"))
    )
    assert commander.submit(again).status_code == 302
    commander.get(PAGE)
    assert "Places you know" not in commander.page.main
    assert commander.submit(f"{PAGE}/mute", {"category": "Robbery", "unit": "nowhere"}).status_code == 409


def test_what_the_page_works_out_is_there_the_next_time(commander: StrictClient, database: Database) -> None:
    commander.get(PAGE).close()
    with database.reading() as session, session.scoped(EVERYWHERE):
        kept = [run.inputs for run in session.scalars(select(HotspotRun))]
    assert len([inputs for inputs in kept if "week" in inputs]) == 1
    commander.get(PAGE).close()
    with database.reading() as session, session.scoped(EVERYWHERE):
        assert session.scalar(select(func.count()).select_from(HotspotRun)) == len(kept)


def test_the_map_leads_to_the_page_of_a_place(commander: StrictClient) -> None:
    commander.get("/areas/north/hotspots?show=cells-emerging&category=Robbery&from=2025-12&to=2025-12")
    assert commander.get(linked(commander, "Look closer")).status_code == 200
    assert commander.page.h1.startswith("Robbery in ")


# --- Worked out before anybody asks ----------------------------------------------------------------------------------


def test_jobs_work_out_the_borough_and_its_bcu_and_nothing_is_asked_twice(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    with writing(database, people[Role.CSP_OFFICER]) as officer:
        warming.ask(officer, [HOME])
        warming.ask(officer, [HOME])
        asked = officer.session.scalars(select(jobs.Job).order_by(jobs.Job.asked_at)).all()
        assert [job.arguments["area"] for job in asked] == [HOME, "north"]
    worker = jobs.Worker(database, warming.handlers(database), accounts.viewer_of, last={warming.KIND})
    assert (worker.run_one(), worker.run_one(), worker.run_one()) == (True, True, False)
    with database.reading() as session, session.scoped(EVERYWHERE):
        assert session.scalars(select(jobs.Job.state)).all() == [jobs.JobState.DONE] * 2
        weeks = [run.area_key for run in session.scalars(select(HotspotRun)) if "week" in run.inputs]
        assert sorted(weeks) == [HOME, f"{HOME}+{SIBLING}"]
    with viewing(database, people[Role.BCU_COMMANDER]) as commander:
        assert look(commander, "north").is_kept
    # The officer, for whom it was done, still sees nothing beyond the borough.
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        keys = set(officer.session.scalars(select(HotspotRun.area_key)))
        assert keys == {HOME}


def test_the_job_makes_way_for_whoever_waits_and_goes_on_later(
    database: Database, live: Figures, people: dict[Role, str]
) -> None:
    live.points(HOME, robberies())
    done: list[str] = []

    def kept() -> int:
        with database.reading() as session, session.scoped(EVERYWHERE):
            return session.scalar(select(func.count()).select_from(HotspotRun)) or 0

    with writing(database, people[Role.CSP_OFFICER]) as officer:
        jobs.enqueue(officer, warming.KIND, area=HOME)
        jobs.enqueue(officer, "other")
    handlers = warming.handlers(database) | {"other": lambda _viewer, _arguments, _report: done.append("other")}
    worker = jobs.Worker(database, handlers, accounts.viewer_of)
    assert worker.run_one()
    assert (kept(), done) == (1, [])
    assert (worker.run_one(), done, worker.run_one(), worker.run_one()) == (True, ["other"], True, False)
    assert kept() == 6  # all recorded crime and robbery followed, and tried; the week, and the map as it opens
    with viewing(database, people[Role.CSP_OFFICER]) as officer:
        assert look(officer).is_kept
