"""An upload goes live whole or not at all, for its own boroughs only, once, and comes back by undo."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from hub import audit
from hub.access import Permission, Role
from hub.accounts import service as accounts
from hub.audit import AuditEntry
from hub.db import EVERYWHERE as EVERY_ROW
from hub.errors import BadFile, BadRequest, Conflict, NotAllowed, NotFound, OutsideScope, TooMany
from hub.jobs import Job, JobState, Worker
from hub.uploads import corrections, figures, files, marks, previews, service, versions, views, work, workbench
from hub.uploads.models import Incident, State, Upload, Version, VersionMonth, WardCount
from tests.conftest import ELSEWHERE, HOME, PASSWORD, SIBLING
from tests.uploads.desk import Desk

pytestmark = pytest.mark.usefixtures("in_this_process")

WEST, EAST, SIBLING_WEST, ELSEWHERE_WEST = "F05000000", "F05000001", "F05000002", "F05000004"
HEADINGS = "Ward code,Month,Category,Count\n"
Rows = dict[tuple[str, str], int]


def table(**counts: int) -> str:
    """A long table of burglaries: `F05000000_2024_01=3` is a ward and a month."""
    lines = []
    for key, count in counts.items():
        ward, year, month = key.split("_")
        lines.append(f"{ward},{year}-{month},Burglary,{count}\n")
    return HEADINGS + "".join(lines)


def live(desk: Desk, email: str) -> Rows:
    """What a person's borough has live, by ward and month."""
    with desk.reading(email) as viewer:
        found = figures.ward_counts(
            viewer,
            viewer.boroughs(),
            "ward_counts",
            first_month=dt.date(2000, 1, 1),
            last_month=dt.date(2030, 1, 1),
            by=("ward_code", "month"),
        )
    return {(ward, f"{month:%Y-%m}"): count for ward, month, count in found.itertuples(index=False)}


@pytest.fixture
def officer(people: dict[Role, str]) -> str:
    return people[Role.CSP_OFFICER]


@pytest.fixture
def administrator(people: dict[Role, str]) -> str:
    return people[Role.ADMINISTRATOR]


@pytest.fixture
def hire(desk: Desk) -> Callable[..., str]:
    """Make another person."""

    def make(role: Role = Role.CSP_OFFICER, **held: object) -> str:
        email = f"{uuid4().hex[:8]}@test.example"
        with desk.database.writing() as session:
            accounts.create_person(session, email, "Somebody", PASSWORD, role, actor=audit.MACHINE, **held)
        return email

    return make


def actions(desk: Desk) -> list[str]:
    with desk.database.reading() as session:
        return [
            entry.action
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.number))
            if entry.action.startswith("upload.")
        ]


def count_rows(desk: Desk, model: type) -> int:
    with desk.database.reading() as session, session.scoped(EVERY_ROW):
        return session.scalar(select(func.count()).select_from(model))


def folders(desk: Desk) -> list[Path]:
    with desk.database.reading() as session:
        return sorted(Path(session.info["files"]).iterdir())


# --- From file to live data ------------------------------------------------------------------------------------------


def test_a_file_becomes_live_data_and_says_so(desk: Desk, officer: str) -> None:
    outcome = desk.commit(officer, table(F05000000_2024_01=3, F05000001_2024_02=4))
    assert outcome["state"] == "committed"
    assert outcome["version"] == outcome["id"]
    assert (outcome["dataset"], outcome["boundary_set"]) == ("ward_counts", "2022")
    assert (outcome["rows"], outcome["placed"], outcome["unplaced"], outcome["refused"], outcome["total"]) == (
        *(2, 7, 0, 0),
        7,
    )
    assert (outcome["boroughs"], outcome["months"]) == ([HOME], ["2024-01", "2024-02"])
    assert (outcome["problems"], outcome["problems_total"]) == ([], 0)
    assert live(desk, officer) == {(WEST, "2024-01"): 3, (EAST, "2024-02"): 4}
    assert actions(desk) == [
        *("upload.received", "upload.columns_set", "upload.checked", "upload.committed"),
    ]
    assert views.outcome_lines(outcome)[0] == "file.csv: committed"


def test_an_unfinished_outcome_has_every_key(desk: Desk, officer: str) -> None:
    received = desk.outcome(officer, desk.receive(officer, table(F05000000_2024_01=3)))
    checked = desk.outcome(officer, desk.check(officer, table(F05000000_2024_01=3)))
    assert received.keys() == checked.keys()
    assert (received["state"], received["version"], received["total"]) == ("received", None, 0)
    assert (checked["state"], checked["version"], checked["total"]) == ("checked", None, 3)


def test_only_the_rows_own_boroughs_change(desk: Desk, officer: str, administrator: str) -> None:
    everywhere = table(F05000000_2024_01=1, F05000002_2024_01=2, F05000004_2024_01=4)
    desk.commit(administrator, everywhere)
    own = desk.commit(officer, table(F05000000_2024_01=8, F05000002_2024_01=16, F05000004_2024_01=32))
    assert (own["placed"], own["refused"], own["boroughs"]) == (8, 48, [HOME])
    assert live(desk, administrator) == {
        (WEST, "2024-01"): 8,
        (SIBLING_WEST, "2024-01"): 2,
        (ELSEWHERE_WEST, "2024-01"): 4,
    }
    assert live(desk, officer) == {(WEST, "2024-01"): 8}


def test_nothing_of_a_refused_row_is_kept(desk: Desk, officer: str) -> None:
    secret = f"{ELSEWHERE_WEST},2024-01,Secret thing,notacount\n{ELSEWHERE_WEST},nevermonth,Secret thing,7\n"
    upload_id = desk.check(officer, table(F05000000_2024_01=1) + secret)
    outcome = desk.outcome(officer, upload_id)
    assert [problem["code"] for problem in outcome["problems"]] == ["outside_your_boroughs"]
    kept = b"".join(path.read_bytes() for path in folders(desk)[0].glob("*/*"))
    for word in (b"Secret", b"notacount", b"nevermonth", ELSEWHERE_WEST.encode()):
        assert word not in kept
    with desk.reading(officer) as viewer:
        assert "Secret" not in str(viewer.session.get(Upload, upload_id).report)


def test_points_go_live(desk: Desk, officer: str) -> None:
    content = "Month,Longitude,Latitude,Crime type\n2024-01,-7.55,49.77,Burglary\n2024-01,,,Drugs\n"
    outcome = desk.commit(officer, content)
    assert (outcome["dataset"], outcome["total"]) == ("street_points", 2)
    assert count_rows(desk, Incident) == outcome["placed"] + outcome["unplaced"]


def test_a_file_with_problems_that_must_be_fixed_does_not_go_live(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=1) + f"{WEST},2024-02,Burglary,many\n")
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="1 problem of this upload must be fixed"):
        service.commit(viewer, upload_id)
    outcome = desk.outcome(officer, upload_id)
    assert (outcome["state"], outcome["version"]) == ("checked", None)
    assert outcome["problems"] == [
        {
            "row": 3,
            "column": "Count",
            "code": "not_a_count",
            "severity": "must_fix",
            "message": "'many' is no count. Give a whole number in digits, such as 12 or 0.",
            "suggestion": None,
        }
    ]
    assert live(desk, officer) == {}


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"PK\x03\x04", "book.csv"), (b"a,b\n1,2\n", "book.xlsx"), (b"", "empty.csv"), (b"a\n1\n", "x" * 300 + ".csv")],
)
def test_what_is_no_csv_is_refused_on_arrival_and_leaves_nothing(
    desk: Desk, officer: str, content: bytes, name: str
) -> None:
    with pytest.raises(BadFile):
        desk.receive(officer, content, name)
    assert folders(desk) == []
    assert count_rows(desk, Upload) == 0


def test_a_file_over_the_limit_is_refused_on_arrival(desk: Desk, officer: str) -> None:
    desk.database._info["max_upload_bytes"] = len(table(F05000000_2024_01=3))
    desk.receive(officer, table(F05000000_2024_01=3))
    with pytest.raises(BadFile, match="larger"):
        desk.receive(officer, table(F05000000_2024_01=33))
    assert len(folders(desk)) == 1


def test_the_senders_name_is_never_a_path(desk: Desk, officer: str) -> None:
    upload_id = desk.receive(officer, table(F05000000_2024_01=3), "..\\..\\/etc/pass\nwd.csv")
    assert desk.outcome(officer, upload_id)["file"] == "passwd.csv"
    assert [folder.name for folder in folders(desk)] == [str(upload_id)]


# --- Columns ---------------------------------------------------------------------------------------------------------


def test_columns_can_be_matched_by_hand(desk: Desk, officer: str) -> None:
    content = f"Place,When,What,How many\n{WEST},2024-01,Burglary,3\n"
    fields = {"Place": "ward_code", "When": "month", "What": "offence_group", "How many": "count"}
    upload_id = desk.check(officer, content, dataset="ward_counts", **fields)
    assert desk.outcome(officer, upload_id)["placed"] == 3
    with desk.reading(officer) as viewer:
        assert service.propose(viewer, upload_id).column_fields == fields
        assert service.propose(viewer, upload_id).columns[0].samples == (WEST,)


@pytest.mark.parametrize(
    ("dataset", "fields", "words"),
    [
        ("nonsense", {}, "no dataset kind"),
        ("ward_counts", {"Nowhere": "month"}, "no column 'Nowhere'"),
        ("ward_counts", {"Month": "moon"}, "'moon' is no field"),
        ("ward_counts", {"Month": "month", "Count": "month"}, "More than one column is given for: Month"),
        ("ward_counts", {"Month": "month"}, "No column is given for: Category, Count, Ward code or Ward name"),
    ],
)
def test_columns_that_cannot_be_are_refused(
    desk: Desk, officer: str, dataset: str, fields: dict[str, str], words: str
) -> None:
    upload_id = desk.receive(officer, table(F05000000_2024_01=3))
    with desk.writing(officer) as viewer, pytest.raises(BadRequest, match=words):
        service.set_columns(viewer, upload_id, dataset, fields)


def test_an_unknown_file_asks_what_it_is(desk: Desk, officer: str) -> None:
    with pytest.raises(BadRequest, match="no dataset the hub knows: a, b"):
        desk.check(officer, "a,b\n1,2\n")


def test_other_columns_need_another_check(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=3))
    with desk.writing(officer) as viewer:
        task = service.plan_check(viewer, upload_id)
        service.set_columns(viewer, upload_id, "ward_counts", viewer.session.get(Upload, upload_id).column_fields)
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="not checked"):
        service.commit(viewer, upload_id)
    result = task.run(lambda seconds: None)
    with desk.writing(officer) as viewer:
        fewer = {"Ward code": "ward_code", "Month": "month", "Category": "count", "Count": "offence_group"}
        service.set_columns(viewer, upload_id, "ward_counts", fewer)
    with desk.writing(officer) as viewer:
        assert not service.keep_check(viewer, result), "it was changed while it was being checked"
    assert not (result.task.folder / result.check_id).exists()


def test_a_later_check_leaves_only_its_own_findings(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=3))
    with desk.database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, officer)
        work.check(viewer, {"upload_id": str(upload_id)}, lambda words: None)
    assert len(list(folders(desk)[0].iterdir())) == 2


# --- Who may ---------------------------------------------------------------------------------------------------------

ACTS: dict[str, tuple[Permission, Callable[..., object]]] = {
    "propose": (Permission.UPLOAD_WRITE, service.propose),
    "set_columns": (
        Permission.UPLOAD_WRITE,
        lambda viewer, upload_id: service.set_columns(viewer, upload_id, "ward_counts", {}),
    ),
    "plan_check": (Permission.UPLOAD_WRITE, service.plan_check),
    "ask_for_check": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: service.ask_for(viewer, upload_id, "check")),
    "ask_for_commit": (
        Permission.UPLOAD_COMMIT,
        lambda viewer, upload_id: service.ask_for(viewer, upload_id, "commit"),
    ),
    "commit": (Permission.UPLOAD_COMMIT, service.commit),
    "undo": (Permission.UPLOAD_COMMIT, service.undo),
    "discard": (Permission.UPLOAD_WRITE, service.discard),
    "upload": (Permission.UPLOAD_READ, views.upload),
    "workbench": (Permission.UPLOAD_READ, workbench.workbench),
    "points": (Permission.UPLOAD_READ, previews.points),
    "read_otherwise": (
        Permission.UPLOAD_WRITE,
        lambda viewer, upload_id: service.read_otherwise(viewer, upload_id, sheet="", heading_row=""),
    ),
    "cancel": (Permission.UPLOAD_WRITE, service.cancel),
    "edit": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: corrections.edit(viewer, upload_id, [])),
    "leave_out": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: corrections.leave_out(viewer, upload_id, [])),
    "put_back": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: corrections.put_back(viewer, upload_id, 0)),
    "fix": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: corrections.fix(viewer, upload_id, [])),
    "confirm": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: corrections.confirm(viewer, upload_id, {})),
    "withdraw": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: corrections.withdraw(viewer, upload_id, "x")),
    "answer": (Permission.UPLOAD_WRITE, lambda viewer, upload_id: corrections.answer(viewer, upload_id, {})),
    "hold": (
        Permission.UPLOAD_WRITE,
        lambda viewer, upload_id: corrections.hold(viewer, upload_id, is_holding=True),
    ),
    "marked_copy": (Permission.UPLOAD_WRITE, marks.marked_copy),
    "all_problems": (Permission.UPLOAD_READ, views.all_problems),
    "preview": (Permission.UPLOAD_READ, previews.preview),
    "outcome": (Permission.UPLOAD_READ, views.outcome),
}


@pytest.mark.parametrize("act", ACTS)
def test_every_act_asks_for_its_right_in_every_borough(
    desk: Desk, officer: str, people: dict[Role, str], hire: Callable[..., str], act: str
) -> None:
    permission, do = ACTS[act]
    upload_id = desk.check(officer, table(F05000000_2024_01=3))
    for email in (people[Role.CSP_ANALYST], people[Role.COUNCIL_LEADER]):
        with desk.writing(email) as viewer:
            if viewer.may(permission, [HOME]):
                do(viewer, upload_id)
                continue
            with pytest.raises(NotAllowed):
                do(viewer, upload_id)
    for email in (hire(boroughs=[SIBLING]), hire(boroughs=[SIBLING, ELSEWHERE])):
        with desk.writing(email) as viewer:
            with pytest.raises(NotFound):
                do(viewer, upload_id)
            with pytest.raises(NotFound):
                do(viewer, uuid4())


def test_an_officer_does_not_see_what_was_sent_for_more_boroughs(
    desk: Desk, officer: str, administrator: str, hire: Callable[..., str]
) -> None:
    both = hire(boroughs=[HOME, SIBLING])
    for sender in (administrator, both):
        upload_id = desk.check(sender, table(F05000000_2024_01=3, F05000002_2024_01=1))
        with desk.reading(officer) as viewer, pytest.raises(NotFound):
            views.upload(viewer, upload_id)
        with desk.writing(administrator) as viewer:
            assert service.commit(viewer, upload_id).state is State.COMMITTED
    with desk.reading(officer) as viewer:
        assert views.uploads(viewer) == []
    with desk.reading(administrator) as viewer:
        assert len(views.uploads(viewer)) == 2
    assert live(desk, officer) == {(WEST, "2024-01"): 3}


@pytest.mark.parametrize("role", [Role.CSP_ANALYST, Role.BCU_COMMANDER, Role.COUNCIL_LEADER, Role.BOROUGH_POLICE_LEAD])
def test_only_officers_send_files(desk: Desk, people: dict[Role, str], role: Role) -> None:
    with pytest.raises(NotAllowed):
        desk.receive(people[role], table(F05000000_2024_01=3))
    assert folders(desk) == []


def test_an_officer_of_some_boroughs_who_reads_in_more_uploads_for_the_first(
    desk: Desk, hire: Callable[..., str]
) -> None:
    email = hire(boroughs=[HOME, ELSEWHERE])
    with desk.database.writing() as session:
        person = session.scalar(select(accounts.Person).where(accounts.Person.email == email))
        person.memberships.append(
            accounts.Membership(role=Role.CSP_ANALYST, borough_code=SIBLING, starts_on=dt.date(2020, 1, 1))
        )
    outcome = desk.commit(email, table(F05000000_2024_01=3, F05000002_2024_01=5))
    assert (outcome["placed"], outcome["refused"]) == (3, 5)


# --- Once only -------------------------------------------------------------------------------------------------------


def test_to_commit_twice_is_to_commit_once(desk: Desk, officer: str) -> None:
    first = desk.commit(officer, table(F05000000_2024_01=3))
    with desk.writing(officer) as viewer:
        assert str(service.commit(viewer, UUID(first["id"])).id) == first["id"]
    assert count_rows(desk, Version) == 1
    assert count_rows(desk, WardCount) == 1


def test_the_same_file_again_is_told_and_not_loaded(desk: Desk, officer: str) -> None:
    first = desk.commit(officer, table(F05000000_2024_01=3))
    again = desk.check(officer, table(F05000000_2024_01=3))
    assert desk.outcome(officer, again)["problems"][0]["code"] == "already_loaded"
    with desk.writing(officer) as viewer:
        assert views.upload(viewer, again).same_as == UUID(first["id"])
        assert str(service.commit(viewer, again).id) == first["id"]
    with desk.writing(officer) as viewer:
        assert str(service.commit(viewer, again).id) == first["id"]
    outcome = desk.outcome(officer, again)
    assert (outcome["state"], outcome["version"], outcome["total"]) == ("committed", first["id"], 3)
    assert outcome["problems_total"] == 1
    assert count_rows(desk, Version) == 1
    assert [folder.name for folder in folders(desk)] == [first["id"]]


def test_the_same_file_may_come_again_once_it_was_undone(desk: Desk, officer: str) -> None:
    first = desk.commit(officer, table(F05000000_2024_01=3))
    desk.undo(officer, first["version"])
    again = desk.commit(officer, table(F05000000_2024_01=3))
    assert again["version"] == again["id"]
    assert live(desk, officer) == {(WEST, "2024-01"): 3}


def test_the_same_file_for_other_boroughs_is_another(desk: Desk, officer: str, administrator: str) -> None:
    desk.commit(administrator, table(F05000000_2024_01=3, F05000002_2024_01=4))
    own = desk.commit(officer, table(F05000000_2024_01=3, F05000002_2024_01=4))
    assert own["version"] == own["id"]


def test_two_at_once_commit_once(desk: Desk, officer: str) -> None:
    content = table(F05000000_2024_01=3)
    uploads = [desk.check(officer, content), desk.check(officer, content)]
    holders, errors = [], []
    start = threading.Barrier(6)

    def commit(upload_id: UUID) -> None:
        start.wait()
        try:
            with desk.writing(officer) as viewer:
                holders.append(service.commit(viewer, upload_id).id)
        except Exception as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=commit, args=(upload_id,)) for upload_id in uploads * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(holders)) == 1
    assert count_rows(desk, Version) == 1
    assert live(desk, officer) == {(WEST, "2024-01"): 3}


def test_of_two_different_files_at_once_one_wins_and_the_other_is_told(
    desk: Desk, officer: str, administrator: str
) -> None:
    uploads = [
        (officer, desk.check(officer, table(F05000000_2024_01=3))),
        (administrator, desk.check(administrator, table(F05000000_2024_01=5, F05000002_2024_01=7))),
    ]
    told: list[Conflict] = []

    def commit(email: str, upload_id: UUID) -> None:
        try:
            with desk.writing(email) as viewer:
                service.commit(viewer, upload_id)
        except Conflict as refusal:
            told.append(refusal)

    threads = [threading.Thread(target=commit, args=upload) for upload in uploads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ["since you looked" in refusal.sentence for refusal in told] == [True]
    with desk.reading(administrator) as viewer:
        numbers = viewer.session.scalars(select(Version.number).where(Version.borough_code == HOME)).all()
        current = viewer.session.scalars(
            select(Version.number)
            .join(VersionMonth, VersionMonth.version_id == Version.id)
            .where(VersionMonth.is_current, VersionMonth.borough_code == HOME)
        ).all()
    assert numbers == current == [1]


def test_a_commit_that_fails_halfway_leaves_nothing(
    desk: Desk, administrator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.commit(administrator, table(F05000000_2024_01=1, F05000002_2024_01=2))
    before = live(desk, administrator)
    upload_id = desk.check(administrator, table(F05000000_2024_01=8, F05000002_2024_01=16))
    calls = []
    insert = versions.db.insert_rows

    def fail_at_the_second(*args: object) -> int:
        calls.append(args)
        if len(calls) == 2:
            raise RuntimeError("power cut")
        return insert(*args)

    monkeypatch.setattr(versions.db, "insert_rows", fail_at_the_second)
    with pytest.raises(RuntimeError), desk.writing(administrator) as viewer:
        service.commit(viewer, upload_id)
    assert live(desk, administrator) == before
    assert count_rows(desk, Version) == 2
    assert count_rows(desk, WardCount) == 2
    assert actions(desk).count("upload.committed") == 1
    with desk.writing(administrator) as viewer:
        service.commit(viewer, upload_id)
    assert live(desk, administrator) == {(WEST, "2024-01"): 8, (SIBLING_WEST, "2024-01"): 16}


def test_a_commit_cannot_carry_rows_of_a_borough_outside(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=3))
    with desk.reading(officer) as viewer:
        found = files.folder_of(viewer.session, upload_id) / viewer.session.get(Upload, upload_id).report["check_id"]
    for name in ("rows", "months"):
        frame = files.pl.read_parquet(found / f"{name}.parquet")
        frame.with_columns(files.pl.lit(ELSEWHERE).alias("borough_code")).write_parquet(found / f"{name}.parquet")
    with pytest.raises(OutsideScope), desk.writing(officer) as viewer:
        service.commit(viewer, upload_id)
    assert count_rows(desk, WardCount) == 0


# --- Undo, discard ---------------------------------------------------------------------------------------------------


def test_undo_brings_back_what_was_there_before_month_by_month(desk: Desk, officer: str) -> None:
    first = desk.commit(officer, table(F05000000_2024_01=1, F05000000_2024_02=2))
    second = desk.commit(officer, table(F05000000_2024_02=20, F05000000_2024_03=30))
    third = desk.commit(officer, table(F05000001_2024_02=200))
    assert live(desk, officer) == {(WEST, "2024-01"): 1, (EAST, "2024-02"): 200, (WEST, "2024-03"): 30}
    desk.undo(officer, third["version"])
    assert live(desk, officer) == {(WEST, "2024-01"): 1, (WEST, "2024-02"): 20, (WEST, "2024-03"): 30}
    desk.undo(officer, third["version"])
    desk.undo(officer, first["version"])
    assert live(desk, officer) == {(WEST, "2024-02"): 20, (WEST, "2024-03"): 30}
    desk.undo(officer, second["version"])
    assert live(desk, officer) == {}
    with desk.reading(officer) as viewer:
        assert figures.coverage(viewer, [HOME]).empty
    outcome = desk.outcome(officer, UUID(second["id"]))
    assert (outcome["state"], outcome["version"]) == ("undone", None)
    assert actions(desk).count("upload.undone") == 3


def test_undo_of_what_was_replaced_changes_nothing_live(desk: Desk, officer: str) -> None:
    first = desk.commit(officer, table(F05000000_2024_01=1))
    second = desk.commit(officer, table(F05000000_2024_01=2))
    desk.undo(officer, first["version"])
    assert live(desk, officer) == {(WEST, "2024-01"): 2}
    desk.undo(officer, second["version"])
    assert live(desk, officer) == {}


def test_undo_changes_no_other_borough(desk: Desk, officer: str, administrator: str) -> None:
    everywhere = desk.commit(administrator, table(F05000000_2024_01=1, F05000002_2024_01=2))
    own = desk.commit(officer, table(F05000000_2024_01=8))
    desk.undo(administrator, everywhere["version"])
    assert live(desk, administrator) == {(WEST, "2024-01"): 8}
    desk.undo(officer, own["version"])
    assert live(desk, administrator) == {}


def test_a_month_without_rows_is_live_as_zero(desk: Desk, officer: str, administrator: str) -> None:
    desk.commit(officer, table(F05000000_2024_01=1, F05000000_2024_02=2))
    desk.commit(administrator, table(F05000000_2024_01=5, F05000002_2024_02=7))
    assert live(desk, officer) == {(WEST, "2024-01"): 5}
    with desk.reading(officer) as viewer:
        covered = figures.coverage(viewer, [HOME])
    assert covered["placed"].tolist() == [5, 0]


def test_what_is_not_committed_cannot_be_undone(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=1))
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="not committed"):
        service.undo(viewer, upload_id)


def test_a_discarded_upload_loses_its_file_and_goes_no_further(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=1))
    for _ in range(2):
        with desk.writing(officer) as viewer:
            assert service.discard(viewer, upload_id).state is State.DISCARDED
    assert folders(desk) == []
    with desk.writing(officer) as viewer:
        for act in (service.propose, service.plan_check, service.commit, service.undo):
            with pytest.raises(Conflict):
                act(viewer, upload_id)


def test_a_discard_that_is_rolled_back_keeps_the_file(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=1))
    with suppress(RuntimeError), desk.writing(officer) as viewer:
        service.discard(viewer, upload_id)
        raise RuntimeError
    assert len(folders(desk)) == 1
    with desk.writing(officer) as viewer:
        service.commit(viewer, upload_id)


def test_a_committed_upload_is_undone_and_not_discarded(desk: Desk, officer: str) -> None:
    outcome = desk.commit(officer, table(F05000000_2024_01=1))
    with desk.writing(officer) as viewer, pytest.raises(Conflict, match="Undo it instead"):
        service.discard(viewer, UUID(outcome["id"]))


# --- See -------------------------------------------------------------------------------------------------------------


def test_the_preview_compares_with_what_is_live(desk: Desk, officer: str, administrator: str) -> None:
    desk.commit(administrator, table(F05000000_2024_01=10, F05000002_2024_01=2))
    upload_id = desk.check(officer, table(F05000000_2024_01=15, F05000000_2024_02=3))
    with desk.reading(officer) as viewer:
        preview = previews.preview(viewer, upload_id)
    assert [(change.label, change.live, change.new) for change in preview.months] == [
        ("January 2024", 10, 15),
        ("February 2024", None, 3),
    ]
    assert [change.percent for change in preview.months] == [50.0, None]
    assert [(change.label, change.live, change.new) for change in preview.boroughs] == [("Alder", 10, 18)]
    assert preview.months_replaced == 1


def test_rows_with_problems_come_in_pages(desk: Desk, officer: str) -> None:
    bad = "".join(f"{WEST},2024-01,Burglary,x{row}\n" for row in range(45))
    upload_id = desk.check(officer, HEADINGS + bad)
    with desk.reading(officer) as viewer:
        pages = [workbench.workbench(viewer, upload_id, page=page) for page in (1, 2, 3)]
        assert [len(page.rows) for page in pages] == [20, 20, 5]
        assert (pages[0].pages, pages[0].rows_with_problems) == (3, 45)
        for page in (0, 4):
            with pytest.raises(NotFound):
                workbench.workbench(viewer, upload_id, page=page)


def test_an_outcome_lists_a_thousand_problems_at_most(desk: Desk, officer: str) -> None:
    bad = "".join(f"{WEST},2024-01,Burglary,x{row}\n" for row in range(1_200))
    outcome = desk.outcome(officer, desk.check(officer, HEADINGS + bad))
    assert (len(outcome["problems"]), outcome["problems_total"]) == (1_000, 1_201)
    assert views.outcome_lines(outcome)[-1] == "  and 201 more problems"


def test_the_list_says_what_whose_and_how_far(desk: Desk, officer: str) -> None:
    desk.commit(officer, table(F05000000_2024_01=1))
    desk.receive(officer, table(F05000000_2024_01=2), "next.csv")
    with desk.reading(officer) as viewer:
        newest, first = views.uploads(viewer)
    assert (newest.file_name, newest.state, newest.kind, newest.is_checked) == (
        "next.csv",
        State.MAPPED,
        first.kind,
        False,
    )
    assert (first.state, first.owner, first.is_own) == (State.COMMITTED, "CSP officer", True)
    assert (first.boroughs, first.months, first.boundary_set) == (("Alder",), (dt.date(2024, 1, 1),), "2022")


# --- Jobs ------------------------------------------------------------------------------------------------------------


def run_jobs(desk: Desk) -> None:
    worker = Worker(desk.database, work.HANDLERS, accounts.viewer_of)
    while worker.run_one():
        pass


def test_a_worker_checks_and_commits(desk: Desk, officer: str) -> None:
    upload_id = desk.receive(officer, table(F05000000_2024_01=3))
    with desk.writing(officer) as viewer:
        proposal = service.propose(viewer, upload_id)
        service.set_columns(viewer, upload_id, proposal.kind.key, proposal.column_fields)
        first = service.ask_for(viewer, upload_id, "check").job_id
        assert service.ask_for(viewer, upload_id, "check").job_id == first
        assert views.upload(viewer, upload_id).is_at_work
    run_jobs(desk)
    with desk.writing(officer) as viewer:
        assert views.upload(viewer, upload_id).state is State.CHECKED
        service.ask_for(viewer, upload_id, "commit")
    run_jobs(desk)
    with desk.reading(officer) as viewer:
        seen = views.upload(viewer, upload_id)
        assert (seen.state, seen.is_at_work, seen.failure) == (State.COMMITTED, False, "")
    assert live(desk, officer) == {(WEST, "2024-01"): 3}


def test_a_failed_job_says_why_on_the_upload(desk: Desk, officer: str) -> None:
    upload_id = desk.check(officer, table(F05000000_2024_01=1) + f"{WEST},2024-02,Burglary,many\n")
    with desk.writing(officer) as viewer:
        service.ask_for(viewer, upload_id, "commit")
    run_jobs(desk)
    with desk.reading(officer) as viewer:
        assert "must be fixed" in views.upload(viewer, upload_id).failure


def test_a_person_has_few_jobs_at_once(desk: Desk, officer: str) -> None:
    uploads = [desk.check(officer, table(F05000000_2024_01=number)) for number in range(1, 7)]
    with desk.writing(officer) as viewer:
        for upload_id in uploads[:5]:
            service.ask_for(viewer, upload_id, "commit")
        with pytest.raises(TooMany):
            service.ask_for(viewer, uploads[5], "commit")
        waiting = viewer.session.scalar(select(func.count()).where(Job.state == JobState.WAITING))
    assert waiting == 5


def test_strays_are_swept_once_they_have_settled(desk: Desk, officer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = desk.check(officer, table(F05000000_2024_01=1))
    stray = folders(desk)[0].parent / str(uuid4())
    stray.mkdir()
    (stray / "original").write_text("left by a process that died")
    other = stray.parent / "not an upload"
    other.mkdir()

    def sweep() -> int:
        with desk.database.writing() as session, audit.everywhere(session, actor=audit.MACHINE, reason="test"):
            return service.remove_strays(session)

    assert sweep() == 0
    monkeypatch.setattr(files, "STRAY_AFTER", dt.timedelta(seconds=-1))
    assert sweep() == 1
    assert folders(desk) == sorted([stray.parent / str(kept), other])
