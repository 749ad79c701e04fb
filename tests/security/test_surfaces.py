"""T3: whatever a reader of one borough reaches, in any form, says nothing of another borough.

The marks of ELSEWHERE are looked for in every answer; those of HOME are found, or the search would prove nothing.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from hub import cli
from hub.access import Role
from tests.conftest import ELSEWHERE, EMAILS, HOME, TEST_SECRET_KEY
from tests.security.crawling import Crawl, crawl, said, unpacked
from tests.security.marked import OURS, THEIRS, without_rows
from tests.test_routes import ASKED, ROWS, Row, World

OF_HOME = [role for role in Role if role != Role.ADMINISTRATOR]
MOST_OF_A_ROUTE = {Role.CSP_OFFICER: 2, Role.BCU_COMMANDER: 2, Role.COUNCIL_LEADER: 3}
"""On SQLite; of others one, and on PostgreSQL two by those three alone, whose scopes differ. All unless so many."""
MOST_OF_A_ROUTE_LONG = 150
OURS_TO_FIND = {
    "liaison_officer.email",
    "sharing_agreement.purpose",
    "zone.name",
    "problem_baseline.reason",
    "problem_ground.name",
    "upload.file_name",
    "sharing_agreement.owner",
    "not_held.reason",
    "liaison_officer.name",
}
EVERY_FORM = {"text/html", "application/json", "text/csv", "application/geo+json", "application/pdf"}
EVERY_FORM |= {"application/geopackage+sqlite3", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def seeds(world: World) -> list[str]:
    """Every route that only shows, asked of what is theirs, of another's, of what is nowhere, of the BCU and London."""
    found = []
    for row in ROWS:
        if row.method == "GET":
            asked = ASKED[row.endpoint](world, row.of)
            with world.app.test_request_context():
                found.append(world.app.url_for(row.endpoint, **asked.values, **asked.query))
    return found


def surf(world: World, role: Role, hear: Callable[[str, str], None], most: int) -> Crawl:
    """Crawl the hub as somebody; as an officer send every form too, which the route matrix does as everybody."""
    with world.undone(files=False):
        crawled = crawl(world.app, world.cookies[role.value], seeds(world), hear, most=most)

    def note(where: str, answer: TestResponse) -> None:
        hear(where, said(answer))
        crawled.note(where, answer)

    for row in ROWS:
        if row.method == "POST" and row.of in {"-", "theirs"} and role == Role.CSP_OFFICER:
            note(str(row), world.answer(role.value, row))
    for row, address in files_given_for_a_purpose(world):
        form = {**ASKED[row.endpoint](world, row.of).form, "csrf_token": world.tokens[role.value]}
        with world.undone(files=True):
            note(address, world.client(role.value).post(address, data=form, buffered=True))
    for of in ("theirs", "others"):
        upload_id, form = world.uploads[of, "workbook"], {"csrf_token": world.tokens[role.value]}
        with world.undone(files=True):
            path = f"/uploads/{upload_id}/marked"
            note(path, world.client(role.value).post(path, data=form, buffered=True))
    return crawled


def files_given_for_a_purpose(world: World) -> Iterator[tuple[Row, str]]:
    """Every form of file that is given once it is said what for, of what is theirs and of what is another's."""
    for rule in world.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or "." not in rule.rule.rpartition("/")[2]:
            continue
        has_forms = "form" in rule.arguments
        choices = [{"form": form} for form in sorted(rule._converters["form"].items)] if has_forms else [{}]  # type: ignore[attr-defined]
        for row in ROWS:
            if (row.method, row.endpoint) == ("POST", rule.endpoint) and row.of in {"theirs", "others"}:
                asked = ASKED[row.endpoint](world, row.of)
                for choice in choices:
                    with world.app.test_request_context():
                        yield row, world.app.url_for(row.endpoint, **{**asked.values, **choice}, **asked.query)


def most_of_a_route(world: World, role: Role, *, is_long: bool) -> int:
    """How many addresses of a route somebody asks for."""
    if is_long:
        return MOST_OF_A_ROUTE_LONG
    if world.database.engine.dialect.name == "postgresql":
        return 2 if role in MOST_OF_A_ROUTE else 0
    return MOST_OF_A_ROUTE.get(role, 1)


def heard_by(leaks: list[str], ours: Counter[str], who: str) -> Callable[[str, str], None]:
    """Listen for marks in what somebody is told."""

    def hear(where: str, words: str) -> None:
        if found := THEIRS.search(words.casefold()):
            leaks.append(f"{who} {where}: {words[max(0, found.start() - 60) : found.end() + 60]!r}")
        ours.update(OURS.findall(words.casefold()))

    return hear


def test_nobody_of_one_borough_is_told_anything_of_another(
    marked: World, is_long: bool, record_property: Callable[[str, object], None]
) -> None:
    assert without_rows(marked) == set(), "nothing stands in these tables to be looked for"
    leaks: list[str] = []
    ours, kinds, total = Counter[str](), set(), 0
    for role in OF_HOME:
        most = most_of_a_route(marked, role, is_long=is_long)
        crawled = surf(marked, role, heard_by(leaks, ours, role.value), most)
        assert not crawled.faults, f"{role.value}: {crawled.faults}"
        kinds |= crawled.kinds
        total += crawled.answers
    record_property("answers searched", total)
    print(f"T3: {total:,} answers searched, {len(leaks)} with a mark of another borough.")
    assert not leaks, "\n".join(leaks)
    assert kinds >= EVERY_FORM, EVERY_FORM - kinds
    found = {words.split(" ")[1] for words in ours if " " in words}
    assert found >= OURS_TO_FIND, OURS_TO_FIND - found


# --- The command line ------------------------------------------------------------------------------------------------

MONTHS = ("--from", "2025-01", "--to", "2025-12")
ERASING = ("--reason", "It is not needed.", "--confirm", "delete")
GOES_ON_FOR_EVER = {"watch"}
"""It takes in each file as `upload` does, until stopped."""


NOT_OF_A_BOROUGH = {"upload", "check disclosure"}
"""A file says itself whose its rows are; the attack on hidden counts is the city's."""


def askings(world: World, folder: Path, of: str) -> dict[str, list[tuple[str, ...]]]:
    """For each command that works in a person's scope, how it is asked about a borough."""
    rows = folder / "rows.csv"
    ward = {HOME: "F05000000", ELSEWHERE: "F05000004"}[of]
    rows.write_text(f"WardCode,Month,Category,Count\n{ward},2025-01,Burglary,5\n")
    weights = folder / "weights.toml"
    weights.write_text("name = 'Mine'\n")
    maps = [("--area", of, "--units", "wards", "--method", "count", *MONTHS), ("--area", of, "--units", "cells",
        "--method", "density", "--category", "Robbery", *MONTHS)]  # fmt: skip
    return {
        "upload": [(str(rows), "--dataset", "ward_counts", "--commit")],
        "load-harm-weights": [(str(weights),)],
        "load-measures": [(str(weights),)],
        "hotspots": [
            (*asked, "--output", str(folder / f"{of}-{number}.{form}"))
            for number, asked in enumerate(maps)
            for form in ("geojson", "gpkg", "csv", "pdf")
        ],
        "summary": [
            ("--borough", of, "--to", "2025-12", "--output", str(folder / f"{of}.{form}")) for form in ("html", "json")
        ],
        "check disclosure": [()],
        "erase": [(world.uploads["theirs" if of == HOME else "others", "received"], *ERASING)],
        "check back-test": [("--area", of, "--category", "Robbery")],
    }


def commands_in_a_scope(parser: argparse.ArgumentParser, name: str = "") -> Iterator[str]:
    """Every command with `--as`."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from commands_in_a_scope(below, f"{name} {word}".strip())
        elif "--as" in action.option_strings:
            yield name


def test_no_command_tells_anybody_of_another_borough(
    marked: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    is_long: bool,
) -> None:
    assert set(commands_in_a_scope(cli._parser())) == askings(marked, tmp_path, HOME).keys() | GOES_ON_FOR_EVER
    settings = marked.app.extensions["hub_settings"]
    for name, value in {
        "HUB_ENVIRONMENT": "test", "HUB_SECRET_KEY": TEST_SECRET_KEY, "HUB_DATABASE_URL": settings.database_url,
        "HUB_FILES": str(settings.files),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    leaks: list[str] = []
    ours = Counter[str]()
    asked = 0
    for role in OF_HOME if is_long else [Role.CSP_OFFICER, Role.COUNCIL_LEADER]:
        hear = heard_by(leaks, ours, role.value)
        for of in (HOME, ELSEWHERE):
            for command, ways in askings(marked, tmp_path, of).items():
                for way in ways if is_long else ways[-1:]:
                    with marked.undone(files=True):
                        status = cli.main([*command.split(), *way, "--as", EMAILS[role]])
                    told = "".join(capsys.readouterr())
                    hear(f"{command} {way}", told)
                    asked += 1
                    assert of == HOME or status == 1 or command in NOT_OF_A_BOROUGH, (
                        f"{command} of {of} is answered: {told}"
                    )
        for file in tmp_path.iterdir():
            hear(file.name, unpacked(file.read_bytes()))
            assert ELSEWHERE not in file.name, f"{role.value} was given {file.name}"
            file.unlink()
    print(f"T3: {asked} commands, {len(leaks)} with a mark of another borough.")
    assert not leaks, "\n".join(leaks)
    assert ours
