"""T13, U11: of what people wrote, nothing runs or is fetched in a file that the hub gives: text stays text."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator

import openpyxl
import orjson
import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject
from sqlalchemy import update
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse

from hub.access import Role
from hub.accounts.models import Person
from hub.db import EVERYWHERE
from tests.conftest import EMAILS, HOME
from tests.security.crawling import said
from tests.security.marked import a_faulty_workbook, fenced, mark_rows
from tests.security.test_caches import SHOWN, answers
from tests.security.test_surfaces import files_given_for_a_purpose
from tests.test_routes import ASKED, World, on_one_database
from tests.uploads.desk import Desk

FORMULA = '=HYPERLINK("http://attacker.example/","x")<script src=//attacker.example></script>'
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
ROWS_SENT = f'WardCode,Month,Category,Count\nF05000000,2025-01,"{FORMULA.replace(chr(34), chr(34) * 2)}",one\n'
RUNS_IN_A_PDF = {"/JavaScript", "/JS", "/Launch", "/OpenAction", "/AA", "/EmbeddedFile", "/RichMedia", "/SubmitForm"}
GEOPACKAGE = "application/geopackage+sqlite3"
EVERY_FILE = {"text/csv", "application/pdf", "application/geo+json", GEOPACKAGE}
EVERY_FILE |= {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def what_runs(answer: TestResponse) -> Iterator[str]:
    """What a reader's programs would take for more than text."""
    if answer.mimetype == "text/csv":
        for row in csv.reader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))):
            yield from (cell for cell in row if cell.startswith(BEGINS_A_FORMULA) and not is_a_number(cell))
    elif answer.mimetype == "application/pdf":
        yield from runs_in_a_pdf(answer.data)
    elif answer.mimetype == GEOPACKAGE:
        yield from acts_in_a_database(answer.data)
    elif answer.mimetype == "application/geo+json":
        yield from () if isinstance(orjson.loads(answer.data), dict) else ["no GeoJSON"]
    elif answer.mimetype.endswith("spreadsheetml.sheet"):
        for sheet in openpyxl.load_workbook(io.BytesIO(answer.data)):
            yield from (str(cell.value) for row in sheet for cell in row if cell.data_type == "f")


def is_a_number(cell: str) -> bool:
    """Whether a cell is a figure of the hub's own."""
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return False
    return True


def runs_in_a_pdf(content: bytes) -> Iterator[str]:
    """Every act that a PDF asks a reader's program for, and every link to where its words say."""
    document = PdfReader(io.BytesIO(content))
    waiting, seen = [document.trailer], set[int]()
    while waiting:
        found = waiting.pop().get_object()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, DictionaryObject):
            yield from RUNS_IN_A_PDF & {*found, *(str(value) for value in found.values() if isinstance(value, str))}
            if "attacker" in str(found.get("/URI", "")):
                yield str(found["/URI"])
            waiting.extend(found.values())
        elif isinstance(found, ArrayObject):
            waiting.extend(found)


def acts_in_a_database(content: bytes) -> Iterator[str]:
    """Whatever in a GeoPackage is made of what people wrote and is more than a value."""
    database = sqlite3.connect(":memory:")
    database.deserialize(content)
    for (made,) in database.execute("SELECT sql FROM sqlite_master WHERE sql LIKE '%attacker%'"):
        yield made
    database.close()


def is_safe_to_keep(answer: TestResponse) -> bool:
    """Whether a browser keeps a file and shows none of it, and its name is no more than a name."""
    kept_as, options = parse_options_header(answer.headers.get("Content-Disposition", ""))
    return kept_as == "attachment" and options.keys() == {"filename"} and "\n" not in options["filename"]


def files_taken(world: World, role: Role) -> Iterator[TestResponse]:
    """Every file that is given once it is said what for, in each of its forms; that is said in such words too."""
    why = {"purpose": "other", "purpose_words": FORMULA, "csrf_token": world.tokens[role.value]}
    for row, address in files_given_for_a_purpose(world):
        if row.of == "theirs":
            form = {**ASKED[row.endpoint](world, row.of).form, **why}
            yield world.client(role.value).post(address, data=form, buffered=True)


@on_one_database
@pytest.mark.parametrize("role", [Role.CSP_OFFICER, Role.LIAISON_OFFICER], ids=str)
def test_what_people_wrote_is_text_in_every_file(marked: World, role: Role) -> None:
    desk, client = Desk(marked.database), marked.client(role.value)
    form = {"csrf_token": marked.tokens[role.value]}
    with marked.undone(files=True):
        sent = [
            desk.check(EMAILS[Role.CSP_OFFICER], ROWS_SENT, "rows.csv"),
            desk.check(EMAILS[Role.CSP_OFFICER], a_faulty_workbook(FORMULA), "b.xlsx"),
        ]
        with marked.database.writing() as session:
            session.set_scope(EVERYWHERE)
            session.execute(update(Person).values(name=FORMULA))
            for mapper in fenced():
                mark_rows(session, mapper, HOME, FORMULA)
        found = [*answers(marked, role, SHOWN).values(), *files_taken(marked, role)]
        found += [client.get(f"/uploads/{one}/problems.csv", buffered=True) for one in sent]
        found += [client.post(f"/uploads/{one}/marked", data=form, buffered=True) for one in sent]
    given = [answer for answer in found if answer.status_code == 200]
    files = [answer for answer in given if answer.mimetype in EVERY_FILE]
    runs = [f"{answer.request.path}: {words}" for answer in given for words in what_runs(answer)]
    print(f"T13: {len(given)} answers, {len(files)} of them files; {len(runs)} things in them would run.")
    assert not runs
    assert not [answer.request.path for answer in files if not is_safe_to_keep(answer)]
    told = {answer.mimetype for answer in files if "attacker.example" in "".join(said(answer).split())}
    needed = EVERY_FILE if role == Role.CSP_OFFICER else {"text/csv", "application/pdf"}
    assert told >= needed, f"what people wrote reaches no {needed - told}"
    paths = {answer.request.path.rsplit("/", 1)[1] for answer in files}
    assert role == Role.CSP_OFFICER or {"record.csv", "people.csv"} <= paths
