"""`hub upload` keeps its contract with officers' scripts: one JSON object, 0 when done, 1 when refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub import cli
from hub.access import Role
from hub.config import Settings
from tests.uploads.desk import Desk

pytestmark = pytest.mark.usefixtures("in_this_process")

CONTRACT = {
    *("state", "version", "dataset", "boundary_set", "rows", "placed", "unplaced", "refused", "total"),
    "problems",
}
CONTENT = "Ward code,Month,Category,Count\nF05000000,2024-01,Burglary,3\nF05000004,2024-01,Burglary,5\n"
Command = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def upload(
    settings: Settings,
    desk: Desk,
    people: dict[Role, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run `hub upload --json` as the officer; gives its exit status and what it printed."""
    for name in ("database_url", "owner_database_url", "files", "secret_key", "environment"):
        monkeypatch.setenv(f"HUB_{name.upper()}", str(getattr(settings, name)))

    def run(content: str, *options: str, name: str = "file.csv") -> tuple[int, dict[str, Any]]:
        path = tmp_path / name
        path.write_text(content)
        status = cli.main(["upload", str(path), "--as", people[Role.CSP_OFFICER], "--json", *options])
        return status, json.loads(capsys.readouterr().out)

    return run


def test_a_file_is_checked_and_on_request_made_live(upload: Command) -> None:
    status, checked = upload(CONTENT)
    assert status == 0
    assert checked.keys() >= CONTRACT
    assert (checked["state"], checked["version"]) == ("checked", None)
    assert (checked["rows"], checked["placed"], checked["unplaced"], checked["refused"], checked["total"]) == (
        *(2, 3, 0, 5),
        8,
    )
    status, live = upload(CONTENT, "--commit")
    assert (status, live["state"]) == (0, "committed")
    assert live["version"]
    assert live["problems"][0].keys() >= {"row", "column", "code", "severity", "message"}
    status, again = upload(CONTENT, "--commit")
    assert (status, again["state"], again["version"]) == (0, "committed", live["version"])
    assert again["problems"][0]["code"] == "already_loaded"


def test_columns_may_be_named(upload: Command) -> None:
    content = "Ref,Month,Category,This = year,Last year\nF05000000,2024-01,Burglary,3,4\n"
    assert upload(content, "--dataset", "ward_counts", "--map", "Ref=ward_code")[0] == 1
    for column, placed in (("This = year", 3), ("Last year", 4)):
        status, checked = upload(content, "--dataset", "ward_counts", "--map", f"{column}=count")
        assert (status, checked["placed"]) == (0, placed)


def test_a_file_that_must_be_fixed_is_refused_with_what_is_wrong(upload: Command) -> None:
    status, outcome = upload(CONTENT + "F05000001,never,Burglary,1\n", "--commit")
    assert status == 1
    assert outcome.keys() >= CONTRACT
    assert (outcome["state"], outcome["version"]) == ("checked", None)
    assert "must be fixed" in outcome["error"]
    assert (outcome["problems"][0]["row"], outcome["problems"][0]["column"]) == (4, "Month")


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("a,b\n1,2\n", (), "no dataset the hub knows"),
        (CONTENT, ("--dataset", "nonsense"), "no dataset kind"),
        (CONTENT, ("--map", "Nowhere=month"), "no column 'Nowhere'"),
        (CONTENT, ("--map", "Month"), "has no '='"),
        ("", (), "empty"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    upload: Command, content: str, options: tuple[str, ...], words: str
) -> None:
    status, refused = upload(content, *options)
    assert status == 1
    assert words in refused["error"]
    assert refused["remedy"]


def test_a_file_that_tells_of_people_is_refused_until_that_is_left_out(upload: Command) -> None:
    told = "Ward code,Month,Category,Count,Victim\nF05000000,2024-01,Burglary,3,Mrs Priya Okafor\n"
    status, refused = upload(told)
    assert status == 1
    assert "names of people in the column 'Victim' (row 2)" in refused["error"]
    assert "Okafor" not in json.dumps(refused)
    status, checked = upload(told, "--leave-out", "Victim")
    assert (status, checked["placed"], checked["state"]) == (0, 3, "checked")
