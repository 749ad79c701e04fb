"""T13: whatever stands in a file is text on every page it reaches: nothing of it runs, nothing is fetched for it."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import expect
from sqlalchemy import delete

from hub.accounts import service as accounts
from hub.db import Database, HubSession
from hub.problems import contents, memory
from hub.problems import service as problems
from hub.problems.contents import Holds
from hub.problems.models import Problem
from hub.problems.terms import Kind, Stage
from hub.uploads import service, work
from tests.browser.served import ONLY_DEMO, ServedHub
from tests.browser.visitor import Visitor

pytestmark = ONLY_DEMO

STRUCK = "window.struck = 1"
MARKUP = (
    f'<img src=x onerror="{STRUCK}">',
    f'"><script>{STRUCK}</script>',
    f"'-({STRUCK})-'",
    "<a href=javascript:struck=1>press</a>",
    "{{ 7 * 191 }}${7 * 191}",
    "=HYPERLINK(A1)",
)
CANARY = "</textarea></select></title><svg onload=window.struck=1>"
FILE_NAME = '"><img src=x onerror=struck=1>.csv'
MOST_PAGES = 40
"""That one person follows links to."""


@dataclass(frozen=True)
class Planted:
    """A live upload, and one that is only checked, with markup in every cell that may hold words."""

    live: UUID
    checked: UUID


@pytest.fixture(scope="module")
def planted(hub: ServedHub) -> Iterator[Planted]:
    """Bring markup in as its officer would; take it back afterwards, for the other tests."""
    officer, database = hub.person("officer"), Database(hub.demo.settings)
    with database.session(writes=True) as session:
        live = _send(session, officer.email, _file(hub, officer.place, "12"))
        checked = _send(session, officer.email, _file(hub, officer.place, CANARY))
        viewer = accounts.viewer_by_email(session, officer.email)
        work.commit(viewer, {"upload_id": str(live)}, lambda _: None)
    yield Planted(live, checked)
    with database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, officer.email)
        service.undo(viewer, live)
        service.discard(viewer, checked)
        session.commit()
    database.engine.dispose()


def _file(hub: ServedHub, borough: str, count: str) -> bytes:
    """A plain table with a row for each piece of markup, and columns that no kind knows."""
    wards = hub.wards.loc[hub.wards["borough_name"] == borough, "ward_code"].tolist()
    quoted = [markup.replace('"', '""') for markup in MARKUP]
    lines = [f'Ward code,Month,Category,Subcategory,Count,"{quoted[0]}"']
    lines += [
        f'{ward},{hub.month_code(-1)},"{words}","{words}",{count},"{words}"' for words in quoted for ward in wards[:8]
    ]
    return "\n".join(lines).encode()


def _send(session: HubSession, email: str, content: bytes) -> UUID:
    viewer = accounts.viewer_by_email(session, email)
    upload_id = service.receive(viewer, io.BytesIO(content), FILE_NAME).id
    session.commit()
    work.map_and_check(viewer, upload_id, dataset="ward_counts", column_fields={}, report=lambda _: None)
    return upload_id


ADDRESSES = "(links) => links.map((link) => new URL(link.getAttribute('href'), location.href).href)"
"""Links of drawings have no address that a script reads as words."""


def unharmed(visitor: Visitor) -> None:
    """Fail if anything planted ran, or anything was asked of another host."""
    assert visitor.page.evaluate("typeof window.struck") == "undefined", visitor.page.url
    visitor.is_content()


def follow_every_link(visitor: Visitor, *first: str) -> str:
    """Open every page that can be reached from some; returns all they say."""
    waiting, seen, said = list(first), set(first), []
    host = urlsplit(visitor.page.url).netloc
    while waiting and len(said) < MOST_PAGES:
        path = waiting.pop(0)
        if _is_download(visitor, path):
            continue
        visitor.go(path)
        unharmed(visitor)
        said.append(visitor.page.locator("body").inner_text())
        for link in visitor.page.locator("main a[href]").evaluate_all(ADDRESSES):
            parts = urlsplit(link)
            there = f"{parts.path}?{parts.query}" if parts.query else parts.path
            if parts.netloc == host and there not in seen:
                seen.add(there)
                waiting.append(there)
    return "\n".join(said)


def _is_download(visitor: Visitor, path: str) -> bool:
    answer = visitor.page.request.get(path)
    assert answer.status < 500, path
    return "html" not in answer.headers.get("content-type", "")


def test_an_officer_reads_markup_as_text(hub: ServedHub, visit: Callable[..., Visitor], planted: Planted) -> None:
    officer = visit("officer")
    said = follow_every_link(officer, "/uploads/", f"/uploads/{planted.live}", f"/uploads/{planted.checked}/check")
    assert FILE_NAME in said
    assert CANARY[:40] in said, "a cell that is wrong is shown as it stands"
    assert str(7 * 191) not in said, "no template was filled in"


def test_a_commander_reads_markup_as_text(hub: ServedHub, visit: Callable[..., Visitor], planted: Planted) -> None:
    person = hub.person("officer")
    officer = visit("officer")
    code = hub.borough_code(person.place)
    for markup in MARKUP[:4]:
        officer.go(f"/areas/{code}/hotspots")
        choices = officer.page.get_by_label("Offences", exact=True)
        value = choices.locator("option").filter(has_text=markup[:20]).first.get_attribute("value")
        assert value, f"{markup} is among the categories"
        choices.select_option(value)
        officer.follow(officer.page.get_by_role("button", name="Show", exact=True))
        expect(officer.page.locator("#overlay-map")).to_have_attribute("data-ready", "true")
        officer.page.locator("#overlay-map").click()
        assert markup[:12].casefold() in officer.page.locator("body").inner_text().casefold()
        unharmed(officer)
    said = follow_every_link(visit("commander"), "/")
    assert str(7 * 191) not in said


def test_a_leader_reads_markup_as_text(hub: ServedHub, visit: Callable[..., Visitor], planted: Planted) -> None:
    leader = visit("leader")
    follow_every_link(leader, "/", f"/areas/{hub.borough_code(hub.person('leader').place)}/summary")


STRUCK_IN_WORDS = "</textarea></option></title><svg onload=window.struck=true>"
"""Without a number: a title may hold none."""


@pytest.fixture
def problem(hub: ServedHub) -> Iterator[UUID]:
    """A problem with markup wherever words may stand."""
    database = Database(hub.demo.settings)
    year = (dt.date(2025, 1, 1), dt.date(2025, 12, 1))
    with database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, hub.person("officer").email)
        given = problems.Opening(
            viewer.boroughs(), STRUCK_IN_WORDS, "asb", problems.Place(STRUCK_IN_WORDS), year, [STRUCK_IN_WORDS],
            owner_id=viewer.person_id,
        )  # fmt: skip
        opened = problems.open_problem(viewer, given).id
        for kind, fields in contents.fields().items():
            words = {one.name: STRUCK_IN_WORDS for one in fields if one.holds in {Holds.LINE, Holds.TEXT}}
            chosen = {one.name: next(iter(one.options)) for one in fields if one.holds is Holds.CHOICE and one.options}
            days = {one.name: "2026-01-10" for one in fields if one.holds is Holds.DATE and one.is_needed}
            if kind is not Kind.ASSIGNED:
                problems.write(viewer, opened, kind, {**words, **chosen, **days})
        problems.move(viewer, opened, Stage.ANALYSIS, STRUCK_IN_WORDS)
        told = "<svg onload=window.struck=true>"
        memory.publish(viewer, opened, memory.Telling(told, told, told))
        session.commit()
    yield opened
    with database.session(writes=True) as session:
        viewer = accounts.viewer_by_email(session, hub.person("officer").email)
        memory.withdraw(viewer, opened)
        session.execute(delete(Problem).where(Problem.id == opened))
        session.commit()
    database.engine.dispose()


def test_what_is_written_of_a_problem_is_text_wherever_it_is_read(
    hub: ServedHub, visit: Callable[..., Visitor], problem: UUID
) -> None:
    officer = visit("officer")
    for path in ("/", "/problems", f"/problems/{problem}", f"/problems/{problem}/abstract", "/problem-memory"):
        officer.go(path)
        unharmed(officer)
        assert "window.struck" in officer.page.content(), path
    leader = visit("leader")
    leader.go(f"/areas/{hub.borough_code(hub.person('officer').place)}/summary")
    unharmed(leader)
