"""The next file like the last is matched as it was; of one that differs, only what changed is asked."""

from __future__ import annotations

import pytest

from hub.access import Role
from hub.uploads import memory, service, views
from hub.uploads.models import State
from tests.uploads.desk import Desk
from tests.uploads.test_service import EAST, WEST

FIELDS = {"Ward": "ward_name", "When": "month", "What": "offence_group", "How many": "count"}
COLUMNS = {"Ward": ["Abbey"], "When": ["2025-01"], "What": ["Noise"], "How many": ["3"], "Remark": ["–"]}


def recalled(columns: dict[str, list[str]], **answers: str) -> memory.Recalled | None:
    return memory.compare("ward_counts", FIELDS, answers, columns, ["Returns"])


def test_the_same_headings_are_matched_whatever_else_is_there() -> None:
    found = recalled({"New": ["x"], **COLUMNS})
    assert found is not None
    assert (found.is_whole, found.column_fields) == (True, FIELDS)


def test_a_renamed_column_is_proposed_by_its_name_and_its_values() -> None:
    found = recalled({"Ward_Name": ["Abbey"], "When": ["2025-01"], "What": ["Noise"], "How many there were": ["3"]})
    assert found is not None
    assert (found.is_whole, found.renamed) == (False, {"Ward": "Ward_Name", "How many": "How many there were"})
    assert found.column_fields["Ward_Name"] == "ward_name"


def test_a_column_whose_values_are_of_another_sort_is_not_proposed() -> None:
    columns = {**{key: COLUMNS[key] for key in ("Ward", "When", "What")}, "How many?": ["lots", "few"]}
    found = recalled(columns)
    assert found is not None
    assert found.renamed == {"How many": ""}
    columns = {**{key: COLUMNS[key] for key in ("Ward", "What", "How many")}, "Whence": ["E01000001", "Camden 027B"]}
    found = recalled(columns)
    assert found is not None
    assert found.renamed == {"When": ""}, "neither an area's code nor its name is a month"


def test_too_little_in_common_recalls_nothing() -> None:
    assert recalled({"When": ["2025-01"], "Latitude": ["51.5"]}) is None


def test_months_across_are_those_of_the_file_at_hand() -> None:
    fields = {"Code": "ward_code", "202401": "month_counts", "202402": "month_counts"}
    found = memory.compare("met_ward_counts", fields, {}, {"Code": ["E05000001"], "202402": ["1"], "202403": ["2"]}, [])
    assert found is not None
    assert found.is_whole
    assert found.column_fields == {"Code": "ward_code", "202402": "month_counts", "202403": "month_counts"}


def test_a_sheet_that_is_gone_is_not_asked_for() -> None:
    kept, gone = recalled(COLUMNS, sheet="Returns", crs="4326"), recalled(COLUMNS, sheet="Old")
    assert kept is not None
    assert gone is not None
    assert (kept.answers, gone.answers) == ({"sheet": "Returns", "crs": "4326"}, {})


@pytest.mark.usefixtures("in_this_process")
def test_the_next_file_goes_straight_to_its_check(desk: Desk, people: dict[Role, str]) -> None:
    officer, administrator = people[Role.CSP_OFFICER], people[Role.ADMINISTRATOR]
    matched = {"Place": "ward_code", "When": "month", "What": "offence_group", "How many": "count"}
    content = "Place,When,What,How many\n{},2024-0{},Noise,3\n"
    desk.check(officer, content.format(WEST, 1), dataset="ward_counts", **matched)
    again, theirs = desk.receive(officer, content.format(EAST, 2)), desk.receive(administrator, content.format(EAST, 2))
    with desk.reading(officer) as viewer:
        shown = views.upload(viewer, again)
        assert (shown.state, shown.report["matched_as_before"]) == (State.MAPPED, True)
        assert service.propose(viewer, again).column_fields == matched
    with desk.reading(administrator) as viewer:
        assert views.upload(viewer, theirs).state is State.RECEIVED, "what one area does says nothing of another"
    changed = desk.receive(officer, content.replace("Place", "Place code").format(EAST, 3))
    with desk.reading(officer) as viewer:
        assert views.upload(viewer, changed).state is State.RECEIVED
        proposal = service.propose(viewer, changed)
        assert (dict(proposal.renamed), proposal.column_fields["Place code"]) == ({"Place": "Place code"}, "ward_code")
