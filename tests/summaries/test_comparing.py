"""A measure beside what its borough chose: named, with its denominator, and nothing of one other borough."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

import pytest

from hub.access import Grant, Role, Viewer
from hub.accounts import service as accounts
from hub.db import Database, Scope
from hub.disclosure.service import SHIPPED
from hub.measures import service as measures
from hub.measures.comparisons import known
from hub.measures.definitions import shipped
from hub.places import service as places
from hub.proofs.disclosure import as_aggregate_reader
from hub.summaries import comparing, police_area, service
from hub.summaries.changes import Change, Figure, Verdict
from hub.summaries.comparing import Beside, Comparer
from hub.summaries.lines import Denominator, Measured
from hub.summaries.police_area import PoliceArea
from hub.uploads.kinds import DATASETS
from tests.client import StrictClient
from tests.conftest import HOME, LONDONS_ADMINISTRATOR, PASSWORD
from tests.hotspots.figures_given import Figures
from tests.summaries.conftest import Read
from tests.summaries.counted import LAST, MONTHS, as_met_file, even, months_to
from tests.summaries.test_police_area import BARNET, CAMDEN, CITY, burglaries
from tests.uploads.desk import Desk

MEASURES = {one.code: one for one in shipped().measures}
RESIDENTS = 200_000
AREA = PoliceArea("London", 32, 8_799_868, "Census 2021", {"burglary": 6.0})


def measured(count: int, code: str = "burglary", *, residents: int = RESIDENTS, spread: float = 1.0) -> Measured:
    change = Change(Figure(count), Figure(1000), Verdict.NO_CLEAR_CHANGE, spread=spread)
    people = Denominator(residents, "Census 2021")
    return Measured(MEASURES[code], LAST, change, 1000 * count / residents, 5.0, people, (), 1, area_rate=6.0)


def beside(
    one: Measured, code: str, *, area: PoliceArea | None = AREA, years: Mapping[dt.date, Measured] | None = None
) -> Beside:
    def year(last_month: dt.date) -> Mapping[str, Measured]:
        return {one.measure.code: years[last_month]} if years and last_month in years else {}

    nobody: Viewer = None  # type: ignore[assignment]
    comparer = Comparer(nobody, HOME, DATASETS["met_ward_counts"], SHIPPED, LAST, area, year, ())
    return comparer.beside(one, known()[code])


def test_a_rate_is_called_higher_or_lower_only_beyond_chance_and_less_readily_where_months_vary() -> None:
    found = [beside(measured(count), "area") for count in (1300, 1240, 1100)]
    assert [(one.name, one.rate, one.words, one.is_judged) for one in found] == [
        ("London", 6.0, "higher here", True),
        ("London", 6.0, "no clear difference", True),
        ("London", 6.0, "lower here", True),
    ]
    assert found[0].denominator == "8,799,868 residents of 32 boroughs (Census 2021)"
    assert beside(measured(1300, spread=4.0), "area").stands == ""
    assert beside(measured(1300, "robbery"), "area").why_not == comparing.TOO_FEW
    untold = beside(measured(1300), "area", area=None)
    assert (untold.why_not, untold.is_judged) == (comparing.NOT_LOADED, False)
    hidden = replace(measured(3), change=Change(Figure(None, is_hidden=True), Figure(None), Verdict.NOT_COMPARABLE))
    assert beside(hidden, "area").stands == ""
    assert beside(replace(measured(1300), denominator=None), "area").stands == ""


def test_the_year_before_has_a_verdict_of_its_own_and_a_published_rate_names_its_place_and_year() -> None:
    before = beside(measured(1300), "before")
    assert (before.name, before.rate, before.count) == ("12 months before", 5.0, Figure(1000))
    assert not before.is_judged
    # The Met's area in the year to June 2024 beside England and Wales, as the plan gives both.
    met = measured(247_420, "violence-against-the-person", residents=8_900_000)
    assert met.rate == pytest.approx(27.8)
    nation = beside(met, "published-england-wales-2024-06")
    assert (nation.name, nation.rate, nation.stands) == ("England and Wales, year to June 2024", 32.9, "lower")
    assert nation.comparison.to_verify


def test_a_named_year_is_set_beside_the_latest_where_there_is_one_and_it_is_over() -> None:
    end = dt.date(2021, 3, 1)
    code = "year-to-2021-03"
    for then, stands in ((1000, "higher"), (1180, ""), (1500, "lower")):
        found = beside(measured(1200), code, years={end: measured(then)})
        assert (found.name, found.count, found.rate, found.stands) == (
            "Year to March 2021", Figure(then), 1000 * then / RESIDENTS, stands,
        )  # fmt: skip
    assert beside(measured(1200), code).why_not == comparing.NO_SUCH_YEAR
    unknown = replace(measured(0), change=Change(Figure(None), Figure(None), Verdict.NOT_COMPARABLE), denominator=None)
    assert beside(measured(1200), code, years={end: unknown}).why_not == comparing.NO_SUCH_YEAR
    assert beside(unknown, code, years={end: measured(9)}).stands == ""
    assert "not over" in beside(measured(1200), "year-to-2025-03").why_not


def chose(database: Database, email: str, code: str, **compared_with: str) -> None:
    with database.session(writes=True) as session:
        officer = accounts.viewer_by_email(session, email)
        five = [one.code for one in measures.chosen(officer, code)]
        measures.choose(officer, code, five, {name.replace("_", "-"): one for name, one in compared_with.items()})
        session.commit()


def test_a_page_says_what_its_borough_chose_and_a_baseline_is_what_that_years_page_gives(
    desk: Desk, people: dict[Role, str], read: Read, client: StrictClient
) -> None:
    old = even(50).assign(
        month=lambda rows: rows["month"].map(dict(zip(MONTHS, months_to(dt.date(2021, 3, 1)), strict=True)))
    )
    for counts in (old, even(60)):
        desk.commit(people[Role.CSP_OFFICER], as_met_file(counts))
    chose(desk.database, people[Role.CSP_OFFICER], HOME, burglary="year-to-2021-03", all_crime="alike")
    for role in (Role.CSP_OFFICER, Role.COUNCIL_LEADER):
        found = read(role)
        then = read(role, last_month=dt.date(2021, 3, 1)).measures["burglary"]
        its = found.beside["burglary"]
        assert (its.count, its.rate, its.stands) == (then.change.latest, then.rate, "higher")
        assert its.count == Figure(50 * 24)
        assert found.beside["all-crime"].why_not == comparing.TOO_FEW_BOROUGHS
    assert set(found.beside) == {"all-crime", "burglary"}, "what a leader is not shown is compared with nothing"
    client.sign_in(people[Role.COUNCIL_LEADER], PASSWORD)
    client.get(f"/areas/{HOME}/summary")
    said = client.page.main
    assert "Year to March 2021: 1,200 (60.0) Higher here to be verified" in said
    assert "chose the five and what they are compared with, on" in said
    client.get(f"/areas/{HOME}/figures/measure:burglary:2025-03")
    said = client.page.main
    assert "Year to March 2021: 1,200, or 60.0 for every 1,000 of 20,000 residents (Census 2021)" in said
    assert "It is higher here by more than chance would explain." in said
    assert "To be verified Whether the plan takes this year as its baseline." in said


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_boroughs_alike_are_told_together_or_not_at_all_and_the_reader_is_fenced_as_before(
    database: Database, londoners: None
) -> None:
    given = Figures(database)
    with database.reading() as session:
        edition = next(one.id for one in places.boundary_sets(session) if one.code == "2022")
        wards = places.wards(session, edition).reset_index().groupby("borough_code")["ward_code"].first().drop(CITY)
        people = places.borough_residents(session, set(wards.index))
        names = {one.code: one.name for one in places.boroughs(session)}
    chose(database, LONDONS_ADMINISTRATOR, CAMDEN, burglary="alike")

    def read() -> Beside:
        with database.reading() as session:
            administrator = accounts.viewer_by_email(session, LONDONS_ADMINISTRATOR)
            session.set_scope(Scope(frozenset({CAMDEN})))
            return service.summary(as_aggregate_reader(administrator, CAMDEN), CAMDEN).beside["burglary"]

    given.ward_counts(CAMDEN, burglaries(wards[CAMDEN], MONTHS))
    alone = read()
    assert (alone.why_not, len(alone.alike)) == (comparing.NOT_ALL_LOADED, 9)
    alike = {one.name for one in alone.alike[1:]}
    assert alone.alike[0].name == "Camden"
    assert {"Islington", "Hackney"} <= alike
    assert not {"Bromley", "Havering", "Camden"} & alike
    for code, ward in wards.drop([CAMDEN, BARNET]).items():
        given.ward_counts(str(code), burglaries(ward, MONTHS))
    found = read()
    residents = sum(one.residents for code, one in people.items() if names[code] in alike)
    assert found.rate == round(1000 * 8 * 12 * 50 / residents, 1)
    assert found.denominator == f"{residents:,} residents of 8 boroughs (Census 2021)"
    assert (found.name, found.alike) == ("8 boroughs like it", alone.alike)
    with database.reading() as session:
        administrator = accounts.viewer_by_email(session, LONDONS_ADMINISTRATOR)
        session.set_scope(Scope(frozenset({CAMDEN})))
        few = {code for code in wards.index if names[code] in alike} - {CAMDEN}
        of_many = replace(
            as_aggregate_reader(administrator, CAMDEN),
            grants=(Grant(Role.COUNCIL_LEADER, frozenset({CAMDEN, *sorted(few)[:4]})),),
        )
        beside = service.summary(of_many, CAMDEN).beside["burglary"]
        assert (beside.why_not, beside.rate) == (comparing.NOTHING_LEFT, None), "four others could be worked out"
    with database.reading() as session:
        viewer = accounts.viewer_by_email(session, LONDONS_ADMINISTRATOR)
        kind = DATASETS["met_ward_counts"]
        with pytest.raises(ValueError, match="too few"):
            police_area.added_up(viewer, "", frozenset({BARNET}), kind, MONTHS, SHIPPED, [])
