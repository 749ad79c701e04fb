"""The long sections: each measure, offence group and ward, with the years that the summaries tell and no others."""

from __future__ import annotations

from hub.documents.model import Bullets, Chart, Document
from hub.reports import service
from hub.wards import ground, priorities
from hub.wards.wording import Given
from hub.words import month_name, months_before, months_later
from tests.conftest import HOME
from tests.reports.conftest import COUNTS, LEADER, OFFICER, Press
from tests.summaries.counted import GROUPS, LAST, MONTHS, WEST, as_released, months_to

ENDS = [months_before(LAST, back) for back in (12, 9, 6, 3, 0)]
"""Of the two years that are live, every quarter that ends a whole year."""


def charts(document: Document) -> dict[str, Chart]:
    return {part.series[0].name: part for part in document.parts if isinstance(part, Chart) and part.is_small}


def as_counted(**named: str) -> dict[str, str]:
    """Each year of some of the counts, as it is released, by the month that it ends with."""
    rows = COUNTS
    for column, name in named.items():
        rows = rows[rows[column] == name]
    years = {end: int(rows.loc[rows["month"].isin(months_to(end, 12)), "count"].sum()) for end in ENDS}
    return {month_name(end): f"{as_released(count):,}" for end, count in years.items()}


def drawn(chart: Chart) -> dict[str, str]:
    return {point.label: point.figure.shown for point in chart.series[0].points}


def test_each_line_is_drawn_over_the_years_as_they_were_counted(press: Press) -> None:
    found = charts(press.show(press.draft("data_pack")).document)
    assert drawn(found["All recorded crime"]) == as_counted()
    assert {name: drawn(found[name]) for name in GROUPS} == {name: as_counted(group=name) for name in GROUPS}
    assert drawn(found["Alder West"]) == as_counted(ward_code=WEST)
    assert "Alder East" in found


def test_every_year_is_kept_once_so_that_it_can_be_told_apart_later(press: Press) -> None:
    report_id = press.approved("data_pack")
    with press.desk.reading(press.people[LEADER]) as leader:
        (frozen,) = service.frozen_reports(leader, service.borough(leader, HOME))
    keys = [one.key for one in frozen.figures]
    assert len(keys) == len(set(keys))
    kept = {(one.label, one.shown) for one in frozen.figures}
    for name, chart in charts(press.show(report_id).document).items():
        assert {(f"{name}, 12 months to {label}", shown) for label, shown in drawn(chart).items()} <= kept
    assert frozen.made_of is not None
    assert set(frozen.made_of.months) == set(MONTHS)


def test_a_panel_s_priorities_stand_with_their_ward_and_never_on_the_public_page(press: Press) -> None:
    words = "Mopeds on the pavement of Mill Lane"
    with press.desk.writing(press.people[OFFICER]) as officer:
        ward = ground.ward(officer, ground.borough(officer, HOME), WEST)
        priorities.set_priority(officer, ward, Given(words, "Ward panel", LAST, months_later(priorities.today(), 3)))
    report_id = press.approved("data_pack")
    assert Bullets((words,)) in press.show(report_id).document.parts
    with press.desk.reading(press.people[LEADER]) as leader:
        row = service.approved(leader, service.borough(leader, HOME), report_id)
        assert words.encode() in (row.document or b"")
        assert words.encode() not in (row.public_document or b"-")
