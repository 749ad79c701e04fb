"""A watched folder: whole files only, each taken once, moved away with its report, and left alone when all is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from hub.access import Role
from hub.accounts.models import Person
from hub.db import EVERYWHERE, Database
from hub.errors import BadRequest, NotAllowed
from hub.uploads import watching
from hub.uploads.models import State, Upload, Version
from hub.uploads.watching import Watch

GOOD = "WardCode,Month,Category,Count\nF05000000,2025-01,Burglary,4\n"

pytestmark = pytest.mark.usefixtures("in_this_process")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "watched"
    made.mkdir()
    return made


@pytest.fixture
def watch(database: Database, people: dict[Role, str], folder: Path) -> Callable[..., Watch]:
    """Begin to watch, as after a start."""

    def begin(*, commits: bool = True) -> Watch:
        email = people[Role.CSP_OFFICER]
        return Watch(database, folder, email, "ward_counts", commits=commits, report=lambda _words: None)

    return begin


def told(folder: Path, name: str) -> dict[str, Any]:
    """The report beside a file that was moved, and nothing unfinished beside it."""
    assert not [path for path in (folder / name).parent.iterdir() if path.name.startswith(".")]
    assert (folder / name).is_file()
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return found


def versions(database: Database) -> int:
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        return session.scalar(select(func.count()).select_from(Version)) or 0


def test_a_whole_file_is_made_live_and_moved_with_its_report(
    database: Database, folder: Path, watch: Callable[..., Watch]
) -> None:
    watching = watch()
    (folder / "a.csv").write_text(GOOD)
    assert watching.look() == 0, "it may still be being written"
    assert watching.look() == 1
    assert told(folder, "done/a.csv")["state"] == "committed"
    assert {path.name for path in folder.iterdir()} == {"done", "refused"}
    assert watching.look() == 0


def test_a_file_that_is_still_growing_is_waited_for(folder: Path, watch: Callable[..., Watch]) -> None:
    watching = watch()
    path = folder / "a.csv"
    path.write_text(GOOD)
    for number in range(3):
        assert watching.look() == 0
        with path.open("a") as more:
            more.write(f"F05000000,2025-{number + 2:02},Burglary,4\n")
    assert [watching.look(), watching.look()] == [0, 1]
    assert told(folder, "done/a.csv")["rows"] == 4


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    database: Database, folder: Path, watch: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = watch()
    (folder / "a.csv").write_text(GOOD)
    begun.look()
    receive = watching.service.receive

    def change_and_receive(*arguments: Any) -> Upload:
        received = receive(*arguments)
        (folder / "a.csv").write_text(GOOD + "F05000001,2025-01,Burglary,5\n")
        return received

    with monkeypatch.context() as patch:
        patch.setattr(watching.service, "receive", change_and_receive)
        assert begun.look() == 0
    assert versions(database) == 0
    assert [begun.look(), begun.look()] == [0, 1]
    assert told(folder, "done/a.csv")["placed"] == 9


def test_what_cannot_be_taken_is_refused_in_words(
    database: Database, folder: Path, watch: Callable[..., Watch]
) -> None:
    watching = watch()
    (folder / "faulty.csv").write_text(GOOD.replace(",4", ",four"))
    (folder / "notes.docx").write_bytes(b"PK\x03\x04")
    (folder / "other.csv").write_text("Colour,Size\nred,4\n")
    (folder / ".hidden.csv").write_text(GOOD)
    (folder / "link.csv").symlink_to(folder / ".hidden.csv")
    watching.look()
    assert watching.look() == 3
    for name in ("faulty.csv", "notes.docx", "other.csv"):
        assert told(folder, f"refused/{name}")["error"]
    assert 2 in {problem["row"] for problem in told(folder, "refused/faulty.csv")["problems"]}
    assert versions(database) == 0
    assert {path.name for path in folder.iterdir()} == {"done", "refused", ".hidden.csv", "link.csv"}


def test_a_file_is_only_checked_unless_it_is_to_be_committed(
    database: Database, folder: Path, watch: Callable[..., Watch]
) -> None:
    watching = watch(commits=False)
    (folder / "a.csv").write_text(GOOD)
    (folder / "faulty.csv").write_text(GOOD.replace(",4", ",four"))
    watching.look()
    assert watching.look() == 2
    assert told(folder, "done/a.csv")["state"] == told(folder, "refused/faulty.csv")["state"] == "checked"
    assert versions(database) == 0


@pytest.mark.parametrize("moment", ["before the report", "before the file is moved"])
def test_a_restart_loads_nothing_twice(
    database: Database, folder: Path, watch: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    (folder / "a.csv").write_text(GOOD)
    dying = watch()
    dying.look()

    class Killed(BaseException):
        """As if by SIGKILL: nothing after it runs."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*((watching, "_free") if moment == "before the report" else (Path, "rename")), die)
        with pytest.raises(Killed):
            dying.look()
    assert versions(database) == 1
    assert (folder / "a.csv").is_file()
    again = watch()
    again.look()
    assert again.look() == 1
    report = told(folder, "done/a.csv")
    assert report["state"] == "committed"
    assert "already_loaded" in {problem["code"] for problem in report["problems"]}
    assert versions(database) == 1


def test_a_name_that_is_taken_is_numbered(folder: Path, watch: Callable[..., Watch]) -> None:
    watching = watch()
    for number in (4, 5, 6):
        (folder / "a.csv").write_text(GOOD.replace(",4", f",{number}"))
        watching.look()
        assert watching.look() == 1
    assert [told(folder, f"done/{name}")["placed"] for name in ("a.csv", "a-2.csv", "a-3.csv")] == [4, 5, 6]


def test_files_stay_where_they_are_when_the_person_may_no_longer_send_them(
    database: Database, folder: Path, watch: Callable[..., Watch], people: dict[Role, str]
) -> None:
    watching = watch()
    (folder / "a.csv").write_text(GOOD)
    watching.look()
    switched = update(Person).where(Person.email == people[Role.CSP_OFFICER])
    with database.writing() as session:
        session.execute(switched.values(is_active=False))
    with pytest.raises(NotAllowed):
        watching.look()
    assert (folder / "a.csv").is_file()
    with database.writing() as session:
        session.execute(switched.values(is_active=True))
    assert watching.look() == 1
    with database.reading() as session:
        session.set_scope(EVERYWHERE)
        assert session.scalars(select(Upload.state)).all() == [State.COMMITTED]


def test_a_folder_that_is_not_there_is_refused(watch: Callable[..., Watch], folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(BadRequest, match="There is no folder"):
        watch()
