"""The workbench: cells edited, rows left out, problems fixed, confirmed, asked about and held, and what comes of it."""

from __future__ import annotations

from uuid import UUID

import pytest

from hub.access import Role
from hub.accounts import service as accounts
from hub.errors import BadRequest, Conflict
from hub.uploads import corrections, figures, service, views, work, workbench
from hub.uploads.corrections import Cell
from hub.uploads.models import State
from tests.uploads.desk import Desk
from tests.uploads.test_service import EAST, HEADINGS, WEST, live, table

pytestmark = pytest.mark.usefixtures("in_this_process")

FAULTY = HEADINGS + f"{WEST},2024-01,Burglary,3\n{EAST},2024-01,Burglary,four\n{EAST},2024-02,Burglary,5\n"


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


def recheck(desk: Desk, email: str, upload_id: UUID) -> workbench.Workbench:
    """Check again as the worker would; returns what the page then shows."""
    with desk.database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, email)
        work.check(viewer, {"upload_id": str(upload_id)}, lambda words: None)
    return bench(desk, email, upload_id)


def bench(desk: Desk, email: str, upload_id: UUID) -> workbench.Workbench:
    with desk.reading(email) as viewer:
        return workbench.workbench(viewer, upload_id)


def commit(desk: Desk, email: str, upload_id: UUID) -> None:
    with desk.writing(email) as viewer:
        service.commit(viewer, upload_id)


# --- Cells -----------------------------------------------------------------------------------------------------------


def test_a_cell_put_right_on_screen_goes_live_and_the_file_stays_as_it_was(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, FAULTY)
    shown = bench(desk, officer, upload_id)
    assert shown.standing.sentence == "3 rows: 2 ready, 1 you must fix."
    ((row,), cells) = (shown.rows, {cell.heading: cell for cell in shown.rows[0].cells})
    assert (row.row, cells["Count"].value, cells["Count"].severity, cells["Month"].messages) == (
        *(3, "four", "must_fix"),
        (),
    )
    with desk.writing(officer) as viewer:
        assert corrections.edit(viewer, upload_id, [Cell(3, "Count", " 4 "), Cell(3, "Month", "2024-01")]) == 1
    assert bench(desk, officer, upload_id).is_stale
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="changed since it was checked"):
        service.commit(viewer, upload_id)
    after = recheck(desk, officer, upload_id)
    assert (after.standing.sentence, after.may_commit, after.changes_total) == ("3 rows: 3 ready.", True, 1)
    commit(desk, officer, upload_id)
    assert live(desk, officer) == {(WEST, "2024-01"): 3, (EAST, "2024-01"): 4, (EAST, "2024-02"): 5}


def test_a_cell_given_its_own_value_back_is_edited_no_more(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, FAULTY)
    with desk.writing(officer) as viewer:
        corrections.edit(viewer, upload_id, [Cell(3, "Count", "4")])
        assert corrections.edit(viewer, upload_id, [Cell(3, "Count", "four")]) == 1
        assert not bench_of(viewer, upload_id).changes_total


def bench_of(viewer: object, upload_id: UUID) -> workbench.Workbench:
    return workbench.workbench(viewer, upload_id)  # type: ignore[arg-type]  # a viewer, as the desk gives it


def test_a_row_left_out_is_counted_and_can_be_put_back(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, FAULTY)
    with desk.writing(officer) as viewer:
        assert corrections.leave_out_all(viewer, upload_id, "not_a_count") == 1
        assert corrections.leave_out(viewer, upload_id, [3]) == 0
    after = recheck(desk, officer, upload_id)
    assert after.standing.sentence == "3 rows: 2 ready, 1 left out by you."
    with desk.writing(officer) as viewer:
        assert corrections.put_back(viewer, upload_id, 3) == 1
    assert recheck(desk, officer, upload_id).standing.sentence == "3 rows: 2 ready, 1 you must fix."


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell(2, "Count", "9"), "Row 2 is not among those with a problem"),
        (Cell(3, "Nowhere", "9"), "no column 'Nowhere'"),
        (Cell(3, "Count", "9" * 1_001), "longer than 1,000 characters"),
    ],
)
def test_an_edit_that_cannot_be_keeps_nothing(desk: Desk, officer: str, cell: Cell, words: str) -> None:
    upload_id = desk.check(officer, FAULTY)
    with pytest.raises(BadRequest, match=words), desk.writing(officer) as viewer:
        corrections.edit(viewer, upload_id, [Cell(3, "Count", "4"), cell])
    assert bench(desk, officer, upload_id).changes_total == 0


# --- Fixes, reasons and answers --------------------------------------------------------------------------------------


def test_what_the_hub_can_fix_is_applied_on_one_click_and_taken_back(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, HEADINGS + f'{WEST},2024-01,Burglary,"1,234"\n{EAST},2024-01,Burglary,5\n')
    (group,) = bench(desk, officer, upload_id).of("we_can_fix")
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="must be fixed"):
        service.commit(viewer, upload_id)
    with desk.writing(officer) as viewer:
        corrections.fix(viewer, upload_id, [group.code])
        with pytest.raises(Conflict, match="nothing to fix"):
            corrections.fix(viewer, upload_id, ["not_a_count"])
    after = recheck(desk, officer, upload_id)
    assert (after.standing.sentence, [code for code, _ in after.fixes]) == ("2 rows: 2 ready.", [group.code])
    assert any(one.code == group.code for one in after.of("note")), "what was changed is still listed"
    with desk.writing(officer) as viewer:
        corrections.withdraw(viewer, upload_id, group.code)
    assert recheck(desk, officer, upload_id).of("we_can_fix")


def test_what_is_to_be_confirmed_needs_a_reason_that_is_kept(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, HEADINGS + f"{WEST},2024-01,Burglary,3\n{WEST},2024-01,Burglary,4\n")
    assert [one.code for one in bench(desk, officer, upload_id).to_confirm] == ["repeated_row"]
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="1 thing to confirm: repeated row"):
        service.commit(viewer, upload_id)
    for reason in ("", "yes", "x" * 501):
        with desk.writing(officer) as viewer, pytest.raises(BadRequest, match="reason is"):
            corrections.confirm(viewer, upload_id, {"repeated_row": reason})
    with desk.writing(officer) as viewer:
        corrections.confirm(viewer, upload_id, {"repeated_row": "Two teams' returns, added."})
    shown = bench(desk, officer, upload_id)
    assert (shown.may_commit, [one.reason for one in shown.of("please_confirm")]) == (
        *(True,),
        ["Two teams' returns, added."],
    )
    commit(desk, officer, upload_id)
    assert live(desk, officer) == {(WEST, "2024-01"): 7}


def test_an_ambiguous_column_asks_once_and_is_remembered(desk: Desk, officer: str) -> None:
    content = HEADINGS + f"{WEST},03/04/2024,Burglary,3\n{EAST},03/04/2024,Burglary,4\n"
    upload_id = desk.check(officer, content)
    (question,) = bench(desk, officer, upload_id).questions
    assert question.is_open
    with desk.writing(officer) as viewer, pytest.raises(BadRequest, match="not among those offered"):
        corrections.answer(viewer, upload_id, {question.key: "sideways"})
    with desk.writing(officer) as viewer:
        corrections.answer(viewer, upload_id, {question.key: "month_first"})
    after = recheck(desk, officer, upload_id)
    assert (after.is_asking, after.may_commit) == (False, True)
    commit(desk, officer, upload_id)
    assert live(desk, officer) == {(WEST, "2024-03"): 3, (EAST, "2024-03"): 4}
    again = desk.check(officer, content.replace(",4\n", ",6\n"))
    assert not bench(desk, officer, again).is_asking


# --- Held rows -------------------------------------------------------------------------------------------------------


def test_good_rows_go_ahead_and_the_held_ones_follow_without_doubling(desk: Desk, officer: str) -> None:
    first = desk.check(officer, FAULTY)
    with desk.writing(officer) as viewer:
        corrections.hold(viewer, first, is_holding=True)
    commit(desk, officer, first)
    assert live(desk, officer) == {(WEST, "2024-01"): 3, (EAST, "2024-02"): 5}
    with desk.reading(officer) as viewer:
        assert views.upload(viewer, first).held_rows == 1
    with desk.writing(officer) as viewer:
        second = service.fix_held(viewer, first).id
        assert service.fix_held(viewer, first).id == second, "asked twice, the one begun stands"
    recheck(desk, officer, second)
    with desk.writing(officer) as viewer:
        corrections.edit(viewer, second, [Cell(3, "Count", "4"), Cell(3, "Month", "2024-03")])
    recheck(desk, officer, second)
    commit(desk, officer, second)
    mended = {(WEST, "2024-01"): 3, (EAST, "2024-02"): 5, (EAST, "2024-03"): 4}
    assert live(desk, officer) == mended
    with desk.reading(officer) as viewer:
        earlier = views.upload(viewer, first)
        assert (earlier.held_rows, earlier.corrected_by, earlier.is_live) == (0, second, False)
    desk.undo(officer, second)
    assert live(desk, officer) == {(WEST, "2024-01"): 3, (EAST, "2024-02"): 5}, "what it replaced is back"


def test_a_month_that_only_a_wrong_row_had_is_not_left_behind(desk: Desk, officer: str) -> None:
    desk.commit(officer, table(F05000000_2024_05=9))
    first = desk.check(officer, HEADINGS + f"{WEST},2024-05,Burglary,3\n{EAST},2024-01,Burglary,x\n")
    with desk.writing(officer) as viewer:
        corrections.hold(viewer, first, is_holding=True)
    commit(desk, officer, first)
    with desk.writing(officer) as viewer:
        second = service.fix_held(viewer, first).id
    recheck(desk, officer, second)
    with desk.writing(officer) as viewer:
        corrections.edit(viewer, second, [Cell(3, "Count", "4")])
        corrections.leave_out(viewer, second, [])
    recheck(desk, officer, second)
    commit(desk, officer, second)
    assert live(desk, officer) == {(WEST, "2024-05"): 3, (EAST, "2024-01"): 4}
    desk.undo(officer, second)
    desk.undo(officer, first)
    assert live(desk, officer) == {(WEST, "2024-05"): 9}


def test_held_rows_are_discarded_without_touching_what_is_live(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, FAULTY)
    with desk.writing(officer) as viewer:
        corrections.hold(viewer, upload_id, is_holding=True)
    commit(desk, officer, upload_id)
    before = live(desk, officer)
    with desk.writing(officer) as viewer:
        service.discard_held(viewer, upload_id)
        with pytest.raises(Conflict, match="No rows of this upload are held"):
            service.discard_held(viewer, upload_id)
    with desk.reading(officer) as viewer:
        assert views.upload(viewer, upload_id).held_rows == 0
        assert figures.coverage(viewer, viewer.boroughs())["placed"].sum() == sum(before.values())


def test_a_fault_of_the_whole_file_holds_everything(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, HEADINGS + f"{WEST},03/04/2024,Burglary,3\n{EAST},03/04/2024,Burglary,x\n")
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="the file as a whole"):
        corrections.hold(viewer, upload_id, is_holding=True)
    with desk.reading(officer) as viewer:
        assert views.upload(viewer, upload_id).state is State.CHECKED
